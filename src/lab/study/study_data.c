/* study_data.c - from a study to its data set, cut. */
#include "rigor/study.h"

rg_dataset *rg_study_data(const rg_study *study, rg_arena *arena, rg_split *ret_split,
                          rg_err *err)
{
    const rg_split_spec *split = &study->split;
    const rg_roles roles = {split->group, split->time, study->data_group, split->keep};
    rg_dataset *data = rg_dataset_load(study->data, study->data_target, study->dir, arena, err);
    bool good = data && rg_dataset_roles(data, &roles, arena, err) &&
                rg_split_make(data, split, arena, ret_split, err);
    return good ? data : NULL;
}
