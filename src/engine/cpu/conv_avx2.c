/* conv_avx2.c - the tiles of conv_body.h with vectors of 32 bytes. */
#define CONV_VECTOR_BYTES 32
#define CONV_TYPE float
#define CONV_SUFFIX f32
#include "engine/cpu/conv_body.h"
#define CONV_TYPE double
#define CONV_SUFFIX f64
#include "engine/cpu/conv_body.h"

/* 12 sums of 16 registers. */
#define MOST \
    { \
        0, 8, 6, 4, 3, 2, 2, 1, 1 \
    }
const rg_conv_tiles rg_conv_avx2[2] = {{8, MOST, run_f32}, {4, MOST, run_f64}};
