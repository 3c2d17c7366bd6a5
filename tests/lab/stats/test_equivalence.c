/* test_equivalence.c - a stated number against our runs: is it the number that we find? Numbers
 * recomputed with R's t.test, the link with the interval, and degenerate cases. */
#include "rigor/stats.h"
#include "support.h"

static const double drug_2[] = {1.9, .8, 1.1, .1, -.1, 4.4, 5.5, 1.6, 4.6, 3.4};

static void against_r(void **state)
{
    (void)state;
    rg_tost_result r = rg_tost_value(drug_2, 10, 2, 1.5, .05);
    assert_close(r.t_lower, 2.89023437230695102, 1e-13);
    assert_close(r.p_lower, .00893872164650981, 1e-14);
    assert_close(r.t_upper, -1.84785476262247661, 1e-13);
    assert_close(r.p_upper, .04884190404554291, 1e-14);
    assert_close(r.p, r.p_upper, 0);
    assert_close(r.lo, -.83066596498308, 1e-13);
    assert_close(r.hi, 1.49066596498308, 1e-13);
}

/* Twenty published splits of Monte-Carlo dropout; a paper's 5.03 and a margin of .2. */
static void published_splits(void **state)
{
    (void)state;
    const char *path = support_shared("golden/concrete_dropout.csv");
    FILE *file = path ? fopen(path, "r") : NULL;
    if (!file)
        skip();
    double rmse[20];
    size_t n = 0;
    char line[256];
    while (n < 20 && fgets(line, sizeof(line), file))
        n += sscanf(line, "%*d,%*f,%lf", &rmse[n]) == 1;
    fclose(file);
    assert_int_equal(n, 20);
    rg_tost_result r = rg_tost_value(rmse, n, 5.03, .2, .05);
    assert_close(r.t_lower, -.0214910190153484, 1e-12);
    assert_close(r.p, .5084609691930877, 1e-12);
    assert_close(r.t_upper, -2.4500795275693577, 1e-12);
    assert_close(r.p_upper, .0120723782438837, 1e-13);
    assert_close(r.lo, -.4883360148284730, 1e-12);
    assert_close(r.hi, .0812566701178632, 1e-12);
}

/* Rejects exactly when the interval lies inside the margin; moving values and number together
 * changes nothing; mirroring swaps the two tests. */
static void properties(void **state)
{
    (void)state;
    print_message("seed %llu\n", (unsigned long long)support_seed());
    rg_rng rng = rg_rng_open(support_seed(), "a paper's number");
    for (int i = 0; i < 1000; i++) {
        double x[12], moved[12], mirrored[12], value = rg_rng_normal(&rng), shift = 16;
        size_t n = 2 + rg_rng_below(&rng, 11);
        for (size_t k = 0; k < n; k++) {
            x[k] = value + .5 * rg_rng_normal(&rng);
            moved[k] = x[k] + shift;
            mirrored[k] = -x[k];
        }
        double margin = .1 + rg_rng_unit(&rng), alpha = .01 + .2 * rg_rng_unit(&rng);
        rg_tost_result r = rg_tost_value(x, n, value, margin, alpha);
        assert_true((r.p < alpha) == (r.lo > -margin && r.hi < margin));
        rg_tost_result s = rg_tost_value(moved, n, value + shift, margin, alpha);
        assert_close(s.p, r.p, 1e-9);
        rg_tost_result m = rg_tost_value(mirrored, n, -value, margin, alpha);
        assert_close(m.p_lower, r.p_upper, 1e-13);
        assert_close(m.lo, -r.hi, 1e-12);
    }
}

static void edges(void **state)
{
    (void)state;
    static const double flat[] = {2, 2, 2};
    assert_true(isnan(rg_tost_value(drug_2, 10, 2, 0, .05).p));
    assert_true(isnan(rg_tost_value(drug_2, 10, 2, NAN, .05).p));
    assert_true(isnan(rg_tost_value(drug_2, 10, INFINITY, 1, .05).p));
    assert_true(isnan(rg_tost_value(drug_2, 1, 2, 1, .05).p));
    assert_true(isnan(rg_tost_value(flat, 3, 2, 1, .05).p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_r),
        cmocka_unit_test(published_splits),
        cmocka_unit_test(properties),
        cmocka_unit_test(edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
