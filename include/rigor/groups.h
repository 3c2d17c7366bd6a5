/* groups.h - tests of more than one list of pairs: two samples without partners, folds that
 * share training data, several data sets, many arms.
 *
 * The rules of stats.h hold: pure functions, NaN for a number that does not exist, NaN in, NaN
 * out, differences are A - B and "greater" means that A is above. */
#ifndef RIGOR_GROUPS_H
#define RIGOR_GROUPS_H

#include "rigor/stats.h"

/* ---- Two samples without partners (samples.c) ------------------------------------------- */
/* Welch's t test (Welch 1947): mean(a) - mean(b) against `null` with Satterthwaite's degrees
 * of freedom.  `n` of the result is the total number of observations, `sd` is NaN. */
rg_t_result rg_welch(const double *a, size_t n_a, const double *b, size_t n_b, double null,
                     double alpha);
/* The permutation test of the difference in means: exact while there are at most 2^20
 * relabellings, else drawn from the stream (seed, "permutation") with p = (hits + 1) / (draws +
 * 1).  Two-sided: as many |differences| are at least as large as the observed one. */
typedef struct rg_permutation_result {
    double p, p_greater, p_less;
    bool exact;
    uint64_t draws;
} rg_permutation_result;
rg_permutation_result rg_permutation(const double *a, size_t n_a, const double *b, size_t n_b,
                                     uint64_t seed);
/* Mann and Whitney (1947): u counts pairs with a > b, ties one half. Exact by recursion
 * without ties and n_a, n_b <= 50; otherwise normal with tie and continuity correction as R. */
typedef struct rg_mann_whitney_result {
    double u, p, p_greater, p_less;
    double superiority; /* u / (n_a n_b): P(A > B) + P(A = B) / 2 */
    bool exact;
} rg_mann_whitney_result;
rg_mann_whitney_result rg_mann_whitney(const double *a, size_t n_a, const double *b,
                                       size_t n_b);
/* Brunner and Munzel (2000): ranks without the assumption of equal variances. The statistic is
 * positive where a is larger; `relative_effect` is P(A > B) + P(A = B) / 2 with its interval.
 */
typedef struct rg_brunner_munzel_result {
    double statistic, df, p, p_greater, p_less;
    double relative_effect, lo, hi;
} rg_brunner_munzel_result;
rg_brunner_munzel_result rg_brunner_munzel(const double *a, size_t n_a, const double *b,
                                           size_t n_b, double alpha);

/* ---- Dependent and stratified pairs (strata.c) ------------------------------------------- */
typedef struct rg_stratum { /* the differences of one data set */
    const double *differences;
    size_t n;
} rg_stratum;
/* Few data sets: M = mean of per-set means, se = sqrt(sum s^2/n) / D, Satterthwaite's degrees
 * of freedom; every set weighs the same.  `n` counts the pairs of all sets, `sd` is NaN. */
rg_t_result rg_stratified_t(const rg_stratum *strata, size_t sets, double null, double alpha);
/* Cross-validation: folds share training data, so that the naive variance is too small; Nadeau
 * and Bengio (2003): s^2 (1/J + n_test/n_train), df = J - 1, over all J folds of all runs. */
rg_t_result rg_corrected_t(const double *differences, size_t n, double test_over_train,
                           double null, double alpha);

/* ---- Many arms over many data sets (friedman.c) ------------------------------------------ */
/* Mean rank of each arm over the sets: scores is (sets, arms), row-major; rank 1 is the highest
 * score, ties share their mean rank.  ret_ranks has one place for each arm. */
void rg_mean_ranks(const double *scores, size_t sets, size_t arms, double *ret_ranks);
/* Friedman (1937): chi2 as in Demsar (2006), chi2_ties divided by R's and SciPy's correction
 * for ties; F by Iman and Davenport (1980) from the uncorrected chi2. */
typedef struct rg_friedman_result {
    double chi2, p_chi2, chi2_ties, p_chi2_ties, df;
    double f, df1, df2, p_f;
} rg_friedman_result;
rg_friedman_result rg_friedman(const double *scores, size_t sets, size_t arms);
/* Nemenyi (1963): mean ranks that lie further apart than this differ; q of the studentized
 * range with infinite df, over sqrt(2). */
double rg_nemenyi_q(size_t arms, double alpha);
double rg_critical_difference(size_t arms, size_t sets, double alpha);

#endif
