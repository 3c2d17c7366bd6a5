/* The t e-process, its interval, and the Bayesian tests: golden numbers, the identities that
 * hold between them, their limits, and their error rates by simulation. */
#include "rigor/bayes.h"
#include "rigor/stats.h"
#include "support.h"

#include <float.h>

static const double sleep_data[] = {-1.2, -2.4, -1.3, -1.3, 0, -1, -1.8, -.8, -4.6, -1.4};

static void sample(rg_rng *rng, double *values, size_t n, double mean)
{
    for (size_t i = 0; i < n; i++)
        values[i] = mean + rg_rng_normal(rng);
}

/* ---- Golden numbers */

static void test_golden_evidence(void **state)
{
    (void)state;
    size_t n = RG_COUNT(sleep_data);
    assert_close(rg_t_evidence(sleep_data, n, 0, 1), 25.475137859, 1e-10);
    assert_close(rg_t_evidence(sleep_data, n, 0, .5), 19.655488712, 1e-10);
}

static void test_golden_critical_values(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        double t;
    } table[] = {{5, 8.4532},  {6, 5.4498},  {7, 4.6402},  {8, 4.2509}, {10, 3.8698},
                 {12, 3.6840}, {15, 3.5376}, {20, 3.4248}, {30, 3.3466}};
    for (size_t i = 0; i < RG_COUNT(table); i++)
        assert_true(fabs(rg_t_anytime_critical(table[i].n, 1, .05) - table[i].t) <= 5.1e-5);
}

static void test_golden_normal_mixture(void **state)
{
    (void)state;
    double rho = rg_normal_mixture_rho(100, .05);
    assert_true(fabs(rho - 12.60056) <= 5e-6);
    assert_true(fabs(rg_normal_mixture_bound(100, rho, .05) - 30.35209) <= 5e-6);
}

static void test_golden_bayes_factor(void **state)
{
    (void)state;
    double t = rg_t_test(sleep_data, RG_COUNT(sleep_data), 0, .05).t;
    assert_close(rg_jzs_bayes_factor(t, RG_COUNT(sleep_data), sqrt(.5)), 17.258880, 5e-8);
}

static void check_posterior(const double *a, const double *b, size_t n, double share,
                            double variance)
{
    double d[8];
    rg_differences(b, a, n, d);
    rg_posterior p = rg_correlated_bayes_t(d, n, share, .5);
    assert_close(p.mean, 1, 1e-15);
    assert_close(p.variance, variance, 1e-14);
    assert_close(p.df, (double)n - 1, 0);
    double scale = sqrt(variance);
    assert_close(p.left, rg_t_cdf(-1.5 / scale, p.df), 1e-14);
    assert_close(p.right, rg_t_upper(-.5 / scale, p.df), 1e-14);
    assert_close(p.left + p.rope + p.right, 1, 1e-15);
}

static void test_golden_correlated_t(void **state)
{
    (void)state;
    static const double a[] = {4, 2, 6, 4}, b[] = {5, 7, 3, 5};
    check_posterior(a, b, 3, 1. / 2, 16 * (1. / 3 + 1. / 2));
    check_posterior(a, b, 4, 1, 32. / 3 * (1. / 4 + 1));
}

static void test_golden_sign_counts(void **state)
{
    (void)state;
    static const double x[] = {15, 16, 17, 24, 11, 12, 13, 14};
    static const double y[] = {10, 13, 15, 24, 15, 82, 83, 84};
    static const struct {
        double rope;
        size_t left, in, right;
    } table[] = {{0, 3, 1, 4}, {2, 2, 2, 4}, {4, 1, 4, 3}, {5, 0, 5, 3}};
    for (size_t i = 0; i < RG_COUNT(table); i++) {
        rg_sign_posterior p = rg_bayes_sign(y, x, 8, table[i].rope);
        assert_int_equal(p.count_left, table[i].left);
        assert_int_equal(p.count_rope, table[i].in);
        assert_int_equal(p.count_right, table[i].right);
        assert_close(p.left + p.rope + p.right, 1, 1e-12);
    }
}

/* ---- What holds between evidence and interval */

