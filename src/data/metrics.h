/* metrics.h - the score functions behind the rows of rg_metrics (metrics.c).
 *
 * Each takes predictions and truth in one order of rows.  Sums run in that order and in double
 * precision: equal predictions are equal scores to the last bit.  A score over no rows is NaN. */
#ifndef RIGOR_DATA_METRICS_H
#define RIGOR_DATA_METRICS_H

#include "base/placement.h"

#include "rigor/data.h"

/* metrics_classes.c: probabilities, of which the largest (of equal ones the first) predicts. */
size_t rg_likeliest(const float *probability, size_t classes);
/* Of row i; as rg_predictions.likeliest has it, where it is given. */
size_t rg_predicted_class(const rg_predictions *p, size_t i);
double rg_score_accuracy(const rg_predictions *p, const rg_part *truth);
double rg_score_balanced_accuracy(const rg_predictions *p, const rg_part *truth);
double rg_score_macro_f1(const rg_predictions *p, const rg_part *truth);
double rg_score_f1(const rg_predictions *p, const rg_part *truth);
double rg_score_nll(const rg_predictions *p, const rg_part *truth);
double rg_score_perplexity(const rg_predictions *p, const rg_part *truth);
double rg_score_brier(const rg_predictions *p, const rg_part *truth);
double rg_score_ece(const rg_predictions *p, const rg_part *truth);

/* metrics_numbers.c */
double rg_score_rmse(const rg_predictions *p, const rg_part *truth);
double rg_score_mae(const rg_predictions *p, const rg_part *truth);
double rg_score_r2(const rg_predictions *p, const rg_part *truth);
double rg_score_spearman(const rg_predictions *p, const rg_part *truth);

/* metrics_curves.c: of the second of two classes; the mean over classes where there are more. */
double rg_score_roc_auc(const rg_predictions *p, const rg_part *truth);
double rg_score_pr_auc(const rg_predictions *p, const rg_part *truth);
/* Average precision of rows that are sorted best first, those that count marked `first`;
 * positives > 0 of them. */

double rg_average_precision(const rg_pooled *sorted, size_t n, size_t positives);

/* metrics_ranking.c: means over the groups that hold a relevant row. */
double rg_score_ndcg(const rg_predictions *p, const rg_part *truth, size_t k);
double rg_score_hit_rate(const rg_predictions *p, const rg_part *truth, size_t k);
double rg_score_map(const rg_predictions *p, const rg_part *truth);

#endif
