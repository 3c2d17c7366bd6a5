/* compare.c - the facts of results that exist already: verdicts for anybody's table.
 *
 * The same facts as a study's, as far as a table can tell them: nobody watched the runs, so
 * that they are marked self-reported.  A run without a score has failed, and counts as the
 * metric's worst value like everywhere else. */
#include "lab/report/compare.h"

#include "lab/report/compare_claims.h"
#include "lab/report/compare_pairs.h"
#include "lab/report/compare_settings.h"
#include "lab/report/compare_summary.h"
#include "lab/report/facts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FAILURES_WARNED = 10, BOOTSTRAP_SEED = 1 };

/* A comparison on its way from rows to facts. */
typedef struct comparison {
    const rg_compare_options *options;
    rg_results results;
    bool maximize;
    double worst; /* NaN: no finite one */
    size_t failed;
    rg_scores *scores;
    rg_claim *claims;
    size_t n_claims;
} comparison;

/* ---- The goal */

static bool find_goal(comparison *c, rg_err *err)
{
    bool maximize = false, known = rg_result_metric(c->results.metric, &maximize, &c->worst);
    c->maximize = c->options->goal_given ? !c->options->minimize : maximize;
    if (!known)
        c->worst = NAN;
    if (!known && !c->options->goal_given)
        return rg_fail(
            err, RG_INPUT, c->results.path, "say it: --goal maximize or --goal minimize",
            "whether a higher or a lower '%s' is better is not known", c->results.metric);
    if (known && maximize != c->maximize) {
        rg_json_say(c->results.warnings,
                    "%s is usually to be %s; here the goal says otherwise.", c->results.metric,
                    maximize ? "maximized" : "minimized");
        c->worst = NAN;
    }
    return true;
}

/* "error_rate" is at worst 1, but not where it is written in percent: a failed run must not
 * count as better than one that was measured. */
static void doubt_worst(comparison *c)
{
    for (size_t arm = 0; arm < c->results.arms.len; arm++) {
        const rg_result_arm *of = &c->results.arms.at[arm];
        for (size_t i = 0; i < of->rows.len; i++) {
            double value = of->rows.at[i].value;
            if (c->maximize ? value < c->worst : value > c->worst)
                c->worst = NAN;
        }
    }
}

/* ---- Arms */

static void warn_failed(comparison *c, const rg_result_arm *arm, const rg_result *row)
{
    rg_json_say(c->results.warnings,
                "%s:%u: %s of %s with seed %s has no finite value: counted as a failed run.",
                rg_path_base(c->results.files.at[row->file]), row->line, c->results.metric,
                arm->name, rg_result_seed(&c->results, row));
}

static void score_arm(comparison *c, const rg_result_arm *arm, rg_scores *ret)
{
    size_t n = arm->rows.len;
    uint64_t *seed = RG_ARENA_ARRAY(c->results.arena, uint64_t, n);
    double *value = RG_ARENA_ARRAY(c->results.arena, double, n);
    bool *failed = RG_ARENA_ARRAY(c->results.arena, bool, n);
    uint32_t *set = RG_ARENA_ARRAY(c->results.arena, uint32_t, n);
    uint32_t *fold = RG_ARENA_ARRAY(c->results.arena, uint32_t, n);
    for (size_t i = 0; i < n; i++) {
        const rg_result *row = &arm->rows.at[i];
        seed[i] = row->seed;
        set[i] = row->set;
        fold[i] = row->fold;
        failed[i] = isnan(row->value);
        value[i] = failed[i] ? c->worst : row->value;
        if (failed[i] && c->failed++ < FAILURES_WARNED)
            warn_failed(c, arm, row);
    }
    *ret = (rg_scores){.arm = arm->name,
                       .count = n,
                       .seed = seed,
                       .value = value,
                       .failed = failed,
                       .set = c->results.sets.len > 1 ? set : NULL,
                       .fold = c->results.folds.len > 1 ? fold : NULL,
                       .unpaired = arm->unpaired};
}

