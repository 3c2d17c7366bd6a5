/* test_groups_properties.c - what must hold for any two samples and any table of scores:
 * symmetries, agreement with the slow and obvious computation, with the normal approximation
 * where samples are large, and between tests that are one where there are two arms. */
#include "rigor/groups.h"
#include "support.h"

enum { CASES = 300, MOST = 12 };

typedef struct samples {
    double a[MOST], b[MOST];
    size_t n_a, n_b;
} samples;

static rg_rng open_stream(const char *name)
{
    print_message("seed %llu\n", (unsigned long long)support_seed());
    return rg_rng_open(support_seed(), "%s", name);
}

static void fill(rg_rng *rng, double *values, size_t n, double shift, double spread,
                 bool coarse)
{
    for (size_t k = 0; k < n; k++) {
        double x = shift + spread * rg_rng_normal(rng);
        values[k] = coarse ? rint(2 * x) / 2 : x;
    }
}

/* Every second pair of samples is rounded, so that it has ties. */
static samples draw(rg_rng *rng, int i, size_t most)
{
    samples s = {.n_a = 2 + rg_rng_below(rng, most - 1),
                 .n_b = 2 + rg_rng_below(rng, most - 1)};
    fill(rng, s.a, s.n_a, rg_rng_normal(rng), 1, i % 2 == 0);
    fill(rng, s.b, s.n_b, 0, .5 + rg_rng_unit(rng), i % 2 == 0);
    return s;
}

static void shuffle(rg_rng *rng, double *values, size_t n)
{
    for (size_t k = n; k > 1; k--) {
        size_t j = rg_rng_below(rng, k);
        double keep = values[k - 1];
        values[k - 1] = values[j];
        values[j] = keep;
    }
}

/* Observations in another order, moved and scaled. */
static samples moved(samples s, rg_rng *rng, double shift, double factor)
{
    shuffle(rng, s.a, s.n_a);
    shuffle(rng, s.b, s.n_b);
    for (size_t k = 0; k < s.n_a; k++)
        s.a[k] = factor * s.a[k] + shift;
    for (size_t k = 0; k < s.n_b; k++)
        s.b[k] = factor * s.b[k] + shift;
    return s;
}

static void welch(void **state)
{
    (void)state;
    rg_rng rng = open_stream("welch");
    for (int i = 0; i < CASES; i++) {
        samples s = draw(&rng, i, MOST), m = moved(s, &rng, 16, 4);
        double alpha = .01 + .2 * rg_rng_unit(&rng);
        rg_t_result r = rg_welch(s.a, s.n_a, s.b, s.n_b, 0, alpha);
        rg_t_result swapped = rg_welch(s.b, s.n_b, s.a, s.n_a, 0, alpha);
        if (isnan(r.p))
            continue;
        assert_close(swapped.t, -r.t, 1e-12);
        assert_close(swapped.p_less, r.p_greater, 1e-12);
        assert_close(swapped.lo, -r.hi, 1e-12);
        rg_t_result other = rg_welch(m.a, m.n_a, m.b, m.n_b, 0, alpha);
        assert_close(other.t, r.t, 1e-11);
        assert_close(other.df, r.df, 1e-11);
        double fewest = (double)(s.n_a < s.n_b ? s.n_a : s.n_b) - 1;
        assert_true(r.df > fewest - 1e-9 && r.df < (double)(s.n_a + s.n_b) - 2 + 1e-9);
        assert_close(rg_welch(s.a, s.n_a, s.b, s.n_b, r.lo, alpha).p, alpha, 1e-10);
        assert_close(rg_welch(s.a, s.n_a, s.b, s.n_b, r.hi, alpha).p, alpha, 1e-10);
    }
}

/* Over every labelling of the pooled values: shares of those whose statistic (the difference in
 * means, or U) is at least as high, low or far as the observed one. */
typedef double statistic(const samples *s);
typedef struct shares {
    double high, low, far;
} shares;

static shares enumerate(const samples *s, statistic *of)
{
    size_t n = s->n_a + s->n_b;
    double pooled[2 * MOST], observed = of(s), all = 0;
    memcpy(pooled, s->a, s->n_a * sizeof(double));
    memcpy(pooled + s->n_a, s->b, s->n_b * sizeof(double));
    shares r = {0, 0, 0};
    for (uint32_t mask = 0; mask < 1u << n; mask++) {
        if ((size_t)__builtin_popcount(mask) != s->n_a)
            continue;
        samples other = {.n_a = 0, .n_b = 0};
        for (size_t k = 0; k < n; k++) {
            if (mask >> k & 1)
                other.a[other.n_a++] = pooled[k];
            else
                other.b[other.n_b++] = pooled[k];
        }
        double here = of(&other);
        all++;
        r.high += here >= observed - 1e-10;
        r.low += here <= observed + 1e-10;
        r.far += fabs(here) >= fabs(observed) - 1e-10;
    }
    return (shares){r.high / all, r.low / all, r.far / all};
}

