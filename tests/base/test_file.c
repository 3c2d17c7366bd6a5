/* Files, folders, gzip, threads. */
#include "support.h"

#include <sys/stat.h>
#include <unistd.h>

static void assert_holds(const char *path, const char *expected, size_t expected_len)
{
    char *text;
    size_t len;
    rg_err err = {0};
    assert_true(rg_file_read(path, 100, &text, &len, &err));
    assert_int_equal(len, expected_len);
    assert_memory_equal(text, expected, len + 1);
    rg_free(text);
}

static void files_are_written_whole_with_their_mode(void **state)
{
    (void)state;
    rg_err err = {0};
    struct stat info;
    assert_true(rg_dir_make("out/deep/er", 0700, &err));
    assert_true(rg_dir_make("out/deep/er", 0700, &err));
    assert_true(rg_file_write("out/deep/er/x", "one", 3, 0644, &err));
    assert_true(rg_file_write("out/deep/er/x", "two\0!", 5, 0600, &err));
    stat("out/deep/er/x", &info);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_holds("out/deep/er/x", "two\0!", 5);
    assert_true(rg_dir_remove("out", &err));
    assert_false(rg_file_exists("out"));
}

static void reading_has_a_maximum_and_names_what_is_absent(void **state)
{
    (void)state;
    char *text;
    size_t len;
    rg_err err = {0};
    assert_true(rg_file_write("four", "1234", 4, 0644, &err));
    assert_holds("four", "1234", 4);
    assert_false(rg_file_read("four", 3, &text, &len, &err));
    assert_int_equal(err.code, RG_INPUT);
    err = (rg_err){0};
    assert_false(rg_file_read("none", 4, &text, &len, &err));
    assert_int_equal(err.code, RG_INPUT);
    assert_string_equal(err.where, "none");
    unlink("four");
}

static void a_failed_write_leaves_the_old_file(void **state)
{
    (void)state;
    rg_err err = {0};
    assert_true(rg_dir_make("kept", 0755, &err));
    assert_true(rg_file_write("kept/x", "old", 3, 0644, &err));
    assert_false(rg_file_write("kept/none/x", "new", 3, 0644, &err));
    assert_int_equal(err.code, RG_INPUT);
    err = (rg_err){0};
    assert_false(rg_dir_make("kept/x", 0755, &err)); /* a file stands in the way */
    assert_holds("kept/x", "old", 3);
    err = (rg_err){0};
    assert_true(rg_dir_remove("kept", &err));
}

static void gzip_is_unpacked_and_broken_gzip_refused(void **state)
{
    (void)state;
    /* printf hi | gzip -n */
    static const char hi[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\xc8\x04\x00\xac\x2a"
                             "\x93\xd8\x02\x00\x00\x00";
    rg_err err = {0};
    char *text;
    size_t len;
    assert_true(rg_gunzip(hi, sizeof(hi) - 1, 100, "hi.gz", &text, &len, &err));
    assert_string_equal(text, "hi");
    rg_free(text);
    assert_true(rg_gunzip("plain", 5, 100, "x", &text, &len, &err));
    assert_string_equal(text, "plain");
    rg_free(text);
    for (size_t cut = 3; cut < sizeof(hi) - 1; cut++) {
        err = (rg_err){0};
        assert_false(rg_gunzip(hi, cut, 100, "hi.gz", &text, &len, &err));
        assert_int_equal(err.code, RG_INPUT);
    }
    err = (rg_err){0};
    assert_false(rg_gunzip(hi, sizeof(hi) - 1, 1, "hi.gz", &text, &len, &err));
}

static void add_index(void *ctx, size_t i)
{
    ((int *)ctx)[i] += (int)i;
}

static void parallel_work_is_done_once_each(void **state)
{
    (void)state;
    static int cell[10000];
    for (int threads = 1; threads <= 8; threads *= 2) {
        memset(cell, 0, sizeof(cell));
        rg_parallel(threads, RG_COUNT(cell), add_index, cell);
        for (size_t i = 0; i < RG_COUNT(cell); i++)
            assert_int_equal(cell[i], i);
    }
}

static void paths_join(void **state)
{
    (void)state;
    rg_arena *arena = rg_arena_new();
    assert_string_equal(rg_path_join(arena, "a", "b"), "a/b");
    assert_string_equal(rg_path_join(arena, "a/", "b"), "a/b");
    assert_string_equal(rg_path_join(arena, "a", "/b"), "/b");
    assert_string_equal(rg_path_base("x/y.csv"), "y.csv");
    rg_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_written_whole_with_their_mode),
        cmocka_unit_test(reading_has_a_maximum_and_names_what_is_absent),
        cmocka_unit_test(a_failed_write_leaves_the_old_file),
        cmocka_unit_test(gzip_is_unpacked_and_broken_gzip_refused),
        cmocka_unit_test(parallel_work_is_done_once_each),
        cmocka_unit_test(paths_join),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
