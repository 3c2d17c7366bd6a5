/* compare_settings.c - settings of the runs in a table of results (see compare_settings.h).
 *
 * A column whose values are constant within two arms and differ between them is what the arms
 * differ in: the factor that is meant, or one that nobody thought of (epochs, a commit, a
 * machine, the hash of the data).  Which of them, a table cannot tell: all are named.  Columns
 * that name the arm once more, and scores, are passed over; so is an arm of one row, in which
 * everything is constant. */
#include "lab/report/compare_settings.h"

#include "lab/report/compare_forms.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS_MOST = 60, TABLE_MOST = 1000, SHOWN = 60 };

static bool is_setting(const rg_column *column, const rg_result_columns *columns)
{
    bool maximize;
    double worst;
    return !rg_result_is_taken(columns, column) &&
           rg_result_name_fits(column->name, RG_ROLE_ARM) == 0 &&
           !(column->kind == RG_COLUMN_NUMBER &&
             rg_result_metric(column->name, &maximize, &worst));
}

/* The value that all rows of the arm in this file have, or NULL. */
static const char *constant_of(const rg_results *results, const rg_result_arm *arm,
                               uint32_t file, const rg_table *table, const rg_column *column)
{
    size_t first = SIZE_MAX;
    for (size_t i = 0; i < arm->rows.len; i++) {
        if (arm->rows.at[i].file != file)
            continue;
        size_t row = rg_result_row_at(table, arm->rows.at[i].line);
        if (first == SIZE_MAX)
            first = row;
        if (!rg_result_same_cell(column, first, row))
            return NULL;
    }
    return first == SIZE_MAX ? NULL : rg_result_cell(column, first, results->arena);
}

static bool has_rows(const rg_result_arm *arm, uint32_t file)
{
    for (size_t i = 0; i < arm->rows.len; i++)
        if (arm->rows.at[i].file == file)
            return true;
    return false;
}

/* All scores of an arm stand in one row where each fold or seed has a column. */
static bool is_one_row(const rg_result_arm *arm)
{
    for (size_t i = 1; i < arm->rows.len; i++)
        if (arm->rows.at[i].line != arm->rows.at[0].line ||
            arm->rows.at[i].file != arm->rows.at[0].file)
            return false;
    return true;
}

/* A column that varies, here or between files, is null for good. */
static void keep(json_t *settings, const char *column, const char *value)
{
    const json_t *known = json_object_get(settings, column);
    bool same =
        !known || (value && json_is_string(known) && !strcmp(json_string_value(known), value));
    json_object_set_new(settings, column, same && value ? json_string(value) : json_null());
}

/* At most COLUMNS_MOST columns; none of a table that is wider than any list of settings. */
static size_t find_settings(const rg_table *table, const rg_result_columns *columns,
                            const rg_column *ret[COLUMNS_MOST])
{
    size_t n = 0;
    for (size_t i = 0; table->columns <= TABLE_MOST && i < table->columns; i++)
        if (n < COLUMNS_MOST && is_setting(&table->column[i], columns))
            ret[n++] = &table->column[i];
    return n;
}

void rg_result_settings_add(rg_results *results, uint32_t file, const rg_table *table,
                            const rg_result_columns *columns)
{
    const rg_column *column[COLUMNS_MOST];
    size_t n = find_settings(table, columns, column);
    if (!results->settings)
        results->settings = json_object();
    for (size_t a = 0; n > 0 && a < results->arms.len; a++) {
        const rg_result_arm *arm = &results->arms.at[a];
        if (is_one_row(arm) || !has_rows(arm, file))
            continue;
        json_t *settings = json_object_get(results->settings, arm->name);
        if (!settings) {
            settings = json_object();
            json_object_set_new(results->settings, arm->name, settings);
        }
        for (size_t i = 0; i < n; i++)
            keep(settings, column[i]->name, constant_of(results, arm, file, table, column[i]));
    }
}

json_t *rg_result_confounds(const rg_results *results, const rg_claim *claim)
{
    const json_t *a = json_object_get(results->settings, results->arms.at[claim->a].name);
    const json_t *b = json_object_get(results->settings, results->arms.at[claim->b].name);
    json_t *ret = json_array(), *own;
    const char *column;
    rg_str list = {.max = 2000};
    json_object_foreach ((json_t *)(uintptr_t)a, column, own) {
        const json_t *other = json_object_get(b, column);
        if (json_is_string(own) && json_is_string(other) && !json_equal(own, other))
            rg_str_printf(&list, "%s%.*s (%.*s against %.*s)", list.len ? ", " : "", SHOWN,
                          column, SHOWN, json_string_value(own), SHOWN,
                          json_string_value(other));
    }
    char *text = rg_arena_strdup(results->arena, rg_str_text(&list));
    rg_utf8_repair(text); /* a name may have been cut within a letter */
    if (*text)
        rg_json_say(ret, "The arms also differ in %s.", text);
    rg_str_free(&list);
    return ret;
}
