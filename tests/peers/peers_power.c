/* peers_power.c - power, and its inverses.
 *
 * a: observations or effect; b: effect or power; c: level.  d: 0 pairs, 1 two samples; +2 with
 * one side. */
#include "peers.h"

#include "rigor/bayes.h"
#include "rigor/stats.h"

static rg_power_plan plan_of(const peer_inputs *in)
{
    int which = (int)in->d;
    return (rg_power_plan){which % 2 ? RG_TWO_SAMPLES : RG_PAIRS, in->c, which < 2 ? 2 : 1};
}

static size_t ours_power(const peer_inputs *in, double *ret)
{
    *ret = rg_power(plan_of(in), in->a, in->b);
    return 1;
}

static size_t ours_power_effect(const peer_inputs *in, double *ret)
{
    *ret = rg_power_effect(plan_of(in), in->a, in->b);
    return 1;
}

static size_t ours_power_n(const peer_inputs *in, double *ret)
{
    *ret = rg_power_n(plan_of(in), in->a, in->b);
    return 1;
}

static size_t ours_detectable_effect(const peer_inputs *in, double *ret)
{
    *ret = rg_detectable_effect((size_t)in->a, in->c);
    return 1;
}

static size_t ours_seeds_needed(const peer_inputs *in, double *ret)
{
    *ret = rg_seeds_needed(in->a, in->c);
    return 1;
}

static size_t ours_power_equivalence(const peer_inputs *in, double *ret)
{
    *ret = 1 + rg_power_equivalence(plan_of(in), in->a, in->b);
    return 1;
}

static void design(peer_inputs *in)
{
    in->c = peer_uniform(in, .005, .2);
    in->d = (double)(in->number % 4);
}

static void n_and_effect(peer_inputs *in)
{
    design(in);
    in->a = in->number % 10 ? peer_whole(in, 2, 40) : peer_uniform(in, 2, 3);
    in->b = peer_uniform(in, .2, 2);
}

static void n_and_power(peer_inputs *in)
{
    design(in);
    in->a = peer_whole(in, 3, 42);
    in->b = peer_uniform(in, .4, .95);
}

static void effect_and_power(peer_inputs *in)
{
    design(in);
    in->a = peer_uniform(in, .2, 1.2);
    in->b = peer_uniform(in, .5, .95);
}

#define R_DESIGN \
    "sig.level = c, type = if (d %% 2 == 1) \"two.sample\" else \"paired\", alternative = if " \
    "(d < 2) \"two.sided\" else \"one.sided\""
#define SCIPY_DF "f := (2 * a - 2 if d % 2 else a - 1), s := math.sqrt(a / (2 if d % 2 else 1))"
#define SCIPY_CRITICAL "t := stats.t.isf(c / (2 if d < 2 else 1), f)"
static const char tail_of_1[] = "both take the noncentral t to so much of 1";
static const char by_search[] = "uniroot stops there";

static const peer_function functions[] = {
    {.name = "power",
     .inputs = n_and_effect,
     .ours = ours_power,
     .results = "power",
     .r = {"power.t.test(n = a, delta = b, " R_DESIGN ")$power", 1e-9, tail_of_1},
     .scipy = {"[" SCIPY_DF ", " SCIPY_CRITICAL ", stats.nct.sf(t, f, b * s)][-1]", 1e-8,
               tail_of_1}},
    {.name = "power_effect",
     .inputs = n_and_power,
     .ours = ours_power_effect,
     .results = "effect",
     .r = {"power.t.test(n = a, power = b, " R_DESIGN ", tol = 1e-12)$delta", 1e-8, by_search}},
    {.name = "power_n",
     .inputs = effect_and_power,
     .ours = ours_power_n,
     .results = "n",
     /* ours is 2 at least: fewer have no spread */
     .r = {"max(2, power.t.test(delta = a, power = b, " R_DESIGN ", tol = 1e-12)$n)", 1e-8,
           by_search}},
    {.name = "detectable_effect",
     .inputs = n_and_power,
     .ours = ours_detectable_effect,
     .results = "effect",
     .r = {"power.t.test(n = a, power = .8, sig.level = c, type = \"paired\", tol = "
           "1e-12)$delta",
           1e-8, by_search}},
    {.name = "seeds_needed",
     .inputs = effect_and_power,
     .ours = ours_seeds_needed,
     .results = "n",
     .r = {"ceiling(power.t.test(delta = a, power = .8, sig.level = c, type = \"paired\", tol "
           "= 1e-10)$n)",
           0, NULL}},
    {.name = "power_equivalence",
     .inputs = n_and_effect,
     .ours = ours_power_equivalence,
     .results = "1 + power",
     /* P(|mean| < margin - t se) over the density of s */
     .r = {"{ f <- if (d %% 2 == 1) 2 * a - 2 else a - 1; m <- b * sqrt(a / (1 + d %% 2)); t "
           "<- qt(c, f, lower.tail = FALSE); 1 + integrate(function(s) (2 * pnorm(m - t * s) "
           "- 1) * 2 * f * s * dchisq(f * s^2, f), 0, m / t, rel.tol = 1e-10)$value }",
           1e-7, "our quadrature promises 1e-8 of 1"}},
};

const peer_family peers_power = {functions, RG_COUNT(functions)};
