/* convolution.c - conv: its lengths, its shape rule, and its derivative, which is conv again.
 *
 * Along one axis, with stride s, dilations a of x and d of w, and kd = (K - 1) d + 1,
 *   y[p] = sum of w[k] x[j] over all j, k with  j a = p s + k d - lo.
 * Solved for p, the same equation gives the derivative by x (a correlation of g, spread by s,
 * with w reversed, at stride a); solved for k, that by w (a correlation of x, spread by a, with
 * g, spread by s, at stride d).  Hence the table needs no operation for either, and derivatives
 * of any order are convolutions; see Dumoulin & Visin 2016, "A guide to convolution
 * arithmetic". */
#include "engine/ir/vjp.h"

#include <inttypes.h>

/* Products of lengths (below 2^36) and dilations stay below 2^62. */
#define STEP_MAX ((int64_t)1 << 24)
#define REACH_MAX ((int64_t)1 << 52)

/* n entries with d - 1 zeros between neighbours. */
static int64_t spread(int64_t n, int64_t d)
{
    return n ? (n - 1) * d + 1 : 0;
}

/* ---- Shape. */
static bool fail_operands(rg_graph *graph, rg_shape x, rg_shape w, const char *remedy)
{
    char a[160], b[160];
    rg_shape_text(a, x);
    rg_shape_text(b, w);
    rg_graph_fail(graph, remedy, "conv: shapes %s and %s do not fit", a, b);
    return false;
}

static bool groups_fit(rg_graph *graph, rg_shape x, rg_shape w, int64_t groups)
{
    if (groups < 1 || x.dim[1] % groups || w.dim[0] % groups) {
        rg_graph_fail(graph, "the groups must divide both numbers of channels",
                      "conv: %" PRId64 " groups of %" PRId64 " channels in and %" PRId64 " out",
                      groups, x.dim[1], w.dim[0]);
        return false;
    }
    return x.dim[1] / groups == w.dim[1] ||
           fail_operands(graph, x, w, "give w the shape (O, C / groups, r...)");
}

static bool fail_reach(rg_graph *graph, int axis)
{
    rg_graph_fail(graph,
                  "strides and dilations are 1 to 2^24; padding and spread lengths stay below "
                  "2^52",
                  "conv: spatial axis %d is out of range", axis);
    return false;
}

static bool axis_fits(rg_graph *graph, const rg_conv_axes *c, int i, int64_t x, int64_t w)
{
    const int64_t steps[] = {c->stride[i], c->dilate_x[i], c->dilate_w[i]};
    for (size_t k = 0; k < RG_COUNT(steps); k++)
        if (steps[k] < 1 || steps[k] > STEP_MAX)
            return fail_reach(graph, i);
    const int64_t reach[] = {c->lo[i], c->hi[i], spread(x, c->dilate_x[i]),
                             spread(w, c->dilate_w[i])};
    for (size_t k = 0; k < RG_COUNT(reach); k++)
        if (reach[k] < -REACH_MAX || reach[k] > REACH_MAX)
            return fail_reach(graph, i);
    return true;
}

bool rg_conv_shape(rg_graph *graph, rg_node *node)
{
    rg_shape x = rg_operand(graph, node, 0)->shape, w = rg_operand(graph, node, 1)->shape;
    const rg_conv_axes *c = &node->attr.conv;
    if (x.rank < 3 || w.rank != x.rank)
        return fail_operands(graph, x, w, "give x (N, C, s...) and w (O, C / groups, r...)");
    if (!groups_fit(graph, x, w, c->groups))
        return false;
    node->shape = (rg_shape){.rank = x.rank, .dim = {x.dim[0], w.dim[0]}};
    for (int i = 0; i < x.rank - 2; i++) {
        int64_t length = x.dim[i + 2], taps = w.dim[i + 2];
        if (!axis_fits(graph, c, i, length, taps))
            return false;
        int64_t room =
            spread(length, c->dilate_x[i]) + c->lo[i] + c->hi[i] - spread(taps, c->dilate_w[i]);
        node->shape.dim[i + 2] = room < 0 ? 0 : room / c->stride[i] + 1;
    }
    return true;
}

/* ---- Nothing to add up gives zeros. */
static rg_val zeros(rg_graph *graph, const rg_node *node, rg_shape shape)
{
    return rg_broadcast_at(node->at, rg_const_at(node->at, graph, 0, node->dtype), shape);
}

