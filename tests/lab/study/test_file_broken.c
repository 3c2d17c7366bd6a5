/* Broken study files: each ends in the mistakes that broken/expected.txt lists, no more and no
 * fewer, at these places; nothing is printed on the way. */
#include "lab/study/reading.h"

#include <dirent.h>
#include <unistd.h>

#define FOLDER RIGOR_SOURCE_DIR "/tests/lab/study/broken"

/* ---- What libfyaml or anyone else prints on stderr lands in a file meanwhile. */

static int saved_stderr = -1;

static int catch_stderr(void **state)
{
    (void)state;
    saved_stderr = dup(STDERR_FILENO);
    return freopen("stderr.txt", "w", stderr) ? 0 : -1;
}

static int release_stderr(void **state)
{
    (void)state;
    fflush(stderr);
    long printed = ftell(stderr);
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    if (printed != 0)
        print_error("%ld bytes were printed on stderr\n", printed);
    return printed == 0 ? 0 : -1;
}

/* ---- The files. */

typedef struct expectation {
    char file[64], what[400];
    int line, column;
} expectation;

static size_t read_expectations(expectation *ret, size_t max)
{
    FILE *table = fopen(FOLDER "/expected.txt", "r");
    assert_non_null(table);
    size_t n = 0;
    while (n < max && fscanf(table, "%63s %d:%d %399[^\n]", ret[n].file, &ret[n].line,
                             &ret[n].column, ret[n].what) == 4)
        n++;
    assert_true(feof(table));
    fclose(table);
    return n;
}

static void show(const char *file, const rg_diags *diags)
{
    print_error("%s gave:\n", file);
    for (size_t i = 0; i < diags->len; i++)
        print_error("  %d:%d %s\n", diags->at[i].line, diags->at[i].column, diags->at[i].what);
}

/* Compares with the `n` expectations of one file. */
static void check_file(const expectation *expected, size_t n)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", FOLDER, expected->file);
    rg_diags diags = {.arena = rg_arena_new()};
    assert_null(rg_study_read(path, NULL, 0, false, &catalog, &diags));
    bool same = diags.len == n;
    for (size_t i = 0; same && i < n; i++)
        same = diags.at[i].line == expected[i].line &&
               diags.at[i].column == expected[i].column &&
               strstr(diags.at[i].what, expected[i].what);
    if (!same)
        show(expected->file, &diags);
    assert_true(same);
    json_t *json = rg_diags_json(&diags);
    assert_int_equal(json_array_size(json), n); /* every text is valid UTF-8 */
    json_decref(json);
    rg_arena_free(diags.arena);
    rg_free(diags.at);
}

static size_t count_files(void)
{
    DIR *folder = opendir(FOLDER);
    assert_non_null(folder);
    size_t n = 0;
    struct dirent *entry;
    while ((entry = readdir(folder)))
        n += rg_text_ends(entry->d_name, ".yaml");
    closedir(folder);
    return n;
}

static void test_each_broken_file_ends_in_its_mistakes(void **state)
{
    (void)state;
    static expectation expected[400];
    size_t n = read_expectations(expected, RG_COUNT(expected)), files = 0;
    for (size_t i = 0, end; i < n; i = end, files++) {
        for (end = i; end < n && strcmp(expected[end].file, expected[i].file) == 0;)
            end++;
        check_file(&expected[i], end - i);
    }
    assert_int_equal(files, count_files());
    assert_true(files >= 40);
}

/* ---- Broken files that are too large or too odd to keep. */

static reading read_bytes(const char *text, size_t len)
{
    reading r = {.diags = {.arena = rg_arena_new()}};
    r.study = rg_study_parse(text, len, "test.yaml", NULL, 0, false, &catalog, &r.diags);
    return r;
}

static char *repeat(const char *part, size_t times)
{
    rg_str text = {0};
    for (size_t i = 0; i < times; i++)
        rg_str_add(&text, part);
    return text.data;
}

static void test_empty_text(void **state)
{
    (void)state;
    static const char *const empty[] = {"", "\n", "---\n", "# only a comment\n", "~\n"};
    for (size_t i = 0; i < RG_COUNT(empty); i++) {
        reading r = read_text(empty[i]);
        assert_null(r.study);
        assert_int_equal(r.diags.len, 1);
        assert_int_equal(r.diags.at[0].line, 1);
        reading_free(&r);
    }
}

static void test_ten_megabytes(void **state)
{
    (void)state;
    char *text = repeat("# ten bytes", 1000000);
    reading r = read_text(text);
    assert_mistake(&r, 1, 1, "larger than 1 MiB");
    reading_free(&r);

    rg_err err = {0};
    assert_true(rg_file_write("big.yaml", text, strlen(text), 0644, &err));
    rg_diags diags = {.arena = rg_arena_new()};
    assert_null(rg_study_read("big.yaml", NULL, 0, false, &catalog, &diags));
    assert_int_equal(diags.len, 1);
    assert_int_equal(diags.at[0].line, 1);
    rg_arena_free(diags.arena);
    rg_free(diags.at);
    rg_free(text);
}

static void test_nesting_ends_before_the_stack_does(void **state)
{
    (void)state;
    static const char *const parts[] = {"[", "{a: ", "- ", "? ", "[{"};
    for (size_t i = 0; i < RG_COUNT(parts); i++) {
        char *text = repeat(parts[i], 100000);
        reading r = read_text(text);
        assert_null(r.study);
        assert_int_equal(r.diags.len, 1);
        assert_true(r.diags.at[0].line >= 1);
        reading_free(&r);
        rg_free(text);
    }
}

static void test_absent_file(void **state)
{
    (void)state;
    rg_diags diags = {.arena = rg_arena_new()};
    assert_null(rg_study_read("absent.yaml", NULL, 0, false, &catalog, &diags));
    assert_int_equal(diags.len, 1);
    assert_string_equal(diags.file, "absent.yaml");
    rg_arena_free(diags.arena);
    rg_free(diags.at);
}

/* A file cut anywhere, or with one byte changed, is a study or has a reason not to be one. */
static void test_damaged_files_never_go_unexplained(void **state)
{
    (void)state;
    char *text;
    size_t len;
    rg_err err = {0};
    assert_true(
        rg_file_read(RIGOR_SOURCE_DIR "/examples/digits.yaml", 1 << 20, &text, &len, &err));
    uint64_t seed = support_seed();
    rg_rng rng = rg_rng_open(seed, "damage");
    for (int round = 0; round < 600; round++) {
        size_t cut = round % 2 ? len : rg_rng_below(&rng, len + 1);
        char *copy = rg_alloc(len + 1);
        memcpy(copy, text, len);
        if (cut == len)
            copy[rg_rng_below(&rng, len)] = (char)rg_rng_below(&rng, 256);
        reading r = read_bytes(copy, cut);
        if (!r.study == (r.diags.total == 0))
            fail_msg("seed %llu, round %d", (unsigned long long)seed, round);
        for (size_t i = 0; i < r.diags.len; i++)
            assert_true(r.diags.at[i].line >= 1 && *r.diags.at[i].what);
        reading_free(&r);
        rg_free(copy);
    }
    rg_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_broken_file_ends_in_its_mistakes,
                                        catch_stderr, release_stderr),
        cmocka_unit_test(test_empty_text),
        cmocka_unit_test(test_ten_megabytes),
        cmocka_unit_test_setup_teardown(test_nesting_ends_before_the_stack_does, catch_stderr,
                                        release_stderr),
        cmocka_unit_test(test_absent_file),
        cmocka_unit_test_setup_teardown(test_damaged_files_never_go_unexplained, catch_stderr,
                                        release_stderr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
