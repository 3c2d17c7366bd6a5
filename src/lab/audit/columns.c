/* columns.c - one column at a time: codes, counts, order, what its name says. */
#include "lab/audit/audit.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FEW_ROWS = 20, SHORT_TEXT = 40 };
#define HARDLY_ANY_TWICE .98

rg_codes audit_encode(const audit *a, size_t column, const uint32_t *rows, size_t n)
{
    const char *const *text = rg_dataset_texts(a->data, column);
    double *number = RG_NEW_ARRAY(double, text ? 1 : n + 1);
    const char **word = RG_NEW_ARRAY(const char *, text ? n + 1 : 1);
    for (size_t i = 0; i < n; i++) {
        if (text)
            word[i] = text[rows[i]];
        else
            number[i] = rg_dataset_number(a->data, rows[i], column);
    }
    rg_codes codes = rg_codes_of(number, text ? word : NULL, n);
    rg_free(word);
    rg_free(number);
    return codes;
}

static int by_row(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

void audit_sort(uint32_t *rows, size_t n)
{
    qsort(rows, n, sizeof(*rows), by_row);
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
    audit_sort(rows, n);
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

bool audit_is_identifier(const audit *a, size_t column, const rg_codes *codes)
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
