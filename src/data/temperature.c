/* temperature.c - one number that makes a classifier's probabilities honest.
 *
 * With s = 1/T and z = ln p, the negative log-likelihood of a row is ln sum exp(s z_k) - s z_y:
 * convex in s, with slope E[z] - z_y and curvature Var[z] under the tempered probabilities. */
#include "rigor/calibration.h"

#include <float.h>
#include <math.h>

#define PROBABILITY_FLOOR 1e-15
enum { MOST_STEPS = 200 };

typedef struct likelihood { /* sums over the rows */
    double nll, slope, curvature;
} likelihood;

static double log_floored(float p)
{
    return log(p > PROBABILITY_FLOOR ? p : PROBABILITY_FLOOR);
}

static void add_row(const double *z, size_t classes, size_t label, double sharpness,
                    likelihood *sum)
{
    double largest = z[0], total = 0, mean = 0, square = 0;
    for (size_t k = 1; k < classes; k++)
        largest = fmax(largest, z[k]);
    for (size_t k = 0; k < classes; k++) {
        double below = z[k] - largest, weight = exp(sharpness * below);
        total += weight;
        mean += weight * below;
        square += weight * below * below;
    }
    mean /= total;
    sum->nll += log(total) - sharpness * (z[label] - largest);
    sum->slope += mean - (z[label] - largest);
    sum->curvature += square / total - mean * mean;
}

static likelihood at_sharpness(const double *z, const rg_part *truth, size_t rows,
                               size_t classes, double sharpness)
{
    likelihood sum = {0, 0, 0};
    for (size_t i = 0; i < rows; i++)
        add_row(z + i * classes, classes, (size_t)truth->label[i], sharpness, &sum);
    return sum;
}

/* How far the true classes lie below the largest ones: the slope where s is infinite.  With 0
 * there is no minimum, the likelihood grows for ever. */
static double slope_at_the_end(const double *z, const rg_part *truth, size_t rows,
                               size_t classes)
{
    double sum = 0;
    for (size_t i = 0; i < rows; i++, z += classes) {
        double largest = z[0];
        for (size_t k = 1; k < classes; k++)
            largest = fmax(largest, z[k]);
        sum += largest - z[truth->label[i]];
    }
    return sum;
}

/* The zero of the slope, which grows with the sharpness s, negative at 0 and positive in the
 * end: Newton's method, halving the bracket where it would leave it. */
static double best_sharpness(const double *z, const rg_part *truth, size_t rows, size_t classes)
{
    double lo = 0, hi = 1;
    while (at_sharpness(z, truth, rows, classes, hi).slope < 0) {
        lo = hi;
        hi *= 4;
    }
    double s = .5 * (lo + hi);
    for (int i = 0; i < MOST_STEPS; i++) {
        likelihood here = at_sharpness(z, truth, rows, classes, s);
        if (here.slope == 0)
            break;
        *(here.slope < 0 ? &lo : &hi) = s;
        double next = s - here.slope / here.curvature;
        if (!(next > lo && next < hi))
            next = .5 * (lo + hi);
        bool settled = fabs(next - s) <= 1e-14 * s;
        s = next;
        if (settled)
            break;
    }
    return s;
}

rg_temperature rg_temperature_fit(const rg_predictions *validation, const rg_part *truth)
{
    size_t rows = validation->rows, classes = validation->classes;
    rg_temperature none = {NAN, NAN, NAN};
    if (rows == 0 || classes == 0)
        return none;
    double *z = RG_NEW_ARRAY(double, rows *classes);
    for (size_t i = 0; i < rows * classes; i++)
        z[i] = log_floored(validation->value[i]);
    likelihood even = at_sharpness(z, truth, rows, classes, 0);
    double sharpness = NAN;
    if (even.curvature > 0 && even.slope >= 0)
        sharpness = 0;
    else if (even.curvature > 0 && slope_at_the_end(z, truth, rows, classes) > 0)
        sharpness = best_sharpness(z, truth, rows, classes);
    else if (even.curvature > 0)
        sharpness = INFINITY;
    double reached = sharpness < DBL_MAX ? sharpness : DBL_MAX; /* infinity times 0 is NaN */
    rg_temperature r = {
        1 / sharpness,
        at_sharpness(z, truth, rows, classes, 1).nll / (double)rows,
        isnan(sharpness) ? NAN
                         : at_sharpness(z, truth, rows, classes, reached).nll / (double)rows,
    };
    rg_free(z);
    return r;
}

static void temper_row(double sharpness, size_t classes, const float *value, float *ret)
{
    double largest = -INFINITY, total = 0;
    for (size_t k = 0; k < classes; k++)
        largest = fmax(largest, log_floored(value[k]));
    for (int pass = 0; pass < 2; pass++) { /* the first finds the sum */
        double scale = pass ? 1 / total : 1;
        for (size_t k = 0; k < classes; k++) {
            double below = log_floored(value[k]) - largest;
            double weight = below == 0 ? 1 : exp(sharpness * below);
            if (pass)
                ret[k] = (float)(weight * scale);
            else
                total += weight;
        }
    }
}

void rg_temperature_apply(double temperature, size_t rows, size_t classes, const float *value,
                          float *ret)
{
    for (size_t i = 0; i < rows; i++)
        temper_row(1 / temperature, classes, value + i * classes, ret + i * classes);
}
