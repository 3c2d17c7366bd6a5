/* conv_run.c - the two ways to run tiles over a staged x; conv.c says when which. */
#include "engine/cpu/conv_kernel.h"
#include "engine/cpu/turn.h"
#include "engine/ir/bfloat.h"

#include <string.h>

static char *element(const rg_conv_kernel *k, void *base, int64_t i)
{
    return (char *)base + (size_t)i * k->bytes;
}

/* ---- Operands of bf16 are made f32 in working memory: their products are exact there. */
static float *wide_x(const rg_conv_kernel *k, const rg_frame *frame)
{
    return (float *)(void *)(frame->scratch + k->wide_at);
}

static void widen(const rg_conv_kernel *k, const rg_frame *frame)
{
    float *x = wide_x(k, frame);
    if (!k->half)
        return;
    rg_bf16_widen((const uint16_t *)(const void *)frame->slot[k->x], k->x_count, x);
    rg_bf16_widen((const uint16_t *)(const void *)frame->slot[k->w], k->w_count,
                  x + k->x_count);
}

static void *x_of(const rg_conv_kernel *k, const rg_frame *frame)
{
    return k->half ? wide_x(k, frame) : (void *)frame->slot[k->x];
}

static void *w_of(const rg_conv_kernel *k, const rg_frame *frame)
{
    return k->half ? wide_x(k, frame) + k->x_count : (void *)frame->slot[k->w];
}

static const char *plane_of_x(const rg_conv_kernel *k, const rg_frame *frame, int64_t n,
                              int64_t g, int64_t c)
{
    int64_t channel = (n * k->groups + g) * k->channels + c;
    return element(k, x_of(k, frame), channel * k->stage.x_plane);
}

static void clear_stage(const rg_conv_kernel *k, const rg_frame *frame, int64_t planes)
{
    memset(frame->scratch + k->stage_at, 0, (size_t)(planes * k->stage.plane) * k->bytes);
}

/* Planes of a pass, which follow one another, to their places in y. */
static void spread_planes(const rg_conv_kernel *k, const rg_conv_plan *p, const char *from,
                          int64_t planes, char *y)
{
    for (int64_t i = 0; i < planes; i++)
        rg_strided_copy(&p->spread, from + (size_t)(i * p->pass->plane) * k->bytes,
                        y + (size_t)(i * k->stage.out_plane) * k->bytes);
}

/* ---- Outputs as vectors. */
bool rg_conv_reads_x(const rg_conv_kernel *k)
{
    /* A vector that reaches beyond its row would read beyond x. */
    return k->stage.identity && k->plan[0].whole == k->plan[0].vectors;
}

static void run_edges(const rg_conv_kernel *k, const rg_conv_plan *p, rg_conv_tile *t)
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

static void run_plane(const rg_conv_kernel *k, const rg_conv_plan *p, rg_conv_tile *t)
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

static void run_pass(const rg_conv_kernel *k, const rg_frame *frame, const rg_conv_plan *p,
                     int64_t n, int64_t g, const void *stage)
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
        t.a = element(k, w_of(k, frame), (first + o) * filter);
        t.out = direct ? y : frame->scratch + k->plane_at;
        run_plane(k, p, &t);
        if (!direct)
            spread_planes(k, p, t.out, t.rows, y);
    }
}

static void run_example(const rg_conv_kernel *k, const rg_frame *frame, int64_t n, int64_t g)
{
    const char *x = plane_of_x(k, frame, n, g, 0);
    char *stage = frame->scratch + k->stage_at;
    if (!rg_conv_reads_x(k))
        rg_conv_stage_fill(&k->stage, k->bytes, x, k->channels, stage);
    for (int64_t i = 0; i < k->stage.passes; i++)
        run_pass(k, frame, &k->plan[i], n, g, rg_conv_reads_x(k) ? x : stage);
}

