/* samples.c - Welch's t test: two samples without partners. */
#include "lab/stats/student.h"

#include "rigor/groups.h"

#include <math.h>

rg_t_result rg_welch(const double *a, size_t n_a, const double *b, size_t n_b, double null,
                     double alpha)
{
    rg_t_result of_a = rg_t_test(a, n_a, 0, alpha), of_b = rg_t_test(b, n_b, 0, alpha);
    const rg_error parts[] = {{of_a.se, of_a.df}, {of_b.se, of_b.df}};
    return rg_t_of(n_a + n_b, of_a.mean - of_b.mean, NAN, rg_satterthwaite(parts, 2), null,
                   alpha);
}
