/* test_check_nn.c - the model check has nothing against our own layers, activations and
 * losses. */
#include "engine/train/fixtures.h"
#include "rigor/inspect.h"

/* Each makes a layer of x (64, 64) and returns (64, ...), or a loss of each example (64). */

static rg_val as_sequence(rg_val x)
{
    return rg_as_sequence(x, 8); /* (64, 8, 8) */
}

static rg_val as_image(rg_val x)
{
    return rg_reshape(x, rg_shape_of(64, 1, 8, 8));
}

static rg_val number(rg_val like, double value)
{
    return rg_const(like.graph, value, RG_F32);
}

static rg_val linear(rg_scope *s, rg_val x)
{
    return rg_linear(s, x, 16);
}

static rg_val project(rg_scope *s, rg_val x)
{
    return rg_project(s, x, 16);
}

/* Whole numbers from 0 to 7 that depend on x. */
static rg_val ids_of(rg_val x)
{
    return rg_cast(rg_mul(rg_add(rg_tanh(x), number(x, 1)), number(x, 3.9)), RG_I32);
}

static rg_val embedding(rg_scope *s, rg_val x)
{
    return rg_embedding(s, ids_of(x), 8, 4);
}

static rg_val dropout(rg_scope *s, rg_val x)
{
    return rg_dropout(s, linear(s, x), number(x, 0.3));
}

static rg_val residual(rg_scope *s, rg_val x)
{
    return rg_residual(s, x, rg_linear(s, x, 64), number(x, 0.3));
}

/* ---- Normalisations, positions. */

static rg_val layer_norm(rg_scope *s, rg_val x)
{
    return rg_layer_norm(s, linear(s, x));
}

static rg_val rms_norm(rg_scope *s, rg_val x)
{
    return rg_rms_norm(s, linear(s, x));
}

static rg_val group_norm(rg_scope *s, rg_val x)
{
    return rg_group_norm(s, linear(s, x), 4);
}

static rg_val batch_norm(rg_scope *s, rg_val x)
{
    return rg_batch_norm(s, linear(s, x));
}

static rg_val positions(rg_scope *s, rg_val x)
{
    return rg_rope(rg_learned_positions(s, rg_sinusoidal_positions(as_sequence(x)), 8), 1e4);
}

/* ---- Attention, transformers, experts. */

static rg_val attend(rg_scope *s, rg_val x)
{
    (void)s;
    rg_val heads = rg_reshape(x, rg_shape_of(64, 2, 4, 8));
    return rg_attend(heads, heads, heads, (rg_val){0}, true);
}

static rg_val attention(rg_scope *s, rg_val x)
{
    rg_val mask =
        rg_lt(rg_iota(x.graph, rg_shape_of(8, 8), 1, RG_I32), rg_const(x.graph, 6, RG_I32));
    rg_val seq = as_sequence(x);
    return rg_multi_head_attention(
        s, seq, seq,
        &(rg_attention){
            .heads = 4, .kv_heads = 2, .rope = 1e4, .mask = mask, .dropout = number(x, 0.1)});
}

static rg_val gated(rg_scope *s, rg_val x)
{
    return rg_feed_forward(
        s, x, &(rg_feed_forward_spec){.hidden = 16, .activation = "silu", .gated = true});
}

static rg_val block(rg_scope *s, rg_val x)
{
    return rg_transformer_block(
        s, as_sequence(x),
        &(rg_block){.attention = {.heads = 2, .causal = true}, .feed_forward = {.hidden = 16}});
}

static rg_val post_norm_block(rg_scope *s, rg_val x)
{
    return rg_transformer_block(s, as_sequence(x),
                                &(rg_block){.attention = {.heads = 2},
                                            .feed_forward = {.hidden = 16},
                                            .post_norm = true,
                                            .rms_norm = true});
}

static rg_val one_expert(rg_scope *s, rg_val x)
{
    return rg_mixture_of_experts(
        s, x, &(rg_mixture){.experts = 4, .active = 1, .hidden = 8, .balance = 0.01});
}

static rg_val two_experts(rg_scope *s, rg_val x)
{
    return rg_mixture_of_experts(
        s, as_sequence(x),
        &(rg_mixture){.experts = 4, .active = 2, .hidden = 8, .balance = 0.01});
}

/* ---- Graphs: each example is a node, a ring of edges and a few across. */

