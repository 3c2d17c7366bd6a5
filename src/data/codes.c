/* codes.c - values to codes, by sorting them. */
#include "data/codes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct cell {
    double number;
    const char *text; /* NULL for numbers */
    uint32_t place;
} cell;

static int by_value(const void *a, const void *b)
{
    const cell *x = a, *y = b;
    return x->text ? strcmp(x->text, y->text)
                   : (x->number > y->number) - (x->number < y->number);
}

rg_codes rg_codes_of(const double *number, const char *const *text, size_t n)
{
    cell *cells = RG_NEW_ARRAY(cell, n + 1);
    size_t present = 0;
    for (size_t i = 0; i < n; i++)
        if (text ? text[i] != NULL : !isnan(number[i]))
            cells[present++] = (cell){text ? 0 : number[i], text ? text[i] : NULL, (uint32_t)i};
    qsort(cells, present, sizeof(*cells), by_value);
    rg_codes codes = {RG_NEW_ARRAY(uint32_t, n + 1), n, 0, n - present,
                      RG_NEW_ARRAY(size_t, present + 1)};
    memset(codes.code, 0xff, n * sizeof(*codes.code));
    for (size_t i = 0; i < present; i++) {
        codes.count += i == 0 || by_value(&cells[i], &cells[i - 1]) != 0;
        codes.code[cells[i].place] = (uint32_t)(codes.count - 1);
        codes.times[codes.count - 1]++;
    }
    for (size_t i = 0; i < n; i++)
        if (codes.code[i] == UINT32_MAX)
            codes.code[i] = (uint32_t)codes.count;
    rg_free(cells);
    return codes;
}

void rg_codes_free(rg_codes *codes)
{
    rg_free(codes->code);
    rg_free(codes->times);
}
