/* forward.c - forward mode, got by transposing reverse mode: no operation needs a second rule.
 *
 * For one result y and a stand-in u for its cotangent, reverse mode gives g(u) = (dy/dx)^T u,
 * which is linear in u.  Reverse mode of g, with the tangent t as cotangent, gives its
 * transpose applied to t: (dg/du)^T t = (dy/dx) t.  The rules of linear operations do not read
 * their operands, so nothing of the result depends on u, and the first pass is dead code. */
#include "engine/ir/transform.h"

#include <string.h>

/* An input without a place among the graph's inputs: its name is its own copy, so it equals no
 * other, and nobody can fill it. */
static rg_val stand_in(rg_graph *graph, rg_val like)
{
    rg_node node;
    memset(&node, 0, sizeof(node)); /* nodes are compared by their bytes */
    node.op = RG_OP_input;
    node.dtype = rg_dtype_tangent(rg_val_dtype(like));
    node.shape = rg_val_shape(like);
    node.attr.name = rg_arena_strdup(graph->arena, "cotangent");
    return rg_node_add(graph, &node);
}

/* The values are forward mode's: nothing has been forgotten yet, so nothing is computed twice.
 */
static void push_forward(rg_graph *graph, rg_values y, rg_values x, rg_values tangents,
                         rg_val *ret)
{
    rg_val *u = RG_NEW_ARRAY(rg_val, y.n + 1), *g = RG_NEW_ARRAY(rg_val, x.n + 1);
    for (size_t j = 0; j < y.n; j++)
        u[j] = stand_in(graph, y.at[j]);
    rg_pull_back(graph, y, u, x, false, g);
    rg_pull_back(graph, (rg_values){"cotangent", g, x.n}, tangents.at,
                 (rg_values){"stand-in", u, y.n}, false, ret);
    rg_free(u);
    rg_free(g);
}

void rg_jvp_at(rg_place at, const rg_val *y, size_t m, const rg_val *x, const rg_val *tangent,
               size_t n, rg_val *ret)
{
    rg_values results = {"result", y, m}, values = {"value", x, n};
    rg_values tangents = {"tangent", tangent, n};
    rg_graph *graph = rg_transform_open(at, results, values);
    bool fits = graph && rg_values_room(graph, "jvp", m, ret) &&
                rg_values_float(graph, "jvp", results) &&
                rg_values_float(graph, "jvp", values) &&
                rg_values_exist(graph, "jvp", tangents) &&
                rg_values_tangent(graph, "jvp", tangents, values);
    if (fits)
        push_forward(graph, results, values, tangents, ret);
    rg_transform_close(graph, fits, m, ret);
}

void rg_hvp_at(rg_place at, rg_val loss, const rg_val *x, const rg_val *tangent, size_t n,
               rg_val *ret)
{
    rg_val *g = RG_NEW_ARRAY(rg_val, n + 1);
    rg_grad_at(at, loss, x, n, g);
    rg_jvp_at(at, g, n, x, tangent, n, ret);
    rg_free(g);
}
