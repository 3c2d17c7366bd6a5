/* number.c - decimal text to the nearest double.
 *
 * Most numbers in data files have at most 15 digits and a small exponent.  Then mantissa and
 * power of ten are exact doubles and one division or product rounds once: the result is the
 * nearest double (Clinger 1990, "How to read floating point numbers accurately").  The rest,
 * one in a thousand, goes to the C library. */
#include "data/number.h"

#include "rigor/base.h"

#include <math.h>
#include <strings.h>

static const double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                       1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                       1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
#define EXACT_MANTISSA ((uint64_t)1 << 53)
#define MANTISSA_ROOM ((uint64_t)1000000000000000000) /* one more digit fits below 2^64 */

typedef struct decimal {
    uint64_t mantissa;
    int exponent; /* of ten */
    bool cut;     /* digits were left out: the mantissa is not exact */
} decimal;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Adds digits to the mantissa; returns where they end. */
static const char *digits_read(const char *p, int step, decimal *number)
{
    for (; is_digit(*p); p++) {
        if (number->mantissa >= MANTISSA_ROOM) {
            number->cut = true;
            continue;
        }
        number->mantissa = number->mantissa * 10 + (uint64_t)(*p - '0');
        number->exponent += step;
    }
    return p;
}

/* NULL when there is an e without digits. */
static const char *exponent_read(const char *p, decimal *number)
{
    if (*p != 'e' && *p != 'E')
        return p;
    p++;
    int sign = *p == '-' ? -1 : 1;
    if (*p == '-' || *p == '+')
        p++;
    if (!is_digit(*p))
        return NULL;
    int value = 0;
    for (; is_digit(*p); p++)
        value = value < 100000 ? value * 10 + (*p - '0') : value;
    number->exponent += sign * value;
    return p;
}

static bool infinity_read(const char *p, bool negative, double *ret)
{
    if (strcasecmp(p, "inf") != 0 && strcasecmp(p, "infinity") != 0)
        return false;
    *ret = negative ? -INFINITY : INFINITY;
    return true;
}

bool rg_number_parse(const char *text, double *ret)
{
    decimal number = {0};
    const char *p = text;
    bool negative = *p == '-';
    if (*p == '-' || *p == '+')
        p++;
    const char *start = p;
    p = digits_read(p, 0, &number);
    size_t digits = (size_t)(p - start);
    if (*p == '.') {
        start = p + 1;
        p = digits_read(start, -1, &number);
        digits += (size_t)(p - start);
    }
    if (digits == 0)
        return infinity_read(start, negative, ret);
    p = exponent_read(p, &number);
    if (!p || *p)
        return false;
    int e = number.exponent;
    if (number.cut || number.mantissa > EXACT_MANTISSA || e < -22 || e > 22)
        return rg_text_double(*text == '+' ? text + 1 : text, ret);
    double value = (double)number.mantissa;
    value = e < 0 ? value / powers_of_ten[-e] : value * powers_of_ten[e];
    *ret = negative ? -value : value;
    return true;
}
