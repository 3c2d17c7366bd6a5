/* compare_summary.h - what is known of one arm by itself. */
#ifndef RIGOR_LAB_REPORT_COMPARE_SUMMARY_H
#define RIGOR_LAB_REPORT_COMPARE_SUMMARY_H

#include "rigor/study.h"

/* {"mean", "sd", "n", "interval", "values"} of docs/json.md; new reference.  Each data set
 * weighs the same: over several of them the mean is that of their means, with the interval of
 * the stratified t up to five and of the t over their means beyond; `sd` is then null.  Of
 * folds the interval is corrected for the training data that they share.  The scores of a data
 * set stand together. */
json_t *rg_compare_summary(const rg_scores *scores, size_t folds, double alpha);

#endif
