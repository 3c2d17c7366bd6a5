/* study.h - a study: the file as read, resolved and immutable.
 *
 * The lab does not know who trains: what a trainer can be told comes in as tables (rg_catalog).
 */
#ifndef RIGOR_STUDY_H
#define RIGOR_STUDY_H

#include "rigor/base.h"
#include "rigor/data.h"
#include "rigor/search.h"

typedef struct rg_catalog_model {
    const char *name, *help;
    const rg_param *params;
    const char *file, *sha256; /* of a model of the user's own: its source; else NULL */
} rg_catalog_model;
typedef struct rg_catalog_file { /* a model of the user's own, opened */
    rg_catalog_model model;
    json_t *record; /* {"sha256", "source", "model": {...}}: enough to read the study again */
} rg_catalog_file;
typedef struct rg_catalog {         /* what a trainer can be told; given by the caller */
    const rg_catalog_model *models; /* ends with name == NULL */
    const rg_param *train;
    const rg_param
        *open; /* of a program that is not ours: the names that the study gives it, as
                             full paths; models and train are then empty.  NULL otherwise */
    /* Opens `model: {file: ...}`, a file of the folder `dir`; what it returns lives in the arena,
     * record is a new reference.  NULL: such models cannot be had. */
    bool (*open_file)(void *ctx, const char *dir, const char *file, rg_arena *arena,
                      rg_catalog_file *ret, rg_err *err);
    void *ctx;
    /* Names of the parameters of `train` that a training by a configuration does not read; new
     * reference.  NULL: nobody knows. */
    json_t *(*unread)(const json_t *config, rg_task task);
    /* Whether a training by a configuration can do the task; err->where is the path of what
     * does not fit.  NULL: nobody knows. */
    bool (*fits)(const json_t *config, rg_task task, rg_err *err);
} rg_catalog;

/* A training program of any language, started once for each trial (docs/protocol.md). */
typedef enum rg_data_form { RG_FORM_NPZ, RG_FORM_CSV } rg_data_form; /* of the parts it gets */
typedef struct rg_trainer {
    const char *const *command; /* words, "{name}" to be filled in; n_command of them */
    size_t n_command;
    const char *folder; /* where it starts; absolute where the study file's folder is */
    rg_data_form form;
    const char *const *reads; /* patterns over its usual output: "loss: {train_loss}" */
    size_t n_reads;
    json_t *env;                     /* {name: text}; owned by the study's arena */
    double time_s, grace_s;          /* 0: no limit; between SIGTERM and SIGKILL */
    int64_t memory_bytes, log_bytes; /* 0: no limit; kept of each stream */
    int threads;                     /* cores of one trial */
    double devices;                  /* GPUs of one trial, or the share of one */
    bool network;                    /* whether it may use it */
    bool seal;                       /* false: it runs without Landlock */
    const char *const *writes;       /* folders that it may write beside its own; absolute */
    size_t n_writes;
    const char *const *hides; /* what it must not read beside what the seal hides anyway */
    size_t n_hides;
} rg_trainer;

typedef struct rg_arm {
    const char *name;
    const char *ablation_of; /* NULL for an arm */
    json_t *changes;         /* {dotted path: value}: what differs from the base (an ablation:
                                from the arm that it ablates) */
    json_t *config;          /* resolved: every parameter of model and train with its value */
    rg_space space; /* what is tuned: the study's space less what this arm fixes, less what
                       its model does not have */
    double *first;  /* the default configuration as a point of the space */
    json_t *unread; /* {path: help} of the parameters that its training reads for no value of
                       the space; help is null where the study neither sets nor tunes it */
} rg_arm;

typedef enum rg_relation { RG_BETTER, RG_EQUAL, RG_NOT_WORSE } rg_relation; /* >  =  >= */
typedef struct rg_claim {
    const char *text; /* "full > linear" */
    size_t a, b;      /* indices of arms */
    rg_relation relation;
} rg_claim;

typedef enum rg_correction { RG_HOLM, RG_BONFERRONI, RG_NO_CORRECTION } rg_correction;
typedef struct rg_analysis {
    double alpha;  /* .05 */
    double margin; /* for = and >=, in the metric's units; NaN: not declared */
    rg_correction correction;
} rg_analysis;

