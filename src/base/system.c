/* system.c - clocks, the log, cores. */
#include "rigor/base.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t rg_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void rg_clock_utc(char out[32])
{
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    size_t n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out + n, 32 - n, ".%03dZ", (int)(now.tv_nsec / 1000000));
}

/* ---- Log */

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static _Atomic int level_shown = -1;

void rg_log_level_set(rg_log_level level)
{
    level_shown = (int)level;
}

static int level_of_environment(void)
{
    const char *name = getenv("RIGOR_LOG");
    for (size_t i = 0; name && i < RG_COUNT(level_names); i++)
        if (strcmp(name, level_names[i]) == 0)
            return (int)i;
    return RG_LOG_WARN;
}

void rg_log_line(rg_log_level level, const char *fmt, ...)
{
    if (level_shown < 0)
        level_shown = level_of_environment();
    if ((int)level > level_shown)
        return;
    rg_str line = {.max = 4096};
    va_list args;
    va_start(args, fmt);
    rg_str_vprintf(&line, fmt, args);
    va_end(args);
    fprintf(stderr, "rigor: %s: %s\n", level_names[level], rg_str_text(&line));
    rg_str_free(&line);
}

/* ---- Cores */

int rg_cpu_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? n : 1;
}
