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
/* The node's shape, filled with a value. */
static rg_val filled(rg_graph *graph, const rg_node *node, double value)
{
    rg_val scalar = rg_const_at(node->at, graph, value, node->dtype);
    return rg_broadcast_at(node->at, scalar, node->shape);
}

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
    if (op == RG_OP_pow && second && y == 0) /* also of NaN: IEEE 754-2019, 9.2.1 */
        return filled(graph, node, 1);
    bool nil = (second && y == 0) || (first && x == 0);
    if (op == RG_OP_mul && nil && !rg_dtype_float(node->dtype))
        return filled(graph, node, 0); /* of a float, infinity and NaN would be lost */
    if (op == RG_OP_max && node->in[0] == node->in[1])
        return operand(graph, node, 0);
    return NOTHING;
}

/* ---- Signs. */
/* The operand of a negation. */
static bool negation(rg_graph *graph, uint32_t id, rg_val *ret)
{
    const rg_node *node = rg_node_of(graph, id);
    if (node->op == RG_OP_neg)
        *ret = (rg_val){graph, node->in[0]};
    return node->op == RG_OP_neg;
}

static rg_val negate(rg_graph *graph, const rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    if (x->op == RG_OP_neg)
        return (rg_val){graph, x->in[0]};
    if (x->op == RG_OP_sub)
        return rg_sub_at(node->at, (rg_val){graph, x->in[1]}, (rg_val){graph, x->in[0]});
    return NOTHING;
}

/* Arithmetic with a negation, with -1 or from 0. */
static rg_val signs(rg_graph *graph, const rg_node *node)
{
    double value;
    if (node->n_in != 2)
        return NOTHING;
    rg_val x = operand(graph, node, 0), y = operand(graph, node, 1), minus_x = x, minus_y = y;
    bool first = negation(graph, x.id, &minus_x), second = negation(graph, y.id, &minus_y);
    bool whole = !rg_dtype_float(node->dtype);
    if (node->op == RG_OP_add && second)
        return rg_sub_at(node->at, x, minus_y);
    if (node->op == RG_OP_add && first)
        return rg_sub_at(node->at, y, minus_x);
    if (node->op == RG_OP_sub && second)
        return rg_add_at(node->at, x, minus_y);
    if (node->op == RG_OP_sub && rg_node_constant(graph, x.id, &value) && value == 0)
        return rg_neg_at(node->at, y);
    if (node->op == RG_OP_mul && first && second)
        return rg_mul_at(node->at, minus_x, minus_y);
    if (node->op == RG_OP_div && first && second && !whole)
        return rg_div_at(node->at, minus_x, minus_y);
    bool scale = node->op == RG_OP_mul || (node->op == RG_OP_div && !whole);
    if (scale && rg_node_constant(graph, y.id, &value) && value == -1)
        return rg_neg_at(node->at, x);
    if (node->op == RG_OP_mul && rg_node_constant(graph, x.id, &value) && value == -1)
        return rg_neg_at(node->at, y);
    return NOTHING;
}

/* ---- Types and choices. */
/* Back from a type that holds every value of x's own. */
static rg_val simplify_cast(rg_graph *graph, const rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    if (x->dtype == node->dtype)
        return operand(graph, node, 0);
    bool back = x->op == RG_OP_cast && rg_operand(graph, x, 0)->dtype == node->dtype;
    bool bf16_in_f32 = node->dtype == RG_BF16 && x->dtype == RG_F32;
    if (back && (node->dtype == RG_BOOL || x->dtype == RG_F64 || bf16_in_f32))
        return (rg_val){graph, x->in[0]};
    return NOTHING;
}

static rg_val simplify_select(rg_graph *graph, const rg_node *node)
{
    double condition;
    if (node->in[1] == node->in[2])
        return operand(graph, node, 1);
    if (rg_node_constant(graph, node->in[0], &condition))
        return operand(graph, node, condition != 0 ? 1 : 2);
    return NOTHING;
}

