/* confound.h - in what two arms differ, and whether a verdict about them is about one thing. */
#ifndef RIGOR_LAB_STUDY_CONFOUND_H
#define RIGOR_LAB_STUDY_CONFOUND_H

#include "rigor/study.h"

/* The declared differences between two arms.  A factor that both tune is the same for both,
 * whatever value each ends up with; another model is one factor, its parameters come with it.
 */
typedef struct rg_factors {
    size_t model, train; /* how many of either */
    rg_str names;        /* "model.name, train.lr" */
} rg_factors;
rg_factors rg_arm_factors(const rg_arm *a, const rg_arm *b);
void rg_factors_free(rg_factors *factors);

/* Sentences: what else than one factor the study file itself puts between the two arms of a
 * claim.  New reference; empty when nothing. */
json_t *rg_claim_confounds(const rg_study *study, const rg_claim *claim);

#endif
