/* test_groups.c - published numbers, and numbers recomputed with R and SciPy, for two samples,
 * strata, folds, and many arms over many data sets.  Sources: Student's sleep data; Demsar
 * (2006); Hollander and Wolfe; the manuals of R. Degenerate cases stand below. */
#include "rigor/groups.h"
#include "support.h"

#define EXACT 1e-9

/* Student's sleep data: hours gained with each of two drugs. */
static const double drug_1[] = {.7, -1.6, -.2, -1.2, -.1, 3.4, 3.7, .8, 0, 2};
static const double drug_2[] = {1.9, .8, 1.1, .1, -.1, 4.4, 5.5, 1.6, 4.6, 3.4};

static void welch_sleep(void **state)
{
    (void)state;
    rg_t_result r = rg_welch(drug_1, 10, drug_2, 10, 0, .05);
    assert_close(r.t, -1.860813467, EXACT);
    assert_close(r.df, 17.77647352, 5e-10);
    assert_close(r.p, .07939414, 5e-9);
    assert_close(r.lo, -3.3654832, 5e-8); /* R's t.test */
    assert_close(r.hi, .2054832, 5e-8);
    assert_int_equal(r.n, 20);
}

static void stratified_golden(void **state)
{
    (void)state;
    static const double d1[] = {.012, .009, .015, .004, .011, .007};
    static const double d2[] = {.020, -.004, .013, .009, .001, .016};
    static const double d3[] = {.003, .006, -.001, .004, .005, .002};
    const rg_stratum strata[] = {{d1, 6}, {d2, 6}, {d3, 6}};
    rg_t_result r = rg_stratified_t(strata, 3, 0, .05);
    assert_close(r.mean, .00733333, 5e-9);
    assert_close(r.se, .00139443, 5e-9);
    assert_close(r.df, 7.570153, 1e-7);
    assert_close(r.t, 5.259006, 5e-7);
    assert_close(r.p, .000914675, 5e-10);
    assert_int_equal(r.n, 18);
}

static void strata_that_are_simpler_tests(void **state)
{
    (void)state;
    const rg_stratum one = {drug_1, 10};
    rg_t_result plain = rg_t_test(drug_1, 10, .5, .05);
    rg_t_result strata = rg_stratified_t(&one, 1, .5, .05);
    assert_close(strata.t, plain.t, 1e-14);
    assert_close(strata.df, 9, 1e-14);
    assert_close(strata.lo, plain.lo, 1e-13);
    rg_t_result folds = rg_corrected_t(drug_1, 10, 0, .5, .05);
    assert_close(folds.p, plain.p, 1e-14);
    assert_close(folds.hi, plain.hi, 1e-13);
}

/* Ten folds: s^2 (1/10 + 1/9) instead of s^2 / 10. */
static void corrected_folds(void **state)
{
    (void)state;
    rg_t_result plain = rg_t_test(drug_2, 10, 0, .05);
    rg_t_result r = rg_corrected_t(drug_2, 10, 1. / 9, 0, .05);
    const rg_stratum twice[] = {{drug_2, 10}, {drug_2, 10}}; /* two sets of the same folds */
    rg_t_result sets = rg_stratified_corrected_t(twice, 2, 1. / 9, 0, .05);
    assert_close(sets.se, r.se / sqrt(2), 1e-13);
    assert_close(sets.mean, r.mean, 1e-13);
    assert_close(sets.df, 18, 1e-12);
    assert_close(r.t, plain.t / sqrt(1 + 10. / 9), 1e-13);
    assert_close(r.df, 9, 0);
    assert_close(r.p, rg_t_two_sided(r.t, 9), 1e-15);
    assert_close(r.mean, plain.mean, 0);
    assert_close(r.hi - r.lo, (plain.hi - plain.lo) * sqrt(1 + 10. / 9), 1e-12);
}

static void mann_whitney_golden(void **state)
{
    (void)state;
    static const double a[] = {.80, .83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, .73, 1.46};
    static const double b[] = {1.15, .88, .90, .74, 1.21};
    rg_mann_whitney_result r = rg_mann_whitney(a, 10, b, 5);
    assert_close(r.u, 35, 0);
    assert_close(r.p_greater, .1272061272, 1e-10);
    assert_close(r.p, .2544122544, 1e-10);
    assert_close(r.superiority, .7, 1e-15);
    assert_true(r.exact && !r.ties);
    /* R: wilcox.test(x, y, alternative = "greater", exact = FALSE, correct = ...) */
    r = rg_mann_whitney_by(a, 10, b, 5, RG_MANN_WHITNEY_CORRECTED);
    assert_close(r.p_greater, .1223118, 5e-8);
    assert_false(r.exact);
    r = rg_mann_whitney_by(a, 10, b, 5, RG_MANN_WHITNEY_NORMAL);
    assert_close(r.p_greater, .1103357, 5e-8);
}

