/* The files for trainers: encoding, imputation and scaling fitted on the training part alone.
 */
#include "scratch.h"

#include <sys/stat.h>

static rg_dataset *load_text(const char *text, rg_arena *arena)
{
    rg_err err = {0};
    scratch_text("d.csv", text);
    rg_dataset *data = rg_dataset_load("d.csv", NULL, NULL, arena, &err);
    assert_good(data, err);
    return data;
}

/* The first rows train, then val, then test. */
static rg_split in_order(rg_arena *arena, size_t train, size_t val, size_t test)
{
    uint32_t *rows = RG_ARENA_ARRAY(arena, uint32_t, train + val + test);
    for (size_t i = 0; i < train + val + test; i++)
        rows[i] = (uint32_t)i;
    return (rg_split){.train = rows,
                      .val = rows + train,
                      .test = rows + train + val,
                      .n_train = train,
                      .n_val = val,
                      .n_test = test};
}

static json_t *write_parts(const rg_dataset *data, const rg_split *split, rg_scale scale)
{
    rg_err err = {0};
    json_t *info = NULL;
    assert_good(rg_parts_write(data, split, scale, "parts", "labels.npz", &info, &err), err);
    return info;
}

static rg_part read_part(const char *path, rg_arena *arena)
{
    rg_err err = {0};
    rg_part part;
    assert_good(rg_part_read(path, arena, &part, &err), err);
    return part;
}

static void assert_row(const rg_part *part, size_t row, const float *expected)
{
    for (size_t c = 0; c < part->features; c++)
        assert_close(part->x[row * part->features + c], expected[c], 1e-7);
}

/* ---- encoding
 * -------------------------------------------------------------------------------------- */

static void one_hot_and_imputation(void **state)
{
    rg_dataset *d = load_text("colour,size,y\n"
                              "red,1,u\nblue,,v\nred,5,u\n,3,v\n" /* train */
                              "green,,u\n"                        /* val: unseen, missing */
                              "blue,9,v\nNA,2,u\n",               /* test */
                              *state);
    rg_split split = in_order(*state, 4, 1, 2);
    json_t *info = write_parts(d, &split, RG_SCALE_NONE);
    assert_int_equal(json_integer_value(json_object_get(info, "features")), 2);
    assert_int_equal(json_integer_value(json_object_get(info, "encoded")), 3);
    assert_int_equal(json_integer_value(rg_json_path(info, "imputed.train")), 2);
    assert_int_equal(json_integer_value(rg_json_path(info, "imputed.val")), 1);
    assert_int_equal(json_integer_value(rg_json_path(info, "unseen.val")), 1);
    assert_int_equal(json_integer_value(rg_json_path(info, "unseen.test")), 0);
    json_decref(info);
    rg_part train = read_part("parts/train.npz", *state);
    assert_row(&train, 0, (float[]){0, 1, 1}); /* levels blue, red */
    assert_row(&train, 1, (float[]){1, 0, 3}); /* the median of 1, 5, 3 */
    assert_row(&train, 3, (float[]){0, 1, 3}); /* red is the most frequent */
    rg_part val = read_part("parts/val.npz", *state);
    assert_row(&val, 0, (float[]){0, 0, 3});
    rg_part test = read_part("parts/test_inputs.npz", *state);
    assert_row(&test, 0, (float[]){1, 0, 9});
    assert_row(&test, 1, (float[]){0, 1, 2});
    assert_int_equal(test.id[1], 6);
}

static void ties_and_even_medians(void **state)
{
    rg_dataset *d = load_text("t,n,y\nb,1,u\na,2,v\na,10,u\nb,4,v\n,,u\n,,v\n", *state);
    rg_split split = in_order(*state, 4, 1, 1);
    json_decref(write_parts(d, &split, RG_SCALE_NONE));
    rg_part val = read_part("parts/val.npz", *state);
    assert_row(&val, 0, (float[]){1, 0, 3}); /* a before b; (2 + 4) / 2 */
}

