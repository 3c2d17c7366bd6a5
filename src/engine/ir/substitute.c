/* substitute.c - the same values at other arguments: f(x) and a value for x give f(that).  Only
 * what stands between the arguments and the values asked for is made again: a copy of anything
 * else is its equal, the original. */
#include "engine/ir/import.h"

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

void rg_substitute_at(rg_place at, const rg_val *values, size_t n_values, const rg_val *from,
                      const rg_val *to, size_t n, rg_val *ret)
{
    if (!n_values || !values[0].graph)
        return;
    rg_graph *graph = values[0].graph;
    rg_graph_pin(graph, at);
    if (replaceable(graph, from, to, n))
        rg_import(graph, graph, from, to, n, values, n_values, ret);
    else
        for (size_t i = 0; i < n_values; i++)
            ret[i] = values[i];
    rg_graph_unpin(graph);
}
