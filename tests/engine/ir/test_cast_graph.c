/* test_cast_graph.c - floats computed in another type. */
#include "engine/ir/loops.h"
#include "engine/ir/text.h"
#include "engine/random_graph.h"
#include "rigor/plan.h"

static const char softmax[] = "%1 = input name=\"x\" : f32[4, 3]\n"
                              "%2 = exp %1 : f32[4, 3]\n"
                              "%3 = sum %2 axes=[1] : f32[4]\n"
                              "%4 = log %3 : f32[4]\n"
                              "return %4 %1 %3\n";

static void test_text(void **state)
{
    (void)state;
    parsed p = parse_text(softmax);
    rg_val y;
    rg_cast_graph(p.value, 1, RG_F32, RG_F64, NULL, 0, &y);
    expect_text(p.graph, &y, 1,
                "%1 = input name=\"x\" : f32[4, 3]\n"
                "%2 = cast %1 : f64[4, 3]\n"
                "%3 = exp %2 : f64[4, 3]\n"
                "%4 = sum %3 axes=[1] : f64[4]\n"
                "%5 = log %4 : f64[4]\n"
                "%6 = cast %5 : f32[4]\n"
                "return %6\n");
    rg_graph_free(p.graph);
}

/* The sum in f32, of terms that were computed in f64. */
static void test_keep(void **state)
{
    (void)state;
    parsed p = parse_text(softmax);
    rg_val y;
    rg_cast_graph(p.value, 1, RG_F32, RG_F64, &p.value[2], 1, &y);
    expect_text(p.graph, &y, 1,
                "%1 = input name=\"x\" : f32[4, 3]\n"
                "%2 = cast %1 : f64[4, 3]\n"
                "%3 = exp %2 : f64[4, 3]\n"
                "%4 = cast %3 : f32[4, 3]\n"
                "%5 = sum %4 axes=[1] : f32[4]\n"
                "%6 = cast %5 : f64[4]\n"
                "%7 = log %6 : f64[4]\n"
                "%8 = cast %7 : f32[4]\n"
                "return %8\n");
    rg_graph_free(p.graph);
}

/* A neighbour of a kept value that is kept too reads it as it is, not rounded and widened. */
static void test_all_kept(void **state)
{
    (void)state;
    parsed p = parse_text("%1 = input name=\"x\" : f64[4]\n"
                          "%2 = exp %1 : f64[4]\n"
                          "%3 = sin %2 : f64[4]\n"
                          "return %3 %2\n");
    rg_val y;
    rg_cast_graph(p.value, 1, RG_F64, RG_F32, p.value, 2, &y);
    assert_int_equal(y.id, p.value[0].id);
    rg_graph_free(p.graph);
}

/* Constants are rounded, whole numbers and truths are left alone, casts lead to the new type.
 */
static void test_other_types(void **state)
{
    (void)state;
    parsed p = parse_text("%1 = input name=\"i\" : i32[4]\n"
                          "%2 = cast %1 : f64[4]\n"
                          "%3 = const value=0.1 : f64[]\n"
                          "%4 = broadcast %3 : f64[4]\n"
                          "%5 = lt %2 %4 : bool[4]\n"
                          "%6 = add %1 %1 : i32[4]\n"
                          "return %5 %6\n");
    rg_val y[2];
    rg_cast_graph(p.value, 2, RG_F64, RG_F32, NULL, 0, y);
    expect_text(p.graph, y, 2,
                "%1 = input name=\"i\" : i32[4]\n"
                "%2 = add %1 %1 : i32[4]\n"
                "%3 = cast %1 : f32[4]\n"
                "%4 = const value=0.100000001 : f32[]\n"
                "%5 = broadcast %4 : f32[4]\n"
                "%6 = lt %3 %5 : bool[4]\n"
                "return %6 %2\n");
    rg_graph_free(p.graph);
}

