/* conv.c - convolution without a matrix of patches: tiles of sums run over a staged x (conv.h).
 *
 * A tile's vectors hold either neighbouring outputs of a plane (and its rows are filters),
 * which needs no other copy than the stage, or filters (and its rows are outputs), for planes
 * that are too small to fill vectors: the last layers of a network, and every derivative by the
 * filters, whose planes are as small as a filter.  Each sum is taken in the same order either
 * way.  Wide layers go to oneDNN, which works in blocked layouts; x and w are copied into them
 * and y back.
 *
 * Measured on one busy core of an AMD EPYC with AVX-512, GFLOP/s of ours / oneDNN 2.6.3 with
 * its copies / oneDNN on row-major memory, f32, 3x3, padding 1:
 *                            forward          by x             by the filters
 *   64 x  1 x 28^2 ->  16   60 /  62 / 37    34 /   7 / 31    60 /  68 / 15
 *   64 x 16 x 28^2 ->  32   84 /  81 / 60    84 /  81 / 48    87 /  97 / 46
 *   64 x 16 x 14^2 ->  32   84 / 107 / 58    81 / 106 / 47    94 / 103 / 56
 *   16 x 64 x 28^2 ->  64   90 / 104 / 75    91 / 104 / 68    92 / 107 / 66
 *    8 x256 x  7^2 -> 256   85 / 119 / 95    87 / 100 / 68    87 / 100 / 90
 * A layer with stride 2 and its derivative by x, 16 x 32 x 28^2 -> 64: 72 / 111 / 64 and 68 /
 * 106 / 62; depthwise, 64 channels: 26 / 37 / 4.  Derivatives use oneDNN only where they are
 * again a convolution that it knows: those by x of layers with stride 1. */
#include "engine/cpu/conv_kernel.h"

#include <stdlib.h>
#include <string.h>

/* Working memory for a block of the stage, and for one of the filters, within a second-level
 * cache. */
#define BLOCK_BYTES ((int64_t)256 << 10)

/* Where oneDNN is used: channels enough to fill its blocks, filters that are no planes, as many
 * multiplications as make up for making its primitive; and where x and y have left the caches,
 * as many for each of their elements as make up for the copies. */
#define ONEDNN_CHANNELS 16
#define ONEDNN_TAPS 64
#define ONEDNN_FROM ((int64_t)128 * 128 * 128)
#define ONEDNN_CACHED ((int64_t)1 << 20)
#define ONEDNN_USES 200

/* ---- oneDNN: each member has handles of its own. */
static void *make_handles(const rg_kernel *base)
{
    return rg_onednn_conv_handles_make(((const rg_conv_kernel *)base)->onednn);
}

static void free_handles(const rg_kernel *base, void *handles)
{
    (void)base;
    rg_onednn_conv_handles_free(handles);
}

static void free_conv(void *conv)
{
    rg_onednn_conv_free(conv);
}

static bool run_onednn(const rg_kernel *base, const rg_frame *frame, rg_err *err)
{
    const rg_conv_kernel *k = (const rg_conv_kernel *)base;
    rg_onednn_conv_handles *handles = frame->state[base->number];
    if (handles && rg_onednn_conv_run(k->onednn, handles, frame->slot[k->x], frame->slot[k->w],
                                      (float *)(void *)frame->slot[k->out]))
        return true;
    return rg_fail(err, RG_INTERNAL, NULL, "run again with RIGOR_ONEDNN=off",
                   "oneDNN could not compute a convolution");
}

/* What oneDNN can do; false for anything else. */
static bool onednn_shape(const rg_node *node, rg_shape x, rg_shape w, bool half,
                         rg_onednn_conv_shape *ret)
{
    const rg_conv_axes *c = &node->attr.conv;
    *ret = (rg_onednn_conv_shape){.axes = x.rank - 2,
                                  .n = x.dim[0],
                                  .channels = x.dim[1],
                                  .filters = w.dim[0],
                                  .half = half};
    if (node->dtype != RG_F32 || c->groups != 1 || ret->axes > 3)
        return false;
    for (int i = 0; i < ret->axes; i++) {
        if (c->dilate_x[i] != 1 || c->lo[i] < 0 || c->hi[i] < 0)
            return false;
        ret->x[i] = x.dim[i + 2];
        ret->w[i] = w.dim[i + 2];
        ret->y[i] = node->shape.dim[i + 2];
        ret->stride[i] = c->stride[i];
        ret->dilate[i] = c->dilate_w[i];
        ret->lo[i] = c->lo[i];
        ret->hi[i] = c->hi[i];
    }
    return true;
}

