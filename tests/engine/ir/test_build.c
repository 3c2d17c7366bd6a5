/* test_build.c - building graphs: errors stick and name both shapes, places, simplification. */
#include "engine/ir/node.h"
#include "support.h"

static rg_graph *graph;
static rg_val x, y; /* f32 (64, 10) and (64, 12) */

static int fresh(void **state)
{
    (void)state;
    graph = rg_graph_new();
    x = rg_input(graph, "x", RG_F32, rg_shape_of(64, 10));
    y = rg_input(graph, "y", RG_F32, rg_shape_of(64, 12));
    return 0;
}

static int finish(void **state)
{
    (void)state;
    rg_graph_free(graph);
    return 0;
}

static void expect_error(const char *what)
{
    const rg_err *err = rg_graph_error(graph);
    assert_int_equal(err->code, RG_INPUT);
    assert_string_equal(err->what, what);
    assert_true(err->remedy[0]);
    assert_true(rg_text_starts(err->where, "test_build.c:"));
}

static void test_shapes_that_do_not_fit(void **state)
{
    (void)state;
    int line = __LINE__ + 1;
    rg_val z = rg_add(x, y);
    expect_error("add: shapes (64, 10) and (64, 12) do not broadcast");
    char where[64];
    snprintf(where, sizeof(where), "test_build.c:%d", line);
    assert_string_equal(rg_graph_error(graph)->where, where);
    /* The graph can be built on; the first mistake stays. */
    z = rg_matmul(rg_exp(z), rg_sum(z, RG_ALL_AXES, true));
    rg_grad(rg_sum(z, RG_ALL_AXES, false), &x, 1, &z);
    assert_ptr_equal(z.graph, graph);
    expect_error("add: shapes (64, 10) and (64, 12) do not broadcast");
}

static void test_matmul(void **state)
{
    (void)state;
    rg_matmul(x, y);
    expect_error("matmul: shapes (64, 10) and (64, 12) do not fit (..., M, K) x (K, N)");
}

static rg_val input_of(rg_dtype dtype)
{
    return rg_input(graph, "z", dtype, RG_SCALAR);
}

static rg_val const_of(rg_dtype dtype)
{
    return rg_const(graph, 1, dtype);
}

static rg_val array_of(rg_dtype dtype)
{
    return rg_const_array(graph, &graph, dtype, RG_SCALAR);
}

static rg_val iota_of(rg_dtype dtype)
{
    return rg_iota(graph, rg_shape_of(3), 0, dtype);
}

static rg_val cast_of(rg_dtype dtype)
{
    return rg_cast(x, dtype);
}

/* A number that is no type, near and far. */
static void test_no_type(void **state)
{
    static const struct {
        rg_val (*make)(rg_dtype dtype);
        const char *name;
    } cases[] = {{input_of, "input"},
                 {const_of, "const"},
                 {array_of, "array"},
                 {iota_of, "iota"},
                 {cast_of, "cast"}};
    (void)state;
    for (size_t k = 0; k < RG_COUNT(cases); k++)
        for (int type = RG_DTYPES; type <= 1000000; type += 999994) {
            finish(NULL);
            fresh(NULL);
            cases[k].make((rg_dtype)type);
            char what[80];
            snprintf(what, sizeof(what), "%s: there is no type %d", cases[k].name, type);
            expect_error(what);
        }
}

static void test_types(void **state)
{
    (void)state;
    rg_add(x, rg_cast(x, RG_I32));
    expect_error("add: operands of type f32, i32; expected the same type");
}

static void test_float_only(void **state)
{
    (void)state;
    rg_exp(rg_cast(x, RG_I32));
    expect_error("exp: operands of type i32; expected f32 or f64");
}

static void test_too_many_axes(void **state)
{
    (void)state;
    rg_input(graph, "z", RG_F32, rg_shape_of(1, 1, 1, 1, 1, 1, 1, 1, 1));
    expect_error("input: 9 axes; at most 8 are possible");
}

static void test_too_large(void **state)
{
    (void)state;
    rg_broadcast(rg_const(graph, 1, RG_F32), rg_shape_of(100000, 250000));
    expect_error("broadcast: a value of shape (100000, 250000) and type f32 takes more than 64 "
                 "GiB");
}

/* ---- Pointers to nothing */

static void test_permute_by_nothing(void **state)
{
    (void)state;
    assert_ptr_equal(rg_permute(x, NULL).graph, graph);
    expect_error("permute: a list of axes is NULL");
}

static void test_slice_by_nothing(void **state)
{
    (void)state;
    const int64_t from[2] = {0};
    rg_slice(x, from, NULL, NULL);
    expect_error("slice: a list of axes is NULL");
}

static void test_pad_by_nothing(void **state)
{
    (void)state;
    const int64_t after[2] = {0};
    rg_pad(x, NULL, after, 0);
    expect_error("pad: a list of axes is NULL");
}

