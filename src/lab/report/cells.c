/* cells.c - sorting scores into arms and data sets (see cells.h). */
#include "lab/report/cells.h"

#include "rigor/groups.h"

#include <math.h>
#include <stdlib.h>

static size_t set_of(const rg_scores *arm, size_t i, size_t n_sets)
{
    size_t set = arm->set ? arm->set[i] : 0;
    if (set >= n_sets)
        RG_BUG("a score of %s is of data set %zu of %zu", arm->arm, set, n_sets);
    return set;
}

static int by_seed_and_fold(const void *a, const void *b)
{
    const cell_run *x = a, *y = b;
    if (x->seed != y->seed)
        return x->seed > y->seed ? 1 : -1;
    return (x->fold > y->fold) - (x->fold < y->fold);
}

static void sort_arm(cells *all, size_t arm)
{
    const rg_scores *scores = &all->arms[arm];
    size_t *count = RG_ARENA_ARRAY(all->arena, size_t, all->n_sets);
    for (size_t i = 0; i < scores->count; i++)
        count[set_of(scores, i, all->n_sets)]++;
    for (size_t set = 0; set < all->n_sets; set++)
        all->at[set * all->n_arms + arm].at =
            RG_ARENA_ARRAY(all->arena, cell_run, count[set] + 1);
    for (size_t i = 0; i < scores->count; i++) {
        cell *to = &all->at[set_of(scores, i, all->n_sets) * all->n_arms + arm];
        to->at[to->n++] =
            (cell_run){scores->seed[i], scores->fold ? scores->fold[i] : 0, scores->value[i]};
    }
    for (size_t set = 0; set < all->n_sets; set++) {
        cell *to = &all->at[set * all->n_arms + arm];
        qsort(to->at, to->n, sizeof(*to->at), by_seed_and_fold);
    }
}

static double fold_ratio(const cells *all)
{
    double given = all->options->test_over_train;
    uint32_t last = 0;
    for (size_t arm = 0; arm < all->n_arms; arm++)
        for (size_t i = 0; all->arms[arm].fold && i < all->arms[arm].count; i++)
            last = all->arms[arm].fold[i] > last ? all->arms[arm].fold[i] : last;
    if (last == 0)
        return NAN;
    return given > 0 ? given : 1 / (double)last; /* k folds: 1 / (k - 1) */
}

cells cells_of(const rg_scores *arms, size_t n_arms, const rg_verdict_options *options,
               rg_arena *arena)
{
    cells all = {.arms = arms,
                 .n_arms = n_arms,
                 .n_sets = options->sets && options->n_sets ? options->n_sets : 1,
                 .options = options,
                 .arena = arena};
    all.at = RG_ARENA_ARRAY(arena, cell, all.n_sets * n_arms + 1);
    for (size_t arm = 0; arm < n_arms; arm++)
        sort_arm(&all, arm);
    all.test_over_train = fold_ratio(&all);
    return all;
}

const cell *cells_at(const cells *all, size_t set, size_t arm)
{
    return &all->at[set * all->n_arms + arm];
}

const char *cells_set_name(const cells *all, size_t set)
{
    return all->options->sets && all->options->n_sets ? all->options->sets[set] : NULL;
}

double *cells_values(const cells *all, const cell *of)
{
    double *values = RG_ARENA_ARRAY(all->arena, double, of->n + 1);
    for (size_t i = 0; i < of->n; i++)
        values[i] = of->at[i].value;
    return values;
}

double cells_mean(const cell *of)
{
    double sum = 0;
    for (size_t i = 0; i < of->n; i++)
        sum += of->at[i].value;
    return of->n ? sum / (double)of->n : NAN;
}

rg_t_result cells_t_test(const cells *all, const double *values, size_t n)
{
    double alpha = all->options->analysis.alpha;
    return isnan(all->test_over_train)
               ? rg_t_test(values, n, 0, alpha)
               : rg_corrected_t(values, n, all->test_over_train, 0, alpha);
}
