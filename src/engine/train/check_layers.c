/* check_layers.c - from a graph back to layers: a value belongs to the layer whose weights went
 * into it last. */
#include "engine/plan/cost.h"
#include "engine/train/check.h"

#include <string.h>

/* "block0.linear1.weight" -> "block0.linear1"; a weight outside of all layers is its own. */
static const char *scope_of(rg_arena *arena, const char *weight)
{
    const char *dot = strrchr(weight, '.');
    return dot ? rg_arena_strndup(arena, weight, (size_t)(dot - weight))
               : rg_arena_strdup(arena, weight);
}

/* By id: v depends on it. */
static bool *needed_by(const checking *c, rg_val v)
{
    bool *needed = RG_ARENA_ARRAY(c->arena, bool, rg_graph_count(c->net.graph) + 1);
    needed[v.id] = true;
    rg_graph_spread(c->net.graph, needed);
    return needed;
}

static void name_layers(checking *c)
{
    c->layer = RG_ARENA_ARRAY(c->arena, layer, c->n_weights);
    for (size_t i = 0; i < c->n_weights; i++) {
        const char *name = scope_of(c->arena, c->weight[i].name);
        uint32_t id = c->weight[i].input.id;
        layer *last = c->n_layers ? &c->layer[c->n_layers - 1] : NULL;
        if (!last || strcmp(last->name, name) != 0) {
            last = &c->layer[c->n_layers++];
            *last = (layer){.name = name, .at = rg_node_of(c->net.graph, id)->at, .first = i};
        }
        last->weights++;
        if (!c->weight[i].buffer)
            last->parameters += (double)rg_val_count(c->weight[i].input);
        c->owner[id] = (uint32_t)c->n_layers;
    }
}

static void follow(checking *c, uint32_t id)
{
    const rg_node *node = rg_node_of(c->net.graph, id);
    for (uint32_t i = 0; i < node->n_in; i++) {
        uint32_t from = node->in[i];
        c->of_data[id] |= c->of_data[from];
        c->mixed[id] |= c->mixed[from];
        if (c->owner[from] > c->owner[id])
            c->owner[id] = c->owner[from];
    }
    if (node->op == RG_OP_dot || node->op == RG_OP_conv)
        c->mixed[id] = c->of_data[node->in[0]] && c->of_data[node->in[1]];
}

static void account(checking *c, uint32_t id)
{
    const rg_node *node = rg_node_of(c->net.graph, id);
    if (!c->owner[id] || node->op == RG_OP_input)
        return;
    layer *its = &c->layer[c->owner[id] - 1];
    its->flops += rg_node_flops(c->net.graph, node);
    if (c->of_data[id] && !c->mixed[id] && c->of_output[id] && rg_dtype_float(node->dtype))
        its->output = (rg_val){c->net.graph, id};
}

void check_find_layers(checking *c)
{
    size_t count = rg_graph_count(c->net.graph);
    c->owner = RG_ARENA_ARRAY(c->arena, uint32_t, count + 1);
    c->of_data = RG_ARENA_ARRAY(c->arena, bool, count + 1);
    c->mixed = RG_ARENA_ARRAY(c->arena, bool, count + 1);
    c->needed = needed_by(c, c->loss);
    c->of_output = needed_by(c, c->out);
    name_layers(c);
    c->of_data[c->x.id] = true;
    for (uint32_t id = 1; id <= c->forward; id++) {
        follow(c, id);
        account(c, id);
    }
}
