/* bayes.c - Bayes factors and posteriors.
 *
 * Both integrals here are of smooth functions over (0, inf) that vanish at the ends once they
 * are taken over x = ln z; the trapezoidal rule then gains digits in proportion to the number
 * of points. */
#include "rigor/bayes.h"
#include "rigor/stats.h"

#include <float.h>
#include <math.h>

/* ---- JZS Bayes factor */

/* ln of the integrand over ln z, relative to the likelihood of no effect.  Of the inverse gamma
 * density the z^(-3/2) has lost a z to dz = z dx. */
static double log_jzs_integrand(double x, double t, double n, double r)
{
    double nu = n - 1, z = exp(x), spread = 1 + n * z * r * r;
    double likelihood =
        n / 2 * (log1p(t * t / nu) - log1p(t * t / (spread * nu))) - log(spread) / 2;
    double prior = -log(2 * M_PI) / 2 - x / 2 - 1 / (2 * z);
    return likelihood + prior;
}

double rg_jzs_bayes_factor(double t, size_t n, double r)
{
    static const double step = 1. / 16;
    if (n < 2 || !(r > 0) || isnan(t))
        return NAN;
    t = fmin(fabs(t), 1e100); /* whose square is still a number; the factor is not, anyhow */
    /* Below x = -7 the prior is under e^-500; from where the likelihood has had its say,
     * n z r^2 = t^2, the integrand falls like 1 / z. */
    double size = (double)n, bulk = log1p(t * t / size) - 2 * log(r);
    double end = 50 + fmax(bulk, 0) + fmax(-2 * log(r), 0);
    double largest = -INFINITY, sum = 0;
    for (double x = -7; x <= end; x += step) {
        double y = log_jzs_integrand(x, t, size, r);
        if (y > largest) {
            sum *= exp(largest - y);
            largest = y;
        }
        sum += exp(y - largest);
    }
    double factor = exp(largest + log(sum * step));
    return factor > DBL_MAX ? DBL_MAX : factor;
}

/* ---- Correlated t */

rg_posterior rg_correlated_bayes_t(const double *differences, size_t n, double test_over_train,
                                   double rope)
{
    rg_t_result r = rg_t_test(differences, n, 0, .05);
    rg_posterior p = {r.mean, NAN, NAN, NAN, NAN, NAN};
    if (n < 2)
        return p;
    p.df = r.df;
    p.variance = r.sd * r.sd * (1 / (double)n + test_over_train);
    if (!(p.variance > 0) || !(rope >= 0))
        return p;
    double scale = sqrt(p.variance);
    p.left = rg_t_cdf((-rope - p.mean) / scale, p.df);
    p.right = rg_t_upper((rope - p.mean) / scale, p.df);
    p.rope = fmax(0, 1 - p.left - p.right);
    return p;
}

/* ---- Sign test */

/* ln of the density of ln X for X of the gamma distribution with shape a. */
static double log_density(double x, double shape)
{
    return shape * x - exp(x) - rg_log_gamma(shape);
}

/* P(X_a exceeds X_b and X_c) for independent gamma variables of these shapes; one of shape 0 is
 * 0.  The narrowest of the three factors decides how fine the steps are. */
static double exceeds_both(double a, double b, double c)
{
    if (a == 0)
        return 0;
    double step = 1 / (8 * sqrt(fmax(a, fmax(b, c)))), sum = 0;
    /* ln X_a has its peak at ln a; left of it the density falls like e^(a x) at the slowest,
     * right of it like exp(-e^x). */
    double end = log(a) + 12 / sqrt(a) + 4;
    for (double x = log(a) - 40 / sqrt(a) - 1; x <= end; x += step)
        sum += exp(log_density(x, a)) * (b > 0 ? rg_gamma_lower(b, exp(x)) : 1) *
               (c > 0 ? rg_gamma_lower(c, exp(x)) : 1);
    return sum * step;
}

rg_sign_posterior rg_bayes_sign(const double *a, const double *b, size_t n, double rope)
{
    rg_sign_posterior p = {0};
    bool exists = rope >= 0;
    double *differences = RG_NEW_ARRAY(double, n + 1);
    rg_differences(a, b, n, differences);
    for (size_t i = 0; i < n; i++) {
        exists = exists && !isnan(differences[i]);
        p.count_left += differences[i] < -rope;
        p.count_right += differences[i] > rope;
        p.count_rope += fabs(differences[i]) <= rope;
    }
    rg_free(differences);
    double left = (double)p.count_left, in = (double)p.count_rope + 1,
           right = (double)p.count_right;
    p.left = exists ? exceeds_both(left, in, right) : NAN;
    p.rope = exists ? exceeds_both(in, left, right) : NAN;
    p.right = exists ? exceeds_both(right, left, in) : NAN;
    return p;
}
