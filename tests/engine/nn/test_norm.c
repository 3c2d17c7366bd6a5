/* test_norm.c - batch norm's running statistics; short batches; layers of odd shapes; what
 * layers refuse.  Values and gradients are in test_records.c. */
#include "engine/nn/torch.h"

#include "rigor/nn.h"

typedef struct net {
    rg_graph *graph;
    rg_scope *scope;
} net;

static net open_net(bool training)
{
    net n = {.graph = rg_graph_new()};
    n.scope = rg_scope_new(n.graph, training, 1, NULL);
    return n;
}

static void close_net(net *n, rg_plan *plan)
{
    rg_plan_free(plan);
    rg_scope_free(n->scope);
    rg_graph_free(n->graph);
}

static void fill_weights(const net *n, rg_plan *plan)
{
    const rg_weight *weights;
    size_t count = rg_scope_weights(n->scope, &weights);
    for (size_t i = 0; i < count; i++)
        rg_init_fill(&weights[i].init, support_seed(), weights[i].name,
                     rg_plan_buffer(plan, weights[i].input),
                     (size_t)rg_val_count(weights[i].input));
}

/* ---- Batch norm */

static void test_running_statistics(void **state)
{
    (void)state;
    net n = open_net(true);
    rg_val x = rg_input(n.graph, "x", RG_F32, rg_shape_of(4, 2));
    rg_batch_norm(n.scope, x);
    const rg_weight *w;
    assert_int_equal(rg_scope_weights(n.scope, &w), 4);
    assert_string_equal(w[0].name, "batch_norm0.running_mean");
    assert_string_equal(w[1].name, "batch_norm0.running_variance");
    assert_true(w[0].buffer && w[1].buffer && !w[2].buffer && !w[3].buffer);
    rg_carry carries[2] = {{w[0].input, w[0].next}, {w[1].input, w[1].next}};
    rg_plan *plan = compile(n.graph, NULL, 0, carries, 2);
    fill_weights(&n, plan);
    const float given[8] = {1, 10, 2, 20, 3, 30, 6, 40};
    memcpy(rg_plan_buffer(plan, x), given, sizeof(given));
    const float *mean = rg_plan_buffer(plan, w[0].input);
    const float *variance = rg_plan_buffer(plan, w[1].input);
    double m = 0, v = 1; /* channel 0: mean 3, unbiased variance 14/3 */
    for (int step = 0; step < 3; step++) {
        run(plan);
        m += 0.1 * (3 - m);
        v += 0.1 * (14.0 / 3 - v);
        assert_close(mean[0], m, 1e-6);
        assert_close(variance[0], v, 1e-6);
    }
    assert_close(mean[1], 25 * (1 - 0.9 * 0.9 * 0.9), 1e-6);
    close_net(&n, plan);
}

static void test_evaluation_uses_the_buffers(void **state)
{
    (void)state;
    net n = open_net(false);
    rg_val x = rg_input(n.graph, "x", RG_F32, rg_shape_of(1, 1));
    rg_val y = rg_batch_norm(n.scope, x);
    const rg_weight *w;
    rg_scope_weights(n.scope, &w);
    rg_plan *plan = compile(n.graph, &y, 1, NULL, 0);
    const double given[4] = {3, 4, 10, 1}; /* mean, variance, gain, bias */
    for (size_t i = 0; i < 4; i++)
        *(float *)rg_plan_buffer(plan, w[i].input) = (float)given[i];
    *(float *)rg_plan_buffer(plan, x) = 7;
    run(plan);
    assert_close(*(float *)rg_plan_buffer(plan, y), 1 + 10 * 4 / sqrt(4 + 1e-5), 1e-6);
    close_net(&n, plan);
}

