/* test_forward.c - vector-Jacobian, Jacobian-vector and Hessian-vector products.  That they are
 * right for every operation is tested in test_grad.c; here are their form, several results at
 * once, mixed modes and mistakes. */
#include "engine/ir/text.h"
#include "engine/random_graph.h"
#include "rigor/plan.h"

/* y = x w: what training needs of a linear layer. */
static const char linear[] =
    "%1 = input name=\"x\" : f32[4, 3]\n"
    "%2 = input name=\"w\" : f32[3, 2]\n"
    "%3 = input name=\"t\" : f32[3, 2]\n"
    "%4 = input name=\"g\" : f32[4, 2]\n"
    "%5 = dot %1 %2 batch_x=[] batch_y=[] contract_x=[1] contract_y=[0] : f32[4, 2]\n"
    "return %5 %2 %3 %4\n";

static void test_vjp_text(void **state)
{
    (void)state;
    parsed p = parse_text(linear);
    rg_val g;
    rg_vjp(&p.value[0], &p.value[3], 1, &p.value[1], 1, &g);
    expect_text(
        p.graph, &g, 1,
        "%1 = input name=\"x\" : f32[4, 3]\n"
        "%2 = input name=\"g\" : f32[4, 2]\n"
        "%3 = dot %1 %2 batch_x=[] batch_y=[] contract_x=[0] contract_y=[0] : f32[3, 2]\n"
        "return %3\n");
    rg_graph_free(p.graph);
}

static void test_jvp_text(void **state)
{
    (void)state;
    parsed p = parse_text(linear);
    rg_val tangent;
    rg_jvp(&p.value[0], 1, &p.value[1], &p.value[2], 1, &tangent);
    expect_text(
        p.graph, &tangent, 1,
        "%1 = input name=\"x\" : f32[4, 3]\n"
        "%2 = input name=\"t\" : f32[3, 2]\n"
        "%3 = dot %1 %2 batch_x=[] batch_y=[] contract_x=[1] contract_y=[0] : f32[4, 2]\n"
        "return %3\n");
    rg_graph_free(p.graph);
}

static void test_hvp_text(void **state)
{
    (void)state;
    parsed p = parse_text("%1 = input name=\"x\" : f64[5]\n"
                          "%2 = input name=\"t\" : f64[5]\n"
                          "%3 = sin %1 : f64[5]\n"
                          "%4 = sum %3 axes=[0] : f64[]\n"
                          "return %4 %1 %2\n");
    rg_val product;
    rg_hvp(p.value[0], &p.value[1], &p.value[2], 1, &product);
    expect_text(p.graph, &product, 1,
                "%1 = input name=\"x\" : f64[5]\n"
                "%2 = input name=\"t\" : f64[5]\n"
                "%3 = sin %1 : f64[5]\n"
                "%4 = neg %2 : f64[5]\n"
                "%5 = mul %4 %3 : f64[5]\n"
                "return %5\n");
    rg_graph_free(p.graph);
}

/* ---- Values. */
static rg_graph *graph;
static rg_val x, y, t; /* f64 (3), (3), scalar */

static int fresh(void **state)
{
    (void)state;
    graph = rg_graph_new();
    x = rg_input(graph, "x", RG_F64, rg_shape_of(3));
    y = rg_input(graph, "y", RG_F64, rg_shape_of(3));
    t = rg_input(graph, "t", RG_F64, RG_SCALAR);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    rg_graph_free(graph);
    return 0;
}

static const double xs[] = {0.3, -1.2, 0.8}, ys[] = {1.5, 0.4, -0.7};

/* Element i of the value at x = xs, y = ys, t = 0.6. */
static double at_point(rg_val what, size_t i)
{
    rg_err err = {0};
    rg_plan *plan = rg_plan_compile(graph, &what, 1, NULL, 0, NULL, &err);
    if (!plan)
        fail_msg("%s: %s", err.where, err.what);
    memcpy(rg_plan_buffer(plan, x), xs, sizeof(xs));
    memcpy(rg_plan_buffer(plan, y), ys, sizeof(ys));
    *(double *)rg_plan_buffer(plan, t) = 0.6;
    assert_true(rg_plan_run(plan, &err));
    double ret = ((double *)rg_plan_buffer(plan, what))[i];
    rg_plan_free(plan);
    return ret;
}

