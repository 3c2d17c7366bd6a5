/* transformer.c - an encoder of pre-norm transformer blocks over the features as tokens; the
 * answer is read from the mean over tokens. */
#include "rigor/model.h"

#include <string.h>

static const char *const positions[] = {"learned", "sinusoidal", "rotary", "none", NULL};

static const rg_param params[] = {
    {.name = "tokens",
     .kind = RG_PARAM_INT,
     .structural = true,
     .lo = 0,
     .hi = 65536,
     .fallback = "0",
     .help = "length of the sequence, a divisor of the features; 0: each feature is a token"},
    {.name = "width",
     .kind = RG_PARAM_INT,
     .structural = true,
     .lo = 1,
     .hi = 65536,
     .fallback = "64",
     .help = "numbers that stand for a token; a multiple of the heads"},
    {.name = "layers",
     .kind = RG_PARAM_INT,
     .structural = true,
     .lo = 0,
     .hi = 256,
     .fallback = "2",
     .help = "blocks of attention and feed-forward layer"},
    {.name = "heads",
     .kind = RG_PARAM_INT,
     .structural = true,
     .lo = 1,
     .hi = 1024,
     .fallback = "4",
     .help = "heads of attention"},
    {.name = "hidden",
     .kind = RG_PARAM_INT,
     .structural = true,
     .lo = 1,
     .hi = 262144,
     .fallback = "128",
     .help = "width inside of the feed-forward layers"},
    {.name = "positions",
     .kind = RG_PARAM_CHOICE,
     .structural = true,
     .choices = positions,
     .fallback = "\"learned\"",
     .help = "how a token knows its place"},
    {.name = "dropout",
     .kind = RG_PARAM_NUMBER,
     .lo = 0,
     .hi = 0.95,
     .fallback = "0",
     .help = "probability that a number is dropped while training: tokens, hidden layers and "
             "both branches of a block"},
    {0},
};

static bool uses(const rg_conf *conf, const char *kind)
{
    return strcmp(rg_conf_str(conf, "positions"), kind) == 0;
}

/* Rotary positions turn queries and keys inside of the blocks. */
static rg_val placed(rg_scope *s, rg_val x, const rg_conf *conf)
{
    if (uses(conf, "learned"))
        return rg_learned_positions(s, x, rg_val_shape(x).dim[1]);
    return uses(conf, "sinusoidal") ? rg_sinusoidal_positions(x) : x;
}

/* x: (B, D) -> (B, C) */
static rg_val transformer_forward(rg_scope *s, rg_val x, const rg_conf *conf)
{
    rg_val rate = rg_conf_val(conf, "dropout");
    rg_block block = {.attention = {.heads = rg_conf_int(conf, "heads"),
                                    .rope = uses(conf, "rotary") ? 10000 : 0},
                      .feed_forward = {.hidden = rg_conf_int(conf, "hidden"), .dropout = rate},
                      .dropout = rate};
    x = rg_as_sequence(x, rg_conf_int(conf, "tokens")); /* (B, T, D / T) */
    x = rg_linear(s, x, rg_conf_int(conf, "width"));    /* (B, T, W) */
    x = rg_dropout(s, placed(s, x, conf), rate);
    for (int64_t i = 0; i < rg_conf_int(conf, "layers"); i++)
        x = rg_transformer_block(s, x, &block);
    x = rg_layer_norm(s, x);
    rg_val share = rg_const(s->graph, 1 / (double)rg_val_shape(x).dim[1], RG_F32);
    return rg_linear(s, rg_mul(rg_sum(x, RG_AXIS(1), false), share), s->classes);
}

const rg_model rg_model_transformer = {
    .name = "transformer",
    .title = "transformer encoder over tokens",
    .paper = "Vaswani et al. 2017, Attention is all you need; norms before the branches: Xiong "
             "et al. 2020",
    .params = params,
    .tasks = RG_ANY_TASK,
    .forward = transformer_forward,
};
