/* power_text.c - the facts of a power question for a terminal: sentences, tables, curves. */
#include "lab/report/power.h"

#include "lab/report/plot_text.h"
#include "lab/report/terminal.h"

#include <math.h>
#include <stdio.h>

enum { COLUMNS = 80, CURVES_MAX = 6 };

static const char *const marks[CURVES_MAX] = {"o", "*", "+", "x", "#", "@"};

static double number(const json_t *object, const char *key)
{
    return rg_json_number(json_object_get(object, key), NAN);
}

static void add_table(rg_str *ret, json_t *table)
{
    if (!table)
        return;
    rg_str_printf(ret, "\n%s\n", rg_json_text(table, "title", ""));
    terminal_add_table(ret, table, COLUMNS);
    json_decref(table);
}

static double last_of(const json_t *array)
{
    return rg_json_number(json_array_get(array, json_array_size(array) - 1), NAN);
}

/* Power over effects, a curve for each number of seeds. */
static void plot_effects(rg_str *ret, const json_t *facts)
{
    plot_curve curves[CURVES_MAX];
    char names[CURVES_MAX][40];
    const json_t *all = json_object_get(facts, "curves");
    size_t n = 0;
    for (; n < CURVES_MAX && n < json_array_size(all); n++) {
        const json_t *curve = json_array_get(all, n);
        snprintf(names[n], sizeof(names[n]), "%.0f seeds", number(curve, "seeds"));
        curves[n] = (plot_curve){marks[n], names[n], json_object_get(curve, "effect_sd"),
                                 json_object_get(curve, "power")};
    }
    if (!n)
        return;
    plot_frame frame = {.x_hi = last_of(curves[0].x),
                        .y_hi = 1,
                        .level = number(facts, "power"),
                        .x_title = "effect, in sd",
                        .y_title = "power",
                        .y_percent = true};
    plot_text(ret, &frame, curves, n);
}

/* Power over seeds, a curve for each claim. */
static void plot_growth(rg_str *ret, const json_t *facts)
{
    plot_curve curves[CURVES_MAX];
    const json_t *all = json_object_get(facts, "growth");
    size_t n = 0;
    for (; n < CURVES_MAX && n < json_array_size(all); n++) {
        const json_t *curve = json_array_get(all, n);
        curves[n] =
            (plot_curve){marks[n], rg_json_text(curve, "claim", "the effect above"),
                         json_object_get(curve, "seeds"), json_object_get(curve, "power")};
    }
    if (!n)
        return;
    plot_frame frame = {.x_hi = last_of(curves[0].x),
                        .y_hi = 1,
                        .level = number(facts, "power"),
                        .x_title = "seeds",
                        .y_title = "power",
                        .y_percent = true};
    plot_text(ret, &frame, curves, n);
}

void power_text(const json_t *facts, rg_str *ret)
{
    size_t i;
    json_t *sentence;
    json_array_foreach (json_object_get(facts, "sentences"), i, sentence) {
        rg_str_add(ret, "- ");
        terminal_add_wrapped(ret, json_string_value(sentence), 2, COLUMNS);
    }
    bool effect = json_array_size(json_object_get(facts, "growth")) > 0;
    add_table(ret, power_table_answers(facts));
    add_table(ret, effect ? power_table_needed(facts) : power_table_detectable(facts));
    rg_str_add(ret, "\n");
    if (effect)
        plot_growth(ret, facts);
    else
        plot_effects(ret, facts);
}
