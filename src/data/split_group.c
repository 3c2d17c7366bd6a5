/* split_group.c - dealing whole groups to parts.
 *
 * A part's distance from its share t of the rows of one class, of which it has c, is (c - t)^2 /
 * t; a dealing's loss is their sum over parts and classes, and over all rows as one more class.
 * Groups are taken in random order, each goes to the part where it makes the loss smallest, and
 * the best of several orders counts.  Without stratification all rows are of one class. */
#include "data/split.h"

#include <stdlib.h>
#include <string.h>

enum { ORDERS_MAX = 64 };
#define STEPS_MAX 5e7 /* looks at a lot, over all orders */

typedef struct lot { /* rows of one class in a group */
    uint32_t kind, rows;
} lot;

typedef struct dealing {
    size_t groups, kinds; /* kinds: the classes, and as the last all rows together */
    size_t *start;        /* groups + 1: where the lots of each group begin */
    lot *lots;
    uint32_t *order; /* n groups that are dealt */
    size_t n;
    size_t parts;
    double *target, *count; /* (parts, kinds) rows */
    uint32_t *to;           /* groups: the part of each */
} dealing;

/* ---- The lots of each group */

typedef struct tagged {
    uint32_t group, kind;
} tagged;

static int by_group_and_kind(const void *a, const void *b)
{
    const tagged *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->kind > y->kind) - (x->kind < y->kind);
}

static size_t add_lots(const tagged *rows, size_t n, uint32_t all, lot *to)
{
    size_t lots = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || rows[i].kind != rows[i - 1].kind)
            to[lots++] = (lot){rows[i].kind, 0};
        to[lots - 1].rows++;
    }
    if (all)
        to[lots++] = (lot){all, (uint32_t)n};
    return lots;
}

static dealing dealing_open(const rg_dataset *data, bool stratify)
{
    size_t classes = stratify ? data->classes : 0, groups = data->group.count;
    dealing d = {.groups = groups,
                 .kinds = classes + 1,
                 .start = RG_NEW_ARRAY(size_t, groups + 1),
                 .lots = RG_NEW_ARRAY(lot, data->rows + groups),
                 .order = RG_NEW_ARRAY(uint32_t, groups),
                 .to = RG_NEW_ARRAY(uint32_t, groups)};
    tagged *rows = RG_NEW_ARRAY(tagged, data->rows);
    for (size_t i = 0; i < data->rows; i++)
        rows[i] = (tagged){data->group.code[i], stratify ? (uint32_t)data->label[i] : 0};
    qsort(rows, data->rows, sizeof(*rows), by_group_and_kind);
    for (size_t g = 0, from = 0, lots = 0; g < groups; g++) {
        size_t end = from;
        while (end < data->rows && rows[end].group == g)
            end++;
        d.start[g] = lots;
        lots += add_lots(rows + from, end - from, (uint32_t)classes, d.lots + lots);
        d.start[g + 1] = lots;
        from = end;
    }
    rg_free(rows);
    return d;
}

static void dealing_close(dealing *d)
{
    rg_free(d->start);
    rg_free(d->lots);
    rg_free(d->order);
    rg_free(d->to);
}

/* ---- Dealing */

/* How much the loss grows when the group goes to the part. */
static double growth(const dealing *d, size_t group, size_t part)
{
    double sum = 0;
    for (size_t i = d->start[group]; i < d->start[group + 1]; i++) {
        size_t at = part * d->kinds + d->lots[i].kind;
        double rows = d->lots[i].rows;
        sum += rows * (2 * (d->count[at] - d->target[at]) + rows) / d->target[at];
    }
    return sum;
}

/* While there are hardly more groups than empty parts, only those are open. */
static size_t best_part(const dealing *d, size_t group, const size_t *held, bool only_empty)
{
    size_t best = d->parts;
    double least = 0;
    for (size_t p = 0; p < d->parts; p++) {
        double grows = only_empty && held[p] ? 0 : growth(d, group, p);
        if ((only_empty && held[p]) || (best < d->parts && grows >= least))
            continue;
        best = p;
        least = grows;
    }
    return best < d->parts ? best : 0;
}

static double loss(const dealing *d)
{
    double sum = 0;
    for (size_t at = 0; at < d->parts * d->kinds; at++) {
        double off = d->count[at] - d->target[at];
        sum += d->target[at] > 0 ? off * off / d->target[at] : 0;
    }
    return sum;
}

