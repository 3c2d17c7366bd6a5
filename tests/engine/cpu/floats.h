/* floats.h - arrays of floats for the tests of kernels that are held to a tolerance. */
#ifndef RIGOR_TESTS_ENGINE_FLOATS_H
#define RIGOR_TESTS_ENGINE_FLOATS_H

#include "engine/ir/node.h"
#include "support.h"

/* Uniform in [-1, 1). */
static inline void fill_floats(void *data, rg_dtype dtype, int64_t n, rg_rng *rng)
{
    for (int64_t i = 0; i < n; i++)
        rg_dtype_store(dtype, data, (size_t)i, 2 * rg_rng_unit(rng) - 1);
}

static inline double float_at(const void *data, rg_dtype dtype, int64_t i)
{
    return rg_dtype_element(dtype, data, (size_t)i);
}

#endif