/* (rows, 3) with the first `there` rows real: the normed real rows and their derivatives. */
static void norm_rows(int64_t rows, int64_t there, float *y, float *dx, float *statistics)
{
    net n = open_net(true);
    rg_val x = rg_input(n.graph, "x", RG_F32, rg_shape_of(rows, 3));
    rg_val weight = rg_input(n.graph, "weight", RG_F32, rg_shape_of(rows));
    if (there < rows)
        n.scope->present = weight;
    rg_val out[4] = {rg_batch_norm(n.scope, x)};
    rg_val each = rg_reshape(weight, rg_shape_of(rows, 1));
    rg_val cube = rg_mul(out[0], rg_mul(out[0], out[0]));
    rg_grad(rg_sum(rg_mul(cube, each), RG_ALL_AXES, false), &x, 1, &out[1]);
    const rg_weight *w;
    rg_scope_weights(n.scope, &w);
    out[2] = w[0].next;
    out[3] = w[1].next;
    rg_plan *plan = compile(n.graph, out, 4, NULL, 0);
    fill_weights(&n, plan);
    rg_rng rng = rg_rng_open(support_seed(), "rows");
    float *value = rg_plan_buffer(plan, x), *is = rg_plan_buffer(plan, weight);
    for (int64_t i = 0; i < rows * 3; i++)
        value[i] = (float)rg_rng_normal(&rng);
    for (int64_t i = 0; i < rows; i++)
        is[i] = i < there ? 1 : 0;
    run(plan);
    memcpy(y, rg_plan_buffer(plan, out[0]), (size_t)there * 3 * sizeof(*y));
    memcpy(dx, rg_plan_buffer(plan, out[1]), (size_t)there * 3 * sizeof(*dx));
    memcpy(statistics, rg_plan_buffer(plan, out[2]), 3 * sizeof(*y));
    memcpy(statistics + 3, rg_plan_buffer(plan, out[3]), 3 * sizeof(*y));
    close_net(&n, plan);
}

/* A short batch in a longer plan gives what a plan of its length gives. */
static void test_empty_places_do_not_count(void **state)
{
    (void)state;
    for (int64_t there = 1; there <= 5; there++) {
        float y[2][15], dx[2][15], statistics[2][6];
        norm_rows(there, there, y[0], dx[0], statistics[0]);
        norm_rows(8, there, y[1], dx[1], statistics[1]);
        for (int64_t i = 0; i < there * 3; i++) {
            assert_close(y[1][i], y[0][i], 2e-6);
            assert_close(dx[1][i], dx[0][i], 2e-5);
        }
        for (int i = 0; i < 6; i++)
            assert_close(statistics[1][i], statistics[0][i], 2e-6);
    }
}

/* The balance of experts counts the tokens of examples that are there. */
static float balance(int64_t rows, int64_t there)
{
    net n = open_net(true);
    rg_val x = rg_input(n.graph, "x", RG_F32, rg_shape_of(rows, 2, 4));
    rg_val weight = rg_input(n.graph, "weight", RG_F32, rg_shape_of(rows));
    if (there < rows)
        n.scope->present = weight;
    rg_mixture spec = {.experts = 3, .active = 2, .hidden = 4, .balance = 1};
    rg_mixture_of_experts(n.scope, x, &spec);
    rg_plan *plan = compile(n.graph, &n.scope->penalty, 1, NULL, 0);
    fill_weights(&n, plan);
    rg_rng rng = rg_rng_open(support_seed(), "tokens");
    float *value = rg_plan_buffer(plan, x), *is = rg_plan_buffer(plan, weight);
    for (int64_t i = 0; i < rows * 8; i++)
        value[i] = (float)rg_rng_normal(&rng);
    for (int64_t i = 0; i < rows; i++)
        is[i] = i < there ? 1 : 0;
    run(plan);
    float ret = *(float *)rg_plan_buffer(plan, n.scope->penalty);
    close_net(&n, plan);
    return ret;
}

/* Only training is penalised. */
static void test_no_balance_in_evaluation(void **state)
{
    (void)state;
    net n = open_net(false);
    rg_val x = rg_input(n.graph, "x", RG_F32, rg_shape_of(3, 4));
    rg_mixture spec = {.experts = 3, .active = 2, .hidden = 4, .balance = 1};
    rg_mixture_of_experts(n.scope, x, &spec);
    assert_int_equal(n.scope->penalty.id, 0);
    close_net(&n, NULL);
}

