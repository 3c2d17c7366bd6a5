/* vjp.c - the reverse-mode rule of every operation, in terms of the same operations.
 *
 * Notation: y = op(x...), g = d(loss)/d(y); each rule gives d(loss)/d(x).  Rules are closed
 * under the table, so that derivatives can be differentiated again.  Where a call has two arguments
 * that add nodes, the first to be added has a name: C leaves the order to the compiler, and graphs
 * are to be the same. */
#include "engine/ir/vjp.h"

#include "engine/ir/loop.h"

#include <string.h>

/* Builds the cotangent of operand i only where somebody wants it. */
#define GIVE(i, cotangent) \
    do { \
        if (rg_vjp_needs(v, (i))) \
            rg_vjp_give(v, (i), (cotangent)); \
    } while (0)

static rg_val x_of(const rg_vjp *v, size_t i)
{
    return (rg_val){v->graph, v->node.in[i]};
}

static rg_val constant(const rg_vjp *v, double value)
{
    return rg_const(v->graph, value, rg_val_dtype(v->g));
}

static void vjp_none(rg_vjp *v)
{
    (void)v;
}

/* ---- Element-wise. */
static void vjp_neg(rg_vjp *v)
{
    GIVE(0, rg_neg(v->g));
}

static void vjp_exp(rg_vjp *v)
{
    GIVE(0, rg_mul(v->g, v->y));
}

static void vjp_log(rg_vjp *v)
{
    GIVE(0, rg_div(v->g, x_of(v, 0)));
}

static void vjp_sin(rg_vjp *v)
{
    GIVE(0, rg_mul(v->g, rg_cos(x_of(v, 0))));
}

static void vjp_cos(rg_vjp *v)
{
    GIVE(0, rg_neg(rg_mul(v->g, rg_sin(x_of(v, 0)))));
}

static void vjp_sqrt(rg_vjp *v)
{
    GIVE(0, rg_div(rg_mul(v->g, constant(v, 0.5)), v->y));
}

static void vjp_tanh(rg_vjp *v)
{
    if (!rg_vjp_needs(v, 0))
        return;
    rg_val square = rg_mul(v->y, v->y);
    rg_vjp_give(v, 0, rg_mul(v->g, rg_sub(constant(v, 1), square)));
}

/* erf'(x) = 2 / sqrt(pi) exp(-x^2) */
static void vjp_erf(rg_vjp *v)
{
    if (!rg_vjp_needs(v, 0))
        return;
    rg_val x = x_of(v, 0), bell = rg_exp(rg_neg(rg_mul(x, x)));
    rg_vjp_give(v, 0, rg_mul(v->g, rg_mul(constant(v, 1.1283791670955125739), bell)));
}

static void vjp_cast(rg_vjp *v)
{
    GIVE(0, rg_cast(v->g, rg_dtype_tangent(rg_val_dtype(x_of(v, 0)))));
}

static void vjp_add(rg_vjp *v)
{
    GIVE(0, v->g);
    GIVE(1, v->g);
}

static void vjp_sub(rg_vjp *v)
{
    GIVE(0, v->g);
    GIVE(1, rg_neg(v->g));
}

static void vjp_mul(rg_vjp *v)
{
    GIVE(0, rg_mul(v->g, x_of(v, 1)));
    GIVE(1, rg_mul(v->g, x_of(v, 0)));
}

static void vjp_div(rg_vjp *v)
{
    GIVE(0, rg_div(v->g, x_of(v, 1)));
    GIVE(1, rg_neg(rg_div(rg_mul(v->g, v->y), x_of(v, 1))));
}

/* The larger operand takes it; equal ones share, as the symmetric choice. */
static void vjp_max(rg_vjp *v)
{
    rg_val x = x_of(v, 0), y = x_of(v, 1);
    rg_val nothing = constant(v, 0), half = rg_mul(v->g, constant(v, 0.5));
    rg_val tie = rg_select(rg_eq(x, y), half, nothing);
    GIVE(0, rg_select(rg_lt(y, x), v->g, tie));
    GIVE(1, rg_select(rg_lt(x, y), v->g, tie));
}

