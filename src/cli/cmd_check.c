/* cmd_check.c - reads a study and says what it would do and whether it can answer its question.
 */
#include "cli/command.h"

#include <stdio.h>

enum { JSON, EXPLORATORY };
static const rg_option options[] = {
    [JSON] = RG_OPTION_JSON,
    [EXPLORATORY] = {"exploratory", 0, RG_OPTION_FLAG, NULL, "allow fewer than 5 seeds"},
    {0},
};

/* Loading and cutting the data finds what the file alone cannot show. */
static bool try_data(const rg_study *study, rg_arena *arena, json_t *plan, rg_err *err)
{
    rg_split split;
    rg_dataset *data = rg_dataset_load(study->data, study->data_target, study->dir, arena, err);
    if (!data || !rg_split_make(data, &study->split, arena, &split, err))
        return false;
    json_object_set_new(plan, "data",
                        json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:s}", "name", study->data,
                                  "rows", (json_int_t)data->rows, "features",
                                  (json_int_t)data->features, "train",
                                  (json_int_t)split.n_train, "val", (json_int_t)split.n_val,
                                  "test", (json_int_t)split.n_test, "hash", data->hash));
    return true;
}

static int run(const rg_given *given, rg_err *err)
{
    rg_study *study =
        rg_study_of_arguments(given, given->flag[EXPLORATORY], given->flag[JSON], err);
    if (!study)
        return RG_INPUT;
    json_t *plan = rg_study_plan(study);
    int code = RG_INPUT;
    if (try_data(study, given->arena, plan, err)) {
        code = json_array_size(json_object_get(plan, "unanswerable")) ? RG_NO : RG_OK;
        if (given->flag[JSON])
            rg_print_json(json_incref(plan));
        else
            rg_plan_print(study, plan, stdout);
    }
    if (code == RG_NO)
        rg_fail(err, RG_NO, given->argument[0],
                "change the arms or claims that are named above",
                "the study cannot answer its question");
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
        "  rigor check examples/digits.yaml",
    .rank = 2,
    .options = options,
    .min_arguments = 1,
    .max_arguments = 64,
    .run = run,
};
