/* Limits, and the end of everything that a program started. */
#include "launch/launcher.h"

#include "rigor/process.h"

static bool has_python(void)
{
    return system("command -v python3 >/dev/null") == 0;
}

/* Whatever it does to stay alive, it is gone when its trial is over, and was not waited for. */
static void nothing_lives_on(void **state)
{
    (void)state;
    static const char *const ways[] = {
        "sleep 301.5 & ",
        "setsid sleep 301.5 & sleep 0.1;",
        "(setsid sh -c 'trap \"\" TERM HUP INT; sleep 301.5; sleep 301.5' &) ; sleep 0.1;",
        "(setsid setsid sh -c '(trap \"\" TERM; sleep 301.5) & (trap \"\" TERM; sleep 301.5) & "
        "wait' "
        ">/dev/null 2>&1 </dev/null &); sleep 0.1;",
        "for i in 1 2 3 4 5 6 7 8; do (sleep 301.5 & sleep 301.5) & done;",
    };
    for (size_t i = 0; i < RG_COUNT(ways); i++) {
        char script[500];
        snprintf(script, sizeof(script), "%s echo '@rigor {\"score\": 1}'", ways[i]);
        uint64_t begun = rg_clock_ns();
        outcome o = try_script(script);
        assert_end(&o, "done", "");
        assert_true((double)(rg_clock_ns() - begun) * 1e-9 < 30);
        assert_int_equal(count_processes("sleep 301.5"), 0);
        assert_true(json_integer_value(rg_json_path(o.last, "resources.left.count")) > 0);
        outcome_free(&o);
    }
}

/* What was waited for was not left behind. */
static void what_has_ended_is_no_rest(void **state)
{
    (void)state;
    outcome o = try_script("sleep 0.01 & sleep 0.01; wait; echo '@rigor {\"score\": 1}'");
    assert_end(&o, "done", "");
    assert_null(rg_json_path(o.last, "resources.left"));
    outcome_free(&o);
}

/* A chain of processes of which each forks the next and ends: none lives long enough to be named. */
static void a_chain_that_runs_away_is_caught(void **state)
{
    (void)state;
    if (!has_python())
        skip();
    outcome o = try_script("python3 -c '\nimport os\nif os.fork() == 0:\n    os.setsid()\n"
                           "    while True:\n        if os.fork(): os._exit(0)\n' marked-chain;"
                           "sleep 0.2; echo '@rigor {\"score\": 1}'");
    assert_end(&o, "done", "");
    assert_int_equal(count_processes("marked-chain"), 0);
    outcome_free(&o);
}

static void a_runner_that_goes_leaves_nothing(void **state)
{
    (void)state;
    for (int kill_it = 0; kill_it < 2; kill_it++) {
        launcher l = launcher_start();
        json_decref(launcher_hear(&l));
        launcher_say(&l,
                     job_of("trap '' TERM; echo '@rigor {\"score\": 1}'; sleep 302.5", "{}"));
        json_decref(launcher_hear(&l)); /* it runs */
        if (kill_it) {
            kill(l.pid,
                 SIGKILL); /* the program dies with its launcher, by its own kernel's hand */
            waitpid(l.pid, NULL, 0);
            fclose(l.in);
            fclose(l.out);
            for (int i = 0; i < 500 && count_processes("trap '' TERM; echo"); i++)
                usleep(10000);
        } else {
            launcher_end(&l);
        }
        assert_int_equal(count_processes("trap '' TERM; echo"), 0);
    }
}

static void time_is_limited(void **state)
{
    (void)state;
    static const char *const ways[] = {
        "echo '@rigor {\"score\": 1}'; exec sleep 303.5",
        "trap '' TERM; echo '@rigor {\"score\": 1}'; sleep 303.5; sleep 303.5",
        "trap '' TERM; while :; do :; done",
        "kill -STOP $$",
        "trap 'echo saved; exit 0' TERM; echo '@rigor {\"score\": 1}'; sleep 303.5 & wait",
    };
    for (size_t i = 0; i < RG_COUNT(ways); i++) {
        uint64_t begun = rg_clock_ns();
        outcome o = try_with(ways[i], "{\"trainer\": {\"time_s\": 0.2, \"grace_s\": 0.2}}");
        assert_end(&o, "failed", "longer than its limit of 0.2 s");
        assert_true((double)(rg_clock_ns() - begun) * 1e-9 < 30);
        if (i == 4) /* it had its chance to save what it has */
            assert_string_equal(read_place("stdout.log"), "@rigor {\"score\": 1}\nsaved\n");
        outcome_free(&o);
    }
    assert_int_equal(count_processes("sleep 303.5"), 0);
}

