/* audit.h - what the checks of an audit share. */
#ifndef RIGOR_LAB_AUDIT_AUDIT_H
#define RIGOR_LAB_AUDIT_AUDIT_H

#include "rigor/audit.h"

#include "data/codes.h"

enum { AUDIT_PARTS = 3, AUDIT_EXAMPLES = 5 };

typedef struct audit_rows {
    const uint32_t *at;
    size_t n;
} audit_rows;

typedef struct audit {
    const rg_dataset *data;
    const rg_split *split;
    rg_audit_options options;
    audit_rows part[AUDIT_PARTS]; /* all rows of train, val and test */
    audit_rows some[AUDIT_PARTS]; /* those that checks of columns look at: a sample of them */
    bool *twin;                   /* rows: an earlier part has one with the same features */
    const char *check;            /* that runs */
    rg_arena *arena;
    json_t *findings;
    rg_err *err;
} audit;

typedef struct audit_check {
    const char *name;
    bool slow; /* not among the quick ones */
    bool (*run)(audit *a);
} audit_check;
extern const audit_check audit_check_duplicates, audit_check_near, audit_check_texts,
    audit_check_leakage, audit_check_identifiers, audit_check_groups, audit_check_times,
    audit_check_constants, audit_check_classes, audit_check_drift, audit_check_labels;

extern const char *const audit_part_names[AUDIT_PARTS];

/* Adds a finding of the check that runs; steals `evidence` (NULL: {}). */
void audit_find(audit *a, rg_severity severity, const char *where, json_t *evidence,
                const char *remedy, const char *fmt, ...) RG_PRINTF(6, 7);
/* Puts up to AUDIT_EXAMPLES rows into the evidence: "rows", and "lines" for tables. */
void audit_add_rows(const audit *a, json_t *evidence, const uint32_t *rows, size_t n);
const char *audit_column(const audit *a, size_t column); /* its name */

/* ---- columns.c: one column as codes, so that texts and numbers are looked at alike. */
rg_codes audit_encode(const audit *a, size_t column, const uint32_t *rows, size_t n);
void audit_sort(uint32_t *rows, size_t n); /* ascending */
/* The rows of all parts that checks of columns look at, ascending; rg_free. */
uint32_t *audit_all_rows(const audit *a, size_t *ret_n);
/* Whether all values are whole, and whether each is above the one before it. */
typedef struct audit_order {
    bool whole, ascending, descending;
} audit_order;
audit_order audit_order_of(const audit *a, size_t column, const uint32_t *rows, size_t n);
double audit_mean_length(const audit *a, size_t column); /* of texts, over some of training */
/* A column that numbers the rows: whole numbers or short texts, hardly any of them twice. */
bool audit_is_identifier(const audit *a, size_t column, const rg_codes *codes);
/* Whether a word of the column's name, cut at capitals and at what is no letter, is in the list
 * (ends with NULL). */
bool audit_name_has(const char *name, const char *const *words);
extern const char *const audit_time_words[]; /* check_times.c */

/* ---- points.c: rows as points, for neighbours.
 * Numbers are standardised over the training part, a missing one stands at the mean; of texts with
 * few levels a difference counts like one standard deviation; identifiers and long texts are left
 * out.  Squared distances. */
typedef struct audit_points {
    size_t width, numbers; /* the first `numbers` coordinates are numbers, the others codes */
    size_t n;
    uint32_t *row; /* n: of the data set */
    uint8_t *part; /* n */
    float *at;     /* (n, width) */
    bool sampled;  /* not all rows */
} audit_points;
/* False without memory; width == 0: no column can be compared. */
bool audit_points_open(audit *a, audit_points *ret);
void audit_points_close(audit_points *points);
/* Squared, or some number above `limit` when it is farther than that. */
double audit_distance(const audit_points *points, size_t i, size_t j, double limit);
/* Up to n points of the part, drawn from the stream of `site`; places in points, ascending;
 * rg_free. */
uint32_t *audit_draw(const audit *a, const audit_points *points, int part, size_t n,
                     const char *site, size_t *ret_n);

#endif
