/* compare_prediction_classes.c - the classes, scores and probabilities that a model predicts.
 *
 * A file holds a class, or a score of the positive one of two, or a column for each class.  Of
 * columns the largest is the predicted class (the first of equal ones), of a score what is above
 * one half, or above 0 when scores are no probabilities.  Rows that do not sum to 1 are scores:
 * they rank classes, and that is all. */
#include "lab/report/compare_prediction_reader.h"

#include "lab/report/compare_columns.h"

#include "data/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool fail_in(rg_prediction_reader *r, const rg_matched *m, size_t example,
                    const char *remedy, const char *what, const char *value)
{
    char where[160];
    rg_data_where(where, m->path, m->table->line[m->row[example]]);
    return rg_fail(r->err, RG_INPUT, where, remedy, what, value);
}

/* Scores of one class of two, when nothing says of which. */
static void warn_of_positive(rg_prediction_reader *r, const rg_fixed_model *model)
{
    const rg_fixed_models *m = r->models;
    if (!m->positive_is_sure)
        rg_json_say(m->warnings,
                    "The scores of %s are taken to be of the class '%s'; --positive %s says "
                    "otherwise.",
                    model->name, m->class_name[m->positive], m->class_name[1 - m->positive]);
}

int32_t rg_prediction_class(rg_prediction_reader *r, const rg_column *column, size_t row)
{
    const char *text = rg_result_cell(column, row, r->models->arena);
    return text ? (int32_t)(uintptr_t)rg_map_get(r->classes, text) - 1 : -1;
}

/* ---- Numbers */

double *rg_prediction_numbers(rg_prediction_reader *r, const rg_matched *m,
                              const rg_column *column)
{
    size_t n = r->models->examples;
    double *values = RG_DATA_ROOM(r->models->arena, double, n, m->path, r->err);
    for (size_t i = 0; values && i < n; i++) {
        bool number = column->kind == RG_COLUMN_NUMBER;
        values[i] = number ? column->number[m->row[i]] : NAN;
        if (!isfinite(values[i])) {
            fail_in(r, m, i, "give every example a finite prediction",
                    "column '%s' holds no finite number here", column->name);
            return NULL;
        }
    }
    return values;
}

/* ---- Classes */

static bool all_are_classes(rg_prediction_reader *r, const rg_matched *m,
                            const rg_column *column)
{
    for (size_t i = 0; i < r->models->examples; i++)
        if (rg_prediction_class(r, column, m->row[i]) < 0)
            return false;
    return true;
}

static int32_t *new_labels(rg_prediction_reader *r, const rg_matched *m)
{
    return RG_DATA_ROOM(r->models->arena, int32_t, r->models->examples, m->path, r->err);
}

static bool fail_coding(rg_prediction_reader *r, const rg_matched *m, const char *text)
{
    const rg_fixed_models *models = r->models;
    return rg_fail(r->err, RG_INPUT, m->path, "write predictions as the labels are written",
                   "the predictions ('%.60s', ...) are coded otherwise than the labels "
                   "('%.60s', '%.60s'%s)",
                   text, models->class_name[0], models->class_name[models->classes > 1],
                   models->classes > 2 ? ", ..." : "");
}

/* A prediction that is no class is wrong, and said; when none is one, the coding is. */
static bool labels_of_column(rg_prediction_reader *r, const rg_matched *m,
                             const rg_column *column, rg_fixed_model *ret)
{
    size_t strange = 0, first = 0;
    int32_t *label = new_labels(r, m);
    for (size_t i = r->models->examples; label && i-- > 0;) {
        label[i] = rg_prediction_class(r, column, m->row[i]);
        if (label[i] < 0) {
            strange++;
            first = i;
        }
    }
    if (strange) {
        const char *text = rg_result_cell(column, m->row[first], r->models->arena);
        if (strange == r->models->examples)
            return fail_coding(r, m, text ? text : "");
        rg_json_say(r->models->warnings,
                    "%s:%zu: '%.60s' is none of the labels' classes: %zu such %s of %s %s as "
                    "wrong.",
                    rg_path_base(m->path), m->table->line[m->row[first]], text ? text : "",
                    strange, strange == 1 ? "prediction" : "predictions", ret->name,
                    strange == 1 ? "counts" : "count");
    }
    ret->label = label;
    return label != NULL;
}

/* Two whole numbers on one side of 0, such as 1 and 2, are classes under other names. */
static bool are_other_classes(const double *score, size_t n, double lo, double hi)
{
    bool one_side = lo > 0 || hi < 0, whole = lo == floor(lo) && hi == floor(hi);
    for (size_t i = 0; one_side && whole && i < n; i++)
        if (score[i] != lo && score[i] != hi)
            return false;
    return one_side && whole;
}

/* Probabilities above one half, other scores above 0. */
static bool labels_of_score(rg_prediction_reader *r, const rg_matched *m, rg_fixed_model *ret)
{
    double lo = ret->score[0], hi = lo;
    int32_t *label = new_labels(r, m), positive = (int32_t)r->models->positive;
    for (size_t i = 0; i < r->models->examples; i++) {
        lo = fmin(lo, ret->score[i]);
        hi = fmax(hi, ret->score[i]);
    }
    bool unit = lo >= 0 && hi <= 1;
    if (!unit && are_other_classes(ret->score, r->models->examples, lo, hi)) {
        char text[32];
        snprintf(text, sizeof(text), "%g", lo > 0 ? hi : lo);
        return fail_coding(r, m, text);
    }
    for (size_t i = 0; label && i < r->models->examples; i++)
        label[i] = ret->score[i] > (unit ? .5 : 0) ? positive : 1 - positive;
    ret->label = label;
    if (!unit)
        rg_json_say(r->models->warnings,
                    "The scores of %s are no probabilities: above 0 counts as '%s'.", ret->name,
                    r->models->class_name[positive]);
    return label != NULL;
}

