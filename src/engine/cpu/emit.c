/* emit.c - runs of element-wise instructions as machine-code loops.
 *
 * A group's instructions are parted into segments: as much as the emitter knows, then what it does
 * not (exp and its like, random bits, patterns), and so on; most groups are one segment.  Each
 * segment becomes a function
 *
 *     load places, spread scalars
 *     loop:  the operations on one vector of every operand     while a whole vector is left
 *     tail:  the same, its loads and stores masked             if elements are left
 *
 * Within the body, values get registers in order of their appearance; when none is free, the value
 * that is needed last gives up its own (Belady 1966, which is optimal for straight code) and goes
 * to scratch unless memory has it anyway.  Scalars stay in registers across the loop as far as
 * registers go.
 *
 * A pattern is read where it lies if vectors never straddle its entries: along the last axis (bias
 * of a layer) an index goes round, along leading axes (a row's maximum) one entry at a time is
 * spread.  No division happens in the loop.
 *
 * Registers while it runs: rdi the operands' places, rsi elements (then those left), rdx scratch,
 * rcx the element at hand; rax is free; r8 to r11, rbx, rbp, r12 to r15 hold places and indices of
 * patterns. */
#include "engine/cpu/emit.h"

#include <string.h>

#define NOWHERE (-1)
#define REGISTERS 32
#define SPILL_BYTES 64
#define CYCLES 2                    /* different patterns in one group */
#define LANES_MOST 16               /* in a vector */
#define VEX_TAIL_MASK RG_EMIT_TEMPS /* the register that masks the tail under VEX */

enum { PLACES = RG_RDI, COUNT = RG_RSI, SPILL = RG_RDX, AT = RG_RCX };

static const int general[] = {RG_R8,  RG_R9,  RG_R10, RG_R11, RG_RBX,
                              RG_RBP, RG_R12, RG_R13, RG_R14, RG_R15};
#define CALLER_SAVED 4 /* of them; the function saves the others */

/* A pattern as the loop runs through it: element i is entry (i / inner) % count. */
typedef struct cycle {
    int64_t inner, count;
    int entry, phase; /* general registers: (i / inner) % count, i % inner (where inner > 1) */
} cycle;

/* What is known of an operand while a segment is written. */
typedef struct value {
    int reg;       /* vector register, or NOWHERE */
    int pinned;    /* a scalar's register for the whole loop, or NOWHERE */
    int pointer;   /* general register that holds its place, or NOWHERE */
    int spill;     /* its piece of scratch, or NOWHERE */
    bool saved;    /* the piece holds the value */
    bool touched;  /* the segment reads or writes it */
    bool crossing; /* a register that other instructions read or write, so it lies in scratch */
} value;

typedef struct segment {
    rg_machine_code *code;
    const rg_tile *tile;
    const rg_instruction **list;
    uint32_t n;
    const rg_instruction **pattern; /* by operand: how it is read where it lies, or NULL */
    rg_lanes lanes;
    value *value;               /* by operand */
    uint32_t holder[REGISTERS]; /* operand in a vector register, or RG_NONE */
    bool locked[REGISTERS];     /* operand of the instruction at hand */
    int first, end;             /* vector registers to give away */
    uint32_t at;                /* position in the list */
    bool tail;                  /* elements past the end are masked */
    int pieces;                 /* of scratch */
    int generals;               /* general registers in use */
    cycle cycle[CYCLES];
    int cycles;
} segment;

static const rg_tile_operand *operand_of(const segment *s, uint32_t o)
{
    return &s->tile->operand.at[o];
}

static bool reads(const rg_instruction *i, uint32_t o)
{
    for (uint32_t k = 0; k < i->n_in; k++)
        if (i->in[k] == o)
            return true;
    return false;
}

static bool is_scalar(const segment *s, uint32_t o)
{
    return operand_of(s, o)->scalar != RG_NONE;
}

/* Memory has its value, or will have as soon as there is one. */
static bool in_memory(const segment *s, uint32_t o)
{
    return operand_of(s, o)->slot != RG_NONE || s->value[o].crossing;
}

static int bits_of(const segment *s, uint32_t o)
{
    return operand_of(s, o)->bytes == 8 ? s->lanes.wide : s->lanes.narrow;
}

