/* compare.h - scores that somebody else measured, as rows of arm, seed and value. */
#ifndef RIGOR_LAB_REPORT_COMPARE_H
#define RIGOR_LAB_REPORT_COMPARE_H

#include "rigor/data.h"
#include "rigor/report.h"

typedef struct rg_result { /* one row */
    uint64_t seed;
    uint32_t set, fold; /* index into `sets`, `folds`; 0 where there are none */
    double value;       /* NaN: missing or not finite */
    size_t line;
} rg_result;

typedef struct rg_result_arm {
    const char *name;
    RG_VEC(rg_result) rows; /* in order of seed */
} rg_result_arm;

typedef struct rg_results {
    rg_arena *arena;
    const char *path, *metric;
    RG_VEC(const char *) sets; /* names of the data sets, in order of appearance; empty: none */
    RG_VEC(const char *) folds;
    bool unpaired;              /* no column says which runs of two arms belong together */
    RG_VEC(rg_result_arm) arms; /* in order of appearance */
    json_t *columns;            /* which column was taken for what */
    json_t *warnings;
} rg_results;

/* Guesses the columns and reads the rows of one metric (NULL: the only one there is).  `ret`
 * holds what rg_results_free lets go, whether this succeeds or not. */
bool rg_results_read(const char *path, const char *metric, rg_results *ret, rg_err *err);
void rg_results_free(rg_results *results);

#endif
