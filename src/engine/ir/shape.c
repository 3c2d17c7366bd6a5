/* shape.c - the shape rule of every operation. */
#include "engine/ir/loop.h"

#include <inttypes.h>
#include <string.h>

/* ---- Complaints that several rules share. */
static bool fail_types(rg_graph *graph, const rg_node *node, const char *wanted)
{
    rg_str types = {0};
    for (uint32_t i = 0; i < node->n_in; i++)
        rg_str_printf(&types, "%s%s", i ? ", " : "",
                      rg_dtype_name(rg_operand(graph, node, i)->dtype));
    rg_graph_fail(graph, "convert with rg_cast", "%s: operands of type %s; expected %s",
                  rg_ops[node->op].name, rg_str_text(&types), wanted);
    rg_str_free(&types);
    return false;
}

static bool fail_shapes(rg_graph *graph, const rg_node *node, const char *remedy)
{
    char x[160], y[160];
    rg_shape_text(x, rg_operand(graph, node, 0)->shape);
    rg_shape_text(y, rg_operand(graph, node, node->n_in - 1)->shape);
    rg_graph_fail(graph, remedy, "%s: shapes %s and %s do not fit", rg_ops[node->op].name, x,
                  y);
    return false;
}

static bool fail_axis(rg_graph *graph, const rg_node *node, int axis, rg_shape shape)
{
    char text[160];
    rg_shape_text(text, shape);
    rg_graph_fail(graph, "axes count from 0; take one below the number of axes",
                  "%s: no axis %d in shape %s", rg_ops[node->op].name, axis, text);
    return false;
}

static bool axes_exist(rg_graph *graph, const rg_node *node, rg_shape shape)
{
    for (int i = shape.rank; i < 32; i++)
        if (node->attr.axes >> i & 1)
            return fail_axis(graph, node, i, shape);
    return true;
}

/* ---- Element-wise. */
static bool same_as_first(rg_graph *graph, rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    for (uint32_t i = 1; i < node->n_in; i++) {
        const rg_node *y = rg_operand(graph, node, i);
        if (y->dtype != x->dtype)
            return fail_types(graph, node, "the same type");
        if (!rg_shape_same(x->shape, y->shape))
            return fail_shapes(graph, node, "make the shapes equal with rg_broadcast");
    }
    node->shape = x->shape;
    node->dtype = x->dtype;
    return true;
}

/* Those that are computed with: bf16 is stored, moved, ordered and multiplied by dot and conv,
 * no more. */
static bool is_number(rg_dtype dtype)
{
    return dtype != RG_BOOL && dtype != RG_BF16;
}

static bool is_real(rg_dtype dtype)
{
    return is_number(dtype) && rg_dtype_float(dtype);
}

static bool shape_any(rg_graph *graph, rg_node *node)
{
    return same_as_first(graph, node);
}

static bool shape_float(rg_graph *graph, rg_node *node)
{
    if (!is_real(rg_operand(graph, node, 0)->dtype))
        return fail_types(graph, node, "f32 or f64");
    return same_as_first(graph, node);
}

static bool shape_number(rg_graph *graph, rg_node *node)
{
    if (!is_number(rg_operand(graph, node, 0)->dtype))
        return fail_types(graph, node, "f32, f64, i32 or u32");
    return same_as_first(graph, node);
}

static bool shape_compare(rg_graph *graph, rg_node *node)
{
    bool fits = shape_number(graph, node);
    node->dtype = RG_BOOL;
    return fits;
}

static bool shape_compare_any(rg_graph *graph, rg_node *node)
{
    bool fits = same_as_first(graph, node);
    node->dtype = RG_BOOL;
    return fits;
}

static bool shape_cast(rg_graph *graph, rg_node *node)
{
    node->shape = rg_operand(graph, node, 0)->shape;
    return true;
}

static bool shape_select(rg_graph *graph, rg_node *node)
{
    const rg_node *condition = rg_operand(graph, node, 0), *yes = rg_operand(graph, node, 1),
                  *no = rg_operand(graph, node, 2);
    if (condition->dtype != RG_BOOL || yes->dtype != no->dtype)
        return fail_types(graph, node, "bool and twice the same type");
    if (!rg_shape_same(condition->shape, yes->shape) || !rg_shape_same(yes->shape, no->shape))
        return fail_shapes(graph, node, "make the shapes equal with rg_broadcast");
    node->shape = yes->shape;
    node->dtype = yes->dtype;
    return true;
}

/* ---- Leaves and generators: the builder says the shape. */
static bool shape_leaf(rg_graph *graph, rg_node *node)
{
    (void)graph, (void)node;
    return true;
}

