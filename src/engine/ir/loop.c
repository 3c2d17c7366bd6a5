/* loop.c - loops: bodies, the shape rule, siblings. */
#include "engine/ir/loop.h"

#include <inttypes.h>
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
    bool *needed = RG_NEW_ARRAY(bool, rg_graph_count(body->graph) + 1);
    for (uint32_t i = 0; i < body->outputs; i++)
        needed[body->output[i].id] = true;
    rg_graph_spread(body->graph, needed);
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
