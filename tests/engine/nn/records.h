/* records.h - layers and losses as recorded by tests/peers/record_torch_layers.py: a case
 * builds a value from inputs and weights that the script names in torch_layers.json. */
#ifndef RIGOR_TESTS_ENGINE_NN_RECORDS_H
#define RIGOR_TESTS_ENGINE_NN_RECORDS_H

#define TORCH_RECORD "torch_layers.json"
#include "engine/nn/torch.h"

#include "rigor/nn.h"

#define INPUTS_MAX 24

typedef struct record {
    const json_t *recorded;
    rg_dtype dtype;
    rg_graph *graph;
    rg_scope *scope;
    size_t n;
    rg_val input[INPUTS_MAX];
    const json_t *given[INPUTS_MAX]; /* their shapes and numbers */
    bool variable[INPUTS_MAX];       /* a gradient is recorded */
    const char *name[INPUTS_MAX];
} record;

/* ---- What cases are built from */

static inline rg_shape shape_of(const json_t *given)
{
    const json_t *list = json_object_get(given, "shape");
    rg_shape shape = {.rank = (int)json_array_size(list)};
    for (int i = 0; i < shape.rank; i++)
        shape.dim[i] = json_integer_value(json_array_get(list, (size_t)i));
    return shape;
}

static inline void note(record *r, const char *name, rg_val input, const json_t *given)
{
    assert_true(r->n < INPUTS_MAX);
    r->name[r->n] = name;
    r->input[r->n] = input;
    r->given[r->n] = given;
    r->variable[r->n++] =
        json_object_get(json_object_get(r->recorded, "gradients"), name) != NULL;
}

/* The recorded input: whole numbers as I32, others as the type under test. */
static inline rg_val in(record *r, const char *name)
{
    const json_t *given = json_object_get(json_object_get(r->recorded, "inputs"), name);
    assert_non_null(given);
    rg_dtype dtype = json_object_get(given, "whole") ? RG_I32 : r->dtype;
    rg_val input = rg_input(r->graph, name, dtype, shape_of(given));
    note(r, name, input, given);
    return input;
}

static inline rg_val number(record *r, double value)
{
    return rg_const(r->graph, value, r->dtype);
}

/* ---- The cases */

static inline rg_val case_layer_norm(record *r)
{
    return rg_layer_norm(r->scope, in(r, "x"));
}

static inline rg_val case_rms_norm(record *r)
{
    return rg_rms_norm(r->scope, in(r, "x"));
}

static inline rg_val case_group_norm(record *r)
{
    return rg_group_norm(r->scope, in(r, "x"), 3);
}

static inline rg_val case_batch_norm(record *r)
{
    return rg_batch_norm(r->scope, in(r, "x"));
}

static inline rg_val case_batch_norm_evaluation(record *r)
{
    r->scope->training = false;
    return case_batch_norm(r);
}

static inline rg_val case_conv1d(record *r)
{
    rg_convolution spec = {
        .width = 6, .kernel = {3}, .stride = {2}, .padding = {2}, .dilation = {2}, .groups = 2};
    return rg_conv1d(r->scope, in(r, "x"), &spec);
}

static inline rg_val case_conv1d_causal(record *r)
{
    rg_convolution spec = {
        .width = 4, .kernel = {2}, .dilation = {2}, .causal = true, .no_bias = true};
    return rg_conv1d(r->scope, in(r, "x"), &spec);
}

static inline rg_val case_conv2d(record *r)
{
    rg_convolution spec = {
        .width = 4, .kernel = {3, 2}, .stride = {1, 2}, .padding = {1}, .dilation = {1, 2}};
    return rg_conv2d(r->scope, in(r, "x"), &spec);
}

static inline rg_val case_conv2d_causal(record *r)
{
    rg_convolution spec = {.width = 2, .kernel = {2, 3}, .causal = true};
    return rg_conv2d(r->scope, in(r, "x"), &spec);
}

static inline rg_val case_conv2d_depthwise(record *r)
{
    rg_convolution spec = {.width = 6, .kernel = {2, 2}, .groups = 3};
    return rg_conv2d(r->scope, in(r, "x"), &spec);
}