static rg_val simplify_element(rg_graph *graph, const rg_node *node)
{
    rg_val ret = NOTHING;
    if (node->op == RG_OP_neg)
        ret = negate(graph, node);
    if (node->op == RG_OP_cast)
        ret = simplify_cast(graph, node);
    if (node->op == RG_OP_select)
        ret = simplify_select(graph, node);
    if (!ret.id)
        ret = neutral(graph, node);
    if (!ret.id)
        ret = signs(graph, node);
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

/* Does the order only move axes of length 1?  Then no element moves. */
static bool moves_nothing(const rg_node *x, const int *order)
{
    int last = -1;
    for (int i = 0; i < x->shape.rank; i++) {
        if (x->shape.dim[order[i]] == 1)
            continue;
        if (order[i] < last)
            return false;
        last = order[i];
    }
    return true;
}

static rg_val simplify_permute(rg_graph *graph, const rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    int order[RG_RANK_MAX];
    if (moves_nothing(x, node->attr.order))
        return rg_reshape_at(node->at, operand(graph, node, 0), node->shape);
    if (scalar_below(graph, node->in[0]))
        return rg_broadcast_at(node->at, (rg_val){graph, x->in[0]}, node->shape);
    if (x->op != RG_OP_permute)
        return NOTHING;
    for (int i = 0; i < node->shape.rank; i++)
        order[i] = x->attr.order[node->attr.order[i]];
    return rg_permute_at(node->at, (rg_val){graph, x->in[0]}, order);
}

/* A slice of a slice takes from the whole what both steps let through. */
static rg_val slice_of_slice(rg_graph *graph, const rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    int64_t from[RG_RANK_MAX], to[RG_RANK_MAX], step[RG_RANK_MAX];
    for (int i = 0; i < node->shape.rank; i++) {
        int64_t stride = x->attr.slice.step[i], n = node->shape.dim[i];
        bool one = n <= 1; /* whatever the step */
        from[i] = n ? x->attr.slice.from[i] + node->attr.slice.from[i] * stride : 0;
        step[i] = one ? 1 : stride * node->attr.slice.step[i];
        to[i] = n ? from[i] + (n - 1) * step[i] + 1 : 0;
    }
    return rg_slice_at(node->at, (rg_val){graph, x->in[0]}, from, to, step);
}

/* A slice of a padded value that takes nothing of the padding. */
static rg_val slice_of_pad(rg_graph *graph, const rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0), *inner = rg_operand(graph, x, 0);
    int64_t from[RG_RANK_MAX], to[RG_RANK_MAX];
    for (int i = 0; i < node->shape.rank; i++) {
        from[i] = node->attr.slice.from[i] - x->attr.pad.before[i];
        to[i] = node->attr.slice.to[i] - x->attr.pad.before[i];
        if (from[i] < 0 || to[i] > inner->shape.dim[i])
            return NOTHING;
    }
    return rg_slice_at(node->at, (rg_val){graph, x->in[0]}, from, to, node->attr.slice.step);
}

static rg_val simplify_slice(rg_graph *graph, const rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    if (rg_shape_same(x->shape, node->shape))
        return operand(graph, node, 0);
    if (scalar_below(graph, node->in[0]))
        return rg_broadcast_at(node->at, (rg_val){graph, x->in[0]}, node->shape);
    if (x->op == RG_OP_slice)
        return slice_of_slice(graph, node);
    return x->op == RG_OP_pad ? slice_of_pad(graph, node) : NOTHING;
}

static rg_val simplify_pad(rg_graph *graph, const rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    int64_t before[RG_RANK_MAX], after[RG_RANK_MAX];
    if (rg_shape_same(x->shape, node->shape))
        return operand(graph, node, 0);
    if (x->op != RG_OP_pad || x->attr.pad.value != node->attr.pad.value)
        return NOTHING;
    for (int i = 0; i < node->shape.rank; i++) {
        before[i] = x->attr.pad.before[i] + node->attr.pad.before[i];
        after[i] = x->attr.pad.after[i] + node->attr.pad.after[i];
    }
    return rg_pad_at(node->at, (rg_val){graph, x->in[0]}, before, after, node->attr.pad.value);
}

static rg_val simplify_reverse(rg_graph *graph, const rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    uint32_t axes = node->attr.axes;
    for (int i = 0; i < node->shape.rank; i++)
        if (node->shape.dim[i] == 1)
            axes &= ~RG_AXIS(i);
    if (axes == 0)
        return operand(graph, node, 0);
    if (x->op == RG_OP_reverse)
        return rg_reverse_at(node->at, (rg_val){graph, x->in[0]}, axes ^ x->attr.axes);
    return axes == node->attr.axes ? NOTHING
                                   : rg_reverse_at(node->at, operand(graph, node, 0), axes);
}

static rg_val simplify_barrier(rg_graph *graph, const rg_node *node)
{
    bool twice = rg_operand(graph, node, 0)->op == RG_OP_barrier;
    return twice ? operand(graph, node, 0) : NOTHING;
}

