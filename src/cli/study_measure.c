/* study_measure.c - for what task and sizes a study's programs are built: its data are cut as
 * for its trainer, in a folder that is removed again. */
#include "cli/model_file.h"

bool study_measure(const rg_study *study, rg_arena *arena, rg_program_spec *ret, rg_err *err)
{
    rg_split split;
    json_t *info = NULL;
    rg_part train;
    char *dir = rg_dir_scratch(arena, "plan", err);
    const rg_dataset *data = dir ? rg_study_data(study, arena, &split, err) : NULL;
    bool ok = data &&
              rg_parts_write(data, &split, study->scale, dir,
                             rg_path_join(arena, dir, "labels.npz"), &info, err) &&
              rg_part_read(rg_path_join(arena, dir, "train.npz"), arena, &train, err);
    json_decref(info);
    if (dir)
        rg_dir_scratch_end(dir);
    if (ok)
        *ret = (rg_program_spec){.task = train.task,
                                 .classes = train.classes,
                                 .features = train.features,
                                 .rows = train.rows};
    return ok;
}
