/* dot.c - contraction as matrix products, one for each batch entry: ours up to ONEDNN_FROM
 * multiplications each, oneDNN above.
 *
 * Measured on one core of an AMD EPYC with AVX-512, GFLOP/s of ours / oneDNN 2.6.3: 16^3 140 /
 * 30, 64^3 217 / 200, 128^3 246 / 245; above, ours lacks blocking for the caches, and making a
 * oneDNN primitive costs 200 to 400 us. */
#include "engine/cpu/gemm.h"
#include "engine/cpu/onednn.h"
#include "engine/cpu/program.h"

#include <stdlib.h>
#include <string.h>

#define ONEDNN_FROM ((int64_t)128 * 128 * 128)

typedef struct dot_kernel {
    rg_kernel base;
    const rg_gemm_kernels *own;
    rg_dtype dtype;
    uint32_t x, y, out;
    int64_t batch, x_batch, y_batch; /* entries; strides in elements */
    rg_gemm gemm;
    rg_onednn_product *product;
} dot_kernel;

static bool run_own(const rg_kernel *base, const rg_frame *frame, rg_err *err)
{
    const dot_kernel *k = (const dot_kernel *)base;
    const rg_gemm *g = &k->gemm;
    (void)err;
    for (int64_t b = 0; b < k->batch; b++) {
        if (k->dtype == RG_F32)
            k->own->f32(g, (const float *)(const void *)frame->slot[k->x] + b * k->x_batch,
                        (const float *)(const void *)frame->slot[k->y] + b * k->y_batch,
                        (float *)(void *)frame->slot[k->out] + b * g->m * g->n, frame->scratch);
        else
            k->own->f64(g, (const double *)(const void *)frame->slot[k->x] + b * k->x_batch,
                        (const double *)(const void *)frame->slot[k->y] + b * k->y_batch,
                        (double *)(void *)frame->slot[k->out] + b * g->m * g->n,
                        frame->scratch);
    }
    return true;
}

/* ---- oneDNN: each member has handles of its own. */
static void *make_handles(const rg_kernel *base)
{
    return rg_onednn_handles_make(((const dot_kernel *)base)->product);
}

static void free_handles(const rg_kernel *base, void *handles)
{
    (void)base;
    rg_onednn_handles_free(handles);
}

static void free_product(void *product)
{
    rg_onednn_free(product);
}

static bool run_onednn(const rg_kernel *base, const rg_frame *frame, rg_err *err)
{
    const dot_kernel *k = (const dot_kernel *)base;
    rg_onednn_handles *handles = frame->state[base->number];
    if (handles &&
        rg_onednn_run(k->product, handles, (const float *)(const void *)frame->slot[k->x],
                      (const float *)(const void *)frame->slot[k->y],
                      (float *)(void *)frame->slot[k->out]))
        return true;
    return rg_fail(err, RG_INTERNAL, NULL, "run again with RIGOR_ONEDNN=off",
                   "oneDNN could not compute a matrix product");
}

/* RIGOR_ONEDNN: off never uses it, always uses it for the smallest products as well. */
static void choose_onednn(rg_lowering *lowering, dot_kernel *k)
{
    const char *wish = getenv("RIGOR_ONEDNN");
    const rg_gemm *g = &k->gemm;
    bool always = wish && strcmp(wish, "always") == 0;
    if (k->dtype != RG_F32 || (!always && g->m * g->n * g->k < ONEDNN_FROM))
        return;
    k->product = rg_onednn_make(g, k->batch, k->x_batch, k->y_batch);
    if (!k->product)
        return;
    rg_arena_defer(lowering->arena, free_product, k->product);
    k->base.run = run_onednn;
    k->base.make_state = make_handles;
    k->base.free_state = free_handles;
}

rg_kernel *rg_lower_dot(rg_lowering *lowering, const rg_step *step)
{
    const rg_graph *graph = lowering->layout->graph;
    const rg_node *node = rg_node_of(graph, step->node[0]);
    rg_dot_view x, y;
    if (!rg_dot_operand(graph, node, 0, &x) || !rg_dot_operand(graph, node, 1, &y))
        RG_BUG("node %u: an operand of dot is not in order", step->node[0]);
    dot_kernel *k = RG_KERNEL_NEW(lowering, dot_kernel, run_own);
    k->own = rg_gemm_best();
    k->dtype = node->dtype;
    k->x = rg_lower_slot(lowering, node->in[0]);
    k->y = rg_lower_slot(lowering, node->in[1]);
    k->out = rg_lower_slot(lowering, step->node[0]);
    k->batch = x.count[0];
    k->x_batch = x.stride[0];
    k->y_batch = y.stride[0];
    k->gemm = (rg_gemm){.m = x.count[1],
                        .n = y.count[1],
                        .k = x.count[2],
                        .a_row = x.stride[1],
                        .a_column = x.stride[2],
                        .b_row = y.stride[2],
                        .b_column = y.stride[1]};
    k->base.scratch = k->own->scratch(&k->gemm, k->dtype);
    choose_onednn(lowering, k);
    return &k->base;
}
