/* cmd_run.c - the main job: from a study file to its verdicts. */
#include "cli/command.h"
#include "cli/model_file.h"
#include "cli/progress.h"

#include "rigor/protocol.h"
#include "rigor/publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { JOBS, JSON, EXPLORATORY, DRY_RUN, FRESH, REQUIRE, QUIET };
static const rg_option options[] = {
    [JOBS] = {"jobs", 'j', RG_OPTION_INT, "N", "worker processes (default: one for each core)"},
    [JSON] = RG_OPTION_JSON,
    [EXPLORATORY] = {"exploratory", 0, RG_OPTION_FLAG, NULL,
                     "allow fewer than 5 seeds; every line of the report says so"},
    [DRY_RUN] = {"dry-run", 'n', RG_OPTION_FLAG, NULL, "print the plan and stop"},
    [FRESH] = {"fresh", 0, RG_OPTION_FLAG, NULL,
               "begin anew; the old folder is kept beside it"},
    [REQUIRE] = {"require", 0, RG_OPTION_TEXT, "VERDICT",
                 "exit 1 unless every claim has this verdict (supported, ...)"},
    [QUIET] = {"quiet", 'q', RG_OPTION_FLAG, NULL, "no plan, no progress"},
    {0},
};

static const char *const report_formats[] = {"html", "markdown", "json", NULL};

/* studies/NAME becomes studies/NAME.1, or the first number that is free. */
static bool set_aside(const char *dir, rg_arena *arena, rg_err *err)
{
    if (rg_ledger_busy(rg_path_join(arena, dir, RG_LEDGER_FILE)))
        return rg_fail(err, RG_INPUT, dir, "wait until it ends, or end it (Ctrl-C)",
                       "another process is running this study");
    for (int i = 1; rg_file_exists(dir); i++) {
        const char *kept = rg_arena_printf(arena, "%s.%d", dir, i);
        if (rg_file_exists(kept))
            continue;
        if (rename(dir, kept) != 0)
            return rg_fail(err, RG_INTERNAL, dir, "check the folder's permissions",
                           "cannot be renamed to %s", kept);
        fprintf(stderr, "rigor: the old study is kept in %s\n", kept);
    }
    return true;
}

/* As a shell reads it back. */
static void add_quoted(rg_str *text, const char *argument)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789/._-+=:,@%";
    rg_str_add(text, " ");
    if (*argument && argument[strspn(argument, plain)] == '\0') {
        rg_str_add(text, argument);
        return;
    }
    rg_str_add(text, "'");
    for (const char *c = argument; *c; c++)
        rg_str_add_n(text, *c == '\'' ? "'\\''" : c, *c == '\'' ? 4 : 1);
    rg_str_add(text, "'");
}

/* The command that repeats this study. */
static const char *command_line(const rg_given *given)
{
    rg_str text = {.max = 4000};
    rg_str_add(&text, "rigor run");
    for (size_t i = 0; i < given->n_arguments; i++)
        add_quoted(&text, given->argument[i]);
    if (given->flag[EXPLORATORY])
        rg_str_add(&text, " --exploratory");
    const char *copy = rg_arena_strdup(given->arena, rg_str_text(&text));
    rg_str_free(&text);
    return copy;
}

/* The environment, and what rg_study_of_ledger needs to read the recorded study again. */
static json_t *environment_of(const rg_given *given, const rg_study *study)
{
    json_t *environment = rg_environment(command_line(given));
    json_t *overrides = json_array();
    for (size_t i = 1; i < given->n_arguments; i++)
        json_array_append_new(overrides, json_string(given->argument[i]));
    char *path = realpath(given->argument[0], NULL);
    if (path)
        rg_utf8_repair(path);
    json_object_set_new(environment, "study_file",
                        json_string(path ? path : given->argument[0]));
    json_object_set_new(environment, "overrides", overrides);
    json_object_set_new(environment, "exploratory", json_boolean(given->flag[EXPLORATORY]));
    if (study->own_models)
        json_object_set(environment, "own_models", study->own_models);
    free(path);
    return environment;
}

