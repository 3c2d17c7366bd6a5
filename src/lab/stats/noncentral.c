/* noncentral.c - the noncentral t distribution, for power.
 *
 * T = (Z + delta) / s with s = sqrt(chi2_df / df), so P(T <= t) = E[Phi(t s - delta)].  In u =
 * ln s the density of s is C exp(df (u - (e^2u - 1) / 2)) with C = sqrt(df / pi) e^-stirling(df
 * / 2): a hump at 0 that falls off exponentially to the left and faster to the right.  For such
 * integrands the trapezoidal rule converges exponentially with the number of points, and all
 * terms are positive, so that nothing cancels (Trefethen and Weideman 2014). */
#include "lab/stats/special.h"

#include "rigor/stats.h"

#include <math.h>

#define PI 3.141592653589793238463
#define NEGLIGIBLE 1e-18
#define NOTHING 1e-44 /* e^-100 */

/* E[Phi(sign (t s - delta))].  As Phi <= 1, what is left of a side is small once the density
 * is. */
static double expected_normal(double t, double df, double delta, double sign)
{
    double step = .2 * fmin(1 / sqrt(2 * df), 1 / (1 + fabs(t)));
    double sum = 0;
    for (int direction = 1; direction >= -1; direction -= 2) {
        for (long i = direction < 0 ? 1 : 0;; i++) {
            double u = direction * step * (double)i;
            double density = exp(df * (u - .5 * expm1(2 * u)));
            if (density <= fmax(NEGLIGIBLE * sum, NOTHING))
                break;
            sum += density * rg_normal_cdf(sign * (t * exp(u) - delta));
        }
    }
    return fmin(1, sum * step * sqrt(df / PI) * exp(-rg_stirling_error(.5 * df)));
}

double rg_noncentral_t_cdf(double t, double df, double delta)
{
    if (isnan(t) || isnan(delta) || !(df > 0))
        return NAN;
    if (isinf(df) || isinf(t) || isinf(delta))
        return rg_normal_cdf(t - delta);
    return expected_normal(t, df, delta, 1);
}

double rg_noncentral_t_upper(double t, double df, double delta)
{
    if (isnan(t) || isnan(delta) || !(df > 0))
        return NAN;
    if (isinf(df) || isinf(t) || isinf(delta))
        return rg_normal_upper(t - delta);
    return expected_normal(t, df, delta, -1);
}
