/* gemm_body.h - the matrix product for one element type, compiled for each instruction set.
 *
 * c is made in panels of NR columns (two vectors wide; one vector where that is enough).  A
 * tile of up to MR rows of a panel stays in registers over the whole of k: each step loads a
 * row of b and broadcasts MR numbers of a.  A panel of b whose rows are not contiguous, or that
 * is narrower than its vectors, is packed into scratch first, with zeros at the edge. */
#include "engine/cpu/gemm.h"

#include <string.h>

#define GEMM_PASTE_(a, b) a##b
#define GEMM_PASTE(a, b) GEMM_PASTE_(a, b)
#define GEMM(name) GEMM_PASTE(name##_, GEMM_SUFFIX)
#define MR 8
#define LANES ((int)(GEMM_VECTOR_BYTES / sizeof(GEMM_TYPE)))
#define NR (2 * LANES)

typedef GEMM_TYPE GEMM(vector)
    __attribute__((vector_size(GEMM_VECTOR_BYTES), aligned(sizeof(GEMM_TYPE)), may_alias));

/* Where one panel reads and writes: b at row stride b_row, `width` vectors wide. */
typedef struct GEMM(panel) {
    const GEMM_TYPE *b;
    int64_t b_row;
    int width;
} GEMM(panel);

/* One tile; out has `out_row` between rows and room for the panel's width in each. */
static inline __attribute__((always_inline)) void
GEMM(tile)(int rows, int width, const rg_gemm *g, const GEMM_TYPE *a, const GEMM(panel) * p,
           GEMM_TYPE *out, int64_t out_row)
{
    GEMM(vector) sum[MR][2];
    for (int i = 0; i < rows; i++)
        sum[i][0] = sum[i][1] = (GEMM(vector)){0};
    const GEMM_TYPE *b = p->b;
    for (int64_t k = 0; k < g->k; k++, b += p->b_row) {
        GEMM(vector) row[2];
        for (int v = 0; v < width; v++)
            row[v] = *(const GEMM(vector) *)(b + v * LANES);
        for (int i = 0; i < rows; i++) {
            GEMM_TYPE x = a[i * g->a_row + k * g->a_column];
            for (int v = 0; v < width; v++)
                sum[i][v] += x * row[v];
        }
    }
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < width; v++)
            *(GEMM(vector) *)(out + i * out_row + v * LANES) = sum[i][v];
}

#define GEMM_ROWS(n) \
    case n: \
        if (p->width == 1) \
            GEMM(tile)(n, 1, g, a, p, out, out_row); \
        else \
            GEMM(tile)(n, 2, g, a, p, out, out_row); \
        break;

static void GEMM(rows)(int rows, const rg_gemm *g, const GEMM_TYPE *a, const GEMM(panel) * p,
                       GEMM_TYPE *out, int64_t out_row)
{
    switch (rows) {
        GEMM_ROWS(1)
        GEMM_ROWS(2)
        GEMM_ROWS(3)
        GEMM_ROWS(4)
        GEMM_ROWS(5)
        GEMM_ROWS(6)
        GEMM_ROWS(7)
        GEMM_ROWS(8)
    }
}

