/* test_records.c - layers and losses against what PyTorch says of them, and against themselves.
 *
 * Each case of records.h is built in f64, where value and gradients equal the recorded ones to
 * 1e-11 of their size, and in f32 (2e-5).  Then, in f64, first and second derivatives along a
 * random direction from the recorded point are held against central differences. */
#include "engine/nn/records.h"
#include "engine/slopes.h"

/* ---- Against the record */

static double element(rg_dtype dtype, const void *data, size_t i)
{
    return dtype == RG_F64 ? ((const double *)data)[i] : (double)((const float *)data)[i];
}

static void compare(const record *r, const char *name, const char *what, const void *data,
                    const json_t *list, double tolerance)
{
    double largest = 1;
    for (size_t i = 0; i < json_array_size(list); i++)
        largest = fmax(largest, fabs(json_number_value(json_array_get(list, i))));
    for (size_t i = 0; i < json_array_size(list); i++) {
        double got = element(r->dtype, data, i);
        double expected = json_number_value(json_array_get(list, i));
        if (!(fabs(got - expected) <= tolerance * largest))
            fail_msg("%s, %s[%zu]: got %.17g, recorded %.17g", name, what, i, got, expected);
    }
}

static void check_record(size_t k, rg_dtype dtype, double tolerance)
{
    record r;
    rg_val out[1 + INPUTS_MAX];
    size_t n = open_outputs(&r, k, dtype, out), at = 1;
    const char *name = cases[k].name;
    rg_plan *plan = compile(r.graph, out, n, NULL, 0);
    fill_record(&r, plan);
    run(plan);
    compare(&r, name, "y", rg_plan_buffer(plan, out[0]), json_object_get(r.recorded, "y"),
            tolerance);
    for (size_t i = 0; i < r.n; i++)
        if (r.variable[i])
            compare(&r, name, r.name[i], rg_plan_buffer(plan, out[at++]),
                    json_object_get(json_object_get(r.recorded, "gradients"), r.name[i]),
                    tolerance);
    close_record(&r, plan);
}

static void test_f64(void **state)
{
    (void)state;
    for (size_t k = 0; k < RG_COUNT(cases); k++)
        check_record(k, RG_F64, 1e-11);
}

static void test_f32(void **state)
{
    (void)state;
    for (size_t k = 0; k < RG_COUNT(cases); k++)
        check_record(k, RG_F32, 2e-5);
}

static void test_every_record_has_its_case(void **state)
{
    (void)state;
    assert_int_equal(json_object_size(torch_record),
                     RG_COUNT(cases) + 1); /* and PyTorch's version */
}

/* Layers that are built on after a mistake do no harm, and the first mistake stays. */
static void test_after_a_mistake(void **state)
{
    (void)state;
    for (size_t k = 0; k < RG_COUNT(cases); k++) {
        record r = {.recorded = json_object_get(torch_record, cases[k].name), .dtype = RG_F32};
        r.graph = rg_graph_new();
        r.scope = rg_scope_new(r.graph, true, 1, NULL);
        rg_graph_fail(r.graph, "", "the first mistake");
        cases[k].build(&r);
        assert_string_equal(rg_graph_error(r.graph)->what, "the first mistake");
        close_record(&r, NULL);
    }
}

/* ---- Against central differences */

static void check_slopes(size_t k, uint64_t seed)
{
    record r;
    slopes s = {0};
    rg_val y = open_record(&r, k, RG_F64);
    s.graph = r.graph;
    for (size_t i = 0; i < r.n; i++)
        if (r.variable[i])
            s.x[s.n++] = r.input[i];
    rg_rng rng = rg_rng_open(seed, "slopes %s", cases[k].name);
    s.f = slopes_weigh(&rng, y);
    slopes_open(&s);
    fill_record(&r, s.plan);
    slopes_normal(&s, s.d, &rng);
    /* The step is small, so that no kink and no routing lies within it. */
    slopes_check(&s, cases[k].name, seed, 2e-4);
    close_record(&r, s.plan);
}

static void test_derivatives(void **state)
{
    (void)state;
    for (size_t k = 0; k < RG_COUNT(cases); k++)
        for (uint64_t seed = 0; seed < 2; seed++)
            check_slopes(k, support_seed() + seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_f64),
        cmocka_unit_test(test_f32),
        cmocka_unit_test(test_every_record_has_its_case),
        cmocka_unit_test(test_after_a_mistake),
        cmocka_unit_test(test_derivatives),
    };
    return cmocka_run_group_tests(tests, torch_load, torch_unload);
}