static const double pain_1[] = {1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 1, 1};
static const double pain_2[] = {3, 3, 4, 3, 1, 2, 3, 1, 1, 5, 4};

static void brunner_munzel_golden(void **state)
{
    (void)state;
    rg_brunner_munzel_result r = rg_brunner_munzel(pain_2, 11, pain_1, 14, .05);
    assert_close(r.statistic, 3.1374674823, 1e-10);
    assert_close(r.p, .0057862087, 1e-10);
    assert_close(r.df, 17.682841979, 1e-9);
    /* the example of lawstat: P(X < Y) + P(X = Y) / 2 and its interval */
    assert_close(r.relative_effect, .788961, 5e-7);
    assert_close(r.lo, .5952169, 5e-8);
    assert_close(r.hi, .9827052, 5e-8);
}

/* Demsar's table 6 without names: C4.5, with m, with cf, with both. */
static const double demsar[14][4] = {
    {.763, .768, .771, .798}, {.599, .591, .590, .569},
    {.954, .971, .968, .967}, {.628, .661, .654, .657},
    {.882, .888, .886, .898}, {.936, .931, .916, .931},
    {.661, .668, .609, .685}, {.583, .583, .563, .625},
    {.775, .838, .866, .875}, {1, 1, 1, 1},
    {.940, .962, .965, .962}, {.619, .666, .614, .669},
    {.972, .981, .975, .975}, {.957, .978, .946, .970},
};

static void demsar_as_printed(void **state)
{
    (void)state;
    double scores[14][4], ranks[4];
    memcpy(scores, demsar, sizeof(scores));
    scores[12][2] = .9751; /* ranked from data that was not rounded */
    scores[12][3] = .9750;
    rg_mean_ranks(&scores[0][0], 14, 4, ranks);
    static const double published[] = {3.143, 2.000, 2.893, 1.964};
    for (size_t j = 0; j < 4; j++)
        assert_close(ranks[j], published[j], 2e-4);
    rg_friedman_result r = rg_friedman(&scores[0][0], 14, 4);
    assert_close(r.chi2, 9.28, 6e-4);
    assert_close(r.f, 3.69, 5e-3);
    assert_close(r.df2, 39, 0);
}

static void demsar_with_the_tie(void **state)
{
    (void)state;
    double ranks[4];
    rg_mean_ranks(&demsar[0][0], 14, 4, ranks);
    assert_close(ranks[0], 3.142857, 5e-7);
    assert_close(ranks[1], 2, 0);
    assert_close(ranks[2], 2.928571, 5e-7);
    assert_close(ranks[3], 1.928571, 5e-7);
    rg_friedman_result r = rg_friedman(&demsar[0][0], 14, 4);
    assert_close(r.chi2, 9.857143, 1e-7);
    assert_close(r.f, 3.986667, 1e-7);
    assert_close(r.p_f, .0143524, 5e-8);
    assert_close(r.chi2_ties, 10.952381, 1e-7);
    assert_close(r.p_chi2_ties, .0119862, 5e-8);
}

/* R's manual of friedman.test: seconds to round first base, so lower is better; the statistic
 * does not mind. */
static void rounding_times(void **state)
{
    (void)state;
    static const double seconds[22][3] = {
        {5.40, 5.50, 5.55}, {5.85, 5.70, 5.75}, {5.20, 5.60, 5.50}, {5.55, 5.50, 5.40},
        {5.90, 5.85, 5.70}, {5.45, 5.55, 5.60}, {5.40, 5.40, 5.35}, {5.45, 5.50, 5.35},
        {5.25, 5.15, 5.00}, {5.85, 5.80, 5.70}, {5.25, 5.20, 5.10}, {5.65, 5.55, 5.45},
        {5.60, 5.35, 5.45}, {5.05, 5.00, 4.95}, {5.50, 5.50, 5.40}, {5.45, 5.55, 5.50},
        {5.55, 5.55, 5.35}, {5.45, 5.50, 5.55}, {5.50, 5.45, 5.25}, {5.65, 5.60, 5.40},
        {5.70, 5.65, 5.55}, {6.30, 6.30, 6.25},
    };
    rg_friedman_result r = rg_friedman(&seconds[0][0], 22, 3);
    assert_close(r.chi2_ties, 11.142857, 1e-7);
    assert_close(r.df, 2, 0);
    assert_close(r.p_chi2_ties, .003805041, 5e-10);
}