rg_val rg_conv_simplify(rg_graph *graph, const rg_node *node)
{
    for (size_t i = 0; i < 2; i++)
        if (rg_shape_count(rg_operand(graph, node, i)->shape) == 0)
            return zeros(graph, node, node->shape);
    return (rg_val){0};
}

/* ---- Derivative. */
/* v, seen as (first three lengths, all spatial axes), with its axes in another order, as (lead,
 * channels, spatial axes).  The spatial axes are merged in between, for want of a ninth. */
static rg_val regroup(rg_val v, const int64_t three[3], const int order[4], int64_t lead,
                      int64_t channels)
{
    rg_shape shape = rg_val_shape(v);
    int64_t inner = 1;
    for (int i = 2; i < shape.rank; i++)
        inner *= shape.dim[i];
    rg_val four = rg_reshape(v, rg_shape_of(three[0], three[1], three[2], inner));
    shape.dim[0] = lead;
    shape.dim[1] = channels;
    return rg_reshape(rg_permute(four, order), shape);
}

static uint32_t spatial_axes(int rank)
{
    return (RG_AXIS(rank) - 1) & ~3u;
}

static rg_val by_x(const rg_vjp *v, rg_val w, rg_shape xs, rg_shape ws)
{
    const rg_conv_axes *c = &v->node.attr.conv;
    rg_conv_axes back = {.groups = c->groups};
    for (int i = 0; i < xs.rank - 2; i++) {
        int64_t reach = spread(ws.dim[i + 2], c->dilate_w[i]);
        back.stride[i] = c->dilate_x[i];
        back.dilate_x[i] = c->stride[i];
        back.dilate_w[i] = c->dilate_w[i];
        back.lo[i] = reach - 1 - c->lo[i];
        back.hi[i] = spread(xs.dim[i + 2], c->dilate_x[i]) -
                     spread(v->node.shape.dim[i + 2], c->stride[i]) - back.lo[i] + reach - 1;
    }
    const int64_t three[] = {c->groups, ws.dim[0] / c->groups, ws.dim[1]};
    rg_val turned = regroup(w, three, (const int[]){0, 2, 1, 3}, xs.dim[1], three[1]);
    rg_val g = rg_cast(v->g, rg_val_dtype(w));
    return rg_conv(g, rg_reverse(turned, spatial_axes(ws.rank)), &back);
}

static rg_val by_w(const rg_vjp *v, rg_val x, rg_shape xs, rg_shape ws)
{
    static const int swap[] = {2, 1, 0, 3};
    const rg_conv_axes *c = &v->node.attr.conv;
    rg_conv_axes back = {.groups = c->groups};
    for (int i = 0; i < xs.rank - 2; i++) {
        back.stride[i] = c->dilate_w[i];
        back.dilate_x[i] = c->dilate_x[i];
        back.dilate_w[i] = c->stride[i];
        back.lo[i] = c->lo[i];
        back.hi[i] = spread(ws.dim[i + 2], c->dilate_w[i]) -
                     spread(xs.dim[i + 2], c->dilate_x[i]) - c->lo[i] +
                     spread(v->node.shape.dim[i + 2], c->stride[i]) - 1;
    }
    int64_t n = xs.dim[0], outputs = ws.dim[0], inputs = ws.dim[1];
    rg_val examples =
        regroup(x, (const int64_t[]){n, c->groups, inputs}, swap, inputs, c->groups * n);
    rg_val g = rg_cast(v->g, rg_val_dtype(x));
    rg_val filters = regroup(g, (const int64_t[]){n, 1, outputs}, swap, outputs, n);
    rg_val turned = rg_conv(examples, filters, &back); /* (C / groups, O, r...) */
    return regroup(turned, (const int64_t[]){inputs, 1, outputs}, swap, outputs, inputs);
}

void rg_conv_vjp(rg_vjp *v)
{
    rg_val operand[] = {{v->graph, v->node.in[0]}, {v->graph, v->node.in[1]}};
    rg_shape x = rg_val_shape(operand[0]), w = rg_val_shape(operand[1]);
    for (size_t i = 0; i < 2; i++) {
        if (!rg_vjp_needs(v, i))
            continue;
        if (rg_shape_count(v->node.shape) == 0)
            rg_vjp_give(v, i, zeros(v->graph, &v->node, i ? w : x));
        else
            rg_vjp_give(v, i, i ? by_w(v, operand[0], x, w) : by_x(v, operand[1], x, w));
    }
}
