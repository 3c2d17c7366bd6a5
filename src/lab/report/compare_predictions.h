/* compare_predictions.h - the predictions of fixed models on one test set, and its labels. */
#ifndef RIGOR_LAB_REPORT_COMPARE_PREDICTIONS_H
#define RIGOR_LAB_REPORT_COMPARE_PREDICTIONS_H

#include "rigor/data.h"
#include "rigor/report.h"

#include "lab/report/compare_table.h"

typedef struct rg_fixed_model {
    const char *name;
    int32_t *label; /* (examples) predicted class, -1: none of the classes; NULL: numbers */
    double *score;  /* (examples) of the positive class, or the predicted number; or NULL */
    double *probability; /* (examples, classes); NULL where there are none */
} rg_fixed_model;

typedef struct rg_fixed_models {
    rg_arena *arena;
    bool numbers;                       /* what is predicted are numbers, not classes */
    size_t examples, classes, positive; /* positive: of two classes the one that is scored */
    bool positive_is_sure;              /* said, or called so: "1", "yes", "positive" */
    const char **class_name;            /* ascending */
    int32_t *truth;                     /* (examples); NULL: numbers */
    double *target;                     /* (examples); NULL: classes */
    rg_fixed_model *at;
    size_t count;
    const char *reading; /* a sentence: what was taken for what */
    json_t *warnings;
} rg_fixed_models;

/* Reads labels and predictions (CSV, JSON lines, .npz, .npy) and brings them into the order of
 * the labels.  `ret` holds what rg_fixed_models_free lets go, whether this succeeds or not. */
bool rg_fixed_models_read(const rg_result_source *predictions, size_t n,
                          const rg_result_source *labels, const rg_compare_options *options,
                          rg_fixed_models *ret, rg_err *err);
void rg_fixed_models_free(rg_fixed_models *models);

/* The way from sources to facts, for callers that hold the text already. */
json_t *rg_compare_model_sources(const rg_result_source *predictions, size_t n,
                                 const rg_result_source *labels,
                                 const rg_compare_options *options, rg_err *err);

/* A table of predictions or labels; a first line without names is fine. NULL on failure. */
rg_table *rg_prediction_table(const rg_result_source *source, rg_arena *arena, rg_err *err);

/* What the columns of predictions and labels are called (compare_prediction_columns.c). */
const rg_column *rg_prediction_id(const rg_table *table); /* NULL: none */
const rg_column *rg_prediction_label(const rg_table *table, bool truth);
/* The scores of the positive class of two; NULL: none. */
const rg_column *rg_prediction_score(const rg_table *table);
/* One column for each class, in their order; false when some class has none. */
bool rg_prediction_classes(const rg_table *table, const char *const *class_name, size_t classes,
                           const rg_column **ret, bool *ret_by_place);

#endif
