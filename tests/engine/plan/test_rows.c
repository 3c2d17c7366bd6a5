/* test_rows.c - loops with reductions: what one pass over memory computes, and what it must not. */
#include "engine/plan/layout_of.h"
#include "rigor/nn.h"
#include "support.h"

/* Steps of a plan for these outputs. */
static size_t steps_of(const rg_val *output, size_t n)
{
    rg_layout l = layout_of(output[0].graph, output, n, NULL, 0);
    size_t steps = l.steps;
    rg_arena_free(l.arena);
    return steps;
}

static rg_val matrix(rg_graph *graph, const char *name, int64_t rows, int64_t len)
{
    return rg_input(graph, name, RG_F32, rg_shape_of(rows, len));
}

static rg_val mean(rg_val x)
{
    rg_val over = rg_const(x.graph, 1.0 / (double)rg_val_shape(x).dim[1], RG_F32);
    return rg_mul(rg_sum(x, RG_AXIS(1), true), over);
}

static rg_val layer_norm(rg_val x)
{
    rg_val centred = rg_sub(x, mean(x)), epsilon = rg_const(x.graph, 1e-5, RG_F32);
    return rg_div(centred, rg_sqrt(rg_add(mean(rg_mul(centred, centred)), epsilon)));
}

static rg_val softmax(rg_val x)
{
    return rg_softmax(x);
}

static rg_val (*const operations[])(rg_val) = {softmax, layer_norm};

/* Memory is read once and written once, forward and together with the derivative. */
static void test_one_step(void **state)
{
    (void)state;
    for (size_t i = 0; i < RG_COUNT(operations); i++) {
        rg_graph *graph = rg_graph_new();
        rg_val x = matrix(graph, "x", 64, 100), dy = matrix(graph, "dy", 64, 100), y[2];
        y[0] = operations[i](x);
        assert_int_equal(steps_of(y, 1), 1);
        rg_vjp(&y[0], &dy, 1, &x, 1, &y[1]);
        assert_int_equal(steps_of(y, 2), 1);
        rg_layout l = layout_of(graph, y, 2, NULL, 0);
        size_t stored = 0;
        for (uint32_t k = 0; k < l.step[0].n; k++)
            stored += l.slot_of[l.step[0].node[k]] != RG_NONE;
        assert_int_equal(stored, 2);
        rg_arena_free(l.arena);
        rg_graph_free(graph);
    }
}

/* The losses of a batch and the gradient of their logits are one loop, their mean another step. */
static void test_cross_entropy(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = matrix(graph, "x", 32, 10);
    rg_val labels = rg_input(graph, "labels", RG_I32, rg_shape_of(32)), y[2];
    rg_val losses = rg_cross_entropy(x, labels, (rg_val){0});
    y[0] = rg_sum(losses, RG_ALL_AXES, false);
    rg_grad(y[0], &x, 1, &y[1]);
    assert_int_equal(steps_of(y, 2), 2);
    rg_graph_free(graph);
}

static void test_limits(void **state)
{
    (void)state;
    static const struct {
        int64_t rows, len;
        bool fused;
    } cases[] = {{8, 2, true},
                 {1, 100, true},
                 {3, RG_ROW_MAX, true},
                 {3, RG_ROW_MAX + 1, false},
                 {0, 9, false}};
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        rg_graph *graph = rg_graph_new();
        rg_val y = rg_softmax(matrix(graph, "x", cases[i].rows, cases[i].len));
        assert_int_equal(steps_of(&y, 1) == 1, cases[i].fused);
        rg_graph_free(graph);
    }
}

/* A reduction alone keeps its own kernel. */
static void test_alone(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val y = rg_sum(matrix(graph, "x", 8, 9), RG_AXIS(1), false);
    rg_layout l = layout_of(graph, &y, 1, NULL, 0);
    assert_int_equal(l.steps, 1);
    assert_false(l.step[0].element);
    rg_arena_free(l.arena);
    rg_graph_free(graph);
}

