/* duplicates.c - exact duplicates across the parts of a split: sort the rows by a hash of their
 * features, then compare those of equal hash. */
#include "data/duplicates.h"

#include "data/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    uint64_t hash;
    rg_twin twin;
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
        *to++ = (entry){hash, {rows[i], part, 0}};
    }
    return to;
}

static int by_hash_and_part(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    if (x->twin.part != y->twin.part)
        return x->twin.part < y->twin.part ? -1 : 1;
    return (x->twin.row > y->twin.row) - (x->twin.row < y->twin.row);
}

static int by_set(const void *a, const void *b)
{
    const rg_twin *x = a, *y = b;
    if (x->set != y->set)
        return x->set < y->set ? -1 : 1;
    if (x->part != y->part)
        return x->part < y->part ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Numbers the entries of one hash, at[0 .. n): equal rows get the number of the first of them.
 * Other rows of the same hash are rare. */
static void number_run(const rg_dataset *data, const entry *at, size_t n, uint32_t first,
                       rg_twin *out)
{
    for (size_t i = 0; i < n; i++) {
        size_t equal = 0;
        while (equal < i && (out[equal].set != first + equal ||
                             !same_row(data, at[equal].twin.row, at[i].twin.row)))
            equal++;
        out[i] = at[i].twin;
        out[i].set = first + (uint32_t)equal;
    }
}

/* Drops sets of one and numbers the others from 0; returns how many twins are left. */
static size_t keep_twins(rg_twin *twins, size_t n)
{
    size_t kept = 0;
    uint32_t set = 0;
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from; to < n && twins[to].set == twins[from].set;)
            to++;
        for (size_t i = from; to - from > 1 && i < to; i++) {
            twins[kept] = twins[i];
            twins[kept++].set = set;
        }
        set += to - from > 1;
    }
    return kept;
}

bool rg_duplicates_list(const rg_dataset *data, const rg_split *split, rg_arena *arena,
                        rg_twin **ret, size_t *ret_n, rg_err *err)
{
    size_t n = split->n_train + split->n_val + split->n_test;
    rg_twin *twins = RG_DATA_ROOM(arena, rg_twin, n, data->path, err);
    entry *entries = twins ? rg_try_alloc(n * sizeof(entry)) : NULL;
    if (!entries)
        return rg_fail(err, RG_INTERNAL, data->path, NULL, "there is no memory for %zu rows",
                       n);
    entry *to = add_part(data, split->train, split->n_train, 0, entries);
    to = add_part(data, split->val, split->n_val, 1, to);
    add_part(data, split->test, split->n_test, 2, to);
    qsort(entries, n, sizeof(entry), by_hash_and_part);
    for (size_t from = 0, end; from < n; from = end) {
        for (end = from; end < n && entries[end].hash == entries[from].hash;)
            end++;
        number_run(data, entries + from, end - from, (uint32_t)from, twins + from);
    }
    rg_free(entries);
    qsort(twins, n, sizeof(rg_twin), by_set);
    *ret = twins;
    *ret_n = keep_twins(twins, n);
    return true;
}

bool rg_duplicates_count(const rg_dataset *data, const rg_split *split, rg_duplicates *ret,
                         rg_err *err)
{
    rg_arena *arena = rg_arena_new();
    rg_twin *twins = NULL;
    size_t n = 0, first = 0;
    rg_duplicates found = {0};
    bool good = rg_duplicates_list(data, split, arena, &twins, &n, err);
    for (size_t i = 0; i < n; i++) {
        first = twins[i].set == twins[first].set ? first : i;
        if (twins[i].part > twins[first].part)
            *(twins[i].part == 1 ? &found.val : &found.test) += 1;
    }
    rg_arena_free(arena);
    if (good)
        *ret = found;
    return good;
}
