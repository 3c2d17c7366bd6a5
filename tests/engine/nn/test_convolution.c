/* test_convolution.c - convolution layers: shapes against PyTorch's formulas, transposed layers
 * as transposes, causality, names and initial values, nothing at all, mistakes. */
#include "engine/nn/torch.h"

#include "rigor/nn.h"

typedef struct net {
    rg_graph *graph;
    rg_scope *scope;
} net;

static net open_net(void)
{
    rg_graph *graph = rg_graph_new();
    return (net){graph, rg_scope_new(graph, false, 2, NULL)};
}

static void close_net(net *n)
{
    rg_scope_free(n->scope);
    rg_graph_free(n->graph);
}

static void fill_random(rg_rng *rng, rg_plan *plan, rg_val x)
{
    float *data = rg_plan_buffer(plan, x);
    for (int64_t i = 0; i < rg_val_count(x); i++)
        data[i] = (float)rg_rng_normal(rng);
}

static double inner(rg_plan *plan, rg_val a, rg_val b)
{
    const float *x = rg_plan_buffer(plan, a), *y = rg_plan_buffer(plan, b);
    double sum = 0;
    assert_int_equal(rg_val_count(a), rg_val_count(b));
    for (int64_t i = 0; i < rg_val_count(a); i++)
        sum += (double)x[i] * y[i];
    return sum;
}

/* ---- Random layers */

static int64_t draw(rg_rng *rng, int64_t from, uint64_t many)
{
    return from + (int64_t)rg_rng_below(rng, many);
}

/* x has `inputs` channels and the lengths, which any such layer fits. */
static rg_convolution random_layer(rg_rng *rng, int64_t *ret_inputs, int64_t length[2])
{
    rg_convolution c = {.groups = draw(rng, 1, 3), .no_bias = true};
    *ret_inputs = c.groups * draw(rng, 1, 2);
    c.width = c.groups * draw(rng, 1, 3);
    for (int i = 0; i < 2; i++) {
        c.kernel[i] = draw(rng, 1, 3);
        c.stride[i] = draw(rng, 1, 3);
        c.dilation[i] = draw(rng, 1, 2);
        c.padding[i] = draw(rng, 0, 3);
        length[i] = (c.kernel[i] - 1) * c.dilation[i] + 1 + draw(rng, 0, 5);
    }
    return c;
}

static int64_t length_after(const rg_convolution *c, int i, int64_t length)
{
    return (length + 2 * c->padding[i] - c->dilation[i] * (c->kernel[i] - 1) - 1) /
               c->stride[i] +
           1;
}

/* The layer that leads back: what the stride of the first leaves over is output padding. */
static rg_convolution way_back(const rg_convolution *c, int64_t inputs, const int64_t length[2])
{
    rg_convolution back = *c;
    back.width = inputs;
    for (int i = 0; i < 2; i++) {
        int64_t p = length_after(c, i, length[i]);
        back.output_padding[i] = length[i] - ((p - 1) * c->stride[i] - 2 * c->padding[i] +
                                              c->dilation[i] * (c->kernel[i] - 1) + 1);
    }
    return back;
}

/* <conv(x), y> = <x, conv_transposed(y)> for the same filters, in one dimension or two. */
static void check_transpose(rg_rng *rng, bool flat)
{
    int64_t inputs, length[2];
    rg_convolution c = random_layer(rng, &inputs, length);
    rg_convolution back = way_back(&c, inputs, length);
    net n = open_net();
    const rg_weight *weight;
    int64_t to[2] = {length_after(&c, 0, length[0]), length_after(&c, 1, length[1])};
    rg_shape xs = {flat ? 3 : 4, {2, inputs, length[0], length[1]}};
    rg_shape ys = {flat ? 3 : 4, {2, c.width, to[0], to[1]}};
    rg_val x = rg_input(n.graph, "x", RG_F32, xs), y = rg_input(n.graph, "y", RG_F32, ys);
    rg_val there = flat ? rg_conv1d(n.scope, x, &c) : rg_conv2d(n.scope, x, &c);
    rg_val home = flat ? rg_conv1d_transposed(n.scope, y, &back)
                       : rg_conv2d_transposed(n.scope, y, &back);
    assert_true(rg_shape_same(rg_val_shape(there), ys));
    assert_true(rg_shape_same(rg_val_shape(home), xs));
    assert_int_equal(rg_scope_weights(n.scope, &weight), 2);
    rg_plan *plan = compile(n.graph, (rg_val[]){there, home}, 2, NULL, 0);
    fill_random(rng, plan, x);
    fill_random(rng, plan, y);
    fill_random(rng, plan, weight[0].input);
    memcpy(rg_plan_buffer(plan, weight[1].input), rg_plan_buffer(plan, weight[0].input),
           sizeof(float) * (size_t)rg_val_count(weight[0].input));
    run(plan);
    assert_close(inner(plan, there, y), inner(plan, x, home), 1e-4);
    rg_plan_free(plan);
    close_net(&n);
}