/* Columns' sums need all rows: what reads them waits for the end of the loop. */
static void test_columns(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = matrix(graph, "x", 9, 9), e = rg_exp(x);
    rg_val y = rg_div(e, rg_sum(e, RG_AXIS(0), true));
    assert_int_equal(steps_of(&y, 1), 3);
    rg_graph_free(graph);
}

/* Of a square matrix: a value for each row, spread along the columns instead, is needed whole. */
static void test_turned_round(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = matrix(graph, "x", 9, 9), e = rg_exp(x);
    rg_val y = rg_div(e, rg_sum(e, RG_AXIS(1), false));
    rg_layout l = layout_of(graph, &y, 1, NULL, 0);
    assert_true(l.step_of[rg_node_of(graph, y.id)->in[0]] < l.step_of[y.id]);
    rg_arena_free(l.arena);
    rg_graph_free(graph);
}

/* Two lengths of rows in one chain: the loops part. */
static void test_different_rows(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(4, 5, 6)), e = rg_exp(x);
    rg_val y = rg_div(e, rg_sum(e, RG_AXIS(2), true));
    rg_val z = rg_div(y, rg_sum(y, RG_AXIS(1) | RG_AXIS(2), true));
    rg_layout l = layout_of(graph, &z, 1, NULL, 0);
    assert_true(l.steps >= 2);
    for (size_t s = 0; s < l.steps; s++)
        for (uint32_t k = 0; k < l.step[s].n; k++) {
            rg_rows rows = rg_rows_of(graph, l.step[s].node[k]), own = l.step[s].rows;
            assert_true(!rows.len || (rows.len == own.len && rows.rows == own.rows));
        }
    rg_arena_free(l.arena);
    rg_graph_free(graph);
}

/* The last pass over a block may write where the first one read. */
static void test_in_place(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = matrix(graph, "x", 8, 9);
    rg_carry carry = {x, rg_softmax(x)};
    rg_layout l = layout_of(graph, NULL, 0, &carry, 1);
    assert_int_equal(l.slot_of[carry.output.id], l.slot_of[x.id]);
    assert_int_equal(l.afters, 0);
    rg_arena_free(l.arena);
    rg_graph_free(graph);
}

/* exp(x) is written before the last pass reads x: not over x. */
static void test_not_in_place(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = matrix(graph, "x", 8, 9), e = rg_exp(x);
    rg_carry carry = {x, e};
    rg_val y = rg_mul(x, rg_sum(e, RG_AXIS(1), true));
    rg_layout l = layout_of(graph, &y, 1, &carry, 1);
    assert_int_equal(l.steps, 1);
    assert_int_not_equal(l.slot_of[e.id], l.slot_of[x.id]);
    assert_int_equal(l.afters, 1);
    rg_arena_free(l.arena);
    rg_graph_free(graph);
}

static void test_agreement(void **state)
{
    (void)state;
    const rg_rows loop = {12, 0}, rows = {3, 4}, other = {4, 3}, few = {3, 0}, odd = {5, 0};
    rg_rows ret;
    assert_true(rg_rows_agree(loop, rows, &ret));
    assert_true(ret.rows == 3 && ret.len == 4);
    assert_true(rg_rows_agree(rows, few, &ret));
    assert_true(rg_rows_agree(rows, rows, &ret));
    assert_true(rg_rows_agree(loop, loop, &ret));
    assert_false(rg_rows_agree(rows, other, &ret));
    assert_false(rg_rows_agree(rows, odd, &ret));
    assert_false(rg_rows_agree(loop, few, &ret));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_step),       cmocka_unit_test(test_cross_entropy),
        cmocka_unit_test(test_limits),         cmocka_unit_test(test_alone),
        cmocka_unit_test(test_columns),        cmocka_unit_test(test_turned_round),
        cmocka_unit_test(test_different_rows), cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_not_in_place),   cmocka_unit_test(test_agreement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
