/* pooling.c - maxima and means over windows of the spatial axes, as composites.
 *
 * The places of a window come side by side along a new first axis: by a reshape, (.., L, ..) ->
 * (.., p, size, ..), and a permutation where windows tile their axes, else by a strided slice
 * for each place.  So one reduction sees a whole window, and the elements that attain a maximum
 * share its cotangent as in amax; it runs over whole vectors of outputs, and so does its
 * derivative. */
#include "engine/nn/internal.h"

#include <math.h>
#include <string.h>

#define AXES_MAX 3

typedef struct windows {
    int axes;
    int64_t size[AXES_MAX], stride[AXES_MAX], padding[AXES_MAX];
    int64_t length[AXES_MAX], outputs[AXES_MAX]; /* padding included; windows */
    int64_t places;                              /* in one window */
    bool tile;
} windows;

/* ---- What is asked for. */
static bool fail(rg_val x, int axis, const char *remedy)
{
    rg_graph_fail(x.graph, remedy, "pooling: no windows along spatial axis %d", axis);
    return false;
}

static bool resolve_axis(rg_val x, const rg_pool *pool, int i, windows *w)
{
    w->size[i] = pool->size[i];
    w->stride[i] = pool->stride[i] ? pool->stride[i] : pool->size[i];
    w->padding[i] = pool->padding[i];
    if (w->size[i] < 1 || w->stride[i] < 1)
        return fail(x, i, "give a size of at least 1, and no negative stride");
    if (w->padding[i] < 0 || w->padding[i] > w->size[i] / 2)
        return fail(x, i, "pad by at most half the size");
    w->length[i] = rg_val_shape(x).dim[i + 2] + 2 * w->padding[i];
    if (w->length[i] < w->size[i])
        return fail(x, i, "give a size of at most the padded length");
    w->outputs[i] = (w->length[i] - w->size[i]) / w->stride[i] + 1;
    w->places *= w->size[i];
    w->tile &= w->stride[i] == w->size[i];
    return true;
}

static bool resolve(rg_val x, const rg_pool *pool, windows *w)
{
    *w = (windows){.axes = rg_val_shape(x).rank - 2, .places = 1, .tile = true};
    if (w->axes < 1 || w->axes > AXES_MAX) {
        rg_graph_fail(x.graph, "give it (N, C, s...) with one to three spatial axes",
                      "pooling of a value of rank %d", w->axes + 2);
        return false;
    }
    for (int i = 0; i < w->axes; i++)
        if (!resolve_axis(x, pool, i, w))
            return false;
    return true;
}

static rg_val padded(rg_val x, const windows *w, double value)
{
    int64_t around[RG_RANK_MAX] = {0};
    memcpy(around + 2, w->padding, sizeof(*around) * (size_t)w->axes);
    return rg_pad(x, around, around, value);
}

/* ---- All windows: (places, N, C, p...). */
/* What no window covers is cut off. */
static rg_val tiled(rg_val x, const windows *w)
{
    rg_shape shape = rg_val_shape(x), split = {2, {shape.dim[0], shape.dim[1]}};
    rg_shape ret = {w->axes + 3, {w->places, shape.dim[0], shape.dim[1]}};
    int64_t from[RG_RANK_MAX] = {0};
    int order[RG_RANK_MAX] = {0};
    order[w->axes + 1] = 1;
    for (int i = 0; i < w->axes; i++) {
        shape.dim[i + 2] = w->outputs[i] * w->size[i];
        ret.dim[i + 3] = w->outputs[i];
        order[w->axes + 2 + i] = split.rank;
        split.dim[split.rank++] = w->outputs[i];
        order[i] = split.rank;
        split.dim[split.rank++] = w->size[i];
    }
    order[w->axes] = 0;
    rg_val cut = rg_reshape(rg_slice(x, from, shape.dim, NULL), split);
    return rg_reshape(rg_permute(cut, order), ret);
}

/* The slice that holds place `place` of every window, with a new first axis. */
static rg_val slice_of(rg_val x, const windows *w, int64_t place)
{
    rg_shape shape = rg_val_shape(x), more = {shape.rank + 1, {1, shape.dim[0], shape.dim[1]}};
    int64_t from[RG_RANK_MAX] = {0}, step[RG_RANK_MAX] = {1, 1};
    for (int i = w->axes - 1; i >= 0; i--) {
        from[i + 2] = place % w->size[i];
        step[i + 2] = w->stride[i];
        shape.dim[i + 2] = from[i + 2] + (w->outputs[i] - 1) * w->stride[i] + 1;
        more.dim[i + 3] = w->outputs[i];
        place /= w->size[i];
    }
    return rg_reshape(rg_slice(x, from, shape.dim, step), more);
}

static rg_val sliced(rg_val x, const windows *w)
{
    rg_val *part = RG_NEW_ARRAY(rg_val, w->places);
    for (int64_t i = 0; i < w->places; i++)
        part[i] = slice_of(x, w, i);
    rg_val ret = rg_concat(part, (size_t)w->places, 0);
    rg_free(part);
    return ret;
}

static rg_val windows_of(rg_val x, const windows *w)
{
    return w->tile ? tiled(x, w) : sliced(x, w);
}

/* ---- Pools. */
static rg_val max_pool(rg_val x, const rg_pool *pool)
{
    windows w;
    if (!resolve(x, pool, &w))
        return x;
    return rg_amax(windows_of(padded(x, &w, -INFINITY), &w), RG_AXIS(0), false);
}

static rg_val mean_pool(rg_val x, const rg_pool *pool)
{
    windows w;
    if (!resolve(x, pool, &w))
        return x;
    rg_val share = rg_number(x, 1 / (double)w.places);
    return rg_mul(rg_sum(windows_of(padded(x, &w, 0), &w), RG_AXIS(0), false), share);
}

rg_val rg_max_pool_at(rg_place at, rg_val x, const rg_pool *pool)
{
    RG_LAYER(x.graph, at, pool, x, max_pool(x, pool));
}

rg_val rg_mean_pool_at(rg_place at, rg_val x, const rg_pool *pool)
{
    RG_LAYER(x.graph, at, pool, x, mean_pool(x, pool));
}