static void scaling(void **state)
{
    rg_dataset *d = load_text("a,same,y\n2,7,u\n4,7,v\n6,7,u\n8,9,v\n-2,7,u\n", *state);
    rg_split split = in_order(*state, 3, 1, 1);
    json_t *info = write_parts(d, &split, RG_SCALE_STANDARD);
    assert_string_equal(json_string_value(json_array_get(json_object_get(info, "constant"), 0)),
                        "same");
    json_decref(info);
    float unit = sqrtf(1.5f); /* mean 4, population sd sqrt(8 / 3) */
    rg_part train = read_part("parts/train.npz", *state);
    assert_row(&train, 0, (float[]){-unit, 0});
    assert_row(&train, 1, (float[]){0, 0});
    rg_part val = read_part("parts/val.npz", *state);
    assert_row(&val, 0, (float[]){2 * unit, 0}); /* 9 is new, yet the column told nothing */
    json_decref(write_parts(d, &split, RG_SCALE_MINMAX));
    train = read_part("parts/train.npz", *state);
    assert_row(&train, 2, (float[]){1, 0});
    rg_part test = read_part("parts/test_inputs.npz", *state);
    assert_row(&test, 0, (float[]){-1, 0}); /* outside of the range of training */
}

static void a_column_that_training_does_not_have(void **state)
{
    rg_dataset *d = load_text("a,gone,t,y\n1,,,u\n2,NA,?,v\n3,5,x,u\n4,6,y,v\n", *state);
    rg_split split = in_order(*state, 2, 1, 1);
    json_t *info = write_parts(d, &split, RG_SCALE_STANDARD);
    assert_int_equal(json_array_size(json_object_get(info, "empty")), 2);
    assert_int_equal(json_integer_value(json_object_get(info, "encoded")), 2);
    json_decref(info);
    rg_part val = read_part("parts/val.npz", *state);
    assert_close(val.x[1], 0, 0);
}

static void classes_are_those_of_the_data_set(void **state)
{
    rg_dataset *d = load_text("a,y\n1,u\n2,u\n3,v\n4,w\n", *state);
    rg_split split = in_order(*state, 2, 1, 1);
    json_t *info = write_parts(d, &split, RG_SCALE_NONE);
    assert_int_equal(json_array_size(json_object_get(info, "classes_without_training")), 2);
    json_decref(info);
    static const char *const files[] = {"parts/train.npz", "parts/val.npz",
                                        "parts/test_inputs.npz", "labels.npz"};
    for (size_t i = 0; i < RG_COUNT(files); i++) {
        rg_part part = read_part(files[i], *state);
        assert_int_equal(part.classes, 3);
        assert_int_equal(part.task, RG_CLASSIFY);
    }
}

static void regression_parts(void **state)
{
    rg_dataset *d = load_text("a,y\n1,1.5\n2,2.5\n3,-7\n4,0.1\n", *state);
    rg_split split = in_order(*state, 2, 1, 1);
    json_decref(write_parts(d, &split, RG_SCALE_NONE));
    rg_part train = read_part("parts/train.npz", *state);
    assert_int_equal(train.task, RG_REGRESS);
    assert_int_equal(train.classes, 0);
    assert_null(train.label);
    assert_close(train.target[1], 2.5, 0);
    assert_int_equal(read_part("parts/test_inputs.npz", *state).task, RG_REGRESS);
    assert_close(read_part("labels.npz", *state).target[0], .1f, 0);
}

static void arrays_with_gaps(void **state)
{
    rg_err err = {0};
    float x[] = {1, NAN, 3, 10, 5, NAN};
    int32_t y[] = {0, 1, 0};
    const rg_array arrays[] = {{"x", RG_ARRAY_F32, 2, {3, 2}, x},
                               {"y", RG_ARRAY_I32, 1, {3}, y}};
    assert_good(rg_npz_write("gaps.npz", arrays, 2, 0644, &err), err);
    rg_dataset *d = rg_dataset_load("gaps.npz", NULL, NULL, *state, &err);
    assert_good(d, err);
    rg_split split = in_order(*state, 1, 1, 1);
    json_decref(write_parts(d, &split, RG_SCALE_NONE));
    assert_row(&(rg_part){.features = 2, .x = read_part("parts/train.npz", *state).x}, 0,
               (float[]){1, 0});
    assert_row(&(rg_part){.features = 2, .x = read_part("parts/test_inputs.npz", *state).x}, 0,
               (float[]){5, 0});
}

