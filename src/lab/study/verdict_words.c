/* verdict_words.c - a verdict in plain words: one sentence for everybody.
 *
 * Numbers carry as many digits as their interval justifies.  Differences are told by their size
 * and direction ("accuracy is lower by 0.013"); intervals are those of A - B, with their signs,
 * so that sentences and tables show the same numbers. */
#include "lab/study/verdict.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MANY 1000

/* "p = 0.012", "p = 0.43", "p < 0.001", as in the report's tables. */
const char *rg_p_words(double p, char out[32])
{
    if (p < .001)
        return strcpy(out, "p < 0.001");
    snprintf(out, 32, p < .1 ? "p = %.3f" : "p = %.2f", p);
    return out;
}

static const char *number(const rg_evidence *e, double value, char out[32])
{
    rg_text_rounded(out, value, .5 * (e->t.hi - e->t.lo));
    return out;
}

static const char *correction_name(const rg_evidence *e)
{
    if (e->explored)
        return "Benjamini and Hochberg's";
    return e->options->analysis.correction == RG_HOLM ? "Holm's" : "Bonferroni's";
}

static bool is_corrected(const rg_evidence *e)
{
    bool corrected = e->explored || e->options->analysis.correction != RG_NO_CORRECTION;
    return e->n_claims > 1 && corrected;
}

/* "p = 0.012 after Holm's correction over 3 claims" */
static void add_corrected_p(rg_str *s, const rg_evidence *e, rg_case which)
{
    char p[32];
    if (which == RG_CASE_EQUAL)
        rg_str_add(s, "equivalence test "); /* not the p of the difference */
    rg_str_add(s, rg_p_words(e->corrected[which], p));
    if (is_corrected(e))
        rg_str_printf(s, " after %s correction over %zu claims", correction_name(e),
                      e->n_claims);
}

static void add_basis(rg_str *s, const rg_evidence *e, const char *before, const char *after)
{
    rg_str_add(s, before);
    e->situation->say_basis(s, e);
    rg_str_add(s, after);
}

/* "accuracy is higher by 0.0132", from where A stands */
void rg_say_difference(rg_str *s, const rg_evidence *e)
{
    char size[32];
    const char *way = e->t.mean > 0 ? "higher" : "lower";
    rg_text_size(size, fabs(e->t.mean), .5 * (e->t.hi - e->t.lo));
    if (e->t.mean == 0)
        rg_str_printf(s, "%s does not differ", e->options->metric);
    else
        rg_str_printf(s, "%s is %s by %s", e->options->metric, way, size);
}

/* The words before an interval of A - B, which keeps its sign in sentences as in tables. */
const char *rg_interval_words(double estimate)
{
    return estimate < 0 ? "interval of the difference" : "interval";
}

/* "95 % interval 0.0081 to 0.0183".  Against a margin the interval that decides is the one at
 * 1 - 2 alpha. */
static void add_interval(rg_str *s, const rg_evidence *e, rg_case which)
{
    char lo[32], hi[32];
    bool against_margin = e->claim->relation != RG_BETTER || which == RG_CASE_EQUAL;
    const rg_t_result *t = against_margin ? &e->narrow : &e->t;
    double alpha = e->options->analysis.alpha * (against_margin ? 2 : 1);
    rg_str_printf(s, "%g %% %s %s to %s", 100 * (1 - alpha), rg_interval_words(t->mean),
                  number(e, t->lo, lo), number(e, t->hi, hi));
}

static void add_estimate(rg_str *s, const rg_evidence *e, rg_case which)
{
    const char *estimate = e->situation->words.estimate;
    rg_say_difference(s, e);
    if (estimate)
        rg_str_printf(s, " (%s", estimate);
    add_basis(s, e, estimate ? " over " : " on average over ", estimate ? "; " : " (");
    if (e->by_test) {
        add_interval(s, e, which);
        rg_str_add(s, "; ");
    }
    add_corrected_p(s, e, which);
    rg_str_add(s, ")");
}

/* "it is the better one with 7 of 8 seeds" */
static void add_wins(rg_str *s, const rg_evidence *e, const char *who)
{
    const rg_superiority *u = &e->superiority;
    if (u->n > 0)
        rg_str_printf(s, "%s is the better one with %zu of %zu %s", who, u->wins, u->n,
                      e->situation->words.units);
    else
        rg_str_printf(s, "%s is the better one in %.0f %% of all pairings of runs", who,
                      100 * u->p);
}

