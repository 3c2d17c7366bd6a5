/* test_grad_random.c - the derivatives of every operation on operands of random shapes and
 * random attributes, lengths of 0 and 1 and 8 axes among them.  test_grad.c has one case of
 * each with more said about it. */
#include "engine/ir/vjp.h"
#include "engine/random_graph.h"
#include "engine/slopes.h"

typedef struct tally {
    uint64_t compared, empty, rank_8;
} tally;

/* ---- Drawing. */
static random_graph open_random(rg_op op, uint64_t seed)
{
    return (random_graph){.rng = rg_rng_open(seed, "grad %s", rg_ops[op].name),
                          .elements_max = 200,
                          .products = true,
                          .f64 = true};
}

/* The maximum of nothing is the least number; no difference can be taken of it. */
static rg_val finite_maxima(rg_val v)
{
    rg_val empty = rg_lt(v, rg_const(v.graph, -1e300, RG_F64));
    return rg_select(empty, rg_const(v.graph, 0, RG_F64), v);
}

/* By way of f32: a cast to its operand's own type is simplified away. */
static rg_val draw_operation(random_graph *r, rg_op op)
{
    return op == RG_OP_cast ? rg_cast(draw_value(r, RG_F64), RG_F32) : random_graph_draw(r, op);
}

static void list_inputs(slopes *s)
{
    size_t count = rg_graph_count(s->graph);
    s->n = 0;
    for (uint32_t id = 1; id <= count; id++) {
        const rg_node *node = rg_node_of(s->graph, id);
        if (node->op == RG_OP_input && node->dtype == RG_F64) {
            assert_true(s->n < SLOPES_MAX);
            s->x[s->n++] = (rg_val){s->graph, id};
        }
    }
}

/* Draws again until the operation stands on top, where simplification may have left an operand
 * or another operation, and there is something to differentiate by. */
static rg_val draw_kept(random_graph *r, rg_op op, rg_val (*make)(random_graph *, rg_op),
                        slopes *s)
{
    for (int attempt = 0; attempt < 200; attempt++) {
        rg_graph_free(r->graph);
        s->graph = r->graph = rg_graph_new();
        r->inputs = 0;
        rg_val top = make(r, op);
        list_inputs(s);
        if (s->n > 0 && rg_node_of(r->graph, top.id)->op == op)
            return top;
    }
    fail_msg("%s: each of its draws is simplified away", rg_ops[op].name);
    return (rg_val){0};
}

static rg_val draw_result(random_graph *r, rg_op op, slopes *s)
{
    rg_val v = rg_cast(draw_kept(r, op, draw_operation, s), RG_F64);
    return op == RG_OP_amax || op == RG_OP_scatter_max ? finite_maxima(v) : v;
}

static bool wants_positive(rg_op op)
{
    return op == RG_OP_log || op == RG_OP_sqrt || op == RG_OP_pow || op == RG_OP_div;
}

static void fill(const slopes *s, rg_op op, rg_rng *rng)
{
    for (uint32_t id = 1; id <= rg_graph_count(s->graph); id++) {
        rg_val x = {s->graph, id};
        if (rg_node_of(s->graph, id)->op == RG_OP_input && rg_plan_buffer(s->plan, x))
            random_elements(rng, x, rg_plan_buffer(s->plan, x));
    }
    for (size_t i = 0; wants_positive(op) && i < s->n; i++) {
        double *x = rg_plan_buffer(s->plan, s->x[i]);
        for (int64_t e = 0; e < rg_val_count(s->x[i]); e++)
            x[e] = 0.5 + fabs(x[e]);
    }
}

/* ---- Comparing. */
/* f is of degree 2 in the operand of a cast, of which differences are exact whatever the step:
 * a long one against f32's rounding. */
static double step_of(rg_op op)
{
    return op == RG_OP_cast ? 0.25 : 1e-5;
}

static double rounding_of(rg_op op)
{
    return op == RG_OP_cast ? 1e-4 : 0;
}

static bool near(double a, double b, double tolerance)
{
    return fabs(a - b) <= tolerance * (1 + fabs(b));
}

/* False where differences say nothing: f is not finite, or a jump or a kink lies within reach,
 * which gives differences that depend on the step.  A random body may overflow in a step that
 * no result reads; the way back reads it. */
static bool compare(const slopes *s, rg_op op, uint64_t seed)
{
    const double h = step_of(op), rounding = rounding_of(op);
    double first = slopes_difference(s, s->f, h), finer = slopes_difference(s, s->f, h / 4);
    double second = slopes_difference(s, s->slope, h);
    if (!isfinite(first) || !near(finer, first, 1e-5 + rounding))
        return false;
    double slope = slopes_value(s, s->slope), curve = slopes_value(s, s->curve);
    double tangent = slopes_value(s, s->tangent);
    if (op == RG_OP_loop && isnan(slope))
        return false;
    if (!near(slope, first, 1e-5 + rounding) || !near(curve, second, 1e-4 + rounding) ||
        !near(tangent, slope, 1e-9 + rounding))
        fail_msg(
            "%s, seed %llu: slope %.12g, forward %.12g, difference %.12g; curvature %.12g, "
            "difference %.12g",
            rg_ops[op].name, (unsigned long long)seed, slope, tangent, first, curve, second);
    return true;
}