static void what_cannot_be_encoded(void **state)
{
    rg_err err = {0};
    json_t *info = NULL;
    rg_dataset *d = load_text("a,y\n1e300,u\n2,v\n3,u\n", *state);
    rg_split split = in_order(*state, 1, 1, 1);
    assert_false(rg_parts_write(d, &split, RG_SCALE_NONE, "none", "none.npz", &info, &err));
    assert_error(err, "d.csv", "the column 'a' is 1e+300 in row 0");
    assert_false(rg_file_exists("none/train.npz"));
    assert_null(info);
    rg_str text = {0};
    rg_str_add(&text, "name,y\n");
    for (int i = 0; i < 1200; i++)
        rg_str_printf(&text, "person %d,%s\n", i, i % 2 ? "u" : "v");
    d = load_text(rg_str_text(&text), *state);
    rg_str_free(&text);
    split = in_order(*state, 1100, 50, 50);
    err = (rg_err){0};
    assert_false(rg_parts_write(d, &split, RG_SCALE_NONE, "none", "none.npz", &info, &err));
    assert_error(err, "d.csv", "the column 'name' has 1100 different texts");
}

/* ---- what the training part may know
 * ---------------------------------------------------------------- */

static void hashes_of(json_t *info, char ret[4][RG_HEX])
{
    static const char *const names[] = {"train.npz", "val.npz", "test_inputs.npz",
                                        "labels.npz"};
    for (size_t i = 0; i < 4; i++) {
        const char *hash = rg_json_text(json_object_get(info, "files"), names[i], "");
        snprintf(ret[i], RG_HEX, "%s", hash);
    }
    json_decref(info);
}

/* Random tables, any change of val and test rows: train.npz keeps its bytes. */
static void other_parts_never_change_training(void **state)
{
    rg_arena *arena = *state;
    static const char *const cells[] = {"red", "blue", "green", "", "12"};
    for (uint64_t trial = 0; trial < 30; trial++) {
        char hash[2][4][RG_HEX];
        for (int version = 0; version < 2; version++) {
            rg_rng rng = rg_rng_open(support_seed(), "parts/%d", (int)trial);
            rg_str text = {0};
            rg_str_add(&text, "a,b,t,y\n");
            for (size_t r = 0; r < 30; r++) {
                if (r == 18 && version) /* from here on the rows are others */
                    rng = rg_rng_open(support_seed(), "other/%d", (int)trial);
                if (rg_rng_below(&rng, 5))
                    rg_str_printf(&text, "%.6g", rg_rng_normal(&rng));
                rg_str_printf(&text, ",%d,%s,k%d\n", (int)rg_rng_below(&rng, 100),
                              r ? cells[rg_rng_below(&rng, 5)] : "red", (int)(r % 3));
            }
            rg_dataset *d = load_text(rg_str_text(&text), arena);
            rg_str_free(&text);
            rg_split split = in_order(arena, 18, 6, 6);
            hashes_of(write_parts(d, &split, (rg_scale)(trial % 3)), hash[version]);
        }
        assert_string_equal(hash[0][0], hash[1][0]);
        assert_string_not_equal(hash[0][1], hash[1][1]);
        assert_string_not_equal(hash[0][2], hash[1][2]);
    }
}

static void bytes_are_reproducible(void **state)
{
    rg_err err = {0};
    char hash[2][4][RG_HEX], check[RG_HEX];
    for (int i = 0; i < 2; i++) {
        rg_dataset *d = rg_dataset_load("digits", NULL, NULL, *state, &err);
        assert_good(d, err);
        rg_split_spec spec = {.train = .6, .val = .2, .test = .2, .stratify = true, .seed = 5};
        rg_split split;
        assert_good(rg_split_make(d, &spec, *state, &split, &err), err);
        hashes_of(write_parts(d, &split, RG_SCALE_STANDARD), hash[i]);
    }
    assert_memory_equal(hash[0], hash[1], sizeof(hash[0]));
    assert_true(rg_sha_file("parts/train.npz", check, &err));
    assert_string_equal(check, hash[0][0]);
    /* Noted once: every machine, compiler and optimisation must come to the same bytes. */
    assert_string_equal(check,
                        "4eca59e2263d707d09e0f562207c34d6958286d1485f733364a957ab839de96c");
}

