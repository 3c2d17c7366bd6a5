/* The methods paragraph, word by word; and who leads on each data set. */
#include "support.h"

#include "lab/report/facts.h"
#include "rigor/groups.h"

static json_t *fixture(void)
{
    json_t *facts = json_load_file(RIGOR_SOURCE_DIR "/tests/lab/report/fixture.json", 0, NULL);
    assert_non_null(facts);
    return facts;
}

static void check_methods(const json_t *facts, const char *golden)
{
    json_t *methods = facts_methods(facts);
    assert_string_equal(json_string_value(methods), golden);
    json_decref(methods);
}

#define SOFTWARE "The analysis was done with Rigor " RG_VERSION "."

static void test_study(void **state)
{
    (void)state;
    json_t *facts = fixture();
    json_object_set_new(facts, "seal", json_pack("{s:i}", "openings", 1));
    check_methods(
        facts,
        "We compared 4 arms (full, linear, no-dropout, no-decay) by accuracy on the test part "
        "of digits (1077 rows for training, 360 for validation, 360 for testing). Every arm "
        "was tuned with the same budget of 30 trials (sampler: gp), and the configuration "
        "with the best accuracy on the validation part was kept. Each arm was then trained "
        "with 8 seeds, the same for all arms and none of them used in tuning. The test labels "
        "were kept apart from the training program, and were opened once after all "
        "configurations had been fixed. The 3 claims were tested with the paired t test on "
        "runs that share a seed. Superiority was tested two-sided. Arms count as equivalent "
        "where two one-sided tests (TOST) place their difference within ±0.005. The p values "
        "were corrected over the 3 claims by Holm's method, at a level of 0.05. The claims had "
        "been declared before anything ran. A claim that the test supports is called fragile "
        "where "
        "sign flips or Wilcoxon's signed ranks do not agree although the number of runs would "
        "allow it. Intervals are 95 % t intervals. " SOFTWARE);
    json_decref(facts);
}

static json_t *table_facts(void)
{
    return json_pack("{s:{s:s}, s:{s:f, s:s, s:n}, s:[{s:s, s:[i, i]}, {s:s, s:[i, i, i], "
                     "s:[{s:i}]}], s:[{s:s, s:s}]}",
                     "metric", "name", "f1", "analysis", "alpha", 0.1, "correction", "none",
                     "margin", "arms", "name", "a", "seeds", 1, 2, "name", "b", "seeds", 1, 2,
                     3, "failed", "seed", 3, "claims", "relation", ">", "situation",
                     "unpaired");
}

static json_t *claim_of(const char *situation, const char *decides)
{
    return json_pack("{s:s, s:s, s:{s:s}}", "relation", ">", "situation", situation, "methods",
                     "decides", decides);
}

static void test_table(void **state)
{
    (void)state;
    json_t *facts = table_facts();
    json_array_set_new(json_object_get(facts, "claims"), 0, claim_of("unpaired", "welch"));
    check_methods(
        facts,
        "We compared 2 arms (a, b) by f1, with scores as they were reported. There "
        "are 2 to 3 runs of each arm. 1 of 5 runs failed; it counts as the worst "
        "value of f1. The one claim was tested with Welch's t test, as no run has a "
        "partner in the other arm. Superiority was tested two-sided. The level was "
        "0.1. A claim that the test supports is called fragile where permutations or Mann "
        "and Whitney's ranks do not agree although the number of runs would allow "
        "it. Intervals are 90 % t intervals. " SOFTWARE);
    json_decref(facts);
}

