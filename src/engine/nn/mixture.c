/* mixture.c - a mixture of experts: each token goes to the k experts that its router prefers.
 *
 * Routing is by dense masks: every expert sees every token and the weights of those not chosen
 * are zero.  That costs E/k times the arithmetic of sorted routing and gives the same values.
 */
#include "engine/nn/internal.h"

/* 1 for the largest entry of each row (the first at a tie), else 0: (N, E). */
static rg_val first_largest(rg_val x)
{
    rg_shape shape = rg_val_shape(x);
    rg_val column = rg_iota(x.graph, shape, 1, rg_val_dtype(x));
    rg_val top = rg_eq(x, rg_amax(x, RG_AXIS(1), true));
    rg_val behind = rg_select(top, rg_neg(column), rg_number(x, -(double)shape.dim[1]));
    rg_val first = rg_neg(rg_amax(behind, RG_AXIS(1), true));
    return rg_cast(rg_eq(column, first), rg_val_dtype(x));
}

/* 1 for the k largest entries of each row, else 0. */
static rg_val top_mask(rg_val scores, int64_t k)
{
    rg_val left = rg_stop_grad(scores), mask = {0};
    for (int64_t i = 0; i < k; i++) {
        rg_val next = first_largest(left);
        mask = mask.id ? rg_add(mask, next) : next;
        left = rg_select(rg_lt(rg_number(left, 0), next), rg_number(left, -1), left);
    }
    return mask;
}

/* 1 for each token of an example that is there, else 0: x (B, ..., C) -> (N, 1). */
static rg_val tokens_there(const rg_scope *scope, rg_val x)
{
    rg_shape shape = rg_val_shape(x);
    shape.dim[shape.rank - 1] = 1;
    rg_val there = rg_scope_present(scope, x);
    rg_val each = rg_broadcast(there.id ? there : rg_number(x, 1), shape);
    return rg_reshape(each, rg_shape_of(rg_val_count(each), 1));
}

/* E sum over experts of (share of the assignments) (mean probability): 1 when balanced.
 * chosen, probability: (N, E), there: (N, 1). */
static rg_val balance_of(rg_val chosen, rg_val probability, rg_val there, int64_t k)
{
    rg_val tokens = rg_sum(there, RG_ALL_AXES, false);
    rg_val share = rg_div(rg_sum(rg_mul(chosen, there), RG_AXIS(0), false), tokens);
    rg_val mean = rg_div(rg_sum(rg_mul(probability, there), RG_AXIS(0), false), tokens);
    rg_val sum = rg_sum(rg_mul(share, mean), RG_ALL_AXES, false);
    return rg_mul(sum, rg_div(rg_length(chosen, 1), rg_number(sum, (double)k)));
}

/* x: (N, C), gates: (N, E) -> (N, C).  A gate scales its expert's hidden layer, so that the
 * second product sums over experts and hidden units at once. */
static rg_val experts(rg_scope *scope, rg_val x, rg_val gates, const rg_mixture *spec)
{
    int64_t width = rg_val_shape(x).dim[1], count = spec->experts, hidden = spec->hidden;
    rg_init in = {RG_INIT_XAVIER_UNIFORM, 0, width, hidden};
    rg_init out = {RG_INIT_XAVIER_UNIFORM, 0, hidden, width};
    rg_val up = rg_scope_weight(scope, "up", rg_shape_of(count, width, hidden), in);
    rg_val down = rg_scope_weight(scope, "down", rg_shape_of(count, hidden, width), out);
    rg_dot_axes over_width = {.n_contract = 1, .contract_x = {1}, .contract_y = {1}};
    rg_dot_axes over_hidden = {.n_contract = 2, .contract_x = {1, 2}, .contract_y = {0, 1}};
    rg_val h = rg_activate(rg_dot(x, up, &over_width), /* (N, E, hidden) */
                           spec->activation ? spec->activation : "gelu");
    rg_val gate = rg_reshape(gates, rg_shape_of(rg_val_shape(x).dim[0], count, 1));
    return rg_dot(rg_mul(h, gate), down, &over_hidden);
}

static bool spec_fits(rg_scope *scope, rg_val x, const rg_mixture *spec)
{
    bool fits = rg_val_shape(x).rank >= 2 && spec->hidden > 0 && spec->active > 0 &&
                spec->active <= spec->experts;
    if (!fits)
        rg_graph_fail(scope->graph, "give it (B, ..., C) and 1 up to `experts` active experts",
                      "a mixture of %lld experts of width %lld, %lld active",
                      (long long)spec->experts, (long long)spec->hidden,
                      (long long)spec->active);
    return fits;
}

/* The most probable expert has 1 / E or more: this floor is never reached. */
#define LEAST_SUM 1e-20

/* Several chosen experts share 1 (Mixtral); a single one keeps its probability, which is what
 * the router learns from (Switch). */
static rg_val mixture(rg_scope *scope, rg_val x, const rg_mixture *spec)
{
    if (!spec_fits(scope, x, spec))
        return x;
    rg_shape shape = rg_val_shape(x);
    int64_t width = shape.dim[shape.rank - 1];
    rg_scope_enter(scope, "mixture");
    rg_val tokens = rg_reshape(x, rg_shape_of(width ? rg_val_count(x) / width : 0, width));
    rg_val probability = rg_softmax(rg_project(scope, tokens, spec->experts));
    rg_val chosen = top_mask(probability, spec->active);
    rg_val gates = rg_mul(probability, chosen);
    if (spec->active > 1)
        gates = rg_div(gates, rg_at_least(rg_sum(gates, RG_AXIS(1), true), LEAST_SUM));
    rg_val y = rg_reshape(experts(scope, tokens, gates, spec), shape);
    if (scope->training && spec->balance > 0) {
        rg_val loss = balance_of(chosen, probability, tokens_there(scope, x), spec->active);
        rg_scope_penalize(scope, rg_mul(loss, rg_number(loss, spec->balance)));
    }
    rg_scope_leave(scope);
    return y;
}

rg_val rg_mixture_of_experts_at(rg_place at, rg_scope *scope, rg_val x, const rg_mixture *spec)
{
    RG_LAYER(scope->graph, at, spec, x, mixture(scope, x, spec));
}
