/* simulate_pairs.h - procedures on pairs of seeds, and whole studies of them: one study each.
 */
#ifndef RIGOR_TESTS_SIMULATE_PAIRS_H
#define RIGOR_TESTS_SIMULATE_PAIRS_H

#include "lab/stats/simulate.h"
#include "rigor/bayes.h"
#include "rigor/resample.h"
#include "rigor/stats.h"
#include "rigor/study.h"

#define SIMULATE_ALPHA .05
enum { SIMULATE_RESAMPLES = 2000, SIMULATE_ASO_RESAMPLES = 1000 };

static void simulate_draw(const simulate_cell *cell, rg_rng *rng, size_t n, double *ret)
{
    for (size_t i = 0; i < n; i++)
        ret[i] = cell->scores->draw(rng);
}

/* Differences of n pairs without a difference. */
static void simulate_pairs(const simulate_cell *cell, rg_rng *rng, double *ret)
{
    double a[SIMULATE_MOST_SEEDS], b[SIMULATE_MOST_SEEDS];
    simulate_draw(cell, rng, cell->n, a);
    simulate_draw(cell, rng, cell->n, b);
    rg_differences(a, b, cell->n, ret);
}

/* ---- A against B, paired seeds -------------------------------------------------------------
 */
static double simulate_t(const simulate_cell *cell, rg_rng *rng)
{
    double d[SIMULATE_MOST_SEEDS];
    simulate_pairs(cell, rng, d);
    return rg_t_test(d, cell->n, 0, SIMULATE_ALPHA).p < SIMULATE_ALPHA;
}

static double simulate_t_covers(const simulate_cell *cell, rg_rng *rng)
{
    double d[SIMULATE_MOST_SEEDS];
    simulate_pairs(cell, rng, d);
    rg_t_result t = rg_t_test(d, cell->n, 0, SIMULATE_ALPHA);
    return t.lo <= 0 && 0 <= t.hi;
}

static double simulate_signflip(const simulate_cell *cell, rg_rng *rng)
{
    double d[SIMULATE_MOST_SEEDS];
    simulate_pairs(cell, rng, d);
    return rg_signflip(d, cell->n, 0).p < SIMULATE_ALPHA;
}

static double simulate_wilcoxon(const simulate_cell *cell, rg_rng *rng)
{
    double d[SIMULATE_MOST_SEEDS];
    simulate_pairs(cell, rng, d);
    return rg_wilcoxon(d, cell->n, RG_ZEROS_PRATT, RG_WILCOXON_EXACT).p < SIMULATE_ALPHA;
}

static bool simulate_bootstrap_covers(const simulate_cell *cell, rg_rng *rng,
                                      rg_bootstrap_kind kind)
{
    double d[SIMULATE_MOST_SEEDS];
    simulate_pairs(cell, rng, d);
    rg_bootstrap_plan plan = {kind, SIMULATE_RESAMPLES, rg_rng_u64(rng), 1, SIMULATE_ALPHA};
    rg_interval mean = rg_bootstrap(d, cell->n, NULL, NULL, &plan);
    return mean.lo <= 0 && 0 <= mean.hi;
}

static double simulate_percentile(const simulate_cell *cell, rg_rng *rng)
{
    return !simulate_bootstrap_covers(cell, rng, RG_BOOTSTRAP_PERCENTILE);
}

static double simulate_bca_covers(const simulate_cell *cell, rg_rng *rng)
{
    return simulate_bootstrap_covers(cell, rng, RG_BOOTSTRAP_BCA);
}

static double simulate_superior(const simulate_cell *cell, rg_rng *rng)
{
    double d[SIMULATE_MOST_SEEDS];
    simulate_pairs(cell, rng, d);
    return rg_p_superior(d, cell->n, SIMULATE_ALPHA).p >= .75;
}

static double simulate_aso(const simulate_cell *cell, rg_rng *rng)
{
    double a[SIMULATE_MOST_SEEDS], b[SIMULATE_MOST_SEEDS];
    simulate_draw(cell, rng, cell->n, a);
    simulate_draw(cell, rng, cell->n, b);
    rg_bootstrap_plan plan = {RG_BOOTSTRAP_PERCENTILE, SIMULATE_ASO_RESAMPLES, rg_rng_u64(rng),
                              1, SIMULATE_ALPHA};
    return rg_aso(a, cell->n, b, cell->n, 1, &plan).epsilon_max < .5;
}

/* The true difference is at the margin: whoever says "equivalent" is wrong. */
static double simulate_equivalence(const simulate_cell *cell, rg_rng *rng)
{
    enum { MARGIN = 3 };
    double d[SIMULATE_MOST_SEEDS];
    simulate_pairs(cell, rng, d);
    for (size_t i = 0; i < cell->n; i++)
        d[i] += MARGIN;
    return rg_tost(d, cell->n, MARGIN, SIMULATE_ALPHA).p < SIMULATE_ALPHA;
}

/* ---- Looking after every seed, from 3 to n -------------------------------------------------
 */