static rg_val total(rg_val v)
{
    return rg_sum(v, RG_ALL_AXES, false);
}

/* Two results, two cotangents, two values, one of which is not an input:
 * a = x y, b = sum sin(a);  <u, a> + c b differentiated by a and by y. */
static void test_several_results(void **state)
{
    (void)state;
    rg_val a = rg_mul(x, y), b = total(rg_sin(a)), g[2];
    rg_vjp((const rg_val[]){a, b}, (const rg_val[]){y, t}, 2, (const rg_val[]){a, y}, 2, g);
    for (size_t i = 0; i < 3; i++) {
        double da = ys[i] + 0.6 * cos(xs[i] * ys[i]);
        assert_close(at_point(g[0], i), da, 1e-14);
        assert_close(at_point(g[1], i), da * xs[i], 1e-14);
    }
    rg_val moved[2];
    rg_jvp((const rg_val[]){a, b}, 2, (const rg_val[]){x, y}, (const rg_val[]){y, x}, 2, moved);
    double slope = 0;
    for (size_t i = 0; i < 3; i++) {
        double da = ys[i] * ys[i] + xs[i] * xs[i];
        assert_close(at_point(moved[0], i), da, 1e-14);
        slope += da * cos(xs[i] * ys[i]);
    }
    assert_close(at_point(moved[1], 0), slope, 1e-14);
}

static void test_the_same_value_twice(void **state)
{
    (void)state;
    rg_val a = rg_mul(x, x), g[2];
    rg_vjp((const rg_val[]){a, a, x}, (const rg_val[]){y, y, x}, 3, (const rg_val[]){x, x}, 2,
           g);
    assert_int_equal(g[0].id, g[1].id);
    assert_close(at_point(g[0], 1), 2 * ys[1] * 2 * xs[1] + xs[1], 1e-14);
}

/* d^3/dt^3 of f(t) = exp(t) sin(t^2), by every order of the two modes. */
static double third_derivative(double at)
{
    double s = sin(at * at), c = cos(at * at), t2 = at * at;
    double f0 = s, f1 = 2 * at * c, f2 = 2 * c - 4 * t2 * s;
    double f3 = -12 * at * s - 8 * t2 * at * c;
    return exp(at) * (f0 + 3 * f1 + 3 * f2 + f3);
}

static void test_third_derivatives(void **state)
{
    (void)state;
    rg_val one = rg_const(graph, 1, RG_F64);
    for (int modes = 0; modes < 8; modes++) {
        rg_val f = rg_mul(rg_exp(t), rg_sin(rg_mul(t, t)));
        for (int order = 0; order < 3; order++) {
            if (modes >> order & 1)
                rg_jvp(&f, 1, &t, &one, 1, &f);
            else
                rg_grad(f, &t, 1, &f);
        }
        assert_close(at_point(f, 0), third_derivative(0.6), 1e-13);
    }
}

/* Both ways to a Hessian-vector product of log sum exp; every row of its Hessian sums to 0. */
static void test_hessian(void **state)
{
    (void)state;
    rg_val loss = rg_log(total(rg_exp(x))), forward, reverse, ones, flat;
    rg_hvp(loss, &x, &y, 1, &forward);
    rg_grad(loss, &x, 1, &reverse);
    rg_vjp(&reverse, &y, 1, &x, 1, &reverse);
    ones = rg_broadcast(rg_const(graph, 1, RG_F64), rg_shape_of(3));
    rg_hvp(loss, &x, &ones, 1, &flat);
    for (size_t i = 0; i < 3; i++) {
        assert_close(at_point(forward, i), at_point(reverse, i), 1e-14);
        assert_close(at_point(flat, i), 0, 1e-15);
    }
}

static void test_no_path(void **state)
{
    (void)state;
    rg_val moved[2];
    rg_jvp((const rg_val[]){y, rg_floor(x)}, 2, &x, &x, 1, moved);
    assert_close(at_point(rg_add(moved[0], moved[1]), 2), 0, 0);
    assert_true(rg_shape_same(rg_val_shape(moved[1]), rg_shape_of(3)));
    rg_jvp(NULL, 0, &x, &x, 1, moved);
    rg_jvp(&y, 1, NULL, NULL, 0, moved);
    assert_close(at_point(moved[0], 2), 0, 0);
}

