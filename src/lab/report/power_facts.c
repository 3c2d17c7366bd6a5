/* power_facts.c - what a study could see: the answers, tables and curves of a power question.
 *
 * Everything is computed in standard deviations and, where one is known, told in the metric's
 * units as well.  The level is the strictest that Holm's and Bonferroni's corrections can ask
 * of a claim: alpha over the number of claims. */
#include "lab/report/power.h"
#include "lab/report/power_spread.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define POINTS 60 /* of a curve */
#define CURVE_REACH \
    .97 /* the power at which the curve of the fewest seeds leaves the chart \
         */
#define USUAL_ALPHA .05

/* ---- The question, completed */

typedef struct asked {
    power_question q;
    rg_power_plan plan; /* at the strictest level */
    size_t claims;
    double alpha;
    RG_VEC(power_spread) spreads; /* at least one */
} asked;

static rg_power_function *const functions[] = {[POWER_T] = rg_power,
                                               [POWER_EQUIVALENCE] = rg_power_equivalence,
                                               [POWER_ANYTIME] = rg_power_anytime};

static double power_at(const asked *a, rg_power_plan plan, double n, double effect_sd)
{
    return functions[a->q.test](plan, n, effect_sd);
}

static double effect_for(const asked *a, rg_power_plan plan, double n, double power)
{
    return a->q.test == POWER_T ? rg_power_effect(plan, n, power)
                                : rg_power_effect_of(functions[a->q.test], plan, n, power);
}

static double n_for(const asked *a, rg_power_plan plan, double effect_sd, double power)
{
    return a->q.test == POWER_T ? rg_power_n(plan, effect_sd, power)
                                : rg_power_n_of(functions[a->q.test], plan, effect_sd, power);
}

static double whole(double n)
{
    return ceil(n - 1e-9);
}

static double effect_in_sd(const asked *a, double sd)
{
    return a->q.effect_in_sd || isnan(sd) ? a->q.effect : a->q.effect / sd;
}

/* The declared ones; all of them where all are exploratory. */
static size_t corrected_claims(const json_t *source)
{
    const char *correction =
        rg_json_text(json_object_get(source, "analysis"), "correction", "");
    const json_t *claims = json_object_get(source, "claims");
    size_t declared = 0, i;
    json_t *claim;
    json_array_foreach (claims, i, claim)
        declared += !json_is_true(json_object_get(claim, "exploratory"));
    size_t n = declared ? declared : json_array_size(claims);
    return n && strcmp(correction, "none") != 0 ? n : 1;
}

static bool read_source(asked *a, rg_err *err)
{
    size_t i;
    json_t *claim;
    json_array_foreach (json_object_get(a->q.source, "claims"), i, claim) {
        power_spread found = power_spread_of_claim(a->q.source, claim, a->q.design);
        if (found.sd > 0)
            rg_vec_push(&a->spreads, found);
    }
    return a->spreads.len > 0 ||
           rg_fail(err, RG_INPUT, a->q.source_name,
                   a->q.design == RG_PAIRS
                       ? "name a complete study with claims and two or more seeds that differ, "
                         "or ask with --unpaired"
                       : "name a complete study with claims and two or more seeds that differ",
                   "no claim has differences to learn a standard deviation from");
}

static bool complete(asked *a, const power_question *q, rg_err *err)
{
    *a = (asked){.q = *q};
    const json_t *analysis = json_object_get(q->source, "analysis");
    double alpha = rg_json_number(json_object_get(analysis, "alpha"), USUAL_ALPHA);
    a->alpha = isnan(q->alpha) ? alpha : q->alpha;
    a->claims = q->claims ? q->claims : q->source ? corrected_claims(q->source) : 1;
    a->plan = (rg_power_plan){q->design, a->alpha / (double)a->claims, q->sides};
    if (q->source)
        return read_source(a, err);
    rg_vec_push(&a->spreads,
                ((power_spread){.sd = q->sd, .lo = NAN, .hi = NAN, .observed = NAN}));
    return true;
}

