/* cnn.c - a convolutional network: blocks of convolution, norm, activation and pooling over an
 * image or a sequence, then one affine map. */
#include "rigor/model.h"

#include <string.h>

static const char *const norms[] = {"batch", "group", "none", NULL};
static const char *const poolings[] = {"max", "mean", NULL};
static const char *const heads[] = {"flatten", "mean", NULL};

static const rg_param params[] = {
    {.name = "shape",
     .kind = RG_PARAM_INTS,
     .structural = true,
     .lo = 1,
     .hi = 65536,
     .fallback = "[]",
     .help = "the features of a channel as [height, width] or [length]; [] is one sequence"},
    {.name = "planes",
     .kind = RG_PARAM_INT,
     .structural = true,
     .lo = 1,
     .hi = 65536,
     .fallback = "1",
     .help = "channels of the input: the features are (planes, shape...)"},
    {.name = "channels",
     .kind = RG_PARAM_INTS,
     .structural = true,
     .lo = 1,
     .hi = 65536,
     .fallback = "[16, 32]",
     .help = "channels of each block's convolution"},
    {.name = "kernel",
     .kind = RG_PARAM_INT,
     .structural = true,
     .lo = 1,
     .hi = 255,
     .fallback = "3",
     .help = "places that a filter sees along each axis, odd: padding keeps the lengths"},
    {.name = "norm",
     .kind = RG_PARAM_CHOICE,
     .structural = true,
     .choices = norms,
     .fallback = "\"batch\"",
     .help = "behind each convolution; group: each channel of an example on its own"},
    {.name = "activation",
     .kind = RG_PARAM_CHOICE,
     .structural = true,
     .choices = rg_activation_names,
     .fallback = "\"relu\"",
     .help = "behind each norm"},
    {.name = "pool",
     .kind = RG_PARAM_INT,
     .structural = true,
     .lo = 1,
     .hi = 255,
     .fallback = "2",
     .help = "side of the windows that end each block; 1 pools nothing"},
    {.name = "pooling",
     .kind = RG_PARAM_CHOICE,
     .structural = true,
     .choices = poolings,
     .fallback = "\"max\"",
     .help = "what becomes of a window"},
    {.name = "dropout",
     .kind = RG_PARAM_NUMBER,
     .lo = 0,
     .hi = 0.95,
     .fallback = "0",
     .help = "probability that a number is dropped behind each block while training"},
    {.name = "head",
     .kind = RG_PARAM_CHOICE,
     .structural = true,
     .choices = heads,
     .fallback = "\"flatten\"",
     .help = "the last map reads all places, or the mean over them"},
    {0},
};

static bool is(const rg_conf *conf, const char *name, const char *value)
{
    return strcmp(rg_conf_str(conf, name), value) == 0;
}

/* (B, D) -> (B, planes, shape...) */
static rg_val as_planes(rg_val x, const rg_conf *conf)
{
    int64_t features = rg_val_shape(x).dim[1], planes = rg_conf_int(conf, "planes");
    size_t axes = rg_conf_count(conf, "shape");
    rg_shape shape = {2, {rg_val_shape(x).dim[0], planes}};
    for (size_t i = 0; i < axes && i < 2; i++)
        shape.dim[shape.rank++] = rg_conf_int_at(conf, "shape", i);
    if (!axes)
        shape.dim[shape.rank++] = features / planes;
    int64_t wanted = planes;
    for (int i = 2; i < shape.rank; i++)
        wanted *= shape.dim[i];
    if (axes <= 2 && wanted == features && features)
        return rg_reshape(x, shape);
    RG_AT(x.graph);
    rg_graph_fail(x.graph,
                  "model.shape is [height, width] or [length], and with model.planes "
                  "its product is the number of features",
                  "the cnn's shape of %zu axes holds %lld features, the data has %lld", axes,
                  (long long)wanted, (long long)features);
    return rg_reshape(x, rg_shape_of(rg_val_count(x), 1, 1));
}

static rg_val convolve(rg_scope *s, rg_val x, int64_t width, const rg_conf *conf)
{
    int64_t kernel = rg_conf_int(conf, "kernel"), around = kernel / 2;
    rg_convolution spec = {.width = width,
                           .kernel = {kernel, kernel},
                           .padding = {around, around},
                           .no_bias = is(conf, "norm", "batch")}; /* the norm has one */
    if (kernel % 2 == 0) {
        RG_AT(s->graph);
        rg_graph_fail(s->graph, "choose an odd model.kernel",
                      "the cnn's kernel of %lld is even", (long long)kernel);
    }
    return rg_val_shape(x).rank == 3 ? rg_conv1d(s, x, &spec) : rg_conv2d(s, x, &spec);
}

static rg_val normalise(rg_scope *s, rg_val x, const rg_conf *conf)
{
    if (is(conf, "norm", "batch"))
        return rg_batch_norm(s, x);
    return is(conf, "norm", "group") ? rg_group_norm(s, x, rg_val_shape(x).dim[1]) : x;
}

static rg_val pool(rg_val x, const rg_conf *conf)
{
    int64_t size = rg_conf_int(conf, "pool");
    rg_shape shape = rg_val_shape(x);
    rg_pool window = {.size = {size, size}};
    for (int i = 2; i < shape.rank; i++)
        if (shape.dim[i] < size) {
            RG_AT(x.graph);
            rg_graph_fail(x.graph, "shorten model.channels, or choose a smaller model.pool",
                          "the cnn pools %lld places where only %lld are left", (long long)size,
                          (long long)shape.dim[i]);
            return x;
        }
    return is(conf, "pooling", "max") ? rg_max_pool(x, &window) : rg_mean_pool(x, &window);
}

/* (B, C, ...) -> (B, K) */
static rg_val flatten(rg_val x, const rg_conf *conf)
{
    rg_shape shape = rg_val_shape(x);
    int64_t places = 1;
    for (int i = 2; i < shape.rank; i++)
        places *= shape.dim[i];
    if (is(conf, "head", "flatten"))
        return rg_reshape(x, rg_shape_of(shape.dim[0], shape.dim[1] * places));
    rg_val all = rg_reshape(x, rg_shape_of(shape.dim[0], shape.dim[1], places));
    rg_val share = rg_const(x.graph, 1 / (double)places, RG_F32);
    return rg_mul(rg_sum(all, RG_AXIS(2), false), share);
}

/* x: (B, D) -> (B, C) */
static rg_val cnn_forward(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = as_planes(x, conf);
    for (size_t i = 0; i < rg_conf_count(conf, "channels"); i++) {
        x = normalise(s, convolve(s, x, rg_conf_int_at(conf, "channels", i), conf), conf);
        x = pool(rg_activate(x, rg_conf_str(conf, "activation")), conf);
        x = rg_dropout(s, x, rg_conf_val(conf, "dropout"));
    }
    return rg_linear(s, flatten(x, conf), s->classes);
}

const rg_model rg_model_cnn = {
    .name = "cnn",
    .title = "convolutional network over images or sequences",
    .paper =
        "LeCun, Bottou, Bengio & Haffner 1998, Gradient-based learning applied to document "
        "recognition; batch norm: Ioffe & Szegedy 2015",
    .params = params,
    .tasks = RG_ANY_TASK,
    .forward = cnn_forward,
};
