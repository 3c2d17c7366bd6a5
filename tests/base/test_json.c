/* Canonical text, dotted paths, merging, parameter tables. */
#include "support.h"

static json_t *parse(const char *text)
{
    rg_err err = {0};
    json_t *value = rg_json_parse(text, strlen(text), "test", &err);
    assert_non_null(value);
    return value;
}

static void assert_canonical(const json_t *value, const char *expected)
{
    char *text = rg_json_canonical(value);
    assert_string_equal(text, expected);
    rg_free(text);
}

static void canonical_text_sorts_keys(void **state)
{
    (void)state;
    json_t *value = parse("{\"b\": [1, 2.0, 0.1, 1e300, null, true], \"a\": {\"ü\": \"\\n\"}}");
    assert_canonical(value, "{\"a\":{\"ü\":\"\\n\"},\"b\":[1,2.0,0.1,1e+300,null,true]}");
    json_decref(value);
}

static void canonical_text_keeps_every_bit(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "canonical");
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = rg_rng_u64(&rng);
        double real;
        memcpy(&real, &bits, sizeof(real));
        if (!isfinite(real))
            continue;
        json_t *written = json_real(real);
        char *text = rg_json_canonical(written);
        json_t *read = parse(text);
        assert_true(json_is_real(read) && json_real_value(read) == real);
        json_decref(read);
        json_decref(written);
        rg_free(text);
    }
}

/* Against the loop over digits: numbers of few and of many digits, of all usual sizes. */
static void reals_have_the_fewest_digits(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "digits");
    for (int i = 0; i < 200000; i++) {
        char expected[40];
        int digits = 1 + (int)rg_rng_below(&rng, 17), shift = (int)rg_rng_below(&rng, 26) - 9;
        snprintf(expected, sizeof(expected), "%.*ge%d", digits, rg_rng_normal(&rng), shift);
        double real =
            i % 3 == 0 ? ldexp(1, (int)rg_rng_below(&rng, 120) - 60) : strtod(expected, NULL);
        real *= i % 3 == 1 ? 1 + 0x1p-52 * (double)rg_rng_below(&rng, 3) : 1;
        for (digits = 15; digits <= 17; digits++) {
            snprintf(expected, sizeof(expected), "%.*g", digits, real);
            if (strtod(expected, NULL) == real)
                break;
        }
        json_t *written = json_real(real);
        char *text = rg_json_canonical(written);
        assert_true(rg_text_starts(text, expected));
        assert_true(strcmp(text + strlen(expected), strpbrk(expected, ".e") ? "" : ".0") == 0);
        json_decref(written);
        rg_free(text);
    }
}

static void pretty_text_reads_back(void **state)
{
    (void)state;
    json_t *value = parse("{\"list\": [1, 2], \"rows\": [{\"x\": 1}, {}], \"none\": []}");
    rg_str text = {0};
    rg_json_pretty(value, &text);
    assert_non_null(strstr(text.data, "\"list\": [1, 2],\n"));
    json_t *again = parse(text.data);
    assert_true(json_equal(value, again));
    json_decref(value);
    json_decref(again);
    rg_str_free(&text);
}

static void paths_reach_into_objects(void **state)
{
    (void)state;
    json_t *root = parse("{\"train\": {\"lr\": 0.1}, \"n\": 3}");
    assert_close(json_number_value(rg_json_path(root, "train.lr")), 0.1, 0);
    assert_null(rg_json_path(root, "train.lr.x"));
    assert_null(rg_json_path(root, "model.name"));
    assert_true(rg_json_path_set(root, "model.name", json_string("mlp")));
    assert_false(rg_json_path_set(root, "n.x", json_integer(1)));
    assert_true(rg_json_path_del(root, "train.lr"));
    assert_false(rg_json_path_del(root, "train.lr"));
    assert_canonical(root, "{\"model\":{\"name\":\"mlp\"},\"n\":3,\"train\":{}}");
    json_decref(root);
}

static void merging_replaces_leaves(void **state)
{
    (void)state;
    json_t *base = parse("{\"a\": {\"x\": 1, \"y\": [1, 2]}, \"b\": 1}");
    json_t *over = parse("{\"a\": {\"y\": [3]}, \"c\": null}");
    rg_json_merge(base, over);
    assert_canonical(base, "{\"a\":{\"x\":1,\"y\":[3]},\"b\":1,\"c\":null}");
    json_decref(base);
    json_decref(over);
}

