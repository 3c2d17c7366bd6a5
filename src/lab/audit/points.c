/* points.c - rows as points: which columns, on what scale, and how far apart two are. */
#include "lab/audit/audit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CELLS_MAX 30000000 /* coordinates of all points */
enum { LEVELS_MAX = 1000 };

/* A column that can be compared: numbers before texts, and of each kind first those whose most
 * frequent value is rarest, so that few coordinates tell two points apart. */
typedef struct chosen {
    size_t column, most;
    bool text;
} chosen;

static int by_use(const void *a, const void *b)
{
    const chosen *x = a, *y = b;
    if (x->text != y->text)
        return x->text ? 1 : -1;
    if (x->most != y->most)
        return x->most < y->most ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

static bool is_comparable(const audit *a, size_t column, chosen *ret)
{
    rg_codes codes = audit_encode(a, column, a->some[0].at, a->some[0].n);
    *ret = (chosen){column, 0, rg_dataset_texts(a->data, column) != NULL};
    for (size_t k = 0; k < codes.count; k++)
        ret->most = codes.times[k] > ret->most ? codes.times[k] : ret->most;
    bool good = codes.count > 1 && !audit_is_identifier(a, column, &codes) &&
                !(ret->text && codes.count > LEVELS_MAX);
    rg_codes_free(&codes);
    return good;
}

static chosen *choose_columns(const audit *a, size_t *ret_numbers, size_t *ret_width)
{
    chosen *list = RG_NEW_ARRAY(chosen, a->data->features + 1);
    size_t n = 0, numbers = 0;
    for (size_t f = 0; f < a->data->features; f++)
        if (is_comparable(a, f, &list[n]))
            numbers += !list[n++].text;
    qsort(list, n, sizeof(*list), by_use);
    *ret_numbers = numbers;
    *ret_width = n;
    return list;
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
    audit_points p = {0};
    chosen *columns = choose_columns(a, &p.numbers, &p.width);
    if (p.width)
        take_rows(a, &p, CELLS_MAX / p.width);
    p.at = rg_try_alloc(p.n * p.width * sizeof(float) + 1);
    for (size_t j = 0; p.at && j < p.width; j++)
        (columns[j].text ? fill_texts : fill_numbers)(a, columns[j].column, &p, j);
    rg_free(columns);
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
