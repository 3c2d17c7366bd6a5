/* gemm_body.h - the matrix product for one element type, compiled for each instruction set.
 *
 * b is read in panels of two vectors' width (NR columns).  A tile of MR rows by NR columns of c
 * stays in registers over the whole of k: each step loads two vectors of b and broadcasts MR
 * numbers of a.  Panels whose rows are not contiguous, or that are narrower than NR, are packed
 * into scratch first, with zeros at the edge. */
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

/* One tile of `rows` rows; out has `out_row` between rows and room for NR columns. */
static inline __attribute__((always_inline)) void GEMM(tile)(int rows, const rg_gemm *g,
                                                             const GEMM_TYPE *a,
                                                             const GEMM_TYPE *b, int64_t b_row,
                                                             GEMM_TYPE *out, int64_t out_row)
{
    GEMM(vector) left[MR], right[MR];
    for (int i = 0; i < rows; i++)
        left[i] = right[i] = (GEMM(vector)){0};
    for (int64_t k = 0; k < g->k; k++) {
        GEMM(vector) b0 = *(const GEMM(vector) *)(b + k * b_row);
        GEMM(vector) b1 = *(const GEMM(vector) *)(b + k * b_row + LANES);
        for (int i = 0; i < rows; i++) {
            GEMM_TYPE x = a[i * g->a_row + k * g->a_column];
            left[i] += x * b0;
            right[i] += x * b1;
        }
    }
    for (int i = 0; i < rows; i++) {
        *(GEMM(vector) *)(out + i * out_row) = left[i];
        *(GEMM(vector) *)(out + i * out_row + LANES) = right[i];
    }
}

static void GEMM(rows)(int rows, const rg_gemm *g, const GEMM_TYPE *a, const GEMM_TYPE *b,
                       int64_t b_row, GEMM_TYPE *out, int64_t out_row)
{
    switch (rows) {
    case 1: GEMM(tile)(1, g, a, b, b_row, out, out_row); break;
    case 2: GEMM(tile)(2, g, a, b, b_row, out, out_row); break;
    case 3: GEMM(tile)(3, g, a, b, b_row, out, out_row); break;
    case 4: GEMM(tile)(4, g, a, b, b_row, out, out_row); break;
    case 5: GEMM(tile)(5, g, a, b, b_row, out, out_row); break;
    case 6: GEMM(tile)(6, g, a, b, b_row, out, out_row); break;
    case 7: GEMM(tile)(7, g, a, b, b_row, out, out_row); break;
    default: GEMM(tile)(8, g, a, b, b_row, out, out_row); break;
    }
}

static void GEMM(pack)(const rg_gemm *g, const GEMM_TYPE *b, int64_t columns, GEMM_TYPE *panel)
{
    if (columns < NR)
        memset(panel, 0, sizeof(*panel) * (size_t)(g->k * NR));
    if (g->b_column == 1) {
        for (int64_t k = 0; k < g->k; k++)
            memcpy(panel + k * NR, b + k * g->b_row, sizeof(*panel) * (size_t)columns);
        return;
    }
    for (int64_t j = 0; j < columns; j++)
        for (int64_t k = 0; k < g->k; k++)
            panel[k * NR + j] = b[k * g->b_row + j * g->b_column];
}

static void GEMM(panel)(const rg_gemm *g, const GEMM_TYPE *a, const GEMM_TYPE *b, int64_t b_row,
                        int64_t columns, GEMM_TYPE *c)
{
    GEMM_TYPE edge[MR * NR];
    for (int64_t i = 0; i < g->m; i += MR) {
        int rows = g->m - i < MR ? (int)(g->m - i) : MR;
        const GEMM_TYPE *from = a + i * g->a_row;
        if (columns == NR) {
            GEMM(rows)(rows, g, from, b, b_row, c + i * g->n, g->n);
            continue;
        }
        GEMM(rows)(rows, g, from, b, b_row, edge, NR);
        for (int r = 0; r < rows; r++)
            memcpy(c + (i + r) * g->n, edge + r * NR, sizeof(*c) * (size_t)columns);
    }
}

static void GEMM(product)(const rg_gemm *g, const GEMM_TYPE *a, const GEMM_TYPE *b,
                          GEMM_TYPE *c, void *scratch)
{
    for (int64_t j = 0; j < g->n; j += NR) {
        int64_t columns = g->n - j < NR ? g->n - j : NR;
        const GEMM_TYPE *from = b + j * g->b_column;
        if (columns == NR && g->b_column == 1) {
            GEMM(panel)(g, a, from, g->b_row, NR, c + j);
        } else {
            GEMM(pack)(g, from, columns, scratch);
            GEMM(panel)(g, a, scratch, NR, columns, c + j);
        }
    }
}

#undef GEMM
#undef GEMM_PASTE
#undef GEMM_PASTE_
#undef MR
#undef LANES
#undef NR
#undef GEMM_TYPE
#undef GEMM_SUFFIX