/* d/dx = y x^(y-1), 0 for y = 0;  d/dy = x^y log x, 0 for x = 0: finite where x^y is. */
static void vjp_pow(rg_vjp *v)
{
    rg_val x = x_of(v, 0), y = x_of(v, 1);
    rg_val slope = rg_mul(y, rg_pow(x, rg_sub(y, constant(v, 1))));
    rg_val flat = rg_eq(y, constant(v, 0));
    GIVE(0, rg_mul(v->g, rg_select(flat, constant(v, 0), slope)));
    rg_val one = constant(v, 1), safe = rg_select(rg_eq(x, constant(v, 0)), one, x);
    GIVE(1, rg_mul(v->g, rg_mul(v->y, rg_log(safe))));
}

static void vjp_select(rg_vjp *v)
{
    GIVE(1, rg_select(x_of(v, 0), v->g, constant(v, 0)));
    GIVE(2, rg_select(x_of(v, 0), constant(v, 0), v->g));
}

static void vjp_barrier(rg_vjp *v)
{
    GIVE(0, v->g);
}

/* ---- Reductions. */
/* g with the reduced axes back, at length 1. */
static rg_val kept(const rg_vjp *v, rg_val g)
{
    rg_shape shape = rg_val_shape(x_of(v, 0));
    for (int i = 0; i < shape.rank; i++)
        if (v->node.attr.axes >> i & 1)
            shape.dim[i] = 1;
    return rg_reshape(g, shape);
}

static void vjp_sum(rg_vjp *v)
{
    GIVE(0, rg_broadcast(kept(v, v->g), rg_val_shape(x_of(v, 0))));
}

/* All elements that attain the maximum share its cotangent. */
static void vjp_amax(rg_vjp *v)
{
    rg_val x = x_of(v, 0);
    rg_val hit = rg_cast(rg_eq(x, rg_broadcast(kept(v, v->y), rg_val_shape(x))), v->node.dtype);
    rg_val hits = rg_sum(hit, v->node.attr.axes, true), share = rg_div(kept(v, v->g), hits);
    GIVE(0, rg_mul(hit, rg_broadcast(share, rg_val_shape(x))));
}

/* ---- Movement. */
static void vjp_reshape(rg_vjp *v)
{
    GIVE(0, rg_reshape(v->g, rg_val_shape(x_of(v, 0))));
}

static void vjp_permute(rg_vjp *v)
{
    int back[RG_RANK_MAX] = {0};
    for (int i = 0; i < v->node.shape.rank; i++)
        back[v->node.attr.order[i]] = i;
    GIVE(0, rg_permute(v->g, back));
}

static void vjp_broadcast(rg_vjp *v)
{
    rg_shape from = rg_val_shape(x_of(v, 0)), to = v->node.shape;
    uint32_t axes = 0;
    for (int i = 0; i < to.rank; i++) {
        int own = i - (to.rank - from.rank);
        if (own < 0 || from.dim[own] != to.dim[i])
            axes |= RG_AXIS(i);
    }
    GIVE(0, rg_reshape(rg_sum(v->g, axes, false), from));
}

/* x seen as (everything before the axis, the axis, everything behind it). */
static rg_shape around(rg_shape shape, int axis)
{
    rg_shape ret = {.rank = 3, .dim = {1, shape.dim[axis], 1}};
    for (int i = 0; i < shape.rank; i++)
        if (i != axis)
            ret.dim[i < axis ? 0 : 2] *= shape.dim[i];
    return ret;
}

/* Puts step - 1 zeros behind each entry along the axis: (P, n, S) -> (P, n, step, S) ->
 * (P, n * step, S). */
static rg_val spread(rg_val g, int axis, int64_t step)
{
    rg_shape shape = rg_val_shape(g), flat = around(shape, axis);
    rg_shape four = rg_shape_of(flat.dim[0], flat.dim[1], 1, flat.dim[2]);
    int64_t none[4] = {0}, after[4] = {0, 0, step - 1, 0};
    shape.dim[axis] *= step;
    return rg_reshape(rg_pad(rg_reshape(g, four), none, after, 0), shape);
}

