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

static rg_scores scores_of(const rg_study *study, const rg_arm *arm, const rg_record *records,
                           size_t n, size_t seeds, rg_arena *arena)
{
    uint64_t *seed = RG_ARENA_ARRAY(arena, uint64_t, seeds + 1);
    double *value = RG_ARENA_ARRAY(arena, double, seeds + 1);
    bool *failed = RG_ARENA_ARRAY(arena, bool, seeds + 1);
    size_t count = 0;
    for (size_t i = 0; i < n; i++) { /* an arm's runs come in order of their seeds */
        const rg_record *run = &records[i];
        if (run->stage != RG_EVALUATE || run->number >= seeds || (!run->test && !run->failed) ||
            strcmp(run->arm, arm->name) != 0)
            continue;
        seed[count] = run->seed;
        value[count] = score_of(study, run);
        failed[count++] = run->failed;
    }
    return (rg_scores){
        .arm = arm->name, .count = count, .seed = seed, .value = value, .failed = failed};
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
                                .test_over_train = NAN,
                                .sequential = rg_study_is_sequential(study),
                                .seeds_max = study->n_seeds};
}
