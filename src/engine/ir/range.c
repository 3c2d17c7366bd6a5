/* range.c - intervals of values, one rule an operation (see range.h). */
#include "engine/ir/range.h"

#include <float.h>
#include <math.h>

typedef struct ranging {
    const rg_graph *graph;
    const rg_given_range *given;
    size_t n_given;
    rg_range *range; /* by id */
    uint32_t id;     /* of the node at hand */
    /* By id: along these axes some element is at least `peak`: the place of the maximum that
     * was subtracted.  0: nothing is known. */
    uint32_t *peak_axes;
    double *peak;
    uint32_t
        *peak_rows; /* the same within the rows (axis 0) of each segment; by which indices */
} ranging;

/* ---- Ends.  Elements are finite, so that zero times an unknown one is zero. */
static double product(double x, double y)
{
    return x == 0 || y == 0 ? 0 : x * y;
}

static rg_range hull(rg_range x, rg_range y)
{
    return (rg_range){fmin(x.lo, y.lo), fmax(x.hi, y.hi)};
}

static rg_range of_four(double a, double b, double c, double d)
{
    return (rg_range){fmin(fmin(a, b), fmin(c, d)), fmax(fmax(a, b), fmax(c, d))};
}

static rg_range times(rg_range x, rg_range y)
{
    return of_four(product(x.lo, y.lo), product(x.lo, y.hi), product(x.hi, y.lo),
                   product(x.hi, y.hi));
}

static rg_range everything(rg_dtype dtype)
{
    if (rg_dtype_float(dtype))
        return (rg_range){-INFINITY, INFINITY};
    if (dtype == RG_BOOL)
        return (rg_range){0, 1};
    return (rg_range){rg_dtype_round(dtype, -INFINITY), rg_dtype_round(dtype, INFINITY)};
}

static rg_range operand(const ranging *r, const rg_node *node, size_t i)
{
    return r->range[node->in[i]];
}

/* ---- Patterns. */
/* What stands behind views, broadcasts and stop_grad. */
static uint32_t behind(const rg_graph *graph, uint32_t id)
{
    const rg_node *node = rg_node_of(graph, id);
    while (node->op == RG_OP_broadcast || node->op == RG_OP_reshape ||
           node->op == RG_OP_stop_grad) {
        id = node->in[0];
        node = rg_node_of(graph, id);
    }
    return id;
}

static uint32_t behind_stop(const rg_graph *graph, uint32_t id)
{
    while (rg_node_of(graph, id)->op == RG_OP_stop_grad)
        id = rg_node_of(graph, id)->in[0];
    return id;
}

static bool is_constant(const rg_graph *graph, uint32_t id, double wanted)
{
    double value;
    return rg_node_constant(graph, id, &value) && value == wanted;
}

/* Is m, of x's shape, the maximum of x over some axes, laid along them again? */
static bool is_own_maximum(const rg_graph *graph, uint32_t x, uint32_t m, uint32_t *ret_axes)
{
    const rg_node *top = rg_node_of(graph, behind(graph, m)), *of = rg_node_of(graph, x);
    const rg_node *laid = rg_node_of(graph, behind_stop(graph, m));
    if (top->op != RG_OP_amax || behind_stop(graph, top->in[0]) != behind_stop(graph, x))
        return false;
    if (laid->op == RG_OP_broadcast)
        laid = rg_operand(graph, laid, 0);
    for (int i = 0; i < of->shape.rank; i++) {
        int k = i - of->shape.rank + laid->shape.rank;
        bool reduced = top->attr.axes >> i & 1;
        if ((k < 0 || laid->shape.dim[k] == 1) != reduced && of->shape.dim[i] != 1)
            return false;
    }
    *ret_axes = top->attr.axes;
    return true;
}

/* Is m, of x's shape, for each row of x the maximum over the rows of its segment? */
static bool is_segment_maximum(const rg_graph *graph, uint32_t x, uint32_t m,
                               uint32_t *ret_rows)
{
    const rg_node *laid = rg_node_of(graph, behind_stop(graph, m));
    if (laid->op != RG_OP_gather)
        return false;
    const rg_node *top = rg_node_of(graph, behind_stop(graph, laid->in[0]));
    if (top->op != RG_OP_scatter_max || top->in[0] != laid->in[1] || top->in[1] != x ||
        top->attr.axis != 0 || laid->attr.axis != 0)
        return false;
    *ret_rows = laid->in[1];
    return true;
}