/* Gradients come back through the casts: type `from`, accurate as `to`. */
static void test_gradient(void **state)
{
    (void)state;
    parsed p = parse_text("%1 = input name=\"x\" : f32[1000]\n"
                          "%2 = exp %1 : f32[1000]\n"
                          "%3 = mul %2 %2 : f32[1000]\n"
                          "%4 = sum %3 axes=[0] : f32[]\n"
                          "%5 = sqrt %4 : f32[]\n"
                          "return %5 %1\n");
    rg_err err = {0};
    rg_val y, g;
    rg_cast_graph(p.value, 1, RG_F32, RG_F64, NULL, 0, &y);
    rg_grad(y, &p.value[1], 1, &g);
    assert_int_equal(rg_val_dtype(g), RG_F32);
    rg_plan *plan = rg_plan_compile(p.graph, &g, 1, NULL, 0, NULL, &err);
    float *x = rg_plan_buffer(plan, p.value[1]);
    double sum = 0;
    rg_rng rng = rg_rng_open(support_seed(), "cast");
    for (int i = 0; i < 1000; i++) {
        x[i] = (float)rg_rng_normal(&rng);
        sum += exp(2 * (double)x[i]);
    }
    assert_true(rg_plan_run(plan, &err));
    const float *slope = rg_plan_buffer(plan, g);
    for (int i = 0; i < 1000; i++)
        assert_close(slope[i], (double)(float)(exp(2 * (double)x[i]) / sqrt(sum)), 0x1p-24);
    rg_plan_free(plan);
    rg_graph_free(p.graph);
}

/* Every operation survives with its shape and type, and no new node reads what it should
 * not. */
static void check_random_graphs(rg_dtype to, bool (*wrong)(const rg_graph *, const rg_node *))
{
    for (uint64_t i = 0; i < 200; i++) {
        uint64_t seed = support_seed() * 1000 + i;
        random_graph r = {.graph = rg_graph_new(),
                          .rng = rg_rng_open(seed, "cast"),
                          .elements_max = 300,
                          .products = true};
        random_graph_fill(&r, 30);
        rg_val y[VALUES_MAX];
        size_t before = rg_graph_count(r.graph);
        rg_cast_graph(r.value, r.values, RG_F32, to, NULL, 0, y);
        assert_string_equal(rg_graph_error(r.graph)->what, "");
        for (size_t id = before + 1; id <= rg_graph_count(r.graph); id++)
            if (wrong(r.graph, rg_node_of(r.graph, (uint32_t)id)))
                fail_msg("seed %llu: node %zu", (unsigned long long)seed, id);
        for (size_t j = 0; j < r.values; j++) {
            assert_int_equal(rg_val_dtype(y[j]), rg_val_dtype(r.value[j]));
            assert_true(rg_shape_same(rg_val_shape(y[j]), rg_val_shape(r.value[j])));
        }
        rg_graph_free(r.graph);
    }
}

/* What was f32 is computed in f64 between its casts. */
static bool computes_in_f32(const rg_graph *graph, const rg_node *node)
{
    (void)graph;
    bool computes = node->op != RG_OP_cast && rg_ops[node->op].kind == RG_KIND_element;
    return (computes || node->op == RG_OP_sum || node->op == RG_OP_dot) &&
           node->dtype == RG_F32;
}

/* bf16 changes products alone. */
static bool multiplies_in_f32(const rg_graph *graph, const rg_node *node)
{
    return (node->op == RG_OP_dot || node->op == RG_OP_conv) &&
           rg_operand(graph, node, 0)->dtype == RG_F32;
}

static void test_random_graphs(void **state)
{
    (void)state;
    check_random_graphs(RG_F64, computes_in_f32);
    check_random_graphs(RG_BF16, multiplies_in_f32);
}

