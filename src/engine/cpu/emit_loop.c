/* emit_loop.c - registers for the values of a segment, and the loop around its operations.
 *
 * Values get registers in order of their appearance; when none is free, the value that is
 * needed last gives up its own (Belady 1966, which is optimal for straight code) and goes to
 * scratch unless memory has it anyway.  Scalars stay in registers across the loop as far as
 * registers go. */
#include "engine/cpu/emit_loop.h"

#include <string.h>

static const int general[] = {RG_R8,  RG_R9,  RG_R10, RG_R11, RG_RBX,
                              RG_RBP, RG_R12, RG_R13, RG_R14, RG_R15};
#define CALLER_SAVED 4 /* of them; the function saves the others */

int rg_segment_general(rg_segment *s)
{
    return general[s->generals++];
}

/* ---- Registers. */
/* The first position from `from` on that reads the value that the operand has now, or
 * RG_NONE. */
static uint32_t next_use(const rg_segment *s, uint32_t o, uint32_t from)
{
    for (uint32_t p = from; p < s->n; p++) {
        if (rg_instruction_reads(s->list[p], o))
            return p;
        if (s->list[p]->out == o)
            return RG_NONE;
    }
    return RG_NONE;
}

static void forget(rg_segment *s, uint32_t o)
{
    if (s->value[o].reg != RG_NOWHERE)
        s->holder[s->value[o].reg] = RG_NONE;
    s->value[o].reg = RG_NOWHERE;
}

static void evict(rg_segment *s, int reg)
{
    uint32_t o = s->holder[reg];
    bool elsewhere = rg_segment_in_memory(s, o) || rg_segment_is_scalar(s, o) ||
                     s->pattern[o] || s->value[o].saved;
    if (!elsewhere && next_use(s, o, s->at) != RG_NONE) {
        rg_segment_spill(s, o, reg, RG_X86_movups_to);
        s->value[o].saved = true;
    }
    forget(s, o);
}

/* The register whose value is needed last, or never.  That is none of the operation's own:
 * those are needed first, and there are more registers than operands. */
static int take(rg_segment *s, uint32_t o)
{
    int best = s->first;
    uint32_t latest = 0;
    for (int r = s->first; r < s->end; r++) {
        uint32_t use = s->holder[r] == RG_NONE ? RG_NONE : next_use(s, s->holder[r], s->at);
        if (use > latest) {
            best = r;
            latest = use;
        }
    }
    if (s->holder[best] != RG_NONE)
        evict(s, best);
    s->holder[best] = o;
    s->value[o].reg = best;
    return best;
}

static int fetch(rg_segment *s, uint32_t o)
{
    rg_segment_value *v = &s->value[o];
    if (v->pinned != RG_NOWHERE)
        return v->pinned;
    if (v->reg == RG_NOWHERE) {
        int reg = take(s, o);
        if (rg_segment_is_scalar(s, o))
            rg_segment_spread(s, o, reg);
        else if (s->pattern[o])
            rg_segment_load_pattern(s, o, reg);
        else if (rg_segment_in_memory(s, o))
            rg_segment_load(s, o, reg);
        else
            rg_segment_spill(s, o, reg, RG_X86_movups);
    }
    return v->reg;
}

/* The old value of the result's memory and operands that nobody reads later make room. */
static void release_operands(rg_segment *s, const rg_instruction *i)
{
    forget(s, i->out);
    for (uint32_t k = 0; k < i->n_in; k++)
        if (next_use(s, i->in[k], s->at + 1) == RG_NONE)
            forget(s, i->in[k]);
}

static void write_instruction(rg_segment *s, const rg_instruction *i)
{
    int in[3];
    for (uint32_t k = 0; k < i->n_in; k++)
        in[k] = fetch(s, i->in[k]);
    release_operands(s, i);
    int result = take(s, i->out);
    rg_emit_operation(&s->lanes, i, result, in);
    if (rg_segment_in_memory(s, i->out))
        rg_segment_store(s, i->out, result);
    if (next_use(s, i->out, s->at + 1) == RG_NONE)
        forget(s, i->out);
}

static void write_body(rg_segment *s, bool tail)
{
    s->tail = tail;
    for (uint32_t o = 0; o < s->tile->operand.len; o++) {
        s->value[o].reg = RG_NOWHERE;
        s->value[o].saved = false;
    }
    memset(s->holder, 0xff, sizeof(s->holder));
    for (s->at = 0; s->at < s->n; s->at++)
        write_instruction(s, s->list[s->at]);
}

