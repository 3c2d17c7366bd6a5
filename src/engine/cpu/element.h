/* element.h - the arithmetic of element-wise operations on single values.
 *
 * The reference interpreter calls these functions, and the loops of every instruction set
 * inline and vectorise them; since no product and sum are fused (-ffp-contract=off) and nothing
 * branches, all give the same bits.  The f32 functions are polynomials of our own, fitted in 40
 * digits with Chebyshev nodes; tests hold each to 2 units in the last place.  f64 calls the C
 * library. */
#ifndef RIGOR_ENGINE_CPU_ELEMENT_H
#define RIGOR_ENGINE_CPU_ELEMENT_H

#include "engine/ir/bfloat.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define ELEMENT_INLINE static inline __attribute__((always_inline, unused))

ELEMENT_INLINE uint32_t element_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

ELEMENT_INLINE float element_float(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

/* Adding this leaves x, rounded to a whole number, in the lowest bits of the sum. */
#define ROUNDER 12582912.0f

/* e^x = 2^n e^r with n = round(x / ln 2), |r| <= ln(2) / 2: e^r, and the bits of n. */
ELEMENT_INLINE float element_exp_part_f32(float x, int32_t *ret_n)
{
    float shifted = x * 1.44269504f + ROUNDER;
    float n = shifted - ROUNDER;
    float r = x - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    float p = 1.98910799e-4f;
    p = p * r + 1.39337312e-3f;
    p = p * r + 8.33331048e-3f;
    p = p * r + 4.1666463e-2f;
    p = p * r + 1.66666672e-1f;
    p = p * r + 0.5f;
    *ret_n = (int32_t)(element_bits(shifted) - element_bits(ROUNDER));
    return p * (r * r) + r + 1.0f;
}

/* 2^n in two factors, so that results below 2^-126 and the step to infinity come out right. */
ELEMENT_INLINE float element_exp_f32(float x)
{
    float clamped = x > 89.0f ? 89.0f : x;
    clamped = clamped < -104.0f ? -104.0f : clamped;
    int32_t whole;
    float p = element_exp_part_f32(clamped, &whole);
    int32_t half = whole >> 1;
    float scale_a = element_float((uint32_t)(half + 127) << 23);
    float scale_b = element_float((uint32_t)(whole - half + 127) << 23);
    return p * scale_a * scale_b;
}

/* The same bits for |x| < 87, where nothing of that can happen. */
ELEMENT_INLINE float element_exp_near_f32(float x)
{
    int32_t whole;
    float p = element_exp_part_f32(x, &whole);
    return p * element_float((uint32_t)(whole + 127) << 23);
}

/* log x = e ln 2 + log m, m in [sqrt(1/2), sqrt 2). */
ELEMENT_INLINE float element_log_f32(float x)
{
    float tiny = x < 1.17549435e-38f ? 1.0f : 0.0f;
    float scaled = tiny != 0.0f ? x * 8388608.0f : x;
    uint32_t bits = element_bits(scaled);
    int32_t e = (int32_t)(bits - 0x3f3504f3u) >> 23;
    float f = element_float(bits - ((uint32_t)e << 23)) - 1.0f;
    float n = (float)e - tiny * 23.0f;
    float p = -6.20150007e-2f;
    p = p * f + 1.05308644e-1f;
    p = p * f - 1.0646192e-1f;
    p = p * f + 1.10377833e-1f;
    p = p * f - 1.24507435e-1f;
    p = p * f + 1.42865241e-1f;
    p = p * f - 1.66680008e-1f;
    p = p * f + 2.00000107e-1f;
    p = p * f - 2.49999896e-1f;
    p = p * f + 3.33333343e-1f;
    float square = f * f;
    float tail = p * (square * f) + n * -2.12194440e-4f;
    float y = (f + (tail - 0.5f * square)) + n * 0.693359375f;
    y = x == INFINITY ? x : y;
    y = x == 0.0f ? -INFINITY : y;
    y = x < 0.0f ? NAN : y;
    return x != x ? x : y;
}

/* An odd polynomial near 0, 1 - 2 / (e^2|x| + 1) elsewhere; 1 long before 16. */
ELEMENT_INLINE float element_tanh_f32(float x)
{
    float a = fabsf(x), s = x * x;
    float p = 2.2695018e-3f;
    p = p * s - 8.32318701e-3f;
    p = p * s + 2.17625033e-2f;
    p = p * s - 5.39584607e-2f;
    p = p * s + 1.33332998e-1f;
    p = p * s - 3.33333343e-1f;
    float near = p * s * x + x;
    float t = a > 16.0f ? 16.0f : a;
    float far = 1.0f - 2.0f / (element_exp_near_f32(2.0f * t) + 1.0f);
    return copysignf(a < 0.625f ? near : far, x);
}

/* x P(x^2) up to 1, 1 - e^-Q(|x|) elsewhere; 1 from 4 on. */
ELEMENT_INLINE float element_erf_f32(float x)
{
    float a = fabsf(x), s = x * x;
    float p = -9.66704465e-6f;
    p = p * s + 1.12659589e-4f;
    p = p * s - 8.48408032e-4f;
    p = p * s + 5.22103161e-3f;
    p = p * s - 2.68654302e-2f;
    p = p * s + 1.12837821e-1f;
    p = p * s - 3.76126379e-1f;
    float near = p * s * x + x * 1.28379166e-1f + x;
    float t = a > 4.0f ? 4.0f : a;
    float q = -1.6371514e-6f;
    q = q * t + 4.60580413e-5f;
    q = q * t - 5.9680565e-4f;
    q = q * t + 4.7595962e-3f;
    q = q * t - 2.64211353e-2f;
    q = q * t + 1.10080086e-1f;
    q = q * t + 6.31826043e-1f;
    q = q * t + 1.13023341f;
    q = q * t - 3.20138060e-4f;
    float far = 1.0f - element_exp_near_f32(-q);
    return copysignf(a < 1.0f ? near : far, x);
}

/* Sine and cosine: the angle less a multiple of pi/2 in double, then Taylor series to r^13.
 * Beyond 2^18 the C library reduces the angle. */
#define ANGLE_MAX 262144.0f
ELEMENT_INLINE float element_turn_f32(float x, int32_t quarter)
{
    double rounder = 6755399441055744.0; /* 1.5 * 2^52 */
    double shifted = (double)x * 0.63661977236758134308 + rounder;
    double n = shifted - rounder;
    double r = (double)x - n * 1.57079632673412561417;
    r = r - n * 6.07710050650619224932e-11;
    double s = r * r;
    double sine = 1.0 / 6227020800.0;
    sine = sine * s - 1.0 / 39916800.0;
    sine = sine * s + 1.0 / 362880.0;
    sine = sine * s - 1.0 / 5040.0;
    sine = sine * s + 1.0 / 120.0;
    sine = sine * s - 1.0 / 6.0;
    sine = sine * s * r + r;
    double cosine = 1.0 / 479001600.0;
    cosine = cosine * s - 1.0 / 3628800.0;
    cosine = cosine * s + 1.0 / 40320.0;
    cosine = cosine * s - 1.0 / 720.0;
    cosine = cosine * s + 1.0 / 24.0;
    cosine = cosine * s - 0.5;
    cosine = cosine * s + 1.0;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof(bits));
    uint32_t turn = (uint32_t)bits + (uint32_t)quarter;
    double y = turn & 1 ? cosine : sine;
    return (float)(turn & 2 ? -y : y);
}

