/* Whether two samples have one distribution: Smirnov's test and chi-squared.  Golden values from
 * SciPy 1.10 (ks_2samp with method='exact', special.kolmogorov, chi2_contingency with
 * correction=False) and, with ties, from R 4.2 (ks.test with exact=TRUE). */
#include "rigor/groups.h"
#include "support.h"

static const double sample_a[] = {.61,  .29,  .06,  .59,  -1.73, -.74, .51,  -.56, .39,
                                  1.64, .05,  -.06, .64,  -.82,  .37,  1.77, 1.09, -1.28,
                                  2.36, 1.31, 1.05, -.32, -.40,  1.06, -2.47};
static const double sample_b[] = {1.2, .5, 2.1, .33, 1.9, -.2, .8, 2.6, 1.45, .95};

static void smirnov_golden(void **state)
{
    (void)state;
    rg_smirnov_result r = rg_smirnov(sample_a, 25, sample_b, 10);
    assert_close(r.d, .42, 1e-12);
    assert_close(r.p, .127534143319657, 1e-12);
    assert_true(r.exact && !r.ties);
    double far[10];
    for (size_t i = 0; i < 10; i++)
        far[i] = sample_b[i] + 3;
    r = rg_smirnov(sample_a, 25, far, 10);
    assert_close(r.d, 1, 0);
    assert_close(r.p / 1.08944687888613e-08, 1, 1e-9);
    static const double x[] = {1, 2, 2, 3, 3, 3, 4, 5, 1, 2}, y[] = {2, 3, 4, 4, 5, 6, 6};
    r = rg_smirnov(x, 10, y, 7);
    assert_close(r.d, .514285714285714, 1e-12);
    assert_close(r.p, .0888523241464377, 1e-12);
    assert_true(r.exact && r.ties);
}

static void kolmogorov_golden(void **state)
{
    (void)state;
    static const double values[][2] = {{.3, .999990694198665},    {.5, .963945243664875},
                                       {.9, .392730707940654},    {1, .269999671677355},
                                       {1.36, .0494858767553779}, {2.5, 7.45330634415734e-06},
                                       {5, 3.85749969592784e-22}};
    for (size_t i = 0; i < RG_COUNT(values); i++)
        assert_close(rg_kolmogorov_upper(values[i][0]) / values[i][1], 1, 1e-12);
    assert_close(rg_kolmogorov_upper(0), 1, 0);
    assert_true(isnan(rg_kolmogorov_upper(NAN)));
}

static void contingency_golden(void **state)
{
    (void)state;
    static const struct {
        double count[6];
        size_t columns;
        rg_contingency_result expected;
    } cases[] = {
        {{10, 20, 30, 6, 9, 17},
         3,
         {.271574651504035, 2, .873028283380073, .0543313757042229, 5.56521739130435}},
        {{12, 3, 5, 15},
         2,
         {10.3799019607843, 1, .00127394459133964, .544581148637171, 7.28571428571429}},
        {{0, 4, 7, 0, 9, 2}, /* a column without a count */
         3,
         {4.7008547008547, 1, .0301476215616696, .462250163521024, 4.5}},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        rg_contingency_result r = rg_contingency(cases[i].count, 2, cases[i].columns),
                              e = cases[i].expected;
        assert_close(r.chi2, e.chi2, 1e-12);
        assert_close(r.df, e.df, 0);
        assert_close(r.p, e.p, 1e-12);
        assert_close(r.v, e.v, 1e-12);
        assert_close(r.least_expected, e.least_expected, 1e-12);
    }
}

static void what_has_no_answer(void **state)
{
    (void)state;
    const double a[] = {1, NAN, 3}, b[] = {2, 2, 2}, counts[] = {3, 0, 5, 0};
    assert_true(isnan(rg_smirnov(a, 3, b, 3).p));
    assert_true(isnan(rg_smirnov(a, 0, b, 3).p));
    assert_close(rg_smirnov(b, 3, b, 3).p, 1, 0);
    assert_true(isnan(rg_contingency(counts, 2, 2).p));
    assert_true(isnan(rg_contingency(counts, 1, 4).p));
}

/* One distribution: p is at most .05 in at most 5 % of draws, at the exact end, with ties and at
 * the limit; and symmetric in the two samples. */
static void smirnov_keeps_its_level(void **state)
{
    (void)state;
    enum { DRAWS = 2000, MOST = 1100 };
    static const size_t sizes[][2] = {{12, 30}, {40, 40}, {1100, 1000}};
    static double a[MOST], b[MOST];
    uint64_t seed = support_seed();
    for (size_t s = 0; s < RG_COUNT(sizes); s++)
        for (int ties = 0; ties < 2; ties++) {
            rg_rng rng = rg_rng_open(seed, "smirnov/%zu/%d", s, ties);
            size_t draws = s == 2 ? DRAWS / 4 : DRAWS, alarms = 0;
            for (size_t i = 0; i < draws; i++) {
                for (size_t j = 0; j < sizes[s][0]; j++)
                    a[j] = ties ? (double)rg_rng_below(&rng, 8) : rg_rng_unit(&rng);
                for (size_t j = 0; j < sizes[s][1]; j++)
                    b[j] = ties ? (double)rg_rng_below(&rng, 8) : rg_rng_unit(&rng);
                rg_smirnov_result r = rg_smirnov(a, sizes[s][0], b, sizes[s][1]);
                assert_close(rg_smirnov(b, sizes[s][1], a, sizes[s][0]).p, r.p, 1e-9);
                alarms += r.p <= .05;
            }
            double expected = .05 * (double)draws, sd = sqrt(expected * .95);
            if ((double)alarms > expected + 4 * sd || (!ties && (double)alarms < expected / 3))
                fail_msg("seed %llu: %zu of %zu draws rejected (%zu and %zu, ties %d)",
                         (unsigned long long)seed, alarms, draws, sizes[s][0], sizes[s][1],
                         ties);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smirnov_golden),          cmocka_unit_test(kolmogorov_golden),
        cmocka_unit_test(contingency_golden),      cmocka_unit_test(what_has_no_answer),
        cmocka_unit_test(smirnov_keeps_its_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
