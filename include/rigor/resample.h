/* resample.h - the bootstrap, and summaries of many tasks with few runs each.
 *
 * Deterministic: a resample is a stream of its own (seed, its number), so that results are
 * equal to the bit for any number of threads. */
#ifndef RIGOR_RESAMPLE_H
#define RIGOR_RESAMPLE_H

#include "rigor/base.h"

typedef enum rg_bootstrap_kind {
    RG_BOOTSTRAP_PERCENTILE,
    RG_BOOTSTRAP_BASIC,
    RG_BOOTSTRAP_BCA
} rg_bootstrap_kind;
typedef struct rg_bootstrap_plan {
    rg_bootstrap_kind kind;
    size_t resamples; /* 0: 50,000 */
    uint64_t seed;
    int threads; /* 0: one for each core */
    double alpha;
} rg_bootstrap_plan;
typedef struct rg_interval {
    double estimate, lo, hi;
} rg_interval;

/* A statistic of one list. */
typedef double rg_statistic(const double *values, size_t n, void *ctx);
rg_interval rg_bootstrap(const double *values, size_t n, rg_statistic *statistic, void *ctx,
                         const rg_bootstrap_plan *plan);

/* Scores of one arm: (tasks, runs), row-major: the runs of a task lie together. */
typedef struct rg_task_scores {
    const double *at;
    size_t tasks, runs;
} rg_task_scores;
/* Mean of the middle half of the sorted values; as SciPy's trim_mean(values, .25). */
double rg_interquartile_mean(const double *values, size_t n);
/* The aggregate over all runs of all tasks; intervals resample runs within each task
 * (Agarwal et al. 2021). */
typedef enum rg_aggregate {
    RG_AGGREGATE_IQM,
    RG_AGGREGATE_MEAN,
    RG_AGGREGATE_MEDIAN
} rg_aggregate;
rg_interval rg_aggregate_interval(rg_task_scores scores, rg_aggregate what,
                                  const rg_bootstrap_plan *plan);
/* Share of runs above each threshold, averaged over tasks: ret has n_thresholds places; the
 * band is pointwise. */
void rg_performance_profile(rg_task_scores scores, const double *thresholds,
                            size_t n_thresholds, const rg_bootstrap_plan *plan,
                            rg_interval *ret);
/* Mean over tasks of P(a run of A > a run of B), ties one half. Both have the same tasks. */
rg_interval rg_probability_of_improvement(rg_task_scores a, rg_task_scores b,
                                          const rg_bootstrap_plan *plan);

/* Expected best validation score of 1 .. n trials (Dodge et al. 2019 with replacement; the
 * unbiased form without).  ret has n places. */
void rg_expected_best(const double *scores, size_t n, bool replacement, double *ret);

/* Almost stochastic order (del Barrio et al. 2018; Dror et al. 2019): epsilon in [0, 1], and
 * its upper bound at 1 - alpha / comparisons; A is almost stochastically larger where the bound
 * is below .5.  Described, never a verdict: it does not hold its level at few seeds. */
typedef struct rg_aso_result {
    double epsilon, epsilon_max;
} rg_aso_result;
rg_aso_result rg_aso(const double *a, size_t n_a, const double *b, size_t n_b,
                     size_t comparisons, const rg_bootstrap_plan *plan);

#endif
