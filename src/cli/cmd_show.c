/* cmd_show.c - a study's report in the terminal, or one of its trials and runs. */
#include "cli/command.h"

#include "lab/report/diff.h"
#include "rigor/publish.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { JSON };
static const rg_option options[] = {[JSON] = RG_OPTION_JSON, {0}};

static json_t *record_json(const rg_record *r)
{
    json_t *curves = json_object();
    for (size_t i = 0; i < r->n_curves; i++) {
        json_t *values = json_array();
        for (size_t k = 0; k < r->curves[i].count; k++)
            json_array_append_new(values, rg_json_real(r->curves[i].value[k]));
        json_object_set_new(curves, r->curves[i].name, values);
    }
    json_t *fold = r->fold ? json_integer((json_int_t)r->fold) : NULL;
    return json_pack(
        "{s:s, s:s, s:I, s:I, s:o*, s:b, s:s?, s:O?, s:O?, s:O?, s:O?, s:O?, s:s?, s:o}",
        "stage", r->stage == RG_TUNE ? "tune" : "evaluate", "arm", r->arm, "number",
        (json_int_t)r->number, "seed", (json_int_t)r->seed, "fold", fold, "failed", r->failed,
        "reason", r->reason, "point", r->point, "config", r->config, "validation",
        r->validation, "test", r->test, "resources", r->resources, "predictions",
        r->predictions, "curves", curves);
}

static int show_record(const rg_opened *opened, const char *which, rg_err *err)
{
    rg_record *records;
    size_t n;
    if (!rg_ledger_records(opened->ledger, RG_ALL_PARTS, opened->arena, &records, &n, err))
        return rg_exit(err);
    const rg_record *r = diff_record(which, records, n, err);
    if (!r)
        return rg_exit(err);
    rg_print_json(record_json(r));
    return RG_OK;
}

static int show_study(const rg_opened *opened, bool as_json, rg_err *err)
{
    json_t *facts = rg_facts_build(opened->study, opened->ledger, err);
    rg_str text = {0};
    if (!facts)
        return rg_exit(err);
    if (rg_file_exists(rg_path_join(opened->arena, opened->dir, "report.html")))
        rg_facts_place(facts, opened->dir);
    bool ok = rg_rendering_find(as_json ? "json" : "text")
                  ->render(facts, rg_colour_wanted(STDOUT_FILENO), &text, err);
    fputs(rg_str_text(&text), stdout);
    rg_str_free(&text);
    json_decref(facts);
    return ok ? RG_OK : rg_exit(err);
}

static int run(const rg_given *given, rg_err *err)
{
    rg_opened opened;
    if (!rg_study_open(given->argument[0], RG_LEDGER_READ, &opened, err))
        return rg_exit(err);
    int code = given->n_arguments > 1 ? show_record(&opened, given->argument[1], err)
                                      : show_study(&opened, given->flag[JSON], err);
    rg_study_close(&opened);
    return code;
}

const rg_command rg_command_show = {
    .name = "show",
    .arguments = "STUDY [ARM/TRIAL | ARM@SEED]",
    .summary = "a study's verdicts and figures, or one trial or run",
    .text = "STUDY is a name (rigor ls), a study's folder or a study file.\n\n"
            "  rigor show digits-dropout\n"
            "  rigor show digits-dropout full/3       (trial 3 of arm full)\n"
            "  rigor show digits-dropout full@1001    (its run with seed 1001)\n"
            "  rigor show digits-folds mlp@1001-f2    (its run with seed 1001 on fold 2)",
    .rank = 3,
    .options = options,
    .min_arguments = 1,
    .max_arguments = 2,
    .run = run,
};