/* We stood still ourselves, as a machine that sleeps does: that is not its time. */
static void a_pause_is_not_counted(void **state)
{
    (void)state;
    launcher l = launcher_start();
    json_decref(launcher_hear(&l));
    launcher_say(&l,
                 job_of("echo '@rigor {\"step\": 1}'; sleep 0.1; echo '@rigor {\"score\": 1}'",
                        "{\"trainer\": {\"time_s\": 1.4}}"));
    kill(l.pid, SIGSTOP);
    usleep(1600000);
    kill(l.pid, SIGCONT);
    json_t *message;
    while ((message = launcher_hear(&l)) && json_object_get(message, "step"))
        json_decref(message);
    outcome o = {.last = message};
    assert_end(&o, "done", "");
    json_decref(message);
    launcher_end(&l);
}

static void memory_is_limited(void **state)
{
    (void)state;
    if (!has_python())
        skip();
    static const char *const ways[] = {
        /* One process, slowly; and three children, each of which stays below the limit. */
        "exec python3 -c '\nimport time\nx = []\nwhile True:\n    x.append(bytearray(b\"1\" * "
        "10**7))\n"
        "    time.sleep(0.01)'",
        "for i in 1 2 3; do python3 -c '\nimport time\nx = bytearray(b\"1\") * (40 * 10**6)\n"
        "time.sleep(60)' & done; wait",
    };
    for (size_t i = 0; i < RG_COUNT(ways); i++) {
        outcome o = try_with(ways[i], "{\"trainer\": {\"memory_bytes\": 104857600}}");
        assert_end(&o, "failed", "more than its limit of 100 MiB of memory");
        assert_true(resource_of(&o, "peak_bytes") > 95 << 20);
        outcome_free(&o);
    }
    /* What children share with each other is counted once. */
    outcome o =
        try_with("exec python3 -c '\nimport os, time\nx = bytearray(b\"1\") * (50 * 10**6)\n"
                 "pids = [os.fork() for _ in range(2)]\ntime.sleep(0.4)\n"
                 "if 0 not in pids: print(\"@rigor {\\\"score\\\": 1}\")'",
                 "{\"trainer\": {\"memory_bytes\": 104857600}}");
    assert_end(&o, "done", "");
    assert_true(resource_of(&o, "peak_bytes") > 50 * 1000000);
    outcome_free(&o);
}

/* What it asks for in one go is refused by the kernel: its own error is its end. */
static void a_leap_in_memory_is_refused(void **state)
{
    (void)state;
    if (!has_python())
        skip();
    outcome o = try_with("exec python3 -c 'x = bytearray(1 << 34)'",
                         "{\"trainer\": {\"memory_bytes\": 104857600}}");
    assert_end(&o, "failed", "MemoryError");
    outcome_free(&o);
}

/* A kill from outside is tried again; the kernel's own, for want of memory, is a result. */
static void a_machine_without_memory(void **state)
{
    (void)state;
    rg_err err = {0};
    char setup[3000];
    launch_kernel_counts = "vmstat.txt";
    snprintf(setup, sizeof(setup),
             "{\"trainer\": {\"seal\": false, \"env\": {\"COUNTS\": \"%s/%s\"}}}", here(),
             launch_kernel_counts);
    static const char before[] = "nr_x 1\noom_kill 4\n";
    assert_true(rg_file_write(launch_kernel_counts, before, strlen(before), 0644, &err));
    outcome o = try_with("printf 'nr_x 1\\noom_kill 5\\n' >$COUNTS; kill -9 $$", setup);
    assert_end(&o, "failed", "no memory left, and the kernel ended it");
    outcome_free(&o);
    o = try_with("kill -9 $$", setup);
    assert_end(&o, "again", "signal 9 (Killed) from outside");
    outcome_free(&o);
    /* The count is of the whole machine: what was killed long before the end was another. */
    o = try_with("printf 'nr_x 1\noom_kill 6\n' >$COUNTS; sleep 2.4; kill -9 $$", setup);
    assert_end(&o, "again", "signal 9 (Killed) from outside");
    outcome_free(&o);
    o = try_with("sleep 1.3; printf 'nr_x 1\noom_kill 7\n' >$COUNTS; kill -9 $$", setup);
    assert_end(&o, "failed", "no memory left, and the kernel ended it");
    outcome_free(&o);
    launch_kernel_counts = NO_COUNTS;
}

