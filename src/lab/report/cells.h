/* cells.h - scores by arm and data set, for what is said of all arms at once: standings, ranks,
 * aggregates over tasks. */
#ifndef RIGOR_LAB_REPORT_CELLS_H
#define RIGOR_LAB_REPORT_CELLS_H

#include "rigor/stats.h"
#include "rigor/study.h"

typedef struct cell_run {
    uint64_t seed;
    uint32_t fold; /* 0 without cross-validation */
    double value;  /* NaN: failed, and the metric has no finite worst value */
} cell_run;

typedef struct cell { /* the runs of one arm on one data set, by seed and fold */
    cell_run *at;
    size_t n;
} cell;

typedef struct cells {
    const rg_scores *arms;
    size_t n_arms, n_sets;  /* results without data sets have one, whose name is NULL */
    double test_over_train; /* of the folds; NaN without cross-validation */
    const rg_verdict_options *options;
    rg_arena *arena; /* owner of the cells */
    cell *at;        /* (sets, arms), row-major */
} cells;

/* The arms, the options and the arena must outlive the result. */
cells cells_of(const rg_scores *arms, size_t n_arms, const rg_verdict_options *options,
               rg_arena *arena);
const cell *cells_at(const cells *all, size_t set, size_t arm);
const char *cells_set_name(const cells *all, size_t set); /* NULL: there is only the one */
/* The values of a cell, in order of seed and fold; the mean, NaN for an empty cell. */
double *cells_values(const cells *all, const cell *of);
double cells_mean(const cell *of);

/* The t test of a list of values from these scores, and the interval of their mean: folds share
 * training data, which the test of Nadeau and Bengio allows for (rigor/groups.h). */
rg_t_result cells_t_test(const cells *all, const double *values, size_t n);

#endif
