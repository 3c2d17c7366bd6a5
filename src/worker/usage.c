/* usage.c - time and memory of one training in a process that does many. */
#include "worker/worker.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static uint64_t cpu_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The kernel forgets the largest resident memory of a process that writes 5 there (proc(5)). */
static void forget_peak(void)
{
    static int fd = -2; /* stays open: a job has many members */
    if (fd == -2)
        fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    ssize_t ignored = write(fd, "5", 1);
    (void)ignored;
}

static int64_t peak_bytes(void)
{
    struct rusage own;
    getrusage(RUSAGE_SELF, &own);
    return (int64_t)own.ru_maxrss * 1024;
}

void worker_usage_start(usage *ret)
{
    forget_peak();
    rg_clock_utc(ret->started);
    ret->wall_ns = rg_clock_ns();
    ret->cpu_ns = cpu_clock_ns();
}

json_t *worker_usage_json(const usage *since)
{
    char ended[32];
    rg_clock_utc(ended);
    return json_pack("{s:s, s:s, s:f, s:f, s:I}", "started", since->started, "ended", ended,
                     "wall_s", (double)(rg_clock_ns() - since->wall_ns) * 1e-9, "cpu_s",
                     (double)(cpu_clock_ns() - since->cpu_ns) * 1e-9, "peak_bytes",
                     (json_int_t)peak_bytes());
}