static void test_the_interval_leaves_out_what_the_evidence_rejects(void **state)
{
    (void)state;
    uint64_t seed = support_seed();
    rg_rng rng = rg_rng_open(seed, "interval");
    size_t rejected = 0;
    for (int round = 0; round < 4000; round++) {
        double d[40], alpha = pow(10, -3 * rg_rng_unit(&rng)) / 2;
        double g = pow(10, 2 * rg_rng_unit(&rng) - 1);
        size_t n = 2 + (size_t)rg_rng_below(&rng, 39);
        sample(&rng, d, n, 2 * rg_rng_unit(&rng));
        double null = rg_rng_normal(&rng), evidence = rg_t_evidence(d, n, null, g);
        rg_anytime_interval in = rg_t_anytime(d, n, g, alpha);
        bool outside = null < in.lo || null > in.hi;
        rejected += outside;
        if (outside != (evidence >= 1 / alpha))
            fail_msg("seed %llu, round %d: E = %g, 1/alpha = %g, null %g in [%g, %g]",
                     (unsigned long long)seed, round, evidence, 1 / alpha, null, in.lo, in.hi);
    }
    assert_in_range(rejected, 400, 3600);
}

static void test_at_an_end_of_the_interval_the_evidence_is_one_over_alpha(void **state)
{
    (void)state;
    for (size_t n = 5; n <= RG_COUNT(sleep_data); n++) {
        rg_anytime_interval in = rg_t_anytime(sleep_data, n, 1, .05);
        assert_close(rg_t_evidence(sleep_data, n, in.lo, 1), 20, 1e-9);
        assert_close(rg_t_evidence(sleep_data, n, in.hi, 1), 20, 1e-9);
    }
}

/* ---- Limits */

static void test_too_few_observations_say_nothing(void **state)
{
    (void)state;
    assert_true(rg_t_evidence(sleep_data, 0, 0, 1) == 1);
    assert_true(rg_t_evidence(sleep_data, 1, 0, 1) == 1);
    assert_true(isnan(rg_t_anytime(sleep_data, 0, 1, .05).lo));
    for (size_t n = 1; n <= 3; n++) {
        rg_anytime_interval in = rg_t_anytime(sleep_data, n, 1, .05);
        assert_true(in.lo == -INFINITY && in.hi == INFINITY && in.critical_t == INFINITY);
    }
    assert_true(isinf(rg_t_anytime_effect(3, 1, .05, .8)));
    /* c = (sqrt(1 + n) / alpha)^(2/n) meets 1 + n where alpha = (1 + n)^((1 - n) / 2). */
    assert_true(isinf(rg_t_anytime_critical(5, 1, 1 / 36. * (1 - 1e-12))));
    assert_true(isfinite(rg_t_anytime_critical(5, 1, 1 / 36. * (1 + 1e-6))));
}

static void test_without_spread_nothing_is_known(void **state)
{
    (void)state;
    static const double same[] = {.25, .25, .25, .25, .25, .25};
    assert_true(isnan(rg_t_evidence(same, 6, 0, 1)));
    assert_true(isnan(rg_t_evidence(same, 6, .25, 1)));
    rg_anytime_interval in = rg_t_anytime(same, 6, 1, .05);
    assert_true(isnan(in.lo) && isnan(in.hi) && isfinite(in.critical_t));
}

static void test_nan_in_nan_out(void **state)
{
    (void)state;
    static const double bad[][5] = {{1, 2, NAN, 3, 4}, {1, 2, INFINITY, 3, 4}};
    for (size_t i = 0; i < RG_COUNT(bad); i++) {
        assert_true(isnan(rg_t_evidence(bad[i], 5, 0, 1)));
        assert_true(isnan(rg_t_anytime(bad[i], 5, 1, .05).lo));
    }
    assert_true(isnan(rg_t_evidence(bad[0], 5, NAN, 1)));
    assert_true(isnan(rg_t_evidence(sleep_data, 10, 0, 0)));
    assert_true(isnan(rg_t_evidence(sleep_data, 10, 0, NAN)));
    assert_true(isnan(rg_t_anytime_critical(10, 1, 0)));
    assert_true(isnan(rg_t_anytime_critical(10, 1, 1)));
    assert_true(isnan(rg_t_anytime_critical(10, -1, .05)));
    assert_true(isnan(rg_t_anytime_effect(10, 1, .05, 1)));
    assert_true(isnan(rg_normal_mixture_bound(-1, 1, .05)));
    assert_true(isnan(rg_normal_mixture_bound(1, 0, .05)));
    assert_true(isnan(rg_normal_mixture_rho(1, 1)));
}

