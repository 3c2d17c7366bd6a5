/* places.c - the paths of a grant: resolved, identified, checked against each other. */
#include "sandbox/inside.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const spot *spots_named(const spots *list, const char *path)
{
    for (size_t i = 0; i < list->len; i++)
        if (strcmp(list->at[i].path, path) == 0)
            return &list->at[i];
    return NULL;
}

const spot *spots_above(const spots *list, const char *path)
{
    for (size_t i = 0; i < list->len; i++)
        if (path_is_in(path, list->at[i].path))
            return &list->at[i];
    return NULL;
}

void spots_add(rg_arena *arena, spots *list, const char *path)
{
    if (spots_named(list, path))
        return;
    struct stat info;
    spot s = {.path = rg_arena_strdup(arena, path)};
    s.exists = lstat(path, &info) == 0;
    if (s.exists) {
        s.dev = info.st_dev;
        s.ino = info.st_ino;
    }
    rg_vec_push(list, s);
}

void spots_say(const spots *list, json_t *array)
{
    for (size_t i = 0; i < list->len; i++)
        rg_json_say(array, "%s", list->at[i].path);
}

static bool fail_place(rg_err *err, const char *path, const char *what)
{
    return rg_fail(err, RG_INPUT, path, "check the folders of the study", "%s: %s", what,
                   strerror(errno));
}

static bool collect(rg_sandbox *s, spots *list, const char *const *paths, rg_err *err)
{
    char cwd[PATH_MAX], real[PATH_MAX];
    if (!getcwd(cwd, sizeof(cwd)))
        return fail_place(err, "", "the working directory cannot be named");
    for (size_t i = 0; paths && paths[i]; i++) {
        errno = ENAMETOOLONG;
        if (!path_resolve(getpid(), cwd, paths[i], real))
            return fail_place(err, paths[i], "cannot be followed");
        spots_add(s->arena, list, real);
    }
    return true;
}

/* The folders above what is hidden.  /dev is treated alike, so that devices are granted one by
 * one (see rules.c). */
static void collect_ways(rg_sandbox *s)
{
    char above[PATH_MAX];
    spots_add(s->arena, &s->ways, "/");
    spots_add(s->arena, &s->ways, "/dev");
    for (size_t i = 0; i < s->hidden.len; i++) {
        strcpy(above, s->hidden.at[i].path);
        for (char *slash; (slash = strrchr(above, '/')) != above;) {
            *slash = '\0';
            spots_add(s->arena, &s->ways, above);
        }
    }
}

static bool check(const rg_sandbox *s, rg_err *err)
{
    if (spots_named(&s->hidden, "/"))
        return rg_fail(err, RG_INPUT, "/", NULL, "the root cannot be hidden");
    for (size_t i = 0; i < s->writable.len; i++) {
        const spot *w = &s->writable.at[i];
        errno = ENOENT;
        if (!w->exists)
            return fail_place(err, w->path, "should be writable");
        for (size_t k = 0; k < s->hidden.len; k++)
            if (path_is_in(s->hidden.at[k].path, w->path))
                return rg_fail(err, RG_INPUT, w->path, "give the trial a folder of its own",
                               "the writable folder holds %s, which is to be hidden",
                               s->hidden.at[k].path);
    }
    return true;
}

/* ---- Names that the kernel cannot know to be hidden */

#define ENTRIES_MAX 64 /* of one hidden folder that are looked at */

static void warn_of_links(const char *path, json_t *links)
{
    struct stat info;
    if (lstat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink > 1)
        rg_json_say(links, "%s has %ju names; those elsewhere can be read", path,
                    (uintmax_t)info.st_nlink);
}

static void warn_of_links_in(rg_arena *arena, const char *folder, json_t *links)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return;
    const struct dirent *e;
    for (int n = 0; n < ENTRIES_MAX && (e = readdir(dir)); n++)
        warn_of_links(rg_path_join(arena, folder, e->d_name), links);
    closedir(dir);
}

bool sandbox_places(rg_sandbox *s, const rg_grant_spec *spec, json_t *links, rg_err *err)
{
    if (!collect(s, &s->hidden, spec->hidden, err) ||
        !collect(s, &s->writable, spec->writable, err) ||
        !collect(s, &s->readable, spec->readable, err))
        return false;
    char *table;
    size_t len;
    rg_err unread = {0};
    if (rg_file_read("/proc/self/mountinfo", (size_t)16 << 20, &table, &len, &unread)) {
        sandbox_mounts(s->arena, &s->hidden, table);
        rg_free(table);
    }
    if (!check(s, err))
        return false;
    collect_ways(s);
    for (size_t i = 0; i < s->hidden.len; i++) {
        warn_of_links(s->hidden.at[i].path, links);
        warn_of_links_in(s->arena, s->hidden.at[i].path, links);
    }
    return true;
}
