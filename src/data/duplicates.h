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

#endif
