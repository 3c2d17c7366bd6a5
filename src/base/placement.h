/* placement.h - two samples ranked against each other: what Mann and Whitney, Brunner and
 * Munzel, and the area under a ROC curve have in common. */
#ifndef RIGOR_BASE_PLACEMENT_H
#define RIGOR_BASE_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>

/* One observation of the two samples put together. */
typedef struct rg_pooled {
    double value;
    size_t place; /* where it stood */
    bool first;   /* it is of the first sample */
} rg_pooled;

/* The first n_a places hold a, the others b; rg_free. */
rg_pooled *rg_pool(const double *a, size_t n_a, const double *b, size_t n_b);
/* By value, then by place; false (and not sorted) where a value is NaN. */
bool rg_pool_sort(rg_pooled *pooled, size_t n);

/* A group of ties in what is sorted: at[begin .. end). */
typedef struct rg_ties {
    size_t begin, end;
    size_t first, second; /* how many of each sample */
} rg_ties;
rg_ties rg_ties_at(const rg_pooled *sorted, size_t n, size_t begin);

/* The placement of an observation: how much of the other sample lies below it, ties one half,
 * doubled so that it is a whole number.  ret is indexed by `place`. */
void rg_placements(const rg_pooled *sorted, size_t n, double *ret);

#endif
