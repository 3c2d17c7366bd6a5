/* remat.c - values that the backward pass computes again instead of keeping them.
 *
 * rg_remat marks them; reverse mode, before it runs a rule that reads a marked value, builds
 * the value again from those that are not marked.  Equal nodes are made once, so the copy would
 * be the original: its operands go through `barrier`, a view that costs nothing, and from there
 * on everything differs.  Copies get their ids in the midst of the backward pass, and plans
 * compute in order of ids, so a copy lives only as long as it is needed. */
#include "engine/ir/transform.h"

static bool leaf(const rg_node *node)
{
    return rg_ops[node->op].kind == RG_KIND_leaf;
}

/* ---- Marking. */
/* By id, up to y: does it depend on a value of keep? */
static bool *dependent(const rg_graph *graph, rg_val y, rg_values keep)
{
    bool *ret = RG_NEW_ARRAY(bool, y.id + 1);
    for (size_t i = 0; i < keep.n; i++)
        if (keep.at[i].id <= y.id)
            ret[keep.at[i].id] = true;
    for (uint32_t id = 1; id <= y.id; id++) {
        const rg_node *node = rg_node_of(graph, id);
        for (uint32_t i = 0; i < node->n_in; i++)
            ret[id] |= ret[node->in[i]];
    }
    return ret;
}

/* Walks from y down to the values to keep. */
static void forget_between(rg_graph *graph, rg_val y, rg_values keep)
{
    bool *depends = dependent(graph, y, keep), *reached = RG_NEW_ARRAY(bool, y.id + 1);
    for (size_t i = 0; i < keep.n; i++)
        if (keep.at[i].id <= y.id)
            depends[keep.at[i].id] = false;
    reached[y.id] = true;
    for (uint32_t id = y.id; id > 0; id--) {
        rg_node *node = &graph->node.at[id];
        if (!reached[id] || !depends[id])
            continue;
        /* A loop keeps its traces: its own derivative computes the steps again. */
        node->forget = id != y.id && !leaf(node) && node->op != RG_OP_loop;
        for (uint32_t i = 0; i < node->n_in; i++)
            reached[node->in[i]] = true;
    }
    rg_free(depends);
    rg_free(reached);
}

void rg_remat_at(rg_place at, rg_val y, const rg_val *keep, size_t n)
{
    rg_values result = {"result", &y, 1}, kept = {"kept value", keep, n};
    rg_graph *graph = rg_transform_open(at, result, kept);
    if (graph && rg_values_exist(graph, "remat", result) &&
        rg_values_exist(graph, "remat", kept))
        forget_between(graph, y, kept);
    rg_transform_close(graph, true, 0, NULL);
}

/* ---- Building again. */
rg_rebuild rg_rebuild_open(rg_graph *graph)
{
    size_t count = rg_graph_count(graph);
    return (rg_rebuild){graph, RG_NEW_ARRAY(rg_val, count + 1), RG_NEW_ARRAY(bool, count + 1)};
}

void rg_rebuild_close(rg_rebuild *r)
{
    rg_free(r->again);
    rg_free(r->needed);
}

/* An operand of a copy: a copy itself, or a kept value behind a barrier. */
static uint32_t operand_again(rg_rebuild *r, uint32_t id)
{
    const rg_node *node = rg_node_of(r->graph, id);
    bool constant = leaf(node) && node->op != RG_OP_input;
    return r->again[id].id ? r->again[id].id
           : constant      ? id
                           : rg_barrier((rg_val){r->graph, id}).id;
}

static void build_again(rg_rebuild *r, uint32_t id)
{
    rg_node node = *rg_node_of(r->graph, id);
    uint32_t *in = RG_NEW_ARRAY(uint32_t, node.n_in + 1);
    for (uint32_t i = 0; i < node.n_in; i++)
        in[i] = operand_again(r, node.in[i]);
    node.in = in;
    node.forget = false;
    rg_place outer = r->graph->at;
    r->graph->at = node.at;
    r->again[id] = rg_node_add(r->graph, &node);
    r->graph->at = outer;
    rg_free(in);
}

/* Marks, from id downwards, what has to be built first; returns the lowest id of these. */
static uint32_t mark_needed(rg_rebuild *r, uint32_t id)
{
    size_t open = 1;
    r->needed[id] = true;
    for (;; id--) {
        if (!r->needed[id])
            continue;
        const rg_node *node = rg_node_of(r->graph, id);
        for (uint32_t i = 0; i < node->n_in; i++) {
            uint32_t in = node->in[i];
            bool is_new = rg_node_of(r->graph, in)->forget && !r->again[in].id;
            open += is_new && !r->needed[in];
            r->needed[in] |= is_new;
        }
        if (--open == 0)
            return id;
    }
}

uint32_t rg_rebuild_value(rg_rebuild *r, uint32_t id)
{
    if (!rg_node_of(r->graph, id)->forget)
        return id;
    if (!r->again[id].id) {
        for (uint32_t low = mark_needed(r, id); low <= id; low++) {
            if (r->needed[low])
                build_again(r, low);
            r->needed[low] = false;
        }
    }
    return r->again[id].id;
}
