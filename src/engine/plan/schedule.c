/* schedule.c - groups in an order of execution.
 *
 * Among the groups whose operands are ready, the one whose last node was built first goes next;
 * those that make the new value of an input (a carry) come last, so that every reader of a
 * parameter runs before the parameter changes, and it can change in place. */
#include "engine/plan/layout.h"

typedef struct scheduler {
    rg_layout *l;
    uint32_t *first, *latest; /* by group: its lowest and highest id; 0: no group */
    uint64_t *rank;           /* by group: the lower, the sooner */
    uint32_t *missing;        /* by group: operands that other groups still owe */
    uint32_t *size;           /* by group */
    uint32_t *heap;           /* ready groups, least `rank` on top */
    size_t ready;
} scheduler;

static void heap_push(scheduler *s, uint32_t group)
{
    size_t i = s->ready++;
    for (; i > 0 && s->rank[s->heap[(i - 1) / 2]] > s->rank[group]; i = (i - 1) / 2)
        s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = group;
}

static uint32_t heap_pop(scheduler *s)
{
    uint32_t top = s->heap[0], last = s->heap[--s->ready];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= s->ready)
            break;
        if (child + 1 < s->ready && s->rank[s->heap[child + 1]] < s->rank[s->heap[child]])
            child++;
        if (s->rank[s->heap[child]] >= s->rank[last])
            break;
        s->heap[i] = s->heap[child];
        i = child;
    }
    s->heap[i] = last;
    return top;
}

/* Calls on every operand of the node that a step of another group computes. */
#define FOR_OPERANDS(l, id, operand) \
    for (uint32_t i_ = 0, operand; i_ < rg_node_of((l)->graph, (id))->n_in; i_++) \
        if (operand = rg_layout_source((l), rg_node_of((l)->graph, (id))->in[i_]), \
            (l)->group[operand] && (l)->group[operand] != (l)->group[id])

static void count_missing(scheduler *s)
{
    rg_layout *l = s->l;
    for (uint32_t id = 1; id <= l->count; id++) {
        uint32_t group = l->group[id];
        if (!group)
            continue;
        if (s->size[group] == 0)
            s->first[group] = id;
        s->latest[group] = id;
        s->size[group]++;
        FOR_OPERANDS(l, id, operand)
        s->missing[group]++;
    }
}

static void rank_groups(scheduler *s)
{
    rg_layout *l = s->l;
    for (uint32_t id = 1; id <= l->count; id++)
        s->rank[id] = s->latest[id];
    for (size_t i = 0; i < l->carries; i++) {
        uint32_t group = l->group[l->root[l->carry[i].output.id]];
        s->rank[group] = (uint64_t)s->latest[group] + l->count;
    }
}

static void emit(scheduler *s, uint32_t group, rg_step *step)
{
    rg_layout *l = s->l;
    step->node = RG_ARENA_ARRAY(l->arena, uint32_t, s->size[group]);
    step->rows = l->rows[group];
    step->element = rg_layout_element(l, group) || (s->size[group] > 1 && step->rows.len);
    for (uint32_t id = s->first[group]; id <= s->latest[group]; id++) {
        if (l->group[id] != group)
            continue;
        l->step_of[id] = (uint32_t)(step - l->step);
        l->place_of[id] = step->n;
        step->node[step->n++] = id;
    }
}

/* Users of a value that is never stored read what that is read from. */
static void release(scheduler *s, uint32_t id, uint32_t group)
{
    const rg_layout *l = s->l;
    for (uint32_t i = l->user_at[id]; i < l->user_at[id + 1]; i++) {
        uint32_t user = l->user[i];
        if (rg_layout_unstored(l, user))
            release(s, user, group);
        else if (l->group[user] && l->group[user] != group && --s->missing[l->group[user]] == 0)
            heap_push(s, l->group[user]);
    }
}

void rg_layout_schedule(rg_layout *l)
{
    size_t n = l->count + 1;
    scheduler s = {.l = l,
                   .first = RG_NEW_ARRAY(uint32_t, n),
                   .latest = RG_NEW_ARRAY(uint32_t, n),
                   .rank = RG_NEW_ARRAY(uint64_t, n),
                   .missing = RG_NEW_ARRAY(uint32_t, n),
                   .size = RG_NEW_ARRAY(uint32_t, n),
                   .heap = RG_NEW_ARRAY(uint32_t, n)};
    l->step_of = RG_ARENA_ARRAY(l->arena, uint32_t, n);
    l->place_of = RG_ARENA_ARRAY(l->arena, uint32_t, n);
    count_missing(&s);
    rank_groups(&s);
    size_t groups = 0;
    for (uint32_t id = 1; id < n; id++)
        groups += s.latest[id] != 0;
    l->step = RG_ARENA_ARRAY(l->arena, rg_step, groups);
    for (uint32_t id = 1; id < n; id++)
        if (s.latest[id] && s.missing[id] == 0)
            heap_push(&s, id);
    while (s.ready > 0) {
        uint32_t group = heap_pop(&s);
        rg_step *step = &l->step[l->steps++];
        emit(&s, group, step);
        for (uint32_t i = 0; i < step->n; i++)
            release(&s, step->node[i], group);
    }
    if (l->steps != groups)
        RG_BUG("%zu of %zu groups have an order", l->steps, groups);
    rg_free(s.first);
    rg_free(s.latest);
    rg_free(s.rank);
    rg_free(s.missing);
    rg_free(s.size);
    rg_free(s.heap);
}
