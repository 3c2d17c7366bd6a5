/* test_substitute.c - values at other arguments: what is replaced, what is shared, what is
 * refused. */
#include "engine/ir/node.h"
#include "engine/ir/text.h"
#include "rigor/plan.h"

static double run(rg_graph *graph, rg_val input, double at, rg_val what)
{
    rg_err err = {0};
    rg_plan *plan = rg_plan_compile(graph, &what, 1, NULL, 0, NULL, &err);
    if (!plan)
        fail_msg("%s: %s", err.where, err.what);
    *(double *)rg_plan_buffer(plan, input) = at;
    assert_true(rg_plan_run(plan, &err));
    double ret = *(double *)rg_plan_buffer(plan, what);
    rg_plan_free(plan);
    return ret;
}

/* f(x) = x^3 and its slope at x + 1, both at once. */
static void test_function_and_slope_elsewhere(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F64, RG_SCALAR);
    rg_val out[2] = {rg_mul(rg_mul(x, x), x)};
    rg_grad(out[0], &x, 1, &out[1]);
    rg_val moved = rg_add(x, rg_const(graph, 1, RG_F64)), there[2];
    rg_substitute(out, 2, &x, &moved, 1, there);
    assert_close(run(graph, x, 2, there[0]), 27, 1e-15);
    assert_close(run(graph, x, 2, there[1]), 27, 1e-15);
    assert_close(run(graph, x, 2, out[0]), 8, 1e-15);
    rg_graph_free(graph);
}

/* Differentiating f(x + 1) by x: the chain goes through the replacement. */
static void test_derivative_of_the_result(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F64, RG_SCALAR), y = rg_sin(x), there, slope;
    rg_val twice = rg_mul(x, rg_const(graph, 2, RG_F64));
    rg_substitute(&y, 1, &x, &twice, 1, &there);
    rg_grad(there, &x, 1, &slope);
    assert_close(run(graph, x, 0.3, slope), 2 * cos(0.6), 1e-14);
    rg_graph_free(graph);
}

/* (x, y) for (y, x) at once, not one after the other. */
static void test_all_at_once(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x[2] = {rg_input(graph, "x", RG_F64, RG_SCALAR),
                   rg_input(graph, "y", RG_F64, RG_SCALAR)};
    rg_val f = rg_sub(x[0], x[1]), crossed[2] = {x[1], x[0]}, there;
    rg_substitute(&f, 1, x, crossed, 2, &there);
    assert_int_equal(there.id, rg_sub(x[1], x[0]).id);
    rg_graph_free(graph);
}

/* Another row for w; exp(b), which does not depend on it, is read and not made again. */
static void test_text(void **state)
{
    (void)state;
    rg_val there;
    parsed p = parse_text("%1 = input name=\"w\" : f32[3]\n"
                          "%2 = input name=\"b\" : f32[3]\n"
                          "%3 = input name=\"v\" : f32[3]\n"
                          "%4 = exp %2 : f32[3]\n"
                          "%5 = sin %1 : f32[3]\n"
                          "%6 = mul %5 %4 : f32[3]\n"
                          "%7 = add %6 %5 : f32[3]\n"
                          "return %7 %1 %3 %4\n");
    rg_substitute(&p.value[0], 1, &p.value[1], &p.value[2], 1, &there);
    expect_text(p.graph, (const rg_val[]){there, p.value[3]}, 2,
                "%1 = input name=\"b\" : f32[3]\n"
                "%2 = input name=\"v\" : f32[3]\n"
                "%3 = exp %1 : f32[3]\n"
                "%4 = sin %2 : f32[3]\n"
                "%5 = mul %4 %3 : f32[3]\n"
                "%6 = add %5 %4 : f32[3]\n"
                "return %6 %3\n");
    rg_graph_free(p.graph);
}

static void test_what_does_not_depend_is_shared(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F64, RG_SCALAR),
           z = rg_input(graph, "z", RG_F64, RG_SCALAR);
    rg_val other = rg_exp(z), one = rg_const(graph, 1, RG_F64), moved = rg_add(x, one);
    rg_val values[2] = {other, rg_mul(x, other)}, there[2];
    size_t before = rg_graph_count(graph);
    rg_substitute(values, 2, &x, &moved, 1, there);
    assert_int_equal(there[0].id, other.id);
    assert_int_equal(rg_graph_count(graph), before + 1); /* the product */
    rg_substitute(values, 2, &x, &x, 1, there);
    assert_int_equal(there[1].id, values[1].id);
    rg_graph_free(graph);
}

static void test_misfits_are_refused(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F64, rg_shape_of(2)), y = rg_exp(x), there;
    rg_val other = rg_input(graph, "y", RG_F64, rg_shape_of(3));
    rg_substitute(&y, 1, &x, &other, 1, &there);
    assert_ptr_equal(there.graph, graph);
    assert_string_equal(rg_graph_error(graph)->what,
                        "substitute: replacement 1 has shape (3) and type f64, its argument "
                        "shape (2) and type f64");
    assert_non_null(strstr(rg_graph_error(graph)->where, "test_substitute.c"));
    rg_graph_free(graph);
}

/* A value of another graph, with an id that this one does not have. */
static void test_strangers_are_refused(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new(), *foreign = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F64, RG_SCALAR), there[2];
    rg_val strange = rg_sin(rg_exp(rg_input(foreign, "x", RG_F64, RG_SCALAR)));
    rg_val values[2] = {x, strange}, moved = rg_exp(x);
    rg_substitute(values, 2, &x, &moved, 1, there);
    assert_string_equal(rg_graph_error(graph)->what,
                        "substitute: value 2 is no value of this graph");
    rg_graph_free(foreign);
    rg_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_function_and_slope_elsewhere),
        cmocka_unit_test(test_derivative_of_the_result),
        cmocka_unit_test(test_all_at_once),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_what_does_not_depend_is_shared),
        cmocka_unit_test(test_misfits_are_refused),
        cmocka_unit_test(test_strangers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
