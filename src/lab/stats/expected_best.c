/* expected_best.c - how good is the best of k trials, on average?  The winner's curse as a
 * curve.
 *
 * Both forms are weighted sums of the sorted scores: the weight of x_(i) is the probability
 * that the best of k trials is the i-th smallest of the n that were run. */
#include "lab/stats/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* With replacement: P(all k draws are among the i smallest) = (i/n)^k. */
static double with_replacement(const double *sorted, size_t n, size_t k)
{
    double sum = 0, above = 1; /* (i/n)^k of the score before */
    for (size_t i = n; i > 0; i--) {
        double within = pow((double)(i - 1) / (double)n, (double)k);
        if (above > within)
            sum += (above - within) * sorted[i - 1];
        above = within;
    }
    return sum;
}

/* Without: C(i - 1, k - 1) / C(n, k), from k/n for i = n downwards; 0 for i < k. */
static double without_replacement(const double *sorted, size_t n, size_t k)
{
    double sum = 0, weight = (double)k / (double)n;
    for (size_t i = n; i >= k; i--) {
        sum += weight * sorted[i - 1];
        if (i > k)
            weight *= (double)(i - k) / (double)(i - 1);
    }
    return sum;
}

void rg_expected_best(const double *scores, size_t n, bool replacement, double *ret)
{
    double *sorted = RG_NEW_ARRAY(double, n);
    bool unknown = rg_any_nan(scores, n);
    if (n > 0)
        memcpy(sorted, scores, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), rg_ascending);
    for (size_t k = 1; k <= n; k++)
        ret[k - 1] = unknown       ? NAN
                     : replacement ? with_replacement(sorted, n, k)
                                   : without_replacement(sorted, n, k);
    rg_free(sorted);
}
