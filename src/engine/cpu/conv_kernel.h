/* conv_kernel.h - what the kernel of a convolution knows: made by conv.c, run by conv_run.c. */
#ifndef RIGOR_ENGINE_CPU_CONV_KERNEL_H
#define RIGOR_ENGINE_CPU_CONV_KERNEL_H

#include "engine/cpu/conv.h"
#include "engine/cpu/onednn.h"
#include "engine/cpu/program.h"
#include "engine/cpu/strided.h"

/* How one pass of the stage is computed. */
typedef struct rg_conv_plan {
    const rg_conv_pass *pass;
    /* Outputs as vectors: where each starts in the stage and in the pass.  Those from `whole`
     * on would reach beyond its plane, of which they hold `rest` outputs each. */
    int64_t vectors, whole, rest, *from, *to;
    /* Filters as vectors: where each output starts in the stage, each tap in packed filters. */
    int64_t *start, *filter_tap;
    rg_strided spread; /* from the pass' plane to y's, where there are several passes */
} rg_conv_plan;

typedef struct rg_conv_kernel {
    rg_kernel base;
    const rg_conv_tiles *tiles;
    rg_conv_stage stage;
    rg_conv_plan *plan; /* by pass */
    size_t bytes;       /* of an element of y; x and w are bf16 where `half` */
    bool half;
    int64_t x_count, w_count;
    uint32_t x, w, out;
    int64_t n, groups, channels, filters; /* examples; of one group: channels, filters */
    /* Filters as vectors: `width` filters at once, blocks of channels and examples. */
    int64_t width, block_channels, block_examples;
    size_t stage_at, filters_at, sums_at, plane_at, wide_at; /* in working memory */
    rg_onednn_conv *onednn;
} rg_conv_kernel;

/* A tile's vectors hold neighbouring outputs of a plane, its rows are filters. */
bool rg_conv_run_outputs(const rg_kernel *base, const rg_frame *frame, rg_err *err);
/* A tile's vectors hold filters, its rows are outputs. */
bool rg_conv_run_filters(const rg_kernel *base, const rg_frame *frame, rg_err *err);
/* With outputs as vectors: the tiles read x itself, not a stage. */
bool rg_conv_reads_x(const rg_conv_kernel *k);

#endif
