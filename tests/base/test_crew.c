/* test_crew.c - every index of a piece of work is done once, by members of the crew. */
#include "support.h"

#include <stdatomic.h>
#include <time.h>

enum { MOST = 500 };

typedef struct tally {
    int members;
    atomic_int times[MOST];
    atomic_int strangers;
    size_t sum[8]; /* by member: nobody else writes there */
} tally;

static void count(void *ctx, size_t i, int member)
{
    tally *t = ctx;
    if (member < 0 || member >= t->members) {
        atomic_fetch_add(&t->strangers, 1);
        return;
    }
    t->sum[member] += i;
    atomic_fetch_add(&t->times[i], 1);
}

static void check(rg_crew *crew, size_t n)
{
    static tally t;
    memset(&t, 0, sizeof(t));
    t.members = rg_crew_size(crew);
    rg_crew_run(crew, n, count, &t);
    size_t sum = 0;
    for (size_t i = 0; i < MOST; i++)
        assert_int_equal(t.times[i], i < n);
    for (size_t m = 0; m < RG_COUNT(t.sum); m++)
        sum += t.sum[m];
    assert_int_equal(sum, n * (n - (n > 0)) / 2);
    assert_int_equal(t.strangers, 0);
}

static void every_index_once(void **state)
{
    (void)state;
    for (int threads = 0; threads <= 8; threads++) {
        rg_crew *crew = rg_crew_new(threads);
        assert_int_equal(rg_crew_size(crew), threads > 1 ? threads : 1);
        for (size_t piece = 0; piece < 300; piece++)
            check(crew, piece % 50);
        check(crew, MOST);
        rg_crew_free(crew);
    }
    check(NULL, MOST);
}

/* Helpers that went to sleep are woken; a crew that never worked ends as well. */
static void sleepers_are_woken(void **state)
{
    (void)state;
    const struct timespec nap = {0, 20000000};
    rg_crew *crew = rg_crew_new(3);
    for (int i = 0; i < 5; i++) {
        nanosleep(&nap, NULL);
        check(crew, 100);
    }
    nanosleep(&nap, NULL);
    rg_crew_free(crew);
    rg_crew_free(rg_crew_new(4));
    rg_crew_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_index_once),
        cmocka_unit_test(sleepers_are_woken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
