/* verdict_evidence.c - the hypotheses of one claim, each with its p; what could have been seen;
 * the part on which the finding hangs.
 *
 * Decisions look at A - B oriented so that positive means A is better, whatever the metric's
 * goal.  Which test gives the p is the situation's matter: its own test where that exists,
 * otherwise ranks. */
#include "lab/study/verdict.h"

#include <math.h>

#define POWER .8
enum { LEAVE_ONE_OUT_UP_TO = 200 };

/* ---- The situations, the first that applies is taken */

static const rg_situation *const situations[] = {
    /* one data set */
    &rg_situation_unpaired,
    &rg_situation_folds,
    &rg_situation_sequential,
    &rg_situation_pairs,
    /* several */
    &rg_situation_many_sets,
    &rg_situation_sets,
    &rg_situation_set_means,
};

static const rg_situation *find_situation(const rg_evidence *e, bool one_set)
{
    for (size_t i = 0; i < RG_COUNT(situations); i++) {
        if (situations[i]->one_set == one_set && situations[i]->applies(e))
            return situations[i];
    }
    RG_BUG("no situation applies to \"%s\"", e->claim->text);
}

/* ---- Shared by the situations */

double rg_larger_p(double x, double y)
{
    return isnan(x) || isnan(y) ? NAN : fmax(x, y);
}

rg_sides rg_sides_of_p(double both)
{
    return (rg_sides){.5 * both, .5 * both, both};
}

rg_precision rg_precision_of(const rg_t_result *t, double have)
{
    double n = t->df + 1;
    return (rg_precision){n, t->se * sqrt(n), have, true, true};
}

const double *rg_pair_values(const rg_pairs *pairs, rg_orientation how)
{
    return how == RG_AS_BETTER ? pairs->better : pairs->difference;
}

/* ---- Hypotheses */

static rg_t_result run_test(const rg_evidence *e, rg_orientation how, double null, double alpha)
{
    return e->situation->test(e, &e->scores.all, how, null, alpha);
}

/* Is A better than B by more than `null`, or by less?  By the test that decides. */
static rg_sides sides_against(const rg_evidence *e, double null, rg_arena *arena)
{
    if (isnan(null) || (!e->by_test && !e->situation->rank_test))
        return (rg_sides){NAN, NAN, NAN};
    if (!e->by_test)
        return e->situation->rank_test(e, null, arena);
    rg_t_result t = run_test(e, RG_AS_BETTER, null, e->options->analysis.alpha);
    return (rg_sides){t.p_greater, t.p_less, t.p};
}

/* Either of two one-sided tests. */
static double either(double p, double q)
{
    double twice = 2 * fmin(p, q); /* NaN only when both are */
    return twice > 1 ? 1 : twice;
}

bool rg_evidence_has_margin(const rg_evidence *e)
{
    return e->options->analysis.margin > 0;
}

static double margin_of(const rg_evidence *e)
{
    return rg_evidence_has_margin(e) ? e->options->analysis.margin : NAN;
}

static void find_cases(rg_evidence *e, rg_arena *arena)
{
    rg_sides above_loss = sides_against(e, -margin_of(e), arena);
    rg_sides below_gain = sides_against(e, margin_of(e), arena);
    double inside = rg_larger_p(above_loss.above, below_gain.below);
    e->sides = sides_against(e, 0, arena);
    e->p[RG_CASE_EQUAL] = NAN;
    switch (e->claim->relation) {
    case RG_BETTER:
        e->p[RG_CASE_FOR] = e->p[RG_CASE_AGAINST] = e->sides.both;
        e->p[RG_CASE_EQUAL] = inside;
        break;
    case RG_EQUAL:
        e->p[RG_CASE_FOR] = inside;
        e->p[RG_CASE_AGAINST] = either(below_gain.above, above_loss.below);
        break;
    case RG_NOT_WORSE:
        e->p[RG_CASE_FOR] = above_loss.above;
        e->p[RG_CASE_AGAINST] = above_loss.below;
        break;
    }
}

/* What the tests that assume less say in favour of the claim. */
static void run_exact_tests(rg_evidence *e, rg_arena *arena)
{
    bool against_margin = e->claim->relation != RG_BETTER;
    double margin = margin_of(e);
    e->exact_p = NAN;
    if (against_margin)
        e->smallest_exact *= .5;
    if (!e->situation->exact || (against_margin && isnan(margin)))
        return;
    if (!against_margin)
        e->exact_p = e->situation->exact(e, 0, arena).both;
    else
        e->exact_p = e->situation->exact(e, -margin, arena).above;
    if (e->claim->relation == RG_EQUAL)
        e->exact_p = rg_larger_p(e->exact_p, e->situation->exact(e, margin, arena).below);
}

/* Two one-sided tests against the margin, also for claims that need none. */
static double equivalence_p(const rg_evidence *e)
{
    double margin = margin_of(e), alpha = e->options->analysis.alpha;
    return rg_larger_p(run_test(e, RG_AS_MEASURED, -margin, alpha).p_greater,
                       run_test(e, RG_AS_MEASURED, margin, alpha).p_less);
}

/* ---- What the study could have seen */

static double effect_seen(const rg_evidence *e, int sides, double n, double power)
{
    rg_power_plan plan = {RG_PAIRS, e->planned_alpha, sides};
    rg_known_power *known = e->known;
    bool same = known->plan.alpha == plan.alpha && known->plan.sides == sides &&
                known->n == n && known->power == power;
    if (!same)
        *known = (rg_known_power){plan, n, power, rg_power_effect(plan, n, power)};
    return known->effect;
}

