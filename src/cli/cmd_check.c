/* cmd_check.c - reads a study and says what it would do and whether it can answer its question;
 * with --placebo, how often its procedure would find a difference where there is none. */
#include "cli/command.h"
#include "cli/model_file.h"
#include "cli/progress.h"

#include "lab/report/format.h"
#include "lab/report/outlook.h"
#include "lab/study/conformance.h"
#include "lab/study/placebo.h"
#include "rigor/audit.h"
#include "rigor/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { JSON, EXPLORATORY, FROM, TRAINER, PLACEBO, ARM, RUNS, EPOCHS, JOBS, QUIET };
static const rg_option options[] = {
    [JSON] = RG_OPTION_JSON,
    [EXPLORATORY] = {"exploratory", 0, RG_OPTION_FLAG, NULL, "allow fewer than 5 seeds"},
    [FROM] = {"from", 'f', RG_OPTION_TEXT, "STUDY",
              "how far an earlier study scattered: are margins and seeds enough for that? "
              "(default: this study's own ledger, where it has one)"},
    [TRAINER] = {"trainer", 0, RG_OPTION_FLAG, NULL,
                 "start the study's program a few times: does it do all that is needed?"},
    [PLACEBO] = {"placebo", 0, RG_OPTION_FLAG, NULL,
                 "train one arm under many seeds, compare it with itself, and count false "
                 "alarms"},
    [ARM] = {"arm", 0, RG_OPTION_TEXT, "NAME",
             "for --placebo (default: the second arm of the first claim) and --trainer (the "
             "first arm)"},
    [RUNS] = {"runs", 0, RG_OPTION_INT, "N",
              "for --placebo (default: as many as the study has, 24 to 40)"},
    [EPOCHS] = {"epochs", 0, RG_OPTION_INT, "N",
                "for --placebo (default: the arm's own, at most 20)"},
    [JOBS] = {"jobs", 'j', RG_OPTION_INT, "N", "worker processes (default: one for each core)"},
    [QUIET] = {"quiet", 'q', RG_OPTION_FLAG, NULL, "no progress"},
    {0},
};

static void add_dangers(json_t *plan, const json_t *audit)
{
    size_t i;
    json_t *finding;
    json_array_foreach (json_object_get(audit, "findings"), i, finding)
        if (strcmp(rg_json_text(finding, "severity", ""), "danger") == 0)
            rg_json_say(json_object_get(plan, "warnings"), "data: %s (`rigor audit` says more)",
                        rg_json_text(finding, "what", ""));
}

/* Loading and cutting the data finds what the file alone cannot show. */
static bool try_data(const rg_study *study, rg_arena *arena, json_t *plan, rg_err *err)
{
    rg_split split;
    const rg_audit_options quick = {.quick = true, .seed = study->seed};
    if (!study->data) /* the program brings its own */
        return true;
    rg_dataset *data = rg_study_data(study, arena, &split, err);
    json_t *audit = data ? rg_audit(data, &split, &quick, err) : NULL;
    if (!audit)
        return false;
    add_dangers(plan, audit);
    json_decref(audit);
    json_object_set_new(plan, "data",
                        json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:s}", "name", study->data,
                                  "rows", (json_int_t)data->rows, "features",
                                  (json_int_t)data->features, "train",
                                  (json_int_t)split.n_train, "val", (json_int_t)split.n_val,
                                  "test", (json_int_t)split.n_test, "hash", data->hash));
    return true;
}

/* ---- The A/A check */

typedef struct teller {
    rg_meter meter;
    bool quiet;
} teller;

static void tell_progress(void *ctx, const rg_progress *progress)
{
    teller *t = ctx;
    rg_meter_show(&t->meter, progress);
}

static void tell_estimate(void *ctx, size_t runs, double seconds)
{
    teller *t = ctx;
    if (!t->quiet)
        fprintf(stderr, "%splacebo: %zu runs, about %s of training\n",
                t->meter.line ? "\r\033[K" : "", runs,
                format_seconds(seconds < 1 ? 1 : round(seconds)).text);
}

