/* scan.c - selective state spaces: a linear recurrence whose rates and inputs depend on the
 * data, and the block of Mamba around it (Gu & Dao 2023, "Mamba: linear-time sequence modeling
 * with selective state spaces").
 *
 * The states (B, T, E, N) are one linrec along T; its derivative is a linrec the other way, so
 * that nothing here needs a rule of its own.  They stand in memory while gradients need them:
 * rg_remat trades them for time, as the paper's kernel does. */
#include "engine/nn/internal.h"

/* v: (B, T, k) -> (B, T, k, 1) or (B, T, 1, k) */
static rg_val with_axis(rg_val v, int axis)
{
    rg_shape s = rg_val_shape(v);
    return rg_reshape(v, axis == 3 ? rg_shape_of(s.dim[0], s.dim[1], s.dim[2], 1)
                                   : rg_shape_of(s.dim[0], s.dim[1], 1, s.dim[2]));
}

static bool scan_fits(rg_val x, const rg_selective_scan_spec *s)
{
    rg_shape in = rg_val_shape(x), a = rg_val_shape(s->a);
    rg_shape states = {3, {in.dim[0], in.dim[1], a.dim[1]}};
    bool ok = in.rank == 3 && a.rank == 2 && a.dim[0] == in.dim[2] &&
              rg_shape_same(rg_val_shape(s->delta), in) &&
              rg_shape_same(rg_val_shape(s->b), states) &&
              rg_shape_same(rg_val_shape(s->c), states) &&
              (!s->skip.id || rg_shape_same(rg_val_shape(s->skip), rg_shape_of(in.dim[2])));
    if (!ok)
        rg_graph_fail(x.graph,
                      "give x and delta (B, T, E), a (E, N), b and c (B, T, N), skip (E)",
                      "a selective scan of values whose shapes do not fit");
    return ok;
}

static rg_val selective_scan(rg_val x, const rg_selective_scan_spec *s)
{
    if (!scan_fits(x, s))
        return x;
    rg_val rate = rg_exp(rg_mul(with_axis(s->delta, 3), s->a)); /* (B, T, E, N) */
    rg_val input = rg_mul(with_axis(rg_mul(s->delta, x), 3), with_axis(s->b, 2));
    rg_val h = rg_linrec(rate, input, 1, false);
    rg_val y = rg_sum(rg_mul(h, with_axis(s->c, 2)), RG_AXIS(3), false);
    return s->skip.id ? rg_add(y, rg_mul(s->skip, x)) : y;
}

/* ---- The block. */
typedef struct widths {
    int64_t model, inner, states, rank, kernel; /* C, E, N, R, K */
} widths;

static int64_t or_else(int64_t given, int64_t fallback)
{
    return given ? given : fallback;
}

static widths widths_of(rg_val x, const rg_mamba_spec *spec)
{
    rg_shape shape = rg_val_shape(x);
    int64_t model = shape.rank == 3 ? shape.dim[2] : 0;
    return (widths){model, model * or_else(spec->expand, 2), or_else(spec->states, 16),
                    or_else(spec->rank, (model + 15) / 16), or_else(spec->kernel, 4)};
}

static bool block_fits(rg_val x, const widths *w)
{
    if (w->inner >= 1 && w->states >= 1 && w->rank >= 1 && w->kernel >= 1)
        return true;
    rg_graph_fail(x.graph, "give it (B, T, C), and no negative number",
                  "a Mamba block of a value of rank %d", rg_val_shape(x).rank);
    return false;
}

/* A short causal convolution of each channel on its own: (B, T, E) -> (B, T, E). */
static rg_val look_back(rg_scope *scope, rg_val u, const widths *w)
{
    static const int swap[] = {0, 2, 1};
    rg_convolution spec = {
        .width = w->inner, .kernel = {w->kernel}, .groups = w->inner, .causal = true};
    return rg_permute(rg_conv1d(scope, rg_permute(u, swap), &spec), swap);
}

/* Rates begin at 1, 2, ... N; a state of rate e^20 has forgotten all within any time step.
 * Infinite ones would make NaN of a time step of 0. */
#define LOG_RATE_MOST 20

/* The time steps, b and c from what they act on, through a bottle-neck of rank R. */
static rg_val select_and_scan(rg_scope *scope, rg_val u, const widths *w)
{
    rg_val all = rg_affine(scope, u, w->rank + 2 * w->states, true);
    rg_val step = rg_affine(scope, rg_part_of(all, 2, 0, w->rank), w->inner, true);
    rg_val bias = rg_scope_weight(scope, "step_bias", rg_shape_of(w->inner),
                                  (rg_init){.kind = RG_INIT_TIME_STEPS});
    rg_val log_rate = rg_scope_weight(
        scope, "log_rate", rg_shape_of(w->inner, w->states),
        (rg_init){.kind = RG_INIT_STATE_RATES, .fan_in = w->inner, .fan_out = w->states});
    rg_selective_scan_spec spec = {
        .delta = rg_activate(rg_add(step, bias), "softplus"),
        .a = rg_neg(rg_exp(rg_at_most(log_rate, LOG_RATE_MOST))),
        .b = rg_part_of(all, 2, w->rank, w->rank + w->states),
        .c = rg_part_of(all, 2, w->rank + w->states, w->rank + 2 * w->states),
        .skip = rg_scope_weight(scope, "skip", rg_shape_of(w->inner),
                                (rg_init){.kind = RG_INIT_ONES})};
    return selective_scan(u, &spec);
}

static rg_val mamba(rg_scope *scope, rg_val x, const rg_mamba_spec *spec)
{
    widths w = widths_of(x, spec);
    if (!block_fits(x, &w))
        return x;
    rg_scope_enter(scope, "mamba");
    rg_val both = rg_affine(scope, x, 2 * w.inner, true);
    rg_val u = rg_part_of(both, 2, 0, w.inner),
           gate = rg_part_of(both, 2, w.inner, 2 * w.inner);
    u = rg_activate(look_back(scope, u, &w), "silu");
    rg_val y = rg_mul(select_and_scan(scope, u, &w), rg_activate(gate, "silu"));
    y = rg_affine(scope, y, w.model, true);
    rg_scope_leave(scope);
    return y;
}

rg_val rg_selective_scan_at(rg_place at, rg_val x, const rg_selective_scan_spec *spec)
{
    RG_LAYER(x.graph, at, spec, x, selective_scan(x, spec));
}

rg_val rg_mamba_at(rg_place at, rg_scope *scope, rg_val x, const rg_mamba_spec *spec)
{
    RG_LAYER(scope->graph, at, spec, x, mamba(scope, x, spec));
}
