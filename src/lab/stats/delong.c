/* delong.c - areas under ROC curves of one test set, and whether two of them differ.
 *
 * The area is the mean placement of the positive examples among the negative ones.  Of the
 * difference of two areas DeLong's covariance matrix gives the variance: that of the
 * differences of placements, once over the positive and once over the negative examples. Taken
 * from the differences themselves nothing cancels. */
#include "base/placement.h"
#include "lab/stats/student.h"

#include "rigor/predictions.h"

#include <math.h>

typedef struct split { /* of the labels */
    size_t positives, negatives;
} split;

static split count_labels(const bool *positive, size_t n)
{
    split s = {0, 0};
    for (size_t i = 0; i < n; i++)
        s.positives += positive[i];
    s.negatives = n - s.positives;
    return s;
}

/* Placements of the positive examples come first, in order, then those of the negative ones,
 * each as a share; false where there is none of a kind, or a NaN. rg_free in any case. */
static bool placements_by_label(const double *score, const bool *positive, size_t n, split s,
                                double **ret)
{
    rg_pooled *pooled = RG_NEW_ARRAY(rg_pooled, n + 1);
    *ret = RG_NEW_ARRAY(double, n + 1);
    size_t next_positive = 0, next_negative = s.positives;
    for (size_t i = 0; i < n; i++) {
        size_t place = positive[i] ? next_positive++ : next_negative++;
        pooled[i] = (rg_pooled){score[i], place, positive[i]};
    }
    bool valid = s.positives > 0 && s.negatives > 0 && rg_pool_sort(pooled, n);
    if (valid) {
        rg_placements(pooled, n, *ret);
        for (size_t i = 0; i < n; i++)
            (*ret)[i] /= 2 * (double)(i < s.positives ? s.negatives : s.positives);
    }
    rg_free(pooled);
    return valid;
}

static rg_delong_result compare(const double *a, const double *b, split s, double *differences,
                                double alpha)
{
    size_t n = s.positives + s.negatives;
    for (size_t i = 0; i < n; i++)
        differences[i] = a[i] - b[i];
    rg_t_result over_positive = rg_t_test(differences, s.positives, 0, alpha);
    rg_t_result over_negative = rg_t_test(differences + s.positives, s.negatives, 0, alpha);
    rg_error error = {hypot(over_positive.se, over_negative.se), INFINITY};
    rg_t_result z = rg_t_of(n, over_positive.mean, NAN, error, 0, alpha);
    return (rg_delong_result){
        .auc_a = rg_mean(a, s.positives),
        .auc_b = rg_mean(b, s.positives),
        .difference = z.mean,
        .se = z.se,
        .z = z.t,
        .p = z.p,
        .lo = z.lo,
        .hi = z.hi,
    };
}

rg_delong_result rg_delong(const double *score_a, const double *score_b, const bool *positive,
                           size_t n, double alpha)
{
    rg_delong_result r = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    split s = count_labels(positive, n);
    double *a, *b;
    bool valid_a = placements_by_label(score_a, positive, n, s, &a);
    bool valid_b = placements_by_label(score_b, positive, n, s, &b);
    if (valid_a && valid_b) {
        double *differences = RG_NEW_ARRAY(double, n);
        r = compare(a, b, s, differences, alpha);
        rg_free(differences);
    }
    rg_free(a);
    rg_free(b);
    return r;
}
