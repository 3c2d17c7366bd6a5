/* conformance.h - does a program do all that a study needs of its trainer?
 *
 * The program is started as the study would start it, by the real launcher under the real seal, in
 * a folder that is gone afterwards: once as a trial, twice as a run with one seed and once with
 * another, and once more to be told to end; where it says a checkpoint it is then started again.
 * Nothing is scored on the test set, and the study's own folder is not touched. */
#ifndef RIGOR_LAB_STUDY_CONFORMANCE_H
#define RIGOR_LAB_STUDY_CONFORMANCE_H

#include "rigor/protocol.h"

typedef struct conformance_options {
    const char *arm;    /* whose base configuration is trained; NULL: the first */
    rg_run_options run; /* worker_argv and progress; dir and jobs are not looked at */
} conformance_options;

/* {"arm", "trainings", "checks": [{"name", "status", "needed", "detail", "remedy"}], "failed",
 * "ok"} of docs/json.md; new reference.  status: "pass", "fail", "note" (good to know) or "skip"
 * (could not be tried); ok is false when something failed that a study needs.  NULL when
 * interrupted (*ret_signal, else 0) or with an error: data that cannot be read, a disk that is
 * full. */
json_t *conformance_facts(const rg_study *study, const conformance_options *options,
                          int *ret_signal, rg_err *err);

#endif
