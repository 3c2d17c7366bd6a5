/* The pool, driven with shell scripts as workers: results, crashes, kills, floods, signals. */
#include "support.h"

#include "rigor/exec.h"

#include <signal.h>
#include <unistd.h>

#define MEMBERS 40
#define HANGS_NS 90000000000u /* less than the sleeps that nobody may wait for */

typedef struct ledger {
    size_t jobs, total, size; /* members handed out, members there are, members of a job */
    int done[MEMBERS], lost_crash[MEMBERS], lost_outside[MEMBERS];
    RG_VEC(size_t) again;
    char reason[200];
    bool refuse;
} ledger;

static json_t *next(void *ctx)
{
    ledger *l = ctx;
    json_t *members = json_array();
    while (json_array_size(members) < l->size && (l->again.len > 0 || l->jobs < l->total)) {
        size_t id = l->again.len > 0 ? l->again.at[--l->again.len] : l->jobs++;
        json_array_append_new(members, json_pack("{s:I}", "id", (json_int_t)id));
    }
    if (json_array_size(members) == 0) {
        json_decref(members);
        return NULL;
    }
    return json_pack("{s:o}", "members", members);
}

static bool message(void *ctx, size_t id, const json_t *m, rg_err *err)
{
    ledger *l = ctx;
    if (l->refuse)
        return rg_fail(err, RG_INTERNAL, NULL, NULL, "refused");
    if (json_object_get(m, "done"))
        l->done[id]++;
    return true;
}

static bool lost(void *ctx, const size_t *ids, size_t n, rg_loss loss, const char *reason,
                 rg_err *err)
{
    (void)err;
    ledger *l = ctx;
    for (size_t i = 0; i < n; i++) {
        int *count = loss == RG_LOSS_CRASH ? l->lost_crash : l->lost_outside;
        if (++count[ids[i]] < 3)
            rg_vec_push(&l->again, ids[i]);
    }
    snprintf(l->reason, sizeof(l->reason), "%s", reason);
    return true;
}

/* A worker in the shell: `body` runs for each job line with $ids set to the members' ids. */
static bool run(ledger *l, const char *body, int workers, int *ret_signal, rg_err *err)
{
    char script[2000];
    snprintf(
        script, sizeof(script),
        "while read -r line; do ids=$(echo \"$line\" | grep -o '\"id\":[0-9]*' | cut -d: -f2);"
        "%s\n echo '@rigor {\"job\": 0, \"finished\": true}'; done",
        body);
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    rg_pool_options options = {
        .argv = argv, .workers = workers, .threads = 1, .log_path = "worker.log"};
    rg_pool_events events = {.ctx = l, .next = next, .message = message, .lost = lost};
    bool ok = rg_pool_run(&options, &events, ret_signal, err);
    rg_vec_free(&l->again);
    return ok;
}

static void every_member_is_done_once(void **state)
{
    (void)state;
    unlink("worker.log"); /* of an earlier run of this test */
    for (int workers = 1; workers <= 3; workers++)
        for (size_t size = 1; size <= 7; size += 3) {
            ledger l = {.total = MEMBERS, .size = size};
            rg_err err = {0};
            int caught;
            assert_true(run(&l,
                            "for i in $ids; do echo chatter; echo \"@rigor {\\\"id\\\": $i, "
                            "\\\"done\\\": true}\"; done",
                            workers, &caught, &err));
            assert_int_equal(caught, 0);
            for (size_t i = 0; i < MEMBERS; i++)
                assert_int_equal(l.done[i], 1);
        }
    char *log;
    size_t len;
    rg_err err = {0};
    assert_true(rg_file_read("worker.log", 1 << 20, &log, &len, &err));
    assert_non_null(strstr(log, "chatter"));
    rg_free(log);
}

static void a_crash_is_told_from_a_kill(void **state)
{
    (void)state;
    ledger l = {.total = 6, .size = 1};
    rg_err err = {0};
    int caught;
    assert_true(
        run(&l,
            "for i in $ids; do case $i in 2) echo '@rigor {\"id\": 2}'; exit 7;; 4) kill "
            "-SEGV $$;; 5) kill -KILL $$;; esac;"
            "echo \"@rigor {\\\"id\\\": $i, \\\"done\\\": true}\"; done",
            2, &caught, &err));
    for (int i = 0; i < 6; i++) {
        assert_int_equal(l.done[i], i == 2 || i == 4 || i == 5 ? 0 : 1);
        assert_int_equal(l.lost_crash[i], i == 2 || i == 4 ? 3 : 0);
        assert_int_equal(l.lost_outside[i], i == 5 ? 3 : 0);
    }
}

