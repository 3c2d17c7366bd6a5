/* loops.c - which instruction set to use. */
#include "engine/cpu/loops.h"

#include <stdlib.h>
#include <string.h>

static bool machine_has(const rg_loops *loops)
{
#if defined(__x86_64__)
    if (loops == &rg_loops_avx2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (loops == &rg_loops_avx512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("fma");
#endif
    return loops == &rg_loops_base;
}

size_t rg_loops_all(const rg_loops *ret[3])
{
    const rg_loops *const all[] = {&rg_loops_base, &rg_loops_avx2, &rg_loops_avx512};
    size_t n = 0;
    for (size_t i = 0; i < RG_COUNT(all); i++)
        if (machine_has(all[i]))
            ret[n++] = all[i];
    return n;
}

const rg_loops *rg_loops_best(void)
{
    const rg_loops *all[3];
    size_t n = rg_loops_all(all);
    const char *wish = getenv("RIGOR_CPU");
    for (size_t i = 0; wish && i < n; i++)
        if (strcmp(all[i]->name, wish) == 0)
            return all[i];
    return all[n - 1];
}
