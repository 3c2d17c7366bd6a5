/* gemm_avx2.c - the matrix product of gemm_body.h with vectors of 32 bytes. */
#define GEMM_VECTOR_BYTES 32
#define GEMM_WIDTH 2
#define GEMM_TYPE float
#define GEMM_SUFFIX f32
#include "engine/cpu/gemm_body.h"
#define GEMM_TYPE double
#define GEMM_SUFFIX f64
#include "engine/cpu/gemm_body.h"

static size_t scratch(const rg_gemm *g, rg_dtype dtype)
{
    return dtype == RG_F32 ? scratch_f32(g) : scratch_f64(g);
}

const rg_gemm_kernels rg_gemm_avx2 = {scratch, product_f32, product_f64};
