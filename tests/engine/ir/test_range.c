/* test_range.c - intervals hold what graphs come to, and hazards are found where they are and
 * nowhere else. */
#include "engine/ir/range.h"
#include "engine/random_graph.h"
#include "rigor/nn.h"
#include "rigor/plan.h"

/* ---- Intervals hold every value of random graphs. */

static double drawn(random_graph *r, rg_dtype dtype)
{
    if (rg_dtype_float(dtype))
        return rg_rng_normal(&r->rng);
    return dtype == RG_BOOL ? (double)draw(r, 2)
                            : rg_dtype_round(dtype, rg_rng_u32(&r->rng) >> draw(r, 32));
}

static void fill_inputs(random_graph *r, rg_plan *plan)
{
    for (uint32_t id = 1; id <= rg_graph_count(r->graph); id++) {
        const rg_node *node = rg_node_of(r->graph, id);
        if (node->op != RG_OP_input)
            continue;
        void *memory = rg_plan_buffer(plan, (rg_val){r->graph, id});
        for (int64_t i = 0; i < rg_shape_count(node->shape); i++)
            rg_dtype_store(node->dtype, memory, (size_t)i, drawn(r, node->dtype));
    }
}

static bool all_finite(const rg_node *node, const void *data)
{
    for (int64_t i = 0; i < rg_shape_count(node->shape); i++)
        if (!isfinite(rg_dtype_element(node->dtype, data, (size_t)i)))
            return false;
    return true;
}

static void assert_within(const rg_node *node, const void *data, rg_range range, uint64_t seed)
{
    for (int64_t i = 0; i < rg_shape_count(node->shape); i++) {
        double x = rg_dtype_element(node->dtype, data, (size_t)i);
        double slack = rg_dtype_float(node->dtype) ? 1e-5 * (1 + fabs(x)) : 0;
        if (x < range.lo - slack || x > range.hi + slack)
            fail_msg("seed %llu: %s gives %.9g outside of [%.9g, %.9g]",
                     (unsigned long long)seed, rg_ops[node->op].name, x, range.lo, range.hi);
    }
}

/* What follows from a value that is not finite is beyond what intervals promise. */
static size_t check_graph(uint64_t seed)
{
    random_graph r = {.graph = rg_graph_new(),
                      .rng = rg_rng_open(seed, "range"),
                      .elements_max = 300,
                      .products = true};
    random_graph_fill(&r, 40);
    size_t count = rg_graph_count(r.graph), checked = 0;
    rg_val *all = RG_NEW_ARRAY(rg_val, count);
    bool *clean = RG_NEW_ARRAY(bool, count + 1);
    for (uint32_t id = 1; id <= count; id++)
        all[id - 1] = (rg_val){r.graph, id};
    rg_plan_options reference = {.reference = true};
    rg_err err = {0};
    rg_plan *plan = rg_plan_compile(r.graph, all, count, NULL, 0, &reference, &err);
    assert_non_null(plan);
    fill_inputs(&r, plan);
    assert_true(rg_plan_run(plan, &err));
    rg_range *range = rg_ranges_of(r.graph, NULL, 0);
    for (uint32_t id = 1; id <= count; id++) {
        const rg_node *node = rg_node_of(r.graph, id);
        const void *data = rg_plan_buffer(plan, all[id - 1]);
        clean[id] = all_finite(node, data);
        for (uint32_t i = 0; i < node->n_in; i++)
            clean[id] &= clean[node->in[i]];
        if (!clean[id])
            continue;
        assert_within(node, data, range[id], seed);
        checked += isfinite(range[id].lo) || isfinite(range[id].hi);
    }
    rg_free(range);
    rg_free(all);
    rg_free(clean);
    rg_plan_free(plan);
    rg_graph_free(r.graph);
    return checked;
}

static void test_ranges_hold_values(void **state)
{
    (void)state;
    size_t checked = 0;
    for (uint64_t i = 0; i < 200; i++)
        checked += check_graph(support_seed() * 1000 + i);
    assert_true(checked > 1000); /* bounded ones: the others prove nothing */
}

/* ---- Hazards: a small graph each, and what is said of it ("": nothing). */

typedef struct setting {
    rg_graph *graph;
    rg_val x, w; /* (4, 8); w is differentiated by */
} setting;

static rg_val number(setting *s, double value)
{
    return rg_const(s->graph, value, RG_F32);
}

static rg_val shift_free_softmax(setting *s)
{
    rg_val e = rg_exp(s->w);
    return rg_div(e, rg_sum(e, RG_AXIS(1), true));
}

