/* gemm.h - our own matrix product: c = a b for one matrix, any strides of a and b.
 *
 * a is (m, k) with strides (row, column) in elements, b (k, n) likewise; c is (m, n) with its
 * rows c_row >= n apart, so that it may be a part of a wider matrix.  An element's bits depend
 * on k alone: not on the strides, nor on what else is computed with it. */
#ifndef RIGOR_ENGINE_CPU_GEMM_H
#define RIGOR_ENGINE_CPU_GEMM_H

#include "rigor/graph.h"

typedef struct rg_gemm {
    int64_t m, n, k;
    int64_t a_row, a_column, b_row, b_column, c_row;
    bool c_far; /* c is likely to lie outside the caches; a hint */
} rg_gemm;

typedef struct rg_gemm_kernels {
    size_t (*scratch)(const rg_gemm *g, rg_dtype dtype); /* bytes of working memory */
    void (*f32)(const rg_gemm *g, const float *a, const float *b, float *c, void *scratch);
    void (*f64)(const rg_gemm *g, const double *a, const double *b, double *c, void *scratch);
} rg_gemm_kernels;

extern const rg_gemm_kernels rg_gemm_base, rg_gemm_avx2, rg_gemm_avx512;
/* The set that goes with rg_loops_best. */
const rg_gemm_kernels *rg_gemm_best(void);

#endif
