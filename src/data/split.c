/* split.c - cutting a data set into training, validation and test part.
 *
 * Sizes are the fractions of all rows, rounded by largest remainder, so they always add up.  A
 * stratified cut takes from each class its share of the part, again rounded by largest
 * remainder (in whole numbers: shares and remainders are exact).  The lists are ascending. */
#include "data/split.h"

#include "data/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 3 };
static const char *const part_names[PARTS] = {"train", "val", "test"};

/* ---- cutting a list in two
 * -------------------------------------------------------------------- */

/* How many of each class are among the first `take` of n rows. */
static void quotas(const size_t *count, size_t classes, size_t n, size_t take, size_t *ret)
{
    size_t left = take;
    size_t *remainder = RG_NEW_ARRAY(size_t, classes);
    for (size_t k = 0; k < classes; k++) {
        size_t share = count[k] * take; /* both are below 2^32 */
        ret[k] = share / n;
        remainder[k] = share % n;
        left -= ret[k];
    }
    for (; left > 0; left--) {
        size_t largest = 0;
        for (size_t k = 1; k < classes; k++)
            largest = remainder[k] > remainder[largest] ? k : largest;
        ret[largest]++;
        remainder[largest] = 0;
    }
    rg_free(remainder);
}

/* Brings to the front of the shuffled list the first rows of each class up to its quota. */
static void bring_forward(const rg_dataset *data, uint32_t *list, size_t n, size_t take)
{
    if (n == 0)
        return;
    size_t *quota = RG_NEW_ARRAY(size_t, data->classes);
    size_t *count = RG_NEW_ARRAY(size_t, data->classes);
    uint32_t *rest = RG_NEW_ARRAY(uint32_t, n);
    for (size_t i = 0; i < n; i++)
        count[data->label[list[i]]]++;
    quotas(count, data->classes, n, take, quota);
    size_t front = 0, back = 0;
    for (size_t i = 0; i < n; i++) {
        size_t *open = &quota[data->label[list[i]]];
        if (*open > 0) {
            (*open)--;
            list[front++] = list[i];
        } else {
            rest[back++] = list[i];
        }
    }
    memcpy(list + front, rest, back * sizeof(*rest));
    rg_free(rest);
    rg_free(count);
    rg_free(quota);
}

void rg_split_cut(const rg_dataset *data, bool stratify, uint32_t *list, size_t n, size_t take,
                  rg_rng *rng)
{
    rg_rng_shuffle(rng, list, n);
    if (stratify)
        bring_forward(data, list, n, take);
}

/* ---- sizes
 * ------------------------------------------------------------------------------------ */

static void sizes(size_t rows, const double fraction[PARTS], size_t ret[PARTS])
{
    double remainder[PARTS];
    size_t left = rows;
    for (int p = 0; p < PARTS; p++) {
        double share = (double)rows * fraction[p];
        ret[p] = (size_t)share < left ? (size_t)share : left;
        remainder[p] = share - (double)ret[p];
        left -= ret[p];
    }
    for (; left > 0; left--) {
        int largest = 0;
        for (int p = 1; p < PARTS; p++)
            largest = remainder[p] > remainder[largest] ? p : largest;
        ret[largest]++;
        remainder[largest] -= 1;
    }
}

static bool fractions_fit(const double fraction[PARTS], rg_err *err)
{
    static const char remedy[] = "for instance {train: 0.6, val: 0.2, test: 0.2}";
    double sum = 0;
    for (int p = 0; p < PARTS; p++) {
        if (!(fraction[p] > 0 && fraction[p] < 1))
            return rg_fail(err, RG_INPUT, "data.split", remedy,
                           "the fraction %s is %g: it must lie between 0 and 1", part_names[p],
                           fraction[p]);
        sum += fraction[p];
    }
    if (fabs(sum - 1) > 1e-9)
        return rg_fail(err, RG_INPUT, "data.split", remedy,
                       "the fractions of train, val and test sum to %.10g, not to 1", sum);
    return true;
}

/* ---- checks of the result
 * --------------------------------------------------------------------- */

typedef struct lists {
    uint32_t *at[PARTS];
    size_t n[PARTS];
} lists;

static bool none_empty(const rg_dataset *data, const rg_split_spec *spec, const lists *parts,
                       rg_err *err)
{
    size_t in = parts->n[0] + parts->n[1] + parts->n[2];
    for (int p = 0; p < PARTS; p++) {
        if (parts->n[p])
            continue;
        char fold[64] = "";
        if (spec->folds)
            snprintf(fold, sizeof fold, " in fold %zu of %zu", spec->fold + 1, spec->folds);
        return rg_fail(err, RG_INPUT, "data.split",
                       spec->folds ? "use more rows, larger fractions or fewer folds"
                                   : "use more rows or larger fractions",
                       "the part %s of the %zu rows would be empty%s (train %zu, val %zu, test "
                       "%zu, in no part %zu)",
                       part_names[p], data->rows, fold, parts->n[0], parts->n[1], parts->n[2],
                       data->rows - in);
    }
    return true;
}

