/* file.c - a study file from text to rg_study; read this one first.
 *
 * rg_study_parse is the table of contents: nodes, overrides, sections, arms, claims, record.
 * The other files of the reader are listed in file.h. */
#include "lab/study/file.h"

#include <stdio.h>
#include <string.h>

/* ---- The top level. */

static void read_study_name(study_reader *reader, const study_node *node)
{
    if (!node)
        study_mistake(reader, reader->root->mark, "add study: my-study",
                      "the study has no name");
    study_name(reader, node, "the name of the study", &reader->study->name);
}

static void read_question(study_reader *reader, const study_node *node)
{
    reader->study->question = "";
    study_text(reader, node, "'question'", &reader->study->question);
}

static void keep_base(study_reader *reader, const study_node *node)
{
    reader->base = node;
}

static void keep_arms(study_reader *reader, const study_node *node)
{
    reader->arms = node;
}

static void keep_ablate(study_reader *reader, const study_node *node)
{
    reader->ablate = node;
}

static void keep_claims(study_reader *reader, const study_node *node)
{
    reader->claims = node;
}

static void keep_explore(study_reader *reader, const study_node *node)
{
    reader->explore = node;
}

/* In the order in which they depend on each other: a trainer may bring data and metrics of its
 * own, the metric's task decides how the data are cut, the study's seed decides the others. */
static const study_field fields[] = {
    {"study", read_study_name},
    {"question", read_question},
    {"trainer", study_read_trainer},
    {"data", study_read_data},
    {"metric", study_read_metric},
    {"also", study_read_also},
    {"base", keep_base},
    {"arms", keep_arms},
    {"ablate", keep_ablate},
    {"tune", study_read_tune},
    {"seed", study_read_seed},
    {"seeds", study_read_seeds},
    {"claims", keep_claims},
    {"explore", keep_explore},
    {"analysis", study_read_analysis},
};

/* ---- Reading. */

static const char *folder_of(rg_arena *arena, const char *path)
{
    size_t len = (size_t)(rg_path_base(path) - path);
    if (len == 0)
        return ".";
    return rg_arena_strndup(arena, path, len > 1 ? len - 1 : 1);
}

static rg_study *study_new(const char *text, size_t len, const char *path, bool exploratory)
{
    rg_arena *arena = rg_arena_new();
    rg_study *study = RG_ARENA_NEW(arena, rg_study);
    study->arena = arena;
    study->path = rg_arena_strdup(arena, path);
    study->dir = folder_of(arena, study->path);
    study->text = rg_arena_strndup(arena, text ? text : "", len);
    study->exploratory = exploratory;
    return study;
}

static void read_sections(study_reader *reader)
{
    study_fields(reader, reader->root, "the study", fields, RG_COUNT(fields));
    study_open_catalog(reader);
    study_read_arms(reader);
    study_check_slots(reader);
    study_check_folds(reader);
    study_read_claims(reader);
}

static void read_study(study_reader *reader, size_t len, size_t n_overrides)
{
    size_t before = reader->diags->total;
    study_node *root = study_yaml(reader, reader->study->text, len, 0);
    if (!root && reader->diags->total == before)
        study_mistake(reader, (study_mark){1, 1, 0}, "docs/study.md shows a complete study",
                      "the file holds no study: it is empty");
    if (!root)
        return;
    if (root->kind != STUDY_MAP) {
        study_mistake(reader, root->mark, "docs/study.md shows a complete study",
                      "a study file must be a map of names to values, not %s",
                      study_describe(reader, root));
        return;
    }
    for (size_t i = 0; i < n_overrides; i++)
        study_override(reader, &root, (int)i + 1, reader->overrides[i]);
    reader->root = root;
    read_sections(reader);
}

