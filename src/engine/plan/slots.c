/* slots.c - which values need memory, for how long, and which take another's place.
 *
 * A value that only its own loop reads stays in that loop's registers.  A loop may write its
 * result over an operand that nobody reads later, if every read is at the same index and not
 * after the write; so may the new value of a parameter (a carry) take the parameter's own
 * memory.  A reduction in a loop reads at the index of its row: a block of rows is read for the last
 * time before any of it is overwritten, and no other block reads it. */
#include "engine/plan/layout.h"

#include <string.h>

/* ---- Readers: users of a root, in the stead of values that are never stored their users. */
typedef struct reading {
    uint32_t last;  /* the last step that reads; RG_NONE: none reads */
    uint32_t place; /* within that step, the last position that reads */
    bool linear;    /* in that step, every read is at the reader's own index or row */
    bool outside;   /* a group other than the value's own reads it */
} reading;

static void read_by(const rg_layout *l, uint32_t id, uint32_t origin, bool linear, reading *r)
{
    for (uint32_t i = l->user_at[id]; i < l->user_at[id + 1]; i++) {
        uint32_t user = l->user[i];
        if (rg_layout_unstored(l, user)) {
            read_by(l, user, origin, false, r);
            continue;
        }
        uint32_t step = l->step_of[user], place = l->place_of[user];
        bool own = linear && l->step[step].element &&
                   rg_ops[rg_node_of(l->graph, user)->op].kind != RG_KIND_generate;
        r->outside |= l->group[user] != l->group[origin];
        if (r->last == RG_NONE || step > r->last)
            *r = (reading){step, place, own, r->outside};
        else if (step == r->last)
            *r = (reading){step, place > r->place ? place : r->place, r->linear && own,
                           r->outside};
    }
}

static reading read_of(const rg_layout *l, uint32_t root)
{
    reading r = {RG_NONE, 0, true, false};
    read_by(l, root, root, true, &r);
    return r;
}

/* ---- Slots. */
static uint32_t new_slot(rg_layout *l, int64_t bytes, uint32_t first, uint32_t last)
{
    l->slot[l->slots] = (rg_slot){.bytes = bytes, .first = first, .last = last};
    return (uint32_t)l->slots++;
}

static int64_t count_of(const rg_layout *l, uint32_t id)
{
    return rg_shape_count(rg_node_of(l->graph, id)->shape);
}

static int64_t bytes_of(const rg_layout *l, uint32_t id)
{
    return count_of(l, id) * (int64_t)rg_dtype_bytes(rg_node_of(l->graph, id)->dtype);
}

static uint32_t the_end(const rg_layout *l)
{
    return (uint32_t)l->steps;
}

static const void *scalar_memory(rg_layout *l, const rg_node *node)
{
    void *memory = rg_arena_alloc(l->arena, 16);
    rg_dtype_store(node->dtype, memory, 0, node->attr.value);
    return memory;
}

static void slot_leaf(rg_layout *l, uint32_t id)
{
    const rg_node *node = rg_node_of(l->graph, id);
    uint32_t slot = new_slot(l, bytes_of(l, id), 0, the_end(l));
    l->slot_of[id] = slot;
    if (node->op == RG_OP_const)
        l->slot[slot].fixed = scalar_memory(l, node);
    if (node->op == RG_OP_array)
        l->slot[slot].fixed = node->attr.array.data;
}

/* ---- Results. */
static uint32_t result_root(const rg_layout *l, size_t i)
{
    return l->root[i < l->outputs ? l->output[i].id : l->carry[i - l->outputs].output.id];
}

static bool is_carried(const rg_layout *l, uint32_t id)
{
    for (size_t i = 0; i < l->carries; i++)
        if (l->carry[i].input.id == id)
            return true;
    return false;
}

/* Results that read a carried input are saved before it changes; naming the input itself as an
 * output, or carrying it into itself, means its own memory. */
static void slot_results(rg_layout *l)
{
    for (size_t i = 0; i < l->outputs + l->carries; i++) {
        uint32_t root = result_root(l, i);
        bool itself = i < l->outputs ? l->output[i].id == root
                                     : l->carry[i - l->outputs].input.id == root;
        l->result[i] = l->slot_of[root];
        if (itself || !is_carried(l, root))
            continue;
        l->result[i] = new_slot(l, bytes_of(l, root), 0, the_end(l));
        l->before[l->befores++] = (rg_copy){l->result[i], l->slot_of[root]};
    }
}

