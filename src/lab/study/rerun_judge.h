/* rerun_judge.h - what a rerun shows (private to rerun.c and rerun_judge.c). */
#ifndef RIGOR_LAB_STUDY_RERUN_JUDGE_H
#define RIGOR_LAB_STUDY_RERUN_JUDGE_H

#include "lab/study/rerun.h"

typedef struct rerun_round { /* everything that was chosen, trained once more */
    const rg_record *records;
    size_t n_records;
    rg_scored scored; /* empty where the labels are not at hand */
} rerun_round;
typedef struct rerun_rounds {
    rerun_round *at;
    size_t count;
} rerun_rounds;

bool rerun_is_native(const rg_study *study);

/* {"run", "verdict", "compared", "differences", "interval"} of docs/json.md.  Of a native
 * training the verdict is "equal" or "different"; of another program also "inside".  New
 * reference. */
json_t *rerun_judge(const rerun_source *source, const rg_record *recorded,
                    const rerun_rounds *rounds, double alpha);

#endif
