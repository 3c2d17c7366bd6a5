/* Every way to the labels that we know: it works without the sandbox, not within, and is seen.
 *
 * Each attack runs in a fresh program (this one, called again). */
#include "sandbox/attacks.h"

static scene here;
static char works[RG_COUNT(attacks) + 1]; /* without a sandbox: '!' */

static void attempt(const rg_sandbox *box, int number, rg_attempts *seen,
                    char results[RG_COUNT(attacks) + 1])
{
    char text[16], *got;
    size_t len;
    rg_err err = {0};
    const char *argv[] = {"/proc/self/exe", "attack", text, NULL};
    snprintf(text, sizeof(text), "%d", number);
    scene_put(name_of("%s/decoy", here.sealed), "x");
    assert_int_equal(sealed_run(box, argv, seen), 0);
    assert_true(rg_file_read(own_file("results"), RG_COUNT(attacks), &got, &len, &err));
    assert_int_equal(len, RG_COUNT(attacks));
    memcpy(results, got, len + 1);
    rg_free(got);
}

/* All at once under `spec`: those that `abi` prevents have failed. */
static void assert_prevented(rg_grant_spec spec, int abi)
{
    char results[RG_COUNT(attacks) + 1];
    rg_attempts seen = {0};
    rg_sandbox *box = sealed_box(&here, spec, NULL);
    attempt(box, -1, &seen, results);
    int reached = 0;
    for (size_t i = 0; i < RG_COUNT(attacks); i++)
        if (results[i] == '!' && attacks[i].since <= abi) {
            print_error("ABI %d: %s got there\n", abi, attacks[i].name);
            reached++;
        }
    assert_int_equal(reached, 0);
    rg_attempts_free(&seen);
    rg_sandbox_free(box);
}

static void attacks_work_without_a_sandbox(void **state)
{
    (void)state;
    rg_attempts seen = {0};
    attempt(NULL, -1, &seen, works);
    for (size_t i = 0; i < RG_COUNT(attacks); i++)
        if (works[i] != '!')
            print_message("[ skipped ] %s is not possible on this machine\n", attacks[i].name);
    assert_int_equal(works[0], '!');
    assert_null(seen.list);
}

static void the_kernel_alone_prevents_them(void **state)
{
    (void)state;
    if (!sealed_here())
        skip();
    assert_prevented((rg_grant_spec){0}, rg_sandbox_abi());
}

static void older_kernels_prevent_what_their_abi_can(void **state)
{
    (void)state;
    for (int abi = 1; abi <= rg_sandbox_abi(); abi++)
        assert_prevented((rg_grant_spec){.abi_limit = abi}, abi);
}

static void without_landlock_only_calls_are_cut(void **state)
{
    (void)state;
    char results[RG_COUNT(attacks) + 1];
    rg_attempts seen = {0};
    rg_sandbox *box = sealed_box(&here, (rg_grant_spec){.abi_limit = -1}, NULL);
    attempt(box, -1, &seen, results);
    assert_int_equal(results[0], '!');
    rg_sandbox_free(box);
    assert_prevented((rg_grant_spec){.abi_limit = -1}, 0);
    assert_prevented((rg_grant_spec){.abi_limit = -1, .watch = true}, 0);
}

/* ---- Attempts */

/* Some processors have linkat alone where others have link. */
static bool is_seen(const json_t *list, const attack *a)
{
    size_t i;
    json_t *entry;
    json_array_foreach (list, i, entry)
        if (rg_text_starts(rg_json_text(entry, "call", ""), a->call) &&
            (!a->path || rg_text_ends(rg_json_text(entry, "path", ""), a->path)))
            return true;
    return false;
}

static void assert_one_is_seen(const rg_sandbox *box, int number)
{
    const attack *a = &attacks[number];
    char results[RG_COUNT(attacks) + 1];
    rg_attempts seen = {0};
    attempt(box, number, &seen, results);
    if (results[number] != '-')
        print_error("%s got there\n", a->name);
    assert_int_equal(results[number], '-');
    bool right = a->call ? is_seen(seen.list, a) : seen.total == 0;
    if (!right) {
        char *text = seen.list ? rg_json_canonical(seen.list) : NULL;
        print_error("%s (%s) was seen as %s\n", a->name, a->call ? a->call : "unseen", text);
        rg_free(text);
    }
    assert_true(right);
    rg_attempts_free(&seen);
}

static void each_is_prevented_and_seen(void **state)
{
    (void)state;
    if (!sealed_here())
        skip();
    rg_sandbox *box = sealed_box(&here, (rg_grant_spec){.watch = true}, NULL);
    for (size_t i = 0; i < RG_COUNT(attacks); i++)
        if (works[i] == '!' &&
            (attacks[i].since <= rg_sandbox_abi() || attacks[i].since == WATCHED))
            assert_one_is_seen(box, (int)i);
    rg_sandbox_free(box);
}

static void an_attempt_says_who_did_what(void **state)
{
    (void)state;
    char results[RG_COUNT(attacks) + 1], exe[PATH_MAX];
    rg_attempts seen = {0};
    rg_sandbox *box = sealed_box(&here, (rg_grant_spec){.watch = true}, NULL);
    attempt(box, 0, &seen, results);
    attempt(box, 0, &seen, results);
    const json_t *entry = json_array_get(seen.list, 0);
    assert_int_equal(json_array_size(seen.list), 1); /* the same twice */
    assert_int_equal(seen.total, 2);
    assert_int_equal(json_integer_value(json_object_get(entry, "count")), 2);
    assert_true(json_integer_value(json_object_get(entry, "pid")) > 0);
    assert_string_equal(rg_json_text(entry, "path", ""), here.labels);
    assert_string_equal(rg_json_text(entry, "as", ""), here.labels);
    assert_non_null(realpath("/proc/self/exe", exe));
    assert_string_equal(rg_json_text(entry, "program", ""), exe);
    rg_attempts_free(&seen);
    rg_sandbox_free(box);
}

/* The network can be granted: then its two attacks work. */
static void a_granted_network_is_there(void **state)
{
    (void)state;
    char results[RG_COUNT(attacks) + 1];
    rg_attempts seen = {0};
    rg_sandbox *box = sealed_box(&here, (rg_grant_spec){.network = true}, NULL);
    attempt(box, -1, &seen, results);
    for (size_t i = 0; i < RG_COUNT(attacks); i++)
        if (attacks[i].try_it == by_tcp || attacks[i].try_it == by_udp)
            assert_int_equal(results[i], works[i]);
    rg_sandbox_free(box);
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "attack") == 0)
        return attacks_main(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attacks_work_without_a_sandbox),
        cmocka_unit_test(the_kernel_alone_prevents_them),
        cmocka_unit_test(older_kernels_prevent_what_their_abi_can),
        cmocka_unit_test(without_landlock_only_calls_are_cut),
        cmocka_unit_test(each_is_prevented_and_seen),
        cmocka_unit_test(an_attempt_says_who_did_what),
        cmocka_unit_test(a_granted_network_is_there),
    };
    scene_open(&here);
    at = here;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scene_close(&here);
    return failed;
}
