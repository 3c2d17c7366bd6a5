/* real.c - the shortest of three texts of a double that reads back to the same bits.
 *
 * For usual sizes by integers alone, which is ten times as fast as printing and reading each.
 * The value is m 2^-e with m < 2^53.  Times 10^k that is N 2^-s with N = m 5^k and s = e - k:
 * so the number d of so many digits that is nearest to value 10^k is N shifted right by s and
 * rounded.  It reads back as the value when it is nearer to it than the half-way points to the
 * value's neighbours, which lie at N +- 5^k / 2 (no tie is possible: 5^k is odd; below a power
 * of two the neighbour is nearer, and such values are left to the C library). */
#include "base/real.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

#define LONGEST 32 /* bytes that any takes, its NUL among them */

/* Sizes that all three write without an exponent, and for which N < 2^100 and s > 0. */
#define LEAST 1e-4
#define LIMIT 1e15

static void by_trial(char out[LONGEST], double value)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, LONGEST, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            return;
    }
}

/* The decimals that make so many digits; of the doubles nearest to 0.1 ... 0.0001 none is below
 * it. */
static int decimals_of(double size, int digits)
{
    int k = digits - 1;
    for (double at = 10; at <= size; at *= 10)
        k--;
    static const double small[] = {1, 1e-1, 1e-2, 1e-3};
    for (size_t i = 0; i < RG_COUNT(small) && size < small[i]; i++)
        k++;
    return k;
}

/* d of value 10^k = (m 5^k) 2^-s, half to even; whether d 10^-k reads back as the value. */
static bool nearest(uint64_t m, int e, int k, uint64_t *ret)
{
    uint64_t five = 1;
    for (int i = 0; i < k; i++)
        five *= 5;
    wide n = (wide)m * five, half = (wide)1 << (e - k - 1);
    wide d = n >> (e - k), rest = n - (d << (e - k));
    bool up = rest > half || (rest == half && d % 2 == 1);
    wide gap = up ? 2 * half - rest : rest;
    *ret = (uint64_t)d + up;
    return 2 * gap < five;
}

/* d 10^-k without the zeros behind. */
static void write_decimal(char out[LONGEST], bool minus, uint64_t d, int k)
{
    char digit[LONGEST], *end = digit + sizeof(digit), *at = end;
    for (; k > 0 && d % 10 == 0; k--)
        d /= 10;
    for (int left = k; left >= 0 || d > 0; left--) {
        if (left == 0 && k > 0)
            *--at = '.';
        *--at = (char)('0' + d % 10);
        d /= 10;
    }
    if (minus)
        *--at = '-';
    memcpy(out, at, (size_t)(end - at));
    out[end - at] = '\0';
}

static void shortest(char out[LONGEST], double value)
{
    int exponent;
    double size = fabs(value), fraction = frexp(size, &exponent);
    if (!(size >= LEAST && size < LIMIT) || fraction == 0.5) {
        by_trial(out, value);
        return;
    }
    uint64_t d;
    int k = decimals_of(size, 15);
    while (!nearest((uint64_t)(fraction * 0x1p53), 53 - exponent, k, &d))
        k++; /* 17 digits always do */
    write_decimal(out, value < 0, d, k);
}

void rg_real_add(rg_str *out, double value)
{
    char text[LONGEST] = "null";
    if (isfinite(value))
        shortest(text, value);
    rg_str_add(out, text);
    if (!strpbrk(text, ".en"))
        rg_str_add(out, ".0"); /* a real stays a real */
}
