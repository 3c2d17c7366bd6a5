/* loop_reference.c - the definition of `loop`: every value of the body has memory of its own,
 * and each step computes them one after the other. */
#include "engine/cpu/reference.h"
#include "engine/ir/loop.h"

#include <string.h>

typedef struct machine {
    const rg_node *loop;
    const rg_body *body;
    bool *needed; /* by id of the body */
    void **value;
    rg_seen seen; /* may be NULL */
    void *context;
} machine;

static size_t bytes_of(const machine *m, uint32_t id)
{
    const rg_node *node = rg_node_of(m->body->graph, id);
    return (size_t)rg_shape_count(node->shape) * rg_dtype_bytes(node->dtype);
}

/* Constants are filled once; the inputs have memory even where nothing needs them. */
static void machine_start(machine *m, const rg_node *loop)
{
    m->loop = loop;
    m->body = loop->attr.loop.body;
    m->needed = rg_body_needs(m->body);
    size_t count = rg_graph_count(m->body->graph);
    m->value = RG_NEW_ARRAY(void *, count + 1);
    for (uint32_t i = 0; i < m->body->inputs; i++)
        m->needed[m->body->input[i].id] = true;
    for (uint32_t id = 1; id <= count; id++) {
        const rg_node *node = rg_node_of(m->body->graph, id);
        if (!m->needed[id])
            continue;
        m->value[id] = rg_alloc(bytes_of(m, id) + 1);
        if (node->op == RG_OP_const)
            rg_dtype_store(node->dtype, m->value[id], 0, node->attr.value);
        if (node->op == RG_OP_array && bytes_of(m, id))
            memcpy(m->value[id], node->attr.array.data, bytes_of(m, id));
    }
}

static void machine_end(machine *m)
{
    for (size_t id = 0; id <= rg_graph_count(m->body->graph); id++)
        rg_free(m->value[id]);
    rg_free(m->value);
    rg_free(m->needed);
}

/* Carries take `from` in the beginning; scanned values their entry, shared values the whole. */
static void set_inputs(machine *m, const void *const *from, uint32_t first, uint32_t last,
                       int64_t entry)
{
    for (uint32_t i = first; i < last; i++) {
        uint32_t id = m->body->input[i].id;
        if (bytes_of(m, id))
            memcpy(m->value[id], (const char *)from[i] + (size_t)entry * bytes_of(m, id),
                   bytes_of(m, id));
    }
}

static bool compute(machine *m, int64_t entry, rg_err *err)
{
    const rg_graph *graph = m->body->graph;
    bool ok = true;
    for (uint32_t id = 1; ok && id <= rg_graph_count(graph); id++) {
        const rg_node *node = rg_node_of(graph, id);
        if (!m->needed[id] || rg_ops[node->op].kind == RG_KIND_leaf)
            continue;
        const void **in = RG_NEW_ARRAY(const void *, node->n_in);
        for (uint32_t i = 0; i < node->n_in; i++)
            in[i] = m->value[node->in[i]];
        ok = rg_reference(graph, node, in, m->value[id], err);
        rg_free(in);
        ok = ok && (!m->seen || m->seen(m->context, graph, id, entry, m->value));
    }
    return ok;
}

/* All at once: a next carry may be another carry as it was. */
static void carry_over(machine *m)
{
    uint32_t carries = m->loop->attr.loop.carries;
    void **next = RG_NEW_ARRAY(void *, carries);
    for (uint32_t i = 0; i < carries; i++) {
        size_t bytes = bytes_of(m, m->body->input[i].id);
        next[i] = rg_alloc(bytes + 1);
        if (bytes)
            memcpy(next[i], m->value[m->body->output[i].id], bytes);
    }
    for (uint32_t i = 0; i < carries; i++) {
        uint32_t id = m->body->input[i].id;
        rg_free(m->value[id]);
        m->value[id] = next[i];
    }
    rg_free(next);
}

/* out: NULL when the loop is only watched. */
static void keep(const machine *m, uint32_t id, void *out, int64_t entry)
{
    if (bytes_of(m, id) && out)
        memcpy((char *)out + (size_t)entry * bytes_of(m, id), m->value[id], bytes_of(m, id));
}

/* The result is the last value of a carry, the stack of an out, or the trace of a carry. */
static bool run_steps(machine *m, const void *const *in, void *out, rg_err *err)
{
    uint32_t carries = m->loop->attr.loop.carries, scans = m->loop->attr.loop.scans;
    uint32_t result = m->loop->attr.loop.result, outputs = m->body->outputs;
    int64_t steps = m->loop->attr.loop.steps;
    set_inputs(m, in, 0, carries, 0);
    set_inputs(m, in, carries + scans, m->body->inputs, 0);
    for (int64_t t = 0; t < steps; t++) {
        int64_t entry = m->loop->attr.loop.reverse ? steps - 1 - t : t;
        set_inputs(m, in, carries, carries + scans, entry);
        if (result >= outputs)
            keep(m, m->body->input[result - outputs].id, out, entry);
        if (!compute(m, entry, err))
            return false;
        if (result >= carries && result < outputs)
            keep(m, m->body->output[result].id, out, entry);
        carry_over(m);
    }
    if (result < carries)
        keep(m, m->body->input[result].id, out, 0);
    return true;
}

bool rg_reference_loop(const rg_node *loop, const void *const *in, void *out, rg_err *err)
{
    machine m = {0};
    machine_start(&m, loop);
    bool ok = run_steps(&m, in, out, err);
    machine_end(&m);
    return ok;
}

void rg_reference_loop_watch(const rg_node *loop, const void *const *in, rg_seen seen,
                             void *context)
{
    machine m = {.seen = seen, .context = context};
    rg_err err = {0};
    machine_start(&m, loop);
    run_steps(&m, in, NULL, &err);
    machine_end(&m);
}
