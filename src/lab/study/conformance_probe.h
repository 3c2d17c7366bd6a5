/* conformance_probe.h - one start of the program under test, and what was heard of it (private to
 * the conformance check). */
#ifndef RIGOR_LAB_STUDY_CONFORMANCE_PROBE_H
#define RIGOR_LAB_STUDY_CONFORMANCE_PROBE_H

#include "lab/study/walk.h"

typedef enum conformance_start {
    PROBE_TRIAL,   /* tune */
    PROBE_RUN,     /* evaluate */
    PROBE_AGAIN,   /* the same once more */
    PROBE_OTHER,   /* with another seed */
    PROBE_STOPPED, /* told to end: after its first checkpoint, its first report, or a while */
    PROBE_RESUMED, /* started again from that checkpoint */
    PROBE_COUNT
} conformance_start;

/* The files of a checkpoint: resume.json, then history.jsonl, which only grows. */
enum { CONFORMANCE_FILES = 2 };
extern const char *const conformance_files[CONFORMANCE_FILES];

typedef struct conformance_probe {
    rg_member member;        /* stage, arm, number, seed, config */
    const char *predictions; /* absolute path; NULL: none are wanted */
    bool stop;               /* tell it to end */
    bool stop_at_checkpoint; /* not before its first checkpoint */
    double limit_s;          /* its time limit in place of the study's; 0: the study's */
    /* Heard: */
    json_t *last;        /* "done", "failed", "lost" or "again" with its resources; NULL: not
                                started */
    const char *place;   /* its folder; absolute */
    size_t reports;      /* of the primary metric */
    char reported[160];  /* the name under which it came: val_accuracy */
    char not_finite[64]; /* first name with a value that was not finite */
    json_int_t not_finite_step, top_step;
    size_t heard,
        retold;       /* messages; the first so many are the launcher's, of an earlier start */
    bool begins_anew; /* its own first step is no later than what was retold */
    bool has_checkpoint; /* it said one */
    double stop_s;       /* from being told to end until it had ended; NaN: not told */
    char *
        kept[CONFORMANCE_FILES]; /* of its checkpoint, as they were when the program was told to
                                      end; NULL: there is none; rg_free */
} conformance_probe;

typedef struct conformance {
    rg_walk walk;
    rg_work work; /* for trainer_job: study, folder, what the split says */
    json_t *job;  /* all but the members */
    const rg_arm *arm;
    conformance_probe probe[PROBE_COUNT];
    size_t trainings;
} conformance;

/* Starts it and listens until it has ended.  False with an error, or when a signal interrupted us
 * (walk.signal). */
bool conformance_drive(conformance *c, conformance_probe *p, rg_err *err);

bool conformance_is_done(const conformance_probe *p); /* it ended well */

/* conformance_compare.c: in what two starts that ended well differ, in words; empty when they came
 * to the same bits.  Metrics and predictions count, times and notes do not. */
rg_str conformance_differences(const conformance *c, conformance_start a, conformance_start b);

/* conformance_checks.c: the list of docs/json.md. */
json_t *conformance_checks(const conformance *c);

#endif
