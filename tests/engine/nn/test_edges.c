/* test_edges.c - attention on graphs whose nodes lie far apart (values and gradients beside: in
 * test_records.c). */
#include "rigor/nn.h"
#include "rigor/plan.h"
#include "support.h"

/* Three nodes of one feature, an edge from the third to the second, and h = s = x, t = 0: the
 * second weighs itself and the third by softmax(leaky(s)), though both lie 1200 below the
 * first, where exp comes to 0. */
static void test_attention_of_nodes_far_below(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_scope *scope = rg_scope_new(graph, true, 1, NULL);
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(3, 1));
    rg_edges edges = {rg_const_array(graph, (const int32_t[]){2}, RG_I32, rg_shape_of(1)),
                      rg_const_array(graph, (const uint32_t[]){1}, RG_U32, rg_shape_of(1))};
    const rg_weight *weight;
    rg_val out[2] = {rg_graph_attention(scope, x, &edges, 1, 1)};
    assert_int_equal(rg_scope_weights(scope, &weight), 4);
    rg_grad(rg_sum(out[0], RG_ALL_AXES, false), &weight[0].input, 1, &out[1]);
    rg_err err = {0};
    rg_plan *plan = rg_plan_compile(graph, out, 2, NULL, 0, NULL, &err);
    assert_non_null(plan);
    memcpy(rg_plan_buffer(plan, x), (const float[]){1000, -1000, -1001}, 3 * sizeof(float));
    *(float *)rg_plan_buffer(plan, weight[0].input) = 1; /* weight */
    *(float *)rg_plan_buffer(plan, weight[1].input) = 1; /* source; target and bias are 0 */
    assert_true(rg_plan_run(plan, &err));
    const float *y = rg_plan_buffer(plan, out[0]), *dw = rg_plan_buffer(plan, out[1]);
    double own = 1 / (1 + exp(-0.2)), second = -1000 * own - 1001 * (1 - own);
    assert_close(y[0], 1000, 1e-6);
    assert_close(y[1], second, 1e-6);
    assert_close(y[2], -1001, 1e-6);
    /* y1 = w (-1001 + p) with p = sigmoid(0.2 w): p + 0.2 p (1 - p) - 1001 at w = 1. */
    assert_close(*dw, 1000 - 1001 + own - 1001 + 0.2 * own * (1 - own), 1e-4);
    rg_plan_free(plan);
    rg_scope_free(scope);
    rg_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_attention_of_nodes_far_below)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
