/* test_verdict_sets.c - verdicts over several data sets: each decision by hand, what is missing,
 * and the words. */
#include "lab/study/verdict_rows.h"

/* ---- Two to five data sets */

static const json_t *set_at(const json_t *claim, size_t i)
{
    return json_array_get(json_object_get(claim, "by_set"), i);
}

static const double golden[3][6] = {{.012, .009, .015, .004, .011, .007},
                                    {.020, -.004, .013, .009, .001, .016},
                                    {.003, .006, -.001, .004, .005, .002}};

static void golden_rows(rows *a, rows *b)
{
    for (uint32_t set = 0; set < 3; set++)
        for (uint64_t i = 0; i < 6; i++) {
            add(a, set, i, 0, .9 + golden[set][i]);
            add(b, set, i, 0, .9);
        }
}

static void sets_are_stratified(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    golden_rows(&a, &b);
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "situation", "sets");
    assert_text(c, "methods.decides", "stratified t");
    assert_text(c, "verdict", "supported");
    assert_close(real(c, "estimate"), .00733333, 1e-8);
    assert_close(real(c, "p"), .000914675, 1e-9);
    double half = -rg_t_quantile(.025, 7.570153) * .00139443;
    assert_close(bound(c, 0), .00733333 - half, 2e-8);
    assert_close(bound(c, 1), .00733333 + half, 2e-8);
    assert_int_equal(real(c, "n"), 18);
    assert_int_equal(json_array_size(json_object_get(c, "by_set")), 3);
    double p[3];
    for (size_t i = 0; i < 3; i++) {
        rg_t_result t = rg_t_test(golden[i], 6, 0, .05);
        assert_close(real(set_at(c, i), "estimate"), t.mean, 1e-12);
        assert_close(real(set_at(c, i), "p"), t.p, 1e-9);
        assert_close(real(set_at(c, i), "mean_b"), .9, 1e-15);
        assert_close(real(set_at(c, i), "mean_a"), .9 + t.mean, 1e-12);
        assert_int_equal(real(set_at(c, i), "n"), 6);
        assert_string_equal(rg_json_text(set_at(c, i), "set", ""), set_names[i]);
        p[i] = t.p;
    }
    rg_adjust(RG_ADJUST_HOLM, p, 3, p);
    for (size_t i = 0; i < 3; i++)
        assert_close(real(set_at(c, i), "p_corrected"), p[i], 1e-9);
    assert_says(c, "on average over 18 pairs of runs on 3 data sets");
    assert_text(json_array_get(json_object_get(c, "differences"), 7), "set", "wine");
    json_decref(c);
}

/* Sets of unequal size weigh the same; sign flips keep to M. */
static void sets_weigh_the_same(void **state)
{
    (void)state;
    static const double few[] = {.03, -.01}, many[] = {.02, .01, .04, .01, .02, .03};
    rows a = {0}, b = {0};
    add_list(&a, 0, 1, few, 2);
    add_list(&a, 1, 1, many, 6);
    for (size_t i = 0; i < 8; i++)
        add(&b, a.set[i], a.seed[i], 0, 0);
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    double mean = (.01 + .13 / 6) / 2, reached = 0;
    assert_close(real(c, "estimate"), mean, 1e-12);
    for (unsigned flips = 0; flips < 256; flips++) {
        double sum[2] = {0, 0};
        for (size_t i = 0; i < 8; i++)
            sum[a.set[i]] += (flips >> i & 1 ? -1 : 1) * a.value[i];
        reached += fabs((sum[0] / 2 + sum[1] / 6) / 2) >= mean - 1e-12;
    }
    assert_close(real(c, "p_signflip"), reached / 256, 1e-12);
    json_decref(c);
}

