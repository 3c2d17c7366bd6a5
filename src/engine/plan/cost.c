/* cost.c - what nodes and steps take: floating-point operations and bytes, by their equations.
 */
#include "engine/plan/cost.h"

#include "engine/ir/loop.h"

/* ---- Operations. */
static double count_of(const rg_node *node)
{
    return (double)rg_shape_count(node->shape);
}

static double flops_none(const rg_graph *graph, const rg_node *node)
{
    (void)graph, (void)node;
    return 0;
}

static double flops_reduce(const rg_graph *graph, const rg_node *node)
{
    return count_of(rg_operand(graph, node, 0));
}

static double flops_scatter(const rg_graph *graph, const rg_node *node)
{
    return count_of(rg_operand(graph, node, 1));
}

/* A product and a sum for each element of the result and of the contracted axes. */
static double flops_dot(const rg_graph *graph, const rg_node *node)
{
    const rg_node *x = rg_operand(graph, node, 0);
    double flops = 2 * count_of(node);
    for (int i = 0; i < node->attr.dot.n_contract; i++)
        flops *= (double)x->shape.dim[node->attr.dot.contract_x[i]];
    return flops;
}

/* The same for each element of a filter: (O, C / G, r). */
static double flops_conv(const rg_graph *graph, const rg_node *node)
{
    const rg_node *w = rg_operand(graph, node, 1);
    double taps = w->shape.dim[0] ? count_of(w) / (double)w->shape.dim[0] : 0;
    return 2 * count_of(node) * taps;
}

static double flops_linrec(const rg_graph *graph, const rg_node *node)
{
    (void)graph;
    return 2 * count_of(node);
}

/* Whatever the body takes, once a step: siblings are computed in one go (rg_step_flops). */
static double flops_loop(const rg_graph *graph, const rg_node *node)
{
    const rg_body *body = node->attr.loop.body;
    bool *needed = rg_body_needs(body);
    double flops = 0;
    (void)graph;
    for (uint32_t id = 1; id <= rg_graph_count(body->graph); id++)
        if (needed[id])
            flops += rg_node_flops(body->graph, rg_node_of(body->graph, id));
    rg_free(needed);
    return flops * (double)node->attr.loop.steps;
}

/* What is not listed takes one operation for each element of its result. */
static double (*const flops_rules[RG_OPS])(const rg_graph *, const rg_node *) = {
    [RG_OP_permute] = flops_none,
    [RG_OP_broadcast] = flops_none,
    [RG_OP_slice] = flops_none,
    [RG_OP_pad] = flops_none,
    [RG_OP_concat] = flops_none,
    [RG_OP_reverse] = flops_none,
    [RG_OP_gather] = flops_none,
    [RG_OP_sum] = flops_reduce,
    [RG_OP_amax] = flops_reduce,
    [RG_OP_scatter_add] = flops_scatter,
    [RG_OP_dot] = flops_dot,
    [RG_OP_conv] = flops_conv,
    [RG_OP_linrec] = flops_linrec,
    [RG_OP_loop] = flops_loop,
    [RG_OP_scatter_max] = flops_scatter,
};

double rg_node_flops(const rg_graph *graph, const rg_node *node)
{
    rg_op_kind kind = rg_ops[node->op].kind;
    if (kind != RG_KIND_element && kind != RG_KIND_step)
        return 0;
    return flops_rules[node->op] ? flops_rules[node->op](graph, node) : count_of(node);
}

double rg_step_flops(const rg_layout *layout, const rg_step *step)
{
    double flops = 0;
    bool loop = rg_node_of(layout->graph, step->node[0])->op == RG_OP_loop;
    for (uint32_t k = 0; k < (loop ? 1 : step->n); k++)
        flops += rg_node_flops(layout->graph, rg_node_of(layout->graph, step->node[k]));
    return flops;
}

/* ---- Bytes. */
static double bytes_of(const rg_layout *l, uint32_t id)
{
    const rg_node *node = rg_node_of(l->graph, id);
    return count_of(node) * (double)rg_dtype_bytes(node->dtype);
}

/* Entries of a table and parts of a tensor are read, not the whole of it. */
static double read_bytes(const rg_layout *l, uint32_t id, uint32_t i, uint32_t source)
{
    rg_op op = rg_node_of(l->graph, id)->op;
    bool part = (op == RG_OP_gather || op == RG_OP_slice) && i == 0;
    return bytes_of(l, part ? id : source);
}

static bool in_step(const rg_layout *l, const rg_step *step, uint32_t id)
{
    return rg_layout_computed(l, id) && &l->step[l->step_of[id]] == step;
}

static double step_reads(const rg_layout *l, const rg_step *step)
{
    double bytes = 0;
    bool *seen = RG_NEW_ARRAY(bool, l->count + 1);
    for (uint32_t k = 0; k < step->n; k++) {
        const rg_node *node = rg_node_of(l->graph, step->node[k]);
        for (uint32_t i = 0; i < node->n_in; i++) {
            uint32_t source = rg_layout_source(l, node->in[i]);
            if (!seen[source] && !in_step(l, step, source))
                bytes += read_bytes(l, step->node[k], i, source);
            seen[source] = true;
        }
    }
    rg_free(seen);
    return bytes;
}

double rg_step_bytes(const rg_layout *l, const rg_step *step)
{
    double bytes = step_reads(l, step);
    for (uint32_t k = 0; k < step->n; k++)
        if (l->slot_of[step->node[k]] != RG_NONE)
            bytes += bytes_of(l, step->node[k]);
    return bytes;
}
