/* test_simplify.c - local rewrites, from text to text, and that they change no bits. */
#include "engine/ir/text.h"
#include "engine/random_graph.h"
#include "rigor/plan.h"

typedef struct rewrite {
    const char *before, *after;
} rewrite;

#define X "%1 = input name=\"x\" : f32[4, 3]\n"
#define XY X "%2 = input name=\"y\" : f32[4, 3]\n"
#define WHOLE "%1 = input name=\"x\" : i32[4]\n"

static const rewrite signs[] = {
    {X "%2 = neg %1 : f32[4, 3]\n%3 = neg %2 : f32[4, 3]\nreturn %3\n", X "return %1\n"},
    {XY "%3 = neg %2 : f32[4, 3]\n%4 = add %1 %3 : f32[4, 3]\nreturn %4\n",
     XY "%3 = sub %1 %2 : f32[4, 3]\nreturn %3\n"},
    {XY "%3 = neg %1 : f32[4, 3]\n%4 = add %3 %2 : f32[4, 3]\nreturn %4\n",
     XY "%3 = sub %2 %1 : f32[4, 3]\nreturn %3\n"},
    {XY "%3 = neg %2 : f32[4, 3]\n%4 = sub %1 %3 : f32[4, 3]\nreturn %4\n",
     XY "%3 = add %1 %2 : f32[4, 3]\nreturn %3\n"},
    {XY "%3 = sub %1 %2 : f32[4, 3]\n%4 = neg %3 : f32[4, 3]\nreturn %4\n",
     XY "%3 = sub %2 %1 : f32[4, 3]\nreturn %3\n"},
    {XY "%3 = neg %1 : f32[4, 3]\n%4 = neg %2 : f32[4, 3]\n%5 = mul %3 %4 : f32[4, 3]\n"
        "return %5\n",
     XY "%3 = mul %1 %2 : f32[4, 3]\nreturn %3\n"},
    {XY "%3 = neg %1 : f32[4, 3]\n%4 = neg %2 : f32[4, 3]\n%5 = div %3 %4 : f32[4, 3]\n"
        "return %5\n",
     XY "%3 = div %1 %2 : f32[4, 3]\nreturn %3\n"},
    {X "%2 = const value=-1 : f32[]\n%3 = broadcast %2 : f32[4, 3]\n"
       "%4 = mul %3 %1 : f32[4, 3]\n%5 = div %1 %3 : f32[4, 3]\n%6 = mul %1 %3 : f32[4, 3]\n"
       "return %4 %5 %6\n",
     X "%2 = neg %1 : f32[4, 3]\nreturn %2 %2 %2\n"},
    {X "%2 = const value=0 : f32[]\n%3 = broadcast %2 : f32[4, 3]\n"
       "%4 = sub %3 %1 : f32[4, 3]\nreturn %4\n",
     X "%2 = neg %1 : f32[4, 3]\nreturn %2\n"},
};

/* A float times 0 stays: it may be infinite.  A whole number over -1 stays: it may be the
 * least. */
