/* optim.c - optimisers, as a table: each is the update of one parameter, in the graph of the
 * step.
 *
 * Weight decay of sgd and adam is L2 regularisation (added to the gradient); adamw's is
 * decoupled: the parameter shrinks by lr * weight_decay beside the adaptive step (Loshchilov &
 * Hutter 2019). */
#include "rigor/nn.h"

#include <string.h>

typedef struct rg_optim_state {
    RG_VEC(rg_optim_tensor) slots;
    rg_val one;
    rg_val corrected[2]; /* 1 - beta1^t and sqrt(1 - beta2^t), once for all parameters */
} optim_state;

rg_optim *rg_optim_new(rg_graph *graph, const rg_conf *conf, rg_val lr, rg_val step)
{
    rg_optim *optim = RG_NEW(rg_optim);
    *optim = (rg_optim){
        .graph = graph, .conf = conf, .lr = lr, .step = step, .state = RG_NEW(optim_state)};
    optim->state->one = rg_const(graph, 1, RG_F32);
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

static rg_val hyper(rg_optim *optim, const char *name)
{
    return rg_conf_val(optim->conf, name);
}

/* a * x + b * y */
static rg_val mix(rg_val a, rg_val x, rg_val b, rg_val y)
{
    return rg_add(rg_mul(a, x), rg_mul(b, y));
}

/* The L2 penalty's gradient. */
static rg_val with_penalty(rg_optim *optim, rg_val parameter, rg_val gradient)
{
    if (rg_conf_off(optim->conf, "weight_decay"))
        return gradient;
    return rg_add(gradient, rg_mul(hyper(optim, "weight_decay"), parameter));
}

/* v = momentum v + g;  p = p - lr v,  with Nesterov p = p - lr (g + momentum v). */
static rg_val sgd(rg_optim *optim, const char *name, rg_val p, rg_val gradient)
{
    rg_val g = with_penalty(optim, p, gradient);
    if (!rg_conf_off(optim->conf, "momentum")) {
        rg_val momentum = hyper(optim, "momentum");
        rg_val velocity = rg_optim_slot(optim, "momentum", name, p);
        rg_val next = rg_add(rg_mul(momentum, velocity), g);
        rg_optim_keep(optim, velocity, next);
        g = rg_conf_bool(optim->conf, "nesterov") ? rg_add(g, rg_mul(momentum, next)) : next;
    }
    return rg_sub(p, rg_mul(optim->lr, g));
}

static void correct_bias(rg_optim *optim)
{
    optim_state *state = optim->state;
    if (state->corrected[0].id)
        return;
    rg_val power1 = rg_pow(hyper(optim, "beta1"), optim->step);
    rg_val power2 = rg_pow(hyper(optim, "beta2"), optim->step);
    state->corrected[0] = rg_sub(state->one, power1);
    state->corrected[1] = rg_sqrt(rg_sub(state->one, power2));
}

/* m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
 * the step is lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon). */
static rg_val adam_step(rg_optim *optim, const char *name, rg_val p, rg_val g)
{
    correct_bias(optim);
    optim_state *state = optim->state;
    rg_val beta1 = hyper(optim, "beta1"), beta2 = hyper(optim, "beta2");
    rg_val m = rg_optim_slot(optim, "mean", name, p);
    rg_val v = rg_optim_slot(optim, "square", name, p);
    rg_val next_m = mix(beta1, m, rg_sub(state->one, beta1), g);
    rg_val next_v = mix(beta2, v, rg_sub(state->one, beta2), rg_mul(g, g));
    rg_optim_keep(optim, m, next_m);
    rg_optim_keep(optim, v, next_v);
    rg_val root = rg_div(rg_sqrt(next_v), state->corrected[1]);
    rg_val rate = rg_div(optim->lr, state->corrected[0]);
    return rg_div(rg_mul(rate, next_m), rg_add(root, hyper(optim, "epsilon")));
}

static rg_val adam(rg_optim *optim, const char *name, rg_val p, rg_val g)
{
    return rg_sub(p, adam_step(optim, name, p, with_penalty(optim, p, g)));
}

static rg_val adamw(rg_optim *optim, const char *name, rg_val p, rg_val g)
{
    rg_val step = adam_step(optim, name, p, g);
    if (!rg_conf_off(optim->conf, "weight_decay")) {
        rg_val decay = rg_mul(optim->lr, hyper(optim, "weight_decay"));
        p = rg_mul(p, rg_sub(optim->state->one, decay));
    }
    return rg_sub(p, step);
}

#define OPTIMIZERS(X) \
    X(sgd, "stochastic gradient descent, with momentum", \
      "Robbins & Monro 1951; Polyak 1964; Sutskever et al. 2013 (Nesterov)") \
    X(adamw, "Adam with decoupled weight decay", "Loshchilov & Hutter 2019") \
    X(adam, "adaptive moments", "Kingma & Ba 2015")

#define ENTRY(name, title, paper) {#name, title, paper, name},
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

/* The scale is limit / max(norm, limit): 1 for a short gradient. */
void rg_clip_by_norm(rg_val *gradients, size_t n, rg_val limit)
{
    if (!n)
        return;
    rg_val total = rg_const(limit.graph, 0, RG_F32);
    for (size_t i = 0; i < n; i++)
        total = rg_add(total, rg_sum(rg_mul(gradients[i], gradients[i]), RG_ALL_AXES, false));
    rg_val scale = rg_div(limit, rg_max(rg_sqrt(total), limit));
    for (size_t i = 0; i < n; i++)
        gradients[i] = rg_mul(gradients[i], scale);
}