static void test_dot_by_nothing(void **state)
{
    (void)state;
    rg_dot(x, y, NULL);
    expect_error("dot: a list of axes is NULL");
}

static void test_concat_of_nothing(void **state)
{
    (void)state;
    assert_int_equal(rg_concat(NULL, 2, 0).id, 0);
    rg_add(x, rg_concat(NULL, 2, 0));
    expect_error("add: operand 2 is no value of this graph");
}

static void test_array_of_nothing(void **state)
{
    (void)state;
    rg_const_array(graph, NULL, RG_F32, rg_shape_of(0));
    assert_int_equal(rg_graph_error(graph)->code, RG_OK);
    rg_const_array(graph, NULL, RG_F32, rg_shape_of(1));
    expect_error("array: its data are NULL");
}

static void test_input_of_no_name(void **state)
{
    (void)state;
    rg_input(graph, NULL, RG_F32, RG_SCALAR);
    expect_error("input: its name is NULL");
}

static void test_loop_without_a_body(void **state)
{
    (void)state;
    rg_val last;
    rg_loop(graph, &(rg_loop_spec){.steps = 2, .carry = &x, .carries = 1}, &last);
    expect_error("loop: its body or a list of values is NULL");
}

/* Its text is longer than messages have room for. */
static void test_the_longest_shape(void **state)
{
    (void)state;
    rg_shape shape = {.rank = RG_RANK_MAX};
    for (int i = 0; i < RG_RANK_MAX; i++)
        shape.dim[i] = INT64_MAX;
    rg_reshape(x, shape);
    const rg_err *err = rg_graph_error(graph);
    assert_int_equal(err->code, RG_INPUT);
    assert_true(rg_text_starts(err->what, "reshape: a value of shape (9223372036854775807, "));
}

/* Refused before anything is read or copied. */
static void test_array_too_large(void **state)
{
    (void)state;
    rg_const_array(graph, NULL, RG_F64, rg_shape_of(INT64_C(100000000000)));
    expect_error("array: a value of shape (100000000000) and type f64 takes more than 64 GiB");
}

static void test_negative_length(void **state)
{
    (void)state;
    rg_const_array(graph, NULL, RG_F32, rg_shape_of(3, -1));
    expect_error("array: axis 1 has length -1");
}

static void test_reshape(void **state)
{
    (void)state;
    rg_reshape(x, rg_shape_of(64, 11));
    expect_error("reshape: shape (64, 10) has 640 elements, shape (64, 11) has 704");
}

static void test_axis(void **state)
{
    (void)state;
    rg_sum(x, RG_AXIS(2), false);
    expect_error("sum: no axis 2 in shape (64, 10)");
}

static void test_slice(void **state)
{
    (void)state;
    rg_slice(x, (const int64_t[]){0, 5}, (const int64_t[]){64, 11}, NULL);
    expect_error("slice: [5, 11) step 1 of axis 1 with length 10");
}

static void test_gather_type(void **state)
{
    (void)state;
    rg_gather(x, y, 0);
    expect_error("gather: indices of type f32; expected i32 or u32");
}

static void test_scatter_shape(void **state)
{
    (void)state;
    rg_val indices = rg_input(graph, "i", RG_I32, rg_shape_of(3));
    rg_scatter_add(rg_shape_of(5, 4), indices, x, 0);
    expect_error("scatter_add: updates of shape (64, 10); expected (3, 4)");
}

static void test_key(void **state)
{
    (void)state;
    rg_random_bits(x, 0, rg_shape_of(3));
    expect_error("random_bits: a key of shape (64, 10) and type f32 for bits of shape (3)");
}

static void test_twice_the_same_name(void **state)
{
    (void)state;
    rg_input(graph, "x", RG_F32, RG_SCALAR);
    expect_error("input: there is already an input named 'x'");
}

static void test_foreign_value(void **state)
{
    (void)state;
    rg_graph *other = rg_graph_new();
    rg_val z = rg_input(other, "z", RG_F32, rg_shape_of(64, 10));
    rg_add(x, z);
    expect_error("add: operand 2 is no value of this graph");
    rg_graph_free(other);
}

static void test_no_value(void **state)
{
    (void)state;
    rg_add(x, (rg_val){0});
    expect_error("add: operand 2 is no value of this graph");
    assert_int_equal(rg_exp((rg_val){0}).id, 0);
    assert_int_equal(rg_cumsum((rg_val){0}, 0, false).id, 0);
    assert_int_equal(rg_sort((rg_val){0}, 0, false).id, 0);
    assert_int_equal(rg_segment_max((rg_val){0}, x, 3).id, 0);
}

