/* outlook.h - what earlier results say about a study that is yet to run. */
#ifndef RIGOR_LAB_REPORT_OUTLOOK_H
#define RIGOR_LAB_REPORT_OUTLOOK_H

#include "rigor/study.h"

/* How the differences of a claim scatter: by the claim of the same arms in `facts`
 * (docs/json.md, may be NULL), else as two runs of one arm do (`run_sd`, NaN: not known).
 * Adds to the plan:
 *   outlook        [{"claim", "sd", "from", "mde", "power", "seeds"}], see docs/json.md
 *   warnings       claims whose margin the seeds will hardly show
 *   unanswerable   claims whose margin they cannot show in one study of a hundred */
void outlook_add(json_t *plan, const rg_study *study, const json_t *facts, double run_sd);

#endif