static void count_shapes(const slopes *s, rg_val v, tally *t)
{
    bool empty = rg_val_count(v) == 0, rank_8 = rg_val_shape(v).rank == RG_RANK_MAX;
    for (size_t i = 0; i < s->n; i++) {
        empty |= rg_val_count(s->x[i]) == 0;
        rank_8 |= rg_val_shape(s->x[i]).rank == RG_RANK_MAX;
    }
    t->compared++;
    t->empty += empty;
    t->rank_8 += rank_8;
}

static void check_op(rg_op op, uint64_t seed, tally *t)
{
    random_graph r = open_random(op, seed);
    slopes s = {0};
    rg_val v = draw_result(&r, op, &s);
    s.f = slopes_weigh(&r.rng, v);
    slopes_open(&s);
    fill(&s, op, &r.rng);
    if (compare(&s, op, seed))
        count_shapes(&s, v, t);
    rg_plan_free(s.plan);
    rg_graph_free(r.graph);
}

static bool has_derivative(rg_op op)
{
    return rg_vjp_passes(op) || op == RG_OP_input;
}

/* Kinks and what is not finite keep a few cases from being compared, mostly loops'. */
static void expect_compared(rg_op op, const tally *t, uint64_t cases)
{
    if (t->compared < cases)
        print_message("%s: %llu of %llu compared\n", rg_ops[op].name,
                      (unsigned long long)t->compared, (unsigned long long)cases);
    if (t->compared < cases * 9 / 10)
        fail_msg("%s: too few compared", rg_ops[op].name);
}

static void test_every_operation(void **state)
{
    (void)state;
    uint64_t seeds = support_cases(400);
    tally all = {0};
    for (int op = 0; op < RG_OPS; op++) {
        tally t = {0};
        for (uint64_t i = 0; has_derivative(op) && i < seeds; i++)
            check_op((rg_op)op, support_seed() * 100000 + i, &t);
        if (has_derivative(op))
            expect_compared((rg_op)op, &t, seeds);
        all.compared += t.compared;
        all.empty += t.empty;
        all.rank_8 += t.rank_8;
    }
    print_message("%llu compared, %llu of them with empty values, %llu with 8 axes\n",
                  (unsigned long long)all.compared, (unsigned long long)all.empty,
                  (unsigned long long)all.rank_8);
    assert_true(all.empty > seeds && all.rank_8 > seeds / 2);
}

/* ---- What has no derivative passes zeros, in either mode and to the second order; so does an
 * input beside it. */
static rg_val draw_flat(random_graph *r, rg_op op)
{
    draw_input_of(r, RG_F64, draw_shape(r));
    if (op == RG_OP_cast)
        return rg_cast(draw_value(r, RG_F64), draw(r, 2) ? RG_I32 : RG_BOOL);
    if (op == RG_OP_random_bits)
        return rg_random_bits(rg_cast(draw_input_of(r, RG_F64, rg_shape_of(2)), RG_U32), 1,
                              draw_shape(r));
    return random_graph_draw(r, op);
}

static void check_flat(rg_op op, uint64_t seed)
{
    random_graph r = open_random(op, seed);
    slopes s = {0};
    rg_val v = rg_cast(draw_kept(&r, op, draw_flat, &s), RG_F64);
    s.f = slopes_weigh(&r.rng, v);
    slopes_open(&s);
    fill(&s, op, &r.rng);
    double slope = slopes_value(&s, s.slope), curve = slopes_value(&s, s.curve);
    double tangent = slopes_value(&s, s.tangent);
    if (slope != 0 || curve != 0 || tangent != 0)
        fail_msg("%s, seed %llu: slope %g, forward %g, curvature %g", rg_ops[op].name,
                 (unsigned long long)seed, slope, tangent, curve);
    rg_plan_free(s.plan);
    rg_graph_free(r.graph);
}

static void test_no_derivative(void **state)
{
    (void)state;
    static const rg_op flat[] = {RG_OP_iota, RG_OP_random_bits, RG_OP_floor,   RG_OP_cast,
                                 RG_OP_lt,   RG_OP_eq,          RG_OP_argsort, RG_OP_stop_grad};
    for (size_t k = 0; k < RG_COUNT(flat); k++)
        for (uint64_t i = 0; i < support_cases(100); i++)
            check_flat(flat[k], support_seed() * 100000 + i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_operation),
        cmocka_unit_test(test_no_derivative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