/* ---- Taking another's place. */
static bool may_overwrite(const rg_layout *l, uint32_t victim, uint32_t id)
{
    reading r = read_of(l, victim);
    if (bytes_of(l, victim) != bytes_of(l, id) || count_of(l, victim) != count_of(l, id))
        return false;
    if (r.last == RG_NONE || r.last < l->step_of[id])
        return true;
    return r.last == l->step_of[id] && l->step[r.last].element && r.linear &&
           r.place <= l->place_of[id];
}

static void carry_in_place(rg_layout *l)
{
    for (size_t i = 0; i < l->carries; i++) {
        uint32_t input = l->carry[i].input.id, root = l->root[l->carry[i].output.id];
        if (rg_layout_computed(l, root) && l->slot_of[root] == RG_NONE &&
            may_overwrite(l, input, root))
            l->slot_of[root] = l->slot_of[input];
    }
}

static bool donates(const rg_layout *l, uint32_t donor, uint32_t id, const bool *taken)
{
    return rg_layout_computed(l, donor) && l->slot_of[donor] != RG_NONE && !taken[donor] &&
           l->step_of[donor] < l->step_of[id] && !rg_layout_is_result(l, donor) &&
           read_of(l, donor).last == l->step_of[id] && may_overwrite(l, donor, id);
}

static uint32_t find_donor(const rg_layout *l, uint32_t id, const bool *taken)
{
    const rg_step *step = &l->step[l->step_of[id]];
    for (uint32_t k = 0; step->element && k <= l->place_of[id]; k++) {
        const rg_node *node = rg_node_of(l->graph, step->node[k]);
        for (uint32_t i = 0; i < node->n_in; i++) {
            uint32_t donor = l->root[node->in[i]];
            if (donates(l, donor, id, taken))
                return donor;
        }
    }
    return 0;
}

static void slot_computed(rg_layout *l, uint32_t id, bool *taken)
{
    bool result = rg_layout_is_result(l, id);
    reading r = read_of(l, id);
    if (!l->live[id] || (!r.outside && !result) || l->slot_of[id] != RG_NONE)
        return;
    uint32_t last = result ? the_end(l) : r.last;
    uint32_t donor = l->fuse ? find_donor(l, id, taken) : 0;
    if (donor) {
        taken[donor] = true;
        l->slot_of[id] = l->slot_of[donor];
        l->slot[l->slot_of[id]].last = last;
    } else {
        l->slot_of[id] = new_slot(l, bytes_of(l, id), l->step_of[id], last);
    }
}

void rg_layout_slots(rg_layout *l)
{
    size_t results = l->outputs + l->carries;
    bool *taken = RG_NEW_ARRAY(bool, l->count + 1);
    l->slot = RG_ARENA_ARRAY(l->arena, rg_slot, l->count + results + 1);
    l->slot_of = RG_ARENA_ARRAY(l->arena, uint32_t, l->count + 1);
    l->result = RG_ARENA_ARRAY(l->arena, uint32_t, results);
    l->before = RG_ARENA_ARRAY(l->arena, rg_copy, results);
    l->after = RG_ARENA_ARRAY(l->arena, rg_copy, l->carries);
    memset(l->slot_of, 0xff, sizeof(*l->slot_of) * (l->count + 1));
    for (uint32_t id = 1; id <= l->count; id++)
        if (l->live[id] && rg_ops[rg_node_of(l->graph, id)->op].kind == RG_KIND_leaf)
            slot_leaf(l, id);
    if (l->fuse)
        carry_in_place(l);
    for (size_t s = 0; s < l->steps; s++)
        for (uint32_t k = 0; k < l->step[s].n; k++)
            slot_computed(l, l->step[s].node[k], taken);
    slot_results(l);
    for (size_t i = 0; i < l->carries; i++) {
        uint32_t to = l->slot_of[l->carry[i].input.id], from = l->result[l->outputs + i];
        if (to != from)
            l->after[l->afters++] = (rg_copy){to, from};
    }
    l->bytes = rg_memory_plan(l->slot, l->slots);
    rg_free(taken);
}

void rg_layout_make(rg_layout *layout)
{
    layout->count = rg_graph_count(layout->graph);
    rg_layout_live(layout);
    rg_layout_windows(layout);
    rg_layout_fuse(layout);
    rg_layout_schedule(layout);
    rg_layout_slots(layout);
}
