/* file_settings.c - configurations as written: nested maps or dotted keys, checked against the
 * catalog's parameter tables. */
#include "lab/study/file.h"

#include <math.h>
#include <string.h>

#define SETTINGS_MAX 1000

/* ---- Names. */

const rg_param *study_param(const rg_catalog *catalog, const rg_catalog_model *model,
                            const char *path)
{
    if (catalog->open)
        return rg_param_find(catalog->open, path);
    if (rg_text_starts(path, "train."))
        return rg_param_find(catalog->train, path + strlen("train."));
    if (model && rg_text_starts(path, "model."))
        return rg_param_find(model->params, path + strlen("model."));
    return NULL;
}

typedef RG_VEC(const char *) name_vec;

static bool has_name(const name_vec *names, const char *name)
{
    for (size_t i = 0; i < names->len; i++)
        if (strcmp(names->at[i], name) == 0)
            return true;
    return false;
}

/* Two models may have a parameter of one name. */
static void add_names(rg_arena *arena, name_vec *names, const char *part, const rg_param *table)
{
    for (; table && table->name; table++) {
        const char *name = rg_arena_printf(arena, "%s.%s", part, table->name);
        if (!has_name(names, name))
            rg_vec_push(names, name);
    }
}

/* Of the model, else of the arms' models, else, before those are known, of all. */
static name_vec known_names(study_reader *reader, const rg_catalog_model *model)
{
    name_vec names = {0};
    rg_vec_push(&names, "model.name");
    if (reader->catalog->open_file)
        rg_vec_push(&names, "model.file");
    if (model)
        add_names(reader->arena, &names, "model", model->params);
    for (size_t i = 0; !model && i < reader->n_layers; i++)
        if (reader->layers[i].model)
            add_names(reader->arena, &names, "model", reader->layers[i].model->params);
    for (const rg_catalog_model *m = reader->catalog->models; !reader->n_layers && m->name; m++)
        add_names(reader->arena, &names, "model", m->params);
    add_names(reader->arena, &names, "train", reader->catalog->train);
    return names;
}

