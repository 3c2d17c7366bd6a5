/* mlp.c - the multi-layer perceptron: affine maps with an element-wise activation between them.
 */
#include "rigor/model.h"

static const rg_param params[] = {
    {.name = "hidden",
     .kind = RG_PARAM_INTS,
     .structural = true,
     .lo = 1,
     .hi = 65536,
     .fallback = "[64, 64]",
     .help = "width of each hidden layer"},
    {.name = "activation",
     .kind = RG_PARAM_CHOICE,
     .structural = true,
     .choices = rg_activation_names,
     .fallback = "\"relu\"",
     .help = "applied behind each hidden layer"},
    {.name = "dropout",
     .kind = RG_PARAM_NUMBER,
     .lo = 0,
     .hi = 0.95,
     .fallback = "0",
     .help = "probability that a hidden unit is dropped while training"},
    {0},
};

/* x: (B, D) -> (B, C) */
static rg_val mlp_forward(rg_scope *s, rg_val x, const rg_conf *conf)
{
    for (size_t i = 0; i < rg_conf_count(conf, "hidden"); i++) {
        x = rg_linear(s, x, rg_conf_int_at(conf, "hidden", i));
        x = rg_activate(x, rg_conf_str(conf, "activation"));
        x = rg_dropout(s, x, rg_conf_val(conf, "dropout"));
    }
    return rg_linear(s, x, s->classes);
}

const rg_model rg_model_mlp = {
    .name = "mlp",
    .title = "multi-layer perceptron",
    .paper = "Rumelhart, Hinton & Williams 1986, Learning representations by back-propagating "
             "errors; dropout: Srivastava et al. 2014",
    .params = params,
    .tasks = RG_ANY_TASK,
    .forward = mlp_forward,
};
