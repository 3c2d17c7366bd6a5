/* layers.c - layers: they ask the scope for weights and add the nodes of their equation. */
#include "engine/nn/internal.h"

#include <math.h>

/* Kaiming's gain for a leaky ReLU of slope a is sqrt(2 / (1 + a^2)); with a = sqrt(5) the
 * bound becomes 1 / sqrt(fan_in), for the weight and the bias alike (0 without inputs). */
rg_val rg_affine(rg_scope *scope, rg_val x, int64_t width, bool no_bias)
{
    rg_shape shape = rg_val_shape(x);
    if (shape.rank < 1 || width < 1) {
        rg_graph_fail(scope->graph, "give it (..., D) and a width of at least 1",
                      "a linear layer of rank %d and width %lld", shape.rank, (long long)width);
        return x;
    }
    int64_t inputs = shape.dim[shape.rank - 1];
    rg_init own = {inputs ? RG_INIT_KAIMING_UNIFORM : RG_INIT_ZEROS, sqrt(1.0 / 3), inputs,
                   width};
    rg_scope_enter(scope, "linear");
    rg_val y = rg_matmul(x, rg_scope_weight(scope, "weight", rg_shape_of(inputs, width),
                                            rg_init_of(scope, own, inputs, width)));
    if (!no_bias)
        y = rg_add(
            y, rg_scope_weight(scope, "bias", rg_shape_of(width), rg_init_of_bias(scope, own)));
    rg_scope_leave(scope);
    return y;
}

/* Bits below rate 2^32 drop; the mask holds 0 or 1 / (1 - rate). */
static rg_val dropout(rg_scope *scope, rg_val x, rg_val rate)
{
    if (!scope->training || !rate.id || rg_conf_is_zero(scope->conf, rate))
        return x;
    rg_graph *graph = scope->graph;
    if (graph->bodies_open) {
        rg_graph_fail(
            graph,
            "draw the mask before rg_loop, as rg_dropout of ones, pass it as shared or "
            "scanned, and multiply by it",
            "dropout in a loop's body: its rate and its random key are values from "
            "outside");
        return x;
    }
    rg_val one = rg_const(graph, 1, RG_F32), zero = rg_const(graph, 0, RG_F32);
    rg_val bits = rg_random_bits(scope->key, rg_scope_site(scope), rg_val_shape(x));
    rg_val limit = rg_mul(rate, rg_const(graph, 0x1p32, RG_F32));
    rg_val dropped = rg_lt(rg_cast(bits, RG_F32), limit);
    rg_val mask = rg_select(dropped, zero, rg_div(one, rg_sub(one, rate)));
    return rg_mul(x, rg_cast(mask, rg_val_dtype(x)));
}

static rg_val embedding(rg_scope *scope, rg_val ids, int64_t entries, int64_t width)
{
    rg_dtype dtype = rg_val_dtype(ids);
    if ((dtype != RG_I32 && dtype != RG_U32) || entries < 1 || width < 1) {
        rg_graph_fail(scope->graph, "give it whole numbers (...), entries and a width of 1 up",
                      "an embedding of %lld entries of width %lld", (long long)entries,
                      (long long)width);
        return ids;
    }
    rg_scope_enter(scope, "embedding");
    rg_val table = rg_scope_weight(scope, "weight", rg_shape_of(entries, width),
                                   (rg_init){.kind = RG_INIT_NORMAL});
    rg_scope_leave(scope);
    return rg_gather(table, ids, 0);
}

static rg_val as_sequence(rg_val x, int64_t steps)
{
    rg_shape shape = rg_val_shape(x);
    int64_t features = shape.rank == 2 ? shape.dim[1] : 0;
    steps = steps ? steps : features;
    if (steps < 1 || features % steps) {
        rg_graph_fail(x.graph, "give it (B, D) and a number of steps that divides D",
                      "%lld features as a sequence of %lld steps", (long long)features,
                      (long long)steps);
        return rg_reshape(x, rg_shape_of(rg_val_count(x), 1, 1));
    }
    return rg_reshape(x, rg_shape_of(shape.dim[0], steps, features / steps));
}

rg_val rg_as_sequence_at(rg_place at, rg_val x, int64_t steps)
{
    RG_PINNED(x.graph, at, as_sequence(x, steps));
}

rg_val rg_linear_at(rg_place at, rg_scope *scope, rg_val x, int64_t width)
{
    RG_PINNED(scope->graph, at, rg_affine(scope, x, width, false));
}

rg_val rg_project_at(rg_place at, rg_scope *scope, rg_val x, int64_t width)
{
    RG_PINNED(scope->graph, at, rg_affine(scope, x, width, true));
}

rg_val rg_dropout_at(rg_place at, rg_scope *scope, rg_val x, rg_val rate)
{
    RG_PINNED(scope->graph, at, dropout(scope, x, rate));
}

rg_val rg_residual_at(rg_place at, rg_scope *scope, rg_val x, rg_val branch, rg_val rate)
{
    RG_PINNED(x.graph, at, rg_add(x, rg_dropout_at(at, scope, branch, rate)));
}

rg_val rg_embedding_at(rg_place at, rg_scope *scope, rg_val ids, int64_t entries, int64_t width)
{
    RG_PINNED(scope->graph, at, embedding(scope, ids, entries, width));
}
