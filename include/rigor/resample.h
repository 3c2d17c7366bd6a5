/* resample.h - the bootstrap, and summaries of many tasks with few runs each.
 *
 * The rules of stats.h hold: nothing outlives the call, NaN for a number that does not exist,
 * NaN in, NaN out (no observation is dropped).
 * Deterministic: a resample is a stream of its own (the plan's seed, its number), so that
 * results are equal to the bit for any number of threads. */
#ifndef RIGOR_RESAMPLE_H
#define RIGOR_RESAMPLE_H

#include "rigor/base.h"

/* ---- The bootstrap (bootstrap.c, bootstrap_interval.c) -------------------------------------
 * Efron (1979): the statistic of `resamples` lists of n values drawn with replacement.  With
 * q(p) the p-quantile of these replicates (linear between order statistics, R's type 7), the
 * 1 - alpha interval is
 *   percentile  q(alpha/2) to q(1 - alpha/2)
 *   basic       2 estimate - q(1 - alpha/2) to 2 estimate - q(alpha/2)
 *   BCa         q(p_lo) to q(p_hi), p = Phi(z0 + (z0 + z) / (1 - a (z0 + z))) with z = Phi^-1
 * of alpha/2 and of 1 - alpha/2; z0 = Phi^-1 of the share of replicates below the estimate
 * (equal ones count one half); a from the jackknife (Efron 1987). Assumes independent values,
 * and many of them: with 5 to 10 values all three intervals are too narrow (BCa covers 84 % in
 * place of 95 % at n = 5), which is why no verdict rests on them.
 *
 * All replicates equal: the interval is that point.  A statistic that is NaN for a resample: no
 * interval.  n == 1: only the estimate.  n == 0: all NaN. */
typedef enum rg_bootstrap_kind {
    RG_BOOTSTRAP_PERCENTILE,
    RG_BOOTSTRAP_BASIC,
    RG_BOOTSTRAP_BCA
} rg_bootstrap_kind;
typedef struct rg_bootstrap_plan {
    rg_bootstrap_kind kind;
    size_t resamples; /* 0: 50,000, but only as many as need 2^29 draws, and at least 10,000.
                         The ends of a 95 % interval then stray by 1.2 % (50,000) or 2.7 %
                         (10,000) of its half width from seed to seed. Below 2^32. */
    uint64_t seed;
    int threads; /* 0: one for each core */
    double alpha;
} rg_bootstrap_plan;
typedef struct rg_interval {
    double estimate, lo, hi;
} rg_interval;

/* A statistic of one list: a pure function, called from several threads at once.  NULL is the
 * mean, whose replicates need no copy of the list: for the paired bootstrap of two models on
 * one test set, hand in the differences of their per-example scores.  BCa calls the statistic n
 * times more, each with n - 1 values. */
typedef double rg_statistic(const double *values, size_t n, void *ctx);
rg_interval rg_bootstrap(const double *values, size_t n, rg_statistic *statistic, void *ctx,
                         const rg_bootstrap_plan *plan);

/* ---- Many tasks, few runs (tasks.c, profile.c, improvement.c) -------------------------------
 * Agarwal et al. (2021, "Deep reinforcement learning at the edge of the statistical
 * precipice"). Runs are resampled within each task (the stratified bootstrap): the tasks are
 * those of the benchmark, only the runs are random.  One run for each task: no interval.
 *
 * Scores of one arm: (tasks, runs), row-major: the runs of a task lie together.  Scores of
 * different tasks must be on one scale (normalised). */
typedef struct rg_task_scores {
    const double *at;
    size_t tasks, runs;
} rg_task_scores;
/* Mean of the middle half of the sorted values: floor(n/4) are left out at either end, as
 * SciPy's trim_mean(values, .25).  n == 0: NaN. */
double rg_interquartile_mean(const double *values, size_t n);
/* The aggregate over all runs of all tasks. */
typedef enum rg_aggregate {
    RG_AGGREGATE_IQM,
    RG_AGGREGATE_MEAN,
    RG_AGGREGATE_MEDIAN
} rg_aggregate;
rg_interval rg_aggregate_interval(rg_task_scores scores, rg_aggregate what,
                                  const rg_bootstrap_plan *plan);
/* Share of runs above each threshold (strictly), averaged over tasks: ret has n_thresholds
 * places.  The band holds at each threshold by itself; it is the percentile interval of
 * infinitely many stratified resamples, computed exactly, so that of the plan only alpha and
 * threads matter. */
void rg_performance_profile(rg_task_scores scores, const double *thresholds,
                            size_t n_thresholds, const rg_bootstrap_plan *plan,
                            rg_interval *ret);
/* Mean over tasks of P(a run of A > a run of B), ties one half: Mann and Whitney's U over the
 * number of pairs.  Both have the same tasks (otherwise all NaN); the numbers of runs may
 * differ.  Runs of A and of B are resampled each by itself. */
rg_interval rg_probability_of_improvement(rg_task_scores a, rg_task_scores b,
                                          const rg_bootstrap_plan *plan);

/* ---- Tuning (expected_best.c) ---------------------------------------------------------------
 * Expected best validation score of k = 1 .. n trials out of the n that were run; ret has n
 * places.  With x_(1) <= ... <= x_(n):
 *   with replacement   sum x_(i) [(i/n)^k - ((i-1)/n)^k]   biased downwards (Dodge et al. 2019)
 *   without            sum x_(i) C(i-1, k-1) / C(n, k)     unbiased (Tang et al. 2020)
 * Assumes trials that do not depend on each other: random search.  Higher is better. */
void rg_expected_best(const double *scores, size_t n, bool replacement, double *ret);

/* ---- Almost stochastic order (stochastic_order.c) -------------------------------------------
 * del Barrio, Cuesta-Albertos and Matran (2018); Dror, Shlomov and Reichart (2019).  With the
 * empirical quantile functions F and G of A and B,
 *   epsilon = int_{F < G} (F - G)^2 / int (F - G)^2,
 * 0 where A is above everywhere, 1 where it is below everywhere; .5 when the samples are equal.
 * epsilon_max is its upper bound at level 1 - alpha / comparisons (what the papers call
 * epsilon_min): epsilon + sd z_{1 - alpha/comparisons}, within [0, 1], sd that of epsilon over
 * resamples of A and B.  A is called almost stochastically larger where the bound is below .5.
 * (Bonferroni's correction makes the level 1 - alpha / m; a widely used package computes
 * something else.)  Described, never a verdict: at 5 to 10 seeds it finds a winner between
 * equal arms in a fifth of the cases.  Fewer than two values in a sample: no bound; a value
 * that is not finite: all NaN. */
typedef struct rg_aso_result {
    double epsilon, epsilon_max;
} rg_aso_result;
rg_aso_result rg_aso(const double *a, size_t n_a, const double *b, size_t n_b,
                     size_t comparisons, const rg_bootstrap_plan *plan);

#endif
