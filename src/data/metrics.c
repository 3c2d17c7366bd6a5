/* metrics.c - the table of what the lab can score, found by name.
 *
 * A name with a number, ndcg@10, is a row of its own, made from the family's row "ndcg@k" once
 * and for all k: so a metric is one pointer wherever it is kept, and its name is part of it. */
#include "data/metrics.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum {
    ANY = RG_METRIC_LABELS,
    AREA = RG_METRIC_SCORES,
    RANKS = RG_METRIC_RANKS | RG_METRIC_SCORES,
};

const rg_metric rg_metrics[] = {
    {"accuracy", " acc ", "Accuracy", true, RG_CLASSIFY, ANY, 0, rg_score_accuracy, NULL, 0},
    {"balanced_accuracy", "", "Balanced accuracy", true, RG_CLASSIFY, ANY, 0,
     rg_score_balanced_accuracy, NULL, 0},
    {"f1", "", "F1 of the second class", true, RG_CLASSIFY, ANY | RG_METRIC_PAIR, 0,
     rg_score_f1, NULL, 0},
    {"macro_f1", " f1_macro ", "Macro F1", true, RG_CLASSIFY, ANY, 0, rg_score_macro_f1, NULL,
     0},
    {"roc_auc", " auc auroc ", "Area under the ROC curve", true, RG_CLASSIFY, AREA, 0,
     rg_score_roc_auc, NULL, 0},
    {"pr_auc", " auprc average_precision ", "Area under the precision-recall curve", true,
     RG_CLASSIFY, AREA, 0, rg_score_pr_auc, NULL, 0},
    {"nll", " log_loss cross_entropy ", "Negative log-likelihood", false, RG_CLASSIFY, 0, NAN,
     rg_score_nll, NULL, 0},
    {"perplexity", " ppl ", "Perplexity", false, RG_CLASSIFY, 0, NAN, rg_score_perplexity, NULL,
     0},
    {"brier", " brier_score ", "Brier score", false, RG_CLASSIFY, 0, 2, rg_score_brier, NULL,
     0},
    {"ece", "", "Expected calibration error (15 bins)", false, RG_CLASSIFY, 0, 1, rg_score_ece,
     NULL, 0},
    {"rmse", "", "Root mean squared error", false, RG_REGRESS, 0, NAN, rg_score_rmse, NULL, 0},
    {"mae", "", "Mean absolute error", false, RG_REGRESS, 0, NAN, rg_score_mae, NULL, 0},
    {"r2", " r_squared ", "Coefficient of determination", true, RG_REGRESS, 0, NAN, rg_score_r2,
     NULL, 0},
    {"spearman", " spearmanr ", "Spearman's rank correlation", true, RG_REGRESS, 0, -1,
     rg_score_spearman, NULL, 0},
    {"ndcg@k", "", "Normalized discounted cumulative gain at k", true, RG_REGRESS,
     RANKS | RG_METRIC_GAINS, 0, NULL, rg_score_ndcg, 0},
    {"hit_rate@k", " hits@k ", "Hit rate at k", true, RG_REGRESS, RANKS, 0, NULL,
     rg_score_hit_rate, 0},
    {"map", " mean_average_precision ", "Mean average precision", true, RG_REGRESS, RANKS, 0,
     rg_score_map, NULL, 0},
    {0},
};

/* ---- names
 * ------------------------------------------------------------------------------------ */

enum { FAMILIES = 2, NAME_BYTES = 20 };
static rg_metric numbered[FAMILIES][RG_METRIC_K_MAX];
static char numbered_name[FAMILIES][RG_METRIC_K_MAX][NAME_BYTES];
static pthread_once_t numbered_once = PTHREAD_ONCE_INIT;

/* Families stand in the order of the table. */
static void number_families(void)
{
    size_t f = 0;
    for (const rg_metric *metric = rg_metrics; metric->name; metric++) {
        if (!metric->score_at)
            continue;
        int stem = (int)strlen(metric->name) - 1; /* "ndcg@" */
        for (size_t k = 1; k <= RG_METRIC_K_MAX; k++) {
            char *name = numbered_name[f][k - 1];
            snprintf(name, NAME_BYTES, "%.*s%zu", stem, metric->name, k);
            numbered[f][k - 1] = *metric;
            numbered[f][k - 1].name = name;
            numbered[f][k - 1].k = k;
        }
        f++;
    }
}

static const rg_metric *numbered_find(const rg_metric *family, size_t k)
{
    pthread_once(&numbered_once, number_families);
    for (size_t f = 0; f < FAMILIES; f++)
        if (numbered[f][k - 1].score_at == family->score_at)
            return &numbered[f][k - 1];
    return NULL;
}

static bool is_called(const rg_metric *metric, const char *name)
{
    char spaced[40];
    bool fits = (size_t)snprintf(spaced, sizeof(spaced), " %s ", name) < sizeof(spaced);
    return strcmp(metric->name, name) == 0 ||
           (fits && !strchr(name, ' ') && strstr(metric->aliases, spaced));
}

