/* tasks.c - many tasks with few runs each: aggregates with stratified bootstrap intervals.
 *
 * All values are sorted once.  A resample draws runs within each task and counts, for each
 * place in the sorted order, how often it was drawn; the middle of the resample is then found
 * by walking over the counts.  No resample is ever sorted. */
#include "lab/stats/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How many values an aggregate leaves out on either side of n sorted ones. */
static size_t cut_of(rg_aggregate what, size_t n)
{
    switch (what) {
    case RG_AGGREGATE_MEAN: return 0;
    case RG_AGGREGATE_MEDIAN: return (n - 1) / 2;
    case RG_AGGREGATE_IQM: break;
    }
    return n / 4;
}

typedef struct place {
    double value;
    uint32_t at; /* task * runs + run */
} place;

static int by_value(const void *a, const void *b)
{
    double x = ((const place *)a)->value, y = ((const place *)b)->value;
    return (x > y) - (x < y);
}

typedef struct pool {
    double *sorted; /* less `center` */
    uint32_t *rank; /* (tasks, runs): place of each score in `sorted` */
    size_t tasks, runs, n;
    double center; /* keeps sums of equal values exact */
    rg_aggregate what;
} pool;

static pool pool_new(rg_task_scores scores, rg_aggregate what)
{
    size_t n = scores.tasks * scores.runs;
    pool p = {RG_NEW_ARRAY(double, n),
              RG_NEW_ARRAY(uint32_t, n),
              scores.tasks,
              scores.runs,
              n,
              0,
              what};
    place *places = RG_NEW_ARRAY(place, n);
    for (size_t i = 0; i < n; i++)
        places[i] = (place){scores.at[i], (uint32_t)i};
    qsort(places, n, sizeof(*places), by_value);
    p.center = isfinite(places[n / 2].value) ? places[n / 2].value : 0;
    for (size_t i = 0; i < n; i++) {
        p.sorted[i] = places[i].value - p.center;
        p.rank[places[i].at] = (uint32_t)i;
    }
    rg_free(places);
    return p;
}

static void pool_free(pool *p)
{
    rg_free(p->sorted);
    rg_free(p->rank);
}

/* The mean of the resample of n values without the outer ones. */
static double middle_mean(const pool *p, const uint32_t *count, size_t n)
{
    size_t cut = cut_of(p->what, n), end = n - cut, seen = 0, k = 0;
    while (seen + count[k] <= cut)
        seen += count[k++];
    double sum = 0;
    for (size_t from = cut; from < end; k++) {
        seen += count[k];
        size_t to = seen < end ? seen : end;
        if (to > from)
            sum += (double)(to - from) * p->sorted[k];
        from = to;
    }
    return p->center + sum / (double)(end - cut);
}

static double replicate(const void *data, const uint32_t key[2], size_t resample, void *scratch)
{
    const pool *p = data;
    uint32_t *count = scratch;
    rg_index_stream stream = rg_index_stream_open(key, resample, 0, p->runs);
    memset(count, 0, p->n * sizeof(*count));
    for (const uint32_t *task = p->rank; task < p->rank + p->n; task += p->runs) {
        for (size_t i = 0; i < p->runs; i++)
            count[task[rg_index_next(&stream)]]++;
    }
    return middle_mean(p, count, p->n);
}

static uint32_t *each_once(size_t n)
{
    uint32_t *count = RG_NEW_ARRAY(uint32_t, n);
    for (size_t i = 0; i < n; i++)
        count[i] = 1;
    return count;
}

static rg_acceleration jackknife(const pool *p)
{
    rg_acceleration a = {0};
    uint32_t *count = each_once(p->n);
    double *left_out = RG_NEW_ARRAY(double, p->runs);
    for (size_t task = 0; task < p->tasks; task++) {
        for (size_t run = 0; run < p->runs; run++) {
            uint32_t at = p->rank[task * p->runs + run];
            count[at] = 0;
            left_out[run] = middle_mean(p, count, p->n - 1);
            count[at] = 1;
        }
        rg_acceleration_add(&a, left_out, p->runs);
    }
    rg_free(left_out);
    rg_free(count);
    return a;
}

rg_interval rg_aggregate_interval(rg_task_scores scores, rg_aggregate what,
                                  const rg_bootstrap_plan *plan)
{
    size_t n = scores.tasks * scores.runs;
    if (n == 0 || n > UINT32_MAX || rg_any_nan(scores.at, n))
        return (rg_interval){NAN, NAN, NAN};
    pool p = pool_new(scores, what);
    uint32_t *once = each_once(n);
    rg_interval interval = {middle_mean(&p, once, n), NAN, NAN};
    if (scores.runs > 1) {
        rg_replicator how = {replicate, &p, n * sizeof(uint32_t)};
        size_t resamples = rg_bootstrap_resamples(plan, n);
        double *replicates = RG_NEW_ARRAY(double, resamples);
        rg_bootstrap_replicates(&how, plan, resamples, replicates);
        rg_acceleration a =
            plan->kind == RG_BOOTSTRAP_BCA ? jackknife(&p) : (rg_acceleration){0};
        interval = rg_bootstrap_interval(interval.estimate, replicates, resamples, plan, &a);
        rg_free(replicates);
    }
    rg_free(once);
    pool_free(&p);
    return interval;
}

double rg_interquartile_mean(const double *values, size_t n)
{
    rg_task_scores one_task = {values, 1, n};
    if (n == 0 || n > UINT32_MAX || rg_any_nan(values, n))
        return NAN;
    pool p = pool_new(one_task, RG_AGGREGATE_IQM);
    uint32_t *once = each_once(n);
    double mean = middle_mean(&p, once, n);
    rg_free(once);
    pool_free(&p);
    return mean;
}
