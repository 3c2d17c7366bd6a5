/* energy.c - reads the kernel's counters of energy (see energy.h). */
#include "lab/study/energy.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COUNTER_TEXT_MAX = 64 };

static bool read_counter(const char *path, uint64_t *ret)
{
    rg_err ignored = {0};
    char *text;
    size_t len;
    int64_t value;
    if (!rg_file_read(path, COUNTER_TEXT_MAX, &text, &len, &ignored))
        return false;
    text[strcspn(text, "\n")] = '\0';
    bool ok = rg_text_int(text, &value) && value >= 0;
    rg_free(text);
    if (ok)
        *ret = (uint64_t)value;
    return ok;
}

/* A package is intel-rapl:N; intel-rapl:N:M is a part of it, and would be counted twice. */
static bool is_package(const char *zone)
{
    const char *colon = strchr(zone, ':');
    return rg_text_starts(zone, "intel-rapl:") && colon && !strchr(colon + 1, ':');
}

static void add_zone(energy_meter *meter, const char *root, const char *zone)
{
    char path[512];
    uint64_t last, range;
    snprintf(path, sizeof(path), "%s/%s/max_energy_range_uj", root, zone);
    if (!read_counter(path, &range))
        return;
    snprintf(path, sizeof(path), "%s/%s/energy_uj", root, zone);
    if (!read_counter(path, &last) || strlen(path) >= sizeof(meter->zone[0].path))
        return;
    snprintf(meter->zone[meter->count].path, sizeof(meter->zone[0].path), "%s", path);
    meter->zone[meter->count].last = last;
    meter->zone[meter->count++].range = range;
}

void energy_open(energy_meter *meter, const char *root)
{
    *meter = (energy_meter){0};
    DIR *dir = opendir(root);
    for (struct dirent *entry;
         dir && meter->count < ENERGY_ZONES_MAX && (entry = readdir(dir)) != NULL;)
        if (is_package(entry->d_name))
            add_zone(meter, root, entry->d_name);
    if (dir)
        closedir(dir);
}

void energy_poll(energy_meter *meter)
{
    for (size_t i = 0; i < meter->count; i++) {
        uint64_t now, last = meter->zone[i].last;
        if (!read_counter(meter->zone[i].path, &now))
            continue;
        uint64_t used = now >= last ? now - last : now + meter->zone[i].range - last;
        meter->joules += (double)used * 1e-6;
        meter->zone[i].last = now;
    }
}

double energy_joules(const energy_meter *meter)
{
    return meter->count > 0 ? meter->joules : (double)NAN;
}
