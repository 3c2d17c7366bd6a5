/* test_conv.c - conv in the graph: shapes, mistakes, text, and derivatives as the transposes
 * that they are, of first and second order, on random shapes and attributes. */
#include "engine/random_graph.h"

#include "rigor/plan.h"

static rg_val input(rg_graph *graph, const char *name, rg_shape shape)
{
    return rg_input(graph, name, RG_F64, shape);
}

/* ---- Shapes. */
static void expect_shape(rg_shape x, rg_shape w, const rg_conv_axes *axes, rg_shape expected)
{
    rg_graph *graph = rg_graph_new();
    rg_val y = rg_conv(input(graph, "x", x), input(graph, "w", w), axes);
    assert_int_equal(rg_graph_error(graph)->code, RG_OK);
    if (!rg_shape_same(rg_val_shape(y), expected)) {
        char text[160];
        rg_shape_text(text, rg_val_shape(y));
        fail_msg("the result has shape %s", text);
    }
    rg_graph_free(graph);
}

static void test_shapes(void **state)
{
    (void)state;
    expect_shape(rg_shape_of(8, 3, 32, 32), rg_shape_of(16, 3, 5, 3), NULL,
                 rg_shape_of(8, 16, 28, 30));
    rg_conv_axes same = {.lo = {1, 1}, .hi = {1, 1}, .stride = {2, 2}};
    expect_shape(rg_shape_of(1, 4, 7, 8), rg_shape_of(4, 4, 3, 3), &same,
                 rg_shape_of(1, 4, 4, 4));
    rg_conv_axes depthwise = {.groups = 4, .dilate_w = {3}};
    expect_shape(rg_shape_of(2, 4, 10), rg_shape_of(8, 1, 3), &depthwise, rg_shape_of(2, 8, 4));
    rg_conv_axes crop = {.lo = {-2}, .hi = {-3}};
    expect_shape(rg_shape_of(2, 4, 10), rg_shape_of(8, 4, 3), &crop, rg_shape_of(2, 8, 3));
    /* A filter that does not fit, once by more than the stride, once by one. */
    rg_conv_axes far = {.stride = {4}};
    expect_shape(rg_shape_of(2, 4, 3), rg_shape_of(8, 4, 9), &far, rg_shape_of(2, 8, 0));
    expect_shape(rg_shape_of(2, 4, 3), rg_shape_of(8, 4, 4), &far, rg_shape_of(2, 8, 0));
    /* Nothing there; padding alone. */
    rg_conv_axes pad = {.lo = {2}, .hi = {2}};
    expect_shape(rg_shape_of(2, 4, 0), rg_shape_of(8, 4, 3), &pad, rg_shape_of(2, 8, 2));
    expect_shape(rg_shape_of(0, 4, 5), rg_shape_of(0, 4, 3), &pad, rg_shape_of(0, 0, 7));
    expect_shape(rg_shape_of(1, 1, 2, 2, 2, 2, 2, 2), rg_shape_of(3, 1, 1, 2, 1, 2, 1, 2), NULL,
                 rg_shape_of(1, 3, 2, 1, 2, 1, 2, 1));
}

/* ---- Mistakes. */
static void expect_error(rg_dtype dtype, rg_shape x, rg_shape w, const rg_conv_axes *axes,
                         const char *what)
{
    rg_graph *graph = rg_graph_new();
    rg_conv(rg_input(graph, "x", dtype, x), input(graph, "w", w), axes);
    const rg_err *err = rg_graph_error(graph);
    assert_string_equal(err->what, what);
    assert_true(err->remedy[0] && rg_text_starts(err->where, "test_conv.c:"));
    rg_graph_free(graph);
}

static void test_mistakes(void **state)
{
    (void)state;
    rg_shape x = rg_shape_of(2, 6, 9), w = rg_shape_of(4, 3, 3);
    expect_error(RG_F32, x, w, NULL,
                 "conv: operands of type f32, f64; expected twice f32, "
                 "twice f64 or twice bf16");
    expect_error(RG_F64, rg_shape_of(2, 6), rg_shape_of(4, 6), NULL,
                 "conv: shapes (2, 6) and (4, 6) do not fit");
    expect_error(RG_F64, x, rg_shape_of(4, 6, 3, 3), NULL,
                 "conv: shapes (2, 6, 9) and (4, 6, 3, 3) do not fit");
    expect_error(RG_F64, x, w, NULL, "conv: shapes (2, 6, 9) and (4, 3, 3) do not fit");
    expect_error(RG_F64, x, w, &(rg_conv_axes){.groups = 5},
                 "conv: 5 groups of 6 channels in and 4 out");
    expect_error(RG_F64, x, w, &(rg_conv_axes){.groups = -2},
                 "conv: -2 groups of 6 channels in and 4 out");
    expect_error(RG_F64, x, w, &(rg_conv_axes){.groups = 2, .stride = {-1}},
                 "conv: spatial axis 0 is out of range");
    expect_error(RG_F64, x, w, &(rg_conv_axes){.groups = 2, .dilate_x = {1 << 25}},
                 "conv: spatial axis 0 is out of range");
    expect_error(RG_F64, x, w, &(rg_conv_axes){.groups = 2, .lo = {INT64_MIN}},
                 "conv: spatial axis 0 is out of range");
}

