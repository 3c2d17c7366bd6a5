/* test_grad_text.c - reverse mode from text to text: what the rules make of an operation, to
 * the letter.  That it is right is tested by numbers in test_grad.c. */
#include "engine/ir/text.h"

/* The text returns y, its cotangent and what y is differentiated by. */
static const struct {
    const char *name, *before, *after;
} cases[] = {
    /* y g: the value itself is its slope. */
    {"exp",
     "%1 = input name=\"x\" : f32[3]\n"
     "%2 = input name=\"g\" : f32[3]\n"
     "%3 = exp %1 : f32[3]\n"
     "return %3 %2 %1\n",
     "%1 = input name=\"x\" : f32[3]\n"
     "%2 = input name=\"g\" : f32[3]\n"
     "%3 = exp %1 : f32[3]\n"
     "%4 = mul %2 %3 : f32[3]\n"
     "return %4\n"},
    {"log",
     "%1 = input name=\"x\" : f32[3]\n"
     "%2 = input name=\"g\" : f32[3]\n"
     "%3 = log %1 : f32[3]\n"
     "return %3 %2 %1\n",
     "%1 = input name=\"x\" : f32[3]\n"
     "%2 = input name=\"g\" : f32[3]\n"
     "%3 = div %2 %1 : f32[3]\n"
     "return %3\n"},
    /* g (1 - y^2). */
    {"tanh",
     "%1 = input name=\"x\" : f32[3]\n"
     "%2 = input name=\"g\" : f32[3]\n"
     "%3 = tanh %1 : f32[3]\n"
     "return %3 %2 %1\n",
     "%1 = input name=\"x\" : f32[3]\n"
     "%2 = input name=\"g\" : f32[3]\n"
     "%3 = tanh %1 : f32[3]\n"
     "%4 = mul %3 %3 : f32[3]\n"
     "%5 = const value=1 : f32[]\n"
     "%6 = broadcast %5 : f32[3]\n"
     "%7 = sub %6 %4 : f32[3]\n"
     "%8 = mul %2 %7 : f32[3]\n"
     "return %8\n"},
    /* Nothing: zeros that read neither x nor g. */
    {"floor",
     "%1 = input name=\"x\" : f32[3]\n"
     "%2 = input name=\"g\" : f32[3]\n"
     "%3 = floor %1 : f32[3]\n"
     "return %3 %2 %1\n",
     "%1 = const value=0 : f32[]\n"
     "%2 = broadcast %1 : f32[3]\n"
     "return %2\n"},
    /* The operand that was broadcast gets the sum over its axis. */
    {"mul",
     "%1 = input name=\"x\" : f32[2, 3]\n"
     "%2 = input name=\"y\" : f32[3]\n"
     "%3 = input name=\"g\" : f32[2, 3]\n"
     "%4 = broadcast %2 : f32[2, 3]\n"
     "%5 = mul %1 %4 : f32[2, 3]\n"
     "return %5 %3 %1 %2\n",
     "%1 = input name=\"x\" : f32[2, 3]\n"
     "%2 = input name=\"y\" : f32[3]\n"
     "%3 = input name=\"g\" : f32[2, 3]\n"
     "%4 = broadcast %2 : f32[2, 3]\n"
     "%5 = mul %3 %4 : f32[2, 3]\n"
     "%6 = mul %3 %1 : f32[2, 3]\n"
     "%7 = sum %6 axes=[0] : f32[3]\n"
     "return %5 %7\n"},
    /* g / y, and -g z / y for z = x / y. */
    {"div",
     "%1 = input name=\"x\" : f32[3]\n"
     "%2 = input name=\"y\" : f32[3]\n"
     "%3 = input name=\"g\" : f32[3]\n"
     "%4 = div %1 %2 : f32[3]\n"
     "return %4 %3 %1 %2\n",
     "%1 = input name=\"x\" : f32[3]\n"
     "%2 = input name=\"y\" : f32[3]\n"
     "%3 = input name=\"g\" : f32[3]\n"
     "%4 = div %1 %2 : f32[3]\n"
     "%5 = div %3 %2 : f32[3]\n"
     "%6 = mul %3 %4 : f32[3]\n"
     "%7 = div %6 %2 : f32[3]\n"
     "%8 = neg %7 : f32[3]\n"
     "return %5 %8\n"},
    /* The larger takes all; equals share. */
    {"max",
     "%1 = input name=\"x\" : f32[3]\n"
     "%2 = input name=\"y\" : f32[3]\n"
     "%3 = input name=\"g\" : f32[3]\n"
     "%4 = max %1 %2 : f32[3]\n"
     "return %4 %3 %1\n",
     "%1 = input name=\"x\" : f32[3]\n"
     "%2 = input name=\"y\" : f32[3]\n"
     "%3 = input name=\"g\" : f32[3]\n"
     "%4 = const value=0 : f32[]\n"
     "%5 = const value=0.5 : f32[]\n"
     "%6 = broadcast %5 : f32[3]\n"
     "%7 = mul %3 %6 : f32[3]\n"
     "%8 = eq %1 %2 : bool[3]\n"
     "%9 = broadcast %4 : f32[3]\n"
     "%10 = select %8 %7 %9 : f32[3]\n"
     "%11 = lt %2 %1 : bool[3]\n"
     "%12 = select %11 %3 %10 : f32[3]\n"
     "return %12\n"},
    {"select",
     "%1 = input name=\"c\" : bool[3]\n"
     "%2 = input name=\"x\" : f32[3]\n"
     "%3 = input name=\"y\" : f32[3]\n"
     "%4 = input name=\"g\" : f32[3]\n"
     "%5 = select %1 %2 %3 : f32[3]\n"
     "return %5 %4 %2 %3\n",
     "%1 = input name=\"c\" : bool[3]\n"
     "%2 = input name=\"g\" : f32[3]\n"
     "%3 = const value=0 : f32[]\n"
     "%4 = broadcast %3 : f32[3]\n"
     "%5 = select %1 %2 %4 : f32[3]\n"
     "%6 = select %1 %4 %2 : f32[3]\n"
     "return %5 %6\n"},
    {"sum",
     "%1 = input name=\"x\" : f32[2, 3]\n"
     "%2 = input name=\"g\" : f32[2]\n"
     "%3 = sum %1 axes=[1] : f32[2]\n"
     "return %3 %2 %1\n",
     "%1 = input name=\"g\" : f32[2]\n"
     "%2 = reshape %1 : f32[2, 1]\n"
     "%3 = broadcast %2 : f32[2, 3]\n"
     "return %3\n"},
    /* Elements that attain the maximum share. */
    {"amax",
     "%1 = input name=\"x\" : f32[2, 3]\n"
     "%2 = input name=\"g\" : f32[2]\n"
     "%3 = amax %1 axes=[1] : f32[2]\n"
     "return %3 %2 %1\n",
     "%1 = input name=\"x\" : f32[2, 3]\n"
     "%2 = input name=\"g\" : f32[2]\n"
     "%3 = amax %1 axes=[1] : f32[2]\n"
     "%4 = reshape %3 : f32[2, 1]\n"
     "%5 = broadcast %4 : f32[2, 3]\n"
     "%6 = eq %1 %5 : bool[2, 3]\n"
     "%7 = cast %6 : f32[2, 3]\n"
     "%8 = sum %7 axes=[1] : f32[2]\n"
     "%9 = reshape %8 : f32[2, 1]\n"
     "%10 = reshape %2 : f32[2, 1]\n"
     "%11 = div %10 %9 : f32[2, 1]\n"
     "%12 = broadcast %11 : f32[2, 3]\n"
     "%13 = mul %7 %12 : f32[2, 3]\n"
     "return %13\n"},
    /* The inverse order. */
    {"permute",
     "%1 = input name=\"x\" : f32[2, 3, 4]\n"
     "%2 = input name=\"g\" : f32[4, 2, 3]\n"
     "%3 = permute %1 order=[2, 0, 1] : f32[4, 2, 3]\n"
     "return %3 %2 %1\n",
     "%1 = input name=\"g\" : f32[4, 2, 3]\n"
     "%2 = permute %1 order=[1, 2, 0] : f32[2, 3, 4]\n"
     "return %2\n"},
    /* Zeros between and around, by padding a new axis. */
    {"slice",
     "%1 = input name=\"x\" : f32[7]\n"
     "%2 = input name=\"g\" : f32[2]\n"
     "%3 = slice %1 from=[1] to=[6] step=[3] : f32[2]\n"
     "return %3 %2 %1\n",
     "%1 = input name=\"g\" : f32[2]\n"
     "%2 = reshape %1 : f32[1, 2, 1, 1]\n"
     "%3 = pad %2 before=[0, 0, 0, 0] after=[0, 0, 2, 0] value=0 : f32[1, 2, 3, 1]\n"
     "%4 = reshape %3 : f32[6]\n"
     "%5 = pad %4 before=[1] after=[0] value=0 : f32[7]\n"
     "return %5\n"},
    {"pad",
     "%1 = input name=\"x\" : f32[2]\n"
     "%2 = input name=\"g\" : f32[5]\n"
     "%3 = pad %1 before=[1] after=[2] value=0 : f32[5]\n"
     "return %3 %2 %1\n",
     "%1 = input name=\"g\" : f32[5]\n"
     "%2 = slice %1 from=[1] to=[3] step=[1] : f32[2]\n"
     "return %2\n"},
    {"concat",
     "%1 = input name=\"x\" : f32[2]\n"
     "%2 = input name=\"y\" : f32[3]\n"
     "%3 = input name=\"g\" : f32[5]\n"
     "%4 = concat %1 %2 axis=0 : f32[5]\n"
     "return %4 %3 %1 %2\n",
     "%1 = input name=\"g\" : f32[5]\n"
     "%2 = slice %1 from=[0] to=[2] step=[1] : f32[2]\n"
     "%3 = slice %1 from=[2] to=[5] step=[1] : f32[3]\n"
     "return %2 %3\n"},
    /* Both are convolutions: with reversed filters; of batches as channels. */
    {"conv",
     "%1 = input name=\"x\" : f32[2, 3, 8]\n"
     "%2 = input name=\"w\" : f32[5, 3, 3]\n"
     "%3 = input name=\"g\" : f32[2, 5, 8]\n"
     "%4 = conv %1 %2 stride=[1] lo=[1] hi=[1] dilate_x=[1] dilate_w=[1] groups=1 : f32[2, 5, "
     "8]\n"
     "return %4 %3 %1 %2\n",
     "%1 = input name=\"x\" : f32[2, 3, 8]\n"
     "%2 = input name=\"w\" : f32[5, 3, 3]\n"
     "%3 = input name=\"g\" : f32[2, 5, 8]\n"
     "%4 = reshape %2 : f32[1, 5, 3, 3]\n"
     "%5 = permute %4 order=[0, 2, 1, 3] : f32[1, 3, 5, 3]\n"
     "%6 = reshape %5 : f32[3, 5, 3]\n"
     "%7 = reverse %6 axes=[2] : f32[3, 5, 3]\n"
     "%8 = conv %3 %7 stride=[1] lo=[1] hi=[1] dilate_x=[1] dilate_w=[1] groups=1 : f32[2, 3, "
     "8]\n"
     "%9 = reshape %1 : f32[2, 1, 3, 8]\n"
     "%10 = permute %9 order=[2, 1, 0, 3] : f32[3, 1, 2, 8]\n"
     "%11 = reshape %10 : f32[3, 2, 8]\n"
     "%12 = reshape %3 : f32[2, 1, 5, 8]\n"
     "%13 = permute %12 order=[2, 1, 0, 3] : f32[5, 1, 2, 8]\n"
     "%14 = reshape %13 : f32[5, 2, 8]\n"
     "%15 = conv %11 %14 stride=[1] lo=[1] hi=[1] dilate_x=[1] dilate_w=[1] groups=1 : f32[3, "
     "5, 3]\n"
     "%16 = reshape %15 : f32[3, 1, 5, 3]\n"
     "%17 = permute %16 order=[2, 1, 0, 3] : f32[5, 1, 3, 3]\n"
     "%18 = reshape %17 : f32[5, 3, 3]\n"
     "return %8 %18\n"},
    {"gather",
     "%1 = input name=\"x\" : f32[6, 4]\n"
     "%2 = input name=\"i\" : i32[3]\n"
     "%3 = input name=\"g\" : f32[3, 4]\n"
     "%4 = gather %1 %2 axis=0 : f32[3, 4]\n"
     "return %4 %3 %1\n",
     "%1 = input name=\"i\" : i32[3]\n"
     "%2 = input name=\"g\" : f32[3, 4]\n"
     "%3 = scatter_add %1 %2 axis=0 : f32[6, 4]\n"
     "return %3\n"},
    {"scatter_add",
     "%1 = input name=\"i\" : i32[3]\n"
     "%2 = input name=\"u\" : f32[3, 4]\n"
     "%3 = input name=\"g\" : f32[6, 4]\n"
     "%4 = scatter_add %1 %2 axis=0 : f32[6, 4]\n"
     "return %4 %3 %2\n",
     "%1 = input name=\"i\" : i32[3]\n"
     "%2 = input name=\"g\" : f32[6, 4]\n"
     "%3 = gather %2 %1 axis=0 : f32[3, 4]\n"
     "return %3\n"},
    /* Backwards with a[t + 1]; then times h[t - 1]. */
    {"linrec",
     "%1 = input name=\"a\" : f32[5]\n"
     "%2 = input name=\"b\" : f32[5]\n"
     "%3 = input name=\"g\" : f32[5]\n"
     "%4 = linrec %1 %2 axis=0 reverse=0 : f32[5]\n"
     "return %4 %3 %1 %2\n",
     "%1 = input name=\"a\" : f32[5]\n"
     "%2 = input name=\"b\" : f32[5]\n"
     "%3 = input name=\"g\" : f32[5]\n"
     "%4 = linrec %1 %2 axis=0 reverse=0 : f32[5]\n"
     "%5 = slice %1 from=[1] to=[5] step=[1] : f32[4]\n"
     "%6 = pad %5 before=[0] after=[1] value=0 : f32[5]\n"
     "%7 = linrec %6 %3 axis=0 reverse=1 : f32[5]\n"
     "%8 = slice %4 from=[0] to=[4] step=[1] : f32[4]\n"
     "%9 = pad %8 before=[1] after=[0] value=0 : f32[5]\n"
     "%10 = mul %7 %9 : f32[5]\n"
     "return %10 %7\n"},
    /* Operands of bf16 multiply a cotangent cut to bf16, and give f32. */
    {"bf16",
     "%1 = input name=\"x\" : bf16[2, 3]\n"
     "%2 = input name=\"w\" : bf16[3, 4]\n"
     "%3 = input name=\"g\" : f32[2, 4]\n"
     "%4 = dot %1 %2 batch_x=[] batch_y=[] contract_x=[1] contract_y=[0] : f32[2, 4]\n"
     "return %4 %3 %1 %2\n",
     "%1 = input name=\"x\" : bf16[2, 3]\n"
     "%2 = input name=\"w\" : bf16[3, 4]\n"
     "%3 = input name=\"g\" : f32[2, 4]\n"
     "%4 = cast %3 : bf16[2, 4]\n"
     "%5 = dot %4 %2 batch_x=[] batch_y=[] contract_x=[1] contract_y=[1] : f32[2, 3]\n"
     "%6 = dot %1 %4 batch_x=[] batch_y=[] contract_x=[0] contract_y=[0] : f32[3, 4]\n"
     "return %5 %6\n"},
    /* g and the sum for h are carried, from the last step to the first; what was scanned is
     * stacked. */
    {"loop",
     "%1 = input name=\"c\" : f32[3]\n"
     "%2 = input name=\"s\" : f32[4, 3]\n"
     "%3 = input name=\"h\" : f32[3]\n"
     "%4 = input name=\"g\" : f32[3]\n"
     "body 1 {\n"
     "%1 = input name=\"carry0\" : f32[3]\n"
     "%2 = input name=\"scan0\" : f32[3]\n"
     "%3 = input name=\"shared0\" : f32[3]\n"
     "%4 = mul %1 %3 : f32[3]\n"
     "%5 = add %4 %2 : f32[3]\n"
     "return %5\n"
     "}\n"
     "%5 = loop %1 %2 %3 body=1 steps=4 carries=1 scans=1 reverse=0 result=0 : f32[3]\n"
     "return %5 %4 %1 %2 %3\n",
     "%1 = input name=\"c\" : f32[3]\n"
     "%2 = input name=\"s\" : f32[4, 3]\n"
     "%3 = input name=\"h\" : f32[3]\n"
     "%4 = input name=\"g\" : f32[3]\n"
     "body 1 {\n"
     "%1 = input name=\"carry0\" : f32[3]\n"
     "%2 = input name=\"scan0\" : f32[3]\n"
     "%3 = input name=\"shared0\" : f32[3]\n"
     "%4 = mul %1 %3 : f32[3]\n"
     "%5 = add %4 %2 : f32[3]\n"
     "return %5\n"
     "}\n"
     "%5 = loop %1 %2 %3 body=1 steps=4 carries=1 scans=1 reverse=0 result=1 : f32[4, 3]\n"
     "%6 = const value=0 : f32[]\n"
     "%7 = broadcast %6 : f32[3]\n"
     "body 2 {\n"
     "%1 = input name=\"carry0\" : f32[3]\n"
     "%2 = input name=\"carry1\" : f32[3]\n"
     "%3 = input name=\"scan0\" : f32[3]\n"
     "%4 = input name=\"shared0\" : f32[3]\n"
     "%5 = mul %1 %4 : f32[3]\n"
     "%6 = mul %1 %3 : f32[3]\n"
     "%7 = add %2 %6 : f32[3]\n"
     "return %5 %7 %1\n"
     "}\n"
     "%8 = loop %4 %7 %5 %3 body=2 steps=4 carries=2 scans=1 reverse=1 result=0 : f32[3]\n"
     "%9 = loop %4 %7 %5 %3 body=2 steps=4 carries=2 scans=1 reverse=1 result=1 : f32[3]\n"
     "%10 = loop %4 %7 %5 %3 body=2 steps=4 carries=2 scans=1 reverse=1 result=2 : f32[4, 3]\n"
     "return %8 %10 %9\n"},
    /* The square root, which no cotangent reaches, has no part in it. */
    {"loop apart",
     "%1 = input name=\"a\" : f32[]\n"
     "%2 = input name=\"b\" : f32[]\n"
     "%3 = input name=\"g\" : f32[]\n"
     "body 1 {\n"
     "%1 = input name=\"carry0\" : f32[]\n"
     "%2 = input name=\"carry1\" : f32[]\n"
     "%3 = sqrt %1 : f32[]\n"
     "%4 = sin %2 : f32[]\n"
     "return %3 %4\n"
     "}\n"
     "%4 = loop %1 %2 body=1 steps=4 carries=2 scans=0 reverse=0 result=1 : f32[]\n"
     "return %4 %3 %1 %2\n",
     "%1 = input name=\"a\" : f32[]\n"
     "%2 = input name=\"b\" : f32[]\n"
     "%3 = input name=\"g\" : f32[]\n"
     "body 1 {\n"
     "%1 = input name=\"carry0\" : f32[]\n"
     "%2 = input name=\"carry1\" : f32[]\n"
     "%3 = sqrt %1 : f32[]\n"
     "%4 = sin %2 : f32[]\n"
     "return %3 %4\n"
     "}\n"
     "%4 = loop %1 %2 body=1 steps=4 carries=2 scans=0 reverse=0 result=3 : f32[4]\n"
     "body 2 {\n"
     "%1 = input name=\"carry0\" : f32[]\n"
     "%2 = input name=\"scan1\" : f32[]\n"
     "%3 = cos %2 : f32[]\n"
     "%4 = mul %1 %3 : f32[]\n"
     "return %4\n"
     "}\n"
     "%5 = loop %3 %4 body=2 steps=4 carries=1 scans=1 reverse=1 result=0 : f32[]\n"
     "%6 = const value=0 : f32[]\n"
     "return %6 %5\n"},
};

