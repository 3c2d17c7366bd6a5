/* loop_run.c - `loop`: the body is a program of its own, run once a step.
 *
 * The body's memory lies in the kernel's scratch, so that loops which run one after the other
 * share it.  Little is copied: shared values and entries of scanned ones are read where they
 * are, stacks are written where they belong, and a carry whose last value is wanted lives there
 * all along.  Only what the live results need is compiled at all. */
#include "engine/cpu/program.h"
#include "engine/ir/loop.h"

#include <string.h>

/* A slot of the body and one of the program around it; bytes of one entry. */
typedef struct pair {
    uint32_t inner, outer;
    size_t bytes;
} pair;

typedef enum when {
    BIND,  /* before the first step: inner is outer's memory */
    BEGIN, /* before the first step: inner takes outer's contents */
    ENTRY, /* before each step: inner is the step's entry in outer's memory */
    TRACE, /* before each step: the step's entry takes inner's contents */
    STACK, /* after each step: the step's entry takes inner's contents */
    WHENS
} when;

typedef struct loop_kernel {
    rg_kernel base;
    rg_executable *body;
    int64_t steps;
    bool reverse;
    size_t pointers; /* bytes of scratch in front of the body's memory */
    pair *pair[WHENS];
    uint32_t pairs[WHENS];
} loop_kernel;

/* ---- Running. */
static void bind(const loop_kernel *k, when w, char **slot, const rg_frame *frame, int64_t at)
{
    for (uint32_t i = 0; i < k->pairs[w]; i++) {
        const pair *p = &k->pair[w][i];
        slot[p->inner] = frame->slot[p->outer] + (size_t)at * p->bytes;
    }
}

static void take(const loop_kernel *k, when w, char *const *slot, const rg_frame *frame,
                 int64_t at)
{
    for (uint32_t i = 0; i < k->pairs[w]; i++) {
        const pair *p = &k->pair[w][i];
        if (p->bytes)
            memcpy(frame->slot[p->outer] + (size_t)at * p->bytes, slot[p->inner], p->bytes);
    }
}

static void begin(const loop_kernel *k, char *const *slot, const rg_frame *frame)
{
    for (uint32_t i = 0; i < k->pairs[BEGIN]; i++) {
        const pair *p = &k->pair[BEGIN][i];
        if (p->bytes)
            memcpy(slot[p->inner], frame->slot[p->outer], p->bytes);
    }
}

static bool run_loop(const rg_kernel *base, const rg_frame *frame, rg_err *err)
{
    const loop_kernel *k = (const loop_kernel *)base;
    char **slot = (char **)(void *)frame->scratch, *block = frame->scratch + k->pointers;
    rg_frame inner = {.slot = slot,
                      .scratch = block + k->body->layout.bytes,
                      .state = frame->state[base->number],
                      .crew = frame->crew,
                      .each = k->body->scratch};
    rg_program_place(k->body, block, slot);
    bind(k, BIND, slot, frame, 0);
    begin(k, slot, frame);
    for (int64_t t = 0; t < k->steps; t++) {
        int64_t at = k->reverse ? k->steps - 1 - t : t;
        bind(k, ENTRY, slot, frame, at);
        take(k, TRACE, slot, frame, at);
        if (!rg_program_run(k->body, &inner, err))
            return false;
        take(k, STACK, slot, frame, at);
    }
    return true;
}

static void *make_states(const rg_kernel *base)
{
    return rg_program_states(((const loop_kernel *)base)->body);
}

static void free_states(const rg_kernel *base, void *state)
{
    rg_program_states_free(((const loop_kernel *)base)->body, state);
}

/* ---- What the live results need. */
typedef struct maker {
    rg_lowering *lowering;
    const rg_node *loop;
    const rg_body *body;
    uint32_t first; /* id of result 0 */
    bool *carried;  /* by carry: it must be carried */
    bool *kept;     /* by slot of the body: it holds a carry, whose memory must not move */
    rg_layout *inner;
    loop_kernel *k;
} maker;

static bool alive(const maker *m, uint32_t result)
{
    return m->lowering->layout->live[m->first + result];
}

/* A carry is needed when its last value or its trace is, or when the step reads it for
 * something that is needed: the least fixed point. */
static void find_carried(maker *m)
{
    uint32_t carries = m->loop->attr.loop.carries;
    bool *needed = RG_NEW_ARRAY(bool, rg_graph_count(m->body->graph) + 1), more = true;
    m->carried = RG_ARENA_ARRAY(m->lowering->arena, bool, carries);
    for (uint32_t j = carries; j < m->body->outputs; j++)
        needed[m->body->output[j].id] |= alive(m, j);
    for (uint32_t i = 0; i < carries; i++)
        needed[m->body->input[i].id] |= alive(m, i) || alive(m, m->body->outputs + i);
    while (more) {
        more = false;
        rg_graph_spread(m->body->graph, needed);
        for (uint32_t i = 0; i < carries; i++) {
            if (m->carried[i] || !needed[m->body->input[i].id])
                continue;
            m->carried[i] = needed[m->body->output[i].id] = more = true;
        }
    }
    rg_free(needed);
}

