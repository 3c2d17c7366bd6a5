/* gemm.c - the matrix product that goes with the chosen instruction set. */
#include "engine/cpu/gemm.h"

#include "engine/cpu/loops.h"

const rg_gemm_kernels *rg_gemm_best(void)
{
    const rg_loops *loops = rg_loops_best();
    if (loops == &rg_loops_avx512)
        return &rg_gemm_avx512;
    return loops == &rg_loops_avx2 ? &rg_gemm_avx2 : &rg_gemm_base;
}