static void what_was_written_before_the_end_counts(void **state)
{
    (void)state;
    ledger l = {.total = 8, .size = 4};
    rg_err err = {0};
    int caught;
    assert_true(run(&l,
                    "set -- $ids; for i in $1 $2; do echo \"@rigor {\\\"id\\\": $i, "
                    "\\\"done\\\": true}\"; done; exit 1",
                    1, &caught, &err));
    for (int i = 0; i < 8; i++)
        assert_true(l.done[i] == 1);
}

static void workers_that_cannot_start_are_an_error(void **state)
{
    (void)state;
    ledger l = {.total = 40, .size = 1};
    rg_err err = {0};
    int caught;
    assert_false(run(&l, "exit 3", 2, &caught, &err));
    assert_int_equal(err.code, RG_INTERNAL);
    assert_non_null(strstr(err.what, "before they say a word"));

    const char *const argv[] = {"/nowhere/rigor", NULL};
    rg_pool_options options = {.argv = argv, .workers = 2, .threads = 1};
    ledger l2 = {.total = 4, .size = 1};
    rg_pool_events events = {.ctx = &l2, .next = next, .message = message, .lost = lost};
    err = (rg_err){0};
    assert_false(rg_pool_run(&options, &events, &caught, &err));
    assert_non_null(strstr(err.what, "cannot start a worker"));
}

static void an_event_that_fails_ends_the_run(void **state)
{
    (void)state;
    ledger l = {.total = 9, .size = 1, .refuse = true};
    rg_err err = {0};
    int caught;
    assert_false(run(&l,
                     "for i in $ids; do echo \"@rigor {\\\"id\\\": $i, \\\"done\\\": true}\";"
                     "done; sleep 100",
                     2, &caught, &err));
    assert_string_equal(err.what, "refused");
}

static void a_job_without_results_is_a_loss(void **state)
{
    (void)state;
    ledger l = {.total = 2, .size = 2};
    rg_err err = {0};
    int caught;
    assert_true(run(&l, ":", 1, &caught, &err));
    assert_int_equal(l.lost_crash[0], 3);
    assert_int_equal(l.lost_crash[1], 3);
}

static void an_interrupt_ends_all_at_once(void **state)
{
    (void)state;
    ledger l = {.total = 4, .size = 1};
    rg_err err = {0};
    int caught = 0;
    uint64_t start = rg_clock_ns();
    assert_true(run(&l, "sleep 0.3; kill -INT $PPID; sleep 100 & sleep 100", 2, &caught, &err));
    assert_int_equal(caught, SIGINT);
    assert_true(rg_clock_ns() - start < HANGS_NS);
}

static void long_lines_and_broken_messages_do_no_harm(void **state)
{
    (void)state;
    ledger l = {.total = 1, .size = 1};
    rg_err err = {0};
    int caught;
    assert_true(
        run(&l,
            "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo '@rigor {broken'; echo "
            "'@rigor {\"id\": 99, \"done\": true}'; printf '@rigor {\"id\":'; sleep 0.1; "
            "echo ' 0, \"done\": true}'",
            1, &caught, &err));
    assert_int_equal(l.done[0], 1);
}

/* A grandchild in a session of its own keeps the output open; it is not waited for. */
static void an_output_that_never_ends_is_given_up(void **state)
{
    (void)state;
    ledger l = {.total = 1, .size = 1};
    rg_err err = {0};
    int caught;
    uint64_t start = rg_clock_ns();
    assert_true(run(&l, "setsid sleep 95 & sleep 0.2; echo '@rigor {\"id\": 0}'; exit 7", 1,
                    &caught, &err));
    assert_int_equal(l.lost_crash[0], 3);
    assert_true(rg_clock_ns() - start < HANGS_NS);
}

/* A worker that has spoken was there: its end costs its members, however often it happens. */
static void crashes_in_a_row_do_not_end_the_run(void **state)
{
    (void)state;
    ledger l = {.total = 12, .size = 1};
    rg_err err = {0};
    int caught;
    assert_true(run(&l, "echo '@rigor {\"worker\": \"0\"}'; exit 7", 1, &caught, &err));
    for (int i = 0; i < 12; i++)
        assert_int_equal(l.lost_crash[i], 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_is_done_once),
        cmocka_unit_test(a_crash_is_told_from_a_kill),
        cmocka_unit_test(what_was_written_before_the_end_counts),
        cmocka_unit_test(workers_that_cannot_start_are_an_error),
        cmocka_unit_test(an_event_that_fails_ends_the_run),
        cmocka_unit_test(a_job_without_results_is_a_loss),
        cmocka_unit_test(an_interrupt_ends_all_at_once),
        cmocka_unit_test(long_lines_and_broken_messages_do_no_harm),
        cmocka_unit_test(an_output_that_never_ends_is_given_up),
        cmocka_unit_test(crashes_in_a_row_do_not_end_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