/* y = 1 where x > c >= 0 and 0 elsewhere: x y is rectified. */
static bool is_gate_of(const rg_graph *graph, uint32_t x, uint32_t y)
{
    const rg_node *gate = rg_node_of(graph, y);
    double floor;
    if (gate->op != RG_OP_cast || rg_operand(graph, gate, 0)->op != RG_OP_lt)
        return false;
    const rg_node *test = rg_operand(graph, gate, 0);
    return test->in[1] == x && rg_node_constant(graph, test->in[0], &floor) && floor >= 0;
}

static bool is_negative_of(const rg_graph *graph, uint32_t x, uint32_t y)
{
    const rg_node *node = rg_node_of(graph, y);
    return node->op == RG_OP_neg && node->in[0] == x;
}

/* ---- Rules: one for each operation; what has none can be anything of its type. */
static rg_range range_input(ranging *r, const rg_node *node)
{
    for (size_t i = 0; i < r->n_given; i++)
        if (rg_node_of(r->graph, r->given[i].input.id) == node)
            return r->given[i].range;
    return everything(node->dtype);
}

static rg_range range_const(ranging *r, const rg_node *node)
{
    (void)r;
    return (rg_range){node->attr.value, node->attr.value};
}

static rg_range range_array(ranging *r, const rg_node *node)
{
    (void)r;
    rg_range ret = {INFINITY, -INFINITY};
    for (int64_t i = 0; i < rg_shape_count(node->shape); i++) {
        double x = rg_dtype_element(node->dtype, node->attr.array.data, (size_t)i);
        ret = hull(ret, (rg_range){x, x});
    }
    return ret.lo <= ret.hi ? ret : everything(node->dtype);
}

static rg_range range_iota(ranging *r, const rg_node *node)
{
    (void)r;
    return (rg_range){0, fmax(0, (double)node->shape.dim[node->attr.axis] - 1)};
}

static rg_range range_same(ranging *r, const rg_node *node)
{
    return operand(r, node, 0);
}

/* Floats saturate, whole numbers wrap. */
static rg_range range_cast(ranging *r, const rg_node *node)
{
    rg_range x = operand(r, node, 0);
    bool whole = !rg_dtype_float(rg_operand(r->graph, node, 0)->dtype);
    if (node->dtype == RG_BOOL)
        return (rg_range){0, 1};
    if (whole && !rg_dtype_float(node->dtype))
        return x;
    return (rg_range){rg_dtype_round(node->dtype, x.lo), rg_dtype_round(node->dtype, x.hi)};
}

static rg_range range_neg(ranging *r, const rg_node *node)
{
    rg_range x = operand(r, node, 0);
    return (rg_range){-x.hi, -x.lo};
}

static rg_range range_exp(ranging *r, const rg_node *node)
{
    rg_range x = operand(r, node, 0);
    return (rg_range){exp(x.lo), exp(x.hi)};
}

static rg_range range_log(ranging *r, const rg_node *node)
{
    rg_range x = operand(r, node, 0);
    return (rg_range){x.lo > 0 ? log(x.lo) : -INFINITY, x.hi > 0 ? log(x.hi) : INFINITY};
}

static rg_range range_sqrt(ranging *r, const rg_node *node)
{
    rg_range x = operand(r, node, 0);
    return (rg_range){sqrt(fmax(x.lo, 0)), sqrt(fmax(x.hi, 0))};
}

static rg_range range_wave(ranging *r, const rg_node *node)
{
    (void)r, (void)node;
    return (rg_range){-1, 1};
}

#define RANGE_RISING(name, function) \
    static rg_range range_##name(ranging *r, const rg_node *node) \
    { \
        rg_range x = operand(r, node, 0); \
        return (rg_range){function(x.lo), function(x.hi)}; \
    }
RANGE_RISING(tanh, tanh)
RANGE_RISING(erf, erf)

/* Rounding may have carried an element over a whole number. */
static rg_range range_floor(ranging *r, const rg_node *node)
{
    rg_range x = operand(r, node, 0);
    return (rg_range){floor(x.lo - 1e-5 * fabs(x.lo)), floor(x.hi + 1e-5 * fabs(x.hi))};
}

