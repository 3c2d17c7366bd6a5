/* cmd_compare.c - verdicts for results that exist already, from anywhere. */
#include "cli/command.h"

#include "rigor/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    METRIC,
    CLAIMS,
    GOAL,
    ARM,
    SEED,
    DATASET,
    FOLD,
    VALUE,
    FORM,
    ALPHA,
    MARGIN,
    CORRECTION,
    NORMALIZE,
    PREDICTIONS,
    LABELS,
    TASK,
    POSITIVE,
    FORMAT,
    OUTPUT,
    HTML,
    JSON
};
static const rg_option options[] = {
    [METRIC] = {"metric", 'm', RG_OPTION_TEXT, "M",
                "the metric that claims are about (default: the only one)"},
    [CLAIMS] = {"claims", 'c', RG_OPTION_LIST, "LIST",
                "\"A > B, A = C\" (default: each arm against the baseline)"},
    [GOAL] = {"goal", 0, RG_OPTION_TEXT, "GOAL",
              "maximize or minimize (known for usual metrics)"},
    [ARM] = {"arm", 0, RG_OPTION_TEXT, "COLUMN", "what is compared (default: guessed)"},
    [SEED] = {"seed", 0, RG_OPTION_TEXT, "COLUMN", "which runs of two arms belong together"},
    [DATASET] = {"dataset", 0, RG_OPTION_TEXT, "COLUMN", "the data set or task of a row"},
    [FOLD] = {"fold", 0, RG_OPTION_TEXT, "COLUMN", "the fold of cross-validation of a row"},
    [VALUE] = {"value", 0, RG_OPTION_TEXT, "COLUMN", "where the scores are"},
    [FORM] = {"form", 0, RG_OPTION_TEXT, "NAME",
              "how rows are laid out: wide, long, or a column for each of the arms, datasets, "
              "seeds or folds"},
    [ALPHA] = {"alpha", 0, RG_OPTION_NUMBER, "P", "level of the tests (default 0.05)"},
    [MARGIN] = {"margin", 0, RG_OPTION_NUMBER, "D",
                "what counts as equal, in the metric's units"},
    [CORRECTION] = {"correction", 0, RG_OPTION_TEXT, "NAME",
                    "holm (default), bonferroni or none"},
    [PREDICTIONS] = {"predictions", 0, RG_OPTION_FLAG, NULL,
                     "the files are predictions of fixed models on one test set"},
    [LABELS] = {"labels", 0, RG_OPTION_TEXT, "FILE", "the labels of that test set"},
    [TASK] = {"task", 0, RG_OPTION_TEXT, "NAME",
              "of predictions: classify or regress (default: as the labels look)"},
    [POSITIVE] = {"positive", 0, RG_OPTION_TEXT, "CLASS",
                  "of predictions of two classes: the one that scores are of"},
    [NORMALIZE] = {"normalize", 0, RG_OPTION_FLAG, NULL,
                   "aggregate over data sets from 0, the worst run, to 1, the best"},
    [FORMAT] = {"format", 'f', RG_OPTION_TEXT, "NAME",
                "text (default), markdown, latex, csv, methods, json, html"},
    [OUTPUT] = {"output", 'o', RG_OPTION_TEXT, "FILE", "write to FILE, not to the terminal"},
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
        .normalize = given->flag[NORMALIZE],
        .analysis = {.alpha = given->flag[ALPHA] ? given->number[ALPHA] : 0.05,
                     .margin = given->flag[MARGIN] ? given->number[MARGIN] : NAN,
                     .correction = (rg_correction)correction},
        .column = {[RG_ROLE_ARM] = given->text[ARM],
                   [RG_ROLE_SEED] = given->text[SEED],
                   [RG_ROLE_DATASET] = given->text[DATASET],
                   [RG_ROLE_FOLD] = given->text[FOLD],
                   [RG_ROLE_VALUE] = given->text[VALUE]},
        .form = given->text[FORM],
        .task = given->text[TASK],
        .positive = given->text[POSITIVE]};
    if (!(o->analysis.alpha > 0 && o->analysis.alpha < 0.5))
        return rg_fail(err, RG_INPUT, NULL, "0.05 is usual",
                       "--alpha must be between 0 and 0.5");
    if (given->flag[MARGIN] && !(o->analysis.margin > 0))
        return rg_fail(err, RG_INPUT, NULL, "for example --margin 0.01",
                       "--margin must be greater than 0");
    return true;
}