static bool check_arms(const comparison *c, rg_err *err)
{
    const rg_results *r = &c->results;
    if (r->arms.len == 0)
        return rg_fail(err, RG_INPUT, r->path, "say another --metric, or add rows",
                       "no row holds a score of '%s'", r->metric);
    return r->arms.len > 1 ||
           rg_fail(err, RG_INPUT, r->path,
                   "add the rows of what it is to be compared with, or say --arm COLUMN",
                   "there is only one arm: '%.60s'", r->arms.at[0].name);
}

static void score_arms(comparison *c)
{
    const rg_results *r = &c->results;
    c->scores = RG_ARENA_ARRAY(r->arena, rg_scores, r->arms.len);
    for (size_t i = 0; i < r->arms.len; i++)
        score_arm(c, &r->arms.at[i], &c->scores[i]);
    if (c->failed > FAILURES_WARNED)
        rg_json_say(r->warnings, "%zu runs in all have no finite value.", c->failed);
}

static json_t *failures_json(const comparison *c, size_t arm)
{
    json_t *list = json_array();
    const rg_result_arm *rows = &c->results.arms.at[arm];
    for (size_t i = 0; i < rows->rows.len; i++) {
        if (!c->scores[arm].failed[i])
            continue;
        char reason[64];
        snprintf(reason, sizeof(reason), "no finite value in line %u", rows->rows.at[i].line);
        json_t *failed = json_pack("{s:I, s:s}", "seed", (json_int_t)c->scores[arm].seed[i],
                                   "reason", reason);
        if (c->scores[arm].set)
            json_object_set_new(failed, "set",
                                json_string(c->results.sets.at[rows->rows.at[i].set]));
        json_array_append_new(list, failed);
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
        rg_compare_summary(scores, c->results.folds.len, c->options->analysis.alpha));
    json_t *ret =
        json_pack("{s:s, s:s, s:n, s:{}, s:{}, s:o, s:o, s:I, s:o, s:n}", "name", scores->arm,
                  "kind", "arm", "of", "changes", "config", "metrics", metrics, "seeds", seeds,
                  "failures", (json_int_t)json_array_size(failed), "failed", failed, "tuning");
    json_t *sets = json_array();
    for (size_t i = 0; scores->set && i < scores->count; i++)
        json_array_append_new(sets, json_integer(scores->set[i]));
    if (scores->set)
        json_object_set(ret, "sets", sets);
    json_decref(sets);
    return ret;
}

/* ---- Claims */

static bool read_claims(comparison *c, rg_err *err)
{
    const rg_results *r = &c->results;
    const char **names = RG_ARENA_ARRAY(r->arena, const char *, r->arms.len);
    for (size_t i = 0; i < r->arms.len; i++)
        names[i] = r->arms.at[i].name;
    if (!rg_compare_claims(c->options, names, r->arms.len, r->arena, &c->claims, &c->n_claims,
                           err))
        return false;
    const char *reading = rg_json_text(r->columns, "sentence", "");
    const char *claims = rg_compare_claims_reading(c->options, names, r->arms.len, r->arena);
    json_object_set_new(r->columns, "sentence",
                        json_string(rg_arena_printf(r->arena, "%s%s", reading, claims)));
    return true;
}

/* ---- Facts */

static char *name_of_file(const char *path, rg_arena *arena)
{
    const char *base = rg_path_base(path), *dot = strchr(base + (*base == '.'), '.');
    return rg_arena_strndup(arena, base, dot ? (size_t)(dot - base) : strlen(base));
}

/* What only several data sets can tell. */
static void add_sets(json_t *facts, const comparison *c, const cells *all)
{
    if (all->n_sets < 2)
        return;
    facts_task_options options = {c->options->normalize, BOOTSTRAP_SEED, c->results.warnings};
    json_t *tasks = facts_tasks(all, c->claims, c->n_claims, &options);
    json_object_set_new(facts, "ranking", facts_ranking(all));
    if (tasks)
        json_object_set_new(facts, "tasks", tasks);
}

