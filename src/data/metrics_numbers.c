/* metrics_numbers.c - scores of predicted numbers. */
#include "data/metrics.h"

#include <math.h>

static double squared_error(const rg_predictions *p, const rg_part *truth)
{
    double sum = 0;
    for (size_t i = 0; i < p->rows; i++) {
        double gap = (double)p->value[i] - (double)truth->target[i];
        sum += gap * gap;
    }
    return sum;
}

double rg_score_rmse(const rg_predictions *p, const rg_part *truth)
{
    return sqrt(squared_error(p, truth) / (double)p->rows);
}

double rg_score_mae(const rg_predictions *p, const rg_part *truth)
{
    double sum = 0;
    for (size_t i = 0; i < p->rows; i++)
        sum += fabs((double)p->value[i] - (double)truth->target[i]);
    return sum / (double)p->rows;
}

/* 1 - squared error / squared deviation from the mean; NaN when the truth is constant. */
double rg_score_r2(const rg_predictions *p, const rg_part *truth)
{
    double sum = 0, spread = 0;
    for (size_t i = 0; i < p->rows; i++)
        sum += truth->target[i];
    double mean = sum / (double)p->rows;
    for (size_t i = 0; i < p->rows; i++)
        spread += (truth->target[i] - mean) * (truth->target[i] - mean);
    return spread > 0 ? 1 - squared_error(p, truth) / spread : NAN;
}

/* Ranks from 1, of equal numbers their mean; false where a number is NaN. */
static bool ranks_of(const float *value, size_t n, double *ret)
{
    rg_pooled *sorted = RG_NEW_ARRAY(rg_pooled, n + 1);
    for (size_t i = 0; i < n; i++)
        sorted[i] = (rg_pooled){value[i], i, false};
    bool valid = rg_pool_sort(sorted, n);
    for (size_t i = 0; valid && i < n;) {
        rg_ties ties = rg_ties_at(sorted, n, i);
        for (; i < ties.end; i++)
            ret[sorted[i].place] = (double)(ties.begin + 1 + ties.end) / 2;
    }
    rg_free(sorted);
    return valid;
}

/* Pearson's correlation of two lists of ranks, whose mean is (n + 1) / 2 whatever the ties.
 * Ranks a that are all equal rank nothing: 0, the mean over all orders that they leave open. */
static double rank_correlation(const double *a, const double *b, size_t n)
{
    double mean = (double)(n + 1) / 2, both = 0, of_a = 0, of_b = 0;
    for (size_t i = 0; i < n; i++) {
        both += (a[i] - mean) * (b[i] - mean);
        of_a += (a[i] - mean) * (a[i] - mean);
        of_b += (b[i] - mean) * (b[i] - mean);
    }
    if (of_a > 0 && of_b > 0)
        return fmax(-1, fmin(1, both / sqrt(of_a * of_b)));
    return of_b > 0 ? 0 : (double)NAN;
}

/* Spearman 1904; NaN when the truth is constant. */
double rg_score_spearman(const rg_predictions *p, const rg_part *truth)
{
    double *predicted = RG_NEW_ARRAY(double, p->rows + 1);
    double *actual = RG_NEW_ARRAY(double, p->rows + 1);
    bool valid =
        ranks_of(p->value, p->rows, predicted) && ranks_of(truth->target, p->rows, actual);
    double rho = valid ? rank_correlation(predicted, actual, p->rows) : (double)NAN;
    rg_free(actual);
    rg_free(predicted);
    return rho;
}
