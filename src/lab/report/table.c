/* table.c - facts as tables of text (see table.h). */
#include "lab/report/table.h"

#include "lab/report/format.h"

#include <math.h>
#include <string.h>

#define ALSO_MAX 16 /* secondary metrics shown; the JSON report has all */

json_t *table_new(const char *title, const char *align, const char *const *columns)
{
    json_t *names = json_array();
    for (; *columns; columns++)
        json_array_append_new(names, json_string(*columns));
    return json_pack("{s:s, s:s#, s:o, s:[]}", "title", title, "align", align,
                     (int)json_array_size(names), "columns", names, "rows");
}

void table_row(json_t *table, const char *const *cells)
{
    json_t *row = json_array();
    size_t count = json_array_size(json_object_get(table, "columns"));
    for (size_t i = 0; i < count; i++)
        json_array_append_new(row, json_string(cells[i]));
    json_array_append_new(json_object_get(table, "rows"), row);
}

json_t *table_or_null(json_t *table)
{
    if (json_array_size(json_object_get(table, "rows")))
        return table;
    json_decref(table);
    return NULL;
}

static const char *json_text_at(const json_t *array, size_t i)
{
    const char *text = json_string_value(json_array_get(array, i));
    return text ? text : "";
}

void table_drop_empty(json_t *table)
{
    json_t *columns = json_object_get(table, "columns"), *row;
    json_t *rows = json_object_get(table, "rows");
    rg_str align = {0};
    const char *old = rg_json_text(table, "align", "");
    for (size_t column = 0, i; column < json_array_size(columns); old++) {
        bool filled = json_array_size(rows) == 0;
        json_array_foreach (rows, i, row)
            filled =
                filled || strcmp(json_text_at(row, column), format_number(NAN, 0).text) != 0;
        if (filled) {
            rg_str_add_n(&align, old, 1);
            column++;
            continue;
        }
        json_array_remove(columns, column);
        json_array_foreach (rows, i, row)
            json_array_remove(row, column);
    }
    json_object_set_new(table, "align", json_string(rg_str_text(&align)));
    rg_str_free(&align);
}

const char *table_metric(const json_t *facts)
{
    return rg_json_text(json_object_get(facts, "metric"), "name", "metric");
}

bool table_of_study(const json_t *facts)
{
    return json_is_object(json_object_get(facts, "stages"));
}

bool table_is_scored(const json_t *facts)
{
    return table_of_study(facts) &&
           strcmp(rg_json_text(facts, "trust", ""), "self-reported") != 0;
}

void table_score_title(rg_str *ret, const json_t *facts)
{
    bool scored = table_is_scored(facts) || json_object_get(facts, "models");
    rg_str_printf(ret, scored ? "%s on the test set" : "%s, as reported", table_metric(facts));
}

const json_t *table_primary(const json_t *facts, const json_t *arm, const char *part)
{
    return json_object_get(json_object_get(arm, part), table_metric(facts));
}

static double number(const json_t *object, const char *key)
{
    return rg_json_number(json_object_get(object, key), NAN);
}

static void arm_kind(rg_str *ret, const json_t *arm)
{
    const char *of = rg_json_text(arm, "of", NULL);
    if (of)
        rg_str_printf(ret, "%s without: ", of);
    const json_t *changes = json_object_get(arm, "changes");
    if (json_object_size(changes))
        format_json(ret, changes);
    else
        rg_str_add(ret, "the base");
}

json_t *table_arms(const json_t *facts)
{
    rg_str title = {0};
    table_score_title(&title, facts);
    json_t *table = table_new(rg_str_text(&title), "lrrrrl",
                              CELLS("arm", "mean ± half interval", "sd", "n", "failed",
                                    table_of_study(facts) ? "is" : NULL));
    rg_str_free(&title);
    size_t i;
    json_t *arm;
    json_array_foreach (json_object_get(facts, "arms"), i, arm) {
        const json_t *metric = table_primary(facts, arm, "metrics");
        double half = format_half(json_object_get(metric, "interval"));
        rg_str is = {0};
        arm_kind(&is, arm);
        table_row(table, CELLS(rg_json_text(arm, "name", "?"), format_mean(metric).text,
                               format_number(number(metric, "sd"), half).text,
                               format_count(number(metric, "n")).text,
                               format_count(number(arm, "failures")).text, rg_str_text(&is)));
        rg_str_free(&is);
    }
    table_drop_empty(table);
    return table_or_null(table);
}