/* ---- Answers: one for each claim of the source, or one for the numbers */

static json_t *pair(double lo, double hi)
{
    return isfinite(lo) && isfinite(hi)
               ? json_pack("[o, o]", rg_json_real(lo), rg_json_real(hi))
               : json_null();
}

static void put(json_t *object, const char *key, double value)
{
    json_object_set_new(object, key, rg_json_real(value));
}

/* What the effect needs, and how much better or worse it gets where the sd is another. */
static void answer_effect(json_t *answer, const asked *a, const power_spread *s)
{
    bool depends = !a->q.effect_in_sd && isfinite(s->lo);
    double effect = effect_in_sd(a, s->sd);
    double low = depends ? effect_in_sd(a, s->lo) : NAN;
    double high = depends ? effect_in_sd(a, s->hi) : NAN;
    double n = n_for(a, a->plan, effect, a->q.power);
    put(answer, "effect_sd", effect);
    put(answer, "seeds_exact", n);
    put(answer, "seeds", whole(n));
    json_object_set_new(answer, "seeds_interval",
                        pair(whole(n_for(a, a->plan, low, a->q.power)),
                             whole(n_for(a, a->plan, high, a->q.power))));
    if (!a->q.seeds)
        return;
    double given = (double)a->q.seeds;
    put(answer, "power", power_at(a, a->plan, given, effect));
    json_object_set_new(
        answer, "power_interval",
        pair(power_at(a, a->plan, given, high), power_at(a, a->plan, given, low)));
}

/* What the given seeds see; without seeds and effect, what as many as the source has see. */
static void answer_seeds(json_t *answer, const asked *a, const power_spread *s)
{
    bool effect = isfinite(a->q.effect);
    size_t per_arm = a->q.design == RG_PAIRS ? s->n : s->n / 2;
    double n = (double)(a->q.seeds ? a->q.seeds : effect ? 0 : per_arm);
    if (n < 2)
        return;
    double detectable = effect_for(a, a->plan, n, a->q.power);
    put(answer, "n", n);
    put(answer, "detectable_sd", detectable);
    put(answer, "detectable", detectable * s->sd);
    json_object_set_new(answer, "detectable_interval",
                        pair(detectable * s->lo, detectable * s->hi));
}

static json_t *answers_of(const asked *a)
{
    json_t *ret = json_array();
    for (size_t i = 0; i < a->spreads.len; i++) {
        const power_spread *s = &a->spreads.at[i];
        json_t *answer =
            json_pack("{s:s?, s:o, s:o, s:I, s:o}", "claim", s->label, "sd",
                      rg_json_real(s->sd), "sd_interval", pair(s->lo, s->hi), "values",
                      (json_int_t)s->n, "observed", rg_json_real(s->observed));
        if (isfinite(a->q.effect))
            answer_effect(answer, a, s);
        answer_seeds(answer, a, s);
        json_array_append_new(ret, answer);
    }
    return ret;
}

/* ---- Tables: for several sizes of the family */

static size_t families(const asked *a, size_t ret[3])
{
    static const size_t usual[] = {1, 3, 7};
    if (a->claims > 1) {
        ret[0] = 1;
        ret[1] = a->claims;
        return 2;
    }
    memcpy(ret, usual, sizeof(usual));
    return RG_COUNT(usual);
}

static rg_power_plan plan_of_family(const asked *a, size_t claims)
{
    rg_power_plan plan = a->plan;
    plan.alpha = a->alpha / (double)claims;
    return plan;
}

static json_t *table_of_families(const asked *a, json_t *rows)
{
    size_t family[3], n = families(a, family);
    json_t *claims = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(claims, json_integer((json_int_t)family[i]));
    return json_pack("{s:o, s:o}", "claims", claims, "rows", rows);
}

