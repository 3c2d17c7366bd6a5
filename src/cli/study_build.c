/* study_build.c - whether the programs of a study's arms can be built for its data: found out
 * before anything trains, and before anything is written. */
#include "cli/model_file.h"

#include <stdlib.h>
#include <string.h>

/* The data are cut as for the trainer, in a folder that is removed again. */
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

typedef struct attempt {
    const rg_study *study;
    const rg_arm *arm;
    const rg_program_spec *sizes;
    rg_arena *arena;
} attempt;

/* with: what of the space is set, in words. */
static bool try_config(const attempt *a, const json_t *config, const char *with, rg_err *err)
{
    rg_err found = {0};
    return model_try(a->study->own_models, config, a->sizes, a->arena, &found) ||
           rg_fail(err, found.code, found.where, found.remedy, "arm '%s'%s: %s", a->arm->name,
                   with, found.what);
}

/* The dimension at one of its values, and those that it depends on so that it counts. */
static bool try_value(const attempt *a, size_t dim, double value, rg_err *err)
{
    const rg_space *space = &a->arm->space;
    double *point = RG_ARENA_ARRAY(a->arena, double, space->count);
    memcpy(point, a->arm->first, space->count * sizeof(*point));
    point[dim] = value;
    for (size_t d = dim; space->dim[d].when >= 0; d = (size_t)space->dim[d].when)
        point[space->dim[d].when] = space->dim[d].when_values[0];
    json_t *config = rg_arm_config(a->arm, point);
    const char *name = space->dim[dim].name;
    char *text = json_dumps(rg_json_path(config, name), JSON_ENCODE_ANY | JSON_COMPACT);
    bool ok =
        try_config(a, config, rg_arena_printf(a->arena, " with %s = %s", name, text), err);
    free(text);
    json_decref(config);
    return ok;
}

/* What shapes a program is a choice or a whole number: all choices and both ends are tried, one
 * dimension at a time. */
static bool try_space(const attempt *a, rg_err *err)
{
    bool ok = true;
    for (size_t d = 0; ok && d < a->arm->space.count; d++) {
        const rg_dim *dim = &a->arm->space.dim[d];
        for (size_t k = 0; ok && k < dim->n_choices; k++)
            ok = try_value(a, d, (double)k, err);
        if (ok && dim->kind == RG_DIM_INT)
            ok = try_value(a, d, dim->lo, err) && try_value(a, d, dim->hi, err);
    }
    return ok;
}

bool study_try(const rg_study *study, rg_arena *arena, rg_err *err)
{
    rg_program_spec sizes;
    if (study->trainer)
        return true;
    bool ok = study_measure(study, arena, &sizes, err);
    for (size_t i = 0; ok && i < study->n_arms; i++) {
        const attempt a = {study, &study->arms[i], &sizes, arena};
        ok = try_config(&a, a.arm->config, "", err) && try_space(&a, err);
    }
    return ok;
}
