/* chart_profile.c - performance profiles: the share of runs that are better than a threshold.
 */
#include "lab/report/chart.h"

#include "lab/report/format.h"
#include "lab/report/table.h"
#include "lab/report/web.h"

#include <math.h>
#include <string.h>

#define ARMS_A_CHART 6 /* as many colours are told apart */
#define ROWS 10        /* of the table: every so many thresholds */

typedef struct profiles { /* of one chart */
    json_t *steps, *arms, *rows;
} profiles;

static double at(const json_t *profile, const char *key, size_t i)
{
    return rg_json_number(json_array_get(json_object_get(profile, key), i), NAN);
}

static void add_row(profiles *all, const char *arm, double threshold, const json_t *profile,
                    size_t i)
{
    rg_str band = {0};
    rg_str_printf(&band, "%s to %s",
                  format_percent(round(1e3 * at(profile, "lo", i)) / 1e3).text,
                  format_percent(round(1e3 * at(profile, "hi", i)) / 1e3).text);
    json_array_append_new(
        all->rows, json_pack("[s, s, s, s]", arm, format_number(threshold, 0).text,
                             format_percent(round(1e3 * at(profile, "share", i)) / 1e3).text,
                             rg_str_text(&band)));
    rg_str_free(&band);
}

static void add_profile(profiles *all, const json_t *thresholds, const json_t *profile)
{
    const char *arm = rg_json_text(profile, "name", "?");
    size_t count = json_array_size(thresholds);
    json_array_append_new(all->arms, json_string(arm));
    for (size_t i = 0; i < count; i++) {
        double threshold = rg_json_number(json_array_get(thresholds, i), NAN);
        if (!isfinite(threshold) || !isfinite(at(profile, "share", i)))
            continue;
        json_array_append_new(all->steps, json_pack("{s:s, s:f, s:o, s:o, s:o}", "arm", arm,
                                                    "threshold", threshold, "share",
                                                    rg_json_real(at(profile, "share", i)), "lo",
                                                    rg_json_real(at(profile, "lo", i)), "hi",
                                                    rg_json_real(at(profile, "hi", i))));
        if (i % (count / ROWS + 1) == 0)
            add_row(all, arm, threshold, profile, i);
    }
}

static profiles profiles_new(void)
{
    return (profiles){json_array(), json_array(), json_array()};
}

static void finish(json_t *ret, const json_t *facts, profiles *all)
{
    const char *goal = rg_json_text(json_object_get(facts, "metric"), "goal", "maximize");
    if (json_array_size(all->steps)) {
        rg_str id = {0}, title = {0};
        rg_str_printf(&id, "profile-%zu", json_array_size(ret));
        bool normalized = table_tasks_normalized(facts);
        rg_str_printf(&title, "threshold of %s%s", normalized ? "normalized " : "",
                      table_metric(facts));
        json_t *variables = json_pack(
            "{s:O, s:O, s:s, s:s}", "steps", all->steps, "arms", all->arms, "title",
            rg_str_text(&title), "share",
            normalized || strcmp(goal, "minimize") != 0 ? "runs above" : "runs below");
        chart_add(ret,
                  &(chart_parts){.id = rg_str_text(&id),
                                 .title = "Performance profiles",
                                 .description =
                                     "The share of runs that are better than a threshold, "
                                     "in the mean over tasks: higher is better everywhere. "
                                     "Bands hold at each threshold by itself. Choose an "
                                     "arm in the legend to bring it out.",
                                 .spec = rg_web_chart_profile,
                                 .spec_end = rg_web_chart_profile_end,
                                 .variables = variables,
                                 .columns = CELLS("arm", "threshold", "runs beyond", "band"),
                                 .rows = json_incref(all->rows)});
        rg_str_free(&id);
        rg_str_free(&title);
    }
    json_decref(all->steps);
    json_decref(all->arms);
    json_decref(all->rows);
}

void chart_profile(const json_t *facts, json_t *ret)
{
    const json_t *thresholds = rg_json_path(facts, "tasks.profiles.thresholds");
    profiles all = profiles_new();
    size_t i;
    json_t *profile;
    json_array_foreach (rg_json_path(facts, "tasks.profiles.arms"), i, profile) {
        add_profile(&all, thresholds, profile);
        if (json_array_size(all.arms) == ARMS_A_CHART) {
            finish(ret, facts, &all);
            all = profiles_new();
        }
    }
    finish(ret, facts, &all);
}