static double mean_difference(const samples *s)
{
    double a = 0, b = 0;
    for (size_t k = 0; k < s->n_a; k++)
        a += s->a[k];
    for (size_t k = 0; k < s->n_b; k++)
        b += s->b[k];
    return a / (double)s->n_a - b / (double)s->n_b;
}

static double slow_u(const samples *s)
{
    double u = 0;
    for (size_t i = 0; i < s->n_a; i++) {
        for (size_t j = 0; j < s->n_b; j++)
            u += s->a[i] > s->b[j] ? 1 : s->a[i] == s->b[j] ? .5 : 0;
    }
    return u;
}

static void permutation_is_the_enumeration(void **state)
{
    (void)state;
    rg_rng rng = open_stream("permutation");
    for (int i = 0; i < 150; i++) {
        samples s = draw(&rng, i, 6), m = moved(s, &rng, -3, .25);
        shares slow = enumerate(&s, mean_difference);
        rg_permutation_result r = rg_permutation(s.a, s.n_a, s.b, s.n_b, 1);
        assert_true(r.exact);
        assert_close(r.p, slow.far, 1e-15);
        assert_close(r.p_greater, slow.high, 1e-15);
        assert_close(r.p_less, slow.low, 1e-15);
        assert_close(rg_permutation(m.a, m.n_a, m.b, m.n_b, 2).p, r.p, 0);
        rg_permutation_result swapped = rg_permutation(s.b, s.n_b, s.a, s.n_a, 1);
        assert_true(swapped.p == r.p && swapped.p_less == r.p_greater &&
                    swapped.p_greater == r.p_less);
    }
}

enum { MANY = 24 };

/* Drawn relabellings: equal bits for equal seeds whatever the order, near Welch's p. */
static void permutation_drawn(void **state)
{
    (void)state;
    rg_rng rng = open_stream("permutation drawn");
    for (int i = 0; i < 2; i++) {
        double a[MANY], b[MANY];
        fill(&rng, a, MANY, .3, 1, i % 2);
        fill(&rng, b, MANY - 1, 0, 1, i % 2);
        size_t n_b = MANY - (size_t)i % 2;
        b[MANY - 1] = .25;
        rg_permutation_result r = rg_permutation(a, MANY, b, n_b, 7);
        rg_permutation_result swapped = rg_permutation(b, n_b, a, MANY, 7);
        assert_false(r.exact);
        assert_int_equal(r.draws, 1 << 17);
        assert_true(swapped.p == r.p && swapped.p_less == r.p_greater);
        rg_t_result t = rg_welch(a, MANY, b, n_b, 0, .05);
        double apart = i % 2 ? .06 : .03; /* ties with the observed difference count whole */
        assert_close(r.p, t.p, apart);
        assert_close(r.p_greater, t.p_greater, apart);
        assert_close(rg_permutation(a, MANY, b, n_b, 8).p, r.p, .01);
        shuffle(&rng, a, MANY);
        assert_true(rg_permutation(a, MANY, b, n_b, 7).p == r.p);
    }
}

static void mann_whitney_is_the_enumeration(void **state)
{
    (void)state;
    rg_rng rng = open_stream("mann whitney");
    for (int i = 0; i < 150; i++) {
        samples s = draw(&rng, i, 6), m = moved(s, &rng, 5, 3);
        shares slow = enumerate(&s, slow_u);
        rg_mann_whitney_result r = rg_mann_whitney(s.a, s.n_a, s.b, s.n_b);
        assert_close(r.u, slow_u(&s), 0);
        assert_true(r.exact && r.method == RG_MANN_WHITNEY_EXACT);
        assert_close(r.p_greater, slow.high, 1e-14);
        assert_close(r.p_less, slow.low, 1e-14);
        assert_close(r.p, fmin(1, 2 * fmin(slow.high, slow.low)), 1e-14);
        for (int method = 0; method <= RG_MANN_WHITNEY_NORMAL; method++) {
            rg_mann_whitney_result x = rg_mann_whitney_by(s.a, s.n_a, s.b, s.n_b, method);
            rg_mann_whitney_result y = rg_mann_whitney_by(s.b, s.n_b, s.a, s.n_a, method);
            assert_close(x.u + y.u, (double)(s.n_a * s.n_b), 0);
            assert_close(x.p_greater, y.p_less, 1e-14);
            assert_close(x.p, y.p, 1e-14);
            assert_close(rg_mann_whitney_by(m.a, m.n_a, m.b, m.n_b, method).p, x.p, 1e-14);
        }
    }
}