/* Deals in the present order; returns the loss. */
static double deal_once(dealing *d, uint32_t *to)
{
    size_t *held = RG_NEW_ARRAY(size_t, d->parts), empty = d->parts;
    memset(d->count, 0, d->parts * d->kinds * sizeof(double));
    for (size_t i = 0; i < d->n; i++) {
        size_t group = d->order[i], part = best_part(d, group, held, d->n - i <= empty);
        for (size_t l = d->start[group]; l < d->start[group + 1]; l++)
            d->count[part * d->kinds + d->lots[l].kind] += d->lots[l].rows;
        empty -= held[part]++ == 0;
        to[group] = (uint32_t)part;
    }
    rg_free(held);
    return loss(d);
}

static void set_targets(dealing *d, const double *share)
{
    for (size_t i = 0; i < d->n; i++)
        for (size_t l = d->start[d->order[i]]; l < d->start[d->order[i] + 1]; l++)
            for (size_t p = 0; p < d->parts; p++)
                d->target[p * d->kinds + d->lots[l].kind] += share[p] * d->lots[l].rows;
}

/* Deals d->order[0 .. n) to the parts; d->to has the result. */
static void deal(dealing *d, const double *share, size_t parts, rg_rng *rng)
{
    d->parts = parts;
    d->target = RG_NEW_ARRAY(double, parts * d->kinds);
    d->count = RG_NEW_ARRAY(double, parts * d->kinds);
    set_targets(d, share);
    uint32_t *to = RG_NEW_ARRAY(uint32_t, d->groups);
    double steps = 0, once = (double)(d->start[d->groups] * parts), least = 0;
    for (size_t i = 0; i < ORDERS_MAX && (i == 0 || (steps < STEPS_MAX && least > 0)); i++) {
        rg_rng_shuffle(rng, d->order, d->n);
        double now = deal_once(d, to);
        steps += once;
        if (i > 0 && now >= least)
            continue;
        least = now;
        for (size_t g = 0; g < d->n; g++)
            d->to[d->order[g]] = to[d->order[g]];
    }
    rg_free(to);
    rg_free(d->count);
    rg_free(d->target);
}

/* ---- Parts and folds */

static bool enough(const rg_dataset *data, size_t parts, rg_err *err)
{
    return data->group.count >= parts ||
           rg_fail(err, RG_INPUT, "data.split.group", "group by another column, or by none",
                   "'%s' has %zu different value%s: too few for %zu parts", data->group.name,
                   data->group.count, data->group.count == 1 ? "" : "s", parts);
}

static void all_groups(dealing *d)
{
    d->n = d->groups;
    for (size_t g = 0; g < d->groups; g++)
        d->order[g] = (uint32_t)g;
}

static void cut_once(dealing *d, const rg_split_spec *spec)
{
    const double share[] = {spec->train, spec->val, spec->test};
    rg_rng rng = rg_rng_open(spec->seed, "split/group");
    all_groups(d);
    deal(d, share, RG_COUNT(share), &rng);
}

static void cut_fold(dealing *d, const rg_split_spec *spec)
{
    double *even = RG_NEW_ARRAY(double, spec->folds);
    double both = spec->train + spec->val;
    const double share[] = {spec->train / both, spec->val / both};
    for (size_t f = 0; f < spec->folds; f++)
        even[f] = 1 / (double)spec->folds;
    rg_rng rng = rg_rng_open(spec->seed, "split/folds");
    all_groups(d);
    deal(d, even, spec->folds, &rng);
    rg_free(even);
    d->n = 0;
    for (size_t g = 0; g < d->groups; g++) {
        if (d->to[g] != spec->fold)
            d->order[d->n++] = (uint32_t)g;
        d->to[g] = 2;
    }
    rng = rg_rng_open(spec->seed, "split/fold/%zu", spec->fold);
    deal(d, share, RG_COUNT(share), &rng);
}

bool rg_split_by_group(const rg_dataset *data, const rg_split_spec *spec, uint8_t *part,
                       rg_err *err)
{
    if (!enough(data, spec->folds > 3 ? spec->folds : 3, err))
        return false;
    dealing d = dealing_open(data, spec->stratify);
    if (spec->folds)
        cut_fold(&d, spec);
    else
        cut_once(&d, spec);
    for (size_t i = 0; i < data->rows; i++)
        part[i] = (uint8_t)d.to[data->group.code[i]];
    dealing_close(&d);
    return true;
}
