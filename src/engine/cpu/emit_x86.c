/* emit_x86.c - x86-64's encodings: VEX, EVEX and the old one with a REX prefix.
 *
 * Chapters 2.1 (ModRM, SIB, REX), 2.3 (VEX) and 2.7 (EVEX) of the Intel 64 and IA-32
 * Architectures Software Developer's Manual, volume 2, say what each bit means.  Numbers of
 * registers beyond 7 have their upper bits in the prefixes, inverted. */
#include "engine/cpu/emit_x86.h"

enum { NONE, P66, PF3, PF2 };

static const struct row {
    uint8_t prefix, map, w, opcode;
} rows[RG_X86_OPS] = {
#define X86(name, prefix, map, w, opcode) [RG_X86_##name] = {prefix, map, w, opcode},
#include "engine/cpu/emit_x86.def"
};

static void put(rg_machine_code *code, unsigned byte)
{
    rg_vec_push(&code->byte, (uint8_t)byte);
}

static void put32(rg_machine_code *code, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        put(code, value >> (8 * i) & 0xff);
}

/* Bit `bit` of a register's number, inverted, at position `at`. */
static unsigned inverted(int number, int bit, int at)
{
    return (~(unsigned)number >> bit & 1) << at;
}

/* ---- ModRM, SIB and displacement. */
static void put_register(rg_machine_code *code, int reg, int rm)
{
    put(code, 0xc0 | (unsigned)(reg & 7) << 3 | (unsigned)(rm & 7));
}

static unsigned scale_bits(int scale)
{
    return scale == 8 ? 3 : scale == 4 ? 2 : scale == 2 ? 1 : 0;
}

/* A displacement has 4 bytes or none (EVEX scales those of one byte); rbp and r13 as a base
 * need one, rsp and r12 need a SIB byte. */
static void put_place(rg_machine_code *code, int reg, const rg_x86_place *p)
{
    bool sib = p->index != RG_NO_INDEX || (p->base & 7) == RG_RSP;
    bool offset = p->offset != 0 || (p->base & 7) == RG_RBP;
    unsigned rm = sib ? 4 : (unsigned)(p->base & 7);
    put(code, (offset ? 0x80u : 0u) | (unsigned)(reg & 7) << 3 | rm);
    if (sib) {
        unsigned index = p->index == RG_NO_INDEX ? 4 : (unsigned)(p->index & 7);
        put(code, scale_bits(p->scale) << 6 | index << 3 | (unsigned)(p->base & 7));
    }
    if (offset)
        put32(code, (uint32_t)p->offset);
}

static int index_number(const rg_x86_place *p)
{
    return p->index == RG_NO_INDEX ? 0 : p->index;
}

/* ---- Vector instructions. */
static void put_vex(rg_machine_code *code, const rg_x86 *x, const struct row *row)
{
    int base = x->place ? x->place->base : x->second;
    int index = x->place ? index_number(x->place) : 0;
    put(code, 0xc4);
    put(code, inverted(x->reg, 3, 7) | inverted(index, 3, 6) | inverted(base, 3, 5) | row->map);
    put(code, (~(unsigned)x->first & 15) << 3 | (x->bits == 256) << 2 | row->prefix);
}

static void put_evex(rg_machine_code *code, const rg_x86 *x, const struct row *row)
{
    int base = x->place ? x->place->base : x->second;
    /* A register as the last source keeps its fifth bit where an index has its fourth. */
    unsigned upper = x->place ? inverted(index_number(x->place), 3, 6) : inverted(base, 4, 6);
    put(code, 0x62);
    put(code, inverted(x->reg, 3, 7) | upper | inverted(base, 3, 5) | inverted(x->reg, 4, 4) |
                  row->map);
    put(code, (unsigned)row->w << 7 | (~(unsigned)x->first & 15) << 3 | 4 | row->prefix);
    put(code, (unsigned)x->zero << 7 | (x->bits == 512 ? 2u : x->bits == 256) << 5 |
                  inverted(x->first, 4, 3) | (unsigned)x->mask);
}

