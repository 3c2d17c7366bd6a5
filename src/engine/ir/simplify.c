/* simplify.c - local rewrites, tried on each node before it is added.
 *
 * Every rewrite gives the same bits for finite numbers but for the sign of a zero.  Since each
 * node is simplified when it is made, a graph that is printed and parsed again stays as it is.
 */
#include "engine/ir/node.h"

#include <math.h>

#define NOTHING ((rg_val){0})

static rg_val operand(rg_graph *graph, const rg_node *node, size_t i)
{
    return (rg_val){graph, node->in[i]};
}

bool rg_node_constant(const rg_graph *graph, uint32_t id, double *ret)
{
    const rg_node *node = rg_node_of(graph, id);
    while (node->op == RG_OP_broadcast || node->op == RG_OP_reshape)
        node = rg_operand(graph, node, 0);
    if (node->op != RG_OP_const)
        return false;
    *ret = node->attr.value;
    return true;
}

/* ---- Arithmetic on constants.  A product, sum or quotient of two f32 that is computed in
 * double and rounded to f32 is the correctly rounded f32 result. */
static bool folded(const rg_node *node, double x, double y, double *ret)
{
    switch ((int)node->op) {
    case RG_OP_neg: *ret = -x; return true;
    case RG_OP_add: *ret = x + y; return true;
    case RG_OP_sub: *ret = x - y; return true;
    case RG_OP_mul: *ret = x * y; return true;
    case RG_OP_div: *ret = x / y; return true;
    case RG_OP_sqrt: *ret = sqrt(x); return true;
    case RG_OP_cast: *ret = x; return true;
    default: return false;
    }
}

static rg_val fold(rg_graph *graph, const rg_node *node)
{
    double x[2] = {0, 0}, value;
    bool is_float =
        rg_dtype_float(node->dtype) && rg_dtype_float(rg_operand(graph, node, 0)->dtype);
    if (node->shape.rank != 0 || node->n_in > 2 || !is_float)
        return NOTHING;
    for (uint32_t i = 0; i < node->n_in; i++)
        if (!rg_node_constant(graph, node->in[i], &x[i]))
            return NOTHING;
    if (!folded(node, x[0], x[1], &value) || !isfinite(value))
        return NOTHING;
    return rg_const_at(node->at, graph, value, node->dtype);
}

/* An operation on broadcast scalars is done once, on the scalars. */
static bool scalar_below(const rg_graph *graph, uint32_t id)
{
    const rg_node *node = rg_node_of(graph, id);
    return node->op == RG_OP_broadcast && rg_operand(graph, node, 0)->shape.rank == 0;
}

static rg_val on_scalars(rg_graph *graph, const rg_node *node)
{
    uint32_t in[3];
    if (node->shape.rank == 0)
        return NOTHING;
    for (uint32_t i = 0; i < node->n_in; i++) {
        if (!scalar_below(graph, node->in[i]))
            return NOTHING;
        in[i] = rg_operand(graph, node, i)->in[0];
    }
    rg_node scalar = *node;
    scalar.in = in;
    scalar.shape = RG_SCALAR;
    return rg_broadcast_at(node->at, rg_node_add(graph, &scalar), node->shape);
}

/* ---- Neutral elements. */
static rg_val neutral(rg_graph *graph, const rg_node *node)
{
    double x = NAN, y = NAN;
    rg_op op = node->op;
    if (node->n_in != 2)
        return NOTHING;
    bool first = rg_node_constant(graph, node->in[0], &x);
    bool second = rg_node_constant(graph, node->in[1], &y);
    bool one = op == RG_OP_mul || op == RG_OP_div || op == RG_OP_pow;
    bool zero = op == RG_OP_add || op == RG_OP_sub;
    if (second && ((one && y == 1) || (zero && y == 0)))
        return operand(graph, node, 0);
    if (first && ((op == RG_OP_mul && x == 1) || (op == RG_OP_add && x == 0)))
        return operand(graph, node, 1);
    if (op == RG_OP_pow && second && y == 2)
        return rg_mul_at(node->at, operand(graph, node, 0), operand(graph, node, 0));
    return NOTHING;
}

