/* facts_tasks.c - many tasks with few runs each: aggregates, profiles, improvement (Agarwal et
 * al. 2021, "Deep reinforcement learning at the edge of the statistical precipice").
 *
 * A task is a data set on which every arm has two runs or more.  Where an arm has more runs on
 * some tasks than on others, its first ones by seed are taken, as many as it has everywhere.
 * Scores to be minimized are turned around for the computation, and back for the facts. */
#include "lab/report/facts.h"
#include "rigor/resample.h"

#include <math.h>

enum {
    FEWEST_RUNS = 2,
    FEWEST_TASKS = 2,
    THRESHOLDS = 41,
    /* More scores than this have no need of the bootstrap, and would keep a reader waiting. */
    SCORES_MAX = 20000
};
#define DRAWS 4e7        /* what all resamples together may draw: some tenths of a second */
#define SCALES_DIFFER 10 /* the widest task over the narrowest */

typedef struct tasks {
    const cells *all;
    size_t *set; /* of each task */
    size_t count;
    rg_task_scores *scores; /* of each arm, higher is better */
    bool normalize;         /* from 0, the task's worst run of any arm, to 1, its best */
    rg_bootstrap_plan plan;
    json_t *notes;
} tasks;

/* Of the scores that are looked at: normalized ones are higher where they are better. */
static bool are_turned(const tasks *t)
{
    return !t->normalize && !t->all->options->maximize;
}

/* ---- What is looked at */

static size_t fewest_runs(const tasks *t, size_t arm)
{
    size_t fewest = SIZE_MAX;
    for (size_t i = 0; i < t->count; i++) {
        size_t n = cells_at(t->all, t->set[i], arm)->n;
        fewest = n < fewest ? n : fewest;
    }
    return fewest;
}

static void find_tasks(tasks *t)
{
    const cells *all = t->all;
    t->set = RG_ARENA_ARRAY(all->arena, size_t, all->n_sets);
    for (size_t set = 0; set < all->n_sets; set++) {
        bool complete = true;
        for (size_t arm = 0; arm < all->n_arms; arm++)
            complete = complete && cells_at(all, set, arm)->n >= FEWEST_RUNS;
        if (complete)
            t->set[t->count++] = set;
    }
    if (t->count < all->n_sets && t->count >= FEWEST_TASKS)
        rg_json_say(t->notes,
                    "Of %zu data sets %zu are taken: those on which every arm has two runs.",
                    all->n_sets, t->count);
}

static rg_task_scores take(const tasks *t, size_t arm)
{
    size_t runs = fewest_runs(t, arm);
    double sign = t->all->options->maximize ? 1 : -1;
    double *at = RG_ARENA_ARRAY(t->all->arena, double, t->count *runs + 1);
    for (size_t i = 0; i < t->count; i++)
        for (size_t run = 0; run < runs; run++)
            at[i * runs + run] = sign * cells_at(t->all, t->set[i], arm)->at[run].value;
    return (rg_task_scores){at, t->count, runs};
}

static size_t count_runs(const tasks *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->count; i++)
        for (size_t arm = 0; arm < t->all->n_arms; arm++)
            n += cells_at(t->all, t->set[i], arm)->n;
    return n;
}

static size_t count_scores(const tasks *t)
{
    size_t n = 0;
    for (size_t arm = 0; arm < t->all->n_arms; arm++)
        n += t->count * t->scores[arm].runs;
    return n;
}

static bool all_finite(const tasks *t)
{
    for (size_t arm = 0; arm < t->all->n_arms; arm++)
        for (size_t i = 0; i < t->count * t->scores[arm].runs; i++)
            if (!isfinite(t->scores[arm].at[i]))
                return false;
    return true;
}

typedef struct range {
    double lo, hi;
} range;

static range range_of(const tasks *t, size_t task)
{
    range r = {INFINITY, -INFINITY};
    for (size_t arm = 0; arm < t->all->n_arms; arm++) {
        const rg_task_scores *s = &t->scores[arm];
        for (size_t run = 0; run < s->runs; run++) {
            r.lo = fmin(r.lo, s->at[task * s->runs + run]);
            r.hi = fmax(r.hi, s->at[task * s->runs + run]);
        }
    }
    return r;
}