static void labels_are_private(void **state)
{
    struct stat status;
    rg_dataset *d = load_text("a,y\n1,u\n2,v\n3,u\n", *state);
    rg_split split = in_order(*state, 1, 1, 1);
    json_decref(write_parts(d, &split, RG_SCALE_NONE));
    assert_int_equal(stat("labels.npz", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    rg_part inputs = read_part("parts/test_inputs.npz", *state);
    assert_null(inputs.label);
    assert_null(inputs.target);
}

/* ---- duplicates
 * ------------------------------------------------------------------------------------- */

static void duplicates_across_parts(void **state)
{
    rg_dataset *d =
        load_text("a,t,y\n"
                  "1,x,u\n1,x,v\n2,,u\n-0,z,v\n" /* train; twins inside do not count */
                  "1,x,u\n3,x,u\n"               /* val: the first is in train */
                  "2,,v\n0,z,u\n3,x,v\n3,X,v\n", /* test: train, train, val, none */
                  *state);
    rg_split split = in_order(*state, 4, 2, 4);
    json_t *info = write_parts(d, &split, RG_SCALE_NONE);
    assert_int_equal(json_integer_value(json_object_get(info, "duplicates_across")), 4);
    assert_int_equal(json_integer_value(rg_json_path(info, "duplicates.val")), 1);
    assert_int_equal(json_integer_value(rg_json_path(info, "duplicates.test")), 3);
    json_decref(info);
}

/* ---- reading back what is broken
 * --------------------------------------------------------------------- */

static void broken_parts(void **state)
{
    static float x[4];
    static int64_t id[2];
    static int32_t y[] = {0, 1}, negative[] = {0, -1}, two = 2, one = 1;
    const rg_array good_x = {"x", RG_ARRAY_F32, 2, {2, 2}, x};
    const rg_array good_id = {"id", RG_ARRAY_I64, 1, {2}, id};
    const struct {
        rg_array arrays[4];
        size_t n;
        const char *what;
    } cases[] = {
        {{good_x}, 1, "no array id"},
        {{good_id}, 1, "neither x nor y"},
        {{good_id, {"x", RG_ARRAY_F64, 1, {2}, x}}, 2, "x must be"},
        {{good_id, {"x", RG_ARRAY_F32, 2, {1, 4}, x}}, 2, "x must be"},
        {{good_id, good_x, {"y", RG_ARRAY_I32, 1, {1}, y}}, 3, "y must be"},
        {{good_id, {"y", RG_ARRAY_I32, 1, {2}, negative}}, 2, "negative"},
        {{good_id, {"y", RG_ARRAY_I32, 1, {2}, y}, {"classes", RG_ARRAY_I32, 1, {1}, &one}},
         3,
         "outside of the recorded classes"},
        {{good_id, {"y", RG_ARRAY_F32, 1, {2}, x}, {"classes", RG_ARRAY_I32, 1, {1}, &two}},
         3,
         "outside"},
        {{good_id, good_x, {"classes", RG_ARRAY_I32, 2, {1, 1}, &two}}, 3, "classes must be"},
        {{good_id, good_x, {"group", RG_ARRAY_I64, 1, {1}, id}}, 3, "group must be"},
        {{good_id, good_x, {"group", RG_ARRAY_I32, 1, {2}, y}}, 3, "group must be"},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        rg_err err = {0};
        rg_part part = {.rows = 77};
        assert_good(rg_npz_write("p.npz", cases[i].arrays, cases[i].n, 0644, &err), err);
        assert_false(rg_part_read("p.npz", *state, &part, &err));
        assert_error(err, "p.npz", cases[i].what);
        assert_int_equal(part.rows, 77);
    }
    rg_err err = {0};
    const rg_array plain[] = {good_id, {"y", RG_ARRAY_I32, 1, {2}, y}};
    assert_good(rg_npz_write("p.npz", plain, 2, 0644, &err), err);
    assert_int_equal(read_part("p.npz", *state).classes, 2); /* one more than the largest */
    assert_null(read_part("p.npz", *state).group);
    const rg_array ranked[] = {plain[0], plain[1], {"group", RG_ARRAY_I64, 1, {2}, id}};
    assert_good(rg_npz_write("p.npz", ranked, 3, 0644, &err), err);
    assert_memory_equal(read_part("p.npz", *state).group, id, sizeof(id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(one_hot_and_imputation),
        IN_ARENA(ties_and_even_medians),
        IN_ARENA(scaling),
        IN_ARENA(a_column_that_training_does_not_have),
        IN_ARENA(classes_are_those_of_the_data_set),
        IN_ARENA(regression_parts),
        IN_ARENA(arrays_with_gaps),
        IN_ARENA(what_cannot_be_encoded),
        IN_ARENA(other_parts_never_change_training),
        IN_ARENA(bytes_are_reproducible),
        IN_ARENA(labels_are_private),
        IN_ARENA(duplicates_across_parts),
        IN_ARENA(broken_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
