/* distribution.c - normal, t, F, chi-square and binomial, in terms of the special functions. */
#include "lab/stats/special.h"

#include "rigor/special.h"

#include <float.h>
#include <math.h>

#define SQRT_2 1.414213562373095048802
#define SQRT_2PI 2.506628274631000502416
#define ROUNDING 1e-14

double rg_normal_cdf(double x)
{
    return .5 * erfc(-x / SQRT_2);
}

double rg_normal_upper(double x)
{
    return .5 * erfc(x / SQRT_2);
}

/* A start with an error below 4.5e-4 (Abramowitz and Stegun 26.2.23), for the upper tail p. */
static double normal_start(double p)
{
    double t = sqrt(-2 * log(p));
    return t - (2.515517 + t * (.802853 + t * .010328)) /
                   (1 + t * (1.432788 + t * (.189269 + t * .001308)));
}

/* Halley's method on p: each step triples the digits.  In the middle the distance from one half
 * is what has to be hit, in the tail the tail. */
static double normal_upper_quantile(double p)
{
    double x = normal_start(p);
    for (int i = 0; i < 4; i++) {
        double density = exp(-.5 * x * x) / SQRT_2PI;
        double miss = p > .25 ? (.5 - p) - .5 * erf(x / SQRT_2) : rg_normal_upper(x) - p;
        double newton = miss / density;
        double step = newton / (1 - .5 * x * newton);
        x += step;
        if (fabs(step) <= DBL_EPSILON * fabs(x))
            break;
    }
    return x;
}

double rg_normal_quantile(double p)
{
    if (!(p >= 0 && p <= 1))
        return NAN;
    if (p == 0 || p == 1)
        return p == 0 ? -INFINITY : INFINITY;
    if (p == .5)
        return 0;
    return p < .5 ? -normal_upper_quantile(p) : normal_upper_quantile(1 - p);
}

double rg_t_two_sided(double t, double df)
{
    if (isnan(t) || !(df > 0))
        return NAN;
    if (isinf(df))
        return erfc(fabs(t) / SQRT_2);
    double odds = t / df * t;
    if (isinf(odds))
        return 0;
    return rg_beta_tails(odds / (1 + odds), 1 / (1 + odds), .5, .5 * df).upper;
}

double rg_t_upper(double t, double df)
{
    double both = rg_t_two_sided(t, df);
    return t > 0 ? .5 * both : 1 - .5 * both;
}

double rg_t_cdf(double t, double df)
{
    return rg_t_upper(-t, df);
}

double rg_t_quantile(double p, double df)
{
    if (!(p >= 0 && p <= 1) || !(df > 0))
        return NAN;
    if (isinf(df))
        return rg_normal_quantile(p);
    double tail = p < .5 ? p : 1 - p;
    double log_odds = rg_beta_log_odds(2 * (.5 - tail), 2 * tail, .5, .5 * df);
    return copysign(sqrt(df) * exp(.5 * log_odds), p - .5);
}

static rg_tails f_tails(double f, double df1, double df2)
{
    if (isinf(f) && df1 > 0 && df2 > 0)
        return f > 0 ? (rg_tails){1, 0, 0} : (rg_tails){0, 1, 0};
    double odds = df1 / df2 * (f < 0 ? 0 : f);
    return rg_beta_tails(odds / (1 + odds), 1 / (1 + odds), .5 * df1, .5 * df2);
}

double rg_f_cdf(double f, double df1, double df2)
{
    return f_tails(f, df1, df2).lower;
}

double rg_f_upper(double f, double df1, double df2)
{
    return f_tails(f, df1, df2).upper;
}

double rg_f_quantile(double p, double df1, double df2)
{
    return df2 / df1 * exp(rg_beta_log_odds(p, 1 - p, .5 * df1, .5 * df2));
}

double rg_chi2_cdf(double x, double df)
{
    return rg_gamma_lower(.5 * df, x < 0 ? 0 : .5 * x);
}

double rg_chi2_upper(double x, double df)
{
    return rg_gamma_upper(.5 * df, x < 0 ? 0 : .5 * x);
}

double rg_chi2_quantile(double p, double df)
{
    return 2 * rg_gamma_lower_inverse(.5 * df, p);
}

/* P(X <= k) is the upper tail of a beta distribution (DLMF 8.17.5). */
static rg_tails binomial_tails(double k, double n, double p)
{
    if (isnan(k) || !(n >= 0) || !(p >= 0 && p <= 1))
        return (rg_tails){NAN, NAN, NAN};
    k = floor(k);
    if (k < 0)
        return (rg_tails){0, 1, 0};
    if (k >= n)
        return (rg_tails){1, 0, 0};
    rg_tails beta = rg_beta_tails(p, 1 - p, k + 1, n - k);
    return (rg_tails){beta.upper, beta.lower, 0};
}

double rg_binomial_cdf(double k, double n, double p)
{
    return binomial_tails(k, n, p).lower;
}

double rg_binomial_upper(double k, double n, double p)
{
    return binomial_tails(k, n, p).upper;
}

/* Whether P(X <= k) >= p up to the last bits, judged by the smaller tail. */
static bool reaches(double k, double n, double success, double p)
{
    rg_tails tails = binomial_tails(k, n, success);
    if (p == 1)
        return tails.upper == 0;
    return p <= .5 ? tails.lower >= p * (1 - ROUNDING)
                   : tails.upper <= (1 - p) * (1 + ROUNDING) + DBL_EPSILON;
}

double rg_binomial_quantile(double p, double n, double success)
{
    if (!(p >= 0 && p <= 1) || !(success >= 0 && success <= 1) || !(n >= 0) || n != floor(n))
        return NAN;
    double below = -1, k = n;
    while (k - below > 1) {
        double middle = floor(.5 * (below + k));
        *(reaches(middle, n, success, p) ? &k : &below) = middle;
    }
    return k;
}
