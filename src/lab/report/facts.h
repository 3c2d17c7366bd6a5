/* facts.h - what the parts of the facts are built from. */
#ifndef RIGOR_LAB_REPORT_FACTS_H
#define RIGOR_LAB_REPORT_FACTS_H

#include "lab/report/cells.h"
#include "rigor/store.h"
#include "rigor/study.h"

typedef struct facts_source {
    const rg_study *study;
    rg_arena *arena;
    rg_record *records; /* by stage, arm and number */
    size_t n_records;
    json_t *row;      /* the ledger's row of the study, or null */
    json_t *split;    /* body of the newest "split" event; NULL before */
    json_t *audit;    /* body of the newest "audit" event; NULL before, and of older studies */
    json_t *freeze;   /* body of the newest "freeze" event; NULL before */
    json_t *openings; /* all "seal-opened" events */
    json_t *looks;    /* all "looked" events: of a study that adds seeds */
    json_t *finished; /* all "finished" events */
    json_t *sessions; /* all "session" events */
    json_t *granted;  /* body of the newest "granted" event; NULL: our own trainer, or before */
} facts_source;

/* The record of one place, or NULL. */
const rg_record *facts_record(const facts_source *from, rg_stage stage, const char *arm,
                              size_t number);
/* A trial's score: the primary metric on validation; NaN when it failed. */
double facts_score(const facts_source *from, const rg_record *record);
bool facts_is_tuned(const facts_source *from, const rg_arm *arm);
bool facts_is_scored(const facts_source *from,
                     const rg_record *run);       /* or failed, once opened */
bool facts_is_complete(const facts_source *from); /* every run is there and scored */
/* Seeds that every arm has to have, as far as the ledger goes: all of them, or of a study that
 * adds seeds those that were looked at and, unless it has ended, those that come next. */
size_t facts_seeds_due(const facts_source *from);
/* The arm's part of the freeze, or NULL. */
const json_t *facts_frozen(const facts_source *from, const char *arm);

/* The parts.  Each returns a new reference. */
json_t *facts_arms(const facts_source *from);
json_t *facts_claims(const facts_source *from);
json_t *facts_study_standings(const facts_source *from); /* [] while runs are missing */
void facts_add_confounds(const facts_source *from, json_t *claims); /* claims[].confounds */
json_t *facts_environment_confounds(const facts_source *from); /* [{"claim", "confounds"}] */
json_t *facts_effects(const facts_source *from, const json_t *arms);
json_t *facts_search(const facts_source *from);
json_t *facts_space(const facts_source *from);
json_t *facts_sampler(const facts_source *from);
json_t *facts_curves(const facts_source *from);
json_t *facts_checks(const facts_source *from, const json_t *arms);
json_t *facts_warnings(const facts_source *from);
json_t *facts_seal(const facts_source *from);
/* How many trials were started again since somebody ended them from outside, how often in all and
 * at most; null: none.  A program that ends itself so may choose among its results. */
json_t *facts_restarts(const facts_source *from);
/* "sealed", "scored" or "self-reported" (facts_seal.c says what each takes). */
const char *facts_trust(const facts_source *from);
/* What the kernel kept from the trials, in a sentence; null where that is not recorded. */
json_t *facts_sandbox(const facts_source *from);
/* How often trials tried to open what is hidden from them. */
size_t facts_attempts(const facts_source *from);
json_t *facts_sequential(const facts_source *from); /* NULL: the seeds are fixed */
json_t *facts_environment(const facts_source *from);

/* The parts that follow from scores alone, of studies and of tables of results alike. */
json_t *facts_standings(const cells *all);
json_t *facts_ranking(const cells *all); /* null: too few data sets or arms */
/* NULL: not two tasks with two runs each, a run without a value, or far too many runs. */
typedef struct facts_task_options {
    bool normalize;   /* each task from 0, its worst run, to 1, its best */
    uint64_t seed;    /* of the bootstrap */
    json_t *warnings; /* is told why nothing can be said of enough tasks */
} facts_task_options;
json_t *facts_tasks(const cells *all, const rg_claim *claims, size_t n_claims,
                    const facts_task_options *options);
/* The paragraph for a paper's methods section, written from the rest of the facts. */
json_t *facts_methods(const json_t *facts);

#endif
