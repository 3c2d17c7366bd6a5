/* sorting.c - what argsort and gather give together: values along an axis, sorted or picked. */
#include "engine/ir/node.h"

#include <inttypes.h>

/* ---- take_along. */
static bool along_fits(rg_val x, rg_val indices, int axis)
{
    rg_dtype dtype = rg_val_dtype(indices);
    if (dtype != RG_I32 && dtype != RG_U32) {
        rg_graph_fail(x.graph, "convert with rg_cast",
                      "take_along: indices of type %s; expected i32 or u32",
                      rg_dtype_name(dtype));
        return false;
    }
    rg_shape from = rg_val_shape(x), to = rg_val_shape(indices);
    bool fits = axis >= 0 && axis < from.rank && to.rank == from.rank;
    for (int i = 0; fits && i < from.rank; i++)
        fits = i == axis || from.dim[i] == to.dim[i];
    if (fits && rg_val_count(x) <= INT32_MAX)
        return true;
    char has[160], wants[160];
    rg_shape_text(has, from);
    rg_shape_text(wants, to);
    rg_graph_fail(
        x.graph, "the shapes agree but along the axis; x has at most 2^31 - 1 elements",
        "take_along: x of shape %s at indices of shape %s along axis %d", has, wants, axis);
    return false;
}

/* Where x[.., 0, ..] stands in the flattened x, for each index: the other axes' places. */
static rg_val row_starts(rg_graph *graph, rg_shape x, rg_shape indices, int axis)
{
    rg_val total = rg_broadcast(rg_const(graph, 0, RG_I32), indices);
    int64_t stride = 1;
    for (int i = x.rank - 1; i >= 0; stride *= x.dim[i--]) {
        if (i == axis || x.dim[i] == 1)
            continue;
        rg_val place = rg_iota(graph, indices, i, RG_I32);
        total = rg_add(total, rg_mul(place, rg_const(graph, (double)stride, RG_I32)));
    }
    return total;
}

/* An index out of range becomes -1, so that gather refuses it. */
static rg_val take_along(rg_val x, rg_val indices, int axis)
{
    rg_graph *graph = x.graph;
    rg_shape shape = rg_val_shape(x);
    int64_t stride = 1;
    if (!along_fits(x, indices, axis))
        return x;
    for (int i = axis + 1; i < shape.rank; i++)
        stride *= shape.dim[i];
    rg_val own = rg_cast(indices, RG_I32), none = rg_const(graph, -1, RG_I32);
    rg_val at = rg_add(row_starts(graph, shape, rg_val_shape(indices), axis),
                       rg_mul(own, rg_const(graph, (double)stride, RG_I32)));
    at = rg_select(rg_lt(own, rg_const(graph, (double)shape.dim[axis], RG_I32)), at, none);
    at = rg_select(rg_lt(own, rg_const(graph, 0, RG_I32)), none, at);
    return rg_gather(rg_reshape(x, rg_shape_of(rg_val_count(x))), at, 0);
}

rg_val rg_take_along_at(rg_place at, rg_val x, rg_val indices, int axis)
{
    RG_PINNED(x.graph, at, take_along(x, indices, axis));
}

/* ---- Sorted values. */
rg_val rg_sort_at(rg_place at, rg_val x, int axis, bool descending)
{
    return rg_take_along_at(at, x, rg_argsort_at(at, x, axis, descending), axis);
}

static rg_val top_k(rg_val x, int64_t k, int axis, rg_val *ret_indices)
{
    rg_shape shape = rg_val_shape(x);
    int64_t from[RG_RANK_MAX] = {0};
    if (axis < 0 || axis >= shape.rank || k < 0 || k > shape.dim[axis]) {
        char text[160];
        rg_shape_text(text, shape);
        rg_graph_fail(x.graph, "k is at most the length of an axis of x",
                      "top_k: the %" PRId64 " largest of shape %s along axis %d", k, text,
                      axis);
        return *ret_indices = x;
    }
    rg_val order = rg_argsort(x, axis, true);
    shape.dim[axis] = k;
    *ret_indices = rg_slice(order, from, shape.dim, NULL);
    return rg_take_along(x, *ret_indices, axis);
}

rg_val rg_top_k_at(rg_place at, rg_val x, int64_t k, int axis, rg_val *ret_indices)
{
    rg_val unused;
    RG_PINNED(x.graph, at, top_k(x, k, axis, ret_indices ? ret_indices : &unused));
}
