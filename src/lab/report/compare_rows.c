/* compare_rows.c - reads tables of results: every row checked, every mistake with its line.
 *
 * A pair is known by data set, seed and fold.  Without a column for the seed, the rows of an
 * arm are numbered as they stand, and pair with nobody, unless each arm has one row for each
 * data set and fold. */
#include "lab/report/compare.h"
#include "lab/report/compare_columns.h"
#include "lab/report/compare_settings.h"

#include "data/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* 2^53: beyond, doubles are no longer whole numbers each. */
#define SEED_END 9007199254740992.0

void rg_results_free(rg_results *results)
{
    for (size_t i = 0; i < results->arms.len; i++)
        rg_vec_free(&results->arms.at[i].rows);
    rg_vec_free(&results->arms);
    rg_vec_free(&results->files);
    rg_vec_free(&results->sets);
    rg_vec_free(&results->folds);
    rg_vec_free(&results->seeds);
    json_decref(results->columns);
    json_decref(results->settings);
    json_decref(results->warnings);
    rg_arena_free(results->arena);
}

const char *rg_result_seed(const rg_results *results, const rg_result *row)
{
    if (results->seeds.len)
        return results->seeds.at[row->seed];
    return rg_arena_printf(results->arena, "%llu", (unsigned long long)row->seed);
}

/* Names by number, in order of appearance. */
typedef struct numbering {
    rg_map *map; /* name -> index + 1, as a pointer */
    const char *last;
    size_t last_number;
} numbering;

static size_t number_of(numbering *n, const char *name)
{
    if (n->last && strcmp(n->last, name) == 0) /* most tables stand in blocks */
        return n->last_number;
    uintptr_t known = (uintptr_t)rg_map_get(n->map, name);
    if (known == 0) {
        known = rg_map_count(n->map) + 1;
        rg_map_set(n->map, name, (void *)known);
    }
    n->last = rg_map_key(n->map, known - 1);
    return n->last_number = known - 1;
}

typedef struct file_of_results {
    rg_result_table_info info;
    rg_result_columns columns;
    const char *arm; /* what the file's name says; NULL: a column says it */
} file_of_results;

/* What the rows are read with. */
typedef struct reader {
    rg_results *results;
    file_of_results *files;
    size_t n_files, file; /* the one being read */
    numbering names[RG_ROLES];
    bool labels; /* seeds are texts */
    rg_err *err;
} reader;

static bool fail_at(reader *r, size_t file, size_t line, const char *remedy, const char *fmt,
                    ...) RG_PRINTF(5, 6);
