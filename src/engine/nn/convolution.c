/* convolution.c - convolutions with filters of their own over sequences and images, and their
 * transposed forms.  Both are one conv of the graph: the transposed one spreads its input by the
 * stride and runs over it with filters turned round, which is the derivative of the other by its
 * input (Dumoulin & Visin 2016, "A guide to convolution arithmetic"). */
#include "engine/nn/internal.h"

#include <math.h>
#include <string.h>

#define STEP_MAX ((int64_t)1 << 24) /* of conv; keeps products from overflowing */

typedef struct layer {
    int axes;
    bool transposed;
    int64_t inputs;      /* channels */
    rg_convolution spec; /* what was left at 0 is filled in */
} layer;

static int64_t or_one(int64_t given)
{
    return given ? given : 1;
}

static layer with_defaults(rg_val x, const rg_convolution *given, int axes, bool transposed)
{
    layer l = {axes, transposed, 0, *given};
    l.inputs = rg_val_shape(x).rank > 1 ? rg_val_shape(x).dim[1] : 0;
    l.spec.groups = or_one(given->groups);
    for (int i = 0; i < axes; i++) {
        l.spec.stride[i] = or_one(given->stride[i]);
        l.spec.dilation[i] = or_one(given->dilation[i]);
    }
    return l;
}

