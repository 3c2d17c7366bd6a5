/* cmd_verify.c - proves a report: recomputes every figure from the ledger's rows. */
#include "cli/command.h"

#include "rigor/publish.h"

enum { JSON };
static const rg_option options[] = {[JSON] = RG_OPTION_JSON, {0}};

static int run(const rg_given *given, rg_err *err)
{
    rg_opened opened;
    json_t *report;
    if (!rg_study_open(given->argument[0], RG_LEDGER_READ, &opened, err))
        return rg_exit(err);
    bool ok = rg_study_verify(opened.study, opened.ledger, opened.dir, &report, err);
    rg_study_close(&opened);
    if (!ok)
        return rg_exit(err);
    bool holds = json_is_true(json_object_get(report, "ok"));
    if (given->flag[JSON]) {
        rg_print_json(report);
    } else {
        rg_print_checks(report);
        json_decref(report);
    }
    if (!holds)
        rg_fail(err, RG_NO, NULL, "the checks above say which row or file is not what it was",
                "%s does not verify", given->argument[0]);
    return rg_exit(err);
}

const rg_command rg_command_verify = {
    .name = "verify",
    .arguments = "STUDY",
    .summary = "recompute every number from raw rows; check the hash chain",
    .text = "Exit 1 when a row, an event or a file is not what it was when it was recorded.\n\n"
            "  rigor verify digits-dropout",
    .options = options,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};