static void mann_whitney_exact_and_normal(void **state)
{
    (void)state;
    rg_rng rng = open_stream("mann whitney normal");
    for (int i = 0; i < 10; i++) {
        double a[50], b[50];
        size_t n_a = 30 + rg_rng_below(&rng, 21), n_b = 30 + rg_rng_below(&rng, 21);
        fill(&rng, a, n_a, .3, 1, i % 2);
        fill(&rng, b, n_b, 0, 1, i % 2);
        rg_mann_whitney_result r = rg_mann_whitney(a, n_a, b, n_b);
        assert_true(r.exact && r.ties == (i % 2 == 1));
        rg_mann_whitney_result corrected =
            rg_mann_whitney_by(a, n_a, b, n_b, RG_MANN_WHITNEY_CORRECTED);
        assert_close(r.p, corrected.p, .01);
    }
    double large[51] = {0};
    fill(&rng, large, 51, 0, 1, false);
    rg_mann_whitney_result r = rg_mann_whitney(large, 51, large, 2);
    assert_false(r.exact);
    assert_int_equal(r.method, RG_MANN_WHITNEY_CORRECTED);
}

/* Brunner and Munzel's formula with ranks, as it is printed. */
static double slow_brunner_munzel(const samples *s)
{
    double n_a = (double)s->n_a, n_b = (double)s->n_b, rank_a = 0, rank_b = 0, s_a = 0, s_b = 0;
    double inside_a[MOST], inside_b[MOST], both_a[MOST], both_b[MOST];
    for (size_t i = 0; i < s->n_a; i++) {
        inside_a[i] = both_a[i] = .5;
        for (size_t j = 0; j < s->n_a; j++)
            inside_a[i] += (s->a[j] < s->a[i]) + .5 * (s->a[j] == s->a[i]);
        for (size_t j = 0; j < s->n_b; j++)
            both_a[i] += (s->b[j] < s->a[i]) + .5 * (s->b[j] == s->a[i]);
        both_a[i] += inside_a[i] - .5;
        rank_a += both_a[i] / n_a;
    }
    for (size_t i = 0; i < s->n_b; i++) {
        inside_b[i] = both_b[i] = .5;
        for (size_t j = 0; j < s->n_b; j++)
            inside_b[i] += (s->b[j] < s->b[i]) + .5 * (s->b[j] == s->b[i]);
        for (size_t j = 0; j < s->n_a; j++)
            both_b[i] += (s->a[j] < s->b[i]) + .5 * (s->a[j] == s->b[i]);
        both_b[i] += inside_b[i] - .5;
        rank_b += both_b[i] / n_b;
    }
    for (size_t i = 0; i < s->n_a; i++)
        s_a += pow(both_a[i] - inside_a[i] - rank_a + (n_a + 1) / 2, 2) / (n_a - 1);
    for (size_t i = 0; i < s->n_b; i++)
        s_b += pow(both_b[i] - inside_b[i] - rank_b + (n_b + 1) / 2, 2) / (n_b - 1);
    return n_a * n_b * (rank_a - rank_b) / ((n_a + n_b) * sqrt(n_a * s_a + n_b * s_b));
}

static void brunner_munzel(void **state)
{
    (void)state;
    rg_rng rng = open_stream("brunner munzel");
    for (int i = 0; i < CASES; i++) {
        samples s = draw(&rng, i, MOST), m = moved(s, &rng, -2, 8);
        rg_brunner_munzel_result r = rg_brunner_munzel(s.a, s.n_a, s.b, s.n_b, .1);
        assert_close(r.relative_effect, rg_mann_whitney(s.a, s.n_a, s.b, s.n_b).superiority,
                     1e-14);
        if (isnan(r.p))
            continue;
        assert_close(r.statistic, slow_brunner_munzel(&s), 1e-10);
        assert_true((r.p < .1) == (r.lo > .5 || r.hi < .5));
        rg_brunner_munzel_result swapped = rg_brunner_munzel(s.b, s.n_b, s.a, s.n_a, .1);
        assert_close(swapped.statistic, -r.statistic, 1e-11);
        assert_close(swapped.p_less, r.p_greater, 1e-12);
        assert_close(swapped.lo, 1 - r.hi, 1e-12);
        assert_close(rg_brunner_munzel(m.a, m.n_a, m.b, m.n_b, .1).p, r.p, 1e-12);
    }
}

