/* placebo.h - the A/A check: one arm against itself under other seeds.
 *
 * The arm is trained as the study would train it, through the real trainer on the real split,
 * and scored on validation: the test labels stay sealed, and the study's ledger is not touched.
 * Then the study's own procedure is applied to groups of these runs, of which none is better
 * than another.  How often it finds a difference is how often it would have cried wolf. */
#ifndef RIGOR_LAB_STUDY_PLACEBO_H
#define RIGOR_LAB_STUDY_PLACEBO_H

#include "rigor/protocol.h"

typedef struct placebo_options {
    const char *arm;    /* NULL: the second arm of the first claim, its baseline */
    size_t runs;        /* 0: enough for all arms without using one twice, 24 to 40 */
    size_t epochs;      /* 0: the arm's own, at most 20 */
    rg_run_options run; /* worker_argv, jobs and progress; dir is not looked at */
    /* Called once, when the first run has told how long one takes; may be NULL. */
    void (*estimate)(void *ctx, size_t runs, double seconds);
} placebo_options;

/* The runs, trained in a folder of their own that is gone afterwards. */
typedef struct placebo_runs {
    const rg_arm *arm;
    size_t count, failed, epochs; /* epochs: 0 when the arm does not know them */
    double *score; /* validation; a failed run's is the metric's worst value.  Of the arena. */
    bool *has_failed;
} placebo_runs;

/* *ret_signal: what interrupted it, else 0.  Nothing is left behind in any case. */
bool placebo_train(const rg_study *study, const placebo_options *options, rg_arena *arena,
                   placebo_runs *ret, int *ret_signal, rg_err *err);

/* The facts (docs/json.md, `check --placebo`): equal for any number of threads. */
json_t *placebo_facts(const rg_study *study, const placebo_runs *runs, int threads);

/* Whether the share of false alarms is clearly above what the study allows. */
bool placebo_is_alarming(const json_t *facts);

#endif