static rg_val simplify_element(rg_graph *graph, const rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    if (node->op == RG_OP_neg && x->op == RG_OP_neg)
        return (rg_val){graph, x->in[0]};
    if (node->op == RG_OP_cast && x->dtype == node->dtype)
        return operand(graph, node, 0);
    if (node->op == RG_OP_select && node->in[1] == node->in[2])
        return operand(graph, node, 1);
    rg_val ret = neutral(graph, node);
    if (!ret.id)
        ret = fold(graph, node);
    return ret.id ? ret : on_scalars(graph, node);
}

/* ---- Movement that moves nothing, or twice. */
static rg_val simplify_reshape(rg_graph *graph, const rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    if (rg_shape_same(x->shape, node->shape))
        return operand(graph, node, 0);
    if (x->op == RG_OP_reshape)
        return rg_reshape_at(node->at, (rg_val){graph, x->in[0]}, node->shape);
    if (scalar_below(graph, node->in[0]))
        return rg_broadcast_at(node->at, (rg_val){graph, x->in[0]}, node->shape);
    return NOTHING;
}

static rg_val simplify_broadcast(rg_graph *graph, const rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    if (rg_shape_same(x->shape, node->shape))
        return operand(graph, node, 0);
    if (x->op == RG_OP_broadcast)
        return rg_broadcast_at(node->at, (rg_val){graph, x->in[0]}, node->shape);
    if (x->shape.rank > 0 && rg_shape_count(x->shape) == 1)
        return rg_broadcast_at(
            node->at, rg_reshape_at(node->at, operand(graph, node, 0), RG_SCALAR), node->shape);
    return NOTHING;
}

static rg_val simplify_permute(rg_graph *graph, const rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    int order[RG_RANK_MAX];
    bool same = true;
    for (int i = 0; i < node->shape.rank; i++)
        same &= node->attr.order[i] == i;
    if (same)
        return operand(graph, node, 0);
    if (scalar_below(graph, node->in[0]))
        return rg_broadcast_at(node->at, (rg_val){graph, x->in[0]}, node->shape);
    if (x->op != RG_OP_permute)
        return NOTHING;
    for (int i = 0; i < node->shape.rank; i++)
        order[i] = x->attr.order[node->attr.order[i]];
    return rg_permute_at(node->at, (rg_val){graph, x->in[0]}, order);
}

static rg_val simplify_slice(rg_graph *graph, const rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    if (rg_shape_same(x->shape, node->shape))
        return operand(graph, node, 0);
    return NOTHING;
}

static rg_val simplify_reverse(rg_graph *graph, const rg_node *node)
{
    return node->attr.axes == 0 ? operand(graph, node, 0) : NOTHING;
}

static rg_val simplify_concat(rg_graph *graph, const rg_node *node)
{
    return node->n_in == 1 ? operand(graph, node, 0) : NOTHING;
}

/* Axes of length 1 are dropped, not added up. */
static rg_val simplify_reduce(rg_graph *graph, const rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    for (int i = 0; i < x->shape.rank; i++)
        if (node->attr.axes >> i & 1 && x->shape.dim[i] != 1)
            return NOTHING;
    return rg_reshape_at(node->at, operand(graph, node, 0), node->shape);
}

/* ---- Contraction. */
/* dot(permute(x), y) reads x through renamed axes, when the free axes keep their order. */
static bool look_through(rg_graph *graph, const rg_node *dot, int side, rg_node *ret)
{
    const rg_node *x = rg_operand(graph, dot, (size_t)side);
    int order[RG_RANK_MAX], n[3], last = -1;
    if (x->op != RG_OP_permute)
        return false;
    rg_dot_order(graph, dot, side, order, n);
    for (int i = n[0]; i < n[0] + n[1]; i++) {
        if (x->attr.order[order[i]] < last)
            return false;
        last = x->attr.order[order[i]];
    }
    *ret = *dot;
    int *batch = side ? ret->attr.dot.batch_y : ret->attr.dot.batch_x;
    int *contract = side ? ret->attr.dot.contract_y : ret->attr.dot.contract_x;
    for (int i = 0; i < n[0]; i++)
        batch[i] = x->attr.order[batch[i]];
    for (int i = 0; i < n[2]; i++)
        contract[i] = x->attr.order[contract[i]];
    return true;
}

