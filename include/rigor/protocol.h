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
    size_t seeds, seeds_max; /* evaluate, of a study that adds seeds; else 0 */
    double best;             /* best validation score of the stage so far; NaN: none */
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

/* Files of a study's folder (src/lab/study/folds.c).  fold: from 1; 0: of a study without folds.
 * The paths live in the arena. */
#define RG_LEDGER_FILE "ledger.db"
#define RG_LABELS_FILE "sealed/labels.npz"          /* without folds */
char *rg_parts_path(rg_arena *arena, size_t fold);  /* "data", "data/fold-2" */
char *rg_vault_path(rg_arena *arena, size_t fold);  /* "sealed", "sealed/fold-2" */
char *rg_labels_path(rg_arena *arena, size_t fold); /* "sealed/fold-2/labels.npz" */
/* Where a file lies that the split event names: "fold-2/labels.npz" under sealed/, others under
 * data/. */
char *rg_split_path(rg_arena *arena, const char *name);
char *rg_predictions_path(rg_arena *arena, const char *arm, uint64_t seed,
                          size_t fold); /* "predictions/full-1001.npz", "...-1001-f2.npz" */
/* What the labels that were sealed hash to, by the split event's body: the hash of the file, with
 * folds that of the hashes of all folds' files, one a line.  "": it does not say. */
void rg_sealed_sha(const rg_study *study, const json_t *split, char ret[RG_HEX]);

/* `environment` (borrowed) is recorded when the study is new.  *ret_signal: the signal that
 * interrupted the study, else 0; what was in flight is then lost, all else is in the ledger.
 * Another study file under the same name is an RG_INPUT error that names the differences. */
bool rg_study_run(const rg_study *study, rg_ledger *ledger, const rg_run_options *options,
                  const json_t *environment, int *ret_signal, rg_err *err);

/* Scores of every run of the evaluation, computed from predictions and labels: what opening the
 * seal records, and what verify compares it with.  `split` is the body of the split event, which
 * knows the names of the classes.  Caller frees with rg_scored_free. */
typedef struct rg_scored {
    size_t count;
    rg_score *score;
    char labels_sha[RG_HEX];
} rg_scored;
bool rg_scores_compute(const rg_study *study, const json_t *split, const char *dir,
                       const rg_record *records, size_t n, rg_scored *ret, rg_err *err);
void rg_scored_free(rg_scored *scored);

/* The scores of all arms over their first `seeds` seeds, and how to judge them: what
 * rg_verdicts takes.  One rg_scores for each arm; they lie in the arena.  With folds a score is the
 * mean of the runs of one fold. */
rg_scores *rg_study_scores(const rg_study *study, const rg_record *records, size_t n,
                           size_t seeds, rg_arena *arena);
rg_verdict_options rg_study_verdict_options(const rg_study *study);

/* ---- A study that adds seeds until it is decided (look.c).
 * One look: {"seeds", "claims": [{"claim", "verdict", "estimate", "evidence", "threshold",
 * "interval"}], "end"}; end is null while seeds are to be added, "decided" once every claim is,
 * "max" when all seeds have run, "undecidable" when no further seed could decide the rest.  The
 * "looked" events of the ledger hold them, with "scores" beside.  New reference. */
json_t *rg_look(const rg_study *study, const rg_record *records, size_t n, size_t seeds);
size_t rg_look_seeds(const json_t *look); /* 0 for NULL */
bool rg_look_is_last(const json_t *look);
/* How many seeds each arm has to have, when `look` was the last (NULL: none yet).  Depends on
 * nothing else, so that every interruption leads to the same looks.  Of a study whose seeds are
 * fixed: all of them. */
size_t rg_seeds_due(const rg_study *study, const json_t *look);

/* Takes every look again: `events` are the "looked" ones of the ledger.  What does not follow
 * from the scores, at the seeds that were due then, is added to `wrong`.  Returns the last look
 * (borrowed), NULL when there is none. */
const json_t *rg_looks_check(const rg_study *study, const rg_record *records, size_t n,
                             const json_t *events, rg_str *wrong);

/* Where this runs: machine, versions, git state.  New reference. */
json_t *rg_environment(const char *command);

#endif
