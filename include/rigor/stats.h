/* stats.h - distributions, tests, intervals, effects, corrections, power.
 *
 * Everything here is a pure function of its arguments: no allocation that outlives the call, no
 * state.  Each says its formula, its source and its assumptions.  Three rules hold throughout:
 *   - a number that does not exist (the p of one observation, an interval without spread) is
 *     NaN;
 *   - NaN in, NaN out: no observation is dropped silently (counts are still filled in);
 *   - differences are A - B, one for each pair; "greater" means that A - B is above the null.
 * One family of procedures is one file of src/lab/stats. */
#ifndef RIGOR_STATS_H
#define RIGOR_STATS_H

#include "rigor/base.h"
#include "rigor/special.h"

/* ---- Description and the t test (paired.c) --------------------------------------------------
 * a - b for n pairs, rounded to 12 significant decimals of the largest |a|, |b|: .3 - .2 and
 * .2 - .1 differ in their last bits, and would otherwise count as different (ties, zeros,
 * constant differences).  Of its own scores every difference keeps 9 decimals at least: one run
 * whose loss went to 1e13, or a data set on another scale, must not turn the others into ties.
 * Infinite and NaN values pass through: inf - inf is NaN.  `ret` may be a or b. */
void rg_differences(const double *a, const double *b, size_t n, double *ret);

/* The mean, summed around the first value, so that equal values have exactly their value as the
 * mean.  n == 0: NaN. */
double rg_mean(const double *values, size_t n);

/* One sample, or the differences of pairs, against `null`.  t = (mean - null) / (sd / sqrt(n)),
 * df = n - 1 (Student 1908); the interval is mean -+ t_{1 - alpha/2, df} sd / sqrt(n).
 * Assumes independent differences with finite variance, and normal ones for exactness; holds
 * its level for skewed and heavy-tailed ones at n = 5 to 10, too (conservatively). n == 0: all
 * NaN.  n == 1: only the mean.  All values equal: sd and se are 0, and t, the p and the
 * interval are NaN, as no spread is left to compare with. */
typedef struct rg_t_result {
    size_t n;
    double mean, sd, se, df;
    double t, p, p_greater, p_less; /* p: two-sided; p_greater: small when mean > null */
    double lo, hi;
} rg_t_result;
rg_t_result rg_t_test(const double *values, size_t n, double null, double alpha);

/* ---- One more observation (prediction.c) ----------------------------------------------------
 * The interval that holds one further observation with probability 1 - alpha:
 * mean -+ t_{1 - alpha/2, n - 1} sd sqrt(1 + 1/n) (Hahn and Meeker 1991, chapter 4).  Assumes
 * independent observations of one normal distribution, and is sensitive to that: it is about a
 * single value and not about a mean.  n < 2: no sd, no interval (NaN).  All values equal: the
 * interval is that value. */
typedef struct rg_prediction_interval {
    size_t n;
    double mean, sd, lo, hi;
} rg_prediction_interval;
rg_prediction_interval rg_predict_one(const double *values, size_t n, double alpha);

/* ---- Equivalence (equivalence.c) ------------------------------------------------------------
 * Two one-sided t tests (Schuirmann 1987): the mean difference lies inside (-margin, margin)
 * when both reject; p is the larger one, and rejects exactly when the 1 - 2 alpha interval lies
 * inside. Non-inferiority is the first of the two alone.  Assumptions and degenerate cases as
 * rg_t_test; margin <= 0 or NaN: all NaN. */
typedef struct rg_tost_result {
    double t_lower, p_lower; /* against mean <= -margin */
    double t_upper, p_upper; /* against mean >= +margin */
    double p;
    double lo, hi; /* at 1 - 2 alpha */
} rg_tost_result;
rg_tost_result rg_tost(const double *differences, size_t n, double margin, double alpha);
/* A paper's number, without its spread: the same with `value` in the place of 0.  Rejecting
 * says that our mean lies within `margin` of it; t_lower, p_lower alone test "at least value",
 * less what the margin forgives (non-inferiority; for "at least" to the letter take p_greater
 * of rg_t_test with the value as null), t_upper, p_upper "at most value".  lo, hi: of mean -
 * value. The number counts as known exactly, so the test is about it and not about the paper's
 * method. Value not finite: all NaN. */
rg_tost_result rg_tost_value(const double *values, size_t n, double value, double margin,
                             double alpha);