/* Claims that rest on too little are marked each; the whole report where all of them do. */
static void mark_few(const comparison *c, const json_t *claims, json_t *marks)
{
    size_t few = 0, i;
    json_t *claim;
    json_array_foreach (claims, i, claim)
        few += json_is_true(json_object_get(claim, "few"));
    if (few == 0)
        return;
    bool all = few == c->n_claims;
    rg_json_say(c->results.warnings,
                "%zu of %zu claims rest%s on fewer than 5 %s: %s marked exploratory, whatever "
                "the verdict.",
                few, c->n_claims, few == 1 ? "s" : "", c->results.unpaired ? "runs" : "pairs",
                all        ? "every line is"
                : few == 1 ? "it is"
                           : "they are");
    if (all)
        json_array_append_new(marks, json_string("exploratory"));
}

static json_t *facts_json(comparison *c)
{
    const rg_results *r = &c->results;
    rg_verdict_options options = {.metric = r->metric,
                                  .maximize = c->maximize,
                                  .analysis = c->options->analysis,
                                  .sets = r->sets.len ? r->sets.at : NULL,
                                  .n_sets = r->sets.len,
                                  .folds = r->folds.len ? r->folds.at : NULL,
                                  .n_folds = r->folds.len,
                                  .test_over_train = NAN,
                                  .resamples = c->options->resamples};
    json_t *marks = json_pack("[s]", "self-reported"), *arms = json_array();
    for (size_t i = 0; i < r->arms.len; i++)
        json_array_append_new(arms, arm_json(c, i));
    cells all = cells_of(c->scores, r->arms.len, &options, r->arena);
    rg_result_check_pairs(&c->results, c->claims, c->n_claims);
    json_t *claims = rg_verdicts(c->scores, r->arms.len, c->claims, c->n_claims, &options);
    mark_few(c, claims, marks);
    for (size_t i = 0; i < c->n_claims; i++)
        json_object_set_new(json_array_get(claims, i), "confounds",
                            rg_result_confounds(r, &c->claims[i]));
    json_t *facts = json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:s, s:{s:s, s:s}, s:[], s:o, s:O, s:o, s:o, s:o, s:O}",
        "format", "rigor-facts/1", "study", name_of_file(r->path, r->arena), "question",
        rg_arena_printf(r->arena, "Which differences in %s are more than luck?", r->metric),
        "status", "complete", "marks", marks, "trust", "self-reported", "metric", "name",
        r->metric, "goal", c->maximize ? "maximize" : "minimize", "also", "analysis",
        rg_compare_analysis_json(&c->options->analysis), "columns", r->columns, "arms", arms,
        "claims", claims, "standings", facts_standings(&all), "warnings", r->warnings);
    add_sets(facts, c, &all);
    json_object_set_new(facts, "methods", facts_methods(facts));
    return facts;
}

json_t *rg_compare_sources(const rg_result_source *sources, size_t n_sources,
                           const rg_compare_options *options, rg_err *err)
{
    comparison c = {.options = options};
    json_t *facts = NULL;
    if (rg_results_read(sources, n_sources, options, &c.results, err) && find_goal(&c, err) &&
        check_arms(&c, err) && read_claims(&c, err)) {
        rg_result_unpair(&c.results, c.claims, c.n_claims);
        doubt_worst(&c);
        score_arms(&c);
        facts = facts_json(&c);
    }
    rg_results_free(&c.results);
    return facts;
}

json_t *rg_compare(const char *const *paths, size_t n_paths, const rg_compare_options *options,
                   rg_err *err)
{
    rg_result_source *sources = RG_NEW_ARRAY(rg_result_source, n_paths);
    for (size_t i = 0; i < n_paths; i++)
        sources[i].path = paths[i];
    json_t *facts = rg_compare_sources(sources, n_paths, options, err);
    rg_free(sources);
    return facts;
}
