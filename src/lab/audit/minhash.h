/* minhash.h - how alike two texts are, by their shingles. */
#ifndef RIGOR_LAB_AUDIT_MINHASH_H
#define RIGOR_LAB_AUDIT_MINHASH_H

#include "rigor/base.h"

/* The set of a text's shingles: every run of 5 bytes of its letters and digits in lower case, with
 * one space for all that is between; the text itself where it is shorter.  Hashes, ascending,
 * without repeats; rg_free(ret->at). */
typedef struct shingles {
    uint64_t *at;
    size_t n;
} shingles;
shingles shingles_of(const char *text);
/* |A and B| / |A or B| (Jaccard); two empty sets are alike. */
double shingles_alike(const shingles *a, const shingles *b);

/* Broder (1997): of a random order of all shingles, the first one of each set; two sets have the
 * same first one with the probability of their likeness. 64 orders, in 16 bands of 4: a band is
 * equal with the fourth power of it, and one of 16 is with 1 - (1 - s^4)^16: .9998 for s = .8. */
enum { MINHASH_ORDERS = 64, MINHASH_BANDS = 16 };
typedef struct minhash {
    uint64_t factor[MINHASH_ORDERS], offset[MINHASH_ORDERS];
} minhash;
minhash minhash_open(uint64_t seed);
void minhash_bands(const minhash *hash, const shingles *set, uint64_t ret[MINHASH_BANDS]);

#endif
