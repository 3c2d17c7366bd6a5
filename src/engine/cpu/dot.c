/* dot.c - contraction as matrix products, one for each batch entry: ours below onednn_from
 * multiplications each, oneDNN from there on.
 *
 * Measured on one core of an AMD EPYC with AVX-512 (peak 117), GFLOP/s of ours / oneDNN 2.6.3
 * with its operands in the caches: 16^3 73 / 23, 64^3 110 / 108, 128^3 114 / 115, 768 x 128 x
 * 512 115 / 117, 768 x 3072 x 256 with a transposed 109 / 99, 256 x 768 x 3072 107 / 110.
 * Within a step, where operands come from memory, they are alike; making a oneDNN primitive
 * costs 200 to 400 us. */
#include "engine/cpu/gemm.h"
#include "engine/cpu/onednn.h"
#include "engine/cpu/program.h"
#include "engine/ir/bfloat.h"

#include <stdlib.h>
#include <string.h>

/* Multiplications from which on oneDNN is asked. */
static const int64_t onednn_from[RG_DTYPES] = {
    [RG_F32] = (int64_t)1 << 28, [RG_BF16] = 32 * 32 * 32};
#define UNIT ((int64_t)1 << 24)     /* multiplications that are worth a primitive of oneDNN's */
#define OWN_UNIT ((int64_t)1 << 21) /* and that are worth a thread's while */
#define BAND 64                     /* rows or columns, at least, of a unit */
#define FAR ((int64_t)1 << 16)      /* elements of a result that are not found in a cache */

/* Units: several products of the batch each; or bands of the only one, of rows or, where there
 * are more of them, of columns, so that what is packed for each band does not count. */
typedef struct dot_kernel {
    rg_kernel base;
    const rg_gemm_kernels *own;
    rg_dtype operands;
    uint32_t x, y, out;
    int64_t batch;              /* entries */
    const int64_t *x_at, *y_at; /* where each begins, in elements */
    bool regular;               /* they are x_batch and y_batch apart */
    int64_t x_batch, y_batch;
    rg_gemm gemm;
    int64_t entries, rows, columns; /* of a unit */
    rg_onednn_product *product[2];  /* of a unit; of the last one, where that is smaller */
} dot_kernel;

typedef struct part { /* what one unit multiplies */
    int64_t first, entries;
    rg_gemm gemm;
    int64_t x, y, out; /* where its rows and columns begin within an entry */
} part;

static int64_t at_most(int64_t n, int64_t limit)
{
    return n < limit ? n : limit;
}

static part part_of(const dot_kernel *k, int64_t unit)
{
    const rg_gemm *g = &k->gemm;
    int64_t entry = k->entries < k->batch ? unit * k->entries : 0;
    int64_t row = k->rows < g->m ? unit * k->rows : 0;
    int64_t column = k->columns < g->n ? unit * k->columns : 0;
    part p = {entry,
              at_most(k->entries, k->batch - entry),
              *g,
              row * g->a_row,
              column * g->b_column,
              row * g->n + column};
    p.gemm.m = at_most(k->rows, g->m - row);
    p.gemm.n = at_most(k->columns, g->n - column);
    return p;
}

#define MULTIPLY(name, T) \
    static void multiply_##name(const dot_kernel *k, const part *p, const void *x, \
                                const void *y, void *out, void *scratch) \
    { \
        for (int64_t b = p->first; b < p->first + p->entries; b++) \
            k->own->name(&p->gemm, (const T *)x + k->x_at[b] + p->x, \
                         (const T *)y + k->y_at[b] + p->y, \
                         (T *)out + b * k->gemm.m * k->gemm.n + p->out, scratch); \
    }
MULTIPLY(f32, float)
MULTIPLY(f64, double)

/* ---- bf16, where oneDNN does not multiply it: operands are made f32 in scratch, as they
 * stand: the axis of stride 1 stays innermost.  Products of two bf16 are exact in f32. */
static rg_gemm widened(rg_gemm g)
{
    bool a_turned = g.a_row == 1, b_turned = g.b_row == 1;
    g.a_row = a_turned ? 1 : g.k;
    g.a_column = a_turned ? g.m : 1;
    g.b_row = b_turned ? 1 : g.n;
    g.b_column = b_turned ? g.k : 1;
    return g;
}

static void widen(const uint16_t *x, int64_t outer, int64_t outer_stride, int64_t inner,
                  int64_t inner_stride, float *to)
{
    for (int64_t i = 0; i < outer; i++, x += outer_stride, to += inner)
        for (int64_t j = 0; j < inner; j++)
            to[j] = rg_bf16_float(x[j * inner_stride]);
}