static bool shape_iota(rg_graph *graph, rg_node *node)
{
    if (node->attr.axis < 0 || node->attr.axis >= node->shape.rank)
        return fail_axis(graph, node, node->attr.axis, node->shape);
    if (!is_number(node->dtype)) {
        rg_graph_fail(graph, "count in i32 and compare or cast", "iota: type %s cannot count",
                      rg_dtype_name(node->dtype));
        return false;
    }
    return true;
}

/* Keys of shape (K..., 2) and a result of shape (K..., S...). */
static bool shape_random_bits(rg_graph *graph, rg_node *node)
{
    const rg_node *key = rg_operand(graph, node, 0);
    int keys = key->shape.rank - 1;
    bool fits = key->dtype == RG_U32 && keys >= 0 && key->shape.dim[keys] == 2 &&
                node->shape.rank >= keys;
    for (int i = 0; fits && i < keys; i++)
        fits = key->shape.dim[i] == node->shape.dim[i];
    if (!fits) {
        char text[160], wanted[160];
        rg_shape_text(text, key->shape);
        rg_shape_text(wanted, node->shape);
        rg_graph_fail(graph,
                      "pass a key of shape (2) and type u32, or (K..., 2) for bits (K..., ...)",
                      "random_bits: a key of shape %s and type %s for bits of shape %s", text,
                      rg_dtype_name(key->dtype), wanted);
        return false;
    }
    node->dtype = RG_U32;
    return true;
}

/* ---- Reductions. */
static bool shape_reduce(rg_graph *graph, rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    if (!is_number(x->dtype))
        return fail_types(graph, node, "f32, f64, i32 or u32");
    if (!axes_exist(graph, node, x->shape))
        return false;
    node->shape = RG_SCALAR;
    for (int i = 0; i < x->shape.rank; i++)
        if (!(node->attr.axes >> i & 1))
            node->shape.dim[node->shape.rank++] = x->shape.dim[i];
    node->dtype = x->dtype;
    return true;
}

static bool shape_sum(rg_graph *graph, rg_node *node)
{
    return shape_reduce(graph, node);
}

static bool shape_amax(rg_graph *graph, rg_node *node)
{
    return shape_reduce(graph, node);
}

/* ---- Movement. */
static bool shape_reshape(rg_graph *graph, rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    node->dtype = x->dtype;
    if (rg_shape_count(x->shape) == rg_shape_count(node->shape))
        return true;
    char from[160], to[160];
    rg_shape_text(from, x->shape);
    rg_shape_text(to, node->shape);
    rg_graph_fail(graph, "the products of both shapes must be equal",
                  "reshape: shape %s has %" PRId64 " elements, shape %s has %" PRId64, from,
                  rg_shape_count(x->shape), to, rg_shape_count(node->shape));
    return false;
}

static bool shape_permute(rg_graph *graph, rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    uint32_t seen = 0;
    for (int i = 0; i < x->shape.rank; i++) {
        int axis = node->attr.order[i];
        if (axis < 0 || axis >= x->shape.rank)
            return fail_axis(graph, node, axis, x->shape);
        seen |= RG_AXIS(axis);
        node->shape.dim[i] = x->shape.dim[axis];
    }
    node->shape.rank = x->shape.rank;
    node->dtype = x->dtype;
    if (seen == RG_AXIS(x->shape.rank) - 1)
        return true;
    rg_graph_fail(graph, "name every axis once", "permute: the order names an axis twice");
    return false;
}

static bool shape_broadcast(rg_graph *graph, rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    node->dtype = x->dtype;
    int new_axes = node->shape.rank - x->shape.rank;
    bool fits = new_axes >= 0;
    for (int i = 0; fits && i < x->shape.rank; i++)
        fits = x->shape.dim[i] == 1 || x->shape.dim[i] == node->shape.dim[i + new_axes];
    if (fits)
        return true;
    char from[160], to[160];
    rg_shape_text(from, x->shape);
    rg_shape_text(to, node->shape);
    rg_graph_fail(graph,
                  "shapes are aligned at their last axis; each length must be equal or 1",
                  "broadcast: shape %s does not fit into %s", from, to);
    return false;
}

static bool shape_slice(rg_graph *graph, rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    node->shape.rank = x->shape.rank;
    node->dtype = x->dtype;
    for (int i = 0; i < x->shape.rank; i++) {
        int64_t from = node->attr.slice.from[i], to = node->attr.slice.to[i],
                step = node->attr.slice.step[i];
        if (from < 0 || to < from || to > x->shape.dim[i] || step < 1) {
            rg_graph_fail(graph, "0 <= from <= to <= length and step >= 1 must hold",
                          "slice: [%" PRId64 ", %" PRId64 ") step %" PRId64
                          " of axis %d with length %" PRId64,
                          from, to, step, i, x->shape.dim[i]);
            return false;
        }
        node->shape.dim[i] = (to - from) / step + ((to - from) % step != 0);
    }
    return true;
}

