/* test_cost.c - operations and bytes of steps, by hand; predictions and times of a plan. */
#include "engine/plan/cost.h"
#include "engine/random_graph.h"

static rg_layout layout_of(rg_graph *graph, const rg_val *output, size_t n)
{
    rg_layout layout = {
        .arena = rg_arena_new(), .graph = graph, .output = output, .outputs = n, .fuse = true};
    rg_layout_make(&layout);
    return layout;
}

static double flops_of(rg_val v)
{
    return rg_node_flops(v.graph, rg_node_of(v.graph, v.id));
}

static void test_flops(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(3, 5, 7));
    rg_val y = rg_input(graph, "y", RG_F32, rg_shape_of(3, 7, 4));
    rg_val none = rg_input(graph, "none", RG_F32, rg_shape_of(0, 4));
    const rg_dot_axes batched = {
        .n_batch = 1, .n_contract = 1, .contract_x = {2}, .contract_y = {1}};
    assert_close(flops_of(rg_dot(x, y, &batched)), 2 * 3 * 5 * 7 * 4, 0);
    assert_close(flops_of(rg_exp(x)), 3 * 5 * 7, 0);
    assert_close(flops_of(rg_sum(x, RG_AXIS(1), false)), 3 * 5 * 7, 0);
    assert_close(flops_of(rg_broadcast(y, rg_shape_of(2, 3, 7, 4))), 0, 0);
    assert_close(flops_of(rg_reverse(x, RG_AXIS(0))), 0, 0);
    assert_close(flops_of(rg_neg(none)), 0, 0);
    assert_close(flops_of(x), 0, 0);
    rg_graph_free(graph);
}

/* exp(x + b) * x in one loop: x and b are read once each, what lies between is in registers. */
static void test_bytes_of_a_loop(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(10, 6));
    rg_val b = rg_input(graph, "b", RG_F32, rg_shape_of(6));
    rg_val out = rg_mul(rg_exp(rg_add(x, b)), x);
    rg_layout l = layout_of(graph, &out, 1);
    assert_int_equal(l.steps, 1);
    assert_close(rg_step_flops(&l, &l.step[0]), 3 * 60, 0);
    assert_close(rg_step_bytes(&l, &l.step[0]), 4 * (60 + 6 + 60), 0);
    rg_arena_free(l.arena);
    rg_graph_free(graph);
}

/* Of a table of 1000 rows two are read, and their indices. */
static void test_bytes_of_a_gather(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val table = rg_input(graph, "table", RG_F32, rg_shape_of(1000, 8));
    rg_val rows = rg_input(graph, "rows", RG_I32, rg_shape_of(2));
    rg_val out = rg_gather(table, rows, 0);
    rg_layout l = layout_of(graph, &out, 1);
    assert_close(rg_step_bytes(&l, &l.step[0]), 4 * (16 + 2 + 16), 0);
    rg_arena_free(l.arena);
    rg_graph_free(graph);
}

static void test_times(void **state)
{
    (void)state;
    rg_err err = {0};
    rg_machine machine;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(64, 64));
    rg_val out = rg_tanh(rg_matmul(x, x));
    rg_plan *plan = rg_plan_compile(graph, &out, 1, NULL, 0, NULL, &err);
    assert_true(rg_machine_measure(&machine, &err));
    assert_true(machine.dot_flops > 1e7 && machine.half_flops > 1e6 &&
                machine.loop_flops > 1e6);
    assert_true(machine.near_bytes > 1e6 && machine.far_bytes > 1e6 && machine.step_s > 0);
    assert_int_equal(rg_plan_steps(plan), 2);
    double step_s[2], total_s;
    assert_true(rg_plan_time(plan, 3, step_s, &total_s, &err));
    assert_true(step_s[0] > 0 && total_s > 0 && isfinite(step_s[1]));
    rg_step_cost dot = rg_plan_step_cost(plan, 0, &machine);
    assert_string_equal(dot.kernel, "dot");
    assert_close(dot.flops, 2.0 * 64 * 64 * 64, 0);
    /* The roofline: not faster than computing alone, nor than moving alone. */
    assert_true(dot.predicted_s >= machine.step_s + dot.flops / machine.dot_flops);
    assert_true(dot.predicted_s >= machine.step_s + dot.bytes / machine.near_bytes);
    assert_true(isnan(rg_plan_step_cost(plan, 1, NULL).predicted_s));
    rg_plan_free(plan);
    rg_graph_free(graph);
}

/* A run that fails while it is timed says so. */
static void test_time_of_a_failing_plan(void **state)
{
    (void)state;
    rg_err err = {0};
    rg_graph *graph = rg_graph_new();
    rg_val table = rg_input(graph, "table", RG_F32, rg_shape_of(3));
    rg_val rows = rg_input(graph, "rows", RG_I32, rg_shape_of(1));
    rg_val out = rg_gather(table, rows, 0);
    rg_plan *plan = rg_plan_compile(graph, &out, 1, NULL, 0, NULL, &err);
    double step_s[1], total_s;
    *(int32_t *)rg_plan_buffer(plan, rows) = 3;
    assert_false(rg_plan_time(plan, 1, step_s, &total_s, &err));
    assert_int_equal(err.code, RG_INPUT);
    rg_plan_free(plan);
    rg_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flops),
        cmocka_unit_test(test_bytes_of_a_loop),
        cmocka_unit_test(test_bytes_of_a_gather),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_time_of_a_failing_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
