/* cmd_status.c - how far a study is; works while it runs. */
#include "cli/command.h"

#include "rigor/protocol.h"
#include "rigor/publish.h"

#include <stdio.h>
#include <string.h>

enum { JSON };
static const rg_option options[] = {[JSON] = RG_OPTION_JSON, {0}};

static long long count(const json_t *stage, const char *key)
{
    return (long long)json_integer_value(json_object_get(stage, key));
}

static void print_status(const json_t *status)
{
    const char *name;
    json_t *stage;
    const json_t *sequential = json_object_get(status, "sequential");
    printf("%s: %s\n", rg_json_text(status, "study", ""), rg_json_text(status, "status", ""));
    json_object_foreach (json_object_get(status, "stages"), name, stage) {
        printf("  %-8s %5lld / %lld", name, count(stage, "done"), count(stage, "total"));
        if (count(stage, "failed"))
            printf("  failed %lld", count(stage, "failed"));
        if (sequential && strcmp(name, "evaluate") == 0)
            printf("  looked at %lld of at most %lld seeds", count(sequential, "seeds"),
                   count(sequential, "max"));
        printf("\n");
    }
}

static int run(const rg_given *given, rg_err *err)
{
    rg_opened opened;
    if (!rg_study_open(given->argument[0], RG_LEDGER_READ, &opened, err))
        return rg_exit(err);
    bool running = rg_ledger_busy(rg_path_join(opened.arena, opened.dir, RG_LEDGER_FILE));
    json_t *facts = rg_facts_build(opened.study, opened.ledger, err);
    rg_study_close(&opened);
    if (!facts)
        return rg_exit(err);
    const char *how = running ? "running" : rg_json_text(facts, "status", "");
    json_t *status = json_pack(
        "{s:O, s:s, s:O, s:O, s:O*}", "study", json_object_get(facts, "study"), "status", how,
        "stages", json_object_get(facts, "stages"), "warnings",
        json_object_get(facts, "warnings"), "sequential", json_object_get(facts, "sequential"));
    json_decref(facts);
    if (given->flag[JSON]) {
        rg_print_json(status);
        return RG_OK;
    }
    print_status(status);
    json_decref(status);
    return RG_OK;
}

const rg_command rg_command_status = {
    .name = "status",
    .arguments = "STUDY",
    .summary = "how far a study is; from another terminal, too",
    .text = "Reads the ledger without disturbing the study that writes it.\n\n"
            "  rigor status digits-dropout",
    .options = options,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};
