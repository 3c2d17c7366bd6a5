/* live.c - what the results need, what views what, and who uses whom. */
#include "engine/plan/layout.h"

static void mark_live(rg_layout *l)
{
    for (size_t i = 0; i < l->outputs; i++)
        l->live[l->output[i].id] = true;
    for (size_t i = 0; i < l->carries; i++)
        l->live[l->carry[i].input.id] = l->live[l->carry[i].output.id] = true;
    for (size_t id = l->count; id > 0; id--) {
        const rg_node *node = rg_node_of(l->graph, (uint32_t)id);
        for (uint32_t i = 0; l->live[id] && i < node->n_in; i++)
            l->live[node->in[i]] = true;
    }
}

static void find_roots(rg_layout *l)
{
    for (uint32_t id = 1; id <= l->count; id++) {
        const rg_node *node = rg_node_of(l->graph, id);
        l->root[id] = rg_ops[node->op].kind == RG_KIND_view ? l->root[node->in[0]] : id;
    }
}

/* Users of each root, views looked through, each user once for each operand. */
static void list_users(rg_layout *l)
{
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t id = 1; id <= l->count; id++) {
            const rg_node *node = rg_node_of(l->graph, id);
            if (!l->live[id] || l->root[id] != id)
                continue;
            for (uint32_t i = 0; i < node->n_in; i++) {
                uint32_t source = l->root[node->in[i]];
                if (pass == 0)
                    l->user_at[source + 1]++;
                else
                    l->user[l->user_at[source]++] = id;
            }
        }
        if (pass == 1)
            break;
        for (size_t id = 1; id <= l->count + 1; id++)
            l->user_at[id] += l->user_at[id - 1];
        l->user = RG_ARENA_ARRAY(l->arena, uint32_t, l->user_at[l->count + 1] + 1u);
    }
    /* Filling moved each start to its end; the ends are the next ones' starts. */
    for (size_t id = l->count + 1; id > 0; id--)
        l->user_at[id] = l->user_at[id - 1];
    l->user_at[0] = 0;
}

bool rg_layout_is_result(const rg_layout *l, uint32_t root)
{
    for (size_t i = 0; i < l->outputs; i++)
        if (l->root[l->output[i].id] == root)
            return true;
    for (size_t i = 0; i < l->carries; i++)
        if (l->root[l->carry[i].output.id] == root)
            return true;
    return false;
}

void rg_layout_live(rg_layout *l)
{
    l->live = RG_ARENA_ARRAY(l->arena, bool, l->count + 1);
    l->root = RG_ARENA_ARRAY(l->arena, uint32_t, l->count + 1);
    l->expand = RG_ARENA_ARRAY(l->arena, rg_expand, l->count + 1);
    l->window = RG_ARENA_ARRAY(l->arena, rg_window, l->count + 1);
    l->user_at = RG_ARENA_ARRAY(l->arena, uint32_t, l->count + 2);
    mark_live(l);
    find_roots(l);
    list_users(l);
}