/* ---- Packing a panel of `columns` columns, `stride` wide. */
/* Four columns by four rows at a time: b is contiguous along k, the panel along its columns. */
static void GEMM(transpose)(const rg_gemm *g, const GEMM_TYPE *b, int64_t columns,
                            GEMM_TYPE *panel, int64_t stride)
{
    typedef GEMM_TYPE four __attribute__((vector_size(4 * sizeof(GEMM_TYPE)),
                                          aligned(sizeof(GEMM_TYPE)), may_alias));
    int64_t j = 0, k = 0, next = g->b_column;
    for (; j + 4 <= columns; j += 4) {
        const GEMM_TYPE *from = b + j * next;
        for (k = 0; k + 4 <= g->k; k += 4, from += 4) {
            four r0 = *(const four *)from, r1 = *(const four *)(from + next);
            four r2 = *(const four *)(from + 2 * next), r3 = *(const four *)(from + 3 * next);
            four low = __builtin_shufflevector(r0, r1, 0, 4, 1, 5);
            four low2 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5);
            four high = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
            four high2 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
            GEMM_TYPE *to = panel + k * stride + j;
            *(four *)to = __builtin_shufflevector(low, low2, 0, 1, 4, 5);
            *(four *)(to + stride) = __builtin_shufflevector(low, low2, 2, 3, 6, 7);
            *(four *)(to + 2 * stride) = __builtin_shufflevector(high, high2, 0, 1, 4, 5);
            *(four *)(to + 3 * stride) = __builtin_shufflevector(high, high2, 2, 3, 6, 7);
        }
        for (; k < g->k; k++)
            for (int64_t c = j; c < j + 4; c++)
                panel[k * stride + c] = b[k + c * next];
    }
    for (; j < columns; j++)
        for (k = 0; k < g->k; k++)
            panel[k * stride + j] = b[k + j * next];
}

static void GEMM(pack)(const rg_gemm *g, const GEMM_TYPE *b, int64_t columns, GEMM_TYPE *panel,
                       int64_t stride)
{
    for (int64_t k = 0; columns < stride && k < g->k; k++)
        for (int64_t j = columns; j < stride; j++)
            panel[k * stride + j] = 0;
    if (g->b_row == 1 && g->b_column != 1) {
        GEMM(transpose)(g, b, columns, panel, stride);
        return;
    }
    for (int64_t k = 0; k < g->k; k++)
        for (int64_t j = 0; j < columns; j++)
            panel[k * stride + j] = b[k * g->b_row + j * g->b_column];
}

/* ---- The product. */
/* How many rows may be written with whole vectors: what spills over the end of a row is written
 * again by the next rows, where this panel is all of c; the last rows must not spill. */
static int64_t GEMM(whole_rows)(const rg_gemm *g, int64_t columns, int64_t stride)
{
    if (columns == stride)
        return g->m;
    int64_t spill = (stride - columns + columns - 1) / columns;
    return columns == g->n && g->c_row == g->n && g->m > spill ? g->m - spill : 0;
}

static void GEMM(one_panel)(const rg_gemm *g, const GEMM_TYPE *a, const GEMM(panel) * p,
                            int64_t columns, GEMM_TYPE *c)
{
    GEMM_TYPE edge[MR * NR];
    int64_t stride = p->width * LANES, whole = GEMM(whole_rows)(g, columns, stride), i = 0;
    while (i < g->m) {
        bool direct = i < whole;
        int64_t left = (direct ? whole : g->m) - i;
        int rows = left < MR ? (int)left : MR;
        const GEMM_TYPE *from = a + i * g->a_row;
        GEMM_TYPE *to = c + i * g->c_row;
        GEMM(rows)(rows, g, from, p, direct ? to : edge, direct ? g->c_row : stride);
        for (int r = 0; r < rows && !direct; r++)
            memcpy(to + r * g->c_row, edge + r * stride, sizeof(*c) * (size_t)columns);
        i += rows;
    }
}

static void GEMM(product)(const rg_gemm *g, const GEMM_TYPE *a, const GEMM_TYPE *b,
                          GEMM_TYPE *c, void *scratch)
{
    for (int64_t j = 0; j < g->n; j += NR) {
        int64_t columns = g->n - j < NR ? g->n - j : NR;
        GEMM(panel) p = {b + j * g->b_column, g->b_row, columns <= LANES ? 1 : 2};
        if (g->b_column != 1 || columns < p.width * LANES) {
            GEMM(pack)(g, p.b, columns, scratch, p.width * LANES);
            p.b = scratch;
            p.b_row = p.width * LANES;
        }
        GEMM(one_panel)(g, a, &p, columns, c + j);
    }
}

#undef GEMM_ROWS
#undef GEMM
#undef GEMM_PASTE
#undef GEMM_PASTE_
#undef MR
#undef LANES
#undef NR
#undef GEMM_TYPE
#undef GEMM_SUFFIX
