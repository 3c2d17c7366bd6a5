/* compare_forms.c - how the rows of a table of results are laid out.
 *
 *   wide    a row for each run, a column for each metric
 *   long    a row for each run and metric: a column says which metric, another its value
 *   arms    a column of scores for each arm: seed,ours,baseline, or a table of papers with a
 *           row for each data set and a column for each classifier
 *   seeds, folds, datasets
 *           the same with a column for each seed, fold or data set, and a row for each arm:
 *           sklearn's split0_test_score, split1_test_score, ... */
#include "lab/report/compare_forms.h"

#include "lab/report/compare.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

static const char *const form_names[RG_FORMS] = {"wide",     "long",  "arms",
                                                 "datasets", "seeds", "folds"};

const char *rg_result_form_name(rg_result_form form)
{
    return form_names[form];
}

rg_result_role rg_result_spread(rg_result_form form)
{
    static const rg_result_role roles[RG_FORMS] = {RG_ROLES,        RG_ROLES,     RG_ROLE_ARM,
                                                   RG_ROLE_DATASET, RG_ROLE_SEED, RG_ROLE_FOLD};
    return roles[form];
}

/* A column of numbers that may be scores, as far as nobody asked for it. */
static bool is_free(const rg_table *table, const rg_result_columns *c, const rg_column *column)
{
    return column->kind == RG_COLUMN_NUMBER && column->missing < table->rows &&
           !rg_result_is_taken(c, column) && !rg_result_name_is_aside(column->name);
}

static bool is_known(const char *name)
{
    bool maximize;
    double worst;
    return rg_result_metric(name, &maximize, &worst);
}

static void add_value(rg_result_columns *c, const rg_table *table, const rg_column *column,
                      const char *label, rg_arena *arena)
{
    if (!c->value) {
        c->value = RG_ARENA_ARRAY(arena, const rg_column *, table->columns);
        c->label = RG_ARENA_ARRAY(arena, const char *, table->columns);
    }
    c->value[c->n_values] = column;
    c->label[c->n_values++] = label;
}

/* ---- Columns whose names are seeds, folds or data sets */

/* Whether a name is a score of this form and metric; rest NULL: of any but a training score. */
static bool belongs(const char *name, rg_result_form form, const char *rest, rg_arena *arena,
                    const char **ret_label, const char **ret_rest)
{
    rg_result_form own;
    if (!rg_result_name_spreads(name, arena, &own, ret_label, ret_rest) || own != form)
        return false;
    return rest ? strcmp(rest, *ret_rest) == 0 : !rg_text_starts(*ret_rest, "train");
}

static bool rest_is_aside(const char *rest)
{
    return strstr(rest, "stderr") != NULL || strcmp(rest, "alias") == 0;
}

/* The metrics that the columns of a form have behind their seed, fold or data set. */
static const char **rests_of(const rg_table *table, const rg_result_columns *c,
                             rg_result_form form, rg_arena *arena, size_t *ret_n)
{
    const char *label, *rest;
    rg_map *seen = rg_map_new();
    for (size_t i = 0; i < table->columns; i++)
        if (is_free(table, c, &table->column[i]) &&
            belongs(table->column[i].name, form, NULL, arena, &label, &rest) &&
            !rest_is_aside(rest))
            rg_map_set(seen, rest, seen);
    *ret_n = rg_map_count(seen);
    const char **rests = RG_ARENA_ARRAY(arena, const char *, *ret_n + 1);
    for (size_t i = 0; i < *ret_n; i++)
        rests[i] = rg_arena_strdup(arena, rg_map_key(seen, i));
    rg_map_free(seen);
    return rests;
}

/* The one that is asked for, or the only one; n: none. */
static size_t pick_rest(const char **rests, size_t n, const char *metric)
{
    size_t i = 0;
    if (n == 1 && (!metric || !*rests[0]))
        return 0;
    while (i < n && !(metric && strcmp(rests[i], metric) == 0))
        i++;
    return i;
}

