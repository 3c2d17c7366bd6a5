/* test_golden.c - published numbers, and numbers recomputed with R and SciPy, for the tests on
 * pairs.  Sources: Student's sleep data; Hollander and Wolfe; Demsar (2006); R's p.adjust and
 * power.t.test; the textbook example of the sign-flip test.
 *
 * Those of other situations stand with their functions: two samples, strata, many arms and
 * Nemenyi's q in test_groups.c, Bayes and evidence while looking in test_bayes.c, McNemar and
 * DeLong in test_predictions.c, the bootstrap, aggregates and the expected best in
 * test_resample.c, calibration in test_scores.c. */
#include "rigor/stats.h"
#include "support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define EXACT 1e-9

static const double sleep_data[] = {-1.2, -2.4, -1.3, -1.3, 0, -1, -1.8, -.8, -4.6, -1.4};

static void sleep_t(void **state)
{
    (void)state;
    rg_t_result r = rg_t_test(sleep_data, 10, 0, .05);
    assert_close(r.t, -4.062127683, EXACT);
    assert_close(r.df, 9, 0);
    assert_close(r.p, .002832890, EXACT);
    assert_close(r.lo, -2.459885763, EXACT);
    assert_close(r.hi, -.700114237, EXACT);
    assert_close(r.p_less, r.p / 2, 1e-15);
    assert_close(r.p_greater, 1 - r.p / 2, 1e-15);
    assert_close(rg_cohens_d(sleep_data, 10), -4.062127683 / sqrt(10), EXACT);
}

/* As of R: predict(lm(x ~ 1), interval = "prediction"). */
static void sleep_prediction(void **state)
{
    (void)state;
    rg_prediction_interval p = rg_predict_one(sleep_data, 10, .05);
    assert_close(p.lo, -1.58 - 2.262157163 * 1.229995483 * sqrt(1.1), 1e-8);
    assert_close(p.hi, -1.58 + 2.262157163 * 1.229995483 * sqrt(1.1), 1e-8);
    assert_true(isnan(rg_predict_one(sleep_data, 1, .05).lo));
    static const double equal[] = {.3, .3, .3};
    assert_true(rg_predict_one(equal, 3, .05).lo == .3);
}

static void sleep_others(void **state)
{
    (void)state;
    rg_signflip_result flips = rg_signflip(sleep_data, 10, 1);
    assert_close(flips.p, .00390625, 0);
    assert_true(flips.exact);
    assert_close(rg_hodges_lehmann(sleep_data, 10, .05).estimate, -1.3, 1e-15);
    rg_superiority s = rg_p_superior(sleep_data, 10, .05);
    assert_close(s.p, .05, 1e-15);
    assert_int_equal(s.ties, 1);
}

static void sleep_tost(void **state)
{
    (void)state;
    rg_tost_result r = rg_tost(sleep_data, 10, 3, .05);
    assert_close(r.t_lower, 3.650772981, EXACT);
    assert_close(r.p_lower, .002655570, EXACT);
    assert_close(r.p, .002655570, EXACT);
    assert_close(r.t_upper, -11.77502835, EXACT);
    assert_close(r.lo, -2.293005267, EXACT);
    assert_close(r.hi, -.866994733, EXACT);
}

static void sign_flip(void **state)
{
    (void)state;
    static const double a[] = {3.67, 1.72, 3.46, 2.60, 2.03, 2.10, 3.01};
    static const double b[] = {2.11, 1.79, 2.71, 1.89, 1.69, 1.71, 2.01};
    double d[7];
    rg_differences(a, b, 7, d);
    assert_close(rg_signflip(d, 7, 1).p, .03125, 0);
}

