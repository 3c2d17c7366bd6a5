/* file_arms.c - base, arms and ablations: from what a file sets to complete configurations.
 *
 * A configuration is the catalog's defaults with layers over them: the base, then the arm's
 * changes, then the ablation's one change.  Where a layer names another model, parameters that
 * this model does not have fall away with the model that they were meant for. */
#include "lab/study/file.h"

#include <string.h>

#define ARMS_MAX 256

/* ---- Models. */

static size_t model_names(study_reader *reader, const char ***ret)
{
    size_t n = 0;
    while (reader->catalog->models[n].name)
        n++;
    *ret = RG_ARENA_ARRAY(reader->arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        (*ret)[i] = reader->catalog->models[i].name;
    return n;
}

/* Reports what is wrong with the file: it is opened once, however many arms name it. */
static const rg_catalog_model *open_own(study_reader *reader, const study_node *named,
                                        const char *file)
{
    rg_err err = {0};
    rg_catalog_file opened;
    rg_study *study = reader->study;
    const rg_catalog *catalog = reader->catalog;
    if (!catalog->open_file || reader->n_own == STUDY_OWN_MAX) {
        study_mistake(reader, named->mark, "name a model of `rigor models`",
                      catalog->open_file ? "more than %d models of your own"
                                         : "models of your own cannot be read here",
                      STUDY_OWN_MAX);
        return NULL;
    }
    if (!catalog->open_file(catalog->ctx, study->dir, file, reader->arena, &opened, &err)) {
        study_mistake(reader, named->mark, err.remedy, "model.file: %s%s%s", err.where,
                      *err.where ? ": " : "", err.what);
        return NULL;
    }
    if (!study->own_models)
        study->own_models = json_object();
    json_object_set_new(study->own_models, file, opened.record);
    rg_catalog_model *model = RG_ARENA_NEW(reader->arena, rg_catalog_model);
    *model = opened.model;
    return model;
}

static const rg_catalog_model *own_model(study_reader *reader, const study_node *named)
{
    const char *file = NULL;
    if (!study_text(reader, named, "model.file", &file))
        return NULL;
    for (size_t i = 0; i < reader->n_own; i++)
        if (strcmp(reader->own[i].file, file) == 0)
            return reader->own[i].model;
    const rg_catalog_model *model = open_own(reader, named, file);
    if (reader->n_own < STUDY_OWN_MAX) {
        reader->own[reader->n_own].file = file;
        reader->own[reader->n_own++].model = model;
    }
    return model;
}

static void find_model(study_reader *reader, study_layer *layer)
{
    const study_setting *named = study_setting_find(&layer->own, "model.name");
    const study_setting *own = study_setting_find(&layer->own, "model.file");
    if (own && !reader->catalog->open) {
        if (named)
            study_mistake(reader, named->key->mark, "keep one of the two",
                          "model.name and model.file name two models");
        layer->model = own_model(reader, own->value);
        layer->model_unknown = !layer->model;
        return;
    }
    if (!named || reader->catalog->open) {
        layer->model = layer->below ? layer->below->model : NULL;
        layer->model_unknown = layer->below && layer->below->model_unknown;
        return;
    }
    const char **names;
    size_t n = model_names(reader, &names);
    int at = study_choice(reader, named->value, "model.name", names, n);
    layer->model = at >= 0 ? &reader->catalog->models[at] : NULL;
    layer->model_unknown = at < 0;
}

/* ---- Checks of one layer: its names and values, against its own model. */

static bool any_model_has(const study_layer *layers, size_t n, const rg_catalog *catalog,
                          const char *path)
{
    for (size_t i = 0; i < n; i++)
        if (layers[i].model_unknown || study_param(catalog, layers[i].model, path))
            return true;
    return false;
}

/* A base without a model of its own may set whatever one of the arms' models has. */
static bool is_for_arms(study_reader *reader, const study_layer *layer,
                        const study_layer *layers, size_t n, const char *path)
{
    return !layer->below && !layer->model && any_model_has(layers, n, reader->catalog, path);
}

static bool names_model(const char *path)
{
    return strcmp(path, "model.name") == 0 || strcmp(path, "model.file") == 0;
}

static void check_layer(study_reader *reader, const study_layer *layer,
                        const study_layer *layers, size_t n)
{
    for (size_t i = 0; i < layer->own.len; i++) {
        const study_setting *s = &layer->own.at[i];
        const rg_param *param = study_param(reader->catalog, layer->model, s->path);
        bool unknowable = layer->model_unknown && rg_text_starts(s->path, "model.");
        if (param)
            json_decref(study_param_value(reader, param, s->path, s->value));
        else if ((reader->catalog->open || !names_model(s->path)) && !unknowable &&
                 !is_for_arms(reader, layer, layers, n, s->path))
            study_param_unknown(reader, s->key->mark, layer->model, s->path);
    }
}

/* ---- From layers to arms. */

static json_t *defaults(const rg_param *table)
{
    json_t *values = rg_param_defaults(table);
    for (; table && table->name; table++)
        json_object_set_new(values, table->name,
                            study_param_typed(table, json_object_get(values, table->name)));
    return values;
}

/* ---- Values that a lower layer sets for its own model, where a layer above names another. */

static bool is_foreign(const study_layer *layer, const study_layer *top, const char *path)
{
    return layer->model != top->model && rg_text_starts(path, "model.");
}

/* A layer above gives the setting another value. */
static bool is_covered(const study_layer *layer, const study_layer *top, const char *path)
{
    for (; top != layer; top = top->below)
        if (study_setting_find(&top->own, path))
            return true;
    return false;
}

/* What does not suit the layer's own model either was reported with that layer. */
static bool suits_own_model(study_reader *reader, const study_layer *layer, const char *path,
                            const json_t *value)
{
    const rg_param *param = study_param(reader->catalog, layer->model, path);
    return layer->model ? param && rg_param_check(param, value, NULL) : !layer->model_unknown;
}

/* Told to the layer that names the model. */
static void report_foreign(study_reader *reader, const study_layer *layer,
                           const study_layer *top, const rg_param *param, const char *path,
                           const json_t *value)
{
    while (top->below->model == top->model)
        top = top->below;
    const char *setter =
        layer->below ? rg_arena_printf(reader->arena, "'%s'", layer->name) : "the base";
    const char *remedy = rg_arena_printf(reader->arena, "%s %s%s as well",
                                         top->below->below ? "make it an arm that sets" : "set",
                                         path, top->below->below ? "" : " in the arm");
    char *given = rg_json_canonical(value);
    rg_str takes = {0};
    rg_param_describe(param, &takes);
    study_mistake(reader, top->mark, remedy,
                  "arm '%s': %s: the model %s takes %.400s, and %s sets %.80s", top->name, path,
                  top->model->name, rg_str_text(&takes), setter, given);
    rg_str_free(&takes);
    rg_free(given);
}

static json_t *foreign_value(study_reader *reader, const study_layer *layer,
                             const study_layer *top, const rg_param *param,
                             const study_setting *setting)
{
    if (is_covered(layer, top, setting->path))
        return NULL;
    json_t *given = study_node_json(setting->value), *typed = NULL;
    if (rg_param_check(param, given, NULL))
        typed = study_param_typed(param, given);
    else if (suits_own_model(reader, layer, setting->path, given))
        report_foreign(reader, layer, top, param, setting->path, given);
    json_decref(given);
    return typed;
}

/* Lays the layer, and what is below it, over the configuration of the top one.  Values that do
 * not fit are reported and left out. */
static void lay_over(study_reader *reader, const study_layer *layer, const study_layer *top,
                     json_t *config)
{
    if (layer->below)
        lay_over(reader, layer->below, top, config);
    for (size_t i = 0; i < layer->own.len; i++) {
        const study_setting *s = &layer->own.at[i];
        const rg_param *param = study_param(reader->catalog, top->model, s->path);
        json_t *value = NULL;
        if (param && is_foreign(layer, top, s->path))
            value = foreign_value(reader, layer, top, param, s);
        else if (param)
            value = study_param_value(reader, param, s->path, s->value);
        if (value)
            rg_json_path_set(config, s->path, value);
    }
}

static json_t *resolve_config(study_reader *reader, const study_layer *layer)
{
    if (reader->catalog->open) {
        json_t *config = json_object();
        lay_over(reader, layer, layer, config);
        return config;
    }
    json_t *model = layer->model ? defaults(layer->model->params) : json_object();
    if (layer->model)
        json_object_set_new(model, "name", json_string(layer->model->name));
    if (layer->model && layer->model->file) {
        json_object_set_new(model, "file", json_string(layer->model->file));
        json_object_set_new(model, "sha256", json_string(layer->model->sha256));
    }
    json_t *config = json_object();
    json_object_set_new(config, "model", model);
    json_object_set_new(config, "train", defaults(reader->catalog->train));
    lay_over(reader, layer, layer, config);
    return config;
}

static json_t *changes_of(const study_layer *layer, const json_t *config)
{
    json_t *changes = json_object();
    for (size_t i = 0; i < layer->own.len; i++) {
        const char *path = layer->own.at[i].path;
        json_t *value = rg_json_path(config, path);
        if (value)
            json_object_set(changes, path, value);
    }
    return changes;
}

static void resolve_arm(study_reader *reader, const study_layer *layer, rg_arm *arm)
{
    arm->name = layer->name;
    arm->ablation_of = layer->below->below ? layer->below->name : NULL;
    arm->config = study_keep_json(reader, resolve_config(reader, layer));
    arm->changes = study_keep_json(reader, changes_of(layer, arm->config));
}

/* ---- Reading the three sections. */

static bool is_taken(const study_layer *layers, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(layers[i].name, name) == 0)
            return true;
    return false;
}

