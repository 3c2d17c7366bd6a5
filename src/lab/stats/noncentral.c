/* noncentral.c - the noncentral t distribution, for power.
 *
 * T = (Z + delta) / s with s = sqrt(chi2_df / df), so P(T <= t) = E[Phi(t s - delta)]: an
 * average over s, as scale.c takes it. */
#include "lab/stats/special.h"

#include "rigor/special.h"

#include <math.h>

typedef struct shifted {
    double t, delta, sign;
} shifted;

static double tail_given_scale(double s, const void *ctx)
{
    const shifted *x = ctx;
    return rg_normal_cdf(x->sign * (x->t * s - x->delta));
}

static double expected_tail(shifted x, double df)
{
    if (isnan(x.t) || isnan(x.delta) || !(df > 0))
        return NAN;
    if (isinf(df) || isinf(x.t) || isinf(x.delta))
        return rg_normal_cdf(x.sign * (x.t - x.delta));
    /* The step of Phi lies where t s = delta, and is 1 / delta wide there in ln s, however large
     * t is: two seeds and a hundred claims make it ten thousand. */
    return rg_scale_average(tail_given_scale, &x, df, 1 / (1 + fabs(x.delta)));
}

double rg_noncentral_t_cdf(double t, double df, double delta)
{
    return expected_tail((shifted){t, delta, 1}, df);
}

double rg_noncentral_t_upper(double t, double df, double delta)
{
    return expected_tail((shifted){t, delta, -1}, df);
}