/* From the first to the last place that a filter sees. */
static int64_t reach_of(const layer *l, int i)
{
    return (l->spec.kernel[i] - 1) * l->spec.dilation[i] + 1;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool within(int64_t value, int64_t from)
{
    return value >= from && value <= STEP_MAX;
}

/* ---- What cannot be built. */
static bool channels_fit(rg_val x, const layer *l)
{
    const rg_convolution *c = &l->spec;
    if (rg_val_shape(x).rank != l->axes + 2) {
        rg_graph_fail(x.graph,
                      l->axes == 1 ? "give it (B, C, T)" : "give it (B, C, height, width)",
                      "a %dd convolution of a value of rank %d", l->axes, rg_val_shape(x).rank);
        return false;
    }
    if (l->inputs >= 1 && c->width >= 1 && c->groups >= 1 && !(c->width % c->groups) &&
        !(l->inputs % c->groups))
        return true;
    rg_graph_fail(x.graph,
                  "give at least one channel on either side, and groups that divide both",
                  "a convolution of %lld channels to %lld in %lld groups", (long long)l->inputs,
                  (long long)c->width, (long long)c->groups);
    return false;
}

/* Of the output, or below 1. */
static int64_t length_of(const layer *l, int i, int64_t length)
{
    const rg_convolution *c = &l->spec;
    int64_t reach = reach_of(l, i), both = 2 * c->padding[i];
    if (l->transposed)
        return (length - 1) * c->stride[i] + reach + c->output_padding[i] - both;
    return length + (c->causal ? reach - 1 : both) - reach + 1; /* at stride 1 */
}

/* Why there is no convolution along axis i; NULL when there is one. */
static const char *axis_remedy(const layer *l, int i, int64_t length)
{
    const rg_convolution *c = &l->spec;
    int64_t spare = l->transposed ? larger(c->stride[i], c->dilation[i]) : 1;
    if (!within(c->kernel[i], 1) || !within(c->stride[i], 1) || !within(c->dilation[i], 1))
        return "give a kernel, stride and dilation from 1 to 2^24";
    if (!within(c->padding[i], 0))
        return "give a padding from 0 to 2^24";
    if (c->causal && (c->padding[i] || l->transposed))
        return "a causal convolution pads itself, and has no transposed form";
    if (c->output_padding[i] < 0 || c->output_padding[i] >= spare)
        return "output padding is for transposed convolutions, below the stride or the "
               "dilation";
    if (length_of(l, i, length) < 1)
        return l->transposed ? "pad less: padding cuts off the whole output"
                             : "give a kernel that reaches no further than the padded length";
    return NULL;
}

static bool fits(rg_val x, const layer *l)
{
    if (!channels_fit(x, l))
        return false;
    for (int i = 0; i < l->axes; i++) {
        int64_t length = rg_val_shape(x).dim[i + 2];
        const char *remedy = axis_remedy(l, i, length);
        if (remedy) {
            rg_graph_fail(x.graph, remedy,
                          "no convolution along spatial axis %d of length %lld", i,
                          (long long)length);
            return false;
        }
    }
    return true;
}

/* ---- The filters: (O, C / G, r...), transposed (C, O / G, r...). */
static rg_shape filter_shape(const layer *l)
{
    int64_t out = l->spec.width, in = l->inputs, groups = l->spec.groups;
    rg_shape shape = {l->axes + 2, {out, in / groups}};
    if (l->transposed) {
        shape.dim[0] = in;
        shape.dim[1] = out / groups;
    }
    memcpy(shape.dim + 2, l->spec.kernel, sizeof(*shape.dim) * (size_t)l->axes);
    return shape;
}

/* (C, O / G, r...) -> (O, C / G, r...), the spatial axes reversed. */
static rg_val turned(rg_val w, const layer *l)
{
    static const int swap[] = {0, 2, 1, 3, 4};
    rg_shape shape = rg_val_shape(w), split = {shape.rank + 1, {l->spec.groups}};
    split.dim[1] = l->inputs / l->spec.groups;
    memcpy(split.dim + 2, shape.dim + 1, sizeof(*shape.dim) * (size_t)(shape.rank - 1));
    shape.dim[0] = l->spec.width;
    shape.dim[1] = split.dim[1];
    rg_val swapped = rg_reshape(rg_permute(rg_reshape(w, split), swap), shape);
    return rg_reverse(swapped, l->axes == 1 ? RG_AXIS(2) : RG_AXIS(2) | RG_AXIS(3));
}

static rg_conv_axes axes_of(const layer *l)
{
    const rg_convolution *c = &l->spec;
    rg_conv_axes axes = {.groups = c->groups};
    for (int i = 0; i < l->axes; i++) {
        int64_t before = c->causal || l->transposed ? reach_of(l, i) - 1 : 0;
        axes.dilate_w[i] = c->dilation[i];
        if (l->transposed) {
            axes.dilate_x[i] = c->stride[i];
            axes.lo[i] = before - c->padding[i];
            axes.hi[i] = axes.lo[i] + c->output_padding[i];
        } else {
            axes.stride[i] = c->stride[i];
            axes.lo[i] = before + c->padding[i];
            axes.hi[i] = c->padding[i];
        }
    }
    return axes;
}

/* PyTorch's reading, also for a transposed convolution: the second axis counts as inputs, the
 * first as outputs, each times the places of the kernel.  As a matrix: the first axis by the
 * others. */
static rg_init init_of(const rg_scope *scope, rg_shape filters, rg_init *ret_bias)
{
    int64_t places = 1;
    for (int i = 2; i < filters.rank; i++)
        places *= filters.dim[i];
    int64_t in = filters.dim[1] * places, out = filters.dim[0] * places;
    rg_init own = {RG_INIT_KAIMING_UNIFORM, sqrt(1.0 / 3), in, out};
    *ret_bias = rg_init_of_bias(scope, own);
    return rg_init_of(scope, own, filters.dim[0], in);
}

static rg_val convolution(rg_scope *scope, rg_val x, const rg_convolution *given, int axes,
                          bool transposed)
{
    layer l = with_defaults(x, given, axes, transposed);
    if (!fits(x, &l))
        return x;
    rg_shape shape = filter_shape(&l);
    rg_init of_bias, init = init_of(scope, shape, &of_bias);
    rg_conv_axes conv_axes = axes_of(&l);
    rg_scope_enter(scope, transposed ? "conv_transposed" : "conv");
    rg_val w = rg_scope_weight(scope, "filters", shape, init);
    rg_val y = rg_conv(x, transposed ? turned(w, &l) : w, &conv_axes);
    if (!l.spec.no_bias) {
        rg_val bias = rg_scope_weight(scope, "bias", rg_shape_of(l.spec.width), of_bias);
        y = rg_add(y, rg_along(bias, axes + 2, 1));
    }
    rg_scope_leave(scope);
    return y;
}

bool rg_is_filters(const char *name)
{
    const char *leaf = strrchr(name, '.');
    return strcmp(leaf ? leaf + 1 : name, "filters") == 0;
}

#define LAYER(name, axes, transposed) \
    rg_val rg_##name##_at(rg_place at, rg_scope *scope, rg_val x, const rg_convolution *spec) \
    { \
        RG_LAYER(scope->graph, at, spec, x, convolution(scope, x, spec, axes, transposed)); \
    }
LAYER(conv1d, 1, false)
LAYER(conv2d, 2, false)
LAYER(conv1d_transposed, 1, true)
LAYER(conv2d_transposed, 2, true)
