/* conv.c - convolution without a matrix of patches: tiles of sums run over a staged x (conv.h).
 *
 * A tile's vectors hold either neighbouring outputs of a plane (and its rows are filters), which
 * needs no other copy than the stage, or filters (and its rows are outputs), for planes that are
 * too small to fill vectors: the last layers of a network, and every derivative by the filters,
 * whose planes are as small as a filter.  Each sum is taken in the same order either way.  Wide
 * layers go to oneDNN, which works in blocked layouts; x and w are copied into them and y back.
 *
 * Measured on one busy core of an AMD EPYC with AVX-512, GFLOP/s of ours / oneDNN 2.6.3 with its
 * copies / oneDNN on row-major memory, f32, 3x3, padding 1:
 *                            forward          by x             by the filters
 *   64 x  1 x 28^2 ->  16   50 /  62 / 37    33 /   7 / 31    27 /  68 / 15
 *   64 x 16 x 28^2 ->  32   84 /  81 / 60    83 /  81 / 48    67 /  97 / 46
 *   64 x 16 x 14^2 ->  32   87 / 107 / 58    84 / 106 / 47    80 / 103 / 56
 *   16 x 64 x 28^2 ->  64   93 / 104 / 75    93 / 104 / 68    84 / 107 / 66
 *    8 x256 x  7^2 -> 256   83 / 119 / 95    67 / 100 / 68    80 / 100 / 90
 * A layer with stride 2 and its derivative by x, 16 x 32 x 28^2 -> 64: 72 / 111 / 64 and 68 / 106
 * / 62; depthwise, 64 channels: 26 / 37 / 4.  Derivatives use oneDNN only where they are again a
 * convolution that it knows: those by x of layers with stride 1. */
#include "engine/cpu/conv.h"

#include "engine/cpu/onednn.h"
#include "engine/cpu/program.h"
#include "engine/cpu/strided.h"

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

/* How one pass of the stage is computed. */
typedef struct pass_plan {
    const rg_conv_pass *pass;
    /* Outputs as vectors: where each starts in the stage and in the pass.  Those from `whole` on
     * would reach beyond its plane, of which they hold `rest` outputs each. */
    int64_t vectors, whole, rest, *from, *to;
    /* Filters as vectors: where each output starts in the stage, each tap in packed filters. */
    int64_t *start, *filter_tap;
    rg_strided spread; /* from the pass' plane to y's, where there are several passes */
} pass_plan;

typedef struct conv_kernel {
    rg_kernel base;
    const rg_conv_tiles *tiles;
    rg_conv_stage stage;
    pass_plan *plan; /* by pass */
    size_t bytes;    /* of an element */
    uint32_t x, w, out;
    int64_t n, groups, channels, filters; /* examples; of one group: channels, filters */
    /* Filters as vectors: `width` filters at once, blocks of channels and examples. */
    int64_t width, block_channels, block_examples;
    size_t stage_at, filters_at, sums_at, plane_at; /* in working memory */
    rg_onednn_conv *onednn;
} conv_kernel;

static char *element(const conv_kernel *k, void *base, int64_t i)
{
    return (char *)base + (size_t)i * k->bytes;
}

static const char *plane_of_x(const conv_kernel *k, const rg_frame *frame, int64_t n, int64_t g,
                              int64_t c)
{
    int64_t channel = (n * k->groups + g) * k->channels + c;
    return element(k, frame->slot[k->x], channel * k->stage.x_plane);
}

static void clear_stage(const conv_kernel *k, const rg_frame *frame, int64_t planes)
{
    memset(frame->scratch + k->stage_at, 0, (size_t)(planes * k->stage.plane) * k->bytes);
}

/* Planes of a pass, which follow one another, to their places in y. */
static void spread_planes(const conv_kernel *k, const pass_plan *p, const char *from,
                          int64_t planes, char *y)
{
    for (int64_t i = 0; i < planes; i++)
        rg_strided_copy(&p->spread, from + (size_t)(i * p->pass->plane) * k->bytes,
                        y + (size_t)(i * k->stage.out_plane) * k->bytes);
}

/* ---- Outputs as vectors. */
static bool reads_x(const conv_kernel *k)
{
    /* A vector that reaches beyond its row would read beyond x. */
    return k->stage.identity && k->plan[0].whole == k->plan[0].vectors;
}

static void run_edges(const conv_kernel *k, const pass_plan *p, rg_conv_tile *t)
{
    _Alignas(64) char edge[RG_CONV_ROWS * RG_CONV_VECTOR_MAX];
    char *out = t->out;
    int64_t plane = t->out_row;
    t->out = edge;
    t->out_row = k->tiles->lanes;
    t->out_at = (const int64_t[]){0};
    t->vectors = 1;
    for (int64_t v = p->whole; v < p->vectors; v++) {
        t->b_at = &p->from[v];
        k->tiles->run(t);
        for (int i = 0; i < t->rows; i++)
            memcpy(out + (size_t)(i * plane + p->to[v]) * k->bytes,
                   edge + (size_t)(i * t->out_row) * k->bytes, (size_t)p->rest * k->bytes);
    }
    t->out = out;
    t->out_row = plane;
}

