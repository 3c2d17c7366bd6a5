/* codes.h - a column of numbers or texts as the places of its values among the different ones. */
#ifndef RIGOR_DATA_CODES_H
#define RIGOR_DATA_CODES_H

#include "rigor/base.h"

typedef struct rg_codes {
    uint32_t *code; /* n: equal values have equal codes; they ascend, numbers by size, texts by
                       bytes; a missing value has `count` */
    size_t n, count, missing;
    size_t *times; /* count: how often each value occurs */
} rg_codes;
/* Of n numbers (NaN: missing) or, unless NULL, n texts (NULL: missing).  n below 2^32. */
rg_codes rg_codes_of(const double *number, const char *const *text, size_t n);
void rg_codes_free(rg_codes *codes);

#endif
