/* predictions.h - two fixed models on one test set: what is tested are these two models, not
 * the methods that made them. */
#ifndef RIGOR_PREDICTIONS_H
#define RIGOR_PREDICTIONS_H

#include "rigor/resample.h"
#include "rigor/stats.h"

/* McNemar (1947): b examples only A has right, c only B. Exact: binomial, two-sided. */
typedef struct rg_mcnemar_result {
    size_t only_a, only_b;
    double p_exact;
    double chi2, p_chi2;                     /* (b - c)^2 / (b + c) */
    double chi2_corrected, p_chi2_corrected; /* (|b - c| - 1)^2 / (b + c) */
} rg_mcnemar_result;
rg_mcnemar_result rg_mcnemar(size_t only_a, size_t only_b);

/* DeLong et al. (1988), with the ranks of Sun and Xu (2014): areas under two correlated ROC
 * curves. positive: the labels; scores: higher means positive. */
typedef struct rg_delong_result {
    double auc_a, auc_b, difference, se, z, p, lo, hi;
} rg_delong_result;
rg_delong_result rg_delong(const double *score_a, const double *score_b, const bool *positive,
                           size_t n, double alpha);
double rg_auc(const double *score, const bool *positive, size_t n);

#endif