typedef struct rg_study {
    rg_arena *arena;        /* owner of everything below */
    const char *path, *dir; /* of the study file */
    const char *text;       /* the file as read */
    const char *name, *question;

    const rg_trainer *trainer; /* NULL: our own */
    /* Name or path, NULL where a trainer brings its own; target column or NULL; column of the
     * query of ranking metrics or NULL. */
    const char *data, *data_target, *data_group;
    rg_split_spec split;
    rg_scale scale;
    rg_balance balance;

    const char *metric;
    bool
        metric_known; /* to the lab, which then computes it; otherwise the trainer reports it */
    bool maximize;
    double metric_worst;
    const char **also;
    size_t n_also;

    rg_arm *arms;
    size_t n_arms;

    size_t trials;       /* per arm; 0: nothing is tuned */
    size_t parallel;     /* at most this many trials of one arm are pending at once: trial k is
                            suggested from the results of trials 0 .. k - parallel */
    const char *sampler; /* "auto" or a sampler's name */
    bool prune; /* trials that are worse than the median of the earlier ones are ended */
    int64_t prune_after; /* steps that every trial may take before that */

    uint64_t seed;   /* of the study: splits, search, tuning */
    uint64_t *seeds; /* of the final runs, shared by all arms; tuning never sees them */
    size_t n_seeds;
    /* A study is sequential when seeds_min < n_seeds: it begins with the first seeds_min of the
     * seeds and adds seeds_step at a time until every claim is decided, or all n_seeds have
     * run. Otherwise seeds_min is n_seeds, and all of them run. */
    size_t seeds_min, seeds_step;

    rg_claim *claims; /* those under `explore` behind the others */
    size_t n_claims, n_explored;
    rg_analysis analysis;
    bool exploratory;

    json_t *own_models; /* {file: rg_catalog_file.record}; NULL: none */
    json_t *resolved;   /* all of the above as JSON, without paths: what the ledger records */
    char hash[RG_HEX];  /* of the canonical form of `resolved` */
} rg_study;

/* Reads, overrides, resolves.  overrides: "a.b=v", "+a.b=v" (adds), "~a.b" (removes).  All
 * mistakes go to `diags`; NULL is returned when there is one.  exploratory allows fewer than 5
 * seeds. */
rg_study *rg_study_parse(const char *text, size_t len, const char *path,
                         const char *const *overrides, size_t n_overrides, bool exploratory,
                         const rg_catalog *catalog, rg_diags *diags);
rg_study *rg_study_read(const char *path, const char *const *overrides, size_t n_overrides,
                        bool exploratory, const rg_catalog *catalog, rg_diags *diags);
void rg_study_free(rg_study *study);
/* The study's data set with the roles of its columns (src/lab/study/study_data.c); NULL on
 * failure. */
rg_dataset *rg_study_dataset(const rg_study *study, rg_arena *arena, rg_err *err);
/* Cut by the study's split.  fold: from 1; of a study without folds, 0. */
bool rg_study_cut(const rg_study *study, const rg_dataset *data, size_t fold, rg_arena *arena,
                  rg_split *ret, rg_err *err);
/* Both; of a study with folds, cut as its first. */
rg_dataset *rg_study_data(const rg_study *study, rg_arena *arena, rg_split *ret_split,
                          rg_err *err);

/* ---- Folds (src/lab/study/folds.c): the data is cut `split.folds` times, every row is tested
 * once, and an arm runs with every seed on every fold.  Its runs are numbered seed by seed and
 * within a seed fold by fold, from 0; folds are counted from 1, and 0 is the cut of a study without
 * them. */
bool rg_study_has_folds(const rg_study *study);
size_t rg_study_runs(const rg_study *study, size_t seeds); /* of an arm with so many seeds */
size_t rg_study_fold_of(const rg_study *study, size_t number);
uint64_t rg_study_seed_of(const rg_study *study, size_t number);
/* Test rows for each training row, as the split asks for, in the mean over the folds: what the
 * corrected t test wants to know.  NaN without folds. */
double rg_study_test_over_train(const rg_study *study);
bool rg_study_is_sequential(const rg_study *study); /* seeds are added while looking */
/* The program tells its own test scores: there are no labels that the lab could score with, or
 * no such metric in the lab. */
