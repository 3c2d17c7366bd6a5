/* hazard.c - operations that the values of their operands can break (see range.h). */
#include "engine/ir/loop.h"
#include "engine/ir/range.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef RG_VEC(rg_hazard) hazards;

typedef struct looking { /* at a graph, or at the body of a loop in it */
    const rg_graph *graph;
    const rg_range *range;
    bool *needed;   /* by id: the loss depends on it */
    bool *wanted;   /* by id: it depends, smoothly, on what is differentiated by */
    bool *receives; /* by id: a derivative of the loss reaches it */
    hazards *found;
} looking;

static looking look_at(const rg_graph *graph, const rg_range *range, hazards *found)
{
    size_t n = rg_graph_count(graph) + 1;
    return (looking){.graph = graph,
                     .range = range,
                     .needed = RG_NEW_ARRAY(bool, n),
                     .wanted = RG_NEW_ARRAY(bool, n),
                     .receives = RG_NEW_ARRAY(bool, n),
                     .found = found};
}

static void look_away(looking *l)
{
    rg_free(l->needed);
    rg_free(l->wanted);
    rg_free(l->receives);
}

/* ---- What depends on what. */
static bool is_smooth(const rg_node *node)
{
    return rg_dtype_float(node->dtype) && node->op != RG_OP_stop_grad &&
           node->op != RG_OP_floor;
}

/* From what is marked already. */
static void spread_marks(looking *l)
{
    uint32_t count = (uint32_t)rg_graph_count(l->graph);
    for (uint32_t id = 1; id <= count; id++) {
        const rg_node *node = rg_node_of(l->graph, id);
        for (uint32_t i = 0; is_smooth(node) && i < node->n_in; i++)
            l->wanted[id] |= l->wanted[node->in[i]];
    }
    for (uint32_t id = count; id > 0; id--) {
        const rg_node *node = rg_node_of(l->graph, id);
        for (uint32_t i = 0; i < node->n_in; i++) {
            l->needed[node->in[i]] |= l->needed[id];
            l->receives[node->in[i]] |= l->receives[id] && is_smooth(node);
        }
    }
}

/* ---- Checks. */
static bool is_known(const hazards *found, const rg_hazard *h)
{
    for (size_t i = 0; i < found->len; i++)
        if (found->at[i].at.file == h->at.file && found->at[i].at.line == h->at.line &&
            !strcmp(found->at[i].what, h->what))
            return true;
    return false;
}

static void found(looking *l, uint32_t id, const char *what, const char *remedy)
{
    rg_hazard h = {.at = rg_node_of(l->graph, id)->at, .remedy = remedy};
    snprintf(h.what, sizeof(h.what), "%s", what);
    if (!is_known(l->found, &h))
        rg_vec_push(l->found, h);
}

static rg_range of(const looking *l, const rg_node *node, size_t i)
{
    return l->range[node->in[i]];
}

static double greatest_exponent(rg_dtype dtype)
{
    return dtype == RG_F32 ? 88.72 : 709.78;
}

static void check_exp(looking *l, uint32_t id, const rg_node *node)
{
    if (of(l, node, 0).hi > greatest_exponent(node->dtype))
        found(l, id, "exp of a value without an upper bound overflows",
              "subtract the maximum first, as rg_softmax does, or bound the exponent");
}

static void check_log(looking *l, uint32_t id, const rg_node *node)
{
    double lo = of(l, node, 0).lo;
    const rg_node *x = rg_operand(l->graph, node, 0);
    if (lo > 0)
        return;
    if (lo < 0)
        found(l, id, "log of a value that can be negative is not a number",
              "take the logarithm of what is positive: of a square, a softplus, an exp");
    else if (x->op == RG_OP_div)
        found(
            l, id,
            "log of a quotient that can be zero is infinite: a softmax comes to zero where its "
            "exponential underflows",
            "use rg_cross_entropy, or subtract: z - log(sum(exp(z)))");
    else
        found(l, id, "log of a value that can be zero is infinite",
              "add a small constant, or bound it from below with rg_max");
}

/* Where a derivative passes, its slope 1 / (2 sqrt(x)) counts. */
static void check_sqrt(looking *l, uint32_t id, const rg_node *node)
{
    double lo = of(l, node, 0).lo;
    if (lo < 0)
        found(l, id, "sqrt of a value that can be negative is not a number",
              "take it of what is not negative: of a square, of rg_max(x, 0)");
    else if (lo == 0 && l->receives[id] && l->wanted[node->in[0]])
        found(l, id, "sqrt of a value that can be zero has an infinite derivative there",
              "add a small constant under the root");
}

