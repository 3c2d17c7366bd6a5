/* compare_predictions.c - reads the predictions of fixed models, in the order of the labels.
 *
 * Labels decide the task: texts are classes, and so are whole numbers of which few differ (the
 * rule of data sets, rigor/data.h); other numbers are what a regression predicts.  A class is
 * known by its text, so that 1, 1.0 and "1" are one. */
#include "lab/report/compare_prediction_reader.h"

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

static void find_classes(rg_prediction_reader *r, const rg_table *table,
                         const rg_column *column)
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
static bool find_positive(rg_prediction_reader *r)
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

static bool check_labels(rg_prediction_reader *r, const rg_table *table,
                         const rg_column *column)
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

static bool is_number_task(const rg_prediction_reader *r, const rg_table *table,
                           const rg_column *column, const char *task, bool *ret)
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

static bool take_labels(rg_prediction_reader *r, const rg_table *table, const rg_column *column,
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
        m->truth[row] = rg_prediction_class(r, column, row);
    if (m->truth && m->classes < 2)
        return rg_fail(r->err, RG_INPUT, r->labels_path, "give the labels of all examples",
                       "all labels are '%s'", m->class_name[0]);
    return m->truth != NULL;
}

static bool take_ids(rg_prediction_reader *r, const rg_table *table)
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

static bool read_labels(rg_prediction_reader *r, const rg_result_source *source,
                        const char *task)
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

static bool match_by_place(rg_prediction_reader *r, rg_matched *m)
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

static bool name_missing(rg_prediction_reader *r, const rg_matched *m)
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

static bool match_by_id(rg_prediction_reader *r, rg_matched *m, const rg_column *id)
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

static bool match(rg_prediction_reader *r, rg_matched *m)
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

/* ---- All together */

static bool read_model(rg_prediction_reader *r, const rg_result_source *source,
                       rg_fixed_model *ret)
{
    rg_matched m = {.path = rg_result_source_name(source)};
    const rg_column *column;
    m.table = rg_prediction_table(source, r->models->arena, r->err);
    if (!m.table || !match(r, &m))
        return false;
    if (!r->models->numbers)
        return rg_prediction_read_classes(r, &m, ret);
    column = rg_prediction_label(m.table, false);
    if (!column)
        column = rg_prediction_score(m.table);
    if (!column)
        return rg_prediction_fail_none(r, &m);
    rg_prediction_say(r, &m, "the prediction is column", column);
    ret->score = rg_prediction_numbers(r, &m, column);
    return ret->score != NULL;
}

static const char *say_reading(const rg_prediction_reader *r)
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
    rg_str_printf(&s, "%s; predictions are matched by %s%s.", rg_str_text(&r->taken),
                  r->by_id ? "id" : "the order of rows",
                  r->by_id && r->by_place ? ", or by the order of rows where there is none"
                                          : "");
    char *text = rg_arena_strdup(m->arena, rg_str_text(&s));
    rg_utf8_repair(text); /* a name may have been cut within a letter */
    rg_str_free(&s);
    return text;
}

static bool read_all(rg_prediction_reader *r, const rg_result_source *predictions, size_t n,
                     const rg_result_source *labels, const char *task)
{
    rg_fixed_models *m = r->models;
    if (n < 2)
        return rg_fail(r->err, RG_INPUT, NULL,
                       "give a file for each model: --predictions a.csv b.csv --labels y.csv",
                       "there are predictions of one model only");
    if (!rg_result_sources_differ(predictions, n, r->err) || !read_labels(r, labels, task))
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
    rg_prediction_reader r = {
        .models = ret, .classes = rg_map_new(), .said_positive = options->positive, .err = err};
    bool ok = read_all(&r, predictions, n, labels, options->task);
    rg_map_free(r.classes);
    rg_map_free(r.ids);
    rg_str_free(&r.taken);
    return ok;
}