static void test_balance_of_a_short_batch(void **state)
{
    (void)state;
    assert_close(balance(8, 3), balance(3, 3), 1e-6);
    assert_true(fabsf(balance(8, 8) - balance(3, 3)) > 1e-4F);
}

/* ---- Shapes of zero and one, and of eight axes */

static void check_finite(rg_val (*layer)(rg_scope *scope, rg_val x), rg_shape shape)
{
    net n = open_net(true);
    rg_val x = rg_input(n.graph, "x", RG_F32, shape), out[2] = {layer(n.scope, x)};
    rg_grad(rg_sum(out[0], RG_ALL_AXES, false), &x, 1, &out[1]);
    rg_plan *plan = compile(n.graph, out, 2, NULL, 0);
    fill_weights(&n, plan);
    float *value = rg_plan_buffer(plan, x);
    for (int64_t i = 0; i < rg_val_count(x); i++)
        value[i] = 0.25f * (float)(i % 5);
    run(plan);
    for (size_t k = 0; k < 2; k++)
        for (int64_t i = 0; i < rg_val_count(out[k]); i++)
            assert_true(isfinite(((const float *)rg_plan_buffer(plan, out[k]))[i]));
    close_net(&n, plan);
}

static rg_val one_group(rg_scope *scope, rg_val x)
{
    return rg_group_norm(scope, x, 1);
}

static rg_val layer_norm(rg_scope *scope, rg_val x)
{
    return rg_layer_norm(scope, x);
}

static rg_val rms_norm(rg_scope *scope, rg_val x)
{
    return rg_rms_norm(scope, x);
}

static rg_val batch_norm(rg_scope *scope, rg_val x)
{
    return rg_batch_norm(scope, x);
}

static rg_val self_attention(rg_scope *scope, rg_val x)
{
    rg_shape shape = rg_val_shape(x);
    rg_val flat = rg_reshape(x, rg_shape_of(shape.dim[0], shape.dim[1], 2));
    rg_attention spec = {.heads = 2, .causal = true};
    return rg_multi_head_attention(scope, flat, flat, &spec);
}

static void test_odd_shapes(void **state)
{
    (void)state;
    rg_val (*const norms[])(rg_scope *, rg_val) = {layer_norm, rms_norm, one_group, batch_norm};
    const rg_shape shapes[] = {rg_shape_of(1, 1), rg_shape_of(0, 3), rg_shape_of(3, 2, 0),
                               rg_shape_of(2, 2, 1, 2, 1, 2, 1, 2)};
    for (size_t i = 0; i < RG_COUNT(norms); i++)
        for (size_t k = 0; k < RG_COUNT(shapes); k++)
            check_finite(norms[i], shapes[k]);
    check_finite(self_attention, rg_shape_of(1, 1, 2));
    check_finite(self_attention, rg_shape_of(0, 3, 2));
}

/* A query that may look nowhere gets zeros, and no gradient that is no number. */
static void test_attention_to_nothing(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(1, 1, 2, 3));
    const int32_t may[4] = {0, 0, 1, 1};
    rg_val mask = rg_cast(rg_const_array(graph, may, RG_I32, rg_shape_of(2, 2)), RG_BOOL);
    rg_val out[2] = {rg_attend(x, x, x, mask, false)};
    rg_grad(rg_sum(out[0], RG_ALL_AXES, false), &x, 1, &out[1]);
    rg_plan *plan = compile(graph, out, 2, NULL, 0);
    float *value = rg_plan_buffer(plan, x);
    for (int i = 0; i < 6; i++)
        value[i] = (float)(i + 1);
    run(plan);
    const float *y = rg_plan_buffer(plan, out[0]), *dx = rg_plan_buffer(plan, out[1]);
    for (int i = 0; i < 3; i++)
        assert_true(y[i] == 0 && y[3 + i] > 1);
    for (int i = 0; i < 6; i++)
        assert_true(isfinite(dx[i]));
    rg_plan_free(plan);
    rg_graph_free(graph);
}

/* ---- Mistakes: what is wrong, where the model made it, what to do */

