/* test_level.c - the error rates of the t test and of whole studies, in short: normal scores.
 */
#include "lab/stats/level.h"

static const size_t ns[] = {5, 8, 10};

/* 3.3 standard errors of a rate of 5 %: exceeded by chance once in a thousand. */
static double slack(size_t studies)
{
    return 3.3 * sqrt(.05 * .95 / (double)studies);
}

static void t_test_level(void **state)
{
    (void)state;
    enum { STUDIES = 20000 };
    for (size_t i = 0; i < 3; i++) {
        rg_rng rng = rg_rng_open(support_seed(), "t/%zu", ns[i]);
        double rejected = 0, d[LEVEL_SEEDS];
        for (size_t s = 0; s < STUDIES; s++) {
            for (size_t k = 0; k < ns[i]; k++)
                d[k] = rg_rng_normal(&rng);
            rejected += rg_t_test(d, ns[i], 0, .05).p < .05;
        }
        print_message("t test alone, n=%zu: %.4f\n", ns[i], rejected / STUDIES);
        assert_true(fabs(rejected / STUDIES - .05) <= slack(STUDIES));
    }
}

static void studies_of_three_claims(void **state)
{
    (void)state;
    enum { STUDIES = 1200 };
    for (size_t i = 0; i < 3; i++) {
        level_rates r = level_simulate(&level_scores[0], ns[i], 3, STUDIES);
        assert_true(fabs(r.t - .05) <= slack(STUDIES));
        assert_true(fabs(r.coverage - .95) <= slack(STUDIES));
        assert_true(r.found + r.fragile <= .05 + slack(STUDIES));
        assert_true(r.found >= .015); /* the procedure is not merely silent */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(t_test_level),
                                       cmocka_unit_test(studies_of_three_claims)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
