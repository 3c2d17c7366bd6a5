/* compare_predictions.c - reads the predictions of fixed models, in the order of the labels.
 *
 * Labels decide the task: texts are classes, and so are whole numbers of which few differ (the
 * rule of data sets, rigor/data.h); other numbers are what a regression predicts.  A class is
 * known by its text, so that 1, 1.0 and "1" are one. */
#include "lab/report/compare_predictions.h"

#include "lab/report/compare_columns.h"

#include "data/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FEW_CLASSES = 20, NAMED = 5 };

void rg_fixed_models_free(rg_fixed_models *models)
{
    json_decref(models->warnings);
    rg_arena_free(models->arena);
}

typedef struct reader {
    rg_fixed_models *models;
    const char *labels_path, *label_name;
    rg_map *classes;        /* text -> index + 1, as a pointer */
    rg_map *ids;            /* text -> row of the labels + 1; NULL: matched by place */
    size_t by_id, by_place; /* files matched so */
    const char *said_positive;
    rg_err *err;
} reader;

/* One file of predictions: row[i] is the row of example i in its table. */
typedef struct matched {
    const rg_table *table;
    const char *path;
    size_t *row;
} matched;

static bool fail_in(reader *r, const matched *m, size_t example, const char *remedy,
                    const char *what, const char *value)
{
    char where[160];
    rg_data_where(where, m->path, m->table->line[m->row[example]]);
    return rg_fail(r->err, RG_INPUT, where, remedy, what, value);
}

/* ---- Labels */

static bool looks_like_classes(const rg_table *table, const rg_column *column, rg_arena *arena)
{
    if (column->kind == RG_COLUMN_TEXT)
        return true;
    for (size_t row = 0; row < table->rows; row++)
        if (column->number[row] != floor(column->number[row]))
            return false;
    rg_map *seen = rg_map_new();
    for (size_t row = 0; row < table->rows && rg_map_count(seen) <= FEW_CLASSES; row++)
        rg_map_set(seen, rg_result_cell(column, row, arena), seen);
    size_t n = rg_map_count(seen);
    rg_map_free(seen);
    return n <= 2 || (n <= FEW_CLASSES && n * 3 <= table->rows);
}

static int by_name(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    double p, q;
    if (rg_text_double(x, &p) && rg_text_double(y, &q))
        return (p > q) - (p < q);
    return strcmp(x, y);
}

static void find_classes(reader *r, const rg_table *table, const rg_column *column)
{
    rg_fixed_models *m = r->models;
    rg_map *seen = rg_map_new();
    for (size_t row = 0; row < table->rows; row++)
        rg_map_set(seen, rg_result_cell(column, row, m->arena), seen);
    m->classes = rg_map_count(seen);
    m->class_name = RG_ARENA_ARRAY(m->arena, const char *, m->classes);
    for (size_t i = 0; i < m->classes; i++)
        m->class_name[i] = rg_arena_strdup(m->arena, rg_map_key(seen, i));
    rg_map_free(seen);
    qsort(m->class_name, m->classes, sizeof(*m->class_name), by_name);
    for (size_t i = 0; i < m->classes; i++)
        rg_map_set(r->classes, m->class_name[i], (void *)(i + 1));
}

/* Of two classes the one that a score is of: the one called so, else the later one. */
static bool find_positive(reader *r)
{
    static const char *const words[] = {"1", "true", "yes", "pos", "positive"};
    rg_fixed_models *m = r->models;
    m->positive = 1;
    m->positive_is_sure = m->classes != 2 || r->said_positive;
    for (size_t c = 0; c < 2 && m->classes == 2; c++)
        for (size_t i = 0; i < RG_COUNT(words); i++)
            if (strcasecmp(m->class_name[c], words[i]) == 0) {
                m->positive = c;
                m->positive_is_sure = true;
            }
    if (!r->said_positive)
        return true;
    m->positive = 0;
    while (m->positive < m->classes &&
           strcmp(m->class_name[m->positive], r->said_positive) != 0)
        m->positive++;
    return (m->classes == 2 && m->positive < 2) ||
           rg_fail(r->err, RG_INPUT, r->labels_path, "name one of two classes",
                   "--positive '%s' is none of the classes %.60s, %.60s%s", r->said_positive,
                   m->class_name[0], m->class_name[m->classes > 1],
                   m->classes > 2 ? ", ..." : "");
}

