/* process.c - the processes below one (see process.h). */
#include "rigor/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void add_children(rg_processes *found, pid_t pid, const char *thread)
{
    char path[96], text[8192];
    snprintf(path, sizeof(path), "/proc/%d/task/%.20s/children", (int)pid, thread);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    for (char *c = text, *end; found->count < RG_PROCESSES_MAX; c = end) {
        long child = strtol(c, &end, 10);
        if (end == c)
            return;
        found->at[found->count++] = (pid_t)child;
    }
}

void rg_processes_children(rg_processes *found, pid_t pid)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *threads = opendir(path);
    for (const struct dirent *entry; threads && (entry = readdir(threads)) != NULL;)
        if (entry->d_name[0] != '.')
            add_children(found, pid, entry->d_name);
    if (threads)
        closedir(threads);
}

void rg_processes_below(rg_processes *found, pid_t pid)
{
    found->count = 0;
    rg_processes_children(found, pid);
    for (size_t i = 0; i < found->count; i++)
        rg_processes_children(found, found->at[i]);
}