static rg_range range_add(ranging *r, const rg_node *node)
{
    rg_range x = operand(r, node, 0), y = operand(r, node, 1);
    return (rg_range){x.lo + y.lo, x.hi + y.hi};
}

static rg_range range_sub(ranging *r, const rg_node *node)
{
    rg_range x = operand(r, node, 0), y = operand(r, node, 1);
    rg_range ret = {x.lo - y.hi, x.hi - y.lo};
    if (is_own_maximum(r->graph, node->in[0], node->in[1], &r->peak_axes[r->id]) ||
        is_segment_maximum(r->graph, node->in[0], node->in[1], &r->peak_rows[r->id])) {
        r->peak[r->id] = 0;
        ret.hi = 0;
    }
    return ret;
}

static rg_range range_mul(ranging *r, const rg_node *node)
{
    rg_range x = operand(r, node, 0), y = operand(r, node, 1), ret = times(x, y);
    if (node->in[0] == node->in[1])
        ret.lo = x.lo > 0 || x.hi < 0 ? fmin(x.lo * x.lo, x.hi * x.hi) : 0;
    if (is_gate_of(r->graph, node->in[0], node->in[1]))
        ret = (rg_range){0, fmax(x.hi, 0)};
    if (is_gate_of(r->graph, node->in[1], node->in[0]))
        ret = (rg_range){0, fmax(y.hi, 0)};
    return ret;
}

static rg_range range_div(ranging *r, const rg_node *node)
{
    rg_range x = operand(r, node, 0), y = operand(r, node, 1);
    if (!rg_dtype_float(node->dtype) || (y.lo <= 0 && y.hi >= 0))
        return everything(node->dtype);
    return times(x, (rg_range){1 / y.hi, 1 / y.lo});
}

static rg_range range_max(ranging *r, const rg_node *node)
{
    rg_range x = operand(r, node, 0), y = operand(r, node, 1);
    rg_range ret = {fmax(x.lo, y.lo), fmax(x.hi, y.hi)};
    if (is_negative_of(r->graph, node->in[0], node->in[1]) ||
        is_negative_of(r->graph, node->in[1], node->in[0]))
        ret.lo = fmax(ret.lo, 0);
    return ret;
}

static rg_range range_pow(ranging *r, const rg_node *node)
{
    rg_range x = operand(r, node, 0);
    double y;
    if (!rg_node_constant(r->graph, node->in[1], &y) || (x.lo <= 0 && y < 0))
        return everything(node->dtype);
    if (x.lo < 0)
        return (rg_range){fmod(y, 2) == 0 ? 0 : -INFINITY, INFINITY};
    return of_four(pow(x.lo, y), pow(x.hi, y), pow(x.lo, y), pow(x.hi, y));
}

static rg_range range_truth(ranging *r, const rg_node *node)
{
    (void)r, (void)node;
    return (rg_range){0, 1};
}

/* x where x is not zero, and something else where it is. */
static bool replaces_zero(const rg_graph *graph, const rg_node *node)
{
    const rg_node *test = rg_operand(graph, node, 0);
    return test->op == RG_OP_eq && test->in[0] == node->in[2] &&
           is_constant(graph, test->in[1], 0);
}

/* Of the choice that is made where the condition holds, or where it fails: x < c bounds x itself. */
static rg_range range_chosen(const ranging *r, const rg_node *node, bool holds)
{
    const rg_node *test = rg_operand(r->graph, node, 0);
    uint32_t x = node->in[holds ? 1 : 2];
    rg_range ret = r->range[x];
    if (test->op == RG_OP_lt && test->in[0] == x && holds)
        ret.hi = fmin(ret.hi, operand(r, test, 1).hi);
    else if (test->op == RG_OP_lt && test->in[0] == x)
        ret.lo = fmax(ret.lo, operand(r, test, 1).lo);
    else if (test->op == RG_OP_lt && test->in[1] == x && holds)
        ret.lo = fmax(ret.lo, operand(r, test, 0).lo);
    else if (test->op == RG_OP_lt && test->in[1] == x)
        ret.hi = fmin(ret.hi, operand(r, test, 0).hi);
    return ret;
}

