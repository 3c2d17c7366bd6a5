/* table_sets.c - the tables of several data sets: standings, ranks, aggregates over tasks, and
 * a claim on each set. */
#include "lab/report/table.h"

#include "lab/report/format.h"

#include <math.h>
#include <string.h>

#define COLUMNS_MAX 32 /* more arms or sets than these have no place in a table */

static double number(const json_t *object, const char *key)
{
    return rg_json_number(json_object_get(object, key), NAN);
}

bool table_has_sets(const json_t *facts)
{
    const json_t *standings = json_object_get(facts, "standings");
    return json_array_size(standings) > 1 &&
           rg_json_text(json_array_get(standings, 0), "set", NULL) != NULL;
}

/* ---- Standings */

static void add_standing(rg_str *ret, const json_t *arm, bool compact)
{
    double half = format_half(json_object_get(arm, "interval"));
    rg_str_add(ret,
               compact ? format_number(number(arm, "mean"), half).text : format_mean(arm).text);
    if (json_is_true(json_object_get(arm, "leads")))
        rg_str_add(ret, " *");
}

static json_t *standings_head(const json_t *facts, const json_t *arms)
{
    const char *columns[COLUMNS_MAX + 2] = {"data set"};
    char align[COLUMNS_MAX + 2] = "l";
    rg_str title = {0};
    rg_str_printf(&title,
                  "%s by data set: * marks the best mean and what is not significantly "
                  "worse",
                  table_metric(facts));
    for (size_t i = 0; i < json_array_size(arms) && i < COLUMNS_MAX; i++) {
        columns[i + 1] = rg_json_text(json_array_get(arms, i), "name", "?");
        align[i + 1] = 'r';
    }
    json_t *table = table_new(rg_str_text(&title), align, columns);
    rg_str_free(&title);
    return table;
}

/* A row for each data set, a column for each arm. */
static json_t *standings_table(const json_t *facts, bool compact)
{
    const json_t *standings = json_object_get(facts, "standings");
    const json_t *arms = json_object_get(json_array_get(standings, 0), "arms");
    size_t columns = json_array_size(arms), i;
    json_t *standing;
    if (!table_has_sets(facts) || columns > COLUMNS_MAX)
        return NULL;
    json_t *table = standings_head(facts, arms);
    json_array_foreach (standings, i, standing) {
        const char *cells[COLUMNS_MAX + 1] = {rg_json_text(standing, "set", "?")};
        rg_str text[COLUMNS_MAX] = {{0}};
        for (size_t k = 0; k < columns; k++) {
            add_standing(&text[k], json_array_get(json_object_get(standing, "arms"), k),
                         compact);
            cells[k + 1] = rg_str_text(&text[k]);
        }
        table_row(table, cells);
        for (size_t k = 0; k < columns; k++)
            rg_str_free(&text[k]);
    }
    return table_or_null(table);
}

json_t *table_standings(const json_t *facts)
{
    return standings_table(facts, false);
}

json_t *table_standings_compact(const json_t *facts)
{
    return standings_table(facts, true);
}

/* ---- Ranks */

static bool contains(const json_t *names, const char *name)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *one = json_string_value(json_array_get(names, i));
        if (one && !strcmp(one, name))
            return true;
    }
    return false;
}

/* A letter for each group that the arm belongs to. */
static void add_groups(rg_str *ret, const json_t *cliques, const char *name)
{
    for (size_t i = 0; i < json_array_size(cliques); i++) {
        char letter[2] = {(char)(i < 26 ? 'a' + i : 'A' + i % 26), 0};
        if (contains(json_array_get(cliques, i), name))
            rg_str_add(ret, letter);
    }
}

json_t *table_ranking(const json_t *facts)
{
    const json_t *ranking = json_object_get(facts, "ranking"), *arm;
    const json_t *arms = json_object_get(ranking, "arms");
    rg_str title = {0};
    rg_str_printf(&title, "Mean ranks over %s data sets",
                  format_count(number(ranking, "sets")).text);
    json_t *table = table_new(rg_str_text(&title), "lrl", CELLS("arm", "mean rank", "group"));
    rg_str_free(&title);
    size_t i;
    json_array_foreach (arms, i, arm) {
        const char *name = rg_json_text(arm, "name", "?");
        rg_str groups = {0};
        add_groups(&groups, json_object_get(ranking, "cliques"), name);
        table_row(table, CELLS(name, format_number(number(arm, "rank"), 0.1).text,
                               rg_str_text(&groups)));
        rg_str_free(&groups);
    }
    return table_or_null(table);
}

