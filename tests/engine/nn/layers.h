/* layers.h - every layer and loss as a value of some shape from x of drawn sizes, for tests of
 * what holds of all. */
#ifndef RIGOR_TESTS_ENGINE_NN_LAYERS_H
#define RIGOR_TESTS_ENGINE_NN_LAYERS_H

#include "support.h"

#include "rigor/nn.h"

enum { FLOATS_MAX = 4, IDS_MAX = 4, BY_MAX = 32 };

typedef struct sizes {
    int64_t examples, steps, width; /* x: (examples, steps, width) */
    int64_t units, hidden;          /* of what a layer makes, and of what is inside */
    int64_t heads, kernel, edges;   /* kernel: at most the width */
} sizes;

typedef struct net {
    rg_graph *graph;
    rg_scope *scope;
    sizes z;
    rg_val x;
    size_t floats; /* x among them, the first */
    rg_val input[FLOATS_MAX];
    size_t ids; /* whole numbers in [0, below) */
    rg_val id[IDS_MAX];
    int64_t below[IDS_MAX];
} net;

static inline rg_val add_float(net *n)
{
    char name[16];
    snprintf(name, sizeof(name), "x%zu", n->floats);
    rg_shape shape = rg_shape_of(n->z.examples, n->z.steps, n->z.width);
    assert_true(n->floats < FLOATS_MAX);
    return n->input[n->floats++] = rg_input(n->graph, name, n->scope->dtype, shape);
}

static inline net open_net(const sizes *z, rg_dtype dtype)
{
    net n = {.graph = rg_graph_new(), .z = *z};
    n.scope = rg_scope_new(n.graph, true, 1, NULL);
    n.scope->dtype = dtype;
    n.x = add_float(&n);
    return n;
}

static inline void close_net(net *n)
{
    rg_scope_free(n->scope);
    rg_graph_free(n->graph);
}

/* The inputs and all that is trained. */
static inline size_t list_variables(const net *n, rg_val *ret)
{
    const rg_weight *w;
    size_t weights = rg_scope_weights(n->scope, &w), count = 0;
    for (size_t i = 0; i < n->floats; i++)
        ret[count++] = n->input[i];
    for (size_t i = 0; i < weights; i++)
        if (!w[i].buffer)
            ret[count++] = w[i].input;
    assert_true(count <= BY_MAX);
    return count;
}

/* ---- What layers are built from */
static inline rg_val number(const net *n, double value)
{
    return rg_const(n->graph, value, n->scope->dtype);
}

/* Of dropout, in f32 always. */
static inline rg_val rate(const net *n, double value)
{
    return rg_const(n->graph, value, RG_F32);
}

static inline int64_t places(const net *n)
{
    return n->z.examples * n->z.steps;
}

static inline rg_val as_rows(const net *n, rg_val x)
{
    return rg_reshape(x, rg_shape_of(places(n), n->z.width));
}

static inline rg_val rows(const net *n)
{
    return as_rows(n, n->x);
}

/* Another input of x's shape; its rows. */
static inline rg_val other(net *n)
{
    return add_float(n);
}

static inline rg_val other_rows(net *n)
{
    return as_rows(n, other(n));
}

static inline rg_val ids(net *n, int64_t count, int64_t below)
{
    char name[16];
    snprintf(name, sizeof(name), "ids%zu", n->ids);
    assert_true(n->ids < IDS_MAX);
    n->below[n->ids] = below;
    return n->id[n->ids++] = rg_input(n->graph, name, RG_I32, rg_shape_of(count));
}

static inline rg_val labels(net *n, int64_t classes)
{
    return ids(n, places(n), classes);
}

static inline rg_edges edges(net *n)
{
    rg_val source = ids(n, n->z.edges, places(n));
    return (rg_edges){source, ids(n, n->z.edges, places(n))};
}

/* Of the steps, which are group norm's channels. */
static inline int64_t groups(const net *n)
{
    return n->z.steps > 0 && n->z.steps % 2 == 0 ? 2 : 1;
}

static inline rg_val graph_convolution(net *n)
{
    rg_edges list = edges(n);
    return rg_graph_convolution(n->scope, rows(n), &list, n->z.units);
}

static inline rg_val graph_attention(net *n)
{
    rg_edges list = edges(n);
    return rg_graph_attention(n->scope, rows(n), &list, n->z.units, n->z.heads);
}

static inline rg_val triplet(net *n)
{
    rg_val positive = other_rows(n);
    return rg_triplet(rows(n), positive, other_rows(n), number(n, 1));
}

static inline rg_val gaussian_nll(net *n)
{
    rg_val variance = other(n);
    return rg_gaussian_nll(n->x, variance, other(n));
}

