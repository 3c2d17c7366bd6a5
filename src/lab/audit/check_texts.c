/* check_texts.c - texts of val and test that are nearly one of train: MinHash with bands finds
 * candidates (minhash.h), the shingles themselves decide: alike from .8 on.  Cost: 64 products a
 * shingle, and at most 50 comparisons a text and band. */
#include "lab/audit/audit.h"
#include "lab/audit/minhash.h"

#include <stdlib.h>

#define ALIKE .8
#define SHARE_OF_DANGER .01
#define LENGTH_MIN 40 /* mean of the texts */
#define DIFFERENT .5  /* of them: a text that recurs more often is a category */
#define BYTES_MAX 5e7 /* of texts that are looked at */
enum { CANDIDATES_MAX = 50 };

typedef struct banded { /* a text of train in one band */
    uint64_t hash;
    uint32_t row;
} banded;

typedef struct texts {
    audit *a;
    size_t column;
    const char *const *text;
    minhash hash;
    banded *train; /* (MINHASH_BANDS, n_train), each band by hash and row */
    size_t n_train;
    double bytes;
} texts;

static int by_hash(const void *a, const void *b)
{
    const banded *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static void index_train(texts *t)
{
    const audit_rows *rows = &t->a->part[0];
    t->train = RG_NEW_ARRAY(banded, MINHASH_BANDS * (rows->n + 1));
    for (size_t i = 0; i < rows->n && t->bytes < BYTES_MAX; i++) {
        const char *text = t->text[rows->at[i]];
        if (!text)
            continue;
        uint64_t bands[MINHASH_BANDS];
        shingles set = shingles_of(text);
        minhash_bands(&t->hash, &set, bands);
        t->bytes += (double)set.n;
        rg_free(set.at);
        for (size_t b = 0; b < MINHASH_BANDS; b++)
            t->train[b * (rows->n + 1) + t->n_train] = (banded){bands[b], rows->at[i]};
        t->n_train++;
    }
    for (size_t b = 0; b < MINHASH_BANDS; b++)
        qsort(t->train + b * (rows->n + 1), t->n_train, sizeof(banded), by_hash);
}

/* The first entry whose hash is not below. */
static size_t lower_bound(const banded *band, size_t n, uint64_t hash)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (band[middle].hash < hash)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

/* A row of train whose text is alike; false when there is none. */
static bool find_alike(const texts *t, const char *text, uint32_t *ret_row, double *ret_alike)
{
    uint64_t bands[MINHASH_BANDS];
    shingles set = shingles_of(text);
    minhash_bands(&t->hash, &set, bands);
    bool found = false;
    for (size_t b = 0; b < MINHASH_BANDS && !found; b++) {
        const banded *band = t->train + b * (t->a->part[0].n + 1);
        size_t from = lower_bound(band, t->n_train, bands[b]);
        for (size_t i = from;
             !found && i < t->n_train && i < from + CANDIDATES_MAX && band[i].hash == bands[b];
             i++) {
            shingles other = shingles_of(t->text[band[i].row]);
            *ret_alike = shingles_alike(&set, &other);
            *ret_row = band[i].row;
            found = *ret_alike >= ALIKE;
            rg_free(other.at);
        }
    }
    rg_free(set.at);
    return found;
}

static void report(texts *t, int part, size_t count, size_t of, const uint32_t *rows,
                   json_t *pairs)
{
    double share = (double)count / (double)of;
    json_t *evidence = json_pack("{s:I, s:I, s:f, s:O}", "count", (json_int_t)count, "of",
                                 (json_int_t)of, "share", share, "pairs", pairs);
    audit_add_rows(t->a, evidence, rows, count < AUDIT_EXAMPLES ? count : AUDIT_EXAMPLES);
    audit_find(
        t->a, share >= SHARE_OF_DANGER ? RG_FINDING_DANGER : RG_FINDING_WARNING,
        audit_column(t->a, t->column), evidence,
        "look at the pairs: copies belong into one part (split: {group: COLUMN}), or out",
        "%zu text%s of '%s' in %s (%.3g %%) nearly equal%s one of train", count,
        count == 1 ? "" : "s", audit_column(t->a, t->column), audit_part_names[part],
        100 * share, count == 1 ? "s" : "");
}

static void look(texts *t, int part)
{
    const audit_rows *rows = &t->a->part[part];
    size_t count = 0, of = 0;
    uint32_t some[AUDIT_EXAMPLES];
    json_t *pairs = json_array();
    for (size_t i = 0; i < rows->n; i++) {
        uint32_t row = rows->at[i], like;
        double alike;
        if (!t->text[row] || t->a->twin[row])
            continue;
        of++;
        if (!find_alike(t, t->text[row], &like, &alike))
            continue;
        if (count < AUDIT_EXAMPLES) {
            some[count] = row;
            json_array_append_new(
                pairs, json_pack("{s:I, s:s, s:I, s:s, s:f}", "row", (json_int_t)row, "part",
                                 audit_part_names[part], "near", (json_int_t)like, "of",
                                 audit_part_names[0], "alike", alike));
        }
        count++;
    }
    if (count)
        report(t, part, count, of, some, pairs);
    json_decref(pairs);
}

/* Sentences, not categories. */
static bool holds_texts(const audit *a, size_t column)
{
    if (!rg_dataset_texts(a->data, column) || audit_mean_length(a, column) < LENGTH_MIN)
        return false;
    rg_codes codes = audit_encode(a, column, a->some[0].at, a->some[0].n);
    bool good = (double)codes.count > DIFFERENT * (double)(codes.n - codes.missing);
    rg_codes_free(&codes);
    return good;
}

static bool run(audit *a)
{
    for (size_t c = 0; c < a->data->features; c++) {
        if (!holds_texts(a, c))
            continue;
        texts t = {a, c, rg_dataset_texts(a->data, c), minhash_open(a->options.seed), NULL,
                   0, 0};
        index_train(&t);
        for (int part = 1; part < AUDIT_PARTS; part++)
            look(&t, part);
        rg_free(t.train);
    }
    return true;
}

const audit_check audit_check_texts = {.name = "near texts", .slow = true, .run = run};
