/* verdict_words.c - a verdict in plain words: one sentence for everybody, notes for the
 * careful.
 *
 * Numbers carry as many digits as their interval justifies.  Differences are told in the
 * direction of the arm that is ahead ("accuracy is higher by 0.013"), never with a sign to be
 * decoded. */
#include "lab/study/verdict.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MANY_SEEDS 1000

/* "p = 0.012", "p = 0.43", "p < 0.001", as in the report's tables. */
static const char *p_text(double p, char out[32])
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

static const char *correction_name(rg_correction correction)
{
    return correction == RG_HOLM ? "Holm's" : "Bonferroni's";
}

static bool is_corrected(const rg_evidence *e)
{
    return e->n_claims > 1 && e->options->analysis.correction != RG_NO_CORRECTION;
}

/* "p = 0.012 after Holm's correction over 3 claims" */
static void add_corrected_p(rg_str *s, const rg_evidence *e, rg_case which)
{
    char p[32];
    if (which == RG_CASE_EQUAL)
        rg_str_add(s, "equivalence test "); /* not the p of the difference */
    rg_str_add(s, p_text(e->corrected[which], p));
    if (is_corrected(e))
        rg_str_printf(s, " after %s correction over %zu claims",
                      correction_name(e->options->analysis.correction), e->n_claims);
}

/* "accuracy is higher by 0.0132", from where A stands */
static void add_difference(rg_str *s, const rg_evidence *e)
{
    char size[32];
    const char *way = e->t.mean > 0 ? "higher" : "lower";
    if (e->t.mean == 0)
        rg_str_printf(s, "%s does not differ", e->options->metric);
    else
        rg_str_printf(s, "%s is %s by %s", e->options->metric, way,
                      number(e, fabs(e->t.mean), size));
}

/* "95 % interval 0.0081 to 0.0183", of the difference as add_difference tells it.  Against a
 * margin the interval that decides is the one at 1 - 2 alpha. */
static void add_interval(rg_str *s, const rg_evidence *e, rg_case which)
{
    char lo[32], hi[32];
    bool against_margin = e->claim->relation != RG_BETTER || which == RG_CASE_EQUAL;
    const rg_t_result *t = against_margin ? &e->narrow : &e->t;
    double alpha = e->options->analysis.alpha * (against_margin ? 2 : 1);
    bool down = t->mean < 0;
    rg_str_printf(s, "%g %% interval %s to %s", 100 * (1 - alpha),
                  number(e, down ? -t->hi : t->lo, lo), number(e, down ? -t->lo : t->hi, hi));
}

static void add_mean_difference(rg_str *s, const rg_evidence *e, rg_case which)
{
    add_difference(s, e);
    rg_str_printf(s, " on average over %zu seeds (", e->pairs.n);
    if (e->by_t) {
        add_interval(s, e, which);
        rg_str_add(s, "; ");
    }
    add_corrected_p(s, e, which);
    rg_str_add(s, ")");
}

/* Without means: how often, and by which test. */
static void add_counts(rg_str *s, const rg_evidence *e, rg_case which)
{
    const rg_superiority *u = &e->superiority;
    rg_str_printf(s, "%s is the better one with %zu of %zu seeds", e->a, u->wins, u->n);
    if (u->ties)
        rg_str_printf(s, " (%zu equal)", u->ties);
    rg_str_add(s, " (exact Wilcoxon test, ");
    add_corrected_p(s, e, which);
    rg_str_add(s, ")");
}

static void add_finding(rg_str *s, const rg_evidence *e, rg_case which)
{
    if (e->pairs.ranked)
        add_counts(s, e, which);
    else
        add_mean_difference(s, e, which);
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
    if (e->claim->relation == RG_BETTER && !e->pairs.ranked)
        rg_str_printf(s, "; it is the better one with %zu of %zu seeds%s", u->wins, u->n,
                      u->p < .75 ? ", so that the luck of the seed weighs more than the choice"
                                 : "");
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
    rg_str_printf(
        s,
        " by the t test, but the tests that assume less (sign flips, Wilcoxon) reach only "
        "%s.",
        p_text(e->exact_p, p));
    if (e->hinge < e->pairs.n)
        rg_str_printf(s, " Look at seed %llu: without it the t test has %s.",
                      (unsigned long long)e->pairs.seed[e->hinge], p_text(e->hinge_p, p));
}

/* Why the evidence is not enough: the one reason that a reader would stumble over first. */
static void add_reason(rg_str *s, const rg_evidence *e)
{
    char margin[32], p[32];
    double alpha = e->options->analysis.alpha;
    if (e->claim->relation == RG_BETTER && e->p[RG_CASE_FOR] < alpha)
        rg_str_printf(s, "; alone that would do (%s), among %zu claims it does not",
                      p_text(e->p[RG_CASE_FOR], p), e->n_claims);
    else if (!e->by_t && e->smallest_exact >= alpha)
        rg_str_printf(s, "; with %zu seeds no exact test can settle it", e->pairs.n);
    else if (e->claim->relation == RG_BETTER)
        rg_str_add(s, ", which the luck of the seeds explains as well");
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
        [RG_BETTER] = " With %zu seeds only a difference of about %s or more is found reliably "
                      "(in 80 %% of studies)",
        [RG_EQUAL] =
            " With %zu seeds only equality within about %s or more is found reliably (in "
            "80 %% of studies)",
        [RG_NOT_WORSE] =
            " With %zu seeds only a distance of about %s or more from the margin is "
            "found reliably (in 80 %% of studies)",
    };
    if (!isfinite(e->detectable))
        return;
    rg_text_rounded(size, e->detectable, e->detectable);
    rg_str_printf(s, words[e->claim->relation], e->pairs.n, size);
    if (e->seeds_needed <= MANY_SEEDS)
        rg_str_printf(s, "; settling what is seen here would take about %.0f seeds",
                      e->seeds_needed);
    else if (e->claim->relation == RG_BETTER)
        rg_str_printf(s, "; settling what is seen here would take more than %d seeds",
                      MANY_SEEDS);
    rg_str_add(s, ".");
}

