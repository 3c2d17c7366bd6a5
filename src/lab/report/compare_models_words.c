/* compare_models_words.c - a verdict on two fixed models in plain words. */
#include "lab/report/compare_models.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *p_text(double p, char out[32])
{
    if (p < .001)
        return strcpy(out, "p < 0.001");
    snprintf(out, 32, p < .1 ? "p = %.3f" : "p = %.2f", p);
    return out;
}

static double strict_alpha(const rg_model_comparison *c)
{
    bool corrected = c->options->analysis.correction != RG_NO_CORRECTION;
    return c->options->analysis.alpha / (corrected ? (double)c->n_claims : 1);
}

/* "accuracy is higher by 0.031", from where A stands. */
static void add_difference(rg_str *s, const rg_model_comparison *c, const rg_model_pair *pair)
{
    char size[32];
    const rg_interval *i = &pair->interval;
    rg_text_size(size, fabs(i->estimate), .5 * (i->hi - i->lo));
    if (i->estimate == 0)
        rg_str_printf(s, "%s does not differ", c->metric->name);
    else
        rg_str_printf(s, "%s is %s by %s", c->metric->name,
                      i->estimate > 0 ? "higher" : "lower", size);
    rg_str_printf(s, " over %zu examples", c->models->examples);
}

static void add_interval(rg_str *s, const rg_interval *i, double alpha)
{
    char lo[32], hi[32];
    double half = .5 * (i->hi - i->lo);
    rg_text_rounded(lo, i->lo, half);
    rg_text_rounded(hi, i->hi, half);
    rg_str_printf(s, "%.4g %% interval%s %s to %s", 100 * (1 - alpha),
                  i->estimate < 0 ? " of the difference" : "", lo, hi);
}

static void add_p(rg_str *s, const rg_model_comparison *c, const rg_model_pair *pair)
{
    char p[32];
    rg_correction correction = c->options->analysis.correction;
    rg_str_add(s, isnan(pair->corrected) ? "no p, as nothing differs"
                                         : p_text(pair->corrected, p));
    if (c->n_claims > 1 && correction != RG_NO_CORRECTION && !isnan(pair->corrected))
        rg_str_printf(s, " after %s correction over %zu claims",
                      correction == RG_HOLM ? "Holm's" : "Bonferroni's", c->n_claims);
}

/* What decided: "exact McNemar test: 71 examples only a has right, 40 only b; p = 0.004". */
static void add_test(rg_str *s, const rg_model_comparison *c, const rg_model_pair *pair)
{
    double alpha = strict_alpha(c);
    bool margin = pair->claim->relation != RG_BETTER || !strcmp(pair->verdict, "equivalent");
    rg_str_add(s, " (");
    if (margin) {
        add_interval(s, &pair->inside, 2 * alpha);
    } else if (c->metric->test == RG_BY_MCNEMAR) {
        add_interval(s, &pair->interval, c->options->analysis.alpha);
        rg_str_printf(s,
                      "; exact McNemar test, %zu examples that only %s has right and %zu "
                      "that only %s: ",
                      pair->mcnemar.only_a, pair->a, pair->mcnemar.only_b, pair->b);
        add_p(s, c, pair);
    } else if (c->metric->test == RG_BY_DELONG) {
        add_interval(s, &pair->interval, c->options->analysis.alpha);
        rg_str_add(s, "; DeLong's test, ");
        add_p(s, c, pair);
    } else {
        rg_str_add(s, "bootstrap over examples, ");
        add_interval(s, &pair->strict, alpha);
        if (alpha < c->options->analysis.alpha)
            rg_str_printf(s, ", corrected over %zu claims", c->n_claims);
    }
    rg_str_add(s, ")");
}