static bool onednn_is_faster(const rg_conv_kernel *k)
{
    int64_t inputs = k->n * k->channels * k->stage.x_plane;
    int64_t outputs = k->n * k->filters * k->stage.out_plane;
    int64_t work = outputs * k->channels * k->stage.taps;
    return k->channels >= ONEDNN_CHANNELS && k->filters >= ONEDNN_CHANNELS &&
           k->stage.taps > 1 && k->stage.taps <= ONEDNN_TAPS && work >= ONEDNN_FROM &&
           (inputs + outputs <= ONEDNN_CACHED || work / (inputs + outputs) >= ONEDNN_USES);
}

/* RIGOR_ONEDNN: off never uses it, always uses it for the smallest convolutions as well. */
static bool choose_onednn(rg_lowering *lowering, rg_conv_kernel *k, const rg_node *node,
                          rg_shape x, rg_shape w)
{
    const char *wish = getenv("RIGOR_ONEDNN");
    bool always = wish && strcmp(wish, "always") == 0;
    rg_onednn_conv_shape shape;
    if ((!always && !onednn_is_faster(k)) || !onednn_shape(node, x, w, k->half, &shape))
        return false;
    k->onednn = rg_onednn_conv_make(&shape);
    if (!k->onednn)
        return false;
    rg_arena_defer(lowering->arena, free_conv, k->onednn);
    k->base.run = run_onednn;
    k->base.make_state = make_handles;
    k->base.free_state = free_handles;
    return true;
}

