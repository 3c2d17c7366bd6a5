/* mann_whitney.c - the rank sum test of two samples.
 *
 * U is kept doubled, as a whole number, so that ties do not make it inexact.  Given the ranks
 * of the pooled sample, every choice of n_a places for a is equally likely without an effect;
 * the number of choices for each rank sum follows by adding one place after the other, with
 * ties as well as without. */
#include "base/placement.h"

#include "rigor/groups.h"

#include <math.h>

enum { EXACT_UP_TO = 50 }; /* observations in each sample */

/* One more entry than there are doubled rank sums of `count` places. */
static size_t table_width(size_t count, size_t n)
{
    return 2 * count * n + 1;
}

/* ways: (count + 1, width), of choosing j places with a doubled rank sum of s. */
static void count_ways(const size_t *doubled_rank, size_t n, size_t count, size_t width,
                       double *ways)
{
    size_t largest = 0; /* sum so far: the ranks ascend, so no choice has more */
    ways[0] = 1;
    for (size_t i = 0; i < n; i++) {
        size_t rank = doubled_rank[i];
        largest += rank;
        size_t top = largest < width - 1 ? largest : width - 1;
        for (size_t j = i + 1 < count ? i + 1 : count; j > 0; j--) {
            const double *without = ways + (j - 1) * width;
            double *with = ways + j * width;
            for (size_t s = rank; s <= top; s++)
                with[s] += without[s - rank];
        }
    }
}

static void doubled_ranks(const rg_pooled *sorted, size_t n, size_t *ret)
{
    for (size_t i = 0; i < n;) {
        rg_ties ties = rg_ties_at(sorted, n, i);
        for (; i < ties.end; i++)
            ret[i] = ties.begin + ties.end + 1;
    }
}

/* The choices are made for the smaller sample. */
static void exact_p(const rg_pooled *sorted, size_t n_a, size_t n_b,
                    rg_mann_whitney_result *ret)
{
    size_t n = n_a + n_b, count = n_a < n_b ? n_a : n_b, width = table_width(count, n);
    size_t *rank = RG_NEW_ARRAY(size_t, n), observed = 0;
    double *ways = RG_NEW_ARRAY(double, (count + 1) * width);
    doubled_ranks(sorted, n, rank);
    bool of_a = n_a <= n_b;
    for (size_t i = 0; i < n; i++)
        observed += sorted[i].first == of_a ? rank[i] : 0;
    count_ways(rank, n, count, width, ways);
    double above = 0, below = 0, all = 0;
    for (size_t s = 0; s < width; s++) {
        double here = ways[count * width + s];
        all += here;
        above += s >= observed ? here : 0;
        below += s <= observed ? here : 0;
    }
    ret->p_greater = (of_a ? above : below) / all;
    ret->p_less = (of_a ? below : above) / all;
    rg_free(ways);
    rg_free(rank);
}

/* The variance has the correction for ties; `correction` is one half or nothing. Where all
 * observations are equal nothing can be above anything: the p-values stay 1. */
static void normal_p(double tie_sum, double n_a, double n_b, double correction,
                     rg_mann_whitney_result *ret)
{
    double n = n_a + n_b, middle = n_a * n_b / 2;
    double variance = n_a * n_b / 12 * (n + 1 - tie_sum / (n * (n - 1)));
    if (!(variance > 0))
        return;
    double sd = sqrt(variance), above = ret->u - middle;
    ret->p_greater = rg_normal_upper((above - correction) / sd);
    ret->p_less = rg_normal_cdf((above + correction) / sd);
}

static double sum_over_ties(const rg_pooled *sorted, size_t n, bool *ret_ties)
{
    double sum = 0;
    for (size_t i = 0; i < n;) {
        rg_ties ties = rg_ties_at(sorted, n, i);
        double t = (double)(ties.end - ties.begin);
        sum += t * t * t - t;
        *ret_ties |= t > 1;
        i = ties.end;
    }
    return sum;
}

static double doubled_u(const rg_pooled *sorted, size_t n)
{
    double sum = 0, below = 0;
    for (size_t i = 0; i < n;) {
        rg_ties ties = rg_ties_at(sorted, n, i);
        sum += (double)ties.first * (2 * below + (double)ties.second);
        below += (double)ties.second;
        i = ties.end;
    }
    return sum;
}

/* r->method says how; everything else is NaN so far. */
static void test(const rg_pooled *sorted, size_t n_a, size_t n_b, rg_mann_whitney_result *r)
{
    double tie_sum = sum_over_ties(sorted, n_a + n_b, &r->ties);
    r->u = .5 * doubled_u(sorted, n_a + n_b);
    r->superiority = r->u / ((double)n_a * (double)n_b);
    r->p_greater = r->p_less = 1;
    r->exact = r->method == RG_MANN_WHITNEY_EXACT;
    if (r->exact)
        exact_p(sorted, n_a, n_b, r);
    else
        normal_p(tie_sum, (double)n_a, (double)n_b,
                 r->method == RG_MANN_WHITNEY_CORRECTED ? .5 : 0, r);
    r->p = fmin(1, 2 * fmin(r->p_greater, r->p_less));
}

rg_mann_whitney_result rg_mann_whitney_by(const double *a, size_t n_a, const double *b,
                                          size_t n_b, rg_mann_whitney_method method)
{
    rg_mann_whitney_result r = {NAN, NAN, NAN, NAN, NAN, false, false, method};
    if (method == RG_MANN_WHITNEY_EXACT && (n_a > EXACT_UP_TO || n_b > EXACT_UP_TO))
        r.method = RG_MANN_WHITNEY_CORRECTED;
    rg_pooled *pooled = rg_pool(a, n_a, b, n_b);
    if (n_a > 0 && n_b > 0 && rg_pool_sort(pooled, n_a + n_b))
        test(pooled, n_a, n_b, &r);
    rg_free(pooled);
    return r;
}

rg_mann_whitney_result rg_mann_whitney(const double *a, size_t n_a, const double *b, size_t n_b)
{
    return rg_mann_whitney_by(a, n_a, b, n_b, RG_MANN_WHITNEY_EXACT);
}
