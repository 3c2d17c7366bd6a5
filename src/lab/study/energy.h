/* energy.h - what the machine's processors consume, where the kernel lets us read it.
 *
 * Linux shows RAPL's counters (Running Average Power Limit) in /sys/class/powercap: microjoules
 * for each package, which wrap around.  They are the machine's: whatever else runs is in them,
 * and usually only root may read them. */
#ifndef RIGOR_LAB_STUDY_ENERGY_H
#define RIGOR_LAB_STUDY_ENERGY_H

#include "rigor/base.h"

#define ENERGY_ROOT "/sys/class/powercap"

enum { ENERGY_ZONES_MAX = 16 };
typedef struct energy_meter {
    size_t count; /* packages that can be read; 0: none */
    struct {
        char path[256]; /* of the counter */
        uint64_t last, range;
    } zone[ENERGY_ZONES_MAX];
    double joules; /* so far, over all packages */
} energy_meter;

/* root: ENERGY_ROOT, or a folder that looks like it. */
void energy_open(energy_meter *meter, const char *root);
/* Adds what was consumed since the last call.  A counter wraps after half an hour or more: often
 * enough is once in some minutes. */
void energy_poll(energy_meter *meter);
double energy_joules(const energy_meter *meter); /* NaN when none can be read */

#endif
