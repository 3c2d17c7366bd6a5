/* watch.c - a trial stays within its limits, and nothing that it started outlives it.
 *
 * The launcher is a subreaper: whatever a trial forks, detaches and orphans becomes the launcher's
 * own child, and the launcher runs one trial at a time, so all of its descendants belong to that
 * trial.  At the end of a trial they are killed, level after level, until there is none left. */
#include "launch/launch.h"
#include "rigor/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define END_ALL_S 10.0
#define GAP_MAX_S 1.0
#define TICK_S 0.1
#define OOM_LOOK_S 1.0
#define LEFT_WAIT_MS 20

/* ---- Descendants */

static void signal_tree(int number)
{
    rg_processes found;
    rg_processes_below(&found, getpid());
    for (size_t i = 0; i < found.count; i++)
        kill(found.at[i], number);
}

/* ---- Ends */

const char *launch_kernel_counts = "/proc/vmstat";

int64_t launch_oom_kills(void)
{
    static const char name[] = "\noom_kill ";
    rg_err ignored = {0};
    char *text;
    size_t len;
    if (!rg_file_read(launch_kernel_counts, 65536, &text, &len, &ignored))
        return -1;
    const char *at = strstr(text, name);
    long long count = at ? strtoll(at + strlen(name), NULL, 10) : -1;
    rg_free(text);
    return count;
}

/* Takes the ends that there are; false when no child is left. */
static bool reap_some(launch_trial *t)
{
    struct rusage used;
    int status;
    pid_t pid;
    while ((pid = wait4(-1, &status, WNOHANG, &used)) > 0) {
        t->cpu_s += (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                    (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
        int64_t peak = (int64_t)used.ru_maxrss * 1024;
        t->peak_bytes = peak > t->peak_bytes ? peak : t->peak_bytes;
        if (pid != t->pid)
            continue;
        t->exited = true;
        t->status = status;
        t->ended_ns = rg_clock_ns();
        t->oom_kills.at_end = WIFSIGNALED(status) ? launch_oom_kills() : -1;
    }
    return pid == 0 || errno != ECHILD;
}

void launch_reap(launch_trial *t)
{
    reap_some(t);
}

/* The name of a process that runs; false: it has ended, or waits to be taken note of. */
static bool is_running(pid_t pid, char name[32])
{
    char path[64], text[512];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *open_at = strchr(text, '('), *close_at = strrchr(text, ')');
    if (!open_at || !close_at || close_at[1] != ' ' || strchr("ZX", close_at[2]))
        return false;
    snprintf(name, 32, "%.*s", (int)(close_at - open_at - 1), open_at + 1);
    rg_utf8_repair(name);
    return true;
}

static size_t count_running(char name[32])
{
    rg_processes found;
    size_t count = 0;
    rg_processes_below(&found, getpid());
    for (size_t i = 0; i < found.count; i++)
        count += is_running(found.at[i], name);
    return count;
}

/* Helpers that end just after the program itself get a moment. */
static void count_left(launch_trial *t)
{
    const struct timespec pause = {0, 1000000};
    for (int i = 0; reap_some(t) && i <= LEFT_WAIT_MS; i++) {
        t->left = count_running(t->first_left);
        if (t->left == 0)
            return;
        nanosleep(&pause, NULL);
    }
    if (t->left)
        launch_note(t, "%zu processes that it left behind were ended, one of them: %s", t->left,
                    t->first_left);
}

void launch_end_all(launch_trial *t)
{
    if (t->exited && t->end == LAUNCH_RUNS)
        count_left(t);
    uint64_t end = rg_clock_ns() + (uint64_t)(END_ALL_S * 1e9);
    const struct timespec pause = {0, 1000000};
    while (reap_some(t)) {
        if (rg_clock_ns() > end) {
            launch_note(t, "some of its processes could not be ended");
            return;
        }
        signal_tree(SIGKILL);
        if (reap_some(t))
            nanosleep(&pause, NULL);
    }
}

void launch_stop(launch_trial *t, launch_end why)
{
    if (t->end == LAUNCH_RUNS)
        t->end = why;
    t->pruned |= why == LAUNCH_PRUNED;
    if (t->stopped)
        return;
    t->stopped = true;
    signal_tree(why == LAUNCH_MEMORY || why == LAUNCH_LOST ? SIGKILL : SIGTERM);
}

/* ---- Limits */

static int64_t statm_bytes(pid_t pid)
{
    char path[64], text[128];
    snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *resident = strchr(text, ' '); /* the second number */
    return resident ? strtoll(resident, NULL, 10) * sysconf(_SC_PAGESIZE) : 0;
}

/* What processes share is counted once: the proportional set size, where /proc tells it. */
static int64_t proportional_bytes(pid_t pid)
{
    char path[64], line[128];
    long long kib = -1;
    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = fopen(path, "re");
    while (file && kib < 0 && fgets(line, sizeof(line), file))
        if (rg_text_starts(line, "Pss:"))
            kib = strtoll(line + strlen("Pss:"), NULL, 10);
    if (file)
        fclose(file);
    return kib >= 0 ? (int64_t)kib * 1024 : statm_bytes(pid);
}

/* At the end the look before the last is one or two seconds old. */
static void look_for_kills(launch_trial *t)
{
    uint64_t now = rg_clock_ns();
    if ((double)(now - t->oom_kills.looked_ns) * 1e-9 < OOM_LOOK_S)
        return;
    t->oom_kills.looked_ns = now;
    t->oom_kills.before = t->oom_kills.now;
    t->oom_kills.now = launch_oom_kills();
}

static int64_t sum_bytes(const rg_processes *found, int64_t (*bytes)(pid_t pid))
{
    int64_t sum = 0;
    for (size_t i = 0; i < found->count; i++)
        sum += bytes(found->at[i]);
    return sum;
}

static void watch_memory(launch_trial *t)
{
    rg_processes found;
    rg_processes_below(&found, getpid());
    int64_t most = t->setup->memory_bytes;
    int64_t now = sum_bytes(&found, statm_bytes);
    if ((most && now > most) || now > t->peak_bytes)
        now = found.count > 1 ? sum_bytes(&found, proportional_bytes) : now;
    t->peak_bytes = now > t->peak_bytes ? now : t->peak_bytes;
    if ((most && now > most) || launch_group_is_over(t))
        launch_stop(t, LAUNCH_MEMORY);
}

/* A trial's time is what we saw pass.  While we stood still ourselves (a machine that sleeps, a
 * container that is paused, SIGSTOP to us all) it did most likely, too: no more than one second
 * of such a gap counts. */
static void count_time(launch_trial *t)
{
    uint64_t now = rg_clock_ns(), since = t->watched_ns ? t->watched_ns : t->started_ns;
    double gap = (double)(now - since) * 1e-9;
    t->watched_ns = now;
    t->ran_s += gap < GAP_MAX_S ? gap : GAP_MAX_S;
    if (t->stopped)
        t->stopped_s += gap < GAP_MAX_S ? gap : GAP_MAX_S;
}

void launch_watch(launch_trial *t)
{
    const launch_setup *s = t->setup;
    if (t->exited)
        return;
    count_time(t);
    look_for_kills(t);
    watch_memory(t);
    if (s->time_s > 0 && t->ran_s > s->time_s)
        launch_stop(t, LAUNCH_TIME);
    if (t->stopped && t->stopped_s > s->grace_s)
        signal_tree(SIGKILL);
}

void launch_watch_if_due(launch_trial *t)
{
    if ((double)(rg_clock_ns() - t->watched_ns) * 1e-9 >= TICK_S)
        launch_watch(t);
}
