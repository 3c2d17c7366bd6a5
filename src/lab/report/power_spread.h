/* power_spread.h - the standard deviation that a power question rests on. */
#ifndef RIGOR_LAB_REPORT_POWER_SPREAD_H
#define RIGOR_LAB_REPORT_POWER_SPREAD_H

#include "rigor/stats.h"

typedef struct power_spread {
    const char *label; /* the claim; borrowed; NULL: no study behind it */
    size_t n, df;      /* values, and degrees of freedom behind sd; 0: taken as it is */
    double sd, lo, hi; /* of one difference, with its 95 % interval */
    double observed;   /* the mean difference; NaN: none */
} power_spread;

/* facts: docs/json.md.  Values that do not exist are left out; fewer than two: sd is NaN. */
power_spread power_spread_of_claim(const json_t *facts, const json_t *claim, rg_design design);
void power_spread_interval(power_spread *spread); /* lo and hi from sd and df */

#endif
