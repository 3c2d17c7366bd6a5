/* loop_reach.c - which operands of a loop a cotangent reaches.
 *
 * What it does not reach must have no part in the loop that runs back: a cotangent that is zero
 * because there is no path would be multiplied by slopes, and 0 times infinity is NaN.  A carry
 * is reached when its last value or its trace has a cotangent, or when one flows from a carry
 * that is reached, over any number of steps: a fixed point, as in JAX's scan. */
#include "engine/ir/loop.h"
#include "engine/ir/vjp.h"

static void spread(const rg_graph *graph, bool *reached);

static void mark(const rg_graph *graph, const rg_node *node, const bool *from, bool *reached)
{
    for (uint32_t i = 0; i < node->n_in; i++)
        if ((!from || from[i]) && rg_dtype_float(rg_operand(graph, node, i)->dtype))
            reached[node->in[i]] = true;
}

/* At the lowest sibling all their marks are complete; they stand one after the other. */
static void spread_loop(const rg_graph *graph, uint32_t id, bool *reached)
{
    const rg_node *loop = rg_node_of(graph, id);
    if (loop->attr.loop.result > 0)
        return;
    bool *operand = rg_loop_reach(loop, reached + id);
    mark(graph, loop, operand, reached);
    rg_free(operand);
}

/* From values to all that their cotangents pass on to. */
static void spread(const rg_graph *graph, bool *reached)
{
    for (uint32_t id = (uint32_t)rg_graph_count(graph); id > 0; id--) {
        const rg_node *node = rg_node_of(graph, id);
        if (node->op == RG_OP_loop)
            spread_loop(graph, id, reached);
        else if (reached[id] && rg_vjp_passes(node->op))
            mark(graph, node, NULL, reached);
    }
}

/* One step back: a carry that is reached before a step is reached behind the one before. */
static bool step_back(const rg_body *body, uint32_t carries, bool *carried, bool *reached)
{
    bool more = false;
    for (uint32_t i = 0; i < carries; i++)
        if (!carried[i] && reached[body->input[i].id])
            reached[body->output[i].id] = carried[i] = more = true;
    return more;
}

bool *rg_loop_reach(const rg_node *loop, const bool *result)
{
    const rg_body *body = loop->attr.loop.body;
    uint32_t carries = loop->attr.loop.carries;
    bool *operand = RG_NEW_ARRAY(bool, body->inputs);
    bool *reached = RG_NEW_ARRAY(bool, rg_graph_count(body->graph) + 1);
    for (uint32_t i = 0; i < carries; i++) {
        operand[i] = result[i];
        reached[body->input[i].id] = result[body->outputs + i];
    }
    for (uint32_t j = 0; j < body->outputs; j++)
        reached[body->output[j].id] |= result[j];
    do
        spread(body->graph, reached);
    while (step_back(body, carries, operand, reached));
    for (uint32_t i = 0; i < body->inputs; i++)
        operand[i] |= reached[body->input[i].id];
    rg_free(reached);
    return operand;
}
