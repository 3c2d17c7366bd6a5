/* dataset.h - a data set from a table that was read already. */
#ifndef RIGOR_DATA_DATASET_H
#define RIGOR_DATA_DATASET_H

#include "rigor/data.h"

/* Fills features and target of *data, whose path names the table in errors. */
bool rg_dataset_take_table(rg_dataset *data, const rg_table *table, const char *target,
                           rg_arena *arena, rg_err *err);

#endif
