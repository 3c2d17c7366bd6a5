/* sampler_tpe.c - the tree-structured Parzen estimator, over all dimensions jointly.
 *
 * Finished trials are split into the best few and the rest; a density is fitted to each
 * (parzen.h), and the next trial is, among draws from the density of the good ones, the one
 * with the largest ratio good : rest, which is where the expected improvement is largest (J.
 * Bergstra et al., "Algorithms for hyper-parameter optimization", 2011; joint kernels as in S.
 * Falkner et al., "BOHB", 2018; a study of the parts: S. Watanabe, "Tree-structured Parzen
 * estimator: understanding its algorithm components", 2023).
 *
 * Only the order of the losses matters, so their scale and outliers do not.
 *   failed trials    stand behind every finished one, never among the best; a loss that is not
 *                    finite is a failure
 *   pending trials   count as the rest, so that parallel workers keep away from each other
 *   known points     are not proposed again while one of the draws is new
 *   long histories   the rest is thinned evenly to MAX_REST, so a suggestion's cost stays flat
 */
#include "lab/search/parzen.h"
#include "lab/search/sobol.h"
#include "lab/search/space.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STARTUP 6 /* finished trials before there is anything to model; Sobol until then */
#define GOOD_FRACTION 0.2 /* of the finished and failed trials */
#define MAX_GOOD 25
#define RANK_POWER 2 /* a good trial's weight: (number of good trials - its rank)^power */
#define MAX_REST 400
#define CANDIDATES 36

typedef struct tpe_split {
    size_t good[MAX_GOOD], n_good; /* indices into the history, best first */
    const double *const *good_points;
    double weights[MAX_GOOD]; /* of the good ones, of mean 1 */
    const double *const *rest_points;
    size_t n_rest;
} tpe_split;

static bool is_finished(const rg_obs *obs)
{
    return obs->state == RG_OBS_DONE && isfinite(obs->loss);
}

/* ---- Good and rest ----------------------------------------------------------------------- */
/* Keeps the list sorted; of equal losses the earlier trial stands first. */
static void insert_good(tpe_split *split, size_t limit, const rg_obs *history, size_t trial)
{
    size_t place = split->n_good;
    while (place > 0 && history[split->good[place - 1]].loss > history[trial].loss)
        place--;
    if (place == limit)
        return;
    split->n_good += split->n_good < limit;
    for (size_t i = split->n_good - 1; i > place; i--)
        split->good[i] = split->good[i - 1];
    split->good[place] = trial;
}

static void pick_good(tpe_split *split, const rg_ask *ask, size_t settled)
{
    size_t limit = (size_t)fmin(ceil(GOOD_FRACTION * (double)settled), MAX_GOOD);
    for (size_t i = 0; i < ask->count; i++)
        if (is_finished(&ask->history[i]))
            insert_good(split, limit, ask->history, i);
}

static void weigh_good(tpe_split *split)
{
    double total = 0;
    for (size_t i = 0; i < split->n_good; i++)
        total += split->weights[i] = pow((double)(split->n_good - i), RANK_POWER);
    for (size_t i = 0; i < split->n_good; i++)
        split->weights[i] *= (double)split->n_good / total;
}

static void collect(rg_arena *arena, tpe_split *split, const rg_ask *ask)
{
    bool *is_good = RG_ARENA_ARRAY(arena, bool, ask->count);
    const double **good = RG_ARENA_ARRAY(arena, const double *, MAX_GOOD);
    const double **rest = RG_ARENA_ARRAY(arena, const double *, ask->count);
    for (size_t i = 0; i < split->n_good; i++) {
        is_good[split->good[i]] = true;
        good[i] = ask->history[split->good[i]].point;
    }
    size_t n = 0;
    for (size_t i = 0; i < ask->count; i++)
        if (!is_good[i])
            rest[n++] = ask->history[i].point;
    split->n_rest = n < MAX_REST ? n : MAX_REST;
    for (size_t i = 0; i < split->n_rest; i++)
        rest[i] = rest[i * n / split->n_rest];
    split->good_points = good;
    split->rest_points = rest;
}

/* ---- Candidates -------------------------------------------------------------------------- */
static bool is_known(const rg_ask *ask, const double *point)
{
    size_t dims = ask->space->count;
    for (size_t i = 0; i < ask->count; i++) {
        const double *other = ask->history[i].point;
        size_t d = 0;
        while (d < dims && (point[d] == other[d] || (isnan(point[d]) && isnan(other[d]))))
            d++;
        if (d == dims)
            return true;
    }
    return false;
}

typedef struct tpe_candidate {
    double *point;
    double score;
    size_t number;
} tpe_candidate;

static int by_score(const void *a, const void *b)
{
    const tpe_candidate *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->number > y->number) - (x->number < y->number);
}

static tpe_candidate *draw_candidates(rg_arena *arena, const rg_ask *ask,
                                      const tpe_split *split, rg_rng *rng)
{
    const rg_space *space = ask->space;
    rg_parzen *good =
        rg_parzen_new(arena, space, split->good_points, split->weights, split->n_good);
    rg_parzen *rest = rg_parzen_new(arena, space, split->rest_points, NULL, split->n_rest);
    tpe_candidate *candidates = RG_ARENA_ARRAY(arena, tpe_candidate, CANDIDATES);
    for (size_t i = 0; i < CANDIDATES; i++) {
        double *point = RG_ARENA_ARRAY(arena, double, space->count);
        rg_parzen_draw(good, rng, point);
        candidates[i].point = point;
        candidates[i].score =
            rg_parzen_log_density(good, point) - rg_parzen_log_density(rest, point);
        candidates[i].number = i;
    }
    qsort(candidates, CANDIDATES, sizeof(*candidates), by_score);
    return candidates;
}

static double draw_uniform(void *ctx, size_t dim)
{
    (void)dim;
    return rg_rng_unit(ctx);
}

/* The best new candidate; when all are known (a small space), a new uniform draw; when those
 * are known, too, the best candidate again. */
static void choose(const rg_ask *ask, const tpe_candidate *candidates, rg_rng *rng,
                   double *ret_point)
{
    size_t dims = ask->space->count;
    for (size_t i = 0; i < CANDIDATES; i++) {
        if (is_known(ask, candidates[i].point))
            continue;
        memcpy(ret_point, candidates[i].point, dims * sizeof(double));
        return;
    }
    for (size_t i = 0; i < CANDIDATES; i++) {
        rg_space_fill(ask->space, draw_uniform, rng, ret_point);
        if (!is_known(ask, ret_point))
            return;
    }
    memcpy(ret_point, candidates[0].point, dims * sizeof(double));
}

static void suggest(const rg_ask *ask, double *ret_point)
{
    size_t settled = 0;
    for (size_t i = 0; i < ask->count; i++)
        settled += ask->history[i].state != RG_OBS_PENDING;
    tpe_split split = {0};
    pick_good(&split, ask, settled);
    if (settled < STARTUP || split.n_good == 0) {
        rg_sobol_suggest(ask, ret_point);
        return;
    }
    rg_arena *arena = rg_arena_new();
    rg_rng rng = rg_rng_open(ask->seed, "tpe/%zu", ask->trial);
    collect(arena, &split, ask);
    weigh_good(&split);
    choose(ask, draw_candidates(arena, ask, &split, &rng), &rng, ret_point);
    rg_arena_free(arena);
}

extern const rg_sampler rg_sampler_tpe;
const rg_sampler rg_sampler_tpe = {
    .name = "tpe",
    .help = "multivariate tree-structured Parzen estimator: learns where good trials lie",
    .suggest = suggest,
};
