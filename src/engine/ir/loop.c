/* loop.c - loops: bodies, the shape rule, siblings, and the builder that users call. */
#include "engine/ir/loop.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- Bodies. */
rg_body *rg_body_new(const rg_graph *outer)
{
    rg_body *body = RG_NEW(rg_body);
    body->graph = rg_graph_new();
    body->graph->outer = outer;
    body->graph->at = outer->at;
    body->graph->pins = outer->pins > 0;
    return body;
}

void rg_body_free(rg_body *body)
{
    rg_graph_free(body->graph);
    rg_free(body);
}

static void release(void *body)
{
    rg_body_free(body);
}

const rg_body *rg_body_share(rg_graph *outer, const rg_body *body)
{
    rg_str text = {0};
    rg_body_print(body, &text);
    if (!outer->bodies)
        outer->bodies = rg_map_new();
    const rg_body *known = rg_map_get(outer->bodies, rg_str_text(&text));
    if (text.cut)
        known = body; /* a text that is too long to be kept whole proves nothing */
    else if (!known)
        rg_map_set(outer->bodies, rg_str_text(&text), (void *)(uintptr_t)(known = body));
    rg_str_free(&text);
    return known;
}

const rg_body *rg_body_keep(rg_graph *outer, rg_body *body)
{
    const rg_err *err = rg_graph_error(body->graph);
    if (err->code != RG_OK) {
        rg_fail(&outer->err, err->code, err->where, err->remedy, "%s", err->what);
        rg_body_free(body);
        return NULL;
    }
    const rg_body *known = rg_body_share(outer, body);
    if (known != body)
        rg_body_free(body);
    else
        rg_arena_defer(outer->arena, release, body);
    return known;
}

bool *rg_body_needs(const rg_body *body)
{
    size_t count = rg_graph_count(body->graph);
    bool *needed = RG_NEW_ARRAY(bool, count + 1);
    for (uint32_t i = 0; i < body->outputs; i++)
        needed[body->output[i].id] = true;
    for (size_t id = count; id > 0; id--) {
        const rg_node *node = rg_node_of(body->graph, (uint32_t)id);
        for (uint32_t i = 0; needed[id] && i < node->n_in; i++)
            needed[node->in[i]] = true;
    }
    return needed;
}

/* ---- The shape rule. */
static bool fail_pair(rg_graph *graph, const char *remedy, const char *what, uint32_t i,
                      const rg_node *a, const char *between, const rg_node *b)
{
    char left[160], right[160];
    rg_shape_text(left, a->shape);
    rg_shape_text(right, b->shape);
    rg_graph_fail(graph, remedy, "loop: %s %u has shape %s and type %s %s shape %s and type %s",
                  what, i, left, rg_dtype_name(a->dtype), between, right,
                  rg_dtype_name(b->dtype));
    return false;
}

static bool same_kind(const rg_node *a, const rg_node *b)
{
    return a->dtype == b->dtype && rg_shape_same(a->shape, b->shape);
}

static bool counts_fit(rg_graph *graph, const rg_node *loop)
{
    const rg_body *body = loop->attr.loop.body;
    uint64_t needed = (uint64_t)loop->attr.loop.carries + loop->attr.loop.scans;
    if (loop->n_in == body->inputs && needed <= loop->n_in &&
        loop->attr.loop.carries <= body->outputs &&
        loop->attr.loop.result < rg_loop_results(loop) && loop->attr.loop.steps >= 0)
        return true;
    rg_graph_fail(graph,
                  "operands are the body's inputs: carries, scanned and shared values; "
                  "its outputs are the next carries, then the outs",
                  "loop: %u operands, %u carries, %u scanned values, %" PRId64
                  " steps and result %u do not fit a body of %u inputs and %u outputs",
                  loop->n_in, loop->attr.loop.carries, loop->attr.loop.scans,
                  loop->attr.loop.steps, loop->attr.loop.result, body->inputs, body->outputs);
    return false;
}

static bool scan_fits(rg_graph *graph, const rg_node *loop, uint32_t i)
{
    const rg_body *body = loop->attr.loop.body;
    const rg_node *x = rg_operand(graph, loop, i);
    const rg_node *entry = rg_node_of(body->graph, body->input[i].id);
    uint32_t number = i - loop->attr.loop.carries;
    char text[160];
    if (x->shape.rank == 0 || x->shape.dim[0] != loop->attr.loop.steps) {
        rg_shape_text(text, x->shape);
        rg_graph_fail(graph, "its first axis holds one entry for each step",
                      "loop: scanned value %u has shape %s for %" PRId64 " steps", number, text,
                      loop->attr.loop.steps);
        return false;
    }
    rg_node slice = *x;
    slice.shape.rank--;
    memmove(slice.shape.dim, slice.shape.dim + 1, sizeof(int64_t) * (RG_RANK_MAX - 1));
    return same_kind(&slice, entry) ||
           fail_pair(graph, "the body reads one entry of the first axis", "scanned value",
                     number, x, "and its entry in the body", entry);
}

