/* predictions_table.c - predictions as a table: a column id, and one of
 *
 *   value                   a number a row
 *   a column for each class probabilities; called as the classes are, or by their indices
 *   label                   a class a row, by name or by index, unless that is a question
 *   class_name, class_index a class a row, where it is
 *
 * Any other column is refused: one that is not understood may be one that is misspelt. */
#include "data/csv.h"
#include "data/handed_in.h"
#include "data/memory.h"
#include "data/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WHOLE_MAX 9007199254740992.0 /* 2^53: whole numbers up to here are exact doubles */
enum { NAMED = 5 };

typedef struct table_reader {
    rg_handed_in *h;
    const rg_table *table;
    const rg_column *id;
    rg_map *class_of; /* a class's name -> its index + 1 */
} table_reader;

static bool fail_row(const table_reader *r, size_t row, const char *remedy, const char *what)
{
    char place[160];
    return rg_fail(r->h->err, RG_INPUT, rg_data_where(place, r->h->where, r->table->line[row]),
                   remedy, "%s", what);
}

/* The column's cell as a number, which it has to be. */
static bool cell_number(const table_reader *r, const rg_column *column, size_t row, double *ret)
{
    char what[200];
    const char *text = column->kind == RG_COLUMN_TEXT ? column->text[row] : NULL;
    *ret = column->kind == RG_COLUMN_NUMBER ? column->number[row] : (double)NAN;
    if (text && rg_number_parse(text, ret))
        return true;
    if (!text && !isnan(*ret))
        return true;
    if (text)
        snprintf(what, sizeof(what), "'%.60s' in the column '%.60s' is no number", text,
                 column->name);
    else
        snprintf(what, sizeof(what), "the column '%.60s' has no number here", column->name);
    return fail_row(r, row, "write a number", what);
}

static bool ids_take(table_reader *r)
{
    int64_t *id = RG_DATA_ROOM(r->h->arena, int64_t, r->h->rows, r->h->where, r->h->err);
    for (size_t i = 0; i < r->h->rows; i++) {
        double number = 0;
        if (!id || !cell_number(r, r->id, i, &number))
            return false;
        if (floor(number) != number || fabs(number) > WHOLE_MAX)
            return fail_row(r, i, "copy the ids of test_inputs", "the id is no whole number");
        id[i] = (int64_t)number;
    }
    r->h->id = id;
    return true;
}

/* Fills column k of the values. */
static bool column_take(const table_reader *r, const rg_column *column, float *value, size_t k)
{
    for (size_t i = 0; i < r->h->rows; i++) {
        double number = 0;
        if (!cell_number(r, column, i, &number))
            return false;
        value[i * r->h->width + k] = (float)number;
    }
    return true;
}

/* ---- names of classes
 * ---------------------------------------------------------------------------------------- */

/* Numbers as the names of classes are written: "1.0" is "1". */
static const char *plain_name(const char *name, char out[64])
{
    double number;
    if (!rg_number_parse(name, &number))
        return name;
    snprintf(out, 64, "%.15g", number);
    return out;
}

static int32_t class_by_name(const table_reader *r, const char *name)
{
    char plain[64];
    return (int32_t)(uintptr_t)rg_map_get(r->class_of, plain_name(name, plain)) - 1;
}

static int32_t class_by_index(const table_reader *r, const char *name)
{
    double number;
    bool whole = rg_number_parse(name, &number) && floor(number) == number;
    return whole && number >= 0 && number < (double)r->h->truth->classes ? (int32_t)number : -1;
}

/* A name wherever there is one. */
static int32_t class_by_either(const table_reader *r, const char *name)
{
    int32_t named = class_by_name(r, name);
    return named >= 0 ? named : class_by_index(r, name);
}

typedef int32_t (*class_finder)(const table_reader *r, const char *name);

static void names_know(table_reader *r)
{
    const rg_part *truth = r->h->truth;
    r->class_of = rg_map_new();
    for (size_t k = 0; truth->class_name && k < truth->classes; k++)
        rg_map_set(r->class_of, truth->class_name[k], (void *)(uintptr_t)(k + 1));
}

/* Whether a class is called by the index of another one. */
static bool names_mislead(const table_reader *r)
{
    const rg_part *truth = r->h->truth;
    for (size_t k = 0; truth->class_name && k < truth->classes; k++) {
        int32_t index = class_by_index(r, truth->class_name[k]);
        if (index >= 0 && (size_t)index != k)
            return true;
    }
    return false;
}

/* "cat, dog, 3 and 7 more" */
static const char *names_list(const table_reader *r)
{
    const rg_part *truth = r->h->truth;
    rg_str list = {.max = 200};
    rg_str_add(&list, "the classes are ");
    for (size_t k = 0; truth->class_name && k < truth->classes && k < NAMED; k++)
        rg_str_printf(&list, "%s%.30s", k ? ", " : "", truth->class_name[k]);
    if (!truth->class_name)
        rg_str_printf(&list, "0 to %zu", truth->classes - 1);
    else if (truth->classes > NAMED)
        rg_str_printf(&list, " and %zu more", truth->classes - NAMED);
    const char *kept = rg_arena_strdup(r->h->arena, rg_str_text(&list));
    rg_str_free(&list);
    return kept;
}

/* ---- labels
 * ---------------------------------------------------------------------------------------- */

/* The cell as class names are written, NULL where it is empty. */
static const char *label_text(const rg_column *column, size_t row, char out[64])
{
    if (column->kind == RG_COLUMN_TEXT)
        return column->text[row];
    snprintf(out, 64, "%.15g", column->number[row]);
    return isnan(column->number[row]) ? NULL : out;
}

