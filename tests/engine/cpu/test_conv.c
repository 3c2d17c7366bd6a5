/* test_conv.c - the convolution kernel of every instruction set against the reference, within
 * rounding: random shapes and attributes, and the shapes that networks and their derivatives
 * have; a case worked out by hand. */
#include "engine/cpu/floats.h"
#include "engine/cpu/onednn.h"
#include "engine/cpu/program.h"
#include "support.h"

static rg_plan *compile(rg_graph *graph, rg_val y, bool reference)
{
    rg_err err = {0};
    rg_plan *plan = rg_plan_compile(graph, &y, 1, NULL, 0,
                                    &(rg_plan_options){.reference = reference}, &err);
    if (!plan)
        fail_msg("%s: %s", err.where, err.what);
    return plan;
}

static void compare(rg_val y, const rg_plan *judge, const rg_plan *plan, double limit,
                    const char *what)
{
    rg_dtype dtype = rg_val_dtype(y);
    const void *left = rg_plan_buffer((rg_plan *)(uintptr_t)judge, y);
    const void *right = rg_plan_buffer((rg_plan *)(uintptr_t)plan, y);
    for (int64_t i = 0; i < rg_val_count(y); i++)
        if (!(fabs(float_at(left, dtype, i) - float_at(right, dtype, i)) <= limit))
            fail_msg("%s, element %lld: %.9g, expected %.9g", what, (long long)i,
                     float_at(right, dtype, i), float_at(left, dtype, i));
}

static void check(rg_rng *rng, rg_dtype dtype, rg_shape xs, rg_shape ws,
                  const rg_conv_axes *axes, const char *what)
{
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", dtype, xs), w = rg_input(graph, "w", dtype, ws);
    rg_val y = rg_conv(x, w, axes);
    rg_plan *judge = compile(graph, y, true), *plan = compile(graph, y, false);
    rg_err err = {0};
    fill_floats(rg_plan_buffer(judge, x), dtype, rg_val_count(x), rng);
    fill_floats(rg_plan_buffer(judge, w), dtype, rg_val_count(w), rng);
    rg_plan *twin = rg_plan_clone(plan, &err);
    rg_plan *const both[] = {plan, twin};
    assert_true(rg_plan_run(judge, &err));
    for (size_t i = 0; i < 2; i++) {
        rg_plan_bind(both[i], x, rg_plan_buffer(judge, x));
        rg_plan_bind(both[i], w, rg_plan_buffer(judge, w));
        assert_true(rg_plan_run(both[i], &err));
    }
    double k = (double)(rg_shape_count(ws) / (ws.dim[0] ? ws.dim[0] : 1));
    compare(y, judge, plan, (dtype == RG_F64 ? 1.2e-16 : 6e-8) * (k + 1) * (k + 1), what);
    if (rg_val_count(y))
        assert_memory_equal(rg_plan_buffer(plan, y), rg_plan_buffer(twin, y),
                            (size_t)rg_val_count(y) * rg_dtype_bytes(rg_val_dtype(y)));
    rg_plan_free(judge);
    rg_plan_free(plan);
    rg_plan_free(twin);
    rg_graph_free(graph);
}

static int64_t pick(rg_rng *rng, const int64_t *list, size_t n)
{
    return list[rg_rng_below(rng, n)];
}

/* Any number of axes, all attributes; longer rows and more filters with fewer axes. */
static void check_random(rg_rng *rng, rg_dtype dtype)
{
    static const int64_t longs[] = {1, 2, 5, 16, 17, 31, 40}, shorts[] = {1, 2, 3, 4};
    static const int64_t counts[] = {1, 1, 2, 3, 7, 8, 9, 17, 33};
    int n = 1 + (int)rg_rng_below(rng, rg_rng_below(rng, 3) ? 2 : 6);
    int64_t groups = 1 + (int64_t)rg_rng_below(rng, 3);
    int64_t channels = pick(rng, counts, n > 2 ? 4 : 6);
    rg_shape x = {n + 2, {pick(rng, shorts, 3), groups * channels}};
    rg_shape w = {n + 2, {groups * pick(rng, counts, n > 2 ? 4 : 9), channels}};
    rg_conv_axes axes = {.groups = groups};
    for (int i = 0; i < n; i++) {
        bool plain = rg_rng_below(rng, 3) == 0;
        x.dim[i + 2] = n > 2 ? pick(rng, shorts, 4) : pick(rng, longs, n == 1 ? 7 : 5);
        w.dim[i + 2] = pick(rng, shorts, 4);
        if (plain)
            continue;
        axes.stride[i] = 1 + (int64_t)rg_rng_below(rng, 3);
        axes.lo[i] = (int64_t)rg_rng_below(rng, 6) - 2;
        axes.hi[i] = (int64_t)rg_rng_below(rng, 6) - 2;
        axes.dilate_x[i] = 1 + (int64_t)rg_rng_below(rng, 3);
        axes.dilate_w[i] = 1 + (int64_t)rg_rng_below(rng, 3);
    }
    if (rg_rng_below(rng, 20) == 0)
        (rg_rng_below(rng, 2) ? &x : &w)->dim[2] = 0;
    check(rng, dtype, x, w, &axes, "random");
}