static bool operands_fit(rg_graph *graph, const rg_node *loop)
{
    const rg_body *body = loop->attr.loop.body;
    uint32_t carries = loop->attr.loop.carries, scans = loop->attr.loop.scans;
    for (uint32_t i = 0; i < loop->n_in; i++) {
        const rg_node *x = rg_operand(graph, loop, i);
        const rg_node *own = rg_node_of(body->graph, body->input[i].id);
        if (i >= carries && i < carries + scans) {
            if (!scan_fits(graph, loop, i))
                return false;
        } else if (!same_kind(x, own)) {
            return fail_pair(
                graph, "the body must read it as it is", i < carries ? "carry" : "shared value",
                i < carries ? i : i - carries - scans, x, "outside the body and", own);
        }
    }
    for (uint32_t i = 0; i < carries; i++) {
        const rg_node *before = rg_node_of(body->graph, body->input[i].id);
        const rg_node *after = rg_node_of(body->graph, body->output[i].id);
        if (!same_kind(before, after))
            return fail_pair(graph, "a step must keep the shape and type of a carry", "carry",
                             i, before, "before a step and", after);
    }
    return true;
}

bool rg_loop_shape(rg_graph *graph, rg_node *loop)
{
    if (!counts_fit(graph, loop) || !operands_fit(graph, loop))
        return false;
    const rg_body *body = loop->attr.loop.body;
    uint32_t result = loop->attr.loop.result;
    rg_val value =
        result < body->outputs ? body->output[result] : body->input[result - body->outputs];
    loop->shape = rg_val_shape(value);
    loop->dtype = rg_val_dtype(value);
    if (!rg_loop_is_stack(loop))
        return true;
    if (loop->shape.rank == RG_RANK_MAX) {
        rg_graph_fail(graph, "merge axes with rg_reshape",
                      "loop: carries and outs have at most %d axes: stacks have one more",
                      RG_RANK_MAX - 1);
        return false;
    }
    memmove(loop->shape.dim + 1, loop->shape.dim, sizeof(int64_t) * (RG_RANK_MAX - 1));
    loop->shape.dim[0] = loop->attr.loop.steps;
    loop->shape.rank++;
    return true;
}

/* ---- Siblings. */
rg_val rg_loop_add(rg_graph *graph, const rg_node *wanted)
{
    rg_node loop = *wanted;
    rg_val ret = {0};
    if (wanted->attr.loop.result >= rg_loop_results(wanted))
        return rg_node_add(graph, wanted); /* the shape rule says why not */
    for (uint32_t r = 0; r < rg_loop_results(wanted); r++) {
        loop.attr.loop.result = r;
        rg_val sibling = rg_node_add(graph, &loop);
        if (r == wanted->attr.loop.result || graph->err.code != RG_OK)
            ret = sibling;
        if (graph->err.code != RG_OK)
            break;
    }
    return ret;
}

/* ---- The builder. */
typedef struct building {
    rg_graph *graph;
    const rg_loop_spec *spec;
    rg_body *body;
    rg_val step; /* of the body's graph */
    RG_VEC(rg_val) input;
    RG_VEC(uint32_t) operand; /* by input; 0: the step number, which is made when it is read */
} building;

static void add_inputs(building *b, const char *kind, const rg_val *x, size_t n, bool scanned)
{
    for (size_t i = 0; i < n; i++) {
        char name[32];
        rg_shape shape = rg_val_shape(x[i]);
        snprintf(name, sizeof(name), "%s%zu", kind, i);
        if (x[i].graph != b->graph)
            rg_graph_fail(b->graph, "pass values of the graph that the loop is built in",
                          "loop: %s is no value of this graph", name);
        if (scanned && shape.rank > 0) {
            shape.rank--;
            memmove(shape.dim, shape.dim + 1, sizeof(int64_t) * (RG_RANK_MAX - 1));
        }
        rg_val own =
            rg_input_at(b->body->graph->at, b->body->graph, name, rg_val_dtype(x[i]), shape);
        rg_vec_push(&b->input, own);
        rg_vec_push(&b->operand, x[i].id);
    }
}

/* The body's own graph, or an error that says where the value comes from. */
static bool of_body(building *b, rg_val x, const char *what, size_t i)
{
    if (x.graph == b->body->graph)
        return true;
    if (b->body->graph->err.code != RG_OK)
        return false; /* the mistake that led to this is told already */
    rg_graph_fail(b->graph,
                  x.graph == b->graph
                      ? "pass values from outside the body as carry, scanned or "
                        "shared values"
                      : "the body must set every entry of next and out",
                  x.graph == b->graph ? "loop: %s %zu is a value from outside the body"
                                      : "loop: the body gives no %s %zu",
                  what, i);
    return false;
}