static rg_study *load(const char *text, size_t len, study_reader reader, const char *path,
                      size_t n_overrides, bool exploratory)
{
    rg_diags *diags = reader.diags;
    size_t before = diags->total;
    rg_study *study = study_new(text, len, path, exploratory);
    reader.study = study;
    reader.arena = study->arena;
    if (!diags->file)
        diags->file = rg_arena_strdup(diags->arena, path);
    read_study(&reader, len, n_overrides);
    if (diags->total == before) {
        study_record(study);
        return study;
    }
    rg_diags_sort(diags);
    rg_study_free(study);
    return NULL;
}

rg_study *rg_study_parse(const char *text, size_t len, const char *path,
                         const char *const *overrides, size_t n_overrides, bool exploratory,
                         const rg_catalog *catalog, rg_diags *diags)
{
    study_reader reader = {.catalog = catalog, .diags = diags, .overrides = overrides};
    return load(text, len, reader, path, n_overrides, exploratory);
}

rg_study *rg_study_read(const char *path, const char *const *overrides, size_t n_overrides,
                        bool exploratory, const rg_catalog *catalog, rg_diags *diags)
{
    study_reader reader = {
        .catalog = catalog, .diags = diags, .overrides = overrides, .files = true};
    char *text;
    size_t len;
    rg_err err = {0};
    if (!rg_file_read(path, STUDY_FILE_MAX, &text, &len, &err)) {
        if (!diags->file)
            diags->file = rg_arena_strdup(diags->arena, path);
        rg_diags_add(diags, 1, 1, err.remedy, "%s", err.what);
        return NULL;
    }
    rg_study *study = load(text, len, reader, path, n_overrides, exploratory);
    rg_free(text);
    return study;
}

void rg_study_free(rg_study *study)
{
    if (!study)
        return;
    json_decref(study->resolved);
    json_decref(study->own_models);
    rg_arena_free(study->arena);
}

bool rg_study_is_sequential(const rg_study *study)
{
    return study->seeds_min < study->n_seeds;
}

bool rg_study_is_self_reported(const rg_study *study)
{
    return study->trainer && (!study->data || !study->metric_known);
}

size_t rg_study_family(const rg_study *study)
{
    size_t declared = study->n_claims - study->n_explored;
    return declared ? declared : study->n_claims;
}

/* ---- The configuration of a trial. */

/* Whole values of a number parameter stay reals, so that a point and a file that say the same
 * give the same configuration. */
static void keep_types(json_t *config, const json_t *defaults)
{
    const char *key;
    json_t *value;
    json_object_foreach (config, key, value) {
        const json_t *fallback = json_object_get(defaults, key);
        if (json_is_object(value))
            keep_types(value, fallback);
        else if (json_is_integer(value) && json_is_real(fallback))
            json_object_set_new(config, key, json_real((double)json_integer_value(value)));
    }
}

const rg_arm *rg_study_arm(const rg_study *study, const char *name, rg_err *err)
{
    const char *names[256] = {NULL};
    size_t n = 0;
    for (size_t i = 0; i < study->n_arms; i++) {
        if (!strcmp(study->arms[i].name, name))
            return &study->arms[i];
        if (n < RG_COUNT(names))
            names[n++] = study->arms[i].name;
    }
    const char *near = rg_text_nearest(name, names, n);
    rg_str remedy = {.max = 400};
    if (near)
        rg_str_printf(&remedy, "did you mean %s? ", near);
    for (size_t i = 0; i < n; i++)
        rg_str_printf(&remedy, "%s%s", i ? ", " : "its arms are ", names[i]);
    rg_fail(err, RG_INPUT, study->path, rg_str_text(&remedy), "the study has no arm '%s'",
            name);
    rg_str_free(&remedy);
    return NULL;
}

json_t *rg_arm_config(const rg_arm *arm, const double *point)
{
    json_t *config = json_deep_copy(arm->config), *values = rg_space_json(&arm->space, point);
    rg_json_merge(config, values);
    json_decref(values);
    keep_types(config, arm->config);
    return config;
}