static void add_opening(rg_str *s, const rg_model_comparison *c, const rg_model_pair *pair)
{
    static const struct {
        const char *verdict;
        const char *words[3]; /* by relation; each takes both names */
    } openings[] = {
        {"supported",
         {"%s is better than %s on this test set: ", "",
          "%s is not worse than %s by more than the margin on this test set: "}},
        {"refuted",
         {"%s is not better than %s on this test set but worse: ",
          "%s and %s differ by more than the margin on this test set: ",
          "%s is worse than %s by more than the margin on this test set: "}},
        {"equivalent",
         {"%s and %s are equivalent within the margin on this test set: ",
          "%s and %s are equivalent within the margin on this test set: ", ""}},
        {"inconclusive",
         {"Not settled whether %s is better than %s on this test set: ",
          "Not settled whether %s and %s are equal on this test set: ",
          "Not settled whether %s is not worse than %s on this test set: "}},
    };
    (void)c;
    for (size_t i = 0; i < RG_COUNT(openings); i++)
        if (strcmp(openings[i].verdict, pair->verdict) == 0)
            rg_str_printf(s, openings[i].words[pair->claim->relation], pair->a, pair->b);
}

char *rg_model_sentence(const rg_model_comparison *c, const rg_model_pair *pair,
                        rg_arena *arena)
{
    rg_str s = {0};
    if (pair->identical) {
        rg_str_printf(&s, "Not settled: %s and %s have the same score on each of %zu examples.",
                      pair->a, pair->b, c->models->examples);
    } else {
        add_opening(&s, c, pair);
        add_difference(&s, c, pair);
        add_test(&s, c, pair);
        rg_str_add(&s, ".");
    }
    rg_str_add(&s, " This is about these two fixed models on this test set, not about the "
                   "methods that made them.");
    char *text = rg_arena_strdup(arena, rg_str_text(&s));
    rg_str_free(&s);
    return text;
}

json_t *rg_model_notes(const rg_model_comparison *c, const rg_model_pair *pair)
{
    enum { FEW = 30 };
    json_t *notes = json_array();
    char p[32];
    size_t n = pair->mcnemar.only_a + pair->mcnemar.only_b;
    if (c->models->examples < FEW && c->metric->test != RG_BY_MCNEMAR)
        rg_json_say(notes,
                    "%zu examples are few: intervals of the bootstrap and of DeLong are too "
                    "narrow below %d or so.",
                    c->models->examples, FEW);
    if (c->metric->test == RG_BY_MCNEMAR && !pair->identical &&
        exp2(1 - (double)n) >= c->options->analysis.alpha)
        rg_json_say(notes,
                    "The models differ in %zu %s: the exact test cannot come below %s whatever "
                    "they are.",
                    n, n == 1 ? "example" : "examples",
                    p_text(fmin(1, exp2(1 - (double)n)), p));
    return notes;
}

char *rg_model_methods(const rg_model_comparison *c, rg_arena *arena)
{
    static const char *const tests[] = {
        "McNemar's exact test on the examples that one of the two models has right",
        "the test of DeLong et al. (1988) for two correlated areas under the ROC curve",
        "the paired bootstrap over examples (percentile interval)"};
    rg_correction correction = c->options->analysis.correction;
    bool exact = c->metric->test != RG_BY_BOOTSTRAP;
    rg_str s = {0};
    rg_str_printf(&s,
                  "%zu fixed models were compared on one test set of %zu examples by their %s, "
                  "with %s at a level of %g",
                  c->models->count, c->models->examples, c->metric->name,
                  tests[c->metric->test], c->options->analysis.alpha);
    if (c->n_claims > 1 && correction != RG_NO_CORRECTION)
        rg_str_printf(&s, ", corrected over %zu claims by %s method", c->n_claims,
                      correction == RG_HOLM && exact ? "Holm's" : "Bonferroni's");
    rg_str_add(&s, ". ");
    if (c->metric->test != RG_BY_DELONG)
        rg_str_printf(&s, "Intervals rest on %zu resamples of the examples. ", c->resamples);
    rg_str_add(&s, "The conclusions hold for these models, not for the methods that made them, "
                   "as the luck of training was not sampled.");
    char *text = rg_arena_strdup(arena, rg_str_text(&s));
    rg_str_free(&s);
    return text;
}
