/* placement.c - one sorted sweep over two samples finds each observation's place in the other
 * one: O(n log n), as Sun and Xu (2014) do it for ROC curves. */
#include "base/placement.h"

#include "rigor/base.h"

#include <math.h>
#include <string.h>

rg_pooled *rg_pool(const double *a, size_t n_a, const double *b, size_t n_b)
{
    rg_pooled *pooled = RG_NEW_ARRAY(rg_pooled, n_a + n_b + 1);
    for (size_t i = 0; i < n_a; i++)
        pooled[i] = (rg_pooled){a[i], i, true};
    for (size_t i = 0; i < n_b; i++)
        pooled[n_a + i] = (rg_pooled){b[i], n_a + i, false};
    return pooled;
}

/* from[0 .. middle) and from[middle .. n) are sorted; of equal ones those on the left go first.
 */
static void merge(const rg_pooled *from, size_t middle, size_t n, rg_pooled *ret)
{
    for (size_t left = 0, right = middle, k = 0; k < n; k++) {
        bool take_left = right == n || (left < middle && from[left].value <= from[right].value);
        ret[k] = from[take_left ? left++ : right++];
    }
}

/* Merge sort, bottom up: the comparison is one instruction here and a call in qsort, and areas
 * under ROC curves are asked for millions of examples. */
static void sort(rg_pooled *pooled, size_t n)
{
    rg_pooled *other = RG_NEW_ARRAY(rg_pooled, n + 1), *from = pooled, *to = other;
    for (size_t run = 1; run < n; run *= 2) {
        for (size_t i = 0; i < n; i += 2 * run) {
            size_t both = n - i < 2 * run ? n - i : 2 * run;
            merge(from + i, both < run ? both : run, both, to + i);
        }
        rg_pooled *swap = from;
        from = to;
        to = swap;
    }
    if (from != pooled)
        memcpy(pooled, from, n * sizeof(*pooled));
    rg_free(other);
}

bool rg_pool_sort(rg_pooled *pooled, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (isnan(pooled[i].value))
            return false;
    }
    sort(pooled, n);
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
