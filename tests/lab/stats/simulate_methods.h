/* simulate_methods.h - the table of procedures whose error rates are simulated.
 *
 * Unless a row says otherwise every arm's scores come from one distribution, so that there is
 * no difference, and whatever is found is an error; the level is .05. */
#ifndef RIGOR_TESTS_SIMULATE_METHODS_H
#define RIGOR_TESTS_SIMULATE_METHODS_H

#include "lab/stats/simulate_groups.h"

/* ---- The table -----------------------------------------------------------------------------
 */
#define SIMULATE_PAIRS "A against B, paired seeds"
#define SIMULATE_LOOKING "looking after every seed from 3 on"
#define SIMULATE_STUDY "a whole study, Holm over its claims"
#define SIMULATE_UNPAIRED "A against B, seeds without partners"
#define SIMULATE_FOLD_SEEDS "n seeds on each of 10 folds that are cut once"
#define SIMULATE_FOLDS "n folds of a 10-fold cross-validation, repeated"
#define SIMULATE_FINDS "finds a difference"
#define SIMULATE_COVERS "interval holds the truth"

/* clang-format off */
static const simulate_method simulate_methods[] = {
    {.id = "t", .situation = SIMULATE_PAIRS, .name = "paired t", .counted = SIMULATE_FINDS,
     .study = simulate_t, .n = {5, 8, 10}, .scores = SIMULATE_NORMAL,
     .brief = 3000, .full = 40000, .printed = {.053, .051, .046}, .least = .04, .most = .06},
    {.id = "t-other", .situation = SIMULATE_PAIRS, .name = "paired t",
     .counted = SIMULATE_FINDS, .study = simulate_t, .n = {5, 8, 10}, .scores = SIMULATE_OTHERS,
     .brief = 3000, .full = 40000, .most = .046},
    {.id = "t-covers", .situation = SIMULATE_PAIRS, .name = "t interval",
     .counted = SIMULATE_COVERS, .study = simulate_t_covers, .n = {5, 8, 10},
     .scores = SIMULATE_NORMAL, .brief = 3000, .full = 40000, .least = .935, .most = .965},
    {.id = "signflip", .situation = SIMULATE_PAIRS, .name = "exact sign-flip",
     .counted = SIMULATE_FINDS, .study = simulate_signflip, .n = {5, 8, 10},
     .scores = SIMULATE_ALL, .brief = 1000, .full = 16000, .printed = {0, .046, .048},
     .most = .06},
    {.id = "wilcoxon", .situation = SIMULATE_PAIRS, .name = "exact Wilcoxon",
     .counted = SIMULATE_FINDS, .study = simulate_wilcoxon, .n = {5, 8, 10},
     .scores = SIMULATE_ALL, .brief = 1000, .full = 16000, .most = .06},
    {.id = "percentile", .situation = SIMULATE_PAIRS,
     .name = "percentile bootstrap interval excludes 0", .counted = SIMULATE_FINDS,
     .study = simulate_percentile, .n = {5, 8, 10}, .scores = SIMULATE_NORMAL,
     .full = 16000, .printed = {.172, .114, .094}},
    {.id = "bca-covers", .situation = SIMULATE_PAIRS, .name = "BCa bootstrap interval",
     .counted = SIMULATE_COVERS, .study = simulate_bca_covers, .n = {5, 8, 10},
     .scores = SIMULATE_NORMAL, .full = 16000, .printed = {.84, -1, -1}},
    {.id = "superior", .situation = SIMULATE_PAIRS, .name = "P(A>B) at least .75 (point)",
     .counted = SIMULATE_FINDS, .study = simulate_superior, .n = {5, 8, 10},
     .scores = SIMULATE_NORMAL, .brief = 3000, .full = 40000, .printed = {.187, .153, .049}},
    {.id = "aso", .situation = SIMULATE_PAIRS, .name = "almost stochastic order < .5",
     .counted = SIMULATE_FINDS, .study = simulate_aso, .n = {5, 8, 10},
     .scores = SIMULATE_NORMAL, .printed = {.207, .198, .175}},
    {.id = "equivalence", .situation = SIMULATE_PAIRS,
     .name = "TOST, the difference being at the margin", .counted = "finds equivalence",
     .study = simulate_equivalence, .n = {5, 8, 10}, .scores = SIMULATE_NORMAL,
     .brief = 3000, .full = 40000, .most = .06},

    {.id = "looking-t", .situation = SIMULATE_LOOKING, .name = "paired t",
     .counted = SIMULATE_FINDS, .study = simulate_looking_t,
     .n = {3, 5, 8, 12, 20, 30}, .scores = SIMULATE_NORMAL, .brief = 500, .full = 8000,
     .printed = {-1, -1, -1, .188, -1, -1}},
    {.id = "looking-e", .situation = SIMULATE_LOOKING, .name = "t e-process",
     .counted = SIMULATE_FINDS, .study = simulate_looking_evidence,
     .n = {3, 5, 8, 12, 20, 30}, .scores = SIMULATE_NORMAL, .brief = 500, .full = 8000,
     .printed = {-1, -1, -1, .013, -1, -1}, .most = .05},
    {.id = "looking-e-3", .situation = SIMULATE_LOOKING,
     .name = "t e-process, 3 claims at 3/.05", .counted = SIMULATE_FINDS,
     .study = simulate_looking_claims, .n = {10, 20, 30},
     .scores = SIMULATE_ALL, .claims = 3, .brief = 150, .most = .05},

    {.id = "study-1", .situation = SIMULATE_STUDY, .name = "1 claim", .counted = SIMULATE_FINDS,
     .study = simulate_whole_study, .n = {5, 8, 10}, .scores = SIMULATE_ALL, .claims = 1,
     .brief = 100, .most = .06},
    {.id = "study-3", .situation = SIMULATE_STUDY, .name = "3 claims",
     .counted = SIMULATE_FINDS, .study = simulate_whole_study, .n = {5, 8, 10},
     .scores = SIMULATE_ALL, .claims = 3, .brief = 100, .most = .06},
    {.id = "study-7", .situation = SIMULATE_STUDY, .name = "7 claims",
     .counted = SIMULATE_FINDS, .study = simulate_whole_study, .n = {5, 8, 10},
     .scores = SIMULATE_ALL, .claims = 7, .brief = 40, .most = .06},
    {.id = "study-sets-3", .situation = SIMULATE_STUDY, .name = "3 claims on 3 data sets",
     .counted = SIMULATE_FINDS, .study = simulate_whole_study, .n = {5},
     .scores = SIMULATE_ALL, .claims = 3, .sets = 3,
     .brief = 40, .most = .06},
    {.id = "study-sets-8", .situation = SIMULATE_STUDY, .name = "3 claims on 8 data sets",
     .counted = SIMULATE_FINDS, .study = simulate_whole_study, .n = {2},
     .scores = SIMULATE_ALL, .claims = 3, .sets = 8,
     .brief = 40, .most = .06},
    {.id = "uncorrected-1", .situation = "a whole study, its claims tested one by one",
     .name = "paired t, 1 claim", .counted = SIMULATE_FINDS,
     .study = simulate_uncorrected, .n = {8}, .scores = SIMULATE_NORMAL, .claims = 1,
     .brief = 1000, .full = 16000},
    {.id = "uncorrected-3", .situation = "a whole study, its claims tested one by one",
     .name = "paired t, 3 claims", .counted = SIMULATE_FINDS,
     .study = simulate_uncorrected, .n = {8}, .scores = SIMULATE_NORMAL, .claims = 3,
     .brief = 1000, .full = 16000},
    {.id = "uncorrected-7", .situation = "a whole study, its claims tested one by one",
     .name = "paired t, 7 claims", .counted = SIMULATE_FINDS,
     .study = simulate_uncorrected, .n = {8}, .scores = SIMULATE_NORMAL, .claims = 7,
     .brief = 1000, .full = 16000},

    {.id = "welch", .situation = SIMULATE_UNPAIRED, .name = "Welch", .counted = SIMULATE_FINDS,
     .study = simulate_welch, .n = {5, 8, 10}, .scores = SIMULATE_ALL, .brief = 1000,
     .full = 16000, .most = .06},
    {.id = "welch-unequal", .situation = SIMULATE_UNPAIRED,
     .name = "Welch, n seeds with three times the spread against 2n",
     .counted = SIMULATE_FINDS, .study = simulate_welch_unequal, .n = {5, 8, 10},
     .scores = SIMULATE_NORMAL, .brief = 1000, .full = 16000, .most = .06},
    {.id = "permutation", .situation = SIMULATE_UNPAIRED, .name = "exact permutation",
     .counted = SIMULATE_FINDS, .study = simulate_permutation, .n = {5, 8},
     .scores = SIMULATE_ALL, .most = .06},
    {.id = "mann-whitney", .situation = SIMULATE_UNPAIRED, .name = "exact Mann-Whitney",
     .counted = SIMULATE_FINDS, .study = simulate_mann_whitney, .n = {5, 8, 10},
     .scores = SIMULATE_ALL, .most = .06},

    {.id = "stratified-t", .situation = "A against B on 3 data sets, n seeds on each",
     .name = "stratified t", .counted = SIMULATE_FINDS, .study = simulate_stratified,
     .n = {5, 8, 10}, .scores = SIMULATE_ALL, .brief = 1000, .full = 16000, .most = .06},
    {.id = "wilcoxon-sets", .situation = "A against B on 8 data sets, n seeds on each",
     .name = "exact Wilcoxon over the sets' means", .counted = SIMULATE_FINDS,
     .study = simulate_set_means, .n = {5, 8, 10}, .scores = SIMULATE_ALL, .brief = 1000,
     .full = 16000, .most = .06},
    {.id = "friedman", .situation = "4 arms on n data sets",
     .name = "Friedman, Iman-Davenport F", .counted = SIMULATE_FINDS,
     .study = simulate_friedman, .n = {10, 14, 20}, .scores = SIMULATE_NORMAL, .brief = 1000,
     .full = 16000, .most = .06},
    {.id = "folds-naive", .situation = SIMULATE_FOLDS, .name = "paired t, as if independent",
     .counted = SIMULATE_FINDS, .study = simulate_folds_naive, .n = {10, 50, 100},
     .scores = SIMULATE_NORMAL, .brief = 1000, .full = 16000, .least = .12, .most = .7},
    {.id = "folds-corrected", .situation = SIMULATE_FOLDS, .name = "corrected resampled t",
     .counted = SIMULATE_FINDS, .study = simulate_folds_corrected, .n = {10, 50, 100},
     .scores = SIMULATE_NORMAL, .brief = 1000, .full = 16000, .least = .04, .most = .06},
    {.id = "fold-seeds-apart", .situation = SIMULATE_FOLD_SEEDS,
     .name = "corrected resampled t, each run a fold", .counted = SIMULATE_FINDS,
     .study = simulate_fold_seeds_apart, .n = {2, 5, 10}, .scores = SIMULATE_NORMAL,
     .brief = 1000, .full = 16000, .least = .06, .most = .2},
    {.id = "fold-seeds-mean", .situation = SIMULATE_FOLD_SEEDS,
     .name = "corrected resampled t on the folds' means", .counted = SIMULATE_FINDS,
     .study = simulate_fold_seeds_mean, .n = {2, 5, 10}, .scores = SIMULATE_NORMAL,
     .brief = 1000, .full = 16000, .least = .03, .most = .06},
    {.id = "improvement", .situation = "A against B on 10 tasks, n runs on each",
     .name = "interval of P(A > B) excludes .5", .counted = SIMULATE_FINDS,
     .study = simulate_improvement, .n = {3, 5, 10}, .scores = SIMULATE_NORMAL, .brief = 100},
    {.id = "mcnemar", .situation = "two fixed models, n examples", .name = "exact McNemar",
     .counted = SIMULATE_FINDS, .study = simulate_mcnemar, .n = {100, 300, 1000},
     .scores = SIMULATE_NORMAL, .brief = 1000, .most = .06},
};
/* clang-format on */

/* ---- As a test -----------------------------------------------------------------------------
 */
typedef struct simulate_checking {
    uint64_t seed;
    bool full;
    size_t failed;
} simulate_checking;

static void simulate_check_cell(const simulate_cell *cell, void *ctx)
{
    simulate_checking *c = ctx;
    simulate_result r = simulate_run(cell, simulate_studies(cell->method, c->full), c->seed);
    bool holds = simulate_holds(cell, r, !c->full || r.studies < SIMULATE_FULL);
    printf("%s%-11s %-12s n=%-3zu %.4f (se %.4f)\n", holds ? "" : "WRONG: ", cell->method->id,
           cell->scores->name, cell->n, r.rate, r.se);
    c->failed += !holds;
}

/* How many cells have a rate that they must not have.  What is promised is widened only where
 * there are fewer than 4,000 studies. */
static inline size_t simulate_check(bool full, uint64_t seed)
{
    simulate_checking c = {seed, full, 0};
    printf("seed %llu\n", (unsigned long long)seed);
    simulate_each(simulate_methods, RG_COUNT(simulate_methods), simulate_check_cell, &c);
    return c.failed;
}

#endif
