/* emit_ops.c - each operation as a few vector instructions, by a table.
 *
 * Registers 0 to 2 are free for intermediate results.  A result may share its register with
 * an operand, so the last instruction of a sequence writes it and no earlier one.
 * Comparisons give a mask register under EVEX and a vector of ones and zeros under VEX;
 * `compared` makes either a bool. */
#include "engine/cpu/emit.h"

enum { T0, T1, T2 }; /* free vector registers */
#define MASK 2       /* free mask register */

enum {
    LESS_THAN = 0x11,
    EQUAL = 0,
    NOT_EQUAL = 4,
    UNORDERED = 3,
    ORDERED = 7,
    AT_LEAST = 0x1d
};
enum { SHIFT_RIGHT = 2, SHIFT_LEFT = 6 };

typedef struct rule rule;
typedef void (*sequence)(const rg_lanes *l, const rule *r, int d, const int *in);
struct rule {
    sequence emit;
    rg_x86_op op;     /* the instruction that does the work, for sequences that take one */
    bool wide;        /* it works on 8-byte elements */
    bool evex;        /* there is none for VEX */
    int immediate;    /* for those that take one */
    rg_x86_op second; /* for those that need another */
};

rg_lanes rg_lanes_of(rg_machine_code *code, bool has_wide)
{
    int lanes = (code->evex ? 16 : 8) / (has_wide ? 2 : 1);
    return (rg_lanes){code, lanes, 32 * lanes, 64 * lanes};
}

/* ---- Shorter ways to write an instruction. */
static void plain(const rg_lanes *l, int bits, rg_x86_op op, int d, int a, int b)
{
    rg_x86_vector(l->code,
                  &(rg_x86){.op = op, .bits = bits, .reg = d, .first = a, .second = b});
}

static void with_immediate(const rg_lanes *l, int bits, rg_x86_op op, int d, int a, int b,
                           int immediate)
{
    rg_x86_vector(l->code, &(rg_x86){.op = op,
                                     .bits = bits,
                                     .reg = d,
                                     .first = a,
                                     .second = b,
                                     .has_immediate = true,
                                     .immediate = (uint8_t)immediate});
}

static void masked(const rg_lanes *l, int bits, rg_x86_op op, int d, int a, int b, bool zero)
{
    rg_x86_vector(l->code, &(rg_x86){.op = op,
                                     .bits = bits,
                                     .reg = d,
                                     .first = a,
                                     .second = b,
                                     .mask = MASK,
                                     .zero = zero});
}

static int bits_of(const rg_lanes *l, const rule *r)
{
    return r->wide ? l->wide : l->narrow;
}

/* Where a comparison puts its result. */
static int verdict(const rg_lanes *l)
{
    return l->code->evex ? MASK : T0;
}

static void all_ones(const rg_lanes *l, int bits, int d)
{
    if (l->code->evex)
        with_immediate(l, bits, RG_X86_pternlogd, d, d, d, 0xff);
    else
        plain(l, bits, RG_X86_pcmpeqd, d, d, d);
}

static void all_zeros(const rg_lanes *l, int bits, int d)
{
    plain(l, bits, RG_X86_pxor, d, d, d);
}

static void shift(const rg_lanes *l, int bits, rg_x86_op op, int way, int d, int x, int by)
{
    with_immediate(l, bits, op, way, d, x, by);
}

/* Only the highest bit of every element. */
static void sign_bits(const rg_lanes *l, bool wide, int d)
{
    int bits = wide ? l->wide : l->narrow;
    all_ones(l, bits, d);
    shift(l, bits, wide ? RG_X86_pshiftq : RG_X86_pshiftd, SHIFT_LEFT, d, d, wide ? 63 : 31);
}

/* d <- the verdict as a bool.  VEX's, of 8-byte elements, is halved: the lower halves of
 * each. */
static void compared(const rg_lanes *l, bool wide, int d)
{
    if (l->code->evex) {
        plain(l, l->narrow, RG_X86_pmovm2d, T0, 0, MASK);
    } else if (wide) {
        with_immediate(l, 256, RG_X86_extract128, T1, 0, T0, 1); /* reg is the source here */
        with_immediate(l, 128, RG_X86_shufps, T0, T1, T0, 0x88);
    }
    shift(l, l->narrow, RG_X86_pshiftd, SHIFT_RIGHT, d, T0, 31);
}

/* ---- One instruction. */
static void unary(const rg_lanes *l, const rule *r, int d, const int *in)
{
    plain(l, bits_of(l, r), r->op, d, 0, in[0]);
}

static void unary_immediate(const rg_lanes *l, const rule *r, int d, const int *in)
{
    with_immediate(l, bits_of(l, r), r->op, d, 0, in[0], r->immediate);
}

