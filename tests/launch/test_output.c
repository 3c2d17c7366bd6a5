/* Logs: all that is printed, up to a limit; of what is more the newest. */
#include "launch/launcher.h"

#include <sys/stat.h>

static long long size_of(const char *name)
{
    struct stat info;
    return stat(place_file(name), &info) == 0 ? (long long)info.st_size : -1;
}

static void both_streams_are_kept(void **state)
{
    (void)state;
    outcome o = try_script("echo one; echo two >&2; printf '\\000\\377\\n'; "
                           "echo '@rigor {\"score\": 1}'");
    assert_end(&o, "done", "");
    assert_string_equal(read_place("stderr.log"), "two\n");
    assert_memory_equal(read_place("stdout.log"), "one\n\0\377\n@rigor {\"score\": 1}\n", 27);
    outcome_free(&o);
    o = try_script("echo '@rigor {\"score\": 1}' >$RIGOR_REPORT");
    assert_int_equal(size_of("stdout.log"), -1); /* nothing printed, no file */
    outcome_free(&o);
}

/* The newest half of the limit is there at least, the limit is kept to, no line is torn in it. */
static void a_limit_keeps_the_newest(void **state)
{
    (void)state;
    enum { LIMIT = 40000 };
    outcome o = try_with("seq 100000 199999; echo '@rigor {\"score\": 1}'",
                         "{\"trainer\": {\"log_bytes\": 40000}}");
    assert_end(&o, "done", "");
    long long newer = size_of("stdout.log"), older = size_of("stdout.log.1");
    assert_true(newer >= 0 && older >= 0);
    assert_in_range(newer + older, LIMIT / 2, LIMIT);
    /* The older one ends where the newer one begins. */
    rg_str both = {0};
    rg_str_add(&both, read_place("stdout.log.1"));
    rg_str_add(&both, read_place("stdout.log"));
    const char *tail = rg_str_text(&both);
    assert_true(rg_text_ends(tail, "199999\n@rigor {\"score\": 1}\n"));
    tail = strchr(tail, '\n') + 1;
    long number = strtol(tail, NULL, 10);
    for (; strncmp(tail, "@rigor", 6) != 0; tail = strchr(tail, '\n') + 1)
        assert_int_equal(strtol(tail, NULL, 10), number++);
    assert_int_equal(number, 200000);
    rg_str_free(&both);
    outcome_free(&o);
}

/* Seconds that a flood of short lines takes are not counted in minutes: it is seen as one. */
static void a_flood_is_read_to_its_end(void **state)
{
    (void)state;
    outcome o =
        try_script("yes | head -c 60000000; echo '@rigor {\"score\": 1}';"
                   "yes '' | head -c 3000000; yes '@rigo' | head -c 3000000; echo last >&2;"
                   "exit 4");
    assert_end(&o, "failed", "exit status 4: last");
    assert_int_equal(json_array_size(o.steps), 1);
    assert_true(size_of("stdout.log") + size_of("stdout.log.1") <= 1 << 24);
    outcome_free(&o);
}

/* A process that could not be ended and writes on is not listened to for ever. */
static void a_flood_without_end_is_left(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t flood = fork();
    if (flood == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execlp("yes", "yes", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    launch_setup setup = {.metric = "score"};
    launch_trial t = {
        .setup = &setup, .last = json_object(), .notes = json_array(), .exited = true};
    t.stream[0] =
        (launch_stream){.fd = ends[0], .path = "left.log", .log = -1, .log_max = 1 << 20};
    t.stream[1].fd = t.stream[1].log = -1;
    launch_drain(&t, 0);
    assert_int_equal(t.stream[0].fd, -1);
    assert_int_equal(json_array_size(t.notes), 1);
    assert_non_null(
        strstr(json_string_value(json_array_get(t.notes, 0)), "not read to the end"));
    kill(flood, SIGKILL);
    waitpid(flood, NULL, 0);
    json_decref(t.last);
    json_decref(t.notes);
}

/* Messages are found wherever the blocks of the pipe begin and end. */
static void no_message_is_lost_between_blocks(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "blocks");
    print_message("seed: %llu\n", (unsigned long long)support_seed());
    rg_str text = {0};
    enum { MESSAGES = 3000 };
    for (int i = 0; i < MESSAGES; i++) {
        for (size_t k = rg_rng_below(&rng, 4); k > 0; k--)
            rg_str_printf(
                &text, "%.*s%s", (int)rg_rng_below(&rng, 90),
                "x@rigor {\"no\": 1} @rigor {} chatter chatter chatter chatter chatter chatter",
                rg_rng_below(&rng, 9) ? "\n" : "\r");
        rg_str_printf(&text, "@rigor {\"n\": %d}%s", i, rg_rng_below(&rng, 5) ? "\n" : "\r\n");
    }
    rg_str_add(&text, "@rigor {\"score\": 1}");
    rg_err err = {0};
    assert_true(rg_file_write("flood.txt", text.data, text.len, 0644, &err));
    rg_str_free(&text);
    static const char *const ways[] = {"cat flood.txt", "dd if=flood.txt obs=37 2>/dev/null",
                                       "dd if=flood.txt obs=65521 2>/dev/null",
                                       "cat flood.txt >&2"};
    for (size_t w = 0; w < RG_COUNT(ways); w++) {
        outcome o = try_script(ways[w]);
        assert_end(&o, "done", "");
        assert_int_equal(json_array_size(o.steps), MESSAGES + 1);
        for (int i = 0; i < MESSAGES; i++)
            assert_close(
                rg_json_number(json_object_get(json_array_get(o.steps, (size_t)i), "n"), -1), i,
                0);
        outcome_free(&o);
    }
}

int main(void)
{
    launch_kernel_counts = NO_COUNTS;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_streams_are_kept),
        cmocka_unit_test(a_limit_keeps_the_newest),
        cmocka_unit_test(a_flood_is_read_to_its_end),
        cmocka_unit_test(a_flood_without_end_is_left),
        cmocka_unit_test(no_message_is_lost_between_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
