/* compare_columns.c - guesses which column of a table of results is what.
 *
 * A column is known by what --arm, --seed, ... say, then by its name (compare_names.c), and at
 * last, for the arm alone, by its content: the only column of texts that repeat.  How the rows
 * are laid out is decided in compare_forms.c.  What is not sure is asked for and never assumed,
 * and everything that was guessed is named back. */
#include "lab/report/compare_columns.h"

#include "lab/report/compare.h"
#include "lab/report/compare_forms.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { COMPARED_MOST = 200 }; /* columns that an error message looks through */

static const char *const role_names[RG_ROLES] = {"arm",  "seed",   "dataset",
                                                 "fold", "metric", "value"};

const char *rg_result_cell(const rg_column *column, size_t row, rg_arena *arena)
{
    if (column->kind == RG_COLUMN_TEXT)
        return column->text[row];
    return isnan(column->number[row]) ? NULL
                                      : rg_arena_printf(arena, "%.15g", column->number[row]);
}

size_t rg_result_row_at(const rg_table *table, size_t line)
{
    size_t lo = 0, hi = table->rows;
    while (lo + 1 < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (table->line[mid] <= line)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

bool rg_result_same_cell(const rg_column *column, size_t a, size_t b)
{
    if (column->kind == RG_COLUMN_NUMBER)
        return column->number[a] == column->number[b] ||
               (isnan(column->number[a]) && isnan(column->number[b]));
    if (!column->text[a] || !column->text[b])
        return column->text[a] == column->text[b];
    return strcmp(column->text[a], column->text[b]) == 0;
}

const char *rg_result_list(const char *const *names, size_t n, rg_arena *arena)
{
    rg_str s = {0};
    for (size_t i = 0; i < n && i < 10; i++)
        rg_str_printf(&s, "%s%.60s", i ? ", " : "", names[i]);
    rg_str_add(&s, n > 10 ? ", ..." : "");
    char *text = rg_arena_strdup(arena, rg_str_text(&s));
    rg_utf8_repair(text);
    rg_str_free(&s);
    return text;
}

const char **rg_result_names(const rg_table *table, rg_arena *arena)
{
    const char **names = RG_ARENA_ARRAY(arena, const char *, table->columns + 1);
    for (size_t i = 0; i < table->columns; i++)
        names[i] = table->column[i].name;
    return names;
}

bool rg_result_is_taken(const rg_result_columns *c, const rg_column *column)
{
    for (int role = 0; role < RG_ROLES; role++)
        if (c->role[role] == column)
            return true;
    for (size_t i = 0; i < c->n_values; i++)
        if (c->value[i] == column)
            return true;
    return false;
}

size_t rg_result_distinct(const rg_table *table, const rg_column *column, const char ***ret,
                          rg_arena *arena)
{
    rg_map *map = rg_map_new();
    for (size_t row = 0; row < table->rows; row++) {
        const char *text = rg_result_cell(column, row, arena);
        if (text && !rg_map_get(map, text))
            rg_map_set(map, text, map);
    }
    size_t n = rg_map_count(map);
    if (ret) {
        *ret = RG_ARENA_ARRAY(arena, const char *, n + 1);
        for (size_t i = 0; i < n; i++)
            (*ret)[i] = rg_arena_strdup(arena, rg_map_key(map, i));
    }
    rg_map_free(map);
    return n;
}

/* A setting has few values; names, times and scores have nearly as many as there are rows. */
const rg_column *rg_result_difference(const rg_table *table, const rg_column *score,
                                      size_t line_a, size_t line_b, rg_arena *arena)
{
    const rg_column *found = NULL;
    size_t a = rg_result_row_at(table, line_a), b = rg_result_row_at(table, line_b);
    size_t fewest = SIZE_MAX, compared = 0;
    for (size_t i = 0; i < table->columns && compared < COMPARED_MOST; i++) {
        const rg_column *column = &table->column[i];
        if (column == score || rg_result_same_cell(column, a, b))
            continue;
        size_t values = rg_result_distinct(table, column, NULL, arena);
        bool aside = rg_result_name_is_aside(column->name);
        compared++;
        if (values < fewest || (values == fewest && aside)) {
            found = column;
            fewest = values;
        }
    }
    return found;
}

/* ---- Columns that are said */

const rg_column *rg_result_column_named(const rg_table *table, const char *name)
{
    const rg_column *column = rg_table_column(table, name);
    for (size_t i = 0; i < table->columns && !column; i++)
        if (strcasecmp(table->column[i].name, name) == 0)
            column = &table->column[i];
    return column;
}

static bool take_said(const rg_result_table_info *info, const rg_compare_options *options,
                      rg_arena *arena, rg_result_columns *c, rg_err *err)
{
    for (int role = 0; role < RG_ROLES; role++) {
        const char *name = options->column[role];
        if (!name)
            continue;
        const rg_column *column = rg_result_column_named(info->table, name);
        const char **names = rg_result_names(info->table, arena);
        const char *near = rg_text_nearest(name, names, info->table->columns);
        const char *list = rg_result_list(names, info->table->columns, arena);
        if (!column)
            return rg_fail(err, RG_INPUT, info->path,
                           near ? rg_arena_printf(arena, "did you mean '%s'?", near)
                                : rg_arena_printf(arena, "columns in this file: %s", list),
                           "there is no column '%s', which --%s names", name, role_names[role]);
        if (rg_result_is_taken(c, column))
            return rg_fail(err, RG_INPUT, info->path, "name another column",
                           "column '%s' cannot be two things at once", name);
        c->role[role] = column;
    }
    return true;
}

/* ---- Columns that are known by their names */

/* A value of its own in every row names runs, and one value in all of them says nothing: what
 * is compared stands between. */
static bool is_telling(const rg_table *table, const rg_column *column, rg_arena *arena)
{
    size_t distinct = rg_result_distinct(table, column, NULL, arena);
    return table->rows <= 2 ? distinct == table->rows : distinct > 1 && distinct < table->rows;
}

/* "split" is a fold when it is numbered, and "train" or "test" otherwise. */
static bool may_be(const rg_table *table, const rg_column *column, rg_result_role role,
                   bool repeats, rg_arena *arena)
{
    if (role == RG_ROLE_FOLD && column->kind == RG_COLUMN_TEXT)
        return strcasecmp(column->name, "split") != 0;
    if (role == RG_ROLE_METRIC)
        return column->kind == RG_COLUMN_TEXT;
    return !repeats || is_telling(table, column, arena);
}

static const rg_column *best_named(const rg_table *table, const rg_result_columns *c,
                                   rg_result_role role, bool repeats, rg_arena *arena)
{
    const rg_column *best = NULL;
    int best_fit = 0;
    for (size_t i = 0; i < table->columns; i++) {
        const rg_column *column = &table->column[i];
        int fit = rg_result_name_fits(column->name, role);
        if (fit > best_fit && !rg_result_is_taken(c, column) &&
            may_be(table, column, role, repeats, arena)) {
            best = column;
            best_fit = fit;
        }
    }
    return best;
}

static void take_named(const rg_table *table, rg_arena *arena, rg_result_columns *c)
{
    for (int role = 0; role < RG_ROLES; role++)
        if (!c->role[role] && role == RG_ROLE_ARM)
            c->role[role] = best_named(table, c, role, true, arena);
        else if (!c->role[role])
            c->role[role] = best_named(table, c, role, false, arena);
}

/* ---- The arm, by its content */

static size_t repeating_texts(const rg_table *table, const rg_result_columns *c,
                              const char **names, rg_arena *arena)
{
    size_t n = 0;
    for (size_t i = 0; i < table->columns; i++) {
        const rg_column *column = &table->column[i];
        if (column->kind != RG_COLUMN_TEXT || rg_result_is_taken(c, column))
            continue;
        size_t distinct = rg_result_distinct(table, column, NULL, arena);
        if (distinct >= 2 && 2 * distinct <= table->rows)
            names[n++] = column->name;
    }
    return n;
}

/* NULL in the role when there is none, and `ret_names` holds several that could be it. */
static void find_arm_by_content(const rg_table *table, rg_arena *arena, rg_result_columns *c,
                                const char ***ret_names, size_t *ret_n)
{
    *ret_names = RG_ARENA_ARRAY(arena, const char *, table->columns + 1);
    *ret_n = repeating_texts(table, c, *ret_names, arena);
    if (*ret_n != 1)
        return;
    c->role[RG_ROLE_ARM] = rg_table_column(table, (*ret_names)[0]);
    c->guessed =
        rg_arena_printf(arena,
                        "Column '%s' was taken for the arm, as the only one with texts "
                        "that repeat; --arm names another.",
                        (*ret_names)[0]);
}

static bool fail_no_arm(const rg_result_table_info *info, const char **texts, size_t n,
                        rg_arena *arena, rg_err *err)
{
    const char *there =
        rg_result_list(rg_result_names(info->table, arena), info->table->columns, arena);
    double unused;
    if (rg_text_double(info->table->column[info->table->columns - 1].name, &unused))
        return rg_fail(err, RG_INPUT, info->path,
                       "write a first line with names, for instance: arm,seed,accuracy",
                       "the first line holds no names of columns but values: %s", there);
    return rg_fail(err, RG_INPUT, info->path,
                   n ? rg_arena_printf(arena, "say it, for instance: --arm %s", texts[0])
                     : "name the column that says it 'arm' (or 'method'), or say --arm COLUMN",
                   "no column says which arm a row belongs to; there are: %s", there);
}

/* ---- All together */

bool rg_result_columns_guess(const rg_result_table_info *info,
                             const rg_compare_options *options, rg_arena *arena,
                             rg_result_columns *ret, rg_err *err)
{
    rg_result_columns c = {0};
    const char **texts = NULL;
    size_t n_texts = 0;
    if (!take_said(info, options, arena, &c, err))
        return false;
    take_named(info->table, arena, &c);
    if (!rg_result_form_guess(info, options, arena, &c, err))
        return false;
    bool needs_arm = !c.role[RG_ROLE_ARM] && c.form != RG_FORM_ARMS && !info->arm_from_file;
    if (needs_arm)
        c.role[RG_ROLE_ARM] = best_named(info->table, &c, RG_ROLE_ARM, false, arena);
    if (needs_arm && !c.role[RG_ROLE_ARM])
        find_arm_by_content(info->table, arena, &c, &texts, &n_texts);
    if (needs_arm && !c.role[RG_ROLE_ARM])
        return fail_no_arm(info, texts, n_texts, arena, err);
    if (!rg_result_metric_guess(info, options, arena, &c, err))
        return false;
    *ret = c;
    return true;
}

/* ---- Named back */

static json_t *ignored_json(const rg_table *table, const rg_result_columns *c)
{
    enum { NAMED = 100 };
    json_t *list = json_array();
    for (size_t i = 0; i < table->columns && json_array_size(list) < NAMED; i++)
        if (!rg_result_is_taken(c, &table->column[i]))
            json_array_append_new(list, json_string(table->column[i].name));
    return list;
}

static void say_roles(rg_str *s, const rg_result_columns *c)
{
    static const char *const what[RG_ROLES] = {"the arm is column '%s'", "the seed '%s'",
                                               "the data set '%s'",      "the fold '%s'",
                                               "the metric '%s'",        "the score '%s'"};
    static const char *const words[RG_ROLES] = {"arm", "seed", "data set", "fold"};
    rg_str_printf(s, "Read in %s form", rg_result_form_name(c->form));
    for (int role = 0, said = 0; role < RG_ROLES; role++) {
        if (!c->role[role])
            continue;
        rg_str_add(s, said++ ? ", " : ": ");
        rg_str_printf(s, what[role], c->role[role]->name);
    }
    if (c->label)
        rg_str_printf(s, "; each of %zu columns ('%s' to '%s') holds the scores of one %s",
                      c->n_values, c->value[0]->name, c->value[c->n_values - 1]->name,
                      words[rg_result_spread(c->form)]);
    if (!c->role[RG_ROLE_ARM] && c->form != RG_FORM_ARMS)
        rg_str_add(s, "; each file is an arm");
}

static void say_ignored(rg_str *s, const json_t *ignored)
{
    size_t i;
    json_t *name;
    json_array_foreach (ignored, i, name) {
        if (i == 10) {
            rg_str_add(s, ", ...");
            break;
        }
        rg_str_printf(s, "%s'%s'", i ? ", " : "; not used: ", json_string_value(name));
    }
    rg_str_add(s, ".");
}

json_t *rg_result_columns_json(const rg_table *table, const rg_result_columns *c)
{
    json_t *o = json_pack("{s:s}", "form", rg_result_form_name(c->form));
    json_t *ignored = ignored_json(table, c);
    for (int role = 0; role < RG_ROLES; role++)
        if (c->role[role])
            json_object_set_new(o, role_names[role], json_string(c->role[role]->name));
    if (c->label) {
        json_t *values = json_array();
        for (size_t i = 0; i < c->n_values; i++)
            json_array_append_new(values, json_string(c->value[i]->name));
        json_object_set_new(o, "values", values);
    }
    rg_str s = {0};
    say_roles(&s, c);
    say_ignored(&s, ignored);
    json_object_set_new(o, "ignored", ignored);
    json_object_set_new(o, "sentence", json_string(rg_str_text(&s)));
    rg_str_free(&s);
    return o;
}
