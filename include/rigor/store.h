/* store.h - the ledger: one SQLite file in WAL mode, written by one process.
 *
 * Everything that a number depends on is in it.  Events are append-only and chained:
 * hash = SHA-256(previous hash || canonical JSON of the event).  The event is the source of
 * truth; the tables are what queries read, and verify derives them again from the events. */
#ifndef RIGOR_STORE_H
#define RIGOR_STORE_H

#include "rigor/base.h"

typedef struct rg_ledger rg_ledger;
typedef enum rg_ledger_mode { RG_LEDGER_WRITE, RG_LEDGER_READ } rg_ledger_mode;

/* WRITE creates the file when absent and takes the one writer's lock: a second writer gets an
 * RG_INPUT error that names the owner's process.  READ never waits for the writer. */
bool rg_ledger_open(const char *path, rg_ledger_mode mode, rg_ledger **ret, rg_err *err);
void rg_ledger_close(rg_ledger *ledger);
/* From here on all that is read from a READ ledger is of one moment, whatever its writer does.
 */
bool rg_ledger_hold(rg_ledger *ledger, rg_err *err);
/* Whether a process has the ledger at `path` open for writing at this moment. */
bool rg_ledger_busy(const char *path);
/* May be called from a signal handler: a query or a verification in progress ends with an
 * error. */
void rg_ledger_interrupt(rg_ledger *ledger);

typedef enum rg_stage { RG_TUNE, RG_EVALUATE } rg_stage;
typedef struct rg_curve { /* one metric over steps, as reported while training */
    const char *name;     /* "val_accuracy", "train_loss" */
    size_t count;
    const int64_t *step;
    const double *value;
} rg_curve;
/* One finished trial (stage tune, number = trial) or run (stage evaluate, number = index of the
 * seed; of a study with folds, index of the seed * folds + index of the fold).  A record is written once; a second one for the same place is an RG_INTERNAL error. */
typedef struct rg_record {
    rg_stage stage;
    const char *arm;
    size_t number;
    size_t
        fold; /* of a run, from 1; 0: the study has no folds.  Follows from the number, when read */
    uint64_t seed;
    bool failed;
    const char *reason; /* why it failed; NULL otherwise */
    json_t *point;      /* what the search chose, as a part of the configuration; tune only */
    json_t *config;     /* resolved */
    json_t *validation; /* {metric: value} at the chosen epoch; NULL when failed */
    json_t *test;       /* {metric: value}; set by rg_ledger_scores; NULL before */
    json_t *resources;  /* times, memory, machine: never part of a figure */
    const char *predictions,
        *predictions_sha; /* path inside the study's folder; evaluate only */
    const rg_curve *curves;
    size_t n_curves;
} rg_record;

/* "full/3" (trial 3), "full@1001" (the run with seed 1001) or "full@1001-f2" (on fold 2): as people
 * name a record. */
#define RG_RECORD_NAME 400
void rg_record_name(const rg_record *record, char ret[RG_RECORD_NAME]);

/* Each call is one transaction: durable when it returns true, without a trace when false.
 *
 * A study is told once; telling it again with the same name and hash changes nothing, with
 * another it is an RG_INPUT error.  `text` is the file as read; resolved["arms"], an array of
 * names or of objects with a "name", gives the order of the arms.  The kind of an event is made
 * of a-z, 0-9 and "-"; those that make rows ("study", "trial", "run", "seal-opened", "looked")
 * have their own calls. */
bool rg_ledger_study(rg_ledger *ledger, const char *name, const char *text,
                     const json_t *resolved, const char *hash, const json_t *environment,
                     rg_err *err);
bool rg_ledger_event(rg_ledger *ledger, const char *kind, const json_t *body, rg_err *err);
bool rg_ledger_append(rg_ledger *ledger, const rg_record *records, size_t n, rg_err *err);
typedef struct rg_score {
    const char *arm;
    size_t number;
    const json_t *test; /* {metric: value} */
} rg_score;
/* Opening the seal: one event of kind "seal-opened" with `body` and the scores, one
 * transaction. */
bool rg_ledger_scores(rg_ledger *ledger, const json_t *body, const rg_score *scores, size_t n,
                      rg_err *err);

/* A later look at a study that adds seeds: the same with an event of kind "looked". */
bool rg_ledger_look(rg_ledger *ledger, const json_t *body, const rg_score *scores, size_t n,
                    rg_err *err);

/* What of the records is read: there may be very many trials, and a trial whole takes ten times the
 * memory of what came out of it.  What is not asked for is NULL. */
typedef enum rg_parts {
    RG_TRIALS = 1 << 0,        /* the records of the stage tune */
    RG_TRIAL_CONFIGS = 1 << 1, /* their configurations, beside their points */
    RG_TRIAL_CURVES = 1 << 2,
    RG_RUNS = 1 << 3, /* those of the stage evaluate, with their configurations */
    RG_RUN_CURVES = 1 << 4,
    RG_RESOURCES = 1 << 5, /* of both */
    RG_ALL_PARTS = (1 << 6) - 1
} rg_parts;

/* Reading.  One call sees one transaction.  Records come ordered by stage, arm (in order of
 * first event or as given by the study) and number; texts live in `arena`, JSON is owned by the
 * arena, too. */
bool rg_ledger_records(rg_ledger *ledger, unsigned parts, rg_arena *arena, rg_record **ret,
                       size_t *ret_n, rg_err *err);
bool rg_ledger_count(rg_ledger *ledger, size_t *ret_n, rg_err *err); /* of all records */
json_t *rg_ledger_study_json(rg_ledger *ledger, rg_err *err); /* {name, text, resolved, hash,
                                                  created, environment}; json null when empty */
json_t *rg_ledger_events(rg_ledger *ledger, const char *kind,
                         rg_err *err); /* array; NULL: all */
/* The body of the newest event of a kind; NULL when there is none, and on an error (see err).
 * New reference. */
json_t *rg_ledger_newest(rg_ledger *ledger, const char *kind, rg_err *err);
void rg_ledger_head(rg_ledger *ledger, char ret[RG_HEX]);
json_t *rg_ledger_query(rg_ledger *ledger, const char *sql, rg_err *err); /* {"columns","rows"};
                                                  read-only: anything that writes is refused */
/* A copy of the ledger as it is seen now, in one plain file without companions; equal ledgers
 * give equal bytes.  `path` must not exist yet. */
bool rg_ledger_copy(rg_ledger *ledger, const char *path, rg_err *err);
/* Chain, tables against events.  Adds what is wrong to `problems` (array of {"what","where"});
 * false only when the ledger cannot be read. */
bool rg_ledger_verify(rg_ledger *ledger, json_t *problems, rg_err *err);

#endif
