/* hodges_lehmann.c - the median of the Walsh averages, and its interval.
 *
 * The k-th smallest of the n(n+1)/2 averages is found without making them: with the differences
 * sorted, one sweep of two pointers counts the averages up to a value, and 64 halvings of the
 * ordered bit patterns of doubles lead to the value itself, exactly. O(n) memory, O(n log n).
 */
#include "lab/stats/rank.h"

#include "rigor/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Doubles as whole numbers in the same order (both zeros are 0), and back. */
static int64_t order_key(double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits >= 0 ? bits : INT64_MIN - bits;
}

static double from_order_key(int64_t key)
{
    int64_t bits = key >= 0 ? key : INT64_MIN - key;
    double x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

static double walsh(const double *sorted, size_t i, size_t j)
{
    return .5 * sorted[i] + .5 * sorted[j];
}

/* Averages of pairs i <= j that are at most v. */
static double count_up_to(const double *sorted, size_t n, double v)
{
    double count = 0;
    for (size_t i = 0, end = n; i < end; i++) {
        while (end > i && walsh(sorted, i, end - 1) > v)
            end--;
        count += (double)(end - i);
    }
    return count;
}

/* The k-th smallest, k from 1. */
static double kth_walsh(const double *sorted, size_t n, double k)
{
    int64_t lo = order_key(sorted[0]), hi = order_key(sorted[n - 1]);
    while (lo < hi) {
        int64_t middle = lo + (int64_t)(((uint64_t)hi - (uint64_t)lo) / 2);
        if (count_up_to(sorted, n, from_order_key(middle)) >= k)
            hi = middle;
        else
            lo = middle + 1;
    }
    return from_order_key(lo);
}

/* The largest k with P(W+ <= k - 1) < alpha / 2, at least 1; the interval is from the k-th
 * smallest to the k-th largest average. */
static double interval_rank(size_t n, double alpha, double *ret_coverage)
{
    if (n > RG_RANK_EXACT_UP_TO) {
        double m = (double)n, mean = m * (m + 1) / 4;
        double sd = sqrt(m * (m + 1) * (2 * m + 1) / 24);
        double k = fmax(1, floor(mean + .5 + rg_normal_quantile(.5 * alpha) * sd));
        *ret_coverage = 1 - 2 * rg_normal_cdf((k - .5 - mean) / sd);
        return k;
    }
    size_t weights[RG_RANK_EXACT_UP_TO];
    for (size_t i = 0; i < n; i++)
        weights[i] = i + 1;
    double probability[RG_RANK_SUMS];
    rg_subset_sums(weights, n, probability);
    size_t k = 1;
    double below = probability[0];
    for (; below + probability[k] < .5 * alpha; k++)
        below += probability[k];
    *ret_coverage = 1 - 2 * below;
    return (double)k;
}

rg_hodges_lehmann_result rg_hodges_lehmann(const double *differences, size_t n, double alpha)
{
    rg_hodges_lehmann_result r = {NAN, NAN, NAN, NAN};
    bool minus = false, plus = false, bad = n == 0;
    for (size_t i = 0; i < n; i++) {
        minus |= differences[i] == -INFINITY;
        plus |= differences[i] == INFINITY;
        bad |= isnan(differences[i]);
    }
    if (bad || (minus && plus))
        return r;
    double *sorted = RG_NEW_ARRAY(double, n);
    memcpy(sorted, differences, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), ascending);
    double all = .5 * (double)n * ((double)n + 1);
    double low = kth_walsh(sorted, n, floor((all + 1) / 2));
    double high = kth_walsh(sorted, n, floor(all / 2) + 1);
    r.estimate = low == high ? low : .5 * (low + high);
    double k = interval_rank(n, alpha, &r.coverage);
    r.lo = kth_walsh(sorted, n, k);
    r.hi = kth_walsh(sorted, n, all + 1 - k);
    rg_free(sorted);
    return r;
}
