/* smirnov.c - Smirnov's two-sample test.
 *
 * Without an effect every order of the pooled observations is equally likely: a walk from (0, 0)
 * to (n_a, n_b) one step for each of them, all walks alike.  With Q(i, j) the probability that a
 * walk to (i, j) has been at least as far from the diagonal as the observed one, Q(i, j) = Q(i -
 * 1, j) i / (i + j) + Q(i, j - 1) j / (i + j), and 1 where (i, j) itself is so far.  With ties
 * only the ends of their groups count (Schroer and Trenkler 1995). */
#include "base/placement.h"

#include "rigor/groups.h"

#include <math.h>

#define PI 3.14159265358979323846
#define EXACT_UP_TO 100000 /* n_a n_b */

double rg_kolmogorov_upper(double x)
{
    if (isnan(x) || x <= 0)
        return isnan(x) ? NAN : 1;
    double sum = 0;
    if (x < 1) { /* the other form of the same theta function: it converges here */
        for (int k = 1; k <= 9; k += 2)
            sum += exp(-k * k * PI * PI / (8 * x * x));
        return 1 - sqrt(2 * PI) / x * sum;
    }
    for (int k = 1; k <= 10; k++)
        sum += (k % 2 ? 2 : -2) * exp(-2.0 * k * k * x * x);
    return sum;
}

/* |i n_b - j n_a| at the ends of ties; ends[i + j]: whether one is there. */
static uint64_t distance_at(uint64_t i, uint64_t j, size_t n_a, size_t n_b)
{
    uint64_t x = i * n_b, y = j * n_a;
    return x > y ? x - y : y - x;
}

static uint64_t largest_distance(const rg_pooled *sorted, size_t n_a, size_t n_b, bool *ends,
                                 bool *ret_ties)
{
    uint64_t most = 0, i = 0, j = 0;
    for (size_t at = 0; at < n_a + n_b;) {
        rg_ties ties = rg_ties_at(sorted, n_a + n_b, at);
        i += ties.first;
        j += ties.second;
        at = ties.end;
        ends[at] = true;
        *ret_ties = *ret_ties || ties.end - ties.begin > 1;
        uint64_t far = distance_at(i, j, n_a, n_b);
        most = far > most ? far : most;
    }
    return most;
}

static double exact_p(size_t n_a, size_t n_b, const bool *ends, uint64_t observed)
{
    double *q = RG_NEW_ARRAY(double, n_b + 1); /* Q(i, .), i from 0 on */
    for (size_t i = 0; i <= n_a; i++)
        for (size_t j = 0; j <= n_b; j++) {
            if (ends[i + j] && distance_at(i, j, n_a, n_b) >= observed) {
                q[j] = 1;
                continue;
            }
            double steps = (double)(i + j), from = 0;
            from += i ? q[j] * (double)i / steps : 0;
            from += j ? q[j - 1] * (double)j / steps : 0;
            q[j] = from;
        }
    double p = q[n_b];
    rg_free(q);
    return p;
}

rg_smirnov_result rg_smirnov(const double *a, size_t n_a, const double *b, size_t n_b)
{
    rg_smirnov_result r = {NAN, NAN, false, false};
    rg_pooled *pooled = rg_pool(a, n_a, b, n_b);
    if (n_a > 0 && n_b > 0 && rg_pool_sort(pooled, n_a + n_b)) {
        bool *ends = RG_NEW_ARRAY(bool, n_a + n_b + 1);
        uint64_t far = largest_distance(pooled, n_a, n_b, ends, &r.ties);
        double product = (double)n_a * (double)n_b;
        r.d = (double)far / product;
        r.exact = product <= EXACT_UP_TO;
        r.p = !far      ? 1
              : r.exact ? exact_p(n_a, n_b, ends, far)
                        : rg_kolmogorov_upper(r.d * sqrt(product / (double)(n_a + n_b)));
        rg_free(ends);
    }
    rg_free(pooled);
    return r;
}