static void binary(const rg_lanes *l, const rule *r, int d, const int *in)
{
    plain(l, bits_of(l, r), r->op, d, in[0], in[1]);
}

/* ---- Signs and extremes. */
static void flip_sign(const rg_lanes *l, const rule *r, int d, const int *in)
{
    sign_bits(l, r->wide, T0);
    plain(l, bits_of(l, r), RG_X86_pxor, d, in[0], T0);
}

static void negate(const rg_lanes *l, const rule *r, int d, const int *in)
{
    (void)r;
    all_zeros(l, l->narrow, T0);
    plain(l, l->narrow, RG_X86_psubd, d, T0, in[0]);
}

/* The instruction gives y when either is NaN; x is wanted when x is. */
static void maximum(const rg_lanes *l, const rule *r, int d, const int *in)
{
    int bits = bits_of(l, r);
    plain(l, bits, r->op, T0, in[0], in[1]);
    rg_x86_op compare = r->wide ? RG_X86_cmppd : RG_X86_cmpps;
    if (l->code->evex) {
        with_immediate(l, bits, compare, MASK, in[0], in[0], UNORDERED);
        masked(l, bits, r->second, d, T0, in[0], false);
    } else {
        with_immediate(l, bits, compare, T1, in[0], in[0], UNORDERED);
        with_immediate(l, bits, r->wide ? RG_X86_blendvpd : RG_X86_blendvps, d, T0, in[0],
                       T1 << 4);
    }
}

/* ---- Comparing. */
static void compare_floats(const rg_lanes *l, const rule *r, int d, const int *in)
{
    /* `compared` takes wide verdicts of VEX from T1. */
    int to = l->code->evex ? MASK : r->wide ? T1 : T0;
    with_immediate(l, bits_of(l, r), r->op, to, in[0], in[1], r->immediate);
    compared(l, r->wide, d);
}

static void equal_integers(const rg_lanes *l, const rule *r, int d, const int *in)
{
    (void)r;
    plain(l, l->narrow, RG_X86_pcmpeqd, verdict(l), in[0], in[1]);
    compared(l, false, d);
}

static void less_signed(const rg_lanes *l, const rule *r, int d, const int *in)
{
    (void)r;
    plain(l, l->narrow, RG_X86_pcmpgtd, verdict(l), in[1], in[0]);
    compared(l, false, d);
}

/* VEX: x < y of numbers whose highest bits are flipped, as signed numbers. */
static void less_unsigned(const rg_lanes *l, const rule *r, int d, const int *in)
{
    (void)r;
    if (l->code->evex) {
        with_immediate(l, l->narrow, RG_X86_pcmpud, MASK, in[0], in[1], 1);
    } else {
        sign_bits(l, false, T0);
        plain(l, l->narrow, RG_X86_pxor, T1, in[0], T0);
        plain(l, l->narrow, RG_X86_pxor, T0, in[1], T0);
        plain(l, l->narrow, RG_X86_pcmpgtd, T0, T0, T1);
    }
    compared(l, false, d);
}

static void differs_from_zero(const rg_lanes *l, const rule *r, int d, const int *in)
{
    all_zeros(l, bits_of(l, r), T2);
    compare_floats(l, r, d, (const int[]){in[0], T2});
}

/* VEX: 1 less the verdict that x is 0. */
static void any_bit(const rg_lanes *l, const rule *r, int d, const int *in)
{
    (void)r;
    if (l->code->evex) {
        plain(l, l->narrow, RG_X86_ptestmd, MASK, in[0], in[0]);
    } else {
        all_zeros(l, l->narrow, T0);
        plain(l, l->narrow, RG_X86_pcmpeqd, T0, in[0], T0);
        all_ones(l, l->narrow, T1);
        plain(l, l->narrow, RG_X86_pandn, T0, T0, T1);
    }
    compared(l, false, d);
}

/* in: condition, yes, no.  VEX takes from its second source where the mask is set. */
static void choose(const rg_lanes *l, const rule *r, int d, const int *in)
{
    int bits = bits_of(l, r);
    if (l->code->evex) {
        plain(l, l->narrow, RG_X86_ptestmd, MASK, in[0], in[0]);
        masked(l, bits, r->op, d, in[2], in[1], false);
        return;
    }
    all_zeros(l, l->narrow, T0);
    plain(l, l->narrow, RG_X86_pcmpeqd, T0, in[0], T0);
    if (r->wide)
        plain(l, l->wide, RG_X86_pmovsxdq, T0, 0, T0);
    with_immediate(l, bits, r->second, d, in[1], in[2], T0 << 4);
}

/* ---- Casts.  Where one instruction does it, the rule is `unary`. */
static void copy(const rg_lanes *l, const rule *r, int d, const int *in)
{
    plain(l, bits_of(l, r), RG_X86_movdqa, d, 0, in[0]);
}