static inline rg_val case_conv1d_transposed(record *r)
{
    rg_convolution spec = {.width = 6,
                           .kernel = {3},
                           .stride = {3},
                           .padding = {1},
                           .output_padding = {2},
                           .dilation = {2},
                           .groups = 2};
    return rg_conv1d_transposed(r->scope, in(r, "x"), &spec);
}

static inline rg_val case_conv2d_transposed(record *r)
{
    rg_convolution spec = {
        .width = 4, .kernel = {3, 2}, .stride = {2}, .padding = {1}, .output_padding = {1}};
    return rg_conv2d_transposed(r->scope, in(r, "x"), &spec);
}

static inline rg_val case_conv2d_transposed_cropped(record *r)
{
    rg_convolution spec = {
        .width = 3, .kernel = {1, 2}, .stride = {2, 2}, .padding = {1, 2}, .no_bias = true};
    return rg_conv2d_transposed(r->scope, in(r, "x"), &spec);
}

static inline rg_val case_max_pool(record *r)
{
    return rg_max_pool(in(r, "x"),
                       &(rg_pool){.size = {3, 2}, .stride = {2, 2}, .padding = {1}});
}

static inline rg_val case_max_pool_tiles(record *r)
{
    return rg_max_pool(in(r, "x"), &(rg_pool){.size = {2}});
}

static inline rg_val case_mean_pool(record *r)
{
    return rg_mean_pool(in(r, "x"),
                        &(rg_pool){.size = {3, 2}, .stride = {2, 1}, .padding = {1, 1}});
}

static inline rg_val case_mean_pool_tiles(record *r)
{
    return rg_mean_pool(in(r, "x"), &(rg_pool){.size = {2, 2}});
}

static const rg_pool volume = {.size = {3, 2, 2}, .stride = {2, 1, 2}, .padding = {1, 0, 1}};

static inline rg_val case_max_pool_volume(record *r)
{
    return rg_max_pool(in(r, "x"), &volume);
}

static inline rg_val case_mean_pool_volume(record *r)
{
    return rg_mean_pool(in(r, "x"), &volume);
}

static inline rg_val flat(rg_val x)
{
    return rg_reshape(x, rg_shape_of(rg_val_count(x)));
}

static inline rg_val case_rnn(record *r)
{
    return flat(rg_rnn(r->scope, in(r, "x"), 4).states);
}

static inline rg_val case_lstm(record *r)
{
    rg_recurrence made = rg_lstm(r->scope, in(r, "x"), 4);
    return rg_concat((const rg_val[]){flat(made.states), flat(made.cell)}, 2, 0);
}

static inline rg_val case_gru(record *r)
{
    return flat(rg_gru(r->scope, in(r, "x"), 4).states);
}

/* A row for each entry of the table. */
static inline rg_val case_activations(record *r)
{
    rg_val x = in(r, "x"), row[16];
    size_t n = 0;
    for (; rg_activations[n].name; n++)
        row[n] = rg_reshape(rg_activate(x, rg_activations[n].name), rg_shape_of(1, 7));
    return rg_concat(row, n, 0);
}

static inline rg_val case_selective_scan(record *r)
{
    rg_val x = in(r, "x");
    rg_selective_scan_spec spec = {.delta = in(r, "delta"),
                                   .a = in(r, "a"),
                                   .b = in(r, "b"),
                                   .c = in(r, "c"),
                                   .skip = in(r, "skip")};
    return rg_selective_scan(x, &spec);
}

static inline rg_val case_mamba(record *r)
{
    rg_mamba_spec spec = {.expand = 2, .states = 3, .kernel = 3, .rank = 2};
    return rg_mamba(r->scope, in(r, "x"), &spec);
}

static inline rg_val case_mamba_wide(record *r)
{
    rg_mamba_spec spec = {.expand = 3, .states = 3, .kernel = 3, .rank = 2};
    return rg_mamba(r->scope, in(r, "x"), &spec);
}

static inline rg_val case_embedding(record *r)
{
    return rg_embedding(r->scope, in(r, "ids"), 5, 4);
}

static inline rg_val case_sinusoidal(record *r)
{
    return rg_sinusoidal_positions(in(r, "x"));
}

static inline rg_val case_learned_positions(record *r)
{
    return rg_learned_positions(r->scope, in(r, "x"), 5);
}

static inline rg_val case_rope(record *r)
{
    return rg_rope(in(r, "x"), 10000);
}

