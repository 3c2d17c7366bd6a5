/* chart_search.c - the history of each arm's search: every trial's score and the best so far.
 */
#include "lab/report/chart.h"

#include "lab/report/format.h"
#include "lab/report/table.h"
#include "lab/report/web.h"

#include <math.h>
#include <string.h>

typedef struct history { /* one arm's trials */
    const char *arm;
    bool maximize;
    json_t *trials, *rows;
    size_t count, failed;
    double best, first; /* scores; `first` is the default configuration's */
    double best_trial;
} history;

static bool is_maximized(const json_t *facts)
{
    return strcmp(rg_json_text(json_object_get(facts, "metric"), "goal", "maximize"),
                  "minimize") != 0;
}

static double score_of(const json_t *trial)
{
    return json_is_true(json_object_get(trial, "failed"))
               ? NAN
               : rg_json_number(json_object_get(trial, "score"), NAN);
}

/* Failed trials have no score: they stand on the bad side of the axis. */
static void add_trial(history *own, const json_t *trial, chart_range range)
{
    double score = score_of(trial);
    double number = rg_json_number(json_object_get(trial, "trial"), NAN);
    bool better = isfinite(score) && (!isfinite(own->best) ||
                                      (own->maximize ? score > own->best : score < own->best));
    own->best = better ? score : own->best;
    own->best_trial = better ? number : own->best_trial;
    own->first = number == 0 ? score : own->first;
    own->failed += !isfinite(score);
    own->count++;
    const char *reason = rg_json_text(trial, "reason", "");
    rg_str says = {0}, point = {0};
    if (isfinite(score))
        rg_str_add(&says, format_number(score, 0).text);
    else
        rg_str_printf(&says, "failed%s%s", *reason ? ": " : "", reason);
    format_json(&point, json_object_get(trial, "point"));
    double shown = isfinite(score) ? score : own->maximize ? range.lo : range.hi;
    json_array_append_new(
        own->trials, json_pack("{s:o, s:o, s:o, s:s, s:s, s:s}", "trial", rg_json_real(number),
                               "shown", rg_json_real(shown), "best", rg_json_real(own->best),
                               "state", isfinite(score) ? "done" : "failed", "says",
                               rg_str_text(&says), "point", rg_str_text(&point)));
    json_array_append_new(own->rows, json_pack("[s, s, s]", format_count(number).text,
                                               rg_str_text(&says), rg_str_text(&point)));
    rg_str_free(&says);
    rg_str_free(&point);
}

static void mark_best(history *own)
{
    size_t i;
    json_t *trial;
    json_array_foreach (own->trials, i, trial)
        if (json_number_value(json_object_get(trial, "trial")) == own->best_trial)
            json_object_set_new(trial, "state", json_string("best"));
}

static void describe(rg_str *about, const history *own)
{
    rg_str_printf(about, "%zu trial%s", own->count, own->count == 1 ? "" : "s");
    if (own->failed)
        rg_str_printf(about, ", of which %zu failed (red crosses)", own->failed);
    if (isfinite(own->best))
        rg_str_printf(about, ". The line is the best score so far; trial %.0f won with %s",
                      own->best_trial, format_number(own->best, 0).text);
    if (isfinite(own->first))
        rg_str_printf(about, ", the default configuration (trial 0) had %s",
                      format_number(own->first, 0).text);
    rg_str_add(about, ".");
}

static void add_history(json_t *ret, const json_t *facts, history *own, size_t place,
                        chart_range range)
{
    mark_best(own);
    rg_str id = {0}, about = {0}, title = {0};
    rg_str_printf(&id, "search-%zu", place);
    rg_str_printf(&title, "%s, validation", table_metric(facts));
    describe(&about, own);
    chart_add(ret,
              &(chart_parts){
                  .id = rg_str_text(&id),
                  .title = own->arm,
                  .description = rg_str_text(&about),
                  .spec = rg_web_chart_search,
                  .spec_end = rg_web_chart_search_end,
                  .variables = json_pack("{s:o, s:o, s:[i, i], s:s}", "trials", own->trials,
                                         "domain", chart_domain(range), "range", -1,
                                         (int)own->count, "title", rg_str_text(&title)),
                  .columns = (const char *const[]){"trial", "score", "configuration", NULL},
                  .rows = own->rows});
    rg_str_free(&id);
    rg_str_free(&about);
    rg_str_free(&title);
}

static history history_of(const char *arm, bool maximize)
{
    return (history){.arm = arm,
                     .maximize = maximize,
                     .trials = json_array(),
                     .rows = json_array(),
                     .best = NAN,
                     .first = NAN,
                     .best_trial = NAN};
}

/* The trials come in order of arm: a history ends where the next arm's begins.  All arms share
 * one axis, so that they can be compared. */
void chart_search(const json_t *facts, json_t *ret)
{
    const json_t *search = json_object_get(facts, "search");
    chart_range range = CHART_RANGE_EMPTY;
    size_t i, place = 0;
    json_t *trial;
    json_array_foreach (search, i, trial)
        chart_see(&range, score_of(trial));
    history own = {0};
    json_array_foreach (search, i, trial) {
        const char *arm = rg_json_text(trial, "arm", "?");
        if (own.arm && strcmp(own.arm, arm) != 0)
            add_history(ret, facts, &own, place++, range);
        if (!own.arm || strcmp(own.arm, arm) != 0)
            own = history_of(arm, is_maximized(facts));
        add_trial(&own, trial, range);
    }
    if (own.arm)
        add_history(ret, facts, &own, place, range);
}
