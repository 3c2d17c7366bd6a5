/* brunner_munzel.c - P(A > B) without the assumption of equal variances.
 *
 * In terms of placements (the share of the other sample below an observation, ties one half) it
 * is Welch's test: the relative effect is the mean placement of a, and the two samples of
 * placements have variances of their own.  That is the statistic of Brunner and Munzel (2000),
 * whose rank differences are these placements times n. */
#include "base/placement.h"
#include "lab/stats/student.h"

#include "rigor/groups.h"

#include <math.h>

rg_brunner_munzel_result rg_brunner_munzel(const double *a, size_t n_a, const double *b,
                                           size_t n_b, double alpha)
{
    rg_brunner_munzel_result r = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    size_t n = n_a + n_b;
    rg_pooled *pooled = rg_pool(a, n_a, b, n_b);
    if (n_a > 0 && n_b > 0 && rg_pool_sort(pooled, n)) {
        double *placement = RG_NEW_ARRAY(double, n);
        rg_placements(pooled, n, placement);
        for (size_t i = 0; i < n; i++)
            placement[i] /= 2 * (double)(i < n_a ? n_b : n_a);
        rg_t_result of_a = rg_t_test(placement, n_a, 0, alpha);
        rg_t_result of_b = rg_t_test(placement + n_a, n_b, 0, alpha);
        const rg_error parts[] = {{of_a.se, of_a.df}, {of_b.se, of_b.df}};
        rg_t_result t = rg_t_of(n, of_a.mean, NAN, rg_satterthwaite(parts, 2), .5, alpha);
        r = (rg_brunner_munzel_result){t.t,      t.df,   t.p,  t.p_greater,
                                       t.p_less, t.mean, t.lo, t.hi};
        rg_free(placement);
    }
    rg_free(pooled);
    return r;
}
