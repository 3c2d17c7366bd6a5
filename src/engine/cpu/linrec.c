/* linrec.c - the linear recurrence: x seen as (outer, n, inner), n in order, many runs side by
 * side.
 *
 * With inner axes, neighbouring runs lie side by side in memory; without, the runs are rows,
 * and as many as hide the latency of a product and a sum are advanced together. */
#include "engine/cpu/program.h"

typedef struct linrec_kernel {
    rg_kernel base;
    void (*runs)(const void *a, const void *b, void *h, int64_t n, int64_t row, int64_t column,
                 int64_t columns);
    uint32_t a, b, out;
    int64_t outer, n, inner, row; /* row: elements to the next entry, negative backwards */
    int64_t first;                /* the entry to start with */
    size_t bytes;
} linrec_kernel;

static void advance(const linrec_kernel *k, const rg_frame *frame, int64_t at, int64_t column,
                    int64_t columns)
{
    size_t offset = (size_t)at * k->bytes;
    k->runs(frame->slot[k->a] + offset, frame->slot[k->b] + offset,
            frame->slot[k->out] + offset, k->n, k->row, column, columns);
}

static int64_t at_most(int64_t n, int64_t limit)
{
    return n < limit ? n : limit;
}

static bool run_linrec(const rg_kernel *base, const rg_frame *frame, rg_err *err)
{
    const linrec_kernel *k = (const linrec_kernel *)base;
    int64_t block = k->n * k->inner, start = k->first * k->inner;
    (void)err;
    if (block == 0)
        return true;
    if (k->inner == 1)
        for (int64_t o = 0; o < k->outer; o += RG_LINREC_ROWS)
            advance(k, frame, o * block + start, block, at_most(k->outer - o, RG_LINREC_ROWS));
    else
        for (int64_t o = 0; o < k->outer; o++)
            for (int64_t i = 0; i < k->inner; i += RG_LINREC_COLUMNS)
                advance(k, frame, o * block + start + i, 1,
                        at_most(k->inner - i, RG_LINREC_COLUMNS));
    return true;
}

rg_kernel *rg_lower_linrec(rg_lowering *lowering, const rg_step *step)
{
    const rg_node *node = rg_node_of(lowering->layout->graph, step->node[0]);
    linrec_kernel *k = RG_KERNEL_NEW(lowering, linrec_kernel, run_linrec);
    int axis = node->attr.recurrence.axis;
    k->runs = lowering->loops->linrec[node->dtype == RG_F64];
    k->a = rg_lower_slot(lowering, node->in[0]);
    k->b = rg_lower_slot(lowering, node->in[1]);
    k->out = rg_lower_slot(lowering, step->node[0]);
    k->bytes = rg_dtype_bytes(node->dtype);
    k->outer = k->inner = 1;
    k->n = node->shape.dim[axis];
    for (int i = 0; i < node->shape.rank; i++)
        if (i != axis)
            *(i < axis ? &k->outer : &k->inner) *= node->shape.dim[i];
    k->row = node->attr.recurrence.reverse ? -k->inner : k->inner;
    k->first = node->attr.recurrence.reverse ? k->n - 1 : 0;
    return &k->base;
}
