/* index.c - gather, scatter_add and scatter_max: rows picked, or folded into, by index. */
#include "engine/cpu/program.h"
#include "engine/cpu/reference.h"

#include <math.h>
#include <string.h>

/* The whole seen as (outer, length, inner); `n` indices along the middle axis. */
typedef struct index_kernel {
    rg_kernel base;
    rg_node node; /* for the message; its operand list is not used */
    bool is_signed;
    uint32_t whole, indices, part;
    int64_t outer, length, inner, n;
    size_t bytes;
    rg_dtype dtype;
} index_kernel;

static int64_t index_at(const index_kernel *k, const char *indices, int64_t i)
{
    return k->is_signed ? (int64_t)((const int32_t *)(const void *)indices)[i]
                        : (int64_t)((const uint32_t *)(const void *)indices)[i];
}

static bool in_range(const index_kernel *k, const char *indices, rg_err *err)
{
    if (k->outer == 0 || k->inner == 0)
        return true; /* nothing is read */
    for (int64_t i = 0; i < k->n; i++) {
        int64_t index = index_at(k, indices, i);
        if (index < 0 || index >= k->length)
            return rg_index_fail(&k->node, index, k->length, err);
    }
    return true;
}

static bool run_gather(const rg_kernel *base, const rg_frame *frame, rg_err *err)
{
    const index_kernel *k = (const index_kernel *)base;
    const char *whole = frame->slot[k->whole], *indices = frame->slot[k->indices];
    char *out = frame->slot[k->part];
    size_t row = (size_t)k->inner * k->bytes;
    if (!in_range(k, indices, err))
        return false;
    for (int64_t o = 0; o < k->outer; o++)
        for (int64_t i = 0; i < k->n && row > 0; i++, out += row)
            memcpy(out, whole + (size_t)(o * k->length + index_at(k, indices, i)) * row, row);
    return true;
}

/* ---- Scattering: each row of the updates is folded into a row of the whole. */
#define LARGER(a, b) (((a) > (b) || (a) != (a)) ? (a) : (b))
#define SUM(a, b) ((a) + (b))
#define FOLD_ROW(name, T, least, COMBINE) \
    static void clear_##name(void *to, int64_t n) \
    { \
        T *y = to; \
        for (int64_t i = 0; i < n; i++) \
            y[i] = least; \
    } \
    static void fold_##name(void *to, const void *from, int64_t n) \
    { \
        T *y = to; \
        const T *x = from; \
        for (int64_t i = 0; i < n; i++) \
            y[i] = COMBINE(y[i], x[i]); \
    }
FOLD_ROW(sum_f32, float, 0, SUM)
FOLD_ROW(sum_f64, double, 0, SUM)
FOLD_ROW(sum_u32, uint32_t, 0, SUM)
FOLD_ROW(max_f32, float, -INFINITY, LARGER)
FOLD_ROW(max_f64, double, -INFINITY, LARGER)
FOLD_ROW(max_i32, int32_t, INT32_MIN, LARGER)
FOLD_ROW(max_u32, uint32_t, 0, LARGER)

typedef struct fold {
    void (*clear)(void *to, int64_t n);
    void (*row)(void *to, const void *from, int64_t n);
} fold;
#define FOLD(name) \
    { \
        clear_##name, fold_##name \
    }
static const fold sums[] = {[RG_F32] = FOLD(sum_f32),
                            [RG_F64] = FOLD(sum_f64),
                            [RG_I32] = FOLD(sum_u32),
                            [RG_U32] = FOLD(sum_u32)};
static const fold maxima[] = {[RG_F32] = FOLD(max_f32),
                              [RG_F64] = FOLD(max_f64),
                              [RG_I32] = FOLD(max_i32),
                              [RG_U32] = FOLD(max_u32)};

static bool run_scatter(const rg_kernel *base, const rg_frame *frame, rg_err *err)
{
    const index_kernel *k = (const index_kernel *)base;
    const char *updates = frame->slot[k->part], *indices = frame->slot[k->indices];
    char *whole = frame->slot[k->whole];
    size_t row = (size_t)k->inner * k->bytes;
    const fold *f = k->node.op == RG_OP_scatter_max ? &maxima[k->dtype] : &sums[k->dtype];
    if (!in_range(k, indices, err))
        return false;
    f->clear(whole, k->outer * k->length * k->inner);
    for (int64_t o = 0; o < k->outer; o++)
        for (int64_t i = 0; i < k->n; i++, updates += row)
            f->row(whole + (size_t)(o * k->length + index_at(k, indices, i)) * row, updates,
                   k->inner);
    return true;
}

static index_kernel *make(rg_lowering *lowering, const rg_step *step, rg_shape whole,
                          const rg_node *indices,
                          bool (*run)(const rg_kernel *, const rg_frame *, rg_err *))
{
    const rg_node *node = rg_node_of(lowering->layout->graph, step->node[0]);
    index_kernel *k = RG_KERNEL_NEW(lowering, index_kernel, run);
    k->node = *node;
    k->is_signed = indices->dtype == RG_I32;
    k->dtype = node->dtype;
    k->bytes = rg_dtype_bytes(node->dtype);
    k->n = rg_shape_count(indices->shape);
    k->outer = k->inner = 1;
    k->length = whole.dim[node->attr.axis];
    for (int i = 0; i < whole.rank; i++)
        if (i != node->attr.axis)
            *(i < node->attr.axis ? &k->outer : &k->inner) *= whole.dim[i];
    return k;
}

rg_kernel *rg_lower_gather(rg_lowering *lowering, const rg_step *step)
{
    const rg_graph *graph = lowering->layout->graph;
    const rg_node *node = rg_node_of(graph, step->node[0]);
    index_kernel *k = make(lowering, step, rg_operand(graph, node, 0)->shape,
                           rg_operand(graph, node, 1), run_gather);
    k->whole = rg_lower_slot(lowering, node->in[0]);
    k->indices = rg_lower_slot(lowering, node->in[1]);
    k->part = rg_lower_slot(lowering, step->node[0]);
    return &k->base;
}

static rg_kernel *lower_scatter(rg_lowering *lowering, const rg_step *step)
{
    const rg_graph *graph = lowering->layout->graph;
    const rg_node *node = rg_node_of(graph, step->node[0]);
    index_kernel *k =
        make(lowering, step, node->shape, rg_operand(graph, node, 0), run_scatter);
    k->indices = rg_lower_slot(lowering, node->in[0]);
    k->part = rg_lower_slot(lowering, node->in[1]);
    k->whole = rg_lower_slot(lowering, step->node[0]);
    return &k->base;
}

rg_kernel *rg_lower_scatter_add(rg_lowering *lowering, const rg_step *step)
{
    return lower_scatter(lowering, step);
}

rg_kernel *rg_lower_scatter_max(rg_lowering *lowering, const rg_step *step)
{
    return lower_scatter(lowering, step);
}
