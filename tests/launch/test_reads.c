/* Patterns over a program's usual output: what they find, and what they do not. */
#include "support.h"

#include "launch/launch.h"

typedef struct found {
    size_t count;
    char name[16][64];
    double value[16];
} found;

static void take(void *ctx, const char *name, double value)
{
    found *f = ctx;
    snprintf(f->name[f->count], sizeof(f->name[0]), "%s", name);
    f->value[f->count++] = value;
}

typedef struct example {
    const char *pattern, *line;
    int count; /* -1: the pattern does not fit */
    double first;
} example;

static const example examples[] = {
    {"loss: {x}", "loss: 0.25", 1, 0.25},
    {"loss: {x}", "epoch 3 loss: 1e-3 done", 1, 1e-3},
    {"loss: {x}", "loss:0.25", 1, 0.25}, /* white space fits any white space, none too */
    {"loss:{x}", "loss: 0.25", -1, 0},
    {"loss: {x}", "loss: \t -7", 1, -7},
    {"loss: {x}", "loss: inf", 1, INFINITY},
    {"loss: {x}", "loss: -inf", 1, -INFINITY},
    {"loss: {x}", "loss: nan", 1, NAN},
    {"loss: {x}", "loss: NaN,", 1, NAN},
    {"loss: {x}", "loss: info", -1, 0}, /* a word, not infinity */
    {"loss: {x}", "loss: nano", -1, 0},
    {"loss: {x}", "loss: high", -1, 0},
    {"loss: {x}", "loss: ", -1, 0},
    {"loss: {x}", "loss", -1, 0},
    {"loss: {x}", "", -1, 0},
    {"time {x}s", "time 3.5s", 1, 3.5},
    {"{x}%", "accuracy 97.5%", 1, 97.5},
    {"Epoch {epoch}/{_} acc={x}", "Epoch 2/30 acc=0.5", 2, 2},
    {"a {_} b {x}", "a some,thing b 4", -1, 0}, /* {_} is one word */
    {"a {_} b {x}", "a something b 4", 1, 4},
    {"loss: {x", "loss: 3", -1, 0}, /* a brace that is not closed stands for itself */
    {"loss: {x", "loss: {x", 0, 0},
    {"{1.5}", "{1.5}", 0, 0},
    {"loss: {x}", "loss: 0x10", 1, 16},
    {"loss: {x}", "loss: 1e999", 1, INFINITY},
    {"loss: {x}", "\xff\xfe loss: 2 \xff", 1, 2},
};

static void examples_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < RG_COUNT(examples); i++) {
        const example *e = &examples[i];
        found f = {0};
        bool fits = launch_match(e->pattern, e->line, take, &f);
        if (fits != (e->count >= 0) || (fits && (int)f.count != e->count))
            print_error("'%s' on '%s': %zu values\n", e->pattern, e->line, f.count);
        assert_int_equal(fits, e->count >= 0);
        assert_int_equal(f.count, e->count < 0 ? 0 : e->count);
        if (f.count)
            assert_close(f.value[0], e->first, 0);
    }
}

static void many_values_are_too_many(void **state)
{
    (void)state;
    rg_str pattern = {0}, line = {0};
    for (int i = 0; i < 17; i++) {
        found f = {0};
        assert_int_equal(launch_match(rg_str_text(&pattern), rg_str_text(&line), take, &f),
                         i < 17);
        assert_int_equal(f.count, i);
        rg_str_printf(&pattern, "v%d {x%d} ", i, i);
        rg_str_printf(&line, "v%d %d ", i, i * i);
    }
    found f = {0};
    assert_false(launch_match(rg_str_text(&pattern), rg_str_text(&line), take, &f));
    rg_str_free(&pattern);
    rg_str_free(&line);
}

/* A line that is made from a pattern fits it, with the values that were put in, whatever stands
 * before and behind. */
static void made_lines_fit(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "reads");
    static const char *const words[] = {"loss",    "acc =", "[",  "epoch",
                                        "val/f1:", "|",     "->", "t"};
    print_message("seed: %llu\n", (unsigned long long)support_seed());
    for (int turn = 0; turn < 3000; turn++) {
        rg_str pattern = {0}, line = {0};
        double value[4];
        size_t n = 1 + (size_t)rg_rng_below(&rng, 4);
        if (rg_rng_below(&rng, 2))
            rg_str_add(&line, "12:30 INFO ");
        for (size_t i = 0; i < n; i++) {
            const char *word = words[rg_rng_below(&rng, RG_COUNT(words))];
            value[i] = ldexp(rg_rng_normal(&rng), (int)rg_rng_below(&rng, 60) - 30);
            rg_str_printf(&pattern, "%s#%zu {v%zu} ", word, i, i);
            rg_str_printf(&line, "%s#%zu%*s%.17g ", word, i, (int)rg_rng_below(&rng, 4), "",
                          value[i]);
        }
        rg_str_add(&line, "behind \x80");
        found f = {0};
        if (!launch_match(rg_str_text(&pattern), rg_str_text(&line), take, &f))
            print_error("'%s' on '%s'\n", rg_str_text(&pattern), rg_str_text(&line));
        assert_int_equal(f.count, n);
        for (size_t i = 0; i < n; i++)
            assert_close(f.value[i], value[i], 0);
        rg_str_free(&pattern);
        rg_str_free(&line);
    }
}

/* Whatever the bytes are: it ends, and reads nothing that is not there (the sanitizers look). */
static void any_bytes_are_taken(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "bytes");
    static const char alphabet[] = "{}_a1.e-+ \tinfx\xff\x80";
    for (int turn = 0; turn < 20000; turn++) {
        char *pattern = rg_alloc(24), *line = rg_alloc(40);
        for (size_t i = 0, n = rg_rng_below(&rng, 23); i < n; i++)
            pattern[i] = alphabet[rg_rng_below(&rng, sizeof(alphabet) - 1)];
        for (size_t i = 0, n = rg_rng_below(&rng, 39); i < n; i++)
            line[i] = alphabet[rg_rng_below(&rng, sizeof(alphabet) - 1)];
        found f = {0};
        if (!launch_match(pattern, line, take, &f))
            assert_int_equal(f.count, 0);
        rg_free(pattern);
        rg_free(line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_are_read),
        cmocka_unit_test(many_values_are_too_many),
        cmocka_unit_test(made_lines_fit),
        cmocka_unit_test(any_bytes_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
