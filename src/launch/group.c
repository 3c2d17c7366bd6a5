/* group.c - a control group around a trial with a memory limit, where the machine lets us make one.
 *
 * The kernel then keeps the limit itself, to the page and for all processes together; the watch of
 * watch.c sees a trial only ten times a second.  In version 2 of control groups no group that
 * delegates a controller may hold processes, so the new group stands beside ours; version 1 has it
 * below ours.  Whoever may write neither has the watch and the rlimits alone. */
#include "launch/launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define PREFIX "rigor-" /* then the number of the launcher */

/* What the two versions call the same things. */
typedef struct version {
    const char *type;       /* of the mounted file system */
    const char *option;     /* of the mount that has the memory controller; "": any */
    const char *controller; /* as /proc/self/cgroup names it */
    bool beside;            /* the new group is our sibling, otherwise our child */
    const char *limit, *swap, *peak, *events;
} version;
static const version versions[] = {
    {"cgroup2", "", "", true, "memory.max", "memory.swap.max", "memory.peak", "memory.events"},
    {"cgroup", "memory", "memory", false, "memory.limit_in_bytes", NULL,
     "memory.max_usage_in_bytes", "memory.oom_control"},
};

struct launch_group {
    const version *version;
    char dir[PATH_BYTES];
};

/* ---- Files of a few words */

static bool read_words(const char *dir, const char *name, char *ret, size_t room)
{
    char path[PATH_BYTES + 64];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, ret, room - 1) : -1;
    if (fd >= 0)
        close(fd);
    ret[n > 0 ? n : 0] = '\0';
    return n > 0;
}

static bool write_words(const char *dir, const char *name, const char *text)
{
    char path[PATH_BYTES + 64];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0)
        close(fd);
    return ok;
}

/* ---- Where we are */

/* The path of our group: "4:memory:/a/b", in version 2 "0::/a/b". */
static bool own_group(const version *v, char ret[PATH_BYTES])
{
    char line[PATH_BYTES];
    bool found = false;
    FILE *file = fopen("/proc/self/cgroup", "re");
    while (file && !found && fgets(line, sizeof(line), file)) {
        char *controllers = strchr(line, ':'), *path = NULL;
        if (controllers && (path = strchr(controllers + 1, ':')) != NULL)
            *path++ = '\0';
        found = path && strcmp(controllers + 1, v->controller) == 0;
        if (found)
            snprintf(ret, PATH_BYTES, "%.*s", (int)strcspn(path, "\n"), path);
    }
    if (file)
        fclose(file);
    return found;
}

static bool has_option(const char *options, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = options; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, len) == 0 && strchr(",\n", at[len]))
            return true;
    }
    return false;
}

/* "35 31 0:32 ROOT MOUNT rw - TYPE SOURCE OPTIONS": where the version is mounted. */
static bool mount_of(const version *v, char root[PATH_BYTES], char ret[PATH_BYTES])
{
    char *line = NULL, options[512], type[64];
    size_t room = 0;
    bool found = false;
    FILE *file = fopen("/proc/self/mountinfo", "re");
    while (file && !found && getline(&line, &room, file) > 0) {
        const char *behind = strstr(line, " - ");
        found = behind && sscanf(line, "%*s %*s %*s %4095s %4095s", root, ret) == 2 &&
                sscanf(behind, " - %63s %*s %511s", type, options) == 2 &&
                strcmp(type, v->type) == 0 && (!*v->option || has_option(options, v->option));
    }
    free(line);
    if (file)
        fclose(file);
    return found;
}

/* The folder of our group, as far as this mount shows it. */
static bool own_folder(const version *v, char ret[PATH_BYTES])
{
    char root[PATH_BYTES], mount[PATH_BYTES], path[PATH_BYTES];
    if (!mount_of(v, root, mount) || !own_group(v, path))
        return false;
    size_t len = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(path, root, len) != 0)
        return false;
    return (size_t)snprintf(ret, PATH_BYTES, "%.3000s%.1000s", mount, path + len) < PATH_BYTES;
}

/* ---- The group */

/* Groups of launchers that were killed, ours by number among them: the kernel keeps those in which
 * something lives. */
static void sweep(const char *parent)
{
    DIR *folder = opendir(parent);
    for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;) {
        char path[PATH_BYTES + 300];
        long owner = rg_text_starts(entry->d_name, PREFIX)
                         ? strtol(entry->d_name + strlen(PREFIX), NULL, 10)
                         : 0;
        if (owner <= 0 || (owner != getpid() && kill((pid_t)owner, 0) == 0))
            continue;
        snprintf(path, sizeof(path), "%s/%s", parent, entry->d_name);
        rmdir(path);
    }
    if (folder)
        closedir(folder);
}

static bool make_group(const version *v, int64_t bytes, launch_group *ret)
{
    char own[PATH_BYTES], limit[32];
    if (!own_folder(v, own))
        return false;
    if (v->beside && strrchr(own, '/') > own)
        *strrchr(own, '/') = '\0';
    ret->version = v;
    sweep(own);
    snprintf(ret->dir, sizeof(ret->dir), "%.4000s/" PREFIX "%d", own, (int)getpid());
    snprintf(limit, sizeof(limit), "%" PRId64, bytes);
    if (mkdir(ret->dir, 0755) != 0)
        return false;
    if (!write_words(ret->dir, v->limit, limit)) {
        rmdir(ret->dir);
        return false;
    }
    if (v->swap)
        write_words(ret->dir, v->swap, "0");
    write_words(ret->dir, "memory.oom.group", "1");
    return true;
}

int launch_group_open(launch_trial *t)
{
    char path[PATH_BYTES + 64];
    launch_group made;
    bool found = false;
    if (t->setup->memory_bytes <= 0)
        return -1;
    for (size_t i = 0; i < RG_COUNT(versions) && !found; i++)
        found = make_group(&versions[i], t->setup->memory_bytes, &made);
    if (!found)
        return -1;
    t->group = RG_ARENA_NEW(t->arena, launch_group);
    *t->group = made;
    t->grouped = true;
    snprintf(path, sizeof(path), "%s/cgroup.procs", made.dir);
    return open(path, O_WRONLY | O_CLOEXEC);
}

/* The number behind "oom_kill" in a file of events. */
static long kills_of(const char *text)
{
    const char *at = strstr(text, "oom_kill ");
    return at ? strtol(at + strlen("oom_kill "), NULL, 10) : 0;
}

bool launch_group_is_over(const launch_trial *t)
{
    char text[512];
    return t->group &&
           read_words(t->group->dir, t->group->version->events, text, sizeof(text)) &&
           kills_of(text) > 0;
}

void launch_group_close(launch_trial *t)
{
    char text[512];
    if (!t->group)
        return;
    const version *v = t->group->version;
    if (launch_group_is_over(t) && t->end == LAUNCH_RUNS)
        t->end = LAUNCH_MEMORY;
    if (read_words(t->group->dir, v->peak, text, sizeof(text))) {
        int64_t peak = strtoll(text, NULL, 10);
        t->peak_bytes = peak > t->peak_bytes ? peak : t->peak_bytes;
    }
    if (rmdir(t->group->dir) != 0)
        launch_note(t, "its control group %s could not be removed: %s", t->group->dir,
                    strerror(errno));
    t->group = NULL;
}