void rg_x86_vector(rg_machine_code *code, const rg_x86 *x)
{
    const struct row *row = &rows[x->op];
    if (code->evex)
        put_evex(code, x, row);
    else
        put_vex(code, x, row);
    put(code, row->opcode);
    if (x->place)
        put_place(code, x->reg, x->place);
    else
        put_register(code, x->reg, x->second);
    if (x->has_immediate)
        put(code, x->immediate);
}

/* ---- General instructions. */
static void put_rex(rg_machine_code *code, bool wide, int reg, int index, int base)
{
    put(code, 0x40u | (unsigned)wide << 3 | (unsigned)(reg >> 3) << 2 |
                  (unsigned)(index >> 3) << 1 | (unsigned)(base >> 3));
}

void rg_x86_load(rg_machine_code *code, int to, int base, int32_t offset)
{
    put_rex(code, true, to, 0, base);
    put(code, 0x8b);
    put_place(code, to, &(rg_x86_place){base, RG_NO_INDEX, 1, offset});
}

void rg_x86_load_narrow(rg_machine_code *code, int to, int base, int32_t offset, int bytes)
{
    put_rex(code, false, to, 0, base);
    put(code, 0x0f);
    put(code, bytes == 1 ? 0xb6 : 0xb7);
    put_place(code, to, &(rg_x86_place){base, RG_NO_INDEX, 1, offset});
}

void rg_x86_lea(rg_machine_code *code, int to, const rg_x86_place *place)
{
    put_rex(code, true, to, index_number(place), place->base);
    put(code, 0x8d);
    put_place(code, to, place);
}

void rg_x86_move(rg_machine_code *code, int to, uint64_t value)
{
    put_rex(code, true, 0, 0, to);
    put(code, 0xb8 | (unsigned)(to & 7));
    put32(code, (uint32_t)value);
    put32(code, (uint32_t)(value >> 32));
}

void rg_x86_move32(rg_machine_code *code, int to, uint32_t value)
{
    put_rex(code, false, 0, 0, to);
    put(code, 0xb8 | (unsigned)(to & 7));
    put32(code, value);
}

/* The instructions with opcode 81 differ in the field `reg`. */
static void put_with(rg_machine_code *code, int which, int to, int32_t value)
{
    put_rex(code, true, 0, 0, to);
    put(code, 0x81);
    put_register(code, which, to);
    put32(code, (uint32_t)value);
}

void rg_x86_add(rg_machine_code *code, int to, int32_t value)
{
    put_with(code, 0, to, value);
}

void rg_x86_compare_with(rg_machine_code *code, int a, int32_t value)
{
    put_with(code, 7, a, value);
}

void rg_x86_divide(rg_machine_code *code, int by)
{
    put_rex(code, true, 0, 0, by);
    put(code, 0xf7);
    put_register(code, 6, by);
}

static void put_pair(rg_machine_code *code, unsigned opcode, int a, int b)
{
    put_rex(code, true, b, 0, a);
    put(code, opcode);
    put_register(code, b, a);
}

void rg_x86_subtract(rg_machine_code *code, int to, int from)
{
    put_pair(code, 0x29, to, from);
}

void rg_x86_compare(rg_machine_code *code, int a, int b)
{
    put_pair(code, 0x39, a, b);
}

void rg_x86_copy(rg_machine_code *code, int to, int from)
{
    put_pair(code, 0x89, to, from);
}

void rg_x86_push(rg_machine_code *code, int from)
{
    put_rex(code, false, 0, 0, from);
    put(code, 0x50 | (unsigned)(from & 7));
}

void rg_x86_pop(rg_machine_code *code, int to)
{
    put_rex(code, false, 0, 0, to);
    put(code, 0x58 | (unsigned)(to & 7));
}

void rg_x86_bytes(rg_machine_code *code, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put(code, ((const uint8_t *)bytes)[i]);
}

/* ---- Jumps: 32 bits, counted from the end of the instruction. */
size_t rg_x86_jump(rg_machine_code *code, rg_x86_when when)
{
    put(code, 0x0f);
    put(code, (unsigned)when);
    put32(code, 0);
    return code->byte.len;
}

void rg_x86_land(rg_machine_code *code, size_t jump, size_t target)
{
    uint32_t distance = (uint32_t)(target - jump);
    for (size_t i = 0; i < 4; i++)
        code->byte.at[jump - 4 + i] = (uint8_t)(distance >> (8 * i));
}
