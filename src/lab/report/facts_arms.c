/* facts_arms.c - the arms with their scores, the claims about them, and what ablations took
 * away.
 *
 * A failed run is never dropped: it counts as its metric's worst value. */
#include "lab/report/facts.h"
#include "rigor/data.h"
#include "rigor/groups.h"
#include "rigor/protocol.h"

#include <math.h>
#include <string.h>

static double worst_of(const facts_source *from, const char *metric)
{
    if (!strcmp(metric, from->study->metric))
        return from->study->metric_worst;
    const rg_metric *known = rg_metric_find(metric);
    return known ? known->worst : NAN;
}

/* ---- Scores of one arm */

typedef struct runs { /* of one arm, in order of its seeds, with folds of each seed's folds */
    const rg_record **at;
    size_t count;
} runs;

/* Those with a test score (or failed, once the seal is open); of a study that is not there yet,
 * those that ended. */
static runs runs_of(const facts_source *from, const char *arm, bool scored)
{
    size_t most = rg_study_runs(from->study, from->study->n_seeds);
    runs ret = {RG_ARENA_ARRAY(from->arena, const rg_record *, most + 1), 0};
    for (size_t i = 0; i < most; i++) {
        const rg_record *run = facts_record(from, RG_EVALUATE, arm, i);
        if (run && (!scored || facts_is_scored(from, run)))
            ret.at[ret.count++] = run;
    }
    return ret;
}

static double value_of(const facts_source *from, const rg_record *run, const char *metric,
                       bool test)
{
    return run->failed ? worst_of(from, metric)
                       : rg_json_number(
                             json_object_get(test ? run->test : run->validation, metric), NAN);
}

/* The mean of each fold that has a value; returns how many there are. */
static size_t fold_means(const facts_source *from, const double *values, const size_t *folds,
                         size_t n, double *ret)
{
    size_t count = 0;
    for (size_t fold = 1; fold <= from->study->split.folds; fold++) {
        double sum = 0;
        size_t of = 0;
        for (size_t i = 0; i < n; i++)
            if (folds[i] == fold) {
                sum += values[i];
                of++;
            }
        if (of)
            ret[count++] = sum / (double)of;
    }
    return count;
}

/* folds: of each value.  With folds it is their means that the interval rests on, as in the verdicts:
 * the runs of one fold share their rows, and folds share training rows. */
static json_t *summary_of(const facts_source *from, const double *values, const size_t *folds,
                          size_t n)
{
    const rg_study *study = from->study;
    json_t *ret = rg_summary_json(values, n, study->analysis.alpha);
    if (!rg_study_has_folds(study))
        return ret;
    double *means = RG_ARENA_ARRAY(from->arena, double, study->split.folds);
    rg_t_result t = rg_corrected_t(means, fold_means(from, values, folds, n, means),
                                   rg_study_test_over_train(study), 0, study->analysis.alpha);
    bool bounded = isfinite(t.lo) && isfinite(t.hi);
    json_object_set_new(ret, "interval",
                        bounded ? json_pack("[f, f]", t.lo, t.hi) : json_null());
    return ret;
}

static json_t *summary(const facts_source *from, runs all, const char *metric, bool test)
{
    double *values = RG_ARENA_ARRAY(from->arena, double, all.count + 1);
    size_t *folds = RG_ARENA_ARRAY(from->arena, size_t, all.count + 1);
    for (size_t i = 0; i < all.count; i++) {
        values[i] = value_of(from, all.at[i], metric, test);
        folds[i] = all.at[i]->fold;
    }
    return summary_of(from, values, folds, all.count);
}

/* {metric: summary}, the primary metric first. */
static json_t *summaries(const facts_source *from, runs all, bool test)
{
    const rg_study *study = from->study;
    json_t *ret = json_object();
    if (!all.count)
        return ret;
    json_object_set_new(ret, study->metric, summary(from, all, study->metric, test));
    for (size_t i = 0; i < study->n_also; i++)
        json_object_set_new(ret, study->also[i], summary(from, all, study->also[i], test));
    return ret;
}

/* One for each value; before there is any, those that are planned. */
static json_t *seeds_json(const rg_study *study, runs scored)
{
    json_t *seeds = json_array();
    for (size_t i = 0; i < scored.count; i++)
        json_array_append_new(seeds, json_integer((json_int_t)scored.at[i]->seed));
    for (size_t i = 0; !scored.count && i < rg_study_runs(study, study->seeds_min); i++)
        json_array_append_new(seeds, json_integer((json_int_t)rg_study_seed_of(study, i)));
    return seeds;
}

/* The same of folds; NULL without. */
static json_t *folds_json(const rg_study *study, runs scored)
{
    if (!rg_study_has_folds(study))
        return NULL;
    json_t *folds = json_array();
    for (size_t i = 0; i < scored.count; i++)
        json_array_append_new(folds, json_integer((json_int_t)scored.at[i]->fold));
    for (size_t i = 0; !scored.count && i < rg_study_runs(study, study->seeds_min); i++)
        json_array_append_new(folds, json_integer((json_int_t)rg_study_fold_of(study, i)));
    return folds;
}

static json_t *fold_json(const rg_record *run)
{
    return run->fold ? json_integer((json_int_t)run->fold) : NULL;
}

static json_t *failed_json(runs all)
{
    json_t *failed = json_array();
    for (size_t i = 0; i < all.count; i++)
        if (all.at[i]->failed)
            json_array_append_new(failed, json_pack("{s:I, s:s, s:o*}", "seed",
                                                    (json_int_t)all.at[i]->seed, "reason",
                                                    all.at[i]->reason ? all.at[i]->reason : "",
                                                    "fold", fold_json(all.at[i])));
    return failed;
}

