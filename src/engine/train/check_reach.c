/* check_reach.c - what nothing reads, and what no gradient reaches. */
#include "engine/train/check.h"

static const rg_node *node_of(const checking *c, rg_val v)
{
    return rg_node_of(c->net.graph, v.id);
}

static bool is_zero(const checking *c, rg_val v)
{
    double value;
    return rg_node_constant(c->net.graph, v.id, &value) && value == 0;
}

/* By id: the loss depends on it. */
static bool *mark_needed(const checking *c)
{
    bool *needed = RG_ARENA_ARRAY(c->arena, bool, rg_graph_count(c->net.graph) + 1);
    needed[c->loss.id] = true;
    for (uint32_t id = c->loss.id; id > 0; id--) {
        const rg_node *node = rg_node_of(c->net.graph, id);
        for (uint32_t i = 0; needed[id] && i < node->n_in; i++)
            needed[node->in[i]] = true;
    }
    return needed;
}

static void check_weights(checking *c, const bool *needed)
{
    for (size_t i = 0; i < c->n_weights; i++) {
        const rg_weight *w = &c->weight[i];
        rg_place at = node_of(c, w->input)->at;
        if (!needed[w->input.id])
            check_say(c, "parameters", true, at, "use it, or do not ask for it",
                      "the output does not depend on the parameter %s", w->name);
        else if (is_zero(c, c->gradient[i]))
            check_say(
                c, "parameters", true, at,
                "remove what cuts the gradient off: rg_stop_grad, a comparison, rg_floor, a "
                "cast to whole numbers",
                "no gradient reaches the parameter %s: it stays as it was drawn", w->name);
    }
}

static void check_inputs(checking *c, const bool *needed)
{
    rg_place at = node_of(c, c->out)->at;
    if (!needed[c->x.id])
        check_say(c, "inputs", true, at, "compute the output from x",
                  "the output does not depend on the features");
    const rg_param *table = c->spec->model->params;
    for (const rg_param *p = table; p->name; p++)
        if (!rg_conf_was_read(c->net.model, p->name))
            check_say(c, "inputs", false, (rg_place){0}, "read it, or take it out of the table",
                      "the model does not read model.%s in this configuration", p->name);
}

/* Leaves and movement fall away in every graph: local rewrites look through them. */
static bool is_work(rg_op op)
{
    return op == RG_OP_dot || op == RG_OP_sum || op == RG_OP_amax || op == RG_OP_gather ||
           op == RG_OP_scatter_add || op == RG_OP_scatter_max || op == RG_OP_conv ||
           op == RG_OP_linrec || op == RG_OP_loop;
}

/* The last work of each computation that leads nowhere. */
static void check_unused(checking *c, const bool *needed)
{
    bool *leads_on = RG_ARENA_ARRAY(c->arena, bool, c->forward + 1); /* to more such work */
    for (uint32_t id = (uint32_t)c->forward; id > 0; id--) {
        const rg_node *node = rg_node_of(c->net.graph, id);
        bool work = is_work(node->op) && !needed[id];
        for (uint32_t i = 0; i < node->n_in; i++)
            leads_on[node->in[i]] |= work || leads_on[id];
        if (work && !leads_on[id])
            check_say(c, "outputs", false, node->at, "use it, or do not compute it",
                      "%s makes a value that nothing uses", rg_ops[node->op].name);
    }
}

void check_reach(checking *c)
{
    const bool *needed = mark_needed(c);
    check_weights(c, needed);
    check_inputs(c, needed);
    check_unused(c, needed);
}
