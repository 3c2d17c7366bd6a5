/* compare_rows.c - reads a table of results: every row checked, every mistake with its line. */
#include "lab/report/compare.h"
#include "lab/report/compare_columns.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 2^53: beyond, doubles are no longer whole numbers each. */
#define SEED_END 9007199254740992.0

void rg_results_free(rg_results *results)
{
    for (size_t i = 0; i < results->arms.len; i++)
        rg_vec_free(&results->arms.at[i].rows);
    rg_vec_free(&results->arms);
    rg_vec_free(&results->sets);
    rg_vec_free(&results->folds);
    json_decref(results->columns);
    json_decref(results->warnings);
    rg_arena_free(results->arena);
}

/* What the rows are read with. */
typedef struct reader {
    const rg_table *table;
    rg_result_columns columns;
    rg_results *results;
    rg_map *arms;  /* name -> index + 1, as a pointer */
    rg_map *seeds; /* the same for labels; NULL: seeds are whole numbers */
    rg_err *err;
} reader;

static bool fail_at(reader *r, size_t row, const char *remedy, const char *fmt, ...)
    RG_PRINTF(4, 5);
static bool fail_at(reader *r, size_t row, const char *remedy, const char *fmt, ...)
{
    char where[160], what[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    snprintf(where, sizeof(where), "%s:%zu", r->results->path, r->table->line[row]);
    return rg_fail(r->err, RG_INPUT, where, remedy, "%s", what);
}

/* The number of a name, in order of appearance. */
static size_t number_of(rg_map *map, const char *name)
{
    uintptr_t known = (uintptr_t)rg_map_get(map, name);
    if (known == 0) {
        known = rg_map_count(map) + 1;
        rg_map_set(map, name, (void *)known);
    }
    return known - 1;
}

static bool are_whole(const rg_table *table, const rg_column *column)
{
    if (column->kind != RG_COLUMN_NUMBER)
        return false;
    for (size_t row = 0; row < table->rows; row++) {
        double seed = column->number[row];
        if (!isnan(seed) && !(seed >= 0 && seed < SEED_END && seed == floor(seed)))
            return false;
    }
    return true;
}

static bool read_seed(reader *r, size_t row, uint64_t *ret)
{
    const rg_column *column = r->columns.seed;
    const char *text = rg_result_cell(column, row, r->results->arena);
    if (!text)
        return fail_at(r, row, "give every row the seed of its run", "column '%s' is empty",
                       column->name);
    *ret = r->seeds ? number_of(r->seeds, text) : (uint64_t)column->number[row];
    return true;
}

/* Missing and infinite values are NaN: a run without a score has failed. */
static bool read_value(reader *r, size_t row, double *ret)
{
    const rg_column *column = r->columns.value;
    double value = NAN;
    if (column->kind == RG_COLUMN_NUMBER)
        value = column->number[row];
    else if (column->text[row] && !rg_text_double(column->text[row], &value))
        return fail_at(r, row, "write a number, or leave the cell empty for a failed run",
                       "column '%s' holds '%.60s', which is not a number", column->name,
                       column->text[row]);
    *ret = isfinite(value) ? value : NAN;
    return true;
}

static bool is_other_metric(reader *r, size_t row)
{
    const rg_column *metric = r->columns.metric;
    return metric &&
           (!metric->text[row] || strcmp(metric->text[row], r->columns.metric_name) != 0);
}

static bool read_row(reader *r, size_t row)
{
    if (is_other_metric(r, row))
        return true;
    rg_result result = {.line = r->table->line[row]};
    const char *name = rg_result_cell(r->columns.arm, row, r->results->arena);
    if (!name)
        return fail_at(r, row, "give every row the name of its arm", "column '%s' is empty",
                       r->columns.arm->name);
    if (!read_seed(r, row, &result.seed) || !read_value(r, row, &result.value))
        return false;
    size_t arm = number_of(r->arms, name);
    if (arm == r->results->arms.len)
        rg_vec_push(&r->results->arms,
                    ((rg_result_arm){.name = rg_arena_strdup(r->results->arena, name)}));
    rg_vec_push(&r->results->arms.at[arm].rows, result);
    return true;
}

static int by_seed(const void *a, const void *b)
{
    const rg_result *x = a, *y = b;
    if (x->seed != y->seed)
        return x->seed > y->seed ? 1 : -1;
    return (x->line > y->line) - (x->line < y->line);
}

static bool sort_rows(reader *r, rg_result_arm *arm)
{
    qsort(arm->rows.at, arm->rows.len, sizeof(*arm->rows.at), by_seed);
    for (size_t i = 1; i < arm->rows.len; i++) {
        const rg_result *one = &arm->rows.at[i - 1], *other = &arm->rows.at[i];
        if (one->seed != other->seed)
            continue;
        const char *label = r->seeds ? rg_map_key(r->seeds, one->seed)
                                     : rg_arena_printf(r->results->arena, "%llu",
                                                       (unsigned long long)one->seed);
        char where[160];
        snprintf(where, sizeof(where), "%s:%zu", r->results->path, other->line);
        return rg_fail(r->err, RG_INPUT, where,
                       "keep one row for each arm and seed (of several epochs, the last)",
                       "arm '%s' has seed %s twice: here and in line %zu", arm->name, label,
                       one->line);
    }
    return true;
}

static bool read_rows(reader *r)
{
    for (size_t row = 0; row < r->table->rows; row++) {
        if (!read_row(r, row))
            return false;
    }
    for (size_t i = 0; i < r->results->arms.len; i++) {
        if (!sort_rows(r, &r->results->arms.at[i]))
            return false;
    }
    if (r->seeds)
        rg_json_say(r->results->warnings,
                    "Column '%s' holds labels: they are numbered from 0 as they appear.",
                    r->columns.seed->name);
    return true;
}

static json_t *columns_json(const rg_result_columns *c)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:s}", "form", c->metric ? "long" : "wide", "arm",
                          c->arm->name, "seed", c->seed->name, "value", c->value->name);
    if (c->metric)
        json_object_set_new(o, "metric", json_string(c->metric->name));
    if (c->dataset)
        json_object_set_new(o, "dataset", json_string(c->dataset->name));
    return o;
}

bool rg_results_read(const char *path, const char *metric, rg_results *ret, rg_err *err)
{
    *ret = (rg_results){.arena = rg_arena_new(), .path = path, .warnings = json_array()};
    rg_table *table = rg_csv_read(path, RG_HEADER_YES, ret->arena, err);
    if (!table)
        return false;
    if (table->rows == 0)
        return rg_fail(err, RG_INPUT, path, "write a line with names and a row for each run",
                       "the table has no rows");
    reader r = {.table = table, .results = ret, .err = err};
    if (!rg_result_columns_guess(table, path, metric, ret->arena, &r.columns, err))
        return false;
    ret->columns = columns_json(&r.columns);
    ret->metric = r.columns.metric_name;
    r.arms = rg_map_new();
    r.seeds = are_whole(table, r.columns.seed) ? NULL : rg_map_new();
    bool ok = read_rows(&r);
    rg_map_free(r.arms);
    rg_map_free(r.seeds);
    return ok;
}
