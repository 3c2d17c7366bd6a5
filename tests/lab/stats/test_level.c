/* test_level.c - the error rates of all procedures, in short: a few hundred studies a cell,
 * with the promised bounds widened by 3.5 standard errors. */
#include "lab/stats/simulate_methods.h"
#include "support.h"

static void every_rate(void **state)
{
    (void)state;
    assert_int_equal(simulate_check(false, support_seed()), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_rate)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