/* d <- these bits everywhere. */
static void spread_bits(const rg_lanes *l, int bits, uint32_t value, int d)
{
    rg_x86_move32(l->code, RG_RAX, value);
    plain(l, 128, RG_X86_movd, d, 0, RG_RAX);
    plain(l, bits, RG_X86_pbroadcastd, d, 0, d);
}

/* d <- 2^31 as a float in every lane. */
static void two_to_31(const rg_lanes *l, bool wide, int d)
{
    spread_bits(l, wide ? l->wide : l->narrow, wide ? 0x41e00000u : 0x4f000000u, d);
    if (wide) /* the upper half of an 8-byte element */
        shift(l, l->wide, RG_X86_pshiftq, SHIFT_LEFT, d, d, 32);
}

/* The instruction gives 2^31, as bits, for NaN and for all that is too large: its complement,
 * the largest number, where x >= 2^31; 0 where x is NaN. */
static void to_signed(const rg_lanes *l, const rule *r, int d, const int *in)
{
    int bits = bits_of(l, r);
    rg_x86_op compare = r->wide ? RG_X86_cmppd : RG_X86_cmpps;
    plain(l, bits, r->op, T0, 0, in[0]);
    two_to_31(l, r->wide, T1);
    with_immediate(l, bits, compare, l->code->evex ? MASK : T1, in[0], T1, AT_LEAST);
    if (l->code->evex)
        plain(l, l->narrow, RG_X86_pmovm2d, T1, 0, MASK);
    plain(l, l->narrow, RG_X86_pxor, T0, T0, T1);
    with_immediate(l, bits, compare, l->code->evex ? MASK : T1, in[0], in[0], ORDERED);
    if (l->code->evex)
        masked(l, l->narrow, RG_X86_movdqa, d, 0, T0, true);
    else
        plain(l, l->narrow, RG_X86_pand, d, T0, T1);
}

/* The instruction gives all ones for what is too large; 0 where x > 0 does not hold. */
static void to_unsigned(const rg_lanes *l, const rule *r, int d, const int *in)
{
    int bits = bits_of(l, r);
    all_zeros(l, bits, T0);
    with_immediate(l, bits, r->wide ? RG_X86_cmppd : RG_X86_cmpps, MASK, T0, in[0], LESS_THAN);
    masked(l, bits, r->op, d, 0, in[0], true);
}

/* bf16 is the upper half of an f32 (ir/bfloat.h). */
static void from_bf16(const rg_lanes *l, const rule *r, int d, const int *in)
{
    (void)r;
    shift(l, l->narrow, RG_X86_pshiftd, SHIFT_LEFT, d, in[0], 16);
}

/* The upper half of x + 0x7fff + its own lowest bit; where x is NaN, that of x, made quiet. */
static void to_bf16(const rg_lanes *l, const rule *r, int d, const int *in)
{
    int bits = l->narrow;
    shift(l, bits, RG_X86_pshiftd, SHIFT_LEFT, T0, in[0], 15);
    shift(l, bits, RG_X86_pshiftd, SHIFT_RIGHT, T0, T0, 31);
    plain(l, bits, RG_X86_paddd, T0, T0, in[0]);
    spread_bits(l, bits, 0x7fff, T1);
    plain(l, bits, RG_X86_paddd, T0, T0, T1);
    spread_bits(l, bits, 0x400000, T1);
    plain(l, bits, RG_X86_por, T1, T1, in[0]);
    with_immediate(l, bits, r->op, MASK, in[0], in[0], UNORDERED);
    masked(l, bits, RG_X86_blendmps, T0, T0, T1, false);
    shift(l, bits, RG_X86_pshiftd, SHIFT_RIGHT, d, T0, 16);
}

/* ---- The table.  What is not in it runs as a loop of its own. */
#define RULE(sequence, instruction, ...) \
    { \
        .emit = (sequence), .op = RG_X86_##instruction, __VA_ARGS__ \
    }
#define UNARY(op, ...) RULE(unary, op, __VA_ARGS__)
#define BINARY(op, ...) RULE(binary, op, __VA_ARGS__)
#define WIDE .wide = true
#define EVEX .evex = true
#define INTEGERS(...) [RG_I32] = __VA_ARGS__, [RG_U32] = __VA_ARGS__
#define FLOATS(op) [RG_F32] = BINARY(op##ps), [RG_F64] = BINARY(op##pd, WIDE)
#define COMPARE(how) \
    [RG_F32] = RULE(compare_floats, cmpps, .immediate = (how)), [RG_F64] = RULE( \
                                                                    compare_floats, cmppd, \
                                                                    .immediate = (how), WIDE)