/* The row of a name, of ndcg@10 that of ndcg@k; NULL when there is none. */
static const rg_metric *row_find(const char *name)
{
    char family[40];
    int stem = (int)strcspn(name, "@");
    bool at = name[stem] == '@';
    snprintf(family, sizeof(family), at ? "%.*s@k" : "%.*s", stem < 30 ? stem : 30, name);
    for (const rg_metric *metric = rg_metrics; metric->name; metric++)
        if (is_called(metric, family))
            return metric;
    return NULL;
}

const rg_metric *rg_metric_find(const char *name)
{
    const rg_metric *row = row_find(name);
    if (!row || !row->score_at)
        return row;
    const char *number = strchr(name, '@') + 1;
    int64_t k;
    bool plain = *number >= '1' && *number <= '9' && rg_text_int(number, &k);
    return plain && k <= RG_METRIC_K_MAX ? numbered_find(row, (size_t)k) : NULL;
}

const char *rg_metric_suggest(const char *name, rg_arena *arena)
{
    const char *names[RG_COUNT(rg_metrics)];
    rg_str list = {.max = 300};
    size_t n = 0;
    char family[40];
    snprintf(family, sizeof(family), "%.*s@k", (int)strcspn(name, "@"), name);
    const rg_metric *row = row_find(family);
    if (row && row->score_at)
        return rg_arena_printf(arena, "write %.*s10, or another number from 1 to %d",
                               (int)strlen(row->name) - 1, row->name, RG_METRIC_K_MAX);
    for (; rg_metrics[n].name; n++) {
        names[n] = rg_metrics[n].name;
        rg_str_printf(&list, "%s%s", n ? ", " : "known here: ", names[n]);
    }
    const char *near = rg_text_nearest(name, names, n);
    char *said = near ? rg_arena_printf(arena, "did you mean '%s'?", near)
                      : rg_arena_strdup(arena, rg_str_text(&list));
    rg_str_free(&list);
    return said;
}

/* ---- scoring
 * ---------------------------------------------------------------------------------- */

bool rg_metric_fits(const rg_metric *metric, rg_task task)
{
    return metric->task == task || (metric->traits & RG_METRIC_RANKS);
}

static bool truth_ready(const rg_metric *metric, const rg_part *truth, const char *where,
                        rg_err *err)
{
    if (!rg_metric_fits(metric, truth->classes ? RG_CLASSIFY : RG_REGRESS))
        return rg_fail(err, RG_INPUT, where,
                       truth->classes ? "such as accuracy or nll" : "such as rmse",
                       "%s is a metric of %s, and the data hold %s", metric->name,
                       metric->task == RG_CLASSIFY ? "classes" : "numbers",
                       truth->classes ? "classes" : "numbers");
    if ((metric->traits & RG_METRIC_PAIR) && truth->classes != 2)
        return rg_fail(err, RG_INPUT, where, "macro_f1 takes any number of classes",
                       "%s needs two classes, and the data have %zu", metric->name,
                       truth->classes);
    if ((metric->traits & RG_METRIC_RANKS) && !truth->group)
        return rg_fail(err, RG_INPUT, where,
                       "name the column that tells the queries apart: data.group: COLUMN",
                       "%s ranks rows within groups, and the data name no group", metric->name);
    for (size_t i = 0; (metric->traits & RG_METRIC_GAINS) && truth->target && i < truth->rows;
         i++)
        if (truth->target[i] < 0)
            return rg_fail(err, RG_INPUT, where, "give relevances of 0 or more",
                           "%s takes no negative relevance: that of id %lld is %g",
                           metric->name, truth->id ? (long long)truth->id[i] : (long long)i,
                           (double)truth->target[i]);
    return true;
}

bool rg_metric_ready(const rg_metric *metric, const rg_predictions *predictions,
                     const rg_part *truth, const char *where, rg_err *err)
{
    if (!truth_ready(metric, truth, where, err))
        return false;
    if (!predictions || truth->classes == 0)
        return true;
    if (predictions->hard && !(metric->traits & RG_METRIC_LABELS))
        return rg_fail(err, RG_INPUT, where, "write a column of probabilities for each class",
                       "%s needs probabilities, and the predictions are labels", metric->name);
    bool pair = truth->classes == 2 || (metric->traits & RG_METRIC_RANKS);
    if (predictions->classes == 0 && !(pair && (metric->traits & RG_METRIC_SCORES)))
        return rg_fail(err, RG_INPUT, where, "write a column of probabilities for each class",
                       "%s needs a probability for each of the %zu classes, not one number",
                       metric->name, truth->classes);
    return true;
}

double rg_metric_score(const rg_metric *metric, const rg_predictions *predictions,
                       const rg_part *truth)
{
    rg_err unready = {0};
    if (!rg_metric_ready(metric, predictions, truth, NULL, &unready))
        return NAN;
    return metric->score ? metric->score(predictions, truth)
                         : metric->score_at(predictions, truth, metric->k);
}
