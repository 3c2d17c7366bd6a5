/* verdict_sequential.c - pairs by seed that were added while the scores were looked at.
 *
 * A fixed-n p value is used up by the first look: looked at after every seed from 3 to 12, a
 * paired t test at 5 % cries wolf in 19 % of studies.  The t e-process (rigor/bayes.h, g = 1)
 * may be looked at whenever and as often as one likes: its interval at level alpha / m, m the
 * number of claims, covers the true difference at all looks at once, with probability
 * 1 - alpha / m.  Every verdict is read off that one interval:
 *
 *   A > B    supported   it lies above 0, which is E(0) > m / alpha with A ahead
 *            refuted     it lies below 0
 *            equivalent  it lies inside the margin (where one is declared)
 *   A = B    equivalent  it lies inside the margin
 *            refuted     it lies beyond the margin, on either side
 *   A >= B   supported   it lies above -margin
 *            refuted     it lies below -margin
 *   any      inconclusive  everything else, and whatever has no interval
 *
 * A false verdict of any kind needs an interval that leaves out the truth, so the chance that a
 * study gives one, over all its claims and looks, is below alpha (Bonferroni's inequality;
 * Holm's steps would be valid, too, but then a verdict would contradict its interval).  The
 * tests of fixed n stand beside as description and decide nothing; there is no "fragile". */
#include "lab/study/verdict.h"

#include "rigor/bayes.h"

#include <math.h>

#define G 1.0 /* variance of the prior on the effect, in sd^2; fixed before the first look */
#define POWER .8
enum { MOST_SEEDS = 1000 };

static bool applies(const rg_evidence *e)
{
    return e->options->sequential && e->scores.paired;
}

/* The p of fixed n, with the anytime-valid interval. */
static rg_t_result test(const rg_evidence *e, const rg_block *block, rg_orientation how,
                        double null, double alpha)
{
    const double *values = rg_pair_values(&block->pairs, how);
    rg_t_result t = rg_t_test(values, block->pairs.n, null, alpha);
    rg_anytime_interval anytime = rg_t_anytime(values, block->pairs.n, G, e->planned_alpha);
    t.lo = anytime.lo;
    t.hi = anytime.hi;
    return t;
}

static double evidence_against(const rg_evidence *e, double null)
{
    const rg_pairs *pairs = &e->scores.all.pairs;
    return rg_t_evidence(pairs->better, pairs->n, null, G);
}

/* Against the value of the difference that is hardest to reject among those that the verdict
 * has to rule out: 0, the margin that is nearer, or the loss that is allowed. */
static double evidence_of(const rg_evidence *e)
{
    double margin = e->options->analysis.margin;
    switch (e->claim->relation) {
    case RG_BETTER: return evidence_against(e, 0);
    case RG_EQUAL: return fmin(evidence_against(e, -margin), evidence_against(e, margin));
    case RG_NOT_WORSE: return evidence_against(e, -margin);
    }
    return NAN;
}

static void describe(rg_evidence *e, rg_arena *arena)
{
    rg_situation_pairs.describe(e, arena);
    e->smallest_exact = NAN; /* no exact test takes part */
    e->anytime.value = evidence_of(e);
    e->anytime.threshold = 1 / e->planned_alpha;
    e->anytime.lo = e->t.lo;
    e->anytime.hi = e->t.hi;
}

static const char *judge_interval(const rg_evidence *e, double lo, double hi)
{
    double margin = rg_evidence_has_margin(e) ? e->options->analysis.margin : NAN;
    bool inside = lo > -margin && hi < margin;
    switch (e->claim->relation) {
    case RG_BETTER:
        return lo > 0 ? "supported" : hi < 0 ? "refuted" : inside ? "equivalent" : NULL;
    case RG_EQUAL:
        return inside ? "equivalent" : lo > margin || hi < -margin ? "refuted" : NULL;
    case RG_NOT_WORSE: return lo > -margin ? "supported" : hi < -margin ? "refuted" : NULL;
    }
    return NULL;
}

/* p_corrected is the p that may be looked at, 1 / E, times the number of claims; the other p
 * values of the cases are not to be quoted as if they decided. */
static const char *judge(rg_evidence *e)
{
    double p = 1 / (e->anytime.value * e->planned_alpha) * e->options->analysis.alpha;
    for (int which = 0; which < RG_CASES; which++)
        e->corrected[which] = p > 1 ? 1 : p;
    e->p[RG_CASE_EQUAL] = NAN;
    const char *verdict = e->by_test ? judge_interval(e, e->oriented.lo, e->oriented.hi) : NULL;
    return verdict ? verdict : "inconclusive";
}