static bool fail_at(reader *r, size_t file, size_t line, const char *remedy, const char *fmt,
                    ...)
{
    char where[160], what[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    rg_utf8_repair(what);
    snprintf(where, sizeof(where), "%.130s:%zu", r->results->files.at[file], line);
    return rg_fail(r->err, RG_INPUT, where, remedy, "%s", what);
}

static size_t line_of(const reader *r, size_t row)
{
    return r->files[r->file].info.table->line[row];
}

/* ---- Cells */

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

/* Each role that a text stands for: the cell, or what the value column's name says. */
static bool read_name(reader *r, size_t row, size_t value, rg_result_role role, size_t *ret)
{
    static const char *const remedies[RG_ROLES] = {
        "give every row the name of its arm", "give every row the seed of its run",
        "give every row the name of its data set", "give every row its fold"};
    const rg_result_columns *c = &r->files[r->file].columns;
    const rg_column *column = c->role[role];
    const char *text = NULL;
    *ret = 0;
    if (role == rg_result_spread(c->form))
        text = c->label[value];
    else if (column)
        text = rg_result_cell(column, row, r->results->arena);
    else if (role == RG_ROLE_ARM)
        text = r->files[r->file].arm;
    else
        return true;
    if (!text)
        return fail_at(r, r->file, line_of(r, row), remedies[role], "column '%s' is empty",
                       column->name);
    *ret = number_of(&r->names[role], text);
    return true;
}

static bool read_seed(reader *r, size_t row, size_t value, uint64_t *ret)
{
    const rg_result_columns *c = &r->files[r->file].columns;
    const rg_column *column = c->role[RG_ROLE_SEED];
    bool whole = !r->labels && column && !isnan(column->number[row]);
    size_t number = 0;
    if (!whole && !read_name(r, row, value, RG_ROLE_SEED, &number))
        return false;
    *ret = whole ? (uint64_t)column->number[row] : number;
    return true;
}

/* Missing and infinite values are NaN: a run without a score has failed. */
static bool read_value(reader *r, size_t row, const rg_column *column, double *ret)
{
    double value = NAN;
    if (column->kind == RG_COLUMN_NUMBER)
        value = column->number[row];
    else if (column->text[row] && !rg_number_parse(column->text[row], &value))
        return fail_at(r, r->file, line_of(r, row),
                       strchr(column->text[row], ',')
                           ? "write a number with a decimal point"
                           : "write a number, or leave the cell empty for a failed run",
                       "column '%.60s' holds '%.60s', which is not a number", column->name,
                       column->text[row]);
    *ret = isfinite(value) ? value : NAN;
    return true;
}

static bool is_other_metric(const reader *r, size_t row)
{
    const rg_result_columns *c = &r->files[r->file].columns;
    const rg_column *metric = c->role[RG_ROLE_METRIC];
    return metric && (!metric->text[row] || strcmp(metric->text[row], c->metric_name) != 0);
}

static bool read_score(reader *r, size_t row, size_t value)
{
    rg_results *results = r->results;
    const rg_result_columns *c = &r->files[r->file].columns;
    rg_result result = {.line = (uint32_t)line_of(r, row), .file = (uint32_t)r->file};
    size_t arm, set, fold;
    if (!read_name(r, row, value, RG_ROLE_ARM, &arm) ||
        !read_seed(r, row, value, &result.seed) ||
        !read_name(r, row, value, RG_ROLE_DATASET, &set) ||
        !read_name(r, row, value, RG_ROLE_FOLD, &fold) ||
        !read_value(r, row, c->value[value], &result.value))
        return false;
    result.set = (uint32_t)set;
    result.fold = (uint32_t)fold;
    if (arm == results->arms.len)
        rg_vec_push(
            &results->arms,
            ((rg_result_arm){.name = rg_arena_strdup(
                                 results->arena, rg_map_key(r->names[RG_ROLE_ARM].map, arm))}));
    rg_vec_push(&results->arms.at[arm].rows, result);
    return true;
}

static bool read_rows(reader *r)
{
    for (r->file = 0; r->file < r->n_files; r->file++) {
        const file_of_results *f = &r->files[r->file];
        for (size_t row = 0; row < f->info.table->rows; row++) {
            if (is_other_metric(r, row))
                continue;
            for (size_t value = 0; value < f->columns.n_values; value++)
                if (!read_score(r, row, value))
                    return false;
        }
    }
    return true;
}

/* ---- Order, and rows that stand twice */

int rg_result_order(const rg_result *x, const rg_result *y)
{
    if (x->set != y->set)
        return x->set > y->set ? 1 : -1;
    if (x->seed != y->seed)
        return x->seed > y->seed ? 1 : -1;
    return (x->fold > y->fold) - (x->fold < y->fold);
}

static int by_key_and_line(const void *a, const void *b)
{
    const rg_result *x = a, *y = b;
    int order = rg_result_order(x, y);
    if (order || x->file != y->file)
        return order ? order : x->file > y->file ? 1 : -1;
    return (x->line > y->line) - (x->line < y->line);
}

static void sort_rows(rg_result_arm *arm)
{
    qsort(arm->rows.at, arm->rows.len, sizeof(*arm->rows.at), by_key_and_line);
}

/* The place of the first row whose key stands before it; 0: none. */
static size_t find_twin(const rg_result_arm *arm)
{
    size_t at = 0;
    for (size_t i = 1; i < arm->rows.len; i++) {
        const rg_result *row = &arm->rows.at[i];
        if (rg_result_order(row - 1, row) == 0 &&
            (at == 0 || row->line < arm->rows.at[at].line))
            at = i;
    }
    return at;
}

static bool fail_twin(reader *r, const rg_result_arm *arm, size_t at)
{
    const rg_result *one = &arm->rows.at[at - 1], *other = &arm->rows.at[at];
    const rg_results *results = r->results;
    const file_of_results *file = &r->files[one->file];
    const rg_column *column =
        one->file != other->file
            ? NULL
            : rg_result_difference(file->info.table, file->columns.value[0], one->line,
                                   other->line, results->arena);
    rg_str key = {0}, remedy = {.max = 300};
    rg_str_printf(&key, "seed %.60s", rg_result_seed(results, other));
    if (!r->results->has_seeds)
        rg_str_clear(&key);
    if (results->folds.len)
        rg_str_printf(&key, "%sfold %.60s", key.len ? ", " : "",
                      results->folds.at[other->fold]);
    if (results->sets.len)
        rg_str_printf(&key, "%sdata set %.60s", key.len ? ", " : "",
                      results->sets.at[other->set]);
    rg_str_add(&remedy, "keep one row for each run (of several epochs, the last)");
    if (column)
        rg_str_printf(&remedy,
                      "; the two rows differ in column '%.60s': keep one value of it, or say "
                      "what it is (--arm, --dataset, --fold)",
                      column->name);
    char first[200];
    snprintf(first, sizeof(first), "line %u", one->line);
    if (one->file != other->file)
        snprintf(first, sizeof(first), "%.120s:%u", results->files.at[one->file], one->line);
    fail_at(r, other->file, other->line, rg_str_text(&remedy),
            "arm '%.60s' has %s twice: here and in %s", arm->name, rg_str_text(&key), first);
    rg_str_free(&key);
    rg_str_free(&remedy);
    return false;
}

/* Rows without seeds that share a data set and fold are runs that have no partners. */
static void number_runs(rg_results *results)
{
    results->unpaired = true;
    for (size_t i = 0; i < results->arms.len; i++) {
        rg_result_arm *arm = &results->arms.at[i];
        arm->unpaired = true;
        for (size_t k = 1; k < arm->rows.len; k++) {
            rg_result *row = &arm->rows.at[k];
            bool same = row->set == row[-1].set && row->fold == row[-1].fold;
            row->seed = same ? row[-1].seed + 1 : 0;
        }
    }
    rg_json_say(results->warnings,
                "No column holds seeds: the rows of an arm are taken for runs that have no "
                "partners, which needs more of them than pairs do. Name the column with "
                "--seed, if there is one.");
}

static bool put_in_order(reader *r)
{
    rg_results *results = r->results;
    for (size_t i = 0; i < results->arms.len; i++) {
        rg_result_arm *arm = &results->arms.at[i];
        sort_rows(arm);
        size_t twin = find_twin(arm);
        if (twin && results->has_seeds)
            return fail_twin(r, arm, twin);
        results->unpaired |= twin > 0;
    }
    if (results->unpaired)
        number_runs(results);
    return true;
}

/* ---- Several files */

static bool guess_columns(reader *r, const rg_compare_options *options,
                          const char *const *names)
{
    bool some_arm = false;
    for (size_t i = 0; i < r->n_files; i++) {
        file_of_results *f = &r->files[i];
        rg_compare_options first = *options;
        f->info.arm_from_file = r->n_files > 1;
        if (i > 0 && !first.metric) /* all files have the metric of the first one */
            first.metric = r->results->metric;
        if (!rg_result_columns_guess(&f->info, &first, r->results->arena, &f->columns, r->err))
            return false;
        if (i == 0)
            r->results->metric = f->columns.metric_name;
        some_arm |= f->columns.role[RG_ROLE_ARM] || f->columns.form == RG_FORM_ARMS;
        r->results->has_seeds |=
            f->columns.role[RG_ROLE_SEED] || f->columns.form == RG_FORM_SEEDS;
        if (f->columns.role[RG_ROLE_SEED])
            r->labels |= !are_whole(f->info.table, f->columns.role[RG_ROLE_SEED]);
        r->labels |= f->columns.form == RG_FORM_SEEDS;
        if (f->columns.guessed)
            rg_json_say(r->results->warnings, "%s", f->columns.guessed);
    }
    for (size_t i = 0; i < r->n_files && !some_arm; i++)
        r->files[i].arm = names[i];
    for (size_t i = 0; i < r->n_files && some_arm; i++)
        if (!r->files[i].columns.role[RG_ROLE_ARM] && r->files[i].columns.form != RG_FORM_ARMS)
            return rg_fail(r->err, RG_INPUT, r->files[i].info.path,
                           "give all files a column for the arm, or none",
                           "no column says which arm a row belongs to, as in the other files");
    return true;
}

/* The one arm that all rows of all files name; NULL: there are two, or no column. */
static const char *only_arm(const reader *r)
{
    const char *only = NULL;
    for (size_t i = 0; i < r->n_files; i++) {
        const rg_column *column = r->files[i].columns.role[RG_ROLE_ARM];
        if (!column)
            return NULL;
        for (size_t row = 0; row < r->files[i].info.table->rows; row++) {
            const char *text = rg_result_cell(column, row, r->results->arena);
            if (!text || (only && strcmp(only, text) != 0))
                return NULL;
            only = text;
        }
    }
    return only;
}

/* Files that all name one arm are an arm each, unless the column was said. */
static void drop_only_arm(reader *r, const rg_compare_options *options,
                          const char *const *names)
{
    if (r->n_files < 2 || options->column[RG_ROLE_ARM] || !only_arm(r))
        return;
    for (size_t i = 0; i < r->n_files; i++) {
        r->files[i].columns.role[RG_ROLE_ARM] = NULL;
        r->files[i].arm = names[i];
    }
}

static bool read_tables(reader *r, const rg_result_source *sources)
{
    for (size_t i = 0; i < r->n_files; i++) {
        rg_result_table_info *info = &r->files[i].info;
        info->path = rg_result_source_name(&sources[i]);
        rg_vec_push(&r->results->files, info->path);
        info->table = rg_result_table(&sources[i], r->results->arena, r->err);
        if (!info->table)
            return false;
    }
    return true;
}

/* ---- All together */

/* The names of data sets, folds and seeds, by number. */
static void keep_names(reader *r)
{
    rg_results *results = r->results;
    for (size_t i = 0; i < rg_map_count(r->names[RG_ROLE_DATASET].map); i++)
        rg_vec_push(
            &results->sets,
            rg_arena_strdup(results->arena, rg_map_key(r->names[RG_ROLE_DATASET].map, i)));
    for (size_t i = 0; i < rg_map_count(r->names[RG_ROLE_FOLD].map); i++)
        rg_vec_push(&results->folds,
                    rg_arena_strdup(results->arena, rg_map_key(r->names[RG_ROLE_FOLD].map, i)));
    for (size_t i = 0; r->labels && i < rg_map_count(r->names[RG_ROLE_SEED].map); i++)
        rg_vec_push(&results->seeds,
                    rg_arena_strdup(results->arena, rg_map_key(r->names[RG_ROLE_SEED].map, i)));
}

static void say_labels(reader *r)
{
    const rg_column *column = r->files[0].columns.role[RG_ROLE_SEED];
    if (r->labels && column)
        rg_json_say(r->results->warnings,
                    "Column '%s' holds labels: they are numbered from 0 as they appear.",
                    column->name);
    if (column && rg_result_name_is_example(column->name))
        rg_json_say(r->results->warnings,
                    "Column '%s' numbers examples, not runs: what is judged are these fixed "
                    "models on these examples, not the methods that made them.",
                    column->name);
}

static bool read_all(reader *r, const rg_result_source *sources,
                     const rg_compare_options *options)
{
    rg_results *results = r->results;
    const char **names = rg_result_file_names(sources, r->n_files, results->arena);
    if (!read_tables(r, sources) || !guess_columns(r, options, names))
        return false;
    drop_only_arm(r, options, names);
    results->columns = rg_result_columns_json(r->files[0].info.table, &r->files[0].columns);
    if (!read_rows(r))
        return false;
    keep_names(r);
    if (!put_in_order(r))
        return false;
    for (size_t i = 0; i < r->n_files; i++)
        rg_result_settings_add(results, (uint32_t)i, r->files[i].info.table,
                               &r->files[i].columns);
    say_labels(r);
    return true;
}

bool rg_results_read(const rg_result_source *sources, size_t n_sources,
                     const rg_compare_options *options, rg_results *ret, rg_err *err)
{
    *ret = (rg_results){.arena = rg_arena_new(),
                        .path = rg_result_source_name(&sources[0]),
                        .warnings = json_array()};
    reader r = {.results = ret, .n_files = n_sources, .err = err};
    r.files = RG_ARENA_ARRAY(ret->arena, file_of_results, n_sources);
    for (int role = 0; role < RG_ROLES; role++)
        r.names[role].map = rg_map_new();
    bool ok =
        rg_result_sources_differ(sources, n_sources, err) && read_all(&r, sources, options);
    for (int role = 0; role < RG_ROLES; role++)
        rg_map_free(r.names[role].map);
    return ok;
}
