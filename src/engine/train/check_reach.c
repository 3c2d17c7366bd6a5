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
    return rg_ops[op].kind == RG_KIND_element || op == RG_OP_dot || op == RG_OP_sum ||
           op == RG_OP_amax || op == RG_OP_gather || op == RG_OP_scatter_add ||
           op == RG_OP_scatter_max || op == RG_OP_conv || op == RG_OP_linrec ||
           op == RG_OP_argsort || op == RG_OP_loop;
}

/* By id: the loss depends on it, or what a buffer becomes. */
static bool *kept_of(const checking *c)
{
    bool *kept = RG_ARENA_ARRAY(c->arena, bool, rg_graph_count(c->net.graph) + 1);
    kept[c->loss.id] = true;
    for (size_t i = 0; i < c->n_weights; i++)
        kept[c->weight[i].next.id] = true; /* 0 of what is no buffer */
    rg_graph_spread(c->net.graph, kept);
    return kept;
}

static bool same_line(const rg_node *a, const rg_node *b)
{
    return a->at.line == b->at.line && a->at.file == b->at.file;
}

/* A call that makes several values (a loop, a sort, a layer) need not lose any by the work for
 * those that are not wanted: none is reported while some of the same line is. */
static bool is_spare(const checking *c, const bool *kept, const rg_node *node)
{
    for (uint32_t id = (uint32_t)c->forward; id > 0; id--) {
        const rg_node *other = rg_node_of(c->net.graph, id);
        if (kept[id] && is_work(other->op) && same_line(other, node))
            return true;
    }
    return false;
}

static void say_unused(checking *c, const rg_node *node)
{
    char shape[160];
    rg_shape_text(shape, node->shape);
    check_say(c, "outputs", false, node->at, "use it, or do not compute it",
              "%s makes a value of shape %s that nothing uses", rg_ops[node->op].name, shape);
}

/* The last work of each computation that leads nowhere, once a line. */
static void check_unused(checking *c)
{
    const bool *kept = kept_of(c);
    const rg_node *told = NULL;
    bool *leads_on = RG_ARENA_ARRAY(c->arena, bool, c->forward + 1); /* to more such work */
    for (uint32_t id = (uint32_t)c->forward; id > 0; id--) {
        const rg_node *node = rg_node_of(c->net.graph, id);
        bool work = is_work(node->op) && !kept[id] && !is_spare(c, kept, node);
        leads_on[id] |= node->read;
        for (uint32_t i = 0; i < node->n_in; i++)
            leads_on[node->in[i]] |= work || leads_on[id];
        if (!work || leads_on[id] || (told && same_line(told, node)))
            continue;
        say_unused(c, node);
        told = node;
    }
}

void check_reach(checking *c)
{
    check_weights(c);
    check_inputs(c);
    check_unused(c);
}
