/* grad.c - reverse mode: one walk from the loss back to the values asked for.
 *
 * Ids are in topological order, so walking them downwards meets every user of a value before
 * the value itself, and its cotangent is complete when its rule runs.  Nodes made by a rule
 * keep the source line of the operation that they differentiate. */
#include "engine/ir/loop.h"
#include "engine/ir/vjp.h"

bool rg_vjp_needs(const rg_vjp *v, size_t i)
{
    return v->wanted[v->node.in[i]];
}

void rg_vjp_give(rg_vjp *v, size_t i, rg_val cotangent)
{
    rg_val *total = &v->total[v->node.in[i]];
    *total = total->id ? rg_add(*total, cotangent) : cotangent;
}

/* Which values depend, through derivatives, on one of x? */
static bool *mark_wanted(const rg_graph *graph, size_t count, const rg_val *x, size_t n)
{
    bool *wanted = RG_NEW_ARRAY(bool, count + 1);
    for (size_t i = 0; i < n; i++)
        if (x[i].graph == graph)
            wanted[x[i].id] = true;
    for (size_t id = 1; id <= count; id++) {
        const rg_node *node = rg_node_of(graph, (uint32_t)id);
        bool smooth = rg_dtype_float(node->dtype) && node->op != RG_OP_stop_grad;
        for (uint32_t i = 0; smooth && i < node->n_in; i++)
            wanted[id] |= wanted[node->in[i]];
    }
    return wanted;
}

static bool differentiable(rg_val loss, const rg_val *x, size_t n)
{
    rg_graph *graph = loss.graph;
    char text[160];
    if (rg_val_shape(loss).rank != 0 || !rg_dtype_float(rg_val_dtype(loss))) {
        rg_shape_text(text, rg_val_shape(loss));
        rg_graph_fail(graph, "reduce it with rg_sum(x, RG_ALL_AXES, false)",
                      "grad: the loss has shape %s and type %s; expected a float scalar", text,
                      rg_dtype_name(rg_val_dtype(loss)));
    }
    for (size_t i = 0; i < n; i++) {
        if (x[i].graph != graph)
            rg_graph_fail(graph, "pass values made in this graph",
                          "grad: value %zu is no value of this graph", i + 1);
        else if (!rg_dtype_float(rg_val_dtype(x[i])))
            rg_graph_fail(graph, "differentiate by f32 or f64 values",
                          "grad: value %zu has type %s", i + 1,
                          rg_dtype_name(rg_val_dtype(x[i])));
    }
    return rg_graph_error(graph)->code == RG_OK;
}

/* Siblings of a loop share one rule, which runs at the lowest of them: all their cotangents are
 * complete by then. */
static bool rule_is_due(const rg_graph *graph, uint32_t id, const rg_vjp *v)
{
    const rg_node *node = rg_node_of(graph, id);
    if (node->op != RG_OP_loop)
        return v->wanted[id] && v->total[id].id;
    bool due = false;
    for (uint32_t r = 0; node->attr.loop.result == 0 && r < rg_loop_results(node); r++)
        due |= v->wanted[id + r] && v->total[id + r].id;
    return due;
}

static void walk_back(rg_graph *graph, uint32_t from, rg_vjp *v)
{
    for (uint32_t id = from; id > 0; id--) {
        if (!rule_is_due(graph, id, v))
            continue;
        v->node = *rg_node_of(graph, id);
        v->y = (rg_val){graph, id};
        v->g = v->total[id];
        rg_place outer = graph->at;
        graph->at = v->node.at;
        rg_vjp_rule(v->node.op, v);
        graph->at = outer;
    }
}

void rg_vjp_at(rg_place at, const rg_val *y, const rg_val *cotangent, size_t n_y,
               const rg_val *x, size_t n_x, rg_val *ret)
{
    if (n_x == 0)
        return;
    rg_graph *graph = x[0].graph;
    rg_graph_pin(graph, at);
    size_t count = rg_graph_count(graph);
    bool *wanted = mark_wanted(graph, count, x, n_x);
    rg_val *total = RG_NEW_ARRAY(rg_val, count + 1);
    uint32_t last = 0;
    for (size_t i = 0; i < n_y; i++) {
        rg_val *sum = &total[y[i].id];
        *sum = sum->id ? rg_add(*sum, cotangent[i]) : cotangent[i];
        last = y[i].id > last ? y[i].id : last;
    }
    rg_vjp v = {.graph = graph, .total = total, .wanted = wanted};
    walk_back(graph, last, &v);
    for (size_t i = 0; i < n_x; i++) {
        rg_val zero = rg_const(graph, 0, rg_val_dtype(x[i]));
        ret[i] = total[x[i].id].id ? total[x[i].id] : rg_broadcast(zero, rg_val_shape(x[i]));
    }
    rg_free(wanted);
    rg_free(total);
    rg_graph_unpin(graph);
}

void rg_grad_at(rg_place at, rg_val loss, const rg_val *x, size_t n, rg_val *ret)
{
    rg_graph *graph = loss.graph;
    if (!graph)
        return;
    rg_graph_pin(graph, at);
    if (differentiable(loss, x, n)) {
        rg_val one = rg_const(graph, 1, rg_val_dtype(loss));
        rg_vjp_at(at, &loss, &one, 1, x, n, ret);
    } else {
        for (size_t i = 0; i < n; i++)
            ret[i] = rg_const(graph, 0, RG_F32);
    }
    rg_graph_unpin(graph);
}
