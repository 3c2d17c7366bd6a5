/* graph.c - the container: nodes, places, the sticky error, and equal nodes made once. */
#include "engine/ir/node.h"

#include <stdio.h>
#include <string.h>

const rg_op_info rg_ops[RG_OPS] = {
#define RG_OP(name, operands, kind, attribute, shape, vjp, batch, reference, kernel, doc) \
    {#name, operands, RG_KIND_##kind, doc},
#include "engine/ir/ops.def"
};

rg_graph *rg_graph_new(void)
{
    rg_graph *graph = RG_NEW(rg_graph);
    graph->arena = rg_arena_new();
    graph->inputs = rg_map_new();
    rg_vec_push(&graph->node, ((rg_node){0}));
    return graph;
}

void rg_graph_free(rg_graph *graph)
{
    if (!graph)
        return;
    rg_map_free(graph->inputs);
    rg_map_free(graph->bodies);
    rg_arena_free(graph->arena);
    rg_vec_free(&graph->node);
    rg_free(graph->known.id);
    rg_free(graph);
}

const rg_err *rg_graph_error(const rg_graph *graph)
{
    return &graph->err;
}

size_t rg_graph_count(const rg_graph *graph)
{
    return graph->node.len - 1;
}

void rg_graph_spread(const rg_graph *graph, bool *marked)
{
    for (size_t id = rg_graph_count(graph); id > 0; id--) {
        const rg_node *node = rg_node_of(graph, (uint32_t)id);
        for (uint32_t i = 0; marked[id] && i < node->n_in; i++)
            marked[node->in[i]] = true;
    }
}

/* ---- Places and errors. */
void rg_graph_note(rg_graph *graph, rg_place at)
{
    if (graph->pins == 0)
        graph->at = at;
}

void rg_graph_at(rg_graph *graph, const char *file, int line)
{
    rg_graph_note(graph, (rg_place){file, line});
}

void rg_graph_pin(rg_graph *graph, rg_place at)
{
    rg_graph_note(graph, at);
    graph->pins++;
}

void rg_graph_unpin(rg_graph *graph)
{
    if (graph->pins == 0)
        RG_BUG("rg_graph_unpin without rg_graph_pin");
    graph->pins--;
}

void rg_graph_fail(rg_graph *graph, const char *remedy, const char *fmt, ...)
{
    if (!graph || graph->err.code != RG_OK)
        return;
    char where[sizeof(graph->err.where)] = "", what[sizeof(graph->err.what)];
    if (graph->at.file && graph->at.line)
        snprintf(where, sizeof(where), "%s:%d", rg_path_base(graph->at.file), graph->at.line);
    else if (graph->at.file)
        snprintf(where, sizeof(where), "%s", rg_path_base(graph->at.file));
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    rg_fail(&graph->err, RG_INPUT, where, remedy, "%s", what);
}

/* ---- Equal nodes made once. */
static uint64_t hash_bytes(uint64_t hash, const void *data, size_t bytes)
{
    const unsigned char *at = data;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ at[i]) * 0x100000001b3u;
    return hash;
}

/* FNV-1a over everything but the place. */
static uint64_t node_hash(const rg_node *node)
{
    uint64_t hash = 0xcbf29ce484222325u;
    hash = hash_bytes(hash, &node->op, sizeof(node->op));
    hash = hash_bytes(hash, &node->dtype, sizeof(node->dtype));
    hash = hash_bytes(hash, node->shape.dim, sizeof(int64_t) * (size_t)node->shape.rank);
    hash = hash_bytes(hash, node->in, sizeof(uint32_t) * node->n_in);
    if (node->op == RG_OP_array)
        return hash_bytes(hash, &node->attr.array.hash, sizeof(uint64_t));
    return hash_bytes(hash, &node->attr, sizeof(node->attr));
}

static bool node_same(const rg_node *a, const rg_node *b)
{
    if (a->op != b->op || a->dtype != b->dtype || !rg_shape_same(a->shape, b->shape) ||
        a->n_in != b->n_in || (a->n_in && memcmp(a->in, b->in, sizeof(*a->in) * a->n_in) != 0))
        return false;
    if (a->op != RG_OP_array)
        return memcmp(&a->attr, &b->attr, sizeof(a->attr)) == 0; /* NOLINT: see build.c */
    size_t bytes = (size_t)rg_shape_count(a->shape) * rg_dtype_bytes(a->dtype);
    return a->attr.array.hash == b->attr.array.hash &&
           (bytes == 0 || memcmp(a->attr.array.data, b->attr.array.data, bytes) == 0);
}

static uint32_t *known_slot(rg_graph *graph, const rg_node *node)
{
    size_t mask = graph->known.cap - 1;
    for (size_t i = node_hash(node) & mask;; i = (i + 1) & mask) {
        uint32_t *id = &graph->known.id[i];
        if (*id == 0 || node_same(rg_node_of(graph, *id), node))
            return id;
    }
}

