/* dot.c - contraction as matrix products, one for each batch entry. */
#include "engine/cpu/gemm.h"
#include "engine/cpu/program.h"

typedef struct dot_kernel {
    rg_kernel base;
    const rg_gemm_kernels *own;
    rg_dtype dtype;
    uint32_t x, y, out;
    int64_t batch, x_batch, y_batch; /* entries; strides in elements */
    rg_gemm gemm;
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
    return &k->base;
}
