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
    /* the step of Phi is about where t s = delta, and 1 / delta wide there */
    double width = 1 / (1 + fmax(fabs(x.t), fabs(x.delta)));
    return rg_scale_average(tail_given_scale, &x, df, width);
}

double rg_noncentral_t_cdf(double t, double df, double delta)
{
    return expected_tail((shifted){t, delta, 1}, df);
}

double rg_noncentral_t_upper(double t, double df, double delta)
{
    return expected_tail((shifted){t, delta, -1}, df);
}
