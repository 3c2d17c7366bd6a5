/* test_threads.c - what a plan comes to does not depend on how many threads share its work. */
#include "engine/cpu/program.h"
#include "rigor/nn.h"
#include "support.h"

enum { STEPS = 3 };

/* A graph with operations of every kind that is cut into units: loops, folds of rows and of
 * columns, products cut into rows, into columns and into entries of a batch. */
typedef struct work {
    rg_graph *graph;
    rg_val x, w, wide, output[8];
    rg_carry carry;
} work;

static rg_val batched(rg_val a, rg_val b)
{
    const rg_dot_axes axes = {
        .n_batch = 1, .n_contract = 1, .contract_x = {2}, .contract_y = {1}};
    return rg_dot(a, b, &axes);
}

static void wave(rg_loop_body *body, void *context)
{
    (void)context;
    body->next[0] = rg_add(rg_sin(body->carry[0]), body->shared[0]);
}

/* Steps of a loop are shared as well. */
static rg_val looped(rg_val x)
{
    rg_val ret;
    rg_loop(
        x.graph,
        &(rg_loop_spec){
            .steps = 3, .carry = &x, .carries = 1, .shared = &x, .shareds = 1, .body = wave},
        &ret);
    return ret;
}

static work make_work(rg_dtype dtype)
{
    work k = {.graph = rg_graph_new()};
    k.x = rg_input(k.graph, "x", dtype, rg_shape_of(700, 300));
    k.w = rg_input(k.graph, "w", dtype, rg_shape_of(300, 310));
    k.wide = rg_input(k.graph, "wide", dtype, rg_shape_of(300, 1500));
    rg_val half = rg_const(k.graph, 0.5, dtype);
    rg_val product = rg_matmul(k.x, k.w);
    rg_val small = rg_reshape(rg_tanh(k.x), rg_shape_of(70, 10, 300));
    k.output[0] = rg_tanh(rg_mul(product, half));
    k.output[1] = rg_matmul(k.w, rg_broadcast(half, rg_shape_of(310, 1500)));
    k.output[2] = rg_sum(rg_exp(rg_mul(k.x, half)), RG_AXIS(1), false);
    k.output[3] = rg_sum(rg_mul(k.x, k.x), RG_AXIS(0), false);
    k.output[4] = rg_amax(k.wide, RG_AXIS(0) | RG_AXIS(1), false);
    k.output[5] = batched(small, rg_permute(small, (int[]){0, 2, 1}));
    k.output[6] = rg_matmul(k.x, k.wide);
    k.output[7] = looped(k.x);
    k.carry = (rg_carry){k.x, rg_add(k.x, rg_mul(half, rg_sin(k.x)))};
    return k;
}

static void fill(rg_plan *plan, rg_val x, uint64_t seed)
{
    rg_rng rng = rg_rng_open(seed, "fill");
    void *data = rg_plan_buffer(plan, x);
    for (int64_t i = 0; i < rg_val_count(x); i++) {
        double value = rg_rng_normal(&rng);
        if (rg_val_dtype(x) == RG_F32)
            ((float *)data)[i] = (float)value;
        else
            ((double *)data)[i] = value;
    }
}

static rg_plan *run_with(const work *k, int threads)
{
    rg_err err = {0};
    rg_plan *plan = rg_plan_compile(k->graph, k->output, RG_COUNT(k->output), &k->carry, 1,
                                    &(rg_plan_options){.threads = threads}, &err);
    assert_non_null(plan);
    fill(plan, k->x, 1);
    fill(plan, k->w, 2);
    fill(plan, k->wide, 3);
    for (int step = 0; step < STEPS; step++)
        assert_true(rg_plan_run(plan, &err));
    return plan;
}

static size_t bytes_of(rg_val x)
{
    return (size_t)rg_val_count(x) * rg_dtype_bytes(rg_val_dtype(x));
}

static void check(rg_dtype dtype)
{
    work k = make_work(dtype);
    rg_plan *alone = run_with(&k, 1);
    for (int threads = 2; threads <= 3; threads++) {
        rg_plan *shared = run_with(&k, threads);
        assert_true(rg_plan_bytes(shared) > rg_plan_bytes(alone)); /* each has working memory */
        for (size_t i = 0; i < RG_COUNT(k.output); i++)
            assert_memory_equal(rg_plan_buffer(shared, k.output[i]),
                                rg_plan_buffer(alone, k.output[i]), bytes_of(k.output[i]));
        assert_memory_equal(rg_plan_buffer(shared, k.x), rg_plan_buffer(alone, k.x),
                            bytes_of(k.x));
        rg_plan_free(shared);
    }
    rg_plan_free(alone);
    rg_graph_free(k.graph);
}

static void same_bits_f32(void **state)
{
    (void)state;
    check(RG_F32);
    setenv("RIGOR_ONEDNN", "off", 1);
    check(RG_F32);
    unsetenv("RIGOR_ONEDNN");
}

static void same_bits_f64(void **state)
{
    (void)state;
    check(RG_F64);
}

/* Each of these has work for several threads: else the tests above would show nothing. */
static void work_is_cut(void **state)
{
    (void)state;
    work k = make_work(RG_F32);
    rg_plan *plan = run_with(&k, 2);
    size_t cut = 0;
    for (size_t i = 0; i < plan->program->kernels; i++)
        cut += plan->program->kernel[i]->units > 1;
    assert_true(cut >= 6);
    rg_plan_free(plan);
    rg_graph_free(k.graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits_f32),
        cmocka_unit_test(same_bits_f64),
        cmocka_unit_test(work_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