static void sets_of_folds(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    add_folds(&a, 0, 7, fold_a, 0);
    add_folds(&b, 0, 7, fold_b, 0);
    add_folds(&a, 1, 7, fold_a, .01);
    add_folds(&b, 1, 7, fold_b, 0);
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    double v = .01 * .01 * 14.9 / 9 * (1. / 10 + 1. / 9), se = sqrt(2 * v) / 2;
    assert_text(c, "situation", "sets");
    assert_close(real(c, "estimate"), .026, 1e-12);
    assert_close(real(c, "p"), rg_t_two_sided(.026 / se, 18), 1e-9);
    assert_true(json_is_null(json_object_get(c, "p_signflip")));
    assert_close(real(set_at(c, 1), "p"), rg_t_two_sided(.031 / sqrt(v), 9), 1e-9);
    assert_says(c, "corrected for it within each set");
    json_decref(c);
}

static void sets_of_unpaired_runs(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    for (uint32_t set = 0; set < 2; set++) {
        add_list(&a, set, 1, drug_1, 10);
        add_list(&b, set, 101, drug_2, 10);
    }
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    double t = -1.860813467 * sqrt(2), df = 2 * 17.77647352;
    assert_text(c, "situation", "sets");
    assert_close(real(c, "estimate"), -1.58, 1e-12);
    assert_close(real(c, "p"), rg_t_two_sided(t, df), 1e-8);
    assert_close(real(set_at(c, 0), "p"), .07939414, 1e-8);
    assert_int_equal(real(c, "n"), 40);
    assert_text(c, "verdict", "refuted");
    assert_says(c, "20 and 20 unpaired runs on 2 data sets");
    json_decref(c);
}

/* One run on each set: no spread within them is known, and the sets are the sample. */
static void sets_of_single_runs(void **state)
{
    (void)state;
    static const double d[] = {.012, .009, .015, .004, .011};
    rows a = {0}, b = {0};
    for (uint32_t set = 0; set < 5; set++) {
        add(&a, set, 1, 0, .8 + d[set]);
        add(&b, set, 1, 0, .8);
    }
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    rg_t_result t = rg_t_test(d, 5, 0, .05);
    assert_text(c, "situation", "sets");
    assert_text(c, "methods.decides", "t over sets");
    assert_close(real(c, "p"), t.p, 1e-9);
    assert_close(bound(c, 0), t.lo, 1e-12);
    assert_true(json_is_null(json_object_get(c, "seeds_needed")));
    assert_true(json_is_null(json_object_get(set_at(c, 0), "p")));
    assert_says(c, "On iris there is a single run of an arm");
    assert_says(c, "takes the 5 data sets themselves as the sample");
    assert_says(c, "With 5 data sets the exact tests cannot come below p = 0.062");
    assert_text(c, "verdict", "supported");
    json_decref(c);
    a.n = b.n = 2;
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_says(c, "Exploratory, whatever the verdict: it rests on 2 data sets, fewer than 5");
    json_decref(c);
}

static void sets_without_spread(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    for (uint32_t set = 0; set < 2; set++)
        for (uint64_t i = 0; i < 4; i++) {
            add(&a, set, i, 0, .8 + .01 * (1 + (double)set));
            add(&b, set, i, 0, .8);
        }
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "verdict", "supported");
    assert_true(json_is_null(json_object_get(c, "p")));
    assert_close(real(c, "p_corrected"), 2 / 256., 1e-12);
    assert_close(real(c, "estimate"), .015, 1e-12);
    assert_says(c, "Within each data set the difference is the same every time");
    json_decref(c);
    memcpy(a.value, b.value, sizeof(a.value));
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "verdict", "inconclusive");
    assert_says(c, "score the same with each of the 8 pairs of runs");
    json_decref(c);
}

/* What one arm lacks is named; pairs are made within each set. */
static void missing_runs_are_named(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    golden_rows(&a, &b);
    add(&a, 0, 17, 0, .9);
    add(&b, 1, 18, 0, .9);
    add(&b, 4, 3, 0, .9);
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_close(real(c, "p"), .000914675, 1e-9);
    assert_says(c, "Left out, as the other arm lacks them: full with seed 17 on iris; plain "
                   "with seed 18 on wine, 3 on liver.");
    json_decref(c);
    for (size_t i = 0; i < 6; i++)
        a.failed[6 + i] = b.failed[6 + i] = true;
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_int_equal(json_array_size(json_object_get(c, "by_set")), 2);
    assert_int_equal(real(c, "n"), 12);
    assert_says(c, "both arms failed with seed 0, 1, 2, 3, 4, 5 on wine.");
    json_decref(c);
}