bool rg_conv_run_outputs(const rg_kernel *base, const rg_frame *frame, rg_err *err)
{
    const rg_conv_kernel *k = (const rg_conv_kernel *)base;
    (void)err;
    widen(k, frame);
    if (!rg_conv_reads_x(k))
        clear_stage(k, frame, k->channels);
    for (int64_t n = 0; n < k->n; n++)
        for (int64_t g = 0; g < k->groups; g++)
            run_example(k, frame, n, g);
    return true;
}

/* ---- Filters as vectors. */
/* to[c][r] = from[r][c], a line of each row at a time. */
#define TRANSPOSE(T) \
    RG_TURN_FOUR(turn_four_##T, T) \
    static void transpose_##T(const T *from, int64_t rows, int64_t from_row, int64_t columns, \
                              T *to, int64_t to_row) \
    { \
        for (; columns > 0; columns -= 16, from += 16, to += 16 * to_row) { \
            int64_t n = columns < 16 ? columns : 16, r = 0; \
            for (; r + 4 <= rows; r += 4) \
                turn_four_##T(from + r * from_row, from_row, n, to + r, to_row); \
            for (; r < rows; r++) \
                for (int64_t c = 0; c < n; c++) \
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
    const rg_conv_plan *plan;
    int64_t group, filter, filters, channel, channels;
} block;

/* (filters, channels, taps) -> (channels, taps, width) */
static void pack_filters(const rg_conv_kernel *k, const rg_frame *frame, const block *b)
{
    int64_t taps = k->stage.taps, row = k->channels * taps, columns = b->channels * taps;
    int64_t first = (b->group * k->filters + b->filter) * row + b->channel * taps;
    char *to = frame->scratch + k->filters_at;
    if (b->filters < k->width)
        memset(to, 0, (size_t)(columns * k->width) * k->bytes);
    transpose(k->bytes, element(k, w_of(k, frame), first), b->filters, row, columns, to,
              k->width);
}

/* The rows of sums of `examples` examples from n on, whose planes of the block lie at `a`. */
static void sum_rows(const rg_conv_kernel *k, const rg_frame *frame, const block *b, int64_t n,
                     int64_t examples, const void *a, int64_t a_example)
{
    const rg_conv_plan *p = b->plan;
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
    int64_t rows = examples * outputs, tiles = (rows + RG_CONV_ROWS - 1) / RG_CONV_ROWS;
    for (int64_t r = 0; tiles > 0; r += t.rows, tiles--) {
        t.rows = (int)((rows - r + tiles - 1) / tiles);
        for (int i = 0; i < t.rows; i++)
            t.a_row[i] = (r + i) / outputs * a_example + p->start[(r + i) % outputs];
        t.out = element(k, frame->scratch + k->sums_at, (n * outputs + r) * k->width);
        k->tiles->run(&t);
    }
}

static void sum_block(const rg_conv_kernel *k, const rg_frame *frame, const block *b)
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
static void unpack_sums(const rg_conv_kernel *k, const rg_frame *frame, const block *b)
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

static void run_block(const rg_conv_kernel *k, const rg_frame *frame, block b)
{
    for (; b.channel < k->channels; b.channel += k->block_channels) {
        int64_t left = k->channels - b.channel;
        b.channels = left < k->block_channels ? left : k->block_channels;
        sum_block(k, frame, &b);
    }
    unpack_sums(k, frame, &b);
}

bool rg_conv_run_filters(const rg_kernel *base, const rg_frame *frame, rg_err *err)
{
    const rg_conv_kernel *k = (const rg_conv_kernel *)base;
    (void)err;
    widen(k, frame);
    for (int64_t g = 0; g < k->groups; g++)
        for (int64_t o = 0; o < k->filters; o += k->width)
            for (int64_t i = 0; i < k->stage.passes; i++) {
                int64_t filters = k->filters - o < k->width ? k->filters - o : k->width;
                run_block(k, frame, (block){&k->plan[i], g, o, filters, 0, 0});
            }
    return true;
}