static const rewrite constants[] = {
    {X "%2 = const value=0 : f32[]\n%3 = broadcast %2 : f32[4, 3]\n"
       "%4 = mul %1 %3 : f32[4, 3]\nreturn %4\n",
     X "%2 = const value=0 : f32[]\n%3 = broadcast %2 : f32[4, 3]\n"
       "%4 = mul %1 %3 : f32[4, 3]\nreturn %4\n"},
    {WHOLE "%2 = const value=0 : i32[]\n%3 = broadcast %2 : i32[4]\n%4 = mul %1 %3 : i32[4]\n"
           "%5 = mul %3 %1 : i32[4]\nreturn %4 %5\n",
     "%1 = const value=0 : i32[]\n%2 = broadcast %1 : i32[4]\nreturn %2 %2\n"},
    {WHOLE "%2 = const value=-1 : i32[]\n%3 = broadcast %2 : i32[4]\n%4 = div %1 %3 : i32[4]\n"
           "return %4\n",
     WHOLE "%2 = const value=-1 : i32[]\n%3 = broadcast %2 : i32[4]\n%4 = div %1 %3 : i32[4]\n"
           "return %4\n"},
    {X "%2 = const value=0 : f32[]\n%3 = broadcast %2 : f32[4, 3]\n"
       "%4 = pow %1 %3 : f32[4, 3]\nreturn %4\n",
     "%1 = const value=1 : f32[]\n%2 = broadcast %1 : f32[4, 3]\nreturn %2\n"},
    {X "%2 = max %1 %1 : f32[4, 3]\nreturn %2\n", X "return %1\n"},
    {XY "%3 = const value=1 : bool[]\n%4 = broadcast %3 : bool[4, 3]\n"
        "%5 = select %4 %1 %2 : f32[4, 3]\nreturn %5\n",
     X "return %1\n"},
    {XY "%3 = const value=0 : bool[]\n%4 = broadcast %3 : bool[4, 3]\n"
        "%5 = select %4 %2 %1 : f32[4, 3]\nreturn %5\n",
     X "return %1\n"},
    {X "%2 = cast %1 : f64[4, 3]\n%3 = cast %2 : f32[4, 3]\nreturn %3\n", X "return %1\n"},
    {X "%2 = cast %1 : i32[4, 3]\n%3 = cast %2 : f32[4, 3]\nreturn %3\n",
     X "%2 = cast %1 : i32[4, 3]\n%3 = cast %2 : f32[4, 3]\nreturn %3\n"},
    {"%1 = input name=\"b\" : bool[4]\n%2 = cast %1 : f32[4]\n%3 = cast %2 : bool[4]\n"
     "return %3\n",
     "%1 = input name=\"b\" : bool[4]\nreturn %1\n"},
};

static const rewrite movement[] = {
    {"%1 = input name=\"x\" : f32[4, 1, 3]\n%2 = permute %1 order=[1, 0, 2] : f32[1, 4, 3]\n"
     "return %2\n",
     "%1 = input name=\"x\" : f32[4, 1, 3]\n%2 = reshape %1 : f32[1, 4, 3]\nreturn %2\n"},
    {"%1 = input name=\"x\" : f32[2, 3, 4]\n%2 = permute %1 order=[1, 2, 0] : f32[3, 4, 2]\n"
     "%3 = permute %2 order=[1, 2, 0] : f32[4, 2, 3]\nreturn %3\n",
     "%1 = input name=\"x\" : f32[2, 3, 4]\n%2 = permute %1 order=[2, 0, 1] : f32[4, 2, 3]\n"
     "return %2\n"},
    {"%1 = input name=\"x\" : f32[3]\n%2 = broadcast %1 : f32[4, 3]\n"
     "%3 = broadcast %2 : f32[2, 4, 3]\nreturn %3\n",
     "%1 = input name=\"x\" : f32[3]\n%2 = broadcast %1 : f32[2, 4, 3]\nreturn %2\n"},
    {"%1 = input name=\"x\" : f32[20]\n%2 = slice %1 from=[2] to=[20] step=[3] : f32[6]\n"
     "%3 = slice %2 from=[1] to=[6] step=[2] : f32[3]\nreturn %3\n",
     "%1 = input name=\"x\" : f32[20]\n%2 = slice %1 from=[5] to=[18] step=[6] : f32[3]\n"
     "return %2\n"},
    {"%1 = input name=\"x\" : f32[20]\n%2 = slice %1 from=[2] to=[20] step=[3] : f32[6]\n"
     "%3 = slice %2 from=[6] to=[6] step=[1] : f32[0]\nreturn %3\n",
     "%1 = input name=\"x\" : f32[20]\n%2 = slice %1 from=[0] to=[0] step=[1] : f32[0]\n"
     "return %2\n"},
    {"%1 = input name=\"x\" : f32[5]\n%2 = pad %1 before=[1] after=[2] value=7 : f32[8]\n"
     "%3 = slice %2 from=[2] to=[6] step=[2] : f32[2]\nreturn %3\n",
     "%1 = input name=\"x\" : f32[5]\n%2 = slice %1 from=[1] to=[5] step=[2] : f32[2]\n"
     "return %2\n"},
    {"%1 = input name=\"x\" : f32[5]\n%2 = pad %1 before=[1] after=[2] value=7 : f32[8]\n"
     "%3 = pad %2 before=[3] after=[0] value=7 : f32[11]\nreturn %3\n",
     "%1 = input name=\"x\" : f32[5]\n%2 = pad %1 before=[4] after=[2] value=7 : f32[11]\n"
     "return %2\n"},
    {X "%2 = reverse %1 axes=[0, 1] : f32[4, 3]\n%3 = reverse %2 axes=[1] : f32[4, 3]\n"
       "return %3\n",
     X "%2 = reverse %1 axes=[0] : f32[4, 3]\nreturn %2\n"},
    {"%1 = input name=\"x\" : f32[4, 1]\n%2 = reverse %1 axes=[1] : f32[4, 1]\nreturn %2\n",
     "%1 = input name=\"x\" : f32[4, 1]\nreturn %1\n"},
};

