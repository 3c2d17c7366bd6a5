/* verdict_evidence.c - pairs the scores of two arms and runs every test of one claim.
 *
 * Decisions look at `better`, the differences signed so that positive means A is better.  The t
 * test decides where it exists.  It does not when all differences are equal (no spread is left
 * to compare with) or when a failed run has no finite worst value (no mean exists): then the
 * exact Wilcoxon test over sign vectors takes its place, in which a failed run is worse than
 * any score and two failed runs are a tie.  Zeros are ranked, then removed (Pratt): scores on a
 * test set are fractions of few rows, so that ties and zeros are common, and dropping them
 * first would let a study with many equal seeds look smaller than it was. */
#include "lab/study/verdict.h"

#include <math.h>
#include <stdlib.h>

#define POWER .8
enum { LEAVE_ONE_OUT_UP_TO = 200 };

/* ---- Pairs */

typedef struct place {
    uint64_t seed;
    size_t at;
} place;

static int by_seed(const void *a, const void *b)
{
    uint64_t x = ((const place *)a)->seed, y = ((const place *)b)->seed;
    return (x > y) - (x < y);
}

static place *sorted_places(const rg_scores *scores, rg_arena *arena)
{
    place *places = RG_ARENA_ARRAY(arena, place, scores->count + 1);
    for (size_t i = 0; i < scores->count; i++)
        places[i] = (place){scores->seed[i], i};
    qsort(places, scores->count, sizeof(*places), by_seed);
    return places;
}

static bool has_failed(const rg_scores *scores, size_t i)
{
    return (scores->failed && scores->failed[i]) || !isfinite(scores->value[i]);
}

/* How much better A is; a side without a value is worse than any. */
static double orient(double a, double b, double difference, bool maximize)
{
    if (!isfinite(a) || !isfinite(b))
        return isfinite(a) ? INFINITY : isfinite(b) ? -INFINITY : 0;
    return maximize ? difference : -difference;
}

static void allocate(rg_pairs *p, size_t most, rg_arena *arena)
{
    p->seed = RG_ARENA_ARRAY(arena, uint64_t, most + 1);
    p->failed_a = RG_ARENA_ARRAY(arena, uint64_t, most + 1);
    p->failed_b = RG_ARENA_ARRAY(arena, uint64_t, most + 1);
    p->a = RG_ARENA_ARRAY(arena, double, most + 1);
    p->b = RG_ARENA_ARRAY(arena, double, most + 1);
    p->difference = RG_ARENA_ARRAY(arena, double, most + 1);
    p->better = RG_ARENA_ARRAY(arena, double, most + 1);
}

static void pair_up(rg_pairs *p, const rg_scores *a, const rg_scores *b, bool maximize,
                    rg_arena *arena)
{
    allocate(p, a->count, arena);
    const place *places = sorted_places(b, arena);
    for (size_t i = 0; i < a->count; i++) {
        place key = {a->seed[i], 0};
        const place *found = bsearch(&key, places, b->count, sizeof(key), by_seed);
        if (!found)
            continue;
        size_t k = p->n++, j = found->at;
        p->seed[k] = a->seed[i];
        p->a[k] = isfinite(a->value[i]) ? a->value[i] : NAN;
        p->b[k] = isfinite(b->value[j]) ? b->value[j] : NAN;
        p->told += !has_failed(a, i) || !has_failed(b, j);
        if (has_failed(a, i))
            p->failed_a[p->n_failed_a++] = a->seed[i];
        if (has_failed(b, j))
            p->failed_b[p->n_failed_b++] = a->seed[i];
    }
    p->unpaired_a = a->count - p->n;
    p->unpaired_b = b->count - p->n;
    rg_differences(p->a, p->b, p->n, p->difference);
    for (size_t k = 0; k < p->n; k++) {
        p->better[k] = orient(p->a[k], p->b[k], p->difference[k], maximize);
        p->ranked |= isnan(p->difference[k]);
    }
}

/* ---- Tests */

