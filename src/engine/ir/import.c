/* import.c - copies of nodes in another graph, or in the same one (import.h).
 *
 * Ids are in topological order: one walk down marks what is needed, one walk up copies it. */
#include "engine/ir/import.h"

#include "engine/ir/loop.h"

#include <string.h>

/* By id of `from`; stops at what is replaced. */
static bool *mark_needed(const rg_graph *from, const uint32_t *copy, const rg_val *x, size_t n)
{
    size_t count = rg_graph_count(from);
    bool *needed = RG_NEW_ARRAY(bool, count + 1);
    for (size_t i = 0; i < n; i++)
        needed[x[i].id] = true;
    for (size_t id = count; id > 0; id--) {
        const rg_node *node = rg_node_of(from, (uint32_t)id);
        for (uint32_t i = 0; needed[id] && !copy[id] && i < node->n_in; i++)
            needed[node->in[i]] = true;
    }
    return needed;
}

static rg_val add_loop(rg_graph *to, rg_node loop)
{
    loop.attr.loop.body = rg_body_share(to, loop.attr.loop.body);
    return rg_loop_add(to, &loop);
}

/* Adds through the builders where those keep books, directly otherwise. */
static rg_val add_copy(rg_graph *to, const rg_node *node)
{
    rg_place at = node->at;
    switch ((int)node->op) {
    case RG_OP_input: return rg_input_at(at, to, node->attr.name, node->dtype, node->shape);
    case RG_OP_array:
        return rg_const_array_at(at, to, node->attr.array.data, node->dtype, node->shape);
    case RG_OP_loop: return add_loop(to, *node);
    default: return rg_node_add(to, node);
    }
}

static uint32_t copied(rg_graph *to, rg_node node, const uint32_t *copy)
{
    rg_place outer = to->at;
    uint32_t *in = RG_NEW_ARRAY(uint32_t, node.n_in);
    for (uint32_t i = 0; i < node.n_in; i++)
        in[i] = copy[node.in[i]];
    node.in = in;
    to->at = node.at;
    rg_val ret = add_copy(to, &node);
    to->at = outer;
    rg_free(in);
    return ret.id;
}

void rg_import(rg_graph *to, const rg_graph *from, const rg_val *old, const rg_val *new,
               size_t n_old, const rg_val *x, size_t n_x, rg_val *ret)
{
    size_t count = rg_graph_count(from);
    uint32_t *copy = RG_NEW_ARRAY(uint32_t, count + 1);
    for (uint32_t id = 1; to == from && id <= count; id++)
        if (rg_node_of(from, id)->op == RG_OP_input)
            copy[id] = id;
    for (size_t i = 0; i < n_old; i++)
        copy[old[i].id] = new[i].id;
    bool *needed = mark_needed(from, copy, x, n_x);
    for (uint32_t id = 1; id <= count; id++)
        if (needed[id] && !copy[id])
            copy[id] = copied(to, *rg_node_of(from, id), copy);
    for (size_t i = 0; i < n_x; i++)
        ret[i] = (rg_val){to, copy[x[i].id]};
    rg_free(needed);
    rg_free(copy);
}