/* ---- Random graphs, with empty values and up to 8 axes: every float value moves along every
 * float input, what comes out has its shape and type, and the stand-in is dead. */
static void check_random(uint64_t seed)
{
    random_graph r = {.graph = rg_graph_new(),
                      .rng = rg_rng_open(seed, "jvp"),
                      .elements_max = 200,
                      .products = true};
    random_graph_fill(&r, 25);
    rg_val in[VALUES_MAX], along[VALUES_MAX], result[VALUES_MAX], moved[VALUES_MAX];
    size_t n = 0, m = 0;
    for (uint32_t id = 1; id <= rg_graph_count(r.graph) && n < VALUES_MAX; id++) {
        rg_val v = {r.graph, id};
        if (rg_node_of(r.graph, id)->op == RG_OP_input && rg_dtype_float(rg_val_dtype(v)))
            in[n++] = v;
    }
    for (size_t i = 0; i < n; i++)
        along[i] = rg_cast(in[i], rg_dtype_tangent(rg_val_dtype(in[i])));
    for (size_t i = 0; i < r.values; i++)
        if (rg_dtype_float(rg_val_dtype(r.value[i])))
            result[m++] = r.value[i];
    rg_jvp(result, m, in, along, n, moved);
    rg_str text = {0};
    rg_graph_print(r.graph, moved, m, &text);
    const rg_err *err = rg_graph_error(r.graph);
    if (err->code != RG_OK || strstr(rg_str_text(&text), "\"cotangent\""))
        fail_msg("seed %llu: %s\n%s", (unsigned long long)seed, err->what, rg_str_text(&text));
    for (size_t j = 0; j < m; j++) {
        assert_true(rg_shape_same(rg_val_shape(moved[j]), rg_val_shape(result[j])));
        assert_int_equal(rg_val_dtype(moved[j]), rg_dtype_tangent(rg_val_dtype(result[j])));
    }
    rg_str_free(&text);
    rg_graph_free(r.graph);
}

static void test_random_graphs(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 300; i++)
        check_random(support_seed() * 1000 + i);
}

/* ---- Mistakes. */
static void expect_error(const char *what)
{
    const rg_err *err = rg_graph_error(graph);
    assert_string_equal(err->what, what);
    assert_true(err->remedy[0]);
    assert_true(rg_text_starts(err->where, "test_forward.c:"));
}

static void test_wrong_cotangent(void **state)
{
    (void)state;
    rg_val g;
    rg_vjp(&x, &t, 1, &x, 1, &g);
    expect_error("vjp: cotangent 1 has shape () and type f64, its result shape (3) and type "
                 "f64");
    assert_ptr_equal(g.graph, graph);
}

static void test_wrong_tangent(void **state)
{
    (void)state;
    rg_val moved;
    rg_jvp(&x, 1, &x, &t, 1, &moved);
    expect_error("jvp: tangent 1 has shape () and type f64, its value shape (3) and type f64");
}

static void test_foreign_values(void **state)
{
    (void)state;
    rg_val moved, none = {0};
    rg_jvp(&x, 1, &x, &none, 1, &moved);
    expect_error("jvp: tangent 1 is no value of this graph");
}

static void test_whole_numbers(void **state)
{
    (void)state;
    rg_val moved, whole = rg_cast(x, RG_I32);
    rg_jvp(&whole, 1, &x, &x, 1, &moved);
    expect_error("jvp: result 1 has type i32");
}

static void test_no_graph(void **state)
{
    (void)state;
    rg_val none = {0}, ret[2] = {x, x};
    rg_vjp(&none, &none, 1, &none, 1, &ret[0]);
    rg_jvp(&none, 1, &none, &none, 1, &ret[1]);
    assert_int_equal(ret[0].id + ret[1].id, 0);
    rg_hvp(none, &x, &x, 1, ret);
    expect_error("grad: loss 1 is no value of this graph");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vjp_text),
        cmocka_unit_test(test_jvp_text),
        cmocka_unit_test(test_hvp_text),
        TEST(test_several_results),
        TEST(test_the_same_value_twice),
        TEST(test_third_derivatives),
        TEST(test_hessian),
        TEST(test_no_path),
        cmocka_unit_test(test_random_graphs),
        TEST(test_wrong_cotangent),
        TEST(test_wrong_tangent),
        TEST(test_foreign_values),
        TEST(test_whole_numbers),
        TEST(test_no_graph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
