/* test_space.c - values, unit coordinates, levels, conditions and JSON of a space. */
#include "support.h"

#include "lab/search/space.h"
#include "lab/search/space_of.h"

static void test_ends_are_exact(void **state)
{
    (void)state;
    rg_dim log_dim = {.kind = RG_DIM_LOG, .lo = 1e-5, .hi = 0.3, .when = -1};
    assert_true(rg_dim_value(&log_dim, 0) == 1e-5);
    assert_true(rg_dim_value(&log_dim, 1) == 0.3);
    assert_close(rg_dim_value(&log_dim, 0.5), sqrt(1e-5 * 0.3), 1e-12);
    rg_dim linear = {.kind = RG_DIM_UNIFORM, .lo = -0.1, .hi = 0.7, .when = -1};
    assert_true(rg_dim_value(&linear, 0) == -0.1);
    assert_true(rg_dim_value(&linear, 1) == 0.7);
    rg_dim whole = {.kind = RG_DIM_INT, .lo = 16, .hi = 512, .step = 16, .when = -1};
    assert_close(rg_dim_levels(&whole), 32, 0);
    assert_true(rg_dim_value(&whole, 0) == 16);
    assert_true(rg_dim_value(&whole, 1) == 512);
    whole.log = true;
    assert_true(rg_dim_value(&whole, 0) == 16);
    assert_true(rg_dim_value(&whole, 1) == 512);
    rg_dim uneven = {.kind = RG_DIM_INT, .lo = 3, .hi = 10, .step = 4, .when = -1};
    assert_true(rg_dim_value(&uneven, 1) == 7); /* 11 lies outside */
}

static void test_edges_and_levels(void **state)
{
    (void)state;
    rg_dim dim = {.kind = RG_DIM_INT, .lo = 1, .hi = 1000, .step = 1, .log = true, .when = -1};
    assert_close(rg_dim_edge(&dim, 0), 0, 0);
    assert_close(rg_dim_edge(&dim, 1000), 1, 0);
    /* The cell of 1 goes from 1 / 1.5 to 1.5; widths compare as logarithms of such ratios. */
    double first = rg_dim_edge(&dim, 1), decade = rg_dim_edge(&dim, 22) - rg_dim_edge(&dim, 9);
    assert_close(first, decade * log(2.25) / log(22.5 / 9.5), 1e-12);
    for (double level = 0; level < 1000; level++) {
        double value = rg_dim_level_value(&dim, level);
        assert_true(rg_dim_value(&dim, rg_dim_unit(&dim, value)) == value);
        assert_true(rg_dim_edge(&dim, level) < rg_dim_edge(&dim, level + 1));
    }
}

/* Value -> unit -> value returns to the same value for every dimension of random spaces. */
static void test_round_trips(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "test/space");
    for (int round = 0; round < 5000; round++) {
        random_space made;
        random_space_make(&made, &rng);
        for (size_t d = 0; d < made.space.count; d++) {
            const rg_dim *dim = &made.dim[d];
            double value = rg_dim_value(dim, rg_rng_unit(&rng));
            double again = rg_dim_value(dim, rg_dim_unit(dim, value));
            double slack = rg_dim_levels(dim) > 0 ? 0 : 1e-12 * fmax(1, fabs(value));
            if (fabs(again - value) > slack)
                fail_msg("seed %llu, round %d: %.17g became %.17g",
                         (unsigned long long)support_seed(), round, value, again);
            assert_true(rg_dim_nearest(dim, value) == value);
        }
    }
}

/* optimizer: sgd or adam; momentum under sgd; nesterov where momentum > 0. */
static void test_chained_conditions(void **state)
{
    (void)state;
    double sgd[] = {0}, high[] = {5, 9};
    rg_dim dim[] = {
        {.name = "optimizer", .kind = RG_DIM_CHOICE, .n_choices = 2, .when = -1},
        {.name = "momentum",
         .kind = RG_DIM_INT,
         .hi = 9,
         .step = 1,
         .when = 0,
         .n_when = 1,
         .when_values = sgd},
        {.name = "nesterov",
         .kind = RG_DIM_CHOICE,
         .n_choices = 2,
         .when = 1,
         .n_when = 2,
         .when_values = high},
    };
    rg_space space = {3, dim};
    double on[] = {0, 9, 1}, low[] = {0, 4, 1}, adam[] = {1, 9, 1};
    assert_true(rg_space_active(&space, 2, on));
    assert_true(rg_space_active(&space, 1, low));
    assert_false(rg_space_active(&space, 2, low));
    assert_false(rg_space_active(&space, 1, adam));
    assert_false(
        rg_space_active(&space, 2, adam)); /* its parent has a value but is not active */
}

static json_t *words(const char *text)
{
    rg_err err = {0};
    json_t *value = rg_json_parse(text, strlen(text), "test", &err);
    assert_non_null(value);
    return value;
}

static void check_json(const rg_space *space, const char *text, const char *expected)
{
    double point[4];
    json_t *values = words(text), *want = words(expected);
    rg_space_point(space, values, point);
    json_t *got = rg_space_json(space, point);
    char *got_text = rg_json_canonical(got), *want_text = rg_json_canonical(want);
    assert_string_equal(got_text, want_text);
    rg_free(got_text);
    rg_free(want_text);
    json_decref(got);
    json_decref(want);
    json_decref(values);
}

static void test_json(void **state)
{
    (void)state;
    json_t *names = words("[\"sgd\", \"adam\"]"), *widths = words("[16, 64, 256]");
    json_t *name[] = {json_array_get(names, 0), json_array_get(names, 1)};
    json_t *width[] = {json_array_get(widths, 0), json_array_get(widths, 1),
                       json_array_get(widths, 2)};
    double sgd[] = {0};
    rg_dim dim[] = {
        {.name = "train.optimizer",
         .kind = RG_DIM_CHOICE,
         .n_choices = 2,
         .choices = name,
         .when = -1},
        {.name = "train.lr", .kind = RG_DIM_LOG, .lo = 1e-4, .hi = 0.1, .when = -1},
        {.name = "train.momentum",
         .kind = RG_DIM_UNIFORM,
         .lo = 0,
         .hi = 0.5,
         .when = 0,
         .n_when = 1,
         .when_values = sgd},
        {.name = "model.width",
         .kind = RG_DIM_ORDER,
         .n_choices = 3,
         .choices = width,
         .when = -1},
    };
    rg_space space = {4, dim};
    check_json(&space,
               "{\"train\": {\"optimizer\": \"sgd\", \"lr\": 0.01, \"momentum\": 0.25},"
               " \"model\": {\"width\": 64}}",
               "{\"train\": {\"optimizer\": \"sgd\", \"lr\": 0.01, \"momentum\": 0.25},"
               " \"model\": {\"width\": 64}}");
    /* Outside: to the nearest; a number equal to a choice in the other notation; not active. */
    check_json(
        &space,
        "{\"train\": {\"optimizer\": \"adam\", \"lr\": 7, \"momentum\": 0.25},"
        " \"model\": {\"width\": 250.0}}",
        "{\"train\": {\"optimizer\": \"adam\", \"lr\": 0.1}, \"model\": {\"width\": 256}}");
    /* Absent, or of the wrong type. */
    check_json(&space, "{\"train\": {\"optimizer\": \"lion\", \"lr\": \"fast\"}}", "{}");
    json_decref(names);
    json_decref(widths);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends_are_exact), cmocka_unit_test(test_edges_and_levels),
        cmocka_unit_test(test_round_trips),    cmocka_unit_test(test_chained_conditions),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
