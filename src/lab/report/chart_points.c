/* chart_points.c - every run of every arm, with the mean and its interval: never bars alone. */
#include "lab/report/chart.h"

#include "lab/report/format.h"
#include "lab/report/table.h"
#include "lab/report/web.h"

#include <math.h>
#include <string.h>

#define ROW 44 /* pixels an arm */
/* Of several data sets, so that the page stays small; the tables have the means of them all. */
#define RUNS_MAX 3000

typedef struct points {                /* what is gathered over the arms */
    json_t *arms, *runs, *rows, *lost; /* lost: names of arms without a run that is well */
    chart_range range;
    size_t failed; /* runs whose worst value may lie far off the axis */
} points;

/* With several data sets a failed run names its own. */
static bool has_failed(const json_t *arm, json_int_t seed, const json_t *fold, const char *set)
{
    size_t i;
    json_t *failed;
    json_array_foreach (json_object_get(arm, "failed"), i, failed)
        if (json_integer_value(json_object_get(failed, "seed")) == seed &&
            (!fold || json_equal(json_object_get(failed, "fold"), fold)) &&
            (!set || !strcmp(rg_json_text(failed, "set", set), set)))
            return true;
    return false;
}

/* Of the runs of an arm: those of one data set, or all where there is only one. */
typedef struct part {
    const char *set; /* NULL: all */
    json_int_t index;
} part;

static bool is_of(const json_t *arm, size_t run, part of)
{
    const json_t *sets = json_object_get(arm, "sets");
    return !of.set || json_integer_value(json_array_get(sets, run)) == of.index;
}

static bool run_failed(const json_t *arm, size_t run, part of)
{
    json_int_t seed = json_integer_value(json_array_get(json_object_get(arm, "seeds"), run));
    return has_failed(arm, seed, json_array_get(json_object_get(arm, "folds"), run), of.set);
}

/* All runs of the arm failed: it has no score that could stand on the axis. */
static bool is_lost(const json_t *arm, const json_t *metric, part of)
{
    size_t runs = json_array_size(json_object_get(metric, "values")), failed = 0, all = 0;
    for (size_t i = 0; i < runs; i++) {
        all += is_of(arm, i, of);
        failed += is_of(arm, i, of) && run_failed(arm, i, of);
    }
    return failed && failed == all;
}

static void add_point(points *all, const char *arm, const char *seed, double number,
                      bool failed, const char *says)
{
    all->failed += failed;
    if (!failed)
        chart_see(&all->range, number);
    json_array_append_new(all->runs, json_pack("{s:s, s:s, s:o, s:s, s:s}", "arm", arm, "seed",
                                               seed, "value", rg_json_real(number), "state",
                                               failed ? "failed" : "done", "says", says));
}

/* The table has the runs of lost arms, too. */
static void add_runs(points *all, const json_t *arm, const json_t *metric, double half, part of)
{
    const char *name = rg_json_text(arm, "name", "?");
    bool lost = is_lost(arm, metric, of);
    size_t i;
    json_t *value;
    json_array_foreach (json_object_get(metric, "values"), i, value) {
        const json_t *fold = json_array_get(json_object_get(arm, "folds"), i);
        if (!is_of(arm, i, of))
            continue;
        bool failed = run_failed(arm, i, of);
        double number = rg_json_number(value, NAN);
        rg_str text = {0}, seed = {0};
        rg_str_printf(&text, failed ? "failed, counts as %s" : "%s",
                      format_number(number, half).text);
        rg_str_printf(
            &seed, "%lld",
            (long long)json_integer_value(json_array_get(json_object_get(arm, "seeds"), i)));
        if (fold)
            rg_str_printf(&seed, ", fold %lld", (long long)json_integer_value(fold));
        if (!lost)
            add_point(all, name, rg_str_text(&seed), number, failed, rg_str_text(&text));
        json_array_append_new(
            all->rows, json_pack("[s, s, s]", name, rg_str_text(&seed), rg_str_text(&text)));
        rg_str_free(&text);
        rg_str_free(&seed);
    }
}

/* The mean of an arm with failed runs may lie far off the others, and is not waited for. */
static void add_mean(points *all, const json_t *arm, const json_t *about, bool whole)
{
    const json_t *interval = json_object_get(about, "interval");
    double mean = rg_json_number(json_object_get(about, "mean"), NAN);
    double lo = rg_json_number(json_array_get(interval, 0), NAN);
    double hi = rg_json_number(json_array_get(interval, 1), NAN);
    chart_see(&all->range, whole ? mean : NAN);
    chart_see(&all->range, whole ? lo : NAN);
    chart_see(&all->range, whole ? hi : NAN);
    json_array_append_new(all->arms,
                          json_pack("{s:s, s:o, s:o, s:o}", "arm",
                                    rg_json_text(arm, "name", "?"), "mean", rg_json_real(mean),
                                    "lo", rg_json_real(lo), "hi", rg_json_real(hi)));
}

