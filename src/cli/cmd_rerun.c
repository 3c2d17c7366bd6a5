/* cmd_rerun.c - trains recorded runs again: are they what was recorded, to the last bit? */
#include "cli/command.h"
#include "cli/progress.h"

#include "lab/report/diff.h"
#include "lab/study/rerun.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ALL, STAGE, TIMES, JOBS, JSON, QUIET };
static const rg_option options[] = {
    [ALL] = {"all", 0, RG_OPTION_FLAG, NULL, "every run of the study"},
    [STAGE] = {"stage", 0, RG_OPTION_TEXT, "STAGE",
               "what --all takes: evaluate (the default), tune or both"},
    [TIMES] = {"times", 0, RG_OPTION_INT, "K",
               "train each K times: how far does one seed scatter?"},
    [JOBS] = {"jobs", 'j', RG_OPTION_INT, "N", "worker processes (default: one for each core)"},
    [JSON] = RG_OPTION_JSON,
    [QUIET] = {"quiet", 'q', RG_OPTION_FLAG, NULL, "no progress"},
    {0},
};

enum { TIMES_MAX = 1000, ULPS_SHOWN = 1000000 };

/* ---- What is trained again */

typedef struct choice {
    rg_record *records; /* all of the study */
    size_t n_records;
    const rg_record **at;
    size_t n;
} choice;

static bool stage_wanted(const rg_given *given, rg_stage stage)
{
    const char *wanted = given->flag[STAGE] ? given->text[STAGE] : "evaluate";
    return strcmp(wanted, "both") == 0 ||
           strcmp(wanted, stage == RG_TUNE ? "tune" : "evaluate") == 0;
}

static bool choose_named(const rg_given *given, choice *c, rg_err *err)
{
    for (size_t i = 1; i < given->n_arguments; i++) {
        const rg_record *r = diff_record(given->argument[i], c->records, c->n_records, err);
        if (!r)
            return false;
        c->at[c->n++] = r;
    }
    return true;
}

/* Each once, however often it is named: two of one place would be one record. */
static void drop_repeated(choice *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++) {
        size_t k = 0;
        while (k < kept && c->at[k] != c->at[i])
            k++;
        if (k == kept)
            c->at[kept++] = c->at[i];
    }
    c->n = kept;
}

static bool choose(const rg_given *given, const rg_opened *opened, choice *ret, rg_err *err)
{
    if (!rg_ledger_records(opened->ledger, RG_ALL_PARTS, opened->arena, &ret->records,
                           &ret->n_records, err))
        return false;
    ret->at = RG_ARENA_ARRAY(opened->arena, const rg_record *,
                             ret->n_records + given->n_arguments + 1);
    for (size_t i = 0; given->flag[ALL] && i < ret->n_records; i++)
        if (stage_wanted(given, ret->records[i].stage))
            ret->at[ret->n++] = &ret->records[i];
    if (!choose_named(given, ret, err))
        return false;
    drop_repeated(ret);
    return ret->n > 0 || rg_fail(err, RG_INPUT, NULL, "rigor status says how far it is",
                                 "%s has nothing of that stage yet", opened->study->name);
}

/* ---- Text */

static const char *text_of(const json_t *value, char space[RG_HEX])
{
    if (json_is_string(value))
        snprintf(space, RG_HEX, "%.12s", json_string_value(value));
    else if (json_is_number(value))
        snprintf(space, RG_HEX, "%.17g", json_number_value(value));
    else
        snprintf(space, RG_HEX, "none");
    return space;
}

static void add_difference(rg_str *line, const json_t *entry)
{
    char recorded[RG_HEX], again[RG_HEX];
    const char *name = rg_json_text(entry, "name", NULL);
    const json_t *step = json_object_get(entry, "step"), *ulps = json_object_get(entry, "ulps");
    rg_str_printf(line, "%s%s%s", rg_json_text(entry, "what", ""), name ? " " : "",
                  name ? name : "");
    if (step)
        rg_str_printf(line, " at step %lld", (long long)json_integer_value(step));
    rg_str_printf(line, ": recorded %s, again %s",
                  text_of(json_object_get(entry, "recorded"), recorded),
                  text_of(json_object_get(entry, "again"), again));
    if (json_is_integer(ulps) && json_integer_value(ulps) <= ULPS_SHOWN)
        rg_str_printf(line, " (%lld ulps apart)", (long long)json_integer_value(ulps));
}

static void print_interval(const json_t *interval)
{
    if (!json_is_object(interval))
        return;
    bool repeats = strcmp(rg_json_text(interval, "from", ""), "repeats") == 0;
    const json_t *lo = json_object_get(interval, "lo"), *hi = json_object_get(interval, "hi");
    printf("    %s: %s %s %.6g; ", rg_json_text(interval, "part", ""),
           repeats ? "recorded" : "again", rg_json_text(interval, "metric", ""),
           rg_json_number(json_object_get(interval, "score"), NAN));
    if (json_is_number(lo))
        printf("expected %.6g to %.6g, from ", json_number_value(lo), json_number_value(hi));
    else
        printf("nothing to expect it by: ");
    printf("%lld %s\n", (long long)json_integer_value(json_object_get(interval, "n")),
           repeats ? "reruns" : "other runs of the arm");
}