static rg_val good_softmax(setting *s)
{
    return rg_softmax(s->w);
}

static rg_val good_softmax_of_rows(setting *s)
{
    int order[] = {1, 0};
    return rg_softmax(rg_permute(rg_mul(s->w, s->x), order));
}

static rg_val log_softmax(setting *s)
{
    return rg_log(rg_softmax(s->w));
}

static rg_val good_log_softmax(setting *s)
{
    rg_val z = rg_sub(s->w, rg_amax(s->w, RG_AXIS(1), true));
    return rg_sub(z, rg_log(rg_sum(rg_exp(z), RG_AXIS(1), true)));
}

/* Shifted by the maximum of another axis: a sum along the first may vanish. */
static rg_val wrong_axis(setting *s)
{
    rg_val z = rg_sub(s->w, rg_amax(s->w, RG_AXIS(1), true));
    return rg_log(rg_sum(rg_exp(z), RG_AXIS(0), true));
}

static rg_val other_maximum(setting *s)
{
    return rg_exp(rg_sub(s->w, rg_amax(s->x, RG_AXIS(1), true)));
}

static rg_val root_of_square(setting *s)
{
    return rg_sqrt(rg_mul(s->w, s->w));
}

static rg_val root_without_gradient(setting *s)
{
    return rg_mul(s->w, rg_sqrt(rg_mul(s->x, s->x)));
}

static rg_val root_behind_stop(setting *s)
{
    return rg_mul(s->w, rg_stop_grad(rg_sqrt(rg_mul(s->w, s->w))));
}

static rg_val good_norm(setting *s)
{
    rg_val square = rg_mul(rg_sum(rg_mul(s->w, s->w), RG_AXIS(1), true), number(s, 1.0 / 8));
    return rg_div(s->w, rg_sqrt(rg_add(square, number(s, 1e-5))));
}

static rg_val norm_without_epsilon(setting *s)
{
    rg_val norm = rg_sqrt(rg_sum(rg_mul(s->x, s->x), RG_AXIS(1), true));
    return rg_mul(s->w, rg_div(s->x, norm));
}

static rg_val root_of_anything(setting *s)
{
    return rg_sqrt(s->w);
}

static rg_val by_mean(setting *s)
{
    return rg_div(s->w, rg_sum(s->w, RG_AXIS(1), true));
}

static rg_val good_guard(setting *s)
{
    rg_val size = rg_max(s->w, rg_neg(s->w));
    return rg_div(s->w, rg_select(rg_eq(size, number(s, 0)), number(s, 1), size));
}

static rg_val half_power(setting *s)
{
    return rg_pow(rg_mul(s->w, s->w), number(s, 0.5));
}

static rg_val power_of_negative(setting *s)
{
    return rg_pow(s->w, number(s, 1.5));
}

static rg_val negative_power(setting *s)
{
    return rg_pow(rg_mul(s->w, s->w), number(s, -0.5));
}

static rg_val good_powers(setting *s)
{
    return rg_pow(rg_add(rg_pow(s->w, number(s, 4)), number(s, 1)), number(s, -0.5));
}

static rg_val good_bounded_exponent(setting *s)
{
    return rg_exp(rg_mul(rg_tanh(s->w), number(s, 50)));
}

static rg_val too_wide_exponent(setting *s)
{
    return rg_exp(rg_mul(rg_tanh(s->w), number(s, 90)));
}

/* ---- Bounds by selection, segments. */

static rg_val at_most(rg_val x, rg_val most)
{
    return rg_select(rg_lt(most, x), most, x);
}

static rg_val good_ceiling(setting *s)
{
    return rg_exp(at_most(s->w, number(s, 80)));
}

static rg_val good_floor(setting *s)
{
    rg_val least = number(s, 1e-3);
    return rg_log(rg_select(rg_lt(s->w, least), least, s->w));
}

static rg_val good_other_sides(setting *s)
{
    rg_val low = rg_select(rg_lt(s->w, number(s, 1)), s->w, number(s, 1));
    rg_val high = rg_select(rg_lt(number(s, 1), s->w), s->w, number(s, 1));
    return rg_add(rg_exp(low), rg_log(high));
}

static rg_val ceiling_of_another(setting *s)
{
    rg_val most = number(s, 80);
    return rg_exp(rg_select(rg_lt(most, s->x), most, s->w));
}

static rg_val wrong_side(setting *s)
{
    rg_val most = number(s, 80);
    return rg_exp(rg_select(rg_lt(most, s->w), s->w, most));
}

