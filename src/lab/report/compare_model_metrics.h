/* compare_model_metrics.h - metrics of fixed models, as means over examples. */
#ifndef RIGOR_LAB_REPORT_COMPARE_MODEL_METRICS_H
#define RIGOR_LAB_REPORT_COMPARE_MODEL_METRICS_H

#include "lab/report/compare_models.h"

/* name NULL: accuracy for classes, rmse for numbers.  An error says what the predictions lack.
 */
bool rg_model_metric_find(const rg_fixed_models *models, const char *name,
                          const rg_model_metric **ret, rg_err *err);
/* Of each example; owned by the models' arena.  For metrics that are means. */
double *rg_model_examples(const rg_fixed_models *models, const rg_model_metric *metric,
                          const rg_fixed_model *model);
bool *rg_model_positives(const rg_fixed_models *models); /* two classes */
/* The score of one model with its interval at 1 - alpha: Clopper and Pearson's for shares, t
 * over examples for other means, DeLong's (kept within 0 and 1) for the auc. */
rg_interval rg_model_score(const rg_fixed_models *models, const rg_model_metric *metric,
                           const rg_fixed_model *model, double alpha);

#endif
