/* target.h - from the values of a target to classes or numbers. */
#ifndef RIGOR_DATA_TARGET_H
#define RIGOR_DATA_TARGET_H

#include "rigor/data.h"

typedef struct rg_target {
    const char *name, *where; /* of the column, of the file */
    const double *number;     /* rows; NaN where missing; or ... */
    const char *const *text;  /* ... rows; NULL where missing */
    const size_t *line;       /* rows, from 1; NULL when rows have no lines */
    size_t rows;
    const rg_data_source *source; /* NULL: the task is inferred */
} rg_target;

/* Fills task, label, classes and class_name, or target. */
bool rg_target_settle(const rg_target *target, rg_arena *arena, rg_dataset *ret, rg_err *err);

#endif