static int interrupted(const char *command, int signal_number)
{
    fprintf(stderr,
            "rigor: interrupted; all finished trials and runs are kept\n"
            "  -> the same command goes on from here: %s\n",
            command);
    return 128 + signal_number;
}

/* "A = B" is supported when its verdict is "equivalent". */
static bool has_verdict(const json_t *claim, const char *wanted)
{
    const char *verdict = rg_json_text(claim, "verdict", "");
    bool equality = strcmp(rg_json_text(claim, "relation", ""), "=") == 0;
    return strcmp(verdict, wanted) == 0 ||
           (equality && strcmp(wanted, "supported") == 0 && strcmp(verdict, "equivalent") == 0);
}

static bool requirement_met(const rg_given *given, const json_t *facts, rg_err *err)
{
    size_t i;
    json_t *claim;
    const char *wanted = given->text[REQUIRE];
    json_array_foreach (json_object_get(facts, "claims"), i, claim) {
        if (wanted && !has_verdict(claim, wanted))
            return rg_fail(err, RG_NO, NULL, "the report says what the seeds could have shown",
                           "%s is %s, not %s", rg_json_text(claim, "claim", ""),
                           rg_json_text(claim, "verdict", ""), wanted);
    }
    return true;
}

static bool print_facts(const rg_given *given, const json_t *facts, rg_err *err)
{
    if (given->flag[JSON]) {
        rg_print_json(json_incref((json_t *)(uintptr_t)facts));
        return true;
    }
    rg_str text = {0};
    bool ok =
        rg_rendering_find("text")->render(facts, rg_colour_wanted(STDOUT_FILENO), &text, err);
    if (ok)
        fputs(rg_str_text(&text), stdout);
    rg_str_free(&text);
    return ok;
}

static int conclude(const rg_given *given, const rg_study *study, rg_ledger *ledger,
                    const char *dir, rg_err *err)
{
    json_t *facts = rg_study_facts(study, ledger, err);
    bool ok = facts && rg_report_write(facts, dir, report_formats, err);
    if (ok) {
        rg_facts_place(facts, dir);
        ok = print_facts(given, facts, err) && requirement_met(given, facts, err);
    }
    json_decref(facts);
    return ok ? RG_OK : rg_exit(err);
}

static int run_study(const rg_given *given, const rg_study *study, rg_ledger *ledger,
                     const char *dir, rg_err *err)
{
    const char *const *worker;
    if (!rg_worker_command(study, given->arena, &worker, err))
        return rg_exit(err);
    rg_meter meter = rg_meter_open(study->metric);
    rg_run_options o = {.dir = dir,
                        .worker_argv = worker,
                        .jobs = (int)given->integer[JOBS],
                        .progress = given->flag[QUIET] ? NULL : rg_meter_show,
                        .ctx = &meter};
    json_t *environment = environment_of(given, study);
    int caught = 0;
    bool ok = rg_study_run(study, ledger, &o, environment, &caught, err);
    json_decref(environment);
    if (!given->flag[QUIET])
        rg_meter_close(&meter);
    if (!ok)
        return rg_exit(err);
    if (caught)
        return interrupted(command_line(given), caught);
    return conclude(given, study, ledger, dir, err);
}

static int open_and_run(const rg_given *given, const rg_study *study, rg_err *err)
{
    rg_ledger *ledger;
    const char *dir = rg_path_join(given->arena, rg_studies_dir(), study->name);
    if ((given->flag[FRESH] && !set_aside(dir, given->arena, err)) ||
        !rg_dir_make(dir, 0755, err) ||
        !rg_ledger_open(rg_path_join(given->arena, dir, RG_LEDGER_FILE), RG_LEDGER_WRITE,
                        &ledger, err))
        return rg_exit(err);
    int code = run_study(given, study, ledger, dir, err);
    rg_ledger_close(ledger);
    return code;
}

