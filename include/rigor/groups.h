/* groups.h - tests of more than one list of pairs: two samples without partners, folds that
 * share training data, several data sets, many arms.
 *
 * The rules of stats.h hold: pure functions, NaN for a number that does not exist, NaN in, NaN
 * out, differences are A - B and "greater" means that A is above. */
#ifndef RIGOR_GROUPS_H
#define RIGOR_GROUPS_H

#include "rigor/stats.h"

/* ---- Two samples without partners --------------------------------------------------------
 * Welch's t test (Welch 1947; samples.c): t = (mean(a) - mean(b) - null) / se, se = sqrt(s_a^2
 * / n_a + s_b^2 / n_b), with the degrees of freedom of Satterthwaite (1946).  Assumes
 * independent observations; variances may differ.  `n` of the result is the total number of
 * observations, `mean` the difference of the means, `sd` NaN.  A sample of one: only `mean`.
 * One sample without spread adds none; neither with spread, or an infinite value: t, p and the
 * interval are NaN. */
rg_t_result rg_welch(const double *a, size_t n_a, const double *b, size_t n_b, double null,
                     double alpha);

/* The permutation test of the difference in means (Fisher 1935; Pitman 1937; permutation.c):
 * without an effect of any kind every relabelling is equally likely.  Two-sided: the share of
 * relabellings whose |difference| is at least the observed one, less 1e-12 of its scale.  Exact
 * while there are at most 2^20 relabellings, else drawn from the stream (seed, "permutation"):
 * 2^17 of them, fewer for more than 512 observations, at least 999, and p = (hits + 1) / (draws
 * + 1) (Phipson and Smyth 2010).  The order of the observations does not matter. An empty
 * sample, NaN or an infinite value: NaN.  All equal: 1. */
typedef struct rg_permutation_result {
    double p, p_greater, p_less;
    bool exact;
    uint64_t draws; /* relabellings looked at */
} rg_permutation_result;
rg_permutation_result rg_permutation(const double *a, size_t n_a, const double *b, size_t n_b,
                                     uint64_t seed);

/* Mann and Whitney (1947; mann_whitney.c): u counts pairs with a > b, ties one half. Assumes
 * that without an effect both samples have one distribution; p (two-sided) is twice the smaller
 * tail.  There are three ways to the p-values, and the result says which it was.
 *
 * EXACT counts all choices of n_a places among the pooled ranks, ties kept as they are; for
 * samples of at most 50, beyond it becomes CORRECTED.  Without ties it is the exact test of R
 * and SciPy; with ties both leave it for CORRECTED.
 *
 * CORRECTED is the normal approximation with correction for ties and for continuity: what R
 * (ties, or a sample of 50 and more) and SciPy (ties, or both samples above 8) do otherwise.
 *
 * NORMAL is the same without the correction for continuity.
 *
 * Infinite values are fine: they tie at the ends.  An empty sample or NaN: NaN.  All equal: 1.
 */
typedef enum rg_mann_whitney_method {
    RG_MANN_WHITNEY_EXACT,
    RG_MANN_WHITNEY_CORRECTED,
    RG_MANN_WHITNEY_NORMAL,
} rg_mann_whitney_method;
typedef struct rg_mann_whitney_result {
    double u, p, p_greater, p_less;
    double superiority; /* u / (n_a n_b): P(A > B) + P(A = B) / 2 */
    bool exact, ties;
    rg_mann_whitney_method method; /* that was used */
} rg_mann_whitney_result;
rg_mann_whitney_result rg_mann_whitney_by(const double *a, size_t n_a, const double *b,
                                          size_t n_b, rg_mann_whitney_method method);
rg_mann_whitney_result rg_mann_whitney(const double *a, size_t n_a, const double *b,
                                       size_t n_b); /* EXACT */

/* Brunner and Munzel (2000; brunner_munzel.c): the relative effect P(A > B) + P(A = B) / 2
 * against one half, with Student's distribution and Satterthwaite's degrees of freedom; equal
 * variances are not assumed. Positive where a is larger (SciPy and lawstat: where the second
 * argument is).  Approximate below ten observations in a sample. A sample of one, or no spread
 * of the ranks (all equal; or one sample wholly above the other, where Mann and Whitney's test
 * still answers): only relative_effect.  Infinite values are fine.  Empty or NaN: NaN. */
typedef struct rg_brunner_munzel_result {
    double statistic, df, p, p_greater, p_less;
    double relative_effect, lo, hi; /* the interval may reach beyond [0, 1] */
} rg_brunner_munzel_result;
rg_brunner_munzel_result rg_brunner_munzel(const double *a, size_t n_a, const double *b,
                                           size_t n_b, double alpha);

/* Smirnov (1939; smirnov.c), often called the two-sample Kolmogorov-Smirnov test: d is the largest
 * distance between the two empirical distribution functions.  Assumes that without an effect both
 * samples have one distribution, and finds any difference; two-sided.  Exact while n_a n_b is at
 * most 10^5, given the ties (Schroer and Trenkler 1995); beyond, the limit P(K > d sqrt(n_a n_b /
 * (n_a + n_b))) (Kolmogorov 1933), which is conservative with ties.  Without ties the exact p is
 * that of R and SciPy.  Infinite values are fine.  An empty sample or NaN: NaN. */