/* {"claims", "rows": [{"seeds", "effects_sd": one for each family}]} */
static json_t *detectable_of(const asked *a)
{
    static const size_t seeds[] = {3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30};
    size_t family[3], n = families(a, family);
    json_t *rows = json_array();
    for (size_t i = 0; i < RG_COUNT(seeds); i++) {
        json_t *effects = json_array();
        for (size_t k = 0; k < n; k++)
            json_array_append_new(effects,
                                  rg_json_real(effect_for(a, plan_of_family(a, family[k]),
                                                          (double)seeds[i], a->q.power)));
        json_array_append_new(rows, json_pack("{s:I, s:o}", "seeds", (json_int_t)seeds[i],
                                              "effects_sd", effects));
    }
    return table_of_families(a, rows);
}

/* {"claims", "rows": [{"effect_sd", "seeds": one for each family}]}: half and twice the effect
 * that was asked for, too, as what one hopes for is seldom what there is. */
static json_t *needed_of(const asked *a)
{
    static const double factors[] = {.5, .75, 1, 1.5, 2};
    if (!isfinite(a->q.effect) || a->spreads.len != 1)
        return json_null();
    double effect = effect_in_sd(a, a->spreads.at[0].sd);
    size_t family[3], n = families(a, family);
    json_t *rows = json_array();
    for (size_t i = 0; i < RG_COUNT(factors); i++) {
        json_t *seeds = json_array();
        for (size_t k = 0; k < n; k++)
            json_array_append_new(seeds,
                                  rg_json_real(whole(n_for(a, plan_of_family(a, family[k]),
                                                           factors[i] * effect, a->q.power))));
        json_array_append_new(
            rows, json_pack("{s:f, s:o}", "effect_sd", factors[i] * effect, "seeds", seeds));
    }
    return table_of_families(a, rows);
}

/* ---- Curves */

/* 5, 8, 10 and 20 seeds, and the number that was asked for, in order. */
static size_t seeds_to_draw(const asked *a, size_t ret[5])
{
    static const size_t usual[] = {5, 8, 10, 20};
    size_t n = 0, own = a->q.seeds >= 2 ? a->q.seeds : 0;
    for (size_t i = 0; i < RG_COUNT(usual); i++) {
        if (own && own < usual[i])
            ret[n++] = own;
        own = own <= usual[i] ? 0 : own;
        ret[n++] = usual[i];
    }
    if (own)
        ret[n++] = own;
    return n;
}

static json_t *curve_of(const asked *a, size_t seeds, double reach)
{
    json_t *effects = json_array(), *powers = json_array();
    for (size_t k = 1; k <= POINTS; k++) {
        double effect = reach * (double)k / POINTS;
        json_array_append_new(effects, rg_json_real(effect));
        json_array_append_new(powers,
                              rg_json_real(power_at(a, a->plan, (double)seeds, effect)));
    }
    return json_pack("{s:I, s:o, s:o}", "seeds", (json_int_t)seeds, "effect_sd", effects,
                     "power", powers);
}

/* Power over effects, a curve for each number of seeds. */
static json_t *curves_of(const asked *a)
{
    size_t seeds[5], n = seeds_to_draw(a, seeds);
    double reach = effect_for(a, a->plan, 8, CURVE_REACH);
    if (isnan(reach)) /* the anytime test rejects nothing yet at 8 seeds of many claims */
        reach = effect_for(a, a->plan, 20, CURVE_REACH);
    reach = ceil(5 * reach) / 5; /* a round number for the axis to end at */
    json_t *ret = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(ret, curve_of(a, seeds[i], reach));
    return ret;
}

static json_t *growth_of_answer(const asked *a, const power_spread *s, size_t last)
{
    json_t *seeds = json_array(), *powers = json_array();
    size_t stride = last / POINTS + 1;
    last += (stride - (last - 2) % stride) % stride;
    for (size_t n = 2; n <= last; n += stride) {
        json_array_append_new(seeds, json_integer((json_int_t)n));
        json_array_append_new(
            powers, rg_json_real(power_at(a, a->plan, (double)n, effect_in_sd(a, s->sd))));
    }
    return json_pack("{s:s?, s:o, s:o}", "claim", s->label, "seeds", seeds, "power", powers);
}

