/* compare_prediction_columns.c - which column of a file of predictions is what. */
#include "lab/report/compare_predictions.h"

#include "lab/report/compare_columns.h"

#include <stdio.h>
#include <string.h>

static const char *const ids[] = {"id",     "index",    "example",   "example_id", "sample_id",
                                  "doc_id", "row",      "row_id",    "idx",        "uid",
                                  "image",  "filename", "unnamed__0"};
static const char *const truths[] = {"label",  "labels",     "y",         "y_true",
                                     "target", "class",      "truth",     "gold",
                                     "answer", "true_label", "reference", "actual"};
static const char *const labels[] = {"prediction", "predictions", "pred",   "preds",
                                     "predicted",  "y_pred",      "label",  "predicted_label",
                                     "y_hat",      "yhat",        "output", "answer",
                                     "class",      "y",           "value"};
static const char *const scores[] = {"score",      "prob",   "proba",   "probability", "p",
                                     "y_score",    "y_prob", "y_proba", "p1",          "prob_1",
                                     "confidence", "logit",  "value"};

static const rg_column *named(const rg_table *table, const char *const *names, size_t n)
{
    char plain[64];
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < table->columns; i++) {
            rg_result_plain(table->column[i].name, plain);
            if (strcmp(plain, names[k]) == 0)
                return &table->column[i];
        }
    return NULL;
}

/* Rows that were numbered by whoever wrote the file: a first column without a name. */
static bool is_row_number(const rg_table *table)
{
    return table->columns > 1 && strcmp(table->column[0].name, "c1") == 0 &&
           strcmp(table->column[1].name, "c2") != 0;
}

const rg_column *rg_prediction_id(const rg_table *table)
{
    const rg_column *id = named(table, ids, RG_COUNT(ids));
    if (table->columns < 2)
        return NULL;
    return id ? id : is_row_number(table) ? &table->column[0] : NULL;
}

/* The only column but the id; NULL when there are several. */
static const rg_column *only(const rg_table *table)
{
    const rg_column *id = rg_prediction_id(table);
    if (table->columns - (id != NULL) != 1)
        return NULL;
    return &table->column[id == &table->column[0] ? 1 : 0];
}

const rg_column *rg_prediction_label(const rg_table *table, bool truth)
{
    const rg_column *column = only(table);
    if (column)
        return column;
    return truth ? named(table, truths, RG_COUNT(truths))
                 : named(table, labels, RG_COUNT(labels));
}

const rg_column *rg_prediction_score(const rg_table *table)
{
    const rg_column *score = named(table, scores, RG_COUNT(scores));
    return score && score->kind == RG_COLUMN_NUMBER ? score : NULL;
}

/* "p_cat", "proba_cat" and "cat" are of the class cat. */
static bool is_of_class(const char *column, const char *class_name)
{
    static const char *const prefixes[] = {
        "", "p_", "p(", "prob_", "proba_", "score_", "logit_", "probability_", "class_"};
    for (size_t i = 0; i < RG_COUNT(prefixes); i++) {
        size_t n = strlen(prefixes[i]), len = strlen(class_name);
        if (strncmp(column, prefixes[i], n) == 0 && strncmp(column + n, class_name, len) == 0 &&
            (column[n + len] == '\0' || strcmp(column + n + len, ")") == 0))
            return true;
    }
    return false;
}

static const rg_column *column_of_class(const rg_table *table, const char *class_name)
{
    for (size_t i = 0; i < table->columns; i++)
        if (table->column[i].kind == RG_COLUMN_NUMBER &&
            is_of_class(table->column[i].name, class_name))
            return &table->column[i];
    return NULL;
}

/* Columns without names ("c1", "c2", ...), as many as there are classes. */
static bool by_place(const rg_table *table, size_t classes, const rg_column **ret)
{
    const rg_column *id = rg_prediction_id(table);
    size_t n = 0;
    for (size_t i = 0; i < table->columns; i++) {
        char place[32];
        snprintf(place, sizeof(place), "c%zu", i + 1);
        if (&table->column[i] == id)
            continue;
        if (n == classes || table->column[i].kind != RG_COLUMN_NUMBER ||
            strcmp(table->column[i].name, place) != 0)
            return false;
        ret[n++] = &table->column[i];
    }
    return n == classes;
}

bool rg_prediction_classes(const rg_table *table, const char *const *class_name, size_t classes,
                           const rg_column **ret, bool *ret_by_place)
{
    const rg_column *id = rg_prediction_id(table);
    size_t n = 0;
    *ret_by_place = classes > 1 && by_place(table, classes, ret);
    if (*ret_by_place)
        return true;
    while (n < classes && (ret[n] = column_of_class(table, class_name[n])) && ret[n] != id)
        n++;
    return n == classes && classes > 1;
}
