/* cmd_diff.c - all differences between two runs, two arms or two studies. */
#include "cli/command.h"

#include "lab/report/diff.h"

#include <stdio.h>
#include <string.h>

enum { COLUMNS = 80 };
enum { JSON };
static const rg_option options[] = {[JSON] = RG_OPTION_JSON, {0}};

/* What one side names: a study, and what of it. */
typedef struct side {
    const char *study, *run; /* run: NULL for all of it */
} side;

/* "digits:full@1001"; a study's own name holds no colon. */
static side split_name(const char *text, rg_arena *arena)
{
    const char *colon = strrchr(text, ':');
    if (!colon)
        return (side){text, NULL};
    return (side){rg_arena_strndup(arena, text, (size_t)(colon - text)), colon + 1};
}

static void read_sides(const rg_given *given, side ret[2])
{
    const char *const *at = given->argument;
    if (given->n_arguments == 4) {
        ret[0] = (side){at[0], at[1]};
        ret[1] = (side){at[2], at[3]};
    } else if (given->n_arguments == 3) {
        ret[0] = (side){at[0], at[1]};
        ret[1] = (side){at[0], at[2]};
    } else {
        ret[0] = split_name(at[0], given->arena);
        ret[1] = split_name(at[1], given->arena);
    }
}

static json_t *open_side(const side *from, rg_err *err)
{
    rg_opened opened;
    if (!rg_study_open(from->study, RG_LEDGER_READ, &opened, err))
        return NULL;
    json_t *ret = diff_side(&(diff_source){opened.study, opened.ledger, from->run}, err);
    rg_study_close(&opened);
    return ret;
}

static const char *name_of(const side *from, rg_arena *arena)
{
    return from->run ? rg_arena_printf(arena, "%s %s", from->study, from->run) : from->study;
}

static void print(const rg_given *given, const json_t *facts)
{
    if (given->flag[JSON]) {
        rg_print_json(json_incref((json_t *)(uintptr_t)facts));
        return;
    }
    rg_str text = {0};
    diff_text(facts, COLUMNS, &text);
    fputs(rg_str_text(&text), stdout);
    rg_str_free(&text);
}

static int run(const rg_given *given, rg_err *err)
{
    side sides[2];
    read_sides(given, sides);
    json_t *a = open_side(&sides[0], err);
    json_t *b = a ? open_side(&sides[1], err) : NULL;
    int code = rg_exit(err);
    if (b) {
        json_t *facts = diff_facts(name_of(&sides[0], given->arena), a,
                                   name_of(&sides[1], given->arena), b);
        print(given, facts);
        code = json_is_true(json_object_get(facts, "same")) ? RG_OK : RG_NO;
        json_decref(facts);
    }
    json_decref(a);
    json_decref(b);
    return code;
}

const rg_command rg_command_diff = {
    .name = "diff",
    .arguments = "STUDY RUN RUN | STUDY RUN STUDY RUN | STUDY STUDY",
    .summary = "all differences between two runs, arms or studies",
    .text =
        "A RUN is ARM@SEED, ARM/TRIAL or ARM, as in rigor show; STUDY:RUN names both at once. "
        "Compared are configuration, data, split, seed, machine, program, libraries, code, "
        "budget, scores, and the step from which curves part. Exit 0 when they are the same, 1 "
        "when they differ; times, memory and the command are shown and do not count.\n\n"
        "  rigor diff digits-dropout full@1001 full@1002\n"
        "  rigor diff digits-dropout full no-dropout\n"
        "  rigor diff digits-dropout full@1001 digits-12 full@1001\n"
        "  rigor diff digits-dropout digits-12",
    .options = options,
    .min_arguments = 2,
    .max_arguments = 4,
    .run = run,
};
