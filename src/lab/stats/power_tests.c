/* power_tests.c - the power of the tests beside the plain t test: equivalence, evidence that
 * may be looked at after every seed, the exact tests; and the two inverses of any of them. */
#include "rigor/bayes.h"
#include "rigor/stats.h"

#include <math.h>

#define MOST_OBSERVATIONS ((size_t)10000000)
#define MOST_EFFECT 1e9
#define WHOLE_HUMP 12 /* standard deviations of s beyond which its density is nothing */

static bool valid(rg_power_plan plan, double n)
{
    return plan.alpha > 0 && plan.alpha < 1 && (plan.sides == 1 || plan.sides == 2) && n >= 2;
}

static double degrees(rg_power_plan plan, double n)
{
    return plan.design == RG_PAIRS ? n - 1 : 2 * n - 2;
}

/* 1 over the standard error of the mean difference, in 1 / sd. */
static double sharpness(rg_power_plan plan, double n)
{
    return sqrt(plan.design == RG_PAIRS ? n : n / 2);
}

/* ---- Equivalence */

/* The density of s = sqrt(chi2_df / df). */
static double density_of_s(double s, double df)
{
    double log_scale = log(2) + .5 * df * log(.5 * df) - rg_log_gamma(.5 * df);
    return s > 0 ? exp(log_scale + (df - 1) * log(s) - .5 * df * s * s)
                 : (df > 1 ? 0 : exp(log_scale));
}

double rg_power_equivalence(rg_power_plan plan, double n, double margin)
{
    enum { STEPS = 1200 }; /* of Simpson's rule: 50 and more for each sd of s */
    if (!valid(plan, n) || !(margin > 0))
        return NAN;
    double df = degrees(plan, n), spread = WHOLE_HUMP / sqrt(2 * df);
    double critical = -rg_t_quantile(plan.alpha, df), reach = sharpness(plan, n) * margin;
    double lo = fmax(0, 1 - spread), hi = fmin(reach / critical, 1 + spread), sum = 0;
    if (!(critical > 0) || hi <= lo)
        return critical > 0 ? 0 : NAN;
    lo = pow(lo, .25);
    hi = pow(hi, .25);
    double step = (hi - lo) / STEPS;
    for (int i = 0; i <= STEPS; i++) {
        /* over the fourth root, in which s^(df - 1) is smooth at 0 for df that is not whole */
        double root = lo + i * step, s = pow(root, 4);
        double weight = i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2;
        double inside = 2 * rg_normal_cdf(reach - critical * s) - 1;
        sum += weight * density_of_s(s, df) * inside * 4 * pow(root, 3);
    }
    return fmin(1, fmax(0, sum * step / 3));
}

/* ---- Looking after every seed */

double rg_power_anytime(rg_power_plan plan, double n, double effect)
{
    if (!valid(plan, n) || plan.design != RG_PAIRS || plan.sides != 2 || !(effect > 0))
        return NAN;
    double whole = floor(n), critical = rg_t_anytime_critical((size_t)whole, 1, plan.alpha);
    return isfinite(critical) ? rg_noncentral_t_upper(critical, whole - 1, effect * sqrt(whole))
                              : 0;
}

/* ---- Inverses of any power that grows with n and with the effect */

double rg_power_effect_of(rg_power_function *test, rg_power_plan plan, double n, double power)
{
    double lo = 0, hi = 1;
    if (!(power > 0 && power < 1) || isnan(test(plan, n, hi)))
        return NAN;
    while (hi < MOST_EFFECT && test(plan, n, hi) < power) {
        lo = hi;
        hi *= 2;
    }
    if (hi >= MOST_EFFECT)
        return NAN;
    for (int i = 0; i < 200 && hi - lo > 1e-14 * hi; i++) {
        double middle = .5 * (lo + hi);
        *(test(plan, n, middle) < power ? &lo : &hi) = middle;
    }
    return hi;
}

double rg_power_n_of(rg_power_function *test, rg_power_plan plan, double effect, double power)
{
    size_t lo = 1, hi = 2;
    if (!(power > 0 && power < 1) || isnan(test(plan, 2, effect)))
        return NAN;
    while (hi < MOST_OBSERVATIONS && test(plan, (double)hi, effect) < power) {
        lo = hi;
        hi *= 2;
    }
    if (hi >= MOST_OBSERVATIONS)
        return NAN;
    while (hi - lo > 1) {
        size_t middle = lo + (hi - lo) / 2;
        *(test(plan, (double)middle, effect) < power ? &lo : &hi) = middle;
    }
    return (double)hi;
}

/* ---- Exact tests */

double rg_power_exact_floor(rg_power_plan plan)
{
    if (!valid(plan, 2))
        return NAN;
    /* n = 1: one arrangement of the signs in 2, one of the labels in 2. */
    double n = 1, arrangements = 2;
    while (plan.sides / arrangements >= plan.alpha) {
        n++;
        arrangements *= plan.design == RG_PAIRS ? 2 : (2 * n - 1) * 2 / n;
    }
    return fmax(2, n);
}
