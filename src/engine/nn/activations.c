/* activations.c - element-wise activations, as a table. */
#include "engine/nn/internal.h"

#include <math.h>
#include <string.h>

static rg_val identity(rg_val x)
{
    return x;
}

static rg_val leaky_relu(rg_val x)
{
    return rg_mul(x, rg_select(rg_lt(rg_number(x, 0), x), rg_number(x, 1), rg_number(x, 0.01)));
}

/* 1 / (1 + exp(-x)) = (1 + tanh(x / 2)) / 2, which cannot overflow. */
static rg_val sigmoid(rg_val x)
{
    rg_val half = rg_number(x, 0.5);
    return rg_add(half, rg_mul(half, rg_tanh(rg_mul(half, x))));
}

static rg_val tanh_(rg_val x)
{
    return rg_tanh(x);
}

/* x Phi(x), exact. */
static rg_val gelu(rg_val x)
{
    rg_val erf = rg_erf(rg_mul(x, rg_number(x, sqrt(0.5))));
    return rg_mul(rg_mul(x, rg_number(x, 0.5)), rg_add(erf, rg_number(x, 1)));
}

static rg_val silu(rg_val x)
{
    return rg_mul(x, sigmoid(x));
}

/* log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)) */
static rg_val softplus(rg_val x)
{
    rg_val size = rg_max(x, rg_neg(x));
    rg_val tail = rg_log(rg_add(rg_exp(rg_neg(size)), rg_number(x, 1)));
    return rg_add(rg_max(x, rg_number(x, 0)), tail);
}

/* x above 0, exp(x) - 1 below; the exponent never sees a positive number. */
static rg_val elu(rg_val x)
{
    rg_val zero = rg_number(x, 0);
    rg_val low = rg_sub(rg_exp(rg_neg(rg_positive_part(rg_neg(x)))), rg_number(x, 1));
    return rg_select(rg_lt(x, zero), low, x);
}

#define ACTIVATIONS(X) \
    X(relu, rg_positive_part, "max(x, 0); Nair & Hinton 2010") \
    X(gelu, gelu, "x Phi(x); Hendrycks & Gimpel 2016") \
    X(silu, silu, "x sigmoid(x), also called swish; Elfwing et al. 2018") \
    X(tanh, tanh_, "hyperbolic tangent") \
    X(sigmoid, sigmoid, "1 / (1 + exp(-x))") \
    X(leaky_relu, leaky_relu, "max(x, 0.01 x); Maas et al. 2013") \
    X(elu, elu, "x or exp(x) - 1; Clevert et al. 2016") \
    X(softplus, softplus, "log(1 + exp(x)); Dugas et al. 2001") \
    X(identity, identity, "x")

#define ENTRY(name, function, title) {#name, title, function},
#define NAME(name, function, title) #name,
const rg_activation rg_activations[] = {ACTIVATIONS(ENTRY){0}};
const char *const rg_activation_names[] = {ACTIVATIONS(NAME) NULL};

static void no_activation(rg_graph *graph, const char *name)
{
    size_t n = RG_COUNT(rg_activation_names) - 1;
    const char *near = rg_text_nearest(name, rg_activation_names, n);
    rg_str remedy = {0};
    if (near)
        rg_str_printf(&remedy, "did you mean \"%s\"? ", near);
    rg_str_add(&remedy, "known: ");
    for (size_t i = 0; i < n; i++)
        rg_str_printf(&remedy, "%s%s", i ? ", " : "", rg_activation_names[i]);
    rg_graph_fail(graph, rg_str_text(&remedy), "there is no activation \"%s\"", name);
    rg_str_free(&remedy);
}

static rg_val activate(rg_val x, const char *name)
{
    for (const rg_activation *a = rg_activations; a->name; a++)
        if (!strcmp(a->name, name))
            return a->apply(x);
    no_activation(x.graph, name);
    return x;
}

rg_val rg_activate_at(rg_place at, rg_val x, const char *name)
{
    RG_PINNED(x.graph, at, activate(x, name ? name : "NULL"));
}
