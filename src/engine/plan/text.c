/* text.c - a layout as text after each of its passes, in the form of docs/ir.md.
 *
 * What a pass decided stands behind its node as a comment, so that the text can be read back.
 */
#include "engine/plan/layout.h"

#include <inttypes.h>

const char *const rg_pass_names[] = {
    [RG_PASS_BUILD] = "build", [RG_PASS_GRAD] = "grad",         [RG_PASS_LIVE] = "live",
    [RG_PASS_FUSE] = "fuse",   [RG_PASS_SCHEDULE] = "schedule", [RG_PASS_MEMORY] = "memory",
    [RG_PASSES] = NULL,
};

typedef struct order { /* of printing */
    const rg_layout *l;
    uint32_t *id;
    size_t n;
    bool *done; /* by id */
} order;

static void put(order *o, uint32_t id)
{
    if (!o->done[id])
        o->id[o->n++] = id;
    o->done[id] = true;
}

/* Leaves, views, broadcasts and windows have no step: they are told where they are first read. */
static void put_operands(order *o, uint32_t id)
{
    const rg_node *node = rg_node_of(o->l->graph, id);
    for (uint32_t i = 0; i < node->n_in; i++) {
        if (o->done[node->in[i]])
            continue;
        put_operands(o, node->in[i]);
        put(o, node->in[i]);
    }
}

static void put_graph(order *o)
{
    for (uint32_t id = 1; id <= o->l->count; id++)
        put(o, id);
}

static void put_needed(order *o, const rg_val *value, size_t n)
{
    bool *needed = RG_NEW_ARRAY(bool, rg_graph_count(o->l->graph) + 1);
    for (size_t i = 0; i < n; i++)
        needed[value[i].id] = true;
    rg_graph_spread(o->l->graph, needed);
    for (uint32_t id = 1; id <= o->l->count; id++)
        if (needed[id])
            put(o, id);
    rg_free(needed);
}

static void put_live(order *o)
{
    for (uint32_t id = 1; id <= o->l->count; id++)
        if (o->l->live[id])
            put(o, id);
}

static void put_scheduled(order *o)
{
    for (size_t s = 0; s < o->l->steps; s++)
        for (uint32_t k = 0; k < o->l->step[s].n; k++) {
            put_operands(o, o->l->step[s].node[k]);
            put(o, o->l->step[s].node[k]);
        }
    put_live(o); /* results that no step makes: inputs, views */
}

/* ---- Comments. */
static void note_fused(const rg_layout *l, uint32_t id, rg_str *out)
{
    uint32_t step = l->step_of[id];
    if (l->expand[id].source)
        rg_str_add(out, "  # never stored: its readers compute the index");
    else if (l->window[id].source)
        rg_str_add(out, "  # never stored: products read it in place");
    else if (rg_layout_computed(l, id) && l->step[step].n > 1)
        rg_str_printf(out, "  # loop %u", step + 1);
}

static void note_step(const rg_layout *l, uint32_t id, rg_str *out)
{
    if (rg_layout_computed(l, id))
        rg_str_printf(out, "  # step %u", l->step_of[id] + 1);
}

static void note_memory(const rg_layout *l, uint32_t id, rg_str *out)
{
    bool own = l->root[id] == id && !rg_layout_unstored(l, id);
    uint32_t number = l->slot_of[id];
    note_step(l, id, out);
    if (!own)
        return;
    rg_str_add(out, rg_layout_computed(l, id) ? ", " : "  # ");
    if (number == RG_NONE)
        rg_str_add(out, "in registers");
    else if (l->slot[number].fixed)
        rg_str_add(out, "constant");
    else
        rg_str_printf(out, "slot %u: %" PRId64 " bytes at %zu", number, l->slot[number].bytes,
                      l->slot[number].offset);
}

static void (*const notes[RG_PASSES])(const rg_layout *, uint32_t, rg_str *) = {
    [RG_PASS_FUSE] = note_fused,
    [RG_PASS_SCHEDULE] = note_step,
    [RG_PASS_MEMORY] = note_memory,
};

/* ---- The whole. */
typedef struct noting {
    const rg_layout *l;
    void (*note)(const rg_layout *, uint32_t, rg_str *);
} noting;

static void add_note(void *ctx, uint32_t id, rg_str *out)
{
    const noting *n = ctx;
    if (n->note)
        n->note(n->l, id, out);
}

static void put_all(order *o, rg_pass pass)
{
    if (pass == RG_PASS_BUILD)
        put_needed(o, o->l->output, o->l->outputs);
    else if (pass == RG_PASS_GRAD)
        put_graph(o);
    else if (pass == RG_PASS_LIVE || pass == RG_PASS_FUSE)
        put_live(o);
    else
        put_scheduled(o);
}

void rg_layout_print(const rg_layout *l, rg_pass pass, rg_str *ret)
{
    order o = {.l = l,
               .id = RG_NEW_ARRAY(uint32_t, l->count + 1),
               .done = RG_NEW_ARRAY(bool, l->count + 1)};
    noting n = {l, notes[pass]};
    size_t results = pass == RG_PASS_BUILD ? l->outputs : l->outputs + l->carries;
    rg_val *result = RG_NEW_ARRAY(rg_val, results);
    for (size_t i = 0; i < results; i++)
        result[i] = i < l->outputs ? l->output[i] : l->carry[i - l->outputs].output;
    put_all(&o, pass);
    if (pass == RG_PASS_MEMORY)
        rg_str_printf(ret, "# one allocation of %zu bytes\n", l->bytes);
    rg_graph_print_in_order(l->graph, o.id, o.n, result, results, add_note, &n, ret);
    rg_free(o.id);
    rg_free(o.done);
    rg_free(result);
}
