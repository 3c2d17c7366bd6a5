/* The power of equivalence and of the anytime test, their inverses, the floor of exact tests.
 */
#include "rigor/bayes.h"
#include "rigor/stats.h"
#include "support.h"

static const rg_power_plan pairs = {RG_PAIRS, .05, 2};

/* The share of `studies` normal ones without a difference in which TOST shows equality. */
static double simulated_equivalence(size_t n, double margin, size_t studies, uint64_t seed)
{
    double values[32];
    rg_rng rng = rg_rng_open(seed, "power-tests");
    size_t shown = 0;
    for (size_t s = 0; s < studies; s++) {
        for (size_t i = 0; i < n; i++)
            values[i] = rg_rng_normal(&rng);
        shown += rg_tost(values, n, margin, .05).p < .05;
    }
    return (double)shown / (double)studies;
}

static void test_equivalence_is_what_simulation_finds(void **state)
{
    (void)state;
    const struct {
        size_t n;
        double margin;
    } cases[] = {{2, 8}, {5, 1.5}, {8, 1}, {12, .9}, {20, .5}};
    uint64_t seed = support_seed();
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        double power = rg_power_equivalence(pairs, (double)cases[i].n, cases[i].margin);
        double share = simulated_equivalence(cases[i].n, cases[i].margin, 20000, seed);
        double error = 4 * sqrt(power * (1 - power) / 20000) + 1e-9;
        if (!(fabs(power - share) < error))
            fail_msg("n %zu, margin %g: %g, but %g of the studies (seed %llu)", cases[i].n,
                     cases[i].margin, power, share, (unsigned long long)seed);
    }
}

/* With many degrees of freedom the spread is known: 2 Phi(margin sqrt(n) - z) - 1. */
static void test_equivalence_of_many_is_normal(void **state)
{
    (void)state;
    double n = 1e5, margin = .01;
    double expected = 2 * rg_normal_cdf(margin * sqrt(n) - rg_normal_quantile(.95)) - 1;
    assert_close(rg_power_equivalence(pairs, n, margin), expected, 1e-4);
    assert_close(rg_power_equivalence(pairs, 5, 1e6), 1, 1e-6);
    assert_close(rg_power_equivalence(pairs, 5, 1e-3), 0, 1e-6);
    assert_true(isnan(rg_power_equivalence(pairs, 1, 1)));
    assert_true(isnan(rg_power_equivalence(pairs, 5, 0)));
    assert_true(isnan(rg_power_equivalence(pairs, 5, NAN)));
}

static void test_anytime_is_a_test_with_a_higher_bar(void **state)
{
    (void)state;
    for (size_t n = 5; n <= 40; n += 5) {
        double own = rg_power_anytime(pairs, (double)n, .8);
        assert_true(own < rg_power(pairs, (double)n, .8));
        double bar = rg_t_anytime_critical(n, 1, .05);
        assert_close(own, rg_noncentral_t_upper(bar, (double)n - 1, .8 * sqrt((double)n)),
                     1e-12);
    }
    assert_true(rg_power_anytime(pairs, 3, 5) == 0); /* nothing can be rejected yet */
    rg_power_plan one = {RG_PAIRS, .05, 1}, two = {RG_TWO_SAMPLES, .05, 2};
    assert_true(isnan(rg_power_anytime(one, 10, 1)) && isnan(rg_power_anytime(two, 10, 1)));
    double found = rg_power_effect_of(rg_power_anytime, pairs, 20, .8);
    assert_close(found, rg_t_anytime_effect(20, 1, .05, .8), 1e-8);
}

/* The general inverses agree with those of the t test, and turn the others round. */
static void test_inverses(void **state)
{
    (void)state;
    for (double n = 3; n < 60; n = floor(1.4 * n) + 1) {
        double effect = rg_power_effect(pairs, n, .8);
        assert_close(rg_power_effect_of(rg_power, pairs, n, .8), effect, 1e-9);
        assert_close(rg_power_n_of(rg_power, pairs, effect * 1.0001, .8), n, 0);
    }
    double margin = rg_power_effect_of(rg_power_equivalence, pairs, 10, .9);
    assert_close(rg_power_equivalence(pairs, 10, margin), .9, 1e-9);
    assert_close(rg_power_n_of(rg_power_equivalence, pairs, margin * 1.001, .9), 10, 0);
    assert_true(isnan(rg_power_n_of(rg_power, pairs, 1e-9, .8)));
    assert_true(isnan(rg_power_n_of(rg_power, pairs, 1, 1)));
    assert_true(isnan(rg_power_effect_of(rg_power, pairs, 1, .8)));
}

/* The smallest n whose most extreme sample has p < alpha, by the tests themselves. */
static void test_exact_floor_is_the_tests_own(void **state)
{
    (void)state;
    static const double alphas[] = {.2, .0625, .05, .05 / 3, .01, .001};
    for (size_t i = 0; i < RG_COUNT(alphas); i++) {
        rg_power_plan plan = {RG_PAIRS, alphas[i], 2};
        double clear[20];
        size_t n = 1;
        do {
            clear[n - 1] = (double)n;
            n++;
            clear[n - 1] = (double)n;
        } while (rg_signflip(clear, n, 1).p >= alphas[i]);
        assert_close(rg_power_exact_floor(plan), (double)n, 0);
        assert_true(rg_wilcoxon(clear, n, RG_ZEROS_DROP, RG_WILCOXON_EXACT).p < alphas[i]);
    }
    assert_close(rg_power_exact_floor((rg_power_plan){RG_PAIRS, .05 / 3, 2}), 7, 0);
    /* 2 of (8 choose 4) = 70 labellings are .029, 2 of (6 choose 3) = 20 are .1 */
    assert_close(rg_power_exact_floor((rg_power_plan){RG_TWO_SAMPLES, .05, 2}), 4, 0);
    assert_close(rg_power_exact_floor((rg_power_plan){RG_TWO_SAMPLES, .051, 1}), 3, 0);
    assert_true(isnan(rg_power_exact_floor((rg_power_plan){RG_PAIRS, 0, 2})));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equivalence_is_what_simulation_finds),
        cmocka_unit_test(test_equivalence_of_many_is_normal),
        cmocka_unit_test(test_anytime_is_a_test_with_a_higher_bar),
        cmocka_unit_test(test_inverses),
        cmocka_unit_test(test_exact_floor_is_the_tests_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