/* What would train for nothing is refused before it trains. */
static bool placebo_fits(const rg_given *given, const rg_study *study, rg_err *err)
{
    long long least = 2 * (long long)study->n_seeds, runs = (long long)given->integer[RUNS];
    char remedy[120];
    if (rg_study_has_folds(study))
        return rg_fail(err, RG_INPUT, study->path,
                       "check the same study with one cut: ~data.split.folds seeds=8",
                       "--placebo deals out the runs of one cut of the data: of folds it could "
                       "not say how often they cry wolf");
    if (!study->n_claims)
        return rg_fail(err, RG_INPUT, study->path, "declare one, such as claims: [a > b]",
                       "--placebo tries the claims of a study, and this one has none");
    snprintf(remedy, sizeof(remedy), "give %lld, two groups of the study's %zu seeds, to 10000",
             least, study->n_seeds);
    if (given->flag[RUNS] && runs < least)
        return rg_fail(err, RG_INPUT, NULL, remedy, "--runs cannot be %lld", runs);
    return !given->flag[EPOCHS] || given->integer[EPOCHS] >= 1 ||
           rg_fail(err, RG_INPUT, NULL, "give 1 or more", "--epochs cannot be %lld",
                   (long long)given->integer[EPOCHS]);
}

/* Adds the facts to the plan; *ret_signal: what interrupted the training, else 0. */
static bool run_placebo(const rg_given *given, const rg_study *study, json_t *plan,
                        int *ret_signal, rg_err *err)
{
    const char *const *worker;
    placebo_runs runs;
    if (!placebo_fits(given, study, err) ||
        !rg_worker_command(study, given->arena, &worker, err))
        return false;
    teller t = {rg_meter_open(study->metric), given->flag[QUIET]};
    int jobs = (int)given->integer[JOBS];
    placebo_options o = {.arm = given->text[ARM],
                         .runs = (size_t)given->integer[RUNS],
                         .epochs = (size_t)given->integer[EPOCHS],
                         .run = {.worker_argv = worker,
                                 .jobs = jobs,
                                 .progress = t.quiet ? NULL : tell_progress,
                                 .ctx = &t},
                         .estimate = tell_estimate};
    bool ok = placebo_train(study, &o, given->arena, &runs, ret_signal, err);
    if (!t.quiet)
        rg_meter_close(&t.meter);
    if (ok && *ret_signal == 0)
        json_object_set_new(plan, "placebo", placebo_facts(study, &runs, jobs));
    return ok;
}

/* ---- The program's own check */

static bool run_trainer(const rg_given *given, const rg_study *study, json_t *plan,
                        int *ret_signal, rg_err *err)
{
    const char *const *worker;
    if (!study->trainer)
        return rg_fail(err, RG_INPUT, study->path,
                       "leave out --trainer: our own needs no check",
                       "the study has no program as its trainer");
    if (!rg_worker_command(study, given->arena, &worker, err))
        return false;
    teller t = {rg_meter_open(study->metric), given->flag[QUIET]};
    conformance_options o = {.arm = given->text[ARM],
                             .run = {.worker_argv = worker,
                                     .jobs = 1,
                                     .progress = t.quiet ? NULL : tell_progress,
                                     .ctx = &t}};
    json_t *facts = conformance_facts(study, &o, ret_signal, err);
    if (!t.quiet)
        rg_meter_close(&t.meter);
    if (facts)
        json_object_set_new(plan, "trainer", facts);
    return facts || *ret_signal;
}

/* ---- Earlier results */

/* Of --from, or of this study where it has run before; NULL when there are none. */
static bool earlier_facts(const rg_given *given, const rg_study *study, json_t **ret,
                          rg_err *err)
{
    rg_opened opened;
    const char *from = given->text[FROM], *own = study->name;
    rg_err ignored = {0};
    if (!rg_study_open(from ? from : own, RG_LEDGER_READ, &opened, from ? err : &ignored))
        return !from;
    *ret = rg_facts_build(opened.study, opened.ledger, from ? err : &ignored);
    rg_study_close(&opened);
    return *ret || !from;
}

static bool add_outlook(const rg_given *given, const rg_study *study, json_t *plan, rg_err *err)
{
    json_t *facts = NULL;
    const json_t *runs = json_object_get(json_object_get(plan, "placebo"), "validation");
    if (!earlier_facts(given, study, &facts, err))
        return false;
    outlook_add(plan, study, facts, rg_json_number(json_object_get(runs, "sd"), NAN));
    json_decref(facts);
    return true;
}

/* ---- The answer */

