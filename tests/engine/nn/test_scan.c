/* test_scan.c - selective scans and Mamba's block beyond the recorded cases: a closed form, no
 * look ahead, no steps, initial values, mistakes. */
#include "engine/nn/torch.h"

#include "rigor/nn.h"

static rg_val numbers(rg_graph *graph, double value, rg_shape shape)
{
    return rg_broadcast(rg_const(graph, value, RG_F64), shape);
}

/* x = 1, delta = log 2, a = -1, b = c = 1, one state: h[t] = h[t-1] / 2 + log 2, so that y[t] =
 * 2 log 2 (1 - 2^-(t+1)) + skip. */
static void test_closed_form(void **state)
{
    (void)state;
    enum { T = 6 };
    rg_graph *graph = rg_graph_new();
    rg_shape one = rg_shape_of(1, T, 1);
    rg_selective_scan_spec spec = {.delta = numbers(graph, log(2), one),
                                   .a = numbers(graph, -1, rg_shape_of(1, 1)),
                                   .b = numbers(graph, 1, one),
                                   .c = numbers(graph, 1, one)};
    rg_val x = numbers(graph, 1, one), y[2] = {rg_selective_scan(x, &spec)};
    spec.skip = numbers(graph, 3, rg_shape_of(1));
    y[1] = rg_selective_scan(x, &spec);
    rg_plan *plan = compile(graph, y, 2, NULL, 0);
    run(plan);
    for (int t = 0; t < T; t++) {
        double h = 2 * log(2) * (1 - ldexp(1, -t - 1));
        assert_close(((double *)rg_plan_buffer(plan, y[0]))[t], h, 1e-14);
        assert_close(((double *)rg_plan_buffer(plan, y[1]))[t], h + 3, 1e-14);
    }
    rg_plan_free(plan);
    rg_graph_free(graph);
}

typedef struct block {
    rg_graph *graph;
    rg_scope *scope;
    rg_val x, y;
    rg_plan *plan;
    const rg_weight *weight;
    size_t weights;
} block;

static block open_block(rg_shape shape)
{
    block b = {.graph = rg_graph_new()};
    b.scope = rg_scope_new(b.graph, false, 2, NULL);
    b.x = rg_input(b.graph, "x", RG_F32, shape);
    b.y = rg_mamba(b.scope, b.x, &(rg_mamba_spec){0});
    b.weights = rg_scope_weights(b.scope, &b.weight);
    b.plan = compile(b.graph, &b.y, 1, NULL, 0);
    for (size_t i = 0; i < b.weights; i++)
        rg_init_fill(&b.weight[i].init, support_seed(), b.weight[i].name,
                     rg_plan_buffer(b.plan, b.weight[i].input),
                     (size_t)rg_val_count(b.weight[i].input));
    return b;
}

static void close_block(block *b)
{
    rg_plan_free(b->plan);
    rg_scope_free(b->scope);
    rg_graph_free(b->graph);
}

static void test_no_look_ahead(void **state)
{
    (void)state;
    enum { T = 7, C = 5, CHANGED = 4 };
    block b = open_block(rg_shape_of(1, T, C));
    rg_rng rng = rg_rng_open(support_seed(), "ahead");
    float before[T * C], *x = rg_plan_buffer(b.plan, b.x);
    for (int i = 0; i < T * C; i++)
        x[i] = (float)rg_rng_normal(&rng);
    run(b.plan);
    memcpy(before, rg_plan_buffer(b.plan, b.y), sizeof(before));
    x[CHANGED * C] += 1;
    run(b.plan);
    const float *after = rg_plan_buffer(b.plan, b.y);
    assert_memory_equal(before, after, CHANGED * C * sizeof(float));
    for (int t = CHANGED; t < T; t++) /* the state remembers */
        assert_memory_not_equal(before + t * C, after + t * C, C * sizeof(float));
    close_block(&b);
}

