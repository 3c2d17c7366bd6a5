/* Decimal text to doubles: bit for bit what the C library says, and nothing else accepted. */
#include "scratch.h"

#include "data/number.h"

#include <locale.h>

static void equals_the_library(const char *text)
{
    double ours = 0, theirs = strtod(text, NULL);
    if (!rg_number_parse(text, &ours) || memcmp(&ours, &theirs, sizeof(ours)))
        fail_msg("'%s': got %.17g, expected %.17g", text, ours, theirs);
}

static void hard_cases(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0",
        "-0",
        "+1",
        "1.",
        ".5",
        "-.5e1",
        "007",
        "1e22",
        "1e23",
        "1e-22",
        "1e-23",
        "9007199254740992",
        "9007199254740993",
        "9007199254740993e1",
        "123456789012345678",
        "1234567890123456789012345",
        "0.1",
        "0.30000000000000004",
        "1e308",
        "1.7976931348623157e308",
        "2.2250738585072014e-308",
        "4.9e-324",
        "1e-5",
        "5e-324",
        "0e999999999999",
        "1E5",
        "8.5e+3",
        "0.000000000000000000000000000000000000000000000000000000000000000001",
        "100000000000000000000000000000000000000000000000000000000000000000000000000000000",
        "1448997445238699",
        "6929495644600919.5",
        "3.518437208883201171875e13",
        "0.00000000000000000000000012345678901234567e25",
        "inf",
        "-Infinity",
        "+INF",
    };
    for (size_t i = 0; i < RG_COUNT(texts); i++)
        equals_the_library(texts[i]);
}

static void what_is_no_number(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",        "-",   "+",    ".",   "-.",    "e5",  "1e",       "1e+",
        "1.2.3",   "1,5", "0x10", "nan", "NaN",   "1 ",  " 1",       "1_000",
        "infinit", "in",  "--1",  "+-1", "1e5.0", "1d5", "\xc2\xbd", "1f",
    };
    for (size_t i = 0; i < RG_COUNT(texts); i++) {
        double value = 42;
        if (rg_number_parse(texts[i], &value) || value != 42)
            fail_msg("'%s' was taken for the number %g", texts[i], value);
    }
}

static void random_numbers(void **state)
{
    (void)state;
    static const char *const formats[] = {"%.17g", "%.15g", "%.6f", "%.3e", "%g", "%.19e"};
    uint64_t seed = support_seed();
    rg_rng rng = rg_rng_open(seed, "numbers");
    for (size_t i = 0; i < 60000; i++) {
        double value;
        char text[512];
        uint64_t bits = rg_rng_u64(&rng);
        memcpy(&value, &bits, sizeof(value));
        if (i % 2 || !isfinite(value))
            value = rg_rng_normal(&rng) * pow(10, (double)rg_rng_below(&rng, 30) - 15);
        snprintf(text, sizeof(text), formats[i % RG_COUNT(formats)], value);
        equals_the_library(text);
    }
}

static void random_digits(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "digits");
    for (size_t i = 0; i < 60000; i++) {
        rg_str text = {0};
        size_t before = rg_rng_below(&rng, 22), after = rg_rng_below(&rng, 22);
        for (size_t d = 0; d < before; d++)
            rg_str_printf(&text, "%d", (int)rg_rng_below(&rng, 10));
        rg_str_add(&text, before ? "." : "0.");
        for (size_t d = 0; d < after; d++)
            rg_str_printf(&text, "%d", (int)rg_rng_below(&rng, 10));
        rg_str_printf(&text, "e%d", (int)rg_rng_below(&rng, 60) - 30);
        equals_the_library(rg_str_text(&text));
        rg_str_free(&text);
    }
}

static void the_locale_does_not_matter(void **state)
{
    (void)state;
    static const char *const commas[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "nl_NL"};
    bool found = false;
    for (size_t i = 0; !found && i < RG_COUNT(commas); i++)
        found = setlocale(LC_NUMERIC, commas[i]) != NULL;
    if (!found)
        skip();
    double fast = 0, slow = 0;
    bool good =
        rg_number_parse("1.5", &fast) && rg_number_parse("1.50000000000000000001e-30", &slow);
    double comma = 0;
    bool wrong = rg_number_parse("1,5", &comma);
    setlocale(LC_NUMERIC, "C");
    assert_true(good);
    assert_false(wrong);
    assert_close(fast, 1.5, 0);
    assert_true(slow == 1.5e-30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hard_cases),
        cmocka_unit_test(what_is_no_number),
        cmocka_unit_test(random_numbers),
        cmocka_unit_test(random_digits),
        cmocka_unit_test(the_locale_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