/* Without means: how often, and by which test. */
static void add_counts(rg_str *s, const rg_evidence *e, rg_case which)
{
    const rg_superiority *u = &e->superiority;
    add_wins(s, e, e->a);
    if (u->ties)
        rg_str_printf(s, " (%zu equal)", u->ties);
    rg_str_printf(s, " (%s, ", e->situation->ranks.test);
    add_corrected_p(s, e, which);
    rg_str_add(s, ")");
}

static void add_finding(rg_str *s, const rg_evidence *e, rg_case which)
{
    if (e->situation->say_finding)
        e->situation->say_finding(s, e);
    else if (e->scores.ranked)
        add_counts(s, e, which);
    else
        add_estimate(s, e, which);
}

static const char *margin_text(const rg_evidence *e, char out[32])
{
    snprintf(out, 32, "%.6g", e->options->analysis.margin);
    return out;
}

static void say_supported(rg_str *s, const rg_evidence *e)
{
    char margin[32];
    const rg_superiority *u = &e->superiority;
    if (e->claim->relation == RG_NOT_WORSE)
        rg_str_printf(s, "%s is not worse than %s by more than the margin of %s: ", e->a, e->b,
                      margin_text(e, margin));
    else
        rg_str_printf(s, "%s is better than %s: ", e->a, e->b);
    add_finding(s, e, RG_CASE_FOR);
    if (e->claim->relation == RG_BETTER && !e->scores.ranked) {
        rg_str_add(s, "; ");
        add_wins(s, e, "it");
        if (u->p < .75)
            rg_str_printf(s,
                          e->situation->words.chance
                              ? ", so that the luck of the %s weighs more than the choice"
                              : ", so that it depends on the %s which one is better",
                          e->situation->words.chance ? e->situation->words.chance
                                                     : e->situation->words.unit);
    }
    rg_str_add(s, ".");
}

static void say_refuted(rg_str *s, const rg_evidence *e)
{
    char margin[32];
    static const char *const words[] = {
        [RG_BETTER] = "%s is not better than %s but worse: ",
        [RG_EQUAL] = "%s and %s differ by more than the margin of %s: ",
        [RG_NOT_WORSE] = "%s is worse than %s by more than the margin of %s: ",
    };
    rg_str_printf(s, words[e->claim->relation], e->a, e->b, margin_text(e, margin));
    add_finding(s, e, RG_CASE_AGAINST);
    rg_str_add(s, ".");
}

static void say_equivalent(rg_str *s, const rg_evidence *e)
{
    char margin[32];
    rg_case which = e->claim->relation == RG_EQUAL ? RG_CASE_FOR : RG_CASE_EQUAL;
    rg_str_printf(s, "%s and %s are equivalent within the margin of %s: ", e->a, e->b,
                  margin_text(e, margin));
    add_finding(s, e, which);
    rg_str_add(s, ".");
}

static void say_fragile(rg_str *s, const rg_evidence *e)
{
    char p[32];
    rg_str_printf(s, "The tests disagree on %s: ", e->claim->text);
    add_finding(s, e, RG_CASE_FOR);
    rg_str_printf(s, " by %s, but the tests that assume less (%s) reach only %s.",
                  e->situation->words.test, e->situation->words.robust,
                  rg_p_words(e->exact_p, p));
    if (e->hinge_name)
        rg_str_printf(s, " Look at %s: without it %s has %s.", e->hinge_name,
                      e->situation->words.test, rg_p_words(e->hinge_p, p));
}

/* Why the evidence is not enough: the one reason that a reader would stumble over first. */
static void add_reason(rg_str *s, const rg_evidence *e)
{
    char margin[32], p[32];
    double alpha = e->options->analysis.alpha;
    if (e->situation->say_reason)
        e->situation->say_reason(s, e);
    else if (e->claim->relation == RG_BETTER && e->p[RG_CASE_FOR] < alpha)
        rg_str_printf(s, "; alone that would do (%s), among %zu claims it does not",
                      rg_p_words(e->p[RG_CASE_FOR], p), e->n_claims);
    else if (!e->by_test && e->smallest_exact >= alpha)
        add_basis(s, e, "; with ", " no exact test can settle it");
    else if (e->claim->relation == RG_BETTER)
        rg_str_printf(s, ", which %s explains as well", e->situation->words.luck);
    else
        rg_str_printf(s, "; that does not settle whether %s within the margin of %s",
                      e->claim->relation == RG_EQUAL ? "they are equal" : "it is no loss",
                      margin_text(e, margin));
}