static rg_edges ring(rg_graph *graph)
{
    rg_val from = rg_iota(graph, rg_shape_of(64), 0, RG_I32);
    rg_val half = rg_lt(from, rg_const(graph, 32, RG_I32)), one = rg_const(graph, 1, RG_I32);
    return (rg_edges){from, rg_select(half, rg_add(from, one), rg_const(graph, 5, RG_I32))};
}

static rg_val graph_convolution(rg_scope *s, rg_val x)
{
    rg_edges edges = ring(x.graph);
    return rg_graph_convolution(s, x, &edges, 8);
}

static rg_val graph_attention(rg_scope *s, rg_val x)
{
    rg_edges edges = ring(x.graph);
    return rg_graph_attention(s, x, &edges, 4, 2);
}

static rg_val segments(rg_scope *s, rg_val x)
{
    rg_edges edges = ring(x.graph);
    rg_val share = rg_segment_softmax(linear(s, x), edges.target, 64);
    return rg_segment_sum(rg_mul(share, share), edges.target, 64);
}

/* ---- Recurrences and state spaces. */

static rg_val rnn(rg_scope *s, rg_val x)
{
    return rg_rnn(s, as_sequence(x), 8).states;
}

static rg_val lstm(rg_scope *s, rg_val x)
{
    return rg_lstm(s, as_sequence(x), 8).cell;
}

static rg_val gru(rg_scope *s, rg_val x)
{
    return rg_gru(s, as_sequence(x), 8).last;
}

static rg_val selective_scan(rg_scope *s, rg_val x)
{
    rg_val seq = as_sequence(x);
    rg_init ones = {.kind = RG_INIT_ONES};
    rg_val rate = rg_scope_weight(s, "rate", rg_shape_of(8, 4), ones);
    rg_selective_scan_spec spec = {.delta = rg_activate(seq, "softplus"),
                                   .a = rg_neg(rg_activate(rate, "softplus")),
                                   .b = rg_linear(s, seq, 4),
                                   .c = rg_linear(s, seq, 4),
                                   .skip = rg_scope_weight(s, "skip", rg_shape_of(8), ones)};
    return rg_selective_scan(seq, &spec);
}

static rg_val mamba(rg_scope *s, rg_val x)
{
    return rg_mamba(s, as_sequence(x), &(rg_mamba_spec){0});
}

/* ---- Convolutions and pooling. */

static rg_val conv1d(rg_scope *s, rg_val x)
{
    x = rg_conv1d(s, as_sequence(x),
                  &(rg_convolution){.width = 4, .kernel = {3}, .causal = true});
    return rg_conv1d_transposed(s, x,
                                &(rg_convolution){.width = 4, .kernel = {3}, .stride = {2}});
}

static rg_val conv2d(rg_scope *s, rg_val x)
{
    x = rg_conv2d(s, as_image(x),
                  &(rg_convolution){.width = 4, .kernel = {3, 3}, .padding = {1, 1}});
    return rg_conv2d_transposed(
        s, x, &(rg_convolution){.width = 2, .kernel = {3, 3}, .stride = {2, 2}});
}

static rg_val pools(rg_scope *s, rg_val x)
{
    x = rg_conv2d(s, as_image(x), &(rg_convolution){.width = 4, .kernel = {3, 3}});
    x = rg_max_pool(x, &(rg_pool){.size = {2, 2}, .padding = {1, 1}});
    return rg_mean_pool(x, &(rg_pool){.size = {2, 2}, .padding = {1, 1}});
}

/* ---- Losses. */

static rg_val label_of(rg_val x)
{
    return rg_iota(x.graph, rg_shape_of(64), 0, RG_I32);
}

static rg_val cross_entropy(rg_scope *s, rg_val x)
{
    rg_val loss = rg_cross_entropy(rg_linear(s, x, 64), label_of(x), number(x, 0.1));
    rg_val weights = rg_broadcast(number(x, 2), rg_shape_of(64));
    return rg_weighted(loss, label_of(x), weights);
}

static rg_val focal(rg_scope *s, rg_val x)
{
    return rg_focal(rg_linear(s, x, 64), label_of(x), number(x, 2));
}

static rg_val binary(rg_scope *s, rg_val x)
{
    rg_val target = rg_cast(rg_lt(number(x, 0), x), RG_F32);
    return rg_binary_cross_entropy(rg_linear(s, x, 64), target);
}

static rg_val squared(rg_scope *s, rg_val x)
{
    return rg_squared_error(rg_linear(s, x, 64), x);
}