static void check_div(looking *l, uint32_t id, const rg_node *node)
{
    rg_range y = of(l, node, 1);
    if (rg_dtype_float(node->dtype) && y.lo <= 0 && y.hi >= 0)
        found(l, id, "division by a value that can be zero",
              "add a small constant to what is positive, or bound it with rg_max");
}

static void check_pow(looking *l, uint32_t id, const rg_node *node)
{
    rg_range x = of(l, node, 0), y = of(l, node, 1);
    bool whole = y.lo == y.hi && y.lo == floor(y.lo);
    if (x.lo < 0 && !whole)
        found(l, id, "a broken power of a value that can be negative is not a number",
              "take it of what is not negative: of a square, of rg_max(x, 0)");
    else if (x.lo <= 0 && x.hi >= 0 && y.lo < 0)
        found(l, id, "a negative power of a value that can be zero is infinite",
              "add a small constant to what is positive");
    else if (x.lo == 0 && y.lo < 1 && y.hi > 0 && l->receives[id] && l->wanted[node->in[0]])
        found(l, id,
              "a power below 1 of a value that can be zero has an infinite derivative there",
              "add a small constant to what is positive");
}

static void check_loop(looking *l, uint32_t id, const rg_node *loop);

static void (*const checks[RG_OPS])(looking *, uint32_t, const rg_node *) = {
    [RG_OP_exp] = check_exp, [RG_OP_log] = check_log, [RG_OP_sqrt] = check_sqrt,
    [RG_OP_div] = check_div, [RG_OP_pow] = check_pow, [RG_OP_loop] = check_loop,
};

static bool is_of_interest(const looking *l, uint32_t id)
{
    const rg_node *node = rg_node_of(l->graph, id);
    return l->needed[id] && checks[node->op] && rg_shape_count(node->shape) > 0;
}

static void check_all(looking *l)
{
    for (uint32_t id = 1; id <= rg_graph_count(l->graph); id++)
        if (is_of_interest(l, id))
            checks[rg_node_of(l->graph, id)->op](l, id, rg_node_of(l->graph, id));
}

/* ---- Bodies of loops. */
static bool join(bool *mark, bool other)
{
    bool new = other && !*mark;
    *mark |= other;
    return new;
}

/* What is known of a carry before a step and after it is one. */
static bool join_carries(looking *in, const rg_body *body, uint32_t carries)
{
    bool new = false;
    for (uint32_t c = 0; c < carries; c++) {
        uint32_t before = body->input[c].id, after = body->output[c].id;
        new |= join(&in->wanted[before], in->wanted[after]);
        new |= join(&in->needed[after], in->needed[before]);
        new |= join(&in->receives[after], in->receives[before]);
    }
    return new;
}

static void mark_body(looking *in, const looking *l, uint32_t first, const rg_node *loop)
{
    const rg_body *body = loop->attr.loop.body;
    for (uint32_t i = 0; i < body->inputs; i++)
        in->wanted[body->input[i].id] = l->wanted[loop->in[i]];
    for (uint32_t r = 0; r < rg_loop_results(loop); r++) {
        rg_val of = r < body->outputs ? body->output[r] : body->input[r - body->outputs];
        in->needed[of.id] |= l->needed[first + r];
        in->receives[of.id] |= l->receives[first + r];
    }
    do
        spread_marks(in);
    while (join_carries(in, body, loop->attr.loop.carries));
}

/* With the first of its results. */
static void check_loop(looking *l, uint32_t id, const rg_node *loop)
{
    uint32_t first = id - loop->attr.loop.result;
    for (uint32_t other = first; other < id; other++)
        if (is_of_interest(l, other))
            return;
    rg_range *range = rg_ranges_of_body(loop, l->range);
    looking in = look_at(loop->attr.loop.body->graph, range, l->found);
    mark_body(&in, l, first, loop);
    if (loop->attr.loop.steps > 0)
        check_all(&in);
    look_away(&in);
    rg_free(range);
}

size_t rg_hazards_of(rg_val loss, const rg_val *x, size_t n, const rg_range *ranges,
                     rg_hazard **ret)
{
    hazards found = {0};
    looking l = look_at(loss.graph, ranges, &found);
    for (size_t i = 0; i < n; i++)
        l.wanted[x[i].id] = true;
    l.needed[loss.id] = l.receives[loss.id] = true;
    spread_marks(&l);
    check_all(&l);
    look_away(&l);
    *ret = found.at;
    return found.len;
}
