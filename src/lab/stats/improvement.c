/* improvement.c - the probability of improvement: on a task drawn at random, is a run of A
 * above a run of B?  (Mann and Whitney's U in each task, averaged over tasks.)
 *
 * The runs of both arms are ranked together once in each task; a resample counts how often each
 * rank was drawn, and U falls out of one walk over the ranks. */
#include "lab/stats/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct duel {
    uint32_t *rank_a, *rank_b; /* (tasks, runs): among the distinct scores of the task */
    size_t tasks, runs_a, runs_b;
} duel;

/* The place of each value among the sorted ones; equal values share the first place. */
static void rank_among(const double *values, size_t n, const double *sorted, size_t n_sorted,
                       uint32_t *ret)
{
    for (size_t i = 0; i < n; i++) {
        size_t low = 0, high = n_sorted;
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (sorted[middle] < values[i])
                low = middle + 1;
            else
                high = middle;
        }
        ret[i] = (uint32_t)low;
    }
}

static duel duel_new(rg_task_scores a, rg_task_scores b)
{
    duel d = {RG_NEW_ARRAY(uint32_t, a.tasks * a.runs),
              RG_NEW_ARRAY(uint32_t, b.tasks * b.runs), a.tasks, a.runs, b.runs};
    size_t both = a.runs + b.runs;
    double *sorted = RG_NEW_ARRAY(double, both);
    for (size_t t = 0; t < a.tasks; t++) {
        const double *in_a = a.at + t * a.runs, *in_b = b.at + t * b.runs;
        memcpy(sorted, in_a, a.runs * sizeof(*sorted));
        memcpy(sorted + a.runs, in_b, b.runs * sizeof(*sorted));
        qsort(sorted, both, sizeof(*sorted), rg_ascending);
        rank_among(in_a, a.runs, sorted, both, d.rank_a + t * a.runs);
        rank_among(in_b, b.runs, sorted, both, d.rank_b + t * b.runs);
    }
    rg_free(sorted);
    return d;
}

static void duel_free(duel *d)
{
    rg_free(d->rank_a);
    rg_free(d->rank_b);
}

/* Twice U: pairs with A above B count 2, ties 1. */
static uint64_t twice_u(const uint32_t *count_a, const uint32_t *count_b, size_t ranks)
{
    uint64_t twice = 0, below = 0;
    for (size_t k = 0; k < ranks; k++) {
        twice += count_a[k] * (2 * below + count_b[k]);
        below += count_b[k];
    }
    return twice;
}

static double replicate(const void *data, const uint32_t key[2], size_t resample, void *scratch)
{
    const duel *d = data;
    size_t ranks = d->runs_a + d->runs_b;
    uint32_t *count_a = scratch, *count_b = count_a + ranks;
    rg_index_stream from_a = rg_index_stream_open(key, resample, 0, d->runs_a);
    rg_index_stream from_b = rg_index_stream_open(key, resample, 1, d->runs_b);
    uint64_t twice = 0;
    for (size_t t = 0; t < d->tasks; t++) {
        memset(count_a, 0, 2 * ranks * sizeof(*count_a));
        for (size_t i = 0; i < d->runs_a; i++)
            count_a[d->rank_a[t * d->runs_a + rg_index_next(&from_a)]]++;
        for (size_t i = 0; i < d->runs_b; i++)
            count_b[d->rank_b[t * d->runs_b + rg_index_next(&from_b)]]++;
        twice += twice_u(count_a, count_b, ranks);
    }
    return (double)twice / (2. * (double)d->tasks * (double)d->runs_a * (double)d->runs_b);
}

/* Twice the number of pairs that run `i` of one arm wins against all of the other's. */
static double twice_wins(uint32_t rank, const uint32_t *others, size_t n)
{
    double wins = 0;
    for (size_t i = 0; i < n; i++)
        wins += rank > others[i] ? 2 : rank == others[i] ? 1 : 0;
    return wins;
}

/* Leaving out one run of A leaves (sum of wins - its wins) / (runs_a - 1) in its task; up to a
 * constant within the task, that is minus its wins over the remaining number of pairs.  A run
 * of B does the same with the other sign. */
static void add_stratum(rg_acceleration *acceleration, const uint32_t *rank, size_t n,
                        const uint32_t *others, size_t n_others, double sign, double *left_out)
{
    double pairs = (double)(n - 1) * (double)n_others;
    for (size_t i = 0; i < n; i++)
        left_out[i] = -sign * twice_wins(rank[i], others, n_others) / pairs;
    rg_acceleration_add(acceleration, left_out, n);
}

static rg_acceleration jackknife(const duel *d)
{
    rg_acceleration a = {0};
    double *left_out = RG_NEW_ARRAY(double, d->runs_a + d->runs_b);
    for (size_t t = 0; t < d->tasks; t++) {
        const uint32_t *in_a = d->rank_a + t * d->runs_a, *in_b = d->rank_b + t * d->runs_b;
        add_stratum(&a, in_a, d->runs_a, in_b, d->runs_b, 1, left_out);
        add_stratum(&a, in_b, d->runs_b, in_a, d->runs_a, -1, left_out);
    }
    rg_free(left_out);
    return a;
}

static double estimate_of(const duel *d)
{
    double twice = 0;
    for (size_t t = 0; t < d->tasks; t++) {
        for (size_t i = 0; i < d->runs_a; i++)
            twice +=
                twice_wins(d->rank_a[t * d->runs_a + i], d->rank_b + t * d->runs_b, d->runs_b);
    }
    return twice / (2. * (double)d->tasks * (double)d->runs_a * (double)d->runs_b);
}

rg_interval rg_probability_of_improvement(rg_task_scores a, rg_task_scores b,
                                          const rg_bootstrap_plan *plan)
{
    size_t n_a = a.tasks * a.runs, n_b = b.tasks * b.runs;
    if (a.tasks != b.tasks || n_a == 0 || n_b == 0 || rg_any_nan(a.at, n_a) ||
        rg_any_nan(b.at, n_b))
        return (rg_interval){NAN, NAN, NAN};
    duel d = duel_new(a, b);
    rg_interval interval = {estimate_of(&d), NAN, NAN};
    if (a.runs > 1 && b.runs > 1) {
        rg_replicator how = {replicate, &d, 2 * (a.runs + b.runs) * sizeof(uint32_t)};
        size_t resamples = rg_bootstrap_resamples(plan, n_a + n_b);
        double *replicates = RG_NEW_ARRAY(double, resamples);
        rg_bootstrap_replicates(&how, plan, resamples, replicates);
        rg_acceleration acceleration =
            plan->kind == RG_BOOTSTRAP_BCA ? jackknife(&d) : (rg_acceleration){0};
        interval = rg_bootstrap_interval(interval.estimate, replicates, resamples, plan,
                                         &acceleration);
        rg_free(replicates);
    }
    duel_free(&d);
    return interval;
}
