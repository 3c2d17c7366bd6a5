/* emit_memory.c - vectors between registers and memory: whole ones and the last, partial one;
 * 4-byte and 8-byte elements; bools and bf16, which are bytes and pairs of bytes in memory and
 * 4-byte numbers in registers; scalars and patterns. */
#include "engine/cpu/emit_loop.h"

static rg_x86_place place_of(rg_segment *s, uint32_t o)
{
    int base = s->value[o].pointer;
    if (base == RG_NOWHERE) {
        base = RG_RAX;
        rg_x86_load(s->code, base, RG_PLACES, (int32_t)(o * sizeof(char *)));
    }
    return (rg_x86_place){base, RG_AT, (int)rg_segment_operand(s, o)->bytes, 0};
}

static void access_memory(rg_segment *s, rg_x86_op op, int bits, int reg,
                          const rg_x86_place *place, bool load)
{
    bool mask = s->tail && s->code->evex;
    rg_x86_vector(s->code, &(rg_x86){.op = op,
                                     .bits = bits,
                                     .reg = reg,
                                     .place = place,
                                     .mask = mask ? RG_EMIT_TAIL_MASK : 0,
                                     .zero = mask && load});
}

static void two_registers(rg_segment *s, rg_x86_op op, int bits, int reg, int first, int second)
{
    rg_x86_vector(
        s->code,
        &(rg_x86){.op = op, .bits = bits, .reg = reg, .first = first, .second = second});
}

/* Copies the bools that are left between memory and the first bytes of scratch, one by one: VEX
 * has no masks for bytes. */
static void copy_bytes(rg_segment *s, const rg_x86_place *place, bool load)
{
    static const uint8_t repeat_move[] = {0xf3, 0xa4}; /* rcx bytes from [rsi] to [rdi] */
    static const int saved[] = {RG_PLACES, RG_LEFT, RG_AT};
    for (int i = 0; i < 3; i++)
        rg_x86_push(s->code, saved[i]);
    rg_x86_lea(s->code, RG_RAX, place);
    rg_x86_copy(s->code, RG_AT, RG_LEFT);
    rg_x86_copy(s->code, RG_RSI, load ? RG_RAX : RG_SPILL);
    rg_x86_copy(s->code, RG_RDI, load ? RG_SPILL : RG_RAX);
    rg_x86_bytes(s->code, repeat_move, sizeof(repeat_move));
    for (int i = 2; i >= 0; i--)
        rg_x86_pop(s->code, saved[i]);
}

static const rg_x86_place scratch_begin = {RG_SPILL, RG_NO_INDEX, 1, 0};

/* The tail under VEX: a vector whose elements are all ones where there are elements. */
static void masked_by_vector(rg_segment *s, rg_x86_op op, rg_x86_op wide_op, uint32_t o,
                             int reg)
{
    bool wide = rg_segment_operand(s, o)->bytes == 8;
    int mask = RG_VEX_TAIL_MASK;
    if (wide) {
        mask = 0;
        two_registers(s, RG_X86_pmovsxdq, s->lanes.wide, mask, 0, RG_VEX_TAIL_MASK);
    }
    rg_x86_place place = place_of(s, o);
    rg_x86_vector(s->code, &(rg_x86){.op = wide ? wide_op : op,
                                     .bits = rg_segment_bits(s, o),
                                     .reg = reg,
                                     .first = mask,
                                     .place = &place});
}

static void load_bools(rg_segment *s, uint32_t o, int reg)
{
    rg_x86_place place = place_of(s, o);
    bool one_by_one = s->tail && !s->code->evex;
    if (one_by_one)
        copy_bytes(s, &place, true);
    access_memory(s, RG_X86_pmovzxbd, s->lanes.narrow, reg,
                  one_by_one ? &scratch_begin : &place, true);
}

void rg_segment_load(rg_segment *s, uint32_t o, int reg)
{
    size_t bytes = rg_segment_operand(s, o)->bytes;
    if (bytes == 1) {
        load_bools(s, o, reg);
    } else if (bytes == 2) { /* EVEX only: emit_ops.c */
        rg_x86_place place = place_of(s, o);
        access_memory(s, RG_X86_pmovzxwd, s->lanes.narrow, reg, &place, true);
    } else if (s->tail && !s->code->evex) {
        masked_by_vector(s, RG_X86_maskmovps, RG_X86_maskmovpd, o, reg);
    } else {
        rg_x86_place place = place_of(s, o);
        access_memory(s, bytes == 8 ? RG_X86_movupd : RG_X86_movups, rg_segment_bits(s, o), reg,
                      &place, true);
    }
}