static void test_nothing(void **state)
{
    (void)state;
    block none = open_block(rg_shape_of(0, 3, 4)), one = open_block(rg_shape_of(1, 1, 1));
    run(none.plan);
    run(one.plan);
    assert_int_equal(rg_val_count(none.y), 0);
    assert_true(*(float *)rg_plan_buffer(one.plan, one.y) == 0); /* of x = 0 */
    close_block(&none);
    close_block(&one);
}

/* Names and shapes by the authors' defaults for C = 20: E = 40, N = 16, R = 2, K = 4. */
static void test_weights(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        rg_shape shape;
    } expected[] = {
        {"mamba0.linear0.weight", {2, {20, 80}}}, {"mamba0.conv0.filters", {3, {40, 1, 4}}},
        {"mamba0.conv0.bias", {1, {40}}},         {"mamba0.linear1.weight", {2, {40, 34}}},
        {"mamba0.linear2.weight", {2, {2, 40}}},  {"mamba0.step_bias", {1, {40}}},
        {"mamba0.log_rate", {2, {40, 16}}},       {"mamba0.skip", {1, {40}}},
        {"mamba0.linear3.weight", {2, {40, 20}}},
    };
    block b = open_block(rg_shape_of(2, 3, 20));
    assert_int_equal(b.weights, RG_COUNT(expected));
    for (size_t i = 0; i < b.weights; i++) {
        assert_string_equal(b.weight[i].name, expected[i].name);
        assert_true(rg_shape_same(rg_val_shape(b.weight[i].input), expected[i].shape));
    }
    const float *bias = rg_plan_buffer(b.plan, b.weight[5].input);
    const float *rate = rg_plan_buffer(b.plan, b.weight[6].input);
    double least = 1, most = 0;
    for (int i = 0; i < 40; i++) {
        double step = log1p(exp((double)bias[i]));
        least = fmin(least, step);
        most = fmax(most, step);
    }
    assert_true(least > 0.00099 && least < 0.003 && most < 0.1001 && most > 0.03);
    for (int i = 0; i < 40 * 16; i++)
        assert_close(exp((double)rate[i]), i % 16 + 1, 1e-6);
    close_block(&b);
}

static void test_mistakes(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_scope *scope = rg_scope_new(graph, false, 2, NULL);
    rg_mamba_at((rg_place){"model.c", 7}, scope, numbers(graph, 1, rg_shape_of(2, 3)),
                &(rg_mamba_spec){0});
    assert_string_equal(rg_graph_error(graph)->what, "a Mamba block of a value of rank 2");
    assert_string_equal(rg_graph_error(graph)->where, "model.c:7");
    rg_scope_free(scope);
    rg_graph_free(graph);
    const rg_shape shapes[] = {rg_shape_of(2, 3, 4), rg_shape_of(2, 3, 4), rg_shape_of(4, 5),
                               rg_shape_of(2, 3, 5), rg_shape_of(2, 3, 5), rg_shape_of(4)};
    for (size_t wrong = 0; wrong <= RG_COUNT(shapes); wrong++) { /* the last time none */
        rg_val v[RG_COUNT(shapes)];
        graph = rg_graph_new();
        for (size_t i = 0; i < RG_COUNT(shapes); i++)
            v[i] = numbers(graph, 1, i == wrong ? rg_shape_of(4, 3, 2) : shapes[i]);
        rg_selective_scan_at((rg_place){"model.c", 8}, v[0],
                             &(rg_selective_scan_spec){v[1], v[2], v[3], v[4], v[5]});
        const rg_err *err = rg_graph_error(graph);
        assert_int_equal(err->code, wrong < RG_COUNT(shapes) ? RG_INPUT : RG_OK);
        if (err->code) {
            assert_string_equal(err->where, "model.c:8");
            assert_true(rg_text_starts(err->remedy, "give x and delta (B, T, E), a (E, N)"));
        }
        rg_graph_free(graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed_form), cmocka_unit_test(test_no_look_ahead),
        cmocka_unit_test(test_nothing),     cmocka_unit_test(test_weights),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
