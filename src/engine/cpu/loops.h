/* loops.h - the innermost loops, compiled once for each instruction set from one source.
 *
 * loops_body.h is included by loops_base.c, loops_avx2.c and loops_avx512.c, which differ in
 * the compiler's flags alone (kernels.cmake).  No loop fuses a product with a sum, so every set
 * gives the same bits; the matrix product, which is held to a tolerance, is in gemm_body.h. */
#ifndef RIGOR_ENGINE_CPU_LOOPS_H
#define RIGOR_ENGINE_CPU_LOOPS_H

#include "engine/ir/node.h"

#define RG_LINREC_COLUMNS 64
#define RG_LINREC_ROWS 4
typedef enum rg_fold_kind { RG_FOLD_SUM, RG_FOLD_MAX, RG_FOLD_KINDS } rg_fold_kind;

/* out[i] = f(x[i], y[i], z[i]); out may be one of the operands, not overlap it otherwise. */
typedef void (*rg_loop)(void *out, const void *x, const void *y, const void *z, int64_t n);

typedef struct rg_loops {
    const char *name;
    rg_loop element[RG_OPS][RG_DTYPES]; /* by operation and operands' type */
    rg_loop cast[RG_DTYPES][RG_DTYPES]; /* from, to */
    /* One chunk in the order of reduce.h: each of `rows` contiguous rows of n values; each of at
     * most RG_FOLD_LANES columns of a matrix whose rows are `stride` and columns `step` apart. */
    void (*fold[RG_FOLD_KINDS][RG_DTYPES])(const void *x, int64_t rows, int64_t n, void *out);
    void (*fold_columns[RG_FOLD_KINDS][RG_DTYPES])(const void *x, int64_t rows, int64_t stride,
                                                   int64_t step, int64_t columns, void *out);
    /* h[t] = a[t] h[t-1] + b[t] for `columns` runs side by side, at most RG_LINREC_COLUMNS; n
     * entries `row` elements apart (negative: backwards), the runs `column` apart.  Fastest for
     * RG_LINREC_COLUMNS runs that are neighbours, and for RG_LINREC_ROWS.  f32, f64. */
    void (*linrec[2])(const void *a, const void *b, void *h, int64_t n, int64_t row,
                      int64_t column, int64_t columns);
    /* Elements [start, start + n) of random_bits; start is even. */
    void (*random_bits)(uint32_t *out, const uint32_t *key, uint32_t site, int64_t start,
                        int64_t n);
    /* out[i] = x[(start + i) / inner % count]; bytes: 1, 2, 4 or 8. */
    void (*expand)(void *out, const void *x, size_t bytes, int64_t start, int64_t n,
                   int64_t inner, int64_t count);
} rg_loops;

extern const rg_loops rg_loops_base, rg_loops_avx2, rg_loops_avx512;
/* The best set that this machine has; RIGOR_CPU=base or avx2 asks for less. */
const rg_loops *rg_loops_best(void);
/* All sets that this machine can run, the best last; returns their number. */
size_t rg_loops_all(const rg_loops *ret[3]);

#endif
