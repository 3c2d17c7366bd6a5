/* emit.h - from the instructions of an element-wise group to machine code (emit.c).
 *
 * Values stay in vector registers; memory is read and written once.  The arithmetic is that of
 * element.def, operation by operation and without fusing products with sums, so the bits are
 * those of the tiles and of the reference interpreter. */
#ifndef RIGOR_ENGINE_CPU_EMIT_H
#define RIGOR_ENGINE_CPU_EMIT_H

#include "engine/cpu/emit_x86.h"
#include "engine/cpu/tile.h"

/* Replaces the instructions of tile->each that the emitter knows by pieces of machine code,
 * as few as the others in between allow.  Counts what it replaced into *emitted. */
void rg_emit(rg_machine_code *code, rg_arena *arena, rg_tile *tile, size_t *emitted);

/* ---- Single operations (emit_ops.c). */
/* Vectors of one loop have `lanes` elements whatever their type, so that element i of all
 * stands in lane i: `narrow` bits for 4-byte elements and bools (which are 4-byte 0 or 1 in
 * registers), `wide` for 8-byte elements. */
typedef struct rg_lanes {
    rg_machine_code *code;
    int lanes, narrow, wide;
} rg_lanes;
rg_lanes rg_lanes_of(rg_machine_code *code, bool has_wide);

/* Registers that single operations may use as they like. */
#define RG_EMIT_TEMPS 3
#define RG_EMIT_TAIL_MASK 1 /* EVEX: the mask of the last, partial vector; operations use 2 */

bool rg_emit_knows(const rg_machine_code *code, const rg_instruction *i);
/* result <- the operation of the operands in registers in[0 .. n_in); result may be one of
 * them. */
void rg_emit_operation(const rg_lanes *l, const rg_instruction *i, int result, const int *in);

#endif
