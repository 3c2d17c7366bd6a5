/* test_text.c - the text form: printing and parsing are inverse; mistakes have a place. */
#include "engine/random_graph.h"

static char *printed(const rg_graph *graph, const rg_val *outputs, size_t n)
{
    rg_str text = {0};
    rg_graph_print(graph, outputs, n, &text);
    return text.data;
}

static void test_round_trip(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 500; i++) {
        uint64_t seed = support_seed() * 100000 + i;
        random_graph r = {.graph = rg_graph_new(),
                          .rng = rg_rng_open(seed, "text"),
                          .elements_max = 1000,
                          .products = true};
        random_graph_fill(&r, 2 + i % 50);
        char *first = printed(r.graph, r.value, r.values);
        rg_graph *graph;
        rg_val *outputs;
        size_t n;
        rg_err err = {0};
        if (!rg_graph_parse(first, "text", &graph, &outputs, &n, &err))
            fail_msg("seed %llu: %s: %s\n%s", (unsigned long long)seed, err.where, err.what,
                     first);
        char *second = printed(graph, outputs, n);
        if (strcmp(first, second) != 0)
            fail_msg("seed %llu:\n%s\nbecame\n%s", (unsigned long long)seed, first, second);
        rg_free(first);
        rg_free(second);
        rg_graph_free(graph);
        rg_graph_free(r.graph);
    }
}

static void expect_failure(const char *text, const char *where, const char *what)
{
    rg_graph *graph = NULL;
    rg_val *outputs = NULL;
    size_t n = 0;
    rg_err err = {0};
    assert_false(rg_graph_parse(text, "t", &graph, &outputs, &n, &err));
    assert_string_equal(err.where, where);
    assert_string_equal(err.what, what);
    assert_int_equal(err.code, RG_INPUT);
    assert_null(graph);
}

static void test_mistakes(void **state)
{
    (void)state;
    expect_failure("", "t:1:1", "no return line");
    expect_failure("%2 = const value=1 : f32[]\n", "t:1:1", "unexpected value number");
    expect_failure("%1 = cosnt value=1 : f32[]\n", "t:1:6", "no such operation");
    expect_failure("%1 = const : f32[]\n", "t:1:19",
                   "the attribute value is missing or of another kind");
    expect_failure("%1 = const value=1 : f33[]\n", "t:1:22", "expected a type");
    expect_failure("%1 = const value=1 f32[]\n", "t:1:23", "expected '='");
    expect_failure("%1 = neg %1 : f32[]\n", "t:1:10", "no such value yet");
    expect_failure("# only\n\n%1 = input name=\"x\" : f32[2]\n%2 = neg %1 : f32[3]\n", "t:4:6",
                   "the result has type f32 and shape (2), not what is written");
    expect_failure("%1 = input name=\"x\" : f32[2]\n%2 = input name=\"x\" : f32[2]\n", "t:2:6",
                   "input: there is already an input named 'x'");
    expect_failure("%1 = input name=\"x : f32[2]\n", "t:1:28", "the line ends inside a text");
    expect_failure("%1 = add : f32[2]\n", "t:1:6", "add takes 2 operands, not 0");
    expect_failure("%1 = const value=1 : f32[] extra\n", "t:1:28",
                   "unexpected text behind the line's end");
    expect_failure("%1 = input name=\"x\" : f32[1,1,1,1,1,1,1,1,1]\n", "t:1:43",
                   "too many axes");
    expect_failure("%1 = input name=\"x\" : f32[100000, 100000, 100]\n", "t:1:6",
                   "input: a value of shape (100000, 100000, 100) and type f32 takes more than "
                   "64 GiB");
    expect_failure("return %1\n", "t:1:8", "no such value yet");
}

/* Texts with bytes changed, cut and doubled: never a crash, and what parses prints and parses.
 */
static void test_garbage(void **state)
{
    (void)state;
    const char *base =
        "%1 = input name=\"x\" : f32[4, 3]\n"
        "%2 = const value=0.5 : f32[]\n"
        "%3 = broadcast %2 : f32[4, 3]\n"
        "%4 = add %1 %3 : f32[4, 3]\n"
        "%5 = slice %4 from=[0, 1] to=[4, 3] step=[1, 2] : f32[4, 1]\n"
        "%6 = pad %5 before=[0, 1] after=[2, 0] value=1 : f32[6, 2]\n"
        "%7 = dot %4 %4 batch_x=[] batch_y=[] contract_x=[1] contract_y=[1] : "
        "f32[4, 4]\n"
        "%8 = array values=[1, 2] : i32[2]\n"
        "%9 = gather %7 %8 axis=1 : f32[4, 2]\n"
        "%10 = permute %9 order=[1, 0] : f32[2, 4]\n"
        "%11 = sum %10 axes=[0] : f32[4]\n"
        "body 1 {\n"
        "%1 = input name=\"c\" : f32[4]\n"
        "%2 = input name=\"s\" : f32[2]\n"
        "%3 = exp %1 : f32[4]\n"
        "return %3 %2\n"
        "}\n"
        "%12 = loop %11 %6 body=1 steps=6 carries=1 scans=1 reverse=1 result=1 : "
        "f32[6, 2]\n"
        "%13 = reshape %4 : f32[1, 4, 3]\n"
        "%14 = reshape %6 : f32[3, 2, 2]\n"
        "%15 = conv %13 %14 stride=[2] lo=[-1] hi=[2] dilate_x=[1] dilate_w=[3] groups=2 : "
        "f32[1, 3, 1]\n"
        "%16 = linrec %4 %1 axis=1 reverse=1 : f32[4, 3]\n"
        "%17 = argsort %16 axis=0 descending=0 : i32[4, 3]\n"
        "return %11 %6 %12 %15 %17\n";
    rg_rng rng = rg_rng_open(support_seed(), "garbage");
    for (int i = 0; i < 20000; i++) {
        char text[2048];
        size_t len = strlen(base);
        memcpy(text, base, len + 1);
        for (uint64_t edits = 1 + rg_rng_below(&rng, 4); edits > 0; edits--) {
            size_t at = rg_rng_below(&rng, len), from = rg_rng_below(&rng, len);
            uint64_t kind = rg_rng_below(&rng, 3);
            if (kind == 0)
                text[at] = (char)(1 + rg_rng_below(&rng, 255));
            else if (kind == 1)
                text[at] = base[from];
            else
                memmove(text + at, text + from, len - (at > from ? at : from));
        }
        rg_graph *graph;
        rg_val *outputs;
        size_t n;
        rg_err err = {0};
        if (rg_graph_parse(text, "g", &graph, &outputs, &n, &err)) {
            rg_free(printed(graph, outputs, n));
            rg_graph_free(graph);
        } else {
            assert_true(err.what[0] && err.where[0]);
        }
    }
}

static void test_numbers_keep_their_bits(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new(), *again;
    const float values[] = {0.1f, -0.0f, 1e-45f, 3.4028235e38f, INFINITY, -INFINITY, 1.0f / 3};
    rg_val array = rg_const_array(graph, values, RG_F32, rg_shape_of(7)), *outputs;
    char *text = printed(graph, &array, 1);
    rg_err err = {0};
    size_t n;
    assert_true(rg_graph_parse(text, "t", &again, &outputs, &n, &err));
    assert_memory_equal(rg_node_of(again, outputs[0].id)->attr.array.data, values,
                        sizeof(values));
    rg_free(text);
    rg_graph_free(graph);
    rg_graph_free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_numbers_keep_their_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
