/* render_text.c - the report for a terminal: the verdicts first, then the numbers behind them.
 */
#include "rigor/report.h"

#include "lab/report/format.h"
#include "lab/report/table.h"
#include "lab/report/terminal.h"

#include <ctype.h>
#include <string.h>

#define WIDTH 80
#define INDENT 16 /* where the sentences begin: behind the longest verdict */

typedef struct paint { /* a word and the SGR code of its colour */
    const char *word, *code;
} paint;
static const paint paints[] = {
    {"supported", "1;32"}, {"refuted", "1;31"}, {"equivalent", "1;34"}, {"fragile", "1;33"},
    {"inconclusive", "1"}, {"warn", "1;33"},    {"fail", "1;31"},
};

static void add_word(rg_str *ret, const char *word, bool colour)
{
    const char *code = NULL;
    for (size_t i = 0; colour && i < RG_COUNT(paints); i++)
        if (!strcmp(paints[i].word, word))
            code = paints[i].code;
    char upper[32];
    size_t len = 0;
    for (; word[len] && len + 1 < sizeof(upper); len++)
        upper[len] = (char)toupper((unsigned char)word[len]);
    upper[len] = 0;
    rg_str_printf(ret, "%s%s%s", code ? "\x1b[" : "", code ? code : "", code ? "m" : "");
    terminal_add_cell(ret, upper, INDENT - 4, false);
    rg_str_add(ret, code ? "\x1b[0m" : "");
}

static void add_item(rg_str *ret, const char *word, const char *text, bool colour)
{
    rg_str_add(ret, "  ");
    add_word(ret, word, colour);
    rg_str_add(ret, "  ");
    terminal_add_wrapped(ret, text, INDENT, WIDTH);
}

static void add_heading(rg_str *ret, const char *text, bool colour)
{
    rg_str_add(ret, ret->len ? "\n" : "");
    rg_str_add(ret, colour ? "\x1b[1m" : "");
    terminal_add_wrapped(ret, text, 0, WIDTH);
    if (colour) { /* the reset belongs before the end of the line */
        ret->data[--ret->len] = 0;
        rg_str_add(ret, "\x1b[0m\n");
    }
}

static void add_verdicts(rg_str *ret, const json_t *facts, bool colour)
{
    size_t i, k;
    json_t *claim, *note;
    json_array_foreach (json_object_get(facts, "claims"), i, claim) {
        rg_str sentence = {0};
        table_sentence(&sentence, facts, claim);
        add_item(ret, rg_json_text(claim, "verdict", "?"), rg_str_text(&sentence), colour);
        rg_str_clear(&sentence);
        json_t *confounds = table_confounds(facts, claim);
        json_array_foreach (confounds, k, note)
            add_item(ret, "warn", json_is_string(note) ? json_string_value(note) : "", colour);
        json_decref(confounds);
        if (table_evidence(&sentence, claim))
            add_item(ret, "", rg_str_text(&sentence), colour);
        rg_str_free(&sentence);
        json_array_foreach (json_object_get(claim, "notes"), k, note)
            add_item(ret, "", json_is_string(note) ? json_string_value(note) : "", colour);
    }
}

static void add_head(rg_str *ret, const json_t *facts, bool colour)
{
    rg_str title = {0};
    rg_str_printf(&title, "%s: %s", rg_json_text(facts, "study", "study"),
                  rg_json_text(facts, "question", ""));
    table_marks(&title, facts);
    add_heading(ret, rg_str_text(&title), colour);
    rg_str_free(&title);
    const char *status = rg_json_text(facts, "status", "complete");
    if (strcmp(status, "complete") != 0)
        add_item(ret, status,
                 "The study has not ended: what follows is as far as its ledger goes.", colour);
    if (*table_reading(facts))
        add_item(ret, "read", table_reading(facts), colour);
}

static void add_table(rg_str *ret, json_t *table, const json_t *facts, bool colour)
{
    if (!table)
        return;
    rg_str title = {0};
    rg_str_add(&title, rg_json_text(table, "title", ""));
    table_marks(&title, facts);
    add_heading(ret, rg_str_text(&title), colour);
    terminal_add_table(ret, table, WIDTH);
    rg_str_free(&title);
    json_decref(table);
}

static void add_line_of(rg_str *ret, const char *text)
{
    rg_str_add(ret, "  ");
    terminal_add_wrapped(ret, text, 2, WIDTH);
}

