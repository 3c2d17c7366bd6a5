/* compare_names.c - what the name of a column says about it.
 *
 * The lists hold what people and frameworks write: sklearn's cv_results_, exports of Weights &
 * Biases and of MLflow, the harnesses of language models, tables of papers.  A name that is not
 * in them says nothing. */
#include "lab/report/compare.h"
#include "lab/report/compare_columns.h"

#include "rigor/data.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { NAMES_MAX = 24 };

/* The better name stands first. */
static const char *const names_of[RG_ROLES][NAMES_MAX] = {
    [RG_ROLE_ARM] = {"arm",          "method",         "model",     "algorithm",
                     "algo",         "approach",       "system",    "variant",
                     "config",       "configuration",  "learner",   "classifier",
                     "estimator",    "optimizer",      "treatment", "model_name",
                     "agent",        "group",          "name",      "run_name",
                     "display_name", "mlflow_runname", "params"},
    [RG_ROLE_SEED] = {"seed", "random_seed", "seed_id", "rng_seed", "random_state", "run",
                      "run_id", "replicate", "repeat", "rep", "repetition", "trial", "doc_id",
                      "example_id", "question_id", "sample_id"},
    [RG_ROLE_DATASET] = {"dataset", "data_set", "dataset_name", "data", "task", "task_name",
                         "problem", "benchmark", "environment", "env", "env_id", "env_name",
                         "game", "domain"},
    [RG_ROLE_FOLD] = {"fold", "fold_id", "cv_fold", "fold_idx", "fold_index", "split"},
    [RG_ROLE_METRIC] = {"metric", "metric_name", "measure", "measurement"},
    [RG_ROLE_VALUE] = {"value", "score", "result", "metric_value"},
};

/* What frameworks put before the name that somebody chose. */
static const char *const prefixes[] = {"config_", "params_", "param_",   "hparams_",
                                       "tags_",   "hyper_",  "metadata_"};

void rg_result_plain(const char *name, char ret[64])
{
    size_t n = 0;
    while (*name == '_')
        name++;
    for (; name[n] && n < 63; n++)
        ret[n] = (char)(isalnum((unsigned char)name[n]) || (unsigned char)name[n] >= 0x80
                            ? tolower((unsigned char)name[n])
                            : '_');
    ret[n] = '\0';
}

static int place_in(const char *plain, rg_result_role role)
{
    for (int i = 0; i < NAMES_MAX && names_of[role][i]; i++)
        if (strcmp(plain, names_of[role][i]) == 0)
            return 2 * (NAMES_MAX - i);
    return 0;
}

int rg_result_name_fits(const char *name, rg_result_role role)
{
    char plain[64];
    rg_result_plain(name, plain);
    int fit = place_in(plain, role);
    for (size_t i = 0; fit == 0 && i < RG_COUNT(prefixes); i++)
        if (rg_text_starts(plain, prefixes[i])) {
            fit = place_in(plain + strlen(prefixes[i]), role);
            fit -= fit > 0; /* the plain name goes before */
        }
    return fit;
}

bool rg_result_name_is_example(const char *name)
{
    char plain[64];
    rg_result_plain(name, plain);
    return rg_result_name_fits(plain, RG_ROLE_SEED) > 0 && rg_text_ends(plain, "_id") &&
           (rg_text_starts(plain, "doc") || rg_text_starts(plain, "example") ||
            rg_text_starts(plain, "question") || rg_text_starts(plain, "sample"));
}

bool rg_result_name_is_aside(const char *name)
{
    static const char *const aside[] = {
        "c1",      "unnamed__0",    "index",      "id",        "step",     "steps",
        "epoch",   "epochs",        "iter",       "iteration", "runtime",  "timestamp",
        "created", "wall_time",     "time",       "duration",  "walltime", "global_step",
        "version", "experiment_id", "start_time", "end_time"};
    static const char *const starts[] = {"std_", "rank_", "mean_fit_", "mean_score_"};
    char plain[64];
    rg_result_plain(name, plain);
    for (size_t i = 0; i < RG_COUNT(aside); i++)
        if (strcmp(plain, aside[i]) == 0)
            return true;
    for (size_t i = 0; i < RG_COUNT(starts); i++)
        if (rg_text_starts(plain, starts[i]))
            return true;
    return strstr(plain, "stderr") != NULL;
}

