/* cast_graph.c - a graph's floats in another type, for mixed precision or for a judge in f64.
 *
 * A walk up the ids builds every value that the results need once more, with `to` for `from`.
 * Each value of type `from` then has up to two forms, one in each type; a form that is missing
 * is cast from the other when it is first read, so that no value is rounded twice.
 *
 * bf16 cannot be computed with: there it is the operands of products that are cast, as in PyTorch's
 * autocast, and their results are f32 at once. */
#include "engine/ir/loop.h"
#include "engine/ir/transform.h"

typedef struct caster {
    rg_graph *graph;
    rg_dtype from, to;
    rg_val *in_from, *in_to; /* by id; values of other types have the first form only */
    bool *needed, *keep;     /* by id */
    bool *factor;            /* to bf16: products read it */
} caster;

static bool multiplies(const rg_node *node)
{
    return node->op == RG_OP_dot || node->op == RG_OP_conv;
}

/* bf16 goes before what only moves elements, so that products still read these moves in place. */
static bool moves(const rg_node *node)
{
    return node->op == RG_OP_reshape || node->op == RG_OP_permute || node->op == RG_OP_slice ||
           node->op == RG_OP_broadcast || node->op == RG_OP_reverse;
}

static bool is_moved(const caster *c, uint32_t id)
{
    return moves(rg_node_of(c->graph, id)) && !c->keep[id];
}

/* What products read, through moves: that has a form in bf16. */
static void mark_factors(caster *c)
{
    for (uint32_t id = (uint32_t)rg_graph_count(c->graph); id > 0; id--) {
        const rg_node *node = rg_node_of(c->graph, id);
        bool product = c->needed[id] && multiplies(node) && !c->keep[id];
        for (uint32_t i = 0; product && i < node->n_in; i++)
            c->factor[node->in[i]] = true;
        if (c->factor[id] && is_moved(c, id))
            c->factor[node->in[0]] = true;
    }
}

/* The form in the wanted type, cast from the other one if need be. */
static rg_val form(caster *c, uint32_t id, rg_dtype wanted)
{
    bool as_to = wanted == c->to && rg_node_of(c->graph, id)->dtype == c->from;
    rg_val *own = as_to ? &c->in_to[id] : &c->in_from[id];
    if (!own->id)
        *own = rg_cast(as_to ? c->in_from[id] : c->in_to[id], as_to ? c->to : c->from);
    return *own;
}

/* Siblings of a loop are made together: reverse mode looks for them side by side. */
static rg_val add(rg_graph *graph, const rg_node *node)
{
    return node->op == RG_OP_loop ? rg_loop_add(graph, node) : rg_node_add(graph, node);
}

/* The type in which a node reads its floats.  The body of a loop has types of its own, and bf16
 * only multiplies. */
static rg_dtype type_of(const caster *c, uint32_t id, const rg_node *node)
{
    bool stays =
        c->keep[id] || node->op == RG_OP_loop || (c->to == RG_BF16 && !multiplies(node));
    return stays ? c->from : c->to;
}

static void build(caster *c, uint32_t id)
{
    rg_node node = *rg_node_of(c->graph, id);
    bool is_from = node.dtype == c->from;
    if (node.n_in == 0) {
        c->in_from[id] = (rg_val){c->graph, id};
        return;
    }
    rg_dtype type = type_of(c, id, &node);
    uint32_t *in = RG_NEW_ARRAY(uint32_t, node.n_in);
    for (uint32_t i = 0; i < node.n_in; i++)
        in[i] = form(c, node.in[i], type).id;
    node.in = in;
    node.dtype = is_from ? type : node.dtype;
    rg_val made = add(c->graph, &node);
    if (is_from && rg_val_dtype(made) == c->to)
        c->in_to[id] = made;
    else
        c->in_from[id] = is_from ? rg_cast(made, c->from) : made;
    rg_free(in);
}

static void build_factor(caster *c, uint32_t id)
{
    rg_node node = *rg_node_of(c->graph, id);
    if (!is_moved(c, id) || node.dtype != c->from) {
        form(c, id, c->to);
        return;
    }
    uint32_t in = c->in_to[node.in[0]].id;
    node.in = &in;
    node.dtype = c->to;
    c->in_to[id] = rg_node_add(c->graph, &node);
}

/* What is made stands at the place of what it is made of. */
static void build_forms(caster *c, uint32_t id)
{
    rg_place outer = c->graph->at;
    c->graph->at = rg_node_of(c->graph, id)->at;
    build(c, id);
    if (c->factor[id])
        build_factor(c, id);
    c->graph->at = outer;
}

static caster open_caster(rg_graph *graph, rg_values y, rg_values keep)
{
    size_t count = rg_graph_count(graph);
    caster c = {.graph = graph,
                .in_from = RG_NEW_ARRAY(rg_val, count + 1),
                .in_to = RG_NEW_ARRAY(rg_val, count + 1),
                .needed = rg_values_needed(graph, y),
                .keep = RG_NEW_ARRAY(bool, count + 1),
                .factor = RG_NEW_ARRAY(bool, count + 1)};
    for (size_t i = 0; i < keep.n; i++)
        c.keep[keep.at[i].id] = true;
    return c;
}

static void close_caster(caster *c)
{
    rg_free(c->in_from);
    rg_free(c->in_to);
    rg_free(c->needed);
    rg_free(c->keep);
    rg_free(c->factor);
}

static bool float_types(rg_graph *graph, rg_dtype from, rg_dtype to)
{
    if (!rg_dtype_float(from) || !rg_dtype_float(to) || from == to)
        rg_graph_fail(graph, "name two different types of floats", "cast_graph: from %s to %s",
                      rg_dtype_name(from), rg_dtype_name(to));
    return rg_graph_error(graph)->code == RG_OK;
}

static void cast_all(rg_graph *graph, rg_values y, rg_values keep, rg_dtype from, rg_dtype to,
                     rg_val *ret)
{
    size_t count = rg_graph_count(graph);
    caster c = open_caster(graph, y, keep);
    c.from = from;
    c.to = to;
    if (to == RG_BF16)
        mark_factors(&c);
    for (uint32_t id = 1; id <= count; id++)
        if (c.needed[id])
            build_forms(&c, id);
    for (size_t j = 0; j < y.n; j++)
        ret[j] = form(&c, y.at[j].id, from);
    close_caster(&c);
}

void rg_cast_graph_at(rg_place at, const rg_val *y, size_t m, rg_dtype from, rg_dtype to,
                      const rg_val *keep, size_t n, rg_val *ret)
{
    rg_values results = {"result", y, m}, kept = {"kept value", keep, n};
    rg_graph *graph = rg_transform_open(at, results, kept);
    bool fits = graph && rg_values_room(graph, "cast_graph", m, ret) &&
                float_types(graph, from, to) && rg_values_exist(graph, "cast_graph", results) &&
                rg_values_exist(graph, "cast_graph", kept);
    if (fits)
        cast_all(graph, results, kept, from, to, ret);
    rg_transform_close(graph, fits, m, ret);
}