bool table_ranking_words(rg_str *ret, const json_t *facts)
{
    const json_t *ranking = json_object_get(facts, "ranking");
    const json_t *f = json_object_get(ranking, "friedman");
    double p = number(f, "p_f");
    if (!json_is_object(f))
        return false;
    rg_str_printf(ret,
                  "Arms that share a letter differ by less than Nemenyi's critical difference, "
                  "%s at a level of %s. ",
                  format_number(number(ranking, "critical_difference"), 0.1).text,
                  format_number(number(ranking, "alpha"), 0).text);
    rg_str_add(ret,
               "All pairs are compared by their ranks, so that a verdict on a claim may be "
               "settled where ranks are not. ");
    rg_str_printf(ret, "Friedman's test: F(%s, %s) = %s, p %s%s (Iman and Davenport); ",
                  format_count(number(f, "df1")).text, format_count(number(f, "df2")).text,
                  format_number(number(f, "f"), 0).text, p < .001 ? "" : "= ",
                  format_p(p).text);
    rg_str_printf(ret, "χ² = %s, corrected for ties %s, %s degrees of freedom.",
                  format_number(number(f, "chi2"), 0).text,
                  format_number(number(f, "chi2_ties"), 0).text,
                  format_count(number(f, "df")).text);
    return true;
}

/* ---- Tasks */

/* "0.7622 (0.7598 to 0.7647)" */
static void add_estimate(rg_str *ret, const json_t *about, const char *key)
{
    const json_t *interval = json_object_get(about, "interval");
    double half = format_half(interval);
    rg_str_add(ret, format_number(number(about, key), half).text);
    if (isfinite(half))
        rg_str_printf(ret, " (%s)", format_interval(interval).text);
}

bool table_tasks_normalized(const json_t *facts)
{
    return json_is_true(rg_json_path(facts, "tasks.normalized"));
}

json_t *table_tasks(const json_t *facts)
{
    static const char *const aggregates[] = {"iqm", "median", "mean"};
    rg_str title = {0};
    rg_str_printf(&title, "%s%s over %s tasks, with stratified bootstrap intervals",
                  table_tasks_normalized(facts) ? "normalized " : "", table_metric(facts),
                  format_count(rg_json_number(rg_json_path(facts, "tasks.tasks"), NAN)).text);
    json_t *table =
        table_new(rg_str_text(&title), "lrrrr",
                  CELLS("arm", "interquartile mean", "median", "mean", "runs a task"));
    rg_str_free(&title);
    size_t i;
    json_t *arm;
    json_array_foreach (rg_json_path(facts, "tasks.arms"), i, arm) {
        rg_str text[RG_COUNT(aggregates)] = {{0}};
        for (size_t k = 0; k < RG_COUNT(aggregates); k++)
            add_estimate(&text[k], json_object_get(arm, aggregates[k]), "estimate");
        table_row(table, CELLS(rg_json_text(arm, "name", "?"), rg_str_text(&text[0]),
                               rg_str_text(&text[1]), rg_str_text(&text[2]),
                               format_count(number(arm, "runs")).text));
        for (size_t k = 0; k < RG_COUNT(aggregates); k++)
            rg_str_free(&text[k]);
    }
    return table_or_null(table);
}

json_t *table_improvement(const json_t *facts)
{
    json_t *table = table_new("Probability of improvement over all tasks", "llr",
                              CELLS("A", "B", "a run of A beats one of B"));
    size_t i;
    json_t *pair;
    json_array_foreach (rg_json_path(facts, "tasks.improvement"), i, pair) {
        rg_str text = {0};
        add_estimate(&text, pair, "p");
        table_row(table, CELLS(rg_json_text(pair, "a", "?"), rg_json_text(pair, "b", "?"),
                               rg_str_text(&text)));
        rg_str_free(&text);
    }
    return table_or_null(table);
}

/* ---- What stands beside a claim */

bool table_evidence(rg_str *ret, const json_t *claim)
{
    const json_t *anytime = json_object_get(claim, "anytime");
    double evidence = number(anytime, "evidence"), threshold = number(anytime, "threshold");
    if (!json_is_object(anytime))
        return false;
    rg_str_printf(ret, "Evidence %s; %s settles a claim, whenever one looks.",
                  format_number(evidence, 0).text, format_number(threshold, 0).text);
    return true;
}

/* ---- One claim on each data set */

json_t *table_by_set(const json_t *claim)
{
    const char *a = rg_json_text(claim, "a", "A"), *b = rg_json_text(claim, "b", "B");
    rg_str title = {0};
    rg_str_printf(&title, "%s on each data set", rg_json_text(claim, "claim", "The claim"));
    json_t *table =
        table_new(rg_str_text(&title), "lrrrrrr",
                  CELLS("data set", "A − B", "interval", "p, corrected", a, b, "pairs"));
    rg_str_free(&title);
    size_t i;
    json_t *set;
    json_array_foreach (json_object_get(claim, "by_set"), i, set) {
        const json_t *interval = json_object_get(set, "interval");
        double half = format_half(interval);
        table_row(table, CELLS(rg_json_text(set, "set", "?"),
                               format_number(number(set, "estimate"), half).text,
                               format_interval(interval).text,
                               format_p(number(set, "p_corrected")).text,
                               format_number(number(set, "mean_a"), half).text,
                               format_number(number(set, "mean_b"), half).text,
                               format_count(number(set, "n")).text));
    }
    return table_or_null(table);
}
