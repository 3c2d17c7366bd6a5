/* compare_summary.c - mean and interval of one arm, as its data sets and folds ask for. */
#include "lab/report/compare_summary.h"

#include "rigor/groups.h"

#include <math.h>

enum { FEW_SETS = 5 }; /* beyond, sets are a sample of sets */

static size_t find_strata(const rg_scores *s, rg_stratum *ret)
{
    size_t sets = 0;
    for (size_t i = 0, start = 0; i < s->count; i++) {
        if (i + 1 < s->count && s->set[i + 1] == s->set[i])
            continue;
        ret[sets++] = (rg_stratum){s->value + start, i + 1 - start};
        start = i + 1;
    }
    return sets;
}

/* test_over_train: of folds, else 0. */
static rg_t_result over_sets(const rg_scores *s, double test_over_train, double alpha)
{
    rg_stratum *strata = RG_NEW_ARRAY(rg_stratum, s->count + 1);
    double *means = RG_NEW_ARRAY(double, s->count + 1);
    size_t sets = find_strata(s, strata);
    for (size_t i = 0; i < sets; i++)
        means[i] = rg_t_test(strata[i].differences, strata[i].n, 0, alpha).mean;
    rg_t_result t = sets > 1 && sets <= FEW_SETS
                        ? rg_stratified_corrected_t(strata, sets, test_over_train, 0, alpha)
                        : rg_t_test(means, sets, 0, alpha);
    t.sd = NAN;
    rg_free(strata);
    rg_free(means);
    return t;
}

static void set_number(json_t *o, const char *key, double value)
{
    json_object_set_new(o, key, rg_json_real(value));
}

json_t *rg_compare_summary(const rg_scores *s, size_t folds, double alpha)
{
    json_t *o = rg_summary_json(s->value, s->count, alpha);
    if (!s->set && !(s->fold && folds > 1))
        return o;
    double test_over_train = s->fold && folds > 1 ? 1 / ((double)folds - 1) : 0;
    rg_t_result t = s->set ? over_sets(s, test_over_train, alpha)
                           : rg_corrected_t(s->value, s->count, test_over_train, 0, alpha);
    bool interval = isfinite(t.lo) && isfinite(t.hi);
    set_number(o, "mean", t.mean);
    set_number(o, "sd", t.sd);
    json_object_set_new(o, "interval",
                        interval ? json_pack("[f, f]", t.lo, t.hi) : json_null());
    return o;
}
