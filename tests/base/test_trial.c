/* Templates of commands, and values of configurations as words. */
#include "support.h"

#include "rigor/trial.h"

static bool value_of(void *ctx, const char *name, rg_str *out)
{
    size_t *count = ctx;
    (*count)++;
    rg_str_printf(out, "<%s>", name);
    return strcmp(name, "unknown") != 0;
}

static const struct {
    const char *text, *filled;
} examples[] = {
    {"", ""},
    {"{a}", "<a>"},
    {"--lr={train.lr} {seed}", "--lr=<train.lr> <seed>"},
    {"{a}{b}", "<a><b>"},
    {"{{a}}", "{a}"},
    {"{{{a}}}", "{{a}}"},
    {"{", "{"},
    {"}", "}"},
    {"{}", "{}"},
    {"{ a }", "{ a }"},
    {"{1a}", "{1a}"},
    {"{_a-b.c1}", "<_a-b.c1>"},
    {"{a", "{a"},
    {"{a:b}", "{a:b}"},
    {"{\"json\": {a}}", "{\"json\": <a>}"},
    {"{{a}", "{<a>"},
    {"\xff{a}\xff", "\xff<a>\xff"},
};

static void names_are_filled_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < RG_COUNT(examples); i++) {
        rg_str out = {0};
        size_t count = 0;
        assert_true(rg_template_fill(examples[i].text, value_of, &count, &out));
        assert_string_equal(rg_str_text(&out), examples[i].filled);
        rg_str_free(&out);
    }
    rg_str out = {0};
    size_t count = 0;
    assert_false(rg_template_fill("{a} {unknown} {b}", value_of, &count, &out));
    assert_int_equal(count, 2);
    rg_str_free(&out);
}

/* Texts without braces are left as they are, whatever else is in them; values are not filled in
 * again. */
static void texts_stay(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "template");
    static const char alphabet[] = "{}{}a1_.- \"\\\xff";
    print_message("seed: %llu\n", (unsigned long long)support_seed());
    for (int turn = 0; turn < 20000; turn++) {
        char text[32] = "";
        rg_str out = {0};
        size_t count = 0, braces = 0;
        for (size_t i = 0, n = rg_rng_below(&rng, 31); i < n; i++) {
            text[i] = alphabet[rg_rng_below(&rng, sizeof(alphabet) - 1)];
            braces += text[i] == '{';
        }
        assert_true(rg_template_fill(text, value_of, &count, &out));
        assert_true(count <= braces);
        if (!braces)
            assert_string_equal(rg_str_text(&out), text);
        rg_str_free(&out);
    }
}

static void values_are_words(void **state)
{
    (void)state;
    static const struct {
        const char *json, *word;
    } words[] = {
        {"0.1", "0.1"},   {"1e-3", "0.001"},          {"64", "64"},
        {"true", "true"}, {"\"a b\"", "a b"},         {"[1, 2.5, \"x\"]", "1,2.5,x"},
        {"[]", ""},       {"[[1, 2], [3]]", "1,2,3"}, {"\"\"", ""},
    };
    for (size_t i = 0; i < RG_COUNT(words); i++) {
        json_t *value = json_loads(words[i].json, JSON_DECODE_ANY, NULL);
        rg_str out = {0};
        rg_template_word(value, &out);
        assert_string_equal(rg_str_text(&out), words[i].word);
        rg_str_free(&out);
        json_decref(value);
    }
    /* Numbers read back to the same bits. */
    rg_rng rng = rg_rng_open(support_seed(), "words");
    for (int turn = 0; turn < 2000; turn++) {
        double number = ldexp(rg_rng_normal(&rng), (int)rg_rng_below(&rng, 200) - 100);
        json_t *value = json_real(number);
        rg_str out = {0};
        rg_template_word(value, &out);
        assert_true(strtod(rg_str_text(&out), NULL) == number);
        rg_str_free(&out);
        json_decref(value);
    }
}

static void variables_have_two_names(void **state)
{
    (void)state;
    for (const rg_trial_variable *v = rg_trial_variables; v->name; v++) {
        assert_ptr_equal(rg_trial_variable_find(v->name), v);
        assert_true(rg_text_starts(v->env, "RIGOR_"));
    }
    assert_null(rg_trial_variable_find("lr"));
}

static void gpus_are_listed(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        size_t count, at;
        const char *name;
    } cases[] = {
        {NULL, 0, 3, "3"},     {"", 0, 0, "0"},       {"4,5", 2, 1, "5"},
        {"4,5", 2, 2, "4"},    {" 7 , 9", 2, 1, "9"}, {"GPU-8a,MIG-1/2", 2, 1, "MIG-1/2"},
        {"4,-1,5", 1, 1, "4"}, {"6", 1, 0, "6"},      {"4,,5", 1, 0, "4"},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        rg_str name = {0};
        assert_int_equal(rg_gpu_count(cases[i].list), cases[i].count);
        rg_gpu_name(cases[i].list, cases[i].at, &name);
        assert_string_equal(rg_str_text(&name), cases[i].name);
        rg_str_free(&name);
    }
    assert_int_equal(rg_gpu_count("-1"), 0);
    for (int n = 2; n <= 64; n++) {
        assert_int_equal(rg_gpu_sharing(1.0 / n), n);
        assert_int_equal(rg_gpu_sharing((double)(float)(1.0 / n)), n); /* not all digits */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_filled_in), cmocka_unit_test(texts_stay),
        cmocka_unit_test(values_are_words),    cmocka_unit_test(variables_have_two_names),
        cmocka_unit_test(gpus_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
