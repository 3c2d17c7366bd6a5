/* grad.c - reverse mode: one walk from the results back to the values asked for.
 *
 * Ids are in topological order, so walking them downwards meets every user of a value before
 * the value itself, and its cotangent is complete when its rule runs.  Nodes made by a rule
 * keep the source line of the operation that they differentiate. */
#include "engine/ir/loop.h"
#include "engine/ir/transform.h"
#include "engine/ir/vjp.h"

#include <string.h>

bool rg_vjp_needs(const rg_vjp *v, size_t i)
{
    return v->wanted[v->own[i]];
}

static void add_to(rg_val *total, rg_val cotangent)
{
    *total = total->id ? rg_add(*total, cotangent) : cotangent;
}

void rg_vjp_give(rg_vjp *v, size_t i, rg_val cotangent)
{
    add_to(&v->total[v->own[i]], cotangent);
}

/* Which values depend, through derivatives, on one of x? */
static bool *mark_wanted(const rg_graph *graph, size_t count, rg_values x)
{
    bool *wanted = RG_NEW_ARRAY(bool, count + 1);
    for (size_t i = 0; i < x.n; i++)
        wanted[x.at[i].id] = true;
    for (size_t id = 1; id <= count; id++) {
        const rg_node *node = rg_node_of(graph, (uint32_t)id);
        bool smooth = rg_dtype_float(node->dtype) && node->op != RG_OP_stop_grad;
        for (uint32_t i = 0; smooth && i < node->n_in; i++)
            wanted[id] |= wanted[node->in[i]];
    }
    return wanted;
}

/* The rule reads the node's value and operands, or what they are when computed again. */
static void run_rule(rg_vjp *v, uint32_t id, rg_rebuild *again)
{
    v->node = *rg_node_of(v->graph, id);
    v->own = v->node.in;
    v->g = v->total[id];
    rg_place outer = v->graph->at;
    v->graph->at = v->node.at;
    uint32_t few[4], n = v->node.n_in, *in = n <= 4 ? few : RG_NEW_ARRAY(uint32_t, n);
    for (uint32_t i = 0; again && i < n; i++)
        in[i] = rg_rebuild_value(again, v->own[i]);
    if (again)
        v->node.in = in;
    v->y = (rg_val){v->graph, again ? rg_rebuild_value(again, id) : id};
    rg_vjp_rule(v->node.op, v);
    if (in != few)
        rg_free(in);
    v->graph->at = outer;
}

/* Siblings of a loop share one rule, which runs at the lowest of them: all their cotangents are
 * complete by then. */
static bool rule_is_due(const rg_vjp *v, uint32_t id)
{
    const rg_node *node = rg_node_of(v->graph, id);
    if (node->op != RG_OP_loop)
        return v->wanted[id] && v->total[id].id;
    bool due = false;
    for (uint32_t r = 0; node->attr.loop.result == 0 && r < rg_loop_results(node); r++)
        due |= v->wanted[id + r] && v->total[id + r].id;
    return due;
}

void rg_pull_back(rg_graph *graph, rg_values y, const rg_val *cotangent, rg_values x,
                  bool remat, rg_val *ret)
{
    size_t count = rg_graph_count(graph);
    bool *wanted = mark_wanted(graph, count, x);
    rg_val *total = RG_NEW_ARRAY(rg_val, count + 1);
    rg_rebuild again = rg_rebuild_open(graph);
    rg_vjp v = {.graph = graph, .total = total, .wanted = wanted};
    for (size_t j = 0; j < y.n; j++)
        add_to(&total[y.at[j].id], cotangent[j]);
    for (uint32_t id = (uint32_t)count; id > 0; id--)
        if (rule_is_due(&v, id))
            run_rule(&v, id, remat ? &again : NULL);
    for (size_t i = 0; i < x.n; i++) {
        rg_val zero = rg_const(graph, 0, rg_dtype_tangent(rg_val_dtype(x.at[i]))),
               sum = total[x.at[i].id];
        ret[i] = sum.id ? sum : rg_broadcast(zero, rg_val_shape(x.at[i]));
    }
    rg_rebuild_close(&again);
    rg_free(wanted);
    rg_free(total);
}

void rg_vjp_at(rg_place at, const rg_val *y, const rg_val *cotangent, size_t m, const rg_val *x,
               size_t n, rg_val *ret)
{
    rg_values results = {"result", y, m}, values = {"value", x, n};
    rg_values cotangents = {"cotangent", cotangent, m};
    rg_graph *graph = rg_transform_open(at, results, values);
    bool fits = graph && rg_values_room(graph, "vjp", n, ret) &&
                rg_values_float(graph, "vjp", results) &&
                rg_values_float(graph, "vjp", values) &&
                rg_values_exist(graph, "vjp", cotangents) &&
                rg_values_tangent(graph, "vjp", cotangents, results);
    if (fits)
        rg_pull_back(graph, results, cotangent, values, true, ret);
    rg_transform_close(graph, fits, n, ret);
}

static bool is_loss(rg_val loss)
{
    char text[160];
    if (rg_val_shape(loss).rank != 0 || !rg_dtype_float(rg_val_dtype(loss))) {
        rg_shape_text(text, rg_val_shape(loss));
        rg_graph_fail(loss.graph, "reduce it with rg_sum(x, RG_ALL_AXES, false)",
                      "grad: the loss has shape %s and type %s; expected a float scalar", text,
                      rg_dtype_name(rg_val_dtype(loss)));
    }
    return rg_graph_error(loss.graph)->code == RG_OK;
}

void rg_grad_at(rg_place at, rg_val loss, const rg_val *x, size_t n, rg_val *ret)
{
    rg_values losses = {"loss", &loss, 1}, values = {"value", x, n};
    rg_graph *graph = rg_transform_open(at, losses, values);
    bool fits = graph && rg_values_room(graph, "grad", n, ret) &&
                rg_values_exist(graph, "grad", losses) && is_loss(loss) &&
                rg_values_float(graph, "grad", values);
    if (fits) {
        rg_val one = rg_const(graph, 1, rg_dtype_tangent(rg_val_dtype(loss)));
        rg_pull_back(graph, losses, &one, values, true, ret);
    }
    rg_transform_close(graph, fits, n, ret);
}
