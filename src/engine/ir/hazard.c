/* hazard.c - operations that the values of their operands can break (see range.h). */
#include "engine/ir/range.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct looking {
    const rg_graph *graph;
    const rg_range *range;
    bool *needed;   /* by id: the loss depends on it */
    bool *wanted;   /* by id: it depends, smoothly, on what is differentiated by */
    bool *receives; /* by id: a derivative of the loss reaches it */
    RG_VEC(rg_hazard) found;
} looking;

/* ---- What depends on what. */
static bool is_smooth(const rg_node *node)
{
    return rg_dtype_float(node->dtype) && node->op != RG_OP_stop_grad &&
           node->op != RG_OP_floor;
}

static void mark_wanted(looking *l, size_t count, const rg_val *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        l->wanted[x[i].id] = true;
    for (size_t id = 1; id <= count; id++) {
        const rg_node *node = rg_node_of(l->graph, (uint32_t)id);
        for (uint32_t i = 0; is_smooth(node) && i < node->n_in; i++)
            l->wanted[id] |= l->wanted[node->in[i]];
    }
}

static void mark_back(looking *l, uint32_t loss)
{
    l->needed[loss] = l->receives[loss] = true;
    for (uint32_t id = loss; id > 0; id--) {
        const rg_node *node = rg_node_of(l->graph, id);
        for (uint32_t i = 0; i < node->n_in; i++) {
            l->needed[node->in[i]] |= l->needed[id];
            l->receives[node->in[i]] |= l->receives[id] && is_smooth(node);
        }
    }
}

/* ---- Checks. */
static void found(looking *l, uint32_t id, const char *what, const char *remedy)
{
    rg_hazard h = {.id = id, .remedy = remedy};
    snprintf(h.what, sizeof(h.what), "%s", what);
    rg_vec_push(&l->found, h);
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

static void (*const checks[RG_OPS])(looking *, uint32_t, const rg_node *) = {
    [RG_OP_exp] = check_exp, [RG_OP_log] = check_log, [RG_OP_sqrt] = check_sqrt,
    [RG_OP_div] = check_div, [RG_OP_pow] = check_pow,
};

size_t rg_hazards_of(rg_val loss, const rg_val *x, size_t n, const rg_range *ranges,
                     rg_hazard **ret)
{
    const rg_graph *graph = loss.graph;
    size_t count = rg_graph_count(graph);
    looking l = {.graph = graph,
                 .range = ranges,
                 .needed = RG_NEW_ARRAY(bool, count + 1),
                 .wanted = RG_NEW_ARRAY(bool, count + 1),
                 .receives = RG_NEW_ARRAY(bool, count + 1)};
    mark_wanted(&l, count, x, n);
    mark_back(&l, loss.id);
    for (uint32_t id = 1; id <= count; id++) {
        const rg_node *node = rg_node_of(graph, id);
        if (l.needed[id] && checks[node->op] && rg_shape_count(node->shape) > 0)
            checks[node->op](&l, id, node);
    }
    rg_free(l.needed);
    rg_free(l.wanted);
    rg_free(l.receives);
    *ret = l.found.at;
    return l.found.len;
}
