/* batch.c - one graph for many members (vmap): values that vary get a leading axis.
 *
 * A walk up the ids gives each value that depends on a varying one its wide form, by the rule
 * of its operation; all others are shared.  Notation: B members; y = op(x...), y of shape S; a
 * rule gives the wide y, of shape (B, S), from operands of which at least one is wide.  As wide
 * values are built from the same operations, gradients can be batched and batches
 * differentiated. */
#include "engine/ir/batch.h"

#include "engine/ir/transform.h"

#include <string.h>

/* ---- Operands. */
static bool varies(const rg_batching *b, size_t i)
{
    return b->wide[b->node.in[i]].id != 0;
}

static rg_val shared_of(const rg_batching *b, size_t i)
{
    return (rg_val){b->graph, b->node.in[i]};
}

rg_shape rg_batch_shape(const rg_batching *b, rg_shape shape)
{
    rg_shape ret = {.rank = shape.rank + 1, .dim = {b->members}};
    int fit = shape.rank < RG_RANK_MAX ? shape.rank : RG_RANK_MAX - 1;
    memcpy(ret.dim + 1, shape.dim, sizeof(int64_t) * (size_t)fit);
    return ret;
}

static rg_val wide_of(const rg_batching *b, size_t i)
{
    rg_val x = shared_of(b, i);
    return varies(b, i) ? b->wide[x.id] : rg_broadcast(x, rg_batch_shape(b, rg_val_shape(x)));
}

/* Wide where it varies, else shared. */
static rg_val either_of(const rg_batching *b, size_t i)
{
    return varies(b, i) ? b->wide[b->node.in[i]] : shared_of(b, i);
}

/* Adds the node with other operands; attributes are already those of the wide form. */
static rg_val add_wide(const rg_batching *b, rg_node node)
{
    uint32_t few[4], *in = node.n_in <= 4 ? few : RG_NEW_ARRAY(uint32_t, node.n_in);
    for (uint32_t i = 0; i < node.n_in; i++)
        in[i] = wide_of(b, i).id;
    node.in = in;
    rg_val ret = rg_node_add(b->graph, &node);
    if (in != few)
        rg_free(in);
    return ret;
}

/* Moves an axis to another place; the others keep their order. */
static rg_val move_axis(rg_val x, int from, int to)
{
    int order[RG_RANK_MAX] = {0}, rank = rg_val_shape(x).rank, other = 0;
    for (int i = 0; i < rank; i++) {
        other += other == from;
        order[i] = i == to ? from : other++;
    }
    return rg_permute(x, order);
}

static rg_val batch_none(const rg_batching *b)
{
    RG_BUG("%s has no operand that could vary", rg_ops[b->node.op].name);
}

/* ---- Leading axis in, leading axis out. */
static rg_val batch_element(const rg_batching *b)
{
    return add_wide(b, b->node);
}

/* Keys (B, K..., 2) give bits (B, K..., S...): each key its own, as random_bits says. */
static rg_val batch_random_bits(const rg_batching *b)
{
    return rg_random_bits(wide_of(b, 0), b->node.attr.site, rg_batch_shape(b, b->node.shape));
}

static rg_val batch_axes(const rg_batching *b)
{
    rg_node node = b->node;
    node.attr.axes <<= 1;
    return add_wide(b, node);
}

static rg_val batch_axis(const rg_batching *b)
{
    rg_node node = b->node;
    node.attr.axis++;
    return add_wide(b, node);
}

static rg_val batch_reshape(const rg_batching *b)
{
    return rg_reshape(wide_of(b, 0), rg_batch_shape(b, b->node.shape));
}

static rg_val batch_permute(const rg_batching *b)
{
    int order[RG_RANK_MAX + 1] = {0};
    for (int i = 0; i < b->node.shape.rank; i++)
        order[i + 1] = b->node.attr.order[i] + 1;
    return rg_permute(wide_of(b, 0), order);
}

/* (B, S) -> (B, 1..., S), so that the members' axis stays in front, -> (B, T..., S'). */
static rg_val batch_broadcast(const rg_batching *b)
{
    rg_shape from = rg_val_shape(shared_of(b, 0)), aligned = rg_batch_shape(b, b->node.shape);
    int new_axes = b->node.shape.rank - from.rank;
    for (int i = 0; i < b->node.shape.rank && i + 1 < RG_RANK_MAX; i++)
        aligned.dim[i + 1] = i < new_axes ? 1 : from.dim[i - new_axes];
    return rg_broadcast(rg_reshape(wide_of(b, 0), aligned), rg_batch_shape(b, b->node.shape));
}

