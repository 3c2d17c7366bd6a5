/* test_range.c - intervals hold what graphs come to, and hazards are found where they are and
 * nowhere else. */
#include "engine/ir/range.h"
#include "engine/random_graph.h"
#include "rigor/nn.h"
#include "rigor/plan.h"

/* ---- Intervals hold every value of random graphs. */

static void fill_inputs(random_graph *r, rg_plan *plan)
{
    for (uint32_t id = 1; id <= rg_graph_count(r->graph); id++) {
        const rg_node *node = rg_node_of(r->graph, id);
        if (node->op != RG_OP_input)
            continue;
        char *memory = rg_plan_buffer(plan, (rg_val){r->graph, id});
        for (int64_t i = 0; i < rg_shape_count(node->shape); i++)
            switch (node->dtype) {
            case RG_F32: ((float *)(void *)memory)[i] = (float)rg_rng_normal(&r->rng); break;
            case RG_F64: ((double *)(void *)memory)[i] = rg_rng_normal(&r->rng); break;
            case RG_BF16:
                rg_dtype_store(RG_BF16, memory, (size_t)i, rg_rng_normal(&r->rng));
                break;
            case RG_BOOL: memory[i] = (char)draw(r, 2); break;
            default:
                ((uint32_t *)(void *)memory)[i] = rg_rng_u32(&r->rng) >> draw(r, 32);
                break;
            }
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
        assert_true(rg_node_of(s.graph, hazard[k].id)->at.line > 0 && *hazard[k].remedy);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges_hold_values),
        cmocka_unit_test(test_hazards),
        cmocka_unit_test(test_activations_are_safe),
        cmocka_unit_test(test_given_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
