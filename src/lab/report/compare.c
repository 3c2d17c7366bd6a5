/* compare.c - the facts of results that exist already: verdicts for anybody's table.
 *
 * The same facts as a study's, as far as a table can tell them: nobody watched the runs, so
 * that they are marked self-reported.  A run without a score has failed, and counts as the
 * metric's worst value like everywhere else. */
#include "lab/report/compare.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FEWEST_SEEDS = 5 };

/* A comparison on its way from rows to facts. */
typedef struct comparison {
    const rg_compare_options *options;
    rg_results results;
    bool maximize;
    double worst; /* NaN: no finite one */
    rg_scores *scores;
    rg_claim *claims;
    size_t n_claims;
} comparison;

/* ---- The goal */

/* "test_accuracy" and "Accuracy" are accuracy. */
static const rg_metric *known_metric(const char *name)
{
    static const char *const prefixes[] = {"test_",  "test/", "val_",  "val/",
                                           "valid_", "eval_", "eval/", ""};
    char lower[64];
    size_t n = 0;
    for (; name[n] && n < sizeof(lower) - 1; n++)
        lower[n] = (char)tolower((unsigned char)name[n]);
    lower[n] = 0;
    for (size_t i = 0; i < RG_COUNT(prefixes); i++) {
        if (rg_text_starts(lower, prefixes[i]))
            return rg_metric_find(lower + strlen(prefixes[i]));
    }
    return NULL;
}

static bool find_goal(comparison *c, rg_err *err)
{
    const rg_metric *metric = known_metric(c->results.metric);
    c->worst = metric && isfinite(metric->worst) ? metric->worst : NAN;
    if (c->options->goal_given)
        c->maximize = !c->options->minimize;
    else if (metric)
        c->maximize = metric->maximize;
    else
        return rg_fail(
            err, RG_INPUT, c->results.path, "say it: --goal maximize or --goal minimize",
            "whether a higher or a lower '%s' is better is not known", c->results.metric);
    if (metric && metric->maximize != c->maximize) {
        rg_json_say(c->results.warnings,
                    "%s is usually to be %s; here the goal says otherwise.", c->results.metric,
                    metric->maximize ? "maximized" : "minimized");
        c->worst = NAN;
    }
    return true;
}

/* ---- Arms */

static void warn_failed(comparison *c, const rg_result_arm *arm, const rg_result *row)
{
    rg_json_say(c->results.warnings,
                "%s:%zu: %s of %s with seed %llu has no finite value: counted as a failed run.",
                rg_path_base(c->results.path), row->line, c->results.metric, arm->name,
                (unsigned long long)row->seed);
}

static void score_arm(comparison *c, const rg_result_arm *arm, rg_scores *ret)
{
    size_t n = arm->rows.len;
    uint64_t *seed = RG_ARENA_ARRAY(c->results.arena, uint64_t, n);
    double *value = RG_ARENA_ARRAY(c->results.arena, double, n);
    bool *failed = RG_ARENA_ARRAY(c->results.arena, bool, n);
    for (size_t i = 0; i < n; i++) {
        const rg_result *row = &arm->rows.at[i];
        seed[i] = row->seed;
        failed[i] = isnan(row->value);
        value[i] = failed[i] ? c->worst : row->value;
        if (failed[i])
            warn_failed(c, arm, row);
    }
    *ret = (rg_scores){
        .arm = arm->name, .count = n, .seed = seed, .value = value, .failed = failed};
}

static bool score_arms(comparison *c, rg_err *err)
{
    const rg_results *r = &c->results;
    if (r->arms.len < 2)
        return rg_fail(err, RG_INPUT, r->path, "add the rows of what it is to be compared with",
                       "there is only one arm: '%s'", r->arms.len ? r->arms.at[0].name : "");
    c->scores = RG_ARENA_ARRAY(r->arena, rg_scores, r->arms.len);
    for (size_t i = 0; i < r->arms.len; i++)
        score_arm(c, &r->arms.at[i], &c->scores[i]);
    return true;
}

/* Both lists are in order of seed. */
static size_t count_common(const rg_scores *a, const rg_scores *b)
{
    size_t common = 0;
    for (size_t i = 0, k = 0; i < a->count && k < b->count;) {
        common += a->seed[i] == b->seed[k];
        bool first = a->seed[i] <= b->seed[k], second = b->seed[k] <= a->seed[i];
        i += first;
        k += second;
    }
    return common;
}

static json_t *failures_json(const comparison *c, size_t arm)
{
    json_t *list = json_array();
    const rg_result_arm *rows = &c->results.arms.at[arm];
    for (size_t i = 0; i < rows->rows.len; i++) {
        if (!c->scores[arm].failed[i])
            continue;
        char reason[64];
        snprintf(reason, sizeof(reason), "no finite value in line %zu", rows->rows.at[i].line);
        json_array_append_new(list,
                              json_pack("{s:I, s:s}", "seed",
                                        (json_int_t)c->scores[arm].seed[i], "reason", reason));
    }
    return list;
}