/* ---- Where the report goes */

static bool write_rendering(const json_t *facts, const rg_rendering *rendering,
                            const char *path, rg_err *err)
{
    rg_str text = {0};
    bool ok = rendering->render(facts, false, &text, err) &&
              rg_file_write(path, rg_str_text(&text), text.len, 0644, err);
    rg_str_free(&text);
    return ok;
}

static bool print_rendering(const json_t *facts, const rg_rendering *rendering, rg_err *err)
{
    rg_str text = {0};
    bool ok = rendering->render(facts, rg_colour_wanted(STDOUT_FILENO), &text, err);
    if (ok)
        fwrite(rg_str_text(&text), 1, text.len, stdout);
    rg_str_free(&text);
    return ok;
}

static bool deliver(const json_t *facts, const rg_given *given, const rg_rendering *rendering,
                    rg_err *err)
{
    const char *page = given->text[HTML], *output = given->text[OUTPUT];
    if (page && !write_rendering(facts, rg_rendering_find("html"), page, err))
        return false;
    if (output)
        return write_rendering(facts, rendering, output, err);
    if (!print_rendering(facts, rendering, err))
        return false;
    if (page && strcmp(rendering->name, "text") == 0)
        printf("\nReport: %s\n", page);
    return true;
}

static json_t *compare(const rg_given *given, const rg_compare_options *o, rg_err *err)
{
    const char *labels = given->text[LABELS];
    if (!given->flag[PREDICTIONS] && !labels)
        return rg_compare(given->argument, given->n_arguments, o, err);
    if (labels)
        return rg_compare_models(given->argument, given->n_arguments, labels, o, err);
    rg_fail(err, RG_INPUT, NULL, "say which: --labels y.csv",
            "predictions cannot be judged without the labels");
    return NULL;
}

static int run(const rg_given *given, rg_err *err)
{
    rg_compare_options o;
    const char *format = given->flag[JSON] ? "json" : given->text[FORMAT];
    const rg_rendering *rendering = rg_rendering_named(format ? format : "text", err);
    if (!rendering || !read_options(given, &o, err))
        return rg_exit(err);
    json_t *facts = compare(given, &o, err);
    bool ok = facts && deliver(facts, given, rendering, err);
    json_decref(facts);
    return ok ? RG_OK : rg_exit(err);
}

const rg_command rg_command_compare = {
    .name = "compare",
    .arguments = "FILE [FILE ...]",
    .summary = "verdicts for results that exist, from anywhere (CSV, JSON)",
    .text =
        "Reads a table of results, guesses which column is the arm, the seed, the data set, "
        "the fold and the metric, says what it took for what, pairs the runs and answers the "
        "claims. A file is CSV (commas, semicolons or tabs) or JSON lines, packed with gzip or "
        "not; - is standard input; several files are an arm each when no column says the arm. "
        "Rows are runs; a column for each arm, seed, fold or data set is read as well. With "
        "--predictions the files are those of fixed models on one test set.\n\n"
        "  rigor compare results.csv --metric accuracy --claims \"ours > baseline\"\n"
        "  rigor compare results.csv --format latex > table.tex\n"
        "  rigor compare wandb.csv --arm optimizer --metric test/acc --html report.html\n"
        "  rigor compare ours.jsonl baseline.jsonl --metric f1 --format markdown\n"
        "  rigor compare --predictions a.csv b.csv --labels y.csv\n"
        "  jq -c .rows[] log.json | rigor compare - --goal minimize",
    .options = options,
    .min_arguments = 1,
    .max_arguments = RG_ARGUMENTS_MAX,
    .run = run,
};
