/* emit_x86.h - an encoder for the few instructions of x86-64 that element-wise loops need.
 *
 * Vector instructions come from a table (emit_x86.def) and are encoded with EVEX (AVX-512F,
 * VL, DQ, BW) or VEX (AVX2), as rg_machine_code.evex says.  Everything is appended to
 * rg_machine_code.byte. */
#ifndef RIGOR_ENGINE_CPU_EMIT_X86_H
#define RIGOR_ENGINE_CPU_EMIT_X86_H

#include "engine/cpu/machine_code.h"

typedef enum rg_x86_op {
#define X86(name, ...) RG_X86_##name,
#include "engine/cpu/emit_x86.def"
    RG_X86_OPS
} rg_x86_op;

/* General registers by their numbers in the encoding. */
enum {
    RG_RAX,
    RG_RCX,
    RG_RDX,
    RG_RBX,
    RG_RSP,
    RG_RBP,
    RG_RSI,
    RG_RDI,
    RG_R8,
    RG_R9,
    RG_R10,
    RG_R11,
    RG_R12,
    RG_R13,
    RG_R14,
    RG_R15,
    RG_NO_INDEX
};

typedef struct rg_x86_place { /* [base + index * scale + offset] */
    int base, index, scale;   /* scale 1, 2, 4, 8; index RG_NO_INDEX: none */
    int32_t offset;
} rg_x86_place;

/* reg is the destination (of stores: what is stored), first the first source (VEX's vvvv; 0 for
 * instructions that lack it), second the last source: a register, or memory where `place` is
 * given. */
typedef struct rg_x86 {
    rg_x86_op op;
    int bits; /* of the vectors: 128, 256, 512 */
    int reg, first, second;
    const rg_x86_place *place;
    int mask;  /* EVEX: the mask register, 0: none */
    bool zero; /* EVEX: what the mask leaves out becomes 0 */
    bool has_immediate;
    uint8_t immediate;
} rg_x86;
void rg_x86_vector(rg_machine_code *code, const rg_x86 *x);

/* General instructions; operands as Intel writes them, 64 bits wide. */
/* mov to, [base + offset]; load_narrow: movzx of 1 or 2 bytes to its lower 32 bits */
void rg_x86_load(rg_machine_code *code, int to, int base, int32_t offset);
void rg_x86_load_narrow(rg_machine_code *code, int to, int base, int32_t offset, int bytes);
void rg_x86_lea(rg_machine_code *code, int to, const rg_x86_place *place);
void rg_x86_move(rg_machine_code *code, int to, uint64_t value);
void rg_x86_move32(rg_machine_code *code, int to, uint32_t value);
void rg_x86_add(rg_machine_code *code, int to, int32_t value);
void rg_x86_subtract(rg_machine_code *code, int to, int from);
void rg_x86_compare(rg_machine_code *code, int a, int b);
void rg_x86_compare_with(rg_machine_code *code, int a, int32_t value);
void rg_x86_divide(rg_machine_code *code, int by); /* rdx:rax; rax: quotient, rdx: remainder */
void rg_x86_copy(rg_machine_code *code, int to, int from);
void rg_x86_push(rg_machine_code *code, int from);
void rg_x86_pop(rg_machine_code *code, int to);
/* Instructions without operands, as they are. */
void rg_x86_bytes(rg_machine_code *code, const void *bytes, size_t n);

/* Jumps: to a place written before, or to one that rg_x86_land gives later. */
typedef enum rg_x86_when {
    RG_X86_EQUAL = 0x84,
    RG_X86_NOT_EQUAL = 0x85,
    RG_X86_LESS_EQUAL = 0x8e,
    RG_X86_GREATER = 0x8f
} rg_x86_when;
size_t rg_x86_jump(rg_machine_code *code, rg_x86_when when); /* gives what land wants */
void rg_x86_land(rg_machine_code *code, size_t jump, size_t target);

#endif
