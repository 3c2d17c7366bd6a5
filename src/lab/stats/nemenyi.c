/* nemenyi.c - how far apart mean ranks must lie to differ. */
#include "rigor/groups.h"

#include <math.h>

double rg_nemenyi_q(size_t arms, double alpha)
{
    if (arms < 2 || !(alpha > 0 && alpha < 1))
        return NAN;
    return rg_studentized_range_quantile(1 - alpha, (double)arms, INFINITY) * sqrt(.5);
}

double rg_critical_difference(size_t arms, size_t sets, double alpha)
{
    double k = (double)arms, n = (double)sets;
    return sets > 0 ? rg_nemenyi_q(arms, alpha) * sqrt(k * (k + 1) / (6 * n)) : NAN;
}
