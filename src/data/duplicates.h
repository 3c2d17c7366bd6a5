/* duplicates.h - rows of one part that stand in another one, too. */
#ifndef RIGOR_DATA_DUPLICATES_H
#define RIGOR_DATA_DUPLICATES_H

#include "rigor/data.h"

typedef struct rg_duplicates {
    size_t val, test; /* rows of the part whose features an earlier part has, too: for val that
                         is train, for test train or val */
} rg_duplicates;

/* Compares features as read, before encoding; the target does not count. */
bool rg_duplicates_count(const rg_dataset *data, const rg_split *split, rg_duplicates *ret,
                         rg_err *err);

/* Rows whose features are equal, before encoding: one set for each row that occurs twice or more,
 * by set, then by part, then by row.  The list is the arena's; rows in no part do not count. */
typedef struct rg_twin {
    uint32_t row, part, set; /* part: 0 train, 1 val, 2 test; sets from 0 */
} rg_twin;
bool rg_duplicates_list(const rg_dataset *data, const rg_split *split, rg_arena *arena,
                        rg_twin **ret, size_t *ret_n, rg_err *err);

#endif