static rg_val batch_slice(const rg_batching *b)
{
    int64_t from[RG_RANK_MAX + 1] = {0}, to[RG_RANK_MAX + 1] = {b->members};
    int64_t step[RG_RANK_MAX + 1] = {1};
    memcpy(from + 1, b->node.attr.slice.from, sizeof(b->node.attr.slice.from));
    memcpy(to + 1, b->node.attr.slice.to, sizeof(b->node.attr.slice.to));
    memcpy(step + 1, b->node.attr.slice.step, sizeof(b->node.attr.slice.step));
    return rg_slice(wide_of(b, 0), from, to, step);
}

static rg_val batch_pad(const rg_batching *b)
{
    int64_t before[RG_RANK_MAX + 1] = {0}, after[RG_RANK_MAX + 1] = {0};
    memcpy(before + 1, b->node.attr.pad.before, sizeof(b->node.attr.pad.before));
    memcpy(after + 1, b->node.attr.pad.after, sizeof(b->node.attr.pad.after));
    return rg_pad(wide_of(b, 0), before, after, b->node.attr.pad.value);
}

/* ---- Contraction. */
static void shift(int *axes, int n)
{
    for (int i = 0; i < n; i++)
        axes[i]++;
}

/* Both vary: the members are one more batch axis, the first, and stand in front. */
static rg_val dot_both(const rg_batching *b)
{
    const rg_dot_axes *own = &b->node.attr.dot;
    rg_dot_axes axes = *own;
    memcpy(axes.batch_x + 1, own->batch_x, sizeof(int) * (RG_RANK_MAX - 1));
    memcpy(axes.batch_y + 1, own->batch_y, sizeof(int) * (RG_RANK_MAX - 1));
    shift(axes.batch_x + 1, own->n_batch);
    shift(axes.batch_y + 1, own->n_batch);
    shift(axes.contract_x, own->n_contract);
    shift(axes.contract_y, own->n_contract);
    axes.batch_x[0] = axes.batch_y[0] = 0;
    axes.n_batch++;
    return rg_dot(b->wide[b->node.in[0]], b->wide[b->node.in[1]], &axes);
}

/* One varies: the members are its first free axis, so it stays one product; they stand behind
 * the batch axes and, when y varies, behind the free axes of x. */
static rg_val dot_one(const rg_batching *b, int side)
{
    rg_dot_axes axes = b->node.attr.dot;
    int before = axes.n_batch;
    shift(side ? axes.batch_y : axes.batch_x, axes.n_batch);
    shift(side ? axes.contract_y : axes.contract_x, axes.n_contract);
    if (side)
        before = rg_val_shape(shared_of(b, 0)).rank - axes.n_contract;
    return move_axis(rg_dot(either_of(b, 0), either_of(b, 1), &axes), before, 0);
}

static rg_val batch_dot(const rg_batching *b)
{
    return varies(b, 0) && varies(b, 1) ? dot_both(b) : dot_one(b, varies(b, 1));
}

/* ---- Axes merged and split. */
/* (..., d0, d1, ...) -> (..., d0 d1, ...) at `axis`, and back. */
static rg_val merge_members(rg_val x, int axis)
{
    rg_shape shape = rg_val_shape(x);
    shape.dim[axis] *= shape.dim[axis + 1];
    shape.rank--;
    for (int i = axis + 1; i < shape.rank; i++)
        shape.dim[i] = shape.dim[i + 1];
    return rg_reshape(x, shape);
}

static rg_val split_axis(rg_val x, int axis, int64_t d0, int64_t d1)
{
    rg_shape shape = rg_val_shape(x);
    if (shape.rank <= axis)
        return x; /* after a mistake */
    for (int i = shape.rank++; i > axis; i--)
        if (i < RG_RANK_MAX)
            shape.dim[i] = shape.dim[i - 1];
    shape.dim[axis] = d0;
    shape.dim[axis + 1] = d1;
    return rg_reshape(x, shape);
}

/* ---- Convolution: x (N, C, s), filters (O, C / G, r) -> (N, O, p). */
/* Examples of all members are examples of one batch. */
static rg_val conv_of_wide_x(const rg_batching *b)
{
    rg_val x = merge_members(b->wide[b->node.in[0]], 0);
    rg_val y = rg_conv(x, shared_of(b, 1), &b->node.attr.conv);
    return split_axis(y, 0, b->members, b->node.shape.dim[0]);
}

/* Filters of all members are filters of one layer: within each group, (G, B, O / G). */
static rg_val conv_of_wide_filters(const rg_batching *b)
{
    int64_t groups = b->node.attr.conv.groups, each = b->node.shape.dim[1] / groups;
    rg_val w = move_axis(split_axis(b->wide[b->node.in[1]], 1, groups, each), 1, 0);
    w = merge_members(merge_members(w, 0), 0);
    rg_val y = rg_conv(shared_of(b, 0), w, &b->node.attr.conv);
    y = split_axis(split_axis(y, 1, groups, b->members * each), 2, b->members, each);
    return merge_members(move_axis(y, 2, 0), 2);
}

