/* build.c - the operations as users call them (rigor/graph.h): each fills a node and adds it.
 */
#include "engine/ir/node.h"

#include <math.h>
#include <string.h>

/* A loop's body and the graph around it have no values in common. */
static bool is_around(const rg_graph *outer, const rg_graph *graph)
{
    while (graph && graph != outer)
        graph = graph->outer;
    return graph != NULL;
}

static void refuse_outer(rg_graph *graph, const rg_graph *other, const char *name)
{
    if (other && other != graph && (is_around(other, graph) || is_around(graph, other)))
        rg_graph_fail(graph, "pass it to the loop as carry, scanned or shared value",
                      "%s: an operand is a value from outside the loop's body", name);
}

static rg_val add_node(rg_place at, const rg_val *in, uint32_t n, rg_node node)
{
    rg_graph *graph = NULL;
    for (uint32_t i = 0; i < n && !graph; i++)
        graph = in[i].graph;
    if (!graph)
        return (rg_val){0};
    uint32_t few[4], *ids = n <= RG_COUNT(few) ? few : RG_NEW_ARRAY(uint32_t, n);
    rg_graph_note(graph, at);
    for (uint32_t i = 0; i < n; i++) {
        ids[i] = in[i].graph == graph ? in[i].id : 0;
        refuse_outer(graph, in[i].graph, rg_ops[node.op].name);
    }
    node.n_in = n;
    node.in = ids;
    rg_val ret = rg_node_add(graph, &node);
    if (ids != few)
        rg_free(ids);
    return ret;
}

static rg_val add_leaf(rg_place at, rg_graph *graph, rg_node node)
{
    rg_graph_note(graph, at);
    return rg_node_add(graph, &node);
}

/* Whether a list, which must have an entry for each axis of x, is there. */
static bool is_given(rg_place at, rg_op op, rg_val x, const void *list)
{
    bool given = list || rg_val_shape(x).rank == 0;
    if (!given) {
        rg_graph_note(x.graph, at);
        rg_graph_fail(x.graph, "give an entry for each axis", "%s: a list of axes is NULL",
                      rg_ops[op].name);
    }
    return given;
}

/* The node's attribute starts from zero bytes, unions' unused parts included. */
static rg_node make(rg_op op)
{
    rg_node node;
    memset(&node, 0, sizeof(node));
    node.op = op;
    return node;
}

/* ---- Leaves. */
rg_val rg_input_at(rg_place at, rg_graph *graph, const char *name, rg_dtype dtype,
                   rg_shape shape)
{
    rg_graph_note(graph, at);
    if (!name)
        rg_graph_fail(graph, "give every input a name of its own", "input: its name is NULL");
    name = name ? name : "";
    if (rg_map_get(graph->inputs, name))
        rg_graph_fail(graph, "give every input a name of its own",
                      "input: there is already an input named '%s'", name);
    rg_node node = make(RG_OP_input);
    node.dtype = dtype;
    node.shape = shape;
    node.attr.name = rg_arena_strdup(graph->arena, name);
    rg_val ret = rg_node_add(graph, &node);
    if (graph->err.code == RG_OK)
        rg_map_set(graph->inputs, name, (void *)(uintptr_t)ret.id);
    return ret;
}

rg_val rg_const_at(rg_place at, rg_graph *graph, double value, rg_dtype dtype)
{
    rg_node node = make(RG_OP_const);
    node.dtype = dtype;
    node.attr.value = rg_dtype_round(dtype, value);
    if (isnan(value) && rg_dtype_float(dtype))
        node.attr.value = NAN;
    return add_leaf(at, graph, node);
}

static uint64_t hash_array(const unsigned char *data, size_t bytes)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ data[i]) * 0x100000001b3u;
    return hash;
}

/* What is not, is refused when the node is added; it must not be copied before. */
static bool countable(rg_shape shape, rg_dtype dtype)
{
    double count = shape.rank <= RG_RANK_MAX;
    for (int i = 0; i < shape.rank && i < RG_RANK_MAX; i++)
        count = shape.dim[i] < 0 ? 0 : count * (double)shape.dim[i];
    return count > 0 && count * (double)rg_dtype_bytes(dtype) <= (double)RG_VALUE_BYTES_MAX;
}