static const char *last_name(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

/* A parameter of the same last name in the other part ("dropout" or "train.dropout" for
 * "model.dropout"); NULL when there is none. */
static const char *same_last_name(const char *path, const name_vec *names)
{
    for (size_t i = 0; i < names->len; i++)
        if (strcmp(last_name(names->at[i]), last_name(path)) == 0)
            return names->at[i];
    return NULL;
}

/* Last names are compared: with its part before it, any name is near to any other. */
static const char *nearest_path(const char *path, const name_vec *names)
{
    name_vec last = {0};
    for (size_t i = 0; i < names->len; i++)
        rg_vec_push(&last, last_name(names->at[i]));
    const char *near = rg_text_nearest(last_name(path), last.at, last.len), *ret = NULL;
    for (size_t i = 0; near && !ret && i < last.len; i++)
        ret = last.at[i] == near ? names->at[i] : NULL;
    rg_vec_free(&last);
    return ret;
}

static bool in_part(const char *path)
{
    return rg_text_starts(path, "model.") || rg_text_starts(path, "train.");
}

static const char *suggest_path(study_reader *reader, const char *path, const name_vec *names)
{
    name_vec near = {0};
    bool part = in_part(path);
    if (!part) {
        rg_vec_push(&near, "model");
        rg_vec_push(&near, "train");
    }
    for (size_t i = 0; i < names->len; i++)
        if (!part || strncmp(path, names->at[i], strlen("model.")) == 0)
            rg_vec_push(&near, names->at[i]);
    const char *meant = same_last_name(path, names);
    meant = meant ? meant : nearest_path(path, &near);
    const char *ret = meant ? rg_arena_printf(reader->arena, "did you mean '%s'?", meant)
                            : study_known_here(reader, near.at, part ? near.len : 2);
    rg_vec_free(&near);
    return ret;
}

/* The first model of the catalog that has the parameter, for a hint. */
static const char *model_with(const rg_catalog *catalog, const char *path)
{
    for (const rg_catalog_model *m = catalog->models; m->name; m++)
        if (rg_text_starts(path, "model.") && study_param(catalog, m, path))
            return m->name;
    return NULL;
}

/* Of a program with names of its own. */
static void unknown_name(study_reader *reader, study_mark mark, const char *path)
{
    name_vec names = {0};
    for (const rg_param *p = reader->catalog->open; p->name; p++)
        rg_vec_push(&names, p->name);
    const char *near = rg_text_nearest(path, names.at, names.len);
    study_mistake(reader, mark,
                  near ? rg_arena_printf(reader->arena, "did you mean '%s'?", near)
                       : "give it a value in the base, so that every arm has one",
                  "neither the base nor the trainer's command knows '%s'",
                  study_clip(reader, path));
    rg_vec_free(&names);
}

void study_param_unknown(study_reader *reader, study_mark mark, const rg_catalog_model *model,
                         const char *path)
{
    const rg_catalog *catalog = reader->catalog;
    if (catalog->open) {
        unknown_name(reader, mark, path);
        return;
    }
    name_vec names = known_names(reader, model);
    const char *remedy = suggest_path(reader, path, &names);
    const char *shown = study_clip(reader, path), *owner = model_with(catalog, path);
    if (owner)
        study_mistake(reader, mark, rg_arena_printf(reader->arena, "model '%s' has it", owner),
                      "%s parameter '%s'",
                      model ? rg_arena_printf(reader->arena, "model '%s' has no", model->name)
                            : "no arm's model has the",
                      shown);
    else
        study_mistake(reader, mark, remedy, "there is no parameter '%s'", shown);
    rg_vec_free(&names);
}

/* ---- Flattening. */

static bool is_part(const char *path)
{
    return strcmp(path, "model") == 0 || strcmp(path, "train") == 0;
}

static bool is_setting(const char *path)
{
    return in_part(path) && path[strlen("model.")] && !strchr(path + strlen("model."), '.');
}

const study_setting *study_setting_find(const study_settings *settings, const char *path)
{
    for (size_t i = 0; i < settings->len; i++)
        if (strcmp(settings->at[i].path, path) == 0)
            return &settings->at[i];
    return NULL;
}

static void add(study_reader *reader, study_settings *settings, const char *path,
                const study_node *key, const study_node *value)
{
    const study_setting *first = study_setting_find(settings, path);
    if (settings->len == SETTINGS_MAX)
        study_mistake(reader, settings->at[0].key->mark, "", "more than %d settings here",
                      SETTINGS_MAX);
    else if (first)
        study_mistake(reader, key->mark, "keep one of the two",
                      "'%s' is given twice; the first is on line %d", path,
                      first->key->mark.line);
    else
        settings->at[settings->len++] = (study_setting){path, key, value};
}

/* Whether a program could be told the name: as {name} in its command, as a key of its JSON. */
static bool is_free_name(const char *path)
{
    static const char rest[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    return strspn(path, rest) == strlen(path) && !strchr("0123456789.-", *path);
}

static void flatten_free(study_reader *reader, study_settings *settings, const char *part,
                         const study_node *map, bool ranges)
{
    for (size_t i = 0; i < map->count; i++) {
        const study_node *key = map->key[i], *value = map->item[i];
        const char *path =
            part ? rg_arena_printf(reader->arena, "%s.%s", part, key->text) : key->text;
        if (value->kind == STUDY_MAP && !ranges)
            flatten_free(reader, settings, path, value, ranges);
        else if (is_free_name(path))
            add(reader, settings, path, key, value);
        else
            study_mistake(reader, key->mark, "use letters, digits and _",
                          "a program cannot be told the name '%s'", study_clip(reader, path));
    }
}

static void flatten(study_reader *reader, study_settings *settings, const char *part,
                    const study_node *map)
{
    for (size_t i = 0; i < map->count; i++) {
        const study_node *key = map->key[i], *value = map->item[i];
        const char *path =
            part ? rg_arena_printf(reader->arena, "%s.%s", part, key->text) : key->text;
        if (is_part(path) && value->kind == STUDY_MAP)
            flatten(reader, settings, path, value);
        else if (is_setting(path))
            add(reader, settings, path, key, value);
        else if (is_part(path))
            study_mistake(reader, value->mark,
                          rg_arena_printf(reader->arena, "write %s: {name: value}", path),
                          "'%s' must be a map of names to values, not %s", path,
                          study_describe(reader, value));
        else
            study_param_unknown(reader, key->mark, NULL, path);
    }
}

study_settings study_settings_read(study_reader *reader, const study_node *map,
                                   const char *what, bool ranges)
{
    study_settings settings = {0};
    if (!map || map->kind == STUDY_NULL || !study_is_map(reader, map, what))
        return settings;
    settings.at = RG_ARENA_ARRAY(reader->arena, study_setting, map->size);
    if (reader->catalog->open)
        flatten_free(reader, &settings, NULL, map, ranges);
    else
        flatten(reader, &settings, NULL, map);
    return settings;
}

/* ---- Values. */

static json_t *as_whole(const json_t *value)
{
    double number = json_number_value(value);
    bool whole = json_is_real(value) && number == floor(number) && fabs(number) < 0x1p53;
    return whole ? json_integer((json_int_t)number) : json_deep_copy(value);
}

static json_t *as_wholes(const json_t *list)
{
    json_t *typed = json_array();
    for (size_t i = 0; i < json_array_size(list); i++)
        json_array_append_new(typed, as_whole(json_array_get(list, i)));
    return typed;
}

json_t *study_param_typed(const rg_param *param, const json_t *value)
{
    if (param->kind == RG_PARAM_NUMBER && json_is_integer(value))
        return json_real((double)json_integer_value(value));
    if (param->kind == RG_PARAM_INT)
        return as_whole(value);
    if (param->kind == RG_PARAM_INTS && json_is_array(value))
        return as_wholes(value);
    return json_deep_copy(value);
}

json_t *study_param_value(study_reader *reader, const rg_param *param, const char *path,
                          const study_node *value)
{
    if (value->kind == STUDY_REAL && !isfinite(value->number)) {
        study_mistake(reader, value->mark, "", "%s must be finite, not %s", path, value->text);
        return NULL;
    }
    rg_err err = {0};
    json_t *given = study_node_json(value), *typed = NULL;
    if (rg_param_check(param, given, &err))
        typed = study_param_typed(param, given);
    else
        study_mistake(reader, value->mark, err.remedy, "%.6s%s", path, err.what);
    json_decref(given);
    return typed;
}
