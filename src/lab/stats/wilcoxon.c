/* wilcoxon.c - Wilcoxon's signed-rank test.
 *
 * Ranks are kept doubled, as whole numbers: the mean rank of a tie is then exact, and so is the
 * distribution of W+, which is that of a random subset's sum. */
#include "lab/stats/rank.h"

#include "rigor/stats.h"

#include <math.h>
#include <stdlib.h>

typedef struct signed_rank {
    double magnitude;
    bool positive;
    size_t doubled; /* twice the rank */
} signed_rank;

typedef struct ranking {
    signed_rank *at; /* zeros come first */
    size_t n, zeros;
    double tie_sum; /* of t^3 - t over groups of t ties; of zeros only when they are split */
    bool ties;      /* among those that are not zero */
} ranking;

void rg_subset_sums(const size_t *weights, size_t n, double probability[RG_RANK_SUMS])
{
    for (size_t s = 0; s < RG_RANK_SUMS; s++)
        probability[s] = s == 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t s = RG_RANK_SUMS; s-- > 0;) {
            double with = s >= weights[i] ? probability[s - weights[i]] : 0;
            probability[s] = .5 * (probability[s] + with);
        }
    }
}

static int by_magnitude(const void *a, const void *b)
{
    double x = ((const signed_rank *)a)->magnitude, y = ((const signed_rank *)b)->magnitude;
    return (x > y) - (x < y);
}

static ranking rank_differences(const double *d, size_t n, rg_zeros zeros)
{
    ranking r = {.at = RG_NEW_ARRAY(signed_rank, n + 1)};
    for (size_t i = 0; i < n; i++) {
        r.zeros += d[i] == 0;
        if (d[i] != 0 || zeros != RG_ZEROS_DROP)
            r.at[r.n++] = (signed_rank){fabs(d[i]), d[i] > 0, 0};
    }
    qsort(r.at, r.n, sizeof(*r.at), by_magnitude);
    for (size_t i = 0, end; i < r.n; i = end) {
        for (end = i + 1; end < r.n && r.at[end].magnitude == r.at[i].magnitude;)
            end++;
        for (size_t j = i; j < end; j++)
            r.at[j].doubled = i + 1 + end;
        double size = (double)(end - i);
        bool is_zero = r.at[i].magnitude == 0;
        if (!is_zero || zeros == RG_ZEROS_SPLIT)
            r.tie_sum += size * size * size - size;
        r.ties |= !is_zero && size > 1;
    }
    return r;
}

/* Where the normal approximation has its centre, and its variance (SciPy's conventions). */
static void normal_p(const ranking *r, rg_wilcoxon_result *ret)
{
    double n = (double)r->n, z = ret->zeros == RG_ZEROS_PRATT ? (double)r->zeros : 0;
    double mean = (n * (n + 1) - z * (z + 1)) / 4;
    double variance = (n * (n + 1) * (2 * n + 1) - z * (z + 1) * (2 * z + 1)) / 24;
    variance -= r->tie_sum / 48;
    if (!(variance > 0))
        return;
    double score = (ret->w_plus - mean) / sqrt(variance);
    ret->p_greater = rg_normal_upper(score);
    ret->p_less = rg_normal_cdf(score);
}

static void exact_p(const ranking *r, size_t first, rg_wilcoxon_result *ret)
{
    size_t weights[RG_RANK_EXACT_UP_TO], n = 0, observed = 0;
    for (size_t i = first; i < r->n; i++) {
        weights[n++] = r->at[i].doubled;
        observed += r->at[i].positive ? r->at[i].doubled : 0;
    }
    double probability[RG_RANK_SUMS];
    rg_subset_sums(weights, n, probability);
    ret->p_greater = ret->p_less = 0;
    for (size_t s = 0; s < RG_RANK_SUMS; s++) {
        ret->p_greater += s >= observed ? probability[s] : 0;
        ret->p_less += s <= observed ? probability[s] : 0;
    }
    ret->exact = true;
}

static void rank_sums(const ranking *r, rg_wilcoxon_result *ret)
{
    for (size_t i = 0; i < r->n; i++) {
        double rank = .5 * (double)r->at[i].doubled;
        if (r->at[i].magnitude > 0) {
            *(r->at[i].positive ? &ret->w_plus : &ret->w_minus) += rank;
        } else if (ret->zeros == RG_ZEROS_SPLIT) {
            ret->w_plus += .5 * rank;
            ret->w_minus += .5 * rank;
        }
    }
    ret->statistic = fmin(ret->w_plus, ret->w_minus);
}

static bool any_nan(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i]))
            return true;
    }
    return false;
}

rg_wilcoxon_result rg_wilcoxon(const double *d, size_t n, rg_zeros zeros,
                               rg_wilcoxon_method method)
{
    if (n == 0 || any_nan(d, n))
        return (rg_wilcoxon_result){NAN, NAN, NAN, NAN, NAN, NAN, n, false, false, zeros};
    ranking r = rank_differences(d, n, zeros);
    rg_wilcoxon_result ret = {
        .p_greater = 1, .p_less = 1, .n_used = r.n, .ties = r.ties, .zeros = zeros};
    rank_sums(&r, &ret);
    size_t first = zeros == RG_ZEROS_DROP ? 0 : r.zeros;
    bool smooth = !r.ties && r.zeros == 0;
    if (r.n - first <= RG_RANK_EXACT_UP_TO && r.n <= RG_RANK_EXACT_UP_TO &&
        (smooth || method == RG_WILCOXON_EXACT))
        exact_p(&r, first, &ret);
    else
        normal_p(&r, &ret);
    ret.p = fmin(1, 2 * fmin(ret.p_greater, ret.p_less));
    rg_free(r.at);
    return ret;
}
