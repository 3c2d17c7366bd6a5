/* norm.c - normalisations: centre, scale, and give back a learned gain and bias.
 *
 * Layer, group and RMS norm look at one example at a time.  Batch norm looks at the batch while
 * it trains and keeps running statistics, which evaluation uses: they are buffers of the scope,
 * carried from step to step by the trainer as weights are, and no gradient reaches them. */
#include "engine/nn/internal.h"

#define EPSILON 1e-5     /* PyTorch's default for all but RMS norm */
#define EPSILON_RMS 1e-6 /* LLaMA's */
#define MOMENTUM 0.1     /* share of the newest batch in the running statistics */

static rg_val scaled(rg_val x, rg_val variance, double epsilon)
{
    return rg_div(x, rg_sqrt(rg_add(variance, rg_number(x, epsilon))));
}

static rg_val standardised(rg_val x, uint32_t axes)
{
    rg_val centred = rg_sub(x, rg_mean_over(x, axes));
    return scaled(centred, rg_mean_over(rg_square(centred), axes), EPSILON);
}

/* gain: ones (C), along `axis` of x. */
static rg_val with_gain(rg_scope *scope, rg_val x, int axis)
{
    rg_shape shape = rg_val_shape(x);
    rg_val gain = rg_scope_weight(scope, "gain", rg_shape_of(shape.dim[axis]),
                                  (rg_init){.kind = RG_INIT_ONES});
    return rg_mul(x, rg_along(gain, shape.rank, axis));
}

rg_val rg_with_bias(rg_scope *scope, rg_val x, int axis)
{
    rg_shape shape = rg_val_shape(x);
    rg_val bias = rg_scope_weight(scope, "bias", rg_shape_of(shape.dim[axis]),
                                  (rg_init){.kind = RG_INIT_ZEROS});
    return rg_add(x, rg_along(bias, shape.rank, axis));
}

static bool has_rank(rg_val x, int rank, const char *layer, const char *wanted)
{
    if (rg_val_shape(x).rank >= rank)
        return true;
    rg_graph_fail(x.graph, wanted, "%s of a value of rank %d", layer, rg_val_shape(x).rank);
    return false;
}

static rg_val layer_norm(rg_scope *scope, rg_val x)
{
    int last = rg_val_shape(x).rank - 1;
    if (!has_rank(x, 1, "layer norm", "give it (..., D)"))
        return x;
    rg_scope_enter(scope, "layer_norm");
    x = with_gain(scope, standardised(x, RG_AXIS(last)), last);
    x = rg_with_bias(scope, x, last);
    rg_scope_leave(scope);
    return x;
}

static rg_val rms_norm(rg_scope *scope, rg_val x)
{
    int last = rg_val_shape(x).rank - 1;
    if (!has_rank(x, 1, "RMS norm", "give it (..., D)"))
        return x;
    rg_scope_enter(scope, "rms_norm");
    x = scaled(x, rg_mean_over(rg_square(x), RG_AXIS(last)), EPSILON_RMS);
    x = with_gain(scope, x, last);
    rg_scope_leave(scope);
    return x;
}

static rg_val group_norm(rg_scope *scope, rg_val x, int64_t groups)
{
    rg_shape shape = rg_val_shape(x);
    if (!has_rank(x, 2, "group norm", "give it (B, C, ...)"))
        return x;
    if (groups < 1 || shape.dim[1] % groups != 0) {
        rg_graph_fail(x.graph, "choose a number of groups that divides the channels",
                      "group norm of %lld channels in %lld groups", (long long)shape.dim[1],
                      (long long)groups);
        return x;
    }
    int64_t rows = shape.dim[0] * groups, each = rows > 0 ? rg_val_count(x) / rows : 0;
    rg_scope_enter(scope, "group_norm");
    rg_val grouped = rg_reshape(x, rg_shape_of(shape.dim[0], groups, each));
    x = rg_reshape(standardised(grouped, RG_AXIS(2)), shape);
    x = rg_with_bias(scope, with_gain(scope, x, 1), 1);
    rg_scope_leave(scope);
    return x;
}

/* ---- Batch norm */

typedef struct statistics {
    rg_val mean, variance; /* (1, C, 1, ...) */
    rg_val count;          /* scalar: how many elements a channel has */
} statistics;

static rg_val counted(rg_val x, rg_val there)
{
    return there.id ? rg_mul(x, there) : x;
}

/* Over the examples that are there: a short batch leaves places empty. */
static statistics of_batch(const rg_scope *scope, rg_val x)
{
    rg_shape shape = rg_val_shape(x);
    uint32_t axes = ((1u << shape.rank) - 1) & ~RG_AXIS(1);
    rg_val there = rg_scope_present(scope, x);
    double places = 1;
    for (int i = 2; i < shape.rank; i++)
        places *= (double)shape.dim[i];
    statistics s = {.count = rg_number(x, places * (double)shape.dim[0])};
    if (there.id)
        s.count = rg_mul(rg_sum(there, RG_ALL_AXES, false), rg_number(x, places));
    s.mean = rg_div(rg_sum(counted(x, there), axes, true), s.count);
    rg_val square = rg_square(rg_sub(x, s.mean));
    s.variance = rg_div(rg_sum(counted(square, there), axes, true), s.count);
    return s;
}

static void run_on(rg_scope *scope, rg_val running, rg_val newest)
{
    rg_val share = rg_number(running, MOMENTUM);
    newest = rg_reshape(rg_stop_grad(newest), rg_val_shape(running));
    rg_scope_keep(scope, running, rg_blend(share, newest, running));
}

/* The running variance is the unbiased one: times n / (n - 1). */
static rg_val unbiased(statistics s)
{
    rg_val others = rg_at_least(rg_sub(s.count, rg_number(s.count, 1)), 1);
    return rg_mul(s.variance, rg_div(s.count, others));
}

static rg_val batch_norm(rg_scope *scope, rg_val x)
{
    rg_shape shape = rg_val_shape(x);
    if (!has_rank(x, 2, "batch norm", "give it (B, C, ...)"))
        return x;
    rg_scope_enter(scope, "batch_norm");
    rg_shape channels = rg_shape_of(shape.dim[1]);
    rg_val mean =
        rg_scope_buffer(scope, "running_mean", channels, (rg_init){.kind = RG_INIT_ZEROS});
    rg_val variance =
        rg_scope_buffer(scope, "running_variance", channels, (rg_init){.kind = RG_INIT_ONES});
    statistics s = {.mean = rg_along(mean, shape.rank, 1),
                    .variance = rg_along(variance, shape.rank, 1)};
    if (scope->training) {
        s = of_batch(scope, x);
        run_on(scope, mean, s.mean);
        run_on(scope, variance, unbiased(s));
    }
    x = scaled(rg_sub(x, s.mean), s.variance, EPSILON);
    x = rg_with_bias(scope, with_gain(scope, x, 1), 1);
    rg_scope_leave(scope);
    return x;
}

rg_val rg_layer_norm_at(rg_place at, rg_scope *scope, rg_val x)
{
    RG_PINNED(scope->graph, at, layer_norm(scope, x));
}

rg_val rg_rms_norm_at(rg_place at, rg_scope *scope, rg_val x)
{
    RG_PINNED(scope->graph, at, rms_norm(scope, x));
}

rg_val rg_group_norm_at(rg_place at, rg_scope *scope, rg_val x, int64_t groups)
{
    RG_PINNED(scope->graph, at, group_norm(scope, x, groups));
}

rg_val rg_batch_norm_at(rg_place at, rg_scope *scope, rg_val x)
{
    RG_PINNED(scope->graph, at, batch_norm(scope, x));
}
