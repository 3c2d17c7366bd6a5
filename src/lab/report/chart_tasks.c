/* chart_tasks.c - interquartile mean, median and mean over all tasks, with their intervals. */
#include "lab/report/chart.h"

#include "lab/report/format.h"
#include "lab/report/table.h"
#include "lab/report/web.h"

#include <math.h>

#define ROW 52 /* pixels an arm */

static const struct {
    const char *key, *title;
} aggregates[] = {{"iqm", "interquartile mean"}, {"median", "median"}, {"mean", "mean"}};

typedef struct estimates {
    json_t *at, *rows;
    chart_range range;
} estimates;

static void add_estimate(estimates *all, const char *arm, const char *title,
                         const json_t *about)
{
    const json_t *interval = json_object_get(about, "interval");
    double estimate = rg_json_number(json_object_get(about, "estimate"), NAN);
    double lo = rg_json_number(json_array_get(interval, 0), NAN);
    double hi = rg_json_number(json_array_get(interval, 1), NAN);
    chart_see(&all->range, estimate);
    chart_see(&all->range, lo);
    chart_see(&all->range, hi);
    json_array_append_new(all->at,
                          json_pack("{s:s, s:s, s:o, s:o, s:o}", "arm", arm, "aggregate", title,
                                    "estimate", rg_json_real(estimate), "lo", rg_json_real(lo),
                                    "hi", rg_json_real(hi)));
    json_array_append_new(all->rows,
                          json_pack("[s, s, s, s]", arm, title,
                                    format_number(estimate, format_half(interval)).text,
                                    format_interval(interval).text));
}

static json_t *titles_json(void)
{
    json_t *titles = json_array();
    for (size_t i = 0; i < RG_COUNT(aggregates); i++)
        json_array_append_new(titles, json_string(aggregates[i].title));
    return titles;
}

static void draw(json_t *ret, const json_t *facts, const estimates *all)
{
    json_t *names = chart_names(all->at, "arm");
    int height = ROW * (int)json_array_size(names);
    rg_str title = {0};
    rg_str_printf(&title, "%s%s", table_tasks_normalized(facts) ? "normalized " : "",
                  table_metric(facts));
    json_t *variables =
        json_pack("{s:O, s:o, s:i, s:o, s:o, s:s}", "estimates", all->at, "names", names,
                  "height", height, "aggregates", titles_json(), "domain",
                  chart_domain(all->range), "title", rg_str_text(&title));
    chart_add(ret,
              &(chart_parts){.id = "tasks",
                             .title = "Aggregates over all tasks",
                             .description =
                                 "The interquartile mean leaves out the best and the worst "
                                 "quarter of all runs: less swayed by one task than the "
                                 "mean, less wasteful than the median. Lines are "
                                 "stratified bootstrap intervals.",
                             .spec = rg_web_chart_tasks,
                             .spec_end = rg_web_chart_tasks_end,
                             .variables = variables,
                             .columns = CELLS("arm", "aggregate", "estimate", "interval"),
                             .rows = json_incref(all->rows)});
    rg_str_free(&title);
}

void chart_tasks(const json_t *facts, json_t *ret)
{
    estimates all = {json_array(), json_array(), CHART_RANGE_EMPTY};
    size_t i;
    json_t *arm;
    json_array_foreach (rg_json_path(facts, "tasks.arms"), i, arm)
        for (size_t k = 0; k < RG_COUNT(aggregates); k++)
            add_estimate(&all, rg_json_text(arm, "name", "?"), aggregates[k].title,
                         json_object_get(arm, aggregates[k].key));
    if (json_array_size(all.at))
        draw(ret, facts, &all);
    json_decref(all.at);
    json_decref(all.rows);
}
