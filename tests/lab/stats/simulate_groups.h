/* simulate_groups.h - procedures beyond one list of pairs: one study each. */
#ifndef RIGOR_TESTS_SIMULATE_GROUPS_H
#define RIGOR_TESTS_SIMULATE_GROUPS_H

#include "lab/stats/simulate_pairs.h"
#include "rigor/groups.h"
#include "rigor/predictions.h"

/* ---- Two samples without partners ------------------------------------------------------- */
static double simulate_welch(const simulate_cell *cell, rg_rng *rng)
{
    double a[SIMULATE_MOST_SEEDS], b[SIMULATE_MOST_SEEDS];
    simulate_draw(cell, rng, cell->n, a);
    simulate_draw(cell, rng, cell->n, b);
    return rg_welch(a, cell->n, b, cell->n, 0, SIMULATE_ALPHA).p < SIMULATE_ALPHA;
}

static double simulate_welch_unequal(const simulate_cell *cell, rg_rng *rng)
{
    double a[SIMULATE_MOST_SEEDS], b[SIMULATE_MOST_SEEDS];
    simulate_draw(cell, rng, cell->n, a);
    simulate_draw(cell, rng, 2 * cell->n, b);
    for (size_t i = 0; i < cell->n; i++)
        a[i] *= 3;
    return rg_welch(a, cell->n, b, 2 * cell->n, 0, SIMULATE_ALPHA).p < SIMULATE_ALPHA;
}

static double simulate_permutation(const simulate_cell *cell, rg_rng *rng)
{
    double a[SIMULATE_MOST_SEEDS], b[SIMULATE_MOST_SEEDS];
    simulate_draw(cell, rng, cell->n, a);
    simulate_draw(cell, rng, cell->n, b);
    return rg_permutation(a, cell->n, b, cell->n, 0).p < SIMULATE_ALPHA;
}

static double simulate_mann_whitney(const simulate_cell *cell, rg_rng *rng)
{
    double a[SIMULATE_MOST_SEEDS], b[SIMULATE_MOST_SEEDS];
    simulate_draw(cell, rng, cell->n, a);
    simulate_draw(cell, rng, cell->n, b);
    return rg_mann_whitney(a, cell->n, b, cell->n).p < SIMULATE_ALPHA;
}

/* ---- Several data sets: their differences have spreads 1, 2, 4, 1, ... ------------------ */
static void simulate_set(const simulate_cell *cell, rg_rng *rng, size_t set, double *ret)
{
    simulate_pairs(cell, rng, ret);
    for (size_t i = 0; i < cell->n; i++)
        ret[i] *= (double)(1 << set % 3);
}

static double simulate_stratified(const simulate_cell *cell, rg_rng *rng)
{
    enum { SETS = 3 };
    double d[SETS][SIMULATE_MOST_SEEDS];
    rg_stratum strata[SETS];
    for (size_t set = 0; set < SETS; set++) {
        simulate_set(cell, rng, set, d[set]);
        strata[set] = (rg_stratum){d[set], cell->n};
    }
    return rg_stratified_t(strata, SETS, 0, SIMULATE_ALPHA).p < SIMULATE_ALPHA;
}

static double simulate_set_means(const simulate_cell *cell, rg_rng *rng)
{
    enum { SETS = 8 };
    double d[SIMULATE_MOST_SEEDS], mean[SETS] = {0};
    for (size_t set = 0; set < SETS; set++) {
        simulate_set(cell, rng, set, d);
        for (size_t i = 0; i < cell->n; i++)
            mean[set] += d[i] / (double)cell->n;
    }
    return rg_wilcoxon(mean, SETS, RG_ZEROS_PRATT, RG_WILCOXON_EXACT).p < SIMULATE_ALPHA;
}

static double simulate_friedman(const simulate_cell *cell, rg_rng *rng)
{
    enum { ARMS = 4 };
    double scores[SIMULATE_MOST_SEEDS * ARMS];
    simulate_draw(cell, rng, cell->n * ARMS, scores);
    return rg_friedman(scores, cell->n, ARMS).p_f < SIMULATE_ALPHA;
}

/* ---- Folds: differences that share a part of their error --------------------------------
 * Nadeau and Bengio's model: folds correlate by n_test / (n_test + n_train) = 1/10. */
enum { SIMULATE_FOLDS_OF = 10, SIMULATE_MOST_FOLDS = 100 };

