/* test_properties.c - what must hold for any sample: symmetries, scalings, orders, and
 * agreement with the slow and obvious way to compute the same number.  Also the degenerate
 * cases. */
#include "rigor/stats.h"
#include "support.h"

enum { CASES = 300 };

typedef struct sample {
    double d[24];
    size_t n;
    double alpha;
} sample;

/* Normal differences; every third sample is rounded, so that it has ties and zeros. */
static sample draw(rg_rng *rng, int i, size_t most)
{
    sample s = {.n = 2 + rg_rng_below(rng, most - 1), .alpha = .01 + .2 * rg_rng_unit(rng)};
    double shift = rg_rng_normal(rng);
    for (size_t k = 0; k < s.n; k++) {
        double x = shift + rg_rng_normal(rng);
        s.d[k] = i % 3 == 0 ? rint(2 * x) / 2 : x;
    }
    return s;
}

static sample scaled(sample s, double factor)
{
    for (size_t k = 0; k < s.n; k++)
        s.d[k] *= factor;
    return s;
}

static sample shuffled(sample s, rg_rng *rng)
{
    for (size_t k = s.n; k > 1; k--) {
        size_t j = rg_rng_below(rng, k);
        double keep = s.d[k - 1];
        s.d[k - 1] = s.d[j];
        s.d[j] = keep;
    }
    return s;
}

static rg_rng open_stream(const char *name)
{
    print_message("seed %llu\n", (unsigned long long)support_seed());
    return rg_rng_open(support_seed(), "%s", name);
}

static void t_symmetry(void **state)
{
    (void)state;
    rg_rng rng = open_stream("t");
    for (int i = 0; i < CASES; i++) {
        sample s = draw(&rng, i, 20), m = scaled(s, -1), big = scaled(s, 8);
        rg_t_result r = rg_t_test(s.d, s.n, 0, s.alpha),
                    minus = rg_t_test(m.d, m.n, 0, s.alpha);
        assert_close(minus.t, -r.t, 1e-12);
        assert_close(minus.p, r.p, 1e-12);
        assert_close(minus.p_less, r.p_greater, 1e-12);
        assert_close(minus.lo, -r.hi, 1e-12);
        assert_close(rg_t_test(big.d, s.n, 0, s.alpha).p, r.p, 1e-12);
        if (isfinite(r.p)) {
            /* the interval holds exactly those null values that are not rejected */
            assert_close(rg_t_test(s.d, s.n, r.lo, s.alpha).p, s.alpha, 1e-10);
            assert_close(rg_t_test(s.d, s.n, r.hi, s.alpha).p, s.alpha, 1e-10);
            assert_true((r.p < s.alpha) == (r.lo > 0 || r.hi < 0));
        }
    }
}

static double slow_signflip(const sample *s)
{
    double observed = 0, scale = 0, hits = 0;
    for (size_t k = 0; k < s->n; k++) {
        observed += s->d[k];
        scale += fabs(s->d[k]);
    }
    for (uint32_t signs = 0; signs < 1u << s->n; signs++) {
        double sum = 0;
        for (size_t k = 0; k < s->n; k++)
            sum += signs >> k & 1 ? s->d[k] : -s->d[k];
        hits += fabs(sum) >= fabs(observed) - 1e-12 * scale;
    }
    return hits / (double)(1u << s->n);
}

static void signflip_is_the_enumeration(void **state)
{
    (void)state;
    rg_rng rng = open_stream("signflip");
    for (int i = 0; i < 100; i++) {
        sample s = draw(&rng, i, 12);
        double p = rg_signflip(s.d, s.n, 1).p;
        assert_close(p, slow_signflip(&s), 0);
        assert_true(p >= ldexp(1, 1 - (int)s.n));
        sample other = scaled(shuffled(s, &rng), i % 2 ? -4 : .25);
        assert_close(rg_signflip(other.d, s.n, 1).p, p, 0);
        for (size_t k = 0; k < s.n; k++)
            other.d[k] = fabs(s.d[k]);
        assert_true(rg_signflip(other.d, s.n, 1).p <= p);
    }
}

