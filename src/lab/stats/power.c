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

static double power_at(rg_power_plan plan, double n, double effect)
{
    double df = plan.design == RG_PAIRS ? n - 1 : 2 * n - 2;
    double shift = effect * sqrt(plan.design == RG_PAIRS ? n : n / 2);
    double critical = -rg_t_quantile(plan.alpha / plan.sides, df);
    return rg_noncentral_t_upper(critical, df, shift);
}

double rg_power(rg_power_plan plan, double n, double effect)
{
    return valid(plan) && n >= 2 && effect > 0 ? power_at(plan, n, effect) : NAN;
}

typedef struct question {
    rg_power_plan plan;
    double n, effect, power;
} question;

static double miss_by_effect(double effect, const void *ctx)
{
    const question *q = ctx;
    return power_at(q->plan, q->n, effect) - q->power;
}

static double miss_by_n(double n, const void *ctx)
{
    const question *q = ctx;
    return power_at(q->plan, n, q->effect) - q->power;
}

double rg_power_effect(rg_power_plan plan, double n, double power)
{
    if (!valid(plan) || !(n >= 2) || !(power > plan.alpha / plan.sides && power < 1))
        return NAN;
    question q = {plan, n, NAN, power};
    double high = 1;
    while (high < 1e6 && miss_by_effect(high, &q) < 0)
        high *= 2;
    return rg_root(miss_by_effect, &q, 0, high);
}

double rg_power_n(rg_power_plan plan, double effect, double power)
{
    if (!valid(plan) || !(effect > 0) || !(power > 0 && power < 1))
        return NAN;
    question q = {plan, NAN, effect, power};
    if (miss_by_n(2, &q) >= 0)
        return 2;
    double low = 2, high = 4;
    for (; high <= MOST_OBSERVATIONS && miss_by_n(high, &q) < 0; high *= 2)
        low = high;
    return high <= MOST_OBSERVATIONS ? rg_root(miss_by_n, &q, low, high) : NAN;
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
