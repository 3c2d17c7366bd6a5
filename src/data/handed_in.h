/* handed_in.h - predictions as a file has them, before they are matched with the truth: what the
 * forms (arrays, tables) fill in and predictions.c checks. */
#ifndef RIGOR_DATA_HANDED_IN_H
#define RIGOR_DATA_HANDED_IN_H

#include "rigor/data.h"

typedef struct rg_handed_in {
    const char *where; /* the file, for messages */
    const rg_part *truth;
    size_t rows, width; /* width: numbers in a row once labels are spread out */
    bool probabilities; /* the width is the number of classes */
    const int64_t *id;
    const float *value;   /* (rows, width), or ... */
    const int32_t *label; /* rows: classes; exactly one is set */
    rg_arena *arena;
    rg_err *err;
} rg_handed_in;

/* An .npz archive: id and value (predictions_arrays.c). */
bool rg_handed_in_arrays(rg_handed_in *h, const char *data, size_t len);
/* A table; text[len] is 0, belongs to the arena and is written to (predictions_table.c). */
bool rg_handed_in_table(rg_handed_in *h, char *text, size_t len);

#endif