static void test_evidence_does_not_overflow(void **state)
{
    (void)state;
    static double d[900];
    for (size_t i = 0; i < RG_COUNT(d); i++)
        d[i] = 1e8 + (double)(i % 2);
    assert_true(rg_t_evidence(d, RG_COUNT(d), 0, 1) == DBL_MAX);
    assert_true(rg_t_evidence(d, 50, 0, 1) > 1e40 && rg_t_evidence(d, 50, 0, 1) < 1e100);
    for (size_t i = 0; i < RG_COUNT(d); i++)
        d[i] = 1e-160 * (double)(i % 3);
    assert_true(rg_t_evidence(d, 20, 0, 1) > 1);
    assert_true(isfinite(rg_t_anytime_critical(999, 1, 1e-300)));
}

static void test_scale_does_not_matter(void **state)
{
    (void)state;
    double scaled[RG_COUNT(sleep_data)];
    for (size_t i = 0; i < RG_COUNT(scaled); i++)
        scaled[i] = -1024 * sleep_data[i];
    assert_close(rg_t_evidence(scaled, 10, 0, 1), rg_t_evidence(sleep_data, 10, 0, 1), 1e-12);
}

/* ---- Error rates by simulation */

/* E[E_n] = 1 for normal data; heavy-tailed E makes a mean over draws useless for large n, so it
 * is taken under a bound: min(E, b) has a mean below 1 for every b. */
static void test_mean_evidence_is_at_most_one_under_the_null(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "null");
    enum { STUDIES = 20000 };
    for (size_t n = 2; n <= 12; n += 5) {
        double sum = 0, squares = 0, d[12];
        for (int i = 0; i < STUDIES; i++) {
            sample(&rng, d, n, 0);
            double e = rg_t_evidence(d, n, 0, 1);
            sum += e;
            squares += e * e;
        }
        double mean = sum / STUDIES;
        double se = sqrt((squares / STUDIES - mean * mean) / STUDIES);
        if (mean > 1 + 4 * se)
            fail_msg("n = %zu: the mean evidence is %g +- %g", n, mean, se);
    }
}

/* Looking after every seed from 3 to 12 (statistics.md: .013 for the e-process). */
static void test_looking_after_every_seed_keeps_the_level(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "looks");
    enum { STUDIES = 4000 };
    int by_evidence = 0, by_t = 0;
    for (int i = 0; i < STUDIES; i++) {
        double d[12];
        bool evident = false, significant = false;
        sample(&rng, d, 12, 0);
        for (size_t n = 3; n <= 12; n++) {
            evident |= rg_t_evidence(d, n, 0, 1) >= 20;
            significant |= rg_t_test(d, n, 0, .05).p < .05;
        }
        by_evidence += evident;
        by_t += significant;
    }
    double se = sqrt(.05 * .95 / STUDIES);
    print_message("false alarms of %d studies: e-process %d, repeated t %d\n", STUDIES,
                  by_evidence, by_t);
    assert_true(by_evidence < .05 * STUDIES && by_evidence < (.013 + 4 * se) * STUDIES);
    assert_true(by_t > (.188 - 8 * se) * STUDIES && by_t < (.188 + 8 * se) * STUDIES);
}

static void test_the_interval_covers_at_all_looks_at_once(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "coverage");
    int missed = 0;
    for (int i = 0; i < 2000; i++) {
        double d[30];
        bool outside = false;
        sample(&rng, d, 30, .7);
        for (size_t n = 3; n <= 30; n++) {
            rg_anytime_interval in = rg_t_anytime(d, n, 1, .05);
            outside |= in.lo > .7 || in.hi < .7;
        }
        missed += outside;
    }
    assert_true(missed < .05 * 2000);
}