static inline rg_val attend(record *r, rg_val mask, bool causal)
{
    rg_val q = in(r, "q"), k = in(r, "k"), v = in(r, "v");
    return rg_attend(q, k, v, mask, causal);
}

static inline rg_val case_attend(record *r)
{
    return attend(r, (rg_val){0}, false);
}

static inline rg_val case_attend_causal_grouped(record *r)
{
    return attend(r, (rg_val){0}, true);
}

static inline rg_val case_attend_masked(record *r)
{
    rg_val mask = rg_cast(in(r, "mask"), RG_BOOL);
    return attend(r, rg_reshape(mask, rg_shape_of(2, 1, 1, 3)), false);
}

static inline rg_val case_linear(record *r)
{
    return rg_linear(r->scope, in(r, "x"), 5);
}

static inline rg_val case_multi_head_memory(record *r)
{
    rg_val x = in(r, "x");
    return rg_multi_head_attention(r->scope, x, in(r, "memory"), &(rg_attention){.heads = 2});
}

static inline rg_val case_multi_head_masked(record *r)
{
    rg_val x = in(r, "x"), memory = in(r, "memory");
    rg_attention spec = {.heads = 2, .mask = rg_cast(in(r, "mask"), RG_BOOL)};
    return rg_multi_head_attention(r->scope, x, memory, &spec);
}

static inline rg_val case_multi_head_rotary(record *r)
{
    rg_val x = in(r, "x");
    rg_attention spec = {.heads = 2,
                         .kv_heads = 1,
                         .causal = true,
                         .no_bias = true,
                         .rope = 100,
                         .mask = rg_cast(in(r, "mask"), RG_BOOL)};
    return rg_multi_head_attention(r->scope, x, x, &spec);
}

static inline rg_val case_feed_forward(record *r)
{
    rg_feed_forward_spec spec = {.hidden = 6, .activation = "silu"};
    return rg_feed_forward(r->scope, in(r, "x"), &spec);
}

static inline rg_val encoder(record *r, bool post_norm)
{
    rg_block spec = {
        .attention = {.heads = 2}, .feed_forward = {.hidden = 12}, .post_norm = post_norm};
    return rg_transformer_block(r->scope, in(r, "x"), &spec);
}

static inline rg_val case_block_pre_norm(record *r)
{
    return encoder(r, false);
}

static inline rg_val case_block_post_norm(record *r)
{
    return encoder(r, true);
}

static inline rg_val case_block_llama(record *r)
{
    rg_block spec = {
        .attention =
            {.heads = 4, .kv_heads = 2, .causal = true, .no_bias = true, .rope = 10000},
        .feed_forward = {.hidden = 10, .activation = "silu", .gated = true, .no_bias = true},
        .rms_norm = true};
    return rg_transformer_block(r->scope, in(r, "x"), &spec);
}

/* The penalty stands behind the values. */
static inline rg_val mixture(record *r, const rg_mixture *spec)
{
    rg_val y = rg_mixture_of_experts(r->scope, in(r, "x"), spec);
    rg_val parts[2] = {rg_reshape(y, rg_shape_of(24)),
                       rg_reshape(r->scope->penalty, rg_shape_of(1))};
    return rg_concat(parts, 2, 0);
}

static inline rg_val case_mixture_top1(record *r)
{
    return mixture(r, &(rg_mixture){.experts = 5, .active = 1, .hidden = 6, .balance = 0.25});
}

static inline rg_val case_mixture_top2(record *r)
{
    return mixture(r, &(rg_mixture){.experts = 5, .active = 2, .hidden = 6, .balance = 0.25});
}

static inline rg_val case_mixture_silu(record *r)
{
    rg_mixture spec = {
        .experts = 5, .active = 2, .hidden = 6, .activation = "silu", .balance = 0.5};
    return mixture(r, &spec);
}

static inline rg_val case_graph_convolution(record *r)
{
    rg_edges edges = {in(r, "source"), in(r, "target")};
    return rg_graph_convolution(r->scope, in(r, "x"), &edges, 5);
}

static inline rg_val case_graph_attention(record *r)
{
    rg_edges edges = {in(r, "source"), in(r, "target")};
    return rg_graph_attention(r->scope, in(r, "x"), &edges, 2, 2);
}

