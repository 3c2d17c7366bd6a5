/* shared.c - what several commands need: the catalog of the native trainer, study folders. */
#include "cli/command.h"
#include "cli/model_file.h"

#include "data/registry.h"
#include "rigor/data.h"
#include "rigor/model.h"
#include "rigor/protocol.h"
#include "rigor/train.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODELS_MAX 256

/* The lab does not know the engine: here the engine's tables are handed over as data. */
const rg_catalog *rg_catalog_native(void)
{
    static rg_catalog_model models[MODELS_MAX + 1];
    static const rg_catalog catalog = {.models = models,
                                       .train = rg_train_params,
                                       .open_file = model_file_open,
                                       .unread = rg_train_unread,
                                       .fits = rg_train_fits};
    for (size_t i = 0; rg_models[i] && i < MODELS_MAX; i++)
        models[i] = (rg_catalog_model){.name = rg_models[i]->name,
                                       .help = rg_models[i]->title,
                                       .params = rg_models[i]->params};
    return &catalog;
}

const char *rg_studies_dir(void)
{
    const char *dir = getenv("RIGOR_STUDIES");
    return dir && *dir ? dir : "studies";
}

/* The examples lie beside the data that ship, in the source tree as below share/. */
const char *rg_example_path(const char *name, rg_arena *arena)
{
    const char *here = rg_path_join(arena, "examples", name);
    rg_err none = {0};
    const char *data = rg_data_source_path(&rg_data_sources[0], arena, &none);
    if (rg_file_exists(here) || !data)
        return here;
    char *folder = rg_arena_printf(arena, "%.*s", (int)(rg_path_base(data) - data - 1), data);
    return rg_arena_printf(arena, "%.*sexamples/%s", (int)(rg_path_base(folder) - folder),
                           folder, name);
}

/* The libraries of the study's own models behind words[n]. */
static bool add_libraries(const rg_study *study, rg_arena *arena, const char **words, size_t n,
                          rg_err *err)
{
    const char *file;
    json_t *record;
    json_object_foreach (study->own_models, file, record) {
        const char *source = rg_json_text(record, "source", "");
        words[n] = model_compile(source, strlen(source), file, arena, err);
        if (!words[n++])
            return false;
    }
    return true;
}

bool rg_worker_command(const rg_study *study, rg_arena *arena, const char *const **ret,
                       rg_err *err)
{
    char self[4096] = "";
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) <= 0)
        return rg_fail(err, RG_INTERNAL, "/proc/self/exe", "mount /proc", "cannot be read");
    const char **words =
        RG_ARENA_ARRAY(arena, const char *, 3 + json_object_size(study->own_models));
    words[0] = rg_arena_strdup(arena, self);
    words[1] = study->trainer ? "launch" : "worker";
    *ret = words;
    return add_libraries(study, arena, words, 2, err);
}

static bool holds_ledger(rg_arena *arena, const char *dir)
{
    return rg_file_exists(rg_path_join(arena, dir, RG_LEDGER_FILE));
}

/* The name that a study file declares, read with the least of ceremony: its checks belong to
 * run. */
static const char *name_in_file(const char *path, rg_arena *arena)
{
    rg_diags diags = {.arena = arena, .file = path};
    rg_study *study = rg_study_read(path, NULL, 0, true, rg_catalog_native(), &diags);
    const char *name = study ? rg_arena_strdup(arena, study->name) : NULL;
    rg_study_free(study);
    rg_vec_free(&diags);
    return name;
}

static bool no_such_study(const char *what, rg_arena *arena, rg_err *err)
{
    const char *names[512];
    size_t n = 0;
    DIR *dir = opendir(rg_studies_dir());
    for (struct dirent *entry; dir && n < RG_COUNT(names) && (entry = readdir(dir)) != NULL;)
        if (entry->d_name[0] != '.')
            names[n++] = rg_arena_strdup(arena, entry->d_name);
    if (dir)
        closedir(dir);
    const char *near = rg_text_nearest(what, names, n);
    char remedy[200];
    if (near)
        snprintf(remedy, sizeof(remedy), "did you mean %s?", near);
    else
        snprintf(remedy, sizeof(remedy), "rigor ls lists the studies in %s/", rg_studies_dir());
    return rg_fail(err, RG_INPUT, NULL, remedy, "there is no study '%s' here", what);
}

bool rg_study_folder(const char *what, rg_arena *arena, const char **ret, rg_err *err)
{
    const char *named = rg_path_join(arena, rg_studies_dir(), what);
    if (holds_ledger(arena, what)) {
        *ret = rg_arena_strdup(arena, what);
        return true;
    }
    bool file = rg_text_ends(what, ".yaml") || rg_text_ends(what, ".yml");
    if (file && rg_file_exists(what)) {
        const char *name = name_in_file(what, arena);
        named = name ? rg_path_join(arena, rg_studies_dir(), name) : named;
    }
    if (!holds_ledger(arena, named))
        return no_such_study(what, arena, err);
    *ret = named;
    return true;
}