static bool shape_pad(rg_graph *graph, rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    node->shape.rank = x->shape.rank;
    node->dtype = x->dtype;
    for (int i = 0; i < x->shape.rank; i++) {
        int64_t before = node->attr.pad.before[i], after = node->attr.pad.after[i];
        if (before < 0 || after < 0 || before > INT32_MAX || after > INT32_MAX) {
            rg_graph_fail(graph, "pad by 0 or more; cut with rg_slice",
                          "pad: axis %d by %" PRId64 " and %" PRId64, i, before, after);
            return false;
        }
        node->shape.dim[i] = before + x->shape.dim[i] + after;
    }
    node->attr.pad.value = rg_dtype_round(x->dtype, node->attr.pad.value);
    return true;
}

static bool shape_concat(rg_graph *graph, rg_node *node)
{
    if (node->n_in == 0) {
        rg_graph_fail(graph, "pass one value or more", "concat: nothing to concatenate");
        return false;
    }
    const rg_node *x = rg_operand(graph, node, 0);
    int axis = node->attr.axis;
    if (axis < 0 || axis >= x->shape.rank)
        return fail_axis(graph, node, axis, x->shape);
    node->shape = x->shape;
    node->dtype = x->dtype;
    for (uint32_t i = 1; i < node->n_in; i++) {
        const rg_node *y = rg_operand(graph, node, i);
        rg_shape other = y->shape;
        if (y->dtype != x->dtype)
            return fail_types(graph, node, "the same type");
        if (other.rank == x->shape.rank)
            other.dim[axis] = x->shape.dim[axis];
        if (!rg_shape_same(other, x->shape)) {
            rg_node pair = {
                .op = node->op, .n_in = 2, .in = (uint32_t[]){node->in[0], node->in[i]}};
            return fail_shapes(graph, &pair, "all axes but the concatenated one must agree");
        }
        node->shape.dim[axis] += y->shape.dim[axis];
    }
    return true;
}

static bool shape_reverse(rg_graph *graph, rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    node->shape = x->shape;
    node->dtype = x->dtype;
    return axes_exist(graph, node, x->shape);
}

/* ---- Contraction. */
static bool dot_axes_exist(rg_graph *graph, rg_node *node, const int *axes, int n,
                           rg_shape shape, uint32_t *seen)
{
    for (int i = 0; i < n; i++) {
        if (axes[i] < 0 || axes[i] >= shape.rank)
            return fail_axis(graph, node, axes[i], shape);
        if (*seen >> axes[i] & 1) {
            rg_graph_fail(graph, "name each axis once", "dot: axis %d is named twice", axes[i]);
            return false;
        }
        *seen |= RG_AXIS(axes[i]);
    }
    return true;
}

static bool dot_free_axes(rg_graph *graph, rg_node *node, rg_shape shape, uint32_t named)
{
    for (int i = 0; i < shape.rank; i++) {
        if (named >> i & 1)
            continue;
        if (node->shape.rank == RG_RANK_MAX) {
            rg_graph_fail(graph, "merge axes with rg_reshape",
                          "dot: the result has more than %d axes", RG_RANK_MAX);
            return false;
        }
        node->shape.dim[node->shape.rank++] = shape.dim[i];
    }
    return true;
}

static bool shape_dot(rg_graph *graph, rg_node *node)
{
    rg_shape x = rg_operand(graph, node, 0)->shape, y = rg_operand(graph, node, 1)->shape;
    const rg_dot_axes *axes = &node->attr.dot;
    uint32_t seen_x = 0, seen_y = 0;
    rg_dtype type = rg_operand(graph, node, 0)->dtype;
    node->dtype = rg_dtype_tangent(type);
    if (!rg_dtype_float(type) || rg_operand(graph, node, 1)->dtype != type)
        return fail_types(graph, node, "twice f32, twice f64 or twice bf16");
    if (!dot_axes_exist(graph, node, axes->batch_x, axes->n_batch, x, &seen_x) ||
        !dot_axes_exist(graph, node, axes->contract_x, axes->n_contract, x, &seen_x) ||
        !dot_axes_exist(graph, node, axes->batch_y, axes->n_batch, y, &seen_y) ||
        !dot_axes_exist(graph, node, axes->contract_y, axes->n_contract, y, &seen_y))
        return false;
    bool fits = true;
    for (int i = 0; i < axes->n_contract; i++)
        fits &= x.dim[axes->contract_x[i]] == y.dim[axes->contract_y[i]];
    node->shape = RG_SCALAR;
    for (int i = 0; i < axes->n_batch; i++) {
        fits &= x.dim[axes->batch_x[i]] == y.dim[axes->batch_y[i]];
        node->shape.dim[node->shape.rank++] = x.dim[axes->batch_x[i]];
    }
    if (!fits)
        return fail_shapes(graph, node,
                           "the contracted axes of both operands must have equal lengths");
    return dot_free_axes(graph, node, x, seen_x) && dot_free_axes(graph, node, y, seen_y);
}

