/* emit_loop.h - one segment of an element-wise group while it becomes a loop (emit.c).
 *
 * Registers while it runs: rdi the operands' places, rsi elements (then those left), rdx
 * scratch, rcx the element at hand; rax is free; r8 to r11, rbx, rbp, r12 to r15 hold places
 * and indices of patterns.  Vector registers 0 to 2 are free for single operations, under VEX
 * register 3 masks the tail; the others hold values. */
#ifndef RIGOR_ENGINE_CPU_EMIT_LOOP_H
#define RIGOR_ENGINE_CPU_EMIT_LOOP_H

#include "engine/cpu/emit.h"

#define RG_NOWHERE (-1)
#define RG_REGISTERS 32
#define RG_SPILL_BYTES 64
#define RG_CYCLES 3                    /* different patterns in one group */
#define RG_VEX_TAIL_MASK RG_EMIT_TEMPS /* the register that masks the tail under VEX */

enum { RG_PLACES = RG_RDI, RG_LEFT = RG_RSI, RG_SPILL = RG_RDX, RG_AT = RG_RCX };

/* A pattern as the loop runs through it: element i is entry (i / inner) % count. */
typedef struct rg_cycle {
    int64_t inner, count;
    int entry, phase; /* general registers: (i / inner) % count, i % inner (where inner > 1) */
} rg_cycle;

/* What is known of an operand while a segment is written. */
typedef struct rg_segment_value {
    int reg;       /* vector register, or RG_NOWHERE */
    int pinned;    /* a scalar's register for the whole loop, or RG_NOWHERE */
    int pointer;   /* general register that holds its place, or RG_NOWHERE */
    int spill;     /* its piece of scratch, or RG_NOWHERE */
    bool saved;    /* the piece holds the value */
    bool touched;  /* the segment reads or writes it */
    bool crossing; /* a register that other instructions read or write, so it lies in scratch */
} rg_segment_value;

typedef struct rg_segment {
    rg_machine_code *code;
    const rg_tile *tile;
    const rg_instruction **list;
    uint32_t n;
    const rg_instruction **pattern; /* by operand: how it is read where it lies, or NULL */
    rg_lanes lanes;
    rg_segment_value *value;       /* by operand */
    uint32_t holder[RG_REGISTERS]; /* operand in a vector register, or RG_NONE */
    int first, end;                /* vector registers to give away */
    uint32_t at;                   /* position in the list */
    bool tail;                     /* elements past the end are masked */
    int pieces;                    /* of scratch */
    int generals;                  /* general registers in use */
    rg_cycle cycle[RG_CYCLES];
    int cycles;
} rg_segment;

/* Appends the function (rg_entry) of a segment whose members up to `end` and whose values'
 * `crossing` are set. */
void rg_segment_write(rg_segment *s);
int rg_segment_general(rg_segment *s); /* the next general register */

/* ---- Vectors between registers and memory (emit_memory.c). */
void rg_segment_load(rg_segment *s, uint32_t operand, int reg);
void rg_segment_store(rg_segment *s, uint32_t operand, int reg);
void rg_segment_spread(rg_segment *s, uint32_t operand, int reg); /* a scalar, in every lane */
/* Between a register and the value's piece of scratch: movups_to there, movups back. */
void rg_segment_spill(rg_segment *s, uint32_t operand, int reg, rg_x86_op op);
void rg_segment_mask_tail(rg_segment *s); /* by the number of elements left */

/* Patterns: their registers, the values at hand, the first element's, the next vector's. */
rg_cycle *rg_segment_cycle(rg_segment *s, const rg_instruction *expand);
void rg_segment_load_pattern(rg_segment *s, uint32_t operand, int reg);
void rg_segment_start_cycles(rg_segment *s);
void rg_segment_step_cycles(rg_segment *s);

static inline const rg_tile_operand *rg_segment_operand(const rg_segment *s, uint32_t o)
{
    return &s->tile->operand.at[o];
}
static inline bool rg_segment_is_scalar(const rg_segment *s, uint32_t o)
{
    return rg_segment_operand(s, o)->scalar != RG_NONE;
}
/* Memory has its value, or will have as soon as there is one. */
static inline bool rg_segment_in_memory(const rg_segment *s, uint32_t o)
{
    return rg_segment_operand(s, o)->slot != RG_NONE || s->value[o].crossing;
}
static inline int rg_segment_bits(const rg_segment *s, uint32_t o)
{
    return rg_segment_operand(s, o)->bytes == 8 ? s->lanes.wide : s->lanes.narrow;
}
static inline bool rg_instruction_reads(const rg_instruction *i, uint32_t o)
{
    for (uint32_t k = 0; k < i->n_in; k++)
        if (i->in[k] == o)
            return true;
    return false;
}

#endif
