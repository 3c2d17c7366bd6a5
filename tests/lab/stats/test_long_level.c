/* test_long_level.c - the promises about error rates: level at most .06 at n = 5, 8 and 10 for
 * normal, skewed, heavy-tailed and collapsing scores, within .01 of nominal for normal ones;
 * intervals that cover 93.5 to 96.5 % of normal cases; at most 6 % of studies with a false
 * finding under Holm over 3 and 7 claims. */
#include "lab/stats/level.h"

static void promises(void **state)
{
    (void)state;
    static const size_t ns[] = {5, 8, 10}, claims[] = {1, 3, 7};
    enum { STUDIES = 4000 };
    for (size_t s = 0; s < sizeof(level_scores) / sizeof(level_scores[0]); s++) {
        for (size_t i = 0; i < 9; i++) {
            level_rates r = level_simulate(&level_scores[s], ns[i / 3], claims[i % 3], STUDIES);
            assert_true(r.t <= .06);
            assert_true(r.found <= .06);
            if (s == 0) {
                assert_true(fabs(r.t - .05) <= .01);
                assert_true(r.coverage >= .935 && r.coverage <= .965);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(promises)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