static rg_val bad_layer_norm(net *n)
{
    return rg_layer_norm(n->scope, rg_const(n->graph, 1, RG_F32));
}

static rg_val bad_group_norm(net *n)
{
    return rg_group_norm(n->scope, rg_input(n->graph, "x", RG_F32, rg_shape_of(2, 6)), 4);
}

static rg_val bad_batch_norm(net *n)
{
    return rg_batch_norm(n->scope, rg_input(n->graph, "x", RG_F32, rg_shape_of(2)));
}

static rg_val bad_embedding(net *n)
{
    return rg_embedding(n->scope, rg_input(n->graph, "x", RG_F32, rg_shape_of(2)), 3, 4);
}

static rg_val bad_positions(net *n)
{
    return rg_sinusoidal_positions(rg_input(n->graph, "x", RG_F32, rg_shape_of(2, 3)));
}

static rg_val bad_learned_positions(net *n)
{
    return rg_learned_positions(n->scope, rg_input(n->graph, "x", RG_F32, rg_shape_of(6, 4)),
                                5);
}

static rg_val bad_rope(net *n)
{
    return rg_rope(rg_input(n->graph, "x", RG_F32, rg_shape_of(4)), 10000);
}

static rg_val bad_attend(net *n)
{
    rg_val q = rg_input(n->graph, "q", RG_F32, rg_shape_of(2, 3, 4, 5));
    rg_val k = rg_input(n->graph, "k", RG_F32, rg_shape_of(2, 2, 4, 5));
    return rg_attend(q, k, k, (rg_val){0}, false);
}

static rg_val bad_mask(net *n)
{
    rg_val q = rg_input(n->graph, "q", RG_F32, rg_shape_of(2, 3, 4, 5));
    return rg_attend(q, q, q, rg_input(n->graph, "m", RG_BOOL, rg_shape_of(1, 2, 3, 4, 4)),
                     false);
}

static rg_val bad_heads(net *n)
{
    rg_val x = rg_input(n->graph, "x", RG_F32, rg_shape_of(2, 3, 8));
    rg_attention spec = {.heads = 4, .kv_heads = 3};
    return rg_multi_head_attention(n->scope, x, x, &spec);
}

static rg_val bad_base(net *n)
{
    rg_val x = rg_input(n->graph, "x", RG_F32, rg_shape_of(2, 3, 8));
    return rg_rope(x, 0);
}

/* The mistake is found within: rotary positions of heads of width 1. */
static rg_val bad_rotation(net *n)
{
    rg_val x = rg_input(n->graph, "x", RG_F32, rg_shape_of(2, 3, 4));
    rg_attention spec = {.heads = 4, .rope = 10000};
    return rg_multi_head_attention(n->scope, x, x, &spec);
}

static rg_val bad_memory(net *n)
{
    rg_val x = rg_input(n->graph, "x", RG_F32, rg_shape_of(2, 3, 4));
    rg_val memory = rg_input(n->graph, "m", RG_F32, rg_shape_of(3, 3, 4));
    rg_attention spec = {.heads = 2};
    return rg_multi_head_attention(n->scope, x, memory, &spec);
}

static rg_val bad_softmax(net *n)
{
    return rg_softmax(rg_const(n->graph, 1, RG_F32));
}

static rg_val bad_feed_forward(net *n)
{
    rg_feed_forward_spec spec = {.hidden = 0};
    return rg_feed_forward(n->scope, rg_input(n->graph, "x", RG_F32, rg_shape_of(2)), &spec);
}

static rg_val bad_mixture(net *n)
{
    rg_mixture spec = {.experts = 2, .active = 3, .hidden = 4};
    return rg_mixture_of_experts(n->scope, rg_input(n->graph, "x", RG_F32, rg_shape_of(2, 2)),
                                 &spec);
}

static rg_val bad_graph(net *n)
{
    rg_edges edges = {rg_input(n->graph, "s", RG_I32, rg_shape_of(3)),
                      rg_input(n->graph, "t", RG_I32, rg_shape_of(2))};
    rg_val x = rg_input(n->graph, "x", RG_F32, rg_shape_of(2, 2));
    return rg_graph_convolution(n->scope, x, &edges, 2);
}

