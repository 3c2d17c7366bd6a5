/* cmd_audit.c - what is wrong with a data set and its split, before anything is trained on it. */
#include "cli/command.h"

#include "cli/audit_text.h"

#include "rigor/audit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TARGET, SPLIT, GROUP, TIME, KEEP, FOLDS, TRAIN, VAL, TEST, SEED, QUICK, JSON };
static const rg_option options[] = {
    [TARGET] = {"target", 0, RG_OPTION_TEXT, "COLUMN",
                "what is predicted (default: the last column)"},
    [SPLIT] = {"split", 0, RG_OPTION_LIST, "A,B,C",
               "shares of train, val and test (default 0.6,0.2,0.2)"},
    [GROUP] = {"group", 0, RG_OPTION_TEXT, "COLUMN",
               "rows that belong together: cut by it, or see if files kept it whole"},
    [TIME] = {"time", 0, RG_OPTION_TEXT, "COLUMN",
              "when a row is of: cut by it, or see if files kept the order"},
    [KEEP] = {"keep", 0, RG_OPTION_FLAG, NULL, "these two columns are features all the same"},
    [FOLDS] = {"folds", 0, RG_OPTION_INT, "K", "audit every fold of K"},
    [TRAIN] = {"train", 0, RG_OPTION_TEXT, "FILE",
               "row numbers of DATA, one a line, from 0; without DATA: the table to train on"},
    [VAL] = {"val", 0, RG_OPTION_TEXT, "FILE",
             "the same to validate on (default: out of train)"},
    [TEST] = {"test", 0, RG_OPTION_TEXT, "FILE", "the same to test on"},
    [SEED] = {"seed", 0, RG_OPTION_INT, "N", "of the split and of what is drawn (default 1)"},
    [QUICK] = {"quick", 'q', RG_OPTION_FLAG, NULL, "without the search for neighbours"},
    [JSON] = RG_OPTION_JSON,
    {0},
};

typedef struct subject { /* what is audited */
    const rg_dataset *data;
    rg_split_spec spec;
} subject;

/* ---- From the command line */

static bool read_shares(const rg_given *given, rg_split_spec *spec, rg_err *err)
{
    double *to[] = {&spec->train, &spec->val, &spec->test};
    if (!given->n_list[SPLIT])
        return true;
    if (given->n_list[SPLIT] != RG_COUNT(to))
        return rg_fail(err, RG_INPUT, NULL, "for instance --split 0.6,0.2,0.2",
                       "--split takes three numbers: train, val and test");
    for (size_t i = 0; i < RG_COUNT(to); i++)
        if (!rg_text_double(given->list[SPLIT][i], to[i]))
            return rg_fail(err, RG_INPUT, NULL, "for instance --split 0.6,0.2,0.2",
                           "--split cannot be '%s'", given->list[SPLIT][i]);
    return true;
}

static bool read_spec(const rg_given *given, rg_split_spec *spec, rg_err *err)
{
    bool files = given->flag[TRAIN] || given->flag[VAL] || given->flag[TEST];
    *spec = (rg_split_spec){.train = .6,
                            .val = .2,
                            .test = .2,
                            .seed = given->flag[SEED] ? (uint64_t)given->integer[SEED] : 1,
                            .keep = given->flag[KEEP],
                            .folds = (size_t)given->integer[FOLDS]};
    if (files && given->flag[FOLDS])
        return rg_fail(err, RG_INPUT, NULL, "leave one of them out",
                       "files say what is in each part: there is nothing to fold");
    if (files && !(given->flag[TRAIN] && given->flag[TEST]))
        return rg_fail(err, RG_INPUT, NULL, "give --train and --test",
                       "one file of the split is missing");
    if (given->flag[FOLDS] && (spec->folds < 2 || spec->folds > 1000))
        return rg_fail(err, RG_INPUT, NULL, "give 2 to 1000", "--folds cannot be %zu",
                       spec->folds);
    if (!files) {
        spec->group = given->text[GROUP];
        spec->time = given->text[TIME];
    }
    return read_shares(given, spec, err);
}

static bool load(const rg_given *given, subject *ret, rg_err *err)
{
    const rg_roles roles = {given->text[GROUP], given->text[TIME], NULL, given->flag[KEEP]};
    const char *files[] = {given->text[TRAIN], given->text[VAL], given->text[TEST]};
    rg_dataset *data;
    if (!read_spec(given, &ret->spec, err))
        return false;
    if (given->n_arguments) {
        ret->spec.train_file = files[0];
        ret->spec.val_file = files[1];
        ret->spec.test_file = files[2];
        data =
            rg_dataset_load(given->argument[0], given->text[TARGET], NULL, given->arena, err);
    } else {
        data = rg_dataset_join(files, given->text[TARGET], given->arena, err);
        ret->spec.part = data ? data->part : NULL;
    }
    if (!data || !rg_dataset_roles(data, &roles, given->arena, err))
        return false;
    ret->spec.stratify = data->task == RG_CLASSIFY && !ret->spec.time && !files[0];
    ret->data = data;
    return true;
}

