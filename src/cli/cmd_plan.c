/* cmd_plan.c - a model's program before it trains: kernels with what they take, the text after
 * a pass, and the model check. */
#include "cli/command.h"
#include "cli/model_file.h"
#include "cli/program_text.h"

#include "rigor/inspect.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { AFTER, PART, LINT, STRICT, SORT, ARM, FEATURES, CLASSES, ROWS, RUNS, THREADS, JSON };
static const rg_option options[] = {
    [AFTER] = {"after", 0, RG_OPTION_TEXT, "PASS",
               "the program as text after build, grad, live, fuse, schedule or memory"},
    [PART] = {"part", 0, RG_OPTION_TEXT, "PART",
              "for --after: train (the default) or evaluate"},
    [LINT] = {"lint", 0, RG_OPTION_FLAG, NULL, "the model check: what can go wrong in it"},
    [STRICT] = {"strict", 0, RG_OPTION_FLAG, NULL,
                "for --lint: exit 1 when there is a warning"},
    [SORT] = {"sort", 0, RG_OPTION_TEXT, "ORDER", "kernels by order (the default) or by time"},
    [ARM] = {"arm", 0, RG_OPTION_TEXT, "NAME", "of a study (default: its first arm)"},
    [FEATURES] = {"features", 0, RG_OPTION_INT, "N", "of a model (default: 64)"},
    [CLASSES] = {"classes", 0, RG_OPTION_INT, "N", "of a model (default: 10); 0: a regression"},
    [ROWS] = {"rows", 0, RG_OPTION_INT, "N", "of its training part (default: 1024)"},
    [RUNS] = {"runs", 0, RG_OPTION_INT, "N",
              "timed runs, the least counts (default: as "
              "many as half a second allows, 2 to 50)"},
    [THREADS] = {"threads", 0, RG_OPTION_INT, "N",
                 "that share the larger kernels while they are timed (default: 1); the "
                 "model's times are those of one"},
    [JSON] = RG_OPTION_JSON,
    {0},
};
static const rg_bounds bounds[] = {
    {FEATURES, 1, 100000000}, {CLASSES, 0, 1000000}, {ROWS, 1, 1000000000},
    {RUNS, 1, 100000},        {THREADS, 1, 256},     {0},
};

/* ---- What is looked at: a model and the size of its data. */

typedef struct subject {
    json_t *config; /* resolved; owned */
    rg_program_spec spec;
} subject;

static size_t count_of(const rg_given *given, int option, size_t otherwise)
{
    return given->flag[option] ? (size_t)given->integer[option] : otherwise;
}

static bool resolve(const json_t *config, subject *ret, rg_err *err)
{
    ret->config = rg_config_resolve(config, &ret->spec.model, err);
    ret->spec.config = ret->config;
    return ret->config != NULL;
}

/* "model.hidden=[64, 64]": JSON, or else a text. */
static bool lay_over(json_t *config, const char *change, rg_arena *arena, rg_err *err)
{
    const char *equals = strchr(change, '=');
    rg_err no_json = {0};
    if (!equals || (!rg_text_starts(change, "model.") && !rg_text_starts(change, "train.")))
        return rg_fail(err, RG_INPUT, change, "write model.NAME=VALUE or train.NAME=VALUE",
                       "this sets nothing");
    json_t *value = rg_json_parse(equals + 1, strlen(equals + 1), change, &no_json);
    const char *path = rg_arena_strndup(arena, change, (size_t)(equals - change));
    return rg_json_path_set(config, path, value ? value : json_string(equals + 1)) ||
           rg_fail(err, RG_INPUT, change, "give the path of one parameter",
                   "this sets nothing");
}

/* own: as rg_study.own_models. */
static bool subject_of_model(const rg_given *given, const json_t *model, const json_t *own,
                             subject *ret, rg_err *err)
{
    json_t *config = json_pack("{s:O, s:{}}", "model", model, "train");
    size_t classes = count_of(given, CLASSES, 10);
    bool ok = true;
    for (size_t i = 1; ok && i < given->n_arguments; i++)
        ok = lay_over(config, given->argument[i], given->arena, err);
    ret->spec = (rg_program_spec){.task = classes ? RG_CLASSIFY : RG_REGRESS,
                                  .classes = classes,
                                  .features = count_of(given, FEATURES, 64),
                                  .rows = count_of(given, ROWS, 1024)};
    ok = ok && model_try(own, config, &ret->spec, given->arena, err) &&
         resolve(config, ret, err);
    json_decref(config);
    return ok;
}

