/* compare_settings.h - the columns of a table of results that no role was found for: settings
 * of the runs, in which arms may differ. */
#ifndef RIGOR_LAB_REPORT_COMPARE_SETTINGS_H
#define RIGOR_LAB_REPORT_COMPARE_SETTINGS_H

#include "lab/report/compare.h"
#include "lab/report/compare_columns.h"

/* Adds to results->settings, {arm: {column: text}}, what the columns of one file hold that are
 * the same in all rows of an arm; null where they are not. */
void rg_result_settings_add(rg_results *results, uint32_t file, const rg_table *table,
                            const rg_result_columns *columns);

/* Sentences on settings that are constant within either arm of a claim and differ between them.
 * New reference. */
json_t *rg_result_confounds(const rg_results *results, const rg_claim *claim);

#endif