static double *shifted(const rg_evidence *e, double null, rg_arena *arena)
{
    double *values = RG_ARENA_ARRAY(arena, double, e->pairs.n + 1);
    for (size_t i = 0; i < e->pairs.n; i++)
        values[i] = e->pairs.better[i] - null;
    return values;
}

static rg_wilcoxon_result wilcoxon(const double *values, size_t n)
{
    return rg_wilcoxon(values, n, RG_ZEROS_PRATT, RG_WILCOXON_EXACT);
}

/* Is A better than B by more than `null`, or by less?  By the test that decides. */
static rg_sides sides_against(const rg_evidence *e, double null, rg_arena *arena)
{
    size_t n = e->pairs.n;
    if (n < 2 || isnan(null))
        return (rg_sides){NAN, NAN};
    if (e->by_t) {
        rg_t_result t = rg_t_test(e->pairs.better, n, null, e->options->analysis.alpha);
        return (rg_sides){t.p_greater, t.p_less};
    }
    rg_wilcoxon_result w = wilcoxon(shifted(e, null, arena), n);
    return (rg_sides){w.p_greater, w.p_less};
}

static double two_sided(rg_sides s)
{
    double twice = 2 * fmin(s.above, s.below); /* NaN only when both are */
    return twice > 1 ? 1 : twice;
}

static double larger(double x, double y)
{
    return isnan(x) || isnan(y) ? NAN : fmax(x, y);
}

bool rg_evidence_has_margin(const rg_evidence *e)
{
    return e->options->analysis.margin > 0;
}

static void find_cases(rg_evidence *e, rg_arena *arena)
{
    double margin = rg_evidence_has_margin(e) ? e->options->analysis.margin : NAN;
    rg_sides above_loss = sides_against(e, -margin, arena);
    rg_sides below_gain = sides_against(e, margin, arena);
    double inside = larger(above_loss.above, below_gain.below);
    e->sides = sides_against(e, 0, arena);
    e->p[RG_CASE_EQUAL] = NAN;
    switch (e->claim->relation) {
    case RG_BETTER:
        e->p[RG_CASE_FOR] = e->p[RG_CASE_AGAINST] = two_sided(e->sides);
        e->p[RG_CASE_EQUAL] = inside;
        break;
    case RG_EQUAL:
        e->p[RG_CASE_FOR] = inside;
        e->p[RG_CASE_AGAINST] = two_sided((rg_sides){below_gain.above, above_loss.below});
        break;
    case RG_NOT_WORSE:
        e->p[RG_CASE_FOR] = above_loss.above;
        e->p[RG_CASE_AGAINST] = above_loss.below;
        break;
    }
}

/* The larger p of sign-flip and Wilcoxon against a null, halved for a one-sided question: under
 * both, the distribution is symmetric. */
static double exact_against(const rg_evidence *e, double null, double share, rg_arena *arena)
{
    const double *values = shifted(e, null, arena);
    double flips = rg_signflip(values, e->pairs.n, 0).p;
    return share * larger(flips, wilcoxon(values, e->pairs.n).p);
}

static void run_exact_tests(rg_evidence *e, rg_arena *arena)
{
    double margin = e->options->analysis.margin, n = (double)e->pairs.n;
    bool one_sided = e->claim->relation != RG_BETTER;
    e->smallest_exact = exp2(one_sided ? -n : 1 - n);
    e->exact_p = NAN;
    if (e->pairs.n < 2 || e->pairs.ranked || (one_sided && !rg_evidence_has_margin(e)))
        return;
    if (!one_sided)
        e->exact_p = larger(e->signflip.p, e->wilcoxon.p);
    else
        e->exact_p = exact_against(e, -margin, .5, arena);
    if (e->claim->relation == RG_EQUAL)
        e->exact_p = larger(e->exact_p, exact_against(e, margin, .5, arena));
}

/* ---- What the study could have seen */

/* Smallest effect of 80 % power, in standard deviations.  To find equivalence while the true
 * difference is 0, both one-sided tests have to reject: each with 90 %. */
