/* test_sorting.c - sorting, picking along an axis, segments and running sums: values worked out
 * by hand or by plain loops, derivatives, mistakes, simplifications. */
#include "engine/ir/node.h"
#include "rigor/plan.h"
#include "support.h"

static rg_graph *graph;

static int fresh(void **state)
{
    (void)state;
    graph = rg_graph_new();
    return 0;
}

static int finish(void **state)
{
    (void)state;
    rg_graph_free(graph);
    return 0;
}

static rg_val array(const double *data, rg_shape shape)
{
    return rg_const_array(graph, data, RG_F64, shape);
}

static rg_val ints(const int32_t *data, rg_shape shape)
{
    return rg_const_array(graph, data, RG_I32, shape);
}

/* The value as doubles, NaN included. */
static void expect(rg_val v, const double *expected)
{
    rg_err err = {0};
    rg_plan *plan = rg_plan_compile(graph, &v, 1, NULL, 0, NULL, &err);
    if (!plan || !rg_plan_run(plan, &err))
        fail_msg("%s: %s", err.where, err.what);
    const void *data = rg_plan_buffer(plan, v);
    for (int64_t i = 0; i < rg_val_count(v); i++)
        assert_close(rg_dtype_element(rg_val_dtype(v), data, (size_t)i), expected[i], 1e-15);
    rg_plan_free(plan);
}

static void expect_error(const char *what)
{
    const rg_err *err = rg_graph_error(graph);
    assert_string_equal(err->what, what);
    assert_true(err->remedy[0] && rg_text_starts(err->where, "test_sorting.c:"));
}

/* ---- Sorting. */
static const double column[] = {3, NAN, -INFINITY, 3, 0, -0.0, INFINITY};

static void test_argsort(void **state)
{
    (void)state;
    rg_val x = array(column, rg_shape_of(7));
    expect(rg_argsort(x, 0, false), (const double[]){2, 4, 5, 0, 3, 6, 1});
    expect(rg_argsort(x, 0, true), (const double[]){6, 0, 3, 4, 5, 2, 1});
    expect(rg_sort(x, 0, true), (const double[]){INFINITY, 3, 3, 0, 0, -INFINITY, NAN});
    rg_val y = array((const double[]){2, 9, 1, 5, 7, 8}, rg_shape_of(3, 2));
    expect(rg_argsort(y, 0, false), (const double[]){1, 1, 0, 2, 2, 0});
    expect(rg_sort(y, 1, true), (const double[]){9, 2, 5, 1, 8, 7});
}

static void test_top_k(void **state)
{
    (void)state;
    rg_val x = array((const double[]){2, 9, 1, 5, 7, 8}, rg_shape_of(2, 3)), places;
    expect(rg_top_k(x, 2, 1, &places), (const double[]){9, 2, 8, 7});
    expect(places, (const double[]){1, 0, 2, 1});
    expect(rg_top_k(x, 1, 0, NULL), (const double[]){5, 9, 8});
    rg_top_k(x, 4, 1, NULL);
    expect_error("top_k: the 4 largest of shape (2, 3) along axis 1");
}

/* Each element goes to one place, so that its cotangent comes from there. */
static void test_sort_has_a_derivative(void **state)
{
    (void)state;
    rg_val x = rg_input(graph, "x", RG_F64, rg_shape_of(3)), g;
    rg_val w = array((const double[]){1, 10, 100}, rg_shape_of(3));
    rg_grad(rg_sum(rg_mul(rg_sort(x, 0, false), w), RG_ALL_AXES, false), &x, 1, &g);
    rg_err err = {0};
    rg_plan *plan = rg_plan_compile(graph, &g, 1, NULL, 0, NULL, &err);
    memcpy(rg_plan_buffer(plan, x), (const double[]){5, 1, 3}, 3 * sizeof(double));
    assert_true(rg_plan_run(plan, &err));
    const double *slope = rg_plan_buffer(plan, g);
    assert_true(slope[0] == 100 && slope[1] == 1 && slope[2] == 10);
    rg_plan_free(plan);
}

