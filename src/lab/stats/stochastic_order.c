/* stochastic_order.c - almost stochastic order of two samples.
 *
 * The quantile functions of two samples of n and m values are steps, with breaks at the
 * multiples of 1/n and 1/m, so both integrals are exact sums over the pieces between breaks. */
#include "lab/stats/bootstrap.h"
#include "rigor/special.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct order {
    double *a, *b; /* sorted */
    size_t n_a, n_b;
} order;

/* The share of the squared quantile difference that lies where A is below B. */
static double violation(const double *a, size_t n_a, const double *b, size_t n_b)
{
    double against = 0, all = 0;
    size_t i = 0, j = 0, at = 0; /* positions in units of 1 / (n_a n_b) */
    while (i < n_a && j < n_b) {
        size_t end_a = (i + 1) * n_b, end_b = (j + 1) * n_a;
        size_t end = end_a < end_b ? end_a : end_b;
        double gap = a[i] - b[j], piece = (double)(end - at) * gap * gap;
        all += piece;
        against += gap < 0 ? piece : 0;
        at = end;
        i += end == end_a;
        j += end == end_b;
    }
    return all > 0 ? against / all : .5;
}

/* A sorted resample of a sorted list. */
static void resample_sorted(const double *sorted, size_t n, rg_index_stream stream,
                            uint32_t *count, double *ret)
{
    memset(count, 0, n * sizeof(*count));
    for (size_t i = 0; i < n; i++)
        count[rg_index_next(&stream)]++;
    for (size_t i = 0, k = 0; k < n; k++) {
        for (uint32_t times = count[k]; times > 0; times--)
            ret[i++] = sorted[k];
    }
}

static double replicate(const void *data, const uint32_t key[2], size_t resample, void *scratch)
{
    const order *o = data;
    double *a = scratch, *b = a + o->n_a;
    uint32_t *count = (uint32_t *)(b + o->n_b);
    resample_sorted(o->a, o->n_a, rg_index_stream_open(key, resample, 0, o->n_a), count, a);
    resample_sorted(o->b, o->n_b, rg_index_stream_open(key, resample, 1, o->n_b), count, b);
    return violation(a, o->n_a, b, o->n_b);
}

static double bootstrap_sd(const order *o, const rg_bootstrap_plan *plan)
{
    size_t both = o->n_a + o->n_b, resamples = rg_bootstrap_resamples(plan, both);
    double *replicates = RG_NEW_ARRAY(double, resamples);
    rg_replicator how = {replicate, o, both * (sizeof(double) + sizeof(uint32_t))};
    rg_bootstrap_replicates(&how, plan, resamples, replicates);
    double mean = 0, squares = 0;
    for (size_t i = 0; i < resamples; i++)
        mean += replicates[i] / (double)resamples;
    for (size_t i = 0; i < resamples; i++)
        squares += (replicates[i] - mean) * (replicates[i] - mean);
    rg_free(replicates);
    return sqrt(squares / (double)resamples);
}

static double *sorted_copy(const double *values, size_t n)
{
    double *copy = RG_NEW_ARRAY(double, n);
    memcpy(copy, values, n * sizeof(*copy));
    qsort(copy, n, sizeof(*copy), rg_ascending);
    return copy;
}

static bool all_finite(const double *values, size_t n)
{
    bool finite = true;
    for (size_t i = 0; i < n; i++)
        finite &= isfinite(values[i]);
    return finite;
}

rg_aso_result rg_aso(const double *a, size_t n_a, const double *b, size_t n_b,
                     size_t comparisons, const rg_bootstrap_plan *plan)
{
    rg_aso_result r = {NAN, NAN};
    if (n_a == 0 || n_b == 0 || !all_finite(a, n_a) || !all_finite(b, n_b))
        return r;
    order o = {sorted_copy(a, n_a), sorted_copy(b, n_b), n_a, n_b};
    double tail = plan->alpha / (double)(comparisons ? comparisons : 1);
    r.epsilon = violation(o.a, n_a, o.b, n_b);
    if (n_a > 1 && n_b > 1 && tail > 0 && tail < 1) {
        double bound = r.epsilon - bootstrap_sd(&o, plan) * rg_normal_quantile(tail);
        r.epsilon_max = fmin(1, fmax(0, bound));
    }
    rg_free(o.a);
    rg_free(o.b);
    return r;
}
