/* html_sections.c - the first half of the page: verdicts, results, differences, curves, tuning.
 */
#include "lab/report/html.h"

#include "lab/report/chart.h"
#include "lab/report/format.h"
#include "lab/report/table.h"

#include <math.h>
#include <string.h>

#define TILES_MAX 12 /* searches shown at once; the rest unfold */

static double number(const json_t *object, const char *key)
{
    return rg_json_number(json_object_get(object, key), NAN);
}

static void section_open(rg_str *ret, const json_t *facts, const char *id, const char *title,
                         const char *lead)
{
    rg_str marks = {0};
    table_marks(&marks, facts);
    html_put(ret, "<section id=\"$\"><h2>$<span class=\"mark\">$</span></h2>\n", id, title,
             rg_str_text(&marks));
    if (*lead)
        html_put(ret, "<p class=\"lead\">$</p>\n", lead);
    rg_str_free(&marks);
}

static void section_close(rg_str *ret)
{
    rg_str_add(ret, "</section>\n");
}

/* ---- Verdicts */

static void add_number(rg_str *ret, const char *label, const char *text)
{
    html_put(ret, "<div><dt>$</dt><dd>$</dd></div>", label, text);
}

static void add_numbers(rg_str *ret, const json_t *claim)
{
    const json_t *interval = json_object_get(claim, "interval");
    double half = format_half(interval), needed = number(claim, "seeds_needed");
    rg_str_add(ret, "<dl class=\"numbers\">");
    add_number(ret, "difference", format_number(number(claim, "estimate"), half).text);
    add_number(ret, "interval", format_interval(interval).text);
    add_number(ret, "p, corrected", format_p(number(claim, "p_corrected")).text);
    add_number(ret, "P(A better)", format_number(number(claim, "p_superior"), 0.1).text);
    add_number(ret, "Cohen's d", format_number(number(claim, "effect_size"), 1).text);
    add_number(ret, "pairs", format_count(number(claim, "n")).text);
    if (isfinite(needed))
        add_number(ret, "seeds needed", format_count(needed).text);
    rg_str_add(ret, "</dl>");
}

static void add_verdict(rg_str *ret, const json_t *facts, const json_t *claim)
{
    const char *verdict = rg_json_text(claim, "verdict", "inconclusive");
    rg_str sentence = {0};
    table_sentence(&sentence, facts, claim);
    html_put(ret,
             "<article class=\"verdict $\"><header><span class=\"badge\">$</span>"
             "<span class=\"claim\">$</span></header><p class=\"sentence\">$</p>\n",
             verdict, verdict, rg_json_text(claim, "claim", ""), rg_str_text(&sentence));
    rg_str_free(&sentence);
    size_t i;
    json_t *note;
    const json_t *notes = json_object_get(claim, "notes");
    rg_str_add(ret, json_array_size(notes) ? "<ul class=\"notes\">" : "");
    json_array_foreach (notes, i, note)
        html_put(ret, "<li>$</li>", json_is_string(note) ? json_string_value(note) : "");
    rg_str_add(ret, json_array_size(notes) ? "</ul>" : "");
    add_numbers(ret, claim);
    rg_str_add(ret, "</article>\n");
}

static const char *why_no_verdict(const json_t *facts)
{
    if (strcmp(rg_json_text(facts, "status", "complete"), "complete") != 0)
        return "No verdict yet: the study has not ended. What follows is as far as its ledger "
               "goes.";
    return "This study declared no claim, so there is no verdict: its results are "
           "described, not tested.";
}

void html_verdicts(rg_str *ret, const json_t *facts)
{
    const json_t *claims = json_object_get(facts, "claims");
    rg_str_add(ret, "<section id=\"verdicts\" aria-label=\"Verdicts\">\n");
    size_t i;
    json_t *claim;
    json_array_foreach (claims, i, claim)
        add_verdict(ret, facts, claim);
    if (!json_array_size(claims))
        html_put(ret, "<p class=\"empty\">$</p>\n", why_no_verdict(facts));
    section_close(ret);
}

/* ---- Results */

static void add_charts(rg_str *ret, void (*draw)(const json_t *, json_t *), const json_t *facts)
{
    json_t *charts = json_array(), *chart;
    size_t i;
    draw(facts, charts);
    json_array_foreach (charts, i, chart)
        html_chart(ret, chart);
    json_decref(charts);
}

void html_results(rg_str *ret, const json_t *facts)
{
    rg_str body = {0};
    add_charts(&body, chart_points, facts);
    html_table(&body, table_arms(facts), "");
    html_table(&body, table_also(facts), "");
    if (body.len) {
        section_open(
            ret, facts, "results", "Results on the test set",
            "Each arm was trained afresh with seeds that tuning never saw; all arms share "
            "them.");
        rg_str_add(ret, rg_str_text(&body));
        section_close(ret);
    }
    rg_str_free(&body);
}

void html_differences(rg_str *ret, const json_t *facts)
{
    rg_str body = {0};
    add_charts(&body, chart_forest, facts);
    html_table(&body, table_claims(facts), "");
    if (body.len) {
        section_open(
            ret, facts, "differences", "Differences",
            !table_of_study(facts)
                ? "All claims are corrected together."
                : "Claims were declared before anything ran, and are corrected together. "
                  "Differences that nobody claimed are described only.");
        rg_str_add(ret, rg_str_text(&body));
        section_close(ret);
    }
    rg_str_free(&body);
}

void html_curves(rg_str *ret, const json_t *facts)
{
    if (!json_array_size(json_object_get(facts, "curves")))
        return;
    section_open(ret, facts, "curves", "Learning curves", "The final runs, epoch by epoch.");
    rg_str_add(ret, "<div class=\"tiles\">\n");
    add_charts(ret, chart_curves, facts);
    rg_str_add(ret, "</div>\n");
    section_close(ret);
}

/* ---- Tuning */

static void add_searches(rg_str *ret, const json_t *facts)
{
    json_t *charts = json_array(), *chart;
    size_t i;
    chart_search(facts, charts);
    rg_str_add(ret, "<div class=\"tiles\">\n");
    json_array_foreach (charts, i, chart) {
        if (i == TILES_MAX)
            rg_str_add(ret, "</div><details class=\"more\"><summary>The other arms</summary>"
                            "<div class=\"tiles\">\n");
        html_chart(ret, chart);
    }
    rg_str_add(ret, i > TILES_MAX ? "</div></details>\n" : "</div>\n");
    json_decref(charts);
}

void html_tuning(rg_str *ret, const json_t *facts)
{
    if (!json_array_size(json_object_get(facts, "search")))
        return;
    const json_t *sampler = json_object_get(facts, "sampler");
    const char *name = rg_json_text(sampler, "name", NULL);
    rg_str lead = {0};
    rg_str_add(&lead,
               "Every arm had the same number of trials, scored on the validation part. ");
    if (name)
        rg_str_printf(&lead, "Sampler: %s (%s). ", name,
                      rg_json_text(sampler, "why", "as chosen"));
    rg_str_add(&lead,
               "A winner's score is the best of many: fresh seeds say what is left of it.");
    section_open(ret, facts, "tuning", "Tuning", rg_str_text(&lead));
    rg_str_free(&lead);
    html_table(ret, table_tuning(facts), "");
    add_searches(ret, facts);
    html_table(ret, table_space(facts), "");
    section_close(ret);
}
