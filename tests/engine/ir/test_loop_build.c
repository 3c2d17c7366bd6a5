/* test_loop_build.c - what a loop becomes in a graph: equal ones once, its text, copies of it; and the
 * mistakes that are found while one is built. */
#include "engine/ir/loops.h"

#include "engine/ir/import.h"

static rg_graph *graph;
static rg_val c, s, h; /* f64 (2, 3), (4, 2, 3), (3, 3) */

static int fresh(void **state)
{
    (void)state;
    graph = rg_graph_new();
    c = rg_input(graph, "c", RG_F64, rg_shape_of(2, 3));
    s = rg_input(graph, "s", RG_F64, rg_shape_of(4, 2, 3));
    h = rg_input(graph, "h", RG_F64, rg_shape_of(3, 3));
    return 0;
}

static int finish(void **state)
{
    (void)state;
    rg_graph_free(graph);
    return 0;
}

static rg_loop_spec spec_of(loop_body body, size_t carries, size_t outs)
{
    static rg_val twice[2];
    twice[0] = twice[1] = c;
    return (rg_loop_spec){.steps = 4,
                          .carry = twice,
                          .carries = carries,
                          .scan = &s,
                          .scans = 1,
                          .shared = &h,
                          .shareds = 1,
                          .outs = outs,
                          .body = body};
}

/* ---- Siblings. */
static void test_equal_loops_are_one(void **state)
{
    (void)state;
    rg_val a[4], b[4];
    rg_loop_spec spec = spec_of(cell, 2, 2);
    rg_loop(graph, &spec, a);
    size_t count = rg_graph_count(graph);
    rg_loop(graph, &spec, b);
    assert_int_equal(rg_graph_count(graph), count);
    for (uint32_t r = 0; r < 4; r++) {
        assert_int_equal(b[r].id, a[r].id);
        assert_int_equal(a[r].id, a[0].id + r);
        assert_int_equal(rg_node_of(graph, a[r].id)->attr.loop.result, r);
    }
    spec.reverse = true;
    rg_loop(graph, &spec, b);
    assert_int_not_equal(a[0].id, b[0].id);
    assert_ptr_equal(rg_node_of(graph, a[0].id)->attr.loop.body,
                     rg_node_of(graph, b[0].id)->attr.loop.body);
}

/* What the body does not read is no operand of the loop. */
static void test_unused_operands_are_dropped(void **state)
{
    (void)state;
    rg_val ret[2];
    rg_loop_spec spec = spec_of(sums, 1, 1);
    rg_loop(graph, &spec, ret);
    const rg_node *node = rg_node_of(graph, ret[0].id);
    assert_int_equal(node->n_in, 2);
    assert_int_equal(node->attr.loop.scans, 1);
    assert_int_equal(node->in[1], s.id);
}

/* ---- Text. */
static void test_text(void **state)
{
    (void)state;
    rg_val ret[2];
    rg_loop_spec spec = spec_of(sums, 1, 1);
    rg_loop(graph, &spec, ret);
    rg_str text = {0};
    rg_graph_print(graph, (const rg_val[]){ret[1], ret[0]}, 2, &text);
    assert_string_equal(
        rg_str_text(&text),
        "%1 = input name=\"c\" : f64[2, 3]\n"
        "%2 = input name=\"s\" : f64[4, 2, 3]\n"
        "body 1 {\n"
        "%1 = input name=\"carry0\" : f64[2, 3]\n"
        "%2 = input name=\"scan0\" : f64[2, 3]\n"
        "%3 = add %1 %2 : f64[2, 3]\n"
        "return %3 %3\n"
        "}\n"
        "%3 = loop %1 %2 body=1 steps=4 carries=1 scans=1 reverse=0 result=0 : f64[2, 3]\n"
        "%4 = loop %1 %2 body=1 steps=4 carries=1 scans=1 reverse=0 result=1 : f64[4, 2, 3]\n"
        "return %4 %3\n");
    rg_str_free(&text);
}

static void expect_failure(const char *text, const char *where, const char *what)
{
    rg_graph *none = NULL;
    rg_val *outputs = NULL;
    size_t n = 0;
    rg_err err = {0};
    assert_false(rg_graph_parse(text, "t", &none, &outputs, &n, &err));
    assert_string_equal(err.where, where);
    assert_string_equal(err.what, what);
    assert_null(none);
}