/* ---- The loop around it. */
/* Values in registers at once, at most, scalars aside; a result and its operands count as
 * such. */
static int pressure(const rg_segment *s)
{
    int *change = RG_NEW_ARRAY(int, s->n + 1), now = 0, most = 0;
    for (uint32_t o = 0; o < s->tile->operand.len; o++) {
        uint32_t first = RG_NONE, last = 0;
        for (uint32_t p = 0; s->value[o].touched && !rg_segment_is_scalar(s, o) && p < s->n;
             p++)
            if (rg_instruction_reads(s->list[p], o) || s->list[p]->out == o) {
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

static void give_pointer(rg_segment *s, uint32_t o)
{
    if (s->value[o].pointer == RG_NOWHERE && s->generals < (int)RG_COUNT(general))
        s->value[o].pointer = rg_segment_general(s);
}

static void touch(rg_segment *s, uint32_t o)
{
    s->value[o].touched = true;
    if (s->pattern[o])
        give_pointer(s, s->pattern[o]->in[0]);
    else if (rg_segment_in_memory(s, o))
        give_pointer(s, o);
}

/* Patterns get their registers first: pointers can do without. */
static void touch_all(rg_segment *s)
{
    for (uint32_t p = 0; p < s->n; p++)
        for (uint32_t k = 0; k < s->list[p]->n_in; k++)
            if (s->pattern[s->list[p]->in[k]])
                rg_segment_cycle(s, s->pattern[s->list[p]->in[k]]);
    for (uint32_t p = 0; p < s->n; p++) {
        for (uint32_t k = 0; k < s->list[p]->n_in; k++)
            touch(s, s->list[p]->in[k]);
        touch(s, s->list[p]->out);
    }
}

#define LEAST_REGISTERS 4 /* three operands and a result */

/* Scalars take the registers that the body does not need. */
static void pin_scalars(rg_segment *s)
{
    int need = pressure(s);
    need = need < LEAST_REGISTERS ? LEAST_REGISTERS : need;
    for (uint32_t o = 0; o < s->tile->operand.len; o++) {
        if (!s->value[o].touched || !rg_segment_is_scalar(s, o) || s->end - s->first <= need)
            continue;
        s->value[o].pinned = --s->end;
        rg_segment_spread(s, o, s->end);
    }
}

static void load_pointers(rg_segment *s)
{
    for (int i = CALLER_SAVED; i < s->generals; i++)
        rg_x86_push(s->code, general[i]);
    for (uint32_t o = 0; o < s->tile->operand.len; o++)
        if (s->value[o].pointer != RG_NOWHERE)
            rg_x86_load(s->code, s->value[o].pointer, RG_PLACES, (int32_t)(o * sizeof(char *)));
}

static void write_return(rg_segment *s)
{
    static const uint8_t end[] = {0xc5, 0xf8, 0x77, 0xc3}; /* vzeroupper; ret */
    for (int i = s->generals - 1; i >= CALLER_SAVED; i--)
        rg_x86_pop(s->code, general[i]);
    rg_x86_bytes(s->code, end, sizeof(end));
}

/* rsi counts down to the last place where a whole vector begins, then holds what is left. */
void rg_segment_write(rg_segment *s)
{
    int32_t lanes = s->lanes.lanes;
    touch_all(s);
    load_pointers(s);
    rg_segment_start_cycles(s);
    pin_scalars(s);
    rg_x86_move32(s->code, RG_AT, 0);
    rg_x86_add(s->code, RG_LEFT, -lanes);
    rg_x86_compare(s->code, RG_AT, RG_LEFT);
    size_t none_whole = rg_x86_jump(s->code, RG_X86_GREATER), loop = s->code->byte.len;
    write_body(s, false);
    rg_segment_step_cycles(s);
    rg_x86_add(s->code, RG_AT, lanes);
    rg_x86_compare(s->code, RG_AT, RG_LEFT);
    rg_x86_land(s->code, rg_x86_jump(s->code, RG_X86_LESS_EQUAL), loop);
    rg_x86_land(s->code, none_whole, s->code->byte.len);
    rg_x86_add(s->code, RG_LEFT, lanes);
    rg_x86_subtract(s->code, RG_LEFT, RG_AT);
    size_t nothing_left = rg_x86_jump(s->code, RG_X86_EQUAL);
    rg_segment_mask_tail(s);
    write_body(s, true);
    rg_x86_land(s->code, nothing_left, s->code->byte.len);
    write_return(s);
}
