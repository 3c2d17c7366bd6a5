/* anytime.c - evidence that may be looked at after every observation: the t e-process, the
 * interval that it gives, what it can show, and the normal-mixture boundary.
 *
 * Everything about the e-process is computed from ln E: E itself grows like (1 + n g)^(n/2). */
#include "rigor/bayes.h"
#include "rigor/stats.h"

#include <float.h>
#include <math.h>

static double bounded_exp(double x)
{
    double y = exp(x);
    return y > DBL_MAX ? DBL_MAX : y;
}

static double log_evidence(double t, double n, double g)
{
    double nu = n - 1, spread = 1 + n * g;
    return n / 2 * (log1p(t * t / nu) - log1p(t * t / (spread * nu))) - log(spread) / 2;
}

double rg_t_evidence(const double *differences, size_t n, double null, double g)
{
    rg_t_result r = rg_t_test(differences, n, null, .05);
    if (!(g > 0) || isnan(null) || (n > 0 && isnan(r.mean)))
        return NAN;
    return n < 2 ? 1 : bounded_exp(log_evidence(r.t, (double)n, g));
}

static bool in_domain(double g, double alpha)
{
    return g > 0 && alpha > 0 && alpha < 1;
}

double rg_t_anytime_critical(size_t n, double g, double alpha)
{
    if (!in_domain(g, alpha))
        return NAN;
    if (n < 2)
        return INFINITY;
    double nu = (double)n - 1, spread = 1 + (double)n * g;
    double log_c = (log(spread) - 2 * log(alpha)) / (double)n;
    if (log_c >= log(spread))
        return INFINITY;
    return sqrt(nu * expm1(log_c) / -expm1(log_c - log(spread)));
}

rg_anytime_interval rg_t_anytime(const double *differences, size_t n, double g, double alpha)
{
    rg_t_result r = rg_t_test(differences, n, 0, .05);
    rg_anytime_interval ret = {NAN, NAN, rg_t_anytime_critical(n, g, alpha)};
    if (isnan(ret.critical_t) || !isfinite(r.mean) || (n > 1 && !(r.se > 0)))
        return ret;
    double half = isinf(ret.critical_t) ? INFINITY : ret.critical_t * r.se;
    ret.lo = r.mean - half;
    ret.hi = r.mean + half;
    return ret;
}

double rg_t_anytime_power(size_t n, double g, double alpha, double effect)
{
    double critical = rg_t_anytime_critical(n, g, alpha);
    if (isnan(critical) || isnan(effect))
        return NAN;
    return isinf(critical)
               ? 0
               : rg_noncentral_t_upper(critical, (double)n - 1, effect * sqrt((double)n));
}

double rg_t_anytime_effect(size_t n, double g, double alpha, double power)
{
    double critical = rg_t_anytime_critical(n, g, alpha), root = sqrt((double)n);
    if (isnan(critical) || !(power > 0 && power < 1))
        return NAN;
    if (isinf(critical))
        return INFINITY;
    double lo = 0, hi = (2 * critical + 10) / root; /* where the power is nearly 1 */
    while (hi - lo > 1e-9 * hi) {
        double middle = (lo + hi) / 2;
        if (rg_t_anytime_power(n, g, alpha, middle) < power)
            lo = middle;
        else
            hi = middle;
    }
    return hi;
}

double rg_normal_mixture_bound(double v, double rho, double alpha)
{
    if (!(v >= 0 && rho > 0 && alpha > 0 && alpha < 1))
        return NAN;
    return sqrt((v + rho) * (log1p(v / rho) - 2 * log(alpha)));
}

double rg_normal_mixture_rho(double v, double alpha)
{
    if (!(v >= 0 && alpha > 0 && alpha < 1))
        return NAN;
    double twice = -2 * log(alpha);
    return v / (twice + log1p(twice));
}
