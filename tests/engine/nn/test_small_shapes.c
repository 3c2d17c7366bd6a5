/* test_small_shapes.c - layers and losses on nothing and on single elements: no example, no
 * step, one of each; with inputs of zeros, too, where norms and distances have no slope.
 * Values, first and second derivatives are finite. */
#include "engine/ir/node.h"
#include "engine/nn/torch.h"

#include "rigor/nn.h"

enum { BY_MAX = 32, WIDTH = 4 };

typedef struct net {
    rg_graph *graph;
    rg_scope *scope;
    rg_val x; /* (B, T, 4) */
    int ids;
} net;

/* ---- Layers: a value of any shape from x. */
static rg_val number(const net *n, double value)
{
    return rg_const(n->graph, value, RG_F32);
}

static rg_val rows(const net *n)
{
    return rg_reshape(n->x, rg_shape_of(rg_val_count(n->x) / WIDTH, WIDTH));
}

/* Whole numbers, zero all of them. */
static rg_val zeros(net *n, int64_t count)
{
    char name[16];
    snprintf(name, sizeof(name), "ids%d", n->ids++);
    return rg_input(n->graph, name, RG_I32, rg_shape_of(count));
}

static rg_val labels(net *n)
{
    return zeros(n, rg_val_count(n->x) / WIDTH);
}

#define LAYER(name, expression) \
    static rg_val layer_##name(net *n) \
    { \
        rg_scope *s = n->scope; \
        rg_val x = n->x; \
        (void)s; \
        (void)x; \
        return expression; \
    }
#define EACH_LAYER(X) \
    X(linear, rg_linear(s, x, 3)) \
    X(linear_to_one, rg_linear(s, x, 1)) \
    X(rnn, rg_rnn(s, x, 3).states) \
    X(rnn_last, rg_rnn(s, x, 3).last) \
    X(lstm, rg_lstm(s, x, 3).states) \
    X(lstm_cell, rg_lstm(s, x, 1).cell) \
    X(gru, rg_gru(s, x, 1).states) \
    X(mamba, rg_mamba(s, x, &(rg_mamba_spec){0})) \
    X(block, rg_transformer_block( \
                 s, x, \
                 &(rg_block){.attention = {.heads = 2, .causal = true, .rope = 10000}, \
                             .feed_forward = {.hidden = 1}})) \
    X(block_post_norm, \
      rg_transformer_block(s, x, \
                           &(rg_block){.attention = {.heads = 1}, \
                                       .feed_forward = {.hidden = 2, .gated = true}, \
                                       .post_norm = true, \
                                       .rms_norm = true})) \
    X(attention_to_itself, \
      rg_multi_head_attention(s, x, x, &(rg_attention){.heads = 4, .kv_heads = 1})) \
    X(feed_forward, rg_feed_forward(s, x, &(rg_feed_forward_spec){.hidden = 1})) \
    X(mixture, rg_mixture_of_experts( \
                   s, x, &(rg_mixture){.experts = 3, .active = 2, .hidden = 2, .balance = 1})) \
    X(mixture_of_one, \
      rg_mixture_of_experts( \
          s, x, &(rg_mixture){.experts = 1, .active = 1, .hidden = 1, .balance = 1})) \
    X(sinusoidal, rg_sinusoidal_positions(x)) \
    X(learned_positions, rg_learned_positions(s, x, 9)) \
    X(rope, rg_rope(x, 10000)) \
    X(softmax, rg_softmax(x)) \
    X(dropout, rg_dropout(s, x, number(n, 0.5))) \
    X(residual, rg_residual(s, x, x, number(n, 0.25))) \
    X(conv1d, rg_conv1d(s, x, &(rg_convolution){.width = 2, .kernel = {1}})) \
    X(conv1d_transposed, \
      rg_conv1d_transposed(s, x, &(rg_convolution){.width = 2, .kernel = {2}, .stride = {2}})) \
    X(conv1d_causal, \
      rg_conv1d(s, x, &(rg_convolution){.width = 2, .kernel = {3}, .causal = true})) \
    X(max_pool, rg_max_pool(x, &(rg_pool){.size = {1}})) \
    X(max_pool_padded, rg_max_pool(x, &(rg_pool){.size = {2}, .padding = {1}})) \
    X(mean_pool, rg_mean_pool(x, &(rg_pool){.size = {1}})) \
    X(embedding, rg_add(rows(n), rg_embedding(s, labels(n), 1, WIDTH))) \
    X(layer_norm, rg_layer_norm(s, x)) \
    X(rms_norm, rg_rms_norm(s, x)) \
    X(batch_norm, rg_batch_norm(s, x)) \
    X(group_norm, rg_group_norm(s, x, 1)) \
    X(graph_convolution, \
      rg_graph_convolution(s, rows(n), &(rg_edges){zeros(n, 0), zeros(n, 0)}, 3)) \
    X(graph_attention, \
      rg_graph_attention(s, rows(n), &(rg_edges){zeros(n, 0), zeros(n, 0)}, 3, 2)) \
    X(cross_entropy, rg_cross_entropy(rows(n), labels(n), number(n, 0.1))) \
    X(cross_entropy_of_one, rg_cross_entropy(rg_reshape(x, rg_shape_of(rg_val_count(x), 1)), \
                                             zeros(n, rg_val_count(x)), (rg_val){0})) \
    X(focal, rg_focal(rows(n), labels(n), number(n, 2))) \
    X(info_nce, rg_info_nce(rows(n), rows(n), number(n, 0.5))) \
    X(triplet, rg_triplet(rows(n), rows(n), rows(n), number(n, 1))) \
    X(binary_cross_entropy, rg_binary_cross_entropy(x, x)) \
    X(squared_error, rg_squared_error(x, x)) \
    X(absolute_error, rg_absolute_error(x, x)) \
    X(huber, rg_huber(x, x, number(n, 1))) \
    X(gaussian_nll, rg_gaussian_nll(x, x, x))
