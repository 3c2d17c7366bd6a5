/* strata.c - pairs that are not one independent sample: several data sets, and the folds of a
 * cross-validation, which share training data. */
#include "lab/stats/student.h"

#include "rigor/groups.h"

#include <math.h>

rg_t_result rg_stratified_corrected_t(const rg_stratum *strata, size_t sets,
                                      double test_over_train, double null, double alpha)
{
    double sum = 0, weight = 1 / (double)sets;
    size_t pairs = 0;
    rg_error *parts = RG_NEW_ARRAY(rg_error, sets + 1);
    for (size_t i = 0; i < sets; i++) {
        const rg_stratum *s = &strata[i];
        rg_t_result r = test_over_train == 0
                            ? rg_t_test(s->differences, s->n, 0, alpha)
                            : rg_corrected_t(s->differences, s->n, test_over_train, 0, alpha);
        sum += r.mean;
        pairs += strata[i].n;
        parts[i] = (rg_error){r.se * weight, r.df};
    }
    rg_error error = rg_satterthwaite(parts, sets);
    rg_free(parts);
    return rg_t_of(pairs, sum * weight, NAN, error, null, alpha);
}

rg_t_result rg_stratified_t(const rg_stratum *strata, size_t sets, double null, double alpha)
{
    return rg_stratified_corrected_t(strata, sets, 0, null, alpha);
}

rg_t_result rg_corrected_t(const double *differences, size_t n, double test_over_train,
                           double null, double alpha)
{
    rg_t_result r = rg_t_test(differences, n, null, alpha);
    if (!(test_over_train >= 0))
        return rg_t_of(n, r.mean, r.sd, (rg_error){NAN, r.df}, null, alpha);
    rg_error error = {r.sd * sqrt(1 / (double)n + test_over_train), r.df};
    return rg_t_of(n, r.mean, r.sd, error, null, alpha);
}