#define BODY "body 1 {\n%1 = input name=\"c\" : f32[]\n%2 = exp %1 : f32[]\nreturn %2\n}\n"

static void test_mistakes_in_texts(void **state)
{
    (void)state;
    expect_failure("body 2 {\n", "t:1:5", "unexpected body number");
    expect_failure("body 1\n", "t:1:7", "expected '{'");
    expect_failure("body 1 { %1\n", "t:1:10", "unexpected text behind the line's end");
    expect_failure("body 1 {\n%1 = exp %1 : f32[]\n", "t:2:10", "no such value yet");
    expect_failure("body 1 {\nreturn\n", "t:3:1", "unexpected text behind the return line");
    expect_failure("body 1 {\nreturn\n} }\n", "t:3:3", "unexpected text behind the line's end");
    expect_failure("return\n}\n", "t:2:1", "unexpected text behind the return line");
    expect_failure("%1 = loop body=1 steps=1 carries=0 scans=0 reverse=0 result=0 : f32[]\n",
                   "t:1:11", "no such body yet");
    expect_failure(BODY
                   "%1 = const value=1 : f32[]\n"
                   "%2 = loop %1 body=1 steps=2 carries=1 scans=0 reverse=0 result=2 : f32[]\n",
                   "t:7:6",
                   "loop: 1 operands, 1 carries, 0 scanned values, 2 steps and result 2 do not "
                   "fit a body of 1 inputs and 1 outputs");
    expect_failure(BODY
                   "%1 = const value=1 : f64[]\n"
                   "%2 = loop %1 body=1 steps=2 carries=1 scans=0 reverse=0 result=0 : f64[]\n",
                   "t:7:6",
                   "loop: carry 0 has shape () and type f64 outside the body and shape () and "
                   "type f32");
    rg_str deep = {0};
    for (int i = 0; i < 17; i++)
        rg_str_add(&deep, "body 1 {\n");
    expect_failure(rg_str_text(&deep), "t:17:5", "too many bodies in each other");
    rg_str_free(&deep);
}

/* ---- Mistakes. */
static void expect_error(const char *what)
{
    const rg_err *err = rg_graph_error(graph);
    assert_int_equal(err->code, RG_INPUT);
    assert_string_equal(err->what, what);
    assert_true(err->remedy[0]);
    assert_true(rg_text_starts(err->where, "test_loop_build.c:"));
}

static void wider(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = rg_concat((const rg_val[]){b->carry[0], b->scan[0]}, 2, 1);
}

static void wrong_inside(rg_loop_body *b, void *context)
{
    *(int *)context = __LINE__ + 1;
    b->next[0] = rg_matmul(b->carry[0], b->scan[0]);
}

static void lazy(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = b->carry[0];
}

static void reaches_out(rg_loop_body *b, void *context)
{
    rg_val outside = *(rg_val *)context;
    b->next[0] = rg_add(b->carry[0], outside);
}

static void reaches_out_first(rg_loop_body *b, void *context)
{
    rg_val outside = *(rg_val *)context;
    b->next[0] = rg_add(outside, b->carry[0]);
}

static void gives_outside(rg_loop_body *b, void *context)
{
    b->next[0] = *(rg_val *)context;
}

static void own_input(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = rg_add(b->carry[0], rg_input(b->graph, "w", RG_F64, RG_SCALAR));
}

static void loop_of(loop_body body, size_t outs, void *context)
{
    rg_val ret[4];
    rg_loop_spec spec = spec_of(body, 1, outs);
    spec.context = context;
    rg_loop(graph, &spec, ret);
    assert_ptr_equal(ret[outs].graph, graph);
}

static void test_a_carry_keeps_its_shape(void **state)
{
    (void)state;
    loop_of(wider, 0, NULL);
    expect_error(
        "loop: carry 0 has shape (2, 3) and type f64 before a step and shape (2, 6) and "
        "type f64");
}