/* Members are groups, which the kernel computes one after the other: a loop over the members.
 */
static rg_val conv_of_both(const rg_batching *b)
{
    rg_conv_axes axes = b->node.attr.conv;
    rg_val x = merge_members(move_axis(wide_of(b, 0), 0, 1), 1);
    rg_val w = merge_members(b->wide[b->node.in[1]], 0);
    axes.groups *= b->members;
    rg_val y = rg_conv(x, w, &axes);
    return move_axis(split_axis(y, 1, b->members, b->node.shape.dim[1]), 1, 0);
}

static rg_val batch_conv(const rg_batching *b)
{
    if (b->members == 0) /* there are no convolutions without groups */
        return rg_broadcast(rg_const(b->graph, 0, b->node.dtype),
                            rg_batch_shape(b, b->node.shape));
    if (!varies(b, 1))
        return conv_of_wide_x(b);
    bool room = b->node.shape.rank + 2 <= RG_RANK_MAX; /* for members and groups */
    return varies(b, 0) || !room ? conv_of_both(b) : conv_of_wide_filters(b);
}

/* ---- Indexing. */
/* Indices (B, I) into an axis of length n as indices into the B n entries of (B, n): those of
 * member b are b n further on.  One that is out of range must not meet another member's entry:
 * it becomes B n, which is out of range as well. */
static rg_val flat_indices(const rg_batching *b, rg_val indices, int64_t n)
{
    rg_graph *graph = b->graph;
    rg_shape shape = rg_val_shape(indices);
    rg_dtype dtype = rg_val_dtype(indices);
    if ((double)n * (double)b->members > INT32_MAX) {
        rg_graph_fail(graph, "batch fewer members at once",
                      "%s: %lld members with %lld entries are more than 32-bit indices reach",
                      rg_ops[b->node.op].name, (long long)b->members, (long long)n);
        return indices;
    }
    rg_val length = rg_const(graph, (double)n, dtype), none = rg_const(graph, 0, dtype);
    rg_val outside = rg_const(graph, (double)n * (double)b->members, dtype);
    rg_val first = rg_mul(rg_iota(graph, shape, 0, dtype), length);
    rg_val inside = rg_lt(indices, length), flat = rg_add(indices, first);
    flat = rg_select(inside, flat, outside);
    return dtype == RG_U32 ? flat : rg_select(rg_lt(indices, none), outside, flat);
}

/* Indices that all members share pick along the next axis; those that vary stand where the axis
 * was, the members first among theirs, and pick from the shared x or from all members' x. */
static rg_val batch_gather(const rg_batching *b)
{
    int axis = b->node.attr.axis;
    rg_val x = either_of(b, 0), indices = either_of(b, 1);
    if (!varies(b, 1))
        return rg_gather(x, indices, axis + 1);
    if (varies(b, 0)) {
        int64_t n = rg_val_shape(shared_of(b, 0)).dim[axis];
        x = merge_members(move_axis(x, 0, axis), axis);
        indices = flat_indices(b, indices, n);
    }
    return move_axis(rg_gather(x, indices, axis), axis, 0);
}

typedef rg_val (*scatter)(rg_place at, rg_shape shape, rg_val indices, rg_val updates,
                          int axis);

/* The transpose: with indices that vary, into the entries of all members. */
static rg_val batch_scatter(const rg_batching *b, scatter combine)
{
    int axis = b->node.attr.axis;
    rg_shape shape = b->node.shape;
    rg_val updates = wide_of(b, 1);
    if (!varies(b, 0))
        return combine(b->node.at, rg_batch_shape(b, shape), shared_of(b, 0), updates,
                       axis + 1);
    int64_t n = shape.dim[axis];
    rg_val indices = flat_indices(b, wide_of(b, 0), n);
    shape.dim[axis] = b->members * n;
    rg_val all = combine(b->node.at, shape, indices, move_axis(updates, 0, axis), axis);
    return move_axis(split_axis(all, axis, b->members, n), axis, 0);
}

static rg_val batch_scatter_add(const rg_batching *b)
{
    return batch_scatter(b, rg_scatter_add_at);
}

static rg_val batch_scatter_max(const rg_batching *b)
{
    return batch_scatter(b, rg_scatter_max_at);
}

static rg_val batch_argsort(const rg_batching *b)
{
    rg_node node = b->node;
    node.attr.sort.axis++;
    return add_wide(b, node);
}

