/* scores.c - the runs of a study as its verdicts take them. */
#include "rigor/protocol.h"

#include <math.h>
#include <string.h>

/* A failed run is never dropped: it counts as the metric's worst value. */
static double score_of(const rg_study *study, const rg_record *run)
{
    double score = run->failed ? study->metric_worst
                               : rg_json_number(json_object_get(run->test, study->metric), NAN);
    return isfinite(score) ? score : NAN;
}

/* The runs of an arm that count, in order of their numbers. */
static size_t runs_of(const rg_study *study, const rg_arm *arm, const rg_record *records,
                      size_t n, size_t seeds, const rg_record **ret)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        const rg_record *run = &records[i];
        if (run->stage == RG_EVALUATE && run->number < rg_study_runs(study, seeds) &&
            (run->test || run->failed) && strcmp(run->arm, arm->name) == 0)
            ret[count++] = run;
    }
    return count;
}

typedef struct list { /* scores as they are gathered */
    uint64_t *seed;
    uint32_t *fold;
    double *value;
    bool *failed;
    size_t count;
} list;

static list list_new(size_t room, rg_arena *arena)
{
    return (list){.seed = RG_ARENA_ARRAY(arena, uint64_t, room + 1),
                  .fold = RG_ARENA_ARRAY(arena, uint32_t, room + 1),
                  .value = RG_ARENA_ARRAY(arena, double, room + 1),
                  .failed = RG_ARENA_ARRAY(arena, bool, room + 1)};
}

static void list_add(list *to, uint64_t seed, size_t fold, double value, bool failed)
{
    to->seed[to->count] = seed;
    to->fold[to->count] = (uint32_t)fold;
    to->value[to->count] = value;
    to->failed[to->count++] = failed;
}

/* One score a fold, the mean over its seeds.  They share their training and test rows: taken as so
 * many folds more they would find far too much (docs/statistics.md). */
static void add_folds(list *to, const rg_study *study, const rg_record **run, size_t runs)
{
    for (size_t f = 1; f <= study->split.folds; f++) {
        double sum = 0;
        bool failed = false;
        size_t of = 0;
        for (size_t i = 0; i < runs; i++) {
            if (run[i]->fold != f)
                continue;
            sum += score_of(study, run[i]);
            failed |= run[i]->failed;
            of++;
        }
        if (of)
            list_add(to, study->seeds[0], f, sum / (double)of, failed);
    }
}

static rg_scores scores_of(const rg_study *study, const rg_arm *arm, const rg_record *records,
                           size_t n, size_t seeds, rg_arena *arena)
{
    const rg_record **run = RG_ARENA_ARRAY(arena, const rg_record *, n + 1);
    size_t runs = runs_of(study, arm, records, n, seeds, run);
    bool folds = rg_study_has_folds(study);
    list all = list_new(runs, arena);
    if (folds)
        add_folds(&all, study, run, runs);
    for (size_t i = 0; !folds && i < runs; i++)
        list_add(&all, run[i]->seed, 0, score_of(study, run[i]), run[i]->failed);
    return (rg_scores){.arm = arm->name,
                       .count = all.count,
                       .seed = all.seed,
                       .value = all.value,
                       .failed = all.failed,
                       .fold = folds ? all.fold : NULL};
}

rg_scores *rg_study_scores(const rg_study *study, const rg_record *records, size_t n,
                           size_t seeds, rg_arena *arena)
{
    rg_scores *scores = RG_ARENA_ARRAY(arena, rg_scores, study->n_arms + 1);
    for (size_t a = 0; a < study->n_arms; a++)
        scores[a] = scores_of(study, &study->arms[a], records, n, seeds, arena);
    return scores;
}

rg_verdict_options rg_study_verdict_options(const rg_study *study)
{
    return (rg_verdict_options){.metric = study->metric,
                                .maximize = study->maximize,
                                .analysis = study->analysis,
                                .exploratory = study->exploratory,
                                .n_explored = study->n_explored,
                                .test_over_train = rg_study_test_over_train(study),
                                .seeds_each = rg_study_has_folds(study) ? study->n_seeds : 0,
                                .sequential = rg_study_is_sequential(study),
                                .seeds_max = study->n_seeds};
}