EACH_LAYER(LAYER)

static const struct {
    const char *name;
    rg_val (*build)(net *n);
} layers[] = {
#define ENTRY(name, expression) {#name, layer_##name},
    EACH_LAYER(ENTRY)
#undef ENTRY
};

/* ---- One layer at one shape. */
static net open_net(int64_t examples, int64_t steps)
{
    net n = {.graph = rg_graph_new()};
    n.scope = rg_scope_new(n.graph, true, 1, NULL);
    n.x = rg_input(n.graph, "x", RG_F32, rg_shape_of(examples, steps, WIDTH));
    return n;
}

/* x and all that is trained. */
static size_t list_variables(const net *n, rg_val *ret)
{
    const rg_weight *w;
    size_t weights = rg_scope_weights(n->scope, &w), count = 0;
    ret[count++] = n->x;
    for (size_t i = 0; i < weights; i++)
        if (!w[i].buffer)
            ret[count++] = w[i].input;
    assert_true(count <= BY_MAX);
    return count;
}

static rg_val sum_of_squares(rg_val v)
{
    return rg_sum(rg_mul(v, v), RG_ALL_AXES, false);
}

/* The value, the gradients of its squares (and of the penalty), and those of their squares. */
static size_t list_outputs(const net *n, rg_val y, rg_val *ret)
{
    rg_val by[BY_MAX], f = sum_of_squares(y), square = number(n, 0);
    size_t count = list_variables(n, by);
    if (n->scope->penalty.id)
        f = rg_add(f, n->scope->penalty);
    ret[0] = y;
    rg_grad(f, by, count, ret + 1);
    for (size_t i = 0; i < count; i++)
        square = rg_add(square, sum_of_squares(ret[1 + i]));
    rg_grad(square, by, count, ret + 1 + count);
    return 1 + 2 * count;
}

static void fill_net(const net *n, rg_plan *plan, bool with_zeros)
{
    const rg_weight *w;
    size_t count = rg_scope_weights(n->scope, &w);
    float *x = rg_plan_buffer(plan, n->x);
    for (size_t i = 0; i < count; i++)
        rg_init_fill(&w[i].init, 1, w[i].name, rg_plan_buffer(plan, w[i].input),
                     (size_t)rg_val_count(w[i].input));
    for (int64_t i = 0; i < rg_val_count(n->x); i++)
        x[i] = with_zeros ? 0 : 0.25f * (float)(i % 5) - 0.3f;
}

static void expect_finite(const char *name, const net *n, rg_plan *plan, const rg_val *out,
                          size_t count)
{
    char shape[160];
    rg_shape_text(shape, rg_val_shape(n->x));
    for (size_t k = 0; k < count; k++)
        for (int64_t i = 0; i < rg_val_count(out[k]); i++)
            if (!isfinite(((float *)rg_plan_buffer(plan, out[k]))[i]))
                fail_msg("%s of %s: result %zu of %zu has an element that is not finite", name,
                         shape, k, count);
}

static void run_finite(const char *name, const net *n, rg_val y)
{
    rg_val out[1 + 2 * BY_MAX];
    size_t count = list_outputs(n, y, out);
    rg_plan *plan = compile(n->graph, out, count, NULL, 0);
    for (int with_zeros = 0; with_zeros < 2; with_zeros++) {
        fill_net(n, plan, with_zeros);
        run(plan);
        expect_finite(name, n, plan, out, count);
    }
    rg_plan_free(plan);
}

/* What convolutions say of no steps, which are their channels here, and mamba's axis; "": a
 * layer that takes them. */
static const char *refusal_of(const char *name, int64_t steps)
{
    if (steps == 0 && rg_text_starts(name, "conv1d"))
        return "a convolution of 0 channels to 2 in 1 groups";
    if (steps == 0 && !strcmp(name, "mamba"))
        return "no convolution along spatial axis 0 of length 0";
    return "";
}

static void check(size_t k, int64_t examples, int64_t steps)
{
    net n = open_net(examples, steps);
    rg_val y = layers[k].build(&n);
    const char *what = rg_graph_error(n.graph)->what,
               *expected = refusal_of(layers[k].name, steps);
    if (strcmp(what, expected) != 0)
        fail_msg("%s of (%lld, %lld, 4): \"%s\", expected \"%s\"", layers[k].name,
                 (long long)examples, (long long)steps, what, expected);
    if (!expected[0])
        run_finite(layers[k].name, &n, y);
    rg_scope_free(n.scope);
    rg_graph_free(n.graph);
}

static void test_small_shapes(void **state)
{
    (void)state;
    static const int64_t shapes[][2] = {{0, 3}, {1, 1}, {2, 0}, {1, 3}};
    for (size_t s = 0; s < RG_COUNT(shapes); s++)
        for (size_t k = 0; k < RG_COUNT(layers); k++)
            check(k, shapes[s][0], shapes[s][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