/* The largest tile for what is left; there are none of 5 or 7 vectors. */
static int tile_size(int most, int64_t left)
{
    int size = left < most ? (int)left : most;
    return size == 5 || size == 7 ? size - 1 : size;
}

static void run_plane(const conv_kernel *k, const pass_plan *p, rg_conv_tile *t)
{
    int most = k->tiles->vectors[t->rows];
    for (int64_t v = 0; v < p->whole; v += t->vectors) {
        t->vectors = tile_size(most, p->whole - v);
        t->b_at = &p->from[v];
        t->out_at = &p->to[v];
        k->tiles->run(t);
    }
    run_edges(k, p, t);
}

static void run_pass(const conv_kernel *k, const rg_frame *frame, const pass_plan *p, int64_t n,
                     int64_t g, const void *stage)
{
    int64_t filter = k->channels * k->stage.taps, first = g * k->filters;
    bool direct = k->stage.passes == 1;
    rg_conv_tile t = {.channels = k->channels,
                      .taps = p->pass->taps,
                      .a_channel = k->stage.taps,
                      .a_tap = p->pass->w_tap,
                      .b = stage,
                      .b_channel = k->stage.plane,
                      .b_tap = p->pass->stage_tap,
                      .out_row = p->pass->plane};
    for (int i = 0; i < RG_CONV_ROWS; i++)
        t.a_row[i] = i * filter;
    for (int64_t o = 0; o < k->filters; o += t.rows) {
        int64_t channel = n * k->groups * k->filters + first + o;
        char *y = element(k, frame->slot[k->out], channel * k->stage.out_plane);
        t.rows = k->filters - o < RG_CONV_ROWS ? (int)(k->filters - o) : RG_CONV_ROWS;
        t.a = element(k, frame->slot[k->w], (first + o) * filter);
        t.out = direct ? y : frame->scratch + k->plane_at;
        run_plane(k, p, &t);
        if (!direct)
            spread_planes(k, p, t.out, t.rows, y);
    }
}

static void run_example(const conv_kernel *k, const rg_frame *frame, int64_t n, int64_t g)
{
    const char *x = plane_of_x(k, frame, n, g, 0);
    char *stage = frame->scratch + k->stage_at;
    if (!reads_x(k))
        rg_conv_stage_fill(&k->stage, k->bytes, x, k->channels, stage);
    for (int64_t i = 0; i < k->stage.passes; i++)
        run_pass(k, frame, &k->plan[i], n, g, reads_x(k) ? x : stage);
}

static bool run_outputs(const rg_kernel *base, const rg_frame *frame, rg_err *err)
{
    const conv_kernel *k = (const conv_kernel *)base;
    (void)err;
    if (!reads_x(k))
        clear_stage(k, frame, k->channels);
    for (int64_t n = 0; n < k->n; n++)
        for (int64_t g = 0; g < k->groups; g++)
            run_example(k, frame, n, g);
    return true;
}

/* ---- Filters as vectors. */
/* to[c][r] = from[r][c], a few columns at a time. */
#define TRANSPOSE(T) \
    static void transpose_##T(const T *from, int64_t rows, int64_t from_row, int64_t columns, \
                              T *to, int64_t to_row) \
    { \
        for (int64_t first = 0; first < columns; first += 16) { \
            int64_t last = first + 16 < columns ? first + 16 : columns; \
            for (int64_t r = 0; r < rows; r++) \
                for (int64_t c = first; c < last; c++) \
                    to[c * to_row + r] = from[r * from_row + c]; \
        } \
    }
TRANSPOSE(uint32_t)
TRANSPOSE(uint64_t)

static void transpose(size_t bytes, const void *from, int64_t rows, int64_t from_row,
                      int64_t columns, void *to, int64_t to_row)
{
    if (bytes == sizeof(uint32_t))
        transpose_uint32_t(from, rows, from_row, columns, to, to_row);
    else
        transpose_uint64_t(from, rows, from_row, columns, to, to_row);
}

typedef struct block { /* what is worked on: a pass of some filters and channels of one group */
    const pass_plan *plan;
    int64_t group, filter, filters, channel, channels;
} block;