static bool subject_of_study(const rg_given *given, subject *ret, rg_err *err)
{
    rg_study *study = rg_study_of_arguments(given, true, given->flag[JSON], err);
    if (!study)
        return false;
    const rg_arm *arm =
        given->flag[ARM] ? rg_study_arm(study, given->text[ARM], err) : &study->arms[0];
    bool ok = arm != NULL;
    if (ok && study->trainer)
        ok = rg_fail(err, RG_INPUT, study->path, "name a study of our own trainer",
                     "the study's trainer is a program: there is no plan of ours to look at");
    ok = ok && study_measure(study, given->arena, &ret->spec, err) &&
         model_try(study->own_models, arm->config, &ret->spec, given->arena, err) &&
         resolve(arm->config, ret, err);
    rg_study_free(study);
    return ok;
}

static bool is_study(const char *name)
{
    return rg_text_ends(name, ".yaml") || rg_text_ends(name, ".yml");
}

static bool subject_of_file(const rg_given *given, subject *ret, rg_err *err)
{
    rg_catalog_file opened;
    const char *file = given->argument[0];
    if (!model_file_open(NULL, ".", file, given->arena, &opened, err))
        return false;
    json_t *own = json_pack("{s:o}", file, opened.record);
    json_t *model = json_pack("{s:s, s:s, s:s}", "name", opened.model.name, "file", file,
                              "sha256", opened.model.sha256);
    bool ok = subject_of_model(given, model, own, ret, err);
    json_decref(model);
    json_decref(own);
    return ok;
}

static bool subject_of(const rg_given *given, subject *ret, rg_err *err)
{
    if (is_study(given->argument[0]))
        return subject_of_study(given, ret, err);
    if (rg_text_ends(given->argument[0], ".c"))
        return subject_of_file(given, ret, err);
    json_t *model = json_pack("{s:s}", "name", given->argument[0]);
    bool ok = subject_of_model(given, model, NULL, ret, err);
    json_decref(model);
    return ok;
}

/* ---- The three answers. */

static int index_of(const char *const *names, const char *name)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

static int print_text(const rg_given *given, const subject *s, rg_err *err)
{
    rg_pass pass = (rg_pass)index_of(rg_pass_names, given->text[AFTER]);
    bool evaluate = given->flag[PART] && strcmp(given->text[PART], "evaluate") == 0;
    rg_str text = {0};
    bool ok = rg_program_text(&s->spec, evaluate ? RG_PART_EVALUATE : RG_PART_TRAIN, pass,
                              &text, err);
    if (ok && given->flag[JSON])
        rg_print_json(
            json_pack("{s:s, s:s}", "after", given->text[AFTER], "text", rg_str_text(&text)));
    else if (ok)
        fputs(rg_str_text(&text), stdout);
    rg_str_free(&text);
    return rg_exit(err);
}

static bool has_warning(const json_t *facts)
{
    size_t i;
    json_t *finding;
    json_array_foreach (json_object_get(facts, "findings"), i, finding)
        if (strcmp(rg_json_text(finding, "severity", ""), "warning") == 0)
            return true;
    return false;
}

static int print_check(const rg_given *given, const subject *s, rg_err *err)
{
    json_t *facts = rg_model_check(&s->spec, err);
    if (!facts)
        return rg_exit(err);
    if (given->flag[STRICT] && has_warning(facts))
        rg_fail(err, RG_NO, given->argument[0], "each warning names its remedy",
                "the model check has warnings");
    if (given->flag[JSON])
        rg_print_json(json_incref(facts));
    else
        program_check_print(facts, program_text_columns(), rg_colour_wanted(STDOUT_FILENO));
    json_decref(facts);
    return rg_exit(err);
}

static int print_costs(const rg_given *given, const subject *s, rg_err *err)
{
    rg_program_spec spec = s->spec;
    spec.plan.threads = (int)count_of(given, THREADS, 1);
    json_t *facts = rg_program_costs(&spec, count_of(given, RUNS, 0), err);
    bool by_time = given->flag[SORT] && strcmp(given->text[SORT], "time") == 0;
    if (!facts)
        return rg_exit(err);
    json_object_set_new(facts, "threads", json_integer(spec.plan.threads));
    if (given->flag[JSON])
        rg_print_json(json_incref(facts));
    else
        program_costs_print(facts, by_time, program_text_columns(),
                            rg_colour_wanted(STDOUT_FILENO));
    json_decref(facts);
    return RG_OK;
}

