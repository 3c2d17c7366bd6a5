/* threads.c - the environment of a worker: ours, with its share of the cores. */
#include "lab/exec/threads.h"

#include "rigor/base.h"

char **rg_environment_with_threads(int threads)
{
    extern char **environ;
    static const char *const names[] = {"OMP_NUM_THREADS", "RIGOR_THREADS"};
    size_t n = 0, kept = 0;
    while (environ[n])
        n++;
    char **copy = RG_NEW_ARRAY(char *, n + RG_COUNT(names) + 1);
    for (size_t i = 0; i < n; i++)
        if (!rg_text_starts(environ[i], "OMP_NUM_THREADS=") &&
            !rg_text_starts(environ[i], "RIGOR_THREADS="))
            copy[kept++] = environ[i];
    for (size_t i = 0; i < RG_COUNT(names); i++) {
        rg_str entry = {0};
        rg_str_printf(&entry, "%s=%d", names[i], threads);
        copy[kept + i] = entry.data;
    }
    return copy;
}

void rg_environment_with_threads_free(char **copy)
{
    size_t n = 0;
    while (copy[n])
        n++;
    rg_free(copy[n - 1]);
    rg_free(copy[n - 2]);
    rg_free(copy);
}