/* The kernels want each operand as (batch, free, contracted) blocks, each one run of memory,
 * and batch not innermost; anything else is permuted first. */
static bool needs_order(rg_graph *graph, const rg_node *dot, int side)
{
    rg_dot_view view;
    return !rg_dot_operand(graph, dot, side, &view) ||
           (view.count[0] > 1 && view.stride[0] == 1 && view.count[1] * view.count[2] > 1);
}

static rg_val ordered(rg_graph *graph, const rg_node *dot, int side)
{
    int order[RG_RANK_MAX], n[3];
    rg_dot_order(graph, dot, side, order, n);
    rg_val in[2] = {operand(graph, dot, 0), operand(graph, dot, 1)};
    in[side] = rg_permute_at(dot->at, in[side], order);
    rg_dot_axes axes = dot->attr.dot;
    int *batch = side ? axes.batch_y : axes.batch_x;
    int *contract = side ? axes.contract_y : axes.contract_x;
    for (int i = 0; i < n[0]; i++)
        batch[i] = i;
    for (int i = 0; i < n[2]; i++)
        contract[i] = n[0] + n[1] + i;
    return rg_dot_at(dot->at, in[0], in[1], &axes);
}

static rg_val simplify_dot(rg_graph *graph, const rg_node *node)
{
    for (int side = 0; side < 2; side++) {
        rg_node through;
        if (look_through(graph, node, side, &through)) {
            uint32_t in[2] = {node->in[0], node->in[1]};
            in[side] = rg_operand(graph, node, (size_t)side)->in[0];
            through.in = in;
            if (!needs_order(graph, &through, side))
                return rg_node_add(graph, &through);
        }
        if (needs_order(graph, node, side))
            return ordered(graph, node, side);
    }
    return NOTHING;
}

/* ---- Orders and recurrences along an axis of length 1 (or 0). */
static rg_val simplify_argsort(rg_graph *graph, const rg_node *node)
{
    if (node->shape.dim[node->attr.sort.axis] > 1)
        return NOTHING;
    return rg_broadcast_at(node->at, rg_const_at(node->at, graph, 0, RG_I32), node->shape);
}

static rg_val simplify_linrec(rg_graph *graph, const rg_node *node)
{
    double a = NAN;
    bool apart = node->shape.dim[node->attr.recurrence.axis] <= 1 ||
                 (rg_node_constant(graph, node->in[0], &a) && a == 0);
    return apart ? operand(graph, node, 1) : NOTHING;
}

rg_val rg_simplify(rg_graph *graph, const rg_node *node)
{
    switch ((int)node->op) {
    case RG_OP_reshape: return simplify_reshape(graph, node);
    case RG_OP_broadcast: return simplify_broadcast(graph, node);
    case RG_OP_permute: return simplify_permute(graph, node);
    case RG_OP_slice:
    case RG_OP_pad: return simplify_slice(graph, node);
    case RG_OP_reverse: return simplify_reverse(graph, node);
    case RG_OP_concat: return simplify_concat(graph, node);
    case RG_OP_sum:
    case RG_OP_amax: return simplify_reduce(graph, node);
    case RG_OP_dot: return simplify_dot(graph, node);
    case RG_OP_conv: return rg_conv_simplify(graph, node);
    case RG_OP_argsort: return simplify_argsort(graph, node);
    case RG_OP_linrec: return simplify_linrec(graph, node);
    default:
        return rg_ops[node->op].kind == RG_KIND_element ? simplify_element(graph, node)
                                                        : NOTHING;
    }
}
