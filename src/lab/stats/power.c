/* power.c - what a t test can see: power, and its two inverses. */
#include "lab/stats/special.h"

#include "rigor/stats.h"

#include <math.h>

#define MOST_OBSERVATIONS 1e7
#define USUAL_POWER .8

static bool valid(rg_power_plan plan)
{
    return plan.alpha > 0 && plan.alpha < 1 && (plan.sides == 1 || plan.sides == 2);
}

static double critical_t(rg_power_plan plan, double n)
{
    double df = plan.design == RG_PAIRS ? n - 1 : 2 * n - 2;
    return -rg_t_quantile(plan.alpha / plan.sides, df);
}

static double power_beyond(rg_power_plan plan, double critical, double n, double effect)
{
    bool pairs = plan.design == RG_PAIRS;
    double df = pairs ? n - 1 : 2 * n - 2, shift = effect * sqrt(pairs ? n : n / 2);
    return rg_noncentral_t_upper(critical, df, shift);
}

double rg_power(rg_power_plan plan, double n, double effect)
{
    if (!valid(plan) || !(n >= 2) || !(effect > 0))
        return NAN;
    return power_beyond(plan, critical_t(plan, n), n, effect);
}

typedef struct question {
    rg_power_plan plan;
    double n, critical, effect, power;
} question;

static double miss_by_effect(double effect, const void *ctx)
{
    const question *q = ctx;
    return power_beyond(q->plan, q->critical, q->n, effect) - q->power;
}

static double miss_by_n(double n, const void *ctx)
{
    const question *q = ctx;
    return power_beyond(q->plan, critical_t(q->plan, n), n, q->effect) - q->power;
}

/* effect * sqrt(n) of pairs, were the standard deviation known: a little less than is needed.
 */
static double normal_shift(rg_power_plan plan, double power)
{
    double shift = rg_normal_quantile(power) - rg_normal_quantile(plan.alpha / plan.sides);
    return shift * (plan.design == RG_PAIRS ? 1 : sqrt(2));
}

/* ---- Inverses
 *
 * On the normal scale, z = Phi^-1(power), power is nearly a straight line in the effect and in
 * sqrt(n), and P(T > t) is close to Phi((shift - t (1 - 1 / (4 df))) / sqrt(1 + t^2 / (2 df)))
 * (Johnson and Welch 1940).  So a secant that starts there is at the root after a few steps, and
 * the bracket is for what is left: very few observations, powers next to 0 or 1. */

#define CLOSE 1e-9 /* a step so small, relative: the next would be below rounding */
enum { STEPS = 12 };

/* The root of the miss, on the normal scale, next to x; NaN when it is not at hand or not above
 * `least`. */
static double secant(rg_function *miss, const question *q, double x, double slope, double least)
{
    double target = rg_normal_quantile(q->power), last = NAN, last_z = NAN;
    for (int i = 0; i < STEPS && x > least; i++) {
        double z = rg_normal_quantile(miss(x, q) + q->power) - target;
        if (!isfinite(z))
            return NAN;
        if (i > 0 && x != last)
            slope = (z - last_z) / (x - last);
        last = x;
        last_z = z;
        if (!(slope > 0))
            return NAN;
        x -= z / slope;
        if (fabs(x - last) <= CLOSE * fabs(x))
            return x > least ? x : NAN;
    }
    return NAN;
}

static double effect_nearby(const question *q)
{
    bool pairs = q->plan.design == RG_PAIRS;
    double df = pairs ? q->n - 1 : 2 * q->n - 2, t = q->critical;
    double per_effect = sqrt(pairs ? q->n : q->n / 2), spread = sqrt(1 + t * t / (2 * df));
    double shift = t * (1 - .25 / df) + rg_normal_quantile(q->power) * spread;
    return secant(miss_by_effect, q, shift / per_effect, per_effect / spread, 0);
}

static double miss_by_root_n(double root, const void *ctx)
{
    return miss_by_n(root * root, ctx);
}

/* Student's t asks for z^2 / 2 pairs, or z^2 / 4 in each sample, more than the normal. */
static double n_nearby(const question *q, double normal_n)
{
    double z = rg_normal_quantile(q->plan.alpha / q->plan.sides);
    bool pairs = q->plan.design == RG_PAIRS;
    double root = sqrt(normal_n + z * z / (pairs ? 2 : 4));
    root = secant(miss_by_root_n, q, root, q->effect / (pairs ? 1 : sqrt(2)), sqrt(2));
    return root * root;
}

double rg_power_effect(rg_power_plan plan, double n, double power)
{
    if (!valid(plan) || !(n >= 2) || !(power > plan.alpha / plan.sides && power < 1))
        return NAN;
    question q = {plan, n, critical_t(plan, n), NAN, power};
    double found = effect_nearby(&q);
    if (isfinite(found))
        return found;
    double low = normal_shift(plan, power) / sqrt(n), high = 1.5 * low;
    if (miss_by_effect(low, &q) > 0)
        low = 0;
    while (high < 1e9 && miss_by_effect(high, &q) < 0) {
        low = high;
        high *= 2;
    }
    return rg_root(miss_by_effect, &q, low, high);
}

double rg_power_n(rg_power_plan plan, double effect, double power)
{
    if (!valid(plan) || !(effect > 0) || !(power > 0 && power < 1))
        return NAN;
    question q = {plan, NAN, NAN, effect, power};
    double normal_n = pow(normal_shift(plan, power) / effect, 2);
    if (!(normal_n <= MOST_OBSERVATIONS))
        return miss_by_n(2, &q) >= 0 ? 2 : NAN;
    double found = n_nearby(&q, normal_n);
    if (isfinite(found))
        return found;
    if (miss_by_n(2, &q) >= 0)
        return 2;
    double low = fmax(2, normal_n), high = low + 4;
    if (miss_by_n(low, &q) > 0)
        low = 2;
    while (high <= 2 * MOST_OBSERVATIONS && miss_by_n(high, &q) < 0) {
        low = high;
        high *= 2;
    }
    return rg_root(miss_by_n, &q, low, high);
}

double rg_detectable_effect(size_t n, double alpha)
{
    return rg_power_effect((rg_power_plan){RG_PAIRS, alpha, 2}, (double)n, USUAL_POWER);
}

double rg_seeds_needed(double effect_in_sd, double alpha)
{
    double n = rg_power_n((rg_power_plan){RG_PAIRS, alpha, 2}, effect_in_sd, USUAL_POWER);
    return ceil(n - 1e-9);
}

double rg_noether_n(double superiority, double alpha, double power)
{
    double effect = fabs(superiority - .5);
    bool levels = alpha > 0 && alpha < power && power < 1;
    if (!levels || !(effect > 0 && effect <= .5))
        return NAN;
    double z = rg_normal_quantile(power) - rg_normal_quantile(alpha);
    return ceil(pow(z / (sqrt(6) * effect), 2) - 1e-9);
}
