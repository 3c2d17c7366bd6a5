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

bool rg_dot_operand(const rg_graph *graph, const rg_node *dot, int side, rg_dot_view *ret)
{
    const rg_shape *shape = &rg_operand(graph, dot, (size_t)side)->shape;
    int64_t stride[RG_RANK_MAX] = {0}, run = 1;
    for (int i = shape->rank - 1; i >= 0; i--) {
        stride[i] = run;
        run *= shape->dim[i];
    }
    int order[RG_RANK_MAX] = {0}, n[3] = {0}, at = shape->rank;
    rg_dot_order(graph, dot, side, order, n);
    for (int block = 2; block >= 0; block--) {
        ret->count[block] = 1;
        ret->stride[block] = 1;
        for (int i = 0; i < n[block]; i++) {
            int axis = order[--at];
            if (shape->dim[axis] == 1)
                continue;
            if (ret->count[block] == 1)
                ret->stride[block] = stride[axis];
            else if (stride[axis] != ret->stride[block] * ret->count[block])
                return false;
            ret->count[block] *= shape->dim[axis];
        }
    }
    return true;
}