static inline rg_val case_graph_attention_wide(record *r)
{
    rg_edges edges = {in(r, "source"), in(r, "target")};
    return rg_graph_attention(r->scope, in(r, "x"), &edges, 3, 2);
}

static inline rg_val case_cross_entropy_weighted(record *r)
{
    rg_val labels = in(r, "labels");
    rg_val losses = rg_cross_entropy(in(r, "logits"), labels, (rg_val){0});
    return rg_weighted(losses, labels, in(r, "const.weights"));
}

static inline rg_val case_cross_entropy_smoothed(record *r)
{
    rg_val logits = in(r, "logits");
    return rg_cross_entropy(logits, in(r, "labels"), number(r, 0.1));
}

static inline rg_val case_softmax(record *r)
{
    return rg_softmax(in(r, "x"));
}

static inline rg_val case_squared_error(record *r)
{
    rg_val p = in(r, "p");
    return rg_squared_error(p, in(r, "t"));
}

static inline rg_val case_focal(record *r)
{
    rg_val logits = in(r, "logits");
    return rg_focal(logits, in(r, "labels"), number(r, 2));
}

static inline rg_val case_binary_cross_entropy(record *r)
{
    rg_val z = in(r, "z");
    return rg_binary_cross_entropy(z, in(r, "t"));
}

static inline rg_val case_absolute_error(record *r)
{
    rg_val p = in(r, "p");
    return rg_absolute_error(p, in(r, "t"));
}

static inline rg_val case_huber(record *r)
{
    rg_val p = in(r, "p");
    return rg_huber(p, in(r, "t"), number(r, 1.5));
}

static inline rg_val case_gaussian_nll(record *r)
{
    rg_val m = in(r, "m"), s = in(r, "s");
    return rg_gaussian_nll(m, s, in(r, "t"));
}

static inline rg_val case_info_nce(record *r)
{
    rg_val q = in(r, "q");
    return rg_info_nce(q, in(r, "k"), number(r, 0.5));
}

static inline rg_val case_triplet(record *r)
{
    rg_val a = in(r, "a"), p = in(r, "p");
    return rg_triplet(a, p, in(r, "n"), number(r, 1));
}

static inline rg_val case_triplet_margin(record *r)
{
    rg_val a = in(r, "a"), p = in(r, "p");
    return rg_triplet(a, p, in(r, "n"), number(r, 2.5));
}

static const struct {
    const char *name;
    rg_val (*build)(record *r);
} cases[] = {
    {"layer_norm", case_layer_norm},
    {"rms_norm", case_rms_norm},
    {"group_norm", case_group_norm},
    {"batch_norm", case_batch_norm},
    {"batch_norm_places", case_batch_norm},
    {"batch_norm_evaluation", case_batch_norm_evaluation},
    {"conv1d", case_conv1d},
    {"conv1d_causal", case_conv1d_causal},
    {"conv2d", case_conv2d},
    {"conv2d_causal", case_conv2d_causal},
    {"conv2d_depthwise", case_conv2d_depthwise},
    {"conv1d_transposed", case_conv1d_transposed},
    {"conv2d_transposed", case_conv2d_transposed},
    {"conv2d_transposed_cropped", case_conv2d_transposed_cropped},
    {"max_pool", case_max_pool},
    {"max_pool_tiles", case_max_pool_tiles},
    {"mean_pool", case_mean_pool},
    {"mean_pool_tiles", case_mean_pool_tiles},
    {"max_pool_volume", case_max_pool_volume},
    {"mean_pool_volume", case_mean_pool_volume},
    {"rnn", case_rnn},
    {"lstm", case_lstm},
    {"gru", case_gru},
    {"activations", case_activations},
    {"selective_scan", case_selective_scan},
    {"mamba", case_mamba},
    {"mamba_wide", case_mamba_wide},
    {"embedding", case_embedding},
    {"sinusoidal", case_sinusoidal},
    {"learned_positions", case_learned_positions},
    {"rope", case_rope},
    {"attend", case_attend},
    {"attend_causal_grouped", case_attend_causal_grouped},
    {"attend_masked", case_attend_masked},
    {"linear", case_linear},
    {"multi_head_memory", case_multi_head_memory},
    {"multi_head_masked", case_multi_head_masked},
    {"multi_head_rotary", case_multi_head_rotary},
    {"feed_forward", case_feed_forward},
    {"block_pre_norm", case_block_pre_norm},
    {"block_post_norm", case_block_post_norm},
    {"block_llama", case_block_llama},
    {"mixture_top1", case_mixture_top1},
    {"mixture_top2", case_mixture_top2},
    {"mixture_silu", case_mixture_silu},
    {"graph_convolution", case_graph_convolution},
    {"graph_attention", case_graph_attention},
    {"graph_attention_wide", case_graph_attention_wide},
    {"cross_entropy_weighted", case_cross_entropy_weighted},
    {"cross_entropy_smoothed", case_cross_entropy_smoothed},
    {"softmax", case_softmax},
    {"squared_error", case_squared_error},
    {"focal", case_focal},
    {"binary_cross_entropy", case_binary_cross_entropy},
    {"absolute_error", case_absolute_error},
    {"huber", case_huber},
    {"gaussian_nll", case_gaussian_nll},
    {"info_nce", case_info_nce},
    {"triplet", case_triplet},
    {"triplet_margin", case_triplet_margin},
};