/* VEX: 4-byte elements to bytes by packing twice, within halves of the vector. */
static void store_packed(rg_segment *s, const rg_x86_place *place, int reg)
{
    bool eight = s->lanes.lanes == 8;
    int upper = reg;
    if (eight) {
        upper = 0;
        rg_x86_vector(s->code, &(rg_x86){.op = RG_X86_extract128,
                                         .bits = 256,
                                         .reg = reg,
                                         .second = upper,
                                         .has_immediate = true,
                                         .immediate = 1});
    }
    two_registers(s, RG_X86_packssdw, 128, 0, reg, upper);
    two_registers(s, RG_X86_packuswb, 128, 0, 0, 0);
    rg_x86_vector(s->code, &(rg_x86){.op = eight ? RG_X86_movq_to : RG_X86_movd_to,
                                     .bits = 128,
                                     .reg = 0,
                                     .place = place});
}

static void store_bools(rg_segment *s, uint32_t o, int reg)
{
    rg_x86_place place = place_of(s, o);
    if (s->code->evex) {
        access_memory(s, RG_X86_pmovdb, s->lanes.narrow, reg, &place, false);
    } else if (s->tail) {
        store_packed(s, &scratch_begin, reg);
        copy_bytes(s, &place, false);
    } else {
        store_packed(s, &place, reg);
    }
}

void rg_segment_store(rg_segment *s, uint32_t o, int reg)
{
    size_t bytes = rg_segment_operand(s, o)->bytes;
    if (bytes == 1) {
        store_bools(s, o, reg);
    } else if (bytes == 2) {
        rg_x86_place place = place_of(s, o);
        access_memory(s, RG_X86_pmovdw, s->lanes.narrow, reg, &place, false);
    } else if (s->tail && !s->code->evex) {
        masked_by_vector(s, RG_X86_maskmovps_to, RG_X86_maskmovpd_to, o, reg);
    } else {
        rg_x86_place place = place_of(s, o);
        access_memory(s, bytes == 8 ? RG_X86_movupd_to : RG_X86_movups_to,
                      rg_segment_bits(s, o), reg, &place, false);
    }
}

/* One element of memory in every lane. */
static void spread_from(rg_segment *s, uint32_t o, int reg, const rg_x86_place *place)
{
    size_t bytes = rg_segment_operand(s, o)->bytes;
    if (bytes < 4) {
        rg_x86_lea(s->code, RG_RAX, place);
        rg_x86_load_narrow(s->code, RG_RAX, RG_RAX, 0, (int)bytes);
        two_registers(s, RG_X86_movd, 128, reg, 0, RG_RAX);
        two_registers(s, RG_X86_pbroadcastd, s->lanes.narrow, reg, 0, reg);
        return;
    }
    rg_x86_op op = bytes == 8 ? RG_X86_broadcastsd : RG_X86_broadcastss;
    rg_x86_vector(
        s->code,
        &(rg_x86){.op = op, .bits = rg_segment_bits(s, o), .reg = reg, .place = place});
}

void rg_segment_spread(rg_segment *s, uint32_t o, int reg)
{
    rg_x86_load(s->code, RG_RAX, RG_PLACES,
                (int32_t)(rg_segment_operand(s, o)->scalar * sizeof(char *)));
    spread_from(s, o, reg, &(rg_x86_place){RG_RAX, RG_NO_INDEX, 1, 0});
}

/* A value's piece of scratch; whole vectors, so never masked.  The first piece is
 * copy_bytes'. */
void rg_segment_spill(rg_segment *s, uint32_t o, int reg, rg_x86_op op)
{
    rg_segment_value *v = &s->value[o];
    if (v->spill == RG_NOWHERE)
        v->spill = ++s->pieces;
    rg_x86_place place = {RG_SPILL, RG_NO_INDEX, 1, v->spill * RG_SPILL_BYTES};
    rg_x86_vector(
        s->code,
        &(rg_x86){.op = op, .bits = rg_segment_bits(s, o), .reg = reg, .place = &place});
}

