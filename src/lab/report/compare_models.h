/* compare_models.h - what is known of two fixed models: found out in compare_models.c, said in
 * compare_models_words.c. */
#ifndef RIGOR_LAB_REPORT_COMPARE_MODELS_H
#define RIGOR_LAB_REPORT_COMPARE_MODELS_H

#include "lab/report/compare_predictions.h"
#include "rigor/predictions.h"

/* What is tested is told by what decides. */
typedef enum rg_model_test { RG_BY_MCNEMAR, RG_BY_DELONG, RG_BY_BOOTSTRAP } rg_model_test;

typedef struct rg_model_metric {
    const char *name, *also; /* also: another spelling; may be NULL */
    const char *needs;       /* "probabilities", for messages */
    /* What one example adds to the mean (NaN: the model does not have it); NULL: no mean. */
    double (*example)(const rg_fixed_models *models, const rg_fixed_model *model, size_t i);
    rg_model_test test;
    bool maximize, root; /* root: of the mean */
} rg_model_metric;

typedef struct rg_model_pair {
    const rg_claim *claim;
    const char *a, *b;
    rg_mcnemar_result mcnemar; /* of classes */
    rg_delong_result delong;   /* of two classes with scores; else NaN */
    rg_interval interval;      /* at 1 - alpha: DeLong's for the auc, else the bootstrap's */
    rg_interval strict;        /* at what correction leaves: 1 - alpha/m; for a margin 1 - 2
                                  alpha/m */
    rg_interval inside;        /* at 1 - 2 alpha/m, for margins */
    double p, corrected;       /* NaN where the interval decides */
    bool identical;            /* no example tells the models apart */
    const char *verdict;
} rg_model_pair;

typedef struct rg_model_comparison {
    const rg_fixed_models *models;
    const rg_compare_options *options;
    const rg_model_metric *metric;
    bool maximize;
    rg_claim *claims;
    rg_model_pair *pairs;
    size_t n_claims, resamples;
    const char *reading; /* what was taken for what, claims included */
} rg_model_comparison;

char *rg_model_sentence(const rg_model_comparison *c, const rg_model_pair *pair,
                        rg_arena *arena);
json_t *rg_model_notes(const rg_model_comparison *c, const rg_model_pair *pair);
char *rg_model_methods(const rg_model_comparison *c, rg_arena *arena);

#endif
