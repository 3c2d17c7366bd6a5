/* A memory limit is kept by the kernel where it lets us make a control group, and by the watch
 * elsewhere. */
#include "launch/launcher.h"

#include <dirent.h>

static const char limit[] = "{\"trainer\": {\"memory_bytes\": 100000000}}";

/* Whether trials get a group here: an ordinary user mostly may not make one. */
static bool has_groups(void)
{
    outcome o = try_with("cat /proc/self/cgroup; echo '@rigor {\"score\": 1}'", limit);
    assert_end(&o, "done", "");
    outcome_free(&o);
    bool found = strstr(read_place("stdout.log"), "/rigor-") != NULL;
    print_message("control groups: %s\n", found ? "yes" : "no, the watch alone");
    return found;
}

static void too_much_is_ended(void **state)
{
    (void)state;
    bool groups = has_groups();
    /* 300 MB at once, for less time than the watch takes to look; without a group it looks at one
     * of many. */
    outcome o =
        try_with(groups ? "dd if=/dev/zero of=/dev/null bs=300M count=1 2>/dev/null"
                        : "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do "
                          "dd if=/dev/zero of=/dev/null bs=300M count=4 2>/dev/null; done",
                 limit);
    assert_end(&o, "failed", "more than its limit of 95 MiB");
    outcome_free(&o);
}

static void little_is_not(void **state)
{
    (void)state;
    outcome o = try_with("dd if=/dev/zero of=/dev/null bs=20M count=20 2>/dev/null;"
                         "echo '@rigor {\"score\": 1}'",
                         limit);
    assert_end(&o, "done", "");
    assert_true(resource_of(&o, "peak_bytes") > 20000000);
    assert_true(resource_of(&o, "peak_bytes") < 100000000);
    outcome_free(&o);
}

/* The group goes with its trial, also that of a launcher that was killed. */
static void groups_do_not_stay(void **state)
{
    (void)state;
    if (!has_groups())
        skip();
    launcher l = launcher_start();
    json_decref(launcher_hear(&l));
    launcher_say(
        &l,
        job_of("cat /proc/self/cgroup; echo '@rigor {\"score\": 1}'; exec sleep 303.5", limit));
    json_decref(launcher_hear(&l)); /* it runs */
    kill(l.pid, SIGKILL);
    assert_int_equal(waitpid(l.pid, NULL, 0), l.pid);
    fclose(l.in);
    fclose(l.out);
    while (count_processes("sleep 303.5"))
        usleep(10000);
    char name[64];
    snprintf(name, sizeof(name), "/rigor-%d", (int)l.pid);
    assert_non_null(strstr(read_place("stdout.log"), name));
    outcome o = try_with("cat /proc/self/cgroup; echo '@rigor {\"score\": 1}'", limit);
    assert_end(&o, "done", "");
    assert_null(strstr(read_place("stdout.log"), name));
    outcome_free(&o);
    char command[200];
    snprintf(command, sizeof(command), "test -z \"$(find /sys/fs/cgroup -name 'rigor-%d')\"",
             (int)l.pid);
    assert_int_equal(system(command), 0);
}

/* What a control group has not seen was not this trial, whatever the machine counts meanwhile. */
static void a_group_tells_its_own(void **state)
{
    (void)state;
    char setup[3000];
    rg_err err = {0};
    bool groups = has_groups();
    launch_kernel_counts = "vmstat.txt";
    assert_true(rg_file_write(launch_kernel_counts, "x 1\noom_kill 4\n", 15, 0644, &err));
    snprintf(
        setup, sizeof(setup),
        "{\"trainer\": {\"memory_bytes\": 100000000, \"seal\": false, \"env\": {\"COUNTS\": "
        "\"%s/%s\"}}}",
        here(), launch_kernel_counts);
    outcome o = try_with("printf 'x 1\noom_kill 5\n' >$COUNTS; kill -9 $$", setup);
    assert_end(&o, groups ? "again" : "failed", "");
    outcome_free(&o);
    launch_kernel_counts = "/proc/vmstat";
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_tells_its_own),
        cmocka_unit_test(too_much_is_ended),
        cmocka_unit_test(little_is_not),
        cmocka_unit_test(groups_do_not_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
