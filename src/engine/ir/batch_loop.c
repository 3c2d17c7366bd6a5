/* batch_loop.c - the batching rule of `loop`: the same loop over a batched body.
 *
 * Which carries vary is a fixed point: one varies when it begins so, or when its next value
 * depends on something that does.  Scanned values and stacks keep their steps in front, (steps,
 * B, ...), so that a step reads and writes one run of memory.  Siblings ask one after the other
 * and get the siblings of one wide loop, as equal bodies are made once. */
#include "engine/ir/batch.h"
#include "engine/ir/import.h"
#include "engine/ir/loop.h"

#include <string.h>

typedef struct widening {
    const rg_batching *b;
    const rg_body *body;
    uint32_t carries, scans;
    bool *varies;        /* by input of the body */
    bool *output_varies; /* by output of the body */
} widening;

/* (B, steps, ...) <-> (steps, B, ...) */
static rg_val swap_front(rg_val x)
{
    int order[RG_RANK_MAX] = {1, 0, 2, 3, 4, 5, 6, 7};
    return rg_permute(x, order);
}

/* ---- What varies. */
static void spread(widening *w)
{
    const rg_graph *graph = w->body->graph;
    size_t count = rg_graph_count(graph);
    bool *varies = RG_NEW_ARRAY(bool, count + 1);
    for (uint32_t i = 0; i < w->body->inputs; i++)
        varies[w->body->input[i].id] |= w->varies[i];
    for (uint32_t id = 1; id <= count; id++)
        for (uint32_t i = 0; i < rg_node_of(graph, id)->n_in; i++)
            varies[id] |= varies[rg_node_of(graph, id)->in[i]];
    for (uint32_t j = 0; j < w->body->outputs; j++)
        w->output_varies[j] = varies[w->body->output[j].id];
    rg_free(varies);
}

static void find_varying(widening *w)
{
    for (uint32_t i = 0; i < w->body->inputs; i++)
        w->varies[i] = w->b->wide[w->b->node.in[i]].id != 0;
    for (bool more = true; more;) {
        more = false;
        spread(w);
        for (uint32_t i = 0; i < w->carries; i++) {
            more |= w->output_varies[i] && !w->varies[i];
            w->varies[i] |= w->output_varies[i];
        }
    }
    for (uint32_t i = 0; i < w->carries; i++)
        w->output_varies[i] = w->varies[i];
}

/* ---- The body: once more in a graph of its own, then batched there. */
static void add_inputs(const widening *w, rg_body *wide, rg_val *narrow)
{
    for (uint32_t i = 0; i < w->body->inputs; i++) {
        const rg_node *own = rg_node_of(w->body->graph, w->body->input[i].id);
        rg_shape shape = own->shape;
        rg_str name = {.max = 64};
        rg_str_printf(&name, "narrow%u", i);
        if (w->varies[i]) {
            narrow[i] = rg_input(wide->graph, rg_str_text(&name), own->dtype, shape);
            shape = rg_batch_shape(w->b, shape);
        }
        wide->input[i] = rg_input(wide->graph, own->attr.name, own->dtype, shape);
        if (!w->varies[i])
            narrow[i] = wide->input[i];
        rg_str_free(&name);
    }
}

static void batch_outputs(const widening *w, rg_body *wide, const rg_val *narrow)
{
    uint32_t inputs = w->body->inputs, outputs = w->body->outputs;
    rg_val *own = RG_NEW_ARRAY(rg_val, outputs), *batched = RG_NEW_ARRAY(rg_val, outputs);
    rg_val *x = RG_NEW_ARRAY(rg_val, inputs), *wide_x = RG_NEW_ARRAY(rg_val, inputs);
    size_t n = 0;
    rg_import(wide->graph, w->body->graph, w->body->input, narrow, inputs, w->body->output,
              outputs, own);
    for (uint32_t i = 0; i < inputs; i++)
        if (w->varies[i]) {
            x[n] = narrow[i];
            wide_x[n++] = wide->input[i];
        }
    rg_batch(own, outputs, x, wide_x, n, batched);
    for (uint32_t j = 0; j < outputs; j++)
        wide->output[j] = w->output_varies[j] ? batched[j] : own[j];
    rg_free(own);
    rg_free(batched);
    rg_free(x);
    rg_free(wide_x);
}

static const rg_body *widen_body(const widening *w)
{
    rg_body *wide = rg_body_new(w->b->graph);
    rg_arena *arena = wide->graph->arena;
    wide->inputs = w->body->inputs;
    wide->outputs = w->body->outputs;
    wide->input = RG_ARENA_ARRAY(arena, rg_val, wide->inputs);
    wide->output = RG_ARENA_ARRAY(arena, rg_val, wide->outputs);
    rg_val *narrow = RG_NEW_ARRAY(rg_val, wide->inputs);
    add_inputs(w, wide, narrow);
    batch_outputs(w, wide, narrow);
    rg_free(narrow);
    return rg_body_keep(w->b->graph, wide);
}

/* ---- The loop around it. */
static rg_val operand(const widening *w, uint32_t i)
{
    const rg_batching *b = w->b;
    rg_val x = {b->graph, b->node.in[i]}, wide = b->wide[x.id];
    bool scanned = i >= w->carries && i < w->carries + w->scans;
    if (!w->varies[i])
        return x;
    if (!wide.id)
        wide = rg_broadcast(x, rg_batch_shape(b, rg_val_shape(x)));
    return scanned ? swap_front(wide) : wide;
}

static bool result_varies(const widening *w, uint32_t result)
{
    return result < w->body->outputs ? w->output_varies[result]
                                     : w->varies[result - w->body->outputs];
}

static rg_val add_loop(const widening *w, const rg_body *body)
{
    rg_node loop = w->b->node;
    uint32_t *in = RG_NEW_ARRAY(uint32_t, loop.n_in);
    for (uint32_t i = 0; i < loop.n_in; i++)
        in[i] = operand(w, i).id;
    loop.in = in;
    loop.attr.loop.body = body;
    rg_val ret = rg_loop_add(w->b->graph, &loop);
    rg_free(in);
    return ret;
}

rg_val rg_loop_batch(const rg_batching *b)
{
    widening w = {.b = b,
                  .body = b->node.attr.loop.body,
                  .carries = b->node.attr.loop.carries,
                  .scans = b->node.attr.loop.scans};
    w.varies = RG_NEW_ARRAY(bool, w.body->inputs);
    w.output_varies = RG_NEW_ARRAY(bool, w.body->outputs);
    find_varying(&w);
    const rg_body *body = widen_body(&w);
    rg_val ret = {b->graph, b->graph->poison};
    if (body) {
        ret = add_loop(&w, body);
        if (!result_varies(&w, b->node.attr.loop.result))
            ret = rg_broadcast(ret, rg_batch_shape(b, rg_val_shape(ret)));
        else if (rg_loop_is_stack(&b->node))
            ret = swap_front(ret);
    }
    rg_free(w.varies);
    rg_free(w.output_varies);
    return ret;
}