/* Which of three segments a row of w is in; the second has none. */
static rg_val rows_of(setting *s, int32_t first)
{
    const int32_t rows[] = {first, 2, 0, 2};
    return rg_const_array(s->graph, rows, RG_I32, rg_shape_of(4));
}

static rg_val good_segments(setting *s)
{
    rg_val share = rg_segment_softmax(s->w, rows_of(s, 0), 3);
    return rg_sqrt(rg_add(share, number(s, 1e-3)));
}

static rg_val other_segments(setting *s)
{
    rg_val top = rg_segment_max(s->w, rows_of(s, 0), 3);
    return rg_exp(rg_sub(s->w, rg_gather(top, rows_of(s, 2), 0)));
}

/* The maxima are those of rows, the sums go along them: of 0 and e^-300. */
static rg_val segments_of_another_axis(setting *s)
{
    const int32_t pair[] = {0, 0, 1, 1};
    rg_val rows = rg_const_array(s->graph, pair, RG_I32, rg_shape_of(4));
    rg_val x = rg_slice(s->w, (const int64_t[]){0, 0}, (const int64_t[]){4, 4}, NULL);
    rg_val top = rg_segment_max(x, rows, 2);
    rg_val e = rg_exp(rg_sub(x, rg_gather(top, rows, 0)));
    rg_val sum = rg_scatter_add(rg_shape_of(4, 2), rows, e, 1);
    return rg_log(rg_gather(sum, rows, 1));
}

static rg_val log_of_segment_sums(setting *s)
{
    rg_val rows = rows_of(s, 0), top = rg_segment_max(s->w, rows, 3);
    rg_val e = rg_exp(rg_sub(s->w, rg_gather(top, rows, 0)));
    return rg_log(rg_segment_sum(e, rows, 3));
}

/* ---- Loops of three steps that carry w and share x, or start from zeros. */

typedef void (*body)(rg_loop_body *b, void *context);

static void looped(setting *s, rg_val carry, rg_val shared, body of, rg_val ret[2])
{
    rg_loop(s->graph,
            &(rg_loop_spec){.steps = 3,
                            .carry = &carry,
                            .carries = 1,
                            .shared = &shared,
                            .shareds = 1,
                            .outs = 1,
                            .body = of},
            ret);
}

static rg_val carried(setting *s, body of)
{
    rg_val ret[2];
    looped(s, s->w, s->x, of, ret);
    return ret[0];
}

static void exp_of_carry(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = rg_exp(b->carry[0]);
    b->out[0] = b->carry[0];
}

static rg_val exp_in_a_loop(setting *s)
{
    return carried(s, exp_of_carry);
}

/* The stack of what is carried depends on the exponential of the step before. */
static rg_val exp_behind_a_stack(setting *s)
{
    rg_val ret[2];
    looped(s, s->w, s->x, exp_of_carry, ret);
    return rg_sum(ret[1], RG_AXIS(0), false);
}

static void exp_of_bounded(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = rg_tanh(rg_add(rg_exp(b->carry[0]), b->shared[0]));
    b->out[0] = rg_log(b->shared[0]);
}

/* Carries stay within [-1, 1]; the hazard in what is stacked is nobody's. */
static rg_val good_loop(setting *s)
{
    rg_val ret[2];
    looped(s, rg_tanh(s->w), s->x, exp_of_bounded, ret);
    return rg_exp(ret[0]);
}

static rg_val log_in_a_stack(setting *s)
{
    rg_val ret[2];
    looped(s, rg_tanh(s->w), s->x, exp_of_bounded, ret);
    return rg_sum(ret[1], RG_AXIS(0), false);
}

/* Bounded at first, twice as wide after each step. */
static void doubled(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = rg_add(b->carry[0], b->carry[0]);
    b->out[0] = rg_exp(rg_add(b->carry[0], b->shared[0]));
}

static rg_val growing_carry(setting *s)
{
    rg_val ret[2];
    looped(s, rg_tanh(s->w), rg_tanh(s->x), doubled, ret);
    return rg_sum(ret[1], RG_AXIS(0), false);
}

static void root_of_shared(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = rg_add(b->carry[0], rg_sqrt(rg_mul(b->shared[0], b->shared[0])));
    b->out[0] = b->carry[0];
}

static rg_val root_in_a_loop(setting *s)
{
    rg_val ret[2];
    looped(s, s->x, s->w, root_of_shared, ret);
    return ret[0];
}