static void known_grow(rg_graph *graph)
{
    if (2 * graph->known.len < graph->known.cap)
        return;
    uint32_t *old = graph->known.id;
    size_t old_cap = graph->known.cap;
    graph->known.cap = old_cap ? 2 * old_cap : 256;
    graph->known.id = RG_NEW_ARRAY(uint32_t, graph->known.cap);
    for (size_t i = 0; i < old_cap; i++)
        if (old[i])
            *known_slot(graph, rg_node_of(graph, old[i])) = old[i];
    rg_free(old);
}

/* ---- Adding. */
static rg_val poison(rg_graph *graph)
{
    if (graph->poison == 0) {
        graph->poison = (uint32_t)graph->node.len;
        rg_vec_push(&graph->node, ((rg_node){.op = RG_OP_const, .at = graph->at}));
    }
    return (rg_val){graph, graph->poison};
}

static bool shape_fits(rg_graph *graph, const rg_node *node)
{
    char text[160];
    if (node->shape.rank < 0 || node->shape.rank > RG_RANK_MAX) {
        rg_graph_fail(graph, "merge axes with rg_reshape",
                      "%s: %d axes; at most %d are possible", rg_ops[node->op].name,
                      node->shape.rank, RG_RANK_MAX);
        return false;
    }
    int64_t bytes = (int64_t)rg_dtype_bytes(node->dtype);
    bool big = false;
    for (int i = 0; i < node->shape.rank; i++) {
        int64_t dim = node->shape.dim[i];
        if (dim < 0) {
            rg_graph_fail(graph, "give lengths of 0 or more", "%s: axis %d has length %lld",
                          rg_ops[node->op].name, i, (long long)dim);
            return false;
        }
        big |= dim > RG_VALUE_BYTES_MAX / bytes;
        bytes = big || dim == 0 ? bytes : bytes * dim;
    }
    if (!big)
        return true;
    rg_shape_text(text, node->shape);
    rg_graph_fail(graph, "use smaller dimensions, or work on it in parts",
                  "%s: a value of shape %s and type %s takes more than %lld GiB",
                  rg_ops[node->op].name, text, rg_dtype_name(node->dtype),
                  (long long)(RG_VALUE_BYTES_MAX >> 30));
    return false;
}

static bool type_fits(rg_graph *graph, const rg_node *node)
{
    return (size_t)node->dtype < RG_DTYPES ||
           (rg_graph_fail(graph, "use RG_F32, RG_F64, RG_I32, RG_U32, RG_BOOL or RG_BF16",
                          "%s: there is no type %d", rg_ops[node->op].name, (int)node->dtype),
            false);
}

static bool operands_fit(rg_graph *graph, const rg_node *node)
{
    for (uint32_t i = 0; i < node->n_in; i++)
        if (node->in[i] == 0 || node->in[i] >= graph->node.len) {
            rg_graph_fail(graph, "pass values made in this graph",
                          "%s: operand %u is no value of this graph", rg_ops[node->op].name,
                          i + 1);
            return false;
        }
    return true;
}

static void shape_clear_tail(rg_shape *shape)
{
    for (int i = shape->rank; i < RG_RANK_MAX; i++)
        shape->dim[i] = 0;
}

rg_val rg_node_add(rg_graph *graph, const rg_node *wanted)
{
    rg_node node = *wanted;
    if (graph->err.code != RG_OK || !type_fits(graph, &node) || !operands_fit(graph, &node) ||
        !shape_fits(graph, &node) || !rg_shape_rule(graph, &node) || !shape_fits(graph, &node))
        return poison(graph);
    shape_clear_tail(&node.shape);
    rg_val simpler = rg_simplify(graph, &node);
    for (uint32_t i = 0; simpler.id && i < node.n_in; i++)
        graph->node.at[node.in[i]].read = true;
    if (simpler.id)
        return simpler;
    known_grow(graph);
    uint32_t *slot = known_slot(graph, &node);
    if (*slot == 0) {
        uint32_t *in = RG_ARENA_ARRAY(graph->arena, uint32_t, node.n_in);
        if (node.n_in)
            memcpy(in, node.in, sizeof(*in) * node.n_in);
        node.in = in;
        node.at = graph->at;
        *slot = (uint32_t)graph->node.len;
        graph->known.len++;
        rg_vec_push(&graph->node, node);
    }
    return (rg_val){graph, *slot};
}

/* ---- Looking at values. */
rg_shape rg_val_shape(rg_val x)
{
    return x.graph ? rg_node_of(x.graph, x.id)->shape : RG_SCALAR;
}

rg_dtype rg_val_dtype(rg_val x)
{
    return x.graph ? rg_node_of(x.graph, x.id)->dtype : RG_F32;
}

int64_t rg_val_count(rg_val x)
{
    return rg_shape_count(rg_val_shape(x));
}
