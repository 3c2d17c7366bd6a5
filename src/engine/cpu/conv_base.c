/* conv_base.c - the tiles of conv_body.h with vectors of 16 bytes. */
#define CONV_VECTOR_BYTES 16
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
const rg_conv_tiles rg_conv_base[2] = {{4, MOST, run_f32}, {2, MOST, run_f64}};
