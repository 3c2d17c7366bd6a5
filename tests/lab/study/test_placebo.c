/* The A/A check on runs whose scatter is known. */
#include "lab/study/placebo.h"
#include "lab/study/reading.h"

#include "rigor/stats.h"

#define ARMS "arms: {full: {}, a: {train.lr: 0.1}, b: {train.lr: 0.2}, c: {train.lr: 0.3}}\n"
#define THREE ARMS "claims: [full > a, full > b, full > c]\n"

enum { RUNS = 32 };

static reading read_study(const char *text)
{
    reading r = {.diags = {.arena = rg_arena_new()}};
    r.study = rg_study_parse(text, strlen(text), "t.yaml", NULL, 0, true, &catalog, &r.diags);
    good(&r);
    return r;
}

static json_t *placebo_of(const char *text, const double *score, size_t runs, int threads)
{
    static bool failed[64];
    reading r = read_study(text);
    placebo_runs all = {.arm = &r.study->arms[0],
                        .count = runs,
                        .score = (double *)(uintptr_t)score,
                        .has_failed = failed};
    json_t *facts = placebo_facts(r.study, &all, threads);
    reading_free(&r);
    return facts;
}

static void normal_scores(double *score, size_t n)
{
    rg_rng rng = rg_rng_open(support_seed(), "test placebo");
    for (size_t i = 0; i < n; i++)
        score[i] = .9 + .01 * rg_rng_normal(&rng);
}

static double rate_of(const json_t *facts)
{
    return rg_json_number(json_object_get(facts, "rate"), NAN);
}

static void test_corrected_claims_hold_their_level(void **state)
{
    (void)state;
    double score[RUNS];
    normal_scores(score, RUNS);
    json_t *facts = placebo_of(HEAD THREE "seeds: 8\n", score, RUNS, 2);
    assert_true(rate_of(facts) > .01 && rate_of(facts) < .075);
    assert_false(placebo_is_alarming(facts));
    rg_t_result t = rg_t_test(score, RUNS, 0, .05);
    const json_t *runs = json_object_get(facts, "validation");
    assert_close(rg_json_number(json_object_get(runs, "sd"), 0), t.sd, 1e-15);
    json_decref(facts);
}

static void test_uncorrected_claims_cry_wolf(void **state)
{
    (void)state;
    double score[RUNS];
    normal_scores(score, RUNS);
    json_t *facts =
        placebo_of(HEAD THREE "seeds: 8\nanalysis: {correction: none}\n", score, RUNS, 2);
    assert_true(rate_of(facts) > .08);
    assert_true(placebo_is_alarming(facts));
    json_decref(facts);
}

static void test_threads_change_nothing(void **state)
{
    (void)state;
    double score[RUNS];
    normal_scores(score, RUNS);
    size_t runs = 16; /* too few for all arms: each claim has groups of its own */
    json_t *one = placebo_of(HEAD THREE "seeds: 8\n", score, runs, 1);
    json_t *four = placebo_of(HEAD THREE "seeds: 8\n", score, runs, 4);
    assert_true(json_equal(one, four));
    assert_true(rate_of(one) < .08);
    json_decref(one);
    json_decref(four);
}

/* Equal scores leave nothing to find; a claim of equality is no false alarm either. */
static void test_equal_scores_are_silent(void **state)
{
    (void)state;
    double score[RUNS];
    for (size_t i = 0; i < RUNS; i++)
        score[i] = .5;
    json_t *facts = placebo_of(HEAD ARMS "claims: [full > a]\nseeds: 8\n", score, RUNS, 2);
    assert_true(rate_of(facts) == 0);
    json_decref(facts);
    normal_scores(score, RUNS);
    facts = placebo_of(HEAD ARMS "claims: [full = a]\nseeds: 8\nanalysis: {margin: 1}\n", score,
                       RUNS, 2);
    assert_true(rate_of(facts) == 0);
    json_decref(facts);
    facts = placebo_of(HEAD ARMS "seeds: 8\n", score, RUNS, 2);
    assert_null(json_object_get(facts, "rate")); /* no claims */
    json_decref(facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corrected_claims_hold_their_level),
        cmocka_unit_test(test_uncorrected_claims_cry_wolf),
        cmocka_unit_test(test_threads_change_nothing),
        cmocka_unit_test(test_equal_scores_are_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