/* ---- Memory. */
static rg_x86_place place_of(segment *s, uint32_t o)
{
    int base = s->value[o].pointer;
    if (base == NOWHERE) {
        base = RG_RAX;
        rg_x86_load(s->code, base, PLACES, (int32_t)(o * sizeof(char *)));
    }
    return (rg_x86_place){base, AT, (int)operand_of(s, o)->bytes, 0};
}

static void access_memory(segment *s, rg_x86_op op, int bits, int reg,
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

static void two_registers(segment *s, rg_x86_op op, int bits, int reg, int first, int second)
{
    rg_x86_vector(
        s->code,
        &(rg_x86){.op = op, .bits = bits, .reg = reg, .first = first, .second = second});
}

/* Copies the bools that are left between memory and the first bytes of scratch, one by one: VEX
 * has no masks for bytes. */
static void copy_bytes(segment *s, const rg_x86_place *place, bool load)
{
    static const uint8_t repeat_move[] = {0xf3, 0xa4}; /* rcx bytes from [rsi] to [rdi] */
    static const int saved[] = {PLACES, COUNT, AT};
    for (int i = 0; i < 3; i++)
        rg_x86_push(s->code, saved[i]);
    rg_x86_lea(s->code, RG_RAX, place);
    rg_x86_copy(s->code, AT, COUNT);
    rg_x86_copy(s->code, RG_RSI, load ? RG_RAX : SPILL);
    rg_x86_copy(s->code, RG_RDI, load ? SPILL : RG_RAX);
    rg_x86_bytes(s->code, repeat_move, sizeof(repeat_move));
    for (int i = 2; i >= 0; i--)
        rg_x86_pop(s->code, saved[i]);
}

static const rg_x86_place scratch_begin = {SPILL, RG_NO_INDEX, 1, 0};

/* The tail under VEX: a vector whose elements are all ones where there are elements. */
static void masked_by_vector(segment *s, rg_x86_op op, rg_x86_op wide_op, uint32_t o, int reg)
{
    bool wide = operand_of(s, o)->bytes == 8;
    int mask = VEX_TAIL_MASK;
    if (wide) {
        mask = 0;
        two_registers(s, RG_X86_pmovsxdq, s->lanes.wide, mask, 0, VEX_TAIL_MASK);
    }
    rg_x86_place place = place_of(s, o);
    rg_x86_vector(s->code, &(rg_x86){.op = wide ? wide_op : op,
                                     .bits = bits_of(s, o),
                                     .reg = reg,
                                     .first = mask,
                                     .place = &place});
}

static void load_bools(segment *s, uint32_t o, int reg)
{
    rg_x86_place place = place_of(s, o);
    bool one_by_one = s->tail && !s->code->evex;
    if (one_by_one)
        copy_bytes(s, &place, true);
    access_memory(s, RG_X86_pmovzxbd, s->lanes.narrow, reg,
                  one_by_one ? &scratch_begin : &place, true);
}

static void load(segment *s, uint32_t o, int reg)
{
    size_t bytes = operand_of(s, o)->bytes;
    if (bytes == 1) {
        load_bools(s, o, reg);
    } else if (s->tail && !s->code->evex) {
        masked_by_vector(s, RG_X86_maskmovps, RG_X86_maskmovpd, o, reg);
    } else {
        rg_x86_place place = place_of(s, o);
        access_memory(s, bytes == 8 ? RG_X86_movupd : RG_X86_movups, bits_of(s, o), reg, &place,
                      true);
    }
}

/* VEX: 4-byte elements to bytes by packing twice, within halves of the vector. */
static void store_packed(segment *s, const rg_x86_place *place, int reg)
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

static void store_bools(segment *s, uint32_t o, int reg)
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

static void store(segment *s, uint32_t o, int reg)
{
    size_t bytes = operand_of(s, o)->bytes;
    if (bytes == 1) {
        store_bools(s, o, reg);
    } else if (s->tail && !s->code->evex) {
        masked_by_vector(s, RG_X86_maskmovps_to, RG_X86_maskmovpd_to, o, reg);
    } else {
        rg_x86_place place = place_of(s, o);
        access_memory(s, bytes == 8 ? RG_X86_movupd_to : RG_X86_movups_to, bits_of(s, o), reg,
                      &place, false);
    }
}

/* One element of memory in every lane. */
static void spread_from(segment *s, uint32_t o, int reg, const rg_x86_place *place)
{
    size_t bytes = operand_of(s, o)->bytes;
    if (bytes == 1) {
        rg_x86_lea(s->code, RG_RAX, place);
        rg_x86_load_byte(s->code, RG_RAX, RG_RAX, 0);
        two_registers(s, RG_X86_movd, 128, reg, 0, RG_RAX);
        two_registers(s, RG_X86_pbroadcastd, s->lanes.narrow, reg, 0, reg);
        return;
    }
    rg_x86_op op = bytes == 8 ? RG_X86_broadcastsd : RG_X86_broadcastss;
    rg_x86_vector(s->code,
                  &(rg_x86){.op = op, .bits = bits_of(s, o), .reg = reg, .place = place});
}

static void spread(segment *s, uint32_t o, int reg)
{
    rg_x86_load(s->code, RG_RAX, PLACES, (int32_t)(operand_of(s, o)->scalar * sizeof(char *)));
    spread_from(s, o, reg, &(rg_x86_place){RG_RAX, RG_NO_INDEX, 1, 0});
}

/* ---- Patterns. */
static cycle *cycle_of(segment *s, const rg_instruction *i)
{
    for (int c = 0; c < s->cycles; c++)
        if (s->cycle[c].inner == i->inner && s->cycle[c].count == i->count)
            return &s->cycle[c];
    cycle *made = &s->cycle[s->cycles++];
    *made = (cycle){i->inner, i->count, general[s->generals++], NOWHERE};
    if (i->inner > 1)
        made->phase = general[s->generals++];
    return made;
}

static void load_pattern(segment *s, uint32_t o, int reg)
{
    static const rg_x86_op loads[] = {
        [1] = RG_X86_pmovzxbd, [4] = RG_X86_movups, [8] = RG_X86_movupd};
    const rg_instruction *i = s->pattern[o];
    const cycle *c = cycle_of(s, i);
    size_t bytes = operand_of(s, o)->bytes;
    rg_x86_place place = place_of(s, i->in[0]);
    place.index = c->entry;
    place.scale = (int)bytes;
    if (c->inner > 1)
        spread_from(s, o, reg, &place);
    else
        rg_x86_vector(
            s->code,
            &(rg_x86){.op = loads[bytes], .bits = bits_of(s, o), .reg = reg, .place = &place});
}

/* reg <- rax modulo `by`; rax <- the quotient. */
static void divide(segment *s, int reg, int64_t by)
{
    rg_x86_move(s->code, reg, (uint64_t)by);
    rg_x86_move32(s->code, RG_RDX, 0);
    rg_x86_divide(s->code, reg);
    rg_x86_copy(s->code, reg, RG_RDX);
}

/* Where the first element stands in each pattern; its index is in rcx. */
static void start_cycles(segment *s)
{
    for (int c = 0; c < s->cycles; c++) {
        const cycle *one = &s->cycle[c];
        rg_x86_push(s->code, SPILL);
        rg_x86_copy(s->code, RG_RAX, RG_RCX);
        if (one->phase != NOWHERE)
            divide(s, one->phase, one->inner);
        divide(s, one->entry, one->count);
        rg_x86_pop(s->code, SPILL);
    }
}

/* reg += step; behind its last value comes 0.  Returns the jump that is taken before that. */
static size_t step_around(segment *s, int reg, int64_t step, int64_t end)
{
    rg_x86_add(s->code, reg, (int32_t)step);
    rg_x86_compare_with(s->code, reg, (int32_t)end);
    size_t inside = rg_x86_jump(s->code, RG_X86_NOT_EQUAL);
    rg_x86_move32(s->code, reg, 0);
    return inside;
}

static void step_cycles(segment *s)
{
    for (int c = 0; c < s->cycles; c++) {
        const cycle *one = &s->cycle[c];
        bool row = one->phase != NOWHERE;
        size_t same_entry = row ? step_around(s, one->phase, s->lanes.lanes, one->inner) : 0;
        size_t inside = step_around(s, one->entry, row ? 1 : s->lanes.lanes, one->count);
        rg_x86_land(s->code, inside, s->code->byte.len);
        if (row)
            rg_x86_land(s->code, same_entry, s->code->byte.len);
    }
}

/* A value's piece of scratch; whole vectors, so never masked.  The first piece is copy_bytes'. */
static void spill(segment *s, uint32_t o, int reg, rg_x86_op op)
{
    value *v = &s->value[o];
    if (v->spill == NOWHERE)
        v->spill = ++s->pieces;
    rg_x86_place place = {SPILL, RG_NO_INDEX, 1, v->spill * SPILL_BYTES};
    rg_x86_vector(s->code,
                  &(rg_x86){.op = op, .bits = bits_of(s, o), .reg = reg, .place = &place});
}

/* ---- Registers. */
/* The first position from `from` on that reads the value that the operand has now, or RG_NONE. */
static uint32_t next_use(const segment *s, uint32_t o, uint32_t from)
{
    for (uint32_t p = from; p < s->n; p++) {
        if (reads(s->list[p], o))
            return p;
        if (s->list[p]->out == o)
            return RG_NONE;
    }
    return RG_NONE;
}

static void forget(segment *s, uint32_t o)
{
    if (s->value[o].reg != NOWHERE)
        s->holder[s->value[o].reg] = RG_NONE;
    s->value[o].reg = NOWHERE;
}

static void evict(segment *s, int reg)
{
    uint32_t o = s->holder[reg];
    bool elsewhere = in_memory(s, o) || is_scalar(s, o) || s->pattern[o] || s->value[o].saved;
    if (!elsewhere && next_use(s, o, s->at) != RG_NONE) {
        spill(s, o, reg, RG_X86_movups_to);
        s->value[o].saved = true;
    }
    forget(s, o);
}

/* A free register, or that of the value needed last. */
static int take(segment *s, uint32_t o)
{
    int best = NOWHERE;
    uint32_t latest = 0;
    for (int r = s->first; r < s->end; r++) {
        if (s->locked[r])
            continue;
        uint32_t use = s->holder[r] == RG_NONE ? RG_NONE : next_use(s, s->holder[r], s->at);
        if (best == NOWHERE || use > latest || s->holder[r] == RG_NONE) {
            best = r;
            latest = use;
        }
        if (s->holder[r] == RG_NONE)
            break;
    }
    if (best == NOWHERE)
        RG_BUG("an element-wise loop has no register left");
    if (s->holder[best] != RG_NONE)
        evict(s, best);
    s->holder[best] = o;
    s->value[o].reg = best;
    return best;
}

static int fetch(segment *s, uint32_t o)
{
    value *v = &s->value[o];
    if (v->pinned != NOWHERE)
        return v->pinned;
    if (v->reg == NOWHERE) {
        int reg = take(s, o);
        if (is_scalar(s, o))
            spread(s, o, reg);
        else if (s->pattern[o])
            load_pattern(s, o, reg);
        else if (in_memory(s, o))
            load(s, o, reg);
        else
            spill(s, o, reg, RG_X86_movups);
    }
    s->locked[v->reg] = true;
    return v->reg;
}

/* Operands that nobody reads later make room for the result. */
static void release_operands(segment *s, const rg_instruction *i)
{
    forget(s, i->out);
    memset(s->locked, 0, sizeof(s->locked));
    for (uint32_t k = 0; k < i->n_in; k++) {
        if (next_use(s, i->in[k], s->at + 1) == RG_NONE)
            forget(s, i->in[k]);
        else if (s->value[i->in[k]].reg != NOWHERE)
            s->locked[s->value[i->in[k]].reg] = true;
    }
}

static void write_instruction(segment *s, const rg_instruction *i)
{
    int in[3];
    for (uint32_t k = 0; k < i->n_in; k++)
        in[k] = fetch(s, i->in[k]);
    release_operands(s, i);
    int result = take(s, i->out);
    rg_emit_operation(&s->lanes, i, result, in);
    memset(s->locked, 0, sizeof(s->locked));
    if (in_memory(s, i->out))
        store(s, i->out, result);
    if (next_use(s, i->out, s->at + 1) == RG_NONE)
        forget(s, i->out);
}

static void write_body(segment *s, bool tail)
{
    s->tail = tail;
    for (uint32_t o = 0; o < s->tile->operand.len; o++) {
        s->value[o].reg = NOWHERE;
        s->value[o].saved = false;
    }
    memset(s->holder, 0xff, sizeof(s->holder));
    for (s->at = 0; s->at < s->n; s->at++)
        write_instruction(s, s->list[s->at]);
}

/* ---- The loop around it. */
/* Values in registers at once, at most, scalars aside; a result and its operands count as such. */
static int pressure(const segment *s)
{
    int *change = RG_NEW_ARRAY(int, s->n + 1), now = 0, most = 0;
    for (uint32_t o = 0; o < s->tile->operand.len; o++) {
        uint32_t first = RG_NONE, last = 0;
        for (uint32_t p = 0; s->value[o].touched && !is_scalar(s, o) && p < s->n; p++)
            if (reads(s->list[p], o) || s->list[p]->out == o) {
                first = first == RG_NONE ? p : first;
                last = p;
            }
        if (first != RG_NONE) {
            change[first]++;
            change[last + 1]--;
        }
    }
    for (uint32_t p = 0; p < s->n; p++) {
        now += change[p];
        most = now > most ? now : most;
    }
    rg_free(change);
    return most;
}

static void give_pointer(segment *s, uint32_t o)
{
    if (s->value[o].pointer == NOWHERE && s->generals < (int)RG_COUNT(general))
        s->value[o].pointer = general[s->generals++];
}

static void touch(segment *s, uint32_t o)
{
    s->value[o].touched = true;
    if (s->pattern[o])
        give_pointer(s, s->pattern[o]->in[0]);
    else if (in_memory(s, o))
        give_pointer(s, o);
}

/* Patterns get their registers first: pointers can do without. */
static void touch_all(segment *s)
{
    for (uint32_t p = 0; p < s->n; p++)
        for (uint32_t k = 0; k < s->list[p]->n_in; k++)
            if (s->pattern[s->list[p]->in[k]])
                cycle_of(s, s->pattern[s->list[p]->in[k]]);
    for (uint32_t p = 0; p < s->n; p++) {
        for (uint32_t k = 0; k < s->list[p]->n_in; k++)
            touch(s, s->list[p]->in[k]);
        touch(s, s->list[p]->out);
    }
}

/* Scalars take the registers that the body does not need; operands have room in any case. */
static void pin_scalars(segment *s)
{
    int need = pressure(s);
    need = need < 4 ? 4 : need;
    for (uint32_t o = 0; o < s->tile->operand.len; o++) {
        if (!s->value[o].touched || !is_scalar(s, o) || s->end - s->first <= need)
            continue;
        s->value[o].pinned = --s->end;
        spread(s, o, s->end);
    }
}

static void load_pointers(segment *s)
{
    for (int i = CALLER_SAVED; i < s->generals; i++)
        rg_x86_push(s->code, general[i]);
    for (uint32_t o = 0; o < s->tile->operand.len; o++)
        if (s->value[o].pointer != NOWHERE)
            rg_x86_load(s->code, s->value[o].pointer, PLACES, (int32_t)(o * sizeof(char *)));
}

/* Lane i of the mask is set where i is less than the number of elements left. */
static void write_tail_mask(segment *s)
{
    static const int32_t order[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    rg_x86_place place = {RG_RAX, RG_NO_INDEX, 1, 0};
    rg_x86_move(s->code, RG_RAX, (uint64_t)(uintptr_t)order);
    two_registers(s, RG_X86_movd, 128, 0, 0, COUNT);
    two_registers(s, RG_X86_pbroadcastd, s->lanes.narrow, 0, 0, 0);
    rg_x86_vector(s->code, &(rg_x86){.op = RG_X86_pcmpgtd,
                                     .bits = s->lanes.narrow,
                                     .reg = s->code->evex ? RG_EMIT_TAIL_MASK : VEX_TAIL_MASK,
                                     .first = 0,
                                     .place = &place});
}

static void write_return(segment *s)
{
    static const uint8_t end[] = {0xc5, 0xf8, 0x77, 0xc3}; /* vzeroupper; ret */
    for (int i = s->generals - 1; i >= CALLER_SAVED; i--)
        rg_x86_pop(s->code, general[i]);
    rg_x86_bytes(s->code, end, sizeof(end));
}

/* rsi counts down to the last place where a whole vector begins, then holds what is left. */
static void write_function(segment *s)
{
    int32_t lanes = s->lanes.lanes;
    touch_all(s);
    load_pointers(s);
    start_cycles(s);
    pin_scalars(s);
    rg_x86_move32(s->code, AT, 0);
    rg_x86_add(s->code, COUNT, -lanes);
    rg_x86_compare(s->code, AT, COUNT);
    size_t none_whole = rg_x86_jump(s->code, RG_X86_GREATER), loop = s->code->byte.len;
    write_body(s, false);
    step_cycles(s);
    rg_x86_add(s->code, AT, lanes);
    rg_x86_compare(s->code, AT, COUNT);
    rg_x86_land(s->code, rg_x86_jump(s->code, RG_X86_LESS_EQUAL), loop);
    rg_x86_land(s->code, none_whole, s->code->byte.len);
    rg_x86_add(s->code, COUNT, lanes);
    rg_x86_subtract(s->code, COUNT, AT);
    size_t nothing_left = rg_x86_jump(s->code, RG_X86_EQUAL);
    write_tail_mask(s);
    write_body(s, true);
    rg_x86_land(s->code, nothing_left, s->code->byte.len);
    write_return(s);
}

/* ---- Segments. */
typedef struct parting {
    rg_machine_code *code;
    rg_arena *arena;
    rg_tile *tile;
    const rg_instruction *
        *pattern; /* by operand: the instruction that its readers do without */
    bool *placed; /* by instruction */
    int *piece;   /* by instruction: the segment that has it; 0: none */
    int *born;    /* by operand: the segment that writes it */
    RG_VEC(rg_instruction) done;
    RG_VEC(const rg_instruction *) list; /* the segment at hand */
    size_t emitted;
} parting;

static bool same_memory(const rg_tile *tile, uint32_t a, uint32_t b)
{
    return a == b || (tile->operand.at[a].slot != RG_NONE &&
                      tile->operand.at[a].slot == tile->operand.at[b].slot);
}

/* `later` reads or writes what `earlier` writes, or writes what it reads. */
static bool depends(const rg_tile *tile, const rg_instruction *later,
                    const rg_instruction *earlier)
{
    if (same_memory(tile, later->out, earlier->out))
        return true;
    for (uint32_t k = 0; k < later->n_in; k++)
        if (same_memory(tile, later->in[k], earlier->out))
            return true;
    for (uint32_t k = 0; k < earlier->n_in; k++)
        if (same_memory(tile, later->out, earlier->in[k]))
            return true;
    return false;
}

static bool is_ready(const parting *p, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (!p->placed[j] && depends(p->tile, &p->tile->each.at[i], &p->tile->each.at[j]))
            return false;
    return true;
}

/* A register is crossing when a segment reads what it does not write, or when another instruction
 * reads what it writes. */
static bool crosses(const parting *p, int piece, uint32_t o)
{
    const rg_tile_operand *operand = &p->tile->operand.at[o];
    if (operand->slot != RG_NONE || operand->scalar != RG_NONE || p->pattern[o])
        return false;
    if (p->born[o] != piece)
        return true;
    for (size_t i = 0; i < p->tile->each.len; i++)
        if (p->piece[i] != piece && reads(&p->tile->each.at[i], o))
            return true;
    return false;
}

static void mark_operands(parting *p, int piece, segment *s)
{
    for (uint32_t k = 0; k < s->n; k++)
        p->born[s->list[k]->out] = piece;
    for (uint32_t o = 0; o < p->tile->operand.len; o++)
        s->value[o] = (value){NOWHERE, NOWHERE, NOWHERE, NOWHERE, false, false, false};
    for (uint32_t k = 0; k < s->n; k++) {
        const rg_instruction *i = s->list[k];
        for (uint32_t n = 0; n < i->n_in; n++)
            s->value[i->in[n]].crossing = crosses(p, piece, i->in[n]);
        s->value[i->out].crossing = crosses(p, piece, i->out);
    }
}

static bool has_wide(const parting *p)
{
    for (size_t k = 0; k < p->list.len; k++) {
        const rg_instruction *i = p->list.at[k];
        if (rg_dtype_bytes(i->from) == 8 || rg_dtype_bytes(i->to) == 8)
            return true;
    }
    return false;
}

static rg_instruction code_instruction(parting *p, const segment *s, size_t entry)
{
    rg_instruction i = {.what = RG_CODE, .entry = entry};
    i.crossing = RG_ARENA_ARRAY(p->arena, uint32_t, p->tile->operand.len);
    for (uint32_t o = 0; o < p->tile->operand.len; o++)
        if (s->value[o].crossing)
            i.crossing[i.crossings++] = o;
    return i;
}

static void close_segment(parting *p, int piece)
{
    if (p->list.len == 0)
        return;
    segment s = {.code = p->code,
                 .tile = p->tile,
                 .list = p->list.at,
                 .n = (uint32_t)p->list.len,
                 .pattern = p->pattern,
                 .lanes = rg_lanes_of(p->code, has_wide(p)),
                 .value = RG_NEW_ARRAY(value, p->tile->operand.len),
                 .first = p->code->evex ? RG_EMIT_TEMPS : VEX_TAIL_MASK + 1,
                 .end = p->code->evex ? 32 : 16};
    mark_operands(p, piece, &s);
    size_t entry = p->code->byte.len;
    write_function(&s);
    rg_vec_push(&p->done, code_instruction(p, &s, entry));
    size_t spilled = SPILL_BYTES * (size_t)(s.pieces + 1);
    p->tile->spill = spilled > p->tile->spill ? spilled : p->tile->spill;
    p->emitted += p->list.len;
    p->list.len = 0;
    rg_free(s.value);
}

/* ---- Patterns that are read where they lie. */
static bool fits_vectors(const rg_instruction *i)
{
    int64_t run = i->inner > 1 ? i->inner : i->count;
    return run % LANES_MOST == 0 && i->inner <= INT32_MAX && i->count <= INT32_MAX;
}

static bool only_known_readers(const parting *p, uint32_t o)
{
    for (size_t i = 0; i < p->tile->each.len; i++)
        if (reads(&p->tile->each.at[i], o) && !rg_emit_knows(p->code, &p->tile->each.at[i]))
            return false;
    return true;
}

static void choose_patterns(parting *p)
{
    const rg_instruction *taken[CYCLES];
    size_t n = 0;
    for (size_t i = 0; i < p->tile->each.len; i++) {
        const rg_instruction *one = &p->tile->each.at[i];
        if (one->what != RG_EXPAND || p->tile->operand.at[one->out].slot != RG_NONE ||
            !fits_vectors(one) || !only_known_readers(p, one->out))
            continue;
        size_t k = 0;
        while (k < n && (taken[k]->inner != one->inner || taken[k]->count != one->count))
            k++;
        if (k == CYCLES)
            continue;
        taken[k] = one;
        n = k == n ? n + 1 : n;
        p->pattern[one->out] = one;
    }
}

static bool is_known(const parting *p, const rg_instruction *i)
{
    return i->what == RG_EXPAND ? p->pattern[i->out] == i : rg_emit_knows(p->code, i);
}

/* All that can run now and that the emitter knows, or does not know; returns how many. */
static size_t place_ready(parting *p, int piece, bool known)
{
    size_t n = 0;
    for (size_t i = 0; i < p->tile->each.len; i++) {
        const rg_instruction *one = &p->tile->each.at[i];
        if (p->placed[i] || is_known(p, one) != known || !is_ready(p, i))
            continue;
        p->placed[i] = true;
        n++;
        if (!known)
            rg_vec_push(&p->done, *one);
        else if (one->what != RG_EXPAND) {
            p->piece[i] = piece;
            rg_vec_push(&p->list, one);
        }
    }
    return n;
}

void rg_emit(rg_machine_code *code, rg_arena *arena, rg_tile *tile, size_t *emitted)
{
    parting p = {.code = code,
                 .arena = arena,
                 .tile = tile,
                 .pattern = RG_NEW_ARRAY(const rg_instruction *, tile->operand.len),
                 .placed = RG_NEW_ARRAY(bool, tile->each.len),
                 .piece = RG_NEW_ARRAY(int, tile->each.len),
                 .born = RG_NEW_ARRAY(int, tile->operand.len)};
    int piece = 1;
    choose_patterns(&p);
    for (size_t placed = 0; placed < tile->each.len; piece++) {
        placed += place_ready(&p, 0, false);
        placed += place_ready(&p, piece, true);
        close_segment(&p, piece);
    }
    *emitted = p.emitted;
    tile->each.len = 0;
    for (size_t i = 0; i < p.done.len; i++)
        rg_vec_push(&tile->each, p.done.at[i]);
    rg_vec_free(&p.done);
    rg_vec_free(&p.list);
    rg_free(p.pattern);
    rg_free(p.placed);
    rg_free(p.piece);
    rg_free(p.born);
}
