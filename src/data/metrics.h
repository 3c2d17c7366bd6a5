/* metrics.h - calibration, for the metrics and their tests. */
#ifndef RIGOR_DATA_METRICS_H
#define RIGOR_DATA_METRICS_H

#include "rigor/data.h"

typedef struct rg_calibration {
    double ece; /* mean |outcome - confidence| of the bins, weighted by their counts */
    double rms; /* root of the weighted mean square */
    double max; /* largest gap of a bin that is not empty */
} rg_calibration;

/* confidence in [0, 1], outcome 0 or 1.  `bins` bins of equal width, bin b = (b/bins,
 * (b+1)/bins]; 0 belongs to the first (Guo et al. 2017, "On calibration of modern neural
 * networks"). */
rg_calibration rg_calibrate(const double *confidence, const bool *outcome, size_t n,
                            size_t bins);

#endif
