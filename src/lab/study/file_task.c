/* file_task.c - values that do not fit the study's task, which its metric tells: a loss of
 * classes in a regression.  Left to the trainer, they would fail one trial after the other. */
#include "lab/study/file.h"

#include <string.h>

/* A metric of rankings is of both tasks: then one that fits is enough. */
static bool fits(const study_reader *reader, const json_t *config, rg_err *ret_err)
{
    for (rg_task task = RG_CLASSIFY; task <= RG_REGRESS; task++) {
        if (!rg_metric_fits(reader->metric, task))
            continue;
        *ret_err = (rg_err){0};
        if (reader->catalog->fits(config, task, ret_err))
            return true;
    }
    return false;
}

static study_mark mark_of(const study_layer *layer, const char *path)
{
    study_mark mark = layer->mark;
    const study_setting *found = NULL;
    for (; layer && !found; layer = layer->below)
        found = study_setting_find(&layer->own, path);
    return found ? found->value->mark : mark;
}

static void check_choices(study_reader *reader, const rg_arm *arm, const study_dim *dim)
{
    json_t *config = json_deep_copy(arm->config);
    rg_err err;
    for (size_t i = 0; i < dim->dim.n_choices; i++) {
        rg_json_path_set(config, dim->dim.name, json_incref(dim->dim.choices[i]));
        if (!fits(reader, config, &err) && strcmp(err.where, dim->dim.name) == 0)
            study_mistake(reader, dim->key->mark, err.remedy, "%s: %s", err.where, err.what);
    }
    json_decref(config);
}

void study_check_task(study_reader *reader, const study_dims *dims, const study_layer *layer,
                      const rg_arm *arm)
{
    rg_err err;
    if (!reader->catalog->fits || !reader->metric)
        return;
    if (!fits(reader, arm->config, &err) && study_space_index(&arm->space, err.where) < 0)
        study_mistake(reader, mark_of(layer, err.where), err.remedy, "%s: %s", err.where,
                      err.what);
    for (size_t i = 0; i < dims->len; i++)
        if (study_space_index(&arm->space, dims->at[i].dim.name) >= 0)
            check_choices(reader, arm, &dims->at[i]);
}
