/* balance.c - remedies for classes of unequal size, for the training part alone.
 *
 * SMOTE (Chawla, Bowyer, Hall and Kegelmeyer 2002, "SMOTE: Synthetic Minority Over-sampling
 * Technique"): a new row lies at a random place between a row of the class and one of its k = 5
 * nearest neighbours of the same class (fewer where the class has fewer).  Distances are taken in
 * the encoded rows.  Categories cannot lie between: a new row takes the one that most of the k
 * neighbours have (of equally many the first), as their SMOTE-NC does, but with the plain
 * distance of one-hot numbers in place of the median of standard deviations.  A class is filled
 * up to the size of the largest one; rows are used in turn, so that each is used as often as the
 * others, give or take one. */
#include "data/balance.h"

#include "data/memory.h"

#include <string.h>

enum { NEIGHBOURS = 5 };

const char *const rg_balance_names[] = {"none",  "oversample", "undersample",
                                        "smote", "weights",    NULL};

typedef struct balancing {
    const rg_encoder *encoder;
    size_t classes;
    size_t *count;   /* classes */
    uint32_t **list; /* classes: the rows of each, shuffled */
    rg_rows from, to;
    rg_arena *arena;
    rg_rng rng;
    rg_err *err;
} balancing;

static void sort_rows(balancing *b)
{
    for (size_t i = 0; i < b->from.n; i++)
        b->count[b->from.label[i]]++;
    for (size_t k = 0; k < b->classes; k++) {
        b->list[k] = RG_ARENA_ARRAY(b->arena, uint32_t, b->count[k] + 1);
        b->count[k] = 0;
    }
    for (size_t i = 0; i < b->from.n; i++) {
        int32_t k = b->from.label[i];
        b->list[k][b->count[k]++] = (uint32_t)i;
    }
    for (size_t k = 0; k < b->classes; k++)
        rg_rng_shuffle(&b->rng, b->list[k], b->count[k]);
}

/* Of the classes that have rows: the largest count, or the smallest one. */
static size_t extreme(const balancing *b, bool largest)
{
    size_t found = 0;
    for (size_t k = 0; k < b->classes; k++) {
        size_t n = b->count[k];
        if (n && (!found || (largest ? n > found : n < found)))
            found = n;
    }
    return found;
}

static bool make_room(balancing *b, size_t n)
{
    const char *path = b->encoder->data->path;
    b->to = (rg_rows){.width = b->from.width};
    b->to.x = RG_DATA_ROOM(b->arena, float, n * b->from.width, path, b->err);
    b->to.label = RG_DATA_ROOM(b->arena, int32_t, n, path, b->err);
    b->to.id = RG_DATA_ROOM(b->arena, int64_t, n, path, b->err);
    b->to.group = RG_DATA_ROOM(b->arena, int64_t, n, path, b->err);
    return b->to.x && b->to.label && b->to.id && b->to.group;
}

static float *row_of(const rg_rows *rows, size_t i)
{
    return rows->x + i * rows->width;
}

static void copy_row(balancing *b, size_t row)
{
    rg_rows *to = &b->to;
    memcpy(row_of(to, to->n), row_of(&b->from, row), to->width * sizeof(float));
    to->label[to->n] = b->from.label[row];
    to->id[to->n] = b->from.id[row];
    to->group[to->n] = b->from.group ? b->from.group[row] : 0;
    to->n++;
}

/* ---- New rows */

typedef struct nearest { /* the nearest rows, nearest first */
    size_t n;
    uint32_t row[NEIGHBOURS];
    double distance[NEIGHBOURS];
} nearest;

static double distance(const float *a, const float *b, size_t width)
{
    double sum = 0;
    for (size_t j = 0; j < width; j++)
        sum += ((double)a[j] - (double)b[j]) * ((double)a[j] - (double)b[j]);
    return sum;
}

static void keep_nearest(nearest *found, uint32_t row, double far)
{
    size_t at = found->n < NEIGHBOURS ? found->n++ : NEIGHBOURS;
    for (; at > 0 && found->distance[at - 1] > far; at--) {
        if (at == NEIGHBOURS)
            continue;
        found->row[at] = found->row[at - 1];
        found->distance[at] = found->distance[at - 1];
    }
    if (at == NEIGHBOURS)
        return;
    found->row[at] = row;
    found->distance[at] = far;
}

static nearest find_nearest(const balancing *b, size_t class, uint32_t row)
{
    nearest found = {0};
    for (size_t i = 0; i < b->count[class]; i++) {
        uint32_t other = b->list[class][i];
        if (other != row)
            keep_nearest(
                &found, other,
                distance(row_of(&b->from, row), row_of(&b->from, other), b->from.width));
    }
    return found;
}