/* A matrix; wide_row is the stride of its copy's rows, 1 for a copy column by column. */
static void widen_matrix(const uint16_t *x, int64_t rows, int64_t columns, int64_t row,
                         int64_t column, int64_t wide_row, float *to)
{
    if (wide_row == 1)
        widen(x, columns, column, rows, row, to);
    else
        widen(x, rows, row, columns, column, to);
}

static void multiply_bf16(const dot_kernel *k, const part *p, const void *x, const void *y,
                          void *out, void *scratch)
{
    const rg_gemm *g = &p->gemm, wide = widened(*g);
    float *a = scratch, *b = a + g->m * g->k;
    for (int64_t entry = p->first; entry < p->first + p->entries; entry++) {
        widen_matrix((const uint16_t *)x + k->x_at[entry] + p->x, g->m, g->k, g->a_row,
                     g->a_column, wide.a_row, a);
        widen_matrix((const uint16_t *)y + k->y_at[entry] + p->y, g->k, g->n, g->b_row,
                     g->b_column, wide.b_row, b);
        k->own->f32(&wide, a, b, (float *)out + entry * k->gemm.m * k->gemm.n + p->out,
                    b + g->k * g->n);
    }
}

static size_t scratch_of(const dot_kernel *k)
{
    const rg_gemm *g = &k->gemm;
    if (k->operands != RG_BF16)
        return k->own->scratch(g, k->operands);
    rg_gemm wide = widened(*g);
    return k->own->scratch(&wide, RG_F32) + sizeof(float) * (size_t)((g->m + g->n) * g->k);
}

static void (*const multiply[RG_DTYPES])(const dot_kernel *, const part *, const void *,
                                         const void *, void *, void *) = {
    [RG_F32] = multiply_f32, [RG_F64] = multiply_f64, [RG_BF16] = multiply_bf16};

static bool run_own(const rg_kernel *base, const rg_frame *frame, rg_err *err)
{
    const dot_kernel *k = (const dot_kernel *)base;
    const char *x = frame->slot[k->x], *y = frame->slot[k->y];
    char *out = frame->slot[k->out];
    (void)err;
    for (int64_t unit = frame->from; unit < frame->to; unit++) {
        part p = part_of(k, unit);
        multiply[k->operands](k, &p, x, y, out, frame->scratch);
    }
    return true;
}

/* RIGOR_ONEDNN: off never uses it, always uses it for the smallest products as well. */
static bool is_wanted(const dot_kernel *k)
{
    const char *wish = getenv("RIGOR_ONEDNN");
    const rg_gemm *g = &k->gemm;
    return k->operands != RG_F64 && ((wish && strcmp(wish, "always") == 0) ||
                                     g->m * g->n * g->k >= onednn_from[k->operands]);
}

/* Into how many units it is cut.  oneDNN's results may depend on the cut, so it follows from the
 * shape alone; ours depend on k alone, so that only threads that are there are given work. */
static int64_t units_wanted(const dot_kernel *k, int threads)
{
    int64_t work = k->batch * k->gemm.m * k->gemm.n * k->gemm.k;
    return is_wanted(k)   ? work / UNIT
           : threads == 1 ? 1
                          : at_most(work / OWN_UNIT, 2 * (int64_t)threads);
}

/* The length of one of so many bands of n, in whole blocks. */
static int64_t band_of(int64_t n, int64_t bands, int64_t block)
{
    bands = at_most(bands, n / BAND);
    return bands > 1 ? ((n + bands - 1) / bands + block - 1) / block * block : n;
}

static int64_t units_of(int64_t n, int64_t each)
{
    return each > 0 && each < n ? (n + each - 1) / each : 1;
}

static void cut(dot_kernel *k, int threads)
{
    const rg_gemm *g = &k->gemm;
    int64_t units = units_wanted(k, threads);
    k->entries = k->batch;
    k->rows = g->m;
    k->columns = g->n;
    if (k->batch > 1 && !k->regular && is_wanted(k))
        k->entries = 1;
    else if (k->batch > 1 && units > 1)
        k->entries = (k->batch + units - 1) / units;
    else if (k->batch == 1 && g->m >= g->n)
        k->rows = band_of(g->m, units, 8);
    else if (k->batch == 1)
        k->columns = band_of(g->n, units, 64); /* gemm's widest panel */
    k->base.units =
        units_of(k->batch, k->entries) * units_of(g->m, k->rows) * units_of(g->n, k->columns);
}

/* ---- oneDNN: each member has handles of its own for each unit. */
typedef struct unit_handles {
    int64_t units;
    rg_onednn_handles *of[];
} unit_handles;

static const rg_onednn_product *product_of(const dot_kernel *k, int64_t unit)
{
    return k->product[k->product[1] && unit == k->base.units - 1];
}