/* Every situation of docs/json.md is named; several are counted. */
static void test_situations(void **state)
{
    (void)state;
    static const struct {
        const char *situation, *decides, *words;
    } cases[] = {
        {"pairs", "t", "the paired t test on runs that share a seed. "},
        {"pairs", "wilcoxon", "the exact Wilcoxon signed-rank test, as the t test does not"},
        {"unpaired", "welch", "Welch's t test"},
        {"unpaired", "mann-whitney", "Mann and Whitney's test"},
        {"folds", "corrected t", "Nadeau and Bengio"},
        {"sets", "stratified t", "stratified by data set"},
        {"sets", "t over sets", "the t test on the mean differences"},
        {"many-sets", "wilcoxon over sets", "Hodges and Lehmann"},
        {"sequential", "e-process", "valid at any time"},
    };
    json_t *facts = table_facts(), *claims = json_object_get(facts, "claims");
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        json_array_set_new(claims, 0, claim_of(cases[i].situation, cases[i].decides));
        json_t *methods = facts_methods(facts);
        if (!strstr(json_string_value(methods), cases[i].words))
            fail_msg("%s, %s: %s", cases[i].situation, cases[i].decides,
                     json_string_value(methods));
        bool robust =
            strchr("tws", cases[i].decides[0]) && !strstr(cases[i].decides, "wilcoxon");
        assert_true(robust == (strstr(json_string_value(methods), "fragile") != NULL));
        json_decref(methods);
    }
    json_array_append_new(claims, claim_of("sets", "stratified t"));
    json_object_set_new(facts, "sequential",
                        json_pack("{s:i, s:i, s:i}", "min", 5, "max", 30, "step", 2));
    json_t *methods = facts_methods(facts);
    assert_non_null(strstr(json_string_value(methods),
                           "1 of the 2 claims was tested with the t "
                           "test stratified by data set"));
    assert_non_null(
        strstr(json_string_value(methods),
               "2 at a time from 5 on, until every claim was settled or there were 30"));
    assert_non_null(strstr(json_string_value(methods), "not corrected"));
    json_decref(methods);
    json_decref(facts);
}

/* ---- Standings */

enum { SEEDS = 6 };
static const uint64_t seeds[SEEDS] = {1, 2, 3, 4, 5, 6};
static const double scores[][SEEDS] = {
    {0.90, 0.91, 0.92, 0.905, 0.915, 0.91},
    {0.92, 0.935, 0.93, 0.93, 0.935, 0.94},
    {0.91, 0.935, 0.92, 0.94, 0.93, 0.935},
    {0.92, 0.935, 0.93, 0.93, 0.935, 0.94}, /* as the best one */
};

static rg_verdict_options options_of(bool maximize)
{
    return (rg_verdict_options){
        .metric = "accuracy", .maximize = maximize, .analysis = {.alpha = .05, .margin = NAN}};
}

static const json_t *standing_arm(const json_t *standings, size_t set, size_t arm)
{
    return json_array_get(json_object_get(json_array_get(standings, set), "arms"), arm);
}

static double p_of(const json_t *standings, size_t set, size_t arm)
{
    return rg_json_number(json_object_get(standing_arm(standings, set, arm), "p_corrected"),
                          NAN);
}

static bool leads(const json_t *standings, size_t set, size_t arm)
{
    return json_is_true(json_object_get(standing_arm(standings, set, arm), "leads"));
}

static double p_against(size_t best, size_t other)
{
    double d[SEEDS];
    rg_differences(scores[best], scores[other], SEEDS, d);
    return rg_t_test(d, SEEDS, 0, .05).p;
}

static void test_standings(void **state)
{
    (void)state;
    rg_arena *arena = rg_arena_new();
    rg_scores arms[4];
    for (size_t i = 0; i < 4; i++)
        arms[i] =
            (rg_scores){.arm = "abcd" + i, .count = SEEDS, .seed = seeds, .value = scores[i]};
    rg_verdict_options options = options_of(true);
    cells all = cells_of(arms, 3, &options, arena);
    json_t *standings = facts_standings(&all);
    double p[] = {p_against(1, 0), p_against(1, 2)};
    rg_adjust(RG_ADJUST_HOLM, p, 2, p);
    assert_string_equal(rg_json_text(json_array_get(standings, 0), "best", ""), "bcd");
    assert_true(json_is_null(json_object_get(json_array_get(standings, 0), "set")));
    assert_true(p_of(standings, 0, 0) == p[0] && p_of(standings, 0, 2) == p[1]);
    assert_true(!leads(standings, 0, 0) && leads(standings, 0, 1) && leads(standings, 0, 2));
    json_decref(standings);
    all = cells_of(arms, 4, &options, arena); /* a tie has no spread: p = 1 by Wilcoxon */
    standings = facts_standings(&all);
    assert_true(p_of(standings, 0, 3) == 1 && leads(standings, 0, 3));
    json_decref(standings);
    options = options_of(false);
    all = cells_of(arms, 3, &options, arena);
    standings = facts_standings(&all);
    assert_true(leads(standings, 0, 0) && !leads(standings, 0, 1));
    json_decref(standings);
    rg_arena_free(arena);
}