/* ---- What could have been seen */

static double power_wanted(const rg_evidence *e)
{
    return e->claim->relation == RG_EQUAL ? (1 + POWER) / 2 : POWER;
}

static bool shown_by(const rg_evidence *e, size_t n, double effect)
{
    return rg_t_anytime_power(n, G, e->planned_alpha, effect) >= power_wanted(e);
}

/* The smallest number of seeds that show an effect in sd; power grows with their number. */
static double seeds_for(const rg_evidence *e, double effect)
{
    size_t lo = e->units, hi = MOST_SEEDS;
    if (!shown_by(e, hi, effect))
        return NAN;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (shown_by(e, middle, effect))
            hi = middle;
        else
            lo = middle + 1;
    }
    return (double)lo;
}

static void plan(rg_evidence *e)
{
    e->detectable = rg_t_anytime_effect(e->units, G, e->planned_alpha, power_wanted(e)) *
                    e->precision.spread;
    e->needed = seeds_for(e, rg_evidence_distance(e) / e->precision.spread);
}

/* ---- Words */

static const char *number(const rg_evidence *e, double value, char out[32])
{
    rg_text_rounded(out, value, .5 * (e->anytime.hi - e->anytime.lo));
    return out;
}

static void add_interval(rg_str *s, const rg_evidence *e)
{
    char lo[32], hi[32];
    double coverage = 100 * (1 - e->planned_alpha);
    if (!e->by_test)
        rg_str_add(s, "no interval exists");
    else if (isinf(e->anytime.lo))
        rg_str_printf(s, "too few for an interval at %.4g %%", coverage);
    else
        rg_str_printf(s, "anytime-valid %.4g %% %s %s to %s", coverage,
                      rg_interval_words(e->t.mean), number(e, e->anytime.lo, lo),
                      number(e, e->anytime.hi, hi));
}

static void say_finding(rg_str *s, const rg_evidence *e)
{
    if (e->scores.ranked) {
        rg_str_printf(s,
                      "%s is the better one with %zu of %zu seeds, but not every run has a "
                      "score, so that no mean exists",
                      e->a, e->superiority.wins, e->units);
        return;
    }
    rg_say_difference(s, e);
    rg_str_printf(s, " on average over %zu seeds (", e->units);
    add_interval(s, e);
    rg_str_add(s, ")");
}

static void say_reason(rg_str *s, const rg_evidence *e)
{
    if (e->units + e->scores.lost.n >= e->options->seeds_max)
        rg_str_add(s, "; the study allows no more seeds");
}

static void say_basis(rg_str *s, const rg_evidence *e)
{
    rg_str_printf(s, "%zu seeds, looked at on the way,", e->units);
}

static void note(json_t *notes, const rg_evidence *e)
{
    rg_json_say(notes, "Seeds were added while looking, and the t e-process, whose level holds "
                       "at all looks together, decides. The p values of the t test, sign flips "
                       "and Wilcoxon take the number of seeds as fixed: they describe.");
    double alpha = e->options->analysis.alpha;
    if (e->planned_alpha < alpha)
        rg_json_say(notes,
                    "The interval is at %.4g %%, so that those of all %zu claims hold together "
                    "with %.4g %%.",
                    100 * (1 - e->planned_alpha), e->n_claims, 100 * (1 - alpha));
}

static void set_keys(json_t *claim, const rg_evidence *e)
{
    json_object_set_new(claim, "anytime",
                        json_pack("{s:o, s:o, s:o}", "evidence", rg_json_real(e->anytime.value),
                                  "threshold", rg_json_real(e->anytime.threshold), "interval",
                                  rg_interval_json(e->anytime.lo, e->anytime.hi)));
}

const rg_situation rg_situation_sequential = {
    .name = "sequential",
    .decides = "e-process",
    .one_set = true,
    .words = {.test = "the t e-process",
              .robust = "",
              .unit = "seed",
              .units = "seeds",
              .chance = "seed",
              .luck = "the luck of the seeds",
              .more = "seeds",
              .no_spread = "The difference is the same with every seed: the t e-process needs "
                           "some spread and does not exist here"},
    .applies = applies,
    .test = test,
    .describe = describe,
    .say_basis = say_basis,
    .note = note,
    .set_keys = set_keys,
    .judge = judge,
    .plan = plan,
    .say_finding = say_finding,
    .say_reason = say_reason,
};
