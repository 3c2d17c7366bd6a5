/* compare.h - scores that somebody else measured, as rows of arm, data set, seed, fold, value.
 */
#ifndef RIGOR_LAB_REPORT_COMPARE_H
#define RIGOR_LAB_REPORT_COMPARE_H

#include "rigor/data.h"
#include "rigor/report.h"

#include "lab/report/compare_table.h"

typedef struct rg_result { /* one row */
    uint64_t seed;         /* where seeds are labels: index into `seeds` */
    uint32_t set, fold;    /* index into `sets`, `folds`; 0 where there are none */
    double value;          /* NaN: missing or not finite */
    uint32_t line, file;
} rg_result;

typedef struct rg_result_arm {
    const char *name;
    bool unpaired;          /* its seeds number its runs, and pair them with none */
    RG_VEC(rg_result) rows; /* in order of data set, seed, fold */
} rg_result_arm;

typedef struct rg_results {
    rg_arena *arena;
    const char *path, *metric;
    RG_VEC(const char *) files; /* names of the sources, as messages call them */
    RG_VEC(const char *) sets; /* names of the data sets, in order of appearance; empty: none */
    RG_VEC(const char *) folds;
    RG_VEC(const char *) seeds; /* labels; empty: seeds are whole numbers */
    bool has_seeds;
    bool unpaired;              /* no column says which runs of two arms belong together */
    RG_VEC(rg_result_arm) arms; /* in order of appearance */
    json_t *settings;           /* what else is known of the runs (compare_settings.h) */
    json_t *columns;            /* which column was taken for what */
    json_t *warnings;
} rg_results;

/* Guesses the columns and reads the rows of one metric.  `ret` holds what rg_results_free lets
 * go, whether this succeeds or not. */
bool rg_results_read(const rg_result_source *sources, size_t n_sources,
                     const rg_compare_options *options, rg_results *ret, rg_err *err);
void rg_results_free(rg_results *results);
/* By data set, seed and fold: negative, 0 or positive, as strcmp. */
int rg_result_order(const rg_result *a, const rg_result *b);
/* The seed of a row as the table wrote it. */
const char *rg_result_seed(const rg_results *results, const rg_result *row);

/* The way from sources to facts, for callers that hold the text already. */
json_t *rg_compare_sources(const rg_result_source *sources, size_t n_sources,
                           const rg_compare_options *options, rg_err *err);

/* Whether a higher value of a metric is better, told by its name; "eval/test_acc" is accuracy.
 * worst: what a failed run counts as, NaN when no finite value is. False when unknown. */
bool rg_result_metric(const char *name, bool *ret_maximize, double *ret_worst);

#endif