/* Scores of one class of two, when nothing says of which. */
static void warn_of_positive(reader *r, const rg_fixed_model *model)
{
    const rg_fixed_models *m = r->models;
    if (!m->positive_is_sure)
        rg_json_say(m->warnings,
                    "The scores of %s are taken to be of the class '%s'; --positive %s says "
                    "otherwise.",
                    model->name, m->class_name[m->positive], m->class_name[1 - m->positive]);
}

static int32_t class_of(reader *r, const rg_column *column, size_t row)
{
    const char *text = rg_result_cell(column, row, r->models->arena);
    return text ? (int32_t)(uintptr_t)rg_map_get(r->classes, text) - 1 : -1;
}

static bool check_labels(reader *r, const rg_table *table, const rg_column *column)
{
    for (size_t row = 0; row < table->rows; row++) {
        bool number = column->kind == RG_COLUMN_NUMBER;
        if (number ? isfinite(column->number[row]) : column->text[row] != NULL)
            continue;
        char where[160];
        return rg_fail(r->err, RG_INPUT, rg_data_where(where, r->labels_path, table->line[row]),
                       "leave the example out, here and in the predictions",
                       "column '%s' has no value here", column->name);
    }
    return true;
}

static bool is_number_task(const reader *r, const rg_table *table, const rg_column *column,
                           const char *task, bool *ret)
{
    *ret = !looks_like_classes(table, column, r->models->arena);
    if (!task)
        return true;
    *ret = strcmp(task, "regress") == 0 || strcmp(task, "regression") == 0;
    if (!*ret && strncmp(task, "classif", 7) != 0)
        return rg_fail(r->err, RG_INPUT, NULL, "use classify or regress",
                       "--task cannot be '%s'", task);
    return !*ret || column->kind == RG_COLUMN_NUMBER ||
           rg_fail(r->err, RG_INPUT, r->labels_path, "leave out --task regress",
                   "column '%s' holds texts, which no regression predicts", column->name);
}

static bool take_labels(reader *r, const rg_table *table, const rg_column *column,
                        const char *task)
{
    rg_fixed_models *m = r->models;
    m->examples = table->rows;
    r->label_name = column->name;
    if (!check_labels(r, table, column) || !is_number_task(r, table, column, task, &m->numbers))
        return false;
    if (m->numbers) {
        m->target = column->number;
        return true;
    }
    find_classes(r, table, column);
    if (!find_positive(r))
        return false;
    m->truth = RG_DATA_ROOM(m->arena, int32_t, m->examples, r->labels_path, r->err);
    for (size_t row = 0; m->truth && row < table->rows; row++)
        m->truth[row] = class_of(r, column, row);
    if (m->truth && m->classes < 2)
        return rg_fail(r->err, RG_INPUT, r->labels_path, "give the labels of all examples",
                       "all labels are '%s'", m->class_name[0]);
    return m->truth != NULL;
}

static bool take_ids(reader *r, const rg_table *table)
{
    const rg_column *id = rg_prediction_id(table);
    if (!id)
        return true;
    r->ids = rg_map_new();
    for (size_t row = 0; row < table->rows; row++) {
        const char *text = rg_result_cell(id, row, r->models->arena);
        char where[160];
        rg_data_where(where, r->labels_path, table->line[row]);
        if (!text)
            return rg_fail(r->err, RG_INPUT, where, "give every example its id",
                           "column '%s' is empty", id->name);
        uintptr_t before = (uintptr_t)rg_map_get(r->ids, text);
        if (before)
            return rg_fail(r->err, RG_INPUT, where, "give every example an id of its own",
                           "the id '%.60s' stands twice: here and in line %zu", text,
                           table->line[before - 1]);
        rg_map_set(r->ids, text, (void *)(row + 1));
    }
    return true;
}

static bool read_labels(reader *r, const rg_result_source *source, const char *task)
{
    rg_arena *arena = r->models->arena;
    r->labels_path = rg_result_source_name(source);
    const rg_table *table = rg_prediction_table(source, arena, r->err);
    if (!table)
        return false;
    const rg_column *column = rg_prediction_label(table, true);
    if (!column)
        return rg_fail(r->err, RG_INPUT, r->labels_path,
                       "name the column of labels 'label', and that of example numbers 'id'",
                       "no column is known for the labels among %zu", table->columns);
    return take_ids(r, table) && take_labels(r, table, column, task);
}

/* ---- Matching */