/* Smallest effect of 80 % power, in standard deviations.  To find equivalence while the true
 * difference is 0, both one-sided tests have to reject: each with 90 %. */
static double detectable_in_sd(const rg_evidence *e)
{
    double n = e->precision.n;
    if (e->claim->relation == RG_BETTER)
        return effect_seen(e, 2, n, POWER);
    double power = e->claim->relation == RG_EQUAL ? (1 + POWER) / 2 : POWER;
    return effect_seen(e, 1, n, power);
}

/* The distance between the estimate and what has to be rejected. */
double rg_evidence_distance(const rg_evidence *e)
{
    double margin = e->options->analysis.margin, better = e->oriented.mean;
    switch (e->claim->relation) {
    case RG_BETTER: return fabs(better);
    case RG_EQUAL: return margin - fabs(better);
    case RG_NOT_WORSE: return better + margin;
    }
    return NAN;
}

static void plan_ahead(rg_evidence *e)
{
    const rg_precision *have = &e->precision;
    e->detectable = e->needed = NAN;
    if (!e->by_test || !(have->spread > 0))
        return;
    if (e->situation->plan) {
        e->situation->plan(e);
        return;
    }
    rg_power_plan plan = {RG_PAIRS, e->planned_alpha, e->claim->relation == RG_BETTER ? 2 : 1};
    e->detectable = detectable_in_sd(e) * have->spread;
    if (have->grows && !isnan(e->p[RG_CASE_FOR])) {
        double n = rg_power_n(plan, rg_evidence_distance(e) / have->spread, POWER);
        e->needed = ceil(n * (have->have / have->n) - 1e-9);
    }
}

/* ---- The part on which it hangs */

static double p_without(const rg_evidence *e, size_t left_out, rg_arena *arena)
{
    rg_evidence rest = *e;
    rest.scores = e->situation->without(e, left_out, arena);
    find_cases(&rest, arena);
    return rest.p[RG_CASE_FOR];
}

static void name_hinge(rg_evidence *e, size_t part, rg_arena *arena)
{
    rg_str name = {0};
    e->situation->name_part(&name, e, part);
    e->hinge_name = rg_arena_strdup(arena, rg_str_text(&name));
    rg_str_free(&name);
}

static void find_hinge(rg_evidence *e, rg_arena *arena)
{
    size_t parts = e->situation->parts ? e->situation->parts(e) : 0, hinge = 0;
    e->hinge_p = NAN;
    if (!e->by_test || parts < 3 || parts > LEAVE_ONE_OUT_UP_TO ||
        !(e->p[RG_CASE_FOR] < e->options->analysis.alpha))
        return;
    for (size_t i = 0; i < parts; i++) {
        double p = p_without(e, i, arena);
        if (isnan(e->hinge_p) || p > e->hinge_p) {
            hinge = i;
            e->hinge_p = p;
        }
    }
    name_hinge(e, hinge, arena);
}

/* ---- All together */

/* Failures in both arms show nothing, least of all that the arms are equal.  In pairs they are
 * left out; runs without partners cannot be left out in twos without spoiling the level. */
static void bar_equality(rg_evidence *e)
{
    if (e->scores.paired || e->scores.failed_a.n == 0 || e->scores.failed_b.n == 0)
        return;
    e->tost_p = e->p[RG_CASE_EQUAL] = NAN;
    if (e->claim->relation != RG_BETTER)
        e->p[RG_CASE_FOR] = NAN;
}

static void start_empty(rg_evidence *e)
{
    e->signflip.p = e->wilcoxon.p = e->hodges_lehmann.estimate = NAN;
    e->superiority = (rg_superiority){.p = NAN, .lo = NAN, .hi = NAN};
    e->effect_size = e->smallest_exact = NAN;
    e->p_permutation = e->p_mann_whitney = e->p_brunner_munzel = NAN;
    e->precision = (rg_precision){NAN, NAN, NAN, false, false};
}

static void run_tests(rg_evidence *e, rg_arena *arena)
{
    double alpha = e->options->analysis.alpha;
    start_empty(e);
    e->t = run_test(e, RG_AS_MEASURED, 0, alpha);
    e->narrow = run_test(e, RG_AS_MEASURED, 0, 2 * alpha);
    e->oriented = run_test(e, RG_AS_BETTER, 0, alpha);
    e->by_test = !e->scores.ranked && isfinite(e->t.p);
    e->tost_p = equivalence_p(e);
    e->situation->describe(e, arena);
    find_cases(e, arena);
    bar_equality(e);
    run_exact_tests(e, arena);
    plan_ahead(e);
    find_hinge(e, arena);
}

void rg_evidence_gather(rg_evidence *e, const rg_scores *a, const rg_scores *b, rg_arena *arena)
{
    e->a = a->arm;
    e->b = b->arm;
    e->scores = rg_arrange(a, b, e->options->maximize, arena);
    if (e->options->sequential && e->scores.n_blocks > 1)
        RG_BUG("sequential seeds over %zu data sets have no procedure", e->scores.n_blocks);
    e->within = find_situation(e, true);
    e->situation = e->scores.n_blocks > 1 ? find_situation(e, false) : e->within;
    run_tests(e, arena);
}
