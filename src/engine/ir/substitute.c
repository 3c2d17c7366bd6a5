/* substitute.c - the same values at other arguments: f(x) and a value for x give f(that).
 *
 * Ids are in topological order, so one walk upwards meets operands before their users.  Only
 * what stands between the arguments and the values asked for is made again. */
#include "engine/ir/node.h"

typedef struct substitution {
    rg_graph *graph;
    size_t count;  /* nodes before the walk */
    uint32_t *now; /* what each of them is replaced by; itself at first */
    bool *needed;  /* do the values asked for depend on it? */
} substitution;

static void mark_needed(substitution *s, const rg_val *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        s->needed[values[i].id] = true;
    for (size_t id = s->count; id > 0; id--) {
        const rg_node *node = rg_node_of(s->graph, (uint32_t)id);
        for (uint32_t i = 0; s->needed[id] && i < node->n_in; i++)
            s->needed[node->in[i]] = true;
    }
}

/* The node with its operands replaced; the node itself when none is. */
static uint32_t again(substitution *s, uint32_t id)
{
    rg_node node = *rg_node_of(s->graph, id);
    uint32_t few[4], *in = node.n_in <= RG_COUNT(few) ? few : RG_NEW_ARRAY(uint32_t, node.n_in);
    bool differs = false;
    for (uint32_t i = 0; i < node.n_in; i++) {
        in[i] = s->now[node.in[i]];
        differs |= in[i] != node.in[i];
    }
    node.in = in;
    rg_place outer = s->graph->at;
    s->graph->at = node.at;
    uint32_t ret = differs ? rg_node_add(s->graph, &node).id : id;
    s->graph->at = outer;
    if (in != few)
        rg_free(in);
    return ret;
}

static bool replaceable(rg_graph *graph, const rg_val *from, const rg_val *to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (from[i].graph != graph || to[i].graph != graph ||
            rg_val_dtype(from[i]) != rg_val_dtype(to[i]) ||
            !rg_shape_same(rg_val_shape(from[i]), rg_val_shape(to[i])))
            rg_graph_fail(graph, "replace a value by one of its own type and shape",
                          "substitute: replacement %zu does not fit", i + 1);
    return rg_graph_error(graph)->code == RG_OK;
}

static void walk_up(substitution *s, const rg_val *from, const rg_val *to, size_t n)
{
    for (size_t id = 1; id <= s->count; id++)
        s->now[id] = (uint32_t)id;
    for (size_t i = 0; i < n; i++)
        s->now[from[i].id] = to[i].id;
    for (size_t id = 1; id <= s->count; id++)
        if (s->needed[id] && s->now[id] == id)
            s->now[id] = again(s, (uint32_t)id);
}

void rg_substitute_at(rg_place at, const rg_val *values, size_t n_values, const rg_val *from,
                      const rg_val *to, size_t n, rg_val *ret)
{
    if (!n_values || !values[0].graph)
        return;
    rg_graph *graph = values[0].graph;
    rg_graph_pin(graph, at);
    size_t count = rg_graph_count(graph);
    substitution s = {graph, count, RG_NEW_ARRAY(uint32_t, count + 1),
                      RG_NEW_ARRAY(bool, count + 1)};
    bool fits = replaceable(graph, from, to, n);
    if (fits) {
        mark_needed(&s, values, n_values);
        walk_up(&s, from, to, n);
    }
    for (size_t i = 0; i < n_values; i++)
        ret[i] = fits ? (rg_val){graph, s.now[values[i].id]} : values[i];
    rg_free(s.now);
    rg_free(s.needed);
    rg_graph_unpin(graph);
}