rg_val rg_const_array_at(rg_place at, rg_graph *graph, const void *data, rg_dtype dtype,
                         rg_shape shape)
{
    rg_node node = make(RG_OP_array);
    node.dtype = dtype;
    node.shape = shape;
    bool some = countable(shape, dtype);
    rg_graph_note(graph, at);
    if (some && !data)
        rg_graph_fail(graph, "give a number for each element", "array: its data are NULL");
    else if (some) {
        size_t bytes = (size_t)rg_shape_count(shape) * rg_dtype_bytes(dtype);
        void *copy = rg_arena_alloc(graph->arena, bytes);
        if (bytes)
            memcpy(copy, data, bytes);
        node.attr.array.data = copy;
        node.attr.array.hash = hash_array(copy, bytes);
    }
    return add_leaf(at, graph, node);
}

rg_val rg_iota_at(rg_place at, rg_graph *graph, rg_shape shape, int axis, rg_dtype dtype)
{
    rg_node node = make(RG_OP_iota);
    node.dtype = dtype;
    node.shape = shape;
    node.attr.axis = axis;
    return add_leaf(at, graph, node);
}

rg_val rg_random_bits_at(rg_place at, rg_val key, uint32_t site, rg_shape shape)
{
    rg_node node = make(RG_OP_random_bits);
    node.dtype = RG_U32;
    node.shape = shape;
    node.attr.site = site;
    return add_node(at, &key, 1, node);
}