static bool match_by_place(reader *r, matched *m)
{
    if (m->table->rows != r->models->examples)
        return rg_fail(r->err, RG_INPUT, m->path,
                       "give one prediction for each label, in one order, or ids on both sides",
                       "there are %zu predictions for %zu labels", m->table->rows,
                       r->models->examples);
    for (size_t i = 0; i < m->table->rows; i++)
        m->row[i] = i;
    return true;
}

static bool name_missing(reader *r, const matched *m)
{
    size_t missing = 0, first = 0;
    for (size_t i = r->models->examples; i-- > 0;)
        if (m->row[i] == SIZE_MAX) {
            missing++;
            first = i;
        }
    return missing == 0 ||
           rg_fail(r->err, RG_INPUT, m->path, "give a prediction for every label",
                   "%zu of %zu examples have no prediction; the first is '%.60s'", missing,
                   r->models->examples, rg_map_key(r->ids, first));
}

static bool match_by_id(reader *r, matched *m, const rg_column *id)
{
    for (size_t i = 0; i < r->models->examples; i++)
        m->row[i] = SIZE_MAX;
    for (size_t row = 0; row < m->table->rows; row++) {
        const char *text = rg_result_cell(id, row, r->models->arena);
        uintptr_t found = text ? (uintptr_t)rg_map_get(r->ids, text) : 0;
        char where[160];
        rg_data_where(where, m->path, m->table->line[row]);
        if (!found)
            return rg_fail(r->err, RG_INPUT, where, "leave it out, or add its label",
                           "the labels have no example '%.60s'", text ? text : "");
        if (m->row[found - 1] != SIZE_MAX)
            return rg_fail(r->err, RG_INPUT, where, "keep one of them",
                           "example '%.60s' is predicted twice: here and in line %zu", text,
                           m->table->line[m->row[found - 1]]);
        m->row[found - 1] = row;
    }
    return name_missing(r, m);
}

static bool match(reader *r, matched *m)
{
    const rg_column *id = rg_prediction_id(m->table);
    m->row = RG_DATA_ROOM(r->models->arena, size_t, r->models->examples, m->path, r->err);
    if (!m->row)
        return false;
    if (r->ids && id) {
        r->by_id++;
        return match_by_id(r, m, id);
    }
    r->by_place++;
    return match_by_place(r, m);
}

/* ---- Numbers */

static double *read_numbers(reader *r, const matched *m, const rg_column *column)
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

static bool all_are_classes(reader *r, const matched *m, const rg_column *column)
{
    for (size_t i = 0; i < r->models->examples; i++)
        if (class_of(r, column, m->row[i]) < 0)
            return false;
    return true;
}

static int32_t *new_labels(reader *r, const matched *m)
{
    return RG_DATA_ROOM(r->models->arena, int32_t, r->models->examples, m->path, r->err);
}