static rg_val simplify_concat(rg_graph *graph, const rg_node *node)
{
    return node->n_in == 1 ? operand(graph, node, 0) : NOTHING;
}

/* ---- Reductions. */
static rg_val reduce_again(rg_graph *graph, const rg_node *node, rg_val x, uint32_t axes)
{
    rg_node again = *node;
    again.in = &x.id;
    again.attr.axes = axes;
    return rg_node_add(graph, &again);
}

/* How many elements go into one of the result; the product of the lengths of the axes. */
static double reduced_count(const rg_node *x, uint32_t axes)
{
    double count = 1;
    for (int i = 0; i < x->shape.rank; i++)
        count *= axes >> i & 1 ? (double)x->shape.dim[i] : 1;
    return count;
}

/* Sums of whole numbers that stay exact in any order, and maxima. */
static rg_val reduce_constant(rg_graph *graph, const rg_node *node)
{
    static const double exact[] = {[RG_F32] = 0x1p24,
                                   [RG_F64] = 0x1p53,
                                   [RG_I32] = INT32_MAX,
                                   [RG_U32] = UINT32_MAX,
                                   [RG_BOOL] = 0};
    double value, count = reduced_count(rg_operand(graph, node, 0), node->attr.axes);
    if (!rg_node_constant(graph, node->in[0], &value))
        return NOTHING;
    if (node->op == RG_OP_amax)
        return count > 0 ? filled(graph, node, value) : NOTHING;
    bool whole = isfinite(value) && value == trunc(value);
    return whole && fabs(value) * count <= exact[node->dtype]
               ? filled(graph, node, value * count)
               : NOTHING;
}

/* Reduces what was repeated before it is repeated.  A sum over the copies themselves is left as
 * it is: adding n times rounds otherwise than multiplying by n. */
static rg_val reduce_broadcast(rg_graph *graph, const rg_node *node)
{
    const rg_node *wide = rg_operand(graph, node, 0), *x = rg_operand(graph, wide, 0);
    int new_axes = wide->shape.rank - x->shape.rank;
    for (int i = 0; i < wide->shape.rank; i++) {
        bool copies = i < new_axes || x->shape.dim[i - new_axes] != wide->shape.dim[i];
        bool matters = node->op == RG_OP_sum || wide->shape.dim[i] == 0;
        if (node->attr.axes >> i & 1 && copies && matters)
            return NOTHING;
    }
    rg_val small =
        reduce_again(graph, node, operand(graph, wide, 0), node->attr.axes >> new_axes);
    return rg_broadcast_at(node->at, small, node->shape);
}

/* Axes of length 1 are dropped, not added up. */
static rg_val simplify_reduce(rg_graph *graph, const rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    bool adds = false;
    for (int i = 0; i < x->shape.rank; i++)
        adds |= node->attr.axes >> i & 1 && x->shape.dim[i] != 1;
    if (!adds)
        return rg_reshape_at(node->at, operand(graph, node, 0), node->shape);
    rg_val ret = reduce_constant(graph, node);
    if (!ret.id && x->op == RG_OP_broadcast)
        ret = reduce_broadcast(graph, node);
    return ret;
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

/* Is an axis of the batch innermost, with something else to the left of it? */
static bool batch_is_innermost(const rg_node *dot, int side, const rg_dot_view *view,
                               rg_shape shape)
{
    const int *batch = side ? dot->attr.dot.batch_y : dot->attr.dot.batch_x;
    int last = shape.rank - 1;
    while (last >= 0 && shape.dim[last] == 1)
        last--;
    for (int i = 0; i < dot->attr.dot.n_batch; i++)
        if (batch[i] == last)
            return view->count[1] * view->count[2] > 1;
    return false;
}

/* The kernels want the free and the contracted axes of each operand to be one run of memory
 * each, and no axis of the batch innermost; anything else is permuted first. */
static bool needs_order(rg_graph *graph, const rg_node *dot, int side)
{
    rg_shape shape = rg_operand(graph, dot, (size_t)side)->shape;
    int64_t stride[RG_RANK_MAX];
    rg_dot_view view;
    rg_shape_strides(shape, stride);
    return !rg_dot_operand(graph, dot, side, stride, &view) ||
           batch_is_innermost(dot, side, &view, shape);
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
    case RG_OP_slice: return simplify_slice(graph, node);
    case RG_OP_pad: return simplify_pad(graph, node);
    case RG_OP_reverse: return simplify_reverse(graph, node);
    case RG_OP_barrier: return simplify_barrier(graph, node);
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