/* Cases in which no test can say anything; false when none applies. */
static bool say_untestable(rg_str *s, const rg_evidence *e)
{
    size_t n = e->pairs.n;
    bool needs_margin = e->claim->relation != RG_BETTER && !rg_evidence_has_margin(e);
    if (n == 0)
        rg_str_printf(s, "Not settled: %s and %s have no seed in common.", e->a, e->b);
    else if (n == 1)
        rg_str_printf(s, "Not settled: one seed cannot tell a difference from luck.");
    else if (e->pairs.told == 0)
        rg_str_printf(s, "Not settled: every run of %s and of %s failed.", e->a, e->b);
    else if (e->pairs.told == 1)
        rg_str_printf(s, "Not settled: %s and %s both failed with all seeds but one.", e->a,
                      e->b);
    else if (needs_margin)
        rg_str_printf(
            s,
            "Not settled: %s cannot be judged without a margin, the largest difference "
            "that does not matter.",
            e->claim->text);
    else if (e->identical)
        rg_str_printf(s, "Not settled: %s and %s score the same with each of the %zu seeds.",
                      e->a, e->b, n);
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
    for (size_t i = 0; i < RG_COUNT(table); i++) {
        if (strcmp(table[i].verdict, e->verdict) == 0)
            table[i].say(&s, e);
    }
    char *text = rg_arena_strdup(arena, rg_str_text(&s));
    rg_str_free(&s);
    return text;
}

/* ---- Notes */

static void note_failures(json_t *notes, const rg_evidence *e, const char *arm,
                          const uint64_t *seed, size_t n)
{
    if (n == 0)
        return;
    rg_str list = {0};
    for (size_t i = 0; i < n && i < 10; i++)
        rg_str_printf(&list, "%s%llu", i ? ", " : "", (unsigned long long)seed[i]);
    rg_str_add(&list, n > 10 ? ", ..." : "");
    rg_json_say(notes, "%zu %s of %s failed (seed %s) and %s as %s.", n,
                n == 1 ? "run" : "runs", arm, rg_str_text(&list), n == 1 ? "counts" : "count",
                e->pairs.ranked ? "worse than any score" : "the worst value of the metric");
    rg_str_free(&list);
}

static void note_pairs(json_t *notes, const rg_evidence *e)
{
    const rg_pairs *p = &e->pairs;
    note_failures(notes, e, e->a, p->failed_a, p->n_failed_a);
    note_failures(notes, e, e->b, p->failed_b, p->n_failed_b);
    if (p->unpaired_a + p->unpaired_b > 0)
        rg_json_say(notes,
                    "Left out for want of a partner with the same seed: %zu of %s, %zu of %s.",
                    p->unpaired_a, e->a, p->unpaired_b, e->b);
    if (p->n > 0 && p->n < 5)
        rg_json_say(notes, "Exploratory: %zu %s, and a verdict should rest on at least 5.",
                    p->n, p->n == 1 ? "seed" : "seeds");
    else if (e->options->exploratory)
        rg_json_say(notes, "Exploratory: the study was run as such.");
}

static void note_tests(json_t *notes, const rg_evidence *e)
{
    char p[32];
    size_t n = e->pairs.n;
    if (e->pairs.told < 2)
        return;
    if (e->pairs.ranked)
        rg_json_say(
            notes,
            "The metric has no finite worst value, so that means, intervals and the t test "
            "do not exist here; the verdict rests on ranks (exact Wilcoxon test).");
    else if (!e->by_t && !e->identical)
        rg_json_say(
            notes,
            "The difference is the same with every seed: the t test needs some spread and "
            "does not exist here; the verdict rests on the exact Wilcoxon test.");
    if (e->smallest_exact >= e->options->analysis.alpha)
        rg_json_say(
            notes,
            "With %zu seeds the exact tests cannot come below %s whatever the scores are, so "
            "that "
            "they can neither confirm nor contradict the t test.",
            n, p_text(e->smallest_exact, p));
    if (!e->signflip.exact && isfinite(e->signflip.p))
        rg_json_say(notes, "The sign-flip p is estimated from %llu random sign vectors.",
                    (unsigned long long)e->signflip.draws);
}

static void note_decision(json_t *notes, const rg_evidence *e)
{
    char p[32], q[32];
    double alpha = e->options->analysis.alpha;
    bool settled = strcmp(e->verdict, "inconclusive") != 0;
    if (e->p[RG_CASE_EQUAL] < alpha && !settled)
        rg_json_say(
            notes,
            "The equivalence test has %s alone, but %s after correction over %zu claims.",
            p_text(e->p[RG_CASE_EQUAL], p), p_text(e->corrected[RG_CASE_EQUAL], q),
            e->n_claims);
    if (strcmp(e->verdict, "supported") == 0 && e->hinge < e->pairs.n && e->hinge_p >= alpha)
        rg_json_say(notes, "It hangs on seed %llu: without it the t test has %s.",
                    (unsigned long long)e->pairs.seed[e->hinge], p_text(e->hinge_p, p));
}

json_t *rg_verdict_notes(const rg_evidence *e)
{
    json_t *notes = json_array();
    note_pairs(notes, e);
    note_tests(notes, e);
    note_decision(notes, e);
    return notes;
}