/* The launcher has taken note of every end: none of them is left as a zombie. */
static void no_zombie_stays(void **state)
{
    (void)state;
    launcher l = launcher_start();
    json_decref(launcher_hear(&l));
    for (int i = 0; i < 3; i++) {
        outcome o =
            run_job(&l, job_of("true & (sleep 0.01 &); (setsid sh -c 'true & sleep 305' &);"
                               "sleep 0.05; echo '@rigor {\"score\": 1}'",
                               "{}"));
        assert_end(&o, "done", "");
        outcome_free(&o);
        rg_processes below;
        rg_processes_below(&below, l.pid);
        assert_int_equal(below.count, 0);
    }
    launcher_end(&l);
}

static void ends_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *script, *key, *what;
    } ends[] = {
        {"exit 0", "failed", "it ended without reporting val_score; it reported nothing"},
        {"echo '@rigor {\"loss\": 1}'", "failed", "it reported loss"},
        {"exit 1", "failed", "exit status 1"},
        {"echo why >&2; echo; echo >&2; exit 255", "failed", "exit status 255: why"},
        {"echo on-out; exit 2", "failed", "exit status 2: on-out"},
        {"kill -SEGV $$", "failed", "ended by signal 11 (Segmentation fault)"},
        {"kill -ABRT $$", "failed", "ended by signal 6"},
        {"echo '@rigor {\"score\": 1}'; kill -SEGV $$", "failed", "signal 11"},
        {"kill -KILL $$", "again", "signal 9"},
        {"kill -TERM $$", "again", "signal 15"},
        {"kill -HUP $$", "again", "signal 1 "},
        {"kill -INT $$", "again", "signal 2 "},
    };
    for (size_t i = 0; i < RG_COUNT(ends); i++) {
        outcome o = try_script(ends[i].script);
        assert_end(&o, ends[i].key, ends[i].what);
        outcome_free(&o);
    }
}

static void pruning_is_gentle_first(void **state)
{
    (void)state;
    launcher l = launcher_start();
    json_decref(launcher_hear(&l));
    launcher_say(&l, job_of("trap 'echo \"@rigor {\\\"score\\\": 9}\"; exit 0' TERM;"
                            "echo '@rigor {\"step\": 4, \"score\": 1}'; sleep 304.5 & wait",
                            "{}"));
    json_decref(launcher_hear(&l));
    launcher_say(&l, json_pack("{s:i}", "prune", 8)); /* another's */
    launcher_say(&l, json_pack("{s:i}", "prune", 7));
    outcome o = {.last = launcher_hear(&l)};
    assert_end(&o, "done", "");
    assert_close(score_of(&o), 1, 0); /* what it said afterwards does not count */
    assert_int_equal(resource_of(&o, "pruned"), 4);
    json_decref(o.last);
    launcher_end(&l);
}

int main(void)
{
    launch_kernel_counts = NO_COUNTS;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_lives_on),
        cmocka_unit_test(what_has_ended_is_no_rest),
        cmocka_unit_test(a_chain_that_runs_away_is_caught),
        cmocka_unit_test(a_runner_that_goes_leaves_nothing),
        cmocka_unit_test(time_is_limited),
        cmocka_unit_test(a_pause_is_not_counted),
        cmocka_unit_test(memory_is_limited),
        cmocka_unit_test(a_leap_in_memory_is_refused),
        cmocka_unit_test(a_machine_without_memory),
        cmocka_unit_test(no_zombie_stays),
        cmocka_unit_test(ends_are_told_apart),
        cmocka_unit_test(pruning_is_gentle_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
