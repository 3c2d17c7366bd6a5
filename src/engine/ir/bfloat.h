/* bfloat.h - bfloat16: the sign, the 8 bits of the exponent and the first 7 of the fraction of
 * a float. */
#ifndef RIGOR_ENGINE_IR_BFLOAT_H
#define RIGOR_ENGINE_IR_BFLOAT_H

#include <stdint.h>
#include <string.h>

#define RG_BF16_INLINE static inline __attribute__((always_inline, unused))

/* The nearest, of two as near the even one; NaN stays NaN (quiet), numbers below 2^-126 are
 * kept.  No branches, so that loops of it vectorise. */
RG_BF16_INLINE uint16_t rg_bf16_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    uint32_t nearest = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
    return (uint16_t)(x != x ? bits >> 16 | 0x40u : nearest);
}

RG_BF16_INLINE float rg_bf16_float(uint16_t half)
{
    uint32_t bits = (uint32_t)half << 16;
    float x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

RG_BF16_INLINE void rg_bf16_widen(const uint16_t *x, int64_t n, float *to)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = rg_bf16_float(x[i]);
}

#endif