/* ---- Sign flips (signflip.c) ----------------------------------------------------------------
 * The randomisation test of a mean of 0 (Fisher 1935, ch. 21): under symmetry about 0 each of
 * the 2^n sign vectors is equally likely; p is the share whose |mean| is at least the observed
 * one less 1e-12 of the mean of |d|.  Exact for n <= 20; beyond, 2^17 random sign vectors of
 * the stream (seed, "signflip"), fewer above n = 128 to keep to 2^24 flips, at least 2^10, and
 * p = (hits + 1) / (draws + 1) (Phipson and Smyth 2010).
 * The smallest p is 2^(1 - n).  n == 0 or an infinite value: NaN.  All zero: 1.  Two-sided. */
typedef struct rg_signflip_result {
    double p;
    bool exact;
    uint64_t draws; /* sign vectors looked at */
} rg_signflip_result;
rg_signflip_result rg_signflip(const double *differences, size_t n, uint64_t seed);

/* ---- Ranks of pairs (wilcoxon.c, hodges_lehmann.c) ------------------------------------------
 * Wilcoxon's signed-rank test (Wilcoxon 1945; Pratt 1959): W+ is the sum of the ranks of |d|
 * over d > 0, ties share their mean rank.  Assumes differences symmetric about the null. Zeros
 * (d == 0) are a choice that changes the number, so the result carries it: RG_ZEROS_DROP
 * ("wilcox"): removed before ranking; RG_ZEROS_PRATT: ranked, then removed; RG_ZEROS_SPLIT
 * ("zsplit"): ranked, half of their ranks on each side. RG_WILCOXON_AUTO: exact by subset sums
 * for n <= 25 without ties and zeros, otherwise the normal approximation with tie correction
 * and without continuity correction.  RG_WILCOXON_EXACT: exact for n <= 25 with ties and zeros
 * as well (the distribution over sign vectors, given the ranks). Infinite differences are fine:
 * they tie at the top.  n == 0: NaN.  Nothing but zeros: p = 1. */
typedef enum rg_zeros { RG_ZEROS_DROP, RG_ZEROS_PRATT, RG_ZEROS_SPLIT } rg_zeros;
typedef enum rg_wilcoxon_method { RG_WILCOXON_AUTO, RG_WILCOXON_EXACT } rg_wilcoxon_method;
typedef struct rg_wilcoxon_result {
    double w_plus, w_minus, statistic; /* statistic: the smaller of the two */
    double p, p_greater, p_less;       /* p: two-sided */
    size_t n_used;                     /* without dropped zeros */
    bool exact, ties;
    rg_zeros zeros;
} rg_wilcoxon_result;
rg_wilcoxon_result rg_wilcoxon(const double *differences, size_t n, rg_zeros zeros,
                               rg_wilcoxon_method method);

/* The median of the n(n+1)/2 Walsh averages (d_i + d_j) / 2 (Hodges and Lehmann 1963), with the
 * interval between two of them that inverts the signed-rank test (Hollander and Wolfe
 * 1999, 3.4): exact for n <= 25, by the normal approximation beyond.  Its confidence is the
 * `coverage`: at least 1 - alpha, except for n so small that even the widest interval has less
 * (n = 5: .9375). n == 0: NaN.  Infinite differences are fine as long as they have one sign. */
typedef struct rg_hodges_lehmann_result {
    double estimate, lo, hi, coverage;
} rg_hodges_lehmann_result;
rg_hodges_lehmann_result rg_hodges_lehmann(const double *differences, size_t n, double alpha);

/* ---- Effects (effect.c) ---------------------------------------------------------------------
 * Cohen's d of pairs, d_z: mean / sd of the differences (Cohen 1988, 2.3.5).  n < 2 or no
 * spread: NaN. */
double rg_cohens_d(const double *differences, size_t n);
/* P(A > B): the share of pairs with d > 0, ties count one half (Vargha and Delaney 2000), with
 * the interval of Clopper and Pearson (1934): beta quantiles, conservative; the half counts of
 * ties go into them as they are.  n == 0: NaN. */
typedef struct rg_superiority {
    size_t wins, ties, n;
    double p, lo, hi;
} rg_superiority;
rg_superiority rg_p_superior(const double *differences, size_t n, double alpha);
/* The Clopper-Pearson interval of k successes of n; k may be fractional. */
void rg_clopper_pearson(double k, double n, double alpha, double *ret_lo, double *ret_hi);