static bool fill_spread(const rg_table *table, const rg_compare_options *options,
                        rg_result_form form, rg_arena *arena, rg_result_columns *c,
                        const rg_result_table_info *info, rg_err *err)
{
    size_t n;
    const char *label, *rest, **rests = rests_of(table, c, form, arena, &n);
    size_t picked = pick_rest(rests, n, options->metric);
    if (picked == n)
        return rg_fail(err, RG_INPUT, info->path,
                       rg_arena_printf(arena, "choose one: --metric %s", rests[0]),
                       options->metric ? "there is no metric '%s'; there are: %s"
                                       : "there are several metrics%.0s: %s",
                       options->metric ? options->metric : "", rg_result_list(rests, n, arena));
    c->form = form;
    c->metric_name = *rests[picked]    ? rests[picked]
                     : options->metric ? options->metric
                                       : "score";
    rg_result_columns found = *c;
    for (size_t i = 0; i < table->columns; i++)
        if (is_free(table, c, &table->column[i]) &&
            belongs(table->column[i].name, form, rests[picked], arena, &label, &rest))
            add_value(&found, table, &table->column[i], label, arena);
    *c = found;
    return true;
}

/* Two columns at least, and no other column that says the same.  Bare numbers may be the first
 * row of a table without names, and count only beside a column for the arm. */
static bool has_spread(const rg_table *table, const rg_result_columns *c, rg_result_form form,
                       rg_arena *arena)
{
    size_t columns = 0;
    const char *label, *rest;
    if (c->role[rg_result_spread(form)])
        return false;
    for (size_t i = 0; i < table->columns; i++)
        columns += is_free(table, c, &table->column[i]) &&
                   (c->role[RG_ROLE_ARM] || !isdigit((unsigned char)*table->column[i].name)) &&
                   belongs(table->column[i].name, form, NULL, arena, &label, &rest) &&
                   !rest_is_aside(rest);
    return columns >= 2;
}

/* ---- A column for each arm, or for each data set */

static bool fill_columns(const rg_result_table_info *info, const rg_compare_options *options,
                         rg_result_form form, rg_arena *arena, rg_result_columns *c,
                         rg_err *err)
{
    const rg_table *table = info->table;
    rg_result_columns found = *c;
    found.form = form;
    found.metric_name = options->metric ? options->metric : "score";
    for (size_t i = 0; i < table->columns; i++)
        if (is_free(table, c, &table->column[i]))
            add_value(&found, table, &table->column[i], table->column[i].name, arena);
    if (found.n_values < 2)
        return rg_fail(err, RG_INPUT, info->path, "say another --form, or leave it out",
                       "the form '%s' needs two columns of scores or more; there %s",
                       form_names[form], found.n_values ? "is one" : "are none");
    *c = found;
    return true;
}

/* In a table with a column for each arm, the texts of which every row has its own are the data
 * sets. */
static void find_sets(const rg_table *table, rg_arena *arena, rg_result_columns *c)
{
    for (size_t i = 0; i < table->columns; i++) {
        const rg_column *column = &table->column[i];
        if (c->role[RG_ROLE_DATASET] || column->kind != RG_COLUMN_TEXT)
            continue;
        if (!rg_result_is_taken(c, column) &&
            rg_result_distinct(table, column, NULL, arena) == table->rows)
            c->role[RG_ROLE_DATASET] = column;
    }
}

static bool has_repeating_text(const rg_table *table, const rg_result_columns *c,
                               rg_arena *arena)
{
    for (size_t i = 0; i < table->columns; i++) {
        const rg_column *column = &table->column[i];
        if (column->kind == RG_COLUMN_TEXT && !rg_result_is_taken(c, column) &&
            2 * rg_result_distinct(table, column, NULL, arena) <= table->rows)
            return true;
    }
    return false;
}

/* No column for the arm, and several columns of numbers of which none is a known metric. */
static bool looks_like_arms(const rg_result_table_info *info, const rg_compare_options *options,
                            const rg_result_columns *c, rg_arena *arena)
{
    const rg_table *table = info->table;
    size_t columns = 0;
    if (c->role[RG_ROLE_ARM] || info->arm_from_file || options->column[RG_ROLE_VALUE] ||
        (options->metric && rg_result_column_named(table, options->metric)))
        return false;
    for (size_t i = 0; i < table->columns; i++) {
        if (!is_free(table, c, &table->column[i]))
            continue;
        double number; /* a first row that holds no names */
        if (is_known(table->column[i].name) || rg_text_double(table->column[i].name, &number))
            return false;
        columns++;
    }
    return columns >= 2 && !has_repeating_text(table, c, arena);
}