static double simulate_looking_t(const simulate_cell *cell, rg_rng *rng)
{
    double d[SIMULATE_MOST_SEEDS];
    simulate_pairs(cell, rng, d);
    bool found = false;
    for (size_t n = 3; n <= cell->n; n++)
        found |= rg_t_test(d, n, 0, SIMULATE_ALPHA).p < SIMULATE_ALPHA;
    return found;
}

static double simulate_looking_evidence(const simulate_cell *cell, rg_rng *rng)
{
    double d[SIMULATE_MOST_SEEDS];
    simulate_pairs(cell, rng, d);
    bool found = false;
    for (size_t n = 3; n <= cell->n; n++)
        found |= rg_t_evidence(d, n, 0, 1) >= 1 / SIMULATE_ALPHA;
    return found;
}

/* All claims share the first arm; each stops at E >= claims / alpha. */
static double simulate_looking_claims(const simulate_cell *cell, rg_rng *rng)
{
    double first[SIMULATE_MOST_SEEDS], other[SIMULATE_MOST_SEEDS], d[SIMULATE_MOST_SEEDS];
    double claims = (double)cell->method->claims;
    bool found = false;
    simulate_draw(cell, rng, cell->n, first);
    for (size_t k = 0; k < cell->method->claims; k++) {
        simulate_draw(cell, rng, cell->n, other);
        rg_differences(other, first, cell->n, d);
        for (size_t n = 3; n <= cell->n; n++)
            found |= rg_t_evidence(d, n, 0, 1) >= claims / SIMULATE_ALPHA;
    }
    return found;
}

/* ---- Whole studies: the verdicts on all their claims ------------------------------------ */
enum { SIMULATE_MOST_ARMS = 8, SIMULATE_MOST_SETS = 8 };
#define SIMULATE_MOST_RUNS (SIMULATE_MOST_SETS * SIMULATE_MOST_SEEDS)

/* claims + 1 arms on one data set or more, whose scores have spreads 1, 2, 4, 1, ...; each
 * claim is against the first arm. */
typedef struct simulate_world {
    double value[SIMULATE_MOST_ARMS][SIMULATE_MOST_RUNS];
    uint64_t seed[SIMULATE_MOST_RUNS];
    uint32_t set[SIMULATE_MOST_RUNS];
    rg_scores arm[SIMULATE_MOST_ARMS];
    rg_claim claim[SIMULATE_MOST_ARMS];
} simulate_world;

static void simulate_world_draw(const simulate_cell *cell, rg_rng *rng, simulate_world *w)
{
    static const char *const names[SIMULATE_MOST_ARMS] = {"a", "b", "c", "d",
                                                          "e", "f", "g", "h"};
    size_t sets = cell->method->sets ? cell->method->sets : 1, runs = sets * cell->n;
    for (size_t i = 0; i < runs; i++) {
        w->seed[i] = i % cell->n;
        w->set[i] = (uint32_t)(i / cell->n);
    }
    for (size_t arm = 0; arm <= cell->method->claims; arm++) {
        simulate_draw(cell, rng, runs, w->value[arm]);
        for (size_t i = 0; i < runs; i++)
            w->value[arm][i] *= (double)(1 << w->set[i] % 3);
        w->arm[arm] = (rg_scores){.arm = names[arm],
                                  .count = runs,
                                  .seed = w->seed,
                                  .value = w->value[arm],
                                  .set = sets > 1 ? w->set : NULL};
        w->claim[arm] = (rg_claim){names[arm], arm + 1, 0, RG_BETTER};
    }
}

static bool simulate_is_finding(const json_t *claim)
{
    const char *verdict = rg_json_text(claim, "verdict", "");
    return strcmp(verdict, "inconclusive") != 0 && strcmp(verdict, "fragile") != 0;
}

/* 1 when any verdict is a finding. */
static double simulate_whole_study(const simulate_cell *cell, rg_rng *rng)
{
    static const char *const sets[SIMULATE_MOST_SETS] = {"1", "2", "3", "4",
                                                         "5", "6", "7", "8"};
    size_t claims = cell->method->claims;
    simulate_world world;
    simulate_world_draw(cell, rng, &world);
    rg_verdict_options options = {.metric = "score",
                                  .maximize = true,
                                  .analysis = {SIMULATE_ALPHA, NAN, RG_HOLM},
                                  .sets = cell->method->sets ? sets : NULL,
                                  .n_sets = cell->method->sets,
                                  .test_over_train = NAN};
    json_t *list = rg_verdicts(world.arm, claims + 1, world.claim, claims, &options);
    bool found = false;
    for (size_t i = 0; i < claims; i++)
        found |= simulate_is_finding(json_array_get(list, i));
    json_decref(list);
    return found;
}

/* The same studies with a t test for each claim and no correction. */
static double simulate_uncorrected(const simulate_cell *cell, rg_rng *rng)
{
    simulate_world world;
    simulate_world_draw(cell, rng, &world);
    bool found = false;
    for (size_t i = 1; i <= cell->method->claims; i++) {
        double d[SIMULATE_MOST_SEEDS];
        rg_differences(world.value[i], world.value[0], cell->n, d);
        found |= rg_t_test(d, cell->n, 0, SIMULATE_ALPHA).p < SIMULATE_ALPHA;
    }
    return found;
}

#endif