/* Reads the entries of 'arms' or 'ablate' behind layers[n]; returns the new number. */
static size_t read_entries(study_reader *reader, const study_node *map, const char *section,
                           const study_layer *below, study_layer *layers, size_t n)
{
    if (!map || map->kind == STUDY_NULL)
        return n;
    reader->arms_unsure |= !study_is_map(reader, map, section);
    for (size_t i = 0; map->kind == STUDY_MAP && i < map->count && n < ARMS_MAX; i++) {
        study_layer *layer = &layers[n];
        if (!study_name(reader, map->key[i], "the name of an arm", &layer->name)) {
            reader->arms_unsure = true;
            continue;
        }
        layer->mark = map->key[i]->mark;
        layer->below = below;
        if (is_taken(layers, n, layer->name)) {
            study_mistake(reader, layer->mark, "give each arm and ablation a name of its own",
                          "there is an arm '%s' already", layer->name);
            continue;
        }
        const char *what = rg_arena_printf(reader->arena, "'%s.%s'",
                                           below->below ? "ablate" : "arms", layer->name);
        layer->own = study_settings_read(reader, map->item[i], what, false);
        find_model(reader, layer);
        n++;
    }
    return n;
}

static void check_ablation(study_reader *reader, const study_layer *layer, const study_node *as)
{
    if (layer->own.len == 1 || (layer->own.len == 0 && as && as->size > 1))
        return; /* the second: what it sets was reported already */
    study_mistake(reader, layer->mark,
                  layer->own.len ? "make it an arm, or split it into several ablations"
                                 : "name the factor that it takes away: {model.dropout: 0}",
                  "an ablation changes exactly one factor; '%s' changes %zu", layer->name,
                  layer->own.len);
}