static void add_arm(points *all, const json_t *arm, const json_t *metric, const json_t *about,
                    part of)
{
    size_t failed = all->failed;
    if (!metric || !about)
        return;
    add_runs(all, arm, metric, format_half(json_object_get(about, "interval")), of);
    if (is_lost(arm, metric, of))
        json_array_append_new(all->lost, json_string(rg_json_text(arm, "name", "?")));
    else
        add_mean(all, arm, about, all->failed == failed);
}

static void describe_lost(rg_str *about, const json_t *lost)
{
    size_t i;
    json_t *name;
    json_array_foreach (lost, i, name)
        rg_str_printf(about, "%s%s", i ? ", " : "  Not drawn, because every run failed: ",
                      json_string_value(name));
    rg_str_add(about, json_array_size(lost) ? "." : "");
}

static void describe(rg_str *about, const json_t *facts, size_t failed)
{
    double alpha = rg_json_number(rg_json_path(facts, "analysis.alpha"), 0.05);
    rg_str_printf(about,
                  "A grey dot is one run; the diamond is the arm's mean, the line its %s "
                  "t interval.",
                  format_percent(1 - alpha).text);
    if (failed)
        rg_str_printf(about,
                      " Failed runs (%zu) count as the metric's worst value: they are the red "
                      "crosses.  What lies outside the axis stands at its edge.",
                      failed);
}

static void draw(json_t *ret, const json_t *facts, const points *all, part of)
{
    rg_str about = {0}, id = {0};
    describe(&about, facts, all->failed);
    describe_lost(&about, all->lost);
    rg_str_printf(&id, of.set ? "points-%lld" : "points", (long long)of.index);
    json_t *variables =
        json_pack("{s:o, s:i, s:O, s:O, s:o, s:s}", "names", chart_names(all->arms, "arm"),
                  "height", ROW * (int)json_array_size(all->arms), "arms", all->arms, "runs",
                  all->runs, "domain", chart_domain(all->range), "title", table_metric(facts));
    chart_add(ret, &(chart_parts){.id = rg_str_text(&id),
                                  .title = of.set ? of.set : "Every run",
                                  .description = rg_str_text(&about),
                                  .spec = rg_web_chart_points,
                                  .spec_end = rg_web_chart_points_end,
                                  .variables = variables,
                                  .columns = CELLS("arm", "seed", "score"),
                                  .rows = json_incref(all->rows)});
    rg_str_free(&about);
    rg_str_free(&id);
}

static points points_new(void)
{
    return (points){json_array(), json_array(),      json_array(),
                    json_array(), CHART_RANGE_EMPTY, 0};
}

static void finish(json_t *ret, const json_t *facts, points *all, part of)
{
    if (json_array_size(all->arms) && json_array_size(all->rows))
        draw(ret, facts, all, of);
    json_decref(all->arms);
    json_decref(all->runs);
    json_decref(all->rows);
    json_decref(all->lost);
}

static size_t count_runs(const json_t *facts)
{
    size_t runs = 0, i;
    json_t *arm;
    json_array_foreach (json_object_get(facts, "arms"), i, arm)
        runs += json_array_size(json_object_get(arm, "seeds"));
    return runs;
}

/* One run of each arm on each data set has no scatter to look at: the table of means says all. */
static bool is_worth_drawing(const json_t *facts)
{
    size_t runs = count_runs(facts), arms = json_array_size(json_object_get(facts, "arms"));
    size_t sets = json_array_size(json_object_get(facts, "standings"));
    return runs > arms * sets && runs <= RUNS_MAX;
}

/* A chart for each data set: their scores may have nothing in common but the name. */
static void draw_sets(json_t *ret, const json_t *facts)
{
    const json_t *arms = json_object_get(facts, "arms");
    size_t set, i;
    json_t *standing, *arm;
    json_array_foreach (json_object_get(facts, "standings"), set, standing) {
        points all = points_new();
        part of = {rg_json_text(standing, "set", "?"), (json_int_t)set};
        json_array_foreach (arms, i, arm)
            add_arm(&all, arm, table_primary(facts, arm, "metrics"),
                    json_array_get(json_object_get(standing, "arms"), i), of);
        finish(ret, facts, &all, of);
    }
}

void chart_points(const json_t *facts, json_t *ret)
{
    points all = points_new();
    size_t i;
    json_t *arm;
    bool sets = table_has_sets(facts);
    if (sets && is_worth_drawing(facts))
        draw_sets(ret, facts);
    json_array_foreach (json_object_get(facts, "arms"), i, arm) {
        const json_t *metric = table_primary(facts, arm, "metrics");
        if (!sets)
            add_arm(&all, arm, metric, metric, (part){0});
    }
    finish(ret, facts, &all, (part){0});
}