/* One column for each secondary metric, one row for each arm. */
json_t *table_also(const json_t *facts)
{
    const json_t *also = json_object_get(facts, "also");
    const char *columns[ALSO_MAX + 2] = {"arm"};
    size_t count = json_array_size(also) < ALSO_MAX ? json_array_size(also) : ALSO_MAX, i;
    for (i = 0; i < count; i++)
        columns[i + 1] = json_text_at(also, i);
    json_t *table = table_new("Secondary metrics, mean ± half interval: described, not tested",
                              "lrrrrrrrrrrrrrrrr", columns);
    json_t *arm;
    json_array_foreach (json_object_get(facts, "arms"), i, arm) {
        const json_t *metrics = json_object_get(arm, "metrics");
        const char *cells[ALSO_MAX + 1] = {rg_json_text(arm, "name", "?")};
        format text[ALSO_MAX];
        for (size_t k = 0; k < count; k++) {
            text[k] = format_mean(json_object_get(metrics, columns[k + 1]));
            cells[k + 1] = text[k].text;
        }
        if (count && json_object_size(metrics))
            table_row(table, cells);
    }
    return table_or_null(table);
}

/* What assumes less than the test that decides: of pairs, and of runs without partners. */
typedef struct robust_tests {
    const char *first, *second;             /* keys */
    const char *first_title, *second_title; /* columns */
} robust_tests;

static robust_tests robust_tests_of(const json_t *facts)
{
    const json_t *first = json_array_get(json_object_get(facts, "claims"), 0);
    return !strcmp(rg_json_text(first, "situation", "pairs"), "unpaired")
               ? (robust_tests){"p_permutation", "p_mann_whitney", "p, permutation",
                                "p, Mann–Whitney"}
               : (robust_tests){"p_signflip", "p_wilcoxon", "p, sign-flip", "p, Wilcoxon"};
}

static void claim_row(json_t *table, const json_t *facts, const json_t *claim,
                      const robust_tests *robust)
{
    rg_str verdict = {0};
    table_verdict(&verdict, facts, claim);
    const json_t *interval = json_object_get(claim, "interval");
    double half = format_half(interval);
    table_row(table,
              CELLS(rg_json_text(claim, "claim", "?"), rg_str_text(&verdict),
                    format_number(number(claim, "estimate"), half).text,
                    format_interval(interval).text, format_p(number(claim, "p_corrected")).text,
                    format_count(number(claim, "n")).text,
                    format_number(number(claim, "p_superior"), 0.1).text,
                    format_number(number(claim, "effect_size"), 0.1).text,
                    format_p(number(claim, robust->first)).text,
                    format_p(number(claim, robust->second)).text,
                    format_p(number(claim, "tost_p")).text,
                    format_number(number(claim, "mde"), number(claim, "mde")).text,
                    format_count(number(claim, "seeds_needed")).text));
    rg_str_free(&verdict);
}

double table_claims_alpha(const json_t *facts)
{
    const json_t *first = json_array_get(json_object_get(facts, "claims"), 0);
    double threshold = number(json_object_get(first, "anytime"), "threshold");
    return isfinite(threshold) ? 1 / threshold
                               : number(json_object_get(facts, "analysis"), "alpha");
}

json_t *table_claims(const json_t *facts)
{
    double alpha = table_claims_alpha(facts);
    robust_tests robust = robust_tests_of(facts);
    rg_str interval = {0};
    rg_str_printf(&interval, "%s interval", format_percent(1 - alpha).text);
    json_t *table =
        table_new("Claims", "llrrrrrrrrrrr",
                  CELLS("claim", "verdict", "A − B", rg_str_text(&interval), "p, corrected",
                        "n", "P(A better)", "Cohen's d", robust.first_title,
                        robust.second_title, "p, TOST", "visible effect", "seeds needed"));
    rg_str_free(&interval);
    size_t i;
    json_t *claim;
    json_array_foreach (json_object_get(facts, "claims"), i, claim)
        claim_row(table, facts, claim, &robust);
    table_drop_empty(table);
    return table_or_null(table);
}

json_t *table_tuning(const json_t *facts)
{
    json_t *table =
        table_new("What tuning found, and what is left of it", "lrrrrrr",
                  CELLS("arm", "best trial's score", "fresh seeds, validation", "test",
                        "default configuration", "best trial", "trials (failed)"));
    size_t i;
    json_t *arm;
    json_array_foreach (json_object_get(facts, "arms"), i, arm) {
        const json_t *tuning = json_object_get(arm, "tuning");
        if (!json_is_object(tuning))
            continue;
        const json_t *fresh = table_primary(facts, arm, "validation");
        double half = format_half(json_object_get(fresh, "interval"));
        rg_str trials = {0};
        rg_str_printf(&trials, "%s (%s)", format_count(number(tuning, "trials")).text,
                      format_count(number(tuning, "failed")).text);
        if (json_object_get(tuning, "pruned"))
            rg_str_printf(&trials, ", %s pruned", format_count(number(tuning, "pruned")).text);
        table_row(table,
                  CELLS(rg_json_text(arm, "name", "?"),
                        format_number(number(tuning, "score"), half).text,
                        format_mean(fresh).text,
                        format_mean(table_primary(facts, arm, "metrics")).text,
                        format_number(number(tuning, "default_score"), half).text,
                        format_count(number(tuning, "best_trial")).text, rg_str_text(&trials)));
        rg_str_free(&trials);
    }
    return table_or_null(table);
}

