/* substitute.c - the same values at other arguments: f(x) and a value for x give f(that).  Only
 * what stands between the arguments and the values asked for is made again: a copy of anything
 * else is its equal, the original. */
#include "engine/ir/import.h"
#include "engine/ir/transform.h"

void rg_substitute_at(rg_place at, const rg_val *values, size_t n_values, const rg_val *from,
                      const rg_val *to, size_t n, rg_val *ret)
{
    rg_values wanted = {"value", values, n_values}, old = {"argument", from, n};
    rg_values new = {"replacement", to, n};
    rg_graph *graph = rg_transform_open(at, wanted, old);
    bool fits = graph && rg_values_room(graph, "substitute", n_values, ret) &&
                rg_values_exist(graph, "substitute", wanted) &&
                rg_values_exist(graph, "substitute", old) &&
                rg_values_exist(graph, "substitute", new) &&
                rg_values_alike(graph, "substitute", new, old);
    if (fits)
        rg_import(graph, graph, from, to, n, values, n_values, ret);
    rg_transform_close(graph, fits, n_values, ret);
}
