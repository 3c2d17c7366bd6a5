/* check_drift.c - parts that are not alike.
 *
 * Each column, and the target, of val and of test is compared with train: numbers by Smirnov's
 * test, texts and classes by chi-squared (texts with an expected count below 5 in a part count as
 * one), which values are missing by chi-squared of a table of four.  One correction (Holm) over
 * all of these tests, level .01: a split at random is called drifting in one audit of a hundred at
 * most.  The size says whether it matters: the largest distance of the distribution functions, or
 * Cramer's V, from .1 on. */
#include "lab/audit/audit.h"

#include "rigor/groups.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL .01
#define MATTERS .1
#define EXPECTED_MIN 5
enum { NAMED = 5 };

typedef struct drift { /* one test */
    const char *name;  /* of the column */
    const char *kind;  /* of the test */
    double p, size;
} drift;

typedef struct drifts {
    drift *at;
    size_t len, cap;
} drifts;

typedef struct pair {
    audit_rows train, other;
} pair;

/* ---- Tests */

static void add(drifts *list, const char *name, const char *kind, double p, double size)
{
    drift d = {name, kind, p, size};
    if (!isnan(p))
        rg_vec_push(list, d);
}

/* The counts of (2, columns): train, other. Rare columns are put together. */
static rg_contingency_result compare_counts(const double *count, size_t columns)
{
    double *kept = RG_NEW_ARRAY(double, 2 * (columns + 1)), total[2] = {0};
    size_t used = 1; /* the first is for what is rare */
    for (size_t j = 0; j < columns; j++)
        for (size_t i = 0; i < 2; i++)
            total[i] += count[i * columns + j];
    double least = fmin(total[0], total[1]) / (total[0] + total[1]);
    for (size_t j = 0; j < columns; j++) {
        double both = count[j] + count[columns + j];
        size_t to = both * least < EXPECTED_MIN ? 0 : used++;
        kept[to] += count[j];
        kept[columns + 1 + to] += count[columns + j];
    }
    rg_contingency_result r = {NAN, NAN, NAN, NAN, NAN};
    if (kept[0] + kept[columns + 1] == 0 ||
        (kept[0] + kept[columns + 1]) * least >= EXPECTED_MIN || used > 2)
        r = rg_contingency(kept, 2, columns + 1);
    rg_free(kept);
    return r;
}

static void compare_codes(drifts *list, const char *name, const uint32_t *code, size_t n_train,
                          size_t n, size_t count)
{
    double *table = RG_NEW_ARRAY(double, 2 * (count + 1));
    for (size_t i = 0; i < n; i++)
        if (code[i] < count)
            table[(i < n_train ? 0 : count) + code[i]]++;
    rg_contingency_result r = compare_counts(table, count);
    add(list, name, "chi-squared", r.p, r.v);
    rg_free(table);
}

static void compare_missing(drifts *list, const char *name, const size_t missing[2],
                            const pair *p)
{
    double table[] = {(double)missing[0], (double)(p->train.n - missing[0]), (double)missing[1],
                      (double)(p->other.n - missing[1])};
    if (missing[0] + missing[1] == 0)
        return;
    rg_contingency_result r = rg_contingency(table, 2, 2);
    if (r.least_expected >= EXPECTED_MIN)
        add(list, name, "missing values", r.p, r.v);
}

static size_t take_numbers(const audit *a, size_t column, audit_rows rows, double *out)
{
    size_t n = 0;
    for (size_t i = 0; i < rows.n; i++) {
        double value = rg_dataset_number(a->data, rows.at[i], column);
        if (!isnan(value))
            out[n++] = value;
    }
    return n;
}

static void compare_numbers(drifts *list, const audit *a, size_t column, const pair *p)
{
    double *x = RG_NEW_ARRAY(double, p->train.n + 1), *y = RG_NEW_ARRAY(double, p->other.n + 1);
    size_t n_x = take_numbers(a, column, p->train, x),
           n_y = take_numbers(a, column, p->other, y);
    rg_smirnov_result r = rg_smirnov(x, n_x, y, n_y);
    add(list, audit_column(a, column), "Smirnov", r.p, r.d);
    compare_missing(list, audit_column(a, column),
                    (size_t[2]){p->train.n - n_x, p->other.n - n_y}, p);
    rg_free(x);
    rg_free(y);
}

