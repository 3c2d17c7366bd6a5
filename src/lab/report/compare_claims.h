/* compare_claims.h - what is claimed about arms that a table or files of predictions name. */
#ifndef RIGOR_LAB_REPORT_COMPARE_CLAIMS_H
#define RIGOR_LAB_REPORT_COMPARE_CLAIMS_H

#include "rigor/report.h"

/* The claims of the options; without any, that each arm is better than the reference: the arm
 * called so ("baseline", "control", "old", ...), else the first one. */
bool rg_compare_claims(const rg_compare_options *options, const char *const *arms,
                       size_t n_arms, rg_arena *arena, rg_claim **ret, size_t *ret_n,
                       rg_err *err);
/* What the claims are when none were given, as a sentence behind others; "" when they were. */
const char *rg_compare_claims_reading(const rg_compare_options *options,
                                      const char *const *arms, size_t n_arms, rg_arena *arena);
/* The `analysis` of docs/json.md; new reference. */
json_t *rg_compare_analysis_json(const rg_analysis *analysis);

#endif
