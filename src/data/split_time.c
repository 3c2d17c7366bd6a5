/* split_time.c - the past to learn from, the future to be tested on.
 *
 * Every row has a key: its time, or the last time of its group.  Rows in order of their keys are
 * cut where the key changes, as near as possible to the shares.  With groups, a row of a later
 * part may be older than the end of an earlier one: such rows are in no part. */
#include "data/split.h"

#include <math.h>

enum { PARTS = 3 };

/* keys[i]: of row i, below data->time.count. */
static void find_keys(const rg_dataset *data, bool grouped, uint32_t *keys)
{
    const uint32_t *time = data->time.code, *group = data->group.code;
    uint32_t *last = RG_NEW_ARRAY(uint32_t, grouped ? data->group.count : 1);
    for (size_t i = 0; grouped && i < data->rows; i++)
        last[group[i]] = time[i] > last[group[i]] ? time[i] : last[group[i]];
    for (size_t i = 0; i < data->rows; i++)
        keys[i] = grouped ? last[group[i]] : time[i];
    rg_free(last);
}

/* Of the keys from `first` to `last` the one at which so many rows are nearest to lie before it.
 */
static uint32_t nearest_change(const size_t *before, size_t first, size_t last, double rows)
{
    size_t best = first;
    for (size_t k = first + 1; k <= last; k++)
        if (fabs((double)before[k] - rows) < fabs((double)before[best] - rows))
            best = k;
    return (uint32_t)best;
}

/* Every part has a key, as long as there are enough of them. */
static void place_ends(const size_t *before, size_t keys, const double share[PARTS],
                       uint32_t end[PARTS])
{
    double rows = (double)before[keys];
    for (size_t p = 0; p < PARTS; p++) {
        size_t first = (p ? end[p - 1] : 0) + 1, last = keys + p + 1 - PARTS;
        end[p] = keys < PARTS ? 0 : nearest_change(before, first, last, share[p] * rows);
    }
}

/* Where train, val and test end, as shares of all rows. */
static void find_ends(const rg_split_spec *spec, double ret[PARTS])
{
    double learn = spec->train + spec->val, block = 1;
    ret[1] = learn;
    if (spec->folds) {
        block = 1 / ((double)spec->folds + 1);
        ret[1] = block * ((double)spec->fold + 1);
    }
    ret[0] = ret[1] * (spec->train / learn);
    ret[2] = spec->folds ? ret[1] + block : 1;
}

void rg_split_by_time(const rg_dataset *data, const rg_split_spec *spec, uint8_t *part)
{
    size_t rows = data->rows, keys = data->time.count;
    uint32_t *key = RG_NEW_ARRAY(uint32_t, rows), end[PARTS];
    size_t *before = RG_NEW_ARRAY(size_t, keys + 1);
    double share[PARTS];
    find_keys(data, spec->group != NULL, key);
    for (size_t i = 0; i < rows; i++)
        before[key[i] + 1]++;
    for (size_t k = 0; k < keys; k++)
        before[k + 1] += before[k];
    find_ends(spec, share);
    place_ends(before, keys, share, end);
    for (size_t i = 0; i < rows; i++) {
        int p = key[i] < end[0] ? 0 : key[i] < end[1] ? 1 : key[i] < end[2] ? 2 : PARTS;
        bool old = p > 0 && p < PARTS && data->time.code[i] < end[p - 1];
        part[i] = old ? RG_SPLIT_NONE : (uint8_t)p;
    }
    rg_free(before);
    rg_free(key);
}
