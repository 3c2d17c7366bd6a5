/* strided.h - copies between layouts: permute, broadcast, slice, reverse, pad, concat. */
#ifndef RIGOR_ENGINE_CPU_STRIDED_H
#define RIGOR_ENGINE_CPU_STRIDED_H

#include "engine/ir/node.h"

/* Element (i0, i1, ...) goes from `from` + sum(i * from_stride) to `to` + sum(i * to_stride),
 * all in elements; axes that follow one another on both sides are merged. */
typedef struct rg_strided {
    int rank;
    size_t bytes; /* of an element: 1, 2, 4 or 8 */
    int64_t count[RG_RANK_MAX], from_stride[RG_RANK_MAX], to_stride[RG_RANK_MAX];
    int64_t from, to;
} rg_strided;

void rg_strided_axis(rg_strided *s, int64_t count, int64_t from_stride, int64_t to_stride);
void rg_strided_copy(const rg_strided *s, const void *from, void *to);
rg_strided rg_strided_permute(rg_shape shape, const int *order, size_t bytes);

#endif