/* (filters, channels, taps) -> (channels, taps, width) */
static void pack_filters(const conv_kernel *k, const rg_frame *frame, const block *b)
{
    int64_t taps = k->stage.taps, row = k->channels * taps, columns = b->channels * taps;
    int64_t first = (b->group * k->filters + b->filter) * row + b->channel * taps;
    char *to = frame->scratch + k->filters_at;
    if (b->filters < k->width)
        memset(to, 0, (size_t)(columns * k->width) * k->bytes);
    transpose(k->bytes, element(k, frame->slot[k->w], first), b->filters, row, columns, to,
              k->width);
}

/* The rows of sums of `examples` examples from n on, whose planes of the block lie at `a`. */
static void sum_rows(const conv_kernel *k, const rg_frame *frame, const block *b, int64_t n,
                     int64_t examples, const void *a, int64_t a_example)
{
    const pass_plan *p = b->plan;
    int64_t outputs = p->pass->plane;
    rg_conv_tile t = {.channels = b->channels,
                      .taps = p->pass->taps,
                      .a_channel = k->stage.plane,
                      .a_tap = p->pass->stage_tap,
                      .b_channel = k->stage.taps * k->width,
                      .b_tap = p->filter_tap,
                      .more = b->channel > 0,
                      .vectors = (int)(k->width / k->tiles->lanes),
                      .a = a,
                      .b = frame->scratch + k->filters_at,
                      .b_at = (const int64_t[]){0, k->tiles->lanes},
                      .out_at = (const int64_t[]){0, k->tiles->lanes},
                      .out_row = k->width};
    for (int64_t r = 0; r < examples * outputs; r += t.rows) {
        int64_t left = examples * outputs - r;
        t.rows = left < RG_CONV_ROWS ? (int)left : RG_CONV_ROWS;
        for (int i = 0; i < t.rows; i++)
            t.a_row[i] = (r + i) / outputs * a_example + p->start[(r + i) % outputs];
        t.out = element(k, frame->scratch + k->sums_at, (n * outputs + r) * k->width);
        k->tiles->run(&t);
    }
}

static void sum_block(const conv_kernel *k, const rg_frame *frame, const block *b)
{
    char *stage = frame->scratch + k->stage_at;
    int64_t a_example = b->channels * k->stage.plane;
    pack_filters(k, frame, b);
    if (k->stage.identity) {
        sum_rows(k, frame, b, 0, k->n, plane_of_x(k, frame, 0, b->group, b->channel),
                 k->groups * k->channels * k->stage.x_plane);
        return;
    }
    clear_stage(k, frame, b->channels * k->block_examples);
    for (int64_t n = 0; n < k->n; n += k->block_examples) {
        int64_t examples = k->n - n < k->block_examples ? k->n - n : k->block_examples;
        for (int64_t i = 0; i < examples; i++)
            rg_conv_stage_fill(&k->stage, k->bytes,
                               plane_of_x(k, frame, n + i, b->group, b->channel), b->channels,
                               element(k, stage, i * a_example));
        sum_rows(k, frame, b, n, examples, stage, a_example);
    }
}

/* (outputs, width) -> (filters, outputs), for each example. */
static void unpack_sums(const conv_kernel *k, const rg_frame *frame, const block *b)
{
    int64_t plane = b->plan->pass->plane;
    for (int64_t n = 0; n < k->n; n++) {
        int64_t channel = (n * k->groups + b->group) * k->filters + b->filter;
        char *y = element(k, frame->slot[k->out], channel * k->stage.out_plane);
        char *to = k->stage.passes == 1 ? y : frame->scratch + k->plane_at;
        transpose(k->bytes, element(k, frame->scratch + k->sums_at, n * plane * k->width),
                  plane, k->width, b->filters, to, plane);
        if (to != y)
            spread_planes(k, b->plan, to, b->filters, y);
    }
}

static void run_block(const conv_kernel *k, const rg_frame *frame, block b)
{
    for (; b.channel < k->channels; b.channel += k->block_channels) {
        int64_t left = k->channels - b.channel;
        b.channels = left < k->block_channels ? left : k->block_channels;
        sum_block(k, frame, &b);
    }
    unpack_sums(k, frame, &b);
}

static bool run_filters(const rg_kernel *base, const rg_frame *frame, rg_err *err)
{
    const conv_kernel *k = (const conv_kernel *)base;
    (void)err;
    for (int64_t g = 0; g < k->groups; g++)
        for (int64_t o = 0; o < k->filters; o += k->width)
            for (int64_t i = 0; i < k->stage.passes; i++) {
                int64_t filters = k->filters - o < k->width ? k->filters - o : k->width;
                run_block(k, frame, (block){&k->plan[i], g, o, filters, 0, 0});
            }
    return true;
}

/* ---- oneDNN: each member has handles of its own. */
static void *make_handles(const rg_kernel *base)
{
    return rg_onednn_conv_handles_make(((const conv_kernel *)base)->onednn);
}

