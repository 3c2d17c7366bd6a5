/* studentized.c - the studentized range: how far apart the largest and the smallest of k equal
 * means come to lie, over their estimated standard deviation.
 *
 * With known deviation, given that z is the largest of k normal variables, the others lie in
 * (z - w, z):
 *     P(W <= w) = k int phi(z) (Phi(z) - Phi(z - w))^(k-1) dz
 *     P(W >  w) = k int phi(z) (Phi(z)^(k-1) - (Phi(z) - Phi(z - w))^(k-1)) dz
 * (Tukey 1949; Copenhaver and Holland 1988).  Each tail is summed from positive terms of its
 * own, by the trapezoidal rule, which converges exponentially for these humps of width 1 /
 * sqrt(k) at least.  An estimated deviation with df degrees of freedom is one more average,
 * over the scale (scale.c): P(Q <= q) = E[P(W <= q s)]. */
#include "lab/stats/special.h"

#include "rigor/special.h"

#include <math.h>

#define SQRT_2 1.414213562373095048802
#define SQRT_2PI 2.506628274631000502416
#define NEGLIGIBLE 1e-18
#define NARROW .02
#define WIDTH .2      /* in ln q: of the rise of the cdf; that of k = 100 is about .1 */
#define FURTHEST 800. /* > ln of the range of double */

static double normal_density(double z)
{
    return exp(-.5 * z * z) / SQRT_2PI;
}

/* Phi(z) - Phi(z - w): both from the tail where they are small; where they are close, by
 * Taylor's series about the middle. */
static double normal_between(double z, double w)
{
    double middle = z - .5 * w, square = middle * middle;
    if (w < NARROW) {
        double second = square - 1, fourth = square * square - 6 * square + 3;
        return w * normal_density(middle) * (1 + w * w * (second / 24 + w * w * fourth / 1920));
    }
    return middle > 0 ? rg_normal_cdf(w - z) - rg_normal_cdf(-z)
                      : rg_normal_cdf(z) - rg_normal_cdf(z - w);
}

typedef struct range {
    double q, k;
    bool upper;
    double typical; /* about where the largest of k lies */
} range;

/* The density of the largest at z times the probability of the rest. */
static double range_term(double z, double w, const range *r)
{
    if (!r->upper)
        return normal_density(z) * pow(normal_between(z, w), r->k - 1);
    double all = rg_normal_cdf(z), beyond = rg_normal_cdf(z - w);
    if (all == 0)
        return 0;
    return -normal_density(z) * pow(all, r->k - 1) * expm1((r->k - 1) * log1p(-beyond / all));
}

/* P(W <= w) or P(W > w), outwards from near the one hump that the terms have: at the middle of
 * a range that is narrow (cdf) or wide (upper), otherwise where the largest usually lies. */
static double range_given_scale(double s, const void *ctx)
{
    const range *r = ctx;
    double w = r->q * s, step = .5 / sqrt(r->k), sum = 0;
    double start = r->upper ? fmax(.5 * w, r->typical) : fmin(.5 * w, r->typical);
    for (int direction = 1; direction >= -1; direction -= 2) {
        for (long i = direction < 0 ? 1 : 0;; i++) {
            double term = range_term(start + direction * step * (double)i, w, r);
            sum += term;
            if (term <= NEGLIGIBLE * sum)
                break;
        }
    }
    return fmin(1, r->k * step * sum);
}

static double studentized_range(range r, double df)
{
    if (isnan(r.q) || !(r.k >= 2) || isinf(r.k) || !(df > 0))
        return NAN;
    if (r.q <= 0 || isinf(r.q))
        return (r.q <= 0) == r.upper ? 1 : 0;
    r.typical = rg_normal_quantile(r.k / (r.k + 1));
    if (isinf(df))
        return range_given_scale(1, &r);
    return rg_scale_average(range_given_scale, &r, df, WIDTH);
}

double rg_studentized_range_cdf(double q, double k, double df)
{
    return studentized_range((range){q, k, false, 0}, df);
}

double rg_studentized_range_upper(double q, double k, double df)
{
    return studentized_range((range){q, k, true, 0}, df);
}

typedef struct question {
    double k, df, lower, upper;
} question;

/* ln(tail / wanted) of the smaller tail, with the sign that makes it increase; finite where the
 * tail underflows. */
static double miss(double q, const void *ctx)
{
    const question *w = ctx;
    double ratio = w->lower <= w->upper ? rg_studentized_range_cdf(q, w->k, w->df) / w->lower
                                        : w->upper / rg_studentized_range_upper(q, w->k, w->df);
    return fmax(-FURTHEST, fmin(FURTHEST, log(ratio)));
}

/* Between the quantile of one pair, as the range is at least its distance, and that by
 * Bonferroni, as the range exceeds q with at most the sum of what all pairs do.  Half the
 * square of a pair's distance is an F. */
double rg_studentized_range_quantile(double p, double k, double df)
{
    if (!(p >= 0 && p <= 1) || !(k >= 2) || isinf(k) || !(df > 0))
        return NAN;
    if (p == 0 || p == 1)
        return p == 0 ? 0 : INFINITY;
    question q = {k, df, p, 1 - p};
    double one = sqrt(isinf(df) ? rg_chi2_quantile(p, 1) : rg_f_quantile(p, 1, df));
    double all = -rg_t_quantile((1 - p) / (k * (k - 1)), df);
    double lo = SQRT_2 * one, hi = SQRT_2 * fmax(one, all);
    return rg_root(miss, &q, lo * (1 - 1e-9), hi * (1 + 1e-9));
}