typedef struct rg_smirnov_result {
    double d, p;
    bool exact, ties;
} rg_smirnov_result;
rg_smirnov_result rg_smirnov(const double *a, size_t n_a, const double *b, size_t n_b);
/* P(K > x) = 2 sum (-1)^(k-1) exp(-2 k^2 x^2), Kolmogorov's distribution. */
double rg_kolmogorov_upper(double x);

/* Pearson's chi-squared test that the rows of a table of counts (rows, columns) have one
 * distribution (Pearson 1900; contingency.c), without Yates' correction; rows and columns without
 * a count are left out.  The approximation is usual where every expected count is at least 5.  v:
 * Cramer's (1946), from 0, no dependence, to 1.  Fewer than two rows or columns: NaN. */
typedef struct rg_contingency_result {
    double chi2, df, p, v, least_expected;
} rg_contingency_result;
rg_contingency_result rg_contingency(const double *count, size_t rows, size_t columns);

/* ---- Dependent and stratified pairs (strata.c) -------------------------------------------
 * Few data sets: M = mean of the per-set means of the differences, se = sqrt(sum s^2 / n) / D,
 * with the degrees of freedom of Satterthwaite (1946); every set weighs the same, and the
 * question is about these sets, not about sets at large. Assumes independent pairs; variances
 * may differ between sets.  `n` counts the pairs of all sets, `sd` is NaN.  A set of one pair:
 * only `mean`.  A set without spread adds none; none with spread: t, p and the interval are
 * NaN.  No sets, an empty one or NaN: NaN. */
typedef struct rg_stratum { /* the differences of one data set */
    const double *differences;
    size_t n;
} rg_stratum;
rg_t_result rg_stratified_t(const rg_stratum *strata, size_t sets, double null, double alpha);

/* Cross-validation: folds share training data, so that s^2 / J is too small a variance of the
 * mean of all J folds of all repetitions; Nadeau and Bengio (2003) take s^2 (1/J +
 * test_over_train) and df = J - 1.  test_over_train: n_test / n_train, 1 / (k - 1) for k folds.
 * A correction by heuristic, not a theorem: the level holds closely in their simulations.
 * Degenerate cases as rg_t_test; test_over_train negative or NaN: only mean and sd. */
rg_t_result rg_corrected_t(const double *differences, size_t n, double test_over_train,
                           double null, double alpha);
/* Folds on several data sets: stratified, with the corrected error of each set. */
rg_t_result rg_stratified_corrected_t(const rg_stratum *strata, size_t sets,
                                      double test_over_train, double null, double alpha);

/* ---- Many arms over many data sets (friedman.c, nemenyi.c) -------------------------------
 * scores: (sets, arms), row-major, higher is better; rank 1 is the highest score of its set,
 * ties share their mean rank.  Infinite scores are fine.  A NaN, no sets or no arms: all NaN.
 *
 * Mean rank of each arm over the sets; ret_ranks has one place for each arm. */
void rg_mean_ranks(const double *scores, size_t sets, size_t arms, double *ret_ranks);
/* Friedman (1937), for N sets and k arms: chi2 = 12 N / (k (k + 1)) (sum R_j^2 - k (k + 1)^2 /
 * 4) as in Demsar (2006); chi2_ties is divided by 1 - sum(t^3 - t) / (N k (k^2 - 1)) over
 * groups of t ties, as R and SciPy print it; both with df = k - 1. F = (N - 1) chi2 / (N (k -
 * 1) - chi2) of the uncorrected chi2 (Iman and Davenport 1980).  Assumes independent sets.
 * Fewer than 2 arms: NaN.  One set: no F.  Nothing but ties: chi2 0, chi2_ties NaN.  All sets
 * in one order: F is infinite, p_f the chance of that, (1 / k!)^(N - 1) (Conover 1999). */
typedef struct rg_friedman_result {
    double chi2, p_chi2, chi2_ties, p_chi2_ties, df;
    double f, df1, df2, p_f;
} rg_friedman_result;
rg_friedman_result rg_friedman(const double *scores, size_t sets, size_t arms);
/* After Friedman, every arm against a control: z = (R_control - R_arm) / sqrt(k (k + 1) / (6
 * N)), positive where the arm is better, normal under the null hypothesis; p two-sided, p_holm
 * over the k - 1 comparisons (Demsar 2006, 3.2.2).  ret has a place for each arm; that of the
 * control is NaN.  control < arms. */
typedef struct rg_rank_z_result {
    double z, p, p_holm;
} rg_rank_z_result;
void rg_rank_z(const double *scores, size_t sets, size_t arms, size_t control,
               rg_rank_z_result *ret);
/* Nemenyi (1963): mean ranks that lie further apart than CD = q sqrt(k (k + 1) / (6 N)) differ;
 * q is the studentized range at 1 - alpha with infinite df, over sqrt(2) (Demsar 2006, table
 * 5).  arms < 2, sets == 0 or alpha outside (0, 1): NaN. */
double rg_nemenyi_q(size_t arms, double alpha);
double rg_critical_difference(size_t arms, size_t sets, double alpha);

#endif
