/* points.c - rows as points: which columns, on what scale, and how far apart two are. */
#include "lab/audit/audit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CELLS_MAX 30000000 /* coordinates of all points */
enum { LEVELS_MAX = 1000 };

typedef struct choice { /* columns that can be compared: first numbers, then texts */
    size_t *column;
    size_t numbers, width;
} choice;

static bool is_comparable(const audit *a, size_t column)
{
    rg_codes codes = audit_encode(a, column, a->some[0].at, a->some[0].n);
    bool text = rg_dataset_texts(a->data, column) != NULL;
    bool good = codes.count > 1 && !audit_is_identifier(a, column, &codes) &&
                !(text && codes.count > LEVELS_MAX);
    rg_codes_free(&codes);
    return good;
}

static choice choose_columns(const audit *a)
{
    choice c = {RG_NEW_ARRAY(size_t, a->data->features), 0, 0};
    for (int texts = 0; texts < 2; texts++) {
        for (size_t f = 0; f < a->data->features; f++)
            if ((rg_dataset_texts(a->data, f) != NULL) == texts && is_comparable(a, f))
                c.column[c.width++] = f;
        c.numbers = texts ? c.numbers : c.width;
    }
    return c;
}

/* ---- Coordinates */

static void fill_numbers(const audit *a, size_t column, audit_points *p, size_t at)
{
    double sum = 0, squares = 0, n = 0;
    for (size_t i = 0; i < a->some[0].n; i++) {
        double value = rg_dataset_number(a->data, a->some[0].at[i], column);
        if (isnan(value))
            continue;
        n++;
        double off = value - sum / n;
        sum += value;
        squares += off * (value - sum / n); /* Welford 1962 */
    }
    double mean = sum / n, sd = sqrt(squares / n);
    for (size_t i = 0; i < p->n; i++) {
        double value = rg_dataset_number(a->data, p->row[i], column);
        p->at[i * p->width + at] = isnan(value) ? 0 : (float)((value - mean) / sd);
    }
}

static void fill_texts(const audit *a, size_t column, audit_points *p, size_t at)
{
    rg_codes codes = audit_encode(a, column, p->row, p->n);
    for (size_t i = 0; i < p->n; i++)
        p->at[i * p->width + at] = (float)codes.code[i];
    rg_codes_free(&codes);
}

/* ---- Which rows */

typedef struct member {
    uint32_t row;
    uint8_t part;
} member;

static void take_rows(const audit *a, audit_points *p, size_t most)
{
    size_t all = 0, n = 0;
    for (int k = 0; k < AUDIT_PARTS; k++)
        all += a->part[k].n;
    member *list = RG_NEW_ARRAY(member, all);
    uint32_t *order = RG_NEW_ARRAY(uint32_t, all);
    for (int k = 0; k < AUDIT_PARTS; k++)
        for (size_t i = 0; i < a->part[k].n; i++, n++) {
            list[n] = (member){a->part[k].at[i], (uint8_t)k};
            order[n] = (uint32_t)n;
        }
    p->n = all < most ? all : most;
    p->sampled = p->n < all;
    rg_rng rng = rg_rng_open(a->options.seed, "audit/points");
    if (p->sampled)
        rg_rng_shuffle(&rng, order, all);
    p->row = RG_NEW_ARRAY(uint32_t, p->n + 1);
    p->part = RG_NEW_ARRAY(uint8_t, p->n + 1);
    for (size_t i = 0; i < p->n; i++) {
        p->row[i] = list[order[i]].row;
        p->part[i] = list[order[i]].part;
    }
    rg_free(order);
    rg_free(list);
}

bool audit_points_open(audit *a, audit_points *ret)
{
    choice c = choose_columns(a);
    audit_points p = {.width = c.width, .numbers = c.numbers};
    if (c.width)
        take_rows(a, &p, CELLS_MAX / c.width);
    p.at = rg_try_alloc(p.n * p.width * sizeof(float) + 1);
    for (size_t j = 0; p.at && j < c.width; j++)
        (j < c.numbers ? fill_numbers : fill_texts)(a, c.column[j], &p, j);
    rg_free(c.column);
    if (!p.at) {
        audit_points_close(&p);
        return rg_fail(a->err, RG_INTERNAL, a->data->name, NULL,
                       "there is no memory for %zu points", p.n);
    }
    *ret = p;
    return true;
}

void audit_points_close(audit_points *points)
{
    rg_free(points->row);
    rg_free(points->part);
    rg_free(points->at);
}

double audit_distance(const audit_points *points, size_t i, size_t j, double limit)
{
    const float *x = points->at + i * points->width, *y = points->at + j * points->width;
    double sum = 0;
    for (size_t k = 0; k < points->numbers && sum <= limit; k++) {
        double off = (double)x[k] - (double)y[k];
        sum += off * off;
    }
    for (size_t k = points->numbers; k < points->width && sum <= limit; k++)
        sum += x[k] != y[k];
    return sum;
}

uint32_t *audit_draw(const audit *a, const audit_points *points, int part, size_t n,
                     const char *site, size_t *ret_n)
{
    uint32_t *list = RG_NEW_ARRAY(uint32_t, points->n + 1);
    size_t found = 0;
    for (size_t i = 0; i < points->n; i++)
        if (points->part[i] == part)
            list[found++] = (uint32_t)i;
    rg_rng rng = rg_rng_open(a->options.seed, "audit/%s", site);
    if (found > n)
        rg_rng_shuffle(&rng, list, found);
    *ret_n = found < n ? found : n;
    audit_sort(list, *ret_n);
    return list;
}