#define CHOOSE RULE(choose, blendmps, .second = RG_X86_blendvps)
#define DOWN 9 /* rounding towards minus infinity, no exception */

static const rule rules[RG_OPS][RG_DTYPES] = {
    [RG_OP_neg] = {[RG_F32] = {.emit = flip_sign},
                   [RG_F64] = {.emit = flip_sign, WIDE},
                   INTEGERS({.emit = negate})},
    [RG_OP_sqrt] = {[RG_F32] = UNARY(sqrtps), [RG_F64] = UNARY(sqrtpd, WIDE)},
    [RG_OP_floor] = {[RG_F32] = RULE(unary_immediate, roundps, .immediate = DOWN),
                     [RG_F64] = RULE(unary_immediate, roundpd, .immediate = DOWN, WIDE)},
    [RG_OP_add] = {FLOATS(add), INTEGERS(BINARY(paddd))},
    [RG_OP_sub] = {FLOATS(sub), INTEGERS(BINARY(psubd))},
    [RG_OP_mul] = {FLOATS(mul), INTEGERS(BINARY(pmulld))},
    [RG_OP_div] = {FLOATS(div)},
    [RG_OP_max] = {[RG_F32] = RULE(maximum, maxps, .second = RG_X86_blendmps),
                   [RG_F64] = RULE(maximum, maxpd, .second = RG_X86_blendmpd, WIDE),
                   [RG_I32] = BINARY(pmaxsd),
                   [RG_U32] = BINARY(pmaxud)},
    [RG_OP_lt] = {COMPARE(LESS_THAN), [RG_I32] = {.emit = less_signed},
                  [RG_U32] = {.emit = less_unsigned}},
    [RG_OP_eq] = {COMPARE(EQUAL),
                  INTEGERS({.emit = equal_integers}), [RG_BOOL] = {.emit = equal_integers}},
    [RG_OP_select] = {[RG_F32] = CHOOSE,
                      [RG_F64] = RULE(choose, blendmpd, .second = RG_X86_blendvpd, WIDE),
                      INTEGERS(CHOOSE),
                      [RG_BOOL] = CHOOSE,
                      [RG_BF16] = RULE(choose, blendmps, EVEX)},
};

#define COPY \
    { \
        .emit = copy \
    }
static const rule casts[RG_DTYPES][RG_DTYPES] = {
    /* from, to */
    [RG_F32] = {[RG_F32] = COPY,
                [RG_F64] = UNARY(cvtps2pd, WIDE),
                [RG_I32] = RULE(to_signed, cvttps2dq),
                [RG_U32] = RULE(to_unsigned, cvttps2udq, EVEX),
                [RG_BOOL] = RULE(differs_from_zero, cmpps, .immediate = NOT_EQUAL),
                [RG_BF16] = RULE(to_bf16, cmpps, EVEX)},
    [RG_F64] = {[RG_F32] = UNARY(cvtpd2ps, WIDE),
                [RG_F64] = {.emit = copy, WIDE},
                [RG_I32] = RULE(to_signed, cvttpd2dq, WIDE, EVEX),
                [RG_U32] = RULE(to_unsigned, cvttpd2udq, WIDE, EVEX),
                [RG_BOOL] = RULE(differs_from_zero, cmppd, .immediate = NOT_EQUAL, WIDE)},
    [RG_I32] = {[RG_F32] = UNARY(cvtdq2ps),
                [RG_F64] = UNARY(cvtdq2pd, WIDE),
                INTEGERS(COPY),
                [RG_BOOL] = {.emit = any_bit}},
    [RG_U32] = {[RG_F32] = UNARY(cvtudq2ps, EVEX),
                [RG_F64] = UNARY(cvtudq2pd, WIDE, EVEX),
                INTEGERS(COPY),
                [RG_BOOL] = {.emit = any_bit}},
    [RG_BOOL] = {[RG_F32] = UNARY(cvtdq2ps),
                 [RG_F64] = UNARY(cvtdq2pd, WIDE),
                 INTEGERS(COPY),
                 [RG_BOOL] = COPY},
    [RG_BF16] = {[RG_F32] = {.emit = from_bf16, EVEX}},
};

static const rule *rule_of(const rg_instruction *i)
{
    return i->op == RG_OP_cast ? &casts[i->from][i->to] : &rules[i->op][i->from];
}

bool rg_emit_knows(const rg_machine_code *code, const rg_instruction *i)
{
    if (i->what != RG_LOOP)
        return false;
    const rule *r = rule_of(i);
    return r->emit && (code->evex || !r->evex);
}

void rg_emit_operation(const rg_lanes *l, const rg_instruction *i, int result, const int *in)
{
    const rule *r = rule_of(i);
    r->emit(l, r, result, in);
}
