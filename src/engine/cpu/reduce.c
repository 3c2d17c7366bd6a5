/* reduce.c - sums and maxima over axes, in the order that reduce.h fixes. */
#include "engine/cpu/reduce.h"

#include "engine/cpu/program.h"
#include "engine/cpu/strided.h"

#include <math.h>
#include <string.h>

#define UNIT 65536 /* elements that are worth a thread's while */

static rg_fold_kind kind_of(rg_op op)
{
    return op == RG_OP_sum ? RG_FOLD_SUM : RG_FOLD_MAX;
}

static int64_t chunks_of(int64_t n)
{
    return n <= RG_FOLD_CHUNK ? 1 : (n + RG_FOLD_CHUNK - 1) / RG_FOLD_CHUNK;
}

static int64_t chunk_length(int64_t n, int64_t chunk)
{
    int64_t left = n - chunk * RG_FOLD_CHUNK;
    return left < RG_FOLD_CHUNK ? left : RG_FOLD_CHUNK;
}

/* Folds n values into *out, with room for chunks_of(n) values in `partial`. */
static void fold(const rg_loops *loops, rg_fold_kind kind, rg_dtype dtype, const char *values,
                 int64_t n, char *out, char *partial)
{
    size_t bytes = rg_dtype_bytes(dtype);
    while (n > RG_FOLD_CHUNK) {
        int64_t chunks = chunks_of(n);
        for (int64_t c = 0; c < chunks; c++)
            loops->fold[kind][dtype](values + (size_t)(c * RG_FOLD_CHUNK) * bytes, 1,
                                     chunk_length(n, c), partial + (size_t)c * bytes);
        values = partial;
        n = chunks;
    }
    loops->fold[kind][dtype](values, 1, n, out);
}

void rg_fold(rg_op op, rg_dtype dtype, void *values, int64_t n, void *out)
{
    fold(&rg_loops_base, kind_of(op), dtype, values, n, out, values);
}

/* Rows of few vectors and a rest: sixteen of them side by side, as columns. */
#define SHORT_ROW 48
static void fold_short_rows(const rg_loops *loops, rg_fold_kind kind, rg_dtype dtype,
                            const char *x, int64_t rows, int64_t len, char *out)
{
    size_t bytes = rg_dtype_bytes(dtype);
    for (int64_t o = 0; o < rows; o += RG_FOLD_LANES) {
        int64_t some = rows - o < RG_FOLD_LANES ? rows - o : RG_FOLD_LANES;
        loops->fold_columns[kind][dtype](x + (size_t)(o * len) * bytes, len, 1, len, some,
                                         out + (size_t)o * bytes);
    }
}

void rg_fold_rows(const rg_loops *loops, rg_op op, rg_dtype dtype, const char *x, int64_t rows,
                  int64_t len, char *out)
{
    if (len <= SHORT_ROW && len % RG_FOLD_LANES)
        fold_short_rows(loops, kind_of(op), dtype, x, rows, len, out);
    else
        loops->fold[kind_of(op)][dtype](x, rows, len, out);
}

/* ---- The kernel: x seen as (outer, n, inner), folded over n. */
typedef struct reduce_kernel {
    rg_kernel base;
    const rg_loops *loops;
    rg_op op;
    rg_dtype dtype;
    uint32_t x, out;
    int64_t outer, n, inner;
    bool arrange; /* the folded axes are not neighbours: bring them to the end first */
    rg_strided order;
    size_t partial;      /* offset of the chunks' results in scratch */
    int64_t parts, part; /* rows or blocks of columns: all, and those of one unit */
} reduce_kernel;

/* At most RG_FOLD_LANES neighbouring columns of a (n, inner) matrix. */
static void fold_columns(const reduce_kernel *k, const char *x, int64_t columns, char *out,
                         char *partial)
{
    size_t bytes = rg_dtype_bytes(k->dtype);
    int64_t n = k->n, stride = k->inner;
    while (n > RG_FOLD_CHUNK) {
        int64_t chunks = chunks_of(n);
        for (int64_t c = 0; c < chunks; c++)
            k->loops->fold_columns[kind_of(k->op)][k->dtype](
                x + (size_t)(c * RG_FOLD_CHUNK * stride) * bytes, chunk_length(n, c), stride, 1,
                columns, partial + (size_t)(c * RG_FOLD_LANES) * bytes);
        x = partial;
        stride = RG_FOLD_LANES;
        n = chunks;
    }
    k->loops->fold_columns[kind_of(k->op)][k->dtype](x, n, stride, 1, columns, out);
}

static void fold_rows(const reduce_kernel *k, const char *x, char *out, char *partial,
                      int64_t from, int64_t to)
{
    size_t bytes = rg_dtype_bytes(k->dtype);
    if (k->n <= RG_FOLD_CHUNK) {
        rg_fold_rows(k->loops, k->op, k->dtype, x + (size_t)(from * k->n) * bytes, to - from,
                     k->n, out + (size_t)from * bytes);
        return;
    }
    for (int64_t o = from; o < to; o++)
        fold(k->loops, kind_of(k->op), k->dtype, x + (size_t)(o * k->n) * bytes, k->n,
             out + (size_t)o * bytes, partial);
}