static double detectable_in_sd(const rg_evidence *e)
{
    double n = (double)e->pairs.n;
    if (e->claim->relation == RG_BETTER)
        return rg_power_effect((rg_power_plan){RG_PAIRS, e->planned_alpha, 2}, n, POWER);
    double power = e->claim->relation == RG_EQUAL ? (1 + POWER) / 2 : POWER;
    return rg_power_effect((rg_power_plan){RG_PAIRS, e->planned_alpha, 1}, n, power);
}

/* The distance between the estimate and what has to be rejected. */
static double distance_to_null(const rg_evidence *e)
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
    e->detectable = e->seeds_needed = NAN;
    if (!e->by_t || e->pairs.told < 2)
        return;
    rg_power_plan plan = {RG_PAIRS, e->planned_alpha, e->claim->relation == RG_BETTER ? 2 : 1};
    e->detectable = detectable_in_sd(e) * e->t.sd;
    e->seeds_needed = ceil(rg_power_n(plan, distance_to_null(e) / e->t.sd, POWER) - 1e-9);
}

/* ---- The seed on which it hangs */

static double p_without(const rg_evidence *e, size_t left_out, rg_arena *arena)
{
    rg_evidence rest = *e;
    rest.pairs.n = 0;
    rest.pairs.better = RG_ARENA_ARRAY(arena, double, e->pairs.n);
    for (size_t i = 0; i < e->pairs.n; i++) {
        if (i != left_out)
            rest.pairs.better[rest.pairs.n++] = e->pairs.better[i];
    }
    find_cases(&rest, arena);
    return rest.p[RG_CASE_FOR];
}

static void find_hinge(rg_evidence *e, rg_arena *arena)
{
    e->hinge = e->pairs.n;
    e->hinge_p = NAN;
    if (!e->by_t || e->pairs.n < 3 || e->pairs.n > LEAVE_ONE_OUT_UP_TO ||
        !(e->p[RG_CASE_FOR] < e->options->analysis.alpha))
        return;
    for (size_t i = 0; i < e->pairs.n; i++) {
        double p = p_without(e, i, arena);
        if (isnan(e->hinge_p) || p > e->hinge_p) {
            e->hinge = i;
            e->hinge_p = p;
        }
    }
}

/* Two arms that fail alike have shown nothing, least of all that they are equal. */
static void drop_tests(rg_evidence *e)
{
    e->tost_p = e->exact_p = NAN;
    for (int which = 0; which < RG_CASES; which++)
        e->p[which] = NAN;
}

void rg_evidence_gather(rg_evidence *e, const rg_scores *a, const rg_scores *b, rg_arena *arena)
{
    const rg_analysis *analysis = &e->options->analysis;
    rg_pairs *p = &e->pairs;
    e->a = a->arm;
    e->b = b->arm;
    pair_up(p, a, b, e->options->maximize, arena);
    e->t = rg_t_test(p->difference, p->n, 0, analysis->alpha);
    e->narrow = rg_t_test(p->difference, p->n, 0, 2 * analysis->alpha);
    e->oriented = rg_t_test(p->better, p->n, 0, analysis->alpha);
    e->by_t = !p->ranked && isfinite(e->t.p);
    e->identical = p->n > 0;
    for (size_t i = 0; i < p->n; i++)
        e->identical &= p->better[i] == 0;
    e->signflip = rg_signflip(p->difference, p->n, 0);
    e->wilcoxon = wilcoxon(p->better, p->n);
    e->hodges_lehmann = rg_hodges_lehmann(p->difference, p->n, analysis->alpha);
    e->superiority = rg_p_superior(p->better, p->n, analysis->alpha);
    e->effect_size = rg_cohens_d(p->difference, p->n);
    e->tost_p = rg_tost(p->difference, p->n, analysis->margin, analysis->alpha).p;
    find_cases(e, arena);
    run_exact_tests(e, arena);
    if (p->told < 2)
        drop_tests(e);
    plan_ahead(e);
    find_hinge(e, arena);
}