/* ---- Opening, filling, running */

static inline rg_val open_record(record *r, size_t k, rg_dtype dtype)
{
    *r = (record){.recorded = json_object_get(torch_record, cases[k].name), .dtype = dtype};
    assert_non_null(r->recorded);
    r->graph = rg_graph_new();
    r->scope = rg_scope_new(r->graph, true, 1, NULL);
    r->scope->dtype = dtype;
    rg_val y = cases[k].build(r);
    const rg_weight *weights;
    size_t n = rg_scope_weights(r->scope, &weights);
    for (size_t i = 0; i < n; i++) {
        const json_t *given =
            json_object_get(json_object_get(r->recorded, "inputs"), weights[i].name);
        if (given || !weights[i].buffer) {
            assert_non_null(given);
            assert_true(rg_shape_same(shape_of(given), rg_val_shape(weights[i].input)));
            note(r, weights[i].name, weights[i].input, given);
        }
    }
    assert_int_equal(r->n, json_object_size(json_object_get(r->recorded, "inputs")));
    return y;
}

static inline void close_record(record *r, rg_plan *plan)
{
    rg_plan_free(plan);
    rg_scope_free(r->scope);
    rg_graph_free(r->graph);
}

/* A constant of the type under test with the recorded numbers. */
static inline rg_val constant(record *r, const json_t *list, rg_shape shape)
{
    double wide[256];
    float narrow[256];
    size_t n = json_array_size(list);
    assert_true(n <= 256 && (int64_t)n == rg_val_count(rg_iota(r->graph, shape, 0, RG_I32)));
    for (size_t i = 0; i < n; i++)
        narrow[i] = (float)(wide[i] = json_number_value(json_array_get(list, i)));
    const void *data = r->dtype == RG_F64 ? (const void *)wide : narrow;
    return rg_const_array(r->graph, data, r->dtype, shape);
}

static inline void fill_record(record *r, rg_plan *plan)
{
    for (size_t k = 0; k < r->n; k++) {
        void *to = rg_plan_buffer(plan, r->input[k]);
        const json_t *whole = json_object_get(r->given[k], "whole"), *value;
        const json_t *list = whole ? whole : json_object_get(r->given[k], "data");
        for (size_t i = 0; i < json_array_size(list); i++) {
            value = json_array_get(list, i);
            if (whole)
                ((int32_t *)to)[i] = (int32_t)json_integer_value(value);
            else if (r->dtype == RG_F64)
                ((double *)to)[i] = json_number_value(value);
            else
                ((float *)to)[i] = (float)json_number_value(value);
        }
    }
}

/* Opens the case: its value, then the gradients of <upstream, value> by what is variable. */
static inline size_t open_outputs(record *r, size_t k, rg_dtype dtype, rg_val *ret)
{
    rg_val y = ret[0] = open_record(r, k, dtype), by[INPUTS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++)
        if (r->variable[i])
            by[n++] = r->input[i];
    rg_val upstream = constant(r, json_object_get(r->recorded, "upstream"), rg_val_shape(y));
    rg_grad(rg_sum(rg_mul(y, upstream), RG_ALL_AXES, false), by, n, ret + 1);
    return n + 1;
}

#endif
