/* correct.c - p-values adjusted for being several.
 *
 * With p sorted, the i-th of m (i from 1) is multiplied by a factor, and the products are made
 * monotone: from the smallest up by the running maximum (step-down) or from the largest down by
 * the running minimum (step-up).  The methods differ in nothing else. */
#include "rigor/stats.h"

#include <math.h>
#include <stdlib.h>

typedef struct ranked_p {
    double p;
    size_t place;
} ranked_p;

static int by_p(const void *a, const void *b)
{
    const ranked_p *x = a, *y = b;
    int order = (x->p > y->p) - (x->p < y->p);
    return order ? order : (x->place > y->place) - (x->place < y->place);
}

static double factor(rg_adjustment method, size_t i, size_t m)
{
    switch (method) {
    case RG_ADJUST_NONE: return 1;
    case RG_ADJUST_BONFERRONI: return (double)m;
    case RG_ADJUST_HOLM:
    case RG_ADJUST_HOCHBERG: return (double)(m - i + 1);
    case RG_ADJUST_BENJAMINI_HOCHBERG: return (double)m / (double)i;
    }
    return NAN;
}

static void make_monotone(rg_adjustment method, ranked_p *sorted, size_t n)
{
    if (method == RG_ADJUST_HOLM) {
        for (size_t i = 1; i < n; i++)
            sorted[i].p = fmax(sorted[i].p, sorted[i - 1].p);
    } else if (method == RG_ADJUST_HOCHBERG || method == RG_ADJUST_BENJAMINI_HOCHBERG) {
        for (size_t i = n; i-- > 1;)
            sorted[i - 1].p = fmin(sorted[i - 1].p, sorted[i].p);
    }
}

void rg_adjust(rg_adjustment method, const double *p, size_t n, double *ret)
{
    ranked_p *sorted = RG_NEW_ARRAY(ranked_p, n + 1);
    for (size_t i = 0; i < n; i++)
        sorted[i] = (ranked_p){isnan(p[i]) ? INFINITY : p[i], i};
    qsort(sorted, n, sizeof(*sorted), by_p);
    for (size_t i = 0; i < n; i++)
        sorted[i].p *= factor(method, i + 1, n);
    make_monotone(method, sorted, n);
    for (size_t i = 0; i < n; i++)
        ret[sorted[i].place] = isnan(p[sorted[i].place]) ? NAN : fmin(1, sorted[i].p);
    rg_free(sorted);
}
