/* compare_model_metrics.c - scores of single examples, and the metrics that are their means.
 *
 * accuracy, error  1 where the class is right (wrong)
 * nll              -log of the probability of the right class, which is at least 1e-15
 * brier            sum over classes of (probability - [class is right])^2
 * rmse, mse, mae   root of the mean squared, mean squared, mean absolute error
 * auc              P(a positive example scores above a negative one); no mean */
#include "lab/report/compare_model_metrics.h"

#include "rigor/data.h"

#include <math.h>
#include <string.h>

static double right(const rg_fixed_models *m, const rg_fixed_model *model, size_t i)
{
    return model->label ? model->label[i] == m->truth[i] : (double)NAN;
}

static double wrong(const rg_fixed_models *m, const rg_fixed_model *model, size_t i)
{
    return 1 - right(m, model, i);
}

static double log_loss(const rg_fixed_models *m, const rg_fixed_model *model, size_t i)
{
    if (!model->probability)
        return NAN;
    return -log(fmax(model->probability[i * m->classes + (size_t)m->truth[i]], 1e-15));
}

static double brier(const rg_fixed_models *m, const rg_fixed_model *model, size_t i)
{
    double sum = 0;
    for (size_t c = 0; model->probability && c < m->classes; c++) {
        double gap = model->probability[i * m->classes + c] - ((size_t)m->truth[i] == c);
        sum += gap * gap;
    }
    return model->probability ? sum : (double)NAN;
}

static double squared(const rg_fixed_models *m, const rg_fixed_model *model, size_t i)
{
    double gap = model->score[i] - m->target[i];
    return gap * gap;
}

static double absolute(const rg_fixed_models *m, const rg_fixed_model *model, size_t i)
{
    return fabs(model->score[i] - m->target[i]);
}

static const rg_model_metric of_classes[] = {
    {"accuracy", NULL, "classes", right, RG_BY_MCNEMAR, true, false},
    {"error", "error_rate", "classes", wrong, RG_BY_MCNEMAR, false, false},
    {"auc", NULL, "two classes and scores of one of them", NULL, RG_BY_DELONG, true, false},
    {"nll", NULL, "probabilities", log_loss, RG_BY_BOOTSTRAP, false, false},
    {"brier", NULL, "probabilities", brier, RG_BY_BOOTSTRAP, false, false},
};
static const rg_model_metric of_numbers[] = {
    {"rmse", NULL, "numbers", squared, RG_BY_BOOTSTRAP, false, true},
    {"mse", NULL, "numbers", squared, RG_BY_BOOTSTRAP, false, false},
    {"mae", NULL, "numbers", absolute, RG_BY_BOOTSTRAP, false, false},
};

/* By its own name, or by another spelling that it or the lab's metric of that name has. */
static bool is_called(const rg_model_metric *metric, const char *name)
{
    const rg_metric *meant = rg_metric_find(name);
    return strcmp(metric->name, name) == 0 ||
           (meant && meant == rg_metric_find(metric->name)) ||
           (metric->also && strcmp(metric->also, name) == 0);
}

static bool fail_unknown(const char *name, const rg_model_metric *table, size_t n, rg_err *err)
{
    const char *names[8];
    rg_str remedy = {.max = 200};
    for (size_t i = 0; i < n; i++)
        names[i] = table[i].name;
    const char *near = rg_text_nearest(name, names, n);
    if (near)
        rg_str_printf(&remedy, "did you mean '%s'?", near);
    for (size_t i = 0; i < n && !near; i++)
        rg_str_printf(&remedy, "%s%s", i ? ", " : "use one of ", names[i]);
    rg_fail(err, RG_INPUT, NULL, rg_str_text(&remedy),
            "there is no metric '%s' for these predictions", name);
    rg_str_free(&remedy);
    return false;
}

bool rg_model_metric_find(const rg_fixed_models *models, const char *name,
                          const rg_model_metric **ret, rg_err *err)
{
    const rg_model_metric *table = models->numbers ? of_numbers : of_classes;
    size_t n = models->numbers ? RG_COUNT(of_numbers) : RG_COUNT(of_classes);
    *ret = table;
    for (size_t i = 0; name && i <= n; i++) {
        if (i == n)
            return fail_unknown(name, table, n, err);
        *ret = &table[i];
        if (is_called(&table[i], name))
            break;
    }
    for (size_t i = 0; i < models->count; i++) {
        const rg_fixed_model *model = &models->at[i];
        bool has = (*ret)->example ? !isnan((*ret)->example(models, model, 0))
                                   : models->classes == 2 && model->score;
        if (!has)
            return rg_fail(err, RG_INPUT, NULL, "give them, or another --metric",
                           "%s needs %s, which %s does not give", (*ret)->name, (*ret)->needs,
                           model->name);
    }
    return true;
}

double *rg_model_examples(const rg_fixed_models *models, const rg_model_metric *metric,
                          const rg_fixed_model *model)
{
    double *values = RG_ARENA_ARRAY(models->arena, double, models->examples);
    for (size_t i = 0; i < models->examples; i++)
        values[i] = metric->example(models, model, i);
    return values;
}

bool *rg_model_positives(const rg_fixed_models *models)
{
    bool *positive = RG_ARENA_ARRAY(models->arena, bool, models->examples);
    for (size_t i = 0; i < models->examples; i++)
        positive[i] = (size_t)models->truth[i] == models->positive;
    return positive;
}

/* With DeLong's interval.  Beside scores that are all equal, whose area is one half and does not
 * vary, what is tested of the difference is the area alone. */
static rg_interval auc(const rg_fixed_models *models, const rg_fixed_model *model, double alpha)
{
    double *equal = RG_ARENA_ARRAY(models->arena, double, models->examples);
    rg_delong_result d =
        rg_delong(model->score, equal, rg_model_positives(models), models->examples, alpha);
    bool varies = d.se > 0; /* one class ranked wholly above the other says nothing of error */
    return (rg_interval){d.auc_a, varies ? fmax(0, d.lo + .5) : (double)NAN,
                         varies ? fmin(1, d.hi + .5) : (double)NAN};
}

rg_interval rg_model_score(const rg_fixed_models *models, const rg_model_metric *metric,
                           const rg_fixed_model *model, double alpha)
{
    if (!metric->example)
        return auc(models, model, alpha);
    const double *values = rg_model_examples(models, metric, model);
    rg_t_result t = rg_t_test(values, models->examples, 0, alpha);
    rg_interval score = {t.mean, t.lo, t.hi};
    if (metric->root)
        return (rg_interval){sqrt(t.mean), t.lo > 0 ? sqrt(t.lo) : NAN, sqrt(t.hi)};
    if (metric->test == RG_BY_MCNEMAR)
        rg_clopper_pearson(round(t.mean * (double)models->examples), (double)models->examples,
                           alpha, &score.lo, &score.hi);
    return score;
}