static bool names_study(const rg_given *given)
{
    const char *what = given->n_arguments ? given->argument[0] : "";
    return rg_text_ends(what, ".yaml") || rg_text_ends(what, ".yml");
}

static bool arguments_fit(const rg_given *given, rg_err *err)
{
    bool study = names_study(given);
    if (!given->n_arguments && !given->flag[TRAIN])
        return rg_fail(err, RG_INPUT, NULL,
                       "usage: rigor audit DATA, or rigor audit STUDY.yaml",
                       "there is nothing to audit");
    if (!study && given->n_arguments > 1)
        return rg_fail(err, RG_INPUT, NULL, "audit one after the other",
                       "'%s' is one data set too many", given->argument[1]);
    for (int i = TARGET; study && i <= TEST; i++)
        if (given->flag[i] || given->n_list[i])
            return rg_fail(err, RG_INPUT, NULL,
                           "say it in the study file, or behind it: key=value",
                           "--%s does not go with a study: it says so itself", options[i].name);
    return true;
}

/* ---- The audit */

static json_t *audit_once(const rg_given *given, const subject *s, rg_err *err)
{
    rg_split split;
    const rg_audit_options o = {given->flag[QUICK], s->spec.seed};
    if (!rg_split_make(s->data, &s->spec, given->arena, &split, err))
        return NULL;
    return rg_audit(s->data, &split, &o, err);
}

static long long dangers(const json_t *audit)
{
    return (long long)json_integer_value(rg_json_path(audit, "counts.danger"));
}

static void deliver(const rg_given *given, const subject *s, const json_t *audit)
{
    if (given->flag[JSON])
        return;
    if (s->spec.folds)
        printf("%sfold %zu of %zu\n", s->spec.fold ? "\n" : "", s->spec.fold + 1,
               s->spec.folds);
    rg_audit_print(audit, rg_colour_wanted(STDOUT_FILENO), stdout);
}

/* A fold that cannot be cut is found before anything is said of the others. */
static bool folds_hold(subject *s, rg_err *err)
{
    bool good = true;
    for (s->spec.fold = 0; good && s->spec.fold < s->spec.folds; s->spec.fold++) {
        rg_arena *scratch = rg_arena_new();
        rg_split split;
        good = rg_split_make(s->data, &s->spec, scratch, &split, err);
        rg_arena_free(scratch);
    }
    return good;
}

/* One audit, or one for each fold; JSON is printed at the end. */
static bool audit_all(const rg_given *given, subject *s, long long *ret_dangers, rg_err *err)
{
    json_t *folds = json_array(), *audit = NULL;
    size_t n = s->spec.folds ? s->spec.folds : 1;
    for (s->spec.fold = 0; s->spec.fold < n; s->spec.fold++) {
        audit = audit_once(given, s, err);
        if (!audit)
            break;
        *ret_dangers += dangers(audit);
        deliver(given, s, audit);
        json_array_append_new(folds, audit);
    }
    if (audit && given->flag[JSON])
        rg_print_json(s->spec.folds ? json_incref(folds) : json_incref(audit));
    json_decref(folds);
    return audit != NULL;
}

static bool of_study(const rg_study *study, rg_arena *arena, subject *ret, rg_err *err)
{
    rg_split split;
    *ret = (subject){rg_study_data(study, arena, &split, err), study->split};
    return ret->data != NULL;
}

static int run(const rg_given *given, rg_err *err)
{
    subject s = {0};
    rg_study *study = NULL;
    long long found = 0;
    if (!arguments_fit(given, err))
        return rg_exit(err);
    if (names_study(given)) {
        study = rg_study_of_arguments(given, true, given->flag[JSON], err);
        if (!study)
            return RG_INPUT;
    }
    bool ok = study ? of_study(study, given->arena, &s, err) : load(given, &s, err);
    if (ok && folds_hold(&s, err) && audit_all(given, &s, &found, err) && found)
        rg_fail(err, RG_NO, s.data->name, "see what is said of each above",
                "%lld danger%s found", found, found == 1 ? "" : "s");
    rg_study_free(study);
    return rg_exit(err);
}

const rg_command rg_command_audit = {
    .name = "audit",
    .arguments = "[DATA | STUDY.yaml [KEY=VALUE ...]]",
    .summary = "what is wrong with a data set and its split",
    .text =
        "Looks for rows that stand in two parts, exactly or nearly; for a column that gives "
        "the "
        "target away; for identifiers, and for groups and times that a split cuts through; for "
        "columns without content, rare classes, parts that differ, and labels that look wrong. "
        "DATA is a file or a name of `rigor data`; a study is audited as it cuts its data. "
        "Findings are sorted by severity, each with rows to look at and a remedy. Exit 1 when "
        "there is a danger.\n\n"
        "  rigor audit digits\n"
        "  rigor audit patients.csv --target outcome --group patient\n"
        "  rigor audit --train train.csv --test test.csv --target label\n"
        "  rigor audit sales.csv --time date --folds 5",
    .options = options,
    .max_arguments = 64,
    .run = run,
};
