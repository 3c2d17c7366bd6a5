/* placement.c - one sorted sweep over two samples finds each observation's place in the other
 * one: O(n log n), as Sun and Xu (2014) do it for ROC curves. */
#include "lab/stats/placement.h"

#include "rigor/base.h"

#include <math.h>
#include <stdlib.h>

rg_pooled *rg_pool(const double *a, size_t n_a, const double *b, size_t n_b)
{
    rg_pooled *pooled = RG_NEW_ARRAY(rg_pooled, n_a + n_b + 1);
    for (size_t i = 0; i < n_a; i++)
        pooled[i] = (rg_pooled){a[i], i, true};
    for (size_t i = 0; i < n_b; i++)
        pooled[n_a + i] = (rg_pooled){b[i], n_a + i, false};
    return pooled;
}

static int by_value(const void *left, const void *right)
{
    const rg_pooled *x = left, *y = right;
    int order = (x->value > y->value) - (x->value < y->value);
    return order ? order : (x->place > y->place) - (x->place < y->place);
}

bool rg_pool_sort(rg_pooled *pooled, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (isnan(pooled[i].value))
            return false;
    }
    qsort(pooled, n, sizeof(*pooled), by_value);
    return true;
}

rg_ties rg_ties_at(const rg_pooled *sorted, size_t n, size_t begin)
{
    rg_ties ties = {.begin = begin, .end = begin};
    while (ties.end < n && sorted[ties.end].value == sorted[begin].value)
        ties.first += sorted[ties.end++].first;
    ties.second = ties.end - begin - ties.first;
    return ties;
}

void rg_placements(const rg_pooled *sorted, size_t n, double *ret)
{
    size_t first_below = 0, second_below = 0;
    for (size_t i = 0; i < n;) {
        rg_ties ties = rg_ties_at(sorted, n, i);
        double of_first = (double)(2 * second_below + ties.second);
        double of_second = (double)(2 * first_below + ties.first);
        for (; i < ties.end; i++)
            ret[sorted[i].place] = sorted[i].first ? of_first : of_second;
        first_below += ties.first;
        second_below += ties.second;
    }
}