static void test_mistake_in_the_body(void **state)
{
    (void)state;
    int line;
    char where[64];
    loop_of(wrong_inside, 0, &line);
    expect_error("matmul: shapes (2, 3) and (2, 3) do not fit (..., M, K) x (K, N)");
    snprintf(where, sizeof(where), "test_loop_build.c:%d", line);
    assert_string_equal(rg_graph_error(graph)->where, where);
}

static void test_nothing_given(void **state)
{
    (void)state;
    loop_of(lazy, 1, NULL);
    expect_error("loop: the body gives no out 0");
}

static void test_values_from_outside(void **state)
{
    (void)state;
    loop_of(reaches_out, 0, &c);
    expect_error("add: an operand is a value from outside the loop's body");
    finish(NULL);
    fresh(NULL);
    loop_of(reaches_out_first, 0, &c);
    expect_error("add: an operand is a value from outside the loop's body");
    finish(NULL);
    fresh(NULL);
    loop_of(gives_outside, 0, &c);
    expect_error("loop: next value of carry 0 is a value from outside the body");
}

static void test_input_of_its_own(void **state)
{
    (void)state;
    loop_of(own_input, 0, NULL);
    expect_error("loop: the body has an input of its own, 'w'");
}

static void test_scan_of_another_length(void **state)
{
    (void)state;
    rg_val ret[2];
    rg_loop_spec spec = spec_of(sums, 1, 1);
    spec.steps = 5;
    rg_loop(graph, &spec, ret);
    expect_error("loop: scanned value 0 has shape (4, 2, 3) for 5 steps");
}

static void test_negative_steps(void **state)
{
    (void)state;
    rg_val ret[2];
    rg_loop_spec spec = spec_of(sums, 1, 1);
    spec.steps = -1;
    rg_loop(graph, &spec, ret);
    expect_error("loop: -1 steps");
}

/* ---- Importing. */
static rg_val small_model(rg_val x, rg_val scan, rg_val shared)
{
    rg_val ret[4];
    rg_loop_spec spec = spec_of(cell, 2, 2);
    spec.carry = (const rg_val[]){x, x};
    spec.scan = &scan;
    spec.shared = &shared;
    rg_loop(x.graph, &spec, ret);
    rg_val array = rg_const_array(x.graph, (const double[6]){1}, RG_F64, rg_shape_of(2, 3));
    return rg_add(rg_mul(rg_exp(ret[1]), rg_const(x.graph, 2, RG_F64)), array);
}

/* A copy is what the same calls build: equal nodes are made once. */
static void test_import(void **state)
{
    (void)state;
    rg_val y = small_model(c, s, h), copy;
    rg_graph *other = rg_graph_new();
    rg_val own = rg_input(other, "own", RG_F64, rg_shape_of(2, 3));
    rg_import(other, graph, &c, &own, 1, &y, 1, &copy);
    assert_ptr_equal(copy.graph, other);
    rg_val scan = {other, (uint32_t)(uintptr_t)rg_map_get(other->inputs, "s")};
    rg_val shared = {other, (uint32_t)(uintptr_t)rg_map_get(other->inputs, "h")};
    assert_null(rg_map_get(other->inputs, "c"));
    assert_int_equal(small_model(own, scan, shared).id, copy.id);
    assert_int_equal(rg_node_of(other, copy.id)->at.line, rg_node_of(graph, y.id)->at.line);
    rg_graph_free(other);
}

static void test_import_within_a_graph(void **state)
{
    (void)state;
    rg_val y = small_model(c, s, h), twice = rg_add(c, c), copy[2];
    rg_import(graph, graph, &c, &twice, 1, (const rg_val[]){y, h}, 2, copy);
    assert_int_equal(copy[0].id, small_model(twice, s, h).id);
    assert_int_equal(copy[1].id, h.id);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_equal_loops_are_one),
        TEST(test_unused_operands_are_dropped),
        TEST(test_text),
        TEST(test_mistakes_in_texts),
        TEST(test_a_carry_keeps_its_shape),
        TEST(test_mistake_in_the_body),
        TEST(test_nothing_given),
        TEST(test_values_from_outside),
        TEST(test_input_of_its_own),
        TEST(test_scan_of_another_length),
        TEST(test_negative_steps),
        TEST(test_import),
        TEST(test_import_within_a_graph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
