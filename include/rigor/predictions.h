/* predictions.h - two fixed models on one test set: what is tested are these two models, not
 * the methods that made them. */
#ifndef RIGOR_PREDICTIONS_H
#define RIGOR_PREDICTIONS_H

#include "rigor/resample.h"
#include "rigor/stats.h"

/* McNemar (1947; mcnemar.c): only_a examples (b) that A alone has right, only_b (c) that B
 * alone has.  Assumes independent examples.  Exact: binomial with one half, two-sided as twice
 * the smaller tail, at most 1 (R's binom.test); right for any b and c, so it is the one to
 * report. chi2 = (b - c)^2 / (b + c); corrected for continuity: max(|b - c| - 1, 0)^2 / (b +
 * c), as R's mcnemar.test.  b + c == 0, the two never differ: p_exact is 1, the others NaN. */
typedef struct rg_mcnemar_result {
    size_t only_a, only_b;
    double p_exact;
    double chi2, p_chi2;
    double chi2_corrected, p_chi2_corrected;
} rg_mcnemar_result;
rg_mcnemar_result rg_mcnemar(size_t only_a, size_t only_b);

/* DeLong, DeLong and Clarke-Pearson (1988; delong.c), with the sorting of Sun and Xu (2014):
 * the areas under the ROC curves of two scores of the same examples.  `positive`: the labels; a
 * higher score means positive; ties count one half, infinite scores are fine.  z = difference /
 * se is normal; the interval is difference -+ z_{1 - alpha/2} se.  Assumes independent examples
 * and enough of both kinds (30 and more); the interval is not bent at -1 and 1.
 * No positive or no negative examples, or NaN: all NaN.  One example of a kind: areas and
 * difference only.  Both scores order the examples alike, or both separate them wholly: se is 0
 * and z, p and the interval are NaN. */
typedef struct rg_delong_result {
    double auc_a, auc_b, difference, se, z, p, lo, hi;
} rg_delong_result;
rg_delong_result rg_delong(const double *score_a, const double *score_b, const bool *positive,
                           size_t n, double alpha);

#endif
