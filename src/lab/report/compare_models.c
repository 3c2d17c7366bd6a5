/* compare_models.c - verdicts on fixed models: which of two predicts one test set better.
 *
 * What decides "A > B" is McNemar's exact test for shares of right classes, DeLong's for areas
 * under ROC curves (both corrected over the claims), and else the paired bootstrap over
 * examples: its interval at 1 - alpha/m for m claims has to leave out 0.  Against a margin it
 * is the interval at 1 - 2 alpha/m in all cases, as with two one-sided tests.  All of it treats
 * examples as drawn at random and models as given: how models of another seed would do is not
 * asked, and every sentence says so. */
#include "lab/report/compare_models.h"

#include "lab/report/compare_claims.h"
#include "lab/report/compare_model_metrics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { RESAMPLES_MOST = 10000, RESAMPLES_LEAST = 2000, DRAWS = 50000000 };

/* ---- Evidence */

typedef struct two_lists {
    const double *a, *b;
} two_lists;

/* values: places in the two lists, so that a resample keeps the examples of both together. */
static double difference_of_roots(const double *values, size_t n, void *ctx)
{
    const two_lists *lists = ctx;
    double a = 0, b = 0;
    for (size_t i = 0; i < n; i++) {
        a += lists->a[(size_t)values[i]];
        b += lists->b[(size_t)values[i]];
    }
    return sqrt(a / (double)n) - sqrt(b / (double)n);
}

static rg_interval bootstrap(const rg_model_comparison *c, const double *a, const double *b,
                             double alpha)
{
    size_t n = c->models->examples;
    rg_bootstrap_plan plan = {
        .kind = RG_BOOTSTRAP_PERCENTILE, .resamples = c->resamples, .alpha = alpha};
    two_lists lists = {a, b};
    double *values = RG_NEW_ARRAY(double, n);
    for (size_t i = 0; i < n; i++)
        values[i] = c->metric->root ? (double)i : a[i] - b[i];
    rg_interval interval =
        rg_bootstrap(values, n, c->metric->root ? difference_of_roots : NULL, &lists, &plan);
    rg_free(values);
    return interval;
}

