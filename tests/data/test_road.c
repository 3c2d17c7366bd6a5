/* The whole road on the digits: registry, split, parts, reading back, scoring. */
#include "scratch.h"

#include <sys/stat.h>

static rg_dataset *digits(rg_arena *arena)
{
    rg_err err = {0};
    rg_dataset *data = rg_dataset_load("digits", NULL, NULL, arena, &err);
    assert_good(data, err);
    return data;
}

static void loads_the_digits(void **state)
{
    rg_arena *arena = *state;
    rg_dataset *data = digits(arena);
    assert_int_equal(data->rows, 1797);
    assert_int_equal(data->features, 64);
    assert_int_equal(data->task, RG_CLASSIFY);
    assert_int_equal(data->classes, 10);
    assert_string_equal(data->class_name[9], "9");
    assert_null(data->x);
    assert_null(data->target);
    assert_string_equal(data->hash, rg_data_sources[0].sha256);
    double sum = 0; /* 561718.0 by NumPy: digits.data.sum() */
    for (size_t c = 0; c < 64; c++)
        for (size_t r = 0; r < data->rows; r++)
            sum += data->table->column[c].number[r];
    assert_close(sum, 561718, 0);
    const size_t per_class[10] = {178, 182, 177, 183, 181, 182, 181, 179, 174, 180};
    size_t count[10] = {0};
    for (size_t r = 0; r < data->rows; r++)
        count[data->label[r]]++;
    assert_memory_equal(count, per_class, sizeof(count));
}

static rg_split split_of(const rg_dataset *data, rg_arena *arena)
{
    rg_err err = {0};
    rg_split split;
    rg_split_spec spec = {.train = .6, .val = .2, .test = .2, .stratify = true, .seed = 7};
    assert_good(rg_split_make(data, &spec, arena, &split, &err), err);
    return split;
}

static void parts_read_back(void **state)
{
    rg_arena *arena = *state;
    rg_err err = {0};
    rg_dataset *data = digits(arena);
    rg_split split = split_of(data, arena);
    json_t *info = NULL;
    assert_good(
        rg_parts_write(data, &split, RG_SCALE_STANDARD, "parts", "labels.npz", &info, &err),
        err);
    struct stat status;
    assert_int_equal(stat("labels.npz", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(json_object_size(json_object_get(info, "files")), 4);
    rg_part train, inputs, labels;
    assert_good(rg_part_read("parts/train.npz", arena, &train, &err), err);
    assert_good(rg_part_read("parts/test_inputs.npz", arena, &inputs, &err), err);
    assert_good(rg_part_read("labels.npz", arena, &labels, &err), err);
    assert_int_equal(train.rows, 1078);
    assert_int_equal(train.features, 64);
    assert_int_equal(train.classes, 10);
    assert_int_equal(inputs.classes, 10);
    assert_null(inputs.label);
    assert_null(inputs.target);
    assert_null(labels.x);
    assert_int_equal(inputs.rows, labels.rows);
    assert_memory_equal(inputs.id, labels.id, inputs.rows * sizeof(int64_t));
    for (size_t i = 0; i < labels.rows; i++)
        assert_int_equal(labels.label[i], data->label[labels.id[i]]);
    for (size_t c = 0; c < 64; c++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < train.rows; i++) {
            double v = train.x[i * 64 + c];
            sum += v;
            squares += v * v;
        }
        assert_close(sum / 1078, 0, 1e-6);
        assert_true(squares == 0 || fabs(squares / 1078 - 1) < 1e-5);
    }
    json_decref(info);
}

static void predictions_score(void **state)
{
    rg_arena *arena = *state;
    rg_err err = {0};
    rg_dataset *data = digits(arena);
    rg_split split = split_of(data, arena);
    json_t *info = NULL;
    assert_good(rg_parts_write(data, &split, RG_SCALE_NONE, "scored", "truth.npz", &info, &err),
                err);
    json_decref(info);
    rg_part truth;
    assert_good(rg_part_read("truth.npz", arena, &truth, &err), err);
    float *value = RG_ARENA_ARRAY(arena, float, truth.rows * 10);
    int64_t *id = RG_ARENA_ARRAY(arena, int64_t, truth.rows);
    for (size_t i = 0; i < truth.rows; i++) { /* in reverse order; every fourth is wrong */
        size_t from = truth.rows - 1 - i;
        id[i] = truth.id[from];
        int32_t guess = from % 4 ? truth.label[from] : (truth.label[from] + 1) % 10;
        value[i * 10 + (size_t)guess] = 1;
    }
    rg_predictions written = {truth.rows, 10, value, id, false, NULL}, read;
    assert_good(rg_predictions_write("predictions.npz", &written, &err), err);
    assert_good(rg_predictions_read("predictions.npz", &truth, arena, &read, &err), err);
    double right = (double)(truth.rows - (truth.rows + 3) / 4) / (double)truth.rows;
    assert_close(rg_metric_find("accuracy")->score(&read, &truth), right, 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(loads_the_digits),
        IN_ARENA(parts_read_back),
        IN_ARENA(predictions_score),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