ELEMENT_INLINE float element_sin_f32(float x)
{
    return fabsf(x) <= ANGLE_MAX ? element_turn_f32(x, 0) : (float)sin((double)x);
}

ELEMENT_INLINE float element_cos_f32(float x)
{
    return fabsf(x) <= ANGLE_MAX ? element_turn_f32(x, 1) : (float)cos((double)x);
}

ELEMENT_INLINE float element_pow_f32(float x, float y)
{
    return (float)pow((double)x, (double)y);
}

/* ---- Integers: no undefined cases. */
ELEMENT_INLINE int32_t element_div_i32(int32_t x, int32_t y)
{
    if (y == 0)
        return -1;
    return y == -1 ? (int32_t)(0u - (uint32_t)x) : x / y;
}

ELEMENT_INLINE uint32_t element_div_u32(uint32_t x, uint32_t y)
{
    return y == 0 ? UINT32_MAX : x / y;
}

ELEMENT_INLINE int32_t element_to_i32(double x)
{
    if (!(x > -2147483648.0))
        return x != x ? 0 : INT32_MIN;
    return x >= 2147483647.0 ? INT32_MAX : (int32_t)x;
}

ELEMENT_INLINE uint32_t element_to_u32(double x)
{
    if (!(x > 0.0))
        return 0;
    return x >= 4294967295.0 ? UINT32_MAX : (uint32_t)x;
}

/* ---- Threefry-2x32-20, as rg_threefry in base, inlined for the loops. */
ELEMENT_INLINE void element_threefry(uint32_t k0, uint32_t k1, uint32_t c0, uint32_t c1,
                                     uint32_t *ret0, uint32_t *ret1)
{
    uint32_t k2 = 0x1bd11bdau ^ k0 ^ k1, x0 = c0 + k0, x1 = c1 + k1;
#define ROUND(bits) \
    do { \
        x0 += x1; \
        x1 = (x1 << (bits) | x1 >> (32 - (bits))) ^ x0; \
    } while (0)
#define FOUR(a, b, c, d, ka, kb, count) \
    do { \
        ROUND(a); \
        ROUND(b); \
        ROUND(c); \
        ROUND(d); \
        x0 += (ka); \
        x1 += (kb) + (count); \
    } while (0)
    FOUR(13, 15, 26, 6, k1, k2, 1u);
    FOUR(17, 29, 16, 24, k2, k0, 2u);
    FOUR(13, 15, 26, 6, k0, k1, 3u);
    FOUR(17, 29, 16, 24, k1, k2, 4u);
    FOUR(13, 15, 26, 6, k2, k0, 5u);
#undef FOUR
#undef ROUND
    *ret0 = x0;
    *ret1 = x1;
}

#endif