static rg_range range_select(ranging *r, const rg_node *node)
{
    rg_range yes = range_chosen(r, node, true), no = range_chosen(r, node, false);
    if (replaces_zero(r->graph, node) && no.lo == 0)
        no.lo = node->dtype == RG_F32 ? FLT_TRUE_MIN : DBL_TRUE_MIN;
    return hull(yes, no);
}

/* How many elements of x go into one of the result. */
static double share(const ranging *r, const rg_node *node)
{
    double of = (double)rg_shape_count(rg_operand(r->graph, node, 0)->shape);
    double result = (double)rg_shape_count(node->shape);
    return result > 0 ? of / result : 0;
}

static rg_range range_sum(ranging *r, const rg_node *node)
{
    rg_range x = operand(r, node, 0);
    double n = share(r, node);
    rg_range ret = {product(n, x.lo), product(n, x.hi)};
    uint32_t peak = r->peak_axes[node->in[0]];
    if (peak && n > 0 && (peak & ~node->attr.axes) == 0 && x.lo >= 0)
        ret.lo = fmax(ret.lo, r->peak[node->in[0]]);
    return ret;
}

/* The maximum of nothing is the least value of its type. */
static rg_range range_amax(ranging *r, const rg_node *node)
{
    return share(r, node) > 0 ? operand(r, node, 0) : everything(node->dtype);
}

static rg_range range_pad(ranging *r, const rg_node *node)
{
    double value = node->attr.pad.value;
    return hull(operand(r, node, 0), (rg_range){value, value});
}

static rg_range range_concat(ranging *r, const rg_node *node)
{
    rg_range ret = operand(r, node, 0);
    for (uint32_t i = 1; i < node->n_in; i++)
        ret = hull(ret, operand(r, node, i));
    return ret;
}

static rg_range range_dot(ranging *r, const rg_node *node)
{
    const rg_node *x = rg_operand(r->graph, node, 0);
    rg_range one = times(operand(r, node, 0), operand(r, node, 1));
    double n = 1;
    for (int i = 0; i < node->attr.dot.n_contract; i++)
        n *= (double)x->shape.dim[node->attr.dot.contract_x[i]];
    return (rg_range){product(n, one.lo), product(n, one.hi)};
}

static rg_range range_scatter_add(ranging *r, const rg_node *node)
{
    rg_range x = operand(r, node, 1);
    double n = (double)rg_shape_count(rg_operand(r->graph, node, 1)->shape);
    return hull((rg_range){0, 0}, (rg_range){product(n, x.lo), product(n, x.hi)});
}

/* Sums over segments, laid along their rows again: each holds the peak of its segment. */
static rg_range range_gather(ranging *r, const rg_node *node)
{
    rg_range ret = operand(r, node, 0);
    const rg_node *sum = rg_operand(r->graph, node, 0);
    if (sum->op != RG_OP_scatter_add || sum->in[0] != node->in[1] || sum->attr.axis != 0 ||
        node->attr.axis != 0)
        return ret;
    if (r->peak_rows[sum->in[1]] == node->in[1] && operand(r, sum, 1).lo >= 0)
        ret.lo = fmax(ret.lo, r->peak[sum->in[1]]);
    return ret;
}

/* The least value of the type where no entry is. */
static rg_range range_scatter_max(ranging *r, const rg_node *node)
{
    return (rg_range){everything(node->dtype).lo, operand(r, node, 1).hi};
}

static rg_range range_argsort(ranging *r, const rg_node *node)
{
    (void)r;
    return (rg_range){0, fmax(0, (double)node->shape.dim[node->attr.sort.axis] - 1)};
}

/* Products with the padding, which is 0, are among them. */
static rg_range range_conv(ranging *r, const rg_node *node)
{
    const rg_node *w = rg_operand(r->graph, node, 1);
    rg_range one = hull((rg_range){0, 0}, times(operand(r, node, 0), operand(r, node, 1)));
    double taps =
        w->shape.dim[0] ? (double)rg_shape_count(w->shape) / (double)w->shape.dim[0] : 0;
    return (rg_range){product(taps, one.lo), product(taps, one.hi)};
}

