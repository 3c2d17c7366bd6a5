/* render_markdown.c - the report as GitHub-flavoured Markdown: verdicts, then tables. */
#include "rigor/report.h"

#include "lab/report/format.h"
#include "lab/report/table.h"

#include <string.h>

/* Text from a study may hold anything; what Markdown or HTML would read as markup is escaped,
 * and a line stays a line. */
static void add_escaped(rg_str *ret, const char *text)
{
    for (; *text; text++) {
        if (strchr("\\`*_[]|#~", *text))
            rg_str_printf(ret, "\\%c", *text);
        else if (*text == '<')
            rg_str_add(ret, "&lt;");
        else if (*text == '&')
            rg_str_add(ret, "&amp;");
        else if ((unsigned char)*text < ' ')
            rg_str_add(ret, " ");
        else
            rg_str_add_n(ret, text, 1);
    }
}

static void add_row(rg_str *ret, const json_t *cells)
{
    size_t i;
    json_t *cell;
    rg_str_add(ret, "|");
    json_array_foreach (cells, i, cell) {
        rg_str_add(ret, " ");
        add_escaped(ret, json_string_value(cell));
        rg_str_add(ret, " |");
    }
    rg_str_add(ret, "\n");
}

static void add_table(rg_str *ret, json_t *table)
{
    if (!table)
        return;
    rg_str_add(ret, "\n## ");
    add_escaped(ret, rg_json_text(table, "title", ""));
    rg_str_add(ret, "\n\n");
    add_row(ret, json_object_get(table, "columns"));
    rg_str_add(ret, "|");
    for (const char *align = rg_json_text(table, "align", ""); *align; align++)
        rg_str_add(ret, *align == 'r' ? " ---: |" : " --- |");
    rg_str_add(ret, "\n");
    size_t i;
    json_t *row;
    json_array_foreach (json_object_get(table, "rows"), i, row)
        add_row(ret, row);
    json_decref(table);
}

/* The marks that the word on trust has not said already. */
static void add_other_marks(rg_str *ret, const json_t *facts)
{
    const char *trust = rg_json_text(facts, "trust", "unknown");
    size_t i;
    json_t *mark;
    json_array_foreach (json_object_get(facts, "marks"), i, mark) {
        const char *text = json_is_string(mark) ? json_string_value(mark) : "";
        if (strcmp(text, trust) == 0)
            continue;
        rg_str_add(ret, ", ");
        add_escaped(ret, text);
    }
}

static void add_head(rg_str *ret, const json_t *facts)
{
    rg_str_add(ret, "# ");
    add_escaped(ret, rg_json_text(facts, "study", "study"));
    rg_str_add(ret, "\n\n");
    add_escaped(ret, rg_json_text(facts, "question", ""));
    rg_str_add(ret, "\n\nStatus: ");
    add_escaped(ret, rg_json_text(facts, "status", "unknown"));
    rg_str_add(ret, table_is_scored(facts) ? ". Test set: " : ". Scores: ");
    add_escaped(ret, rg_json_text(facts, "trust", "unknown"));
    add_other_marks(ret, facts);
    rg_str_add(ret, ".\n");
    if (!*table_reading(facts))
        return;
    rg_str_add(ret, "\n");
    add_escaped(ret, table_reading(facts));
    rg_str_add(ret, "\n");
}

static void add_point(rg_str *ret, const char *lead, const char *text)
{
    rg_str_printf(ret, "  - %s", lead);
    add_escaped(ret, text);
    rg_str_add(ret, "\n");
}

static void add_points(rg_str *ret, const json_t *sentences, const char *lead)
{
    size_t i;
    json_t *sentence;
    json_array_foreach (sentences, i, sentence)
        add_point(ret, lead, json_is_string(sentence) ? json_string_value(sentence) : "");
}

