/* test_faults.c - full disks, disks that fail, power cuts: what was acknowledged is there, what
 * was not is not there by half. */
#include "faulty.h"

#include <signal.h>
#include <sys/resource.h>

static int install(void **state)
{
    (void)state;
    faulty_install();
    return 0;
}

static int64_t trials_of(rg_ledger *ledger)
{
    return sample_count(ledger, "SELECT count(*) FROM trial WHERE arm = 'full'");
}

/* Appends records from `first` until one fails or `end` is reached; returns the next number. */
static size_t append_until(rg_ledger *ledger, size_t first, size_t end, rg_err *err)
{
    for (size_t i = first; i < end; i++)
        if (!sample_try_append(ledger, RG_TUNE, "full", i, 40, err))
            return i;
    return end;
}

/* A disk fails at its k-th write: the call that meets it says so, the ledger goes on as soon as
 * the disk does, and nothing is there by half.  Returns whether the k-th write was reached. */
static bool fail_at(int k, bool for_good, int code)
{
    enum { FIRST = 2, END = 5 };
    char path[64];
    sample_path(path, "failing");
    rg_err err = {0};
    rg_ledger *ledger = sample_open(path, RG_LEDGER_WRITE);
    assert_int_equal(append_until(ledger, 0, FIRST, &err), FIRST);
    faulty_fail(k, for_good, code);
    size_t next = append_until(ledger, FIRST, END, &err);
    bool reached = faulty.failures > 0;
    faulty_heal();
    if (next < END) {
        assert_true(reached);
        assert_int_equal(err.code, RG_INTERNAL);
        assert_non_null(strstr(err.remedy, "all that was recorded is kept"));
    }
    int64_t there = trials_of(ledger);
    assert_int_equal(there, next);
    assert_clean(path);
    err = (rg_err){0};
    assert_int_equal(append_until(ledger, next, END + 1, &err), END + 1);
    rg_ledger_close(ledger);
    assert_clean(path);
    return reached;
}

static void test_full_disk(void **state)
{
    (void)state;
    int k = 1;
    while (fail_at(k, true, SQLITE_FULL))
        k++;
    print_message("a full disk met at each of %d writes\n", k - 1);
    assert_true(k > 20);
}

static void test_a_write_fails_once(void **state)
{
    (void)state;
    int k = 1;
    while (fail_at(k, false, SQLITE_IOERR_WRITE))
        k++;
    assert_true(k > 20);
}

/* The same while a ledger is created, and while it is closed. */
static void test_full_disk_at_the_edges(void **state)
{
    (void)state;
    bool reached = true;
    for (int k = 1; reached; k++) {
        char path[64];
        sample_path(path, "edges");
        rg_err err = {0};
        rg_ledger *ledger = NULL;
        faulty_fail(k, true, SQLITE_FULL);
        bool opened = rg_ledger_open(path, RG_LEDGER_WRITE, &ledger, &err);
        reached = faulty.failures > 0;
        assert_true(opened || err.code == RG_INTERNAL);
        rg_ledger_close(ledger);
        faulty_heal();
        ledger = sample_open(path, RG_LEDGER_WRITE);
        sample_append(ledger, RG_TUNE, "full", 0, 40);
        faulty_fail(k, true, SQLITE_FULL);
        rg_ledger_close(ledger); /* a disk that is full now loses nothing either */
        reached = reached || faulty.failures > 0;
        faulty_heal();
        ledger = sample_open(path, RG_LEDGER_WRITE);
        assert_int_equal(trials_of(ledger), 1);
        rg_ledger_close(ledger);
        assert_clean(path);
    }
}

/* The limit of the system for the size of a file, instead of our own disk. */
static void test_file_size_limit(void **state)
{
    (void)state;
    char path[64];
    sample_path(path, "limit");
    struct rlimit old, small = {.rlim_cur = 300000};
    getrlimit(RLIMIT_FSIZE, &old);
    small.rlim_max = old.rlim_max;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    rg_err err = {0};
    rg_ledger *ledger = sample_open(path, RG_LEDGER_WRITE);
    setrlimit(RLIMIT_FSIZE, &small);
    size_t next = append_until(ledger, 0, 1000, &err);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, handler);
    assert_true(next > 2 && next < 1000);
    assert_int_equal(err.code, RG_INTERNAL);
    assert_int_equal(trials_of(ledger), next);
    rg_ledger_close(ledger);
    assert_clean(path);
}

/* ---- Power cuts */

/* What the disk surely holds after each acknowledged record: all records so far. */
static void lose_power(const char *expected_of, int64_t expected)
{
    char after[64], companion[80];
    sample_path(after, "after");
    snprintf(companion, sizeof(companion), "%s-wal", after);
    tamper_copy("survived.sqlite", after);
    if (rg_file_exists("survived.sqlite-wal"))
        tamper_copy("survived.sqlite-wal", companion);
    assert_clean(after);
    rg_ledger_mode modes[] = {RG_LEDGER_READ, RG_LEDGER_WRITE};
    for (size_t i = 0; i < RG_COUNT(modes); i++) {
        rg_ledger *ledger = sample_open(after, modes[i]);
        if (trials_of(ledger) != expected)
            fail_msg("%s: %lld of %lld", expected_of, (long long)trials_of(ledger),
                     (long long)expected);
        rg_ledger_close(ledger);
    }
}

static void test_power_cut(void **state)
{
    (void)state;
    char path[64], survived[64];
    sample_path(path, "power");
    sample_path(survived, "survived");
    faulty.copy_from = path;
    faulty.copy_to = survived;
    size_t n = 0;
    for (int session = 0; session < 2; session++) {
        rg_ledger *ledger = sample_open(path, RG_LEDGER_WRITE);
        for (int i = 0; i < 5; i++) { /* large ones now and then: checkpoints on the way */
            sample_append(ledger, RG_TUNE, "full", n++, i == 2 ? 30000 : 3);
            lose_power("while writing", (int64_t)n);
        }
        rg_ledger_close(ledger);
        lose_power("after closing", (int64_t)n);
    }
    faulty.copy_from = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_a_write_fails_once),
        cmocka_unit_test(test_full_disk_at_the_edges),
        cmocka_unit_test(test_file_size_limit),
        cmocka_unit_test(test_power_cut),
    };
    return cmocka_run_group_tests(tests, install, NULL);
}