/* ---- Making. */
/* What the body's plan takes for a constant's memory: the slot needs none of its own. */
static const char elsewhere;

static void add_pair(maker *m, when w, uint32_t inner, uint32_t outer_id, rg_val entry)
{
    loop_kernel *k = m->k;
    size_t bytes = (size_t)rg_val_count(entry) * rg_dtype_bytes(rg_val_dtype(entry));
    k->pair[w][k->pairs[w]++] = (pair){inner, rg_lower_slot(m->lowering, outer_id), bytes};
    if (w == BIND || w == ENTRY)
        m->inner->slot[inner].fixed = &elsewhere;
}

static void add_input(maker *m, uint32_t i)
{
    rg_val own = m->body->input[i];
    uint32_t carries = m->loop->attr.loop.carries, scans = m->loop->attr.loop.scans;
    uint32_t slot = m->inner->slot_of[own.id];
    if (slot == RG_NONE)
        return; /* what is live does not read it */
    if (i >= carries) {
        add_pair(m, i < carries + scans ? ENTRY : BIND, slot, m->loop->in[i], own);
        return;
    }
    if (alive(m, i))
        add_pair(m, BIND, slot, m->first + i, own);
    add_pair(m, BEGIN, slot, m->loop->in[i], own);
    if (alive(m, m->body->outputs + i))
        add_pair(m, TRACE, slot, m->first + m->body->outputs + i, own);
    m->kept[slot] = true;
}

/* An out that is a carry as it came in is a trace; one that a step of the body computes is
 * written where it belongs, unless its memory has another place already. */
static void add_out(maker *m, uint32_t j, uint32_t result_slot)
{
    rg_val out = m->body->output[j];
    uint32_t root = m->inner->root[out.id];
    when w = STACK;
    for (uint32_t i = 0; i < m->loop->attr.loop.carries; i++)
        if (m->body->input[i].id == out.id)
            w = TRACE;
    if (w == STACK && !m->inner->slot[result_slot].fixed && !m->kept[result_slot] &&
        rg_layout_computed(m->inner, root))
        w = ENTRY;
    add_pair(m, w, result_slot, m->first + j, out);
}

static void compile_body(maker *m)
{
    uint32_t carries = m->loop->attr.loop.carries, outs = m->body->outputs - carries;
    rg_val *output = RG_NEW_ARRAY(rg_val, outs);
    rg_carry *carry = RG_NEW_ARRAY(rg_carry, carries);
    size_t n_out = 0, n_carry = 0;
    for (uint32_t j = carries; j < m->body->outputs; j++)
        if (alive(m, j))
            output[n_out++] = m->body->output[j];
    for (uint32_t i = 0; i < carries; i++)
        if (m->carried[i])
            carry[n_carry++] = (rg_carry){m->body->input[i], m->body->output[i]};
    m->k->body = rg_program_make(m->body->graph, output, n_out, carry, n_carry, false,
                                 m->lowering->threads);
    m->inner = &m->k->body->layout;
    rg_free(output);
    rg_free(carry);
}

static void pair_slots(maker *m)
{
    size_t room = m->body->inputs + 2 * (size_t)m->body->outputs + 1, n_out = 0;
    for (int w = 0; w < WHENS; w++)
        m->k->pair[w] = RG_ARENA_ARRAY(m->lowering->arena, pair, room);
    m->kept = RG_NEW_ARRAY(bool, m->inner->slots + 1);
    for (uint32_t i = 0; i < m->body->inputs; i++)
        add_input(m, i);
    for (uint32_t j = m->loop->attr.loop.carries; j < m->body->outputs; j++)
        if (alive(m, j))
            add_out(m, j, m->inner->result[n_out++]);
    rg_free(m->kept);
    m->inner->bytes = rg_memory_plan(m->inner->slot, m->inner->slots);
}

static void release(void *program)
{
    rg_program_release(program);
}

rg_kernel *rg_lower_loop(rg_lowering *lowering, const rg_step *step)
{
    const rg_node *loop = rg_node_of(lowering->layout->graph, step->node[0]);
    maker m = {.lowering = lowering,
               .loop = loop,
               .body = loop->attr.loop.body,
               .first = step->node[0] - loop->attr.loop.result,
               .k = RG_KERNEL_NEW(lowering, loop_kernel, run_loop)};
    loop_kernel *k = m.k;
    find_carried(&m);
    compile_body(&m);
    rg_arena_defer(lowering->arena, release, k->body);
    pair_slots(&m);
    k->steps = loop->attr.loop.steps;
    k->reverse = loop->attr.loop.reverse;
    k->pointers = (sizeof(char *) * (m.inner->slots + 1) + RG_MEMORY_ALIGN - 1) /
                  RG_MEMORY_ALIGN * RG_MEMORY_ALIGN;
    k->base.scratch =
        k->pointers + m.inner->bytes + k->body->scratch * (size_t)lowering->threads;
    k->base.make_state = make_states;
    k->base.free_state = free_states;
    return &k->base;
}