static bool same_everywhere(const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

static void count_disagreements(const rg_fixed_models *m, const rg_fixed_model *a,
                                const rg_fixed_model *b, rg_model_pair *pair)
{
    size_t only_a = 0, only_b = 0;
    for (size_t i = 0; i < m->examples; i++) {
        bool right_a = a->label[i] == m->truth[i], right_b = b->label[i] == m->truth[i];
        only_a += right_a && !right_b;
        only_b += right_b && !right_a;
    }
    pair->mcnemar = rg_mcnemar(only_a, only_b);
}

static rg_interval delong_interval(const rg_model_comparison *c, const rg_fixed_model *a,
                                   const rg_fixed_model *b, double alpha)
{
    rg_delong_result d = rg_delong(a->score, b->score, rg_model_positives(c->models),
                                   c->models->examples, alpha);
    return (rg_interval){d.difference, d.lo, d.hi};
}

/* The intervals of one pair, and whether any example tells the two apart. */
static void measure(const rg_model_comparison *c, rg_model_pair *pair, const rg_fixed_model *a,
                    const rg_fixed_model *b)
{
    double alpha = c->options->analysis.alpha, strict = alpha;
    if (c->options->analysis.correction != RG_NO_CORRECTION)
        strict /= (double)c->n_claims;
    bool margins = c->options->analysis.margin > 0;
    if (c->metric->test == RG_BY_DELONG) {
        pair->identical = same_everywhere(a->score, b->score, c->models->examples);
        pair->interval = delong_interval(c, a, b, alpha);
        pair->inside = delong_interval(c, a, b, 2 * strict);
        return;
    }
    const double *x = rg_model_examples(c->models, c->metric, a);
    const double *y = rg_model_examples(c->models, c->metric, b);
    pair->identical = same_everywhere(x, y, c->models->examples);
    pair->interval = bootstrap(c, x, y, alpha);
    pair->strict = strict < alpha && c->metric->test == RG_BY_BOOTSTRAP
                       ? bootstrap(c, x, y, strict)
                       : pair->interval;
    pair->inside = margins ? bootstrap(c, x, y, 2 * strict) : (rg_interval){NAN, NAN, NAN};
}

static void gather(const rg_model_comparison *c, rg_model_pair *pair)
{
    const rg_fixed_models *m = c->models;
    const rg_fixed_model *a = &m->at[pair->claim->a], *b = &m->at[pair->claim->b];
    pair->a = a->name;
    pair->b = b->name;
    pair->p = NAN;
    pair->mcnemar = (rg_mcnemar_result){0, 0, NAN, NAN, NAN, NAN, NAN};
    pair->delong = (rg_delong_result){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    if (!m->numbers)
        count_disagreements(m, a, b, pair);
    if (m->classes == 2 && a->score && b->score)
        pair->delong = rg_delong(a->score, b->score, rg_model_positives(m), m->examples,
                                 c->options->analysis.alpha);
    measure(c, pair, a, b);
    if (c->metric->test == RG_BY_MCNEMAR)
        pair->p = pair->mcnemar.p_exact;
    else if (c->metric->test == RG_BY_DELONG)
        pair->p = pair->delong.p;
}

/* ---- Judgement */

static void correct(rg_model_comparison *c)
{
    static const rg_adjustment how[] = {[RG_HOLM] = RG_ADJUST_HOLM,
                                        [RG_BONFERRONI] = RG_ADJUST_BONFERRONI,
                                        [RG_NO_CORRECTION] = RG_ADJUST_NONE};
    double *p = RG_ARENA_ARRAY(c->models->arena, double, c->n_claims);
    for (size_t i = 0; i < c->n_claims; i++)
        p[i] = c->pairs[i].p;
    rg_adjust(how[c->options->analysis.correction], p, c->n_claims, p);
    for (size_t i = 0; i < c->n_claims; i++)
        c->pairs[i].corrected = p[i];
}

/* The interval of "A is better by": turned for metrics that are to be minimized. */
static rg_interval oriented(const rg_model_comparison *c, rg_interval i)
{
    return c->maximize ? i : (rg_interval){-i.estimate, -i.hi, -i.lo};
}

static const char *judge(const rg_model_comparison *c, const rg_model_pair *pair)
{
    double margin = c->options->analysis.margin;
    rg_interval strict = oriented(c, pair->strict), inside = oriented(c, pair->inside);
    bool equal = margin > 0 && inside.lo > -margin && inside.hi < margin;
    bool apart = margin > 0 && (inside.lo > margin || inside.hi < -margin);
    bool tested = c->metric->test != RG_BY_BOOTSTRAP;
    bool differs =
        tested ? pair->corrected < c->options->analysis.alpha : strict.lo > 0 || strict.hi < 0;
    switch (pair->claim->relation) {
    case RG_BETTER:
        if (differs)
            return oriented(c, pair->interval).estimate > 0 ? "supported" : "refuted";
        return equal ? "equivalent" : "inconclusive";
    case RG_EQUAL: return equal ? "equivalent" : apart ? "refuted" : "inconclusive";
    case RG_NOT_WORSE:
        return inside.lo > -margin   ? "supported"
               : inside.hi < -margin ? "refuted"
                                     : "inconclusive";
    }
    return "inconclusive";
}

/* ---- Facts */

static json_t *interval_json(rg_interval i)
{
    if (!isfinite(i.lo) || !isfinite(i.hi))
        return json_null();
    return json_pack("[o, o]", rg_json_real(i.lo), rg_json_real(i.hi));
}

static json_t *claim_json(const rg_model_comparison *c, const rg_model_pair *pair)
{
    static const char *const decides[] = {"mcnemar", "delong", "bootstrap"};
    static const char *const signs[] = {
        [RG_BETTER] = ">", [RG_EQUAL] = "=", [RG_NOT_WORSE] = ">="};
    static const char *const absent[] = {
        "p_signflip",     "p_wilcoxon", "effect_size", "p_superior",  "p_superior_interval",
        "hodges_lehmann", "tost_p",     "mde",         "seeds_needed"};
    json_t *o = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:{s:s}, s:o, s:o, s:o, s:o, s:I}", "claim",
        pair->claim->text, "a", pair->a, "b", pair->b, "relation", signs[pair->claim->relation],
        "verdict", pair->verdict, "meaningful", 0, "situation", "models", "methods", "decides",
        decides[c->metric->test], "estimate", rg_json_real(pair->interval.estimate), "interval",
        interval_json(pair->interval), "p", rg_json_real(pair->p), "p_corrected",
        rg_json_real(pair->corrected), "n", (json_int_t)c->models->examples);
    for (size_t i = 0; i < RG_COUNT(absent); i++)
        json_object_set_new(o, absent[i], json_null());
    json_object_set_new(o, "confounds", json_array());
    json_object_set_new(o, "differences", json_array());
    json_object_set_new(o, "sentence",
                        json_string(rg_model_sentence(c, pair, c->models->arena)));
    json_object_set_new(o, "notes", rg_model_notes(c, pair));
    return o;
}

static json_t *pair_json(const rg_model_pair *pair)
{
    const rg_mcnemar_result *m = &pair->mcnemar;
    return json_pack("{s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o}}", "a",
                     pair->a, "b", pair->b, "only_a", (json_int_t)m->only_a, "only_b",
                     (json_int_t)m->only_b, "p_mcnemar", rg_json_real(m->p_exact), "chi2",
                     rg_json_real(m->chi2), "auc_a", rg_json_real(pair->delong.auc_a), "auc_b",
                     rg_json_real(pair->delong.auc_b), "p_delong", rg_json_real(pair->delong.p),
                     "bootstrap", "estimate", rg_json_real(pair->interval.estimate), "interval",
                     interval_json(pair->interval));
}

