/* special.h - what the special functions share inside this folder. */
#ifndef RIGOR_LAB_STATS_SPECIAL_H
#define RIGOR_LAB_STATS_SPECIAL_H

/* Both tails of a distribution, each accurate where it is small, and the slope of the lower
 * tail in the natural coordinate of its argument: ln x (gamma) or ln(x / (1 - x)) (beta). */
typedef struct rg_tails {
    double lower, upper, slope;
} rg_tails;

rg_tails rg_gamma_tails(double a, double x);
/* x + y = 1: both are given, because near 1 the distance to 1 is what counts. */
rg_tails rg_beta_tails(double x, double y, double a, double b);

/* ln(x / (1 - x)) of the x at which I_x(a, b) = lower; lower + upper = 1. */
double rg_beta_log_odds(double lower, double upper, double a, double b);

/* ln Gamma(x + 1) - ln(sqrt(2 pi x) (x / e)^x): what Stirling's formula leaves. x > 0. */
double rg_stirling_error(double x);

/* The zero of an increasing function between lo and hi, by Ridders' method (Ridders 1979) to
 * the last bits of x; NaN when the signs at the ends do not differ. */
typedef double rg_function(double x, const void *ctx);
double rg_root(rg_function *f, const void *ctx, double lo, double hi);

/* E[f(s)] for s = sqrt(chi2_df / df) and 0 <= f <= 1; `width` is how far ln s must move for f
 * to change much.  Finite df > 0. */
double rg_scale_average(rg_function *f, const void *ctx, double df, double width);

#endif