static bool labels_take(table_reader *r, const rg_column *column, class_finder find)
{
    int32_t *label = RG_DATA_ROOM(r->h->arena, int32_t, r->h->rows, r->h->where, r->h->err);
    for (size_t i = 0; label && i < r->h->rows; i++) {
        char number[64], what[128];
        const char *text = label_text(column, i, number);
        label[i] = text ? find(r, text) : -1;
        if (label[i] >= 0)
            continue;
        snprintf(what, sizeof(what), "there is no class '%.60s'", text ? text : "");
        return fail_row(r, i, names_list(r), text ? what : "the label is missing");
    }
    r->h->label = label;
    r->h->width = r->h->truth->classes;
    r->h->probabilities = true;
    return label != NULL;
}

static bool label_take(table_reader *r, const rg_column *column)
{
    if (names_mislead(r))
        return rg_fail(r->h->err, RG_INPUT, r->h->where,
                       "call the column class_name, or class_index for the numbers in y of "
                       "train.npz, from 0",
                       "the classes are called by numbers that are not their indices: the "
                       "column label could mean either");
    return labels_take(r, column, class_by_either);
}

static bool class_name_take(table_reader *r, const rg_column *column)
{
    return labels_take(r, column, class_by_name);
}

static bool class_index_take(table_reader *r, const rg_column *column)
{
    return labels_take(r, column, class_by_index);
}

/* ---- numbers
 * ---------------------------------------------------------------------------------------- */

static float *values_room(table_reader *r, size_t width)
{
    r->h->width = width;
    float *value = RG_DATA_ROOM(r->h->arena, float, r->h->rows *width, r->h->where, r->h->err);
    r->h->value = value;
    return value;
}

static bool value_take(table_reader *r, const rg_column *column)
{
    float *value = values_room(r, 1);
    return value && column_take(r, column, value, 0);
}

/* Which class each column is of, -1 for id; false unless each class has one column. */
static bool columns_assign(const table_reader *r, class_finder find, int32_t *ret)
{
    size_t classes = r->h->truth->classes;
    bool *has = RG_NEW_ARRAY(bool, classes + 1), good = r->table->columns == classes + 1;
    for (size_t c = 0; good && c < r->table->columns; c++) {
        const rg_column *column = &r->table->column[c];
        ret[c] = column == r->id ? -1 : find(r, column->name);
        good = column == r->id || (ret[c] >= 0 && !has[ret[c]]);
        if (good && ret[c] >= 0)
            has[ret[c]] = true;
    }
    rg_free(has);
    return good;
}

static bool fail_columns(const table_reader *r)
{
    const rg_part *truth = r->h->truth;
    size_t given = r->table->columns - 1;
    const char *remedy =
        truth->classes ? rg_arena_printf(r->h->arena, "head the columns id and one a class; %s",
                                         names_list(r))
                       : "head the columns id,value";
    for (size_t c = 0; c < r->table->columns; c++) {
        const rg_column *column = &r->table->column[c];
        if (column != r->id && (!truth->classes || class_by_either(r, column->name) < 0))
            return rg_fail(r->h->err, RG_INPUT, r->h->where, remedy,
                           "the column '%.60s' of the predictions is not understood",
                           column->name);
    }
    return rg_fail(r->h->err, RG_INPUT, r->h->where, remedy,
                   "%zu column%s of predictions for %zu classes", given, given == 1 ? "" : "s",
                   truth->classes);
}

static bool probabilities_take(table_reader *r)
{
    int32_t *class = RG_ARENA_ARRAY(r->h->arena, int32_t, r->table->columns);
    if (!r->h->truth->classes ||
        (!columns_assign(r, class_by_name, class) && !columns_assign(r, class_by_index, class)))
        return fail_columns(r);
    float *value = values_room(r, r->h->truth->classes);
    bool good = value != NULL;
    for (size_t c = 0; good && c < r->table->columns; c++)
        good = class[c] < 0 || column_take(r, &r->table->column[c], value, (size_t) class[c]);
    r->h->probabilities = true;
    return good;
}

/* ---- the form
 * ---------------------------------------------------------------------------------------- */

static bool predictions_take(table_reader *r)
{
    static const struct {
        const char *name;
        bool of_classes;
        bool (*take)(table_reader *r, const rg_column *column);
    } forms[] = {{"value", false, value_take},
                 {"label", true, label_take},
                 {"class_name", true, class_name_take},
                 {"class_index", true, class_index_take}};
    for (size_t i = 0; r->table->columns == 2 && i < RG_COUNT(forms); i++) {
        const rg_column *column = rg_table_column(r->table, forms[i].name);
        if (column && (r->h->truth->classes || !forms[i].of_classes))
            return forms[i].take(r, column);
    }
    return probabilities_take(r);
}

bool rg_handed_in_table(rg_handed_in *h, char *text, size_t len)
{
    table_reader r = {.h = h};
    r.table = rg_csv_take(text, len, h->where, RG_HEADER_YES, h->arena, h->err);
    if (!r.table)
        return false;
    r.id = rg_table_column(r.table, "id");
    if (!r.id)
        return rg_fail(h->err, RG_INPUT, h->where,
                       "begin the file with the line id,value, or id and the classes",
                       "the predictions have no column id");
    h->rows = r.table->rows;
    names_know(&r);
    bool good = ids_take(&r) && predictions_take(&r);
    rg_map_free(r.class_of);
    return good;
}