/* The transpose of a slice: zeros with g at the places that the slice took. */
static void vjp_slice(rg_vjp *v)
{
    if (!rg_vjp_needs(v, 0))
        return;
    rg_shape from = rg_val_shape(x_of(v, 0));
    int64_t zero[RG_RANK_MAX] = {0}, after[RG_RANK_MAX], to[RG_RANK_MAX];
    rg_val g = v->g;
    for (int i = 0; i < from.rank; i++)
        if (v->node.attr.slice.step[i] > 1)
            g = spread(g, i, v->node.attr.slice.step[i]);
    for (int i = 0; i < from.rank; i++) {
        int64_t room = from.dim[i] - v->node.attr.slice.from[i];
        int64_t length = rg_val_shape(g).dim[i];
        to[i] = length < room ? length : room;
        after[i] = room - to[i];
    }
    rg_vjp_give(v, 0, rg_pad(rg_slice(g, zero, to, NULL), v->node.attr.slice.from, after, 0));
}

static void vjp_pad(rg_vjp *v)
{
    rg_shape from = rg_val_shape(x_of(v, 0));
    int64_t to[RG_RANK_MAX];
    for (int i = 0; i < from.rank; i++)
        to[i] = v->node.attr.pad.before[i] + from.dim[i];
    GIVE(0, rg_slice(v->g, v->node.attr.pad.before, to, NULL));
}

static void vjp_concat(rg_vjp *v)
{
    int64_t from[RG_RANK_MAX] = {0}, to[RG_RANK_MAX];
    int axis = v->node.attr.axis;
    memcpy(to, v->node.shape.dim, sizeof(to));
    to[axis] = 0;
    for (uint32_t i = 0; i < v->node.n_in; i++) {
        from[axis] = to[axis];
        to[axis] += rg_val_shape(x_of(v, i)).dim[axis];
        GIVE(i, rg_slice(v->g, from, to, NULL));
    }
}

static void vjp_reverse(rg_vjp *v)
{
    GIVE(0, rg_reverse(v->g, v->node.attr.axes));
}

/* ---- Contraction. */
/* The value with its axes in another order.  A product whose order puts the free axes of y in
 * front of those of x is the product of y and x: nothing has to be copied. */
static rg_val reordered(rg_val value, const int *order)
{
    const rg_node *dot = rg_node_of(value.graph, value.id);
    int own[RG_RANK_MAX], x[3], y[3];
    if (dot->op != RG_OP_dot)
        return rg_permute(value, order);
    rg_dot_order(value.graph, dot, 0, own, x);
    rg_dot_order(value.graph, dot, 1, own, y);
    for (int i = 0; i < dot->shape.rank; i++)
        if (order[i] != (i < x[0] ? i : i < x[0] + y[1] ? i + x[1] : i - y[1]))
            return rg_permute(value, order);
    rg_dot_axes turned = dot->attr.dot;
    memcpy(turned.batch_x, dot->attr.dot.batch_y, sizeof(turned.batch_x));
    memcpy(turned.batch_y, dot->attr.dot.batch_x, sizeof(turned.batch_y));
    memcpy(turned.contract_x, dot->attr.dot.contract_y, sizeof(turned.contract_x));
    memcpy(turned.contract_y, dot->attr.dot.contract_x, sizeof(turned.contract_y));
    return rg_dot((rg_val){value.graph, dot->in[1]}, (rg_val){value.graph, dot->in[0]},
                  &turned);
}

/* y = (batch, free_x, free_y).  dx contracts g with y over y's free axes, which gives (batch,
 * free_x, contracted); dy contracts x with g over x's free axes: (batch, contracted, free_y).
 * Then the axes go back to the operand's order. */
