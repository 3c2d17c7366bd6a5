/* compare_pairs.h - partners of runs. */
#ifndef RIGOR_LAB_REPORT_COMPARE_PAIRS_H
#define RIGOR_LAB_REPORT_COMPARE_PAIRS_H

#include "lab/report/compare.h"

/* Marks the arms as unpaired whose runs never meet one that they are compared with; says so. */
void rg_result_unpair(rg_results *results, const rg_claim *claims, size_t n);
/* Warns of runs without a partner, by name. */
void rg_result_check_pairs(rg_results *results, const rg_claim *claims, size_t n);

#endif
