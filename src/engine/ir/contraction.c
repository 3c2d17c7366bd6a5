/* contraction.c - dot's operands seen as three blocks of axes: batch, free, contracted. */
#include "engine/ir/node.h"

void rg_dot_order(const rg_graph *graph, const rg_node *dot, int side, int order[RG_RANK_MAX],
                  int n[3])
{
    const rg_dot_axes *axes = &dot->attr.dot;
    const int *batch = side ? axes->batch_y : axes->batch_x;
    const int *contract = side ? axes->contract_y : axes->contract_x;
    int rank = rg_operand(graph, dot, (size_t)side)->shape.rank, at = 0;
    uint32_t named = 0;
    for (int i = 0; i < axes->n_batch; i++)
        named |= RG_AXIS(order[at++] = batch[i]);
    for (int i = 0; i < axes->n_contract; i++)
        named |= RG_AXIS(contract[i]);
    for (int i = 0; i < rank; i++)
        if (!(named >> i & 1))
            order[at++] = i;
    for (int i = 0; i < axes->n_contract; i++)
        order[at++] = contract[i];
    n[0] = axes->n_batch;
    n[1] = rank - axes->n_batch - axes->n_contract;
    n[2] = axes->n_contract;
}

void rg_shape_strides(rg_shape shape, int64_t stride[RG_RANK_MAX])
{
    int64_t run = 1;
    for (int i = shape.rank - 1; i >= 0; i--) {
        stride[i] = run;
        run *= shape.dim[i];
    }
}

bool rg_shape_run(rg_shape shape, const int64_t *stride, const int *axes, int n, int64_t *count,
                  int64_t *step)
{
    bool regular = true;
    *count = *step = 1;
    for (int i = n - 1; i >= 0; i--) {
        int64_t dim = shape.dim[axes[i]];
        if (dim == 1)
            continue;
        if (*count == 1)
            *step = stride[axes[i]];
        regular &= stride[axes[i]] == *step * *count;
        *count *= dim;
    }
    return regular;
}

bool rg_dot_operand(const rg_graph *graph, const rg_node *dot, int side, const int64_t *stride,
                    rg_dot_view *ret)
{
    rg_shape shape = rg_operand(graph, dot, (size_t)side)->shape;
    int order[RG_RANK_MAX] = {0}, n[3] = {0};
    rg_dot_order(graph, dot, side, order, n);
    ret->regular = rg_shape_run(shape, stride, order, n[0], &ret->count[0], &ret->stride[0]);
    return rg_shape_run(shape, stride, order + n[0], n[1], &ret->count[1], &ret->stride[1]) &&
           rg_shape_run(shape, stride, order + n[0] + n[1], n[2], &ret->count[2],
                        &ret->stride[2]);
}

void rg_dot_entries(const rg_graph *graph, const rg_node *dot, int side, const int64_t *stride,
                    int64_t *ret)
{
    rg_shape shape = rg_operand(graph, dot, (size_t)side)->shape;
    int order[RG_RANK_MAX] = {0}, n[3] = {0};
    int64_t count = 1, entries = 1;
    rg_dot_order(graph, dot, side, order, n);
    for (int i = 0; i < n[0]; i++)
        entries *= shape.dim[order[i]];
    ret[0] = 0;
    /* Each axis repeats what there is, moved by its stride: from the last to the first.
     * Without entries there is no room for those of a single axis. */
    for (int i = n[0] - 1; entries > 0 && i >= 0; i--) {
        int64_t dim = shape.dim[order[i]];
        for (int64_t k = 1; k < dim; k++)
            for (int64_t e = 0; e < count; e++)
                ret[k * count + e] = ret[e] + k * stride[order[i]];
        count *= dim;
    }
}
