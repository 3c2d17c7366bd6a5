/* conv.h - the parts of the convolution: stages (conv_stage.c) and tiles (conv_body.h), which
 * the kernel puts together (conv.c, conv_run.c).
 *
 * A stage is x laid out so that every tap of every output is one load away.  Along an axis with
 * stride s, tap t of output p reads the padded, spread x at u = p s + t d = (p + t d / s) s +
 * t d % s.  So the entries are sorted by their phase u % s, and within a phase they stand in
 * order: output p + 1 reads just behind output p whatever the stride, and a tap is an offset
 * whatever the dilation.  Padding and cropping are in the stage.
 *
 * Where x is spread by a, output p = a q + f meets entries of x with every a-th tap only, which
 * ones depending on f.  So each f is a pass of its own, a convolution with stride a s, and
 * phases that hold nothing but zeros are left out of the stage. */
#ifndef RIGOR_ENGINE_CPU_CONV_H
#define RIGOR_ENGINE_CPU_CONV_H

#include "engine/ir/node.h"

/* ---- Stages. */
/* The outputs of one residue along every axis: every a-th one where x is spread by a.  Only the
 * taps that meet entries of x are listed, the others meet nothing but zeros. */
typedef struct rg_conv_pass {
    int64_t taps, *w_tap, *stage_tap; /* offsets within a channel: of w, of the stage */
    int64_t outputs[RG_CONV_AXES_MAX], plane;
    int64_t first; /* where the first of them stands in y's plane */
} rg_conv_pass;

typedef struct rg_conv_stage {
    int axes;
    int64_t length[RG_CONV_AXES_MAX];    /* of x */
    int64_t staged[RG_CONV_AXES_MAX];    /* of the stage */
    int64_t stride[RG_CONV_AXES_MAX];    /* of the stage, by axis */
    int64_t step[RG_CONV_AXES_MAX];      /* in y's plane, from output to output of a pass */
    int64_t *source[RG_CONV_AXES_MAX];   /* by staged entry: x's entry, or -1 for a zero */
    int64_t x_plane, plane, out_plane;   /* entries of one channel: of x, the stage, y */
    int64_t taps;                        /* of one channel of w */
    bool identity;                       /* the stage is x itself, and there is one pass */
    int64_t run_from, run_to, run_count; /* innermost axis: if its entries are one run */
    bool run;
    rg_conv_pass *pass;
    int64_t passes;
} rg_conv_stage;

/* Axes that nothing happens to are merged with their neighbours; memory is the arena's. */
rg_conv_stage rg_conv_stage_make(rg_arena *arena, const rg_node *conv, rg_shape x, rg_shape w);
/* Where output i (row-major) of a pass starts in the stage. */
int64_t rg_conv_stage_at(const rg_conv_stage *s, const rg_conv_pass *pass, int64_t i);
/* Lays out `channels` planes of x, which follow one another, as planes of the stage.  Zeros are
 * not written: clear the stage before its first use. */
void rg_conv_stage_fill(const rg_conv_stage *s, size_t bytes, const void *x, int64_t channels,
                        void *stage);

/* ---- Tiles: sums of products for up to 8 rows of a and a few vectors of b,
 *   out[row][vector] = sum over c, t of a[row + c a_channel + a_tap[t]]
 *                                       b[vector + c b_channel + b_tap[t]],
 * each sum in this order of (c, t), with products and sums fused. */
#define RG_CONV_ROWS 8
#define RG_CONV_VECTORS 8
#define RG_CONV_VECTOR_MAX 64 /* bytes */

typedef struct rg_conv_tile {
    int64_t channels, taps, a_channel, b_channel;
    const int64_t *a_tap, *b_tap;
    bool more; /* go on from what stands in out */
    int rows, vectors;
    const void *a, *b;
    void *out;
    int64_t a_row[RG_CONV_ROWS];  /* elements from a to each row */
    const int64_t *b_at, *out_at; /* elements from b and from a row of out to each vector */
    int64_t out_row;              /* elements from row to row of out */
} rg_conv_tile;

typedef struct rg_conv_tiles {
    int lanes;
    int vectors[RG_CONV_ROWS + 1]; /* the most vectors at once, by rows: 1, 2, 3, 4, 6 or 8 */
    void (*run)(const rg_conv_tile *tile);
} rg_conv_tiles;

extern const rg_conv_tiles rg_conv_base[2], rg_conv_avx2[2], rg_conv_avx512[2]; /* f32, f64 */

#endif