static void sets_disagree(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    for (uint32_t set = 0; set < 3; set++)
        for (uint64_t i = 0; i < 8; i++) {
            double d = set == 2 ? -.02 : .04;
            add(&a, set, i, 0, .8 + d + .001 * (double)(i * (set + 1) % 5));
            add(&b, set, i, 0, .8);
        }
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "verdict", "supported");
    assert_says(c, "On lung it is the other way round: plain is better (p < 0.001");
    json_decref(c);
}

/* ---- Six data sets and more */

static const double c45[14][2] = {{.763, .768}, {.599, .591}, {.954, .971}, {.628, .661},
                                  {.882, .888}, {.936, .931}, {.661, .668}, {.583, .583},
                                  {.775, .838}, {1, 1},       {.940, .962}, {.619, .666},
                                  {.972, .981}, {.957, .978}};

/* Zeros ranked, then removed: T = 10.5, over all sign vectors. */
static double demsar_by_hand(double *ret_t)
{
    double d[14], rank[14], t = 0, observed = 0, reached = 0;
    for (size_t i = 0; i < 14; i++)
        d[i] = round(1000 * (c45[i][1] - c45[i][0]));
    for (size_t i = 0; i < 14; i++) {
        rank[i] = .5;
        for (size_t j = 0; j < 14; j++)
            rank[i] += fabs(d[j]) < fabs(d[i]) ? 1 : fabs(d[j]) == fabs(d[i]) ? .5 : 0;
        rank[i] = d[i] == 0 ? 0 : rank[i];
        observed += d[i] > 0 ? rank[i] : 0;
        t += d[i] < 0 ? rank[i] : 0;
    }
    for (unsigned flips = 0; flips < 1u << 14; flips++) {
        double sum = 0;
        for (size_t i = 0; i < 14; i++)
            sum += flips >> i & 1 ? rank[i] : 0;
        reached += sum >= observed;
    }
    *ret_t = t;
    return 2 * reached / (1 << 14);
}

static void many_sets_are_ranked(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    double sum = 0, t, p = demsar_by_hand(&t);
    for (uint32_t set = 0; set < 14; set++) {
        add(&b, set, 1, 0, c45[set][0]);
        add(&a, set, 1, 0, c45[set][1]);
        sum += c45[set][1] - c45[set][0];
    }
    assert_close(t, 10.5, 0);        /* as published: C4.5 against C4.5+m, zeros by Pratt */
    assert_close(p, .0107920, .003); /* the normal approximation of the same */
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "situation", "many-sets");
    assert_text(c, "methods.decides", "wilcoxon over sets");
    assert_text(c, "verdict", "supported");
    assert_close(real(c, "p"), p, 1e-12);
    assert_close(real(c, "p_wilcoxon"), p, 1e-12);
    assert_close(real(c, "estimate"), real(c, "hodges_lehmann"), 0);
    assert_close(real(c, "mean_difference"), sum / 14, 1e-12);
    assert_close(real(c, "p_superior"), (10 + .5 * 2) / 14, 1e-12);
    assert_int_equal(real(c, "n"), 14);
    assert_int_equal(json_array_size(json_object_get(c, "by_set")), 14);
    assert_says(c, "(Hodges-Lehmann estimate over 14 data sets; 95 % interval ");
    assert_says(c, "10 of 14 data sets");
    assert_true(json_is_true(json_object_get(c, "meaningful")));
    json_decref(c);
}

/* One set of fourteen draws the mean out of Hodges and Lehmann's interval: the estimate is of
 * that interval, and the mean stands beside. */
