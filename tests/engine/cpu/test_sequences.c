/* test_sequences.c - argsort and linrec on lengths that take every path of their kernels,
 * against the reference, bit for bit. */
#include "engine/cpu/program.h"
#include "support.h"

/* Few distinct values, so that ties abound; zeros of both signs, infinities, NaN. */
static double draw(rg_rng *rng)
{
    static const double special[] = {0, -0.0, INFINITY, -INFINITY, NAN, 1, -1};
    if (rg_rng_below(rng, 4) == 0)
        return special[rg_rng_below(rng, RG_COUNT(special))];
    return rg_rng_below(rng, 2) ? floor(4 * rg_rng_normal(rng)) : 1e6 * rg_rng_normal(rng);
}

static void fill(rg_plan *plan, rg_val x, rg_rng *rng, bool finite)
{
    void *data = rg_plan_buffer(plan, x);
    for (int64_t i = 0; i < rg_val_count(x); i++) {
        double value = finite ? rg_rng_normal(rng) : draw(rng);
        double whole = isfinite(value) ? value : 7;
        switch (rg_val_dtype(x)) {
        case RG_F32: ((float *)data)[i] = (float)value; break;
        case RG_F64: ((double *)data)[i] = value; break;
        case RG_I32: ((int32_t *)data)[i] = (int32_t)whole * 100; break;
        case RG_U32: ((uint32_t *)data)[i] = (uint32_t)(int32_t)whole; break;
        case RG_BOOL: ((unsigned char *)data)[i] = value > 0; break;
        case RG_BF16: rg_dtype_store(RG_BF16, data, (size_t)i, value); break;
        }
    }
}

static rg_plan *compile(rg_val y, bool reference)
{
    rg_err err = {0};
    rg_plan *plan = rg_plan_compile(y.graph, &y, 1, NULL, 0,
                                    &(rg_plan_options){.reference = reference}, &err);
    if (!plan)
        fail_msg("%s: %s", err.where, err.what);
    return plan;
}

static void same(rg_val y, const rg_val *in, size_t n, rg_rng *rng, bool finite)
{
    rg_plan *judge = compile(y, true), *plan = compile(y, false);
    rg_err err = {0};
    for (size_t i = 0; i < n; i++) {
        fill(judge, in[i], rng, finite);
        rg_plan_bind(plan, in[i], rg_plan_buffer(judge, in[i]));
    }
    assert_true(rg_plan_run(judge, &err) && rg_plan_run(plan, &err));
    assert_memory_equal(rg_plan_buffer(judge, y), rg_plan_buffer(plan, y),
                        (size_t)rg_val_count(y) * rg_dtype_bytes(rg_val_dtype(y)));
    rg_plan_free(judge);
    rg_plan_free(plan);
}

static void test_argsort(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "argsort");
    static const int64_t lengths[] = {2, 3, 47, 48, 49, 300, 1500};
    for (int dtype = RG_F32; dtype <= RG_BOOL; dtype++)
        for (size_t i = 0; i < RG_COUNT(lengths); i++)
            for (int inner = 1; inner <= 3; inner += 2) {
                rg_graph *graph = rg_graph_new();
                rg_shape shape = rg_shape_of(2, lengths[i], inner);
                rg_val x = rg_input(graph, "x", (rg_dtype)dtype, shape);
                same(rg_argsort(x, 1, i % 2), &x, 1, &rng, false);
                same(rg_argsort(x, 1, (i + 1) % 2), &x, 1, &rng, false);
                rg_graph_free(graph);
            }
}

static void check_linrec(rg_rng *rng, rg_dtype dtype, int64_t outer, int64_t n, int64_t inner)
{
    rg_graph *graph = rg_graph_new();
    rg_shape shape = rg_shape_of(outer, n, inner);
    rg_val in[] = {rg_input(graph, "a", dtype, shape), rg_input(graph, "b", dtype, shape)};
    same(rg_linrec(in[0], in[1], 1, false), in, 2, rng, true);
    same(rg_linrec(in[0], in[1], 1, true), in, 2, rng, true);
    rg_graph_free(graph);
}

static void test_linrec(void **state)
{
    (void)state;
    static const char *const sets[] = {"base", "avx2", "avx512"};
    static const int64_t sizes[][3] = {{3, 40, 1},  {8, 9, 1},   {21, 100, 1}, {2, 30, 64},
                                       {2, 5, 130}, {1, 200, 7}, {3, 2, 1},    {0, 5, 3}};
    for (size_t set = 0; set < RG_COUNT(sets); set++) {
        rg_rng rng = rg_rng_open(support_seed(), "linrec");
        setenv("RIGOR_CPU", sets[set], 1);
        for (size_t i = 0; i < RG_COUNT(sizes); i++) {
            check_linrec(&rng, RG_F32, sizes[i][0], sizes[i][1], sizes[i][2]);
            check_linrec(&rng, RG_F64, sizes[i][0], sizes[i][1], sizes[i][2]);
        }
    }
    unsetenv("RIGOR_CPU");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_argsort),
        cmocka_unit_test(test_linrec),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
