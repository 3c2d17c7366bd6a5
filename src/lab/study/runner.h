/* runner.h - one stage's members (trials or runs) through the pool and into the ledger. */
#ifndef RIGOR_LAB_STUDY_RUNNER_H
#define RIGOR_LAB_STUDY_RUNNER_H

#include "rigor/exec.h"
#include "rigor/protocol.h"
#include "rigor/store.h"
#include "rigor/study.h"

/* One trial or run.  A stage fills `config` (and `point`) when it hands the member out. */
typedef struct rg_member {
    rg_stage stage;
    size_t arm, number;
    size_t fold; /* whose parts it gets, from 1; 0: the study has one cut */
    uint64_t seed;
    json_t *point, *config;
    char *predictions; /* path that the worker writes; NULL while tuning, and where the trainer
                          scores itself */
    bool recorded;     /* its result is in the ledger */
    bool failed;
    double score; /* primary metric on validation; NaN when failed */
    /* Runner's own: */
    bool handed_out;
    bool alone; /* its job holds nobody else, who could have brought the worker down */
    int losses;
    bool pruned, told; /* the search has seen enough; its worker knows */
    json_t *again;     /* starts that somebody ended from outside: [{"reason", "attempts"}] */
    struct rg_collected *collected;
} rg_member;

#define RG_NO_MEMBER SIZE_MAX

typedef struct rg_work {
    const rg_study *study;
    rg_ledger *ledger;
    const rg_run_options *options;
    const json_t *data_info; /* body of the split event: paths, task, classes */
    const char *dir;         /* the study's folder */
    /* The folder of the study of which this is done again, and which stays out of reach as `dir`
     * does; NULL: none. */
    const char *original;
    const char *session; /* id of what all this is trained under (session.h); may be NULL */
    rg_progress *progress;
    struct recorder *recorder; /* results that wait for the ledger (recorder.h) */
    struct pruner *pruner;     /* curves of the trials that others are held against */
    size_t n_lost;             /* members that have to be trained again */
    json_t
        *trainer; /* what every job of a program begins with (trainer_job.h); NULL: our own */
    char *root;   /* `dir`, absolute */

    rg_member *member;
    size_t count;
    void *ctx;
    /* The next member that can start, its configuration filled in; RG_NO_MEMBER: none now. */
    size_t (*next)(struct rg_work *work);
    size_t (*ready)(const struct rg_work *work);   /* how many could start now, at least */
    void (*done)(struct rg_work *work, size_t id); /* recorded just now; may be NULL */
} rg_work;

/* Until every member is recorded, or a signal arrives (*ret_signal, else 0).  A cause that lies
 * outside of the training (a full disk) is an error and records nothing. */
bool rg_work_run(rg_work *work, int *ret_signal, rg_err *err);

#endif