/* ---- Element-wise. */
#define UNARY(name) \
    rg_val rg_##name##_at(rg_place at, rg_val x) \
    { \
        return add_node(at, &x, 1, make(RG_OP_##name)); \
    }
UNARY(neg)
UNARY(exp)
UNARY(log)
UNARY(sin)
UNARY(cos)
UNARY(sqrt)
UNARY(tanh)
UNARY(erf)
UNARY(floor)
UNARY(stop_grad)
UNARY(barrier)

rg_val rg_cast_at(rg_place at, rg_val x, rg_dtype dtype)
{
    rg_node node = make(RG_OP_cast);
    node.dtype = dtype;
    return add_node(at, &x, 1, node);
}

/* The common shape of the operands by NumPy's rule, or a mistake that names both shapes. */
static bool common_shape(rg_graph *graph, const char *name, rg_shape *common, rg_shape other)
{
    rg_shape wide = common->rank >= other.rank ? *common : other;
    rg_shape thin = common->rank >= other.rank ? other : *common;
    for (int i = 0; i < thin.rank; i++) {
        int64_t *dim = &wide.dim[i + wide.rank - thin.rank];
        if (*dim == 1)
            *dim = thin.dim[i];
        if (thin.dim[i] != 1 && thin.dim[i] != *dim) {
            char a[160], b[160];
            rg_shape_text(a, *common);
            rg_shape_text(b, other);
            rg_graph_fail(graph,
                          "shapes are aligned at their last axis; each pair of lengths must be "
                          "equal or hold a 1; insert axes with rg_reshape",
                          "%s: shapes %s and %s do not broadcast", name, a, b);
            return false;
        }
    }
    *common = wide;
    return true;
}

static rg_val element_wise(rg_place at, rg_op op, const rg_val *given, uint32_t n)
{
    rg_val in[3] = {0};
    rg_graph *graph = NULL;
    for (uint32_t i = 0; i < n && !graph; i++)
        graph = given[i].graph;
    if (!graph)
        return (rg_val){0};
    rg_graph_note(graph, at);
    rg_shape common = RG_SCALAR;
    bool fits = true;
    for (uint32_t i = 0; i < n && fits; i++)
        fits = given[i].graph != graph ||
               common_shape(graph, rg_ops[op].name, &common, rg_val_shape(given[i]));
    for (uint32_t i = 0; i < n; i++) {
        bool widen =
            fits && given[i].graph == graph && !rg_shape_same(rg_val_shape(given[i]), common);
        in[i] = widen ? rg_broadcast_at(at, given[i], common) : given[i];
    }
    return add_node(at, in, n, make(op));
}

#define BINARY(name) \
    rg_val rg_##name##_at(rg_place at, rg_val x, rg_val y) \
    { \
        return element_wise(at, RG_OP_##name, (rg_val[]){x, y}, 2); \
    }
BINARY(add)
BINARY(sub)
BINARY(mul)
BINARY(div)
BINARY(max)
BINARY(pow)
BINARY(lt)
BINARY(eq)

rg_val rg_select_at(rg_place at, rg_val condition, rg_val yes, rg_val no)
{
    return element_wise(at, RG_OP_select, (rg_val[]){condition, yes, no}, 3);
}

/* ---- Reductions. */
static rg_val reduce(rg_place at, rg_op op, rg_val x, uint32_t axes, bool keep)
{
    rg_node node = make(op);
    rg_shape shape = rg_val_shape(x);
    uint32_t all = (uint32_t)(((uint64_t)1 << shape.rank) - 1);
    node.attr.axes = axes == RG_ALL_AXES ? all : axes;
    rg_val ret = add_node(at, &x, 1, node);
    if (!keep || !x.graph || x.graph->err.code != RG_OK)
        return ret;
    for (int i = 0; i < shape.rank; i++)
        if (node.attr.axes >> i & 1)
            shape.dim[i] = 1;
    return rg_reshape_at(at, ret, shape);
}

rg_val rg_sum_at(rg_place at, rg_val x, uint32_t axes, bool keep)
{
    return reduce(at, RG_OP_sum, x, axes, keep);
}

rg_val rg_amax_at(rg_place at, rg_val x, uint32_t axes, bool keep)
{
    return reduce(at, RG_OP_amax, x, axes, keep);
}

/* ---- Movement. */
rg_val rg_reshape_at(rg_place at, rg_val x, rg_shape shape)
{
    rg_node node = make(RG_OP_reshape);
    node.dtype = rg_val_dtype(x);
    node.shape = shape;
    return add_node(at, &x, 1, node);
}

rg_val rg_permute_at(rg_place at, rg_val x, const int *order)
{
    rg_node node = make(RG_OP_permute);
    int rank = rg_val_shape(x).rank;
    if (is_given(at, RG_OP_permute, x, order) && rank)
        memcpy(node.attr.order, order, sizeof(int) * (size_t)rank);
    return add_node(at, &x, 1, node);
}

rg_val rg_broadcast_at(rg_place at, rg_val x, rg_shape shape)
{
    rg_node node = make(RG_OP_broadcast);
    node.dtype = rg_val_dtype(x);
    node.shape = shape;
    return add_node(at, &x, 1, node);
}

rg_val rg_slice_at(rg_place at, rg_val x, const int64_t *from, const int64_t *to,
                   const int64_t *step)
{
    rg_node node = make(RG_OP_slice);
    bool given = is_given(at, RG_OP_slice, x, from) && is_given(at, RG_OP_slice, x, to);
    for (int i = 0; given && i < rg_val_shape(x).rank; i++) {
        node.attr.slice.from[i] = from[i];
        node.attr.slice.to[i] = to[i];
        node.attr.slice.step[i] = step ? step[i] : 1;
    }
    return add_node(at, &x, 1, node);
}

rg_val rg_pad_at(rg_place at, rg_val x, const int64_t *before, const int64_t *after,
                 double value)
{
    rg_node node = make(RG_OP_pad);
    bool given = is_given(at, RG_OP_pad, x, before) && is_given(at, RG_OP_pad, x, after);
    for (int i = 0; given && i < rg_val_shape(x).rank; i++) {
        node.attr.pad.before[i] = before[i];
        node.attr.pad.after[i] = after[i];
    }
    node.attr.pad.value = value;
    return add_node(at, &x, 1, node);
}

rg_val rg_concat_at(rg_place at, const rg_val *x, size_t n, int axis)
{
    rg_node node = make(RG_OP_concat);
    node.attr.axis = axis;
    return add_node(at, x, x ? (uint32_t)n : 0, node);
}

rg_val rg_reverse_at(rg_place at, rg_val x, uint32_t axes)
{
    rg_node node = make(RG_OP_reverse);
    uint32_t all = (uint32_t)(((uint64_t)1 << rg_val_shape(x).rank) - 1);
    node.attr.axes = axes == RG_ALL_AXES ? all : axes;
    return add_node(at, &x, 1, node);
}

/* ---- Contraction. */
rg_val rg_dot_at(rg_place at, rg_val x, rg_val y, const rg_dot_axes *given)
{
    static const rg_dot_axes none;
    rg_node node = make(RG_OP_dot);
    rg_dot_axes *own = &node.attr.dot;
    const rg_dot_axes *axes = is_given(at, RG_OP_dot, x, given) && given ? given : &none;
    bool sane = axes->n_batch >= 0 && axes->n_contract >= 0 && axes->n_batch <= RG_RANK_MAX &&
                axes->n_contract <= RG_RANK_MAX;
    if (!sane && x.graph) {
        rg_graph_note(x.graph, at);
        rg_graph_fail(x.graph, "count the axes in the lists",
                      "dot: %d batch axes and %d contracted axes", axes->n_batch,
                      axes->n_contract);
    }
    own->n_batch = sane ? axes->n_batch : 0;
    own->n_contract = sane ? axes->n_contract : 0;
    memcpy(own->batch_x, axes->batch_x, sizeof(int) * (size_t)own->n_batch);
    memcpy(own->batch_y, axes->batch_y, sizeof(int) * (size_t)own->n_batch);
    memcpy(own->contract_x, axes->contract_x, sizeof(int) * (size_t)own->n_contract);
    memcpy(own->contract_y, axes->contract_y, sizeof(int) * (size_t)own->n_contract);
    return add_node(at, (rg_val[]){x, y}, 2, node);
}

rg_val rg_matmul_at(rg_place at, rg_val x, rg_val y)
{
    rg_shape a = rg_val_shape(x), b = rg_val_shape(y);
    if (x.graph && (a.rank < 1 || b.rank != 2 || a.dim[a.rank - 1] != b.dim[0])) {
        char left[160], right[160];
        rg_shape_text(left, a);
        rg_shape_text(right, b);
        rg_graph_note(x.graph, at);
        rg_graph_fail(x.graph, "the last axis of x must be as long as the first axis of y",
                      "matmul: shapes %s and %s do not fit (..., M, K) x (K, N)", left, right);
    }
    rg_dot_axes axes = {.n_contract = 1, .contract_x = {a.rank - 1}};
    return rg_dot_at(at, x, y, &axes);
}

/* ---- Convolution.  What was left at 0 is filled in, so that equal nodes have equal bytes. */
static int64_t or_one(int64_t given)
{
    return given ? given : 1;
}

rg_val rg_conv_at(rg_place at, rg_val x, rg_val w, const rg_conv_axes *axes)
{
    static const rg_conv_axes plain;
    const rg_conv_axes *given = axes ? axes : &plain;
    rg_node node = make(RG_OP_conv);
    rg_conv_axes *own = &node.attr.conv;
    for (int i = 0; i < rg_val_shape(x).rank - 2; i++) {
        own->stride[i] = or_one(given->stride[i]);
        own->lo[i] = given->lo[i];
        own->hi[i] = given->hi[i];
        own->dilate_x[i] = or_one(given->dilate_x[i]);
        own->dilate_w[i] = or_one(given->dilate_w[i]);
    }
    own->groups = or_one(given->groups);
    return add_node(at, (rg_val[]){x, w}, 2, node);
}

/* ---- Indexing. */
rg_val rg_gather_at(rg_place at, rg_val x, rg_val indices, int axis)
{
    rg_node node = make(RG_OP_gather);
    node.attr.axis = axis;
    return add_node(at, (rg_val[]){x, indices}, 2, node);
}

static rg_val scatter(rg_place at, rg_op op, rg_shape shape, rg_val indices, rg_val updates,
                      int axis)
{
    rg_node node = make(op);
    node.dtype = rg_val_dtype(updates);
    node.shape = shape;
    node.attr.axis = axis;
    return add_node(at, (rg_val[]){indices, updates}, 2, node);
}

rg_val rg_scatter_add_at(rg_place at, rg_shape shape, rg_val indices, rg_val updates, int axis)
{
    return scatter(at, RG_OP_scatter_add, shape, indices, updates, axis);
}

rg_val rg_scatter_max_at(rg_place at, rg_shape shape, rg_val indices, rg_val updates, int axis)
{
    return scatter(at, RG_OP_scatter_max, shape, indices, updates, axis);
}

rg_val rg_argsort_at(rg_place at, rg_val x, int axis, bool descending)
{
    rg_node node = make(RG_OP_argsort);
    node.attr.sort.axis = axis;
    node.attr.sort.descending = descending;
    return add_node(at, &x, 1, node);
}

/* ---- Recurrence. */
rg_val rg_linrec_at(rg_place at, rg_val a, rg_val b, int axis, bool reverse)
{
    rg_node node = make(RG_OP_linrec);
    node.attr.recurrence.axis = axis;
    node.attr.recurrence.reverse = reverse;
    return add_node(at, (rg_val[]){a, b}, 2, node);
}
