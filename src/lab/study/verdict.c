/* verdict.c - one verdict for each declared claim.
 *
 * The rules, in the order in which they are tried; every p is corrected over the declared
 * claims:
 *
 *   A > B    supported   two-sided p < alpha and A is ahead
 *            refuted     two-sided p < alpha and B is ahead
 *            equivalent  both one-sided tests against the margin reject (where one is declared)
 *   A = B    equivalent  both one-sided tests against the margin reject
 *            refuted     the difference is beyond the margin, two-sided
 *   A >= B   supported   the difference is above -margin, one-sided
 *            refuted     it is below -margin, one-sided
 *   any      fragile     instead of supported ('=': of equivalent): the test that decides
 *                        rejects, but those that assume less have p >= alpha although n
 *                        allows less
 *   any      inconclusive  everything else
 *
 * For, against and equal are three families, corrected each by itself.  A claim has at most one
 * true null among them: a difference cannot be both 0 and beyond the margin.  The chance of any
 * false verdict in a study therefore stays below alpha with Bonferroni's correction; with
 * Holm's it stays below alpha within each family.  Which test gives the p is decided in
 * verdict_evidence.c.
 *
 * Claims that are exploratory are corrected among themselves by Benjamini and Hochberg: the
 * share of false ones among those found stays below alpha, which is less than what is promised
 * of declared claims, and every line about them says so. */
#include "lab/study/verdict.h"

#include <math.h>

static bool exact_tests_disagree(const rg_evidence *e)
{
    double alpha = e->options->analysis.alpha;
    return e->by_test && e->smallest_exact < alpha && e->exact_p >= alpha;
}

static const char *judge(const rg_evidence *e)
{
    double alpha = e->options->analysis.alpha;
    bool ahead = e->sides.above < e->sides.below;
    bool better = e->claim->relation == RG_BETTER;
    if (e->corrected[RG_CASE_FOR] < alpha && (ahead || !better)) {
        if (exact_tests_disagree(e))
            return "fragile";
        return e->claim->relation == RG_EQUAL ? "equivalent" : "supported";
    }
    if (e->corrected[RG_CASE_AGAINST] < alpha)
        return "refuted";
    return e->corrected[RG_CASE_EQUAL] < alpha ? "equivalent" : "inconclusive";
}

static rg_adjustment adjustment(rg_correction correction)
{
    static const rg_adjustment table[] = {
        [RG_HOLM] = RG_ADJUST_HOLM,
        [RG_BONFERRONI] = RG_ADJUST_BONFERRONI,
        [RG_NO_CORRECTION] = RG_ADJUST_NONE,
    };
    return table[correction];
}

/* One family: the declared claims, or those that are exploratory. */
static void correct(rg_evidence *evidence, size_t n, rg_adjustment method, rg_arena *arena)
{
    double *p = RG_ARENA_ARRAY(arena, double, n + 1);
    for (int which = 0; which < RG_CASES; which++) {
        for (size_t i = 0; i < n; i++)
            p[i] = evidence[i].p[which];
        rg_adjust(method, p, n, p);
        for (size_t i = 0; i < n; i++)
            evidence[i].corrected[which] = p[i];
    }
}

json_t *rg_verdicts_of(rg_evidence *evidence, size_t n, rg_arena *arena)
{
    json_t *list = json_array();
    size_t declared = 0;
    while (declared < n && !evidence[declared].explored)
        declared++;
    if (declared)
        correct(evidence, declared, adjustment(evidence[0].options->analysis.correction),
                arena);
    correct(evidence + declared, n - declared, RG_ADJUST_BENJAMINI_HOCHBERG, arena);
    for (size_t i = 0; i < n; i++) {
        const rg_situation *situation = evidence[i].situation;
        evidence[i].verdict =
            situation->judge ? situation->judge(&evidence[i]) : judge(&evidence[i]);
        json_array_append_new(list, rg_verdict_json(&evidence[i], arena));
    }
    return list;
}

static void set_family(rg_evidence *e, size_t claims)
{
    const rg_analysis *analysis = &e->options->analysis;
    bool corrected = e->explored || analysis->correction != RG_NO_CORRECTION;
    e->n_claims = claims;
    e->planned_alpha = analysis->alpha / (corrected ? (double)claims : 1);
}

json_t *rg_verdicts(const rg_scores *arms, size_t n_arms, const rg_claim *claims,
                    size_t n_claims, const rg_verdict_options *options)
{
    rg_arena *arena = rg_arena_new();
    rg_evidence *evidence = RG_ARENA_ARRAY(arena, rg_evidence, n_claims + 1);
    rg_known_power *known = RG_ARENA_ARRAY(arena, rg_known_power, 1);
    size_t declared = n_claims - options->n_explored;
    for (size_t i = 0; i < n_claims; i++) {
        if (claims[i].a >= n_arms || claims[i].b >= n_arms)
            RG_BUG("claim %zu names arm %zu or %zu of %zu", i, claims[i].a, claims[i].b,
                   n_arms);
        evidence[i].options = options;
        evidence[i].claim = &claims[i];
        evidence[i].explored = i >= declared;
        evidence[i].known = known;
        set_family(&evidence[i], i < declared ? declared : options->n_explored);
        rg_evidence_gather(&evidence[i], &arms[claims[i].a], &arms[claims[i].b], arena);
    }
    json_t *list = rg_verdicts_of(evidence, n_claims, arena);
    rg_arena_free(arena);
    return list;
}

json_t *rg_summary_json(const double *value, size_t n, double alpha)
{
    rg_t_result t = rg_t_test(value, n, 0, alpha);
    json_t *values = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(values, rg_json_real(value[i]));
    return json_pack("{s:o, s:o, s:I, s:o, s:o}", "mean", rg_json_real(t.mean), "sd",
                     rg_json_real(t.sd), "n", (json_int_t)n, "interval",
                     rg_interval_json(t.lo, t.hi), "values", values);
}
