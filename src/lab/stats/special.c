/* special.c - incomplete gamma and beta functions.
 *
 * Both are a density times a series or continued fraction of order one.  The density decides
 * the accuracy: written with ln Gamma it would lose digits for large parameters, so it is
 * written as in C. Loader, "Fast and accurate computation of binomial probabilities" (2000):
 * Stirling's formula, its error, and deviances x ln(x/m) + m - x, all of which are small where
 * it matters. */
#include "lab/stats/special.h"

#include "rigor/special.h"

#include <math.h>

#define TWO_PI 6.283185307179586476925
#define TINY 1e-300
#define EPSILON 1e-16
enum { MAX_TERMS = 100000 };

double rg_log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

/* The asymptotic series for x >= 15; below, upwards by the recurrence, whose terms are small.
 */
double rg_stirling_error(double x)
{
    static const double coefficient[] = {1. / 12,    -1. / 360, 1. / 1260,
                                         -1. / 1680, 1. / 1188, -691. / 360360};
    double below = 0;
    for (; x < 15; x += 1)
        below += (x + .5) * log1p(1 / x) - 1;
    double sum = 0, square = x * x;
    for (int i = RG_COUNT(coefficient) - 1; i >= 0; i--)
        sum = sum / square + coefficient[i];
    return below + sum / x;
}

/* x ln(x / m) + m - x >= 0; a series in (x - m) / (x + m) where the terms would cancel. */
static double deviance(double x, double m)
{
    double distance = x - m;
    if (fabs(distance) >= .1 * (x + m))
        return x * log(x / m) - distance;
    double v = distance / (x + m), power = 2 * x * v, sum = distance * v;
    for (int j = 1; j < 100; j++) {
        power *= v * v;
        double next = sum + power / (2 * j + 1);
        if (next == sum)
            break;
        sum = next;
    }
    return sum;
}

/* x^a e^-x / Gamma(a) */
static double gamma_term(double a, double x)
{
    return sqrt(a / TWO_PI) * exp(-rg_stirling_error(a) - deviance(a, x));
}

/* x^a y^b / B(a, b) */
static double beta_term(double x, double y, double a, double b)
{
    double n = a + b;
    double stirling = rg_stirling_error(n) - rg_stirling_error(a) - rg_stirling_error(b);
    return sqrt(a / TWO_PI * (b / n)) * exp(stirling - deviance(a, n * x) - deviance(b, n * y));
}

/* sum of x^k / ((a + 1) ... (a + k)): DLMF 8.7.1 */
static double gamma_series(double a, double x)
{
    double term = 1, sum = 1;
    for (int k = 1; k < MAX_TERMS && term > EPSILON * sum; k++) {
        term *= x / (a + k);
        sum += term;
    }
    return sum;
}

static double away_from_zero(double x)
{
    return fabs(x) < TINY ? TINY : x;
}

/* The fraction of DLMF 8.9.2 in its even part, by the modified Lentz method. */
static double gamma_fraction(double a, double x)
{
    double b = x + 1 - a, c = 1 / TINY, d = 1 / away_from_zero(b), result = d;
    for (int k = 1; k < MAX_TERMS; k++) {
        double numerator = -k * (k - a);
        b += 2;
        d = 1 / away_from_zero(b + numerator * d);
        c = away_from_zero(b + numerator / c);
        result *= c * d;
        if (fabs(c * d - 1) <= EPSILON)
            break;
    }
    return result;
}

/* DLMF 8.17.22 by the modified Lentz method; quick for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double x, double a, double b)
{
    double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), result = d;
    for (int m = 1; m < MAX_TERMS; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / away_from_zero(1 + even * d);
        c = away_from_zero(1 + even / c);
        result *= c * d;
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / away_from_zero(1 + odd * d);
        c = away_from_zero(1 + odd / c);
        result *= c * d;
        if (fabs(c * d - 1) <= EPSILON)
            break;
    }
    return result;
}

rg_tails rg_gamma_tails(double a, double x)
{
    if (isnan(x) || !(a > 0) || isinf(a) || x < 0)
        return (rg_tails){NAN, NAN, NAN};
    if (x == 0)
        return (rg_tails){0, 1, 0};
    if (isinf(x))
        return (rg_tails){1, 0, 0};
    double term = gamma_term(a, x);
    if (x < a + 1) {
        double lower = fmin(1, term / a * gamma_series(a, x));
        return (rg_tails){lower, 1 - lower, term};
    }
    double upper = fmin(1, term * gamma_fraction(a, x));
    return (rg_tails){1 - upper, upper, term};
}

rg_tails rg_beta_tails(double x, double y, double a, double b)
{
    if (isnan(x) || isnan(y) || !(a > 0) || !(b > 0) || isinf(a) || isinf(b) || x < 0 || y < 0)
        return (rg_tails){NAN, NAN, NAN};
    if (x == 0)
        return (rg_tails){0, 1, 0};
    if (y == 0)
        return (rg_tails){1, 0, 0};
    double term = beta_term(x, y, a, b);
    if (x < (a + 1) / (a + b + 2)) {
        double lower = fmin(1, term / a * beta_fraction(x, a, b));
        return (rg_tails){lower, 1 - lower, term};
    }
    double upper = fmin(1, term / b * beta_fraction(y, b, a));
    return (rg_tails){1 - upper, upper, term};
}

double rg_gamma_lower(double a, double x)
{
    return rg_gamma_tails(a, x).lower;
}

double rg_gamma_upper(double a, double x)
{
    return rg_gamma_tails(a, x).upper;
}

double rg_beta_lower(double x, double a, double b)
{
    return rg_beta_tails(x, 1 - x, a, b).lower;
}

double rg_beta_upper(double x, double a, double b)
{
    return rg_beta_tails(x, 1 - x, a, b).upper;
}