/* ---- The command. */

static bool choice_fits(const rg_given *given, int option, const char *const *names,
                        rg_err *err)
{
    if (!given->flag[option] || index_of(names, given->text[option]) >= 0)
        return true;
    rg_str known = {.max = 200};
    for (size_t i = 0; names[i]; i++)
        rg_str_printf(&known, "%s%s", i ? ", " : "use one of ", names[i]);
    rg_fail(err, RG_INPUT, NULL, rg_str_text(&known), "--%s cannot be '%s'",
            options[option].name, given->text[option]);
    rg_str_free(&known);
    return false;
}

/* An option says something to one answer or one kind of subject alone. */
static bool belong(const rg_given *given, rg_err *err)
{
    static const char times[] = "the times of kernels",
                      model[] = "a model: a study has its data";
    const bool after = given->flag[AFTER], lint = given->flag[LINT], costs = !after && !lint;
    const bool study = is_study(given->argument[0]);
    const struct {
        int option;
        bool there;
        const char *to;
    } owners[] = {
        {PART, after, "--after"},  {STRICT, lint, "--lint"}, {SORT, costs, times},
        {RUNS, costs, times},      {THREADS, costs, times},  {ARM, study, "a study"},
        {FEATURES, !study, model}, {CLASSES, !study, model}, {ROWS, !study, model},
    };
    if (after && lint)
        return rg_fail(err, RG_INPUT, NULL, "give one of them",
                       "--after and --lint are two answers");
    for (size_t i = 0; i < RG_COUNT(owners); i++)
        if (given->flag[owners[i].option] && !owners[i].there)
            return rg_fail(err, RG_INPUT, NULL, "leave it out", "--%s belongs to %s",
                           options[owners[i].option].name, owners[i].to);
    return true;
}

static bool options_fit(const rg_given *given, rg_err *err)
{
    static const char *const parts[] = {"train", "evaluate", NULL};
    static const char *const orders[] = {"order", "time", NULL};
    if (given->flag[CLASSES] && given->integer[CLASSES] == 1)
        return rg_fail(err, RG_INPUT, NULL, "give 2 to 1000000, or 0 for a regression",
                       "--classes cannot be 1");
    return choice_fits(given, AFTER, rg_pass_names, err) &&
           choice_fits(given, PART, parts, err) && choice_fits(given, SORT, orders, err) &&
           belong(given, err);
}

static int run(const rg_given *given, rg_err *err)
{
    subject s = {0};
    int code = RG_INPUT;
    if (!options_fit(given, err))
        return rg_exit(err);
    if (subject_of(given, &s, err))
        code = given->flag[AFTER]  ? print_text(given, &s, err)
               : given->flag[LINT] ? print_check(given, &s, err)
                                   : print_costs(given, &s, err);
    json_decref(s.config);
    return err->code != RG_OK ? rg_exit(err) : code;
}

const rg_command rg_command_plan = {
    .name = "plan",
    .arguments = "MODEL|FILE.c|STUDY [KEY=VALUE ...]",
    .summary = "what a training step takes, and what can go wrong in a model",
    .text =
        "Compiles the training step and the evaluation, and prints each kernel with the line "
        "of the model that it comes from, its result, operations, bytes, the time that a model "
        "of this machine gives it and the time that it takes. A study is looked at with its "
        "data and the configuration of an arm; a model, built in or a C file of your own "
        "(docs/own-model.md), with data of the size that is given.\n\n"
        "--after prints the program as text after a pass (docs/ir.md). --lint checks the "
        "model: parameters that no gradient reaches, values that can overflow, signals that "
        "fade or grow at initialisation, layer by layer.\n\n"
        "  rigor plan mlp model.hidden=[256,256] train.batch=128\n"
        "  rigor plan examples/digits.yaml --sort=time\n"
        "  rigor plan transformer --threads 2\n"
        "  rigor plan mlp --after=fuse\n"
        "  rigor plan my_model.c --lint --strict",
    .bounds = bounds,
    .options = options,
    .min_arguments = 1,
    .max_arguments = 64,
    .run = run,
};