json_t *table_space(const json_t *facts)
{
    json_t *table =
        table_new("What was tuned", "llrr", CELLS("parameter", "kind", "from", "to"));
    size_t i;
    json_t *dim;
    json_array_foreach (json_object_get(facts, "space"), i, dim)
        table_row(table, CELLS(rg_json_text(dim, "name", "?"), rg_json_text(dim, "kind", "?"),
                               format_number(number(dim, "lo"), 0).text,
                               format_number(number(dim, "hi"), 0).text));
    return table_or_null(table);
}

json_t *table_stages(const json_t *facts)
{
    json_t *table = table_new("Stages", "lrrr", CELLS("stage", "done", "planned", "failed"));
    const char *name;
    json_t *stage;
    json_object_foreach (json_object_get(facts, "stages"), name, stage)
        table_row(table, CELLS(name, format_count(number(stage, "done")).text,
                               format_count(number(stage, "total")).text,
                               format_count(number(stage, "failed")).text));
    return table_or_null(table);
}

json_t *table_checks(const json_t *facts)
{
    json_t *table = table_new("Checks", "lll", CELLS("check", "result", "detail"));
    size_t i;
    json_t *check;
    json_array_foreach (json_object_get(facts, "checks"), i, check)
        table_row(table,
                  CELLS(rg_json_text(check, "name", "?"), rg_json_text(check, "status", "?"),
                        rg_json_text(check, "detail", "")));
    return table_or_null(table);
}

static void failed_runs(json_t *table, const json_t *facts)
{
    size_t i, k;
    json_t *arm, *run;
    json_array_foreach (json_object_get(facts, "arms"), i, arm) {
        json_array_foreach (json_object_get(arm, "failed"), k, run) {
            rg_str which = {0};
            rg_str_add(&which, format_count(number(run, "seed")).text);
            if (json_object_get(run, "fold"))
                rg_str_printf(&which, ", fold %.0f", number(run, "fold"));
            table_row(table, CELLS(rg_json_text(arm, "name", "?"), "run", rg_str_text(&which),
                                   rg_json_text(run, "reason", "")));
            rg_str_free(&which);
        }
    }
}

json_t *table_failures(const json_t *facts)
{
    json_t *table =
        table_new("Failures", "llrl", CELLS("arm", "stage", "seed or trial", "reason"));
    failed_runs(table, facts);
    size_t i;
    json_t *trial;
    json_array_foreach (json_object_get(facts, "search"), i, trial)
        if (json_is_true(json_object_get(trial, "failed")))
            table_row(table, CELLS(rg_json_text(trial, "arm", "?"), "trial",
                                   format_count(number(trial, "trial")).text,
                                   rg_json_text(trial, "reason", "")));
    return table_or_null(table);
}

const char *table_reading(const json_t *facts)
{
    return rg_json_text(json_object_get(facts, "columns"), "sentence", "");
}

void table_marks(rg_str *ret, const json_t *facts)
{
    const json_t *marks = json_object_get(facts, "marks");
    for (size_t i = 0; i < json_array_size(marks); i++)
        rg_str_printf(ret, "%s%s", i ? ", " : " (", json_text_at(marks, i));
    rg_str_add(ret, json_array_size(marks) ? ")" : "");
}

/* What a claim's line carries beyond the marks of the report. */
static const char *own_mark(const json_t *facts, const json_t *claim)
{
    const json_t *marks = json_object_get(facts, "marks");
    if (!json_is_true(json_object_get(claim, "few")))
        return NULL;
    for (size_t i = 0; i < json_array_size(marks); i++)
        if (!strcmp(json_text_at(marks, i), "exploratory"))
            return NULL;
    return "exploratory";
}

void table_verdict(rg_str *ret, const json_t *facts, const json_t *claim)
{
    const char *mark = own_mark(facts, claim);
    rg_str_add(ret, rg_json_text(claim, "verdict", "?"));
    if (mark)
        rg_str_printf(ret, " (%s)", mark);
}

void table_sentence(rg_str *ret, const json_t *facts, const json_t *claim)
{
    const char *sentence = rg_json_text(claim, "sentence", "");
    const json_t *marks = json_object_get(facts, "marks");
    bool said = true;
    for (size_t i = 0; i < json_array_size(marks); i++)
        said = said && strstr(sentence, json_text_at(marks, i));
    rg_str_add(ret, sentence);
    if (!said)
        table_marks(ret, facts);
    const char *mark = own_mark(facts, claim);
    if (mark)
        rg_str_printf(ret, " (%s)", mark);
}
