/* cmd_compare.c - verdicts for results that exist already, from anywhere. */
#include "cli/command.h"

#include "rigor/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { METRIC, CLAIMS, GOAL, ALPHA, MARGIN, CORRECTION, HTML, JSON };
static const rg_option options[] = {
    [METRIC] = {"metric", 'm', RG_OPTION_TEXT, "M",
                "the metric that claims are about (default: the only one)"},
    [CLAIMS] = {"claims", 'c', RG_OPTION_LIST, "LIST",
                "\"A > B, A = C\" (default: each arm against the first)"},
    [GOAL] = {"goal", 0, RG_OPTION_TEXT, "GOAL",
              "maximize or minimize (known for built-in metrics)"},
    [ALPHA] = {"alpha", 0, RG_OPTION_NUMBER, "P", "level of the tests (default 0.05)"},
    [MARGIN] = {"margin", 0, RG_OPTION_NUMBER, "D",
                "what counts as equal, in the metric's units"},
    [CORRECTION] = {"correction", 0, RG_OPTION_TEXT, "NAME",
                    "holm (default), bonferroni or none"},
    [HTML] = {"html", 0, RG_OPTION_TEXT, "FILE", "write the report as a page, too"},
    [JSON] = RG_OPTION_JSON,
    {0},
};

/* The place of `text` in a NULL-terminated list of words; an error lists them. */
static bool choose(const char *option, const char *text, const char *const *words, int *ret,
                   rg_err *err)
{
    rg_str list = {.max = 200};
    for (int i = 0; words[i]; i++) {
        if (strcmp(text, words[i]) == 0) {
            *ret = i;
            rg_str_free(&list);
            return true;
        }
        rg_str_printf(&list, "%s%s", i ? ", " : "use one of ", words[i]);
    }
    rg_fail(err, RG_INPUT, NULL, rg_str_text(&list), "--%s cannot be '%s'", option, text);
    rg_str_free(&list);
    return false;
}

static bool read_options(const rg_given *given, rg_compare_options *o, rg_err *err)
{
    static const char *const goals[] = {"maximize", "minimize", NULL};
    static const char *const corrections[] = {"holm", "bonferroni", "none", NULL};
    int goal = 0, correction = 0;
    if (given->text[GOAL] && !choose("goal", given->text[GOAL], goals, &goal, err))
        return false;
    if (given->text[CORRECTION] &&
        !choose("correction", given->text[CORRECTION], corrections, &correction, err))
        return false;
    *o = (rg_compare_options){
        .metric = given->text[METRIC],
        .claims = given->list[CLAIMS],
        .n_claims = given->n_list[CLAIMS],
        .minimize = goal == 1,
        .goal_given = given->text[GOAL] != NULL,
        .analysis = {.alpha = given->flag[ALPHA] ? given->number[ALPHA] : 0.05,
                     .margin = given->flag[MARGIN] ? given->number[MARGIN] : NAN,
                     .correction = (rg_correction)correction}};
    if (!(o->analysis.alpha > 0 && o->analysis.alpha < 0.5))
        return rg_fail(err, RG_INPUT, NULL, "0.05 is usual",
                       "--alpha must be between 0 and 0.5");
    if (given->flag[MARGIN] && !(o->analysis.margin > 0))
        return rg_fail(err, RG_INPUT, NULL, "for example --margin 0.01",
                       "--margin must be greater than 0");
    return true;
}

static bool print_as(const char *rendering, const json_t *facts, rg_err *err)
{
    rg_str text = {0};
    bool ok = rg_rendering_find(rendering)->render(facts, rg_colour_wanted(STDOUT_FILENO),
                                                   &text, err);
    fputs(rg_str_text(&text), stdout);
    rg_str_free(&text);
    return ok;
}

static bool write_page(const json_t *facts, const char *path, rg_err *err)
{
    rg_str page = {0};
    bool ok = rg_rendering_find("html")->render(facts, false, &page, err) &&
              rg_file_write(path, page.data, page.len, 0644, err);
    rg_str_free(&page);
    return ok;
}

static int run(const rg_given *given, rg_err *err)
{
    rg_compare_options o;
    if (!read_options(given, &o, err))
        return rg_exit(err);
    json_t *facts = rg_compare(given->argument[0], &o, err);
    bool ok = facts && (!given->text[HTML] || write_page(facts, given->text[HTML], err)) &&
              print_as(given->flag[JSON] ? "json" : "text", facts, err);
    if (ok && given->text[HTML] && !given->flag[JSON])
        printf("\nReport: %s\n", given->text[HTML]);
    json_decref(facts);
    return ok ? RG_OK : rg_exit(err);
}

const rg_command rg_command_compare = {
    .name = "compare",
    .arguments = "FILE",
    .summary = "verdicts for results that exist (CSV: arm, seed, metric)",
    .text =
        "Reads a CSV file with a column for the arm, one for the seed and one for each metric "
        "(or columns metric and value), pairs the arms by seed and answers the claims.\n\n"
        "  rigor compare results.csv --metric accuracy --claims \"ours > baseline\"",
    .options = options,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};
