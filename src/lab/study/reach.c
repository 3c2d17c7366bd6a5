/* reach.c - what a trainer must not read (see reach.h). */
#include "lab/study/reach.h"

#include "data/registry.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void hide(json_t *list, const char *dir, const char *name)
{
    json_array_append_new(list, name ? json_sprintf("%s/%s", dir, name) : json_string(dir));
}

static bool is_study(const char *folder)
{
    static const char *const marks[] = {"ledger.db", "sealed"};
    char path[8192];
    bool found = false;
    for (size_t i = 0; i < RG_COUNT(marks); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, marks[i]);
        found = found || rg_file_exists(path);
    }
    return found;
}

typedef struct neighbours {
    char parent[4096];
    size_t studies, others; /* entries of the folder that are and that are not studies */
} neighbours;

/* Calls `see` for each study beside `dir`. */
static neighbours look_around(const char *dir, void (*see)(json_t *, const char *),
                              json_t *list)
{
    neighbours n = {0};
    const char *base = rg_path_base(dir);
    snprintf(n.parent, sizeof(n.parent), "%.*s", (int)(base > dir ? base - dir - 1 : 0), dir);
    DIR *folder = opendir(n.parent);
    for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;) {
        char other[4400];
        snprintf(other, sizeof(other), "%s/%s", n.parent, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        bool study = is_study(other);
        n.studies += study;
        n.others += !study;
        if (see && study && strcmp(entry->d_name, base) != 0)
            see(list, other);
    }
    if (folder)
        closedir(folder);
    return n;
}

static void hide_whole(json_t *list, const char *folder)
{
    hide(list, folder, NULL);
}

/* The other studies that lie beside this one: their training rows may be its test rows.  A folder
 * that holds nothing but studies is hidden as one, with this study in it: what its trials may read
 * of that is granted by name.  True: it was. */
static bool hide_neighbours(json_t *list, const char *dir)
{
    neighbours n = look_around(dir, NULL, NULL);
    if (n.studies > 0 && n.others == 0)
        hide_whole(list, n.parent);
    else
        look_around(dir, hide_whole, list);
    return n.studies > 0 && n.others == 0;
}

static void hide_file(json_t *list, const char *path)
{
    char *real = path ? realpath(path, NULL) : NULL;
    if (real)
        hide(list, real, NULL);
    free(real);
}

/* The file that the parts were cut from holds the test labels, too. */
static void hide_source(json_t *list, const rg_study *study)
{
    rg_arena *arena = rg_arena_new();
    rg_err ignored = {0};
    const rg_data_source *source = study->data ? rg_data_source_find(study->data) : NULL;
    if (source)
        hide_file(list, rg_data_source_path(source, arena, &ignored));
    else if (study->data)
        hide_file(list, rg_path_join(arena, study->dir, study->data));
    rg_arena_free(arena);
}

static void hide_folds(json_t *list, const rg_study *study, const char *dir, size_t fold)
{
    char name[64];
    for (size_t f = 1; f <= study->split.folds; f++) {
        snprintf(name, sizeof(name), "data/fold-%zu", f);
        if (f != fold)
            hide(list, dir, name);
    }
}

static void hide_study(json_t *list, const char *dir, bool predictions)
{
    static const char *const own[] = {"sealed",        "runs",          "ledger.db",
                                      "ledger.db-wal", "ledger.db-shm", "ledger.db.lock"};
    if (hide_neighbours(list, dir))
        return;
    for (size_t i = 0; i < RG_COUNT(own); i++)
        hide(list, dir, own[i]);
    if (predictions)
        hide(list, dir, "predictions");
}

/* Of checks and reruns: labels lie there for a while. */
static void hide_scratches(json_t *list)
{
    rg_arena *arena = rg_arena_new();
    hide(list, rg_dir_scratches(arena), NULL);
    rg_arena_free(arena);
}

static void hide_declared(json_t *list, const rg_study *study)
{
    for (size_t i = 0; study->trainer && i < study->trainer->n_hides; i++)
        hide(list, study->trainer->hides[i], NULL);
}

json_t *rg_out_of_reach(const rg_study *study, const char *dir, const char *original,
                        size_t fold)
{
    json_t *list = json_array();
    char *other = original ? realpath(original, NULL) : NULL;
    hide_study(list, dir, study->trainer != NULL);
    hide_folds(list, study, dir, fold);
    if (other)
        hide_study(list, other, true);
    if (other)
        hide_folds(list, study, other, fold);
    hide_source(list, study);
    hide_declared(list, study);
    hide_scratches(list);
    free(other);
    return list;
}