static void simulate_folds(const simulate_cell *cell, rg_rng *rng, double *ret)
{
    double correlation = 1. / SIMULATE_FOLDS_OF;
    double shared = sqrt(correlation) * cell->scores->draw(rng);
    for (size_t i = 0; i < cell->n; i++)
        ret[i] = shared + sqrt(1 - correlation) * cell->scores->draw(rng);
}

static double simulate_folds_naive(const simulate_cell *cell, rg_rng *rng)
{
    double d[SIMULATE_MOST_FOLDS];
    simulate_folds(cell, rng, d);
    return rg_t_test(d, cell->n, 0, SIMULATE_ALPHA).p < SIMULATE_ALPHA;
}

static double simulate_folds_corrected(const simulate_cell *cell, rg_rng *rng)
{
    double d[SIMULATE_MOST_FOLDS], test_over_train = 1. / (SIMULATE_FOLDS_OF - 1);
    simulate_folds(cell, rng, d);
    return rg_corrected_t(d, cell->n, test_over_train, 0, SIMULATE_ALPHA).p < SIMULATE_ALPHA;
}

/* Several seeds on folds that are cut once: what is a fold's own, four fifths of the variance, all its
 * seeds have in common.  ret: fold by fold. */
static void simulate_fold_seeds(const simulate_cell *cell, rg_rng *rng, double *ret)
{
    double correlation = 1. / SIMULATE_FOLDS_OF, own_share = .8;
    double shared = sqrt(correlation) * cell->scores->draw(rng);
    for (size_t f = 0; f < SIMULATE_FOLDS_OF; f++) {
        double own = shared + sqrt(1 - correlation) * cell->scores->draw(rng);
        for (size_t s = 0; s < cell->n; s++)
            ret[f * cell->n + s] =
                sqrt(own_share) * own + sqrt(1 - own_share) * cell->scores->draw(rng);
    }
}

static double simulate_fold_seeds_apart(const simulate_cell *cell, rg_rng *rng)
{
    double d[SIMULATE_MOST_FOLDS], test_over_train = 1. / (SIMULATE_FOLDS_OF - 1);
    simulate_fold_seeds(cell, rng, d);
    return rg_corrected_t(d, SIMULATE_FOLDS_OF * cell->n, test_over_train, 0, SIMULATE_ALPHA)
               .p < SIMULATE_ALPHA;
}

static double simulate_fold_seeds_mean(const simulate_cell *cell, rg_rng *rng)
{
    double d[SIMULATE_MOST_FOLDS], mean[SIMULATE_FOLDS_OF] = {0};
    double test_over_train = 1. / (SIMULATE_FOLDS_OF - 1);
    simulate_fold_seeds(cell, rng, d);
    for (size_t i = 0; i < SIMULATE_FOLDS_OF * cell->n; i++)
        mean[i / cell->n] += d[i] / (double)cell->n;
    return rg_corrected_t(mean, SIMULATE_FOLDS_OF, test_over_train, 0, SIMULATE_ALPHA).p <
           SIMULATE_ALPHA;
}

/* ---- Many tasks with few runs ------------------------------------------------------------ */
static double simulate_improvement(const simulate_cell *cell, rg_rng *rng)
{
    enum { TASKS = 10, MOST_RUNS = 10 };
    double a[TASKS * MOST_RUNS], b[TASKS * MOST_RUNS];
    simulate_draw(cell, rng, TASKS * cell->n, a);
    simulate_draw(cell, rng, TASKS * cell->n, b);
    rg_bootstrap_plan plan = {RG_BOOTSTRAP_PERCENTILE, SIMULATE_RESAMPLES, rg_rng_u64(rng), 1,
                              SIMULATE_ALPHA};
    rg_interval p = rg_probability_of_improvement((rg_task_scores){a, TASKS, cell->n},
                                                  (rg_task_scores){b, TASKS, cell->n}, &plan);
    return p.lo > .5 || p.hi < .5;
}

/* ---- Two fixed models: each is right on 85 % of the examples ----------------------------- */
static double simulate_mcnemar(const simulate_cell *cell, rg_rng *rng)
{
    size_t only_a = 0, only_b = 0;
    for (size_t i = 0; i < cell->n; i++) {
        bool a = rg_rng_unit(rng) < .85, b = rg_rng_unit(rng) < .85;
        only_a += a && !b;
        only_b += b && !a;
    }
    return rg_mcnemar(only_a, only_b).p_exact < SIMULATE_ALPHA;
}

#endif
