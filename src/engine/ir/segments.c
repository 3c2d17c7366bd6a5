/* segments.c - sums, maxima and softmax over rows that bear the same number, and running sums.
 *
 * The maximum is a primitive beside scatter_add, not a sort with a scan behind it: one pass
 * over the rows in place of n log n comparisons, and its derivative is made of operations that
 * exist. */
#include "engine/ir/node.h"

/* zeros or least values (n, ...) with the rows of x gone in. */
static rg_val scattered(rg_val (*scatter)(rg_place, rg_shape, rg_val, rg_val, int), rg_val x,
                        rg_val segments, int64_t n)
{
    rg_shape shape = rg_val_shape(x);
    if (shape.rank == 0 || rg_val_shape(segments).rank != 1) {
        rg_graph_fail(x.graph, "give x the shape (R, ...) and segments (R)",
                      "segments of rank %d for x of rank %d", rg_val_shape(segments).rank,
                      shape.rank);
        return x;
    }
    shape.dim[0] = n;
    return scatter(RG_HERE, shape, segments, x, 0);
}

/* Shifted by each segment's maximum, so that no exponential overflows. */
static rg_val softmax(rg_val x, rg_val segments, int64_t n)
{
    rg_val top = rg_stop_grad(scattered(rg_scatter_max_at, x, segments, n));
    if (rg_graph_error(x.graph)->code != RG_OK)
        return x;
    rg_val e = rg_exp(rg_sub(x, rg_gather(top, segments, 0)));
    return rg_div(e, rg_gather(scattered(rg_scatter_add_at, e, segments, n), segments, 0));
}

rg_val rg_segment_sum_at(rg_place at, rg_val x, rg_val segments, int64_t n)
{
    RG_PINNED(x.graph, at, scattered(rg_scatter_add_at, x, segments, n));
}

rg_val rg_segment_max_at(rg_place at, rg_val x, rg_val segments, int64_t n)
{
    RG_PINNED(x.graph, at, scattered(rg_scatter_max_at, x, segments, n));
}

rg_val rg_segment_softmax_at(rg_place at, rg_val x, rg_val segments, int64_t n)
{
    RG_PINNED(x.graph, at, softmax(x, segments, n));
}

static rg_val ones_like(rg_val x)
{
    return rg_broadcast(rg_const(x.graph, 1, rg_val_dtype(x)), rg_val_shape(x));
}

rg_val rg_cumsum_at(rg_place at, rg_val x, int axis, bool reverse)
{
    RG_PINNED(x.graph, at, rg_linrec(ones_like(x), x, axis, reverse));
}
