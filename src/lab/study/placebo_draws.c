/* placebo_draws.c - the study's procedure applied to runs of which none is better than another.
 *
 * A draw deals the runs out: every arm of the study gets as many as it has seeds, no run goes
 * to two arms, and the study's own claims are judged with its own level and correction.  Where
 * the runs are too few for all arms, each claim gets two groups of its own.  The interval is
 * Clopper and Pearson's over the draws; it speaks of these runs, from which all draws are made.
 *
 * "Clearly above" allows for what the tests promise at few seeds: a level of .06 where .05 is
 * asked, so a fifth above alpha. */
#include "lab/study/placebo.h"

#include "rigor/protocol.h"
#include "rigor/stats.h"

#include <math.h>
#include <string.h>

#define PROMISED 1.2 /* times alpha */

typedef struct draws {
    const rg_study *study;
    const placebo_runs *runs;
    size_t arms; /* groups in a draw */
    rg_claim *claims;
    size_t n_claims, count;
    unsigned char *alarm, *fragile; /* of each draw */
} draws;

/* Exact sign flips look at 2^n vectors: fewer draws where one takes long. */
static size_t count_draws(size_t n)
{
    return n <= 12 ? 1000 : n <= 16 ? 500 : 200;
}

/* ---- One draw */

/* The verdict says that arms differ which do not.  Exploratory claims promise nothing, unless
 * there are no others. */
static bool cries_wolf(const rg_study *study, const json_t *claim)
{
    if (json_is_true(json_object_get(claim, "exploratory")) &&
        study->n_explored < study->n_claims)
        return false;
    const char *verdict = rg_json_text(claim, "verdict", "");
    bool better = !strcmp(rg_json_text(claim, "relation", ""), ">");
    return !strcmp(verdict, "refuted") || (better && !strcmp(verdict, "supported"));
}

/* As in look.c: exploratory claims do not keep a study going. */
static bool any_open(const json_t *verdicts, size_t family)
{
    bool open = false;
    for (size_t i = 0; i < family; i++)
        open |=
            !strcmp(rg_json_text(json_array_get(verdicts, i), "verdict", ""), "inconclusive");
    return open;
}

/* Groups of n runs each: for all arms of one shuffle, or two at a time of a shuffle each. */
static void deal(const draws *d, rg_rng *rng, size_t n, size_t *ret)
{
    size_t count = d->runs->count;
    size_t together = d->arms * n <= count ? d->arms : 2;
    uint32_t *order = RG_NEW_ARRAY(uint32_t, count);
    for (size_t arm = 0; arm < d->arms; arm++) {
        size_t place = arm % together;
        for (size_t i = 0; place == 0 && i < count; i++)
            order[i] = (uint32_t)i;
        if (place == 0)
            rg_rng_shuffle(rng, order, count);
        for (size_t i = 0; i < n; i++)
            ret[arm * n + i] = order[place * n + i];
    }
    rg_free(order);
}

static json_t *judge(const draws *d, const rg_scores *scores, size_t n)
{
    const rg_study *study = d->study;
    rg_scores *some = RG_NEW_ARRAY(rg_scores, d->arms);
    for (size_t a = 0; a < d->arms; a++) {
        some[a] = scores[a];
        some[a].count = n;
    }
    rg_verdict_options options = rg_study_verdict_options(study);
    json_t *verdicts = rg_verdicts(some, d->arms, d->claims, d->n_claims, &options);
    rg_free(some);
    return verdicts;
}

/* A sequential study looks again and again until nothing is open. */
static json_t *judge_as_seeds_come(const draws *d, const rg_scores *scores)
{
    const rg_study *study = d->study;
    size_t n = study->seeds_min, family = rg_study_family(study);
    json_t *verdicts = judge(d, scores, n);
    while (n < study->n_seeds && any_open(verdicts, family)) {
        n += study->seeds_step;
        n = n > study->n_seeds ? study->n_seeds : n;
        json_decref(verdicts);
        verdicts = judge(d, scores, n);
    }
    return verdicts;
}