static void signflip_large(void **state)
{
    (void)state;
    rg_rng rng = open_stream("signflip large");
    double d[60], p20 = 0;
    for (size_t k = 0; k < 60; k++)
        d[k] = .35 + rg_rng_normal(&rng);
    p20 = rg_signflip(d, 20, 1).p;
    rg_signflip_result r = rg_signflip(d, 60, 7), same = rg_signflip(d, 60, 7);
    assert_true(p20 > 0 && p20 <= 1);
    assert_false(r.exact);
    assert_int_equal(r.draws, 1 << 17);
    assert_true(r.p == same.p);
    assert_true(r.p > 0);
    /* for 60 differences the normal approximation of the randomisation distribution is close */
    double sum = 0, squares = 0;
    for (size_t k = 0; k < 60; k++) {
        sum += d[k];
        squares += d[k] * d[k];
    }
    assert_close(r.p, 2 * rg_normal_upper(fabs(sum) / sqrt(squares)), .01);
}

/* P(W+ >= observed) over all sign vectors, with the mean ranks of |d|. */
static double slow_wilcoxon(const sample *s, double *ret_w)
{
    double rank[24], w = 0, hits = 0;
    for (size_t i = 0; i < s->n; i++) {
        double below = 0, equal = 0;
        for (size_t j = 0; j < s->n; j++) {
            below += fabs(s->d[j]) < fabs(s->d[i]);
            equal += fabs(s->d[j]) == fabs(s->d[i]);
        }
        rank[i] = s->d[i] == 0 ? 0 : below + (equal + 1) / 2;
        w += s->d[i] > 0 ? rank[i] : 0;
    }
    for (uint32_t signs = 0; signs < 1u << s->n; signs++) {
        double sum = 0;
        for (size_t k = 0; k < s->n; k++)
            sum += signs >> k & 1 ? rank[k] : 0;
        hits += sum >= w;
    }
    *ret_w = w;
    return hits / (double)(1u << s->n);
}