static json_t *models_json(const rg_model_comparison *c)
{
    const rg_fixed_models *m = c->models;
    bool scores = !m->numbers && m->classes == 2;
    json_t *arms = json_array(), *pairs = json_array();
    for (size_t i = 0; i < m->count; i++) {
        rg_interval score = rg_model_score(m, c->metric, &m->at[i], c->options->analysis.alpha);
        scores = scores && m->at[i].score;
        json_array_append_new(arms, json_pack("{s:s, s:o}", "name", m->at[i].name, "score",
                                              rg_json_real(score.estimate)));
    }
    for (size_t i = 0; i < c->n_claims; i++)
        json_array_append_new(pairs, pair_json(&c->pairs[i]));
    return json_pack("{s:I, s:s, s:o, s:o}", "examples", (json_int_t)m->examples, "kind",
                     m->numbers ? "numbers"
                     : scores   ? "scores"
                                : "labels",
                     "arms", arms, "pairs", pairs);
}

static json_t *arm_json(const rg_model_comparison *c, const rg_fixed_model *model)
{
    rg_interval score = rg_model_score(c->models, c->metric, model, c->options->analysis.alpha);
    return json_pack("{s:s, s:s, s:n, s:{}, s:{}, s:{s:{s:o, s:n, s:I, s:o, s:[]}}, s:[], s:i, "
                     "s:[], s:n}",
                     "name", model->name, "kind", "arm", "of", "changes", "config", "metrics",
                     c->metric->name, "mean", rg_json_real(score.estimate), "sd", "n",
                     (json_int_t)c->models->examples, "interval", interval_json(score),
                     "values", "seeds", "failures", 0, "failed", "tuning");
}

static json_t *facts_json(const rg_model_comparison *c)
{
    const rg_fixed_models *m = c->models;
    json_t *arms = json_array(), *claims = json_array();
    for (size_t i = 0; i < m->count; i++)
        json_array_append_new(arms, arm_json(c, &m->at[i]));
    for (size_t i = 0; i < c->n_claims; i++)
        json_array_append_new(claims, claim_json(c, &c->pairs[i]));
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:[s], s:s, s:{s:s, s:s}, s:[], s:o, s:{s:s, s:s}, s:o, s:o, "
        "s:o, "
        "s:s, s:O}",
        "format", "rigor-facts/1", "study", "predictions", "question",
        rg_arena_printf(m->arena, "Which of %zu fixed models has the %s %s on this test set?",
                        m->count, m->count > 2 ? "best" : "better", c->metric->name),
        "status", "complete", "marks", "fixed models", "trust", "scored", "metric", "name",
        c->metric->name, "goal", c->maximize ? "maximize" : "minimize", "also", "analysis",
        rg_compare_analysis_json(&c->options->analysis), "columns", "form", "predictions",
        "sentence", c->reading, "arms", arms, "claims", claims, "models", models_json(c),
        "methods", rg_model_methods(c, m->arena), "warnings", m->warnings);
}

static bool claim_all(rg_model_comparison *c, rg_err *err)
{
    const rg_fixed_models *m = c->models;
    const char **names = RG_ARENA_ARRAY(m->arena, const char *, m->count);
    for (size_t i = 0; i < m->count; i++)
        names[i] = m->at[i].name;
    if (!rg_compare_claims(c->options, names, m->count, m->arena, &c->claims, &c->n_claims,
                           err))
        return false;
    c->reading =
        rg_arena_printf(m->arena, "%s%s", m->reading,
                        rg_compare_claims_reading(c->options, names, m->count, m->arena));
    size_t fit = DRAWS / m->examples;
    c->resamples = fit < RESAMPLES_LEAST  ? RESAMPLES_LEAST
                   : fit > RESAMPLES_MOST ? RESAMPLES_MOST
                                          : fit;
    if (c->options->resamples && c->resamples > c->options->resamples)
        c->resamples = c->options->resamples;
    c->pairs = RG_ARENA_ARRAY(m->arena, rg_model_pair, c->n_claims);
    for (size_t i = 0; i < c->n_claims; i++) {
        c->pairs[i].claim = &c->claims[i];
        gather(c, &c->pairs[i]);
    }
    correct(c);
    for (size_t i = 0; i < c->n_claims; i++)
        c->pairs[i].verdict = judge(c, &c->pairs[i]);
    return true;
}

json_t *rg_compare_model_sources(const rg_result_source *predictions, size_t n,
                                 const rg_result_source *labels,
                                 const rg_compare_options *options, rg_err *err)
{
    rg_fixed_models models;
    rg_model_comparison c = {.models = &models, .options = options};
    json_t *facts = NULL;
    if (rg_fixed_models_read(predictions, n, labels, options, &models, err) &&
        rg_model_metric_find(&models, options->metric, &c.metric, err)) {
        c.maximize = options->goal_given ? !options->minimize : c.metric->maximize;
        if (claim_all(&c, err))
            facts = facts_json(&c);
    }
    rg_fixed_models_free(&models);
    return facts;
}

json_t *rg_compare_models(const char *const *predictions, size_t n, const char *labels,
                          const rg_compare_options *options, rg_err *err)
{
    rg_result_source *sources = RG_NEW_ARRAY(rg_result_source, n + 1), truth = {.path = labels};
    for (size_t i = 0; i < n; i++)
        sources[i].path = predictions[i];
    json_t *facts = rg_compare_model_sources(sources, n, &truth, options, err);
    rg_free(sources);
    return facts;
}
