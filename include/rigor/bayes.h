/* bayes.h - Bayesian tests, and evidence that may be looked at after every seed.
 *
 * Pure functions of their arguments under the rules of stats.h: a number that does not exist is
 * NaN, NaN in gives NaN out, differences are A - B. */
#ifndef RIGOR_BAYES_H
#define RIGOR_BAYES_H

#include "rigor/base.h"

/* ---- Evidence while looking (anytime.c) ---------------------------------------------------
 * The t e-process against a mean of `null`: the ratio of the likelihoods of t under a normal
 * prior of variance g, in units of sd^2, on the effect, and under no effect,
 *   E = (1 + n g)^(-1/2) [(1 + t^2 / nu) / (1 + t^2 / ((1 + n g) nu))]^((nu + 1) / 2),
 * nu = n - 1 (Gronau, Ly and Wagenmakers 2020; as an e-process Lindon, Ham, Tingley and
 * Bojinov 2022; Wang and Ramdas 2023; Perez-Ortiz et al. 2024).
 *
 * P(E ever >= 1 / alpha) <= alpha under the null, at whatever n one stops and for whatever
 * reason (Ville's inequality).  Assumes independent normal differences; the bound is loose
 * enough that skewed and heavy-tailed ones keep to it in simulation.  g = 1 is the lab's
 * choice: it has been fixed before the first look, as it must be.
 *
 * E is 1 for n < 2, where t says nothing; NaN for n >= 2 without spread (as t is) and for
 * g <= 0.  Where E exceeds what a double holds the largest double is returned. */
double rg_t_evidence(const double *differences, size_t n, double null, double g);

/* The means that E does not reject: mean -+ t_n s / sqrt(n) with
 *   c = (sqrt(1 + n g) / alpha)^(2 / n),  t_n^2 = nu (c - 1) / (1 - c / (1 + n g)).
 * It covers the true mean at all n at once with probability at least 1 - alpha, and leaves out
 * `null` exactly when E(null) > 1 / alpha.  critical_t is infinite while c >= 1 + n g (n too
 * small for alpha); the interval is then the whole line. n == 0, no spread, NaN or infinite
 * values, alpha outside (0, 1), g <= 0: lo and hi are NaN. */
typedef struct rg_anytime_interval {
    double lo, hi, critical_t;
} rg_anytime_interval;
rg_anytime_interval rg_t_anytime(const double *differences, size_t n, double g, double alpha);
double rg_t_anytime_critical(size_t n, double g, double alpha); /* t_n; +inf for n < 2 */

/* P(t > t_n): the probability that n pairs whose true mean difference is `effect` standard
 * deviations show it at the look at n alone, by the noncentral t distribution; earlier looks
 * can only add to it.  And the effect that they show with `power`.  While t_n is infinite the
 * power is 0 and the effect +inf; NaN outside the domain. */
double rg_t_anytime_power(size_t n, double g, double alpha, double effect);
double rg_t_anytime_effect(size_t n, double g, double alpha, double power);

/* The two-sided normal-mixture boundary of a sum of intrinsic time (variance) v,
 *   sqrt((v + rho) (ln((v + rho) / rho) + 2 ln(1 / alpha))),
 * and the rho for which it is close to tightest at v,
 *   v / (2 ln(1 / alpha) + ln(1 + 2 ln(1 / alpha)))
 * (Howard, Ramdas, McAuliffe and Sekhon 2021, propositions 5 and 3).  For sums of known or
 * bounded variance.  v < 0, rho <= 0, alpha outside (0, 1): NaN. */
double rg_normal_mixture_bound(double v, double rho, double alpha);
double rg_normal_mixture_rho(double v, double alpha);

/* ---- Bayes (bayes.c) ----------------------------------------------------------------------
 * JZS Bayes factor of a t statistic of n observations (or pairs) for "differs" against "equal"
 * (Rouder, Speckman, Sun, Morey and Iverson 2009, equation 1), with a Cauchy prior of scale r
 * on the effect in sd: the integral over z of (1 + n z r^2)^(-1/2) (1 + t^2 / ((1 + n z r^2)
 * nu))^(-(nu + 1) / 2) InvGamma(z; 1/2, 1/2) over (1 + t^2 / nu)^(-(nu + 1) / 2), by the
 * trapezoidal rule in ln z, which converges exponentially here.  Assumes normal differences.  n
 * < 2, r <= 0, NaN: NaN; beyond what a double holds: the largest double. */
double rg_jzs_bayes_factor(double t, size_t n, double r);

/* Correlated Bayesian t test (Corani and Benavoli 2015) of the differences of cross-validation
 * folds, which share training data: the posterior of the mean difference is Student's with
 * df = n - 1 around `mean` with scale^2 = `variance` = s^2 (1 / n + test_over_train), the
 * correction of Nadeau and Bengio (2003); test_over_train = n_test / n_train = rho / (1 - rho)
 * for a correlation of rho.  left, rope, right: its mass below, in and above [-rope, rope];
 * they add up to 1.  Repeated cross-validation: the same with n = folds * repeats. n == 0: all
 * NaN.  n == 1: only the mean.  No spread: the variance is 0 and the masses NaN. */
typedef struct rg_posterior {
    double mean, variance, df;
    double left, rope, right;
} rg_posterior;
rg_posterior rg_correlated_bayes_t(const double *differences, size_t n, double test_over_train,
                                   double rope);

/* Bayesian sign test (Benavoli, Mangili, Corani, Zaffalon and Ruggeri 2014): how many of the
 * differences a - b lie below, in and above [-rope, rope], and the probability of each of the
 * three to be the likeliest, under a Dirichlet prior whose one pseudo-observation lies in the
 * rope.  The probabilities are integrals over independent gamma variables of shapes count_left,
 * count_rope + 1 and count_right, by the trapezoidal rule: to 1e-12, 1e-10 for 10,000 pairs;
 * nothing is sampled. Assumes independent pairs, such as data sets.  n == 0: counts 0, the rope
 * certain, since the prior lies there.  NaN anywhere, rope < 0 or NaN: probabilities NaN,
 * counts of the others. */
typedef struct rg_sign_posterior {
    size_t count_left, count_rope, count_right;
    double left, rope, right;
} rg_sign_posterior;
rg_sign_posterior rg_bayes_sign(const double *a, const double *b, size_t n, double rope);

#endif