/* Two data sets, rows in any order; on the second an arm has one run, which no test can judge,
 * and a third arm has none. */
static void test_standings_by_set(void **state)
{
    (void)state;
    static const char *const names[] = {"one", "two"};
    static const uint64_t other[] = {3, 1, 2, 2, 1, 3}, single[] = {1, 2, 3, 1};
    static const uint32_t sets[] = {0, 0, 0, 1, 1, 1}, less[] = {0, 0, 0, 1};
    static const double a[] = {.3, .1, .2, .9, .8, .7}, b[] = {.1, .2, .31, .5};
    rg_arena *arena = rg_arena_new();
    const rg_scores arms[] = {
        {.arm = "a", .count = 6, .seed = other, .value = a, .set = sets},
        {.arm = "b", .count = 4, .seed = single, .value = b, .set = less},
        {.arm = "c", .count = 0, .seed = single, .value = b, .set = less},
    };
    rg_verdict_options options = options_of(true);
    options.sets = names;
    options.n_sets = 2;
    cells all = cells_of(arms, 3, &options, arena);
    assert_true(cells_at(&all, 0, 0)->at[0].value == .1); /* seed 1 comes first */
    json_t *standings = facts_standings(&all);
    assert_string_equal(rg_json_text(json_array_get(standings, 1), "set", ""), "two");
    assert_true(leads(standings, 0, 0) && leads(standings, 0, 1));
    assert_true(leads(standings, 1, 0) && !leads(standings, 1, 1) && !leads(standings, 1, 2));
    assert_true(isnan(p_of(standings, 1, 1)) && isnan(p_of(standings, 1, 2)));
    json_decref(standings);
    rg_arena_free(arena);
}

/* Runs without partners: Welch's test; folds: the variance that allows for shared training data,
 * in the intervals of the means, too. */
static void test_standings_of_other_kinds(void **state)
{
    (void)state;
    static const uint64_t none[SEEDS] = {0};
    static const uint32_t folds[SEEDS] = {0, 1, 2, 3, 4, 5};
    rg_arena *arena = rg_arena_new();
    rg_scores arms[2];
    for (size_t i = 0; i < 2; i++)
        arms[i] = (rg_scores){.arm = i ? "b" : "a",
                              .count = SEEDS - i, /* one run less, which has no partner */
                              .seed = seeds,
                              .value = scores[i],
                              .unpaired = true};
    rg_verdict_options options = options_of(true);
    options.test_over_train = NAN;
    cells all = cells_of(arms, 2, &options, arena);
    json_t *standings = facts_standings(&all);
    rg_t_result welch = rg_welch(scores[1], SEEDS - 1, scores[0], SEEDS, 0, .05);
    assert_true(p_of(standings, 0, 0) == welch.p);
    assert_string_equal(rg_json_text(json_array_get(standings, 0), "test", ""), "Welch's t");
    json_decref(standings);
    for (size_t i = 0; i < 2; i++)
        arms[i] = (rg_scores){.arm = i ? "b" : "a",
                              .count = SEEDS,
                              .seed = none,
                              .value = scores[i],
                              .fold = folds};
    all = cells_of(arms, 2, &options, arena);
    standings = facts_standings(&all);
    double d[SEEDS];
    rg_differences(scores[1], scores[0], SEEDS, d);
    assert_true(p_of(standings, 0, 0) == rg_corrected_t(d, SEEDS, 1. / (SEEDS - 1), 0, .05).p);
    rg_t_result mean = rg_corrected_t(scores[0], SEEDS, 1. / (SEEDS - 1), 0, .05);
    const json_t *interval = json_object_get(standing_arm(standings, 0, 0), "interval");
    assert_true(rg_json_number(json_array_get(interval, 0), NAN) == mean.lo);
    json_decref(standings);
    rg_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_study),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_situations),
        cmocka_unit_test(test_standings),
        cmocka_unit_test(test_standings_by_set),
        cmocka_unit_test(test_standings_of_other_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