static bool shape_conv(rg_graph *graph, rg_node *node)
{
    rg_dtype type = rg_operand(graph, node, 0)->dtype;
    node->dtype = rg_dtype_tangent(type);
    if (!rg_dtype_float(type) || rg_operand(graph, node, 1)->dtype != type)
        return fail_types(graph, node, "twice f32, twice f64 or twice bf16");
    return rg_conv_shape(graph, node);
}

/* ---- Indexing. */
static bool indices_fit(rg_graph *graph, rg_node *node, const rg_node *indices)
{
    if (indices->dtype == RG_I32 || indices->dtype == RG_U32)
        return true;
    rg_graph_fail(graph, "convert with rg_cast", "%s: indices of type %s; expected i32 or u32",
                  rg_ops[node->op].name, rg_dtype_name(indices->dtype));
    return false;
}

/* outer[:axis] + indices + outer[axis+1:] */
static bool indexed_shape(rg_graph *graph, rg_node *node, rg_shape outer, rg_shape indices,
                          rg_shape *ret)
{
    int axis = node->attr.axis;
    if (axis < 0 || axis >= outer.rank)
        return fail_axis(graph, node, axis, outer);
    if (outer.rank + indices.rank - 1 > RG_RANK_MAX) {
        rg_graph_fail(graph, "merge axes with rg_reshape", "%s: more than %d axes",
                      rg_ops[node->op].name, RG_RANK_MAX);
        return false;
    }
    *ret = (rg_shape){.rank = outer.rank + indices.rank - 1};
    memcpy(ret->dim, outer.dim, sizeof(int64_t) * (size_t)axis);
    memcpy(ret->dim + axis, indices.dim, sizeof(int64_t) * (size_t)indices.rank);
    memcpy(ret->dim + axis + indices.rank, outer.dim + axis + 1,
           sizeof(int64_t) * (size_t)(outer.rank - axis - 1));
    return true;
}

static bool shape_gather(rg_graph *graph, rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0), *indices = rg_operand(graph, node, 1);
    node->dtype = x->dtype;
    return indices_fit(graph, node, indices) &&
           indexed_shape(graph, node, x->shape, indices->shape, &node->shape);
}

static bool shape_scatter(rg_graph *graph, rg_node *node)
{
    const rg_node *indices = rg_operand(graph, node, 0), *updates = rg_operand(graph, node, 1);
    rg_shape wanted;
    node->dtype = updates->dtype;
    if (!is_number(updates->dtype))
        return fail_types(graph, node, "f32, f64, i32 or u32 to scatter");
    if (!indices_fit(graph, node, indices) ||
        !indexed_shape(graph, node, node->shape, indices->shape, &wanted))
        return false;
    if (rg_shape_same(wanted, updates->shape))
        return true;
    char has[160], expected[160];
    rg_shape_text(has, updates->shape);
    rg_shape_text(expected, wanted);
    rg_graph_fail(graph, "the indices' shape stands in place of the axis",
                  "%s: updates of shape %s; expected %s", rg_ops[node->op].name, has, expected);
    return false;
}

static bool shape_scatter_add(rg_graph *graph, rg_node *node)
{
    return shape_scatter(graph, node);
}

static bool shape_scatter_max(rg_graph *graph, rg_node *node)
{
    return shape_scatter(graph, node);
}

static bool shape_argsort(rg_graph *graph, rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    int axis = node->attr.sort.axis;
    if (axis < 0 || axis >= x->shape.rank)
        return fail_axis(graph, node, axis, x->shape);
    node->shape = x->shape;
    node->dtype = RG_I32;
    if (x->shape.dim[axis] <= INT32_MAX)
        return true;
    rg_graph_fail(graph, "sort parts of it", "argsort: axis %d has length %" PRId64, axis,
                  x->shape.dim[axis]);
    return false;
}

/* ---- Recurrence. */
static bool shape_linrec(rg_graph *graph, rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    int axis = node->attr.recurrence.axis;
    if (!shape_float(graph, node))
        return false;
    return (axis >= 0 && axis < x->shape.rank) || fail_axis(graph, node, axis, x->shape);
}

static bool shape_loop(rg_graph *graph, rg_node *node)
{
    return rg_loop_shape(graph, node);
}

bool rg_shape_rule(rg_graph *graph, rg_node *node)
{
    static bool (*const rules[RG_OPS])(rg_graph *, rg_node *) = {
#define RG_OP(name, operands, kind, attribute, shape, vjp, batch, reference, kernel, doc) \
    [RG_OP_##name] = shape_##shape,
#include "engine/ir/ops.def"
    };
    return rules[node->op](graph, node);
}
