/* encode.c - imputation, one-hot encoding and scaling, fitted on the training part alone.
 *
 * A number that is missing becomes the median of its column, a text the most frequent one (of
 * equally frequent ones the first by bytes).  A text column becomes one number for each text of
 * the training part, 1 where it stands and 0 elsewhere; a text that training has not seen is 0
 * everywhere.  Standard scaling subtracts the mean and divides by the population's standard
 * deviation; min-max scaling maps the training part's range to [0, 1], and other parts may
 * leave it.  Scaling comes after imputation, leaves one-hot numbers alone, and maps a column
 * that is constant in the training part to 0. */
#include "data/encode.h"

#include "data/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS_MAX = 1000 };

static const rg_column *text_column(const rg_dataset *data, size_t c)
{
    bool text = data->table && data->table->column[c].kind == RG_COLUMN_TEXT;
    return text ? &data->table->column[c] : NULL;
}

/* ---- fitting numbers
 * -------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof(double), ascending);
    return n % 2 ? values[n / 2] : values[n / 2 - 1] / 2 + values[n / 2] / 2;
}

/* The column over the training part with the gaps filled; scratch has room for n. */
static void gather(const rg_dataset *data, size_t c, const uint32_t *train, size_t n,
                   double *scratch, rg_encoding *e)
{
    size_t present = 0;
    for (size_t i = 0; i < n; i++) {
        double value = rg_dataset_number(data, train[i], c);
        if (!isnan(value))
            scratch[present++] = value;
    }
    e->empty = present == 0;
    e->fill = present ? median(scratch, present) : 0;
    for (size_t i = 0; i < n; i++) {
        double value = rg_dataset_number(data, train[i], c);
        scratch[i] = isnan(value) ? e->fill : value;
    }
}

static void scale_standard(const double *values, size_t n, rg_encoding *e)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    e->shift = mean;
    e->factor = 1 / sqrt(squares / (double)n);
}

static void number_fit(const rg_dataset *data, size_t c, const uint32_t *train, size_t n,
                       rg_scale scale, double *scratch, rg_encoding *e)
{
    gather(data, c, train, n, scratch, e);
    double lo = scratch[0], hi = scratch[0];
    for (size_t i = 1; i < n; i++) {
        lo = scratch[i] < lo ? scratch[i] : lo;
        hi = scratch[i] > hi ? scratch[i] : hi;
    }
    e->width = 1;
    e->constant = lo == hi;
    e->shift = 0;
    e->factor = 1;
    if (scale == RG_SCALE_NONE)
        return;
    if (e->constant) {
        e->factor = 0;
    } else if (scale == RG_SCALE_STANDARD) {
        scale_standard(scratch, n, e);
    } else {
        e->shift = lo;
        e->factor = 1 / (hi - lo);
    }
}

/* ---- fitting texts
 * ---------------------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool text_fit(const rg_dataset *data, const rg_column *column, const uint32_t *train,
                     size_t n, rg_arena *arena, rg_encoding *e, rg_err *err)
{
    const char **sorted = RG_DATA_ROOM(arena, const char *, n, data->path, err);
    if (!sorted)
        return false;
    size_t present = 0, most = 0;
    for (size_t i = 0; i < n; i++)
        if (column->text[train[i]])
            sorted[present++] = column->text[train[i]];
    qsort(sorted, present, sizeof(*sorted), by_bytes);
    for (size_t from = 0, to; from < present; from = to) {
        for (to = from + 1; to < present && !strcmp(sorted[to], sorted[from]);)
            to++;
        if (to - from > most) {
            most = to - from;
            e->fill_level = e->width;
        }
        sorted[e->width++] = sorted[from];
    }
    if (e->width > LEVELS_MAX)
        return rg_fail(
            err, RG_INPUT, data->path, "remove the column from the file",
            "the column '%s' has %zu different texts in the training part; more than "
            "%d are no category",
            column->name, e->width, LEVELS_MAX);
    e->level = sorted;
    e->empty = e->width == 0;
    e->constant = e->width == 1;
    return true;
}

bool rg_encoder_fit(const rg_dataset *data, const uint32_t *train, size_t n, rg_scale scale,
                    rg_arena *arena, rg_encoder *ret, rg_err *err)
{
    rg_encoder encoder = {data, RG_ARENA_ARRAY(arena, rg_encoding, data->features), 0};
    double *scratch = RG_DATA_ROOM(arena, double, n, data->path, err);
    if (!scratch)
        return false;
    for (size_t c = 0; c < data->features; c++) {
        rg_encoding *e = &encoder.column[c];
        const rg_column *text = text_column(data, c);
        e->name = rg_dataset_column_name(data, c, arena);
        e->first = encoder.width;
        if (!text)
            number_fit(data, c, train, n, scale, scratch, e);
        else if (!text_fit(data, text, train, n, arena, e, err))
            return false;
        encoder.width += e->width;
    }
    *ret = encoder;
    return true;
}

/* ---- applying
 * --------------------------------------------------------------------------------- */

static bool number_apply(const rg_encoder *encoder, size_t c, const uint32_t *rows, size_t n,
                         float *out, rg_encoded *counts, rg_err *err)
{
    const rg_encoding *e = &encoder->column[c];
    for (size_t i = 0; i < n; i++) {
        double value = rg_dataset_number(encoder->data, rows[i], c);
        if (isnan(value)) {
            value = e->fill;
            counts->imputed++;
        }
        float encoded = e->factor == 0 ? 0 : (float)((value - e->shift) * e->factor);
        if (!isfinite(encoded))
            return rg_fail(err, RG_INPUT, encoder->data->path,
                           "scale the column, or correct the value",
                           "the column '%s' is %g in row %u: too large for single precision",
                           e->name, value, rows[i]);
        out[i * encoder->width + e->first] = encoded;
    }
    return true;
}

static void text_apply(const rg_encoder *encoder, size_t c, const uint32_t *rows, size_t n,
                       float *out, rg_encoded *counts)
{
    const rg_encoding *e = &encoder->column[c];
    const char **text = encoder->data->table->column[c].text;
    for (size_t i = 0; i < n; i++) {
        const char *cell = text[rows[i]];
        size_t level = e->fill_level;
        if (!cell) {
            counts->imputed++;
        } else {
            const char **at = bsearch(&cell, e->level, e->width, sizeof(*e->level), by_bytes);
            counts->unseen += at == NULL;
            level = at ? (size_t)(at - e->level) : e->width;
        }
        if (level < e->width)
            out[i * encoder->width + e->first + level] = 1;
    }
}

bool rg_encoder_apply(const rg_encoder *encoder, const uint32_t *rows, size_t n, float *out,
                      rg_encoded *counts, rg_err *err)
{
    memset(out, 0, n * encoder->width * sizeof(float));
    for (size_t c = 0; c < encoder->data->features; c++) {
        if (encoder->column[c].level)
            text_apply(encoder, c, rows, n, out, counts);
        else if (!number_apply(encoder, c, rows, n, out, counts, err))
            return false;
    }
    return true;
}
