/* remove.c - removes a folder that a program has filled which nobody has to trust: links are not
 * followed, folders that may not be entered are opened first, and nesting that is deeper than a
 * path can be long is taken apart: what lies below DEPTH_MAX is moved up and removed from there. */
#include "rigor/base.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 32

typedef struct remover {
    int top;        /* the folder itself */
    unsigned moved; /* folders that were moved up into it */
} remover;

static bool remove_entries(remover *r, int folder, int depth);

static int open_folder(int parent, const char *name)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    fchmodat(parent, name, 0700, 0); /* it is no link: unlinking it has failed */
    return openat(parent, name, flags);
}

static bool move_up(remover *r, int parent, const char *name)
{
    char fresh[32];
    fchmodat(parent, name, 0700, 0); /* its entry ".." is about to change */
    do
        snprintf(fresh, sizeof(fresh), ".removed-%u", r->moved++);
    while (faccessat(r->top, fresh, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
    return renameat(parent, name, r->top, fresh) == 0;
}

static bool remove_entry(remover *r, int parent, const char *name, int depth)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
        return true;
    if (errno != EISDIR && errno != EPERM)
        return false;
    if (depth == DEPTH_MAX)
        return move_up(r, parent, name);
    int folder = open_folder(parent, name);
    return folder >= 0 && remove_entries(r, folder, depth + 1) &&
           unlinkat(parent, name, AT_REMOVEDIR) == 0;
}

/* Closes the folder. */
static bool remove_entries(remover *r, int folder, int depth)
{
    DIR *dir = fdopendir(folder);
    bool ok = dir != NULL;
    for (const struct dirent *e; ok && (e = readdir(dir)) != NULL;)
        ok = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
             remove_entry(r, folder, e->d_name, depth);
    int code = errno;
    if (dir)
        closedir(dir);
    else
        close(folder);
    errno = code;
    return ok;
}

/* In rounds: each takes away what the one before has moved up. */
static bool empty_folder(const char *path)
{
    for (remover r = {.moved = 1}; r.moved > 0;) {
        r.moved = 0;
        r.top = open_folder(AT_FDCWD, path);
        if (r.top < 0 || !remove_entries(&r, r.top, 0))
            return false;
    }
    return true;
}

bool rg_dir_remove(const char *path, rg_err *err)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return true;
    if ((errno == EISDIR || errno == EPERM) && empty_folder(path) && rmdir(path) == 0)
        return true;
    return rg_fail(err, RG_INTERNAL, path, "remove it by hand", "cannot remove: %s",
                   strerror(errno));
}