static rg_val dot_back(const rg_vjp *v, int side)
{
    int own[RG_RANK_MAX], other[RG_RANK_MAX], n[3], m[3];
    rg_dot_order(v->graph, &v->node, side, own, n);
    rg_dot_order(v->graph, &v->node, !side, other, m);
    rg_dot_axes axes = {.n_batch = n[0], .n_contract = m[1]};
    int *batch_other = side ? axes.batch_x : axes.batch_y;
    int *contract_other = side ? axes.contract_x : axes.contract_y;
    int *batch_g = side ? axes.batch_y : axes.batch_x;
    int *contract_g = side ? axes.contract_y : axes.contract_x;
    for (int i = 0; i < n[0]; i++) {
        batch_g[i] = i;
        batch_other[i] = other[i];
    }
    for (int i = 0; i < m[1]; i++) {
        contract_g[i] = n[0] + (side ? 0 : n[1]) + i;
        contract_other[i] = other[m[0] + i];
    }
    rg_val partner_of = x_of(v, !side), g = rg_cast(v->g, rg_val_dtype(partner_of));
    rg_val ret = side ? rg_dot(partner_of, g, &axes) : rg_dot(g, partner_of, &axes);
    /* The other operand's contracted axes come in its order of axes: find each one's partner.
     */
    const rg_dot_axes *dot = &v->node.attr.dot;
    const int *mine = side ? dot->contract_y : dot->contract_x;
    const int *partner = side ? dot->contract_x : dot->contract_y;
    int place[RG_RANK_MAX] = {0}; /* all are set: each axis of the value has one */
    for (int i = 0; i < n[0]; i++)
        place[own[i]] = i;
    for (int i = 0; i < n[1]; i++)
        place[own[n[0] + i]] = n[0] + (side ? n[2] : 0) + i;
    for (int i = 0; i < n[2]; i++) {
        int rank_before = 0;
        for (int k = 0; k < n[2]; k++)
            rank_before += partner[k] < partner[i];
        place[mine[i]] = n[0] + (side ? 0 : n[1]) + rank_before;
    }
    return reordered(ret, place);
}

static void vjp_dot(rg_vjp *v)
{
    GIVE(0, dot_back(v, 0));
    GIVE(1, dot_back(v, 1));
}

static void vjp_conv(rg_vjp *v)
{
    rg_conv_vjp(v);
}

/* ---- Indexing. */
static void vjp_gather(rg_vjp *v)
{
    GIVE(0, rg_scatter_add(rg_val_shape(x_of(v, 0)), x_of(v, 1), v->g, v->node.attr.axis));
}

static void vjp_scatter_add(rg_vjp *v)
{
    GIVE(1, rg_gather(v->g, x_of(v, 0), v->node.attr.axis));
}

/* All updates that attain the maximum of their index share its cotangent. */
static void vjp_scatter_max(rg_vjp *v)
{
    rg_val indices = x_of(v, 0), updates = x_of(v, 1);
    int axis = v->node.attr.axis;
    rg_val hit = rg_cast(rg_eq(updates, rg_gather(v->y, indices, axis)), v->node.dtype);
    rg_val hits = rg_scatter_add(v->node.shape, indices, hit, axis);
    rg_val share = rg_div(v->g, rg_max(hits, constant(v, 1)));
    GIVE(1, rg_mul(hit, rg_gather(share, indices, axis)));
}

/* ---- Recurrence. */
/* x[t + by] along the axis, 0 where there is none; by is 1 or -1. */
static rg_val shifted(rg_val x, int axis, int by)
{
    rg_shape shape = rg_val_shape(x);
    int64_t from[RG_RANK_MAX] = {0}, to[RG_RANK_MAX], before[RG_RANK_MAX] = {0},
            after[RG_RANK_MAX] = {0};
    memcpy(to, shape.dim, sizeof(to));
    if (shape.dim[axis] == 0)
        return x;
    if (by > 0)
        from[axis] = after[axis] = 1;
    else
        to[axis] -= before[axis] = 1;
    return rg_pad(rg_slice(x, from, to, NULL), before, after, 0);
}

/* The cotangent of b runs the other way: l[t] = a[t+1] l[t+1] + g[t]; that of a is l[t] h[t-1].
 */
static void vjp_linrec(rg_vjp *v)
{
    int axis = v->node.attr.recurrence.axis;
    bool reverse = v->node.attr.recurrence.reverse;
    rg_val l = rg_linrec(shifted(x_of(v, 0), axis, reverse ? -1 : 1), v->g, axis, !reverse);
    GIVE(0, rg_mul(l, shifted(v->y, axis, reverse ? 1 : -1)));
    GIVE(1, l);
}

static void vjp_loop(rg_vjp *v)
{
    rg_loop_vjp(v);
}

static void (*const rules[RG_OPS])(rg_vjp *) = {
#define RG_OP(name, operands, kind, attribute, shape, vjp, batch, reference, kernel, doc) \
    [RG_OP_##name] = vjp_##vjp,
#include "engine/ir/ops.def"
};

void rg_vjp_rule(rg_op op, rg_vjp *v)
{
    rules[op](v);
}

bool rg_vjp_passes(rg_op op)
{
    return rules[op] != vjp_none;
}
