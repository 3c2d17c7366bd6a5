/* power_page.c - the facts of a power question as a page with charts (html_page.c). */
#include "lab/report/power.h"

#include "lab/report/chart.h"
#include "lab/report/html.h"

#include <math.h>

static void slot_title(rg_str *ret, const json_t *facts)
{
    (void)facts;
    rg_str_add(ret, "Power · Rigor");
}

static void slot_study(rg_str *ret, const json_t *facts)
{
    html_put(ret, "$", rg_json_text(json_object_get(facts, "source"), "name", "power"));
}

static void slot_question(rg_str *ret, const json_t *facts)
{
    double effect = rg_json_number(json_object_get(facts, "effect"), NAN);
    rg_str_add(ret, isnan(effect) ? "What could so many seeds show?"
                                  : "How many seeds does it take?");
}

static void slot_chips(rg_str *ret, const json_t *facts)
{
    (void)ret;
    (void)facts;
}

static void slot_sections(rg_str *ret, const json_t *facts)
{
    json_t *charts = json_array(), *item;
    size_t i;
    rg_str_add(ret, "<section id=\"answer\"><h2>Answer</h2>\n");
    json_array_foreach (json_object_get(facts, "sentences"), i, item)
        html_put(ret, "<p>$</p>\n", json_string_value(item));
    html_table(ret, power_table_answers(facts), "");
    html_table(ret, power_table_needed(facts), "");
    rg_str_add(ret, "</section>\n<section id=\"curves\"><h2>Curves</h2>\n");
    chart_power(facts, charts);
    json_array_foreach (charts, i, item)
        html_chart(ret, item);
    rg_str_add(ret, "</section>\n<section id=\"seeds\"><h2>Seed by seed</h2>\n");
    html_table(ret, power_table_detectable(facts), "");
    rg_str_add(ret, "</section>\n");
    json_decref(charts);
}

static void slot_footer(rg_str *ret, const json_t *facts)
{
    (void)facts;
    html_put(ret, "<p>Written by rigor $.</p>", RG_VERSION);
}

bool power_page(const json_t *facts, rg_str *ret, rg_err *err)
{
    static const html_slot slots[] = {
        {"title", slot_title},
        {"study", slot_study},
        {"question", slot_question},
        {"chips", slot_chips},
        {"sections", slot_sections},
        {"footer", slot_footer},
        {0},
    };
    return html_page(ret, slots, facts, err);
}