static json_t *arm_json(const comparison *c, size_t arm)
{
    const rg_scores *scores = &c->scores[arm];
    json_t *seeds = json_array(), *metrics = json_object(), *failed = failures_json(c, arm);
    for (size_t i = 0; i < scores->count; i++)
        json_array_append_new(seeds, json_integer((json_int_t)scores->seed[i]));
    json_object_set_new(
        metrics, c->results.metric,
        rg_summary_json(scores->value, scores->count, c->options->analysis.alpha));
    return json_pack("{s:s, s:s, s:n, s:{}, s:{}, s:o, s:o, s:I, s:o, s:n}", "name",
                     scores->arm, "kind", "arm", "of", "changes", "config", "metrics", metrics,
                     "seeds", seeds, "failures", (json_int_t)json_array_size(failed), "failed",
                     failed, "tuning");
}

/* ---- Claims */

static bool read_claims(comparison *c, rg_err *err)
{
    const rg_results *r = &c->results;
    bool given = c->options->n_claims > 0;
    c->n_claims = given ? c->options->n_claims : r->arms.len - 1;
    c->claims = RG_ARENA_ARRAY(r->arena, rg_claim, c->n_claims);
    const char **names = RG_ARENA_ARRAY(r->arena, const char *, r->arms.len);
    for (size_t i = 0; i < r->arms.len; i++)
        names[i] = r->arms.at[i].name;
    for (size_t i = 0; i < c->n_claims; i++) {
        if (!given)
            c->claims[i] =
                (rg_claim){rg_arena_printf(r->arena, "%s > %s", names[i + 1], names[0]), i + 1,
                           0, RG_BETTER};
        else if (!rg_claim_parse(c->options->claims[i], names, r->arms.len, r->arena,
                                 &c->claims[i], err))
            return false;
        if (c->claims[i].relation != RG_BETTER && !(c->options->analysis.margin > 0))
            return rg_fail(err, RG_INPUT, NULL,
                           "give one in the metric's units, for instance --margin 0.005",
                           "the claim \"%s\" needs a margin, the largest difference that does "
                           "not matter",
                           c->claims[i].text);
    }
    return true;
}

/* The smallest number of pairs of any claim; warns of seeds that have no partner. */
static size_t check_pairs(comparison *c)
{
    size_t fewest = SIZE_MAX;
    for (size_t i = 0; i < c->n_claims; i++) {
        const rg_scores *a = &c->scores[c->claims[i].a], *b = &c->scores[c->claims[i].b];
        size_t common = count_common(a, b);
        fewest = common < fewest ? common : fewest;
        if (common < a->count || common < b->count)
            rg_json_say(c->results.warnings,
                        "%s has %zu seeds and %s has %zu: they are compared on the %zu that "
                        "both have.",
                        a->arm, a->count, b->arm, b->count, common);
    }
    if (fewest < FEWEST_SEEDS)
        rg_json_say(c->results.warnings,
                    "A claim rests on %zu %s: fewer than %d cannot carry a verdict.", fewest,
                    fewest == 1 ? "pair" : "pairs", FEWEST_SEEDS);
    return fewest;
}

/* ---- Facts */

static json_t *analysis_json(const rg_analysis *analysis)
{
    static const char *const correction[] = {
        [RG_HOLM] = "holm", [RG_BONFERRONI] = "bonferroni", [RG_NO_CORRECTION] = "none"};
    return json_pack("{s:o, s:s, s:o}", "alpha", rg_json_real(analysis->alpha), "correction",
                     correction[analysis->correction], "margin",
                     rg_json_real(analysis->margin));
}

static char *name_of_file(const char *path, rg_arena *arena)
{
    const char *base = rg_path_base(path), *dot = strchr(base + (*base == '.'), '.');
    return rg_arena_strndup(arena, base, dot ? (size_t)(dot - base) : strlen(base));
}

static json_t *facts_json(comparison *c)
{
    const rg_results *r = &c->results;
    bool exploratory = check_pairs(c) < FEWEST_SEEDS;
    rg_verdict_options options = {r->metric, c->maximize, c->options->analysis, exploratory};
    json_t *marks = json_pack("[s]", "self-reported"), *arms = json_array();
    if (exploratory)
        json_array_append_new(marks, json_string("exploratory"));
    for (size_t i = 0; i < r->arms.len; i++)
        json_array_append_new(arms, arm_json(c, i));
    json_t *claims = rg_verdicts(c->scores, r->arms.len, c->claims, c->n_claims, &options);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:s, s:{s:s, s:s}, s:[], s:o, s:O, s:o, s:o, s:O}", "format",
        "rigor-facts/1", "study", name_of_file(r->path, r->arena), "question",
        rg_arena_printf(r->arena, "Which differences in %s are more than luck?", r->metric),
        "status", "complete", "marks", marks, "trust", "self-reported", "metric", "name",
        r->metric, "goal", c->maximize ? "maximize" : "minimize", "also", "analysis",
        analysis_json(&c->options->analysis), "columns", r->columns, "arms", arms, "claims",
        claims, "warnings", r->warnings);
}

json_t *rg_compare(const char *path, const rg_compare_options *options, rg_err *err)
{
    comparison c = {.options = options};
    json_t *facts = NULL;
    if (rg_results_read(path, options->metric, &c.results, err) && find_goal(&c, err) &&
        score_arms(&c, err) && read_claims(&c, err))
        facts = facts_json(&c);
    rg_results_free(&c.results);
    return facts;
}