static int64_t blocks_of(const reduce_kernel *k)
{
    return (k->inner + RG_FOLD_LANES - 1) / RG_FOLD_LANES;
}

/* Blocks of columns, counted through all of `outer`. */
static void fold_blocks(const reduce_kernel *k, const char *x, char *out, char *partial,
                        int64_t from, int64_t to)
{
    size_t bytes = rg_dtype_bytes(k->dtype);
    int64_t blocks = blocks_of(k);
    for (int64_t b = from; b < to; b++) {
        int64_t o = b / blocks, i = b % blocks * RG_FOLD_LANES;
        int64_t columns = k->inner - i < RG_FOLD_LANES ? k->inner - i : RG_FOLD_LANES;
        fold_columns(k, x + (size_t)(o * k->n * k->inner + i) * bytes, columns,
                     out + (size_t)(o * k->inner + i) * bytes, partial);
    }
}

static bool run_reduce(const rg_kernel *base, const rg_frame *frame, rg_err *err)
{
    const reduce_kernel *k = (const reduce_kernel *)base;
    (void)err;
    const char *x = frame->slot[k->x];
    char *out = frame->slot[k->out], *partial = frame->scratch + k->partial;
    if (k->arrange) {
        rg_strided_copy(&k->order, x, frame->scratch);
        x = frame->scratch;
    }
    int64_t from = frame->from * k->part, to = frame->to * k->part;
    (k->inner == 1 ? fold_rows : fold_blocks)(k, x, out, partial, from,
                                              to < k->parts ? to : k->parts);
    return true;
}

/* What may be folded on its own: a row, or a block of columns; so many together that they are worth
 * a thread's while, rows in whole blocks. */
static void cut(reduce_kernel *k)
{
    bool rows = k->inner == 1;
    int64_t each = k->n * (rows ? 1 : RG_FOLD_LANES), enough = UNIT / (each > 0 ? each : 1) + 1;
    k->parts = k->outer * (rows ? 1 : blocks_of(k));
    k->part = rows ? (enough + RG_FOLD_LANES - 1) / RG_FOLD_LANES * RG_FOLD_LANES : enough;
    if (k->arrange)
        k->part = k->parts;
    k->base.units = k->parts > k->part ? (k->parts + k->part - 1) / k->part : 1;
}

/* Sees the shape as (outer, n, inner) when the folded axes are neighbours (lengths of 1 aside).
 */
static bool as_block(reduce_kernel *k, rg_shape shape, uint32_t axes)
{
    int first = -1, last = -1;
    k->outer = k->n = k->inner = 1;
    for (int i = 0; i < shape.rank; i++)
        if (axes >> i & 1 && shape.dim[i] != 1) {
            first = first < 0 ? i : first;
            last = i;
        }
    for (int i = 0; i < shape.rank; i++) {
        bool within = first >= 0 && i >= first && i <= last;
        if (within && !(axes >> i & 1) && shape.dim[i] != 1)
            return false;
        *(within ? &k->n : i < first ? &k->outer : &k->inner) *= shape.dim[i];
    }
    return true;
}

/* Brings the kept axes to the front and the folded ones to the end. */
static void arrange(reduce_kernel *k, rg_shape shape, uint32_t axes)
{
    int order[RG_RANK_MAX], at = 0;
    k->outer = k->n = k->inner = 1;
    for (int folded = 0; folded < 2; folded++)
        for (int i = 0; i < shape.rank; i++)
            if ((int)(axes >> i & 1) == folded) {
                order[at++] = i;
                *(folded ? &k->n : &k->outer) *= shape.dim[i];
            }
    k->arrange = true;
    k->order = rg_strided_permute(shape, order, rg_dtype_bytes(k->dtype));
}

rg_kernel *rg_lower_reduce(rg_lowering *lowering, const rg_step *step)
{
    const rg_node *node = rg_node_of(lowering->layout->graph, step->node[0]);
    const rg_node *x = rg_operand(lowering->layout->graph, node, 0);
    reduce_kernel *k = RG_KERNEL_NEW(lowering, reduce_kernel, run_reduce);
    k->loops = lowering->loops;
    k->op = node->op;
    k->dtype = node->dtype;
    k->x = rg_lower_slot(lowering, node->in[0]);
    k->out = rg_lower_slot(lowering, step->node[0]);
    size_t bytes = rg_dtype_bytes(k->dtype);
    if (!as_block(k, x->shape, node->attr.axes)) {
        arrange(k, x->shape, node->attr.axes);
        k->partial = ((size_t)rg_shape_count(x->shape) * bytes + 63) / 64 * 64;
    }
    cut(k);
    k->base.scratch = k->partial + (size_t)chunks_of(k->n) * RG_FOLD_LANES * bytes;
    return &k->base;
}