/* Several data sets; of a claim about many of them the page has the table. */
static void add_sets(rg_str *ret, const json_t *facts, bool colour)
{
    size_t i;
    json_t *claim, *note;
    rg_str words = {0};
    json_array_foreach (json_object_get(facts, "claims"), i, claim)
        if (!strcmp(rg_json_text(claim, "situation", ""), "sets"))
            add_table(ret, table_by_set(claim), facts, colour);
    add_table(ret, table_standings_compact(facts), facts, colour);
    add_table(ret, table_ranking(facts), facts, colour);
    if (table_ranking_words(&words, facts))
        add_line_of(ret, rg_str_text(&words));
    rg_str_free(&words);
    add_table(ret, table_tasks(facts), facts, colour);
    json_array_foreach (rg_json_path(facts, "tasks.notes"), i, note)
        add_line_of(ret, json_is_string(note) ? json_string_value(note) : "");
    add_table(ret, table_improvement(facts), facts, colour);
}

/* Checks that passed are counted; the others are said. */
static void add_checks(rg_str *ret, const json_t *facts, bool colour)
{
    const json_t *checks = json_object_get(facts, "checks");
    const json_t *warnings = json_object_get(facts, "warnings");
    size_t passed = 0, i;
    json_t *check, *warning;
    if (json_array_size(checks) + json_array_size(warnings) == 0)
        return;
    add_heading(ret, "Checks and warnings", colour);
    json_array_foreach (checks, i, check) {
        const char *status = rg_json_text(check, "status", "?");
        if (!strcmp(status, "pass")) {
            passed++;
            continue;
        }
        rg_str text = {0};
        rg_str_printf(&text, "%s: %s", rg_json_text(check, "name", ""),
                      rg_json_text(check, "detail", ""));
        add_item(ret, status, rg_str_text(&text), colour);
        rg_str_free(&text);
    }
    json_array_foreach (warnings, i, warning)
        add_item(ret, "warn", json_is_string(warning) ? json_string_value(warning) : "",
                 colour);
    if (json_array_size(checks))
        rg_str_printf(ret, "  %zu of %zu checks passed\n", passed, json_array_size(checks));
}

static void add_line(rg_str *ret, const char *label, const char *text, const char *rest)
{
    rg_str_printf(ret, "%s: ", label);
    rg_str line = {0};
    rg_str_printf(&line, "%s%s", text, rest);
    terminal_add_wrapped(ret, rg_str_text(&line), strlen(label) + 2, WIDTH);
    rg_str_free(&line);
}

/* What each level of trust means, for a study whose seal was opened. */
static const char *trust_words(const json_t *facts)
{
    static const struct {
        const char *trust, *words;
    } levels[] = {
        {"sealed", "sealed: the kernel kept them out of reach of what trained"},
        {"scored", "scored: not handed out, but the kernel did not keep them out of reach"},
        {"self-reported", "self-reported: the program told its own scores"},
    };
    double openings = rg_json_number(rg_json_path(facts, "seal.openings"), 0);
    for (size_t i = 0; table_of_study(facts) && openings > 0 && i < RG_COUNT(levels); i++)
        if (strcmp(levels[i].trust, rg_json_text(facts, "trust", "")) == 0)
            return levels[i].words;
    return NULL;
}

static void add_foot(rg_str *ret, const json_t *facts)
{
    const json_t *environment = json_object_get(facts, "environment");
    const char *path = rg_json_text(environment, "path", NULL);
    const char *command = rg_json_text(environment, "command", NULL);
    const char *trust = trust_words(facts);
    rg_str_add(ret, path || command || trust ? "\n" : "");
    if (trust)
        add_line(ret, "Labels", trust, "");
    if (path)
        add_line(ret, "Report", path, "/report.html");
    if (command)
        add_line(ret, "Repeat", command, "");
}

static bool render(const json_t *facts, bool colour, rg_str *ret, rg_err *err)
{
    (void)err;
    add_head(ret, facts, colour);
    add_verdicts(ret, facts, colour);
    if (!table_has_sets(facts))
        add_table(ret, table_arms(facts), facts, colour);
    add_table(ret, table_claims(facts), facts, colour);
    add_sets(ret, facts, colour);
    add_table(ret, table_model_pairs(facts), facts, colour);
    add_checks(ret, facts, colour);
    add_foot(ret, facts);
    return true;
}

const rg_rendering rg_rendering_text = {
    .name = "text",
    .extension = "txt",
    .help = "for a terminal, 80 columns",
    .render = render,
};
