/* walk.h - what the stages of a study share while it is walked. */
#ifndef RIGOR_LAB_STUDY_WALK_H
#define RIGOR_LAB_STUDY_WALK_H

#include "lab/study/energy.h"
#include "lab/study/runner.h"

typedef struct rg_walk {
    const rg_study *study;
    rg_ledger *ledger;
    rg_run_options options;
    rg_arena *arena;
    rg_record *records; /* what the stage has read last of the ledger */
    rg_arena *read;     /* owner of the records; NULL: they are another's */
    size_t n_records;
    size_t n_at_start; /* records that earlier runs of the program had left */
    json_t *split;     /* body of the split event */
    json_t *freeze;    /* body of the freeze event */
    size_t seeds;      /* that each arm has to have, as far as is known */
    json_t *session;   /* under what this walk trains (session.h); NULL: not told */
    bool session_told; /* the ledger knows it */
    rg_progress progress;
    energy_meter energy; /* of this machine, since `started` */
    uint64_t started;
    int signal; /* that interrupted the walk, else 0 */
} rg_walk;

bool rg_stage_split(rg_walk *w, rg_err *err);
bool rg_stage_tune(rg_walk *w, rg_err *err);
bool rg_stage_evaluate(rg_walk *w, rg_err *err);

/* The stage of tuning in its parts, which replay.c drives without training: the trials of all
 * arms as work of which nothing is handed out yet, and the body of the freeze event once all of
 * them are recorded. */
void rg_tune_open(rg_walk *w, rg_work *work);
json_t *rg_tune_frozen(const rg_walk *w, const rg_work *work);

size_t rg_trials_of(const rg_study *study, const rg_arm *arm); /* 0: nothing to tune */
size_t rg_trials_in_all(const rg_study *study);
/* Reads records (parts: rg_parts) in place of those that were read before. */
bool rg_walk_read(rg_walk *w, unsigned parts, rg_err *err);
const rg_record *rg_walk_record(const rg_walk *w, rg_stage stage, const char *arm,
                                size_t number);
/* Fills in what the ledger knows of a member. */
void rg_walk_recall(const rg_walk *w, rg_member *m);
/* Trains what of the work is not recorded yet. */
bool rg_walk_perform(rg_walk *w, rg_work *work, const char *stage, rg_err *err);
void rg_members_free(rg_work *work); /* the members' JSON */

#endif