/* A prediction that is no class is wrong, and said. */
static bool labels_of_column(reader *r, const matched *m, const rg_column *column,
                             rg_fixed_model *ret)
{
    size_t strange = 0, first = 0;
    int32_t *label = new_labels(r, m);
    for (size_t i = r->models->examples; label && i-- > 0;) {
        label[i] = class_of(r, column, m->row[i]);
        if (label[i] < 0) {
            strange++;
            first = i;
        }
    }
    if (strange) {
        const char *text = rg_result_cell(column, m->row[first], r->models->arena);
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

/* Probabilities above one half, other scores above 0. */
static bool labels_of_score(reader *r, const matched *m, rg_fixed_model *ret)
{
    double lo = ret->score[0], hi = lo;
    int32_t *label = new_labels(r, m), positive = (int32_t)r->models->positive;
    for (size_t i = 0; i < r->models->examples; i++) {
        lo = fmin(lo, ret->score[i]);
        hi = fmax(hi, ret->score[i]);
    }
    bool unit = lo >= 0 && hi <= 1;
    for (size_t i = 0; label && i < r->models->examples; i++)
        label[i] = ret->score[i] > (unit ? .5 : 0) ? positive : 1 - positive;
    ret->label = label;
    if (!unit)
        rg_json_say(r->models->warnings,
                    "The scores of %s are no probabilities: above 0 counts as '%s'.", ret->name,
                    r->models->class_name[positive]);
    return label != NULL;
}

static bool probabilities_of_score(reader *r, const matched *m, rg_fixed_model *ret)
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

static bool scores_of_classes(reader *r, const matched *m, const rg_column **column,
                              rg_fixed_model *ret)
{
    const rg_fixed_models *models = r->models;
    size_t n = models->examples, k = models->classes;
    ret->probability = RG_DATA_ROOM(models->arena, double, n *k, m->path, r->err);
    ret->score = k == 2 ? RG_DATA_ROOM(models->arena, double, n, m->path, r->err) : NULL;
    ret->label = new_labels(r, m);
    if (!ret->probability || !ret->label || (k == 2 && !ret->score))
        return false;
    for (size_t c = 0; c < k; c++) {
        const double *values = read_numbers(r, m, column[c]);
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

static bool fail_no_predictions(reader *r, const matched *m)
{
    return rg_fail(r->err, RG_INPUT, m->path,
                   "name it 'prediction', or give a column of probabilities for each class, "
                   "called as the class",
                   "no column is known for the predictions among %zu", m->table->columns);
}

static bool read_classes(reader *r, const matched *m, rg_fixed_model *ret)
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
        return fail_no_predictions(r, m);
    if (score)
        warn_of_positive(r, ret);
    if (score &&
        (!(ret->score = read_numbers(r, m, score)) || !probabilities_of_score(r, m, ret)))
        return false;
    return label && label != score ? labels_of_column(r, m, label, ret)
                                   : labels_of_score(r, m, ret);
}

/* ---- All together */

static bool read_model(reader *r, const rg_result_source *source, rg_fixed_model *ret)
{
    matched m = {.path = rg_result_source_name(source)};
    const rg_column *column;
    m.table = rg_prediction_table(source, r->models->arena, r->err);
    if (!m.table || !match(r, &m))
        return false;
    if (!r->models->numbers)
        return read_classes(r, &m, ret);
    column = rg_prediction_label(m.table, false);
    if (!column)
        column = rg_prediction_score(m.table);
    if (!column)
        return fail_no_predictions(r, &m);
    ret->score = read_numbers(r, &m, column);
    return ret->score != NULL;
}

static const char *say_reading(const reader *r)
{
    const rg_fixed_models *m = r->models;
    rg_str s = {0};
    rg_str_printf(&s, "Labels are column '%s' of %s: %zu examples, ", r->label_name,
                  rg_path_base(r->labels_path), m->examples);
    if (m->numbers)
        rg_str_add(&s, "numbers");
    else
        rg_str_printf(&s, "%zu classes (", m->classes);
    for (size_t i = 0; i < m->classes && i < NAMED; i++)
        rg_str_printf(&s, "%s%.40s", i ? ", " : "", m->class_name[i]);
    if (!m->numbers)
        rg_str_add(&s, m->classes > NAMED ? ", ...)" : ")");
    if (m->classes == 2)
        rg_str_printf(&s, ", of which '%.40s' is the positive one", m->class_name[m->positive]);
    rg_str_printf(
        &s, "; predictions are matched by %s%s.", r->by_id ? "id" : "the order of rows",
        r->by_id && r->by_place ? ", or by the order of rows where there is none" : "");
    const char *text = rg_arena_strdup(m->arena, rg_str_text(&s));
    rg_str_free(&s);
    return text;
}

static bool read_all(reader *r, const rg_result_source *predictions, size_t n,
                     const rg_result_source *labels, const char *task)
{
    rg_fixed_models *m = r->models;
    if (n < 2)
        return rg_fail(r->err, RG_INPUT, NULL,
                       "give a file for each model: --predictions a.csv b.csv --labels y.csv",
                       "there are predictions of one model only");
    if (!read_labels(r, labels, task))
        return false;
    m->at = RG_ARENA_ARRAY(m->arena, rg_fixed_model, n);
    m->count = n;
    const char **names = rg_result_file_names(predictions, n, m->arena);
    for (size_t i = 0; i < n; i++) {
        m->at[i].name = names[i];
        if (!read_model(r, &predictions[i], &m->at[i]))
            return false;
    }
    m->reading = say_reading(r);
    return true;
}

bool rg_fixed_models_read(const rg_result_source *predictions, size_t n,
                          const rg_result_source *labels, const rg_compare_options *options,
                          rg_fixed_models *ret, rg_err *err)
{
    *ret = (rg_fixed_models){.arena = rg_arena_new(), .warnings = json_array()};
    reader r = {
        .models = ret, .classes = rg_map_new(), .said_positive = options->positive, .err = err};
    bool ok = read_all(&r, predictions, n, labels, options->task);
    rg_map_free(r.classes);
    rg_map_free(r.ids);
    return ok;
}
