/* mcnemar.c - two classifiers on one test set: only examples on which they differ count. */
#include "rigor/predictions.h"

#include <math.h>

rg_mcnemar_result rg_mcnemar(size_t only_a, size_t only_b)
{
    size_t fewer = only_a < only_b ? only_a : only_b, more = only_a + only_b - fewer;
    double n = (double)(fewer + more), gap = (double)(more - fewer);
    double corrected = fmax(0, gap - 1);
    rg_mcnemar_result r = {
        .only_a = only_a,
        .only_b = only_b,
        .p_exact = fmin(1, 2 * rg_binomial_cdf((double)fewer, n, .5)),
        .chi2 = gap * gap / n,
        .chi2_corrected = corrected * corrected / n,
    };
    r.p_chi2 = rg_chi2_upper(r.chi2, 1);
    r.p_chi2_corrected = rg_chi2_upper(r.chi2_corrected, 1);
    return r;
}
