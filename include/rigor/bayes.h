/* bayes.h - Bayesian tests, and evidence that may be looked at after every seed.
 *
 * Pure functions of their arguments under the rules of stats.h. */
#ifndef RIGOR_BAYES_H
#define RIGOR_BAYES_H

#include "rigor/base.h"

/* ---- Evidence while looking (anytime.c) -------------------------------------------------- */
/* The t e-process against a mean of `null` with a normal prior of variance g (in units of sd^2)
 * on the effect: E = (1 + n g)^(-1/2) [(1 + t^2/nu) / (1 + t^2/((1 + n g) nu))]^((nu + 1)/2).
 * P(E ever >= 1/alpha) <= alpha under the null, whenever one stops. */
double rg_t_evidence(const double *differences, size_t n, double null, double g);
/* m -+ t_n s / sqrt(n), valid at all n at once; infinite while n is too small. */
typedef struct rg_anytime_interval {
    double lo, hi, critical_t;
} rg_anytime_interval;
rg_anytime_interval rg_t_anytime(const double *differences, size_t n, double g, double alpha);
double rg_t_anytime_critical(size_t n, double g, double alpha); /* +inf while n is too small */
/* The two-sided normal-mixture boundary of a sum with intrinsic time v, and the rho for which
 * it is tightest at v (Howard et al. 2021). */
double rg_normal_mixture_bound(double v, double rho, double alpha);
double rg_normal_mixture_rho(double v, double alpha);

/* ---- Bayes (bayes.c) --------------------------------------------------------------------- */
/* JZS Bayes factor of a t statistic for "differs" against "equal" (Rouder et al. 2009): Cauchy
 * prior of scale r on the effect in sd. */
double rg_jzs_bayes_factor(double t, size_t n, double r);
/* Correlated Bayesian t test (Corani and Benavoli 2015): the posterior of the mean difference
 * of folds is Student's with `mean`, `variance` and `df`; rho = test_over_train / (1 +
 * test_over_train).  left, rope, right: its mass below, in and above [-rope, rope]. */
typedef struct rg_posterior {
    double mean, variance, df;
    double left, rope, right;
} rg_posterior;
rg_posterior rg_correlated_bayes_t(const double *differences, size_t n, double test_over_train,
                                   double rope);
/* Bayesian sign test (Benavoli et al. 2014): counts below, in and above the rope, and the
 * probability of each to be the largest under a Dirichlet prior with weight 1 in the rope. */
typedef struct rg_sign_posterior {
    size_t count_left, count_rope, count_right;
    double left, rope, right;
} rg_sign_posterior;
rg_sign_posterior rg_bayes_sign(const double *a, const double *b, size_t n, double rope,
                                uint64_t seed);

#endif
