/* encode.h - from the columns of a data set to the numbers that a trainer gets. */
#ifndef RIGOR_DATA_ENCODE_H
#define RIGOR_DATA_ENCODE_H

#include "rigor/data.h"

typedef struct rg_encoding { /* of one column; fitted on the training part */
    const char *name;
    size_t first, width;  /* where its numbers stand in an encoded row */
    double fill;          /* numbers: what stands for a missing value */
    double shift, factor; /* numbers: encoded as (value - shift) * factor */
    bool constant, empty; /* in the training part: one value; none */
    const char **level;   /* texts: width levels, ascending by bytes; NULL for numbers */
    size_t fill_level;
} rg_encoding;

typedef struct rg_encoder {
    const rg_dataset *data;
    rg_encoding *column; /* data->features */
    size_t width;        /* numbers in an encoded row */
} rg_encoder;

typedef struct rg_encoded { /* what happened on the way */
    size_t imputed;         /* missing cells that were filled */
    size_t unseen; /* texts that the training part does not have: all their numbers are 0 */
} rg_encoded;

bool rg_encoder_fit(const rg_dataset *data, const uint32_t *train, size_t n, rg_scale scale,
                    rg_arena *arena, rg_encoder *ret, rg_err *err);

/* out: (n, width) float32.  Adds to *counts. */
bool rg_encoder_apply(const rg_encoder *encoder, const uint32_t *rows, size_t n, float *out,
                      rg_encoded *counts, rg_err *err);

#endif