static void nemenyi_golden(void **state)
{
    (void)state;
    static const double q05[] = {1.959964, 2.343701, 2.569032, 2.727774, 2.849705,
                                 2.948320, 3.030879, 3.101730, 3.163684};
    static const double q10[] = {1.644854, 2.052293, 2.291341, 2.459516, 2.588521,
                                 2.692732, 2.779884, 2.854606, 2.919889};
    for (size_t k = 2; k <= 10; k++) {
        assert_close(rg_nemenyi_q(k, .05), q05[k - 2], 5e-7);
        assert_close(rg_nemenyi_q(k, .10), q10[k - 2], 5e-7);
    }
    assert_close(rg_critical_difference(4, 14, .05), 1.2535, 5e-5);
    /* the paper's 1.1179 comes from its q of three decimals, 2.291 */
    double q = rint(1000 * rg_nemenyi_q(4, .10)) / 1000;
    assert_close(q * sqrt(20. / 84), 1.1179, 5e-5);
    assert_close(rg_critical_difference(4, 14, .10), 2.291341 * sqrt(20. / 84), 5e-7);
    assert_true(isnan(rg_nemenyi_q(1, .05)) && isnan(rg_nemenyi_q(3, 1)));
    assert_true(isnan(rg_critical_difference(4, 0, .05)));
}

/* Demsar 3.2.2: against C4.5 with se = sqrt(4 * 5 / (6 * 14)) = .488. */
static void holm_against_a_control(void **state)
{
    (void)state;
    rg_rank_z_result r[4];
    rg_rank_z(&demsar[0][0], 14, 4, 0, r);
    assert_true(isnan(r[0].z) && isnan(r[0].p) && isnan(r[0].p_holm));
    double se = sqrt(20. / 84);
    assert_close(r[1].z, (44. / 14 - 2) / se, 1e-13);
    assert_close(r[3].z, (44. / 14 - 27. / 14) / se, 1e-13);
    for (size_t j = 1; j < 4; j++)
        assert_close(r[j].p, 2 * rg_normal_upper(fabs(r[j].z)), 1e-15);
    assert_close(r[3].p_holm, 3 * r[3].p, 1e-15);
    assert_close(r[1].p_holm, fmax(2 * r[1].p, 3 * r[3].p), 1e-15);
    assert_close(r[2].p_holm, r[2].p, 1e-15);
}

/* ---- degenerate cases */

static bool no_test(rg_t_result r)
{
    return isnan(r.t) && isnan(r.p) && isnan(r.p_greater) && isnan(r.p_less) && isnan(r.lo) &&
           isnan(r.hi);
}

static void welch_edges(void **state)
{
    (void)state;
    static const double flat[] = {.1, .1, .1}, wild[] = {1, INFINITY}, hole[] = {1, NAN, 2};
    rg_t_result r = rg_welch(drug_1, 1, drug_2, 10, 0, .05);
    assert_true(no_test(r));
    assert_close(r.mean, .7 - 2.33, 1e-14);
    r = rg_welch(flat, 3, flat, 2, 0, .05);
    assert_true(no_test(r));
    assert_close(r.mean, 0, 0);
    r = rg_welch(flat, 3, drug_1, 10, 0, .05); /* the spread of one sample alone */
    assert_close(r.df, 9, 1e-13);
    assert_close(r.se, rg_t_test(drug_1, 10, 0, .05).se, 1e-15);
    assert_true(no_test(rg_welch(drug_1, 0, drug_2, 10, 0, .05)));
    assert_true(no_test(rg_welch(wild, 2, drug_2, 10, 0, .05)));
    assert_true(no_test(rg_welch(drug_1, 10, hole, 3, 0, .05)));
}

static void strata_edges(void **state)
{
    (void)state;
    static const double flat[] = {1, 1};
    const rg_stratum lonely[] = {{drug_1, 10}, {drug_2, 1}}, level[] = {{flat, 2}, {flat, 2}},
                     half[] = {{flat, 2}, {drug_1, 10}}, empty[] = {{drug_1, 10}, {NULL, 0}};
    rg_t_result r = rg_stratified_t(lonely, 2, 0, .05);
    assert_true(no_test(r));
    assert_close(r.mean, (.75 + 1.9) / 2, 1e-14);
    assert_true(no_test(rg_stratified_t(level, 2, 0, .05)));
    r = rg_stratified_t(half, 2, 0, .05);
    assert_close(r.df, 9, 1e-13);
    assert_true(isfinite(r.p));
    assert_true(isnan(rg_stratified_t(empty, 2, 0, .05).mean));
    assert_true(isnan(rg_stratified_t(empty, 0, 0, .05).mean));
    assert_true(no_test(rg_corrected_t(drug_1, 10, -1, 0, .05)));
    assert_true(no_test(rg_corrected_t(drug_1, 10, NAN, 0, .05)));
    assert_true(no_test(rg_corrected_t(drug_1, 1, .1, 0, .05)));
    assert_true(no_test(rg_corrected_t(flat, 2, .1, 0, .05)));
}

