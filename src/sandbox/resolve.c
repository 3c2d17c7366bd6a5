/* resolve.c - where a path leads, as another process sees it.
 *
 * realpath() would answer for ourselves: /proc/self is then this process, and so is every link of a
 * trial that goes through it.  Here the links are followed one by one, /proc/self and
 * /proc/thread-self mean the asker, and nothing is opened: readlink neither waits for a FIFO nor
 * starts a device. */
#include "sandbox/inside.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as the kernel's own limit */

typedef struct walk {
    pid_t pid;
    char *at;            /* PATH_MAX: what is resolved; "" is the root */
    char rest[PATH_MAX]; /* what is not */
    int links;
} walk;

bool path_is_in(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    if (len == 1) /* the root */
        return true;
    return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static void step_up(char *at)
{
    char *slash = strrchr(at, '/');
    if (slash)
        *slash = '\0';
}

static bool put(char to[PATH_MAX], const char *from)
{
    size_t len = strlen(from);
    if (len >= PATH_MAX)
        return false;
    memmove(to, from, len + 1);
    return true;
}

/* Takes the next name off the rest. */
static bool next_name(char *rest, char name[NAME_MAX + 1], bool *ret_end)
{
    char *from = rest + strspn(rest, "/");
    size_t len = strcspn(from, "/");
    if (len > NAME_MAX)
        return false;
    memcpy(name, from, len);
    name[len] = '\0';
    memmove(rest, from + len, strlen(from + len) + 1);
    *ret_end = len == 0;
    return true;
}

/* The target of what stands at w->at; false when that is no link. */
static bool read_link(const walk *w, char target[PATH_MAX])
{
    if (strcmp(w->at, "/proc/self") == 0 || strcmp(w->at, "/proc/thread-self") == 0) {
        snprintf(target, PATH_MAX, "/proc/%d", (int)w->pid);
        return true;
    }
    ssize_t n = readlink(w->at, target, PATH_MAX - 1);
    if (n < 0)
        return false;
    target[n] = '\0';
    return true;
}

static bool follow(walk *w, const char *target)
{
    char joined[2 * PATH_MAX];
    snprintf(joined, sizeof(joined), "%s/%s", target, w->rest);
    if (++w->links > LINKS_MAX || !put(w->rest, joined))
        return false;
    if (target[0] == '/')
        w->at[0] = '\0';
    else
        step_up(w->at);
    return true;
}

static bool enter(walk *w, const char *name)
{
    size_t len = strlen(w->at), more = strlen(name) + 1;
    if (len + more >= PATH_MAX)
        return false;
    w->at[len] = '/';
    memcpy(w->at + len + 1, name, more);
    char target[PATH_MAX];
    return !read_link(w, target) || follow(w, target);
}

bool path_resolve(pid_t pid, const char *folder, const char *path, char ret[PATH_MAX])
{
    walk w = {.pid = pid, .at = ret};
    char name[NAME_MAX + 1];
    if (!put(w.rest, path))
        return false;
    if (path[0] == '/' || strcmp(folder, "/") == 0)
        w.at[0] = '\0';
    else if (!put(w.at, folder))
        return false;
    for (bool end = false; next_name(w.rest, name, &end) && !end;) {
        if (strcmp(name, "..") == 0)
            step_up(w.at);
        else if (strcmp(name, ".") != 0 && !enter(&w, name))
            return false;
    }
    if (w.rest[0] != '\0')
        return false;
    if (w.at[0] == '\0')
        strcpy(w.at, "/");
    return true;
}