static int answer(const rg_given *given, const rg_study *study, const json_t *plan, rg_err *err)
{
    if (given->flag[JSON])
        rg_print_json(json_incref((json_t *)(uintptr_t)plan));
    else
        rg_plan_print(study, plan, stdout);
    const char *path = given->argument[0];
    if (json_array_size(json_object_get(plan, "unanswerable")))
        rg_fail(err, RG_NO, path, "change the arms or claims that are named above",
                "the study cannot answer its question");
    else if (json_is_false(json_object_get(json_object_get(plan, "trainer"), "ok")))
        rg_fail(err, RG_NO, path, "docs/trainers.md explains each line",
                "the program does not do all that a study needs of it");
    else if (placebo_is_alarming(json_object_get(plan, "placebo")))
        rg_fail(err, RG_NO, path,
                "correct over the claims (analysis.correction: holm), or add "
                "seeds",
                "the study's procedure cries wolf clearly more often than alpha allows");
    return rg_exit(err);
}

static bool options_fit(const rg_given *given, rg_err *err)
{
    static const int own[] = {RUNS, EPOCHS, JOBS};
    if (given->flag[ARM] && !given->flag[PLACEBO] && !given->flag[TRAINER])
        return rg_fail(err, RG_INPUT, NULL, "add one of them, or leave it out",
                       "--arm belongs to --placebo and --trainer: nothing else trains here");
    if (given->flag[PLACEBO] && given->flag[TRAINER])
        return rg_fail(err, RG_INPUT, NULL, "give one of them",
                       "--placebo and --trainer are two checks");
    for (size_t i = 0; i < RG_COUNT(own); i++)
        if (given->flag[own[i]] && !given->flag[PLACEBO])
            return rg_fail(err, RG_INPUT, NULL, "add --placebo, or leave it out",
                           "--%s belongs to --placebo: nothing else trains here",
                           options[own[i]].name);
    return given->integer[JOBS] <= RG_JOBS_MAX && given->integer[RUNS] <= 10000
               ? true
               : rg_fail(err, RG_INPUT, NULL, "give fewer",
                         "more than %d jobs or 10000 runs are too many", RG_JOBS_MAX);
}

static int run(const rg_given *given, rg_err *err)
{
    if (!options_fit(given, err))
        return rg_exit(err);
    rg_study *study =
        rg_study_of_arguments(given, given->flag[EXPLORATORY], given->flag[JSON], err);
    if (!study)
        return RG_INPUT;
    json_t *plan = rg_study_plan(study);
    int caught = 0, code = RG_INPUT;
    if (try_data(study, given->arena, plan, err) && study_try(study, given->arena, err) &&
        (!given->flag[PLACEBO] || run_placebo(given, study, plan, &caught, err)) &&
        (!given->flag[TRAINER] || run_trainer(given, study, plan, &caught, err)) &&
        add_outlook(given, study, plan, err))
        code = caught ? 128 + caught : answer(given, study, plan, err);
    else
        code = rg_exit(err);
    if (caught)
        fprintf(stderr, "rigor: interrupted; nothing is kept of the check\n");
    json_decref(plan);
    rg_study_free(study);
    return code;
}

const rg_command rg_command_check = {
    .name = "check",
    .arguments = "STUDY [KEY=VALUE ...]",
    .summary = "the plan of a study, and whether it can answer its question",
    .text =
        "Reads the study and its data, prints arms, trials, runs and the smallest effect that "
        "the seeds can show. Exit 1 when a claim could never be settled. Nothing is "
        "written.\n\n"
        "--placebo is the A/A check: one arm is trained as the study would train it under many "
        "seeds, on validation alone, and the study's own procedure compares it with itself. It "
        "says how often that would have cried wolf; exit 1 when clearly more often than alpha "
        "allows. The seal stays closed, the study's ledger untouched.\n\n"
        "--trainer starts the study's program as the study would, some five times, and prints "
        "a "
        "list: does it report, write predictions, repeat itself, end when told to? Exit 1 when "
        "something fails that a study needs.\n\n"
        "  rigor check examples/digits.yaml\n"
        "  rigor check examples/digits.yaml --placebo -j 2\n"
        "  rigor check examples/trainers/shell.yaml --trainer",
    .rank = 2,
    .options = options,
    .min_arguments = 1,
    .max_arguments = 64,
    .run = run,
};
