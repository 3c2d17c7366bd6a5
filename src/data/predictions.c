/* predictions.c - what a trainer hands in: an .npz file with id and value.
 *
 * Predictions are matched to the truth by id, never by position: a program that shuffles its
 * test set is scored right, and one that leaves rows out is refused by name. */
#include "rigor/data.h"

#include "data/memory.h"
#include "data/npy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED = 5 };
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

/* ---- the arrays
 * ------------------------------------------------------------------------------- */

typedef struct handed_in {
    const char *path;
    size_t rows, width; /* width 1 for regression */
    const int64_t *id;
    const float *value; /* (rows, width) */
    rg_arena *arena;
    rg_err *err;
} handed_in;

static bool ids_take(handed_in *h, const rg_array *id)
{
    if (!id || id->rank != 1 || (id->type != RG_ARRAY_I64 && id->type != RG_ARRAY_I32)) {
        rg_fail(h->err, RG_INPUT, h->path, "copy the array id of test_inputs.npz",
                "the predictions have no array id of whole numbers");
        return false;
    }
    h->rows = (size_t)id->dim[0];
    h->id = id->data;
    if (id->type == RG_ARRAY_I64)
        return true;
    int64_t *wide = RG_DATA_ROOM(h->arena, int64_t, h->rows, h->path, h->err);
    for (size_t i = 0; wide && i < h->rows; i++)
        wide[i] = ((const int32_t *)id->data)[i];
    h->id = wide;
    return wide != NULL;
}

static bool values_take(handed_in *h, const rg_array *value, const rg_part *truth)
{
    size_t want = truth->classes ? truth->classes : 1;
    bool number = value && (value->type == RG_ARRAY_F32 || value->type == RG_ARRAY_F64);
    bool shape = number && ((value->rank == 2 && (size_t)value->dim[1] == want) ||
                            (value->rank == 1 && !truth->classes));
    if (!shape || (size_t)value->dim[0] != h->rows) {
        rg_fail(h->err, RG_INPUT, h->path,
                truth->classes ? "give probabilities of shape (rows, classes)"
                               : "give values of shape (rows)",
                "the predictions need an array value of floats with %zu row%s and %zu column%s",
                h->rows, h->rows == 1 ? "" : "s", want, want == 1 ? "" : "s");
        return false;
    }
    h->width = want;
    h->value = value->data;
    if (value->type == RG_ARRAY_F32)
        return true;
    size_t count = rg_array_count(value);
    float *narrow = RG_DATA_ROOM(h->arena, float, count, h->path, h->err);
    for (size_t i = 0; narrow && i < count; i++)
        narrow[i] = (float)((const double *)value->data)[i];
    h->value = narrow;
    return narrow != NULL;
}

static bool values_valid(const handed_in *h, bool probabilities)
{
    for (size_t i = 0; i < h->rows; i++) {
        double sum = 0;
        for (size_t k = 0; k < h->width; k++) {
            double v = h->value[i * h->width + k];
            sum += v;
            if (!isfinite(v))
                return rg_fail(h->err, RG_INPUT, h->path,
                               "predict a finite number for every row",
                               "the prediction for id %lld is %g", (long long)h->id[i], v);
            if (probabilities && (v < -RANGE_SLACK || v > 1 + RANGE_SLACK))
                return rg_fail(h->err, RG_INPUT, h->path, "write probabilities, not logits",
                               "the prediction for id %lld holds %g, which is no probability",
                               (long long)h->id[i], v);
        }
        if (probabilities && fabs(sum - 1) > SUM_SLACK)
            return rg_fail(h->err, RG_INPUT, h->path, "normalise the probabilities of each row",
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

static place *sorted_ids(const handed_in *h, const int64_t *id, size_t n)
{
    place *places = RG_DATA_ROOM(h->arena, place, n, h->path, h->err);
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

static bool none_named(const handed_in *h, naming *names, const char *what)
{
    bool none = names->count == 0;
    if (names->count > NAMED)
        rg_str_printf(&names->text, " and %zu more", names->count - NAMED);
    if (!none)
        rg_fail(h->err, RG_INPUT, h->path,
                "write one prediction for each id of test_inputs.npz", "%s id%s %s", what,
                names->count == 1 ? "" : "s", rg_str_text(&names->text));
    rg_str_free(&names->text);
    return none;
}

/* Both lists ascend: one walk finds what is missing, what comes twice and what does not belong.
 */
static bool ids_match(const handed_in *h, const place *theirs, const place *ours, size_t n)
{
    naming missing = {0}, extra = {0}, twice = {0};
    size_t i = 0, j = 0;
    while (i < h->rows || j < n) {
        if (i > 0 && i < h->rows && theirs[i].id == theirs[i - 1].id)
            name_id(&twice, theirs[i++].id);
        else if (j == n || (i < h->rows && theirs[i].id < ours[j].id))
            name_id(&extra, theirs[i++].id);
        else if (i == h->rows || ours[j].id < theirs[i].id)
            name_id(&missing, ours[j++].id);
        else
            i++, j++;
    }
    bool good = none_named(h, &twice, "there are several predictions for");
    good = none_named(h, &missing, "there is no prediction for") && good;
    return none_named(h, &extra, "there are predictions for what is not in the test set:") &&
           good;
}

/* The values in the order of the truth. */
static bool arrange(const handed_in *h, const rg_part *truth, float **ret)
{
    place *theirs = sorted_ids(h, h->id, h->rows);
    place *ours = sorted_ids(h, truth->id, truth->rows);
    if (!theirs || !ours || !ids_match(h, theirs, ours, truth->rows))
        return false;
    float *value = RG_DATA_ROOM(h->arena, float, h->rows * h->width, h->path, h->err);
    for (size_t i = 0; value && i < h->rows; i++)
        memcpy(value + ours[i].row * h->width, h->value + theirs[i].row * h->width,
               h->width * sizeof(float));
    *ret = value;
    return value != NULL;
}

bool rg_predictions_read(const char *path, const rg_part *truth, rg_arena *arena,
                         rg_predictions *ret, rg_err *err)
{
    rg_arrays arrays = {0};
    handed_in h = {.path = path, .arena = arena, .err = err};
    float *value = NULL;
    if (!rg_npz_read(path, arena, &arrays, err) ||
        !ids_take(&h, rg_arrays_find(&arrays, "id")) ||
        !values_take(&h, rg_arrays_find(&arrays, "value"), truth) ||
        !values_valid(&h, truth->classes > 0) || !arrange(&h, truth, &value))
        return false;
    *ret = (rg_predictions){h.rows, truth->classes, value, truth->id};
    return true;
}