static void test_the_effect_that_is_shown(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "power");
    enum { STUDIES = 4000 };
    for (size_t n = 6; n <= 30; n += 12) {
        double d[30], effect = rg_t_anytime_effect(n, 1, .05, .8);
        int shown = 0;
        for (int i = 0; i < STUDIES; i++) {
            sample(&rng, d, n, effect);
            shown += rg_t_anytime(d, n, 1, .05).lo > 0;
        }
        double se = sqrt(.8 * .2 / STUDIES);
        assert_true(fabs((double)shown / STUDIES - .8) < 4 * se);
    }
}

static int ascending(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* What docs/study.md says of the price of looking. */
static void test_seeds_until_decided(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "price");
    enum { STUDIES = 2000, MOST = 60 };
    static const double effects[] = {1.156, 3}; /* 80 % power of the t test with 8; clear */
    static const int half[] = {10, 6}, most[] = {14, 6};
    for (size_t k = 0; k < RG_COUNT(effects); k++) {
        int seeds[STUDIES];
        for (int i = 0; i < STUDIES; i++) {
            double d[MOST];
            sample(&rng, d, MOST, effects[k]);
            int n = 5;
            while (n < MOST && rg_t_evidence(d, (size_t)n, 0, 1) < 20)
                n++;
            seeds[i] = n;
        }
        qsort(seeds, STUDIES, sizeof(*seeds), ascending);
        print_message("effect %g: half decided by %d seeds, 80 %% by %d\n", effects[k],
                      seeds[STUDIES / 2], seeds[STUDIES * 8 / 10]);
        assert_in_range(seeds[STUDIES / 2], half[k] - 1, half[k] + 1);
        assert_in_range(seeds[STUDIES * 8 / 10], most[k] - 1, most[k] + 1);
    }
}

/* ---- Bayesian tests */

/* The Bayes factor approaches a ratio of densities for large n, where the prior is flat across
 * the likelihood: BF ~ prior(d) sqrt(2 pi / n) exp(t^2 / 2), here with the t likelihood. */
static void test_bayes_factor_limits(void **state)
{
    (void)state;
    assert_true(isnan(rg_jzs_bayes_factor(1, 1, .7)));
    assert_true(isnan(rg_jzs_bayes_factor(1, 10, 0)));
    assert_true(isnan(rg_jzs_bayes_factor(NAN, 10, .7)));
    assert_true(rg_jzs_bayes_factor(1e200, 1000, .7) == DBL_MAX);
    assert_true(rg_jzs_bayes_factor(40, 1000, .7) > 1e200);
    assert_close(rg_jzs_bayes_factor(-2, 12, .7), rg_jzs_bayes_factor(2, 12, .7), 0);
    /* t = 0, n large: sqrt(2 pi / n) / (pi r), to first order */
    double n = 1e8, r = .5, flat = sqrt(2 * M_PI / n) / (M_PI * r);
    assert_true(fabs(rg_jzs_bayes_factor(0, (size_t)n, r) / flat - 1) < 1e-6);
}

/* P(X_a > X_b) is a tail of the binomial distribution for whole shapes: with one count 0 the
 * sign posterior has a closed form. */
static void test_sign_posterior_against_the_beta_distribution(void **state)
{
    (void)state;
    static const double zero[200] = {0};
    for (size_t right = 1; right < 200; right += 33) {
        double a[200];
        for (size_t i = 0; i < 200; i++)
            a[i] = i < right ? 1 : 0;
        rg_sign_posterior p = rg_bayes_sign(a, zero, 200, .1);
        double in = (double)p.count_rope + 1, beta = rg_beta_lower(.5, in, (double)right);
        assert_int_equal(p.count_right, right);
        assert_close(p.left, 0, 0);
        assert_close(p.right, beta, 1e-12);
        assert_close(p.rope, rg_beta_upper(.5, in, (double)right), 1e-12);
    }
}

static double gamma_draw(rg_rng *rng, size_t shape)
{
    double sum = 0;
    for (size_t i = 0; i < shape; i++)
        sum -= log1p(-rg_rng_unit(rng));
    return sum;
}

