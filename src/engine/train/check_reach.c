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

/* Buffers are for evaluation, and nothing trains them. */
static void check_weights(checking *c)
{
    for (size_t i = 0; i < c->n_weights; i++) {
        const rg_weight *w = &c->weight[i];
        if (w->buffer)
            continue;
        rg_place at = node_of(c, w->input)->at;
        if (!c->needed[w->input.id])
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

static void check_inputs(checking *c)
{
    rg_place at = node_of(c, c->out)->at;
    if (!c->needed[c->x.id])
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

/* A loop gives each of its results as a value, and those without a reader are never computed: no
 * work is lost while one of those made at the same place is needed. */
static bool is_spare_result(const checking *c, const rg_node *node)
{
    for (uint32_t id = (uint32_t)c->forward; id > 0 && node->op == RG_OP_loop; id--) {
        const rg_node *other = rg_node_of(c->net.graph, id);
        if (c->needed[id] && other->op == RG_OP_loop && other->at.line == node->at.line &&
            other->at.file == node->at.file)
            return true;
    }
    return false;
}

/* The last work of each computation that leads nowhere. */
static void check_unused(checking *c)
{
    bool *leads_on = RG_ARENA_ARRAY(c->arena, bool, c->forward + 1); /* to more such work */
    for (uint32_t id = (uint32_t)c->forward; id > 0; id--) {
        const rg_node *node = rg_node_of(c->net.graph, id);
        bool work = is_work(node->op) && !c->needed[id] && !is_spare_result(c, node);
        for (uint32_t i = 0; i < node->n_in; i++)
            leads_on[node->in[i]] |= work || leads_on[id];
        if (work && !leads_on[id])
            check_say(c, "outputs", false, node->at, "use it, or do not compute it",
                      "%s makes a value that nothing uses", rg_ops[node->op].name);
    }
}

void check_reach(checking *c)
{
    check_weights(c);
    check_inputs(c);
    check_unused(c);
}
