/* tile.h - the small program of a loop, as tile.c makes it and emit.c compiles it.
 *
 * Instructions work on operands: memory, registers (each written by one instruction only,
 * until tile.c gives them places in scratch) and constants.
 *
 * Operands and instructions have a level: RG_FULL, all elements, or RG_ROW, one element for each
 * row, in loops with reductions.  A tile is so many elements of the one and so many of the other;
 * reductions lead from the full level to the rows', patterns back. */
#ifndef RIGOR_ENGINE_CPU_TILE_H
#define RIGOR_ENGINE_CPU_TILE_H

#include "engine/cpu/program.h"

#define RG_TILE 512      /* elements, without reductions */
#define RG_ROW_TILE 2048 /* elements, about, of whole rows */
typedef enum rg_level { RG_FULL, RG_ROW, RG_LEVELS } rg_level;

typedef struct rg_tile_operand {
    uint32_t slot;     /* memory, or RG_NONE */
    uint32_t bytes;    /* of an element; 0: memory that does not move with the tiles */
    size_t offset;     /* of a register in scratch */
    const void *fixed; /* a constant tile, or the table of an iota */
    uint32_t scalar;   /* the operand whose first element stands everywhere in this one, itself
                        * for a constant; RG_NONE for others */
    rg_level level;
} rg_tile_operand;

typedef enum rg_action {
    RG_LOOP,   /* an operation on a tile */
    RG_EXPAND, /* a pattern (rg_expand) */
    RG_RANDOM, /* random bits */
    RG_FOLD,   /* sum or maximum of each row */
    RG_CODE    /* machine code for many operations */
} rg_action;

typedef struct rg_instruction {
    rg_action what;
    rg_level level;            /* of the elements that it works on, one by one; FOLD: RG_ROW */
    uint32_t n_in, out, in[3]; /* operands */
    rg_loop loop;              /* LOOP, as the next two */
    rg_op op;                  /* FOLD, too */
    rg_dtype from, to;         /* of the last operand; of the result */
    uint32_t site;             /* RANDOM */
    int64_t inner, count;      /* EXPAND */
    size_t entry;              /* CODE: where it begins */
    uint32_t *crossing;        /* CODE: the registers that it shares with other instructions */
    uint32_t crossings;
} rg_instruction;

typedef struct rg_tile {
    RG_VEC(rg_tile_operand) operand;
    int64_t tile[RG_LEVELS];           /* elements of a tile */
    RG_VEC(rg_instruction) once, each; /* before the tiles; for each tile */
    size_t spill;                      /* bytes of scratch that machine code wants */
} rg_tile;

/* Gives registers their offsets and drops scalars that nobody reads (tile_place.c); returns the bytes
 * of all registers. */
size_t rg_tile_place(rg_tile *tile);

/* Machine code: `n` elements of every operand, from at[operand] on; `start` is the first one's
 * index, for patterns. */
typedef void (*rg_entry)(char *const *at, int64_t n, char *spill, int64_t start);

/* How groups are computed: what the tests count. */
typedef struct rg_tile_count {
    size_t emitted;      /* operations in machine code */
    size_t codes;        /* pieces of machine code */
    size_t whole;        /* groups that are one piece and nothing else */
    size_t folds;        /* reductions */
    size_t left[RG_OPS]; /* operations that have loops of their own */
} rg_tile_count;
/* Adds the kernel's; nothing for kernels of other kinds. */
void rg_tile_counts(const rg_kernel *kernel, rg_tile_count *ret);

#endif
