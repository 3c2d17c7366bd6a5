/* roles.c - columns that are no features: the group, the time and the query of each row.
 *
 * A column becomes codes: the places of its values among the different ones.  Splits, audits and
 * ranking metrics need no more than which rows are equal and which come first. */
#include "rigor/data.h"

#include "data/codes.h"
#include "data/memory.h"
#include "data/moment.h"
#include "data/npy.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct role {
    const char *key, *name; /* "data.split.group", "patient" */
    bool time;
    rg_key *to;
} role;

typedef struct assigning {
    rg_dataset *data;
    rg_arena *arena;
    rg_err *err;
} assigning;

/* ---- The column */

static const rg_column *column_of_table(const assigning *a, const role *r)
{
    const rg_table *table = a->data->table;
    const rg_column *column = rg_table_column(table, r->name);
    if (column)
        return column;
    const char **names = RG_NEW_ARRAY(const char *, table->columns + 1);
    for (size_t c = 0; c < table->columns; c++)
        names[c] = table->column[c].name;
    const char *near = rg_text_nearest(r->name, names, table->columns);
    rg_fail(a->err, RG_INPUT, r->key, "name a column of the data other than its target",
            "'%s' has no column '%s'%s%s%s", a->data->name, r->name,
            near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    rg_free(names);
    return NULL;
}

static const rg_column *column_of_array(const assigning *a, const role *r)
{
    const rg_array *array = a->data->arrays ? rg_arrays_find(a->data->arrays, r->name) : NULL;
    if (!array || rg_array_count(array) != a->data->rows || array->rank < 1) {
        rg_fail(a->err, RG_INPUT, r->key, "save one with a value for each row",
                "'%s' has no array '%s' with one value for each row", a->data->name, r->name);
        return NULL;
    }
    rg_column *column = RG_ARENA_NEW(a->arena, rg_column);
    column->name = r->name;
    column->number = RG_DATA_ROOM(a->arena, double, a->data->rows, a->data->path, a->err);
    if (!column->number)
        return NULL;
    rg_array_doubles(array, column->number);
    return column;
}

/* ---- Its codes */

static bool refuse_cell(const assigning *a, const role *r, size_t row, const char *what,
                        const char *remedy)
{
    char place[160];
    const rg_table *table = a->data->table;
    rg_data_where(place, a->data->path, table ? table->line[row] : row);
    return rg_fail(a->err, RG_INPUT, place, remedy, "%s in the column '%s'", what, r->name);
}

static bool texts_are_times(const assigning *a, const role *r, const rg_column *column,
                            double *ret)
{
    for (size_t i = 0; i < a->data->rows; i++) {
        char what[120];
        if (!column->text[i] || rg_moment_parse(column->text[i], &ret[i]))
            continue;
        snprintf(what, sizeof(what), "'%.60s' is no time", column->text[i]);
        return refuse_cell(a, r, i, what, "write 2026-01-31 or 2026-01-31T12:00:00Z");
    }
    return true;
}

static bool nothing_missing(const assigning *a, const role *r, const rg_column *column)
{
    for (size_t i = 0; i < a->data->rows && column->missing + !column->text; i++)
        if (column->text ? !column->text[i] : isnan(column->number[i]))
            return refuse_cell(a, r, i, "a cell is missing", "fill it in or remove the row");
    return true;
}

static bool encode(const assigning *a, const double *number, const rg_column *column,
                   rg_key *key)
{
    size_t n = a->data->rows;
    key->code = RG_DATA_ROOM(a->arena, uint32_t, n, a->data->path, a->err);
    if (!key->code)
        return false;
    rg_codes codes = rg_codes_of(number, number ? NULL : column->text, n);
    memcpy(key->code, codes.code, n * sizeof(*key->code));
    key->count = codes.count;
    rg_codes_free(&codes);
    return true;
}

static bool assign(const assigning *a, const role *r)
{
    const rg_column *column = a->data->table ? column_of_table(a, r) : column_of_array(a, r);
    if (!column || !nothing_missing(a, r, column))
        return false;
    const double *number = column->number;
    if (r->time && column->text) {
        double *times = RG_DATA_ROOM(a->arena, double, a->data->rows, a->data->path, a->err);
        if (!times || !texts_are_times(a, r, column, times))
            return false;
        number = times;
    }
    rg_key key = {.name = rg_arena_strdup(a->arena, r->name), .column = column};
    if (!encode(a, number, column, &key))
        return false;
    *r->to = key;
    return true;
}

/* ---- All of them */

/* Features are what has no role. */
static bool take_out(const assigning *a, const role *roles, size_t n)
{
    rg_dataset *data = a->data;
    rg_table *table = RG_ARENA_NEW(a->arena, rg_table);
    *table = *data->table;
    table->columns = 0;
    table->column = RG_ARENA_ARRAY(a->arena, rg_column, data->table->columns);
    for (size_t c = 0; c < data->table->columns; c++) {
        const rg_column *column = &data->table->column[c];
        bool taken = false;
        for (size_t i = 0; i < n; i++)
            taken = taken || roles[i].to->column == column;
        if (!taken)
            table->column[table->columns++] = *column;
    }
    if (!table->columns)
        return rg_fail(a->err, RG_INPUT, data->path, "keep one as a feature: keep: true",
                       "no column is left as a feature");
    data->table = table;
    data->features = table->columns;
    return true;
}

bool rg_dataset_roles(rg_dataset *data, const rg_roles *roles, rg_arena *arena, rg_err *err)
{
    assigning a = {data, arena, err};
    rg_dataset made = *data;
    const role all[] = {{"data.split.group", roles->group, false, &made.group},
                        {"data.split.time", roles->time, true, &made.time},
                        {"data.group", roles->query, false, &made.query}};
    bool any = false;
    for (size_t i = 0; i < RG_COUNT(all); i++) {
        if (!all[i].name)
            continue;
        if (!assign(&a, &all[i]))
            return false;
        any = true;
    }
    a.data = &made;
    if (any && made.table && !roles->keep && !take_out(&a, all, RG_COUNT(all)))
        return false;
    *data = made;
    return true;
}