/* ---- Places. */
static rg_val layer_at(rg_place at, rg_val in)
{
    rg_graph_pin(in.graph, at);
    rg_val ret = rg_exp(rg_add(in, rg_const(in.graph, 1, RG_F32)));
    rg_graph_unpin(in.graph);
    return ret;
}

static void test_places(void **state)
{
    (void)state;
    rg_val z = layer_at((rg_place){"model.c", 7}, x);
    assert_int_equal(rg_node_of(graph, z.id)->at.line, 7);
    /* An operand built on another line does not move the operation's own place. */
    int line = __LINE__ + 1;
    z = rg_mul(x, layer_at((rg_place){"model.c", 9}, z));
    assert_int_equal(rg_node_of(graph, z.id)->at.line, line);
    /* Gradients keep the line of what they differentiate. */
    rg_val g;
    rg_grad(rg_sum(rg_tanh(z), RG_ALL_AXES, false), &x, 1, &g);
    bool found = false;
    for (uint32_t id = z.id; id <= rg_graph_count(graph); id++)
        found |= rg_node_of(graph, id)->at.line == 9;
    assert_true(found);
}

static void test_fail_in_a_layer(void **state)
{
    (void)state;
    rg_graph_pin(graph, (rg_place){"dir/model.c", 12});
    rg_graph_fail(graph, "say so", "%d is wrong", 3);
    rg_graph_unpin(graph);
    assert_string_equal(rg_graph_error(graph)->where, "model.c:12");
    assert_string_equal(rg_graph_error(graph)->what, "3 is wrong");
}

/* ---- Simplification. */
static rg_val number(double value)
{
    return rg_const(graph, value, RG_F32);
}

static bool same(rg_val a, rg_val b)
{
    return a.id == b.id;
}

static void test_simplify(void **state)
{
    (void)state;
    assert_true(same(rg_mul(x, number(1)), x));
    assert_true(same(rg_mul(number(1), x), x));
    assert_true(same(rg_add(x, number(0)), x));
    assert_true(same(rg_sub(x, number(0)), x));
    assert_true(same(rg_div(x, number(1)), x));
    assert_true(same(rg_pow(x, number(1)), x));
    assert_true(same(rg_pow(x, number(2)), rg_mul(x, x)));
    assert_true(same(rg_neg(rg_neg(x)), x));
    assert_true(same(rg_cast(x, RG_F32), x));
    assert_true(same(rg_reshape(rg_reshape(x, rg_shape_of(640)), rg_shape_of(64, 10)), x));
    assert_true(same(rg_permute(rg_permute(x, (const int[]){1, 0}), (const int[]){1, 0}), x));
    assert_true(same(rg_add(number(2), number(3)), number(5)));
    assert_true(same(rg_mul(number(0.1), number(3)), number((double)(0.1f * 3.0f))));
    assert_true(same(rg_exp(x), rg_exp(x)));
    assert_false(same(rg_exp(x), rg_tanh(x)));
    assert_false(same(rg_mul(x, number(0)), number(0)));
    /* Work on broadcast scalars is done once. */
    rg_val wide = rg_exp(rg_broadcast(number(2), rg_shape_of(64, 10)));
    assert_int_equal(rg_node_of(graph, wide.id)->op, RG_OP_broadcast);
    assert_int_equal(rg_graph_error(graph)->code, RG_OK);
}

static void test_dot_reads_through_permute(void **state)
{
    (void)state;
    rg_val w = rg_input(graph, "w", RG_F32, rg_shape_of(32, 10));
    rg_val z = rg_matmul(x, rg_permute(w, (const int[]){1, 0}));
    const rg_node *node = rg_node_of(graph, z.id);
    assert_int_equal(node->op, RG_OP_dot);
    assert_int_equal(node->in[1], w.id);
    assert_int_equal(node->attr.dot.contract_y[0], 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_shapes_that_do_not_fit),
        TEST(test_matmul),
        TEST(test_types),
        TEST(test_no_type),
        TEST(test_float_only),
        TEST(test_too_many_axes),
        TEST(test_too_large),
        TEST(test_permute_by_nothing),
        TEST(test_slice_by_nothing),
        TEST(test_pad_by_nothing),
        TEST(test_dot_by_nothing),
        TEST(test_concat_of_nothing),
        TEST(test_array_of_nothing),
        TEST(test_input_of_no_name),
        TEST(test_loop_without_a_body),
        TEST(test_the_longest_shape),
        TEST(test_array_too_large),
        TEST(test_negative_length),
        TEST(test_reshape),
        TEST(test_axis),
        TEST(test_slice),
        TEST(test_gather_type),
        TEST(test_scatter_shape),
        TEST(test_key),
        TEST(test_twice_the_same_name),
        TEST(test_foreign_value),
        TEST(test_no_value),
        TEST(test_places),
        TEST(test_fail_in_a_layer),
        TEST(test_simplify),
        TEST(test_dot_reads_through_permute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
