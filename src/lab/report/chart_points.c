/* chart_points.c - every run of every arm, with the mean and its interval: never bars alone. */
#include "lab/report/chart.h"

#include "lab/report/format.h"
#include "lab/report/table.h"
#include "lab/report/web.h"

#include <math.h>

#define ROW 44 /* pixels an arm */

typedef struct points { /* what is gathered over the arms */
    json_t *arms, *runs, *rows;
    chart_range range;
    size_t failed; /* runs whose worst value may lie far off the axis */
} points;

static bool seed_failed(const json_t *arm, json_int_t seed)
{
    size_t i;
    json_t *failed;
    json_array_foreach (json_object_get(arm, "failed"), i, failed)
        if (json_integer_value(json_object_get(failed, "seed")) == seed)
            return true;
    return false;
}

static void add_runs(points *all, const json_t *arm, const json_t *metric, double half)
{
    const char *name = rg_json_text(arm, "name", "?");
    size_t i;
    json_t *value;
    json_array_foreach (json_object_get(metric, "values"), i, value) {
        json_int_t seed = json_integer_value(json_array_get(json_object_get(arm, "seeds"), i));
        bool failed = seed_failed(arm, seed);
        double number = rg_json_number(value, NAN);
        rg_str text = {0}, seed_text = {0};
        rg_str_printf(&text, failed ? "failed, counts as %s" : "%s",
                      format_number(number, half).text);
        rg_str_printf(&seed_text, "%lld", (long long)seed);
        all->failed += failed;
        if (!failed)
            chart_see(&all->range, number);
        json_array_append_new(all->runs,
                              json_pack("{s:s, s:s, s:o, s:s, s:s}", "arm", name, "seed",
                                        rg_str_text(&seed_text), "value", rg_json_real(number),
                                        "state", failed ? "failed" : "done", "says",
                                        rg_str_text(&text)));
        json_array_append_new(all->rows, json_pack("[s, s, s]", name, rg_str_text(&seed_text),
                                                   rg_str_text(&text)));
        rg_str_free(&text);
        rg_str_free(&seed_text);
    }
}

static void add_arm(points *all, const json_t *facts, const json_t *arm)
{
    const json_t *metric = table_primary(facts, arm, "metrics");
    if (!metric)
        return;
    const json_t *interval = json_object_get(metric, "interval");
    double mean = rg_json_number(json_object_get(metric, "mean"), NAN);
    double lo = rg_json_number(json_array_get(interval, 0), NAN);
    double hi = rg_json_number(json_array_get(interval, 1), NAN);
    bool whole = !(rg_json_number(json_object_get(arm, "failures"), 0) > 0);
    chart_see(&all->range, whole ? mean : NAN);
    chart_see(&all->range, whole ? lo : NAN);
    chart_see(&all->range, whole ? hi : NAN);
    json_array_append_new(all->arms,
                          json_pack("{s:s, s:o, s:o, s:o}", "arm",
                                    rg_json_text(arm, "name", "?"), "mean", rg_json_real(mean),
                                    "lo", rg_json_real(lo), "hi", rg_json_real(hi)));
    add_runs(all, arm, metric, format_half(interval));
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

static void draw(json_t *ret, const json_t *facts, const points *all)
{
    rg_str about = {0};
    describe(&about, facts, all->failed);
    json_t *variables =
        json_pack("{s:o, s:i, s:O, s:O, s:o, s:s}", "names", chart_names(all->arms, "arm"),
                  "height", ROW * (int)json_array_size(all->arms), "arms", all->arms, "runs",
                  all->runs, "domain", chart_domain(all->range), "title", table_metric(facts));
    chart_add(ret,
              &(chart_parts){.id = "points",
                             .title = "Every run",
                             .description = rg_str_text(&about),
                             .spec = rg_web_chart_points,
                             .spec_end = rg_web_chart_points_end,
                             .variables = variables,
                             .columns = (const char *const[]){"arm", "seed", "score", NULL},
                             .rows = json_incref(all->rows)});
    rg_str_free(&about);
}

void chart_points(const json_t *facts, json_t *ret)
{
    points all = {json_array(), json_array(), json_array(), CHART_RANGE_EMPTY, 0};
    size_t i;
    json_t *arm;
    json_array_foreach (json_object_get(facts, "arms"), i, arm)
        add_arm(&all, facts, arm);
    if (json_array_size(all.arms))
        draw(ret, facts, &all);
    json_decref(all.arms);
    json_decref(all.runs);
    json_decref(all.rows);
}
