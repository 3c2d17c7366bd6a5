/* target.c - classes or numbers?
 *
 * A target of texts is a classification.  A target of numbers is one when all of them are
 * whole, there are at most 20 different ones, and each stands for three rows or more on average
 * (two different ones always are classes).  Everything else is a regression.  Class k is the
 * k-th name in order: by bytes for texts, by value for numbers. */
#include "data/target.h"

#include "data/memory.h"
#include "data/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES_INFERRED = 20, ROWS_FOR_CLASS = 3, CLASSES_MAX = 10000, NAMED = 5 };

typedef struct values { /* different numbers, ascending */
    double *at;
    size_t len, cap;
} values;

static const char *row_place(const rg_target *t, size_t row, char out[160])
{
    if (t->line)
        return rg_data_where(out, t->where, t->line[row]);
    snprintf(out, 160, "%.120s: row %zu", t->where, row);
    return out;
}

/* ---- what cannot be used
 * --------------------------------------------------------------------- */

static bool is_absent(const rg_target *t, size_t row)
{
    return t->text ? t->text[row] == NULL : isnan(t->number[row]);
}

static bool complete(const rg_target *t, rg_err *err)
{
    size_t missing = 0, first = 0;
    rg_str list = {0};
    for (size_t r = 0; r < t->rows; r++) {
        if (!is_absent(t, r))
            continue;
        first = missing ? first : r;
        if (missing++ < NAMED)
            rg_str_printf(&list, "%s%zu", list.len ? ", " : "", t->line ? t->line[r] : r);
    }
    if (missing) {
        char place[160];
        rg_fail(err, RG_INPUT, row_place(t, first, place),
                "fill in the target or remove these rows",
                "the target '%s' is missing in %zu row%s (%s %s%s)", t->name, missing,
                missing == 1 ? "" : "s", t->line ? "lines" : "rows", rg_str_text(&list),
                missing > NAMED ? ", ..." : "");
    }
    rg_str_free(&list);
    return missing == 0;
}

static bool all_finite(const rg_target *t, rg_err *err)
{
    for (size_t r = 0; r < t->rows; r++) {
        char place[160];
        if (!isfinite((float)t->number[r]))
            return rg_fail(err, RG_INPUT, row_place(t, r, place), "correct or remove the row",
                           "the target '%s' is %g: not a finite single-precision number",
                           t->name, t->number[r]);
    }
    return true;
}

/* A column of numbers with a few texts in it is a mistake, not a classification. */
static bool not_numbers_mostly(const rg_target *t, rg_err *err)
{
    size_t numbers = 0, odd = t->rows;
    for (size_t r = 0; r < t->rows; r++) {
        double unused;
        if (rg_number_parse(t->text[r], &unused))
            numbers++;
        else if (odd == t->rows)
            odd = r;
    }
    char place[160];
    if (numbers * 10 <= t->rows * 9)
        return true;
    return rg_fail(err, RG_INPUT, row_place(t, odd, place),
                   "correct the cell, or write every class as a text",
                   "the target '%s' is a number in %zu rows and '%.60s' here", t->name, numbers,
                   t->text[odd]);
}

static bool class_count(const rg_target *t, size_t classes, rg_err *err)
{
    if (classes < 2)
        return rg_fail(err, RG_INPUT, t->where, "choose another target column",
                       "the target '%s' has the same value in every row", t->name);
    if (classes > CLASSES_MAX)
        return rg_fail(err, RG_INPUT, t->where, "choose another target column",
                       "the target '%s' has %zu classes or more; the limit is %d", t->name,
                       classes, CLASSES_MAX);
    return true;
}

/* ---- numbers
 * --------------------------------------------------------------------------------- */

