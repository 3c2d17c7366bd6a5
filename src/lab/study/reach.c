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

/* Labels of the other studies that lie beside this one: they may be cut from the same data. */
static void hide_neighbours(json_t *list, const char *dir)
{
    char parent[4096];
    const char *base = rg_path_base(dir);
    snprintf(parent, sizeof(parent), "%.*s", (int)(base > dir ? base - dir - 1 : 0), dir);
    DIR *folder = opendir(parent);
    for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;) {
        char path[8192];
        snprintf(path, sizeof(path), "%s/%s/sealed", parent, entry->d_name);
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, base) != 0 && rg_file_exists(path))
            hide(list, path, NULL);
    }
    if (folder)
        closedir(folder);
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

static void hide_study(json_t *list, const char *dir, bool predictions)
{
    static const char *const own[] = {"sealed",        "runs",          "ledger.db",
                                      "ledger.db-wal", "ledger.db-shm", "ledger.db.lock"};
    for (size_t i = 0; i < RG_COUNT(own); i++)
        hide(list, dir, own[i]);
    if (predictions)
        hide(list, dir, "predictions");
    hide_neighbours(list, dir);
}

json_t *rg_out_of_reach(const rg_study *study, const char *dir, const char *original)
{
    json_t *list = json_array();
    char *other = original ? realpath(original, NULL) : NULL;
    hide_study(list, dir, study->trainer != NULL);
    if (other)
        hide_study(list, other, true);
    hide_source(list, study);
    free(other);
    return list;
}