static bool can_stratify(const rg_dataset *data, rg_err *err)
{
    if (data->task == RG_CLASSIFY)
        return true;
    return rg_fail(err, RG_INPUT, "data.split", "set stratify: false",
                   "only classes can be stratified, and the target of '%s' is a number",
                   data->name);
}

/* Every class is in every part. */
static bool strata_kept(const rg_dataset *data, const lists *parts, rg_err *err)
{
    size_t *count = RG_NEW_ARRAY(size_t, data->classes * PARTS);
    for (int p = 0; p < PARTS; p++)
        for (size_t i = 0; i < parts->n[p]; i++)
            count[(size_t)data->label[parts->at[p][i]] * PARTS + (size_t)p]++;
    bool kept = true;
    for (size_t k = 0; kept && k < data->classes; k++) {
        const size_t *c = count + k * PARTS;
        if (!c[0] || !c[1] || !c[2])
            kept = rg_fail(err, RG_INPUT, "data.split",
                           "set stratify: false, use larger fractions, or merge rare classes",
                           "the class '%s' has %zu row%s, too few to be in all parts (train "
                           "%zu, val %zu, test %zu)",
                           data->class_name[k], c[0] + c[1] + c[2],
                           c[0] + c[1] + c[2] == 1 ? "" : "s", c[0], c[1], c[2]);
    }
    rg_free(count);
    return kept;
}

/* ---- the split
 * -------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Lengths as 64-bit and rows as 32-bit little-endian numbers. */
static void hash_lists(const lists *parts, char hash[RG_HEX])
{
    rg_sha sha;
    rg_sha_start(&sha);
    for (int p = 0; p < PARTS; p++) {
        uint64_t n = parts->n[p];
        rg_sha_add(&sha, &n, sizeof(n));
        rg_sha_add(&sha, parts->at[p], parts->n[p] * sizeof(uint32_t));
    }
    rg_sha_end(&sha, hash);
}

static bool cut_at_random(const rg_dataset *data, const rg_split_spec *spec, rg_arena *arena,
                          lists *ret, rg_err *err)
{
    const double fraction[PARTS] = {spec->train, spec->val, spec->test};
    if (!fractions_fit(fraction, err))
        return false;
    uint32_t *list = RG_DATA_ROOM(arena, uint32_t, data->rows, data->name, err);
    if (!list)
        return false;
    for (size_t i = 0; i < data->rows; i++)
        list[i] = (uint32_t)i;
    sizes(data->rows, fraction, ret->n);
    if (!none_empty(data, spec, ret, err))
        return false;
    rg_rng rng = rg_rng_open(spec->seed, "split");
    rg_split_cut(data, spec->stratify, list, data->rows, ret->n[0], &rng);
    rg_split_cut(data, spec->stratify, list + ret->n[0], ret->n[1] + ret->n[2], ret->n[1],
                 &rng);
    ret->at[0] = list;
    ret->at[1] = list + ret->n[0];
    ret->at[2] = list + ret->n[0] + ret->n[1];
    return !spec->stratify || strata_kept(data, ret, err);
}

/* Published splits have no validation part: it comes out of training. */
static bool share_training(const rg_dataset *data, const rg_split_spec *spec, lists *ret,
                           rg_err *err)
{
    if (!(spec->train > 0 && spec->val > 0))
        return rg_fail(err, RG_INPUT, "data.split", "for instance {train: 0.8, val: 0.2}",
                       "without a val file, the fractions train and val say how the rows of "
                       "the train file are shared");
    size_t all = ret->n[0];
    size_t train = (size_t)((double)all * spec->train / (spec->train + spec->val) + .5);
    rg_rng rng = rg_rng_open(spec->seed, "split");
    rg_split_cut(data, spec->stratify, ret->at[0], all, train, &rng);
    ret->at[1] = ret->at[0] + train;
    ret->n[0] = train;
    ret->n[1] = all - train;
    return true;
}

static bool take_files(const rg_dataset *data, const rg_split_spec *spec, rg_arena *arena,
                       lists *ret, rg_err *err)
{
    const char *files[PARTS] = {spec->train_file, spec->val_file, spec->test_file};
    if (!files[0] || !files[2]) {
        rg_fail(err, RG_INPUT, "data.split", "give train and test files, or all three",
                "index files are given for some parts, but not for train and test");
        return false;
    }
    if (!rg_split_files(data, files, arena, ret->at, ret->n, err))
        return false;
    return (files[1] || share_training(data, spec, ret, err)) &&
           none_empty(data, spec, ret, err);
}

