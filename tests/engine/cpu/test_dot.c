/* test_dot.c - matrix products of every kernel against the reference, within rounding; and the
 * same bits each time. */
#include "engine/cpu/floats.h"
#include "engine/cpu/onednn.h"
#include "engine/cpu/program.h"
#include "support.h"

typedef struct problem {
    rg_graph *graph;
    rg_val x, y, z;
    int64_t k; /* length of each sum */
} problem;

/* (batch, m, k) x (batch, k, n), each operand with its axes in a random order. */
static problem draw(rg_rng *rng, rg_dtype dtype, int64_t batch, int64_t m, int64_t n, int64_t k)
{
    problem p = {.graph = rg_graph_new(), .k = k};
    const int64_t dims_x[3] = {batch, m, k}, dims_y[3] = {batch, n, k};
    int place_x[3] = {0, 1, 2}, place_y[3] = {0, 1, 2};
    rg_shape x = {.rank = 3}, y = {.rank = 3};
    for (int i = 2; i > 0; i--) {
        int j = (int)rg_rng_below(rng, (uint64_t)i + 1),
            l = (int)rg_rng_below(rng, (uint64_t)i + 1);
        int swap = place_x[i];
        place_x[i] = place_x[j];
        place_x[j] = swap;
        swap = place_y[i];
        place_y[i] = place_y[l];
        place_y[l] = swap;
    }
    for (int i = 0; i < 3; i++) {
        x.dim[place_x[i]] = dims_x[i];
        y.dim[place_y[i]] = dims_y[i];
    }
    rg_dot_axes axes = {.n_batch = 1,
                        .n_contract = 1,
                        .batch_x = {place_x[0]},
                        .batch_y = {place_y[0]},
                        .contract_x = {place_x[2]},
                        .contract_y = {place_y[2]}};
    p.x = rg_input(p.graph, "x", dtype, x);
    p.y = rg_input(p.graph, "y", dtype, y);
    p.z = rg_dot(p.x, p.y, &axes);
    return p;
}

static rg_plan *compile(const problem *p, bool reference)
{
    rg_err err = {0};
    rg_plan *plan = rg_plan_compile(p->graph, &p->z, 1, NULL, 0,
                                    &(rg_plan_options){.reference = reference}, &err);
    if (!plan)
        fail_msg("%s: %s", err.where, err.what);
    return plan;
}

static void check(rg_rng *rng, rg_dtype dtype, int64_t batch, int64_t m, int64_t n, int64_t k)
{
    problem p = draw(rng, dtype, batch, m, n, k);
    rg_plan *judge = compile(&p, true), *plan = compile(&p, false);
    rg_err err = {0};
    fill_floats(rg_plan_buffer(judge, p.x), dtype, rg_val_count(p.x), rng);
    fill_floats(rg_plan_buffer(judge, p.y), dtype, rg_val_count(p.y), rng);
    rg_plan_bind(plan, p.x, rg_plan_buffer(judge, p.x));
    rg_plan_bind(plan, p.y, rg_plan_buffer(judge, p.y));
    assert_true(rg_plan_run(judge, &err) && rg_plan_run(plan, &err));
    /* k + 1 roundings of a sum of at most k. */
    rg_dtype sum = rg_val_dtype(p.z);
    double limit = (sum == RG_F32 ? 6e-8 : 1.2e-16) * (double)((k + 1) * (k + 1));
    for (int64_t i = 0; i < rg_val_count(p.z); i++) {
        double expected = float_at(rg_plan_buffer(judge, p.z), sum, i);
        double got = float_at(rg_plan_buffer(plan, p.z), sum, i);
        if (!(fabs(got - expected) <= limit))
            fail_msg("(%lld, %lld, %lld, %lld) element %lld: %.9g, expected %.9g",
                     (long long)batch, (long long)m, (long long)n, (long long)k, (long long)i,
                     got, expected);
    }
    rg_plan *twin = rg_plan_clone(plan, &err);
    rg_plan_bind(twin, p.x, rg_plan_buffer(judge, p.x));
    rg_plan_bind(twin, p.y, rg_plan_buffer(judge, p.y));
    assert_true(rg_plan_run(twin, &err));
    assert_memory_equal(rg_plan_buffer(plan, p.z), rg_plan_buffer(twin, p.z),
                        (size_t)rg_val_count(p.z) * rg_dtype_bytes(sum));
    rg_plan_free(judge);
    rg_plan_free(plan);
    rg_plan_free(twin);
    rg_graph_free(p.graph);
}