bool rg_study_only(rg_arena *arena, const char **ret, rg_err *err)
{
    const char *only = NULL;
    size_t n = 0;
    DIR *dir = opendir(rg_studies_dir());
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;)
        if (entry->d_name[0] != '.' &&
            holds_ledger(arena, rg_path_join(arena, rg_studies_dir(), entry->d_name))) {
            only = rg_arena_strdup(arena, entry->d_name);
            n++;
        }
    if (dir)
        closedir(dir);
    if (n == 0)
        return rg_fail(err, RG_INPUT, NULL, "rigor run begins one", "there is no study in %s/",
                       rg_studies_dir());
    if (n > 1)
        return rg_fail(err, RG_INPUT, NULL,
                       "name one in front of the query (rigor ls lists them)",
                       "there are %zu studies in %s/", n, rg_studies_dir());
    *ret = only;
    return true;
}

rg_study *rg_study_of_ledger(rg_ledger *ledger, rg_err *err)
{
    json_t *row = rg_ledger_study_json(ledger, err);
    const char *overrides[64];
    size_t n = 0, i;
    json_t *override;
    if (!json_is_object(row)) {
        json_decref(row);
        rg_fail(err, RG_INPUT, NULL, "rigor run begins it", "the study has not begun");
        return NULL;
    }
    const json_t *environment = json_object_get(row, "environment");
    json_array_foreach (json_object_get(environment, "overrides"), i, override)
        if (n < RG_COUNT(overrides))
            overrides[n++] = json_string_value(override);
    const char *text = rg_json_text(row, "text", "");
    rg_diags diags = {.arena = rg_arena_new(),
                      .file = rg_json_text(environment, "study_file", "")};
    rg_catalog catalog = *rg_catalog_native();
    catalog.open_file = model_file_recorded;
    catalog.ctx = json_object_get(environment, "own_models");
    rg_study *study = rg_study_parse(text, strlen(text), diags.file, overrides, n,
                                     json_is_true(json_object_get(environment, "exploratory")),
                                     &catalog, &diags);
    if (!study)
        rg_fail(err, RG_INPUT, diags.file, "use the version of rigor that wrote it",
                "the recorded study cannot be read by this version: %s",
                diags.len ? diags.at[0].what : "");
    else if (strcmp(study->hash, rg_json_text(row, "hash", "")) != 0)
        rg_fail(err, RG_INPUT, diags.file, "use the version of rigor that wrote it",
                "the recorded study means something else to this version");
    json_decref(row);
    rg_vec_free(&diags);
    rg_arena_free(diags.arena);
    if (err->code != RG_OK) {
        rg_study_free(study);
        return NULL;
    }
    return study;
}

bool rg_study_open(const char *what, rg_ledger_mode mode, rg_opened *ret, rg_err *err)
{
    rg_opened opened = {.arena = rg_arena_new()};
    bool ok = rg_study_folder(what, opened.arena, &opened.dir, err) &&
              rg_ledger_open(rg_path_join(opened.arena, opened.dir, RG_LEDGER_FILE), mode,
                             &opened.ledger, err) &&
              (mode == RG_LEDGER_WRITE || rg_ledger_hold(opened.ledger, err)) &&
              (opened.study = rg_study_of_ledger(opened.ledger, err)) != NULL;
    if (ok)
        *ret = opened;
    else
        rg_study_close(&opened);
    return ok;
}

void rg_study_close(rg_opened *opened)
{
    rg_study_free(opened->study);
    if (opened->ledger)
        rg_ledger_close(opened->ledger);
    rg_arena_free(opened->arena);
}

void rg_facts_place(json_t *facts, const char *dir)
{
    json_object_set_new(json_object_get(facts, "environment"), "path", json_string(dir));
}

void rg_print_json(json_t *value)
{
    rg_str text = {0};
    rg_json_pretty(value, &text);
    fputs(rg_str_text(&text), stdout);
    rg_str_free(&text);
    json_decref(value);
}

bool rg_colour_wanted(int fd)
{
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(fd) && !(none && *none) && term && strcmp(term, "dumb") != 0;
}

int rg_exit(const rg_err *err)
{
    return (int)err->code;
}

const rg_rendering *rg_rendering_named(const char *name, rg_err *err)
{
    const char *names[32], *full = strcmp(name, "md") == 0 ? "markdown" : name;
    size_t n = 0;
    for (size_t i = 0; rg_renderings[i] && n < RG_COUNT(names); i++)
        names[n++] = rg_renderings[i]->name;
    const rg_rendering *rendering = rg_rendering_find(full);
    if (rendering)
        return rendering;
    const char *near = rg_text_nearest(name, names, n);
    rg_str remedy = {.max = 300};
    rg_str_add(&remedy, near ? "did you mean " : "the formats are");
    for (size_t i = 0; near ? i < 1 : i < n; i++)
        rg_str_printf(&remedy, "%s%s", near ? "" : i ? ", " : " ", near ? near : names[i]);
    rg_fail(err, RG_INPUT, NULL, rg_str_text(&remedy), "there is no format '%s'", name);
    rg_str_free(&remedy);
    return NULL;
}
