/* loop_build.c - rg_loop: the callback's body becomes a graph, what it reads becomes operands.
 * The body is left with the inputs that its outputs need, and the carries. */
#include "engine/ir/loop.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct building {
    rg_graph *graph;
    const rg_loop_spec *spec;
    rg_body *body;
    RG_VEC(rg_val) input;
    RG_VEC(uint32_t) operand; /* by input; 0: the step number, which is made when it is read */
    uint32_t scans;           /* those that are kept */
} building;

static bool healthy(const building *b)
{
    return b->graph->err.code == RG_OK && b->body->graph->err.code == RG_OK;
}

/* ---- Inputs: carries, scanned values, the step number, shared values. */
static rg_shape entry_of(rg_shape shape)
{
    if (shape.rank > 0)
        shape.rank--;
    memmove(shape.dim, shape.dim + 1, sizeof(int64_t) * (RG_RANK_MAX - 1));
    return shape;
}

static void add_input(building *b, const char *name, rg_dtype dtype, rg_shape shape,
                      uint32_t operand)
{
    rg_graph *graph = b->body->graph;
    rg_val own = rg_input_at(graph->at, graph, name, dtype, shape);
    rg_vec_push(&b->input, own);
    rg_vec_push(&b->operand, operand);
}

static void add_inputs(building *b, const char *kind, const rg_val *x, size_t n, bool scanned)
{
    for (size_t i = 0; i < n; i++) {
        char name[32];
        rg_shape shape = rg_val_shape(x[i]);
        snprintf(name, sizeof(name), "%s%zu", kind, i);
        if (x[i].graph != b->graph)
            rg_graph_fail(b->graph, "pass values of the graph that the loop is built in",
                          "loop: %s is no value of this graph", name);
        add_input(b, name, rg_val_dtype(x[i]), scanned ? entry_of(shape) : shape, x[i].id);
    }
}

static void add_all_inputs(building *b)
{
    const rg_loop_spec *spec = b->spec;
    add_inputs(b, "carry", spec->carry, spec->carries, false);
    add_inputs(b, "scan", spec->scan, spec->scans, true);
    add_input(b, "step", RG_I32, RG_SCALAR, 0);
    add_inputs(b, "shared", spec->shared, spec->shareds, false);
}

/* ---- The callback. */
/* Fails unless the callback set a value of the body's own graph. */
static void check_output(building *b, rg_val x, const char *what, size_t i)
{
    if (!healthy(b) || x.graph == b->body->graph)
        return;
    if (x.graph == b->graph)
        rg_graph_fail(b->graph, "pass it as carry, scanned or shared value",
                      "loop: %s %zu is a value from outside the body", what, i);
    else
        rg_graph_fail(b->graph, "the body must set every entry of next and out",
                      "loop: the body gives no %s %zu", what, i);
}

/* Meanwhile the graph outside is not pinned to the loop, so that what the callback does wrong
 * there, as a layer that makes a weight, has the callback's line. */
static void call_back(building *b, rg_loop_body *view)
{
    rg_place at = b->graph->at;
    b->graph->bodies_open++;
    rg_graph_unpin(b->graph);
    b->spec->body(view, b->spec->context);
    rg_graph_pin(b->graph, at);
    b->graph->bodies_open--;
}

static void run_callback(building *b)
{
    const rg_loop_spec *spec = b->spec;
    size_t n = spec->carries + spec->outs;
    rg_val *output = RG_ARENA_ARRAY(b->body->graph->arena, rg_val, n);
    const rg_val *scan = b->input.at + spec->carries, *step = scan + spec->scans;
    rg_loop_body view = {.graph = b->body->graph,
                         .carry = b->input.at,
                         .scan = scan,
                         .step = *step,
                         .shared = step + 1,
                         .next = output,
                         .out = output + spec->carries};
    call_back(b, &view);
    b->body->output = output;
    b->body->outputs = (uint32_t)n;
    for (size_t i = 0; i < spec->carries; i++)
        check_output(b, view.next[i], "next value of carry", i);
    for (size_t i = 0; i < spec->outs; i++)
        check_output(b, view.out[i], "out", i);
}

