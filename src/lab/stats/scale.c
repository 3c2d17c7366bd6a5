/* scale.c - averages over the estimated scale s = sqrt(chi2_df / df) that a t or a studentized
 * range is divided by.
 *
 * In u = ln s the density of s is C exp(df (u - (e^2u - 1) / 2)) with C = sqrt(df / pi)
 * e^-stirling(df / 2): a hump at 0 of width 1 / sqrt(2 df) that falls off exponentially to the
 * left and faster to the right.  For such integrands the trapezoidal rule converges
 * exponentially with the number of points, and all terms are positive, so that nothing cancels
 * (Trefethen and Weideman 2014). */
#include "lab/stats/special.h"

#include <math.h>

#define PI 3.141592653589793238463
#define NEGLIGIBLE 1e-18
#define NOTHING 1e-44 /* e^-100 */
/* The rule's error is e^(-2 pi pi/4 / step): the density grows beyond +-i pi/4.  That is 4e-22,
 * small beside tails, too. */
#define WIDEST .1
/* Of the narrower of the hump and f's own step; with half of it a tail changes by 4e-14 of itself
 * at most. */
#define FINE .4

double rg_scale_average(rg_function *f, const void *ctx, double df, double width)
{
    double step = fmin(WIDEST, FINE * fmin(1 / sqrt(2 * df), width));
    double sum = 0;
    for (int direction = 1; direction >= -1; direction -= 2) {
        for (long i = direction < 0 ? 1 : 0;; i++) {
            double u = direction * step * (double)i;
            double density = exp(df * (u - .5 * expm1(2 * u)));
            /* as f <= 1, what is left of a side is small once the density is */
            if (density <= fmax(NEGLIGIBLE * sum, NOTHING))
                break;
            sum += density * f(exp(u), ctx);
        }
    }
    return fmin(1, sum * step * sqrt(df / PI) * exp(-rg_stirling_error(.5 * df)));
}