static void *make_handles(const rg_kernel *base)
{
    const dot_kernel *k = (const dot_kernel *)base;
    unit_handles *h = rg_alloc(sizeof(*h) + sizeof(h->of[0]) * (size_t)base->units);
    h->units = base->units;
    for (int64_t i = 0; i < h->units; i++)
        h->of[i] = rg_onednn_handles_make(product_of(k, i));
    return h;
}

static void free_handles(const rg_kernel *base, void *state)
{
    (void)base;
    unit_handles *h = state;
    for (int64_t i = 0; i < h->units; i++)
        rg_onednn_handles_free(h->of[i]);
    rg_free(h);
}

static void free_product(void *product)
{
    rg_onednn_free(product);
}

static bool run_unit(const dot_kernel *k, const rg_frame *frame, int64_t unit)
{
    const unit_handles *h = frame->state[k->base.number];
    int64_t bytes = (int64_t)rg_dtype_bytes(k->operands);
    part p = part_of(k, unit);
    return h->of[unit] && rg_onednn_run(product_of(k, unit), h->of[unit],
                                        frame->slot[k->x] + bytes * (k->x_at[p.first] + p.x),
                                        frame->slot[k->y] + bytes * (k->y_at[p.first] + p.y),
                                        (float *)(void *)frame->slot[k->out] +
                                            p.first * k->gemm.m * k->gemm.n + p.out);
}

static bool run_onednn(const rg_kernel *base, const rg_frame *frame, rg_err *err)
{
    bool done = true;
    for (int64_t unit = frame->from; done && unit < frame->to; unit++)
        done = run_unit((const dot_kernel *)base, frame, unit);
    return done || rg_fail(err, RG_INTERNAL, NULL, "run again with RIGOR_ONEDNN=off",
                           "oneDNN could not compute a matrix product");
}

static rg_onednn_product *make_product(rg_lowering *lowering, const dot_kernel *k, int64_t unit)
{
    part p = part_of(k, unit);
    rg_onednn_product *product =
        rg_onednn_make(&p.gemm, k->operands, p.entries, k->x_batch, k->y_batch);
    if (product)
        rg_arena_defer(lowering->arena, free_product, product);
    return product;
}

static void choose_onednn(rg_lowering *lowering, dot_kernel *k)
{
    part first = part_of(k, 0), last = part_of(k, k->base.units - 1);
    bool odd = last.gemm.m != first.gemm.m || last.gemm.n != first.gemm.n ||
               last.entries != first.entries;
    if (!is_wanted(k) || !(k->product[0] = make_product(lowering, k, 0)) ||
        (odd && !(k->product[1] = make_product(lowering, k, k->base.units - 1))))
        return;
    k->base.run = run_onednn;
    k->base.make_state = make_handles;
    k->base.free_state = free_handles;
}

/* One operand: where its memory is, and how it is read. */
static const int64_t *read_operand(rg_lowering *lowering, const rg_node *node, int side,
                                   rg_dot_view *ret)
{
    const rg_layout *l = lowering->layout;
    rg_window window;
    if (!rg_layout_window(l, node->in[side], &window) ||
        !rg_dot_operand(l->graph, node, side, window.stride, ret))
        RG_BUG("operand %d of dot is not in order", side);
    int64_t *at = RG_ARENA_ARRAY(lowering->arena, int64_t, (size_t)ret->count[0] + 1);
    rg_dot_entries(l->graph, node, side, window.stride, at);
    for (int64_t i = 0; i <= ret->count[0]; i++)
        at[i] += window.from;
    return at;
}

rg_kernel *rg_lower_dot(rg_lowering *lowering, const rg_step *step)
{
    const rg_node *node = rg_node_of(lowering->layout->graph, step->node[0]);
    rg_dot_view x, y;
    dot_kernel *k = RG_KERNEL_NEW(lowering, dot_kernel, run_own);
    k->own = rg_gemm_best();
    k->operands = rg_operand(lowering->layout->graph, node, 0)->dtype;
    k->x = rg_lower_slot(lowering, node->in[0]);
    k->y = rg_lower_slot(lowering, node->in[1]);
    k->out = rg_lower_slot(lowering, step->node[0]);
    k->x_at = read_operand(lowering, node, 0, &x);
    k->y_at = read_operand(lowering, node, 1, &y);
    k->batch = x.count[0];
    k->regular = x.regular && y.regular;
    k->x_batch = x.stride[0];
    k->y_batch = y.stride[0];
    k->gemm = (rg_gemm){.m = x.count[1],
                        .n = y.count[1],
                        .k = x.count[2],
                        .a_row = x.stride[1],
                        .a_column = x.stride[2],
                        .b_row = y.stride[2],
                        .b_column = y.stride[1],
                        .c_row = y.count[1],
                        .c_far = rg_shape_count(node->shape) >= FAR};
    k->base.scratch = scratch_of(k);
    cut(k, lowering->threads);
    choose_onednn(lowering, k);
    return &k->base;
}