static rg_val root_of_data_in_a_loop(setting *s)
{
    return carried(s, root_of_shared);
}

/* What the first step takes the root of is data, what the second does is not. */
static void root_of_carry(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = rg_mul(b->shared[0], rg_sqrt(rg_mul(b->carry[0], b->carry[0])));
    b->out[0] = b->carry[0];
}

static rg_val root_of_carry_in_a_loop(setting *s)
{
    rg_val ret[2];
    looped(s, s->x, s->w, root_of_carry, ret);
    return ret[0];
}

static void loop_of_logs(rg_loop_body *b, void *context)
{
    (void)context;
    rg_val ret[2];
    rg_loop(b->graph,
            &(rg_loop_spec){.steps = 2,
                            .carry = b->carry,
                            .carries = 1,
                            .shared = b->shared,
                            .shareds = 1,
                            .outs = 1,
                            .body = exp_of_bounded},
            ret);
    b->next[0] = ret[0];
    b->out[0] = rg_sum(ret[1], RG_AXIS(0), false);
}

static rg_val loop_in_a_loop(setting *s)
{
    rg_val ret[2];
    looped(s, rg_tanh(s->w), s->x, loop_of_logs, ret);
    return rg_sum(ret[1], RG_AXIS(0), false);
}

static rg_val good_loop_in_a_loop(setting *s)
{
    rg_val ret[2];
    looped(s, rg_tanh(s->w), s->x, loop_of_logs, ret);
    return ret[0];
}

static void exp_without_out(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = rg_exp(b->carry[0]);
}

static rg_val no_steps(setting *s)
{
    rg_val ret;
    rg_loop_spec spec = {.carry = &s->w, .carries = 1, .body = exp_without_out};
    rg_loop(s->graph, &spec, &ret);
    return ret;
}

static rg_val unused_hazard(setting *s)
{
    rg_log(s->w);
    return s->w;
}

static const struct {
    const char *name;
    rg_val (*build)(setting *s);
    const char *expected;
} cases[] = {
    {"softmax without a shift", shift_free_softmax, "exp of"},
    {"softmax", good_softmax, ""},
    {"softmax of rows", good_softmax_of_rows, ""},
    {"log of softmax", log_softmax, "log of a quotient"},
    {"log-softmax", good_log_softmax, ""},
    {"sum along another axis", wrong_axis, "log of a value that can be zero"},
    {"maximum of something else", other_maximum, "exp of"},
    {"root of a square", root_of_square, "infinite derivative"},
    {"root of data", root_without_gradient, ""},
    {"root behind stop_grad", root_behind_stop, ""},
    {"RMS norm", good_norm, ""},
    {"norm without epsilon", norm_without_epsilon, "division by"},
    {"root of anything", root_of_anything, "sqrt of a value that can be negative"},
    {"division by a sum", by_mean, "division by"},
    {"guarded division", good_guard, ""},
    {"power 1/2", half_power, "power below 1"},
    {"power of a negative", power_of_negative, "broken power"},
    {"negative power", negative_power, "negative power"},
    {"powers", good_powers, ""},
    {"bounded exponent", good_bounded_exponent, ""},
    {"wide exponent", too_wide_exponent, "exp of"},
    {"unused", unused_hazard, ""},
    {"ceiling", good_ceiling, ""},
    {"floor", good_floor, ""},
    {"ceiling and floor from the other side", good_other_sides, ""},
    {"ceiling of another value", ceiling_of_another, "exp of"},
    {"wrong side", wrong_side, "exp of"},
    {"segment softmax", good_segments, ""},
    {"maxima of other segments", other_segments, "exp of"},
    {"segments of another axis", segments_of_another_axis, "log of a value that can be zero"},
    {"an empty segment", log_of_segment_sums, "log of a value that can be zero"},
    {"exp in a loop", exp_in_a_loop, "exp of"},
    {"exp behind a stack", exp_behind_a_stack, "exp of"},
    {"loop of bounded carries", good_loop, ""},
    {"log in a stack", log_in_a_stack, "log of a value that can be negative"},
    {"growing carry", growing_carry, "exp of"},
    {"root in a loop", root_in_a_loop, "infinite derivative"},
    {"root of data in a loop", root_of_data_in_a_loop, ""},
    {"root of a carry", root_of_carry_in_a_loop, "infinite derivative"},
    {"loop in a loop", loop_in_a_loop, "log of a value that can be negative"},
    {"good loop in a loop", good_loop_in_a_loop, ""},
    {"loop without steps", no_steps, ""},
};

