/* compute.c - small sums of primitives that several layers need. */
#include "engine/nn/internal.h"

rg_val rg_number(rg_val like, double value)
{
    return rg_const(like.graph, value, rg_val_dtype(like));
}

static int64_t count_over(rg_shape shape, uint32_t axes)
{
    int64_t count = 1;
    for (int i = 0; i < shape.rank; i++)
        count *= axes >> i & 1 ? shape.dim[i] : 1;
    return count;
}

rg_val rg_mean_over(rg_val x, uint32_t axes)
{
    double count = (double)count_over(rg_val_shape(x), axes);
    return rg_mul(rg_sum(x, axes, true), rg_number(x, count > 0 ? 1 / count : 0));
}

rg_val rg_square(rg_val x)
{
    return rg_mul(x, x);
}

/* As a product with the slope, so that the derivative at 0 is the slope from below (a maximum
 * would share it between both sides). */
rg_val rg_positive_part(rg_val x)
{
    return rg_mul(x, rg_cast(rg_lt(rg_number(x, 0), x), rg_val_dtype(x)));
}

rg_val rg_at_least(rg_val x, double floor)
{
    return rg_max(x, rg_number(x, floor));
}

rg_val rg_at_most(rg_val x, double ceiling)
{
    rg_val most = rg_number(x, ceiling);
    return rg_select(rg_lt(most, x), most, x);
}

rg_val rg_length(rg_val x, int axis)
{
    return rg_number(x, (double)rg_val_shape(x).dim[axis]);
}

rg_val rg_part_of(rg_val x, int axis, int64_t from, int64_t to)
{
    rg_shape shape = rg_val_shape(x);
    int64_t start[RG_RANK_MAX] = {0};
    start[axis] = from;
    shape.dim[axis] = to;
    return rg_slice(x, start, shape.dim, NULL);
}

rg_val rg_along(rg_val x, int rank, int axis)
{
    rg_shape shape = {.rank = rank};
    for (int i = 0; i < rank; i++)
        shape.dim[i] = i == axis ? rg_val_count(x) : 1;
    return rg_reshape(x, shape);
}

bool rg_is_given(rg_graph *graph, const void *spec, const char *name)
{
    if (!spec)
        rg_graph_fail(graph, "pass the address of one, as rigor/nn.h declares it",
                      "a layer whose %s is NULL", name);
    return spec != NULL;
}
