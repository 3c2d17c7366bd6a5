/* metrics.c - the scores that the lab knows, one row each.
 *
 * Sums run in the order of the rows and in double precision: equal predictions are equal scores
 * to the last bit.  A class is predicted when its probability is the largest, of equal ones the
 * first. A score over no rows is NaN. */
#include "rigor/calibration.h"

#include <math.h>
#include <string.h>

#define PROBABILITY_FLOOR \
    1e-15 /* nll: a probability of 0 for the true class costs 34.5, not inf */
enum { CALIBRATION_BINS = 15 };

static const float *row(const rg_predictions *p, size_t i)
{
    return p->value + i * p->classes;
}

static size_t predicted_class(const rg_predictions *p, size_t i)
{
    const float *q = row(p, i);
    size_t best = 0;
    for (size_t k = 1; k < p->classes; k++)
        best = q[k] > q[best] ? k : best;
    return best;
}

/* ---- classes
 * ---------------------------------------------------------------------------------- */

static double accuracy(const rg_predictions *p, const rg_part *truth)
{
    size_t hits = 0;
    for (size_t i = 0; i < p->rows; i++)
        hits += predicted_class(p, i) == (size_t)truth->label[i];
    return (double)hits / (double)p->rows;
}

typedef struct tally { /* of one class */
    size_t actual, predicted, hits;
} tally;

static tally *tallies(const rg_predictions *p, const rg_part *truth)
{
    tally *t = RG_NEW_ARRAY(tally, p->classes);
    for (size_t i = 0; i < p->rows; i++) {
        size_t k = (size_t)truth->label[i], guess = predicted_class(p, i);
        t[k].actual++;
        t[guess].predicted++;
        t[k].hits += guess == k;
    }
    return t;
}

/* The mean recall of the classes that occur. */
static double balanced_accuracy(const rg_predictions *p, const rg_part *truth)
{
    tally *t = tallies(p, truth);
    double sum = 0;
    size_t occur = 0;
    for (size_t k = 0; k < p->classes; k++) {
        if (t[k].actual == 0)
            continue;
        sum += (double)t[k].hits / (double)t[k].actual;
        occur++;
    }
    rg_free(t);
    return sum / (double)occur;
}

/* The mean of 2 hits / (actual + predicted) over the classes that occur or are predicted. */
static double macro_f1(const rg_predictions *p, const rg_part *truth)
{
    tally *t = tallies(p, truth);
    double sum = 0;
    size_t occur = 0;
    for (size_t k = 0; k < p->classes; k++) {
        size_t both = t[k].actual + t[k].predicted;
        if (both == 0)
            continue;
        sum += 2 * (double)t[k].hits / (double)both;
        occur++;
    }
    rg_free(t);
    return sum / (double)occur;
}

/* ---- probabilities
 * ---------------------------------------------------------------------------- */

static double nll(const rg_predictions *p, const rg_part *truth)
{
    double sum = 0;
    for (size_t i = 0; i < p->rows; i++) {
        double q = row(p, i)[truth->label[i]];
        sum -= log(q > PROBABILITY_FLOOR ? q : PROBABILITY_FLOOR);
    }
    return sum / (double)p->rows;
}

/* Brier 1950: squared distance to the one-hot truth, summed over the classes.  For two classes
 * half of that, which is the usual (p - y)^2 of the second class. */
static double brier(const rg_predictions *p, const rg_part *truth)
{
    double sum = 0;
    for (size_t i = 0; i < p->rows; i++) {
        for (size_t k = 0; k < p->classes; k++) {
            double gap = (double)row(p, i)[k] - (k == (size_t)truth->label[i]);
            sum += gap * gap;
        }
    }
    return sum / (double)p->rows / (p->classes == 2 ? 2 : 1);
}

static double ece(const rg_predictions *p, const rg_part *truth)
{
    if (p->rows == 0)
        return NAN;
    double *confidence = RG_NEW_ARRAY(double, p->rows);
    bool *hit = RG_NEW_ARRAY(bool, p->rows);
    rg_confidences(p, truth, confidence, hit);
    double result = rg_calibrate(confidence, hit, p->rows, CALIBRATION_BINS).ece;
    rg_free(hit);
    rg_free(confidence);
    return result;
}

/* ---- numbers
 * ---------------------------------------------------------------------------------- */

static double squared_error(const rg_predictions *p, const rg_part *truth)
{
    double sum = 0;
    for (size_t i = 0; i < p->rows; i++) {
        double gap = (double)p->value[i] - (double)truth->target[i];
        sum += gap * gap;
    }
    return sum;
}

static double rmse(const rg_predictions *p, const rg_part *truth)
{
    return sqrt(squared_error(p, truth) / (double)p->rows);
}

static double mae(const rg_predictions *p, const rg_part *truth)
{
    double sum = 0;
    for (size_t i = 0; i < p->rows; i++)
        sum += fabs((double)p->value[i] - (double)truth->target[i]);
    return sum / (double)p->rows;
}

/* 1 - squared error / squared deviation from the mean; NaN when the truth is constant. */
static double r2(const rg_predictions *p, const rg_part *truth)
{
    double sum = 0, spread = 0;
    for (size_t i = 0; i < p->rows; i++)
        sum += truth->target[i];
    double mean = sum / (double)p->rows;
    for (size_t i = 0; i < p->rows; i++)
        spread += (truth->target[i] - mean) * (truth->target[i] - mean);
    return spread > 0 ? 1 - squared_error(p, truth) / spread : NAN;
}

/* ---- the table
 * -------------------------------------------------------------------------------- */

const rg_metric rg_metrics[] = {
    {"accuracy", "Accuracy", true, RG_CLASSIFY, 0, accuracy},
    {"balanced_accuracy", "Balanced accuracy", true, RG_CLASSIFY, 0, balanced_accuracy},
    {"macro_f1", "Macro F1", true, RG_CLASSIFY, 0, macro_f1},
    {"nll", "Negative log-likelihood", false, RG_CLASSIFY, NAN, nll},
    {"brier", "Brier score", false, RG_CLASSIFY, 2, brier},
    {"ece", "Expected calibration error (15 bins)", false, RG_CLASSIFY, 1, ece},
    {"rmse", "Root mean squared error", false, RG_REGRESS, NAN, rmse},
    {"mae", "Mean absolute error", false, RG_REGRESS, NAN, mae},
    {"r2", "Coefficient of determination", true, RG_REGRESS, NAN, r2},
    {0},
};

const rg_metric *rg_metric_find(const char *name)
{
    for (const rg_metric *metric = rg_metrics; metric->name; metric++)
        if (!strcmp(metric->name, name))
            return metric;
    return NULL;
}
