/* test_predictions.c - two fixed models on one test set: published numbers, the slow and
 * obvious computation, and degenerate cases. */
#include "rigor/data.h"
#include "rigor/predictions.h"
#include "support.h"

static void mcnemar_golden(void **state)
{
    (void)state;
    rg_mcnemar_result r = rg_mcnemar(121, 59);
    assert_close(r.chi2_corrected, 20.672222, 5e-8);
    assert_close(r.p_chi2_corrected, 5.4500948e-6, 5e-14);
    assert_close(r.chi2, 21.355556, 5e-8);
    assert_close(r.p_chi2, 3.8151359e-6, 5e-14);
    assert_close(r.p_exact, 4.4344493e-6, 5e-14);
    rg_mcnemar_result swapped = rg_mcnemar(59, 121);
    assert_true(swapped.p_exact == r.p_exact && swapped.chi2_corrected == r.chi2_corrected);
}

static void mcnemar_edges(void **state)
{
    (void)state;
    rg_mcnemar_result r = rg_mcnemar(0, 0);
    assert_true(r.p_exact == 1 && isnan(r.chi2) && isnan(r.p_chi2) && isnan(r.chi2_corrected));
    r = rg_mcnemar(4, 4);
    assert_true(r.p_exact == 1 && r.chi2 == 0 && r.chi2_corrected == 0 && r.p_chi2 == 1);
    r = rg_mcnemar(5, 0);
    assert_close(r.p_exact, 1. / 16, 1e-15);
    r = rg_mcnemar(1, 0);
    assert_true(r.p_exact == 1 && r.chi2_corrected == 0);
}

/* Subarachnoid haemorrhage: outcome against a clinical score and a protein. */
static void delong_golden(void **state)
{
    (void)state;
    const char *path = support_shared("golden/asah.csv");
    if (!path)
        skip();
    enum { ROWS = 113 };
    double wfns[ROWS], s100b[ROWS];
    bool poor[ROWS];
    rg_err err = {0};
    rg_arena *arena = rg_arena_new();
    rg_table *table = rg_csv_read(path, RG_HEADER_YES, arena, &err);
    assert_non_null(table);
    assert_int_equal(table->rows, ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        poor[i] = rg_table_column(table, "outcome")->number[i] == 1;
        wfns[i] = rg_table_column(table, "wfns")->number[i];
        s100b[i] = rg_table_column(table, "s100b")->number[i];
    }
    rg_arena_free(arena);
    rg_delong_result r = rg_delong(wfns, s100b, poor, ROWS, .05);
    assert_close(r.auc_a, .823678862, 1e-9);
    assert_close(r.auc_b, .731368564, 1e-9);
    assert_close(r.z, 2.20898359144091, 1e-12);
    assert_close(r.p, .0271757822291882, 1e-14);
    assert_close(r.lo, .0104061769564846, 1e-14);
    assert_close(r.hi, .174214419249478, 1e-14);
    assert_close(rg_auc(wfns, poor, ROWS), r.auc_a, 1e-15);
}

enum { MOST = 40 };

/* What DeLong et al. print: the two covariance matrices, by comparing every pair of examples.
 */
static double kernel(double positive, double negative)
{
    return positive > negative ? 1 : positive == negative ? .5 : 0;
}

static double placement(const double *score, const bool *positive, size_t n, size_t of)
{
    double sum = 0, others = 0;
    for (size_t i = 0; i < n; i++) {
        if (positive[i] == positive[of])
            continue;
        others++;
        sum += positive[of] ? kernel(score[of], score[i]) : kernel(score[i], score[of]);
    }
    return sum / others;
}

static double slow_variance(const double *a, const double *b, const bool *positive, size_t n)
{
    double variance = 0;
    for (int kind = 0; kind < 2; kind++) {
        double count = 0, mean_a = 0, mean_b = 0, aa = 0, bb = 0, ab = 0;
        for (int pass = 0; pass < 2; pass++) {
            for (size_t i = 0; i < n; i++) {
                if (positive[i] != (kind == 1))
                    continue;
                double of_a = placement(a, positive, n, i), of_b = placement(b, positive, n, i);
                if (pass == 0) {
                    count++;
                    mean_a += of_a;
                    mean_b += of_b;
                    continue;
                }
                aa += (of_a - mean_a / count) * (of_a - mean_a / count);
                bb += (of_b - mean_b / count) * (of_b - mean_b / count);
                ab += (of_a - mean_a / count) * (of_b - mean_b / count);
            }
        }
        variance += (aa + bb - 2 * ab) / (count - 1) / count;
    }
    return variance;
}