static rg_val bad_labels(net *n)
{
    rg_val x = rg_input(n->graph, "x", RG_F32, rg_shape_of(2, 2));
    return rg_focal(x, x, rg_const(n->graph, 2, RG_F32));
}

static rg_val bad_rows(net *n)
{
    rg_val x = rg_input(n->graph, "x", RG_F32, rg_shape_of(2, 2));
    rg_val one = rg_const(n->graph, 1, RG_F32);
    return rg_triplet(x, x, rg_input(n->graph, "y", RG_F32, rg_shape_of(3, 2)), one);
}

/* Steps merged with examples: a short batch would count what is not there. */
static rg_val bad_rows_of_batch(net *n)
{
    n->scope->present = rg_input(n->graph, "there", RG_F32, rg_shape_of(2));
    rg_val x = rg_input(n->graph, "merged", RG_F32, rg_shape_of(2, 3, 4));
    return rg_batch_norm(n->scope, rg_reshape(x, rg_shape_of(6, 4)));
}

/* A GRU has no cell: norms of no value are none, and the next layer with weights says so. */
static rg_val bad_no_value(net *n)
{
    rg_val x = rg_input(n->graph, "x", RG_F32, rg_shape_of(2, 3, 4));
    rg_val cell = rg_gru(n->scope, x, 4).cell;
    return rg_linear(n->scope, rg_group_norm(n->scope, rg_layer_norm(n->scope, cell), 2), 3);
}

static rg_val bad_targets(net *n)
{
    rg_val p = rg_input(n->graph, "p", RG_F32, rg_shape_of(4, 1));
    return rg_squared_error(p, rg_input(n->graph, "t", RG_F32, rg_shape_of(4)));
}

static rg_val bad_variance(net *n)
{
    rg_val m = rg_input(n->graph, "m", RG_F32, rg_shape_of(4));
    return rg_gaussian_nll(m, rg_input(n->graph, "s", RG_F32, rg_shape_of(1)), m);
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        rg_val (*make)(net *n);
        const char *what;
    } cases[] = {
        {bad_layer_norm, "layer norm of a value of rank 0"},
        {bad_group_norm, "group norm of 6 channels in 4 groups"},
        {bad_batch_norm, "batch norm of a value of rank 1"},
        {bad_embedding, "an embedding of 3 entries of width 4"},
        {bad_positions, "positions of a value of rank 2 and width 3"},
        {bad_learned_positions, "5 learned positions for a value of rank 2 and length 6"},
        {bad_rope, "positions of a value of rank 1 and width 4"},
        {bad_attend, "attention of queries (2, 3, 4, 5), keys (2, 2, 4, 5) and values (2, 2, "
                     "4, 5)"},
        {bad_mask, "an attention mask of rank 5"},
        {bad_heads, "attention of 4 heads, 3 of keys, on a value of shape (2, 3, 8)"},
        {bad_base, "rotary positions of base 0"},
        {bad_rotation, "positions of a value of rank 4 and width 1"},
        {bad_memory, "attention of queries (2, 2, 3, 2), keys (3, 2, 3, 2) and values (3, 2, "
                     "3, 2)"},
        {bad_softmax, "softmax of a scalar"},
        {bad_feed_forward, "a feed-forward layer of rank 1 and hidden width 0"},
        {bad_mixture, "a mixture of 2 experts of width 4, 3 active"},
        {bad_graph, "a graph layer of rank 2, edges of rank 1 and 1 and width 2"},
        {bad_labels, "focal loss of logits of rank 2 and labels of rank 2"},
        {bad_rows, "triplet loss of values of rank 2 and 2"},
        {bad_rows_of_batch, "6 rows in a batch of 2 examples: which are there cannot be told"},
        {bad_no_value, "a linear layer of rank 0 and width 3"},
        {bad_targets, "squared error of shapes (4, 1) and (4)"},
        {bad_variance, "Gaussian likelihood of shapes (4) and (1)"},
    };
    for (size_t k = 0; k < RG_COUNT(cases); k++) {
        net n = open_net(true);
        cases[k].make(&n);
        const rg_err *err = rg_graph_error(n.graph);
        assert_int_equal(err->code, RG_INPUT);
        assert_string_equal(err->what, cases[k].what);
        assert_non_null(strstr(err->where, "test_norm.c"));
        assert_true(err->remedy[0] != '\0');
        close_net(&n, NULL);
    }
}