/* ---- Several tests (correct.c) --------------------------------------------------------------
 * Adjusted p-values, in the order given: reject where adjusted < alpha.  Holm (1979) and
 * Bonferroni bound the family-wise error under any dependence; Hochberg (1988) under positive
 * dependence; Benjamini and Hochberg (1995) bound the false discovery rate, under positive
 * dependence as well.  A NaN stays NaN and is still counted as a test of the family.  `ret` may
 * be `p`. */
typedef enum rg_adjustment {
    RG_ADJUST_NONE,
    RG_ADJUST_BONFERRONI,
    RG_ADJUST_HOLM,
    RG_ADJUST_HOCHBERG,
    RG_ADJUST_BENJAMINI_HOCHBERG,
} rg_adjustment;
void rg_adjust(rg_adjustment method, const double *p, size_t n, double *ret);

/* ---- Power (power.c) ------------------------------------------------------------------------
 * Of the t test, by the noncentral t distribution (Cohen 1988).  Effects are in standard
 * deviations (of the differences for pairs, of one group for two samples of n each).  Two-sided
 * power counts rejections in the right direction only.
 * n: pairs, or observations in each sample; need not be whole.  Outside the domain (n < 2,
 * effect <= 0, alpha or power outside (0, 1)): NaN. */
typedef enum rg_design { RG_PAIRS, RG_TWO_SAMPLES } rg_design;
typedef struct rg_power_plan {
    rg_design design;
    double alpha;
    int sides; /* 1 or 2 */
} rg_power_plan;
double rg_power(rg_power_plan plan, double n, double effect);
double rg_power_effect(rg_power_plan plan, double n, double power); /* the effect seen */
double rg_power_n(rg_power_plan plan, double effect, double power); /* NaN above 1e7 */
/* The same for the lab's usual question: pairs, two-sided, 80 % power, level alpha. */
double rg_detectable_effect(size_t n, double alpha);       /* in sd of the difference */
double rg_seeds_needed(double effect_in_sd, double alpha); /* whole, >= 2; NaN above 1e7 */
/* Observations in each of two samples of one size, rounded up, for Mann and Whitney's test
 * (one-sided) to find P(A > B) = superiority: ((z_{1 - alpha} + z_power) / (sqrt(6)
 * (superiority - 1/2)))^2 (Noether 1987).  From a normal approximation without an effect on the
 * spread, so for superiority near 1 only a rough guide.  superiority one half or outside [0,
 * 1], alpha or power outside (0, 1), or power <= alpha: NaN. */
double rg_noether_n(double superiority, double alpha, double power);

/* ---- Power of other tests (power_tests.c) ---------------------------------------------------
 * Two one-sided t tests at level alpha each (`sides` is not looked at), when the difference is
 * 0: P(|mean| < margin - t_{1 - alpha, df} se) = E[2 Phi(margin / sigma - t s) - 1] over s =
 * sqrt(chi2_df / df) where that is positive (Phillips 1990), by Simpson's rule, to 1e-8.
 * margin: in standard deviations, as an effect.  0 where no spread that n leaves likely would
 * fit inside. */
double rg_power_equivalence(rg_power_plan plan, double n, double margin);
/* The t test that may be looked at after every seed (bayes.h, g = 1), once n seeds are there:
 * P(T > rg_t_anytime_critical).  What earlier looks find comes on top, so this is a lower
 * bound.  Pairs and two sides only, else NaN; n is rounded down; 0 while the critical value is
 * infinite. */
double rg_power_anytime(rg_power_plan plan, double n, double effect);
/* The two inverses of any power that grows with n and with the effect: rg_power, or one of the
 * above.  NaN where it is never reached; n is whole, at least 2. */
typedef double rg_power_function(rg_power_plan plan, double n, double effect);
double rg_power_effect_of(rg_power_function *test, rg_power_plan plan, double n, double power);
double rg_power_n_of(rg_power_function *test, rg_power_plan plan, double effect, double power);
/* The smallest n at which an exact test can reject at all: pairs have 2^n sign vectors
 * (sign-flip, Wilcoxon), two samples of n each have (2n choose n) labellings (permutation,
 * Mann-Whitney); the smallest p is `sides` of them.  At least 2. */
double rg_power_exact_floor(rg_power_plan plan);

#endif
