/* columns.c - one column at a time: codes, counts, order, what its name says. */
#include "lab/audit/audit.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FEW_ROWS = 20, SHORT_TEXT = 40 };
#define HARDLY_ANY_TWICE .98

typedef struct cell {
    double number;
    const char *text;
    uint32_t place;
} cell;

static int by_cell(const void *a, const void *b)
{
    const cell *x = a, *y = b;
    return x->text ? strcmp(x->text, y->text)
                   : (x->number > y->number) - (x->number < y->number);
}

/* The cells that are not missing; the places of the others get the code UINT32_MAX. */
static size_t gather(const audit *a, size_t column, const uint32_t *rows, size_t n, cell *cells,
                     uint32_t *code)
{
    const char *const *text = rg_dataset_texts(a->data, column);
    size_t present = 0;
    for (size_t i = 0; i < n; i++) {
        cell c = {text ? 0 : rg_dataset_number(a->data, rows[i], column),
                  text ? text[rows[i]] : NULL, (uint32_t)i};
        code[i] = UINT32_MAX;
        if (text ? c.text != NULL : !isnan(c.number))
            cells[present++] = c;
    }
    return present;
}

/* The codes of n cells, of which those that are not missing are given; code is as gather leaves it.
 */
static audit_codes encode(cell *cells, size_t present, uint32_t *code, size_t n)
{
    audit_codes codes = {code, n, 0, n - present, RG_NEW_ARRAY(size_t, present + 1)};
    qsort(cells, present, sizeof(*cells), by_cell);
    for (size_t i = 0; i < present; i++) {
        codes.count += i == 0 || by_cell(&cells[i], &cells[i - 1]) != 0;
        codes.code[cells[i].place] = (uint32_t)(codes.count - 1);
        codes.times[codes.count - 1]++;
    }
    for (size_t i = 0; i < n; i++)
        if (codes.code[i] == UINT32_MAX)
            codes.code[i] = (uint32_t)codes.count;
    return codes;
}

audit_codes audit_encode(const audit *a, size_t column, const uint32_t *rows, size_t n)
{
    uint32_t *code = RG_NEW_ARRAY(uint32_t, n + 1);
    cell *cells = RG_NEW_ARRAY(cell, n + 1);
    size_t present = gather(a, column, rows, n, cells, code);
    audit_codes codes = encode(cells, present, code, n);
    rg_free(cells);
    return codes;
}

audit_codes audit_encode_numbers(const double *values, size_t n)
{
    cell *cells = RG_NEW_ARRAY(cell, n + 1);
    for (size_t i = 0; i < n; i++)
        cells[i] = (cell){values[i], NULL, (uint32_t)i};
    audit_codes codes = encode(cells, n, RG_NEW_ARRAY(uint32_t, n + 1), n);
    rg_free(cells);
    return codes;
}

void audit_codes_free(audit_codes *codes)
{
    rg_free(codes->code);
    rg_free(codes->times);
}

static int by_row(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

uint32_t *audit_all_rows(const audit *a, size_t *ret_n)
{
    size_t n = 0;
    for (int p = 0; p < AUDIT_PARTS; p++)
        n += a->some[p].n;
    uint32_t *rows = RG_NEW_ARRAY(uint32_t, n + 1);
    n = 0;
    for (int p = 0; p < AUDIT_PARTS; p++) {
        memcpy(rows + n, a->some[p].at, a->some[p].n * sizeof(*rows));
        n += a->some[p].n;
    }
    qsort(rows, n, sizeof(*rows), by_row);
    *ret_n = n;
    return rows;
}

audit_order audit_order_of(const audit *a, size_t column, const uint32_t *rows, size_t n)
{
    audit_order order = {true, true, true};
    for (size_t i = 0; i < n; i++) {
        double value = rg_dataset_number(a->data, rows[i], column);
        double before = i ? rg_dataset_number(a->data, rows[i - 1], column) : NAN;
        order.whole = order.whole && value == floor(value);
        order.ascending = order.ascending && (i == 0 || value > before);
        order.descending = order.descending && (i == 0 || value < before);
    }
    return order;
}

double audit_mean_length(const audit *a, size_t column)
{
    const char *const *text = rg_dataset_texts(a->data, column);
    double sum = 0, n = 0;
    for (size_t i = 0; text && i < a->some[0].n; i++) {
        const char *word = text[a->some[0].at[i]];
        sum += word ? (double)strlen(word) : 0;
        n += word != NULL;
    }
    return n > 0 ? sum / n : 0;
}

bool audit_is_identifier(const audit *a, size_t column, const audit_codes *codes)
{
    size_t present = codes->n - codes->missing;
    if (present < FEW_ROWS || (double)codes->count < HARDLY_ANY_TWICE * (double)present)
        return false;
    if (rg_dataset_texts(a->data, column))
        return audit_mean_length(a, column) < SHORT_TEXT;
    return codes->count == present &&
           audit_order_of(a, column, a->some[0].at, a->some[0].n).whole;
}

static bool is_word(const char *text, size_t len, const char *const *words)
{
    for (; *words; words++)
        if (strlen(*words) == len && strncasecmp(*words, text, len) == 0)
            return true;
    return false;
}

bool audit_name_has(const char *name, const char *const *words)
{
    for (const char *p = name; *p;) {
        size_t len = 0;
        while (isalpha((unsigned char)p[len]) && (len == 0 || !isupper((unsigned char)p[len]) ||
                                                  isupper((unsigned char)p[len - 1])))
            len++;
        if (len && is_word(p, len, words))
            return true;
        p += len ? len : 1;
    }
    return false;
}