static void wilcoxon_is_the_enumeration(void **state)
{
    (void)state;
    rg_rng rng = open_stream("wilcoxon");
    for (int i = 0; i < 100; i++) {
        sample s = draw(&rng, i, 12), m = scaled(s, -3);
        double w, greater = slow_wilcoxon(&s, &w);
        rg_wilcoxon_result r = rg_wilcoxon(s.d, s.n, RG_ZEROS_PRATT, RG_WILCOXON_EXACT);
        assert_close(r.w_plus, w, 0);
        assert_close(r.p_greater, greater, 1e-13);
        rg_wilcoxon_result minus = rg_wilcoxon(m.d, m.n, RG_ZEROS_PRATT, RG_WILCOXON_EXACT);
        assert_close(minus.p_less, r.p_greater, 1e-13);
        assert_close(minus.p, r.p, 1e-13);
        rg_wilcoxon_result split = rg_wilcoxon(s.d, s.n, RG_ZEROS_SPLIT, RG_WILCOXON_EXACT);
        assert_close(split.w_plus + split.w_minus, .5 * (double)(s.n * (s.n + 1)), 0);
        assert_close(split.p, r.p, 1e-13);
        if (!r.ties && r.n_used == s.n)
            assert_close(rg_wilcoxon(s.d, s.n, RG_ZEROS_DROP, RG_WILCOXON_AUTO).p_greater,
                         rg_wilcoxon(s.d, s.n, RG_ZEROS_DROP, RG_WILCOXON_EXACT).p_greater, 1);
    }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void hodges_lehmann_is_the_median(void **state)
{
    (void)state;
    rg_rng rng = open_stream("hodges lehmann");
    for (int i = 0; i < CASES; i++) {
        sample s = draw(&rng, i, 24);
        double average[300];
        size_t n = 0;
        for (size_t a = 0; a < s.n; a++) {
            for (size_t b = a; b < s.n; b++)
                average[n++] = .5 * s.d[a] + .5 * s.d[b];
        }
        qsort(average, n, sizeof(*average), ascending);
        double median = .5 * (average[(n - 1) / 2] + average[n / 2]);
        rg_hodges_lehmann_result r = rg_hodges_lehmann(s.d, s.n, s.alpha);
        assert_close(r.estimate, median, 1e-15);
        assert_true(r.lo <= r.estimate && r.estimate <= r.hi);
        assert_true(r.coverage >= 1 - s.alpha || r.lo == average[0]);
        sample m = scaled(s, -1);
        rg_hodges_lehmann_result minus = rg_hodges_lehmann(m.d, m.n, s.alpha);
        assert_close(minus.lo, -r.hi, 1e-15);
        assert_close(minus.estimate, -r.estimate, 1e-15);
    }
}

static void hodges_lehmann_large(void **state)
{
    (void)state;
    enum { N = 20001 };
    double *d = RG_NEW_ARRAY(double, N);
    for (size_t i = 0; i < N; i++)
        d[i] = (double)((i * 7919) % N);
    rg_hodges_lehmann_result r = rg_hodges_lehmann(d, N, .05);
    assert_close(r.estimate, (N - 1) / 2, 0);
    assert_close(r.coverage, .95, 1e-4);
    /* sd of the mean of a uniform distribution: the interval is about as wide as that of a mean
     */
    assert_close(r.hi - r.lo, 2 * 1.96 * N / sqrt(12. * N), .05);
    rg_free(d);
}

static void superiority(void **state)
{
    (void)state;
    rg_rng rng = open_stream("superiority");
    for (int i = 0; i < CASES; i++) {
        sample s = draw(&rng, i, 20), m = scaled(s, -1);
        rg_superiority r = rg_p_superior(s.d, s.n, s.alpha);
        rg_superiority minus = rg_p_superior(m.d, m.n, s.alpha);
        assert_close(r.p + minus.p, 1, 1e-15);
        assert_close(r.lo, 1 - minus.hi, 1e-12);
        assert_true(0 <= r.lo && r.lo <= r.p && r.p <= r.hi && r.hi <= 1);
        double k = (double)r.wins, n = (double)s.n;
        if (r.ties == 0 && r.wins > 0)
            assert_close(rg_binomial_upper(k - 1, n, r.lo), s.alpha / 2, 1e-11);
        if (r.ties == 0 && r.wins < s.n)
            assert_close(rg_binomial_cdf(k, n, r.hi), s.alpha / 2, 1e-11);
    }
}

static void equivalence(void **state)
{
    (void)state;
    rg_rng rng = open_stream("equivalence");
    for (int i = 0; i < CASES; i++) {
        sample s = draw(&rng, i, 20), m = scaled(s, -1);
        double margin = 3 * rg_rng_unit(&rng) + .01;
        rg_tost_result r = rg_tost(s.d, s.n, margin, s.alpha);
        if (isnan(r.p))
            continue;
        assert_true((r.p < s.alpha) == (r.lo > -margin && r.hi < margin));
        assert_close(rg_tost(m.d, m.n, margin, s.alpha).p, r.p, 1e-12);
        assert_true(rg_tost(s.d, s.n, margin + 1, s.alpha).p <= r.p);
    }
}

static void adjusted(void **state)
{
    (void)state;
    rg_rng rng = open_stream("adjusted");
    for (int i = 0; i < CASES; i++) {
        double p[12], none[12], bonferroni[12], holm[12], hochberg[12], bh[12];
        size_t n = 1 + rg_rng_below(&rng, 12);
        for (size_t k = 0; k < n; k++)
            p[k] = i % 3 ? pow(rg_rng_unit(&rng), 3) : rint(10 * rg_rng_unit(&rng)) / 10;
        rg_adjust(RG_ADJUST_NONE, p, n, none);
        rg_adjust(RG_ADJUST_BONFERRONI, p, n, bonferroni);
        rg_adjust(RG_ADJUST_HOLM, p, n, holm);
        rg_adjust(RG_ADJUST_HOCHBERG, p, n, hochberg);
        rg_adjust(RG_ADJUST_BENJAMINI_HOCHBERG, p, n, bh);
        for (size_t k = 0; k < n; k++) {
            assert_true(none[k] == p[k]);
            assert_true(p[k] <= bh[k] && bh[k] <= hochberg[k] && hochberg[k] <= holm[k] &&
                        holm[k] <= bonferroni[k] && bonferroni[k] <= 1);
            for (size_t j = 0; j < n; j++)
                assert_true(p[j] <= p[k] ? holm[j] <= holm[k] && bh[j] <= bh[k] : true);
        }
    }
}

static void adjusted_with_gaps(void **state)
{
    (void)state;
    double p[] = {.01, NAN, .04, .03};
    rg_adjust(RG_ADJUST_HOLM, p, 4, p);
    assert_close(p[0], .04, 1e-15);
    assert_true(isnan(p[1]));
    assert_close(p[2], .09, 1e-15);
    assert_close(p[3], .09, 1e-15);
    rg_adjust(RG_ADJUST_HOLM, NULL, 0, NULL);
}

static void power_inverts(void **state)
{
    (void)state;
    rg_rng rng = open_stream("power");
    for (int i = 0; i < 100; i++) {
        rg_power_plan plan = {i % 2 ? RG_PAIRS : RG_TWO_SAMPLES, .001 + .1 * rg_rng_unit(&rng),
                              1 + i % 4 / 2};
        double n = (double)(2 + rg_rng_below(&rng, 60)), power = .2 + .75 * rg_rng_unit(&rng);
        double effect = rg_power_effect(plan, n, power);
        assert_close(rg_power(plan, n, effect), power, 1e-11);
        assert_true(rg_power(plan, n + 1, effect) > power);
        assert_true(rg_power(plan, n, effect * 1.01) > power);
        assert_close(rg_power_n(plan, effect, power), n, 1e-8);
    }
    assert_close(rg_seeds_needed(1e6, .05), 2, 0);
    assert_true(isnan(rg_seeds_needed(1e-6, .05)));
    assert_true(isnan(rg_seeds_needed(0, .05)));
    assert_true(isnan(rg_seeds_needed(NAN, .05)));
    assert_true(isnan(rg_detectable_effect(1, .05)));
    assert_true(isnan(rg_power((rg_power_plan){RG_PAIRS, 0, 2}, 5, 1)));
    assert_true(isnan(rg_power((rg_power_plan){RG_PAIRS, .05, 3}, 5, 1)));
}

static void nothing_and_one(void **state)
{
    (void)state;
    double one[] = {2};
    rg_t_result none = rg_t_test(one, 0, 0, .05), single = rg_t_test(one, 1, 0, .05);
    assert_true(isnan(none.mean) && isnan(none.p));
    assert_true(single.mean == 2 && isnan(single.sd) && isnan(single.p) && isnan(single.lo));
    assert_true(isnan(rg_signflip(one, 0, 1).p));
    assert_close(rg_signflip(one, 1, 1).p, 1, 0);
    assert_true(isnan(rg_wilcoxon(one, 0, RG_ZEROS_DROP, RG_WILCOXON_AUTO).p));
    assert_close(rg_wilcoxon(one, 1, RG_ZEROS_DROP, RG_WILCOXON_AUTO).p, 1, 0);
    assert_true(isnan(rg_hodges_lehmann(one, 0, .05).estimate));
    assert_close(rg_hodges_lehmann(one, 1, .05).estimate, 2, 0);
    assert_close(rg_hodges_lehmann(one, 1, .05).coverage, 0, 0);
    assert_true(isnan(rg_p_superior(one, 0, .05).p));
    assert_close(rg_p_superior(one, 1, .05).lo, .025, 1e-14);
    assert_true(isnan(rg_cohens_d(one, 1)));
    assert_true(isnan(rg_tost(one, 1, 1, .05).p));
}

static void no_spread(void **state)
{
    (void)state;
    const double same[] = {.1, .1, .1, .1, .1, .1}, zero[6] = {0};
    rg_t_result r = rg_t_test(same, 6, 0, .05);
    assert_true(r.mean == .1 && r.sd == 0 && isnan(r.t) && isnan(r.p) && isnan(r.lo));
    assert_true(isnan(rg_cohens_d(same, 6)));
    assert_true(isnan(rg_tost(same, 6, 1, .05).p));
    assert_close(rg_signflip(same, 6, 1).p, .03125, 0);
    assert_close(rg_signflip(zero, 6, 1).p, 1, 0);
    assert_close(rg_wilcoxon(same, 6, RG_ZEROS_DROP, RG_WILCOXON_EXACT).p, .03125, 1e-15);
    for (int zeros = RG_ZEROS_DROP; zeros <= RG_ZEROS_SPLIT; zeros++) {
        assert_close(rg_wilcoxon(zero, 6, (rg_zeros)zeros, RG_WILCOXON_AUTO).p, 1, 1e-15);
        assert_close(rg_wilcoxon(zero, 6, (rg_zeros)zeros, RG_WILCOXON_EXACT).p, 1, 1e-15);
    }
    assert_close(rg_p_superior(zero, 6, .05).p, .5, 0);
    assert_true(isnan(rg_tost(same, 6, 0, .05).p) && isnan(rg_tost(same, 6, NAN, .05).p));
}

static void not_finite(void **state)
{
    (void)state;
    const double nan[] = {1, 2, NAN, 3}, lost[] = {.1, -INFINITY, .2, .3, .4, .5, -INFINITY};
    const double both[] = {1, INFINITY, -INFINITY};
    assert_true(isnan(rg_t_test(nan, 4, 0, .05).p) && isnan(rg_t_test(nan, 4, 0, .05).sd));
    assert_true(isnan(rg_t_test(lost, 7, 0, .05).p));
    assert_true(isnan(rg_signflip(nan, 4, 1).p) && isnan(rg_signflip(lost, 7, 1).p));
    assert_true(isnan(rg_wilcoxon(nan, 4, RG_ZEROS_DROP, RG_WILCOXON_AUTO).p));
    assert_true(isnan(rg_hodges_lehmann(nan, 4, .05).estimate));
    assert_true(isnan(rg_hodges_lehmann(both, 3, .05).estimate));
    assert_true(isnan(rg_p_superior(nan, 4, .05).p));
    rg_wilcoxon_result r = rg_wilcoxon(lost, 7, RG_ZEROS_DROP, RG_WILCOXON_EXACT);
    assert_close(r.w_minus, 13, 0);
    assert_close(r.w_plus, 15, 0);
    assert_close(rg_hodges_lehmann(lost, 7, .05).estimate, .125, 1e-15);
}

/* .3 - .2 and .2 - .1 are one tenth each, whatever their last bits say. */
static void differences_of_decimals(void **state)
{
    (void)state;
    const double a[] = {.3, .2, .3, 1e-3, INFINITY}, b[] = {.2, .1, .1 + .2, 0, 1};
    double d[5];
    rg_differences(a, b, 5, d);
    assert_true(a[0] - b[0] != a[1] - b[1]);
    assert_true(d[0] == d[1] && d[2] == 0 && d[3] == 1e-3 && d[4] == INFINITY);
    const double tiny[] = {3e-310, 2e-310}, zeros[] = {0, 0};
    rg_differences(tiny, zeros, 2, d);
    assert_true(d[0] == 3e-310 && d[1] == 2e-310);
    rg_differences(zeros, zeros, 2, d);
    assert_true(d[0] == 0 && d[1] == 0);
    const double diverged[] = {1e14, .3, .2, .1}, fine[] = {.5, .2, .1, .2};
    rg_differences(diverged, fine, 4, d); /* the others are no ties */
    assert_true(d[1] == .1 && d[2] == .1 && d[3] == -.1);
    rg_rng rng = rg_rng_open(support_seed(), "decimals");
    for (int i = 0; i < 1000; i++) {
        double x[] = {rg_rng_normal(&rng) * pow(10, (double)(i % 40) - 20)}, y[] = {x[0] / 3};
        rg_differences(x, y, 1, d);
        assert_close(d[0] / x[0], 2. / 3, 1e-11);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t_symmetry),
        cmocka_unit_test(signflip_is_the_enumeration),
        cmocka_unit_test(signflip_large),
        cmocka_unit_test(wilcoxon_is_the_enumeration),
        cmocka_unit_test(hodges_lehmann_is_the_median),
        cmocka_unit_test(hodges_lehmann_large),
        cmocka_unit_test(superiority),
        cmocka_unit_test(equivalence),
        cmocka_unit_test(adjusted),
        cmocka_unit_test(adjusted_with_gaps),
        cmocka_unit_test(power_inverts),
        cmocka_unit_test(nothing_and_one),
        cmocka_unit_test(no_spread),
        cmocka_unit_test(not_finite),
        cmocka_unit_test(differences_of_decimals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
