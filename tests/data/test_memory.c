/* A machine without memory: each large allocation fails once, and an error comes back. */
#include "scratch.h"

#include "data/npy.h"

enum { ROWS = 150000, LARGE = 500000 }; /* every array over the rows is larger than that */

static size_t countdown; /* large allocations until one fails; 0: none fails */

static void *failing(void *ctx, void *old, size_t bytes)
{
    (void)ctx;
    if (bytes == 0) {
        free(old);
        return NULL;
    }
    if (bytes > LARGE && countdown > 0 && --countdown == 0)
        return NULL;
    return realloc(old, bytes);
}

typedef bool work(rg_arena *arena, const char *data, size_t len, rg_err *err);

/* Lets the first, second, ... large allocation fail until none is left. */
static void fails_well(work *run, const char *data, size_t len, size_t at_least)
{
    size_t failures = 0;
    rg_allocator_set((rg_allocator){failing, NULL});
    for (bool done = false; !done; failures += !done) {
        rg_arena *arena = rg_arena_new();
        rg_err err = {0};
        countdown = failures + 1;
        done = run(arena, data, len, &err);
        countdown = 0;
        if (!done && (err.code != RG_INTERNAL || !strstr(err.what, "memory")))
            fail_msg("failure %zu: '%s' (%s)", failures + 1, err.what, err.where);
        rg_arena_free(arena);
    }
    if (failures < at_least)
        fail_msg("only %zu allocations failed", failures);
}

static bool parse_csv(rg_arena *arena, const char *data, size_t len, rg_err *err)
{
    return rg_csv_parse(data, len, "t.csv", RG_HEADER_GUESS, arena, err) != NULL;
}

static bool parse_npz(rg_arena *arena, const char *data, size_t len, rg_err *err)
{
    rg_arrays arrays;
    return rg_npz_parse(data, len, "a.npz", arena, &arrays, err);
}

static char *table_text(size_t *ret_len)
{
    rg_str text = {0};
    rg_str_add(&text, "a,b,y\n");
    for (int i = 0; i < ROWS; i++)
        rg_str_printf(&text, "%d,%s,%d.5\n", i, i % 2 ? "u" : "v", i);
    *ret_len = text.len;
    return text.data;
}

static void tables(void **state)
{
    (void)state;
    size_t len;
    char *text = table_text(&len);
    /* the copy, cells, lines, the table's lines, three columns of numbers, one of texts */
    fails_well(parse_csv, text, len, 8);
    rg_free(text);
}

static void archives(void **state)
{
    (void)state;
    rg_err err = {0};
    char *data;
    size_t len;
    double *values = RG_NEW_ARRAY(double, ROWS);
    const rg_array array = {"x", RG_ARRAY_F64, 1, {ROWS}, values};
    assert_good(rg_npz_write("a.npz", &array, 1, 0644, &err), err);
    rg_free(values);
    assert_good(rg_file_read("a.npz", 1 << 30, &data, &len, &err), err);
    fails_well(parse_npz, data, len, 1);
    rg_free(data);
}

static rg_dataset *dataset; /* lives in the test's arena */
static rg_split split;

static bool write_parts(rg_arena *arena, const char *data, size_t len, rg_err *err)
{
    (void)arena, (void)data, (void)len;
    json_t *info = NULL;
    bool good = rg_parts_write(dataset, &split, RG_SCALE_STANDARD, "p", "l.npz", &info, err);
    json_decref(info);
    return good;
}

static bool cut(rg_arena *arena, const char *data, size_t len, rg_err *err)
{
    (void)data, (void)len;
    rg_split_spec spec = {.train = .8, .val = .1, .test = .1};
    rg_split unused;
    return rg_split_make(dataset, &spec, arena, &unused, err);
}

static void splits_and_parts(void **state)
{
    rg_err err = {0};
    size_t len;
    char *text = table_text(&len);
    scratch_file("big.csv", text, len);
    rg_free(text);
    dataset = rg_dataset_load("big.csv", NULL, NULL, *state, &err);
    assert_good(dataset, err);
    rg_split_spec spec = {.train = .8, .val = .1, .test = .1};
    assert_good(rg_split_make(dataset, &spec, *state, &split, &err), err);
    fails_well(cut, NULL, 0, 1);
    fails_well(write_parts, NULL, 0, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(tables),
        IN_ARENA(archives),
        IN_ARENA(splits_and_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