static double width_of(const tasks *t, size_t task)
{
    range r = range_of(t, task);
    return r.hi - r.lo;
}

/* A task on which all runs are equal says nothing of who is best: all are 1. */
static void normalize(const tasks *t)
{
    for (size_t i = 0; i < t->count; i++) {
        range r = range_of(t, i);
        for (size_t arm = 0; arm < t->all->n_arms; arm++) {
            size_t runs = t->scores[arm].runs;
            double *at = (double *)(uintptr_t)t->scores[arm].at + i * runs;
            for (size_t run = 0; run < runs; run++)
                at[run] = r.hi > r.lo ? (at[run] - r.lo) / (r.hi - r.lo) : 1;
        }
    }
    rg_json_say(t->notes,
                "The scores of each task are normalized: 0 is its worst run, 1 its best.");
}

static void note_scales(const tasks *t)
{
    size_t narrow = 0, wide = 0;
    for (size_t i = 1; i < t->count; i++) {
        narrow = width_of(t, i) < width_of(t, narrow) ? i : narrow;
        wide = width_of(t, i) > width_of(t, wide) ? i : wide;
    }
    if (width_of(t, wide) > SCALES_DIFFER * width_of(t, narrow))
        rg_json_say(
            t->notes,
            "The scores of %s spread over %.3g and those of %s over %.3g: what is taken "
            "over all tasks is ruled by the widest. Normalize the scores of each task "
            "first, between a random and a human or best known score, or from the worst "
            "to the best run (--normalize).",
            cells_set_name(t->all, t->set[wide]), width_of(t, wide),
            cells_set_name(t->all, t->set[narrow]), width_of(t, narrow));
}

/* As many resamples as the time allows: the ends of an interval from 500 stray by some twelfth
 * of its half width from seed to seed, from 10,000 by a fortieth. */
static size_t resamples_for(size_t scores, size_t arms, size_t claims, size_t most)
{
    static const size_t steps[] = {10000, 5000, 2000, 1000};
    double draws = (double)scores * (3 + 2 * (double)claims / (double)arms);
    for (size_t i = 0; i < RG_COUNT(steps); i++)
        if (draws * (double)steps[i] <= DRAWS && (!most || steps[i] <= most))
            return steps[i];
    return !most || most > 500 ? 500 : most;
}

/* ---- As data */

static json_t *interval_json(double lo, double hi)
{
    return isfinite(lo) && isfinite(hi) ? json_pack("[f, f]", lo, hi) : json_null();
}

static json_t *aggregate_json(const tasks *t, size_t arm, rg_aggregate what)
{
    rg_interval i = rg_aggregate_interval(t->scores[arm], what, &t->plan);
    if (are_turned(t))
        i = (rg_interval){-i.estimate, -i.hi, -i.lo};
    return json_pack("{s:o, s:o}", "estimate", rg_json_real(i.estimate), "interval",
                     interval_json(i.lo, i.hi));
}

static json_t *arms_json(const tasks *t)
{
    json_t *arms = json_array();
    for (size_t arm = 0; arm < t->all->n_arms; arm++)
        json_array_append_new(
            arms, json_pack("{s:s, s:I, s:o, s:o, s:o}", "name", t->all->arms[arm].arm, "runs",
                            (json_int_t)t->scores[arm].runs, "iqm",
                            aggregate_json(t, arm, RG_AGGREGATE_IQM), "mean",
                            aggregate_json(t, arm, RG_AGGREGATE_MEAN), "median",
                            aggregate_json(t, arm, RG_AGGREGATE_MEDIAN)));
    return arms;
}

/* From the worst score to the best, in even steps. */
static void fill_thresholds(const tasks *t, double *ret)
{
    double lo = INFINITY, hi = -INFINITY;
    for (size_t arm = 0; arm < t->all->n_arms; arm++)
        for (size_t i = 0; i < t->count * t->scores[arm].runs; i++) {
            lo = fmin(lo, t->scores[arm].at[i]);
            hi = fmax(hi, t->scores[arm].at[i]);
        }
    for (size_t i = 0; i < THRESHOLDS; i++)
        ret[i] = lo + (hi - lo) * (double)i / (THRESHOLDS - 1);
}