/* ---- Picking. */
static void test_take_along(void **state)
{
    (void)state;
    rg_val x =
        array((const double[]){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, rg_shape_of(2, 3, 2));
    rg_val i = ints((const int32_t[]){2, 0, 1, 1}, rg_shape_of(2, 1, 2));
    expect(rg_take_along(x, i, 1), (const double[]){4, 1, 8, 9});
    rg_val u = rg_cast(ints((const int32_t[]){1, 0, 0}, rg_shape_of(3)), RG_U32);
    expect(rg_take_along(array(column, rg_shape_of(7)), u, 0), (const double[]){NAN, 3, 3});
    rg_take_along(x, i, 0);
    expect_error("take_along: x of shape (2, 3, 2) at indices of shape (2, 1, 2) along axis 0");
}

/* An index out of range fails, also where it would meet another row of the flattened x. */
/* Cutting 0.7 to 0 would be a guess. */
static void test_take_along_refuses_floats(void **state)
{
    (void)state;
    rg_val x = array((const double[]){1, 2}, rg_shape_of(2));
    rg_take_along(x, x, 0);
    expect_error("take_along: indices of type f64; expected i32 or u32");
}

static void test_take_along_out_of_range(void **state)
{
    (void)state;
    static const int32_t wrong[] = {2, -1, INT32_MAX, INT32_MIN};
    rg_val x = array((const double[]){0, 1, 2, 3}, rg_shape_of(2, 2));
    rg_val i = rg_input(graph, "i", RG_I32, rg_shape_of(2, 1));
    rg_val y = rg_take_along(x, i, 1);
    rg_err err = {0};
    rg_plan *plan = rg_plan_compile(graph, &y, 1, NULL, 0, NULL, &err);
    assert_true(rg_plan_run(plan, &err));
    for (size_t k = 0; k < RG_COUNT(wrong); k++) {
        *(int32_t *)rg_plan_buffer(plan, i) = wrong[k];
        err = (rg_err){0};
        assert_false(rg_plan_run(plan, &err));
        assert_string_equal(err.what,
                            "gather: index -1 is out of range for an axis of length 4");
    }
    rg_plan_free(plan);
}

/* ---- Segments: rows 0 and 2 are of segment 1, row 1 of segment 3. */
static void test_segments(void **state)
{
    (void)state;
    rg_val x = array((const double[]){1, 2, 3, 4, 5, -6}, rg_shape_of(3, 2));
    rg_val segments = ints((const int32_t[]){1, 3, 1}, rg_shape_of(3));
    expect(rg_segment_sum(x, segments, 4), (const double[]){0, 0, 6, -4, 0, 0, 3, 4});
    const double least = -INFINITY;
    expect(rg_segment_max(x, segments, 4),
           (const double[]){least, least, 5, 2, least, least, 3, 4});
    double a = 1 / (1 + exp(-4)), b = 1 / (1 + exp(-8));
    expect(rg_segment_softmax(x, segments, 4), (const double[]){1 - a, b, 1, 1, a, 1 - b});
    rg_val big = array((const double[]){1000, 1000, -1000}, rg_shape_of(3));
    expect(rg_segment_softmax(big, segments, 4), (const double[]){1, 1, 0});
    rg_segment_sum(x, rg_reshape(segments, rg_shape_of(3, 1)), 4);
    expect_error("segments of rank 2 for x of rank 2");
}

static void test_scatter_max_of_integers(void **state)
{
    (void)state;
    rg_val i = ints((const int32_t[]){2, 2, 0}, rg_shape_of(3));
    rg_val x = ints((const int32_t[]){-7, -9, 4}, rg_shape_of(3));
    expect(rg_scatter_max(rg_shape_of(3), i, x, 0), (const double[]){4, INT32_MIN, -7});
    rg_val u = rg_cast(x, RG_U32); /* wraps: 2^32 - 7, 2^32 - 9, 4 */
    expect(rg_scatter_max(rg_shape_of(3), i, u, 0), (const double[]){4, 0, 0x1p32 - 7});
    rg_scatter_max(rg_shape_of(3), i, rg_eq(x, x), 0);
    expect_error("scatter_max: operands of type i32, bool; expected f32, "
                 "f64, i32 or u32 to scatter");
}

/* Two of three updates attain the maximum and share its cotangent. */
static void test_scatter_max_shares_ties(void **state)
{
    (void)state;
    rg_val x = array((const double[]){5, 5, 1}, rg_shape_of(3)), g;
    rg_val i = ints((const int32_t[]){0, 0, 0}, rg_shape_of(3));
    rg_val top = rg_scatter_max(rg_shape_of(1), i, x, 0);
    rg_grad(rg_sum(top, RG_ALL_AXES, false), &x, 1, &g);
    expect(g, (const double[]){0.5, 0.5, 0});
}

/* ---- Recurrences. */
static void test_linrec(void **state)
{
    (void)state;
    rg_val a = array((const double[]){9, 2, -1, 3}, rg_shape_of(4));
    rg_val b = array((const double[]){1, 1, 1, 1}, rg_shape_of(4));
    expect(rg_linrec(a, b, 0, false), (const double[]){1, 3, -2, -5});
    expect(rg_linrec(a, b, 0, true), (const double[]){10, 1, 0, 1});
    rg_val x = array((const double[]){1, 2, 3, 4, 5, 6}, rg_shape_of(3, 2));
    expect(rg_cumsum(x, 0, false), (const double[]){1, 2, 4, 6, 9, 12});
    expect(rg_cumsum(x, 0, true), (const double[]){9, 12, 8, 10, 5, 6});
    expect(rg_cumsum(x, 1, false), (const double[]){1, 3, 3, 7, 5, 11});
    rg_linrec(x, x, 2, false);
    expect_error("linrec: no axis 2 in shape (3, 2)");
}

static void test_one_entry_needs_no_work(void **state)
{
    (void)state;
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(3, 1));
    rg_val zero = rg_broadcast(rg_const(graph, 0, RG_F32), rg_shape_of(3, 1));
    double value = NAN;
    assert_int_equal(rg_linrec(x, x, 1, false).id, x.id);
    assert_int_equal(rg_linrec(zero, x, 0, true).id, x.id);
    assert_true(rg_node_constant(graph, rg_argsort(x, 1, true).id, &value) && value == 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fresh, finish)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_argsort),
        CASE(test_top_k),
        CASE(test_sort_has_a_derivative),
        CASE(test_take_along),
        CASE(test_take_along_refuses_floats),
        CASE(test_take_along_out_of_range),
        CASE(test_segments),
        CASE(test_scatter_max_of_integers),
        CASE(test_scatter_max_shares_ties),
        CASE(test_linrec),
        CASE(test_one_entry_needs_no_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
