/* bootstrap_interval.c - from replicates to an interval: percentile, basic, BCa. */
#include "lab/stats/bootstrap.h"
#include "rigor/special.h"

#include <math.h>
#include <stdlib.h>

void rg_acceleration_add(rg_acceleration *a, const double *left_one_out, size_t n)
{
    double mean = 0, squares = 0, cubes = 0;
    for (size_t i = 0; i < n; i++)
        mean += (left_one_out[i] - left_one_out[0]) / (double)n;
    for (size_t i = 0; i < n; i++) {
        double l = mean - (left_one_out[i] - left_one_out[0]);
        squares += l * l;
        cubes += l * l * l;
    }
    /* n^-2 (n - 1)^2 and n^-3 (n - 1)^3 */
    double share = (double)(n - 1) / (double)n;
    a->squares += share * share * squares;
    a->cubes += share * share * share * cubes;
}

/* The quantile of a sorted list, linear between order statistics (R's type 7). */
static double quantile(const double *sorted, size_t n, double p)
{
    double at = p * (double)(n - 1);
    size_t below = (size_t)at;
    if (below + 1 >= n)
        return sorted[n - 1];
    double part = at - (double)below;
    return part == 0 || sorted[below] == sorted[below + 1]
               ? sorted[below]
               : sorted[below] + part * (sorted[below + 1] - sorted[below]);
}

/* Which quantile BCa takes in place of p: Phi(z0 + (z0 + z_p) / (1 - a (z0 + z_p))). */
static double bca_level(double p, double z0, double a)
{
    double z = z0 + rg_normal_quantile(p);
    return rg_normal_cdf(z0 + z / (1 - a * z));
}

/* Phi^-1 of the share of replicates below the estimate; equal ones count one half. */
static double bias_correction(const double *sorted, size_t n, double estimate)
{
    double below = 0;
    for (size_t i = 0; i < n; i++)
        below += sorted[i] < estimate ? 1 : sorted[i] == estimate ? .5 : 0;
    return rg_normal_quantile(below / (double)n);
}

rg_interval rg_bootstrap_interval(double estimate, double *replicates, size_t resamples,
                                  const rg_bootstrap_plan *plan, const rg_acceleration *a)
{
    rg_interval interval = {estimate, NAN, NAN};
    bool level = plan->alpha > 0 && plan->alpha < 1;
    if (!level || isnan(estimate) || rg_any_nan(replicates, resamples))
        return interval;
    qsort(replicates, resamples, sizeof(*replicates), rg_ascending);
    double low = .5 * plan->alpha, high = 1 - .5 * plan->alpha;
    if (plan->kind == RG_BOOTSTRAP_BCA && replicates[0] < replicates[resamples - 1]) {
        double z0 = bias_correction(replicates, resamples, estimate);
        double acceleration = a->squares > 0 ? a->cubes / (6 * pow(a->squares, 1.5)) : 0;
        low = bca_level(low, z0, acceleration);
        high = bca_level(high, z0, acceleration);
        if (!isfinite(z0)) /* the estimate lies outside all replicates */
            return interval;
    }
    interval.lo = quantile(replicates, resamples, low);
    interval.hi = quantile(replicates, resamples, high);
    if (plan->kind == RG_BOOTSTRAP_BASIC)
        interval =
            (rg_interval){estimate, 2 * estimate - interval.hi, 2 * estimate - interval.lo};
    return interval;
}