static void strata(void **state)
{
    (void)state;
    rg_rng rng = open_stream("strata");
    for (int i = 0; i < CASES; i++) {
        samples s = draw(&rng, 1, MOST), m = moved(s, &rng, 0, -4);
        const rg_stratum sets[] = {{s.a, s.n_a}, {s.b, s.n_b}},
                         turned[] = {{m.b, m.n_b}, {m.a, m.n_a}};
        rg_t_result r = rg_stratified_t(sets, 2, 0, .1);
        rg_t_result other = rg_stratified_t(turned, 2, 0, .1);
        assert_close(other.t, -r.t, 1e-11);
        assert_close(other.lo, -4 * r.hi, 1e-11);
        assert_close(other.p_less, r.p_greater, 1e-12);
        /* two strata of which one is mirrored: Welch's test */
        for (size_t k = 0; k < s.n_b; k++)
            s.b[k] = -s.b[k];
        rg_t_result mirrored = rg_stratified_t(sets, 2, 0, .1);
        for (size_t k = 0; k < s.n_b; k++)
            s.b[k] = -s.b[k];
        rg_t_result welch_ab = rg_welch(s.a, s.n_a, s.b, s.n_b, 0, .1);
        assert_close(mirrored.t, welch_ab.t, 1e-11);
        assert_close(mirrored.df, welch_ab.df, 1e-11);
        assert_close(2 * mirrored.hi, welch_ab.hi, 1e-11);
    }
}

enum { SETS = 15, ARMS = 6 };

static void friedman(void **state)
{
    (void)state;
    rg_rng rng = open_stream("friedman");
    for (int i = 0; i < CASES; i++) {
        double scores[SETS * ARMS], turned[SETS * ARMS], ranks[ARMS], other[ARMS], sum = 0;
        size_t sets = 2 + rg_rng_below(&rng, SETS - 1), arms = 2 + rg_rng_below(&rng, ARMS - 1);
        fill(&rng, scores, sets * arms, 0, 1, i % 2);
        /* arms in the contrary order, negated, each set moved on its own */
        for (size_t k = 0; k < sets * arms; k++)
            turned[k / arms * arms + arms - 1 - k % arms] = (double)(k / arms) - 2 * scores[k];
        rg_mean_ranks(scores, sets, arms, ranks);
        rg_mean_ranks(turned, sets, arms, other);
        for (size_t j = 0; j < arms; j++) {
            sum += ranks[j];
            assert_close(other[arms - 1 - j], (double)arms + 1 - ranks[j], 1e-13);
        }
        assert_close(sum, (double)(arms * (arms + 1)) / 2, 1e-13);
        rg_friedman_result r = rg_friedman(scores, sets, arms);
        rg_friedman_result t = rg_friedman(turned, sets, arms);
        assert_true(t.chi2 == r.chi2 && (t.f == r.f || isnan(r.f)));
        assert_true(isnan(r.chi2_ties) || r.chi2_ties >= r.chi2 - 1e-12);
        rg_rank_z_result z[ARMS], back[ARMS];
        rg_rank_z(scores, sets, arms, 0, z);
        rg_rank_z(scores, sets, arms, 1, back);
        assert_close(back[0].z, -z[1].z, 1e-14);
        for (size_t j = 1; j < arms; j++) {
            assert_true((z[j].z > 0) == (ranks[j] < ranks[0]));
            assert_true(z[j].p_holm >= z[j].p && z[j].p_holm <= 1);
        }
        if (arms == 2) /* chi2 with one degree of freedom is the square of z */
            assert_close(z[1].z * z[1].z, r.chi2, 1e-12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(welch),
        cmocka_unit_test(permutation_is_the_enumeration),
        cmocka_unit_test(permutation_drawn),
        cmocka_unit_test(mann_whitney_is_the_enumeration),
        cmocka_unit_test(mann_whitney_exact_and_normal),
        cmocka_unit_test(brunner_munzel),
        cmocka_unit_test(strata),
        cmocka_unit_test(friedman),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
