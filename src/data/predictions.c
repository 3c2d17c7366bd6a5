/* predictions.c - what a trainer hands in: a file of ids and predictions.
 *
 * Predictions are matched to the truth by id, never by position: a program that shuffles its
 * test set is scored right, and one that leaves rows out is refused by name.  Nothing is
 * believed about the file: it is opened only when it is a file, read only up to a size that the
 * truth decides, and no row of it is spread out before its ids are known to be the right ones. */
#include "data/handed_in.h"

#include "data/csv.h"
#include "data/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED = 5, ROW_BYTES = 64, CELL_BYTES = 64, SPARE_BYTES = 4 << 20 };
#define RANGE_SLACK 1e-6 /* single precision may leave [0, 1] by as much */
#define SUM_SLACK 1e-3

bool rg_predictions_write(const char *path, const rg_predictions *p, rg_err *err)
{
    int64_t rows = (int64_t)p->rows;
    const rg_array arrays[] = {
        {"id", RG_ARRAY_I64, 1, {rows}, (void *)(uintptr_t)p->id},
        {"value",
         RG_ARRAY_F32,
         p->classes ? 2 : 1,
         {rows, (int64_t)p->classes},
         (void *)(uintptr_t)p->value},
    };
    return rg_npz_write(path, arrays, RG_COUNT(arrays), 0644, err);
}

/* ---- values
 * ---------------------------------------------------------------------------------------- */

static bool values_valid(const rg_handed_in *h)
{
    bool probabilities = h->probabilities;
    for (size_t i = 0; h->value && i < h->rows; i++) {
        double sum = 0;
        for (size_t k = 0; k < h->width; k++) {
            double v = h->value[i * h->width + k];
            sum += v;
            if (!isfinite(v))
                return rg_fail(h->err, RG_INPUT, h->where,
                               "predict a finite number for every row",
                               "the prediction for id %lld is %g", (long long)h->id[i], v);
            if (probabilities && (v < -RANGE_SLACK || v > 1 + RANGE_SLACK))
                return rg_fail(h->err, RG_INPUT, h->where, "write probabilities, not logits",
                               "the prediction for id %lld holds %g, which is no probability",
                               (long long)h->id[i], v);
        }
        if (probabilities && fabs(sum - 1) > SUM_SLACK)
            return rg_fail(h->err, RG_INPUT, h->where,
                           "normalise the probabilities of each row",
                           "the probabilities for id %lld sum to %g", (long long)h->id[i], sum);
    }
    return true;
}

/* ---- matching by id
 * ---------------------------------------------------------------------------- */

typedef struct place {
    int64_t id;
    size_t row;
} place;

