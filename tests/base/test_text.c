/* Growing buffers, numbers as text, suggestions, errors and lists of mistakes. */
#include "support.h"

static void buffers_grow_up_to_their_maximum(void **state)
{
    (void)state;
    rg_str s = {.max = 10};
    assert_string_equal(rg_str_text(&s), "");
    rg_str_add(&s, "12345");
    rg_str_printf(&s, "%d", 678);
    assert_false(s.cut);
    rg_str_add(&s, "9abcdef");
    assert_true(s.cut);
    assert_string_equal(rg_str_text(&s), "123456789a");
    rg_str_clear(&s);
    rg_str_printf(&s, "%0300d", 1); /* longer than the buffer on the stack, cut to ten */
    assert_int_equal(s.len, 10);
    rg_str_free(&s);

    rg_str html = {0};
    rg_str_add_html(&html, "<a href=\"x\">R&D's ü");
    assert_string_equal(html.data, "&lt;a href=&quot;x&quot;&gt;R&amp;D&#39;s ü");
    rg_str_free(&html);
}

static void numbers_are_read_whole_or_not_at_all(void **state)
{
    (void)state;
    double real;
    int64_t whole;
    assert_true(rg_text_double("-1.5e-3", &real) && real == -1.5e-3);
    assert_true(rg_text_double("inf", &real) && isinf(real));
    assert_true(rg_text_double("nan", &real) && isnan(real));
    static const char *const bad[] = {"", " 1", "1 ", "1,5", "0x10", "1e", "one", "1.2.3"};
    for (size_t i = 0; i < RG_COUNT(bad); i++) {
        assert_false(rg_text_double(bad[i], &real));
        assert_false(rg_text_int(bad[i], &whole));
    }
    assert_true(rg_text_int("-42", &whole) && whole == -42);
    assert_false(rg_text_int("9223372036854775808", &whole));
}

static void rounding_follows_the_uncertainty(void **state)
{
    (void)state;
    static const struct {
        double value, uncertainty;
        const char *text;
    } cases[] = {{0.971322, 0.0042, "0.9713"}, {0.971322, 0.42, "0.97"},
                 {1234.56, 120, "1235"},       {0.5, 0, "0.5"},
                 {-0.0001, 0.42, "0.00"},      {NAN, 1, "n/a"},
                 {-INFINITY, 1, "-inf"}};
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        char out[32];
        rg_text_rounded(out, cases[i].value, cases[i].uncertainty);
        assert_string_equal(out, cases[i].text);
    }
}

static void what_is_not_0_is_not_told_as_0(void **state)
{
    (void)state;
    static const struct {
        double size, uncertainty;
        const char *text;
    } cases[] = {{0.0004, 0.042, "less than 0.001"}, {0.0006, 0.042, "0.001"},
                 {0.0132, 0.0042, "0.0132"},         {0, 0.042, "0.000"},
                 {0.2, 40, "less than 1"},           {NAN, 1, "n/a"}};
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        char out[32];
        rg_text_size(out, cases[i].size, cases[i].uncertainty);
        assert_string_equal(out, cases[i].text);
    }
}

static void the_nearest_name_is_found(void **state)
{
    (void)state;
    static const char *const names[] = {"accuracy", "nll", "dropout", "weight_decay"};
    assert_string_equal(rg_text_nearest("acuracy", names, 4), "accuracy");
    assert_string_equal(rg_text_nearest("Dropuot", names, 4), "dropout");
    assert_string_equal(rg_text_nearest("weight", names, 4), "weight_decay");
    assert_null(rg_text_nearest("banana", names, 4));
    assert_null(rg_text_nearest("", names, 4));
    static const char *const letters[] = {"a", "b"};
    assert_null(rg_text_nearest("c", letters, 2)); /* as far from one as from any other */
    assert_string_equal(rg_text_nearest("B", letters, 2), "b");
}

static void utf8_is_checked(void **state)
{
    (void)state;
    assert_true(rg_utf8_valid("größer € 𝄞", strlen("größer € 𝄞")));
    static const char *const bad[] = {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "\xe2\x82", "\xff",         "a\x80"};
    for (size_t i = 0; i < RG_COUNT(bad); i++)
        assert_false(rg_utf8_valid(bad[i], strlen(bad[i])));
    char text[] = "twenty-four plain bytes.";
    for (size_t i = 0; i < 24;
         i++) { /* wherever it stands, also among eight that are read at once */
        char keep = text[i];
        text[i] = '\xff';
        assert_false(rg_utf8_valid(text, 24));
        text[i] = keep;
    }
    assert_true(rg_utf8_valid(text, 24));
}

static void the_first_error_sticks(void **state)
{
    (void)state;
    rg_err err = {0};
    assert_false(rg_fail(&err, RG_INPUT, "a.csv:3", "quote it", "cell %d", 7));
    rg_fail(&err, RG_INTERNAL, NULL, NULL, "second");
    assert_int_equal(err.code, RG_INPUT);
    assert_string_equal(err.what, "cell 7");
    assert_string_equal(err.where, "a.csv:3");
    assert_string_equal(err.remedy, "quote it");
    assert_false(rg_fail(NULL, RG_INPUT, NULL, NULL, "nobody asks"));
}

static void mistakes_are_sorted_by_place(void **state)
{
    (void)state;
    rg_diags diags = {.arena = rg_arena_new(), .file = "study.yaml"};
    rg_diags_add(&diags, 9, 2, NULL, "third");
    rg_diags_add(&diags, 2, 5, "do this", "second");
    rg_diags_add(&diags, 2, 1, NULL, "first");
    for (int i = 0; i < 200; i++)
        rg_diags_add(&diags, 100, 1, NULL, "more");
    rg_diags_sort(&diags);
    assert_int_equal(diags.len, 100);
    assert_int_equal(diags.total, 203);
    assert_string_equal(diags.at[0].what, "first");
    assert_string_equal(diags.at[1].remedy, "do this");
    assert_string_equal(diags.at[2].what, "third");
    json_t *json = rg_diags_json(&diags);
    assert_int_equal(json_array_size(json), 100);
    json_decref(json);
    rg_vec_free(&diags);
    rg_arena_free(diags.arena);
}

static void repaired_text_is_utf8(void **state)
{
    (void)state;
    char odd[] = "a\xff\xc3\xa9\xe2\x82z", cut[] = "\xc3";
    rg_utf8_repair(odd);
    assert_string_equal(odd, "a?\xc3\xa9??z");
    rg_utf8_repair(cut);
    assert_string_equal(cut, "?");
    rg_err err = {0};
    rg_str wide = {0};
    for (int i = 0; i < 1000; i++)
        rg_str_add(&wide, i ? "\xc3\xa9" : "x"); /* the buffer ends inside a character */
    rg_fail(&err, RG_INPUT, rg_str_text(&wide), NULL, "%s", rg_str_text(&wide));
    assert_true(rg_utf8_valid(err.what, strlen(err.what)));
    assert_true(rg_utf8_valid(err.where, strlen(err.where)));
    rg_str_free(&wide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffers_grow_up_to_their_maximum),
        cmocka_unit_test(numbers_are_read_whole_or_not_at_all),
        cmocka_unit_test(rounding_follows_the_uncertainty),
        cmocka_unit_test(what_is_not_0_is_not_told_as_0),
        cmocka_unit_test(the_nearest_name_is_found),
        cmocka_unit_test(utf8_is_checked),
        cmocka_unit_test(the_first_error_sticks),
        cmocka_unit_test(mistakes_are_sorted_by_place),
        cmocka_unit_test(repaired_text_is_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
