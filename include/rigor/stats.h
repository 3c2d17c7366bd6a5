/* stats.h - tests, intervals, effects, corrections, power.  Each function says its formula, its
 * source, its assumptions and what it returns in degenerate cases. */
#ifndef RIGOR_STATS_H
#define RIGOR_STATS_H

#include "rigor/base.h"

/* The owner of src/lab/stats fills this in. */

#endif
