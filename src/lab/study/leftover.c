/* leftover.c - processes that trials of an earlier run left behind (see leftover.h).
 *
 * A launcher that is killed takes its trial's program with it; what that program had started goes
 * to the runner, which ends it.  When both are killed at once, nobody is left to do so before the
 * next run.  Such a process still carries what the launcher had put into its environment: the
 * folder of its trial in RIGOR_OUT.  A shell in which somebody tries the program by hand may have
 * that, too, but it has a terminal; a trial has none. */
#include "lab/study/leftover.h"

#include "rigor/base.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROUNDS 3 /* it may have forked while we looked */

static char *read_of(const char *pid, const char *name, size_t *ret_len)
{
    char path[300], *text;
    rg_err ignored = {0};
    snprintf(path, sizeof(path), "/proc/%.20s/%s", pid, name);
    return rg_file_read(path, (size_t)4 << 20, &text, ret_len, &ignored) ? text : NULL;
}

/* Of /proc/PID/stat: "pid (name) state ppid pgrp session tty ...". */
static bool has_terminal(const char *pid)
{
    size_t len;
    char *text = read_of(pid, "stat", &len), *at = text ? strrchr(text, ')') : NULL;
    for (int fields = 0; at && fields < 5; fields++) /* to the end of ")", state, ... session */
        at = strchr(at + 1, ' ');
    bool none = at && strtol(at, NULL, 10) == 0;
    rg_free(text);
    return !none;
}

static pid_t number_of(const char *pid)
{
    return (pid_t)strtol(pid, NULL, 10);
}

static bool is_ours(const char *pid)
{
    char path[64];
    struct stat info;
    snprintf(path, sizeof(path), "/proc/%.20s", pid);
    return stat(path, &info) == 0 && info.st_uid == geteuid() && number_of(pid) != getpid();
}

static bool carries(const char *pid, const char *runs)
{
    static const char name[] = "RIGOR_OUT=";
    size_t len, n = strlen(runs);
    char *text = read_of(pid, "environ", &len);
    bool found = false;
    for (const char *at = text; text && !found && at < text + len; at += strlen(at) + 1)
        found = rg_text_starts(at, name) && strncmp(at + strlen(name), runs, n) == 0 &&
                at[strlen(name) + n] == '/';
    rg_free(text);
    return found;
}

static size_t end_some(const char *runs)
{
    size_t count = 0;
    DIR *folder = opendir("/proc");
    for (const struct dirent *e; folder && (e = readdir(folder)) != NULL;) {
        bool process = e->d_name[0] > '0' && e->d_name[0] <= '9';
        if (process && is_ours(e->d_name) && carries(e->d_name, runs) &&
            !has_terminal(e->d_name))
            count += kill(number_of(e->d_name), SIGKILL) == 0;
    }
    if (folder)
        closedir(folder);
    return count;
}

void leftover_end(const char *runs)
{
    for (int i = 0; i < ROUNDS && end_some(runs) > 0; i++)
        usleep(20000);
}
