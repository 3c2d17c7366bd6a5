/* study_data.c - from a study to its data set, cut. */
#include "rigor/study.h"

rg_dataset *rg_study_dataset(const rg_study *study, rg_arena *arena, rg_err *err)
{
    const rg_split_spec *split = &study->split;
    const rg_roles roles = {split->group, split->time, study->data_group, split->keep};
    rg_dataset *data = rg_dataset_load(study->data, study->data_target, study->dir, arena, err);
    return data && rg_dataset_roles(data, &roles, arena, err) ? data : NULL;
}

bool rg_study_cut(const rg_study *study, const rg_dataset *data, size_t fold, rg_arena *arena,
                  rg_split *ret, rg_err *err)
{
    rg_split_spec spec = study->split;
    spec.fold = fold ? fold - 1 : 0;
    return rg_split_make(data, &spec, arena, ret, err);
}

rg_dataset *rg_study_data(const rg_study *study, rg_arena *arena, rg_split *ret_split,
                          rg_err *err)
{
    rg_dataset *data = rg_study_dataset(study, arena, err);
    return data && rg_study_cut(study, data, 0, arena, ret_split, err) ? data : NULL;
}
