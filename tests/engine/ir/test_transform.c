/* test_transform.c - what all transforms refuse alike: lists that are NULL. */
#include "engine/ir/node.h"
#include "support.h"

static rg_graph *graph;
static rg_val x, loss;

static void grad(const rg_val *values, rg_val *ret)
{
    rg_grad(loss, values, 1, ret);
}

static void vjp(const rg_val *values, rg_val *ret)
{
    rg_vjp(&loss, values, 1, &x, 1, ret);
}

static void jvp(const rg_val *values, rg_val *ret)
{
    rg_jvp(&loss, 1, &x, values, 1, ret);
}

static void hvp(const rg_val *values, rg_val *ret)
{
    rg_val one = x;
    rg_hvp(loss, values, &one, 1, ret);
}

static void batch(const rg_val *values, rg_val *ret)
{
    rg_batch(&loss, 1, values, &x, 1, ret);
}

static void cast_graph(const rg_val *values, rg_val *ret)
{
    rg_cast_graph(&loss, 1, RG_F64, RG_F32, values, 1, ret);
}

static void substitute(const rg_val *values, rg_val *ret)
{
    rg_substitute(&loss, 1, &x, values, 1, ret);
}

static void remat(const rg_val *values, rg_val *ret)
{
    (void)ret;
    rg_remat(loss, values, 1);
}

static const struct {
    void (*call)(const rg_val *values, rg_val *ret);
    const char *no_values, *no_room; /* NULL: it has no results */
} transforms[] = {
    {grad, "grad: the list of 1 values is NULL", "grad: the list of its 1 results is NULL"},
    {vjp, "vjp: the list of 1 cotangents is NULL", "vjp: the list of its 1 results is NULL"},
    {jvp, "jvp: the list of 1 tangents is NULL", "jvp: the list of its 1 results is NULL"},
    {hvp, "grad: the list of 1 values is NULL", "jvp: the list of its 1 results is NULL"},
    {batch, "batch: the list of 1 values is NULL", "batch: the list of its 1 results is NULL"},
    {cast_graph, "cast_graph: the list of 1 kept values is NULL",
     "cast_graph: the list of its 1 results is NULL"},
    {substitute, "substitute: the list of 1 replacements is NULL",
     "substitute: the list of its 1 results is NULL"},
    {remat, "remat: the list of 1 kept values is NULL", NULL},
};

static void expect(size_t k, const rg_val *values, rg_val *ret, const char *what)
{
    graph = rg_graph_new();
    x = rg_input(graph, "x", RG_F64, RG_SCALAR);
    loss = rg_sin(x);
    transforms[k].call(values, ret);
    assert_int_equal(rg_graph_error(graph)->code, RG_INPUT);
    assert_string_equal(rg_graph_error(graph)->what, what);
    assert_true(rg_text_starts(rg_graph_error(graph)->where, "test_transform.c:"));
    rg_graph_free(graph);
}

static void test_lists_that_are_null(void **state)
{
    (void)state;
    rg_val ret = {0};
    for (size_t k = 0; k < RG_COUNT(transforms); k++) {
        expect(k, NULL, &ret, transforms[k].no_values);
        if (transforms[k].no_room)
            expect(k, &x, NULL, transforms[k].no_room);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lists_that_are_null)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
