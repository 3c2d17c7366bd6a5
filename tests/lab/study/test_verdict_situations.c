/* test_verdict_situations.c - verdicts over runs without partners and over folds: each decision by
 * hand, what is missing, and the words. */
#include "lab/study/verdict_rows.h"

/* ---- Runs without partners */

/* Student's sleep data as two samples, against R. */
static void unpaired_is_welch(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    add_list(&a, 0, 1, drug_1, 10);
    add_list(&b, 0, 101, drug_2, 10);
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "situation", "unpaired");
    assert_text(c, "methods.decides", "welch");
    assert_text(c, "verdict", "inconclusive");
    assert_close(real(c, "p"), .07939414, 1e-8);
    assert_close(real(c, "estimate"), -1.58, 1e-12);
    assert_close(bound(c, 0), -3.3654832, 1e-6);
    assert_close(bound(c, 1), .2054832, 1e-6);
    assert_int_equal(real(c, "n"), 20);
    assert_int_equal(json_array_size(json_object_get(c, "differences")), 0);
    assert_true(json_is_null(json_object_get(c, "p_signflip")));
    assert_true(json_is_null(json_object_get(c, "p_wilcoxon")));
    assert_close(real(c, "p_permutation"), rg_permutation(drug_1, 10, drug_2, 10, 0).p, 1e-15);
    assert_close(real(c, "p_superior"), rg_mann_whitney(drug_1, 10, drug_2, 10).superiority,
                 1e-15);
    assert_says(c, "10 and 10 unpaired runs");
    assert_says(c, "pairing them by seed would see smaller differences");
    /* what 80 % power needs: df 17.8, the noncentral t distribution */
    double df = 17.77647352, se = 1.58 / 1.860813467, t = -rg_t_quantile(.025, df);
    assert_close(rg_noncentral_t_upper(t, df, real(c, "mde") / se), .8, 1e-6);
    json_decref(c);
    b.n = a.n; /* the same seeds: pairs, unless an arm says that it has none */
    memcpy(b.seed, a.seed, sizeof(a.seed));
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "situation", "pairs");
    json_decref(c);
    rg_scores arms[] = {scores_of("full", &a), scores_of("plain", &b)};
    arms[1].unpaired = true;
    rg_claim claim = {"full > plain", 0, 1, RG_BETTER};
    json_t *list = rg_verdicts(arms, 2, &claim, 1, &usual);
    assert_text(json_array_get(list, 0), "situation", "unpaired");
    assert_close(real(json_array_get(list, 0), "p"), .07939414, 1e-8);
    json_decref(list);
}

static void unpaired_mann_whitney(void **state)
{
    (void)state;
    static const double x[] = {.80, .83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, .73, 1.46};
    static const double y[] = {1.15, .88, .90, .74, 1.21};
    rows a = {0}, b = {0};
    add_list(&a, 0, 1, x, 10);
    add_list(&b, 0, 101, y, 5);
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_close(real(c, "p_mann_whitney"), 2 * .1272061272, 1e-9);
    assert_close(real(c, "p_superior"), .7, 1e-15);
    json_decref(c);
    /* a run without a value is worse than any score: ranks decide; by hand, all 15 choose 5
     * ways, and B's five are the lowest in one of them */
    for (size_t i = 0; i < 5; i++) {
        b.value[i] = i == 0 ? NAN : -(double)i;
        b.failed[i] = i == 0;
    }
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "verdict", "supported");
    assert_text(c, "methods.decides", "mann-whitney");
    assert_true(json_is_null(json_object_get(c, "p")));
    assert_close(real(c, "p_corrected"), 2 / 3003., 1e-12);
    assert_says(c, "1 run of plain failed (seed 101 on iris) and counts as worse than any");
    assert_says(c, "in 100 % of all pairings of runs");
    json_decref(c);
}

static void unpaired_fragile(void **state)
{
    (void)state;
    static const double x[] = {.92, 1.03, 1.03, 1.00, 1.13, 1.14, .95};
    static const double y[] = {1.02, .83, 1.05, .80, .75, .96, .82};
    rows a = {0}, b = {0};
    add_list(&a, 0, 1, x, 7);
    add_list(&b, 0, 101, y, 7);
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "verdict", "fragile");
    assert_true(real(c, "p") < .03);
    assert_true(real(c, "p_mann_whitney") > .06);
    assert_says(c, "by Welch's t test, but the tests that assume less (permutations, "
                   "Mann-Whitney) reach only p = 0.068. Look at run ");
    json_decref(c);
}

static void unpaired_failures_bar_equality(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    for (size_t i = 0; i < 8; i++) {
        add(&a, 0, 1 + i, 0, .9 + .001 * (double)(i % 3));
        add(&b, 0, 101 + i, 0, .9 + .001 * (double)(i % 4));
    }
    rg_verdict_options o = with_margin(.9);
    json_t *c = judge(&a, &b, RG_EQUAL, &o);
    assert_text(c, "verdict", "equivalent");
    json_decref(c);
    a.failed[2] = b.failed[5] = true;
    a.value[2] = b.value[5] = 0;
    for (int relation = RG_BETTER; relation <= RG_NOT_WORSE; relation++) {
        c = judge(&a, &b, (rg_relation)relation, &o);
        assert_text(c, "verdict", "inconclusive");
        assert_says(c, "Runs of both arms failed, which shows nothing");
        if (relation != RG_BETTER)
            assert_says(c, "runs of both arms failed, which leaves full ");
        json_decref(c);
    }
    b.failed[5] = false;
    b.value[5] = .9;
    c = judge(&a, &b, RG_NOT_WORSE, &o);
    assert_text(c, "verdict", "supported");
    json_decref(c);
    for (size_t i = 0; i < 8; i++) {
        a.failed[i] = b.failed[i] = true;
        a.value[i] = b.value[i] = 0;
    }
    c = judge(&a, &b, RG_EQUAL, &o);
    assert_text(c, "verdict", "inconclusive");
    assert_says(c, "every run of full and of plain failed");
    json_decref(c);
}

