/* file_unread.c - parameters that an arm's training does not read: setting them changes
 * nothing, and arms that differ in them alone are one. */
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

/* ---- Trainings within a space.  A word chooses what is done, and a number other than zero
 * switches on what zero switches off.  So numbers that are zero by default are set, all at
 * once, and every combination of words is tried: that finds what is read only where two
 * dimensions meet, as the momentum of one optimizer. */

typedef struct walk {
    const study_reader *reader;
    const rg_space *space;
    json_t *tried;  /* of each dimension a list of values */
    json_t *config; /* the configuration that is tried */
    json_t *unread; /* so far */
} walk;

/* More combinations are not tried: every parameter then counts as read. */
#define COMBINATIONS_MAX 256

/* An end of the range, not zero if there is one. */
static json_t *end_of(const rg_dim *dim)
{
    double end = dim->hi != 0 ? dim->hi : dim->lo;
    return dim->kind == RG_DIM_INT ? json_integer((json_int_t)end) : json_real(end);
}

/* Words, and one number that is not zero where `now` is. */
static void add_tried(json_t *tried, json_t *value, const json_t *now, bool *switched_on)
{
    bool number = json_is_number(value);
    if (number &&
        (*switched_on || json_number_value(value) == 0 || rg_json_number(now, 1) != 0))
        return;
    json_array_append(tried, value);
    *switched_on |= number;
}

/* The values of the dimension that may make a training read more; else the present one. */
static json_t *tried_of(const rg_dim *dim, json_t *now)
{
    json_t *ret = json_array(), *end = dim->n_choices ? NULL : end_of(dim);
    bool switched_on = false;
    if (rg_text_starts(dim->name, "train.")) {
        for (size_t i = 0; i < dim->n_choices; i++)
            add_tried(ret, dim->choices[i], now, &switched_on);
        if (end)
            add_tried(ret, end, now, &switched_on);
    }
    if (!json_array_size(ret))
        json_array_append(ret, now);
    json_decref(end);
    return ret;
}

/* The product of the dimensions from i on. */
static void walk_from(walk *w, size_t i)
{
    size_t k;
    json_t *value;
    if (i == w->space->count) {
        w->unread = still_unread(w->reader, w->unread, w->config);
        return;
    }
    json_array_foreach (json_array_get(w->tried, i), k, value) {
        rg_json_path_set(w->config, w->space->dim[i].name, json_incref(value));
        walk_from(w, i + 1);
    }
}

static json_t *unread_within(const study_reader *reader, const rg_arm *arm)
{
    walk w = {.reader = reader, .space = &arm->space, .tried = json_array()};
    size_t combinations = 1;
    w.config = json_deep_copy(arm->config);
    w.unread = still_unread(reader, NULL, arm->config);
    for (size_t i = 0; i < arm->space.count && combinations <= COMBINATIONS_MAX; i++) {
        const rg_dim *dim = &arm->space.dim[i];
        json_array_append_new(w.tried, tried_of(dim, rg_json_path(arm->config, dim->name)));
        combinations *= json_array_size(json_array_get(w.tried, i));
    }
    if (combinations > COMBINATIONS_MAX)
        json_array_clear(w.unread);
    else
        walk_from(&w, 0);
    json_decref(w.tried);
    json_decref(w.config);
    return w.unread;
}

void study_find_unread(study_reader *reader, const study_layer *layer, rg_arm *arm)
{
    if (!reader->catalog->unread || reader->diags->total) /* mistakes: there is no study */
        return;
    json_t *names = unread_within(reader, arm), *found = json_object(), *name;
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