static void test_vjp(void **state)
{
    (void)state;
    for (size_t k = 0; k < RG_COUNT(cases); k++) {
        rg_val g[PARSED_MAX];
        parsed p = parse_text(cases[k].before);
        print_message("%s\n", cases[k].name);
        rg_vjp(&p.value[0], &p.value[1], 1, &p.value[2], p.n - 2, g);
        expect_text(p.graph, g, p.n - 2, cases[k].after);
        rg_graph_free(p.graph);
    }
}

/* The example of docs/ir.md, by its weights: 2 x^T (x w - y). */
static void test_grad(void **state)
{
    (void)state;
    rg_val g;
    parsed p = parse_text(
        "%1 = input name=\"x\" : f32[64, 10]\n"
        "%2 = input name=\"w\" : f32[10, 1]\n"
        "%3 = input name=\"y\" : f32[64, 1]\n"
        "%4 = dot %1 %2 batch_x=[] batch_y=[] contract_x=[1] contract_y=[0] : f32[64, 1]\n"
        "%5 = sub %4 %3 : f32[64, 1]\n"
        "%6 = mul %5 %5 : f32[64, 1]\n"
        "%7 = sum %6 axes=[0, 1] : f32[]\n"
        "return %7 %2\n");
    rg_grad(p.value[0], &p.value[1], 1, &g);
    expect_text(
        p.graph, &g, 1,
        "%1 = input name=\"x\" : f32[64, 10]\n"
        "%2 = input name=\"w\" : f32[10, 1]\n"
        "%3 = input name=\"y\" : f32[64, 1]\n"
        "%4 = dot %1 %2 batch_x=[] batch_y=[] contract_x=[1] contract_y=[0] : f32[64, 1]\n"
        "%5 = sub %4 %3 : f32[64, 1]\n"
        "%6 = add %5 %5 : f32[64, 1]\n"
        "%7 = dot %1 %6 batch_x=[] batch_y=[] contract_x=[0] contract_y=[0] : f32[10, 1]\n"
        "return %7\n");
    rg_graph_free(p.graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vjp),
        cmocka_unit_test(test_grad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
