/* balance.h - the training part with the weight of its classes changed. */
#ifndef RIGOR_DATA_BALANCE_H
#define RIGOR_DATA_BALANCE_H

#include "data/encode.h"

typedef struct rg_rows { /* of an encoded part */
    size_t n, width;
    float *x; /* (n, width) */
    int32_t *label;
    int64_t *id;
    int64_t *group; /* NULL: none */
    float *weight;  /* NULL: none */
} rg_rows;

/* Replaces the rows (new arrays are the arena's).  how is not RG_BALANCE_NONE. */
bool rg_balance_apply(rg_balance how, const rg_encoder *encoder, size_t classes, uint64_t seed,
                      rg_arena *arena, rg_rows *rows, rg_err *err);

#endif