static bool probabilities_of_score(rg_prediction_reader *r, const rg_matched *m,
                                   rg_fixed_model *ret)
{
    size_t n = r->models->examples, positive = r->models->positive;
    for (size_t i = 0; i < n; i++)
        if (!(ret->score[i] >= 0 && ret->score[i] <= 1))
            return true;
    ret->probability = RG_DATA_ROOM(r->models->arena, double, n * 2, m->path, r->err);
    for (size_t i = 0; ret->probability && i < n; i++) {
        ret->probability[2 * i + positive] = ret->score[i];
        ret->probability[2 * i + 1 - positive] = 1 - ret->score[i];
    }
    return ret->probability != NULL;
}

/* Rows that do not sum to 1 are scores: they rank classes, and that is all. */
static void keep_if_probabilities(const rg_fixed_models *models, rg_fixed_model *ret)
{
    for (size_t i = 0; i < models->examples; i++) {
        double sum = 0, least = 0;
        for (size_t c = 0; c < models->classes; c++) {
            sum += ret->probability[i * models->classes + c];
            least = fmin(least, ret->probability[i * models->classes + c]);
        }
        if (least < 0 || fabs(sum - 1) > 1e-3) {
            ret->probability = NULL;
            return;
        }
    }
}

static bool scores_of_classes(rg_prediction_reader *r, const rg_matched *m,
                              const rg_column **column, rg_fixed_model *ret)
{
    const rg_fixed_models *models = r->models;
    size_t n = models->examples, k = models->classes;
    ret->probability = RG_DATA_ROOM(models->arena, double, n *k, m->path, r->err);
    ret->score = k == 2 ? RG_DATA_ROOM(models->arena, double, n, m->path, r->err) : NULL;
    ret->label = new_labels(r, m);
    if (!ret->probability || !ret->label || (k == 2 && !ret->score))
        return false;
    for (size_t c = 0; c < k; c++) {
        const double *values = rg_prediction_numbers(r, m, column[c]);
        for (size_t i = 0; values && i < n; i++)
            ret->probability[i * k + c] = values[i];
        if (!values)
            return false;
    }
    for (size_t i = 0; i < n; i++) {
        const double *row = ret->probability + i * k;
        for (size_t c = 1; c < k; c++)
            if (row[c] > row[ret->label[i]])
                ret->label[i] = (int32_t)c;
        if (k == 2)
            ret->score[i] = row[models->positive] - row[1 - models->positive];
    }
    keep_if_probabilities(models, ret);
    return true;
}

void rg_prediction_say(rg_prediction_reader *r, const rg_matched *m, const char *what,
                       const rg_column *column)
{
    enum { SAID = 600 }; /* bytes; of many files the first ones are an example */
    const char *phrase = rg_arena_printf(r->models->arena, "%s '%.40s'", what, column->name);
    if (r->taken.len >= SAID)
        return;
    if (!r->taken_last || strcmp(r->taken_last, phrase) != 0)
        rg_str_printf(&r->taken, "; %s of", phrase);
    else
        rg_str_add(&r->taken, ",");
    rg_str_printf(&r->taken, " %.60s", rg_path_base(m->path));
    r->taken_last = phrase;
}

bool rg_prediction_fail_none(rg_prediction_reader *r, const rg_matched *m)
{
    return rg_fail(r->err, RG_INPUT, m->path,
                   "name it 'prediction', or give a column of probabilities for each class, "
                   "called as the class",
                   "no column is known for the predictions among %zu", m->table->columns);
}

bool rg_prediction_read_classes(rg_prediction_reader *r, const rg_matched *m,
                                rg_fixed_model *ret)
{
    rg_fixed_models *models = r->models;
    const rg_column **column =
        RG_ARENA_ARRAY(models->arena, const rg_column *, models->classes);
    bool placed;
    const rg_column *label = rg_prediction_label(m->table, false);
    const rg_column *score = models->classes == 2 ? rg_prediction_score(m->table) : NULL;
    if (rg_prediction_classes(m->table, models->class_name, models->classes, column, &placed)) {
        if (placed)
            rg_json_say(models->warnings,
                        "The columns of %s have no names: they are taken for the classes in "
                        "ascending order.",
                        ret->name);
        rg_prediction_say(r, m, "classes have a column each, the first is", column[0]);
        return scores_of_classes(r, m, column, ret);
    }
    if (label && label != score && models->classes == 2 && label->kind == RG_COLUMN_NUMBER &&
        !all_are_classes(r, m, label)) {
        score = label;
        label = NULL;
    }
    if (label == score && label && all_are_classes(r, m, label))
        score = NULL;
    if (!label && !score)
        return rg_prediction_fail_none(r, m);
    if (label && label != score)
        rg_prediction_say(r, m, "the predicted class is column", label);
    if (score)
        rg_prediction_say(r, m, "the score is column", score);
    if (score)
        warn_of_positive(r, ret);
    if (score && (!(ret->score = rg_prediction_numbers(r, m, score)) ||
                  !probabilities_of_score(r, m, ret)))
        return false;
    return label && label != score ? labels_of_column(r, m, label, ret)
                                   : labels_of_score(r, m, ret);
}
