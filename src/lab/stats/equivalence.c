/* equivalence.c - two one-sided tests: is a difference small enough not to matter, is a stated
 * number the one that we find? */
#include "rigor/stats.h"

#include <math.h>

rg_tost_result rg_tost_value(const double *values, size_t n, double value, double margin,
                             double alpha)
{
    if (!(margin > 0) || !isfinite(value))
        return (rg_tost_result){NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    rg_t_result lower = rg_t_test(values, n, value - margin, 2 * alpha);
    rg_t_result upper = rg_t_test(values, n, value + margin, 2 * alpha);
    return (rg_tost_result){
        .t_lower = lower.t,
        .p_lower = lower.p_greater,
        .t_upper = upper.t,
        .p_upper = upper.p_less,
        .p = fmax(lower.p_greater, upper.p_less),
        .lo = lower.lo - value,
        .hi = lower.hi - value,
    };
}

rg_tost_result rg_tost(const double *differences, size_t n, double margin, double alpha)
{
    return rg_tost_value(differences, n, 0, margin, alpha);
}