/* Of 0.1 a sum rounds, and is left to the run. */
static const rewrite reductions[] = {
    {"%1 = input name=\"x\" : f32[4, 3]\n%2 = broadcast %1 : f32[2, 4, 3]\n"
     "%3 = sum %2 axes=[2] : f32[2, 4]\nreturn %3\n",
     X "%2 = sum %1 axes=[1] : f32[4]\n%3 = broadcast %2 : f32[2, 4]\nreturn %3\n"},
    {"%1 = input name=\"x\" : f32[3]\n%2 = broadcast %1 : f32[4, 3]\n"
     "%3 = sum %2 axes=[0] : f32[3]\nreturn %3\n",
     "%1 = input name=\"x\" : f32[3]\n%2 = broadcast %1 : f32[4, 3]\n"
     "%3 = sum %2 axes=[0] : f32[3]\nreturn %3\n"},
    {"%1 = input name=\"x\" : f32[4, 1]\n%2 = broadcast %1 : f32[2, 4, 3]\n"
     "%3 = amax %2 axes=[0, 2] : f32[4]\nreturn %3\n",
     "%1 = input name=\"x\" : f32[4, 1]\n%2 = reshape %1 : f32[4]\nreturn %2\n"},
    {"%1 = const value=1 : f32[]\n%2 = broadcast %1 : f32[4, 3]\n"
     "%3 = sum %2 axes=[0] : f32[3]\nreturn %3\n",
     "%1 = const value=4 : f32[]\n%2 = broadcast %1 : f32[3]\nreturn %2\n"},
    {"%1 = const value=0.1 : f32[]\n%2 = broadcast %1 : f32[4, 3]\n"
     "%3 = sum %2 axes=[0] : f32[3]\nreturn %3\n",
     "%1 = const value=0.100000001 : f32[]\n%2 = broadcast %1 : f32[4, 3]\n"
     "%3 = sum %2 axes=[0] : f32[3]\nreturn %3\n"},
    {"%1 = const value=0.1 : f32[]\n%2 = broadcast %1 : f32[4, 3]\n"
     "%3 = amax %2 axes=[0] : f32[3]\nreturn %3\n",
     "%1 = const value=0.100000001 : f32[]\n%2 = broadcast %1 : f32[3]\nreturn %2\n"},
    {"%1 = const value=2 : f32[]\n%2 = broadcast %1 : f32[0, 3]\n"
     "%3 = amax %2 axes=[0] : f32[3]\n%4 = sum %2 axes=[0] : f32[3]\nreturn %3 %4\n",
     "%1 = const value=2 : f32[]\n%2 = broadcast %1 : f32[0, 3]\n"
     "%3 = amax %2 axes=[0] : f32[3]\n%4 = const value=0 : f32[]\n%5 = broadcast %4 : f32[3]\n"
     "return %3 %5\n"},
};

static void check(const rewrite *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        parsed p = parse_text(list[i].before);
        expect_text(p.graph, p.value, p.n, list[i].after);
        rg_graph_free(p.graph);
    }
}

static void test_texts(void **state)
{
    (void)state;
    check(signs, RG_COUNT(signs));
    check(constants, RG_COUNT(constants));
    check(movement, RG_COUNT(movement));
    check(reductions, RG_COUNT(reductions));
}

