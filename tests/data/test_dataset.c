/* Data sets: by name and by path, the task that is inferred, what is refused. */
#include "scratch.h"

static rg_dataset *load_text(const char *text, const char *target, rg_arena *arena)
{
    rg_err err = {0};
    scratch_text("d.csv", text);
    rg_dataset *data = rg_dataset_load("d.csv", target, NULL, arena, &err);
    assert_good(data, err);
    return data;
}

static void refuses(const char *text, const char *target, const char *where, const char *what)
{
    rg_arena *arena = rg_arena_new();
    rg_err err = {0};
    scratch_text("d.csv", text);
    assert_null(rg_dataset_load("d.csv", target, NULL, arena, &err));
    assert_int_equal(err.code, RG_INPUT);
    assert_error(err, where, what);
    rg_arena_free(arena);
}

/* ---- the task
 * ----------------------------------------------------------------------------------- */

static void texts_are_classes(void **state)
{
    rg_dataset *d = load_text("a,kind\n1,pear\n2,apple\n3,pear\n4,Apple\n", NULL, *state);
    assert_int_equal(d->task, RG_CLASSIFY);
    assert_int_equal(d->classes, 3);
    assert_string_equal(d->class_name[0], "Apple"); /* by bytes */
    assert_string_equal(d->class_name[1], "apple");
    assert_string_equal(d->class_name[2], "pear");
    const int32_t labels[] = {2, 1, 2, 0};
    assert_memory_equal(d->label, labels, sizeof(labels));
    assert_null(d->target);
    assert_int_equal(d->features, 1);
    assert_int_equal(d->table->columns, 1);
    assert_string_equal(d->name, "d.csv");
}

static void few_whole_numbers_are_classes(void **state)
{
    rg_dataset *d =
        load_text("a,y\n1,10\n2,-1\n3,9\n4,10\n5,-1\n6,9\n7,9\n8,9\n9,-1\n", "y", *state);
    assert_int_equal(d->task, RG_CLASSIFY);
    assert_int_equal(d->classes, 3);
    assert_string_equal(d->class_name[0], "-1"); /* by value, not by bytes */
    assert_string_equal(d->class_name[1], "9");
    assert_string_equal(d->class_name[2], "10");
    assert_int_equal(d->label[0], 2);
    assert_int_equal(d->label[1], 0);
}

static void two_numbers_are_classes_in_the_smallest_table(void **state)
{
    rg_dataset *d = load_text("a,y\n1,0\n2,1\n", NULL, *state);
    assert_int_equal(d->task, RG_CLASSIFY);
    d = load_text("a,y\n1,-0\n2,1\n3,0\n", NULL, *state); /* -0 is 0 */
    assert_int_equal(d->classes, 2);
    assert_string_equal(d->class_name[0], "0");
}

static rg_task task_of(size_t rows, size_t values, const char *suffix, rg_arena *arena)
{
    rg_str text = {0};
    rg_str_add(&text, "a,y\n");
    for (size_t r = 0; r < rows; r++)
        rg_str_printf(&text, "%zu,%zu%s\n", r, r % values, suffix);
    rg_dataset *d = load_text(rg_str_text(&text), NULL, arena);
    rg_str_free(&text);
    return d->task;
}

static void the_edges_of_the_rule(void **state)
{
    assert_int_equal(task_of(60, 20, "", *state), RG_CLASSIFY);
    assert_int_equal(task_of(63, 21, "", *state), RG_REGRESS);  /* too many values */
    assert_int_equal(task_of(59, 20, "", *state), RG_REGRESS);  /* too few rows for them */
    assert_int_equal(task_of(60, 3, ".5", *state), RG_REGRESS); /* not whole */
    assert_int_equal(task_of(60, 3, ".0", *state), RG_CLASSIFY);
}

static void regression(void **state)
{
    rg_dataset *d = load_text("y,a,b\n1.5,x,1\n-2,y,2\n", "y", *state);
    assert_int_equal(d->task, RG_REGRESS);
    assert_int_equal(d->classes, 0);
    assert_null(d->label);
    assert_close(d->target[0], 1.5, 0);
    assert_int_equal(d->features, 2);
    assert_string_equal(d->table->column[0].name, "a");
    assert_string_equal(d->table->column[1].name, "b");
}

/* ---- what is refused
 * ----------------------------------------------------------------------------- */

static void missing_targets(void **state)
{
    (void)state;
    refuses("a,y\n1,2.5\n2,\n3,4\n4,NA\n", NULL, "d.csv:3",
            "the target 'y' is missing in 2 rows (lines 3, 5)");
    refuses("a,y\n1,u\n2,?\n3,v\n", NULL, "d.csv:3", "in 1 row (lines 3)");
    rg_str text = {0};
    rg_str_add(&text, "y,a\n1,1\n");
    for (int i = 0; i < 9; i++)
        rg_str_add(&text, ",1\n");
    refuses(rg_str_text(&text), "y", "d.csv:3", "9 rows (lines 3, 4, 5, 6, 7, ...)");
    rg_str_free(&text);
}

static void bad_targets(void **state)
{
    (void)state;
    refuses("a,y\n1,u\n2,u\n", NULL, "d.csv", "the same value in every row");
    refuses("a,y\n1,3\n2,3\n", NULL, "d.csv", "the same value in every row");
    refuses("a,y\n1,2.5\n2,inf\n", NULL, "d.csv:3", "the target 'y' is inf");
    refuses("a,y\n1,2.5\n2,1e39\n", NULL, "d.csv:3", "not a finite single-precision");
    refuses("accuracy,loss\n1,2\n2,3\n", "acuracy", "d.csv",
            "no column 'acuracy'; did you mean 'accuracy'?");
    refuses("y\n1\n2\n", NULL, "d.csv", "one column");
    rg_str text = {0};
    rg_str_add(&text, "a,y\n");
    for (int i = 0; i < 30; i++)
        rg_str_printf(&text, "%d,%d.5\n", i, i);
    rg_str_add(&text, "7,4O\n");
    refuses(rg_str_text(&text), NULL, "d.csv:32", "a number in 30 rows and '4O' here");
    rg_str_free(&text);
}