/* ---- Which form */

static bool choose_form(const rg_result_table_info *info, const rg_compare_options *options,
                        const rg_result_columns *c, rg_arena *arena, rg_result_form *ret,
                        rg_err *err)
{
    static const rg_result_form spreads[] = {RG_FORM_FOLDS, RG_FORM_SEEDS, RG_FORM_SETS};
    for (int form = 0; options->form && form < RG_FORMS; form++) {
        *ret = (rg_result_form)form;
        if (strcmp(options->form, form_names[form]) == 0)
            return true;
    }
    if (options->form)
        return rg_fail(err, RG_INPUT, NULL, "use wide, long, arms, datasets, seeds or folds",
                       "--form cannot be '%s'", options->form);
    *ret = RG_FORM_LONG;
    if (c->role[RG_ROLE_METRIC] && c->role[RG_ROLE_VALUE])
        return true;
    for (size_t i = 0; i < RG_COUNT(spreads); i++) {
        *ret = spreads[i];
        if (has_spread(info->table, c, *ret, arena))
            return true;
    }
    *ret = looks_like_arms(info, options, c, arena) ? RG_FORM_ARMS : RG_FORM_WIDE;
    return true;
}

bool rg_result_form_guess(const rg_result_table_info *info, const rg_compare_options *options,
                          rg_arena *arena, rg_result_columns *c, rg_err *err)
{
    rg_result_form form;
    const rg_column *value = c->role[RG_ROLE_VALUE];
    if (!options->column[RG_ROLE_VALUE] && !c->role[RG_ROLE_METRIC])
        c->role[RG_ROLE_VALUE] = NULL; /* a column 'score' is a metric like any other */
    if (!choose_form(info, options, c, arena, &form, err))
        return false;
    c->form = form;
    if (form == RG_FORM_LONG) {
        c->role[RG_ROLE_VALUE] = value;
        return (c->role[RG_ROLE_METRIC] && value) ||
               rg_fail(err, RG_INPUT, info->path,
                       "name them 'metric' and 'value', or say --value COLUMN",
                       "the long form needs a column for the metric and one for its value");
    }
    if (!options->column[RG_ROLE_METRIC])
        c->role[RG_ROLE_METRIC] = NULL;
    if (form == RG_FORM_WIDE)
        return true;
    c->role[rg_result_spread(form)] = NULL;
    c->role[RG_ROLE_VALUE] = NULL;
    if (form == RG_FORM_ARMS)
        find_sets(info->table, arena, c);
    if (form != RG_FORM_ARMS && has_spread(info->table, c, form, arena))
        return fill_spread(info->table, options, form, arena, c, info, err);
    return fill_columns(info, options, form, arena, c, err);
}

/* ---- The metric */

static bool fail_unknown_metric(const char *path, const char *metric, const char *const *names,
                                size_t n, rg_arena *arena, rg_err *err)
{
    const char *near = rg_text_nearest(metric, names, n);
    const char *remedy = near ? rg_arena_printf(arena, "did you mean '%s'?", near)
                              : rg_arena_printf(arena, "metrics in this file: %s",
                                                n ? rg_result_list(names, n, arena) : "none");
    return rg_fail(err, RG_INPUT, path, remedy, "there is no metric '%s'", metric);
}

/* The place of the only known metric but training scores; n when there are none or several. */
static size_t only_known(const char *const *names, size_t n)
{
    size_t found = n, known = 0;
    for (size_t i = 0; i < n; i++) {
        if (is_known(names[i]) && !strstr(names[i], "train")) {
            found = i;
            known++;
        }
    }
    return known == 1 ? found : n;
}

static bool fail_several(const char *path, const char *const *names, size_t n, rg_arena *arena,
                         rg_err *err)
{
    const char **sorted = RG_ARENA_ARRAY(arena, const char *, n + 1);
    size_t count = 0;
    for (int rank = 4; rank >= 0; rank--)
        for (size_t i = 0; i < n; i++)
            if (rg_result_metric_rank(names[i]) == rank)
                sorted[count++] = names[i];
    return rg_fail(err, RG_INPUT, path,
                   rg_arena_printf(arena, "choose one: --metric %s", sorted[0]),
                   "there are several metrics: %s", rg_result_list(sorted, count, arena));
}