static void add_verdicts(rg_str *ret, const json_t *facts)
{
    size_t i;
    json_t *claim;
    json_array_foreach (json_object_get(facts, "claims"), i, claim) {
        rg_str sentence = {0};
        table_sentence(&sentence, facts, claim);
        rg_str_add(ret, i ? "- **" : "\n- **");
        add_escaped(ret, rg_json_text(claim, "verdict", "?"));
        rg_str_add(ret, "** ");
        add_escaped(ret, rg_str_text(&sentence));
        rg_str_add(ret, "\n");
        rg_str_clear(&sentence);
        json_t *confounds = table_confounds(facts, claim);
        add_points(ret, confounds, "**Confound:** ");
        json_decref(confounds);
        if (table_evidence(&sentence, claim))
            add_point(ret, "", rg_str_text(&sentence));
        rg_str_free(&sentence);
        add_points(ret, json_object_get(claim, "notes"), "");
    }
}

/* What only several data sets have. */
static void add_sets(rg_str *ret, const json_t *facts)
{
    size_t i;
    json_t *claim;
    rg_str words = {0};
    json_array_foreach (json_object_get(facts, "claims"), i, claim)
        add_table(ret, table_by_set(claim));
    add_table(ret, table_standings(facts));
    add_table(ret, table_ranking(facts));
    if (table_ranking_words(&words, facts)) {
        rg_str_add(ret, "\n");
        add_escaped(ret, rg_str_text(&words));
        rg_str_add(ret, "\n");
    }
    rg_str_free(&words);
    add_table(ret, table_tasks(facts));
    if (json_array_size(rg_json_path(facts, "tasks.notes")))
        rg_str_add(ret, "\n");
    add_points(ret, rg_json_path(facts, "tasks.notes"), "");
    add_table(ret, table_improvement(facts));
}

static void add_warnings(rg_str *ret, const json_t *facts)
{
    size_t i;
    json_t *warning;
    json_array_foreach (json_object_get(facts, "warnings"), i, warning) {
        rg_str_add(ret, i ? "- " : "\n## Warnings\n\n- ");
        add_escaped(ret, json_is_string(warning) ? json_string_value(warning) : "");
        rg_str_add(ret, "\n");
    }
}

static void add_methods(rg_str *ret, const json_t *facts)
{
    const char *methods = rg_json_text(facts, "methods", NULL);
    if (!methods)
        return;
    rg_str_add(ret, "\n## Methods\n\n");
    add_escaped(ret, methods);
    rg_str_add(ret, "\n");
}

/* The longest run of backticks decides the fence, so that no command can close it. */
static void add_command(rg_str *ret, const json_t *facts)
{
    const char *command = rg_json_text(json_object_get(facts, "environment"), "command", NULL);
    if (!command)
        return;
    size_t longest = 2, run = 0;
    for (const char *c = command; *c; c++) {
        run = *c == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    rg_str_add(ret, "\n## To repeat it\n\n");
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i <= longest; i++)
            rg_str_add(ret, "`");
        rg_str_printf(ret, "%s%s\n", side ? "" : "sh\n", side ? "" : command);
    }
}

static bool render(const json_t *facts, bool colour, rg_str *ret, rg_err *err)
{
    static const table_builder tables[] = {
        table_looks,  table_also,  table_model_pairs, table_tuning,   table_space,
        table_checks, table_tried, table_stages,      table_failures, table_data};
    (void)colour;
    (void)err;
    add_head(ret, facts);
    add_verdicts(ret, facts);
    add_warnings(ret, facts);
    add_table(ret, table_claims(facts));
    if (!table_has_sets(facts))
        add_table(ret, table_arms(facts));
    add_sets(ret, facts);
    for (size_t i = 0; i < RG_COUNT(tables); i++)
        add_table(ret, tables[i](facts));
    add_methods(ret, facts);
    add_command(ret, facts);
    add_table(ret, table_costs(facts));
    add_table(ret, table_environment(facts));
    return true;
}

const rg_rendering rg_rendering_markdown = {
    .name = "markdown",
    .extension = "md",
    .help = "GitHub-flavoured Markdown",
    .render = render,
};
