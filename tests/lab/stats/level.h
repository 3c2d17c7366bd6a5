/* level.h - whole studies without an effect, many times: how often is something found anyway?
 *
 * Every arm's scores are drawn from one distribution, independently, so that each claim "A > B"
 * is false, and every verdict other than `inconclusive` is an error.  Shared by the short test
 * and the long one. */
#ifndef RIGOR_TESTS_LEVEL_H
#define RIGOR_TESTS_LEVEL_H

#include "rigor/stats.h"
#include "rigor/study.h"
#include "support.h"

enum { LEVEL_ARMS = 8, LEVEL_SEEDS = 10 };

static double level_normal(rg_rng *rng)
{
    return rg_rng_normal(rng);
}

/* Many good seeds, few bad ones: the mirrored exponential distribution. */
static double level_skewed(rg_rng *rng)
{
    return log(1 - rg_rng_unit(rng));
}

/* Student's t with 3 degrees of freedom. */
static double level_heavy(rg_rng *rng)
{
    double z = rg_rng_normal(rng), squares = 0;
    for (int i = 0; i < 3; i++) {
        double x = rg_rng_normal(rng);
        squares += x * x;
    }
    return z / sqrt(squares / 3);
}

/* One seed in twelve collapses. */
static double level_collapsing(rg_rng *rng)
{
    double score = rg_rng_normal(rng);
    return rg_rng_below(rng, 12) == 0 ? score - 20 : score;
}

static const struct level_scores {
    const char *name;
    double (*draw)(rg_rng *rng);
} level_scores[] = {{"normal", level_normal},
                    {"skewed", level_skewed},
                    {"heavy-tailed", level_heavy},
                    {"collapsing", level_collapsing}};

typedef struct level_rates {
    double t;        /* the t test of the first claim alone rejects */
    double coverage; /* its interval holds 0 */
    double found;    /* the study has a claim that is neither inconclusive nor fragile */
    double fragile;  /* the study has a claim that is fragile */
} level_rates;

/* `studies` studies of claims + 1 arms, each claim against the first arm. */
static level_rates level_simulate(const struct level_scores *scores, size_t n, size_t claims,
                                  size_t studies)
{
    static const char *const names[LEVEL_ARMS] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    uint64_t seeds[LEVEL_SEEDS];
    double value[LEVEL_ARMS][LEVEL_SEEDS];
    rg_scores arms[LEVEL_ARMS];
    rg_claim claim[LEVEL_ARMS];
    rg_verdict_options options = {
        .metric = "score", .maximize = true, .analysis = {.05, NAN, RG_HOLM}};
    rg_rng rng = rg_rng_open(support_seed(), "level/%s/%zu/%zu", scores->name, n, claims);
    level_rates rates = {0};
    for (size_t i = 0; i < LEVEL_SEEDS; i++)
        seeds[i] = i;
    for (size_t i = 0; i < LEVEL_ARMS; i++) {
        arms[i] = (rg_scores){
            .arm = names[i], .count = n, .seed = seeds, .value = value[i], .failed = NULL};
        claim[i] = (rg_claim){names[i], i + 1, 0, RG_BETTER};
    }
    for (size_t s = 0; s < studies; s++) {
        for (size_t i = 0; i <= claims; i++) {
            for (size_t k = 0; k < n; k++)
                value[i][k] = scores->draw(&rng);
        }
        double d[LEVEL_SEEDS];
        rg_differences(value[1], value[0], n, d);
        rg_t_result t = rg_t_test(d, n, 0, .05);
        rates.t += t.p < .05;
        rates.coverage += t.lo <= 0 && 0 <= t.hi;
        json_t *list = rg_verdicts(arms, claims + 1, claim, claims, &options);
        bool found = false, fragile = false;
        for (size_t i = 0; i < claims; i++) {
            const char *verdict = rg_json_text(json_array_get(list, i), "verdict", "");
            fragile |= strcmp(verdict, "fragile") == 0;
            found |= strcmp(verdict, "fragile") != 0 && strcmp(verdict, "inconclusive") != 0;
        }
        rates.found += found;
        rates.fragile += fragile;
        json_decref(list);
    }
    double m = (double)studies;
    rates = (level_rates){rates.t / m, rates.coverage / m, rates.found / m, rates.fragile / m};
    print_message("%-12s n=%-2zu claims=%zu: t %.4f, interval %.4f, found %.4f, fragile %.4f\n",
                  scores->name, n, claims, rates.t, rates.coverage, rates.found, rates.fragile);
    return rates;
}

#endif
