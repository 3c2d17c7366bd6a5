/* profile.c - performance profiles: the share of runs above a threshold, with its band.
 *
 * No resample is drawn.  When runs are resampled within each task, the number of runs above a
 * threshold is a sum of independent zeros and ones, `runs` of them from each task, each one
 * with the probability that is the share of the task's runs above the threshold.  Its
 * distribution is built up one such draw at a time, so the band is what infinitely many
 * resamples would give. */
#include "lab/stats/bootstrap.h"

#include <math.h>
#include <string.h>

/* Probabilities below this are dropped from the ends of a distribution; all that is dropped
 * stays far below the last digit of a band. */
#define NEGLIGIBLE 1e-25

typedef struct distribution { /* of a count: probability[i] belongs to from + i */
    double *probability;
    size_t from, len;
} distribution;

/* One more draw that counts with probability p. */
static void add_draw(distribution *d, double p)
{
    double *q = d->probability;
    q[d->len] = 0;
    for (size_t i = d->len; i > 0; i--)
        q[i] = q[i] * (1 - p) + q[i - 1] * p;
    q[0] *= 1 - p;
    d->len++;
    while (d->len > 1 && q[d->len - 1] < NEGLIGIBLE)
        d->len--;
    size_t skip = 0;
    while (skip + 1 < d->len && q[skip] < NEGLIGIBLE)
        skip++;
    if (skip > 0)
        memmove(q, q + skip, (d->len - skip) * sizeof(*q));
    d->from += skip;
    d->len -= skip;
}

/* The smallest count whose cumulative probability is at least p. */
static size_t count_at(const distribution *d, double p)
{
    double sum = 0;
    for (size_t i = 0; i + 1 < d->len; i++) {
        sum += d->probability[i];
        if (sum >= p)
            return d->from + i;
    }
    return d->from + d->len - 1;
}

static size_t runs_above(const double *scores, size_t runs, double threshold)
{
    size_t above = 0;
    for (size_t i = 0; i < runs; i++)
        above += scores[i] > threshold;
    return above;
}

typedef struct profile {
    rg_task_scores scores;
    const double *thresholds;
    double alpha;
    rg_interval *ret;
} profile;

static void at_threshold(void *ctx, size_t which)
{
    const profile *p = ctx;
    size_t tasks = p->scores.tasks, runs = p->scores.runs, total = 0;
    double n = (double)(tasks * runs);
    distribution d = {RG_NEW_ARRAY(double, tasks *runs + 2), 0, 1};
    d.probability[0] = 1;
    for (size_t t = 0; t < tasks; t++) {
        size_t above = runs_above(p->scores.at + t * runs, runs, p->thresholds[which]);
        total += above;
        if (above == runs)
            d.from += runs; /* certain: every draw counts */
        for (size_t i = 0; above > 0 && above < runs && i < runs; i++)
            add_draw(&d, (double)above / (double)runs);
    }
    p->ret[which] = (rg_interval){(double)total / n, NAN, NAN};
    if (runs > 1 && p->alpha > 0 && p->alpha < 1) {
        p->ret[which].lo = (double)count_at(&d, .5 * p->alpha) / n;
        p->ret[which].hi = (double)count_at(&d, 1 - .5 * p->alpha) / n;
    }
    if (isnan(p->thresholds[which]))
        p->ret[which] = (rg_interval){NAN, NAN, NAN};
    rg_free(d.probability);
}

void rg_performance_profile(rg_task_scores scores, const double *thresholds,
                            size_t n_thresholds, const rg_bootstrap_plan *plan,
                            rg_interval *ret)
{
    profile p = {scores, thresholds, plan->alpha, ret};
    size_t n = scores.tasks * scores.runs;
    if (n == 0 || rg_any_nan(scores.at, n)) {
        for (size_t i = 0; i < n_thresholds; i++)
            ret[i] = (rg_interval){NAN, NAN, NAN};
        return;
    }
    rg_parallel(plan->threads > 0 ? plan->threads : rg_cpu_count(), n_thresholds, at_threshold,
                &p);
}
