/* place.c - the environment of a worker: ours, with its share of the cores and its number. */
#include "lab/exec/place.h"

#include "rigor/base.h"

#include <string.h>

enum { OWN = 3 };

static bool is_own(const char *entry)
{
    return rg_text_starts(entry, "OMP_NUM_THREADS=") ||
           rg_text_starts(entry, "RIGOR_THREADS=") || rg_text_starts(entry, "RIGOR_SLOT=");
}

char **rg_environment_of_place(int threads, int slot)
{
    extern char **environ;
    const struct {
        const char *name;
        int value;
    } own[OWN] = {
        {"OMP_NUM_THREADS", threads}, {"RIGOR_THREADS", threads}, {"RIGOR_SLOT", slot}};
    size_t n = 0, kept = 0;
    while (environ[n])
        n++;
    char **copy = RG_NEW_ARRAY(char *, n + OWN + 1);
    for (size_t i = 0; i < n; i++)
        if (!is_own(environ[i]))
            copy[kept++] = environ[i];
    for (size_t i = 0; i < OWN; i++) {
        rg_str entry = {0};
        rg_str_printf(&entry, "%s=%d", own[i].name, own[i].value);
        copy[kept + i] = entry.data;
    }
    return copy;
}

void rg_environment_of_place_free(char **copy)
{
    size_t n = 0;
    while (copy[n])
        n++;
    for (size_t i = n - OWN; i < n; i++)
        rg_free(copy[i]);
    rg_free(copy);
}
