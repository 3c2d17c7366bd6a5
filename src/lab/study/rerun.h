/* rerun.h - trains recorded trials and runs again and compares them with what was recorded.
 *
 * What is trained again is the recorded configuration with the recorded seed on the recorded
 * parts of the data, in a folder of its own: the study's folder and ledger are only read.  The
 * native trainer has to come to the same bits.  Another program may not be able to (threads,
 * another device): then its score has to lie where a new run is expected to, as docs/proof.md
 * explains. */
#ifndef RIGOR_LAB_STUDY_RERUN_H
#define RIGOR_LAB_STUDY_RERUN_H

#include "rigor/protocol.h"

typedef struct rerun_options {
    rg_run_options run;        /* dir: the study's folder, of which nothing is written */
    size_t times;              /* how often each is trained; 0 is 1 */
    const json_t *environment; /* where we are (rg_environment); NULL: not told */
} rerun_options;

/* The study as its ledger holds it. */
typedef struct rerun_source {
    const rg_study *study;
    rg_ledger *ledger;
    const rg_record *records; /* all of them */
    size_t n_records;
} rerun_source;

/* {"study", "trainer", "times", "runs", "equal", "inside", "different", "ok"} of docs/json.md
 * for the records chosen; new reference.  NULL when interrupted (*ret_signal, else 0) or with
 * an error: data that is not what was recorded, a disk that is full. */
json_t *rerun_facts(const rerun_source *source, const rg_record *const *chosen, size_t n,
                    const rerun_options *options, int *ret_signal, rg_err *err);

/* ---- rerun_compare.c */

/* Whether two doubles are the same bits; NaN is NaN. */
bool rerun_same(double a, double b);
/* How many doubles lie between the two, and one more; 0 for equal ones, -1 when one is NaN. */
int64_t rerun_ulps(double a, double b);

/* A trial that the search ended at a step did not end by itself: of the training done again, only
 * what came up to that step is compared.  Its validation becomes the last values by then. */
void rerun_cut(rg_record *again, int64_t step, const rg_study *study, rg_arena *arena);

/* Adds to `differences` what of `again` is not as `recorded`: at most one entry for the
 * failure, the predictions, each metric of the validation, and all curves together (the first
 * step at which one of them parts), as {"what", "name", "step", "recorded", "again", "ulps"};
 * members that have no value are left out.  ret_compared: how many values were compared. */
void rerun_compare(const rg_record *recorded, const rg_record *again, json_t *differences,
                   size_t *ret_compared);

#endif
