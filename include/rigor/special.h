/* special.h - special functions and the distributions made of them.
 *
 * Pure functions; NaN in, NaN out; a value outside the domain gives NaN. */
#ifndef RIGOR_SPECIAL_H
#define RIGOR_SPECIAL_H

#include "rigor/base.h"

/* ---- Special functions (special.c, quantile.c) --------------------------------------------
 * Relative error below 1e-12 for parameters from .5 to 1e4 and results above 1e-290; of the
 * inverses, for tails above 1e-150. */
double rg_log_gamma(double x); /* ln |Gamma(x)|, x > 0; as lgamma, without its global */
/* Regularised incomplete gamma: P(a, x) and Q(a, x) = 1 - P(a, x) (DLMF 8.2.4); a > 0, x >= 0.
 */
double rg_gamma_lower(double a, double x);
double rg_gamma_upper(double a, double x);
double rg_gamma_lower_inverse(double a, double p); /* x with P(a, x) = p; 0 <= p <= 1 */
/* Regularised incomplete beta: I_x(a, b) and 1 - I_x(a, b) (DLMF 8.17.2); 0 <= x <= 1. */
double rg_beta_lower(double x, double a, double b);
double rg_beta_upper(double x, double a, double b);
double rg_beta_lower_inverse(double p, double a, double b); /* x with I_x(a, b) = p */

/* ---- Distributions (distribution.c, noncentral.c) ------------------------------------------
 * cdf: P(X <= x).  upper: P(X > x), accurate where the cdf rounds to 1.  quantile: the x whose
 * cdf is p, -inf or +inf (or the end of the support) for 0 and 1, NaN outside [0, 1].
 * Degrees of freedom need not be whole; an infinite df of t is the normal distribution. */
double rg_normal_cdf(double x);
double rg_normal_upper(double x);
double rg_normal_quantile(double p);
double rg_t_cdf(double t, double df);
double rg_t_upper(double t, double df);
double rg_t_two_sided(double t, double df); /* P(|T| >= |t|) */
double rg_t_quantile(double p, double df);
double rg_f_cdf(double f, double df1, double df2);
double rg_f_upper(double f, double df1, double df2);
double rg_f_quantile(double p, double df1, double df2);
double rg_chi2_cdf(double x, double df);
double rg_chi2_upper(double x, double df);
double rg_chi2_quantile(double p, double df);
double rg_binomial_cdf(double k, double n, double p);   /* P(X <= k) */
double rg_binomial_upper(double k, double n, double p); /* P(X > k) */
/* The smallest whole k with P(X <= k) >= p, where what a p below 1 misses by rounding (1e-14 of
 * itself or of 1 - p) counts as reached: the quantile of a cdf's value is where it was taken.
 * n must be whole. */
double rg_binomial_quantile(double p, double n, double success);
/* Noncentral t: (Z + delta) / sqrt(chi2_df / df).  The integral of Phi(+-(t s - delta)) over
 * the density of s = sqrt(chi2_df / df), by the trapezoidal rule in ln s, which converges
 * exponentially here.  Relative error below 1e-12 for results above 1e-20, |t|, |delta| <= 100.
 */
double rg_noncentral_t_cdf(double t, double df, double delta);
double rg_noncentral_t_upper(double t, double df, double delta);
/* The range of k independent standard normal variables over an independent sqrt(chi2_df / df)
 * ("studentized range": Tukey 1949), df may be infinite: the integrals of studentized.c.
 * Relative error below 1e-12 for k from 2 to 50, df from 1 to 1e4 and infinite, results above
 * 1e-30; a call takes microseconds with infinite df, milliseconds otherwise.  k below 2: NaN.
 */
double rg_studentized_range_cdf(double q, double k, double df);
double rg_studentized_range_upper(double q, double k, double df);
double rg_studentized_range_quantile(double p, double k, double df);

#endif
