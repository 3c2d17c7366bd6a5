/* effect.c - how large: standardised differences, and how often A beats B. */
#include "rigor/stats.h"

#include <math.h>

double rg_cohens_d(const double *differences, size_t n)
{
    rg_t_result r = rg_t_test(differences, n, 0, .05);
    return r.sd > 0 ? r.mean / r.sd : NAN;
}

void rg_clopper_pearson(double k, double n, double alpha, double *ret_lo, double *ret_hi)
{
    bool valid = n > 0 && k >= 0 && k <= n && alpha > 0 && alpha < 1;
    *ret_lo = !valid ? NAN : k == 0 ? 0 : rg_beta_lower_inverse(.5 * alpha, k, n - k + 1);
    *ret_hi = !valid ? NAN : k == n ? 1 : rg_beta_lower_inverse(1 - .5 * alpha, k + 1, n - k);
}

rg_superiority rg_p_superior(const double *differences, size_t n, double alpha)
{
    rg_superiority r = {0, 0, n, NAN, NAN, NAN};
    bool bad = n == 0;
    for (size_t i = 0; i < n; i++) {
        r.wins += differences[i] > 0;
        r.ties += differences[i] == 0;
        bad |= isnan(differences[i]);
    }
    if (bad)
        return r;
    double k = (double)r.wins + .5 * (double)r.ties;
    r.p = k / (double)n;
    rg_clopper_pearson(k, (double)n, alpha, &r.lo, &r.hi);
    return r;
}