/* ---- Pointers to nothing: a line of a layer each */

#define NOTHING(X) \
    X(attention, "spec", rg_multi_head_attention(n->scope, x, x, NULL)) \
    X(feed_forward, "spec", rg_feed_forward(n->scope, x, NULL)) \
    X(block, "spec", rg_transformer_block(n->scope, x, NULL)) \
    X(mixture, "spec", rg_mixture_of_experts(n->scope, x, NULL)) \
    X(graph_convolution, "edges", rg_graph_convolution(n->scope, x, NULL, 2)) \
    X(graph_attention, "edges", rg_graph_attention(n->scope, x, NULL, 2, 2)) \
    X(scan, "spec", rg_selective_scan(x, NULL)) \
    X(mamba, "spec", rg_mamba(n->scope, x, NULL)) \
    X(conv1d, "spec", rg_conv1d(n->scope, x, NULL)) \
    X(conv2d, "spec", rg_conv2d(n->scope, x, NULL)) \
    X(conv1d_transposed, "spec", rg_conv1d_transposed(n->scope, x, NULL)) \
    X(conv2d_transposed, "spec", rg_conv2d_transposed(n->scope, x, NULL)) \
    X(max_pool, "pool", rg_max_pool(x, NULL)) \
    X(mean_pool, "pool", rg_mean_pool(x, NULL))

#define MAKE(name, what, layer) \
    static rg_val nothing_##name(net *n, rg_val x) \
    { \
        (void)n; \
        return layer; \
    }
NOTHING(MAKE)

static void test_pointers_to_nothing(void **state)
{
    (void)state;
#define CASE(name, what, layer) {nothing_##name, "a layer whose " what " is NULL"},
    static const struct {
        rg_val (*make)(net *n, rg_val x);
        const char *what;
    } cases[] = {NOTHING(CASE)};
    for (size_t k = 0; k < RG_COUNT(cases); k++) {
        net n = open_net(true);
        rg_val x = rg_input(n.graph, "x", RG_F32, rg_shape_of(2, 4, 4));
        rg_val y = cases[k].make(&n, x);
        const rg_err *err = rg_graph_error(n.graph);
        assert_string_equal(err->what, cases[k].what);
        assert_non_null(strstr(err->where, "test_norm.c"));
        assert_ptr_equal(y.graph, n.graph);
        close_net(&n, NULL);
    }
}

static void test_unknown_activations(void **state)
{
    (void)state;
    static const struct {
        const char *name, *what, *remedy;
    } cases[] = {
        {NULL, "there is no activation \"NULL\"", "known: relu, gelu, silu, "},
        {"sigmoyd", "there is no activation \"sigmoyd\"",
         "did you mean \"sigmoid\"? known: relu, gelu, silu, tanh, sigmoid, "},
    };
    for (size_t k = 0; k < RG_COUNT(cases); k++) {
        net n = open_net(true);
        rg_activate(rg_input(n.graph, "x", RG_F32, rg_shape_of(2)), cases[k].name);
        const rg_err *err = rg_graph_error(n.graph);
        assert_string_equal(err->what, cases[k].what);
        assert_true(rg_text_starts(err->remedy, cases[k].remedy));
        assert_string_equal(strrchr(err->remedy, ','), ", identity");
        close_net(&n, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_running_statistics),
        cmocka_unit_test(test_evaluation_uses_the_buffers),
        cmocka_unit_test(test_empty_places_do_not_count),
        cmocka_unit_test(test_balance_of_a_short_batch),
        cmocka_unit_test(test_no_balance_in_evaluation),
        cmocka_unit_test(test_odd_shapes),
        cmocka_unit_test(test_attention_to_nothing),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_pointers_to_nothing),
        cmocka_unit_test(test_unknown_activations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