/* The category that most of the neighbours have: 1 there, 0 elsewhere. */
static void take_majority(const balancing *b, const rg_encoding *e, const nearest *of,
                          float *out)
{
    size_t best = e->width, most = 0;
    for (size_t level = 0; level < e->width; level++) {
        size_t votes = 0;
        for (size_t i = 0; i < of->n; i++)
            votes += row_of(&b->from, of->row[i])[e->first + level] > .5f;
        if (votes > most) {
            most = votes;
            best = level;
        }
    }
    for (size_t level = 0; level < e->width; level++)
        out[e->first + level] = level == best;
}

static void add_between(balancing *b, uint32_t row, const nearest *of)
{
    copy_row(b, row);
    if (!of->n) /* the only one of its class */
        return;
    float *out = row_of(&b->to, b->to.n - 1);
    const float *other = row_of(&b->from, of->row[rg_rng_below(&b->rng, of->n)]);
    float place = (float)rg_rng_unit(&b->rng);
    for (size_t c = 0; c < b->encoder->data->features; c++) {
        const rg_encoding *e = &b->encoder->column[c];
        if (e->level)
            take_majority(b, e, of, out);
        else
            out[e->first] += place * (other[e->first] - out[e->first]);
    }
    b->to.id[b->to.n - 1] = -1;
}

/* ---- The remedies */

static void fill_up(balancing *b, size_t most, bool smote)
{
    for (size_t k = 0; k < b->classes; k++) {
        size_t n = b->count[k];
        for (size_t i = 0; n && i < n && i < most - n; i++) {
            nearest found = smote ? find_nearest(b, k, b->list[k][i]) : (nearest){0};
            for (size_t made = i; made < most - n; made += n) {
                if (smote)
                    add_between(b, b->list[k][i], &found);
                else
                    copy_row(b, b->list[k][i]);
            }
        }
    }
}

static bool resample_up(balancing *b, bool smote)
{
    size_t most = extreme(b, true), present = 0;
    for (size_t k = 0; k < b->classes; k++)
        present += b->count[k] > 0;
    if (!make_room(b, most * present))
        return false;
    for (size_t i = 0; i < b->from.n; i++)
        copy_row(b, i);
    fill_up(b, most, smote);
    return true;
}

static bool oversample(balancing *b)
{
    return resample_up(b, false);
}

static bool smote(balancing *b)
{
    return resample_up(b, true);
}

static bool undersample(balancing *b)
{
    size_t least = extreme(b, false);
    bool *kept = RG_NEW_ARRAY(bool, b->from.n + 1);
    for (size_t k = 0; k < b->classes; k++)
        for (size_t i = 0; i < b->count[k] && i < least; i++)
            kept[b->list[k][i]] = true;
    bool good = make_room(b, least * b->classes);
    for (size_t i = 0; good && i < b->from.n; i++)
        if (kept[i])
            copy_row(b, i);
    rg_free(kept);
    return good;
}

static bool weigh(balancing *b)
{
    b->to = b->from;
    b->to.weight = RG_DATA_ROOM(b->arena, float, b->from.n, b->encoder->data->path, b->err);
    size_t present = 0;
    for (size_t k = 0; k < b->classes; k++)
        present += b->count[k] > 0;
    for (size_t i = 0; b->to.weight && i < b->from.n; i++)
        b->to.weight[i] =
            (float)((double)b->from.n / (double)(present * b->count[b->from.label[i]]));
    return b->to.weight != NULL;
}

bool rg_balance_apply(rg_balance how, const rg_encoder *encoder, size_t classes, uint64_t seed,
                      rg_arena *arena, rg_rows *rows, rg_err *err)
{
    static bool (*const ways[])(balancing *) = {
        [RG_BALANCE_OVERSAMPLE] = oversample,
        [RG_BALANCE_UNDERSAMPLE] = undersample,
        [RG_BALANCE_SMOTE] = smote,
        [RG_BALANCE_WEIGHTS] = weigh,
    };
    balancing b = {.encoder = encoder,
                   .classes = classes,
                   .count = RG_ARENA_ARRAY(arena, size_t, classes + 1),
                   .list = RG_ARENA_ARRAY(arena, uint32_t *, classes + 1),
                   .from = *rows,
                   .arena = arena,
                   .rng = rg_rng_open(seed, "balance"),
                   .err = err};
    sort_rows(&b);
    if (!ways[how](&b))
        return false;
    b.to.group = rows->group ? b.to.group : NULL;
    *rows = b.to;
    return true;
}