/* ---- The tail. */
/* Lane i of the mask is set where i is less than the number of elements left. */
void rg_segment_mask_tail(rg_segment *s)
{
    static const int32_t order[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    rg_x86_place place = {RG_RAX, RG_NO_INDEX, 1, 0};
    rg_x86_move(s->code, RG_RAX, (uint64_t)(uintptr_t)order);
    two_registers(s, RG_X86_movd, 128, 0, 0, RG_LEFT);
    two_registers(s, RG_X86_pbroadcastd, s->lanes.narrow, 0, 0, 0);
    rg_x86_vector(s->code,
                  &(rg_x86){.op = RG_X86_pcmpgtd,
                            .bits = s->lanes.narrow,
                            .reg = s->code->evex ? RG_EMIT_TAIL_MASK : RG_VEX_TAIL_MASK,
                            .first = 0,
                            .place = &place});
}

/* ---- Patterns. */
rg_cycle *rg_segment_cycle(rg_segment *s, const rg_instruction *i)
{
    for (int c = 0; c < s->cycles; c++)
        if (s->cycle[c].inner == i->inner && s->cycle[c].count == i->count)
            return &s->cycle[c];
    rg_cycle *made = &s->cycle[s->cycles++];
    *made = (rg_cycle){i->inner, i->count, rg_segment_general(s), RG_NOWHERE};
    if (i->inner > 1)
        made->phase = rg_segment_general(s);
    return made;
}

void rg_segment_load_pattern(rg_segment *s, uint32_t o, int reg)
{
    static const rg_x86_op loads[] = {
        [1] = RG_X86_pmovzxbd, [2] = RG_X86_pmovzxwd, [4] = RG_X86_movups, [8] = RG_X86_movupd};
    const rg_instruction *i = s->pattern[o];
    const rg_cycle *c = rg_segment_cycle(s, i);
    size_t bytes = rg_segment_operand(s, o)->bytes;
    rg_x86_place place = place_of(s, i->in[0]);
    place.index = c->entry;
    place.scale = (int)bytes;
    if (c->inner > 1)
        spread_from(s, o, reg, &place);
    else
        rg_x86_vector(s->code, &(rg_x86){.op = loads[bytes],
                                         .bits = rg_segment_bits(s, o),
                                         .reg = reg,
                                         .place = &place});
}

/* reg <- rax modulo `by`; rax <- the quotient. */
static void divide(rg_segment *s, int reg, int64_t by)
{
    rg_x86_move(s->code, reg, (uint64_t)by);
    rg_x86_move32(s->code, RG_RDX, 0);
    rg_x86_divide(s->code, reg);
    rg_x86_copy(s->code, reg, RG_RDX);
}

/* Where the first element stands in each pattern; its index is in rcx.  Tiles of whole periods all
 * begin with the first. */
void rg_segment_start_cycles(rg_segment *s)
{
    int64_t tile = s->tile->tile[s->list[0]->level];
    for (int c = 0; c < s->cycles; c++) {
        const rg_cycle *one = &s->cycle[c];
        if (tile % (one->inner * one->count) == 0) {
            rg_x86_move32(s->code, one->entry, 0);
            if (one->phase != RG_NOWHERE)
                rg_x86_move32(s->code, one->phase, 0);
            continue;
        }
        rg_x86_push(s->code, RG_SPILL);
        rg_x86_copy(s->code, RG_RAX, RG_RCX);
        if (one->phase != RG_NOWHERE)
            divide(s, one->phase, one->inner);
        divide(s, one->entry, one->count);
        rg_x86_pop(s->code, RG_SPILL);
    }
}

/* reg += step; behind its last value comes 0.  Returns the jump that is taken before that. */
static size_t step_around(rg_segment *s, int reg, int64_t step, int64_t end)
{
    rg_x86_add(s->code, reg, (int32_t)step);
    rg_x86_compare_with(s->code, reg, (int32_t)end);
    size_t inside = rg_x86_jump(s->code, RG_X86_NOT_EQUAL);
    rg_x86_move32(s->code, reg, 0);
    return inside;
}

void rg_segment_step_cycles(rg_segment *s)
{
    for (int c = 0; c < s->cycles; c++) {
        const rg_cycle *one = &s->cycle[c];
        bool row = one->phase != RG_NOWHERE;
        size_t same_entry = row ? step_around(s, one->phase, s->lanes.lanes, one->inner) : 0;
        size_t inside = step_around(s, one->entry, row ? 1 : s->lanes.lanes, one->count);
        rg_x86_land(s->code, inside, s->code->byte.len);
        if (row)
            rg_x86_land(s->code, same_entry, s->code->byte.len);
    }
}