static void print_differences(const json_t *differences)
{
    size_t i;
    json_t *entry;
    json_array_foreach (differences, i, entry) {
        rg_str line = {0};
        add_difference(&line, entry);
        printf("    %s\n", rg_str_text(&line));
        rg_str_free(&line);
    }
}

static void print_run(const json_t *run)
{
    size_t i;
    json_t *change;
    const char *verdict = rg_json_text(run, "verdict", "");
    bool differs = strcmp(verdict, "different") == 0;
    printf("%-9s %s", differs ? "DIFFERENT" : verdict, rg_json_text(run, "run", ""));
    if (!differs && json_is_true(json_object_get(run, "failed")))
        printf(": failed, as recorded");
    else if (strcmp(verdict, "equal") == 0)
        printf(": %lld values, bit for bit",
               (long long)json_integer_value(json_object_get(run, "compared")));
    printf("\n");
    print_differences(json_object_get(run, "differences"));
    print_interval(json_object_get(run, "interval"));
    json_array_foreach (json_object_get(run, "changes"), i, change)
        rg_print_wrapped(stdout, "    since then another ", json_string_value(change));
}

static void print_facts(const json_t *facts)
{
    size_t i;
    json_t *run;
    json_array_foreach (json_object_get(facts, "runs"), i, run)
        print_run(run);
}

/* ---- The command */

static bool check_options(const rg_given *given, rg_err *err)
{
    const char *stage = given->text[STAGE];
    if (given->flag[ALL] ? given->n_arguments > 1 : given->n_arguments < 2)
        return rg_fail(err, RG_INPUT, NULL, "rigor help rerun has examples",
                       "name runs behind the study, or give --all");
    if (stage &&
        (!given->flag[ALL] || (strcmp(stage, "tune") != 0 && strcmp(stage, "both") != 0 &&
                               strcmp(stage, "evaluate") != 0)))
        return rg_fail(err, RG_INPUT, NULL, "use evaluate, tune or both, beside --all",
                       "--stage cannot be '%s' here", stage);
    if (given->flag[TIMES] && (given->integer[TIMES] < 1 || given->integer[TIMES] > TIMES_MAX))
        return rg_fail(err, RG_INPUT, NULL, "10 are plenty",
                       "--times takes a number from 1 to %d", TIMES_MAX);
    return given->integer[JOBS] <= RG_JOBS_MAX ||
           rg_fail(err, RG_INPUT, NULL, "leave it out for one worker on each core",
                   "--jobs cannot be more than %d", RG_JOBS_MAX);
}

static json_t *rerun(const rg_given *given, const rg_opened *opened, const choice *c,
                     int *ret_signal, rg_err *err)
{
    const char *const *worker;
    if (!rg_worker_command(opened->study, opened->arena, &worker, err))
        return NULL;
    rg_meter meter = rg_meter_open(opened->study->metric);
    json_t *environment = rg_environment("rigor rerun");
    rerun_options o = {.run = {.dir = opened->dir,
                               .worker_argv = worker,
                               .jobs = (int)given->integer[JOBS],
                               .progress = given->flag[QUIET] ? NULL : rg_meter_show,
                               .ctx = &meter},
                       .times = (size_t)given->integer[TIMES],
                       .environment = environment};
    rerun_source source = {opened->study, opened->ledger, c->records, c->n_records};
    json_t *facts = rerun_facts(&source, c->at, c->n, &o, ret_signal, err);
    json_decref(environment);
    if (!given->flag[QUIET])
        rg_meter_close(&meter);
    return facts;
}

static int answer(const rg_given *given, json_t *facts, rg_err *err)
{
    long long different = json_integer_value(json_object_get(facts, "different"));
    long long n = (long long)json_array_size(json_object_get(facts, "runs"));
    if (given->flag[JSON])
        rg_print_json(json_incref(facts));
    else
        print_facts(facts);
    if (different)
        rg_fail(err, RG_NO, NULL,
                "docs/proof.md says what can make a training come out otherwise",
                "%lld of %lld are not what was recorded", different, n);
    return rg_exit(err);
}

static int run(const rg_given *given, rg_err *err)
{
    rg_opened opened;
    choice c = {0};
    int caught = 0;
    if (!check_options(given, err) ||
        !rg_study_open(given->argument[0], RG_LEDGER_READ, &opened, err))
        return rg_exit(err);
    json_t *facts =
        choose(given, &opened, &c, err) ? rerun(given, &opened, &c, &caught, err) : NULL;
    int code = facts ? answer(given, facts, err) : caught ? 128 + caught : rg_exit(err);
    json_decref(facts);
    rg_study_close(&opened);
    return code;
}

const rg_command rg_command_rerun = {
    .name = "rerun",
    .arguments = "STUDY RUN [RUN ...] | STUDY --all",
    .summary = "train recorded runs again: the same bits?",
    .text =
        "A RUN is ARM@SEED or ARM/TRIAL, as in rigor show. Its recorded configuration and seed "
        "are "
        "trained again in a folder of their own; predictions, validation and curves are "
        "compared bit for bit. A program that has no bits of its own has to score where a new "
        "run of the arm is expected; with --times, where its own reruns say. Nothing of the "
        "study is written. Exit 1 when a run is not what was recorded.\n\n"
        "  rigor rerun digits-dropout full@1001\n"
        "  rigor rerun digits-dropout --all --stage both",
    .options = options,
    .min_arguments = 1,
    .max_arguments = 64,
    .run = run,
};