/* Power over seeds, for the effect that was asked for; a curve for each claim. */
static json_t *growth_of(const asked *a)
{
    double most = 10;
    if (!isfinite(a->q.effect))
        return json_array();
    for (size_t i = 0; i < a->spreads.len; i++) {
        double n = n_for(a, a->plan, effect_in_sd(a, a->spreads.at[i].sd), a->q.power);
        most = fmax(most, isnan(n) ? 0 : fmin(1.6 * n, 10000));
    }
    json_t *ret = json_array();
    for (size_t i = 0; i < a->spreads.len; i++)
        json_array_append_new(ret,
                              growth_of_answer(a, &a->spreads.at[i],
                                               (size_t)fmax(most, (double)(a->q.seeds + 1))));
    return ret;
}

/* ---- Assembly */

static json_t *exact_of(const asked *a)
{
    return json_pack(
        "{s:o, s:s}", "seeds", rg_json_real(rg_power_exact_floor(a->plan)), "tests",
        a->q.design == RG_PAIRS ? "sign-flip, Wilcoxon" : "permutation, Mann-Whitney");
}

/* Seeds of each arm for the Mann-Whitney test. */
static json_t *superiority_of(const asked *a)
{
    if (isnan(a->q.superiority))
        return json_null();
    double level = a->plan.alpha / a->plan.sides;
    double n = rg_noether_n(a->q.superiority, level, a->q.power);
    return json_pack("{s:f, s:o}", "p", a->q.superiority, "seeds", rg_json_real(whole(n)));
}

static json_t *source_of(const asked *a)
{
    if (!a->q.source)
        return json_null();
    return json_pack("{s:s, s:s}", "name", a->q.source_name, "metric",
                     rg_json_text(json_object_get(a->q.source, "metric"), "name", "score"));
}

static json_t *assemble(const asked *a)
{
    static const char *const tests[] = {
        [POWER_T] = "t", [POWER_EQUIVALENCE] = "equivalence", [POWER_ANYTIME] = "anytime"};
    bool in_units = a->q.source || isfinite(a->q.sd);
    json_t *facts =
        json_pack("{s:s, s:s, s:s, s:i, s:f, s:I, s:f, s:f, s:s, s:o, s:b, s:o, s:o}", "format",
                  "rigor-power/1", "test", tests[a->q.test], "design",
                  a->q.design == RG_PAIRS ? "pairs" : "two samples", "sides", a->q.sides,
                  "alpha", a->alpha, "claims", (json_int_t)a->claims, "level", a->plan.alpha,
                  "power", a->q.power, "unit", in_units ? "metric" : "sd", "effect",
                  rg_json_real(a->q.effect), "effect_in_sd", a->q.effect_in_sd || !in_units,
                  "seeds", a->q.seeds ? json_integer((json_int_t)a->q.seeds) : json_null(),
                  "source", source_of(a));
    json_object_set_new(facts, "answers", answers_of(a));
    json_object_set_new(facts, "detectable", detectable_of(a));
    json_object_set_new(facts, "needed", needed_of(a));
    json_object_set_new(facts, "exact", exact_of(a));
    json_object_set_new(facts, "superiority", superiority_of(a));
    json_object_set_new(facts, "curves", curves_of(a));
    json_object_set_new(facts, "growth", growth_of(a));
    return facts;
}

json_t *power_facts(const power_question *question, rg_err *err)
{
    asked a;
    json_t *facts = complete(&a, question, err) ? assemble(&a) : NULL;
    if (facts)
        json_object_set_new(facts, "sentences", power_sentences(facts));
    rg_vec_free(&a.spreads);
    return facts;
}
