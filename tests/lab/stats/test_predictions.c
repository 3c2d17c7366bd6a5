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
    assert_close(rg_auc(wfns, poor, ROWS), r.auc_a, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mcnemar_golden),
        cmocka_unit_test(mcnemar_edges),
        cmocka_unit_test(delong_golden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
