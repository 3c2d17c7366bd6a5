/* metrics_curves.c - areas under the ROC curve and under the precision-recall curve.
 *
 * Both are sums over the thresholds that tell rows apart: rows with one score are taken
 * together, so their order in the file means nothing. */
#include "data/metrics.h"

#include <math.h>

/* ---- one class against the rest
 * ---------------------------------------------------------------- */

/* Each positive has below it the negatives that come later and half of those that it ties with;
 * sorted best first. */
static double roc_area(const rg_pooled *sorted, size_t n, size_t positives)
{
    size_t negatives = n - positives;
    double later = (double)negatives, below = 0;
    for (size_t i = 0; i < n;) {
        rg_ties ties = rg_ties_at(sorted, n, i);
        later -= (double)ties.second;
        below += (double)ties.first * (later + (double)ties.second / 2);
        i = ties.end;
    }
    return positives && negatives ? below / ((double)positives * (double)negatives)
                                  : (double)NAN;
}

double rg_auc(const double *score, const bool *positive, size_t n)
{
    rg_pooled *sorted = RG_NEW_ARRAY(rg_pooled, n + 1);
    size_t positives = 0;
    for (size_t i = 0; i < n; i++) {
        sorted[i] = (rg_pooled){-score[i], i, positive[i]};
        positives += positive[i];
    }
    double area = rg_pool_sort(sorted, n) ? roc_area(sorted, n, positives) : (double)NAN;
    rg_free(sorted);
    return area;
}

/* The sum over thresholds of (recall gained) x precision (Davis and Goadrich 2006 say why not
 * by trapezoids). */
double rg_average_precision(const rg_pooled *sorted, size_t n, size_t positives)
{
    size_t hits = 0;
    double sum = 0;
    for (size_t i = 0; i < n;) {
        rg_ties ties = rg_ties_at(sorted, n, i);
        hits += ties.first;
        sum += (double)ties.first * (double)hits / (double)ties.end;
        i = ties.end;
    }
    return sum / (double)positives;
}

static double pr_area(const rg_pooled *sorted, size_t n, size_t positives)
{
    return positives ? rg_average_precision(sorted, n, positives) : (double)NAN;
}

/* ---- of the second class, or the mean over all
 * ------------------------------------------------- */

typedef double (*area_fn)(const rg_pooled *sorted, size_t n, size_t positives);

/* By the probability of the class, or by a score of the second class. */
static double area_of_class(const rg_predictions *p, const rg_part *truth, size_t class,
                            area_fn area)
{
    rg_pooled *sorted = RG_NEW_ARRAY(rg_pooled, p->rows + 1);
    size_t positives = 0;
    for (size_t i = 0; i < p->rows; i++) {
        double score = p->value[p->classes ? i * p->classes + class : i];
        bool positive = (size_t)truth->label[i] == class;
        sorted[i] = (rg_pooled){-score, i, positive};
        positives += positive;
    }
    double result =
        rg_pool_sort(sorted, p->rows) ? area(sorted, p->rows, positives) : (double)NAN;
    rg_free(sorted);
    return result;
}

/* Classes whose area does not exist are left out of the mean. */
static double mean_area(const rg_predictions *p, const rg_part *truth, area_fn area)
{
    if (truth->classes == 2)
        return area_of_class(p, truth, 1, area);
    double sum = 0;
    size_t exist = 0;
    for (size_t class = 0; class < truth->classes; class ++) {
        double one = area_of_class(p, truth, class, area);
        if (isnan(one))
            continue;
        sum += one;
        exist++;
    }
    return sum / (double)exist;
}

double rg_score_roc_auc(const rg_predictions *p, const rg_part *truth)
{
    return mean_area(p, truth, roc_area);
}

double rg_score_pr_auc(const rg_predictions *p, const rg_part *truth)
{
    return mean_area(p, truth, pr_area);
}