/* What could have been seen, and what it would take. */
static void add_outlook(rg_str *s, const rg_evidence *e)
{
    char size[32];
    static const char *const words[] = {
        [RG_BETTER] = "a difference of about %s or more",
        [RG_EQUAL] = "equality within about %s or more",
        [RG_NOT_WORSE] = "a distance of about %s or more from the margin",
    };
    if (!isfinite(e->detectable))
        return;
    rg_text_rounded(size, e->detectable, e->detectable);
    add_basis(s, e, " With ", " only ");
    rg_str_printf(s, words[e->claim->relation], size);
    rg_str_add(s, " is found reliably (in 80 % of studies)");
    if (e->needed <= MANY)
        rg_str_printf(s, "; settling what is seen here would take about %.0f %s", e->needed,
                      e->situation->words.more);
    else if (e->claim->relation == RG_BETTER && e->precision.grows && e->precision.have < MANY)
        rg_str_printf(s, "; settling what is seen here would take more than %d %s", MANY,
                      e->situation->words.more);
    rg_str_add(s, ".");
}

/* Cases in which no test can say anything; false when none applies. */
static bool say_untestable(rg_str *s, const rg_evidence *e)
{
    size_t lost = e->scores.lost.n;
    bool needs_margin = e->claim->relation != RG_BETTER && !rg_evidence_has_margin(e);
    if (e->n == 0 && lost == 0)
        rg_str_printf(s, "Not settled: %s and %s have no seed in common.", e->a, e->b);
    else if (e->units == 0)
        rg_str_printf(s, "Not settled: every run of %s and of %s failed.", e->a, e->b);
    else if (e->units == 1 && lost > 0)
        rg_str_printf(s, "Not settled: %s and %s both failed with all %s but one.", e->a, e->b,
                      e->situation->words.units);
    else if (e->units == 1)
        rg_str_printf(s, "Not settled: one %s cannot tell a difference from luck.",
                      e->situation->words.unit);
    else if (needs_margin)
        rg_str_printf(
            s,
            "Not settled: %s cannot be judged without a margin, the largest difference "
            "that does not matter.",
            e->claim->text);
    else if (e->identical)
        rg_str_printf(s, "Not settled: %s and %s score the same with each of the %zu %s.", e->a,
                      e->b, e->units, e->situation->words.units);
    else if (isnan(e->p[RG_CASE_FOR]) && e->by_test)
        rg_str_printf(s, "Not settled: runs of both arms failed, which leaves %s open.",
                      e->claim->text);
    else if (isnan(e->p[RG_CASE_FOR]))
        rg_str_printf(s, "Not settled: no test can decide %s here.", e->claim->text);
    else
        return false;
    return true;
}

static void say_inconclusive(rg_str *s, const rg_evidence *e)
{
    if (say_untestable(s, e))
        return;
    rg_str_printf(s, "Not settled whether %s is %s %s: ", e->a,
                  e->claim->relation == RG_BETTER  ? "better than"
                  : e->claim->relation == RG_EQUAL ? "equal to"
                                                   : "not worse than",
                  e->b);
    add_finding(s, e, RG_CASE_FOR);
    add_reason(s, e);
    rg_str_add(s, ".");
    add_outlook(s, e);
}

char *rg_verdict_sentence(const rg_evidence *e, rg_arena *arena)
{
    static const struct {
        const char *verdict;
        void (*say)(rg_str *s, const rg_evidence *e);
    } table[] = {
        {"supported", say_supported},       {"refuted", say_refuted},
        {"equivalent", say_equivalent},     {"fragile", say_fragile},
        {"inconclusive", say_inconclusive},
    };
    rg_str s = {0};
    rg_str_add(&s, e->explored ? "Exploratory: " : "");
    for (size_t i = 0; i < RG_COUNT(table); i++) {
        if (strcmp(table[i].verdict, e->verdict) == 0)
            table[i].say(&s, e);
    }
    char *text = rg_arena_strdup(arena, rg_str_text(&s));
    rg_str_free(&s);
    return text;
}
