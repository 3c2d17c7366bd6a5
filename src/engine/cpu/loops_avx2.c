/* loops_avx2.c - the loops of loops_body.h, compiled with the flags that kernels.cmake gives.
 */
#define RG_LOOPS rg_loops_avx2
#define RG_LOOPS_NAME "avx2"
#include "engine/cpu/loops_body.h"
