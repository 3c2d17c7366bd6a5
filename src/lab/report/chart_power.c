/* chart_power.c - the curves of a power question: power over effects for several numbers of
 * seeds, and power over seeds for an effect that was asked for. */
#include "lab/report/power.h"

#include "lab/report/chart.h"
#include "lab/report/format.h"
#include "lab/report/web.h"

#include <math.h>
#include <stdio.h>

typedef struct picture {
    const char *id, *title, *description, *axis;
    json_t *points, *curves, *rows;
} picture;

/* The first x at which a curve reaches the wanted power; NaN: nowhere on the chart. */
static double reached(const json_t *x, const json_t *powers, double power)
{
    for (size_t i = 0; i < json_array_size(x); i++)
        if (rg_json_number(json_array_get(powers, i), NAN) >= power)
            return rg_json_number(json_array_get(x, i), NAN);
    return NAN;
}

static void add_curve(picture *p, const char *name, const json_t *x, const json_t *powers,
                      double wanted)
{
    for (size_t i = 0; i < json_array_size(x); i++)
        json_array_append_new(p->points, json_pack("{s:s, s:O, s:O}", "curve", name, "x",
                                                   json_array_get(x, i), "power",
                                                   json_array_get(powers, i)));
    json_array_append_new(p->curves, json_string(name));
    json_array_append_new(
        p->rows,
        json_pack("[s, s]", name, format_number(reached(x, powers, wanted), NAN).text));
}

static void draw(json_t *ret, picture *p, double wanted)
{
    char column[140];
    snprintf(column, sizeof(column), "%s for %s", p->axis, format_percent(wanted).text);
    if (json_array_size(p->curves))
        chart_add(ret, &(chart_parts){.id = p->id,
                                      .title = p->title,
                                      .description = p->description,
                                      .spec = rg_web_chart_power,
                                      .spec_end = rg_web_chart_power_end,
                                      .variables = json_pack(
                                          "{s:f, s:O, s:O, s:s}", "power", wanted, "points",
                                          p->points, "curves", p->curves, "title", p->axis),
                                      .columns = (const char *const[]){"curve", column, NULL},
                                      .rows = json_incref(p->rows)});
    json_decref(p->points);
    json_decref(p->curves);
    json_decref(p->rows);
}

static picture picture_new(const char *id, const char *title, const char *about,
                           const char *axis)
{
    return (picture){id, title, about, axis, json_array(), json_array(), json_array()};
}

static void draw_effects(json_t *ret, const json_t *facts, double wanted)
{
    picture p = picture_new("power-effects", "Power over effects",
                            "Each curve is a number of seeds. Where it crosses the dashed line "
                            "lies the smallest effect that they show with the wanted power.",
                            "effect, in sd");
    size_t i;
    json_t *curve;
    json_array_foreach (json_object_get(facts, "curves"), i, curve) {
        char name[40];
        snprintf(name, sizeof(name), "%lld seeds",
                 (long long)json_integer_value(json_object_get(curve, "seeds")));
        add_curve(&p, name, json_object_get(curve, "effect_sd"),
                  json_object_get(curve, "power"), wanted);
    }
    draw(ret, &p, wanted);
}

static void draw_growth(json_t *ret, const json_t *facts, double wanted)
{
    picture p = picture_new("power-seeds", "Power over seeds",
                            "How the power for the effect that was asked for grows with the "
                            "seeds; the dashed line is the wanted power.",
                            "seeds");
    size_t i;
    json_t *curve;
    json_array_foreach (json_object_get(facts, "growth"), i, curve)
        add_curve(&p, rg_json_text(curve, "claim", "the effect"),
                  json_object_get(curve, "seeds"), json_object_get(curve, "power"), wanted);
    draw(ret, &p, wanted);
}

void chart_power(const json_t *facts, json_t *ret)
{
    double wanted = rg_json_number(json_object_get(facts, "power"), NAN);
    draw_growth(ret, facts, wanted);
    draw_effects(ret, facts, wanted);
}
