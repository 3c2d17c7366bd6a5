/* reduce.h - sums and maxima in one fixed order, whatever the layout, vectors or threads.
 *
 * A sequence is cut into chunks of 4,096; in a chunk, lane l of 16 folds elements l, l + 16,
 * ... in order, from the neutral element; the lanes are folded pairwise, l with l + 8, then 4,
 * 2, 1.  If there was more than one chunk, their results are such a sequence again. */
#ifndef RIGOR_ENGINE_CPU_REDUCE_H
#define RIGOR_ENGINE_CPU_REDUCE_H

#include "engine/cpu/loops.h"

#define RG_FOLD_LANES 16
#define RG_FOLD_CHUNK 4096

/* Folds n contiguous values into *out; op is RG_OP_sum or RG_OP_amax.  The values are used as
 * working memory when n > RG_FOLD_CHUNK. */
void rg_fold(rg_op op, rg_dtype dtype, void *values, int64_t n, void *out);
/* Folds each of `rows` contiguous rows of `len` <= RG_FOLD_CHUNK values into an entry of out. */
void rg_fold_rows(const rg_loops *loops, rg_op op, rg_dtype dtype, const char *x, int64_t rows,
                  int64_t len, char *out);

#endif