static void a_far_set_moves_the_mean_alone(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    for (uint32_t set = 0; set < 14; set++) {
        add(&b, set, 1, 0, .5);
        add(&a, set, 1, 0, set == 3 ? .95 : .51 + .001 * set);
    }
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_true(real(c, "mean_difference") > bound(c, 1));
    assert_close(real(c, "estimate"), real(c, "hodges_lehmann"), 0);
    assert_true(real(c, "estimate") > bound(c, 0) && real(c, "estimate") < bound(c, 1));
    json_decref(c);
}

/* Seven large wins of ten settle the question, but the data set decides which one is better. */
static void sets_that_differ_are_told(void **state)
{
    (void)state;
    rows a = {0}, b = {0};
    for (uint32_t set = 0; set < 10; set++) {
        add(&b, set, 1, 0, .5);
        add(&a, set, 1, 0, set < 3 ? .499 - .001 * set : .51 + .003 * set);
    }
    json_t *c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "verdict", "supported");
    assert_says(c, "with 7 of 10 data sets, so that it depends on the data set which one is "
                   "better.");
    assert_true(json_is_false(json_object_get(c, "meaningful")));
    json_decref(c);
}

/* Runs within a set count through its mean alone; a margin shifts the test. */
static void many_sets_by_means(void **state)
{
    (void)state;
    static const double d[] = {.011, .006, .013, -.002, .009, .004, .008};
    rows a = {0}, b = {0};
    for (uint32_t set = 0; set < 7; set++)
        for (uint64_t i = 0; i < 2 + set; i++) {
            add(&a, set, i, 0, .8 + d[set] + (i == 0 ? .1 : i == 1 ? -.1 : 0));
            add(&b, set, i, 0, .8);
        }
    rg_verdict_options o = with_margin(.02);
    json_t *c = judge(&a, &b, RG_EQUAL, &o);
    assert_text(c, "situation", "many-sets");
    assert_text(c, "verdict", "equivalent");
    assert_close(real(c, "p"), 1 / 128., 1e-12); /* every mean lies inside: one sign vector */
    json_decref(c);
    c = judge(&a, &b, RG_BETTER, &o);
    assert_close(real(c, "p"), 4 / 128., 1e-12); /* W- = 1: 2 vectors on either side */
    assert_close(real(c, "mean_difference"), .049 / 7, 1e-12);
    assert_int_equal(real(c, "n"), 7); /* not the 35 pairs */
    rg_hodges_lehmann_result h = rg_hodges_lehmann(d, 7, .05);
    assert_close(bound(c, 0), h.lo, 1e-12);
    assert_close(bound(c, 1), h.hi, 1e-12);
    assert_close(real(c, "hodges_lehmann"), h.estimate, 1e-12);
    assert_close(real(c, "estimate"), h.estimate, 1e-12);
    assert_true(json_is_null(json_object_get(c, "seeds_needed")));
    json_decref(c);
    a.value[0] = NAN; /* one run without a value: its set goes to the other arm */
    a.failed[0] = true;
    c = judge(&a, &b, RG_BETTER, &usual);
    assert_text(c, "methods.decides", "wilcoxon over sets");
    assert_true(json_is_null(json_object_get(c, "estimate")));
    assert_close(real(c, "p_corrected"), 2 * 24 / 128., 1e-12);
    json_decref(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_are_stratified),
        cmocka_unit_test(sets_weigh_the_same),
        cmocka_unit_test(sets_of_folds),
        cmocka_unit_test(sets_of_unpaired_runs),
        cmocka_unit_test(sets_of_single_runs),
        cmocka_unit_test(sets_without_spread),
        cmocka_unit_test(missing_runs_are_named),
        cmocka_unit_test(sets_disagree),
        cmocka_unit_test(many_sets_are_ranked),
        cmocka_unit_test(many_sets_by_means),
        cmocka_unit_test(a_far_set_moves_the_mean_alone),
        cmocka_unit_test(sets_that_differ_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
