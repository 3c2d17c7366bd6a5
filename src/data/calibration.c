/* calibration.c - stated probabilities against what came true, in bins of equal width. */
#include "rigor/calibration.h"

#include "data/metrics.h"

#include <math.h>

/* Bin k holds what lies above k / bins and up to (k + 1) / bins. */
static size_t bin_of(double confidence, size_t bins)
{
    double at = confidence * (double)bins;
    if (!(at > 1))
        return 0;
    if (at > (double)bins)
        return bins - 1;
    size_t whole = (size_t)at;
    return (double)whole < at ? whole : whole - 1;
}

/* Sums where the curve has means. */
static void fill_bins(const double *confidence, const bool *outcome, size_t n, size_t bins,
                      rg_calibration_bin *ret)
{
    for (size_t k = 0; k < bins; k++) {
        double width = 1 / (double)bins;
        ret[k] = (rg_calibration_bin){(double)k * width, (double)(k + 1) * width, 0, 0, 0};
    }
    for (size_t i = 0; i < n && bins > 0; i++) {
        if (isnan(confidence[i]))
            continue;
        rg_calibration_bin *into = &ret[bin_of(confidence[i], bins)];
        into->count++;
        into->confidence += confidence[i];
        into->rate += outcome[i];
    }
}

void rg_calibration_curve(const double *confidence, const bool *outcome, size_t n, size_t bins,
                          rg_calibration_bin *ret)
{
    fill_bins(confidence, outcome, n, bins, ret);
    for (size_t k = 0; k < bins; k++) { /* 0 / 0 is NaN */
        ret[k].confidence /= (double)ret[k].count;
        ret[k].rate /= (double)ret[k].count;
    }
}

rg_calibration rg_calibrate(const double *confidence, const bool *outcome, size_t n,
                            size_t bins)
{
    rg_calibration_bin *bin = RG_NEW_ARRAY(rg_calibration_bin, bins + 1);
    fill_bins(confidence, outcome, n, bins, bin);
    rg_calibration c = {0};
    double squares = 0;
    size_t counted = 0;
    for (size_t k = 0; k < bins; k++) {
        if (bin[k].count == 0)
            continue;
        double gap = fabs(bin[k].rate - bin[k].confidence) / (double)bin[k].count;
        double weight = (double)bin[k].count / (double)n;
        c.ece += weight * gap;
        squares += weight * gap * gap;
        c.max = gap > c.max ? gap : c.max;
        counted += bin[k].count;
    }
    c.rms = sqrt(squares);
    rg_free(bin);
    return n > 0 && counted == n ? c : (rg_calibration){NAN, NAN, NAN};
}

void rg_confidences(const rg_predictions *predictions, const rg_part *truth,
                    double *ret_confidence, bool *ret_hit)
{
    for (size_t i = 0; i < predictions->rows; i++) {
        const float *p = predictions->value + i * predictions->classes;
        size_t best = rg_predicted_class(predictions, i);
        ret_confidence[i] = p[best];
        ret_hit[i] = best == (size_t)truth->label[i];
    }
}