static bool run_callback(building *b)
{
    const rg_loop_spec *spec = b->spec;
    size_t n = spec->carries + spec->outs;
    rg_val *output = RG_ARENA_ARRAY(b->body->graph->arena, rg_val, n);
    const rg_val *input = b->input.at;
    rg_loop_body view = {.graph = b->body->graph,
                         .carry = input,
                         .scan = input + spec->carries,
                         .step = b->step,
                         .shared = input + spec->carries + spec->scans + 1,
                         .next = output,
                         .out = output + spec->carries};
    spec->body(&view, spec->context);
    b->body->output = output;
    b->body->outputs = (uint32_t)n;
    bool whole = true;
    for (size_t i = 0; whole && i < n; i++)
        whole = i < spec->carries ? of_body(b, output[i], "next value of carry", i)
                                  : of_body(b, output[i], "out", i - spec->carries);
    return whole;
}

static bool closed(building *b, const bool *needed)
{
    const rg_graph *graph = b->body->graph;
    for (uint32_t id = 1; id <= rg_graph_count(graph); id++) {
        bool known = !needed[id] || rg_node_of(graph, id)->op != RG_OP_input;
        for (size_t i = 0; !known && i < b->input.len; i++)
            known = b->input.at[i].id == id;
        if (known)
            continue;
        rg_graph_fail(b->graph, "pass it as carry, scanned or shared value",
                      "loop: the body has an input of its own, '%s'",
                      rg_node_of(graph, id)->attr.name);
        return false;
    }
    return true;
}

/* Scanned and shared values that the outputs do not need are dropped; the step number becomes
 * the scanned value 0, 1, 2, ... when it is read. */
static void drop_unused(building *b, rg_node *loop, const bool *needed)
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
        loop->attr.loop.scans += scanned;
        b->input.at[kept] = b->input.at[i];
        b->operand.at[kept++] = b->operand.at[i];
    }
    b->input.len = b->operand.len = kept;
    b->body->inputs = (uint32_t)kept;
    b->body->input = RG_ARENA_ARRAY(b->body->graph->arena, rg_val, kept);
    if (kept)
        memcpy(b->body->input, b->input.at, sizeof(rg_val) * kept);
}

static rg_val build(building *b)
{
    const rg_loop_spec *spec = b->spec;
    rg_node loop;
    memset(&loop, 0, sizeof(loop));
    loop.op = RG_OP_loop;
    loop.attr.loop.steps = spec->steps;
    loop.attr.loop.carries = (uint32_t)spec->carries;
    loop.attr.loop.reverse = spec->reverse;
    if (spec->steps < 0)
        rg_graph_fail(b->graph, "count the steps from 0", "loop: %" PRId64 " steps",
                      spec->steps);
    add_inputs(b, "carry", spec->carry, spec->carries, false);
    add_inputs(b, "scan", spec->scan, spec->scans, true);
    b->step = rg_input_at(b->body->graph->at, b->body->graph, "step", RG_I32, RG_SCALAR);
    rg_vec_push(&b->input, b->step);
    rg_vec_push(&b->operand, 0);
    add_inputs(b, "shared", spec->shared, spec->shareds, false);
    if (b->graph->err.code != RG_OK ||
        (!run_callback(b) && b->body->graph->err.code == RG_OK)) {
        rg_body_free(b->body);
        return (rg_val){0};
    }
    if (b->body->graph->err.code == RG_OK) {
        bool *needed = rg_body_needs(b->body);
        if (closed(b, needed))
            drop_unused(b, &loop, needed);
        rg_free(needed);
    }
    loop.n_in = (uint32_t)b->operand.len;
    loop.in = b->operand.at;
    loop.attr.loop.body = rg_body_keep(b->graph, b->body);
    return loop.attr.loop.body ? rg_loop_add(b->graph, &loop) : (rg_val){0};
}

void rg_loop_at(rg_place at, rg_graph *graph, const rg_loop_spec *spec, rg_val *ret)
{
    size_t n = spec->carries + spec->outs;
    rg_graph_note(graph, at);
    building b = {.graph = graph, .spec = spec, .body = rg_body_new(graph)};
    rg_graph_pin(graph, at);
    rg_val first = build(&b);
    bool ok = first.id && graph->err.code == RG_OK;
    for (size_t i = 0; i < n; i++)
        ret[i] = ok ? (rg_val){graph, first.id + (uint32_t)i} : rg_const(graph, 0, RG_F32);
    rg_graph_unpin(graph);
    rg_vec_free(&b.input);
    rg_vec_free(&b.operand);
}
