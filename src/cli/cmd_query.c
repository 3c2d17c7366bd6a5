/* cmd_query.c - SQL over a study's ledger, read-only. */
#include "cli/command.h"

#include <stdio.h>

enum { JSON, STUDY };
static const rg_option options[] = {
    [JSON] = RG_OPTION_JSON,
    [STUDY] = {"study", 's', RG_OPTION_TEXT, "STUDY",
               "which study (default: the only one here)"},
    {0},
};

static void print_cell(const json_t *cell)
{
    if (json_is_string(cell)) {
        fputs(json_string_value(cell), stdout);
    } else if (!json_is_null(cell)) {
        char *text = rg_json_canonical(cell);
        fputs(text, stdout);
        rg_free(text);
    }
}

/* Tab-separated: what other tools take. */
static void print_row(const json_t *row)
{
    size_t i;
    json_t *cell;
    json_array_foreach (row, i, cell) {
        if (i)
            putchar('\t');
        print_cell(cell);
    }
    putchar('\n');
}

static int query(const rg_given *given, const rg_opened *opened, const char *sql, rg_err *err)
{
    json_t *result = rg_ledger_query(opened->ledger, sql, err), *row;
    size_t i;
    if (!result)
        return rg_exit(err);
    if (given->flag[JSON]) {
        rg_print_json(result);
        return RG_OK;
    }
    print_row(json_object_get(result, "columns"));
    json_array_foreach (json_object_get(result, "rows"), i, row)
        print_row(row);
    json_decref(result);
    return RG_OK;
}

static int run(const rg_given *given, rg_err *err)
{
    const char *study = given->n_arguments == 2 ? given->argument[0] : given->text[STUDY];
    rg_opened opened;
    if (!study && !rg_study_only(given->arena, &study, err))
        return rg_exit(err);
    if (!rg_study_open(study, RG_LEDGER_READ, &opened, err))
        return rg_exit(err);
    int code = query(given, &opened, given->argument[given->n_arguments - 1], err);
    rg_study_close(&opened);
    return code;
}

const rg_command rg_command_query = {
    .name = "query",
    .arguments = "[STUDY] \"select ...\"",
    .summary = "SQL over a study's ledger (read-only)",
    .text =
        "Tables: study, arm, trial, run, metric, prediction_set, event (docs/ledger.md).\n\n"
        "  rigor query digits-dropout \"select arm, count(*) from trial group by arm\"",
    .options = options,
    .min_arguments = 1,
    .max_arguments = 2,
    .run = run,
};