/* Layers and derivatives as networks have them. */
static void check_known(rg_rng *rng, rg_dtype dtype)
{
#define SHAPE(...) \
    { \
        RG_COUNT(((int64_t[]){__VA_ARGS__})), \
        { \
            __VA_ARGS__ \
        } \
    }
    static const struct {
        const char *what;
        rg_shape x, w;
        rg_conv_axes axes;
    } list[] = {
        {"first layer", SHAPE(2, 1, 28, 28), SHAPE(16, 1, 3, 3), {.lo = {1, 1}, .hi = {1, 1}}},
        {"by the filters",
         SHAPE(5, 7, 12, 12),
         SHAPE(20, 7, 12, 12),
         {.lo = {1, 1}, .hi = {1, 1}}},
        {"by the filters, in blocks",
         SHAPE(3, 3, 64, 64),
         SHAPE(33, 3, 64, 64),
         {.lo = {1, 1}, .hi = {1, 1}}},
        {"small planes", SHAPE(3, 20, 7, 7), SHAPE(40, 20, 3, 3), {.lo = {1, 1}, .hi = {1, 1}}},
        {"pointwise", SHAPE(2, 9, 8, 9), SHAPE(17, 9, 1, 1), {.groups = 1}},
        {"pointwise, strided", SHAPE(2, 9, 8, 9), SHAPE(17, 9, 1, 1), {.stride = {2, 2}}},
        {"patches", SHAPE(2, 3, 32, 32), SHAPE(12, 3, 8, 8), {.stride = {8, 8}}},
        {"depthwise",
         SHAPE(2, 12, 20, 20),
         SHAPE(12, 1, 5, 5),
         {.lo = {2, 2}, .hi = {2, 2}, .groups = 12}},
        {"by a strided layer's x",
         SHAPE(2, 17, 14, 14),
         SHAPE(8, 17, 3, 3),
         {.lo = {1, 1}, .hi = {2, 2}, .dilate_x = {2, 2}}},
        {"causal", SHAPE(2, 4, 50), SHAPE(8, 4, 3), {.lo = {8}, .dilate_w = {4}}},
        {"everything at once", SHAPE(4, 6, 5), SHAPE(3, 6, 5), {.groups = 1}},
    };
#undef SHAPE
    for (size_t i = 0; i < RG_COUNT(list); i++)
        check(rng, dtype, list[i].x, list[i].w, &list[i].axes, list[i].what);
}

static void test_kernels(void **state)
{
    (void)state;
    static const char *const sets[] = {"base", "avx2", "avx512"};
    static const rg_dtype types[] = {RG_F32, RG_F32, RG_F64, RG_BF16};
    setenv("RIGOR_ONEDNN", "off", 1);
    for (size_t i = 0; i < RG_COUNT(sets); i++) {
        rg_rng rng = rg_rng_open(support_seed(), "conv %s", sets[i]);
        setenv("RIGOR_CPU", sets[i], 1);
        for (uint64_t k = 0; k < support_cases(400); k++)
            check_random(&rng, types[k % RG_COUNT(types)]);
        for (size_t k = 1; k < RG_COUNT(types); k++)
            check_known(&rng, types[k]);
    }
    unsetenv("RIGOR_CPU");
    unsetenv("RIGOR_ONEDNN");
}

static void test_onednn(void **state)
{
    (void)state;
    if (!rg_onednn_version())
        skip();
    rg_rng rng = rg_rng_open(support_seed(), "conv onednn");
    setenv("RIGOR_ONEDNN", "always", 1);
    for (uint64_t k = 0; k < support_cases(300); k++)
        check_random(&rng, k % 2 ? RG_F32 : RG_BF16);
    check_known(&rng, RG_F32);
    check_known(&rng, RG_BF16);
    unsetenv("RIGOR_ONEDNN");
}

/* x = 1 2 3 spread by 2 is 1 0 2 0 3; with one zero before and the last entry cut off it is
 * 0 1 0 2 0; w = 10 1 then meets (0 1) (1 0) (0 2) (2 0). */
static void by_hand(bool reference)
{
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(1, 1, 3));
    rg_val w = rg_input(graph, "w", RG_F32, rg_shape_of(1, 1, 2));
    rg_conv_axes axes = {.lo = {1}, .hi = {-1}, .dilate_x = {2}};
    rg_val y = rg_conv(x, w, &axes);
    const float expected[] = {1, 10, 2, 20};
    rg_plan *plan = compile(graph, y, reference);
    rg_err err = {0};
    memcpy(rg_plan_buffer(plan, x), (const float[]){1, 2, 3}, 3 * sizeof(float));
    memcpy(rg_plan_buffer(plan, w), (const float[]){10, 1}, 2 * sizeof(float));
    assert_true(rg_shape_same(rg_val_shape(y), rg_shape_of(1, 1, 4)));
    assert_true(rg_plan_run(plan, &err));
    assert_memory_equal(rg_plan_buffer(plan, y), expected, sizeof(expected));
    rg_plan_free(plan);
    rg_graph_free(graph);
}

static void test_by_hand(void **state)
{
    (void)state;
    by_hand(false);
    by_hand(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kernels),
        cmocka_unit_test(test_onednn),
        cmocka_unit_test(test_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
