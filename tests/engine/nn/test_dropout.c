/* test_dropout.c - what dropout drops: the share, the scale of what is kept, and where layers and blocks
 * have it. */
#include "engine/nn/torch.h"

#include "rigor/nn.h"

#define DROP_N 20000

static void drop(float rate, uint32_t key0, bool training, float *y, float *dx)
{
    rg_graph *graph = rg_graph_new();
    rg_scope *scope = rg_scope_new(graph, training, 1, NULL);
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(DROP_N));
    rg_val p = rg_input(graph, "p", RG_F32, RG_SCALAR);
    rg_val out[2] = {rg_dropout(scope, x, p)};
    rg_grad(rg_sum(out[0], RG_ALL_AXES, false), &x, 1, &out[1]);
    rg_plan *plan = compile(graph, out, 2, NULL, 0);
    float *values = rg_plan_buffer(plan, x);
    for (int i = 0; i < DROP_N; i++)
        values[i] = 2;
    if (training) {
        *(float *)rg_plan_buffer(plan, p) = rate;
        memcpy(rg_plan_buffer(plan, scope->key), (uint32_t[2]){key0, 7}, 8);
    }
    run(plan);
    memcpy(y, rg_plan_buffer(plan, out[0]), DROP_N * sizeof(*y));
    memcpy(dx, rg_plan_buffer(plan, out[1]), DROP_N * sizeof(*dx));
    rg_plan_free(plan);
    rg_scope_free(scope);
    rg_graph_free(graph);
}

static void test_dropout(void **state)
{
    (void)state;
    static float y[3][DROP_N], dx[DROP_N];
    for (int k = 0; k < 3; k++) {
        float rate = 0.3f;
        drop(rate, k == 2 ? 2 : 1, true, y[k], dx);
        int zeros = 0;
        for (int i = 0; i < DROP_N; i++) {
            zeros += y[k][i] == 0;
            assert_close(dx[i], y[k][i] / 2,
                         1e-6); /* the mask of forward and backward is one */
            if (y[k][i] != 0)
                assert_close(y[k][i], 2 / 0.7, 1e-6);
        }
        /* 5 standard deviations of a binomial share */
        assert_close((double)zeros / DROP_N, rate, 5 * sqrt(0.3 * 0.7 / DROP_N));
    }
    assert_memory_equal(y[0], y[1], sizeof(y[0]));
    assert_memory_not_equal(y[0], y[2], sizeof(y[0]));
    drop(0.3f, 1, false, y[0], dx);
    for (int i = 0; i < DROP_N; i++)
        assert_true(y[0][i] == 2 && dx[i] == 1);
}

/* Queries of zeros look everywhere alike; values and the result are the memory as it is, which
 * is the identity: row t of the result has the weights of query t. */
enum { SIDE = 128 };

static void attention_weights(bool training, float *ret)
{
    rg_graph *graph = rg_graph_new();
    rg_scope *scope = rg_scope_new(graph, training, 1, NULL);
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(1, SIDE, SIDE));
    rg_attention spec = {.heads = 1, .no_bias = true, .dropout = rg_const(graph, 0.3, RG_F32)};
    rg_val y = rg_multi_head_attention(scope, x, x, &spec);
    rg_plan *plan = compile(graph, &y, 1, NULL, 0);
    const rg_weight *weights;
    assert_int_equal(rg_scope_weights(scope, &weights), 4);
    for (size_t k = 0; k < 4; k++)
        for (int i = 0; i < SIDE * SIDE; i++)
            ((float *)rg_plan_buffer(plan, weights[k].input))[i] = k > 1 && i % (SIDE + 1) == 0;
    for (int i = 0; i < SIDE * SIDE; i++)
        ((float *)rg_plan_buffer(plan, x))[i] = i % (SIDE + 1) == 0;
    if (training)
        memcpy(rg_plan_buffer(plan, scope->key), (uint32_t[2]){1, 7}, 8);
    run(plan);
    memcpy(ret, rg_plan_buffer(plan, y), SIDE * SIDE * sizeof(*ret));
    rg_plan_free(plan);
    rg_scope_free(scope);
    rg_graph_free(graph);
}