static int by_id(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static place *sorted_ids(const rg_handed_in *h, const int64_t *id, size_t n)
{
    place *places = RG_DATA_ROOM(h->arena, place, n, h->where, h->err);
    for (size_t i = 0; places && i < n; i++)
        places[i] = (place){id[i], i};
    if (places)
        qsort(places, n, sizeof(place), by_id);
    return places;
}

typedef struct naming { /* "3, 17, 40 and 12 more" */
    rg_str text;
    size_t count;
} naming;

static void name_id(naming *names, int64_t id)
{
    if (names->count++ < NAMED)
        rg_str_printf(&names->text, "%s%lld", names->text.len ? ", " : "", (long long)id);
}

/* Adds "; WHAT ids 3, 17 and 12 more" where there are any. */
static void add_named(rg_str *ret, const char *what, naming *names)
{
    if (names->count)
        rg_str_printf(ret, "%s%s id%s %s", ret->len ? "; " : "", what,
                      names->count == 1 ? "" : "s", rg_str_text(&names->text));
    if (names->count > NAMED)
        rg_str_printf(ret, " and %zu more", names->count - NAMED);
    rg_str_free(&names->text);
}

/* Has the row before the same id? */
static bool comes_again(const place *places, size_t i)
{
    return i > 0 && places[i].id == places[i - 1].id;
}

/* Both lists ascend: one walk finds what is missing, what comes twice and what does not belong.
 */
static bool ids_match(const rg_handed_in *h, const place *theirs, const place *ours, size_t n)
{
    naming missing = {0}, extra = {0}, twice = {0};
    size_t i = 0, j = 0;
    while (i < h->rows || j < n) {
        if (i < h->rows && comes_again(theirs, i)) {
            if (!comes_again(theirs, i - 1))
                name_id(&twice, theirs[i].id);
            i++;
        } else if (j == n || (i < h->rows && theirs[i].id < ours[j].id))
            name_id(&extra, theirs[i++].id);
        else if (i == h->rows || ours[j].id < theirs[i].id)
            name_id(&missing, ours[j++].id);
        else
            i++, j++;
    }
    rg_str said = {0};
    add_named(&said, "there are several predictions for", &twice);
    add_named(&said, "there is no prediction for", &missing);
    add_named(&said, "there are predictions for what is not in the test set:", &extra);
    bool good = said.len == 0;
    if (!good)
        rg_fail(h->err, RG_INPUT, h->where,
                "write one prediction for each id of test_inputs.npz", "%s",
                rg_str_text(&said));
    rg_str_free(&said);
    return good;
}

/* The row of a label: everything on its class. */
static void row_fill(const rg_handed_in *h, size_t from, float *to)
{
    if (h->label)
        to[h->label[from]] = 1;
    else
        memcpy(to, h->value + from * h->width, h->width * sizeof(float));
}

/* The values in the order of the truth. */
static bool arrange(const rg_handed_in *h, float **ret)
{
    const rg_part *truth = h->truth;
    place *theirs = sorted_ids(h, h->id, h->rows);
    place *ours = sorted_ids(h, truth->id, truth->rows);
    if (!theirs || !ours || !ids_match(h, theirs, ours, truth->rows) || !values_valid(h))
        return false;
    float *value = RG_DATA_ROOM(h->arena, float, h->rows * h->width, h->where, h->err);
    for (size_t i = 0; value && i < h->rows; i++)
        row_fill(h, theirs[i].row, value + ours[i].row * h->width);
    *ret = value;
    return value != NULL;
}

/* ---- the file
 * ---------------------------------------------------------------------------------------- */

size_t rg_predictions_bytes_max(const rg_part *truth)
{
    size_t row, all;
    if (__builtin_mul_overflow(truth->classes + 1, CELL_BYTES, &row) ||
        __builtin_mul_overflow(truth->rows, row + ROW_BYTES, &all) ||
        all > RG_CSV_BYTES_MAX - SPARE_BYTES)
        return RG_CSV_BYTES_MAX;
    return all + SPARE_BYTES;
}

static bool is_archive(const char *data, size_t len)
{
    return len >= 4 && (!memcmp(data, "PK\3\4", 4) || !memcmp(data, "PK\5\6", 4));
}

static bool take(rg_handed_in *h, const char *data, size_t len)
{
    if (is_archive(data, len))
        return rg_handed_in_arrays(h, data, len);
    char *text = NULL;
    if (!rg_gunzip(data, len, rg_predictions_bytes_max(h->truth), h->where, &text, &len,
                   h->err))
        return false;
    rg_arena_defer(h->arena, rg_free, text);
    return rg_handed_in_table(h, text, len);
}

bool rg_predictions_parse(const char *data, size_t len, const char *where, const rg_part *truth,
                          rg_arena *arena, rg_predictions *ret, rg_err *err)
{
    rg_handed_in h = {.where = where, .truth = truth, .arena = arena, .err = err};
    float *value = NULL;
    if (!take(&h, data, len) || !arrange(&h, &value))
        return false;
    *ret = (rg_predictions){
        h.rows, h.probabilities ? truth->classes : 0, value, truth->id, h.label != NULL, NULL};
    return true;
}

bool rg_predictions_read(const char *path, const rg_part *truth, rg_arena *arena,
                         rg_predictions *ret, rg_err *err)
{
    char *data = NULL;
    size_t len = 0;
    if (!rg_file_read_foreign(path, rg_predictions_bytes_max(truth), &data, &len, err))
        return false;
    bool good = rg_predictions_parse(data, len, path, truth, arena, ret, err);
    rg_free(data);
    return good;
}
