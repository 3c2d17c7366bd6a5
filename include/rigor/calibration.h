/* calibration.h - do stated probabilities come true, and what temperature makes them?
 *
 * A number that does not exist is NaN, as in stats.h. */
#ifndef RIGOR_CALIBRATION_H
#define RIGOR_CALIBRATION_H

#include "rigor/data.h"

/* confidence in [0, 1], outcome 0 or 1.  `bins` bins of equal width, bin b = (b/bins,
 * (b+1)/bins]; 0 belongs to the first (Naeini et al. 2015; Guo et al. 2017, "On calibration of
 * modern neural networks").  The gap of a bin is |share of outcomes - mean confidence|; empty
 * bins have none.  The expected error falls with the number of bins and is biased upwards where
 * bins hold few examples: compare models with one number of bins on one test set. No examples
 * or no bins, or a NaN: all NaN. */
typedef struct rg_calibration {
    double ece; /* mean gap of the bins, weighted by their counts */
    double rms; /* root of the weighted mean square */
    double max; /* largest gap of a bin that is not empty */
} rg_calibration;
rg_calibration rg_calibrate(const double *confidence, const bool *outcome, size_t n,
                            size_t bins);

/* The same bins as a curve: x confidence, y rate.  ret has `bins` places; of an empty bin
 * confidence and rate are NaN.  A confidence that is NaN counts in no bin. */
typedef struct rg_calibration_bin {
    double lo, hi; /* (lo, hi] */
    size_t count;
    double confidence; /* mean */
    double rate;       /* share of outcomes */
} rg_calibration_bin;
void rg_calibration_curve(const double *confidence, const bool *outcome, size_t n, size_t bins,
                          rg_calibration_bin *ret);

/* The confidence of the predicted class (of equal ones the first), and whether it is the true
 * one; each has a place for every row. */
void rg_confidences(const rg_predictions *predictions, const rg_part *truth,
                    double *ret_confidence, bool *ret_hit);

/* Temperature scaling (Guo et al. 2017, 4.2): probabilities p become softmax(ln p / T), with T
 * the minimum of the negative log-likelihood on validation data, never on the test set.  In 1/T
 * that is convex; its slope has one zero, found by Newton's method kept between bounds. T > 1
 * softens, T < 1 sharpens; predicted classes stay. Probabilities count as at least 1e-15.
 * Every true class has the largest probability (ties aside): T = 0, the limit.  The
 * probabilities say no more than even ones would, or the contrary: T is infinite.  No rows,
 * regression, or nothing but even probabilities: NaN. */
typedef struct rg_temperature {
    double temperature;
    double nll_before, nll_after; /* mean over the rows, brought to sum 1; natural logarithm */
} rg_temperature;
rg_temperature rg_temperature_fit(const rg_predictions *validation, const rg_part *truth);
/* value and ret: (rows, classes); ret may be value.  T == 0 puts everything on the largest,
 * shared between equals; T infinite makes them even. */
void rg_temperature_apply(double temperature, size_t rows, size_t classes, const float *value,
                          float *ret);

#endif