static void many(rg_dtype dtype, uint64_t cases)
{
    static const int64_t sizes[] = {1, 2, 3, 7, 8, 10, 16, 17, 31, 32, 33, 40, 64, 0};
    rg_rng rng = rg_rng_open(support_seed(), "dot");
    for (uint64_t i = 0; i < support_cases(cases); i++) {
        int64_t s[4];
        for (int d = 0; d < 4; d++)
            s[d] = sizes[rg_rng_below(&rng, RG_COUNT(sizes) - (i % 8 != 0))];
        check(&rng, dtype, s[0] > 4 ? 1 : s[0], s[1], s[2], s[3]);
    }
}

/* Beyond the blocks of gemm_body.h: of k, of columns, of rows that have pages of their own. */
static void large(rg_dtype dtype)
{
    static const int64_t sizes[][3] = {{33, 530, 790}, {130, 20, 1700}, {7, 300, 40},
                                       {129, 1030, 5}, {1, 513, 385},   {200, 1, 1000}};
    rg_rng rng = rg_rng_open(support_seed(), "large");
    for (uint64_t i = 0; i < support_cases(RG_COUNT(sizes)); i++)
        check(&rng, dtype, 1 + (int64_t)rg_rng_below(&rng, 2), sizes[i][0], sizes[i][1],
              sizes[i][2]);
}

static void test_own_kernel(void **state)
{
    (void)state;
    static const char *const sets[] = {"base", "avx2", "avx512"};
    setenv("RIGOR_ONEDNN", "off", 1);
    for (size_t i = 0; i < RG_COUNT(sets); i++) {
        setenv("RIGOR_CPU", sets[i], 1);
        many(RG_F32, 150);
        many(RG_F64, 50);
        many(RG_BF16, 50);
        large(RG_F32);
        large(RG_F64);
    }
    unsetenv("RIGOR_CPU");
    unsetenv("RIGOR_ONEDNN");
}

/* An element's bits depend on k alone: alone, among others, and in operands laid out anew. */
static void test_bits_of_an_element(void **state)
{
    (void)state;
    enum { M = 45, N = 150, K = 900 };
    static float x[M * K], y[K * N], turned[K * N], z[M * N], one;
    rg_rng rng = rg_rng_open(support_seed(), "bits");
    fill_floats(x, RG_F32, M * K, &rng);
    fill_floats(y, RG_F32, K * N, &rng);
    for (int i = 0; i < K * N; i++)
        turned[i % N * K + i / N] = y[i];
    const rg_gemm_kernels *own = rg_gemm_best();
    const rg_gemm g = {M, N, K, K, 1, N, 1, N, true}, dot = {1, 1, K, K, 1, 1, K, 1, false};
    char *scratch = rg_alloc(own->scratch(&g, RG_F32));
    own->f32(&g, x, y, z, scratch);
    for (int i = 0; i < M * N; i++) {
        own->f32(&dot, x + i / N * K, turned + i % N * K, &one, scratch);
        assert_memory_equal(&one, &z[i], sizeof(one));
    }
    rg_free(scratch);
}

static void test_onednn(void **state)
{
    (void)state;
    if (!rg_onednn_version())
        skip();
    setenv("RIGOR_ONEDNN", "always", 1);
    many(RG_F32, 60);
    many(RG_BF16, 60);
    unsetenv("RIGOR_ONEDNN");
}

static void test_switched_off(void **state)
{
    (void)state;
    setenv("RIGOR_ONEDNN", "off", 1);
    assert_null(rg_onednn_version());
    rg_gemm g = {64, 64, 64, 64, 1, 64, 1, 64, false};
    assert_null(rg_onednn_make(&g, RG_F32, 1, 0, 0));
    unsetenv("RIGOR_ONEDNN");
}

/* Batch axes of lengths 0 and 6 have no entries: nothing is written but the first place. */
static void test_empty_batch(void **state)
{
    (void)state;
    problem p = {.graph = rg_graph_new()};
    rg_dot_axes axes = {.n_batch = 2, .batch_x = {0, 1}, .batch_y = {0, 1}};
    p.x = rg_input(p.graph, "x", RG_F64, rg_shape_of(0, 6));
    p.y = rg_input(p.graph, "y", RG_F64, rg_shape_of(0, 6, 2));
    p.z = rg_dot(p.x, p.y, &axes);
    int64_t at[6] = {-1, -1, -1, -1, -1, -1}, stride[RG_RANK_MAX];
    rg_shape_strides(rg_val_shape(p.x), stride);
    rg_dot_entries(p.graph, rg_node_of(p.graph, p.z.id), 0, stride, at);
    assert_int_equal(at[0], 0);
    for (int i = 1; i < 6; i++)
        assert_int_equal(at[i], -1);
    rg_plan *plan = compile(&p, false);
    rg_err err = {0};
    assert_true(rg_plan_run(plan, &err));
    rg_plan_free(plan);
    rg_graph_free(p.graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_kernel),  cmocka_unit_test(test_bits_of_an_element),
        cmocka_unit_test(test_onednn),      cmocka_unit_test(test_switched_off),
        cmocka_unit_test(test_empty_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
