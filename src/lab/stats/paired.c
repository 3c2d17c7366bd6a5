/* paired.c - differences of pairs and Student's t test on them. */
#include "lab/stats/student.h"

#include <math.h>

enum { DECIMALS_OF_ALL = 12, DECIMALS_OF_ONE = 9 };

static double largest_magnitude(const double *a, const double *b, size_t n)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        if (isfinite(a[i]))
            largest = fmax(largest, fabs(a[i]));
        if (isfinite(b[i]))
            largest = fmax(largest, fabs(b[i]));
    }
    return largest;
}

/* Steps in 1 that are the last of so many significant decimals. */
static double steps_in_one(double magnitude, int decimals)
{
    return magnitude > 0 ? pow(10, decimals - 1 - floor(log10(magnitude))) : 1;
}

void rg_differences(const double *a, const double *b, size_t n, double *ret)
{
    double of_all = steps_in_one(largest_magnitude(a, b, n), DECIMALS_OF_ALL);
    for (size_t i = 0; i < n; i++) {
        double of_one = steps_in_one(largest_magnitude(&a[i], &b[i], 1), DECIMALS_OF_ONE);
        double steps = fmax(of_all, of_one);
        double difference = a[i] - b[i], rounded = rint(difference * steps) / steps;
        ret[i] = isfinite(rounded) ? rounded : difference;
    }
}

double rg_mean(const double *values, size_t n)
{
    double sum = 0, first = n > 0 && isfinite(values[0]) ? values[0] : 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i] - first;
    return first + sum / (double)n;
}

static double sd_of(const double *values, size_t n, double mean)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        double d = values[i] - mean;
        sum += d;
        squares += d * d;
    }
    /* The corrected two-pass algorithm: `sum` is what rounding left in the mean. */
    double variance = (squares - sum * sum / (double)n) / (double)(n - 1);
    return variance < 0 ? 0 : sqrt(variance);
}

rg_error rg_satterthwaite(const rg_error *parts, size_t n)
{
    double se = 0, inverse = 0;
    for (size_t i = 0; i < n; i++)
        se = hypot(se, parts[i].se);
    for (size_t i = 0; i < n; i++) {
        double share = parts[i].se / se;
        inverse += share * share * (share * share) / parts[i].df;
    }
    return (rg_error){se, 1 / inverse};
}

rg_t_result rg_t_of(size_t n, double mean, double sd, rg_error error, double null, double alpha)
{
    rg_t_result r = {n, mean, sd, error.se, error.df, NAN, NAN, NAN, NAN, NAN, NAN};
    if (!(r.se > 0))
        return r;
    r.t = (r.mean - null) / r.se;
    r.p = rg_t_two_sided(r.t, r.df);
    r.p_greater = rg_t_upper(r.t, r.df);
    r.p_less = rg_t_cdf(r.t, r.df);
    double half = -rg_t_quantile(.5 * alpha, r.df) * r.se;
    r.lo = r.mean - half;
    r.hi = r.mean + half;
    return r;
}

rg_t_result rg_t_test(const double *values, size_t n, double null, double alpha)
{
    rg_error none = {NAN, NAN};
    if (n == 0)
        return rg_t_of(n, NAN, NAN, none, null, alpha);
    double mean = rg_mean(values, n);
    if (n == 1)
        return rg_t_of(n, mean, NAN, none, null, alpha);
    double sd = sd_of(values, n, mean);
    return rg_t_of(n, mean, sd, (rg_error){sd / sqrt((double)n), (double)(n - 1)}, null, alpha);
}
