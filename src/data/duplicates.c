/* duplicates.c - exact duplicates across the parts of a split: sort the rows by a hash of their
 * features, then compare those of equal hash. */
#include "data/duplicates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    uint64_t hash;
    uint32_t row;
    uint32_t part; /* 0 train, 1 val, 2 test */
} entry;

/* The finalizer of MurmurHash3 over a running value. */
static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0xff51afd7ed558ccdu;
    hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53u;
    return hash ^ hash >> 33;
}

static uint64_t number_bits(double value)
{
    uint64_t bits;
    value = isnan(value) ? NAN : value + 0.0; /* one NaN, one zero */
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static uint64_t text_bits(const char *text)
{
    uint64_t hash = text ? 1 : 2;
    for (; text && *text; text++)
        hash = mix(hash, (unsigned char)*text);
    return hash;
}

static uint64_t number_bits_at(const rg_dataset *data, size_t row, size_t c)
{
    return number_bits(rg_dataset_number(data, row, c));
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

static bool same_row(const rg_dataset *data, uint32_t a, uint32_t b)
{
    for (size_t c = 0; c < data->features; c++) {
        const char *const *text = rg_dataset_texts(data, c);
        bool same = text ? same_text(text[a], text[b])
                         : number_bits_at(data, a, c) == number_bits_at(data, b, c);
        if (!same)
            return false;
    }
    return true;
}

static entry *add_part(const rg_dataset *data, const uint32_t *rows, size_t n, uint32_t part,
                       entry *to)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t hash = 0;
        for (size_t c = 0; c < data->features; c++) {
            const char *const *text = rg_dataset_texts(data, c);
            hash =
                mix(hash, text ? text_bits(text[rows[i]]) : number_bits_at(data, rows[i], c));
        }
        *to++ = (entry){hash, rows[i], part};
    }
    return to;
}

static int by_hash_and_part(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    if (x->part != y->part)
        return x->part < y->part ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Whether an earlier part has the row; `first` begins the entries of equal hash. */
static bool seen_earlier(const rg_dataset *data, const entry *first, const entry *e)
{
    for (const entry *other = first; other < e && other->part < e->part; other++)
        if (same_row(data, other->row, e->row))
            return true;
    return false;
}

bool rg_duplicates_count(const rg_dataset *data, const rg_split *split, rg_duplicates *ret,
                         rg_err *err)
{
    size_t n = split->n_train + split->n_val + split->n_test;
    entry *entries = rg_try_alloc(n * sizeof(entry));
    if (!entries)
        return rg_fail(err, RG_INTERNAL, data->path, NULL, "there is no memory for %zu rows",
                       n);
    entry *to = add_part(data, split->train, split->n_train, 0, entries);
    to = add_part(data, split->val, split->n_val, 1, to);
    add_part(data, split->test, split->n_test, 2, to);
    qsort(entries, n, sizeof(entry), by_hash_and_part);
    rg_duplicates found = {0};
    const entry *first = entries;
    for (const entry *e = entries; e < entries + n; e++) {
        first = e->hash == first->hash ? first : e;
        if (e->part > 0 && seen_earlier(data, first, e))
            *(e->part == 1 ? &found.val : &found.test) += 1;
    }
    rg_free(entries);
    *ret = found;
    return true;
}