static void unpaired_degenerate(void **state)
{
    (void)state;
    rows a = {0}, b = {0}, none = {0};
    for (size_t i = 0; i < 8; i++) {
        add(&a, 0, 1 + i, 0, .9);
        add(&b, 0, 101 + i, 0, .8);
    }
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "verdict", "supported");
    assert_true(json_is_null(json_object_get(c, "p")));
    assert_says(c, "All runs of an arm score the same");
    json_decref(c);
    memcpy(b.value, a.value, sizeof(a.value));
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "verdict", "inconclusive");
    assert_says(c, "score the same with each of the 8 runs of each arm");
    json_decref(c);
    a.n = 1;
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "verdict", "inconclusive");
    assert_true(json_is_null(json_object_get(c, "p_corrected")));
    assert_says(c, "one run of an arm cannot tell a difference from luck");
    json_decref(c);
    c = judge(&a, &none, RG_BETTER, &usual);
    assert_text(c, "situation", "pairs");
    assert_says(c, "no seed in common");
    json_decref(c);
}

/* ---- Folds */

static void folds_are_corrected(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    add_folds(&a, 0, 7, fold_a, 0);
    add_folds(&b, 0, 7, fold_b, 0);
    /* by hand: differences 3 1 1 4 1 3 1 4 1 2 hundredths: mean 2.1, s^2 = 14.9 / 9 */
    double s = .01 * sqrt(14.9 / 9), se = s * sqrt(1. / 10 + 1. / 9), t = .021 / se;
    rg_verdict_options o = with_margin(.03);
    json_t *c = judge(&a, &b, RG_BETTER, &o);
    assert_text(c, "situation", "folds");
    assert_text(c, "methods.decides", "corrected t");
    assert_true(json_is_null(rg_json_path(c, "methods.signflip")));
    assert_close(real(c, "estimate"), .021, 1e-12);
    assert_close(real(c, "p"), rg_t_two_sided(t, 9), 1e-12);
    assert_close(bound(c, 0), .021 + rg_t_quantile(.025, 9) * se, 1e-12);
    assert_close(real(c, "tost_p"), rg_t_cdf((.021 - .03) / se, 9), 1e-12);
    assert_close(real(c, "posterior.inside"), rg_t_cdf(.009 / se, 9) - rg_t_cdf(-.051 / se, 9),
                 1e-10);
    assert_close(real(c, "posterior.above"), rg_t_upper(.009 / se, 9), 1e-10);
    assert_true(json_is_null(json_object_get(c, "p_signflip")));
    assert_true(json_is_null(json_object_get(c, "p_wilcoxon")));
    assert_true(json_is_null(json_object_get(c, "p_superior_interval")));
    assert_true(json_is_null(json_object_get(c, "seeds_needed")));
    assert_close(real(c, "mde"), rg_detectable_effect(10, .05) * se * sqrt(10), 1e-12);
    assert_int_equal(real(json_array_get(json_object_get(c, "differences"), 3), "fold"), 3);
    assert_text(c, "verdict", "supported");
    assert_says(c, "on average over 10 folds");
    assert_says(c, "Folds share training data");
    assert_says(c, "inside the margin with probability");
    json_decref(c);
    o.test_over_train = .25;
    c = judge(&a, &b, RG_BETTER, &o);
    se = s * sqrt(.1 + .25);
    assert_close(real(c, "p"), rg_t_two_sided(.021 / se, 9), 1e-12);
    json_decref(c);
    /* repeated: J = 20 of two seeds, still 1/9 */
    add_folds(&a, 0, 8, fold_a, .001);
    add_folds(&b, 0, 8, fold_b, 0);
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_int_equal(real(c, "n"), 20);
    double both = 2 * .01 * .01 * 14.9 + 20 * .0005 * .0005;
    se = sqrt(both / 19) * sqrt(1. / 20 + 1. / 9);
    assert_close(real(c, "p"), rg_t_two_sided(.0215 / se, 19), 1e-12);
    json_decref(c);
}

static void folds_degenerate(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    add_folds(&a, 0, 7, fold_b, .02);
    add_folds(&b, 0, 7, fold_b, 0);
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "verdict", "inconclusive");
    assert_true(json_is_null(json_object_get(c, "p_corrected")));
    assert_true(json_is_null(rg_json_path(c, "methods.decides")));
    assert_says(c, "no other test can decide");
    assert_says(c, "Not settled: no test can decide full > plain here.");
    json_decref(c);
    a.value[4] = NAN;
    a.failed[4] = true;
    a.n = 9;
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "verdict", "inconclusive");
    assert_says(c, "1 run of full failed (seed 7 (fold 4) on iris) and counts as worse");
    assert_says(c, "no other test can decide");
    assert_says(c, "plain with seed 7 (fold 9) on iris");
    json_decref(c);
    b.value[4] = NAN;
    b.failed[4] = true;
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_int_equal(real(c, "n"), 8);
    assert_says(c, "least of all equality: both arms failed with seed 7 (fold 4) on iris");
    json_decref(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unpaired_is_welch),   cmocka_unit_test(unpaired_mann_whitney),
        cmocka_unit_test(unpaired_fragile),    cmocka_unit_test(unpaired_failures_bar_equality),
        cmocka_unit_test(unpaired_degenerate), cmocka_unit_test(folds_are_corrected),
        cmocka_unit_test(folds_degenerate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