static size_t lower_bound(const values *v, double x)
{
    size_t lo = 0, hi = v->len;
    while (lo < hi) {
        size_t middle = (lo + hi) / 2;
        if (v->at[middle] < x)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

static void value_insert(values *v, double x)
{
    size_t at = lower_bound(v, x);
    if (at < v->len && v->at[at] == x)
        return;
    rg_vec_push(v, 0);
    memmove(v->at + at + 1, v->at + at, (v->len - 1 - at) * sizeof(double));
    v->at[at] = x;
}

/* The different values, as long as there are at most `most` of them (one more says: too many).
 */
static values different(const rg_target *t, size_t most)
{
    values v = {0};
    for (size_t r = 0; r < t->rows && v.len <= most; r++)
        value_insert(&v, t->number[r] + 0.0); /* -0 is 0 */
    return v;
}

static bool all_whole(const rg_target *t)
{
    for (size_t r = 0; r < t->rows; r++)
        if (t->number[r] != rint(t->number[r]) || fabs(t->number[r]) > 1e15)
            return false;
    return true;
}

static bool are_classes(const rg_target *t)
{
    if (t->source)
        return t->source->task == RG_CLASSIFY;
    if (!all_whole(t))
        return false;
    values v = different(t, CLASSES_INFERRED);
    size_t n = v.len;
    rg_vec_free(&v);
    return n <= CLASSES_INFERRED && (n <= 2 || t->rows >= ROWS_FOR_CLASS * n);
}

static bool number_classes(const rg_target *t, rg_arena *arena, rg_dataset *data, rg_err *err)
{
    values v = different(t, CLASSES_MAX);
    bool good = class_count(t, v.len, err);
    if (good) {
        data->classes = v.len;
        data->class_name = RG_ARENA_ARRAY(arena, const char *, v.len);
        for (size_t k = 0; k < v.len; k++)
            data->class_name[k] = rg_arena_printf(arena, "%.15g", v.at[k]);
        for (size_t r = 0; r < t->rows; r++)
            data->label[r] = (int32_t)lower_bound(&v, t->number[r]);
    }
    rg_vec_free(&v);
    return good;
}

static bool numbers_settle(const rg_target *t, rg_arena *arena, rg_dataset *data, rg_err *err)
{
    data->target = RG_DATA_ROOM(arena, float, t->rows, t->where, err);
    if (!data->target)
        return false;
    data->task = RG_REGRESS;
    for (size_t r = 0; r < t->rows; r++)
        data->target[r] = (float)t->number[r];
    return true;
}

/* ---- texts
 * ----------------------------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool text_classes(const rg_target *t, rg_arena *arena, rg_dataset *data, rg_err *err)
{
    const char **sorted = RG_DATA_ROOM(arena, const char *, t->rows, t->where, err);
    if (!sorted)
        return false;
    memcpy(sorted, t->text, t->rows * sizeof(*sorted));
    qsort(sorted, t->rows, sizeof(*sorted), by_bytes);
    size_t n = 1;
    for (size_t r = 1; r < t->rows; r++)
        if (strcmp(sorted[r], sorted[n - 1]) != 0)
            sorted[n++] = sorted[r];
    if (!class_count(t, n, err))
        return false;
    data->classes = n;
    data->class_name = sorted;
    for (size_t r = 0; r < t->rows; r++) {
        const char **at = bsearch(&t->text[r], sorted, n, sizeof(*sorted), by_bytes);
        data->label[r] = (int32_t)(at - sorted);
    }
    return true;
}

bool rg_target_settle(const rg_target *t, rg_arena *arena, rg_dataset *ret, rg_err *err)
{
    if (!complete(t, err))
        return false;
    if (t->text ? !not_numbers_mostly(t, err) : !all_finite(t, err))
        return false;
    if (t->text && t->source && t->source->task == RG_REGRESS)
        return rg_fail(err, RG_INPUT, t->where, "choose another target column",
                       "the target '%s' holds texts", t->name);
    if (!t->text && !are_classes(t))
        return numbers_settle(t, arena, ret, err);
    ret->task = RG_CLASSIFY;
    ret->label = RG_DATA_ROOM(arena, int32_t, t->rows, t->where, err);
    if (!ret->label)
        return false;
    return t->text ? text_classes(t, arena, ret, err) : number_classes(t, arena, ret, err);
}