/* ---- Lowering. */
static size_t aligned(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/* Rows of outputs cut into vectors; the last one of a row lies over the one before it. */
static void list_vectors(rg_arena *arena, const rg_conv_kernel *k, rg_conv_plan *p)
{
    int64_t row = p->pass->outputs[k->stage.axes - 1], lanes = k->tiles->lanes;
    int64_t each = (row + lanes - 1) / lanes;
    p->vectors = p->pass->plane / row * each;
    p->rest = row;
    p->from = RG_ARENA_ARRAY(arena, int64_t, p->vectors);
    p->to = RG_ARENA_ARRAY(arena, int64_t, p->vectors);
    for (int64_t v = 0; v < p->vectors; v++) {
        int64_t start = v % each * lanes;
        if (row >= lanes && start > row - lanes)
            start = row - lanes;
        p->to[v] = v / each * row + start;
        p->from[v] = rg_conv_stage_at(&k->stage, p->pass, p->to[v]);
        p->whole += p->to[v] + lanes <= p->pass->plane;
    }
}

static void list_starts(rg_arena *arena, const rg_conv_kernel *k, rg_conv_plan *p)
{
    p->start = RG_ARENA_ARRAY(arena, int64_t, p->pass->plane);
    p->filter_tap = RG_ARENA_ARRAY(arena, int64_t, p->pass->taps);
    for (int64_t i = 0; i < p->pass->plane; i++)
        p->start[i] = rg_conv_stage_at(&k->stage, p->pass, i);
    for (int64_t t = 0; t < p->pass->taps; t++)
        p->filter_tap[t] = p->pass->w_tap[t] * k->width;
}

static void list_passes(rg_arena *arena, rg_conv_kernel *k)
{
    const rg_conv_stage *s = &k->stage;
    k->plan = RG_ARENA_ARRAY(arena, rg_conv_plan, s->passes);
    for (int64_t i = 0; i < s->passes; i++) {
        rg_conv_plan *p = &k->plan[i];
        p->pass = &s->pass[i];
        p->spread = (rg_strided){.bytes = k->bytes, .to = p->pass->first};
        int64_t run = p->pass->plane;
        for (int axis = 0; axis < s->axes; axis++) {
            run /= p->pass->outputs[axis];
            rg_strided_axis(&p->spread, p->pass->outputs[axis], run, s->step[axis]);
        }
        list_vectors(arena, k, p);
    }
}

/* The first pass is the largest. */
static void plan_outputs(rg_conv_kernel *k)
{
    int64_t stage = rg_conv_reads_x(k) ? 0 : k->channels * k->stage.plane + k->tiles->lanes;
    int64_t planes = k->stage.passes == 1 ? 0 : RG_CONV_ROWS * k->plan[0].pass->plane;
    k->base.run = rg_conv_run_outputs;
    k->plane_at = aligned((size_t)stage * k->bytes);
    k->base.scratch = k->plane_at + (size_t)planes * k->bytes;
}

static int64_t within(int64_t bytes_each, int64_t n)
{
    int64_t fit = BLOCK_BYTES / bytes_each;
    return fit < 1 ? 1 : fit < n ? fit : n;
}

static void plan_filters(rg_lowering *lowering, rg_conv_kernel *k)
{
    const rg_conv_stage *s = &k->stage;
    int64_t bytes = (int64_t)k->bytes, plane = k->plan[0].pass->plane;
    k->base.run = rg_conv_run_filters;
    k->block_channels = within(s->taps * k->width * bytes, k->channels);
    k->block_examples = within((k->block_channels * s->plane + 1) * bytes, k->n);
    for (int64_t i = 0; i < s->passes; i++)
        list_starts(lowering->arena, k, &k->plan[i]);
    int64_t stage = s->identity ? 0 : k->block_channels * k->block_examples * s->plane;
    int64_t filters = k->block_channels * s->taps * k->width;
    k->filters_at = aligned((size_t)stage * k->bytes);
    k->sums_at = k->filters_at + aligned((size_t)filters * k->bytes);
    k->plane_at = k->sums_at + aligned((size_t)(k->n * plane * k->width) * k->bytes);
    k->base.scratch = k->plane_at + (size_t)(plane * k->width) * k->bytes;
}

/* By multiplications of vectors, lanes that go to waste included; filters as vectors are copied
 * more. */
static bool prefers_filters(const rg_conv_kernel *k)
{
    int64_t lanes = k->tiles->lanes, vectors = 0;
    for (int64_t i = 0; i < k->stage.passes; i++)
        vectors += k->plan[i].vectors;
    int64_t by_outputs = vectors * k->filters;
    int64_t by_filters = k->stage.out_plane * ((k->filters + lanes - 1) / lanes);
    return 3 * by_filters < 2 * by_outputs;
}

static const rg_conv_tiles *tiles_for(const rg_loops *loops, rg_dtype dtype)
{
    bool wide = dtype == RG_F64;
    if (loops == &rg_loops_avx512)
        return &rg_conv_avx512[wide];
    return loops == &rg_loops_avx2 ? &rg_conv_avx2[wide] : &rg_conv_base[wide];
}

static bool run_nothing(const rg_kernel *base, const rg_frame *frame, rg_err *err)
{
    (void)base, (void)frame, (void)err;
    return true;
}

rg_kernel *rg_lower_conv(rg_lowering *lowering, const rg_step *step)
{
    const rg_graph *graph = lowering->layout->graph;
    const rg_node *node = rg_node_of(graph, step->node[0]);
    rg_shape x = rg_operand(graph, node, 0)->shape, w = rg_operand(graph, node, 1)->shape;
    rg_conv_kernel *k = RG_KERNEL_NEW(lowering, rg_conv_kernel, run_nothing);
    if (rg_shape_count(node->shape) == 0)
        return &k->base;
    k->tiles = tiles_for(lowering->loops, node->dtype);
    k->stage = rg_conv_stage_make(lowering->arena, node, x, w);
    k->bytes = rg_dtype_bytes(node->dtype);
    k->half = rg_operand(graph, node, 0)->dtype == RG_BF16;
    k->x_count = rg_shape_count(x);
    k->w_count = rg_shape_count(w);
    k->x = rg_lower_slot(lowering, node->in[0]);
    k->w = rg_lower_slot(lowering, node->in[1]);
    k->out = rg_lower_slot(lowering, step->node[0]);
    k->n = x.dim[0];
    k->groups = node->attr.conv.groups;
    k->channels = w.dim[1];
    k->filters = w.dim[0] / k->groups;
    k->width = (k->filters > k->tiles->lanes ? 2 : 1) * k->tiles->lanes;
    list_passes(lowering->arena, k);
    if (choose_onednn(lowering, k, node, x, w))
        return &k->base;
    if (prefers_filters(k))
        plan_filters(lowering, k);
    else
        plan_outputs(k);
    if (k->half) {
        k->wide_at = aligned(k->base.scratch);
        k->base.scratch = k->wide_at + (size_t)(k->x_count + k->w_count) * k->bytes;
    }
    return &k->base;
}
