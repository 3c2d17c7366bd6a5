/* test_pooling.c - pools against plain loops on random windows, by hand at ties, and their
 * mistakes. */
#include "rigor/nn.h"
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

static rg_plan *compile(const rg_val *outputs, size_t n)
{
    rg_err err = {0};
    rg_plan *plan = rg_plan_compile(graph, outputs, n, NULL, 0, NULL, &err);
    if (!plan)
        fail_msg("%s: %s", err.where, err.what);
    return plan;
}

/* One window of a plane (height, width), from its definition. */
static double window(const float *plane, const int64_t *length, const rg_pool *pool, int64_t i,
                     int64_t j, bool mean)
{
    double top = -INFINITY, sum = 0;
    for (int64_t a = 0; a < pool->size[0]; a++)
        for (int64_t b = 0; b < pool->size[1]; b++) {
            int64_t y = i * pool->stride[0] + a - pool->padding[0];
            int64_t x = j * pool->stride[1] + b - pool->padding[1];
            if (y < 0 || y >= length[0] || x < 0 || x >= length[1])
                continue;
            sum += (double)plane[y * length[1] + x];
            top = fmax(top, (double)plane[y * length[1] + x]);
        }
    return mean ? sum / (double)(pool->size[0] * pool->size[1]) : top;
}

static void check(rg_rng *rng, const rg_pool *pool, const int64_t *length)
{
    rg_shape shape = rg_shape_of(2, 3, length[0], length[1]);
    char name[32];
    snprintf(name, sizeof(name), "x%zu", rg_graph_count(graph));
    rg_val x = rg_input(graph, name, RG_F32, shape);
    rg_val y[] = {rg_max_pool(x, pool), rg_mean_pool(x, pool)};
    rg_plan *plan = compile(y, 2);
    rg_err err = {0};
    float *data = rg_plan_buffer(plan, x);
    for (int64_t i = 0; i < rg_val_count(x); i++)
        data[i] = (float)rg_rng_normal(rng);
    assert_true(rg_plan_run(plan, &err));
    rg_shape out = rg_val_shape(y[0]);
    for (int64_t i = 0; i < rg_val_count(y[0]); i++) {
        int64_t column = i % out.dim[3], row = i / out.dim[3] % out.dim[2];
        const float *plane = data + i / (out.dim[3] * out.dim[2]) * length[0] * length[1];
        for (int mean = 0; mean < 2; mean++)
            assert_close((double)((float *)rg_plan_buffer(plan, y[mean]))[i],
                         window(plane, length, pool, row, column, mean), 1e-6);
    }
    rg_plan_free(plan);
}

static void test_random_windows(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "pooling");
    for (int k = 0; k < 60; k++) {
        rg_pool pool;
        memset(&pool, 0, sizeof(pool));
        int64_t length[2];
        for (int i = 0; i < 2; i++) {
            pool.size[i] = 1 + (int64_t)rg_rng_below(&rng, 4);
            pool.stride[i] =
                k % 3 ? 1 + (int64_t)rg_rng_below(&rng, 3) : pool.size[i]; /* tiles, or any */
            pool.padding[i] = (int64_t)rg_rng_below(&rng, (uint64_t)(pool.size[i] / 2) + 1);
            length[i] = pool.size[i] + (int64_t)rg_rng_below(&rng, 6);
        }
        check(&rng, &pool, length);
    }
}

static void test_shapes(void **state)
{
    (void)state;
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(2, 3, 7, 9, 4));
    assert_true(rg_shape_same(rg_val_shape(rg_max_pool(x, &(rg_pool){.size = {2, 3, 4}})),
                              rg_shape_of(2, 3, 3, 3, 1)));
    rg_val line = rg_input(graph, "line", RG_F64, rg_shape_of(1, 2, 9));
    rg_pool pool = {.size = {3}, .stride = {2}, .padding = {1}};
    assert_true(rg_shape_same(rg_val_shape(rg_mean_pool(line, &pool)), rg_shape_of(1, 2, 5)));
}

/* In x = 4 4 1 4, windows of two with a step of one: the tie is shared, and what two windows
 * choose gets both. */
static void test_ties_are_shared(void **state)
{
    (void)state;
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(1, 1, 4)), g[2];
    rg_pool sliding = {.size = {2}, .stride = {1}}, tiles = {.size = {2}};
    rg_grad(rg_sum(rg_max_pool(x, &sliding), RG_ALL_AXES, false), &x, 1, &g[0]);
    rg_grad(rg_sum(rg_max_pool(x, &tiles), RG_ALL_AXES, false), &x, 1, &g[1]);
    rg_plan *plan = compile(g, 2);
    rg_err err = {0};
    memcpy(rg_plan_buffer(plan, x), (const float[]){4, 4, 1, 4}, 4 * sizeof(float));
    assert_true(rg_plan_run(plan, &err));
    assert_memory_equal(rg_plan_buffer(plan, g[0]), ((const float[]){0.5f, 1.5f, 0, 1}),
                        4 * sizeof(float));
    assert_memory_equal(rg_plan_buffer(plan, g[1]), ((const float[]){0.5f, 0.5f, 0, 1}),
                        4 * sizeof(float));
    rg_plan_free(plan);
}

static void expect_error(rg_shape shape, const rg_pool *pool, const char *what)
{
    rg_graph *own = rg_graph_new();
    rg_max_pool(rg_input(own, "x", RG_F32, shape), pool);
    const rg_err *err = rg_graph_error(own);
    assert_string_equal(err->what, what);
    assert_true(err->remedy[0] && rg_text_starts(err->where, "test_pooling.c:"));
    rg_graph_free(own);
}

static void test_mistakes(void **state)
{
    (void)state;
    rg_shape plane = rg_shape_of(1, 1, 4, 4);
    expect_error(rg_shape_of(4, 4), &(rg_pool){.size = {2}}, "pooling of a value of rank 2");
    expect_error(plane, &(rg_pool){.size = {2}}, "pooling: no windows along spatial axis 1");
    expect_error(plane, &(rg_pool){.size = {2, 5}}, "pooling: no windows along spatial axis 1");
    expect_error(plane, &(rg_pool){.size = {2, 2}, .padding = {2}},
                 "pooling: no windows along spatial axis 0");
    expect_error(plane, &(rg_pool){.size = {2, 2}, .stride = {-1}},
                 "pooling: no windows along spatial axis 0");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fresh, finish)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_random_windows),
        CASE(test_shapes),
        CASE(test_ties_are_shared),
        CASE(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