/* To bf16 only products' operands are cast, once each, and before what moves them. */
static void test_bf16_text(void **state)
{
    (void)state;
    parsed p =
        parse_text("%1 = input name=\"x\" : f32[4, 6]\n"
                   "%2 = input name=\"w\" : f32[6, 5]\n"
                   "%3 = exp %1 : f32[4, 6]\n"
                   "%4 = slice %3 from=[0, 0] to=[4, 6] step=[2, 1] : f32[2, 6]\n"
                   "%5 = dot %4 %2 batch_x=[] batch_y=[] contract_x=[1] contract_y=[0] : "
                   "f32[2, 5]\n"
                   "%6 = tanh %5 : f32[2, 5]\n"
                   "%7 = dot %6 %2 batch_x=[] batch_y=[] contract_x=[1] contract_y=[1] : "
                   "f32[2, 6]\n"
                   "return %7\n");
    rg_val y;
    rg_cast_graph(p.value, 1, RG_F32, RG_BF16, NULL, 0, &y);
    expect_text(
        p.graph, &y, 1,
        "%1 = input name=\"x\" : f32[4, 6]\n"
        "%2 = input name=\"w\" : f32[6, 5]\n"
        "%3 = exp %1 : f32[4, 6]\n"
        "%4 = cast %2 : bf16[6, 5]\n"
        "%5 = cast %3 : bf16[4, 6]\n"
        "%6 = slice %5 from=[0, 0] to=[4, 6] step=[2, 1] : bf16[2, 6]\n"
        "%7 = dot %6 %4 batch_x=[] batch_y=[] contract_x=[1] contract_y=[0] : f32[2, 5]\n"
        "%8 = tanh %7 : f32[2, 5]\n"
        "%9 = cast %8 : bf16[2, 5]\n"
        "%10 = dot %9 %4 batch_x=[] batch_y=[] contract_x=[1] contract_y=[1] : f32[2, 6]\n"
        "return %10\n");
    rg_graph_free(p.graph);
}

/* However many moves stand before a product. */
static void test_bf16_behind_many_moves(void **state)
{
    (void)state;
    const int turn[] = {1, 0};
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(3, 3)), moved = x, y;
    for (int i = 0; i < 40000; i++)
        moved = i % 2 ? rg_reverse(moved, 1) : rg_permute(moved, turn);
    y = rg_matmul(moved, moved);
    rg_cast_graph(&y, 1, RG_F32, RG_BF16, NULL, 0, &y);
    assert_string_equal(rg_graph_error(graph)->what, "");
    assert_int_equal(rg_operand(graph, rg_node_of(graph, y.id), 0)->dtype, RG_BF16);
    rg_graph_free(graph);
}

static rg_val product(rg_val x, rg_val w)
{
    return rg_matmul(rg_reshape(x, rg_shape_of(3, 4)), rg_reshape(w, rg_shape_of(4, 2)));
}

static rg_val convolution(rg_val x, rg_val w)
{
    const rg_conv_axes axes = {.lo = {1}, .stride = {2}};
    return rg_conv(rg_reshape(x, rg_shape_of(2, 1, 6)), rg_reshape(w, rg_shape_of(2, 1, 4)),
                   &axes);
}

/* Whole numbers that bf16 holds: the result, its gradients by either operand and the second
 * derivatives are those of f32. */
static void check_bf16_derivatives(rg_val (*build)(rg_val x, rg_val w))
{
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(12));
    rg_val w = rg_input(graph, "w", RG_F32, rg_shape_of(8)), in[2] = {x, w}, y[2], out[10];
    y[0] = build(x, w);
    y[1] = build(rg_cast(x, RG_BF16), rg_cast(w, RG_BF16));
    for (int i = 0; i < 2; i++) {
        rg_val *of = out + 5 * i, loss = rg_sum(rg_mul(y[i], y[i]), RG_ALL_AXES, false);
        of[0] = y[i];
        rg_grad(loss, in, 2, of + 1);
        rg_hvp(loss, in, in, 2, of + 3);
    }
    rg_plan *plan = compile(graph, out, 10, false);
    for (int i = 0; i < 12; i++)
        ((float *)rg_plan_buffer(plan, x))[i] = (float)(i % 3 - 1);
    for (int i = 0; i < 8; i++)
        ((float *)rg_plan_buffer(plan, w))[i] = (float)(i % 4 - 2);
    run(plan);
    for (int k = 0; k < 5; k++) {
        const float *exact = rg_plan_buffer(plan, out[k]);
        const float *half = rg_plan_buffer(plan, out[5 + k]);
        assert_int_equal(rg_val_dtype(out[k]), rg_val_dtype(out[5 + k]));
        bool any = false;
        for (int64_t i = 0; i < rg_val_count(out[k]); i++) {
            assert_true(exact[i] == half[i]);
            any |= exact[i] != 0;
        }
        assert_true(any);
    }
    rg_plan_free(plan);
    rg_graph_free(graph);
}