static void test_transposes(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "transposes");
    for (int i = 0; i < 60; i++)
        check_transpose(&rng, i % 2);
}

/* What comes later changes no output before it, and the length stays. */
static void test_causal(void **state)
{
    (void)state;
    enum { T = 9, CHANGED = 6 };
    net n = open_net();
    rg_convolution spec = {.width = 1, .kernel = {3}, .dilation = {2}, .causal = true};
    rg_val x = rg_input(n.graph, "x", RG_F32, rg_shape_of(1, 1, T));
    rg_val y = rg_conv1d(n.scope, x, &spec);
    const rg_weight *weight;
    assert_int_equal(rg_scope_weights(n.scope, &weight), 2);
    rg_plan *plan = compile(n.graph, &y, 1, NULL, 0);
    rg_rng rng = rg_rng_open(support_seed(), "causal");
    for (int i = 0; i < 2; i++)
        fill_random(&rng, plan, weight[i].input);
    fill_random(&rng, plan, x);
    float before[T];
    run(plan);
    memcpy(before, rg_plan_buffer(plan, y), sizeof(before));
    ((float *)rg_plan_buffer(plan, x))[CHANGED] += 1;
    run(plan);
    const float *after = rg_plan_buffer(plan, y), *w = rg_plan_buffer(plan, weight[0].input);
    assert_int_equal(rg_val_count(y), T);
    assert_memory_equal(before, after, CHANGED * sizeof(float));
    assert_close(after[CHANGED] - before[CHANGED], w[2], 1e-5); /* the last tap sees it now */
    rg_plan_free(plan);
    close_net(&n);
}

/* ---- Weights */

static void expect_weight(const rg_weight *weight, const char *name, rg_shape shape,
                          double most)
{
    static float value[4096];
    double largest = 0;
    assert_string_equal(weight->name, name);
    assert_true(rg_shape_same(rg_val_shape(weight->input), shape));
    rg_init_fill(&weight->init, support_seed(), name, value, RG_COUNT(value));
    for (size_t i = 0; i < RG_COUNT(value); i++)
        largest = fmax(largest, fabs((double)value[i]));
    assert_true(largest <= most * (1 + 1e-6) && largest > 0.99 * most);
}

static void test_names_and_initial_values(void **state)
{
    (void)state;
    net n = open_net();
    rg_convolution spec = {.width = 6, .kernel = {3, 5}, .padding = {1, 2}, .groups = 2};
    rg_val x = rg_input(n.graph, "x", RG_F32, rg_shape_of(1, 4, 8, 8));
    x = rg_conv2d(n.scope, rg_conv2d(n.scope, x, &spec), &spec);
    rg_conv2d_transposed(n.scope, x, &spec);
    const rg_weight *weight;
    assert_int_equal(rg_scope_weights(n.scope, &weight), 6);
    double first = 1 / sqrt(2 * 15), second = 1 / sqrt(3 * 15);
    expect_weight(&weight[0], "conv0.filters", rg_shape_of(6, 2, 3, 5), first);
    expect_weight(&weight[1], "conv0.bias", rg_shape_of(6), first);
    expect_weight(&weight[2], "conv1.filters", rg_shape_of(6, 3, 3, 5), second);
    expect_weight(&weight[3], "conv1.bias", rg_shape_of(6), second);
    expect_weight(&weight[4], "conv_transposed0.filters", rg_shape_of(6, 3, 3, 5), second);
    expect_weight(&weight[5], "conv_transposed0.bias", rg_shape_of(6), second);
    close_net(&n);
}

/* ---- No examples, and a single place */

