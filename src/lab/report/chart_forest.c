/* chart_forest.c - the differences that the claims and ablations are about, with intervals, the
 * line of no difference and the band of the declared margin. */
#include "lab/report/chart.h"

#include "lab/report/format.h"
#include "lab/report/table.h"
#include "lab/report/web.h"

#include <math.h>
#include <string.h>

#define ROW 40 /* pixels a difference */

typedef struct forest {
    json_t *effects, *rows;
    chart_range range;
} forest;

static void add_effect(forest *all, const char *a, const char *b, const char *verdict,
                       const json_t *estimate, const json_t *interval)
{
    double centre = rg_json_number(estimate, NAN);
    double lo = rg_json_number(json_array_get(interval, 0), NAN);
    double hi = rg_json_number(json_array_get(interval, 1), NAN);
    bool claimed = strcmp(verdict, "not claimed") != 0;
    rg_str label = {0};
    rg_str_printf(&label, "%s − %s", a, b);
    chart_see(&all->range, centre);
    chart_see(&all->range, lo);
    chart_see(&all->range, hi);
    json_array_append_new(all->effects,
                          json_pack("{s:s, s:s, s:b, s:o, s:o, s:o}", "label",
                                    rg_str_text(&label), "verdict", verdict, "claimed", claimed,
                                    "estimate", rg_json_real(centre), "lo", rg_json_real(lo),
                                    "hi", rg_json_real(hi)));
    json_array_append_new(all->rows,
                          json_pack("[s, s, s, s]", rg_str_text(&label),
                                    format_number(centre, format_half(interval)).text,
                                    format_interval(interval).text, verdict));
    rg_str_free(&label);
}

static bool is_claimed(const json_t *facts, const char *a, const char *b)
{
    size_t i;
    json_t *claim;
    json_array_foreach (json_object_get(facts, "claims"), i, claim)
        if (!strcmp(rg_json_text(claim, "a", ""), a) &&
            !strcmp(rg_json_text(claim, "b", ""), b))
            return true;
    return false;
}

static void gather(forest *all, const json_t *facts)
{
    size_t i;
    json_t *claim, *effect;
    json_array_foreach (json_object_get(facts, "claims"), i, claim)
        add_effect(all, rg_json_text(claim, "a", "?"), rg_json_text(claim, "b", "?"),
                   rg_json_text(claim, "verdict", "inconclusive"),
                   json_object_get(claim, "estimate"), json_object_get(claim, "interval"));
    json_array_foreach (json_object_get(facts, "effects"), i, effect) {
        const char *a = rg_json_text(effect, "a", "?"), *b = rg_json_text(effect, "b", "?");
        const json_t *difference = json_object_get(effect, "difference");
        if (!is_claimed(facts, a, b))
            add_effect(all, a, b, "not claimed", json_object_get(difference, "mean"),
                       json_object_get(difference, "interval"));
    }
}

static json_t *margin_band(double margin)
{
    if (!isfinite(margin))
        return json_array();
    rg_str says = {0};
    rg_str_printf(&says, "± %.4g", margin);
    json_t *ret =
        json_pack("[{s:f, s:f, s:s}]", "lo", -margin, "hi", margin, "says", rg_str_text(&says));
    rg_str_free(&says);
    return ret;
}

static void describe(rg_str *about, double margin)
{
    rg_str_add(about, "The mark is the estimate, the line its interval; an interval that "
                      "crosses 0 leaves the direction open.");
    if (isfinite(margin))
        rg_str_printf(about, " The band is the equivalence margin, ± %.4g.", margin);
}

/* Two lines, so that a narrow screen shows both. */
static json_t *axis_title(const json_t *facts)
{
    const char *goal = rg_json_text(json_object_get(facts, "metric"), "goal", "maximize");
    rg_str first = {0};
    rg_str_printf(&first, "difference in %s", table_metric(facts));
    json_t *ret =
        json_pack("[s, s]", rg_str_text(&first),
                  strcmp(goal, "minimize") != 0 ? "right of 0: the first arm is better"
                                                : "left of 0: the first arm is better");
    rg_str_free(&first);
    return ret;
}

static void draw(json_t *ret, const json_t *facts, const forest *all, double margin)
{
    rg_str about = {0};
    describe(&about, margin);
    json_t *variables = json_pack(
        "{s:o, s:i, s:O, s:o, s:o, s:o, s:o}", "names", chart_names(all->effects, "label"),
        "height", ROW * (int)json_array_size(all->effects), "effects", all->effects, "margin",
        margin_band(margin), "domain", chart_domain(all->range), "verdicts",
        chart_names(all->effects, "verdict"), "title", axis_title(facts));
    chart_add(ret, &(chart_parts){.id = "forest",
                                  .title = "Differences with their intervals",
                                  .description = rg_str_text(&about),
                                  .spec = rg_web_chart_forest,
                                  .spec_end = rg_web_chart_forest_end,
                                  .variables = variables,
                                  .columns = (const char *const[]){"difference", "estimate",
                                                                   "interval", "verdict", NULL},
                                  .rows = json_incref(all->rows)});
    rg_str_free(&about);
}

void chart_forest(const json_t *facts, json_t *ret)
{
    forest all = {json_array(), json_array(), {0, 0}}; /* zero is always in sight */
    double margin = rg_json_number(rg_json_path(facts, "analysis.margin"), NAN);
    gather(&all, facts);
    chart_see(&all.range, margin);
    chart_see(&all.range, -margin);
    if (json_array_size(all.effects))
        draw(ret, facts, &all, margin);
    json_decref(all.effects);
    json_decref(all.rows);
}