/* ---- The table: a name, what the width of x must be a multiple of, the value. */
#define EACH_LAYER(X) \
    X(linear, 1, rg_linear(s, x, z->units)) \
    X(linear_to_one, 1, rg_linear(s, x, 1)) \
    X(rnn, 1, rg_rnn(s, x, z->units).states) \
    X(rnn_last, 1, rg_rnn(s, x, z->units).last) \
    X(lstm, 1, rg_lstm(s, x, z->units).states) \
    X(lstm_cell, 1, rg_lstm(s, x, z->hidden).cell) \
    X(gru, 1, rg_gru(s, x, z->hidden).states) \
    X(mamba, 1, rg_mamba(s, x, &(rg_mamba_spec){0})) \
    X(block, 2 * z->heads, \
      rg_transformer_block( \
          s, x, \
          &(rg_block){.attention = {.heads = z->heads, .causal = true, .rope = 10000}, \
                      .feed_forward = {.hidden = z->hidden}})) \
    X(block_post_norm, z->heads, \
      rg_transformer_block( \
          s, x, \
          &(rg_block){.attention = {.heads = z->heads}, \
                      .feed_forward = {.hidden = z->hidden + 1, .gated = true}, \
                      .post_norm = true, \
                      .rms_norm = true})) \
    X(attention_to_itself, z->heads, \
      rg_multi_head_attention(s, x, x, &(rg_attention){.heads = z->heads, .kv_heads = 1})) \
    X(feed_forward, 1, rg_feed_forward(s, x, &(rg_feed_forward_spec){.hidden = z->hidden})) \
    X(mixture, 1, \
      rg_mixture_of_experts( \
          s, x, \
          &(rg_mixture){ \
              .experts = z->hidden + 2, .active = 2, .hidden = z->units, .balance = 1})) \
    X(mixture_of_one, 1, \
      rg_mixture_of_experts( \
          s, x, &(rg_mixture){.experts = 1, .active = 1, .hidden = z->hidden, .balance = 1})) \
    X(sinusoidal, 2, rg_sinusoidal_positions(x)) \
    X(learned_positions, 1, rg_learned_positions(s, x, z->steps + z->hidden)) \
    X(rope, 2, rg_rope(x, 10000)) \
    X(softmax, 1, rg_softmax(x)) \
    X(dropout, 1, rg_dropout(s, x, rate(n, 0.5))) \
    X(residual, 1, rg_residual(s, x, other(n), rate(n, 0.25))) \
    X(conv1d, 1, rg_conv1d(s, x, &(rg_convolution){.width = z->units, .kernel = {z->kernel}})) \
    X(conv1d_transposed, 1, \
      rg_conv1d_transposed( \
          s, x, \
          &(rg_convolution){.width = z->units, .kernel = {z->kernel + 1}, .stride = {2}})) \
    X(conv1d_causal, 1, \
      rg_conv1d( \
          s, x, \
          &(rg_convolution){.width = z->units, .kernel = {z->kernel + 2}, .causal = true})) \
    X(max_pool, 1, rg_max_pool(x, &(rg_pool){.size = {z->kernel}})) \
    X(max_pool_padded, 1, rg_max_pool(x, &(rg_pool){.size = {z->kernel + 1}, .padding = {1}})) \
    X(mean_pool, 1, rg_mean_pool(x, &(rg_pool){.size = {z->kernel}})) \
    X(embedding, 1, \
      rg_add(rows(n), rg_embedding(s, labels(n, z->hidden), z->hidden, z->width))) \
    X(layer_norm, 1, rg_layer_norm(s, x)) \
    X(rms_norm, 1, rg_rms_norm(s, x)) \
    X(batch_norm, 1, rg_batch_norm(s, x)) \
    X(group_norm, 1, rg_group_norm(s, x, groups(n))) \
    X(graph_convolution, 1, graph_convolution(n)) \
    X(graph_attention, 1, graph_attention(n)) \
    X(cross_entropy, 1, rg_cross_entropy(rows(n), labels(n, z->width), number(n, 0.1))) \
    X(cross_entropy_of_one, 1, \
      rg_cross_entropy(rg_reshape(x, rg_shape_of(rg_val_count(x), 1)), \
                       ids(n, rg_val_count(x), 1), (rg_val){0})) \
    X(focal, 1, rg_focal(rows(n), labels(n, z->width), number(n, 2))) \
    X(info_nce, 1, rg_info_nce(rows(n), other_rows(n), number(n, 0.5))) \
    X(triplet, 1, triplet(n)) \
    X(binary_cross_entropy, 1, rg_binary_cross_entropy(x, other(n))) \
    X(squared_error, 1, rg_squared_error(x, other(n))) \
    X(absolute_error, 1, rg_absolute_error(x, other(n))) \
    X(huber, 1, rg_huber(x, other(n), number(n, 1))) \
    X(gaussian_nll, 1, gaussian_nll(n))

#define LAYER(name, per, expression) \
    static inline int64_t layer_width_##name(const sizes *z) \
    { \
        (void)z; \
        return per; \
    } \
    static inline rg_val layer_##name(net *n) \
    { \
        rg_scope *s = n->scope; \
        const sizes *z = &n->z; \
        rg_val x = n->x; \
        (void)s; \
        (void)z; \
        (void)x; \
        return expression; \
    }
EACH_LAYER(LAYER)

static const struct {
    const char *name;
    int64_t (*width)(const sizes *z); /* x's is a multiple of it */
    rg_val (*build)(net *n);
} layers[] = {
#define ENTRY(name, per, expression) {#name, layer_width_##name, layer_##name},
    EACH_LAYER(ENTRY)
#undef ENTRY
};

#endif
