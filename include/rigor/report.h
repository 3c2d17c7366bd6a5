/* report.h - facts and their renderings.
 *
 * Facts are everything that a report says, as data: a JSON tree, specified in docs/json.md. All
 * renderings read only this. */
#ifndef RIGOR_REPORT_H
#define RIGOR_REPORT_H

#include "rigor/base.h"
#include "rigor/store.h"
#include "rigor/study.h"

typedef struct rg_rendering {
    const char *name;      /* "html" */
    const char *extension; /* "html": the file is report.html */
    const char *help;
    bool (*render)(const json_t *facts, bool colour, rg_str *ret, rg_err *err);
} rg_rendering;
/* NULL-terminated; one file render_NAME.c each. */
extern const rg_rendering *const rg_renderings[];
const rg_rendering *rg_rendering_find(const char *name);

/* The facts of a study as far as its ledger goes.  New reference. */
json_t *rg_facts_build(const rg_study *study, rg_ledger *ledger, rg_err *err);
/* The facts without `environment` and `ledger_head`, hashed: equal for equal results. */
void rg_facts_fingerprint(const json_t *facts, char ret[RG_HEX]);

/* Facts from tables of results that exist already (rigor compare).  Which column is what is
 * guessed where it is not said. */
typedef enum rg_result_role {
    RG_ROLE_ARM,
    RG_ROLE_SEED,
    RG_ROLE_DATASET,
    RG_ROLE_FOLD,
    RG_ROLE_METRIC, /* long form: the column with the names of metrics */
    RG_ROLE_VALUE,  /* the column with the scores */
    RG_ROLES
} rg_result_role;
typedef struct rg_compare_options {
    const char *metric;        /* NULL: the only one there is */
    const char *const *claims; /* "A > B"; none: every arm against the first */
    size_t n_claims;
    bool minimize;
    bool goal_given; /* otherwise: known for usual metrics */
    bool normalize;  /* for aggregates over tasks: each from 0, its worst run, to 1, its best */
    rg_analysis analysis;
    const char *column[RG_ROLES]; /* names of columns; NULL: guessed */
    const char *form;             /* "wide", "long", "arms", ...; NULL: guessed */
    size_t resamples; /* at most, of bootstraps; 0: as many as some tenths of a second allow */
    const char *positive; /* of predictions of two classes: the one that scores are of */
    const char *task;     /* of predictions: "classify" or "regress"; NULL: guessed */
} rg_compare_options;
/* paths: CSV or JSON lines, packed or not; "-" is standard input.  Without a column for the
 * arm, each of several files is one.  New reference; NULL on failure. */
json_t *rg_compare(const char *const *paths, size_t n_paths, const rg_compare_options *options,
                   rg_err *err);

/* Fixed models on one test set: a file of predictions for each, and one of labels.  What is
 * judged are these models, not the methods that made them. */
json_t *rg_compare_models(const char *const *predictions, size_t n, const char *labels,
                          const rg_compare_options *options, rg_err *err);

#endif