static void compare_texts(drifts *list, const audit *a, size_t column, const pair *p)
{
    size_t n = p->train.n + p->other.n, missing[2] = {0};
    uint32_t *rows = RG_NEW_ARRAY(uint32_t, n + 1);
    memcpy(rows, p->train.at, p->train.n * sizeof(*rows));
    memcpy(rows + p->train.n, p->other.at, p->other.n * sizeof(*rows));
    rg_codes codes = audit_encode(a, column, rows, n);
    for (size_t i = 0; i < n; i++)
        missing[i >= p->train.n] += codes.code[i] == codes.count;
    compare_codes(list, audit_column(a, column), codes.code, p->train.n, n, codes.count);
    compare_missing(list, audit_column(a, column), missing, p);
    rg_codes_free(&codes);
    rg_free(rows);
}

static void compare_targets(drifts *list, const audit *a, const pair *p)
{
    size_t n = p->train.n + p->other.n;
    double *value = RG_NEW_ARRAY(double, n + 1);
    uint32_t *code = RG_NEW_ARRAY(uint32_t, n + 1);
    for (size_t i = 0; i < n; i++) {
        uint32_t row = i < p->train.n ? p->train.at[i] : p->other.at[i - p->train.n];
        if (a->data->task == RG_CLASSIFY)
            code[i] = (uint32_t)a->data->label[row];
        else
            value[i] = a->data->target[row];
    }
    if (a->data->task == RG_CLASSIFY) {
        compare_codes(list, "the target", code, p->train.n, n, a->data->classes);
    } else {
        rg_smirnov_result r = rg_smirnov(value, p->train.n, value + p->train.n, p->other.n);
        add(list, "the target", "Smirnov", r.p, r.d);
    }
    rg_free(value);
    rg_free(code);
}

/* ---- What they found */

static int by_size(const void *a, const void *b)
{
    const drift *x = a, *y = b;
    return (x->size < y->size) - (x->size > y->size);
}

/* The tests of one part, with corrected p. */
static void report(audit *a, int part, const drift *tests, size_t n)
{
    drifts found = {0};
    for (size_t i = 0; i < n; i++)
        if (tests[i].p < LEVEL)
            rg_vec_push(&found, tests[i]);
    if (!found.len)
        return;
    qsort(found.at, found.len, sizeof(drift), by_size);
    json_t *columns = json_array();
    rg_str names = {0};
    for (size_t i = 0; i < found.len && i < NAMED; i++) {
        const drift *d = &found.at[i];
        json_array_append_new(columns, json_pack("{s:s, s:s, s:f, s:f}", "column", d->name,
                                                 "test", d->kind, "p", d->p, "size", d->size));
        rg_str_printf(&names, "%s%s (%s, size %.2g)", i ? ", " : "", d->name, d->kind, d->size);
    }
    rg_str_add(&names, found.len > NAMED ? ", ..." : "");
    audit_find(a, found.at[0].size >= MATTERS ? RG_FINDING_WARNING : RG_FINDING_NOTE,
               audit_part_names[part],
               json_pack("{s:I, s:o}", "count", (json_int_t)found.len, "columns", columns),
               "ask how the parts came about; a score on the one says little about the other",
               "%s differs from train in %zu of %zu comparisons: %s", audit_part_names[part],
               found.len, n, rg_str_text(&names));
    rg_str_free(&names);
    rg_vec_free(&found);
}

static bool run(audit *a)
{
    drifts tests = {0};
    size_t end[AUDIT_PARTS] = {0};
    for (int part = 1; part < AUDIT_PARTS; part++) {
        pair p = {a->some[0], a->some[part]};
        for (size_t c = 0; c < a->data->features; c++)
            (rg_dataset_texts(a->data, c) ? compare_texts : compare_numbers)(&tests, a, c, &p);
        compare_targets(&tests, a, &p);
        end[part] = tests.len;
    }
    double *p = RG_NEW_ARRAY(double, tests.len + 1);
    for (size_t i = 0; i < tests.len; i++)
        p[i] = tests.at[i].p;
    rg_adjust(RG_ADJUST_HOLM, p, tests.len, p);
    for (size_t i = 0; i < tests.len; i++)
        tests.at[i].p = p[i];
    for (int part = 1; part < AUDIT_PARTS; part++)
        report(a, part, tests.at + end[part - 1], end[part] - end[part - 1]);
    rg_free(p);
    rg_vec_free(&tests);
    return true;
}

const audit_check audit_check_drift = {.name = "drift", .run = run};