static void draw_one(void *ctx, size_t k)
{
    draws *d = ctx;
    size_t n = d->study->n_seeds, i;
    rg_rng rng = rg_rng_open(d->study->seed, "placebo/draw/%zu", k);
    rg_arena *arena = rg_arena_new();
    size_t *run = RG_ARENA_ARRAY(arena, size_t, d->arms * n);
    double *value = RG_ARENA_ARRAY(arena, double, d->arms *n);
    bool *failed = RG_ARENA_ARRAY(arena, bool, d->arms *n);
    rg_scores *scores = RG_ARENA_ARRAY(arena, rg_scores, d->arms);
    deal(d, &rng, n, run);
    for (i = 0; i < d->arms * n; i++) {
        value[i] = d->runs->score[run[i]];
        failed[i] = d->runs->has_failed[run[i]];
    }
    for (size_t a = 0; a < d->arms; a++)
        scores[a] = (rg_scores){.arm = "placebo",
                                .count = n,
                                .seed = d->study->seeds,
                                .value = value + a * n,
                                .failed = failed + a * n};
    json_t *verdicts = judge_as_seeds_come(d, scores), *claim;
    json_array_foreach (verdicts, i, claim) {
        d->alarm[k] |= cries_wolf(d->study, claim);
        d->fragile[k] |= !strcmp(rg_json_text(claim, "verdict", ""), "fragile");
    }
    json_decref(verdicts);
    rg_arena_free(arena);
}

/* ---- All draws */

/* The study's own claims where its arms can all be dealt, else two groups for each claim. */
static void plan_draws(draws *d, rg_arena *arena)
{
    const rg_study *study = d->study;
    bool all = study->n_arms * study->n_seeds <= d->runs->count;
    d->n_claims = study->n_claims;
    d->arms = all ? study->n_arms : 2 * study->n_claims;
    d->count = count_draws(study->n_seeds);
    d->claims = RG_ARENA_ARRAY(arena, rg_claim, d->n_claims + 1);
    d->alarm = RG_ARENA_ARRAY(arena, unsigned char, d->count);
    d->fragile = RG_ARENA_ARRAY(arena, unsigned char, d->count);
    for (size_t i = 0; i < d->n_claims; i++) {
        d->claims[i] = study->claims[i];
        if (all)
            continue;
        d->claims[i].a = 2 * i;
        d->claims[i].b = 2 * i + 1;
    }
}

static size_t total(const unsigned char *flags, size_t n)
{
    size_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += flags[i] != 0;
    return sum;
}

static void put_alarms(json_t *facts, const draws *d)
{
    size_t alarms = total(d->alarm, d->count);
    double lo, hi, alpha = d->study->analysis.alpha;
    rg_clopper_pearson((double)alarms, (double)d->count, .05, &lo, &hi);
    json_t *found = json_pack("{s:I, s:I, s:I, s:o, s:o, s:o, s:b}", "draws",
                              (json_int_t)d->count, "alarms", (json_int_t)alarms, "fragile",
                              (json_int_t)total(d->fragile, d->count), "rate",
                              rg_json_real((double)alarms / (double)d->count), "interval",
                              json_pack("[o, o]", rg_json_real(lo), rg_json_real(hi)), "alpha",
                              rg_json_real(alpha), "alarming", lo > PROMISED * alpha);
    json_object_update(facts, found);
    json_decref(found);
}

/* What the runs scatter tells of the study: how large a difference between two arms would have
 * to be, if theirs scatter as much as those of two seeds of one arm. */
static json_t *spread_json(const rg_study *study, const placebo_runs *runs)
{
    rg_t_result t = rg_t_test(runs->score, runs->count, 0, .05);
    double level = rg_study_strictest_level(study);
    return json_pack(
        "{s:o, s:o, s:o}", "mean", rg_json_real(t.mean), "sd", rg_json_real(t.sd), "mde",
        rg_json_real(sqrt(2) * t.sd * rg_detectable_effect(study->n_seeds, level)));
}

json_t *placebo_facts(const rg_study *study, const placebo_runs *runs, int threads)
{
    rg_arena *arena = rg_arena_new();
    draws d = {.study = study, .runs = runs};
    json_t *facts =
        json_pack("{s:s, s:I, s:I, s:o, s:o}", "arm", runs->arm->name, "runs",
                  (json_int_t)runs->count, "failed", (json_int_t)runs->failed, "epochs",
                  runs->epochs ? json_integer((json_int_t)runs->epochs) : json_null(),
                  "validation", spread_json(study, runs));
    plan_draws(&d, arena);
    if (d.n_claims) {
        rg_parallel(threads > 0 ? threads : rg_cpu_count(), d.count, draw_one, &d);
        put_alarms(facts, &d);
    }
    rg_arena_free(arena);
    return facts;
}

bool placebo_is_alarming(const json_t *facts)
{
    return json_is_true(json_object_get(facts, "alarming"));
}
