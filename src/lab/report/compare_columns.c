/* compare_columns.c - guesses which column of a table of results is what.
 *
 * Two forms are read.  Wide: a row for each run, a column for each metric.  Long: a row for
 * each run and metric, with columns `metric` and `value`.  A column is known by its name; what
 * is not sure is asked for and never assumed. */
#include "lab/report/compare_columns.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const arm_names[] = {"arm",       "method",   "model",      "algorithm",
                                        "algo",      "approach", "system",     "variant",
                                        "config",    "learner",  "classifier", "optimizer",
                                        "treatment", "name",     NULL};
static const char *const seed_names[] = {"seed",   "random_seed", "seed_id", "run",
                                         "run_id", "replicate",   "repeat",  "rep",
                                         "trial",  NULL};
static const char *const dataset_names[] = {
    "dataset", "data_set", "data", "task", "problem", "benchmark", "environment", "env", NULL};
static const char *const fold_names[] = {"fold", "fold_id", "cv_fold", "split", NULL};
static const char *const metric_names[] = {"metric", "metric_name", "measure", NULL};
static const char *const value_names[] = {"value", "score", "result", "metric_value", NULL};

static const rg_column *find(const rg_table *table, const char *const *names)
{
    for (; *names; names++) {
        for (size_t i = 0; i < table->columns; i++) {
            if (strcasecmp(table->column[i].name, *names) == 0)
                return &table->column[i];
        }
    }
    return NULL;
}

const char *rg_result_cell(const rg_column *column, size_t row, rg_arena *arena)
{
    if (column->kind == RG_COLUMN_TEXT)
        return column->text[row];
    return isnan(column->number[row]) ? NULL
                                      : rg_arena_printf(arena, "%.15g", column->number[row]);
}

/* "a, b, c": at most ten names */
static const char *list_names(const char *const *names, size_t n, rg_arena *arena)
{
    rg_str s = {0};
    for (size_t i = 0; i < n && i < 10; i++)
        rg_str_printf(&s, "%s%s", i ? ", " : "", names[i]);
    rg_str_add(&s, n > 10 ? ", ..." : "");
    const char *text = rg_arena_strdup(arena, rg_str_text(&s));
    rg_str_free(&s);
    return text;
}

static const char *list_columns(const rg_table *table, rg_arena *arena)
{
    const char **names = RG_ARENA_ARRAY(arena, const char *, table->columns + 1);
    for (size_t i = 0; i < table->columns; i++)
        names[i] = table->column[i].name;
    return list_names(names, table->columns, arena);
}

/* Distinct texts of a column, in order of appearance, as keys of a map. */
static rg_map *distinct(const rg_table *table, const rg_column *column, rg_arena *arena)
{
    rg_map *map = rg_map_new();
    for (size_t row = 0; row < table->rows; row++) {
        const char *text = rg_result_cell(column, row, arena);
        if (text)
            rg_map_set(map, text, map);
    }
    return map;
}

/* The keys of a map, which ends here. */
static const char **keys_of(rg_map *map, rg_arena *arena, size_t *ret_n)
{
    *ret_n = rg_map_count(map);
    const char **keys = RG_ARENA_ARRAY(arena, const char *, *ret_n + 1);
    for (size_t i = 0; i < *ret_n; i++)
        keys[i] = rg_arena_strdup(arena, rg_map_key(map, i));
    rg_map_free(map);
    return keys;
}

static bool refuse_several(const rg_table *table, const rg_column *column, const char *path,
                           const char *remedy, const char *why, rg_arena *arena, rg_err *err)
{
    if (!column)
        return true;
    size_t n;
    const char **values = keys_of(distinct(table, column, arena), arena, &n);
    if (n <= 1)
        return true;
    return rg_fail(err, RG_INPUT, path, remedy, "column '%s' has %zu values (%s): %s",
                   column->name, n, list_names(values, n, arena), why);
}

/* ---- The metric */

