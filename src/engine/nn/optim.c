/* optim.c - what a training step does with gradients: the table of update rules, the state that
 * they keep, clipping, and sharpness-aware gradients.  The rules are in optim_*.c.
 *
 * Weight decay of sgd and adam is L2 regularisation (added to the gradient); lamb adds it to
 * the direction whose length it then sets; that of the others is decoupled: the parameter
 * shrinks by lr * weight_decay beside the adaptive step (Loshchilov & Hutter 2019). */
#include "engine/nn/internal.h"

#include <string.h>

typedef struct rg_optim_state {
    RG_VEC(rg_optim_tensor) slots;
} optim_state;

rg_optim *rg_optim_new(rg_graph *graph, const rg_conf *conf, rg_val lr, rg_val step)
{
    rg_optim *optim = RG_NEW(rg_optim);
    *optim = (rg_optim){
        .graph = graph, .conf = conf, .lr = lr, .step = step, .state = RG_NEW(optim_state)};
    return optim;
}

void rg_optim_free(rg_optim *optim)
{
    if (!optim)
        return;
    rg_vec_free(&optim->state->slots);
    rg_free(optim->state);
    rg_free(optim);
}

rg_val rg_optim_slot(rg_optim *optim, const char *kind, const char *name, rg_val like)
{
    rg_str path = {0};
    rg_str_printf(&path, "%s/%s", kind, name);
    rg_val slot =
        rg_input(optim->graph, rg_str_text(&path), rg_val_dtype(like), rg_val_shape(like));
    rg_str_free(&path);
    rg_optim_tensor made = {slot, slot};
    rg_vec_push(&optim->state->slots, made);
    return slot;
}

void rg_optim_keep(rg_optim *optim, rg_val slot, rg_val next)
{
    for (size_t i = 0; i < optim->state->slots.len; i++)
        if (optim->state->slots.at[i].input.id == slot.id)
            optim->state->slots.at[i].output = next;
}

size_t rg_optim_slots(const rg_optim *optim, const rg_optim_tensor **ret)
{
    *ret = optim->state->slots.at;
    return optim->state->slots.len;
}

/* ---- What rules share */

rg_val rg_optim_number(const rg_optim *optim, const char *name)
{
    return rg_conf_val(optim->conf, name);
}

bool rg_optim_decays(const rg_optim *optim, rg_val parameter)
{
    bool all = strcmp(rg_conf_str(optim->conf, "decay_on"), "all") == 0;
    return !rg_conf_off(optim->conf, "weight_decay") &&
           (all || rg_val_shape(parameter).rank >= 2);
}

rg_val rg_optim_shrunk(const rg_optim *optim, rg_val parameter)
{
    if (!rg_optim_decays(optim, parameter))
        return parameter;
    rg_val decay = rg_mul(optim->lr, rg_optim_number(optim, "weight_decay"));
    return rg_mul(parameter, rg_sub(rg_number(decay, 1), decay));
}

rg_val rg_blend(rg_val share, rg_val x, rg_val y)
{
    return rg_add(rg_mul(share, x), rg_mul(rg_sub(rg_number(share, 1), share), y));
}

rg_val rg_root_of_mean_square(rg_val x)
{
    rg_val mean = rg_mean_over(rg_square(x), (uint32_t)((1u << rg_val_shape(x).rank) - 1));
    return rg_sqrt(rg_reshape(mean, RG_SCALAR));
}

/* ---- The table */

#define OPTIMIZERS(X) \
    X(sgd, "stochastic gradient descent, with momentum", \
      "Robbins & Monro 1951; Polyak 1964; Sutskever et al. 2013 (Nesterov)") \
    X(adamw, "Adam with decoupled weight decay", "Loshchilov & Hutter 2019") \
    X(adam, "adaptive moments", "Kingma & Ba 2015") \
    X(lion, "the sign of a blend of gradient and momentum", "Chen et al. 2023") \
    X(lamb, "Adam with a step as long as the weights of its layer", "You et al. 2020") \
    X(adafactor, "second moments kept as rows times columns", "Shazeer & Stern 2018") \
    X(muon, "momentum with singular values near 1; AdamW for vectors", \
      "Jordan et al. 2024; Liu et al. 2025 (scale)") \
    X(shampoo, "gradients whitened along each axis", "Gupta, Koren & Singer 2018")

#define ENTRY(name, title, paper) {#name, title, paper, rg_update_##name},
#define NAME(name, title, paper) #name,
const rg_optimizer rg_optimizers[] = {OPTIMIZERS(ENTRY){0}};
const char *const rg_optimizer_names[] = {OPTIMIZERS(NAME) NULL};

const rg_optimizer *rg_optimizer_find(const char *name)
{
    for (const rg_optimizer *o = rg_optimizers; o->name; o++)
        if (!strcmp(o->name, name))
            return o;
    return NULL;
}

/* ---- Gradients of all parameters together */

static rg_val norm_of(const rg_val *x, size_t n)
{
    rg_val total = rg_const(x->graph, 0, RG_F32);
    for (size_t i = 0; i < n; i++)
        total = rg_add(total, rg_sum(rg_square(x[i]), RG_ALL_AXES, false));
    return rg_sqrt(total);
}

/* The scale is limit / max(norm, limit): 1 for a short gradient. */
void rg_clip_by_norm(rg_val *gradients, size_t n, rg_val limit)
{
    if (!n)
        return;
    rg_val scale = rg_div(limit, rg_max(norm_of(gradients, n), limit));
    for (size_t i = 0; i < n; i++)
        gradients[i] = rg_mul(gradients[i], scale);
}

/* min(g, limit) = -max(-g, -limit) */
void rg_clip_by_value(rg_val *gradients, size_t n, rg_val limit)
{
    for (size_t i = 0; i < n; i++) {
        rg_val above = rg_max(gradients[i], rg_neg(limit));
        gradients[i] = rg_neg(rg_max(rg_neg(above), rg_neg(limit)));
    }
}

void rg_sharpness_aware(rg_val *gradients, const rg_val *parameters, size_t n, rg_val radius)
{
    if (!n)
        return;
    rg_val *uphill = RG_NEW_ARRAY(rg_val, n);
    rg_val scale = rg_div(radius, rg_at_least(norm_of(gradients, n), 1e-12));
    for (size_t i = 0; i < n; i++)
        uphill[i] = rg_add(parameters[i], rg_mul(gradients[i], scale));
    rg_substitute(gradients, n, parameters, uphill, n, gradients);
    rg_free(uphill);
}