/* ---- Operands. */
/* Fails when the outputs need an input that the callback made itself. */
static void check_closed(building *b, const bool *needed)
{
    const rg_graph *graph = b->body->graph;
    for (uint32_t id = 1; id <= rg_graph_count(graph); id++) {
        bool known = !needed[id] || rg_node_of(graph, id)->op != RG_OP_input;
        for (size_t i = 0; !known && i < b->input.len; i++)
            known = b->input.at[i].id == id;
        if (!known)
            rg_graph_fail(b->graph, "pass it as carry, scanned or shared value",
                          "loop: the body has an input of its own, '%s'",
                          rg_node_of(graph, id)->attr.name);
    }
}

/* Scanned and shared values that the outputs do not need are dropped; the step number becomes
 * the scanned value 0, 1, 2, ... when it is read. */
static void drop_unused(building *b, const bool *needed)
{
    const rg_loop_spec *spec = b->spec;
    size_t kept = 0;
    for (size_t i = 0; i < b->input.len; i++) {
        bool scanned = i >= spec->carries && i <= spec->carries + spec->scans;
        if (i >= spec->carries && !needed[b->input.at[i].id])
            continue;
        if (b->operand.at[i] == 0)
            b->operand.at[i] =
                rg_iota_at(b->graph->at, b->graph, rg_shape_of(spec->steps), 0, RG_I32).id;
        b->scans += scanned;
        b->input.at[kept] = b->input.at[i];
        b->operand.at[kept++] = b->operand.at[i];
    }
    b->input.len = b->operand.len = kept;
    b->body->inputs = (uint32_t)kept;
    b->body->input = RG_ARENA_ARRAY(b->body->graph->arena, rg_val, kept);
    if (kept)
        memcpy(b->body->input, b->input.at, sizeof(rg_val) * kept);
}

static bool is_complete(const rg_loop_spec *spec)
{
    return spec->body && (spec->carry || !spec->carries) && (spec->scan || !spec->scans) &&
           (spec->shared || !spec->shareds);
}

/* What goes wrong sticks to one of the two graphs. */
static void make_body(building *b)
{
    if (!is_complete(b->spec)) {
        rg_graph_fail(b->graph, "give the body, and a list for each count above 0",
                      "loop: its body or a list of values is NULL");
        return;
    }
    if (b->spec->steps < 0)
        rg_graph_fail(b->graph, "count the steps from 0", "loop: %" PRId64 " steps",
                      b->spec->steps);
    add_all_inputs(b);
    if (healthy(b))
        run_callback(b);
    if (!healthy(b))
        return;
    bool *needed = rg_body_needs(b->body);
    check_closed(b, needed);
    drop_unused(b, needed);
    rg_free(needed);
}

static rg_val build(building *b)
{
    rg_node loop;
    make_body(b);
    if (b->graph->err.code != RG_OK) {
        rg_body_free(b->body);
        return (rg_val){0};
    }
    memset(&loop, 0, sizeof(loop));
    loop.op = RG_OP_loop;
    loop.n_in = (uint32_t)b->operand.len;
    loop.in = b->operand.at;
    loop.attr.loop.steps = b->spec->steps;
    loop.attr.loop.carries = (uint32_t)b->spec->carries;
    loop.attr.loop.scans = b->scans;
    loop.attr.loop.reverse = b->spec->reverse;
    loop.attr.loop.body = rg_body_keep(b->graph, b->body);
    return loop.attr.loop.body ? rg_loop_add(b->graph, &loop) : (rg_val){0};
}

void rg_loop_at(rg_place at, rg_graph *graph, const rg_loop_spec *spec, rg_val *ret)
{
    rg_graph_note(graph, at);
    building b = {.graph = graph, .spec = spec, .body = rg_body_new(graph)};
    rg_graph_pin(graph, at);
    rg_val first = build(&b);
    bool ok = graph->err.code == RG_OK;
    for (size_t i = 0; i < spec->carries + spec->outs; i++)
        ret[i] = ok ? (rg_val){graph, first.id + (uint32_t)i} : rg_const(graph, 0, RG_F32);
    rg_graph_unpin(graph);
    rg_vec_free(&b.input);
    rg_vec_free(&b.operand);
}