/* Every second case is rounded, so that it has ties. */
static size_t draw(rg_rng *rng, int i, double *a, double *b, bool *positive)
{
    size_t n = 8 + rg_rng_below(rng, MOST - 7);
    for (size_t k = 0; k < n; k++) {
        positive[k] = k < 2 || (k >= 4 && rg_rng_unit(rng) < .4);
        double signal = positive[k] ? 1 : 0, shared = rg_rng_normal(rng);
        a[k] = signal + shared + .5 * rg_rng_normal(rng);
        b[k] = .5 * signal + shared + .5 * rg_rng_normal(rng);
        a[k] = i % 2 ? rint(2 * a[k]) : a[k];
        b[k] = i % 2 ? rint(2 * b[k]) : b[k];
    }
    return n;
}

static void delong_is_the_printed_formula(void **state)
{
    (void)state;
    print_message("seed %llu\n", (unsigned long long)support_seed());
    rg_rng rng = rg_rng_open(support_seed(), "delong");
    for (int i = 0; i < 200; i++) {
        double a[MOST], b[MOST], auc = 0, positives = 0;
        bool positive[MOST];
        size_t n = draw(&rng, i, a, b, positive);
        for (size_t k = 0; k < n; k++) {
            positives += positive[k];
            auc += positive[k] ? placement(a, positive, n, k) : 0;
        }
        rg_delong_result r = rg_delong(a, b, positive, n, .1);
        assert_close(r.auc_a, auc / positives, 1e-13);
        assert_close(r.difference, r.auc_a - r.auc_b, 1e-13);
        assert_close(r.se * r.se, slow_variance(a, b, positive, n), 1e-13);
        if (isnan(r.p))
            continue;
        assert_true((r.p < .1) == (r.lo > 0 || r.hi < 0));
        rg_delong_result swapped = rg_delong(b, a, positive, n, .1);
        assert_close(swapped.z, -r.z, 1e-11);
        assert_close(swapped.lo, -r.hi, 1e-12);
        /* only the order of the scores counts; the other label mirrors the areas */
        for (size_t k = 0; k < n; k++) {
            a[k] = exp(a[k] / 4);
            positive[k] = !positive[k];
        }
        rg_delong_result mirrored = rg_delong(a, b, positive, n, .1);
        assert_close(mirrored.auc_a, 1 - r.auc_a, 1e-13);
        assert_close(mirrored.z, -r.z, 1e-10);
    }
}

static void delong_edges(void **state)
{
    (void)state;
    static const double up[] = {1, 2, 3, 4}, down[] = {4, 3, 2, 1}, mixed[] = {1, 3, 2, 4},
                        ends[] = {-INFINITY, 0, 1, INFINITY}, hole[] = {1, NAN, 2, 3};
    static const bool label[] = {false, false, true, true}, all[] = {true, true, true, true},
                      lonely[] = {false, false, false, true};
    rg_delong_result r = rg_delong(up, up, label, 4, .05);
    assert_true(r.auc_a == 1 && r.difference == 0 && r.se == 0 && isnan(r.p) && isnan(r.lo));
    assert_true(rg_auc(down, label, 4) == 0 && rg_auc(mixed, label, 4) == .75);
    assert_true(rg_auc(ends, label, 4) == 1);
    assert_true(isnan(rg_auc(hole, label, 4)) && isnan(rg_auc(up, all, 4)));
    assert_true(isnan(rg_auc(NULL, NULL, 0)));
    assert_true(isnan(rg_delong(up, hole, label, 4, .05).auc_a));
    r = rg_delong(up, down, lonely, 4, .05);
    assert_true(r.difference == 1 && isnan(r.se) && isnan(r.z) && isnan(r.hi));
}

/* Enough examples for a square law to show. */
static void delong_of_many(void **state)
{
    (void)state;
    enum { MANY = 200000 };
    rg_rng rng = rg_rng_open(support_seed(), "many");
    double *a = RG_NEW_ARRAY(double, MANY), *b = RG_NEW_ARRAY(double, MANY);
    bool *positive = RG_NEW_ARRAY(bool, MANY);
    for (size_t k = 0; k < MANY; k++) {
        positive[k] = rg_rng_unit(&rng) < .3;
        a[k] = rg_rng_normal(&rng) + (positive[k] ? 1 : 0);
        b[k] = rg_rng_normal(&rng) + (positive[k] ? 1 : 0);
    }
    rg_delong_result r = rg_delong(a, b, positive, MANY, .05);
    rg_free(a);
    rg_free(b);
    rg_free(positive);
    assert_close(r.auc_a, rg_normal_cdf(sqrt(.5)), .01); /* two normals one apart */
    assert_true(fabs(r.z) < 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mcnemar_golden), cmocka_unit_test(mcnemar_edges),
        cmocka_unit_test(delong_golden),  cmocka_unit_test(delong_is_the_printed_formula),
        cmocka_unit_test(delong_edges),   cmocka_unit_test(delong_of_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