/* A misspelt verdict must not be found out after hours of training. */
static bool check_options(const rg_given *given, const char *dir, rg_err *err)
{
    static const char *const verdicts[] = {"supported", "refuted", "equivalent", "fragile",
                                           "inconclusive"};
    const char *wanted = given->text[REQUIRE];
    bool known = !wanted;
    for (size_t i = 0; !known && i < RG_COUNT(verdicts); i++)
        known = strcmp(verdicts[i], wanted) == 0;
    if (!known)
        return rg_fail(err, RG_INPUT, NULL,
                       "use supported, refuted, equivalent, fragile or inconclusive",
                       "--require cannot be '%s'", wanted);
    if (given->integer[JOBS] > RG_JOBS_MAX)
        return rg_fail(err, RG_INPUT, NULL, "leave it out for one worker on each core",
                       "--jobs cannot be more than %d", RG_JOBS_MAX);
    return rg_utf8_valid(dir, strlen(dir)) ||
           rg_fail(err, RG_INPUT, dir, "give RIGOR_STUDIES a name in UTF-8",
                   "the folder of studies has a name that is not UTF-8 text");
}

/* What rigor check would answer with no is not begun, unless it is meant as an exploration. */
static bool answerable(const rg_given *given, const json_t *plan, rg_err *err)
{
    const json_t *reasons = json_object_get(plan, "unanswerable");
    return given->flag[EXPLORATORY] || json_array_size(reasons) == 0 ||
           rg_fail(err, RG_INPUT, given->argument[0],
                   "change the arms or claims that it names, or run with --exploratory",
                   "the study cannot answer its question: %s",
                   json_string_value(json_array_get(reasons, 0)));
}

/* What cannot be built is not begun; what has begun was built then. */
static bool buildable(const rg_given *given, const rg_study *study, rg_err *err)
{
    const char *dir = rg_path_join(given->arena, rg_studies_dir(), study->name);
    const char *ledger = rg_path_join(given->arena, dir, RG_LEDGER_FILE);
    return (!given->flag[FRESH] && rg_file_exists(ledger)) ||
           study_try(study, given->arena, err);
}

static void tell_plan(const rg_given *given, const rg_study *study, json_t *plan)
{
    if (given->flag[DRY_RUN] && given->flag[JSON])
        rg_print_json(json_incref(plan));
    else if (given->flag[DRY_RUN] || !given->flag[QUIET])
        rg_plan_print(study, plan, given->flag[DRY_RUN] ? stdout : stderr);
}

static int run(const rg_given *given, rg_err *err)
{
    if (!check_options(given, rg_studies_dir(), err))
        return rg_exit(err);
    rg_study *study =
        rg_study_of_arguments(given, given->flag[EXPLORATORY], given->flag[JSON], err);
    if (!study)
        return RG_INPUT;
    json_t *plan = rg_study_plan(study);
    int code = RG_OK;
    if (!buildable(given, study, err))
        code = rg_exit(err);
    else
        tell_plan(given, study, plan);
    if (code == RG_OK && !given->flag[DRY_RUN])
        code = answerable(given, plan, err) ? open_and_run(given, study, err) : rg_exit(err);
    json_decref(plan);
    rg_study_free(study);
    return code;
}

const rg_command rg_command_run = {
    .name = "run",
    .arguments = "STUDY [KEY=VALUE ...]",
    .summary = "from a study file to its verdicts; goes on where it stopped",
    .text =
        "Splits the data, seals the test labels, tunes every arm with the same budget, trains "
        "the frozen arms with fresh paired seeds, scores them and answers the study's claims. "
        "Everything is kept in studies/NAME; the report is studies/NAME/report.html.\n\n"
        "  rigor run examples/digits.yaml\n"
        "  rigor run examples/digits.yaml study=digits-12 seeds=12 train.batch=32\n"
        "  rigor run examples/digits.yaml study=digits-clip +train.clip=1",
    .rank = 1,
    .options = options,
    .min_arguments = 1,
    .max_arguments = 64,
    .run = run,
};
