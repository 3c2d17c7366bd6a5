/* cmd_report.c - writes the report again from the ledger. */
#include "cli/command.h"

#include "rigor/publish.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FORMAT, OUT, JSON };
static const rg_option options[] = {
    [FORMAT] =
        {"format", 'f', RG_OPTION_LIST, "LIST",
         "html, markdown, json, text, latex, csv, methods (default: html,markdown,json)"},
    [OUT] = {"out", 'o', RG_OPTION_TEXT, "DIR",
             "where the files go (default: the study's folder)"},
    [JSON] = RG_OPTION_JSON,
    {0},
};

/* One textual format without --out goes to standard output, as a filter's result should. */
static bool print_one(const json_t *facts, const rg_rendering *rendering, rg_err *err)
{
    rg_str text = {0};
    bool ok = rendering->render(facts, rg_colour_wanted(STDOUT_FILENO), &text, err);
    if (ok)
        fputs(rg_str_text(&text), stdout);
    rg_str_free(&text);
    return ok;
}

static bool write_all(const json_t *facts, const rg_given *given, const char *dir,
                      const char *const *formats, rg_err *err)
{
    const char *out = given->text[OUT] ? given->text[OUT] : dir;
    if (!rg_dir_make(out, 0755, err) || !rg_report_write(facts, out, formats, err))
        return false;
    for (size_t i = 0; formats[i]; i++)
        printf("%s/report.%s\n", out, rg_rendering_find(formats[i])->extension);
    return true;
}

static bool deliver(const json_t *facts, const rg_given *given, const char *dir, rg_err *err)
{
    const char *formats[32] = {"html", "markdown", "json"};
    size_t n = given->n_list[FORMAT];
    for (size_t i = 0; i < n; i++) {
        const rg_rendering *rendering = rg_rendering_named(given->list[FORMAT][i], err);
        if (!rendering)
            return false;
        formats[i] = rendering->name;
        formats[i + 1] = NULL;
    }
    if (given->flag[JSON])
        return print_one(facts, rg_rendering_find("json"), err);
    if (n == 1 && !given->text[OUT] && strcmp(formats[0], "html") != 0)
        return print_one(facts, rg_rendering_find(formats[0]), err);
    return write_all(facts, given, dir, formats, err);
}

static int run(const rg_given *given, rg_err *err)
{
    rg_opened opened;
    if (!rg_study_open(given->argument[0], RG_LEDGER_READ, &opened, err))
        return rg_exit(err);
    json_t *facts = rg_facts_build(opened.study, opened.ledger, err);
    bool ok = facts && deliver(facts, given, opened.dir, err);
    json_decref(facts);
    rg_study_close(&opened);
    return ok ? RG_OK : rg_exit(err);
}

const rg_command rg_command_report = {
    .name = "report",
    .arguments = "STUDY",
    .summary = "write a study's report again from its ledger",
    .text =
        "Formats: html (one file that opens anywhere), markdown (md), json, text, latex (tex: "
        "booktabs tables), csv (a row for each claim), methods (the paragraph for a "
        "paper). A single format other than html is printed; more of them, or --out, write "
        "files report.EXTENSION.\n\n"
        "  rigor report digits-dropout --format html,md\n"
        "  rigor report digits-dropout --format json | jq .claims",
    .rank = 4,
    .options = options,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};
