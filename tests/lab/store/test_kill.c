/* test_kill.c - a writer is killed at random instants: what it was told is durable is there, at
 * most the record in flight comes on top, and nothing is there twice. */
#include "sample.h"

#include <signal.h>
#include <sys/wait.h>

enum { KILLS = 30, STEPS = 25 };

typedef struct progress { /* what a writer says of itself, a line of a pipe */
    int64_t acknowledged;
} progress;

static void say(int to, int64_t n)
{
    progress p = {n};
    if (write(to, &p, sizeof(p)) != sizeof(p))
        _exit(2);
}

/* Appends for ever; with `reopen`, opens and closes the ledger around each record. */
static void write_for_ever(const char *path, int64_t from, bool reopen, int to)
{
    rg_ledger *ledger = NULL;
    rg_err err = {0};
    for (int64_t n = from;; n++) {
        if (!ledger && !rg_ledger_open(path, RG_LEDGER_WRITE, &ledger, &err))
            break;
        if (!sample_try_append(ledger, RG_TUNE, "full", (size_t)n, STEPS, &err))
            break;
        say(to, n + 1);
        if (reopen) {
            rg_ledger_close(ledger);
            ledger = NULL;
        }
    }
    dprintf(2, "%s: %s\n", err.where, err.what);
    _exit(3);
}

/* Starts a writer and kills it `wait_us` after it saw its `after`-th record acknowledged (0:
 * after it was started).  Returns the number of records that it saw acknowledged. */
static int64_t write_and_kill(const char *path, int64_t from, bool reopen, int64_t after,
                              uint64_t wait_us)
{
    int ends[2], status;
    progress last = {from};
    assert_int_equal(pipe(ends), 0);
    pid_t writer = fork();
    if (writer == 0)
        write_for_ever(path, from, reopen, ends[1]);
    close(ends[1]);
    while (last.acknowledged < from + after)
        assert_int_equal(read(ends[0], &last, sizeof(last)), sizeof(last));
    usleep((useconds_t)wait_us);
    kill(writer, SIGKILL);
    waitpid(writer, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    while (read(ends[0], &last, sizeof(last)) == sizeof(last)) {
    }
    close(ends[0]);
    return last.acknowledged;
}

static void kill_writers(const char *name, bool reopen)
{
    char path[64];
    sample_path(path, name);
    uint64_t seed = support_seed();
    rg_rng rng = rg_rng_open(seed, "kill %s", name);
    int64_t n = 0, in_flight = 0;
    for (int k = 0; k < KILLS; k++) {
        int64_t acknowledged = write_and_kill(path, n, reopen, (int64_t)rg_rng_below(&rng, 4),
                                              rg_rng_below(&rng, 15000));
        if (n > 0 || acknowledged > 0)
            assert_clean(path); /* as a reader finds it, before anybody mends anything */
        rg_ledger *ledger = sample_open(path, RG_LEDGER_WRITE);
        int64_t found = sample_count(ledger, "SELECT count(*) FROM trial");
        if (found < acknowledged || found > acknowledged + 1)
            fail_msg("seed %llu, kill %d: %lld acknowledged, %lld found",
                     (unsigned long long)seed, k, (long long)acknowledged, (long long)found);
        in_flight += found - acknowledged;
        n = found;
        if (n > 0)
            assert_int_equal(sample_count(ledger, "SELECT max(number) FROM trial"), n - 1);
        assert_int_equal(sample_count(ledger, "SELECT count(*) FROM metric"), n * 2 * STEPS);
        assert_int_equal(sample_count(ledger, "SELECT max(seq) FROM event"), n);
        rg_ledger_close(ledger);
        assert_clean(path);
    }
    print_message("%lld records survived %d kills; %lld of them were in flight\n", (long long)n,
                  KILLS, (long long)in_flight);
}

static void test_killed_while_appending(void **state)
{
    (void)state;
    kill_writers("appending", false);
}

static void test_killed_while_opening_and_closing(void **state)
{
    (void)state;
    kill_writers("reopening", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_while_appending),
        cmocka_unit_test(test_killed_while_opening_and_closing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
