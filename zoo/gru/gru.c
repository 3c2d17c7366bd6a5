/* gru.c - gated recurrent units that read the features as a sequence; the last state is what the
 * answer is read from. */
#include "rigor/model.h"

static const rg_param params[] = {
    {.name = "steps",
     .kind = RG_PARAM_INT,
     .structural = true,
     .lo = 0,
     .hi = 65536,
     .fallback = "0",
     .help = "length of the sequence, a divisor of the features; 0: each feature is a step"},
    {.name = "width",
     .kind = RG_PARAM_INT,
     .structural = true,
     .lo = 1,
     .hi = 65536,
     .fallback = "64",
     .help = "numbers in a state"},
    {.name = "layers",
     .kind = RG_PARAM_INT,
     .structural = true,
     .lo = 1,
     .hi = 64,
     .fallback = "1",
     .help = "layers, each of which reads the states of the one before"},
    {.name = "dropout",
     .kind = RG_PARAM_NUMBER,
     .lo = 0,
     .hi = 0.95,
     .fallback = "0",
     .help = "probability that a number of a layer's states is dropped while training"},
    {0},
};

/* x: (B, D) -> (B, C) */
static rg_val gru_forward(rg_scope *s, rg_val x, const rg_conf *conf)
{
    int64_t layers = rg_conf_int(conf, "layers"), width = rg_conf_int(conf, "width");
    rg_val rate = rg_conf_val(conf, "dropout");
    x = rg_as_sequence(x, rg_conf_int(conf, "steps")); /* (B, T, D / T) */
    for (int64_t i = 1; i < layers; i++)
        x = rg_dropout(s, rg_gru(s, x, width).states, rate);
    return rg_linear(s, rg_dropout(s, rg_gru(s, x, width).last, rate), s->classes);
}

const rg_model rg_model_gru = {
    .name = "gru",
    .title = "gated recurrent units over a sequence",
    .paper = "Cho et al. 2014, Learning phrase representations using RNN encoder-decoder for "
             "statistical machine translation",
    .params = params,
    .tasks = RG_ANY_TASK,
    .forward = gru_forward,
};