static void infinite_features(void **state)
{
    (void)state;
    refuses("a,b,y\n1,2,u\n3,-inf,v\n", NULL, "d.csv:3", "the column 'b' is infinite");
}

static void unknown_names_and_files(void **state)
{
    rg_err err = {0};
    assert_null(rg_dataset_load("digit", NULL, NULL, *state, &err));
    assert_error(err, "digit", "did you mean 'digits'?");
    err = (rg_err){0};
    assert_null(rg_dataset_load("nothing.csv", NULL, "folder", *state, &err));
    assert_error(err, "nothing.csv", "no such file");
    err = (rg_err){0};
    scratch_text("d.xlsx", "x");
    assert_null(rg_dataset_load("d.xlsx", NULL, NULL, *state, &err));
    assert_error(err, "d.xlsx", "format");
}

/* ---- where files are found
 * ------------------------------------------------------------------------ */

static void paths_are_relative_to_the_study(void **state)
{
    rg_err err = {0};
    assert_true(rg_dir_make("folder/deep", 0755, &err));
    scratch_text("folder/deep/t.csv", "a,y\n1,u\n2,v\n");
    rg_dataset *d = rg_dataset_load("deep/t.csv", NULL, "folder", *state, &err);
    assert_good(d, err);
    assert_string_equal(d->name, "t.csv");
    assert_int_equal(strlen(d->hash), 64);
}

static void the_environment_names_the_folder(void **state)
{
    rg_err err = {0};
    assert_true(rg_dir_make("sets", 0755, &err));
    scratch_text("sets/digits.csv.gz", "1,2\n3,4\n");
    setenv("RIGOR_DATA", "sets", 1);
    assert_null(rg_dataset_load("digits", NULL, NULL, *state, &err));
    unsetenv("RIGOR_DATA");
    assert_error(err, "sets/digits.csv.gz", "is not the data set 'digits'");
    err = (rg_err){0};
    setenv("RIGOR_DATA", "nowhere", 1); /* goes on to the source tree */
    assert_good(rg_dataset_load("digits", NULL, NULL, *state, &err), err);
    unsetenv("RIGOR_DATA");
}

static void the_registry_is_complete(void **state)
{
    for (const rg_data_source *s = rg_data_sources; s->name; s++) {
        rg_err err = {0};
        assert_true(*s->title && *s->licence && *s->origin && strlen(s->sha256) == 64);
        rg_dataset *d = rg_dataset_load(s->name, NULL, NULL, *state, &err);
        assert_good(d, err);
        assert_int_equal(d->rows, s->rows);
        assert_int_equal(d->task, s->task);
    }
}

/* ---- arrays
 * --------------------------------------------------------------------------------------- */

static void archives(void **state)
{
    rg_err err = {0};
    uint8_t x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    int64_t y[] = {5, 3, 5};
    float z[] = {.5f, 1, 2};
    const rg_array arrays[] = {{"x", RG_ARRAY_U8, 3, {3, 2, 2}, x},
                               {"y", RG_ARRAY_I64, 1, {3}, y},
                               {"z", RG_ARRAY_F32, 2, {3, 1}, z},
                               {"short", RG_ARRAY_F32, 1, {2}, z}};
    assert_good(rg_npz_write("a.npz", arrays, 4, 0644, &err), err);
    rg_dataset *d = rg_dataset_load("a.npz", NULL, NULL, *state, &err);
    assert_good(d, err);
    assert_null(d->table);
    assert_int_equal(d->features, 4);
    assert_close(d->x[11], 12, 0);
    assert_int_equal(d->classes, 2);
    assert_int_equal(d->label[0], 1);
    d = rg_dataset_load("a.npz", "z", NULL, *state, &err);
    assert_good(d, err);
    assert_int_equal(d->task, RG_REGRESS);
    assert_null(rg_dataset_load("a.npz", "w", NULL, *state, &err));
    assert_error(err, "a.npz", "no array 'w'");
    err = (rg_err){0};
    assert_null(rg_dataset_load("a.npz", "short", NULL, *state, &err));
    assert_error(err, "a.npz", "the shapes of x and short");
    err = (rg_err){0};
    float bad[] = {1, 2, INFINITY};
    const rg_array infinite[] = {{"x", RG_ARRAY_F32, 2, {3, 1}, bad}, arrays[1]};
    assert_good(rg_npz_write("b.npz", infinite, 2, 0644, &err), err);
    assert_null(rg_dataset_load("b.npz", NULL, NULL, *state, &err));
    assert_error(err, "b.npz", "row 2, column 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(texts_are_classes),
        IN_ARENA(few_whole_numbers_are_classes),
        IN_ARENA(two_numbers_are_classes_in_the_smallest_table),
        IN_ARENA(the_edges_of_the_rule),
        IN_ARENA(regression),
        IN_ARENA(missing_targets),
        IN_ARENA(bad_targets),
        IN_ARENA(infinite_features),
        IN_ARENA(unknown_names_and_files),
        IN_ARENA(paths_are_relative_to_the_study),
        IN_ARENA(the_environment_names_the_folder),
        IN_ARENA(the_registry_is_complete),
        IN_ARENA(archives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
