/* verdict_sets.h - what the situations of several data sets share. */
#ifndef RIGOR_LAB_STUDY_VERDICT_SETS_H
#define RIGOR_LAB_STUDY_VERDICT_SETS_H

#include "lab/study/verdict.h"

#include "rigor/groups.h"

#define RG_MANY_SETS 6 /* from here on the sets themselves are the sample */

/* The i-th set as if it stood alone, against 0. */
rg_t_result rg_set_test(const rg_evidence *e, size_t i, rg_orientation how, double alpha);
/* One run of an arm: nothing is known of the spread on this set. */
bool rg_set_is_single(const rg_evidence *e, size_t i);
/* The parts of several sets are the sets. */
size_t rg_set_parts(const rg_evidence *e);
rg_arrangement rg_without_set(const rg_evidence *e, size_t i, rg_arena *arena);
void rg_set_name_part(rg_str *s, const rg_evidence *e, size_t i);
void rg_set_keys(json_t *claim, const rg_evidence *e); /* by_set */
void rg_note_sets(json_t *notes, const rg_evidence *e);

#endif