bool rg_study_is_self_reported(const rg_study *study);
/* Claims that are corrected together: the declared ones, or all when all are exploratory. */
size_t rg_study_family(const rg_study *study);
/* What the p of a declared claim must stay below whatever the others do: alpha over them. */
double rg_study_strictest_level(const rg_study *study);
/* NULL with an error that lists the arms when there is none of this name. */
const rg_arm *rg_study_arm(const rg_study *study, const char *name, rg_err *err);
/* The arm's configuration with the values of a point laid over it.  New reference. */
json_t *rg_arm_config(const rg_arm *arm, const double *point);
/* What a plan of this study is worth before it runs; new reference:
 *   arms, trials, runs    how many, in all
 *   mde_sd                the smallest effect that the seeds show with 80 % power at alpha, in
 *                         standard deviations of the paired difference; null for one seed
 *   mde_sd_corrected      the same at the strictest level of the correction
 *   folds                 of a study with folds alone: how many; mde_sd is then in standard deviations
 *                         of the difference between the runs of all folds
 *   runs_min, mde_sd_min, mde_sd_corrected_min  of a sequential study alone: the same at its
 *                         first look; runs and mde_sd are then those of its last possible one
 *   warnings              sentences: few seeds, confounded claims, odd ranges, ...
 *   unanswerable          sentences: claims that no result could settle */
json_t *rg_study_plan(const rg_study *study);

/* ---- Verdicts (src/lab/study/verdict.c): one for each declared claim.
 *
 * What the scores look like decides how a claim is tested; what to fill in for each situation:
 *
 *   pairs       seed, value; both arms have seeds in common.  Paired t.
 *   unpaired    the same without a seed in common, or `unpaired` of an arm: the seeds then only
 *               number its runs.  Welch.
 *   folds       fold as well (2 different ones or more), options.test_over_train unless it is
 *               1 / (folds - 1).  Pairs by seed and fold; corrected t.  Where several seeds share
 *               one cut of the folds, one score a fold, the mean of its runs, with
 *               options.seeds_each.
 *   sets        set as well, with options.sets for the names; 2 to 5 data sets.  Each is paired
 *               (or not) by itself; stratified t, or a t test over the sets' means where some
 *               set has only one run of an arm.  Folds may be filled in, too.
 *   many-sets   the same with 6 data sets or more.  Wilcoxon over the sets' means.
 *   sequential  as pairs, with options.sequential.
 *
 * Sets on which only one arm has scores, and seeds (or folds) of only one arm, are left out and
 * named in the notes; how many sets there are is counted after that, for each claim. */
typedef struct rg_scores { /* one arm's scores of the primary metric */
    const char *arm;
    size_t count;
    const uint64_t *seed;
    const double *value; /* a failed run holds the metric's worst value; NaN when the metric has
                            no finite worst value */
    const bool *failed;  /* may be NULL */
    const uint32_t *set; /* index of the data set of each score; NULL: one data set */
    const uint32_t *fold; /* of each score; NULL: no cross-validation */
    bool unpaired;        /* seeds only number the runs: no run of another arm is its partner */
} rg_scores;
typedef struct rg_verdict_options {
    const char *metric;
    bool maximize;
    rg_analysis analysis;
    bool exploratory;
    size_t n_explored;       /* of the claims the last so many are exploratory: corrected among
                          themselves by Benjamini and Hochberg, and always said so */
    const char *const *sets; /* names of the data sets; NULL: one without a name */
    size_t n_sets;
    const char *const *folds; /* names of the folds; NULL: by number */
    size_t n_folds;
    double test_over_train; /* of folds: n_test / n_train; NaN: 1 / (folds - 1) */
    size_t seeds_each;      /* of folds: so many runs each score is the mean of; 0: one */
    bool sequential;        /* seeds were added while looking: the t e-process decides */
    size_t seeds_max;       /* of a sequential study: where it would have ended undecided */
    size_t resamples; /* at most, of bootstraps; 0: as many as some tenths of a second allow */
} rg_verdict_options;
/* The `claims` array of docs/json.md.  Seeds that both arms have are paired. New reference. */
json_t *rg_verdicts(const rg_scores *arms, size_t n_arms, const rg_claim *claims,
                    size_t n_claims, const rg_verdict_options *options);
/* {"mean","sd","n","interval","values"} of docs/json.md.  New reference. */
json_t *rg_summary_json(const double *value, size_t n, double alpha);
/* "A > B", "A = B", "A >= B" over the given arm names. */
bool rg_claim_parse(const char *text, const char *const *arms, size_t n_arms, rg_arena *arena,
                    rg_claim *ret, rg_err *err);

#endif
