/* file_unread.c - parameters that an arm's training does not read: setting them changes nothing, and
 * arms that differ in them alone are one. */
#include "lab/study/file.h"

#include <string.h>

static bool is_set(const study_layer *layer, const char *path)
{
    for (; layer; layer = layer->below)
        if (study_setting_find(&layer->own, path))
            return true;
    return false;
}

static bool lists(const json_t *names, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach (names, i, item)
        if (strcmp(json_string_value(item), name) == 0)
            return true;
    return false;
}

/* Takes out of `unread` what a training by the configuration reads; NULL stands for all. */
static json_t *still_unread(const study_reader *reader, json_t *unread, const json_t *config)
{
    for (rg_task task = RG_CLASSIFY; task <= RG_REGRESS; task++) {
        if (reader->metric && !rg_metric_fits(reader->metric, task))
            continue;
        json_t *now = reader->catalog->unread(config, task);
        for (size_t i = json_array_size(unread); i-- > 0;)
            if (!lists(now, json_string_value(json_array_get(unread, i))))
                json_array_remove(unread, i);
        if (!unread)
            unread = json_incref(now);
        json_decref(now);
    }
    return unread;
}

/* Whether another value of the dimension may make a training read more: a word chooses what is
 * done, and zero switches off. */
static bool decides(const json_t *value, const json_t *default_value)
{
    return !json_is_number(value) || rg_json_number(default_value, 1) == 0;
}

/* The configuration with one dimension's choices, or its largest number, one after the other. */
static json_t *unread_along(const study_reader *reader, json_t *unread, const json_t *config,
                            const rg_dim *dim)
{
    size_t n = dim->n_choices ? dim->n_choices : 1;
    for (size_t i = 0; i < n; i++) {
        json_t *value = dim->n_choices ? json_incref(dim->choices[i]) : json_real(dim->hi);
        json_t *other = json_deep_copy(config);
        bool tried = decides(value, rg_json_path(config, dim->name));
        rg_json_path_set(other, dim->name, value);
        if (tried)
            unread = still_unread(reader, unread, other);
        json_decref(other);
    }
    return unread;
}

void study_find_unread(study_reader *reader, const study_layer *layer, rg_arm *arm)
{
    if (!reader->catalog->unread || reader->diags->total) /* mistakes: there is no study */
        return;
    json_t *names = still_unread(reader, NULL, arm->config), *found = json_object(), *name;
    for (size_t i = 0; i < arm->space.count; i++)
        if (rg_text_starts(arm->space.dim[i].name, "train."))
            names = unread_along(reader, names, arm->config, &arm->space.dim[i]);
    size_t i;
    json_array_foreach (names, i, name) {
        const rg_param *param = rg_param_find(reader->catalog->train, json_string_value(name));
        const char *path = rg_arena_printf(reader->arena, "train.%s", json_string_value(name));
        bool given = is_set(layer, path) || study_space_index(&arm->space, path) >= 0;
        json_object_set_new(found, path,
                            given ? json_string(param->help ? param->help : "") : json_null());
    }
    json_decref(names);
    arm->unread = study_keep_json(reader, found);
}
