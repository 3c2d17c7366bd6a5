/* compare_columns.h - which column of a table of results is what. */
#ifndef RIGOR_LAB_REPORT_COMPARE_COLUMNS_H
#define RIGOR_LAB_REPORT_COMPARE_COLUMNS_H

#include "rigor/data.h"

typedef struct rg_result_columns {
    const rg_column *arm, *seed;
    const rg_column *metric; /* long form: names of metrics; NULL: each metric has a column */
    const rg_column *value;
    const rg_column *dataset; /* NULL: none */
    const char *metric_name;
} rg_result_columns;

/* metric: NULL takes the only one there is.  Errors say what was looked for and what is there.
 */
bool rg_result_columns_guess(const rg_table *table, const char *path, const char *metric,
                             rg_arena *arena, rg_result_columns *ret, rg_err *err);

/* A cell as text: as written, or the number in full; NULL where missing. */
const char *rg_result_cell(const rg_column *column, size_t row, rg_arena *arena);

#endif