/* ---- Tuning */

/* The best score on validation, the earliest of equals. */
static json_t *tuning_json(const facts_source *from, const char *arm)
{
    size_t trials = 0, failed = 0, pruned = 0;
    const rg_record *best = NULL, *first = NULL;
    for (size_t i = 0; i < from->n_records; i++) {
        const rg_record *trial = &from->records[i];
        if (trial->stage != RG_TUNE || strcmp(trial->arm, arm) != 0)
            continue;
        double score = facts_score(from, trial);
        double leader = best ? facts_score(from, best) : NAN;
        trials++;
        failed += trial->failed;
        pruned += json_object_get(trial->resources, "pruned") != NULL;
        first = trial->number == 0 ? trial : first;
        if (isfinite(score) &&
            (!best || (from->study->maximize ? score > leader : score < leader)))
            best = trial;
    }
    if (!trials)
        return json_null();
    json_t *ret = json_pack(
        "{s:I, s:I, s:o, s:o, s:o}", "trials", (json_int_t)trials, "failed", (json_int_t)failed,
        "best_trial", best ? json_integer((json_int_t)best->number) : json_null(), "score",
        rg_json_real(best ? facts_score(from, best) : NAN), "default_score",
        rg_json_real(first ? facts_score(from, first) : NAN));
    if (from->study->prune)
        json_object_set_new(ret, "pruned", json_integer((json_int_t)pruned));
    return ret;
}

/* ---- Arms */

static json_t *arm_json(const facts_source *from, const rg_arm *arm)
{
    runs ended = runs_of(from, arm->name, false), scored = runs_of(from, arm->name, true);
    const json_t *config = json_object_get(facts_frozen(from, arm->name), "config");
    json_t *failed = failed_json(ended);
    return json_pack(
        "{s:s, s:s, s:s?, s:o, s:o, s:o, s:o, s:o*, s:I, s:o, s:o, s:o}", "name", arm->name,
        "kind", arm->ablation_of ? "ablation" : "arm", "of", arm->ablation_of, "changes",
        arm->changes ? json_deep_copy(arm->changes) : json_object(), "config",
        config ? json_deep_copy(config) : json_null(), "metrics", summaries(from, scored, true),
        "seeds", seeds_json(from->study, scored), "folds", folds_json(from->study, scored),
        "failures", (json_int_t)json_array_size(failed), "failed", failed, "tuning",
        tuning_json(from, arm->name), "validation", summaries(from, ended, false));
}

json_t *facts_arms(const facts_source *from)
{
    json_t *arms = json_array();
    for (size_t a = 0; a < from->study->n_arms; a++)
        json_array_append_new(arms, arm_json(from, &from->study->arms[a]));
    return arms;
}

/* ---- Claims */

static rg_scores *all_scores(const facts_source *from)
{
    return rg_study_scores(from->study, from->records, from->n_records, facts_seeds_due(from),
                           from->arena);
}

/* Verdicts are given once, over everything: never while runs are missing. */
json_t *facts_claims(const facts_source *from)
{
    const rg_study *study = from->study;
    if (!study->n_claims || !facts_is_complete(from))
        return json_array();
    rg_verdict_options options = rg_study_verdict_options(study);
    json_t *claims =
        rg_verdicts(all_scores(from), study->n_arms, study->claims, study->n_claims, &options);
    facts_add_confounds(from, claims);
    return claims;
}

json_t *facts_study_standings(const facts_source *from)
{
    if (!facts_is_complete(from))
        return json_array();
    rg_verdict_options options = rg_study_verdict_options(from->study);
    cells all = cells_of(all_scores(from), from->study->n_arms, &options, from->arena);
    return facts_standings(&all);
}

/* ---- Ablations */

static const json_t *arm_named(const json_t *arms, const char *name)
{
    size_t i;
    json_t *arm;
    json_array_foreach (arms, i, arm)
        if (!strcmp(rg_json_text(arm, "name", ""), name))
            return arm;
    return NULL;
}

static const json_t *values_of(const facts_source *from, const json_t *arm)
{
    const json_t *metrics = json_object_get(arm, "metrics");
    return json_object_get(json_object_get(metrics, from->study->metric), "values");
}

/* What the ablated factor was worth: arm - ablation over the shared seeds, described only. */
json_t *facts_effects(const facts_source *from, const json_t *arms)
{
    json_t *effects = json_array(), *arm;
    size_t i;
    json_array_foreach (arms, i, arm) {
        const char *of = rg_json_text(arm, "of", NULL), *name = rg_json_text(arm, "name", "");
        const json_t *a = values_of(from, of ? arm_named(arms, of) : NULL);
        const json_t *b = values_of(from, arm);
        size_t count = json_array_size(b);
        if (!of || !count || json_array_size(a) != count)
            continue;
        double *differences = RG_ARENA_ARRAY(from->arena, double, count);
        size_t *folds = RG_ARENA_ARRAY(from->arena, size_t, count);
        for (size_t k = 0; k < count; k++) {
            differences[k] = rg_json_number(json_array_get(a, k), NAN) -
                             rg_json_number(json_array_get(b, k), NAN);
            folds[k] = rg_study_fold_of(from->study, k);
        }
        json_t *about = summary_of(from, differences, folds, count);
        json_array_append_new(
            effects, json_pack("{s:s, s:s, s:o}", "a", of, "b", name, "difference", about));
    }
    return effects;
}