static bool choose(const char *path, const char *metric, const char *const *names, size_t n,
                   rg_arena *arena, const char **ret, rg_err *err)
{
    if (!metric && n == 0)
        return rg_fail(
            err, RG_INPUT, path,
            "add a column with the scores, one row for each run, or say --metric COLUMN",
            "no column holds scores");
    if (!metric) {
        size_t only = n == 1 ? 0 : only_known(names, n);
        if (only == n)
            return fail_several(path, names, n, arena, err);
        *ret = names[only];
        return true;
    }
    for (int exact = 1; exact >= 0; exact--)
        for (size_t i = 0; i < n; i++)
            if (exact ? strcmp(names[i], metric) == 0 : strcasecmp(names[i], metric) == 0) {
                *ret = names[i];
                return true;
            }
    return fail_unknown_metric(path, metric, names, n, arena, err);
}

/* Whole numbers that take the same values in every arm number its runs. */
static bool numbers_runs(const rg_table *table, const rg_result_columns *c,
                         const rg_column *column, rg_arena *arena)
{
    const rg_column *arm = c->role[RG_ROLE_ARM];
    if (!arm || column->kind != RG_COLUMN_NUMBER || is_known(column->name))
        return false;
    rg_map *pairs = rg_map_new();
    bool whole = true;
    for (size_t row = 0; whole && row < table->rows; row++) {
        const char *name = rg_result_cell(arm, row, arena);
        double value = column->number[row];
        whole = name && value == floor(value);
        if (whole)
            rg_map_set(pairs, rg_arena_printf(arena, "%.15g %s", value, name), pairs);
    }
    size_t arms = rg_result_distinct(table, arm, NULL, arena);
    size_t values = rg_result_distinct(table, column, NULL, arena);
    bool all = whole && arms > 1 && values > 1 && rg_map_count(pairs) == arms * values;
    rg_map_free(pairs);
    return all;
}

/* Columns that may hold scores: the numeric ones that are neither settings nor numbers of runs;
 * a column of text counts when it is asked for,
 * or when there is no other (then a cell of it is the mistake, and will be named). */
static const char **score_columns(const rg_table *table, const rg_result_columns *c,
                                  const char *metric, rg_arena *arena, size_t *ret_n)
{
    const char **names = RG_ARENA_ARRAY(arena, const char *, table->columns + 1);
    for (int texts = 0; texts < 2; texts++) {
        *ret_n = 0;
        for (size_t i = 0; i < table->columns; i++) {
            const rg_column *column = &table->column[i];
            bool asked = metric && strcasecmp(metric, column->name) == 0;
            bool likely = texts || is_free(table, c, column);
            if (likely && !asked)
                likely = !rg_result_name_is_setting(column->name) &&
                         !numbers_runs(table, c, column, arena);
            if (!rg_result_is_taken(c, column) && (likely || asked))
                names[(*ret_n)++] = column->name;
        }
        if (*ret_n)
            break;
    }
    return names;
}

static bool settle_wide(const rg_result_table_info *info, const char *metric, rg_arena *arena,
                        rg_result_columns *c, rg_err *err)
{
    size_t n;
    const rg_column *said = c->role[RG_ROLE_VALUE];
    if (said) {
        c->metric_name = metric ? metric : said->name;
        return true;
    }
    const char **names = score_columns(info->table, c, metric, arena, &n);
    if (!choose(info->path, metric, names, n, arena, &c->metric_name, err))
        return false;
    c->role[RG_ROLE_VALUE] = rg_table_column(info->table, c->metric_name);
    return true;
}

bool rg_result_metric_guess(const rg_result_table_info *info, const rg_compare_options *options,
                            rg_arena *arena, rg_result_columns *c, rg_err *err)
{
    size_t n;
    const char **names;
    if (c->label)
        return true;
    if (c->form == RG_FORM_WIDE && !settle_wide(info, options->metric, arena, c, err))
        return false;
    if (c->form == RG_FORM_LONG) {
        n = rg_result_distinct(info->table, c->role[RG_ROLE_METRIC], &names, arena);
        if (!choose(info->path, options->metric, names, n, arena, &c->metric_name, err))
            return false;
    }
    c->value = RG_ARENA_ARRAY(arena, const rg_column *, 1);
    c->value[0] = c->role[RG_ROLE_VALUE];
    c->n_values = 1;
    return true;
}