/* The first of the siblings, which stand one after the other, fills in all. */
static rg_range range_loop(ranging *r, const rg_node *node)
{
    if (node->attr.loop.result == 0)
        rg_ranges_of_results(node, r->range, &r->range[r->id]);
    return r->range[r->id];
}

static rg_range (*const rules[RG_OPS])(ranging *, const rg_node *) = {
    [RG_OP_input] = range_input,     [RG_OP_const] = range_const,
    [RG_OP_array] = range_array,     [RG_OP_iota] = range_iota,
    [RG_OP_neg] = range_neg,         [RG_OP_exp] = range_exp,
    [RG_OP_log] = range_log,         [RG_OP_sin] = range_wave,
    [RG_OP_cos] = range_wave,        [RG_OP_sqrt] = range_sqrt,
    [RG_OP_tanh] = range_tanh,       [RG_OP_erf] = range_erf,
    [RG_OP_floor] = range_floor,     [RG_OP_cast] = range_cast,
    [RG_OP_add] = range_add,         [RG_OP_sub] = range_sub,
    [RG_OP_mul] = range_mul,         [RG_OP_div] = range_div,
    [RG_OP_max] = range_max,         [RG_OP_pow] = range_pow,
    [RG_OP_lt] = range_truth,        [RG_OP_eq] = range_truth,
    [RG_OP_select] = range_select,   [RG_OP_stop_grad] = range_same,
    [RG_OP_sum] = range_sum,         [RG_OP_amax] = range_amax,
    [RG_OP_reshape] = range_same,    [RG_OP_permute] = range_same,
    [RG_OP_broadcast] = range_same,  [RG_OP_slice] = range_same,
    [RG_OP_pad] = range_pad,         [RG_OP_concat] = range_concat,
    [RG_OP_reverse] = range_same,    [RG_OP_dot] = range_dot,
    [RG_OP_gather] = range_gather,   [RG_OP_scatter_add] = range_scatter_add,
    [RG_OP_conv] = range_conv,       [RG_OP_scatter_max] = range_scatter_max,
    [RG_OP_argsort] = range_argsort, [RG_OP_barrier] = range_same,
    [RG_OP_loop] = range_loop,
};

/* Which element is largest survives what is rising or leaves elements in their place. */
static void keep_peak(ranging *r, uint32_t id, const rg_node *node)
{
    uint32_t from = node->n_in ? node->in[0] : 0;
    if (!from || (!r->peak_axes[from] && !r->peak_rows[from]) ||
        (node->op != RG_OP_exp && node->op != RG_OP_stop_grad))
        return;
    r->peak_axes[id] = r->peak_axes[from];
    r->peak_rows[id] = r->peak_rows[from];
    r->peak[id] = node->op == RG_OP_exp ? exp(r->peak[from]) : r->peak[from];
}

/* Infinity minus infinity says nothing; integers wrap; ends are rounded as results are, which
 * keeps the order: what underflows is zero. */
static rg_range settled(rg_range range, rg_dtype dtype)
{
    rg_range all = everything(dtype);
    bool wraps = !rg_dtype_float(dtype) && (range.lo < all.lo || range.hi > all.hi);
    if (isnan(range.lo) || isnan(range.hi) || wraps)
        return all;
    return (rg_range){rg_dtype_round(dtype, range.lo), rg_dtype_round(dtype, range.hi)};
}

rg_range *rg_ranges_of(const rg_graph *graph, const rg_given_range *given, size_t n)
{
    size_t count = rg_graph_count(graph);
    ranging r = {.graph = graph,
                 .given = given,
                 .n_given = n,
                 .range = RG_NEW_ARRAY(rg_range, count + 1),
                 .peak_axes = RG_NEW_ARRAY(uint32_t, count + 1),
                 .peak = RG_NEW_ARRAY(double, count + 1),
                 .peak_rows = RG_NEW_ARRAY(uint32_t, count + 1)};
    for (uint32_t id = 1; id <= count; id++) {
        r.id = id;
        const rg_node *node = rg_node_of(graph, id);
        rg_range range = rules[node->op] ? rules[node->op](&r, node) : everything(node->dtype);
        r.range[id] = settled(range, node->dtype);
        keep_peak(&r, id, node);
    }
    rg_free(r.peak_axes);
    rg_free(r.peak);
    rg_free(r.peak_rows);
    return r.range;
}