static void test_bf16_derivatives(void **state)
{
    (void)state;
    check_bf16_derivatives(product);
    check_bf16_derivatives(convolution);
}

static void leak(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = rg_tanh(rg_add(b->carry[0], b->scan[0]));
    b->out[0] = rg_mul(b->next[0], b->next[0]);
}

/* Only the stack of a loop is asked for, and what it scans is computed in the other type: the
 * loop is made again, with all its siblings, and its derivative is found. */
static void test_gradient_through_a_loop(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(5, 3)), y[2], g[2], loop[2];
    rg_val twice = rg_mul(rg_sin(x), rg_const(graph, 2, RG_F32));
    rg_val zeros = rg_broadcast(rg_const(graph, 0, RG_F32), rg_shape_of(3));
    rg_loop(graph,
            &(rg_loop_spec){.steps = 5,
                            .carry = &zeros,
                            .carries = 1,
                            .scan = &twice,
                            .scans = 1,
                            .outs = 1,
                            .body = leak},
            loop);
    y[0] = rg_sum(loop[1], RG_ALL_AXES, false);
    rg_cast_graph(y, 1, RG_F32, RG_F64, NULL, 0, &y[1]);
    for (int i = 0; i < 2; i++)
        rg_grad(y[i], &x, 1, &g[i]);
    rg_plan *plan = compile(graph, g, 2, false);
    float *data = rg_plan_buffer(plan, x);
    rg_rng rng = rg_rng_open(support_seed(), "cast/loop");
    for (int i = 0; i < 15; i++)
        data[i] = (float)rg_rng_normal(&rng);
    run(plan);
    const float *narrow = rg_plan_buffer(plan, g[0]), *wide = rg_plan_buffer(plan, g[1]);
    for (int i = 0; i < 15; i++) {
        assert_true(narrow[i] != 0);
        assert_close(wide[i], narrow[i], 1e-5);
    }
    rg_plan_free(plan);
    rg_graph_free(graph);
}

static void test_mistakes(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, RG_SCALAR), y, none = {0};
    rg_cast_graph(&x, 1, RG_F32, RG_I32, NULL, 0, &y);
    assert_string_equal(rg_graph_error(graph)->what, "cast_graph: from f32 to i32");
    assert_true(rg_text_starts(rg_graph_error(graph)->where, "test_cast_graph.c:"));
    rg_graph_free(graph);
    graph = rg_graph_new();
    x = rg_input(graph, "x", RG_F32, RG_SCALAR);
    rg_cast_graph(&x, 1, RG_F32, RG_F64, &none, 1, &y);
    assert_string_equal(rg_graph_error(graph)->what,
                        "cast_graph: kept value 1 is no value of this graph");
    rg_graph_free(graph);
    rg_cast_graph(&none, 1, RG_F32, RG_F64, NULL, 0, &y);
    assert_int_equal(y.id, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_keep),
        cmocka_unit_test(test_all_kept),
        cmocka_unit_test(test_other_types),
        cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_random_graphs),
        cmocka_unit_test(test_bf16_text),
        cmocka_unit_test(test_bf16_behind_many_moves),
        cmocka_unit_test(test_bf16_derivatives),
        cmocka_unit_test(test_gradient_through_a_loop),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
