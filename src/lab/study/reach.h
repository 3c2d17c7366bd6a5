/* reach.h - what the seal keeps from whoever trains. */
#ifndef RIGOR_LAB_STUDY_REACH_H
#define RIGOR_LAB_STUDY_REACH_H

#include "rigor/study.h"

/* Labels, the ledger and other trials' folders of the study in `dir` (absolute), the parts of its
 * other folds than `fold` (from 1; 0: it has none), as they hold the labels of this one's test rows,
 * the studies beside it, the file that the data was cut from, what the study names itself
 * (trainer.hides), the folder of scratch folders, and (but for our own worker, which writes them
 * there) the predictions.  original: the folder of the study that is done again in `dir`, of
 * which all this stays out of reach, too, and the predictions in any case; NULL: none.  New
 * reference: a list of absolute paths, not all of which exist. */
json_t *rg_out_of_reach(const rg_study *study, const char *dir, const char *original,
                        size_t fold);

#endif
