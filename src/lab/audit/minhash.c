/* minhash.c - shingles and their signatures. */
#include "lab/audit/minhash.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { SHINGLE = 5, ROWS_OF_BAND = MINHASH_ORDERS / MINHASH_BANDS };

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 33) * 0xff51afd7ed558ccdu;
    x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53u;
    return x ^ x >> 33;
}

/* Letters, digits and bytes beyond ASCII stay; all between becomes one space. */
static size_t normalise(const char *text, char *out)
{
    size_t n = 0;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (isalnum(c) || c >= 0x80)
            out[n++] = (char)tolower(c);
        else if (n && out[n - 1] != ' ')
            out[n++] = ' ';
    }
    return n && out[n - 1] == ' ' ? n - 1 : n;
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

shingles shingles_of(const char *text)
{
    char *clean = rg_alloc(strlen(text) + 1);
    size_t len = normalise(text, clean), runs = len > SHINGLE ? len - SHINGLE + 1 : len > 0;
    shingles set = {RG_NEW_ARRAY(uint64_t, runs + 1), 0};
    for (size_t i = 0; i < runs; i++) {
        uint64_t hash = 1;
        for (size_t k = i; k < i + SHINGLE && k < len; k++)
            hash = hash << 8 | (unsigned char)clean[k];
        set.at[i] = mix(hash);
    }
    qsort(set.at, runs, sizeof(*set.at), by_hash);
    for (size_t i = 0; i < runs; i++)
        if (i == 0 || set.at[i] != set.at[set.n - 1])
            set.at[set.n++] = set.at[i];
    rg_free(clean);
    return set;
}

double shingles_alike(const shingles *a, const shingles *b)
{
    size_t i = 0, j = 0, both = 0;
    while (i < a->n && j < b->n) {
        uint64_t x = a->at[i], y = b->at[j];
        both += x == y;
        i += x <= y;
        j += y <= x;
    }
    size_t either = a->n + b->n - both;
    return either ? (double)both / (double)either : 1;
}

minhash minhash_open(uint64_t seed)
{
    minhash hash;
    rg_rng rng = rg_rng_open(seed, "audit/minhash");
    for (size_t i = 0; i < MINHASH_ORDERS; i++) {
        hash.factor[i] = rg_rng_u64(&rng) | 1;
        hash.offset[i] = rg_rng_u64(&rng);
    }
    return hash;
}

void minhash_bands(const minhash *hash, const shingles *set, uint64_t ret[MINHASH_BANDS])
{
    for (size_t b = 0; b < MINHASH_BANDS; b++) {
        ret[b] = b;
        for (size_t r = b * ROWS_OF_BAND; r < (b + 1) * ROWS_OF_BAND; r++) {
            uint64_t least = UINT64_MAX;
            for (size_t i = 0; i < set->n; i++) {
                uint64_t place = set->at[i] * hash->factor[r] + hash->offset[r];
                least = place < least ? place : least;
            }
            ret[b] = mix(ret[b] ^ least);
        }
    }
}
