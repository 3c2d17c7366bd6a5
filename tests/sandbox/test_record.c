/* What is granted, and its record: rights by ABI, refusals, other names, paths as others see them. */
#include "sandbox/sealed.h"

#include "sandbox/inside.h"

static scene here;

static json_t *record_of(rg_grant_spec spec)
{
    json_t *record = NULL;
    rg_sandbox_free(sealed_box(&here, spec, &record));
    return record;
}

static bool lists(const json_t *record, const char *key, const char *text)
{
    size_t i;
    json_t *entry;
    json_array_foreach (json_object_get(record, key), i, entry)
        if (strstr(json_string_value(entry), text))
            return true;
    return false;
}

static void the_record_says_what_was_granted(void **state)
{
    (void)state;
    json_t *r = record_of((rg_grant_spec){.watch = true});
    assert_int_equal(json_integer_value(json_object_get(r, "landlock")), rg_sandbox_abi());
    assert_int_equal(json_is_true(json_object_get(r, "sealed")), rg_sandbox_abi() > 0);
    assert_true(json_is_true(json_object_get(r, "watch")));
    assert_true(json_is_true(json_object_get(r, "seccomp")));
    assert_true(json_is_false(json_object_get(json_object_get(r, "network"), "allowed")));
    assert_string_equal(json_string_value(json_array_get(json_object_get(r, "hidden"), 0)),
                        here.sealed);
    assert_string_equal(json_string_value(json_array_get(json_object_get(r, "write"), 0)),
                        here.own);
    if (rg_sandbox_abi() > 0) {
        assert_true(lists(r, "read", "/study/data"));
        assert_true(lists(r, "read", "/usr"));
        assert_true(lists(r, "devices", "/dev/null"));
    }
    assert_false(lists(r, "read", "/study/sealed") || lists(r, "read", "/study/runs"));
    json_decref(r);
    r = record_of((rg_grant_spec){.network = true});
    assert_true(json_is_true(json_object_get(json_object_get(r, "network"), "allowed")));
    assert_false(lists(r, "handled", "tcp"));
    json_decref(r);
}

/* The rights that came with each ABI, from landlock(7). */
static const struct {
    const char *name;
    int since;
} news[] = {{"write_file", 1},
            {"refer", 2},
            {"truncate", 3},
            {"bind_tcp", 4},
            {"ioctl_dev", 5},
            {"signal", 6},
            {"abstract_unix_socket", 6}};

static void what_an_abi_lacks_is_refused(void **state)
{
    (void)state;
    for (int limit = -1; limit <= rg_sandbox_abi(); limit++) {
        json_t *r = record_of((rg_grant_spec){.abi_limit = limit});
        int abi = limit < 0 ? 0 : limit == 0 ? rg_sandbox_abi() : limit;
        assert_int_equal(json_integer_value(json_object_get(r, "landlock")), abi);
        assert_int_equal(json_is_true(json_object_get(r, "sealed")), abi > 0);
        for (size_t i = 0; i < RG_COUNT(news); i++) {
            assert_int_equal(lists(r, "handled", news[i].name), abi >= news[i].since);
            assert_int_equal(lists(r, "refused", news[i].name), abi < news[i].since);
        }
        json_decref(r);
    }
}

static void assert_refused(const char *hidden, const char *writable, const char *what)
{
    const char *hides[] = {hidden, NULL}, *writes[] = {writable, NULL};
    rg_grant_spec spec = {.hidden = hides, .writable = writes};
    rg_sandbox *box = NULL;
    json_t *record = NULL;
    rg_err err = {0};
    assert_false(rg_sandbox_prepare(&spec, &box, &record, &err));
    assert_int_equal(err.code, RG_INPUT);
    assert_non_null(strstr(err.what, what));
    assert_null(box);
    assert_null(record);
}

static void grants_that_contradict_themselves_are_refused(void **state)
{
    (void)state;
    assert_refused(here.sealed, here.study, "which is to be hidden");
    assert_refused(here.sealed, here.sealed, "which is to be hidden");
    assert_refused(here.sealed, "study/none", "No such file");
    assert_refused("/", NULL, "root");
    assert_refused("study/data/../..//./../../../../../../../../../../../..", NULL, "root");
}

static void other_names_of_the_labels_break_the_seal(void **state)
{
    (void)state;
    char copy[SEALED_PATH];
    snprintf(copy, sizeof(copy), "%.400s/copy", here.study);
    assert_int_equal(link(here.labels, copy), 0);
    json_t *r = record_of((rg_grant_spec){0});
    assert_true(lists(r, "warnings", "labels.npz has 2 names"));
    assert_true(json_is_false(json_object_get(r, "sealed")));
    unlink(copy);
    json_decref(r);
}

static int cat(const rg_sandbox *box, const char *path)
{
    char script[SEALED_PATH + 64];
    snprintf(script, sizeof(script), "cat '%s' > /dev/null 2>&1", path);
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    return sealed_run(box, argv, NULL);
}

static void what_comes_later_on_the_way_is_out_of_reach(void **state)
{
    (void)state;
    if (!sealed_here())
        skip();
    char late[SEALED_PATH], inside[SEALED_PATH];
    snprintf(late, sizeof(late), "%.400s/late", here.study);
    snprintf(inside, sizeof(inside), "%.400s/data/late", here.study);
    rg_sandbox *box = sealed_box(&here, (rg_grant_spec){0}, NULL);
    scene_put(late, "x");
    scene_put(inside, "x");
    assert_int_not_equal(cat(box, late), 0);
    assert_int_equal(cat(box, inside), 0);
    rg_sandbox_free(box);
    box = sealed_box(&here, (rg_grant_spec){0}, NULL);
    assert_int_equal(cat(box, late), 0);
    rg_sandbox_free(box);
}

