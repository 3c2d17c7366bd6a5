/* pruner.h - ends trials of the search that are clearly worse than the earlier ones.
 *
 * The median rule (Golovin et al. 2017, "Google Vizier", section 3.2): at a step, a trial is ended
 * when the best score that it has reported so far is worse than the median of the best scores
 * that the earlier trials had reported by the same step.
 *
 * Which trials are earlier is a matter of their numbers, never of the clock: trial k is held
 * against 0 .. k - parallel, all of which had ended before it was suggested.  So the same trials
 * are ended at the same steps with any number of workers. */
#ifndef RIGOR_LAB_STUDY_PRUNER_H
#define RIGOR_LAB_STUDY_PRUNER_H

#include "lab/study/runner.h"

/* How well a curve's name fits a metric on validation: 2 "val_M", 1 "M", 0 not at all. */
int rg_validation_rank(const char *name, const char *metric);
/* The curve that fits best; NULL: none does. */
const rg_curve *rg_validation_curve(const rg_record *record, const char *metric);

/* Called after each message of a trial of a study with `prune`; true: it is to end. */
bool pruner_says(rg_work *work, size_t id);
/* What a trial that was ended came to: the last values up to the step at which it was decided.
 * New reference, as a "done" message; `last` may be NULL. */
json_t *pruner_result(const rg_work *work, size_t id, const json_t *last);
/* Whether that is a score: a trial whose last value is not finite has failed, pruned or not. */
bool pruner_is_result(const json_t *validation, const char *metric);
#define PRUNER_DIVERGED "its last score before it was pruned is not a finite number"
/* The curve of a trial that the ledger holds already. */
void pruner_recall(rg_work *work, size_t id, const rg_record *record);
void pruner_close(rg_work *work);

#endif