static json_t *profile_json(const tasks *t, size_t arm, const double *thresholds)
{
    rg_interval band[THRESHOLDS];
    json_t *share = json_array(), *lo = json_array(), *hi = json_array();
    rg_performance_profile(t->scores[arm], thresholds, THRESHOLDS, &t->plan, band);
    for (size_t i = 0; i < THRESHOLDS; i++) {
        json_array_append_new(share, rg_json_real(band[i].estimate));
        json_array_append_new(lo, rg_json_real(band[i].lo));
        json_array_append_new(hi, rg_json_real(band[i].hi));
    }
    return json_pack("{s:s, s:o, s:o, s:o}", "name", t->all->arms[arm].arm, "share", share,
                     "lo", lo, "hi", hi);
}

static json_t *profiles_json(const tasks *t)
{
    double thresholds[THRESHOLDS];
    json_t *at = json_array(), *arms = json_array();
    fill_thresholds(t, thresholds);
    for (size_t i = 0; i < THRESHOLDS; i++)
        json_array_append_new(at, rg_json_real(are_turned(t) ? -thresholds[i] : thresholds[i]));
    for (size_t arm = 0; arm < t->all->n_arms; arm++)
        json_array_append_new(arms, profile_json(t, arm, thresholds));
    return json_pack("{s:o, s:o}", "thresholds", at, "arms", arms);
}

static json_t *improvement_json(const tasks *t, const rg_claim *claims, size_t n_claims)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n_claims; i++) {
        const rg_claim *claim = &claims[i];
        rg_interval p =
            rg_probability_of_improvement(t->scores[claim->a], t->scores[claim->b], &t->plan);
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:o, s:o}", "a", t->all->arms[claim->a].arm, "b",
                            t->all->arms[claim->b].arm, "p", rg_json_real(p.estimate),
                            "interval", interval_json(p.lo, p.hi)));
    }
    return list;
}

/* ---- All of it */

/* Too little to tell anything is no news; what keeps the rest from being told is said. */
static bool can_be_told(tasks *t, json_t *warnings)
{
    const cells *all = t->all;
    find_tasks(t);
    if (t->count < FEWEST_TASKS)
        return false;
    if (count_runs(t) > SCORES_MAX) {
        rg_json_say(
            warnings,
            "Aggregates over tasks are left out: they are made for few runs, up to %d in "
            "all, and here are %zu.",
            SCORES_MAX, count_runs(t));
        return false;
    }
    t->scores = RG_ARENA_ARRAY(all->arena, rg_task_scores, all->n_arms);
    for (size_t arm = 0; arm < all->n_arms; arm++)
        t->scores[arm] = take(t, arm);
    if (count_scores(t) < count_runs(t))
        rg_json_say(t->notes,
                    "Of %zu runs %zu are taken: of each arm as many as it has on every task.",
                    count_runs(t), count_scores(t));
    if (!all_finite(t))
        rg_json_say(warnings, "Aggregates over tasks are left out: a run that failed has no "
                              "value that could be taken for its score.");
    return all_finite(t);
}

json_t *facts_tasks(const cells *all, const rg_claim *claims, size_t n_claims,
                    const facts_task_options *options)
{
    tasks t = {.all = all, .normalize = options->normalize, .notes = json_array()};
    if (!can_be_told(&t, options->warnings)) {
        json_decref(t.notes);
        return NULL;
    }
    if (t.normalize)
        normalize(&t);
    else
        note_scales(&t);
    t.plan = (rg_bootstrap_plan){.kind = RG_BOOTSTRAP_PERCENTILE,
                                 .resamples = resamples_for(count_scores(&t), all->n_arms,
                                                            n_claims, all->options->resamples),
                                 .seed = options->seed,
                                 .alpha = all->options->analysis.alpha};
    return json_pack("{s:I, s:b, s:o, s:o, s:o, s:I, s:I, s:o}", "tasks", (json_int_t)t.count,
                     "normalized", t.normalize, "arms", arms_json(&t), "profiles",
                     profiles_json(&t), "improvement", improvement_json(&t, claims, n_claims),
                     "resamples", (json_int_t)t.plan.resamples, "seed",
                     (json_int_t)options->seed, "notes", t.notes);
}