static bool fail_unknown_metric(const char *path, const char *metric, const char *const *names,
                                size_t n, rg_arena *arena, rg_err *err)
{
    const char *near = rg_text_nearest(metric, names, n);
    const char *remedy = near ? rg_arena_printf(arena, "did you mean '%s'?", near)
                              : rg_arena_printf(arena, "metrics in this file: %s",
                                                n ? list_names(names, n, arena) : "none");
    return rg_fail(err, RG_INPUT, path, remedy, "there is no metric '%s'", metric);
}

static bool choose(const char *path, const char *metric, const char *const *names, size_t n,
                   rg_arena *arena, const char **ret, rg_err *err)
{
    if (!metric && n == 1) {
        *ret = names[0];
        return true;
    }
    if (!metric && n > 1)
        return rg_fail(err, RG_INPUT, path,
                       rg_arena_printf(arena, "choose one: --metric %s", names[0]),
                       "there are several metrics: %s", list_names(names, n, arena));
    if (!metric)
        return rg_fail(err, RG_INPUT, path,
                       "add a column with the scores, one row for each run",
                       "no column holds scores");
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i], metric) == 0) {
            *ret = names[i];
            return true;
        }
    }
    return fail_unknown_metric(path, metric, names, n, arena, err);
}

static bool is_taken(const rg_result_columns *c, const rg_column *fold, const rg_column *column)
{
    return column == c->arm || column == c->seed || column == c->dataset || column == fold;
}

/* Columns that may hold scores: the numeric ones; a column of text counts when it is asked for,
 * or when there is no other (then a cell of it is the mistake, and will be named). */
static const char **score_columns(const rg_table *table, const rg_result_columns *c,
                                  const rg_column *fold, const char *metric, rg_arena *arena,
                                  size_t *ret_n)
{
    const char **names = RG_ARENA_ARRAY(arena, const char *, table->columns + 1);
    for (int texts = 0; texts < 2; texts++) {
        *ret_n = 0;
        for (size_t i = 0; i < table->columns; i++) {
            const rg_column *column = &table->column[i];
            bool asked = metric && strcmp(metric, column->name) == 0;
            if (!is_taken(c, fold, column) &&
                (texts || asked || column->kind == RG_COLUMN_NUMBER))
                names[(*ret_n)++] = column->name;
        }
        if (*ret_n)
            break;
    }
    return names;
}

static bool guess_metric(const rg_table *table, const char *path, const char *metric,
                         const rg_column *fold, rg_arena *arena, rg_result_columns *c,
                         rg_err *err)
{
    size_t n;
    c->metric = find(table, metric_names);
    c->value = find(table, value_names);
    if (c->metric && c->value && c->metric->kind == RG_COLUMN_TEXT) {
        const char **names = keys_of(distinct(table, c->metric, arena), arena, &n);
        return choose(path, metric, names, n, arena, &c->metric_name, err);
    }
    c->metric = NULL;
    const char **names = score_columns(table, c, fold, metric, arena, &n);
    if (!choose(path, metric, names, n, arena, &c->metric_name, err))
        return false;
    c->value = rg_table_column(table, c->metric_name);
    return true;
}

bool rg_result_columns_guess(const rg_table *table, const char *path, const char *metric,
                             rg_arena *arena, rg_result_columns *ret, rg_err *err)
{
    rg_result_columns c = {.arm = find(table, arm_names),
                           .seed = find(table, seed_names),
                           .dataset = find(table, dataset_names)};
    const rg_column *fold = find(table, fold_names);
    const char *there = list_columns(table, arena);
    if (!c.arm)
        return rg_fail(err, RG_INPUT, path, "name the column that says it 'arm' (or 'method')",
                       "no column says which arm a row belongs to; there are: %s", there);
    if (!refuse_several(table, c.dataset, path, "keep the rows of one data set in each file",
                        "comparing over several data sets is not supported", arena, err) ||
        !refuse_several(table, fold, path,
                        "average the folds of each seed and arm, and compare the averages",
                        "folds share training data, so that they are not independent runs",
                        arena, err))
        return false;
    if (!c.seed)
        return rg_fail(
            err, RG_INPUT, path, "add a column 'seed' with the same seeds for every arm",
            "no column says which runs of two arms belong together; there are: %s", there);
    if (!guess_metric(table, path, metric, fold, arena, &c, err))
        return false;
    *ret = c;
    return true;
}
