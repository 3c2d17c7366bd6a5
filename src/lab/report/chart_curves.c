/* chart_curves.c - learning curves: for each metric and arm the mean over the seeds, and a band
 * from the lowest to the highest seed. */
#include "lab/report/chart.h"

#include "lab/report/format.h"
#include "lab/report/table.h"
#include "lab/report/web.h"

#include <math.h>
#include <string.h>

#define ARMS_A_CHART 6 /* as many colours as can be told apart at a glance */
#define STEPS_MAX \
    200 /* longer curves are thinned: a screen has no more pixels to show them \
         */

typedef struct band { /* over the seeds at one step */
    double sum, lo, hi;
    size_t count;
} band;
typedef struct sweep { /* one chart in the making */
    json_t *steps, *arms, *rows;
} sweep;

/* The curves of one arm and metric share their steps but for runs that ended early, so the
 * longest gives the axis. */
static const json_t *longest(const json_t *curves, const char *arm, const char *metric)
{
    const json_t *ret = NULL;
    size_t i;
    json_t *curve;
    json_array_foreach (curves, i, curve) {
        const json_t *steps = json_object_get(curve, "step");
        if (!strcmp(rg_json_text(curve, "arm", ""), arm) &&
            !strcmp(rg_json_text(curve, "metric", ""), metric) &&
            json_array_size(steps) > json_array_size(ret))
            ret = steps;
    }
    return ret;
}

static void see(band *at, double value)
{
    if (!isfinite(value))
        return;
    at->lo = at->count ? fmin(at->lo, value) : value;
    at->hi = at->count ? fmax(at->hi, value) : value;
    at->sum += value;
    at->count++;
}

static band *bands_of(const json_t *curves, const char *arm, const char *metric, size_t count)
{
    band *bands = RG_NEW_ARRAY(band, count);
    size_t i;
    json_t *curve;
    json_array_foreach (curves, i, curve) {
        const json_t *values = json_object_get(curve, "value");
        if (strcmp(rg_json_text(curve, "arm", ""), arm) != 0 ||
            strcmp(rg_json_text(curve, "metric", ""), metric) != 0)
            continue;
        for (size_t k = 0; k < count && k < json_array_size(values); k++)
            see(&bands[k], rg_json_number(json_array_get(values, k), NAN));
    }
    return bands;
}

static double rounded(double value) /* six digits are more than a picture shows */
{
    double scale = value == 0 ? 1 : pow(10, 5 - floor(log10(fabs(value))));
    return isfinite(scale) && scale > 0 ? round(value * scale) / scale : value;
}

static void add_step(sweep *all, const char *arm, double step, const band *at)
{
    double mean = at->sum / (double)at->count;
    json_array_append_new(all->steps,
                          json_pack("{s:s, s:o, s:o, s:o, s:o}", "arm", arm, "step",
                                    rg_json_real(step), "mean", rg_json_real(rounded(mean)),
                                    "lo", rg_json_real(rounded(at->lo)), "hi",
                                    rg_json_real(rounded(at->hi))));
}

static void add_last(sweep *all, const char *arm, double step, const band *at)
{
    double half = (at->hi - at->lo) / 2;
    rg_str seeds = {0};
    rg_str_printf(&seeds, "%zu", at->count);
    json_array_append_new(
        all->rows,
        json_pack("[s, s, s, s, s, s]", arm, rg_str_text(&seeds), format_count(step).text,
                  format_number(at->sum / (double)at->count, half).text,
                  format_number(at->lo, half).text, format_number(at->hi, half).text));
    rg_str_free(&seeds);
}

static void add_arm(sweep *all, const json_t *curves, const char *arm, const char *metric)
{
    const json_t *steps = longest(curves, arm, metric);
    size_t count = json_array_size(steps), stride = count / STEPS_MAX + 1, last = count;
    if (count < 2) /* one point is no curve */
        return;
    band *bands = bands_of(curves, arm, metric, count);
    for (size_t i = 0; i < count; i++) {
        if (!bands[i].count)
            continue;
        last = i;
        if (i % stride == 0 || i + 1 == count)
            add_step(all, arm, rg_json_number(json_array_get(steps, i), NAN), &bands[i]);
    }
    if (last < count) {
        json_array_append_new(all->arms, json_string(arm));
        add_last(all, arm, rg_json_number(json_array_get(steps, last), NAN), &bands[last]);
    }
    rg_free(bands);
}

static void finish(json_t *ret, sweep *all, const char *metric, const char *unit)
{
    if (json_array_size(all->arms)) {
        rg_str id = {0};
        rg_str_printf(&id, "curves-%zu", json_array_size(ret));
        chart_add(
            ret, &(chart_parts){
                     .id = rg_str_text(&id),
                     .title = metric,
                     .description = "The line is the mean over an arm's seeds, the band "
                                    "reaches from its lowest to its highest seed. "
                                    "Choose an arm in the legend to bring it out.",
                     .spec = rg_web_chart_curves,
                     .spec_end = rg_web_chart_curves_end,
                     .variables = json_pack("{s:O, s:O, s:s, s:s}", "steps", all->steps, "arms",
                                            all->arms, "title", metric, "unit", unit),
                     .columns = (const char *const[]){"arm", "seeds",
                                                      *unit == 'e' ? "last epoch" : "last step",
                                                      "mean there", "lowest", "highest", NULL},
                     .rows = json_incref(all->rows)});
        rg_str_free(&id);
    }
    json_decref(all->steps);
    json_decref(all->arms);
    json_decref(all->rows);
}

static sweep sweep_new(void)
{
    return (sweep){json_array(), json_array(), json_array()};
}

static void add_metric(json_t *ret, const json_t *facts, const char *metric)
{
    sweep all = sweep_new();
    const char *unit = table_step(facts);
    size_t i;
    json_t *arm;
    json_array_foreach (json_object_get(facts, "arms"), i, arm) {
        add_arm(&all, json_object_get(facts, "curves"), rg_json_text(arm, "name", ""), metric);
        if (json_array_size(all.arms) == ARMS_A_CHART) {
            finish(ret, &all, metric, unit);
            all = sweep_new();
        }
    }
    finish(ret, &all, metric, unit);
}

void chart_curves(const json_t *facts, json_t *ret)
{
    json_t *seen = json_object(), *curve;
    size_t i;
    json_array_foreach (json_object_get(facts, "curves"), i, curve) {
        const char *metric = rg_json_text(curve, "metric", "");
        if (json_object_get(seen, metric))
            continue;
        json_object_set_new(seen, metric, json_true());
        add_metric(ret, facts, metric);
    }
    json_decref(seen);
}