static void broken_text_names_its_place(void **state)
{
    (void)state;
    rg_err err = {0};
    const char *text = "{\"a\": 1,\n \"a\": 2}";
    assert_null(rg_json_parse(text, strlen(text), "facts.json", &err));
    assert_int_equal(err.code, RG_INPUT);
    assert_true(rg_text_starts(err.where, "facts.json:2:"));
}

static const char *const shapes[] = {"relu", "tanh", NULL};
static const rg_param table[] = {
    {"lr", RG_PARAM_NUMBER, false, 0, 10, NULL, "0.001", "learning rate"},
    {"epochs", RG_PARAM_INT, true, 1, 1000, NULL, "40", "passes"},
    {"hidden", RG_PARAM_INTS, true, 1, 4096, NULL, "[64, 64]", "widths"},
    {"activation", RG_PARAM_CHOICE, true, 0, 0, shapes, "\"relu\"", "shape"},
    {"bias", RG_PARAM_BOOL, true, 0, 0, NULL, "true", "whether"},
    {0},
};

static void parameters_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        bool fits;
    } cases[] = {{"lr", "0.5", true},
                 {"lr", "-1", false},
                 {"lr", "\"0.5\"", false},
                 {"epochs", "3", true},
                 {"epochs", "3.0", true},
                 {"epochs", "3.5", false},
                 {"hidden", "[]", true},
                 {"hidden", "[0]", false},
                 {"hidden", "64", false},
                 {"activation", "\"tanh\"", true},
                 {"activation", "\"rleu\"", false},
                 {"bias", "false", true},
                 {"bias", "1", false}};
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        json_t *value = parse(cases[i].value);
        rg_err err = {0};
        assert_int_equal(rg_param_check(rg_param_find(table, cases[i].name), value, &err),
                         cases[i].fits);
        assert_int_equal(err.code, cases[i].fits ? RG_OK : RG_INPUT);
        json_decref(value);
    }
    assert_null(rg_param_find(table, "lrr"));
}

static void a_mistaken_choice_is_answered_with_the_nearest(void **state)
{
    (void)state;
    json_t *typo = json_string("rleu");
    rg_err err = {0};
    rg_param_check(rg_param_find(table, "activation"), typo, &err);
    assert_string_equal(err.remedy, "did you mean relu?");
    json_decref(typo);
}

static void defaults_and_rows_come_from_the_table(void **state)
{
    (void)state;
    json_t *defaults = rg_param_defaults(table), *rows = rg_param_json(table);
    assert_canonical(defaults, "{\"activation\":\"relu\",\"bias\":true,\"epochs\":40,"
                               "\"hidden\":[64,64],\"lr\":0.001}");
    assert_int_equal(json_array_size(rows), 5);
    json_decref(defaults);
    json_decref(rows);
}

static void a_table_comes_back_from_its_rows(void **state)
{
    (void)state;
    rg_err err = {0};
    rg_arena *arena = rg_arena_new();
    json_t *rows = rg_param_json(table);
    const rg_param *back = rg_param_table(rows, arena, &err);
    assert_non_null(back);
    json_t *again = rg_param_json(back);
    assert_true(json_equal(rows, again));
    assert_string_equal(rg_param_find(back, "activation")->choices[1], "tanh");
    json_decref(again);
    static const char *const broken[] = {
        "[{}]",
        "[{\"name\": \"x\", \"kind\": \"bool\"}]",
        "[{\"name\": \"x\", \"kind\": \"colour\", \"default\": 1}]",
        "[{\"name\": \"x\", \"kind\": \"int\", \"range\": [0, 3], \"default\": 4}]",
        "[{\"name\": \"x\", \"kind\": \"choice\", \"default\": \"a\"}]",
    };
    for (size_t i = 0; i < RG_COUNT(broken); i++) {
        json_t *list = parse(broken[i]);
        err = (rg_err){0};
        assert_null(rg_param_table(list, arena, &err));
        assert_int_equal(err.code, RG_INPUT);
        json_decref(list);
    }
    json_decref(rows);
    rg_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_text_sorts_keys),
        cmocka_unit_test(canonical_text_keeps_every_bit),
        cmocka_unit_test(reals_have_the_fewest_digits),
        cmocka_unit_test(pretty_text_reads_back),
        cmocka_unit_test(paths_reach_into_objects),
        cmocka_unit_test(merging_replaces_leaves),
        cmocka_unit_test(broken_text_names_its_place),
        cmocka_unit_test(parameters_are_checked),
        cmocka_unit_test(a_mistaken_choice_is_answered_with_the_nearest),
        cmocka_unit_test(defaults_and_rows_come_from_the_table),
        cmocka_unit_test(a_table_comes_back_from_its_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