static void test_attention_dropout(void **state)
{
    (void)state;
    static float y[SIDE * SIDE];
    int zeros = 0;
    attention_weights(true, y);
    for (int i = 0; i < SIDE * SIDE; i++) {
        zeros += y[i] == 0;
        if (y[i] != 0)
            assert_close(y[i], 1.0 / SIDE / 0.7, 1e-7);
    }
    /* 5 standard deviations of a binomial share */
    assert_close((double)zeros / (SIDE * SIDE), 0.3, 5 * sqrt(0.3 * 0.7) / SIDE);
    attention_weights(false, y);
    for (int i = 0; i < SIDE * SIDE; i++)
        assert_close(y[i], 1.0 / SIDE, 1e-8);
}

/* ---- A rate that drops nearly everything leaves what stands beside it */

static rg_val dropped_residual(rg_scope *s, rg_val x, rg_val rate)
{
    return rg_residual(s, x, rg_mul(x, x), rate);
}

static rg_val dropped_hidden(rg_scope *s, rg_val x, rg_val rate)
{
    rg_feed_forward_spec spec = {.hidden = 8, .no_bias = true, .dropout = rate};
    return rg_add(x, rg_feed_forward(s, x, &spec));
}

static rg_val dropped_branches(rg_scope *s, rg_val x, rg_val rate)
{
    rg_block spec = {.attention = {.heads = 2}, .feed_forward = {.hidden = 8}, .dropout = rate};
    return rg_transformer_block(s, x, &spec);
}

static rg_val dropped_branches_post_norm(rg_scope *s, rg_val x, rg_val rate)
{
    rg_block spec = {.attention = {.heads = 2},
                     .feed_forward = {.hidden = 8},
                     .post_norm = true,
                     .rms_norm = true,
                     .dropout = rate};
    return rg_transformer_block(s, x, &spec);
}

static rg_val itself(rg_scope *s, rg_val x)
{
    (void)s;
    return x;
}

static rg_val normed_twice(rg_scope *s, rg_val x)
{
    return rg_rms_norm(s, rg_rms_norm(s, x));
}

static const struct {
    const char *name;
    rg_val (*dropped)(rg_scope *s, rg_val x, rg_val rate), (*beside)(rg_scope *s, rg_val x);
} rates[] = {{"residual", dropped_residual, itself},
             {"feed-forward layer", dropped_hidden, itself},
             {"block", dropped_branches, itself},
             {"block, post-norm", dropped_branches_post_norm, normed_twice}};

/* The largest distance of what is left from what stands beside. */
static double distance(size_t k, bool training)
{
    rg_graph *graph = rg_graph_new();
    rg_scope *scope = rg_scope_new(graph, training, 1, NULL);
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(2, 3, 4));
    rg_val nearly_one = rg_const(graph, 1 - 0x1p-20, RG_F32);
    rg_val y[2] = {rates[k].dropped(scope, x, nearly_one), rates[k].beside(scope, x)};
    rg_plan *plan = compile(graph, y, 2, NULL, 0);
    const rg_weight *weights;
    size_t n = rg_scope_weights(scope, &weights);
    for (size_t i = 0; i < n; i++)
        rg_init_fill(&weights[i].init, 3, weights[i].name,
                     rg_plan_buffer(plan, weights[i].input),
                     (size_t)rg_val_count(weights[i].input));
    for (int i = 0; i < 24; i++)
        ((float *)rg_plan_buffer(plan, x))[i] = 1 + 0.1F * (float)(i * i % 11);
    if (training)
        memcpy(rg_plan_buffer(plan, scope->key), (uint32_t[2]){1, 7}, 8);
    run(plan);
    double ret = 0;
    for (int i = 0; i < 24; i++)
        ret = fmax(ret, fabs((double)((float *)rg_plan_buffer(plan, y[0]))[i] -
                             ((float *)rg_plan_buffer(plan, y[1]))[i]));
    rg_plan_free(plan);
    rg_scope_free(scope);
    rg_graph_free(graph);
    return ret;
}

static void test_rates_of_dropout(void **state)
{
    (void)state;
    for (size_t k = 0; k < RG_COUNT(rates); k++) {
        double dropped = distance(k, true), evaluated = distance(k, false);
        if (!(dropped <= 1e-6) || !(evaluated > 1e-2))
            fail_msg("%s: a distance of %g in training, of %g in evaluation", rates[k].name,
                     dropped, evaluated);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_attention_dropout),
        cmocka_unit_test(test_rates_of_dropout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