/* ---- No bits change: of two graphs drawn alike, one has barriers between its operations,
 * which no rewrite sees through.  Only operations that have rewrites are drawn, and of these
 * not what tells zeros apart (div, pow), as zeros may differ in sign. */
static const rg_op rewritten[] = {
    RG_OP_const,   RG_OP_neg,       RG_OP_cast, RG_OP_add,     RG_OP_sub,   RG_OP_mul,
    RG_OP_max,     RG_OP_select,    RG_OP_sum,  RG_OP_amax,    RG_OP_slice, RG_OP_reshape,
    RG_OP_permute, RG_OP_broadcast, RG_OP_pad,  RG_OP_reverse, RG_OP_input, RG_OP_concat};

static void draw_graph(random_graph *r, uint64_t seed, bool barriers)
{
    *r = (random_graph){
        .graph = rg_graph_new(), .rng = rg_rng_open(seed, "simplify"), .elements_max = 200};
    while (r->values < VALUES_MAX) {
        rg_val made = random_graph_draw(r, rewritten[draw(r, RG_COUNT(rewritten))]);
        r->value[r->values++] = barriers ? rg_barrier(made) : made;
    }
    assert_string_equal(rg_graph_error(r->graph)->what, "");
}

/* Inputs get the same numbers in both graphs: they are drawn in the same order. */
static rg_plan *run(const random_graph *r, uint64_t seed)
{
    rg_err err = {0};
    rg_rng rng = rg_rng_open(seed, "inputs");
    rg_plan *plan = rg_plan_compile(r->graph, r->value, r->values, NULL, 0,
                                    &(rg_plan_options){.reference = true}, &err);
    for (uint32_t id = 1; id <= rg_graph_count(r->graph); id++)
        if (rg_node_of(r->graph, id)->op == RG_OP_input)
            random_elements(&rng, (rg_val){r->graph, id},
                            rg_plan_buffer(plan, (rg_val){r->graph, id}));
    assert_true(rg_plan_run(plan, &err));
    return plan;
}

static void compare(const random_graph *a, const random_graph *b, uint64_t seed)
{
    rg_plan *left = run(a, seed), *right = run(b, seed);
    for (size_t k = 0; k < a->values; k++) {
        rg_dtype dtype = rg_val_dtype(a->value[k]);
        assert_int_equal(dtype, rg_val_dtype(b->value[k]));
        assert_true(rg_shape_same(rg_val_shape(a->value[k]), rg_val_shape(b->value[k])));
        for (int64_t i = 0; i < rg_val_count(a->value[k]); i++) {
            double x = rg_dtype_element(dtype, rg_plan_buffer(left, a->value[k]), (size_t)i);
            double y = rg_dtype_element(dtype, rg_plan_buffer(right, b->value[k]), (size_t)i);
            if (!(x == y || (isnan(x) && isnan(y))))
                fail_msg("seed %llu: value %zu (%s), element %lld: %.17g or %.17g",
                         (unsigned long long)seed, k,
                         rg_ops[rg_node_of(a->graph, a->value[k].id)->op].name, (long long)i, x,
                         y);
        }
    }
    rg_plan_free(left);
    rg_plan_free(right);
}

static size_t count_work(const rg_graph *graph)
{
    size_t n = 0;
    for (uint32_t id = 1; id <= rg_graph_count(graph); id++)
        n += rg_node_of(graph, id)->op != RG_OP_barrier;
    return n;
}

static void test_no_bits_change(void **state)
{
    (void)state;
    size_t fewer = 0;
    for (uint64_t i = 0; i < 400; i++) {
        uint64_t seed = support_seed() * 1000 + i;
        random_graph plain, apart;
        draw_graph(&plain, seed, false);
        draw_graph(&apart, seed, true);
        fewer += count_work(plain.graph) < count_work(apart.graph);
        compare(&plain, &apart, seed);
        rg_graph_free(plain.graph);
        rg_graph_free(apart.graph);
    }
    assert_true(fewer > 100); /* there was something to rewrite */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_no_bits_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
