/* metrics_classes.c - scores of predicted classes and of their probabilities. */
#include "data/metrics.h"

#include "rigor/calibration.h"

#include <math.h>

#define PROBABILITY_FLOOR \
    1e-15 /* nll: a probability of 0 for the true class costs 34.5, not inf */
enum {
    CALIBRATION_BINS = 15,
    FACTORS =
        16 /* of one product of probabilities: 1e-240 at least, far from the least double */
};

static const float *row(const rg_predictions *p, size_t i)
{
    return p->value + i * p->classes;
}

size_t rg_likeliest(const float *probability, size_t classes)
{
    float most = probability[0];
    size_t ret = 0;
#pragma GCC unroll 4
    for (size_t k = 1; k < classes; k++) {
        ret = probability[k] > most ? k : ret;
        most = probability[k] > most ? probability[k] : most;
    }
    return ret;
}

size_t rg_predicted_class(const rg_predictions *p, size_t i)
{
    return p->likeliest ? p->likeliest[i] : rg_likeliest(row(p, i), p->classes);
}

void rg_find_likeliest(const rg_predictions *predictions, uint32_t *ret)
{
    for (size_t i = 0; i < predictions->rows; i++)
        ret[i] = (uint32_t)rg_likeliest(row(predictions, i), predictions->classes);
}

/* ---- Classes. */

double rg_score_accuracy(const rg_predictions *p, const rg_part *truth)
{
    size_t hits = 0;
    for (size_t i = 0; i < p->rows; i++)
        hits += rg_predicted_class(p, i) == (size_t)truth->label[i];
    return (double)hits / (double)p->rows;
}

typedef struct tally { /* of one class */
    size_t actual, predicted, hits;
} tally;

static tally *tallies(const rg_predictions *p, const rg_part *truth)
{
    tally *t = RG_NEW_ARRAY(tally, p->classes);
    for (size_t i = 0; i < p->rows; i++) {
        size_t k = (size_t)truth->label[i], guess = rg_predicted_class(p, i);
        t[k].actual++;
        t[guess].predicted++;
        t[k].hits += guess == k;
    }
    return t;
}

/* The mean recall of the classes that occur. */
double rg_score_balanced_accuracy(const rg_predictions *p, const rg_part *truth)
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
double rg_score_macro_f1(const rg_predictions *p, const rg_part *truth)
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

/* Of the second class: 2 hits / (actual + predicted), and 0 where it neither occurs nor is
 * predicted. */
double rg_score_f1(const rg_predictions *p, const rg_part *truth)
{
    if (p->rows == 0)
        return NAN;
    tally *t = tallies(p, truth);
    size_t both = t[1].actual + t[1].predicted;
    double f1 = both ? 2 * (double)t[1].hits / (double)both : 0;
    rg_free(t);
    return f1;
}

/* ---- Probabilities. */

static double likelihood(const rg_predictions *p, const rg_part *truth, size_t from, size_t to)
{
    double product = 1;
    for (size_t i = from; i < to; i++) {
        double q = row(p, i)[truth->label[i]];
        product *= q > PROBABILITY_FLOOR ? q : PROBABILITY_FLOOR;
    }
    return product;
}

/* One logarithm for several rows: it is what takes the time. */
double rg_score_nll(const rg_predictions *p, const rg_part *truth)
{
    double sum = 0;
    for (size_t i = 0; i < p->rows; i += FACTORS)
        sum -= log(likelihood(p, truth, i, i + FACTORS < p->rows ? i + FACTORS : p->rows));
    return sum / (double)p->rows;
}

double rg_score_perplexity(const rg_predictions *p, const rg_part *truth)
{
    return exp(rg_score_nll(p, truth));
}

/* Brier 1950: squared distance to the one-hot truth, summed over the classes.  For two classes
 * half of that, which is the usual (p - y)^2 of the second class. */
double rg_score_brier(const rg_predictions *p, const rg_part *truth)
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

double rg_score_ece(const rg_predictions *p, const rg_part *truth)
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