static void exact_wilcoxon(void **state)
{
    (void)state;
    static const double x[] = {1.83, .50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
    static const double y[] = {.878, .647, .598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
    double d[9];
    rg_differences(x, y, 9, d);
    rg_wilcoxon_result r = rg_wilcoxon(d, 9, RG_ZEROS_DROP, RG_WILCOXON_AUTO);
    assert_close(r.w_plus, 40, 0);
    assert_close(r.p, .0390625, 1e-15);
    assert_true(r.exact);
    rg_hodges_lehmann_result h = rg_hodges_lehmann(d, 9, .05);
    assert_close(h.estimate, .46, 1e-14);
    assert_close(h.lo, .010, 1e-14);
    assert_close(h.hi, .786, 1e-14);
    assert_true(h.coverage >= .95);
}

/* Demsar's fourteen data sets, C4.5 against C4.5+m: two zeros, ties. */
static void wilcoxon_zeros(void **state)
{
    (void)state;
    static const double plain[] = {.763, .599, .954, .628, .882, .936, .661,
                                   .583, .775, 1,    .940, .619, .972, .957};
    static const double m[] = {.768, .591, .971, .661, .888, .931, .668,
                               .583, .838, 1,    .962, .666, .981, .978};
    static const struct {
        rg_zeros zeros;
        double statistic, p;
    } expected[] = {
        {RG_ZEROS_SPLIT, 12, .0109685},
        {RG_ZEROS_DROP, 6.5, .0107571},
        {RG_ZEROS_PRATT, 10.5, .0107920},
    };
    double d[14];
    rg_differences(plain, m, 14, d);
    for (size_t i = 0; i < COUNT(expected); i++) {
        rg_wilcoxon_result r = rg_wilcoxon(d, 14, expected[i].zeros, RG_WILCOXON_AUTO);
        assert_close(r.statistic, expected[i].statistic, 1e-14);
        assert_close(r.p, expected[i].p, 5e-8);
        assert_false(r.exact);
        assert_int_equal(r.zeros, expected[i].zeros);
    }
}

static void corrections(void **state)
{
    (void)state;
    static const double p[] = {5.23656777e-5, 2.81405062e-4, .0149877311, .0202732689,
                               .1770969527,   .6421939238,   .6808459476, .7162693824,
                               .8385413676,   .9678338243};
    static const double holm[] = {
        5.2366e-4, 2.53264558e-3, .1199018486, .1419128822, 1, 1, 1, 1, 1, 1};
    static const double bh[] = {5.2366e-4,   1.40702531e-3, .0499591036, .0506831722,
                                .3541939054, .8953367280,   .8953367280, .8953367280,
                                .9317126306, .9678338243};
    static const double hochberg[] = {5.2366e-4,   2.53264558e-3, .1199018486, .1419128822,
                                      .9678338243, .9678338243,   .9678338243, .9678338243,
                                      .9678338243, .9678338243};
    static const struct {
        rg_adjustment method;
        const double *expected;
    } table[] = {
        {RG_ADJUST_HOLM, holm},
        {RG_ADJUST_BENJAMINI_HOCHBERG, bh},
        {RG_ADJUST_HOCHBERG, hochberg},
    };
    for (size_t m = 0; m < COUNT(table); m++) {
        double got[10];
        rg_adjust(table[m].method, p, 10, got);
        for (size_t i = 0; i < 10; i++)
            assert_close(got[i], table[m].expected[i], 1e-8);
    }
}

static void power_numbers(void **state)
{
    (void)state;
    rg_power_plan two = {RG_TWO_SAMPLES, .05, 2}, one = {RG_TWO_SAMPLES, .05, 1};
    rg_power_plan pairs = {RG_PAIRS, .05, 2};
    assert_close(rg_power(two, 20, 1), .8689528, 5e-8);
    /* R solves for n with a tolerance of 1e-4. */
    assert_close(rg_power_n(two, 1, .9), 22.02110, 1e-6);
    assert_close(rg_power_n(one, 1, .9), 17.84713, 1e-6);
    assert_close(rg_power_n(pairs, 1, .8), 9.93786, 1e-6);
    assert_close(rg_seeds_needed(1, .05), 10, 0);
    assert_close(rg_noether_n(.75, .05, .95), 29, 0);
    assert_close(rg_noether_n(.25, .05, .95), 29, 0);
    assert_true(isnan(rg_noether_n(.5, .05, .95)) && isnan(rg_noether_n(.75, .05, .05)));
}

static void detectable_effects(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        double alpha, effect;
    } expected[] = {
        {3, .05, 3.264},     {5, .05, 1.682},     {6, .05, 1.435},      {8, .05, 1.156},
        {10, .05, .996},     {15, .05, .778},     {20, .05, .660},      {30, .05, .529},
        {5, .05 / 7, 2.874}, {8, .05 / 7, 1.696}, {10, .05 / 7, 1.405}, {20, .05 / 7, .874},
    };
    for (size_t i = 0; i < COUNT(expected); i++)
        assert_close(rg_detectable_effect(expected[i].n, expected[i].alpha), expected[i].effect,
                     5.01e-4);
}

/* Twenty published splits: test RMSE of plain dropout against Monte-Carlo dropout. */
static void published_splits(void **state)
{
    (void)state;
    const char *path = support_shared("golden/concrete_dropout.csv");
    FILE *file = path ? fopen(path, "r") : NULL;
    if (!file)
        skip();
    double a[20], b[20], d[20];
    size_t n = 0;
    char line[256];
    while (n < 20 && fgets(line, sizeof(line), file)) {
        double x, y, split;
        if (sscanf(line, "%lf,%lf,%lf", &split, &x, &y) == 3) {
            a[n] = x;
            b[n++] = y;
        }
    }
    fclose(file);
    assert_int_equal(n, 20);
    rg_differences(a, b, n, d);
    rg_t_result t = rg_t_test(d, n, 0, .05);
    assert_close(t.t, 4.59143, 5e-6);
    assert_close(t.p, .000199294, 5e-9);
    rg_wilcoxon_result w = rg_wilcoxon(d, n, RG_ZEROS_DROP, RG_WILCOXON_AUTO);
    assert_close(w.w_plus, 202, 0);
    assert_close(w.p, 4.76837e-5, 5e-10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sleep_t),          cmocka_unit_test(sleep_prediction),
        cmocka_unit_test(sleep_others),     cmocka_unit_test(sleep_tost),
        cmocka_unit_test(sign_flip),        cmocka_unit_test(exact_wilcoxon),
        cmocka_unit_test(wilcoxon_zeros),   cmocka_unit_test(corrections),
        cmocka_unit_test(power_numbers),    cmocka_unit_test(detectable_effects),
        cmocka_unit_test(published_splits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
