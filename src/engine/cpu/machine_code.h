/* machine_code.h - the machine code of one program: written, then sealed, never both writable
 * and executable (W^X). */
#ifndef RIGOR_ENGINE_CPU_MACHINE_CODE_H
#define RIGOR_ENGINE_CPU_MACHINE_CODE_H

#include "engine/cpu/loops.h"

typedef struct rg_machine_code {
    RG_VEC(uint8_t) byte; /* what has been written; empty once it is sealed */
    bool evex;            /* AVX-512's encoding and registers, else AVX2's */
    char *page;           /* sealed: readable and executable */
    size_t mapped;        /* bytes of it */
} rg_machine_code;

/* Lives as long as the arena.  NULL where loops are not emitted: another processor than x86-64,
 * the base set of loops, RIGOR_EMIT=off in the environment. */
rg_machine_code *rg_machine_code_open(rg_arena *arena, const rg_loops *loops);
/* Makes what was written executable and read-only.  False when the system refuses (a seccomp
 * filter, SELinux, no memory); nothing can be called then. */
bool rg_machine_code_seal(rg_machine_code *code);

#endif