static void test_sign_posterior_against_draws(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "dirichlet");
    static const double a[] = {1, 1, 1, 1, 1, 0, 0, -1, -1, -1}, b[RG_COUNT(a)] = {0};
    rg_sign_posterior p = rg_bayes_sign(a, b, RG_COUNT(a), 0);
    enum { DRAWS = 100000 };
    int left = 0, in = 0;
    for (int i = 0; i < DRAWS; i++) {
        double l = gamma_draw(&rng, 3), m = gamma_draw(&rng, 3), r = gamma_draw(&rng, 5);
        left += l > m && l > r;
        in += m > l && m > r;
    }
    assert_close(p.left, p.rope, 1e-12); /* 3 and 2 + 1 */
    assert_true(fabs((double)left / DRAWS - p.left) < 5e-3);
    assert_true(fabs((double)in / DRAWS - p.rope) < 5e-3);
    assert_close(p.left + p.rope + p.right, 1, 1e-12);
}

static void test_sign_posterior_of_many(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    static double a[MANY], b[MANY];
    for (size_t i = 0; i < MANY; i++)
        a[i] = i % 2 ? 1 : i % 4 ? -1 : 0;
    rg_sign_posterior p = rg_bayes_sign(a, b, MANY, 0);
    assert_close(p.left + p.rope + p.right, 1, 1e-10);
    assert_close(p.right, 1, 1e-10);
}

static void test_degenerate_posteriors(void **state)
{
    (void)state;
    static const double a[] = {1, 1, 1}, b[] = {0, 0, 0}, bad[] = {1, NAN, 1};
    rg_posterior p = rg_correlated_bayes_t(a, 3, .1, .01);
    assert_true(p.mean == 1 && p.variance == 0 && isnan(p.left) && isnan(p.rope));
    p = rg_correlated_bayes_t(a, 1, .1, .01);
    assert_true(p.mean == 1 && isnan(p.variance) && isnan(p.right));
    assert_true(isnan(rg_correlated_bayes_t(a, 0, .1, .01).mean));
    assert_true(isnan(rg_correlated_bayes_t(bad, 3, .1, .01).left));
    rg_sign_posterior s = rg_bayes_sign(a, b, 0, .1);
    assert_true(s.count_rope == 0 && s.left == 0 && s.right == 0);
    assert_close(s.rope, 1, 1e-12);
    s = rg_bayes_sign(bad, b, 3, .1);
    assert_true(isnan(s.left) && isnan(s.rope) && s.count_right == 2);
    assert_true(isnan(rg_bayes_sign(a, b, 3, NAN).rope));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_evidence),
        cmocka_unit_test(test_golden_critical_values),
        cmocka_unit_test(test_golden_normal_mixture),
        cmocka_unit_test(test_golden_bayes_factor),
        cmocka_unit_test(test_golden_correlated_t),
        cmocka_unit_test(test_golden_sign_counts),
        cmocka_unit_test(test_the_interval_leaves_out_what_the_evidence_rejects),
        cmocka_unit_test(test_at_an_end_of_the_interval_the_evidence_is_one_over_alpha),
        cmocka_unit_test(test_too_few_observations_say_nothing),
        cmocka_unit_test(test_without_spread_nothing_is_known),
        cmocka_unit_test(test_nan_in_nan_out),
        cmocka_unit_test(test_evidence_does_not_overflow),
        cmocka_unit_test(test_scale_does_not_matter),
        cmocka_unit_test(test_mean_evidence_is_at_most_one_under_the_null),
        cmocka_unit_test(test_looking_after_every_seed_keeps_the_level),
        cmocka_unit_test(test_the_interval_covers_at_all_looks_at_once),
        cmocka_unit_test(test_the_effect_that_is_shown),
        cmocka_unit_test(test_seeds_until_decided),
        cmocka_unit_test(test_bayes_factor_limits),
        cmocka_unit_test(test_sign_posterior_against_the_beta_distribution),
        cmocka_unit_test(test_sign_posterior_against_draws),
        cmocka_unit_test(test_sign_posterior_of_many),
        cmocka_unit_test(test_degenerate_posteriors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
