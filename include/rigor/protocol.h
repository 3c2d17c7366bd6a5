/* protocol.h - a study from its file to scored runs: split, tune, evaluate.
 *
 * Every stage is a function of the study and of what the ledger holds, so the same call starts
 * a study, goes on with one that was interrupted, and does nothing to one that is complete.
 * Verdicts and reports are read from the ledger afterwards (report.h). */
#ifndef RIGOR_PROTOCOL_H
#define RIGOR_PROTOCOL_H

#include "rigor/store.h"
#include "rigor/study.h"

typedef struct rg_progress {
    const char *stage;  /* "split", "tune", "evaluate" */
    size_t done, total; /* of the stage: trials or runs */
    size_t failed;
    double best; /* best validation score of the stage so far; NaN: none */
    const char *best_arm;
    double elapsed_s; /* since rg_study_run was called */
    double left_s;    /* estimate over all stages that are left; NaN: not known yet */
} rg_progress;

typedef struct rg_run_options {
    const char *dir;                /* the study's folder, made when absent */
    const char *const *worker_argv; /* NULL-terminated */
    int jobs;                       /* worker processes; 0: one for each core */
    void (*progress)(void *ctx,
                     const rg_progress *progress); /* ten times a second; may be NULL */
    void *ctx;
} rg_run_options;

/* Files of a study's folder. */
#define RG_LEDGER_FILE "ledger.db"
#define RG_LABELS_FILE "sealed/labels.npz"

/* `environment` (borrowed) is recorded when the study is new.  *ret_signal: the signal that
 * interrupted the study, else 0; what was in flight is then lost, all else is in the ledger.
 * Another study file under the same name is an RG_INPUT error that names the differences. */
bool rg_study_run(const rg_study *study, rg_ledger *ledger, const rg_run_options *options,
                  const json_t *environment, int *ret_signal, rg_err *err);

/* Scores of every run of the evaluation, computed from predictions and labels: what opening the
 * seal records, and what verify compares it with.  Caller frees with rg_scored_free. */
typedef struct rg_scored {
    size_t count;
    rg_score *score;
    char labels_sha[RG_HEX];
} rg_scored;
bool rg_scores_compute(const rg_study *study, const char *dir, const rg_record *records,
                       size_t n, rg_scored *ret, rg_err *err);
void rg_scored_free(rg_scored *scored);

/* Where this runs: machine, versions, git state.  New reference. */
json_t *rg_environment(const char *command);

#endif
