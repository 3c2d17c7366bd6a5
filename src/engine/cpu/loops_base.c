/* loops_base.c - the loops of loops_body.h, compiled with the flags that kernels.cmake gives.
 */
#define RG_LOOPS rg_loops_base
#define RG_LOOPS_NAME "base"
#include "engine/cpu/loops_body.h"
