/* cmd_ls.c - the studies below studies/. */
#include "cli/command.h"

#include "rigor/protocol.h"
#include "rigor/publish.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JSON };
static const rg_option options[] = {[JSON] = RG_OPTION_JSON, {0}};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static json_t *verdict_counts(const json_t *facts)
{
    json_t *counts = json_object(), *claim;
    size_t i;
    json_array_foreach (json_object_get(facts, "claims"), i, claim) {
        const char *verdict = rg_json_text(claim, "verdict", "unknown");
        json_int_t before = json_integer_value(json_object_get(counts, verdict));
        json_object_set_new(counts, verdict, json_integer(before + 1));
    }
    return counts;
}

/* By the name of its folder, which other commands take: one that --fresh set aside is NAME.1.
 */
static json_t *row_of(const char *name)
{
    rg_opened opened;
    rg_err err = {0};
    if (!rg_study_open(name, RG_LEDGER_READ, &opened, &err))
        return json_pack("{s:s, s:s, s:s}", "study", name, "status", "unreadable", "why",
                         err.what);
    bool running = rg_ledger_busy(rg_path_join(opened.arena, opened.dir, RG_LEDGER_FILE));
    json_t *facts = rg_facts_build(opened.study, opened.ledger, &err);
    json_t *row =
        facts ? json_pack("{s:s, s:s, s:O, s:o}", "study", name, "status",
                          running ? "running" : rg_json_text(facts, "status", ""), "question",
                          json_object_get(facts, "question"), "verdicts", verdict_counts(facts))
              : json_pack("{s:s, s:s, s:s}", "study", name, "status", "unreadable", "why",
                          err.what);
    json_decref(facts);
    rg_study_close(&opened);
    return row;
}

static json_t *list_studies(rg_arena *arena)
{
    RG_VEC(char *) names = {0};
    json_t *rows = json_array();
    DIR *dir = opendir(rg_studies_dir());
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) {
        char *ledger =
            rg_arena_printf(arena, "%s/%s/ledger.db", rg_studies_dir(), entry->d_name);
        if (entry->d_name[0] != '.' && rg_file_exists(ledger))
            rg_vec_push(&names, rg_arena_strdup(arena, entry->d_name));
    }
    if (dir)
        closedir(dir);
    if (names.len)
        qsort(names.at, names.len, sizeof(*names.at), by_name);
    for (size_t i = 0; i < names.len; i++)
        json_array_append_new(rows, row_of(names.at[i]));
    rg_vec_free(&names);
    return rows;
}

/* The study and its verdicts; its question below, or why it cannot be read. */
static void print_row(const json_t *row)
{
    const char *verdict;
    json_t *count;
    const char *separator = "  ";
    printf("%-24s  %s", rg_json_text(row, "study", ""), rg_json_text(row, "status", ""));
    json_object_foreach (json_object_get(row, "verdicts"), verdict, count) {
        printf("%s%lld %s", separator, (long long)json_integer_value(count), verdict);
        separator = ", ";
    }
    printf("\n");
    rg_print_wrapped(stdout, "    ",
                     rg_json_text(row, "question", rg_json_text(row, "why", "")));
}

static int run(const rg_given *given, rg_err *err)
{
    (void)err;
    json_t *rows = list_studies(given->arena), *row;
    size_t i;
    if (given->flag[JSON]) {
        rg_print_json(rows);
        return RG_OK;
    }
    if (json_array_size(rows) == 0)
        printf("no studies in %s/ yet\n  -> rigor run examples/digits.yaml\n",
               rg_studies_dir());
    json_array_foreach (rows, i, row)
        print_row(row);
    json_decref(rows);
    return RG_OK;
}

const rg_command rg_command_ls = {
    .name = "ls",
    .arguments = "",
    .summary = "the studies here, with their verdicts",
    .text = "Lists the studies below studies/ (or $RIGOR_STUDIES).\n\n  rigor ls",
    .rank = 5,
    .options = options,
    .run = run,
};