static void rank_edges(void **state)
{
    (void)state;
    static const double flat[] = {3, 3, 3}, low[] = {-INFINITY, 1, 2},
                        high[] = {7, 8, INFINITY}, hole[] = {1, NAN};
    rg_mann_whitney_result u = rg_mann_whitney(flat, 3, flat, 2);
    assert_true(u.p == 1 && u.p_greater == 1 && u.p_less == 1 && u.superiority == .5 && u.ties);
    u = rg_mann_whitney_by(flat, 3, flat, 2, RG_MANN_WHITNEY_CORRECTED);
    assert_true(u.p == 1 && u.p_greater == 1 && u.p_less == 1);
    u = rg_mann_whitney(high, 3, low, 3);
    assert_close(u.p, .1, 1e-15); /* 2 / C(6, 3): the smallest there is */
    assert_true(isnan(rg_mann_whitney(hole, 2, low, 3).p));
    assert_true(isnan(rg_mann_whitney(hole, 0, low, 3).u));
    rg_brunner_munzel_result b = rg_brunner_munzel(high, 3, low, 3, .05);
    assert_true(b.relative_effect == 1 && isnan(b.statistic) && isnan(b.p) && isnan(b.lo));
    b = rg_brunner_munzel(flat, 3, flat, 3, .05);
    assert_true(b.relative_effect == .5 && isnan(b.p));
    assert_true(isnan(rg_brunner_munzel(hole, 2, low, 3, .05).relative_effect));
    assert_true(isnan(rg_brunner_munzel(low, 3, hole, 0, .05).relative_effect));
    assert_true(isnan(rg_brunner_munzel(low, 3, hole, 1, .05).p));
}

static void permutation_edges(void **state)
{
    (void)state;
    static const double flat[] = {.1, .1, .1, .1}, wild[] = {1, INFINITY}, hole[] = {1, NAN};
    rg_permutation_result r = rg_permutation(flat, 4, flat, 3, 1);
    assert_true(r.p == 1 && r.p_greater == 1 && r.p_less == 1 && r.exact && r.draws == 35);
    assert_true(isnan(rg_permutation(flat, 4, wild, 2, 1).p));
    assert_true(isnan(rg_permutation(hole, 2, flat, 4, 1).p));
    assert_true(isnan(rg_permutation(flat, 0, flat, 4, 1).p));
    r = rg_permutation(flat, 1, drug_1, 10, 1);
    assert_int_equal(r.draws, 11);
}

static void friedman_edges(void **state)
{
    (void)state;
    static const double agree[] = {3, 2, 1, 9, 8, 7, .3, .2, .1}, flat[] = {1, 1, 2, 2};
    rg_friedman_result r = rg_friedman(agree, 3, 3);
    assert_close(r.chi2, 6, 1e-15);
    assert_true(isinf(r.f));
    assert_close(r.p_f, 1. / 36, 1e-14);
    r = rg_friedman(flat, 2, 2);
    assert_true(r.chi2 == 0 && isnan(r.chi2_ties) && r.f == 0 && r.p_f == 1);
    r = rg_friedman(agree, 1, 3);
    assert_close(r.chi2, 2, 1e-15);
    assert_true(isnan(r.f) && isnan(r.p_f));
    assert_true(isnan(rg_friedman(agree, 3, 1).chi2));
    assert_true(isnan(rg_friedman(agree, 0, 3).chi2));
    double hole[] = {1, 2, NAN, 3}, ranks[2];
    assert_true(isnan(rg_friedman(hole, 2, 2).chi2));
    rg_mean_ranks(hole, 2, 2, ranks);
    assert_true(isnan(ranks[0]) && isnan(ranks[1]));
    rg_rank_z_result z[2];
    rg_rank_z(hole, 2, 2, 0, z);
    assert_true(isnan(z[1].z) && isnan(z[1].p) && isnan(z[1].p_holm));
    const double ends[] = {INFINITY, -INFINITY, INFINITY, 0};
    rg_mean_ranks(ends, 2, 2, ranks);
    assert_true(ranks[0] == 1 && ranks[1] == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(welch_sleep),
        cmocka_unit_test(stratified_golden),
        cmocka_unit_test(strata_that_are_simpler_tests),
        cmocka_unit_test(corrected_folds),
        cmocka_unit_test(mann_whitney_golden),
        cmocka_unit_test(brunner_munzel_golden),
        cmocka_unit_test(demsar_as_printed),
        cmocka_unit_test(demsar_with_the_tie),
        cmocka_unit_test(rounding_times),
        cmocka_unit_test(nemenyi_golden),
        cmocka_unit_test(holm_against_a_control),
        cmocka_unit_test(welch_edges),
        cmocka_unit_test(strata_edges),
        cmocka_unit_test(rank_edges),
        cmocka_unit_test(permutation_edges),
        cmocka_unit_test(friedman_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
