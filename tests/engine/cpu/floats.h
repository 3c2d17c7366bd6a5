/* floats.h - arrays of f32 or f64 for the tests of kernels that are held to a tolerance. */
#ifndef RIGOR_TESTS_ENGINE_FLOATS_H
#define RIGOR_TESTS_ENGINE_FLOATS_H

#include "rigor/graph.h"
#include "support.h"

/* Uniform in [-1, 1). */
static inline void fill_floats(void *data, rg_dtype dtype, int64_t n, rg_rng *rng)
{
    for (int64_t i = 0; i < n; i++) {
        double x = 2 * rg_rng_unit(rng) - 1;
        if (dtype == RG_F32)
            ((float *)data)[i] = (float)x;
        else
            ((double *)data)[i] = x;
    }
}

static inline double float_at(const void *data, rg_dtype dtype, int64_t i)
{
    return dtype == RG_F32 ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

#endif
