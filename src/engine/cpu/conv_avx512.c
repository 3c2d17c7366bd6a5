/* conv_avx512.c - the tiles of conv_body.h with vectors of 64 bytes. */
#define CONV_VECTOR_BYTES 64
#define CONV_TYPE float
#define CONV_SUFFIX f32
#include "engine/cpu/conv_body.h"
#define CONV_TYPE double
#define CONV_SUFFIX f64
#include "engine/cpu/conv_body.h"

/* 24 sums of 32 registers. */
#define MOST \
    { \
        0, 8, 6, 4, 4, 3, 3, 3, 3 \
    }
const rg_conv_tiles rg_conv_avx512[2] = {{16, MOST, run_f32}, {8, MOST, run_f64}};