static void test_small(void **state)
{
    (void)state;
    net n = open_net();
    rg_convolution spec = {.width = 2, .kernel = {1, 1}};
    rg_val none = rg_input(n.graph, "none", RG_F32, rg_shape_of(0, 3, 4, 4)), g[2];
    rg_val one = rg_input(n.graph, "one", RG_F32, rg_shape_of(1, 1, 1));
    rg_val y[2] = {rg_conv2d(n.scope, none, &spec), rg_conv1d_transposed(n.scope, one, &spec)};
    const rg_weight *weight;
    rg_scope_weights(n.scope, &weight);
    rg_grad(rg_add(rg_sum(y[0], RG_ALL_AXES, false), rg_sum(y[1], RG_ALL_AXES, false)),
            (rg_val[]){weight[0].input, weight[2].input}, 2, g);
    rg_plan *plan = compile(n.graph, (rg_val[]){y[0], y[1], g[0], g[1]}, 4, NULL, 0);
    *(float *)rg_plan_buffer(plan, one) = 3;
    run(plan);
    assert_int_equal(rg_val_count(y[0]), 0);
    assert_true(rg_shape_same(rg_val_shape(y[1]), rg_shape_of(1, 2, 1)));
    for (int i = 0; i < 6; i++)
        assert_true(((float *)rg_plan_buffer(plan, g[0]))[i] == 0);
    for (int i = 0; i < 2; i++)
        assert_true(((float *)rg_plan_buffer(plan, g[1]))[i] == 3);
    rg_plan_free(plan);
    close_net(&n);
}

/* ---- Mistakes */

static const struct {
    rg_val (*layer)(rg_place at, rg_scope *scope, rg_val x, const rg_convolution *spec);
    rg_convolution spec;
    const char *what, *remedy; /* how it begins */
} mistakes[] = {
    {rg_conv2d_at,
     {.width = 1, .kernel = {1, 1}},
     "a 2d convolution of a value of rank 3",
     "give it (B, C, height, width)"},
    {rg_conv1d_at,
     {.kernel = {1}},
     "a convolution of 4 channels to 0 in 1 groups",
     "give at least one channel"},
    {rg_conv1d_at,
     {.width = 4, .kernel = {1}, .groups = 3},
     "a convolution of 4 channels to 4 in 3 groups",
     "give at least one channel"},
    {rg_conv1d_at,
     {.width = 3, .kernel = {1}, .groups = 2},
     "a convolution of 4 channels to 3 in 2 groups",
     "give at least one channel"},
    {rg_conv1d_at,
     {.width = 4, .kernel = {1}, .groups = -1},
     "a convolution of 4 channels to 4 in -1 groups",
     "give at least one channel"},
    {rg_conv1d_at,
     {.width = 4},
     "no convolution along spatial axis 0 of length 6",
     "give a kernel, stride and dilation from 1"},
    {rg_conv1d_at,
     {.width = 4, .kernel = {2}, .stride = {-1}},
     "no convolution along",
     "give a kernel, stride and dilation from 1"},
    {rg_conv1d_at,
     {.width = 4, .kernel = {2}, .dilation = {INT64_MAX}},
     "no convolution along",
     "give a kernel, stride and dilation from 1"},
    {rg_conv1d_at,
     {.width = 4, .kernel = {2}, .padding = {-1}},
     "no convolution along",
     "give a padding from 0"},
    {rg_conv1d_at,
     {.width = 4, .kernel = {2}, .padding = {1}, .causal = true},
     "no convolution along",
     "a causal convolution pads itself"},
    {rg_conv1d_transposed_at,
     {.width = 4, .kernel = {2}, .causal = true},
     "no convolution along",
     "a causal convolution pads itself"},
    {rg_conv1d_at,
     {.width = 4, .kernel = {2}, .output_padding = {1}},
     "no convolution along",
     "output padding is for transposed"},
    {rg_conv1d_transposed_at,
     {.width = 4, .kernel = {2}, .stride = {2}, .output_padding = {2}},
     "no convolution along",
     "output padding is for transposed"},
    {rg_conv1d_at,
     {.width = 4, .kernel = {4}, .dilation = {2}},
     "no convolution along",
     "give a kernel that reaches no further"},
    {rg_conv1d_transposed_at,
     {.width = 4, .kernel = {2}, .padding = {4}},
     "no convolution along",
     "pad less"},
};

static void test_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < RG_COUNT(mistakes); i++) {
        net n = open_net();
        rg_val x = rg_input(n.graph, "x", RG_F32, rg_shape_of(2, 4, 6));
        rg_place at = {"model.c", 7};
        mistakes[i].layer(at, n.scope, x, &mistakes[i].spec);
        const rg_err *err = rg_graph_error(n.graph);
        assert_int_equal(err->code, RG_INPUT);
        assert_string_equal(err->where, "model.c:7");
        if (!rg_text_starts(err->what, mistakes[i].what) ||
            !rg_text_starts(err->remedy, mistakes[i].remedy))
            fail_msg("mistake %zu: %s; %s", i, err->what, err->remedy);
        close_net(&n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transposes),
        cmocka_unit_test(test_causal),
        cmocka_unit_test(test_names_and_initial_values),
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