static void many_entries_are_counted(void **state)
{
    (void)state;
    if (!sealed_here())
        skip();
    char path[SEALED_PATH + 16];
    for (int i = 0; i < 100; i++) {
        snprintf(path, sizeof(path), "%.400s/n/%d", here.study, i);
        scene_put(path, "x");
    }
    snprintf(path, sizeof(path), "%.400s/n/hidden", here.study);
    here.hidden[1] = path;
    json_t *r = record_of((rg_grant_spec){0});
    here.hidden[1] = here.runs;
    assert_true(lists(r, "read", "/study/n/ (100 entries)"));
    json_decref(r);
}

/* ---- Other mounts */

static const char table[] = "20 1 254:0 / / rw - ext4 /dev/vda rw\n"
                            "21 20 254:0 /home /bind rw - ext4 /dev/vda rw\n"
                            "22 20 254:0 /home/me/study/sealed /with\\040blank rw - ext4 d rw\n"
                            "23 20 0:5 /home /other rw - tmpfs t rw\n"
                            "24 20 254:0 /var /unrelated rw - ext4 d rw\n"
                            "25 20 254:0 /home/me/study/sealed/deep /deep rw - ext4 d rw\n"
                            "nonsense\n";

static void assert_names(const char *hidden, const char *const *names, size_t n)
{
    rg_arena *arena = rg_arena_new();
    spots list = {0};
    spots_add(arena, &list, hidden);
    sandbox_mounts(arena, &list, table);
    assert_int_equal(list.len, n + 1);
    for (size_t i = 0; i < n; i++)
        assert_non_null(spots_named(&list, names[i]));
    rg_vec_free(&list);
    rg_arena_free(arena);
}

static void mounts_give_other_names(void **state)
{
    (void)state;
    const char *names[] = {"/bind/me/study/sealed", "/with blank", "/deep"};
    assert_names("/home/me/study/sealed", names, 3);
    const char *back[] = {"/home/me/study/sealed", "/with blank", "/deep"};
    assert_names("/bind/me/study/sealed", back, 3);
    const char *one[] = {"/unrelated/x"};
    assert_names("/var/x", one, 1);
    assert_names("/other/me/study/sealed", NULL, 0);
}

/* ---- Where paths lead */

static void paths_lead_where_the_kernel_says(void **state)
{
    (void)state;
    static const char *const paths[] = {"study",
                                        "study/../study/./data//train.txt",
                                        "to-data/train.txt",
                                        "chain",
                                        "/etc/mtab",
                                        "to-data/../data",
                                        "/dev/stdin/..",
                                        "/",
                                        "/../../etc",
                                        "to-root/usr/lib"};
    char cwd[PATH_MAX], real[PATH_MAX], got[PATH_MAX], too_long[PATH_MAX + 8];
    assert_non_null(getcwd(cwd, sizeof(cwd)));
    assert_int_equal(symlink("study/data", "to-data"), 0);
    assert_int_equal(symlink("to-data/train.txt", "chain"), 0);
    assert_int_equal(symlink("/", "to-root"), 0);
    assert_int_equal(symlink("circle", "circle"), 0);
    for (size_t i = 0; i < RG_COUNT(paths); i++)
        if (realpath(paths[i], real)) {
            assert_true(path_resolve(getpid(), cwd, paths[i], got));
            assert_string_equal(got, real);
        }
    assert_false(path_resolve(getpid(), cwd, "circle", got));
    memset(too_long, 'x', sizeof(too_long));
    too_long[PATH_MAX + 7] = '\0';
    assert_false(path_resolve(getpid(), cwd, too_long, got));
    assert_true(path_resolve(getpid(), cwd, "to-root/none/../nor/this", got));
    assert_string_equal(got, "/nor/this");
    for (size_t i = 0; i < 4; i++)
        unlink(((const char *[]){"to-data", "chain", "to-root", "circle"})[i]);
}

static void self_is_who_asks(void **state)
{
    (void)state;
    char got[PATH_MAX];
    assert_true(path_resolve(here.victim, "/", "/proc/self/cwd/labels.npz", got));
    assert_string_equal(got, here.labels);
    assert_true(path_resolve(here.victim, "/", "/proc/thread-self/root/x", got));
    assert_string_equal(got, "/x");
}

/* ---- Calls */

#ifdef __x86_64__
/* getpid by the 32-bit door, where calls have other numbers. */
static int call_32(const rg_sandbox *box)
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        long result = 20;
        if (box && rg_sandbox_enter(box, -1) != 0)
            _exit(9);
        __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
        _exit(0);
    }
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void calls_of_another_processor_end_the_program(void **state)
{
    (void)state;
    if (call_32(NULL) != 0) {
        print_message("skipped: this kernel has no 32-bit calls\n");
        skip();
    }
    rg_sandbox *box = sealed_box(&here, (rg_grant_spec){0}, NULL);
    assert_int_equal(call_32(box), SIGSYS);
    rg_sandbox_free(box);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_record_says_what_was_granted),
        cmocka_unit_test(what_an_abi_lacks_is_refused),
        cmocka_unit_test(grants_that_contradict_themselves_are_refused),
        cmocka_unit_test(other_names_of_the_labels_break_the_seal),
        cmocka_unit_test(what_comes_later_on_the_way_is_out_of_reach),
        cmocka_unit_test(many_entries_are_counted),
        cmocka_unit_test(mounts_give_other_names),
        cmocka_unit_test(paths_lead_where_the_kernel_says),
        cmocka_unit_test(self_is_who_asks),
#ifdef __x86_64__
        cmocka_unit_test(calls_of_another_processor_end_the_program),
#endif
    };
    scene_open(&here);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scene_close(&here);
    return failed;
}