static void free_handles(void *handles)
{
    rg_onednn_conv_handles_free(handles);
}

static void free_conv(void *conv)
{
    rg_onednn_conv_free(conv);
}

static bool run_onednn(const rg_kernel *base, const rg_frame *frame, rg_err *err)
{
    const conv_kernel *k = (const conv_kernel *)base;
    rg_onednn_conv_handles *handles = frame->state[base->number];
    if (handles &&
        rg_onednn_conv_run(k->onednn, handles, (const float *)(const void *)frame->slot[k->x],
                           (const float *)(const void *)frame->slot[k->w],
                           (float *)(void *)frame->slot[k->out]))
        return true;
    return rg_fail(err, RG_INTERNAL, NULL, "run again with RIGOR_ONEDNN=off",
                   "oneDNN could not compute a convolution");
}

/* What oneDNN can do; false for anything else. */
static bool onednn_shape(const rg_node *node, rg_shape x, rg_shape w, rg_onednn_conv_shape *ret)
{
    const rg_conv_axes *c = &node->attr.conv;
    *ret = (rg_onednn_conv_shape){
        .axes = x.rank - 2, .n = x.dim[0], .channels = x.dim[1], .filters = w.dim[0]};
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

static bool onednn_is_faster(const conv_kernel *k)
{
    int64_t inputs = k->n * k->channels * k->stage.x_plane;
    int64_t outputs = k->n * k->filters * k->stage.out_plane;
    int64_t work = outputs * k->channels * k->stage.taps;
    return k->channels >= ONEDNN_CHANNELS && k->filters >= ONEDNN_CHANNELS &&
           k->stage.taps > 1 && k->stage.taps <= ONEDNN_TAPS && work >= ONEDNN_FROM &&
           (inputs + outputs <= ONEDNN_CACHED || work / (inputs + outputs) >= ONEDNN_USES);
}

/* RIGOR_ONEDNN: off never uses it, always uses it for the smallest convolutions as well. */
static bool choose_onednn(rg_lowering *lowering, conv_kernel *k, const rg_node *node,
                          rg_shape x, rg_shape w)
{
    const char *wish = getenv("RIGOR_ONEDNN");
    bool always = wish && strcmp(wish, "always") == 0;
    rg_onednn_conv_shape shape;
    if ((!always && !onednn_is_faster(k)) || !onednn_shape(node, x, w, &shape))
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
static void list_vectors(rg_arena *arena, const conv_kernel *k, pass_plan *p)
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

static void list_starts(rg_arena *arena, const conv_kernel *k, pass_plan *p)
{
    p->start = RG_ARENA_ARRAY(arena, int64_t, p->pass->plane);
    p->filter_tap = RG_ARENA_ARRAY(arena, int64_t, p->pass->taps);
    for (int64_t i = 0; i < p->pass->plane; i++)
        p->start[i] = rg_conv_stage_at(&k->stage, p->pass, i);
    for (int64_t t = 0; t < p->pass->taps; t++)
        p->filter_tap[t] = p->pass->w_tap[t] * k->width;
}

static void list_passes(rg_arena *arena, conv_kernel *k)
{
    const rg_conv_stage *s = &k->stage;
    k->plan = RG_ARENA_ARRAY(arena, pass_plan, s->passes);
    for (int64_t i = 0; i < s->passes; i++) {
        pass_plan *p = &k->plan[i];
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
static void plan_outputs(conv_kernel *k)
{
    int64_t stage = reads_x(k) ? 0 : k->channels * k->stage.plane + k->tiles->lanes;
    int64_t planes = k->stage.passes == 1 ? 0 : RG_CONV_ROWS * k->plan[0].pass->plane;
    k->base.run = run_outputs;
    k->plane_at = aligned((size_t)stage * k->bytes);
    k->base.scratch = k->plane_at + (size_t)planes * k->bytes;
}

static int64_t within(int64_t bytes_each, int64_t n)
{
    int64_t fit = BLOCK_BYTES / bytes_each;
    return fit < 1 ? 1 : fit < n ? fit : n;
}

static void plan_filters(rg_lowering *lowering, conv_kernel *k)
{
    const rg_conv_stage *s = &k->stage;
    int64_t bytes = (int64_t)k->bytes, plane = k->plan[0].pass->plane;
    k->base.run = run_filters;
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
static bool prefers_filters(const conv_kernel *k)
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
    conv_kernel *k = RG_KERNEL_NEW(lowering, conv_kernel, run_nothing);
    if (rg_shape_count(node->shape) == 0)
        return &k->base;
    k->tiles = tiles_for(lowering->loops, node->dtype);
    k->stage = rg_conv_stage_make(lowering->arena, node, x, w);
    k->bytes = rg_dtype_bytes(node->dtype);
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
    return &k->base;
}