static void check_case(size_t i)
{
    setting s = {.graph = rg_graph_new()};
    s.x = rg_input(s.graph, "x", RG_F32, rg_shape_of(4, 8));
    s.w = rg_input(s.graph, "w", RG_F32, rg_shape_of(4, 8));
    rg_val loss = rg_sum(cases[i].build(&s), RG_ALL_AXES, false);
    assert_int_equal(rg_graph_error(s.graph)->code, RG_OK);
    rg_range *range = rg_ranges_of(s.graph, NULL, 0);
    rg_hazard *hazard;
    size_t n = rg_hazards_of(loss, &s.w, 1, range, &hazard);
    bool found = n > 0 && *cases[i].expected && strstr(hazard[0].what, cases[i].expected);
    if (*cases[i].expected ? !found : n > 0)
        fail_msg("%s: %s", cases[i].name, n ? hazard[0].what : "nothing was found");
    for (size_t k = 0; k < n; k++)
        assert_true(hazard[k].at.line > 0 && *hazard[k].remedy);
    for (size_t k = 1; k < n; k++) /* one place, one finding */
        assert_true(hazard[k].at.line != hazard[k - 1].at.line ||
                    strcmp(hazard[k].what, hazard[k - 1].what) != 0);
    rg_free(hazard);
    rg_free(range);
    rg_graph_free(s.graph);
}

static void test_hazards(void **state)
{
    (void)state;
    for (size_t i = 0; i < RG_COUNT(cases); i++)
        check_case(i);
}

/* No activation of ours can overflow, whatever goes in. */
static void test_activations_are_safe(void **state)
{
    (void)state;
    for (const rg_activation *a = rg_activations; a->name; a++) {
        rg_graph *graph = rg_graph_new();
        rg_val w = rg_input(graph, "w", RG_F32, rg_shape_of(5));
        rg_val loss = rg_sum(rg_activate(w, a->name), RG_ALL_AXES, false);
        rg_range *range = rg_ranges_of(graph, NULL, 0);
        rg_hazard *hazard;
        size_t n = rg_hazards_of(loss, &w, 1, range, &hazard);
        if (n)
            fail_msg("%s: %s", a->name, hazard[0].what);
        rg_free(hazard);
        rg_free(range);
        rg_graph_free(graph);
    }
}

/* What is known of an input decides: 1 / (1 - rate) with rate within [0, 0.95]. */
static void test_given_ranges(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val rate = rg_input(graph, "rate", RG_F32, RG_SCALAR);
    rg_val one = rg_const(graph, 1, RG_F32), y = rg_div(one, rg_sub(one, rate));
    rg_given_range given = {rate, {0, 0.95}};
    rg_hazard *hazard;
    rg_range *range = rg_ranges_of(graph, &given, 1);
    assert_close(range[y.id].lo, 1, 1e-12);
    assert_close(range[y.id].hi, 20, 1e-5);
    assert_int_equal(rg_hazards_of(y, NULL, 0, range, &hazard), 0);
    rg_free(hazard);
    rg_free(range);
    range = rg_ranges_of(graph, NULL, 0);
    assert_int_equal(rg_hazards_of(y, NULL, 0, range, &hazard), 1);
    rg_free(hazard);
    rg_free(range);
    rg_graph_free(graph);
}

/* What a loop gives is bounded by what its body can give: here h = tanh(h + x) from h = 0. */
static void softened(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = rg_tanh(rg_add(b->carry[0], b->shared[0]));
    b->out[0] = rg_add(b->carry[0], b->next[0]);
}

static void test_results_of_loops(void **state)
{
    (void)state;
    setting s = {.graph = rg_graph_new()};
    s.x = rg_input(s.graph, "x", RG_F32, rg_shape_of(4, 8));
    rg_val ret[2];
    looped(&s, rg_broadcast(number(&s, 0), rg_shape_of(4, 8)), s.x, softened, ret);
    rg_range *range = rg_ranges_of(s.graph, NULL, 0);
    assert_true(range[ret[0].id].lo == -1 && range[ret[0].id].hi == 1);
    assert_true(range[ret[1].id].lo == -2 && range[ret[1].id].hi == 2);
    rg_free(range);
    rg_graph_free(s.graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges_hold_values),   cmocka_unit_test(test_hazards),
        cmocka_unit_test(test_activations_are_safe), cmocka_unit_test(test_given_ranges),
        cmocka_unit_test(test_results_of_loops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