bool rg_result_name_is_setting(const char *name)
{
    static const char *const settings[] = {
        "lr",         "learning_rate", "batch_size", "batch",      "weight_decay", "momentum",
        "dropout",    "warmup",        "patience",   "n_layers",   "num_layers",   "layers",
        "num_epochs", "n_epochs",      "max_epochs", "max_steps",  "hidden_size",  "hidden",
        "hidden_dim", "width",         "depth",      "num_heads",  "n_heads",      "max_depth",
        "gamma",      "n_estimators",  "beta1",      "beta2",      "eps",          "epsilon",
        "num_params", "n_params",      "train_size", "n_neighbors"};
    char plain[64];
    rg_result_plain(name, plain);
    const char *own = plain;
    for (size_t i = 0; i < RG_COUNT(prefixes); i++)
        if (rg_text_starts(plain, prefixes[i]))
            own = plain + strlen(prefixes[i]);
    for (size_t i = 0; i < RG_COUNT(settings); i++)
        if (strcmp(own, settings[i]) == 0)
            return true;
    return false;
}

/* ---- Columns whose names are the seeds, the folds or the data sets */

/* "seed_3", "run 3", "3": a word (or none) and a number; what stands behind it is the rest. */
static bool is_numbered(const char *name, const char *word, const char **ret_number,
                        const char **ret_rest)
{
    size_t n = strlen(word);
    if (strncasecmp(name, word, n) != 0)
        return false;
    const char *number = name + n;
    number += *number && strchr("_- .#", *number) && n > 0;
    size_t digits = strspn(number, "0123456789");
    if (digits == 0 || digits > 9 || (number[digits] && !strchr("_-/. ", number[digits])))
        return false;
    *ret_number = number;
    *ret_rest = number + digits + (number[digits] != '\0');
    return n > 0 || number[digits] == '\0';
}

bool rg_result_name_spreads(const char *name, rg_arena *arena, rg_result_form *ret_form,
                            const char **ret_label, const char **ret_rest)
{
    static const struct {
        const char *word;
        rg_result_form form;
    } words[] = {
        {"seed", RG_FORM_SEEDS},  {"run", RG_FORM_SEEDS},   {"rep", RG_FORM_SEEDS},
        {"trial", RG_FORM_SEEDS}, {"split", RG_FORM_FOLDS}, {"fold", RG_FORM_FOLDS},
        {"cv", RG_FORM_FOLDS},    {"", RG_FORM_SEEDS},
    };
    const char *number, *dot = rg_text_starts(name, "results.") ? strchr(name + 8, '.') : NULL;
    for (size_t i = 0; i < RG_COUNT(words); i++) {
        if (!is_numbered(name, words[i].word, &number, ret_rest))
            continue;
        *ret_label = rg_arena_strndup(arena, number, strspn(number, "0123456789"));
        *ret_form = words[i].form;
        return true;
    }
    if (!dot || !dot[1])
        return false;
    *ret_label = rg_arena_strndup(arena, name + 8, (size_t)(dot - name - 8));
    *ret_rest = dot + 1;
    *ret_form = RG_FORM_SETS;
    return true;
}

/* ---- Metrics */

