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
 *   fragile       instead of supported (of equivalent for '='): the t test rejects, but sign
 * flips or Wilcoxon have p >= alpha although n allows less inconclusive  everything else
 *
 * For, against and equal are three families, corrected each by itself.  A claim has at most one
 * true null among them: a difference cannot be both 0 and beyond the margin.  The chance of any
 * false verdict in a study therefore stays below alpha with Bonferroni's correction; with
 * Holm's it stays below alpha within each family.  Which test gives the p is decided in
 * verdict_evidence.c. */
#include "lab/study/verdict.h"

#include <math.h>
#include <string.h>

#define MEANINGFUL .75

static bool exact_tests_disagree(const rg_evidence *e)
{
    double alpha = e->options->analysis.alpha;
    return e->by_t && e->smallest_exact < alpha && e->exact_p >= alpha;
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

static void correct(rg_evidence *evidence, size_t n, rg_correction correction, rg_arena *arena)
{
    double *p = RG_ARENA_ARRAY(arena, double, n + 1);
    for (int which = 0; which < RG_CASES; which++) {
        for (size_t i = 0; i < n; i++)
            p[i] = evidence[i].p[which];
        rg_adjust(adjustment(correction), p, n, p);
        for (size_t i = 0; i < n; i++)
            evidence[i].corrected[which] = p[i];
    }
}

/* ---- As data */

static json_t *interval_json(double lo, double hi)
{
    if (!isfinite(lo) || !isfinite(hi))
        return json_null();
    return json_pack("[o, o]", rg_json_real(lo), rg_json_real(hi));
}

static json_t *differences_json(const rg_pairs *p)
{
    json_t *list = json_array();
    for (size_t i = 0; i < p->n; i++)
        json_array_append_new(list,
                              json_pack("{s:I, s:o, s:o, s:o}", "seed", (json_int_t)p->seed[i],
                                        "a", rg_json_real(p->a[i]), "b", rg_json_real(p->b[i]),
                                        "difference", rg_json_real(p->difference[i])));
    return list;
}

static void set_real(json_t *object, const char *key, double value)
{
    json_object_set_new(object, key, rg_json_real(value));
}

static void set_estimates(json_t *o, const rg_evidence *e)
{
    set_real(o, "estimate", e->t.mean);
    json_object_set_new(o, "interval", interval_json(e->t.lo, e->t.hi));
    set_real(o, "effect_size", e->effect_size);
    set_real(o, "p_superior", e->superiority.p);
    json_object_set_new(o, "p_superior_interval",
                        interval_json(e->superiority.lo, e->superiority.hi));
    set_real(o, "hodges_lehmann", e->hodges_lehmann.estimate);
}

static void set_tests(json_t *o, const rg_evidence *e)
{
    set_real(o, "p", e->by_t ? e->p[RG_CASE_FOR] : NAN);
    set_real(o, "p_corrected", e->corrected[RG_CASE_FOR]);
    set_real(o, "p_signflip", e->signflip.p);
    set_real(o, "p_wilcoxon", e->wilcoxon.p);
    set_real(o, "tost_p", e->tost_p);
    json_object_set_new(
        o, "methods",
        json_pack("{s:s, s:s, s:s}", "decides", e->by_t ? "t" : "wilcoxon", "signflip",
                  e->signflip.exact ? "exact" : "random", "wilcoxon",
                  e->wilcoxon.exact ? "exact, zeros by Pratt" : "normal, zeros by Pratt"));
}

static const char *relation_sign(rg_relation relation)
{
    static const char *const sign[] = {
        [RG_BETTER] = ">", [RG_EQUAL] = "=", [RG_NOT_WORSE] = ">="};
    return sign[relation];
}

static json_t *claim_json(const rg_evidence *e, rg_arena *arena)
{
    bool open = !strcmp(e->verdict, "inconclusive") || !strcmp(e->verdict, "fragile");
    bool more = open && e->seeds_needed > (double)e->pairs.n;
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "claim", e->claim->text, "a", e->a,
                          "b", e->b, "relation", relation_sign(e->claim->relation), "verdict",
                          e->verdict, "meaningful", e->superiority.p >= MEANINGFUL);
    set_estimates(o, e);
    set_tests(o, e);
    json_object_set_new(o, "n", json_integer((json_int_t)e->pairs.n));
    set_real(o, "mde", e->detectable);
    json_object_set_new(o, "seeds_needed",
                        more ? json_integer((json_int_t)e->seeds_needed) : json_null());
    json_object_set_new(o, "differences", differences_json(&e->pairs));
    json_object_set_new(o, "sentence", json_string(rg_verdict_sentence(e, arena)));
    json_object_set_new(o, "notes", rg_verdict_notes(e));
    return o;
}

json_t *rg_verdicts(const rg_scores *arms, size_t n_arms, const rg_claim *claims,
                    size_t n_claims, const rg_verdict_options *options)
{
    rg_arena *arena = rg_arena_new();
    rg_evidence *evidence = RG_ARENA_ARRAY(arena, rg_evidence, n_claims + 1);
    const rg_analysis *analysis = &options->analysis;
    bool corrected = analysis->correction != RG_NO_CORRECTION;
    for (size_t i = 0; i < n_claims; i++) {
        if (claims[i].a >= n_arms || claims[i].b >= n_arms)
            RG_BUG("claim %zu names arm %zu or %zu of %zu", i, claims[i].a, claims[i].b,
                   n_arms);
        evidence[i].options = options;
        evidence[i].claim = &claims[i];
        evidence[i].n_claims = n_claims;
        evidence[i].planned_alpha = analysis->alpha / (corrected ? (double)n_claims : 1);
        rg_evidence_gather(&evidence[i], &arms[claims[i].a], &arms[claims[i].b], arena);
    }
    correct(evidence, n_claims, analysis->correction, arena);
    json_t *list = json_array();
    for (size_t i = 0; i < n_claims; i++) {
        evidence[i].verdict = judge(&evidence[i]);
        json_array_append_new(list, claim_json(&evidence[i], arena));
    }
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
                     interval_json(t.lo, t.hi), "values", values);
}