static rg_val absolute(rg_scope *s, rg_val x)
{
    return rg_absolute_error(rg_linear(s, x, 64), x);
}

static rg_val huber(rg_scope *s, rg_val x)
{
    return rg_huber(rg_linear(s, x, 64), x, number(x, 1));
}

/* The exponent of the likelihood is the model's to bound. */
static rg_val gaussian(rg_scope *s, rg_val x)
{
    rg_val log_variance = rg_mul(rg_tanh(rg_linear(s, x, 64)), number(x, 5));
    return rg_gaussian_nll(rg_linear(s, x, 64), log_variance, x);
}

static rg_val info_nce(rg_scope *s, rg_val x)
{
    return rg_info_nce(linear(s, x), linear(s, x), number(x, 0.1));
}

static rg_val triplet(rg_scope *s, rg_val x)
{
    return rg_triplet(linear(s, x), linear(s, x), linear(s, x), number(x, 1));
}

/* ---- The table. */

#define LAYER(function) \
    { \
#function, function, false \
    }
#define LOSS(function) \
    { \
#function, function, true \
    }
static const struct {
    const char *name;
    rg_val (*layer)(rg_scope *s, rg_val x);
    bool loss;
} cases[] = {
    LAYER(linear),
    LAYER(project),
    LAYER(embedding),
    LAYER(dropout),
    LAYER(residual),
    LAYER(layer_norm),
    LAYER(rms_norm),
    LAYER(group_norm),
    LAYER(batch_norm),
    LAYER(positions),
    LAYER(attend),
    LAYER(attention),
    LAYER(gated),
    LAYER(block),
    LAYER(post_norm_block),
    LAYER(one_expert),
    LAYER(two_experts),
    LAYER(graph_convolution),
    LAYER(segments),
    LAYER(graph_attention),
    LAYER(rnn),
    LAYER(lstm),
    LAYER(gru),
    LAYER(selective_scan),
    LAYER(mamba),
    LAYER(conv1d),
    LAYER(conv2d),
    LAYER(pools),
    LOSS(cross_entropy),
    LOSS(focal),
    LOSS(binary),
    LOSS(squared),
    LOSS(absolute),
    LOSS(huber),
    LOSS(gaussian),
    LOSS(info_nce),
    LOSS(triplet),
};
static size_t at; /* the case, or the activation, that the model is made of */

static rg_val forward(rg_scope *s, rg_val x, const rg_conf *conf)
{
    (void)conf;
    if (cases[at].loss) {
        rg_scope_penalize(s, rg_sum(cases[at].layer(s, x), RG_ALL_AXES, false));
        return rg_linear(s, x, s->classes);
    }
    rg_val y = cases[at].layer(s, x);
    return rg_linear(s, rg_reshape(y, rg_shape_of(64, rg_val_count(y) / 64)), s->classes);
}

static rg_val activated(rg_scope *s, rg_val x, const rg_conf *conf)
{
    (void)conf;
    x = rg_activate(rg_linear(s, x, 16), rg_activation_names[at]);
    return rg_linear(s, rg_mul(x, rg_softmax(x)), s->classes);
}

static void assert_clean(const char *name, rg_val (*of)(rg_scope *, rg_val, const rg_conf *))
{
    static const rg_param params[] = {{0}};
    const rg_model model = {
        .name = name, .params = params, .tasks = RG_ANY_TASK, .forward = of};
    json_t *config =
        json_pack("{s:{}, s:o}", "model", "train", rg_param_defaults(rg_train_params));
    rg_program_spec spec = {.model = &model,
                            .config = config,
                            .task = RG_CLASSIFY,
                            .classes = 10,
                            .features = 64,
                            .rows = 256};
    rg_err err = {0};
    json_t *facts = rg_model_check(&spec, &err);
    assert_good(facts != NULL, err);
    const json_t *findings = json_object_get(facts, "findings");
    if (json_array_size(findings))
        fail_msg("%s: %s", name, rg_json_canonical(findings));
    json_decref(facts);
    json_decref(config);
}

static void test_layers_and_losses(void **state)
{
    (void)state;
    for (at = 0; at < RG_COUNT(cases); at++)
        assert_clean(cases[at].name, forward);
}

static void test_activations(void **state)
{
    (void)state;
    for (at = 0; rg_activation_names[at]; at++)
        assert_clean(rg_activation_names[at], activated);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers_and_losses),
        cmocka_unit_test(test_activations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