/* What others report and the lab does not score. */
static const struct {
    const char *name;
    bool maximize;
    double worst; /* of a failed run; NaN: there is no finite one */
} metrics[] = {
    {"acc_norm", true, 0},
    {"micro_f1", true, 0},
    {"exact_match", true, 0},
    {"precision", true, 0},
    {"recall", true, 0},
    {"top1", true, 0},
    {"top5", true, 0},
    {"ndcg", true, 0},
    {"mrr", true, 0},
    {"iou", true, 0},
    {"miou", true, 0},
    {"dice", true, 0},
    {"bleu", true, 0},
    {"rouge", true, 0},
    {"rouge1", true, 0},
    {"rouge2", true, 0},
    {"rougel", true, 0},
    {"meteor", true, 0},
    {"chrf", true, 0},
    {"psnr", true, NAN},
    {"ssim", true, NAN},
    {"mcc", true, -1},
    {"kappa", true, -1},
    {"reward", true, NAN},
    {"return", true, NAN},
    {"returns", true, NAN},
    {"success_rate", true, 0},
    {"win_rate", true, 0},
    {"inception_score", true, NAN},
    {"loss", false, NAN},
    {"error", false, NAN},
    {"err", false, NAN},
    {"error_rate", false, 1},
    {"mse", false, NAN},
    {"mape", false, NAN},
    {"word_perplexity", false, NAN},
    {"bits_per_byte", false, NAN},
    {"bpc", false, NAN},
    {"wer", false, NAN},
    {"cer", false, NAN},
    {"fid", false, NAN},
    {"regret", false, NAN},
};

/* "test_score" is what sklearn calls every scorer; the scorers are all to be maximized. */
static const char *const endings[] = {"_none", "_score", "_mean"};

/* A metric that the lab scores, too; plain "ndcg_10" was ndcg@10. */
static const rg_metric *find_scored(const char *plain)
{
    char name[64];
    const rg_metric *metric = rg_metric_find(plain);
    snprintf(name, sizeof(name), "%s", plain);
    char *bar = strrchr(name, '_');
    if (metric || !bar)
        return metric;
    *bar = '@';
    return rg_metric_find(name);
}

static bool find_metric(const char *plain, bool *ret_maximize, double *ret_worst)
{
    const rg_metric *scored = find_scored(plain);
    if (scored) {
        *ret_maximize = scored->maximize;
        *ret_worst = scored->worst;
        return true;
    }
    for (size_t i = 0; i < RG_COUNT(metrics); i++) {
        if (strcmp(plain, metrics[i].name) != 0)
            continue;
        *ret_maximize = metrics[i].maximize;
        *ret_worst = metrics[i].worst;
        return true;
    }
    return false;
}

/* Whether the text up to the next '_' is one of the words. */
static bool is_word_of(const char *text, const char *const *words, size_t n)
{
    size_t len = strcspn(text, "_");
    for (size_t i = 0; i < n; i++)
        if (strlen(words[i]) == len && strncmp(text, words[i], len) == 0)
            return true;
    return false;
}

bool rg_result_metric(const char *name, bool *ret_maximize, double *ret_worst)
{
    static const char *const spoilers[] = {"std", "stderr", "sd", "var", "rank"};
    char plain[64];
    rg_result_plain(name, plain);
    if (strcmp(plain, "test_score") == 0 || rg_text_starts(plain, "neg_") ||
        strstr(plain, "_neg_")) {
        *ret_maximize = true;
        *ret_worst = NAN;
        return true;
    }
    for (size_t i = 0; i < RG_COUNT(endings); i++)
        if (rg_text_ends(plain, endings[i]))
            plain[strlen(plain) - strlen(endings[i])] = '\0';
    for (const char *p = plain; p; p = strchr(p, '_')) {
        p += *p == '_';
        if (is_word_of(p, spoilers, RG_COUNT(spoilers)))
            return false;
        if (find_metric(p, ret_maximize, ret_worst))
            return true;
    }
    return false;
}

int rg_result_metric_rank(const char *name)
{
    static const char *const parts[] = {"test", "val", "eval", "dev"};
    bool maximize;
    double worst;
    char plain[64];
    rg_result_plain(name, plain);
    if (rg_result_name_is_setting(name) || !rg_result_metric(name, &maximize, &worst))
        return 0;
    if (strstr(plain, "train"))
        return 1;
    for (size_t i = 0; i < RG_COUNT(parts); i++)
        if (strstr(plain, parts[i]))
            return i == 0 ? 4 : 3;
    return 2;
}