/* ---- Text. */
static void test_text(void **state)
{
    (void)state;
    const char *text = "%1 = input name=\"x\" : f32[2, 4, 9]\n"
                       "%2 = input name=\"w\" : f32[6, 2, 3]\n"
                       "%3 = conv %1 %2 stride=[2] lo=[-1] hi=[3] dilate_x=[2] dilate_w=[3] "
                       "groups=2 : f32[2, 6, 7]\n"
                       "return %3\n";
    rg_graph *graph;
    rg_val *outputs;
    size_t n;
    rg_err err = {0};
    if (!rg_graph_parse(text, "t", &graph, &outputs, &n, &err))
        fail_msg("%s: %s", err.where, err.what);
    rg_str again = {0};
    rg_graph_print(graph, outputs, n, &again);
    assert_string_equal(rg_str_text(&again), text);
    rg_str_free(&again);
    rg_graph_free(graph);
}

static void test_nothing_to_add_gives_zeros(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_conv_axes pad = {.lo = {2}, .hi = {2}};
    rg_val y = rg_conv(input(graph, "x", rg_shape_of(2, 3, 0)),
                       input(graph, "w", rg_shape_of(4, 3, 2)), &pad);
    double value = NAN;
    assert_true(rg_node_constant(graph, y.id, &value) && value == 0);
    assert_true(rg_shape_same(rg_val_shape(y), rg_shape_of(2, 4, 3)));
    rg_graph_free(graph);
}

/* ---- Derivatives.  conv is linear in each operand, so with <a, b> the sum of products,
 *   <v, d<g, conv(x, w)>/dx> = <g, conv(v, w)>, and likewise for w;
 * L = <u, d<g, conv(x, w)>/dx> is linear in w, so that <v, dL/dw> = L at w = v. */
static rg_val product(rg_val a, rg_val b)
{
    return rg_sum(rg_mul(a, b), RG_ALL_AXES, false);
}

static double run(rg_graph *graph, rg_val what, uint64_t seed)
{
    rg_err err = {0};
    rg_plan *plan = rg_plan_compile(graph, &what, 1, NULL, 0, NULL, &err);
    if (!plan)
        fail_msg("%s: %s", err.where, err.what);
    for (uint32_t id = 1; id <= rg_graph_count(graph); id++) {
        const rg_node *node = rg_node_of(graph, id);
        if (node->op != RG_OP_input || node->dtype != RG_F64)
            continue;
        rg_rng rng = rg_rng_open(seed, "input %s", node->attr.name);
        double *data = rg_plan_buffer(plan, (rg_val){graph, id});
        for (int64_t i = 0; i < rg_shape_count(node->shape); i++)
            data[i] = rg_rng_normal(&rng);
    }
    assert_true(rg_plan_run(plan, &err));
    double ret = *(double *)rg_plan_buffer(plan, what);
    rg_plan_free(plan);
    return ret;
}

static rg_val slope(rg_val of, rg_val by)
{
    rg_val ret;
    rg_grad(of, &by, 1, &ret);
    return ret;
}

static void check_transposes(uint64_t seed)
{
    random_graph r = {.graph = rg_graph_new(), .rng = rg_rng_open(seed, "conv")};
    rg_val drawn = draw_conv(&r);
    const rg_node *node = rg_node_of(r.graph, drawn.id);
    if (node->op == RG_OP_conv) {
        rg_conv_axes axes = node->attr.conv;
        rg_shape xs = rg_operand(r.graph, node, 0)->shape;
        rg_shape ws = rg_operand(r.graph, node, 1)->shape, ys = node->shape;
        rg_val x = input(r.graph, "x", xs), w = input(r.graph, "w", ws);
        rg_val u = input(r.graph, "u", xs), v = input(r.graph, "v", ws);
        rg_val g = input(r.graph, "g", ys);
        rg_val f = product(g, rg_conv(x, w, &axes)), dx = slope(f, x);
        const rg_val pairs[][2] = {
            {product(u, dx), product(g, rg_conv(u, w, &axes))},
            {product(v, slope(f, w)), product(g, rg_conv(x, v, &axes))},
            {product(v, slope(product(u, dx), w)), product(g, rg_conv(u, v, &axes))},
            {product(g, slope(product(v, slope(f, w)), g)), product(g, rg_conv(x, v, &axes))}};
        for (size_t i = 0; i < RG_COUNT(pairs); i++) {
            double got = run(r.graph, pairs[i][0], seed);
            double expected = run(r.graph, pairs[i][1], seed);
            if (fabs(got - expected) > 1e-10 * (1 + fabs(expected)))
                fail_msg("seed %llu, identity %zu: %.17g and %.17g", (unsigned long long)seed,
                         i, got, expected);
        }
    }
    rg_graph_free(r.graph);
}

static void test_derivatives_are_transposes(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 300; i++)
        check_transposes(support_seed() * 10000 + i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_nothing_to_add_gives_zeros),
        cmocka_unit_test(test_derivatives_are_transposes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