static bool can_fold(const rg_split_spec *spec, rg_err *err)
{
    if (spec->folds && (spec->folds < 2 || spec->fold >= spec->folds))
        return rg_fail(err, RG_INPUT, "data.split.folds",
                       "give 2 folds or more, counted from 0", "fold %zu of %zu does not exist",
                       spec->fold, spec->folds);
    if (spec->folds && !(spec->train > 0 && spec->val > 0))
        return rg_fail(err, RG_INPUT, "data.split.folds", "for instance {train: 0.8, val: 0.2}",
                       "train and val say how the rows outside of a fold are shared");
    return true;
}

static bool can_order(const rg_split_spec *spec, rg_err *err)
{
    return !spec->time || !spec->stratify ||
           rg_fail(err, RG_INPUT, "data.split", "set stratify: false",
                   "a cut by time takes the classes as they come: it cannot be stratified");
}

/* The rows of each part, in the order of the data. */
static bool gather(const rg_dataset *data, const uint8_t *part, rg_arena *arena, lists *ret,
                   rg_err *err)
{
    uint32_t *list = RG_DATA_ROOM(arena, uint32_t, data->rows, data->name, err);
    if (!list)
        return false;
    for (int p = 0; p < PARTS; p++) {
        ret->at[p] = list;
        for (size_t i = 0; i < data->rows; i++)
            if (part[i] == p)
                *list++ = (uint32_t)i;
        ret->n[p] = (size_t)(list - ret->at[p]);
    }
    return true;
}

static bool take_parts(const rg_dataset *data, const rg_split_spec *spec, rg_arena *arena,
                       lists *ret, rg_err *err)
{
    return gather(data, spec->part, arena, ret, err) &&
           (ret->n[1] || share_training(data, spec, ret, err)) &&
           none_empty(data, spec, ret, err);
}

/* By group, by time, or one of several folds. */
static bool cut_by_rule(const rg_dataset *data, const rg_split_spec *spec, rg_arena *arena,
                        lists *ret, rg_err *err)
{
    const double fraction[PARTS] = {spec->train, spec->val, spec->test};
    if (!can_fold(spec, err) || !can_order(spec, err) ||
        (!spec->folds && !fractions_fit(fraction, err)))
        return false;
    uint8_t *part = RG_DATA_ROOM(arena, uint8_t, data->rows, data->name, err);
    if (!part)
        return false;
    if (spec->time)
        rg_split_by_time(data, spec, part);
    else if (!spec->group)
        rg_split_fold(data, spec, part);
    else if (!rg_split_by_group(data, spec, part, err))
        return false;
    return gather(data, part, arena, ret, err) && none_empty(data, spec, ret, err);
}

static bool cut(const rg_dataset *data, const rg_split_spec *spec, rg_arena *arena, lists *ret,
                rg_err *err)
{
    if ((spec->group && !data->group.name) || (spec->time && !data->time.name))
        RG_BUG("the columns of the split were not told to rg_dataset_roles");
    if (spec->train_file || spec->val_file || spec->test_file)
        return take_files(data, spec, arena, ret, err);
    if (spec->part)
        return take_parts(data, spec, arena, ret, err);
    if (spec->group || spec->time || spec->folds)
        return cut_by_rule(data, spec, arena, ret, err);
    return cut_at_random(data, spec, arena, ret, err);
}

bool rg_split_make(const rg_dataset *data, const rg_split_spec *spec, rg_arena *arena,
                   rg_split *ret, rg_err *err)
{
    if (data->rows >= UINT32_MAX)
        return rg_fail(err, RG_INPUT, data->name, "use fewer rows",
                       "%zu rows are more than can be split", data->rows);
    if (spec->stratify && !can_stratify(data, err))
        return false;
    lists parts = {0};
    if (!cut(data, spec, arena, &parts, err))
        return false;
    for (int p = 0; p < PARTS; p++)
        qsort(parts.at[p], parts.n[p], sizeof(uint32_t), ascending);
    *ret = (rg_split){.train = parts.at[0],
                      .val = parts.at[1],
                      .test = parts.at[2],
                      .n_train = parts.n[0],
                      .n_val = parts.n[1],
                      .n_test = parts.n[2],
                      .left_out = data->rows - parts.n[0] - parts.n[1] - parts.n[2]};
    hash_lists(&parts, ret->hash);
    return true;
}