/* The arm that ablations start from: 'full', or the first. */
static const study_layer *ablated(const study_layer *layers, size_t n_arms)
{
    for (size_t i = 0; i < n_arms; i++)
        if (strcmp(layers[i].name, "full") == 0)
            return &layers[i];
    return &layers[0];
}

static void check_models(study_reader *reader, const study_layer *base,
                         const study_layer *layers, size_t n)
{
    static const char remedy[] = "set base.model.name; `rigor models` lists what there is";
    size_t without = 0;
    if (reader->catalog->open) /* a program is not asked what it trains */
        return;
    for (size_t i = 0; i < n; i++)
        without += !layers[i].model && !layers[i].model_unknown;
    if (n && without == n) {
        study_mistake(reader, base->mark, remedy, "no arm names a model");
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (!layers[i].model && !layers[i].model_unknown)
            study_mistake(reader, layers[i].mark, remedy, "arm '%s' names no model",
                          layers[i].name);
}

static size_t entries(const study_node *map)
{
    return map && map->kind == STUDY_MAP ? map->count : 0;
}

static size_t read_layers(study_reader *reader, study_layer *base, study_layer *layers)
{
    base->own = study_settings_read(reader, reader->base, "'base'", false);
    base->mark = reader->base ? reader->base->mark : reader->root->mark;
    find_model(reader, base);
    size_t n_arms = read_entries(reader, reader->arms, "'arms'", base, layers, 0);
    if (n_arms == 0) { /* a study of one arm: the base itself */
        layers[0] = (study_layer){.name = "full", .mark = base->mark, .below = base};
        find_model(reader, &layers[0]);
        n_arms = 1;
    }
    const study_layer *full = ablated(layers, n_arms);
    size_t n = read_entries(reader, reader->ablate, "'ablate'", full, layers, n_arms);
    for (size_t i = n_arms; i < n; i++)
        check_ablation(reader, &layers[i], study_get(reader->ablate, layers[i].name));
    return n;
}

void study_read_arms(study_reader *reader)
{
    rg_arena *arena = reader->arena;
    size_t room = entries(reader->arms) + entries(reader->ablate) + 1;
    study_layer base = {.name = "base"};
    study_layer *layers = RG_ARENA_ARRAY(arena, study_layer, room);
    size_t n = read_layers(reader, &base, layers);
    reader->layers = layers;
    reader->n_layers = n;
    if (room > ARMS_MAX)
        study_mistake(reader, reader->root->mark, "ask a smaller question",
                      "more than %d arms and ablations", ARMS_MAX - 1);
    check_models(reader, &base, layers, n);
    check_layer(reader, &base, layers, n);
    for (size_t i = 0; i < n; i++)
        check_layer(reader, &layers[i], layers, n);

    study_dims dims = study_space_read(reader, reader->space, layers, n);
    reader->study->arms = RG_ARENA_ARRAY(arena, rg_arm, n);
    reader->study->n_arms = n;
    for (size_t i = 0; i < n; i++) {
        resolve_arm(reader, &layers[i], &reader->study->arms[i]);
        study_space_cut(reader, &dims, &layers[i], &reader->study->arms[i]);
        study_check_task(reader, &dims, &layers[i], &reader->study->arms[i]);
        study_find_unread(reader, &layers[i], &reader->study->arms[i]);
    }
    study_space_unused(reader, &dims);
}
