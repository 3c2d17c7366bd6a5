/* html_sections.c - the first half of the page: verdicts, results, differences, curves, tuning.
 */
#include "lab/report/html.h"

#include "lab/report/chart.h"
#include "lab/report/format.h"
#include "lab/report/table.h"

#include <math.h>
#include <string.h>

#define TILES_MAX 12 /* small charts shown at once; the rest unfold */

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
    if (strcmp(text, format_number(NAN, 0).text) != 0) /* what does not exist is not shown */
        html_put(ret, "<div><dt>$</dt><dd>$</dd></div>", label, text);
}

/* What `n` counts. */
static const char *sample_word(const json_t *claim)
{
    static const struct {
        const char *situation, *word;
    } table[] = {{"unpaired", "runs"}, {"folds", "folds"}, {"models", "examples"}};
    const char *situation = rg_json_text(claim, "situation", "pairs");
    const char *decides = rg_json_text(json_object_get(claim, "methods"), "decides", "t");
    bool listed = json_array_size(json_object_get(claim, "differences")) > 0;
    if (rg_text_ends(decides, " over sets"))
        return "data sets";
    for (size_t i = 0; i < RG_COUNT(table); i++)
        if (!strcmp(situation, table[i].situation))
            return table[i].word;
    return !strcmp(situation, "sets") && !listed ? "runs" : "pairs";
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
    add_number(ret, "Cohen's d", format_number(number(claim, "effect_size"), 0.1).text);
    add_number(ret, sample_word(claim), format_count(number(claim, "n")).text);
    add_number(ret, "seeds needed", format_count(needed).text);
    rg_str_add(ret, "</dl>");
}

static void add_sentences(rg_str *ret, const json_t *sentences, const char *kind)
{
    size_t i;
    json_t *sentence;
    if (!json_array_size(sentences))
        return;
    html_put(ret, "<ul class=\"$\">", kind);
    json_array_foreach (sentences, i, sentence)
        html_put(ret, "<li>$</li>",
                 json_is_string(sentence) ? json_string_value(sentence) : "");
    rg_str_add(ret, "</ul>\n");
}

static void add_by_set(rg_str *ret, const json_t *claim)
{
    size_t sets = json_array_size(json_object_get(claim, "by_set"));
    if (!sets)
        return;
    rg_str_add(ret, "<details class=\"data\"><summary>Each data set</summary>");
    html_table(ret, table_by_set(claim), "");
    rg_str_add(ret, "</details>\n");
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
    rg_str_clear(&sentence);
    json_t *confounds = table_confounds(facts, claim);
    add_sentences(ret, confounds, "warnings");
    json_decref(confounds);
    if (table_evidence(&sentence, claim))
        html_put(ret, "<p class=\"evidence\">$</p>\n", rg_str_text(&sentence));
    rg_str_free(&sentence);
    add_sentences(ret, json_object_get(claim, "notes"), "notes");
    add_numbers(ret, claim);
    add_by_set(ret, claim);
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

/* Small charts side by side; those beyond TILES_MAX unfold. */
static void add_tiles(rg_str *ret, void (*draw)(const json_t *, json_t *), const json_t *facts,
                      const char *others)
{
    json_t *charts = json_array(), *chart;
    size_t i;
    draw(facts, charts);
    rg_str_add(ret, json_array_size(charts) ? "<div class=\"tiles\">\n" : "");
    json_array_foreach (charts, i, chart) {
        if (i == TILES_MAX)
            html_put(ret,
                     "</div><details class=\"more\"><summary>$</summary>"
                     "<div class=\"tiles\">\n",
                     others);
        html_chart(ret, chart);
    }
    if (json_array_size(charts))
        rg_str_add(ret, i > TILES_MAX ? "</div></details>\n" : "</div>\n");
    json_decref(charts);
}

void html_results(rg_str *ret, const json_t *facts)
{
    rg_str body = {0};
    if (json_is_object(json_object_get(facts, "models")))
        return; /* no runs: the models have a section of their own */
    if (table_has_sets(facts)) {
        add_tiles(&body, chart_points, facts, "The other data sets");
        html_table(&body, table_standings(facts), "");
    } else {
        add_charts(&body, chart_points, facts);
        html_table(&body, table_arms(facts), "");
    }
    html_table(&body, table_also(facts), "");
    if (body.len) {
        section_open(
            ret, facts, "results",
            table_is_scored(facts) ? "Results on the test set" : "Results",
            table_is_scored(facts)
                ? "Each arm was trained afresh with seeds that tuning never saw; all arms "
                  "share them."
            : table_of_study(facts) ? "Each arm was trained afresh with seeds that tuning "
                                      "never saw; the scores are "
                                      "those that the program reported itself."
                                    : "Scores as they were reported: nobody watched the runs.");
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
    html_table(&body, table_looks(facts), "");
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

/* ---- Several data sets, fixed models */

static void add_ranking_words(rg_str *ret, const json_t *facts)
{
    rg_str says = {0};
    if (table_ranking_words(&says, facts))
        html_put(ret, "<p class=\"lead\">$</p>\n", rg_str_text(&says));
    rg_str_free(&says);
}

void html_ranking(rg_str *ret, const json_t *facts)
{
    if (!json_is_object(json_object_get(facts, "ranking")))
        return;
    section_open(
        ret, facts, "ranking", "Ranks over data sets",
        "On each data set the best arm has rank 1; a difference in mean rank below the "
        "critical difference cannot be told from luck.");
    add_charts(ret, chart_critical, facts);
    html_table(ret, table_ranking(facts), "");
    add_ranking_words(ret, facts);
    section_close(ret);
}

void html_tasks(rg_str *ret, const json_t *facts)
{
    if (!json_is_object(json_object_get(facts, "tasks")))
        return;
    section_open(ret, facts, "tasks", "All tasks together",
                 "Aggregates over all runs of all tasks, described and not tested; intervals "
                 "resample the runs within each task.");
    add_sentences(ret, rg_json_path(facts, "tasks.notes"), "warnings");
    add_charts(ret, chart_tasks, facts);
    html_table(ret, table_tasks(facts), "");
    add_charts(ret, chart_profile, facts);
    html_table(ret, table_improvement(facts), "");
    section_close(ret);
}

void html_models(rg_str *ret, const json_t *facts)
{
    rg_str body = {0};
    html_table(&body, table_model_pairs(facts), "");
    if (body.len) {
        section_open(
            ret, facts, "models", "These models on this test set",
            "What follows is about the very models whose predictions were read: another "
            "training of the same method may come out differently.");
        rg_str_add(ret, rg_str_text(&body));
        section_close(ret);
    }
    rg_str_free(&body);
}

void html_curves(rg_str *ret, const json_t *facts)
{
    rg_str body = {0}, lead = {0};
    add_charts(&body, chart_curves, facts);
    rg_str_printf(&lead, "The final runs, %s by %s.", table_step(facts), table_step(facts));
    if (body.len) {
        section_open(ret, facts, "curves", "Learning curves", rg_str_text(&lead));
        html_put(ret, "<div class=\"tiles\">\n");
        rg_str_add(ret, rg_str_text(&body));
        rg_str_add(ret, "</div>\n");
        section_close(ret);
    }
    rg_str_free(&body);
    rg_str_free(&lead);
}

/* ---- Tuning */

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
    add_tiles(ret, chart_search, facts, "The other arms");
    html_table(ret, table_space(facts), "");
    section_close(ret);
}
