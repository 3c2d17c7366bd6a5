/* optim_moments.c - update rules that keep running means of the gradient and of its square,
 * element by element: sgd, adam, adamw, lion, lamb. */
#include "engine/nn/internal.h"

/* ---- Gradient descent */

/* The L2 penalty's gradient. */
static rg_val with_penalty(const rg_optim *optim, rg_val parameter, rg_val gradient)
{
    if (!rg_optim_decays(optim, parameter))
        return gradient;
    return rg_add(gradient, rg_mul(rg_optim_number(optim, "weight_decay"), parameter));
}

/* v = momentum v + g;  p = p - lr v,  with Nesterov p = p - lr (g + momentum v). */
rg_val rg_update_sgd(rg_optim *optim, const char *name, rg_val p, rg_val gradient)
{
    rg_val g = with_penalty(optim, p, gradient);
    if (!rg_conf_off(optim->conf, "momentum")) {
        rg_val momentum = rg_optim_number(optim, "momentum");
        rg_val velocity = rg_optim_slot(optim, "momentum", name, p);
        rg_val next = rg_add(rg_mul(momentum, velocity), g);
        rg_optim_keep(optim, velocity, next);
        g = rg_conf_bool(optim->conf, "nesterov") ? rg_add(g, rg_mul(momentum, next)) : next;
    }
    return rg_sub(p, rg_mul(optim->lr, g));
}

/* ---- Adam and its kin */

/* beta x + (1 - beta) y, kept in the slot. */
static rg_val averaged(rg_optim *optim, rg_val slot, rg_val beta, rg_val newest)
{
    rg_val next = rg_blend(beta, slot, newest);
    rg_optim_keep(optim, slot, next);
    return next;
}

typedef struct moments { /* after this step */
    rg_val m, v;
    rg_val correct_m, correct_v; /* 1 - beta1^t, sqrt(1 - beta2^t): scalars */
} moments;

/* m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2. */
static moments moments_of(rg_optim *optim, const char *name, rg_val p, rg_val g)
{
    rg_val beta1 = rg_optim_number(optim, "beta1"), beta2 = rg_optim_number(optim, "beta2");
    rg_val one = rg_number(beta1, 1);
    rg_val m = rg_optim_slot(optim, "mean", name, p);
    rg_val v = rg_optim_slot(optim, "square", name, p);
    moments now;
    now.m = averaged(optim, m, beta1, g);
    now.v = averaged(optim, v, beta2, rg_square(g));
    now.correct_m = rg_sub(one, rg_pow(beta1, optim->step));
    now.correct_v = rg_sqrt(rg_sub(one, rg_pow(beta2, optim->step)));
    return now;
}

/* The step is lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon). */
static rg_val adam_step(rg_optim *optim, const char *name, rg_val p, rg_val g)
{
    moments now = moments_of(optim, name, p, g);
    rg_val root = rg_div(rg_sqrt(now.v), now.correct_v);
    rg_val rate = rg_div(optim->lr, now.correct_m);
    return rg_div(rg_mul(rate, now.m), rg_add(root, rg_optim_number(optim, "epsilon")));
}

rg_val rg_update_adam(rg_optim *optim, const char *name, rg_val p, rg_val g)
{
    return rg_sub(p, adam_step(optim, name, p, with_penalty(optim, p, g)));
}

rg_val rg_update_adamw(rg_optim *optim, const char *name, rg_val p, rg_val g)
{
    rg_val step = adam_step(optim, name, p, g);
    return rg_sub(rg_optim_shrunk(optim, p), step);
}

/* c = beta1 m + (1 - beta1) g;  m = beta2 m + (1 - beta2) g;  the step is lr sign(c). */
rg_val rg_update_lion(rg_optim *optim, const char *name, rg_val p, rg_val g)
{
    rg_val m = rg_optim_slot(optim, "mean", name, p), zero = rg_number(p, 0);
    rg_val c = rg_blend(rg_optim_number(optim, "beta1"), m, g);
    averaged(optim, m, rg_optim_number(optim, "beta2"), g);
    rg_val sign = rg_sub(rg_cast(rg_lt(zero, c), RG_F32), rg_cast(rg_lt(c, zero), RG_F32));
    return rg_sub(rg_optim_shrunk(optim, p), rg_mul(optim->lr, sign));
}

static rg_val norm(rg_val x)
{
    return rg_sqrt(rg_sum(rg_square(x), RG_ALL_AXES, false));
}

/* r = Adam's direction + weight_decay p;  the step is lr (|p| / |r|) r, where a norm of zero
 * makes the ratio 1. */
rg_val rg_update_lamb(rg_optim *optim, const char *name, rg_val p, rg_val g)
{
    moments now = moments_of(optim, name, p, g);
    rg_val root = rg_div(rg_sqrt(now.v), now.correct_v);
    rg_val r =
        rg_div(rg_div(now.m, now.correct_m), rg_add(root, rg_optim_number(optim, "epsilon")));
    if (rg_optim_decays(optim, p))
        r = rg_add(r, rg_mul(rg_optim_number(optim, "weight_decay"), p));
    rg_val of_p = norm(p), of_r = norm(r), zero = rg_number(of_p, 0), one = rg_number(of_p, 1);
    rg_val both = rg_lt(zero, rg_mul(of_p, of_r));
    rg_val ratio = rg_select(both, rg_div(of_p, rg_select(both, of_r, one)), one);
    return rg_sub(p, rg_mul(rg_mul(optim->lr, ratio), r));
}