/* ---- Recurrence. */
static rg_val batch_linrec(const rg_batching *b)
{
    rg_node node = b->node;
    node.attr.recurrence.axis++;
    return add_wide(b, node);
}

static rg_val batch_loop(const rg_batching *b)
{
    return rg_loop_batch(b);
}

rg_val rg_batch_rule(rg_op op, const rg_batching *b)
{
    static rg_val (*const rules[RG_OPS])(const rg_batching *) = {
#define RG_OP(name, operands, kind, attribute, shape, vjp, batch, reference, kernel, doc) \
    [RG_OP_##name] = batch_##batch,
#include "engine/ir/ops.def"
    };
    return rules[op](b);
}

/* ---- The walk. */
/* A value that reverse mode forgets is forgotten in its wide form as well. */
static rg_val widen_node(rg_batching *b, uint32_t id)
{
    size_t before = rg_graph_count(b->graph);
    rg_place outer = b->graph->at;
    b->node = *rg_node_of(b->graph, id);
    b->graph->at = b->node.at;
    bool forget = b->node.forget;
    b->node.forget = false;
    rg_val ret = rg_batch_rule(b->node.op, b);
    for (size_t made = before + 1; made <= rg_graph_count(b->graph); made++)
        b->graph->node.at[made].forget = forget;
    b->graph->at = outer;
    return ret;
}

static bool any_varies(const rg_node *node, const rg_val *wide)
{
    for (uint32_t i = 0; i < node->n_in; i++)
        if (wide[node->in[i]].id)
            return true;
    return false;
}

static void widen_all(rg_batching *b, rg_val *wide, const bool *needed, size_t count)
{
    for (uint32_t id = 1; id <= count && b->graph->err.code == RG_OK; id++)
        if (needed[id] && !wide[id].id && any_varies(rg_node_of(b->graph, id), wide))
            wide[id] = widen_node(b, id);
}

static bool members_agree(rg_graph *graph, rg_values x, rg_values wide)
{
    for (size_t i = 0; i < x.n; i++) {
        rg_shape has = rg_val_shape(wide.at[i]), wanted = rg_val_shape(x.at[i]);
        int64_t members = rg_val_shape(wide.at[0]).dim[0];
        bool fits = has.rank == wanted.rank + 1 && has.dim[0] == members &&
                    rg_val_dtype(wide.at[i]) == rg_val_dtype(x.at[i]);
        for (int k = 0; fits && k < wanted.rank; k++)
            fits = has.dim[k + 1] == wanted.dim[k];
        if (fits)
            continue;
        char given[160], own[160];
        rg_shape_text(given, has);
        rg_shape_text(own, wanted);
        rg_graph_fail(
            graph,
            "put one axis, as long for every wide value, in front of the value's own; "
            "keep its type",
            "batch: wide value %zu has shape %s and type %s for a value of shape %s "
            "and type %s",
            i + 1, given, rg_dtype_name(rg_val_dtype(wide.at[i])), own,
            rg_dtype_name(rg_val_dtype(x.at[i])));
    }
    if (x.n == 0)
        rg_graph_fail(graph, "name the values that vary", "batch: no value varies");
    return rg_graph_error(graph)->code == RG_OK;
}

static void batch(rg_graph *graph, rg_values y, rg_values x, const rg_val *wide_x, rg_val *ret)
{
    size_t count = rg_graph_count(graph);
    rg_val *wide = RG_NEW_ARRAY(rg_val, count + 1);
    bool *needed = rg_values_needed(graph, y);
    rg_batching b = {.graph = graph, .wide = wide, .members = rg_val_shape(wide_x[0]).dim[0]};
    for (size_t i = 0; i < x.n; i++)
        wide[x.at[i].id] = wide_x[i];
    widen_all(&b, wide, needed, count);
    for (size_t j = 0; j < y.n; j++) {
        rg_val w = wide[y.at[j].id];
        ret[j] = w.id ? w : rg_broadcast(y.at[j], rg_batch_shape(&b, rg_val_shape(y.at[j])));
    }
    rg_free(wide);
    rg_free(needed);
}

void rg_batch_at(rg_place at, const rg_val *y, size_t m, const rg_val *x, const rg_val *wide,
                 size_t n, rg_val *ret)
{
    rg_values results = {"result", y, m}, values = {"value", x, n};
    rg_values wides = {"wide value", wide, n};
    rg_graph *graph = rg_transform_open(at, results, values);
    bool fits = graph && rg_values_room(graph, "batch", m, ret) &&
                rg_values_exist(graph, "batch", results) &&
                rg_values_exist(graph, "batch", values) &&
                rg_values_exist(graph, "batch", wides) && members_agree(graph, values, wides);
    if (fits)
        batch(graph, results, values, wide, ret);
    rg_transform_close(graph, fits, m, ret);
}
