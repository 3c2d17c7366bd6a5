/* test_batch.c - many members in one graph: the form of each rule, and a batch equals a loop
 * over its members, bit for bit (dot: within rounding), for every operation of the table. */
#include "engine/ir/text.h"
#include "engine/random_graph.h"
#include "rigor/plan.h"

/* ---- From text to text: the text returns y and x; x gets `members`. */
static void expect_batch(const char *before, int64_t members, const char *after)
{
    parsed p = parse_text(before);
    rg_val y, wide[PARSED_MAX];
    for (size_t i = 1; i < p.n; i++) {
        rg_shape own = rg_val_shape(p.value[i]), shape = {own.rank + 1, {members}};
        char name[16];
        memcpy(shape.dim + 1, own.dim, sizeof(int64_t) * (RG_RANK_MAX - 1));
        snprintf(name, sizeof(name), "wide%zu", i);
        wide[i] = rg_input(p.graph, name, rg_val_dtype(p.value[i]), shape);
    }
    rg_batch(p.value, 1, p.value + 1, wide + 1, p.n - 1, &y);
    expect_text(p.graph, &y, 1, after);
    rg_graph_free(p.graph);
}

/* What does not vary is shared: exp(w) stays as it is, and is repeated where it is read. */
static void test_shared_values(void **state)
{
    (void)state;
    expect_batch("%1 = input name=\"x\" : f32[4]\n"
                 "%2 = input name=\"w\" : f32[4]\n"
                 "%3 = exp %2 : f32[4]\n"
                 "%4 = mul %1 %3 : f32[4]\n"
                 "%5 = sum %4 axes=[0] : f32[]\n"
                 "return %5 %1\n",
                 7,
                 "%1 = input name=\"w\" : f32[4]\n"
                 "%2 = exp %1 : f32[4]\n"
                 "%3 = input name=\"wide1\" : f32[7, 4]\n"
                 "%4 = broadcast %2 : f32[7, 4]\n"
                 "%5 = mul %3 %4 : f32[7, 4]\n"
                 "%6 = sum %5 axes=[1] : f32[7]\n"
                 "return %6\n");
}

#define DOT \
    "%1 = input name=\"x\" : f32[5, 3]\n" \
    "%2 = input name=\"w\" : f32[3, 2]\n" \
    "%3 = dot %1 %2 batch_x=[] batch_y=[] contract_x=[1] contract_y=[0] : f32[5, 2]\n"

/* One product with 7 x 5 rows, and no copy of w. */
static void test_dot_of_wide_rows(void **state)
{
    (void)state;
    expect_batch(DOT "return %3 %1\n", 7,
                 "%1 = input name=\"w\" : f32[3, 2]\n"
                 "%2 = input name=\"wide1\" : f32[7, 5, 3]\n"
                 "%3 = dot %2 %1 batch_x=[] batch_y=[] contract_x=[2] contract_y=[0] : "
                 "f32[7, 5, 2]\n"
                 "return %3\n");
}

static void test_dot_of_wide_weights(void **state)
{
    (void)state;
    expect_batch(DOT "return %3 %2\n", 7,
                 "%1 = input name=\"x\" : f32[5, 3]\n"
                 "%2 = input name=\"wide1\" : f32[7, 3, 2]\n"
                 "%3 = permute %2 order=[0, 2, 1] : f32[7, 2, 3]\n"
                 "%4 = dot %1 %3 batch_x=[] batch_y=[] contract_x=[1] contract_y=[2] : "
                 "f32[5, 7, 2]\n"
                 "%5 = permute %4 order=[1, 0, 2] : f32[7, 5, 2]\n"
                 "return %5\n");
}

static void test_dot_of_both(void **state)
{
    (void)state;
    expect_batch(DOT "return %3 %1 %2\n", 7,
                 "%1 = input name=\"wide1\" : f32[7, 5, 3]\n"
                 "%2 = input name=\"wide2\" : f32[7, 3, 2]\n"
                 "%3 = dot %1 %2 batch_x=[0] batch_y=[0] contract_x=[2] contract_y=[1] : "
                 "f32[7, 5, 2]\n"
                 "return %3\n");
}

#define GATHER \
    "%1 = input name=\"x\" : f32[6, 4]\n" \
    "%2 = input name=\"i\" : u32[3]\n" \
    "%3 = gather %1 %2 axis=0 : f32[3, 4]\n"

static void test_gather_text(void **state)
{
    (void)state;
    expect_batch(GATHER "return %3 %1\n", 2,
                 "%1 = input name=\"i\" : u32[3]\n"
                 "%2 = input name=\"wide1\" : f32[2, 6, 4]\n"
                 "%3 = gather %2 %1 axis=1 : f32[2, 3, 4]\n"
                 "return %3\n");
    expect_batch(GATHER "return %3 %2\n", 2,
                 "%1 = input name=\"x\" : f32[6, 4]\n"
                 "%2 = input name=\"wide1\" : u32[2, 3]\n"
                 "%3 = gather %1 %2 axis=0 : f32[2, 3, 4]\n"
                 "return %3\n");
    expect_batch(GATHER "return %3 %1 %2\n", 2,
                 "%1 = input name=\"wide1\" : f32[2, 6, 4]\n"
                 "%2 = input name=\"wide2\" : u32[2, 3]\n"
                 "%3 = reshape %1 : f32[12, 4]\n"
                 "%4 = const value=6 : u32[]\n"
                 "%5 = const value=12 : u32[]\n"
                 "%6 = iota axis=0 : u32[2, 3]\n"
                 "%7 = broadcast %4 : u32[2, 3]\n"
                 "%8 = mul %6 %7 : u32[2, 3]\n"
                 "%9 = lt %2 %7 : bool[2, 3]\n"
                 "%10 = add %2 %8 : u32[2, 3]\n"
                 "%11 = broadcast %5 : u32[2, 3]\n"
                 "%12 = select %9 %10 %11 : u32[2, 3]\n"
                 "%13 = gather %3 %12 axis=0 : f32[2, 3, 4]\n"
                 "return %13\n");
}

static void test_random_bits_text(void **state)
{
    (void)state;
    expect_batch("%1 = input name=\"key\" : u32[2]\n"
                 "%2 = random_bits %1 site=3 : u32[5]\n"
                 "return %2 %1\n",
                 4,
                 "%1 = input name=\"wide1\" : u32[4, 2]\n"
                 "%2 = random_bits %1 site=3 : u32[4, 5]\n"
                 "return %2\n");
}

static void test_result_that_does_not_vary(void **state)
{
    (void)state;
    expect_batch("%1 = input name=\"x\" : f32[4]\n"
                 "%2 = input name=\"w\" : f32[3]\n"
                 "%3 = exp %2 : f32[3]\n"
                 "return %3 %1\n",
                 7,
                 "%1 = input name=\"w\" : f32[3]\n"
                 "%2 = exp %1 : f32[3]\n"
                 "%3 = broadcast %2 : f32[7, 3]\n"
                 "return %3\n");
}

/* ---- A batch against a loop over its members. */
#define VARYING_MAX 8
typedef struct trial {
    random_graph r;
    rg_val x[VARYING_MAX], wide[VARYING_MAX], y[VALUES_MAX], wide_y[VALUES_MAX];
    size_t n, m;
    int64_t members;
    uint64_t seed;
    bool dots;
} trial;

static rg_shape front(int64_t members, rg_shape shape)
{
    rg_shape ret = {.rank = shape.rank + 1, .dim = {members}};
    for (int i = 0; i < shape.rank; i++)
        ret.dim[i + 1] = shape.dim[i];
    return ret;
}

static void vary(trial *t, rg_val x)
{
    char name[32];
    snprintf(name, sizeof(name), "wide%zu", t->n);
    t->x[t->n] = x;
    t->wide[t->n++] =
        rg_input(t->r.graph, name, rg_val_dtype(x), front(t->members, rg_val_shape(x)));
}

/* Up to four of the inputs vary, at least one. */
static bool draw_varying(trial *t)
{
    size_t count = rg_graph_count(t->r.graph);
    for (uint32_t id = 1; id <= count && t->n < 4; id++) {
        rg_val x = {t->r.graph, id};
        if (rg_node_of(t->r.graph, id)->op == RG_OP_input && rg_val_shape(x).rank < 7 &&
            (t->n == 0 || draw(&t->r, 2)))
            vary(t, x);
    }
    return t->n > 0;
}

static void fill(trial *t, rg_plan *plan, rg_val input)
{
    random_elements(&t->r.rng, input, rg_plan_buffer(plan, input));
}

static rg_plan *compile(rg_graph *graph, const rg_val *y, size_t m)
{
    rg_err err = {0};
    rg_plan *plan = rg_plan_compile(graph, y, m, NULL, 0, NULL, &err);
    if (!plan)
        fail_msg("%s: %s", err.where, err.what);
    return plan;
}

static size_t bytes_of(rg_val x)
{
    return (size_t)rg_val_count(x) * rg_dtype_bytes(rg_val_dtype(x));
}

/* The same bits, two NaNs, or, with products, nearly the same number.  What rounding moves
 * across a jump (a comparison, a cut) is not looked for: dots are drawn alone. */
static bool same(const trial *t, rg_dtype dtype, const void *a, const void *b, int64_t i)
{
    size_t bytes = rg_dtype_bytes(dtype);
    if (memcmp((const char *)a + (size_t)i * bytes, (const char *)b + (size_t)i * bytes,
               bytes) == 0)
        return true;
    if (!rg_dtype_float(dtype))
        return false;
    double x = rg_dtype_element(dtype, a, (size_t)i), y = rg_dtype_element(dtype, b, (size_t)i);
    double unit = dtype == RG_F32 ? 1e-5 : 1e-13;
    return (isnan(x) && isnan(y)) || (t->dots && fabs(x - y) <= unit * (1 + fabs(y)));
}

static void compare_member(trial *t, rg_plan *wide, rg_plan *one, int64_t member)
{
    rg_err err = {0};
    for (size_t i = 0; i < t->n; i++) {
        size_t bytes = bytes_of(t->x[i]);
        const char *from = rg_plan_buffer(wide, t->wide[i]);
        if (bytes)
            memcpy(rg_plan_buffer(one, t->x[i]), from + (size_t)member * bytes, bytes);
    }
    assert_true(rg_plan_run(one, &err));
    for (size_t j = 0; j < t->m; j++) {
        rg_dtype dtype = rg_val_dtype(t->y[j]);
        const char *all = rg_plan_buffer(wide, t->wide_y[j]);
        const void *alone = rg_plan_buffer(one, t->y[j]);
        for (int64_t i = 0; i < rg_val_count(t->y[j]); i++)
            if (!same(t, dtype, all + (size_t)member * bytes_of(t->y[j]), alone, i))
                fail_msg("seed %llu: member %lld of result %zu (%s) differs at %lld",
                         (unsigned long long)t->seed, (long long)member, j,
                         rg_ops[rg_node_of(t->r.graph, t->y[j].id)->op].name, (long long)i);
    }
}

/* Inputs that do not vary hold the same in both plans. */
static void compare(trial *t)
{
    rg_err err = {0};
    rg_plan *wide = compile(t->r.graph, t->wide_y, t->m);
    rg_plan *one = compile(t->r.graph, t->y, t->m);
    for (uint32_t id = 1; id <= rg_graph_count(t->r.graph); id++) {
        rg_val x = {t->r.graph, id};
        if (rg_node_of(t->r.graph, id)->op != RG_OP_input)
            continue;
        fill(t, wide, x);
        if (bytes_of(x))
            memcpy(rg_plan_buffer(one, x), rg_plan_buffer(wide, x), bytes_of(x));
    }
    assert_true(rg_plan_run(wide, &err));
    for (int64_t member = 0; member < t->members; member++)
        compare_member(t, wide, one, member);
    rg_plan_free(wide);
    rg_plan_free(one);
}

/* False: some value has 8 axes, and no place for the members'. */
static bool batched(trial *t)
{
    rg_batch(t->y, t->m, t->x, t->wide, t->n, t->wide_y);
    const rg_err *err = rg_graph_error(t->r.graph);
    if (err->code != RG_OK && !strstr(err->what, "axes"))
        fail_msg("seed %llu: %s", (unsigned long long)t->seed, err->what);
    for (size_t j = 0; err->code == RG_OK && j < t->m; j++)
        assert_true(rg_shape_same(rg_val_shape(t->wide_y[j]),
                                  front(t->members, rg_val_shape(t->y[j]))));
    return err->code == RG_OK;
}

/* Operation `op` above random values of other operations; RG_OPS: these alone. */
static bool check_random(rg_op op, uint64_t seed)
{
    static const int64_t members[] = {3, 1, 2, 5, 0};
    trial t = {.seed = seed, .members = members[seed % 5], .dots = op == RG_OP_dot};
    t.r = (random_graph){
        .graph = rg_graph_new(), .rng = rg_rng_open(seed, "batch"), .elements_max = 300};
    random_graph_fill(&t.r, t.dots ? 0 : op == RG_OPS ? 20 : 3);
    if (op < RG_OPS) {
        rg_val top = random_graph_draw(&t.r, op);
        t.r.value[t.r.values++] = top;
    }
    t.m = t.r.values;
    memcpy(t.y, t.r.value, sizeof(rg_val) * t.m);
    bool done = draw_varying(&t) && batched(&t);
    if (done)
        compare(&t);
    rg_graph_free(t.r.graph);
    return done;
}

static void test_every_operation(void **state)
{
    (void)state;
    for (int op = 0; op <= RG_OPS; op++) {
        int done = 0;
        for (uint64_t i = 0; i < 60; i++)
            done += check_random((rg_op)op, support_seed() * 1000 + i);
        if (done < 20)
            fail_msg("%s: %d of 60 trials", op < RG_OPS ? rg_ops[op].name : "all", done);
    }
}

/* ---- Indices that vary. */
static rg_shape small_shape(random_graph *r, int least)
{
    rg_shape shape = {.rank = least + (int)draw(r, 3)};
    for (int i = 0; i < shape.rank; i++)
        shape.dim[i] = 1 + draw(r, 4);
    return shape;
}

static void fill_indices(trial *t, rg_plan *plan, rg_val indices, int64_t length)
{
    uint32_t *data = rg_plan_buffer(plan, indices); /* i32 holds them as well */
    for (int64_t i = 0; i < rg_val_count(indices); i++)
        data[i] = (uint32_t)draw(&t->r, length);
}

static rg_val indexed(rg_op op, rg_shape whole, rg_val x, rg_val index, int axis)
{
    return op == RG_OP_gather        ? rg_gather(x, index, axis)
           : op == RG_OP_scatter_add ? rg_scatter_add(whole, index, x, axis)
                                     : rg_scatter_max(whole, index, x, axis);
}

/* Bits of `which`: x (or the updates) vary, the indices vary. */
static void check_indexing(rg_op op, int which, uint64_t seed)
{
    bool gather = op == RG_OP_gather;
    trial t = {.seed = seed, .members = 1 + (int64_t)(seed % 4), .m = 1};
    t.r = (random_graph){.graph = rg_graph_new(), .rng = rg_rng_open(seed, "indexing")};
    rg_err err = {0};
    rg_shape whole = small_shape(&t.r, 1), part = small_shape(&t.r, 0);
    int axis = (int)draw(&t.r, whole.rank);
    rg_dtype dtype = draw_number_type(&t.r);
    rg_val index = rg_input(t.r.graph, "index", draw(&t.r, 2) ? RG_I32 : RG_U32, part);
    rg_val like = rg_gather(rg_input(t.r.graph, "x", dtype, whole), index, axis);
    rg_val x = gather ? rg_input(t.r.graph, "source", dtype, whole)
                      : rg_input(t.r.graph, "updates", dtype, rg_val_shape(like));
    t.y[0] = indexed(op, whole, x, index, axis);
    if (which & 1)
        vary(&t, x);
    if (which & 2)
        vary(&t, index);
    assert_true(batched(&t));
    rg_plan *wide = compile(t.r.graph, t.wide_y, 1), *one = compile(t.r.graph, t.y, 1);
    rg_val wide_x = which & 1 ? t.wide[0] : x, wide_index = which & 2 ? t.wide[t.n - 1] : index;
    fill(&t, wide, wide_x);
    fill_indices(&t, wide, wide_index, whole.dim[axis]);
    if (!(which & 1))
        memcpy(rg_plan_buffer(one, x), rg_plan_buffer(wide, x), bytes_of(x));
    if (!(which & 2))
        memcpy(rg_plan_buffer(one, index), rg_plan_buffer(wide, index), bytes_of(index));
    assert_true(rg_plan_run(wide, &err));
    for (int64_t member = 0; member < t.members; member++)
        compare_member(&t, wide, one, member);
    rg_plan_free(wide);
    rg_plan_free(one);
    rg_graph_free(t.r.graph);
}

static void test_indexing(void **state)
{
    (void)state;
    static const rg_op ops[] = {RG_OP_gather, RG_OP_scatter_add, RG_OP_scatter_max};
    for (uint64_t i = 0; i < 100; i++)
        for (int which = 1; which < 4; which++)
            for (size_t k = 0; k < RG_COUNT(ops); k++)
                check_indexing(ops[k], which, support_seed() * 1000 + i);
}

/* ---- Products in the body of a loop: c' = tanh(c w + s), out = conv(s, c'), whatever
 * varies. */
static void products_body(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = rg_tanh(rg_add(rg_matmul(b->carry[0], b->shared[0]), b->scan[0]));
    rg_val signal = rg_reshape(b->scan[0], rg_shape_of(1, 2, 3));
    rg_val filter = rg_reshape(b->next[0], rg_shape_of(1, 2, 3));
    b->out[0] = rg_conv(signal, filter, &(rg_conv_axes){.lo = {1}, .hi = {1}});
}

static void check_products_in_a_loop(int which, uint64_t seed)
{
    trial t = {.seed = seed, .members = 1 + (int64_t)(seed % 4), .dots = true, .m = 4};
    t.r = (random_graph){.graph = rg_graph_new(), .rng = rg_rng_open(seed, "products")};
    rg_dtype dtype = seed % 2 ? RG_F32 : RG_F64;
    rg_val x[3] = {rg_input(t.r.graph, "c", dtype, rg_shape_of(2, 3)),
                   rg_input(t.r.graph, "s", dtype, rg_shape_of(4, 2, 3)),
                   rg_input(t.r.graph, "w", dtype, rg_shape_of(3, 3))};
    rg_loop(t.r.graph,
            &(rg_loop_spec){.steps = 4,
                            .carry = x,
                            .carries = 1,
                            .scan = &x[1],
                            .scans = 1,
                            .shared = &x[2],
                            .shareds = 1,
                            .outs = 1,
                            .body = products_body},
            t.y);
    rg_grad(rg_sum(rg_mul(t.y[1], t.y[1]), RG_ALL_AXES, false), &x[1], 2, &t.y[2]);
    for (int i = 0; i < 3; i++)
        if (which >> i & 1)
            vary(&t, x[i]);
    assert_true(batched(&t));
    compare(&t);
    rg_graph_free(t.r.graph);
}

static void test_products_in_a_loop(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 8; i++)
        for (int which = 1; which < 8; which++)
            check_products_in_a_loop(which, support_seed() * 1000 + i);
}

/* Filters alone vary, with two groups and five spatial axes: there is no ninth axis. */
static void test_conv_of_five_axes(void **state)
{
    (void)state;
    trial t = {.seed = support_seed(), .members = 3, .dots = true, .m = 1};
    t.r = (random_graph){.graph = rg_graph_new(), .rng = rg_rng_open(t.seed, "conv")};
    rg_val x = rg_input(t.r.graph, "x", RG_F64, rg_shape_of(2, 4, 2, 3, 1, 2, 2));
    rg_val w = rg_input(t.r.graph, "w", RG_F64, rg_shape_of(6, 2, 2, 2, 1, 1, 2));
    t.y[0] = rg_conv(x, w, &(rg_conv_axes){.groups = 2});
    vary(&t, w);
    assert_true(batched(&t));
    compare(&t);
    rg_graph_free(t.r.graph);
}

/* One member's bad index is an error of the run, not its neighbour's entry. */
static void test_index_out_of_range(void **state)
{
    (void)state;
    static const int32_t bad[] = {-1, 3, 4, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < 2 * RG_COUNT(bad); i++) {
        rg_graph *graph = rg_graph_new();
        rg_val x[2] = {rg_input(graph, "x", RG_F32, rg_shape_of(3)),
                       rg_input(graph, "i", RG_I32, rg_shape_of(1))};
        rg_val wide[2] = {rg_input(graph, "wide x", RG_F32, rg_shape_of(4, 3)),
                          rg_input(graph, "wide i", RG_I32, rg_shape_of(4, 1))};
        rg_val y = rg_gather(x[0], x[1], 0);
        rg_batch(&y, 1, x, wide, 2, &y);
        rg_plan *plan = compile(graph, &y, 1);
        rg_err err = {0};
        ((int32_t *)rg_plan_buffer(plan, wide[1]))[1 + i % 2] = 2;
        assert_true(rg_plan_run(plan, &err));
        ((int32_t *)rg_plan_buffer(plan, wide[1]))[1 + i % 2] = bad[i / 2];
        assert_false(rg_plan_run(plan, &err));
        assert_string_equal(err.what,
                            "gather: index 12 is out of range for an axis of length 12");
        rg_plan_free(plan);
        rg_graph_free(graph);
    }
}

/* ---- Gradients of single examples of a two-layer perceptron: 5 examples of 4 features, 3
 * hidden units, 2 classes; f64. */
enum { EXAMPLES = 5, FEATURES = 4, HIDDEN = 3, CLASSES = 2 };
typedef struct perceptron {
    rg_graph *graph;
    rg_val x, label, w[4], loss; /* one example: (FEATURES), scalar i32 */
} perceptron;

static perceptron make_perceptron(void)
{
    perceptron p = {.graph = rg_graph_new()};
    rg_graph *g = p.graph;
    p.x = rg_input(g, "x", RG_F64, rg_shape_of(FEATURES));
    p.label = rg_input(g, "label", RG_I32, RG_SCALAR);
    p.w[0] = rg_input(g, "w0", RG_F64, rg_shape_of(FEATURES, HIDDEN));
    p.w[1] = rg_input(g, "b0", RG_F64, rg_shape_of(HIDDEN));
    p.w[2] = rg_input(g, "w1", RG_F64, rg_shape_of(HIDDEN, CLASSES));
    p.w[3] = rg_input(g, "b1", RG_F64, rg_shape_of(CLASSES));
    rg_val h = rg_tanh(rg_add(rg_matmul(p.x, p.w[0]), p.w[1]));
    rg_val logits = rg_add(rg_matmul(h, p.w[2]), p.w[3]);
    rg_val shifted = rg_sub(logits, rg_stop_grad(rg_amax(logits, RG_ALL_AXES, true)));
    rg_val log_total = rg_log(rg_sum(rg_exp(shifted), RG_ALL_AXES, false));
    p.loss = rg_sub(log_total, rg_gather(shifted, p.label, 0));
    return p;
}

static void test_gradients_of_examples(void **state)
{
    (void)state;
    perceptron p = make_perceptron();
    rg_val grad[4], wide_grad[4], wide[2];
    rg_grad(p.loss, p.w, 4, grad);
    wide[0] = rg_input(p.graph, "xs", RG_F64, rg_shape_of(EXAMPLES, FEATURES));
    wide[1] = rg_input(p.graph, "labels", RG_I32, rg_shape_of(EXAMPLES));
    rg_batch(grad, 4, (const rg_val[]){p.x, p.label}, wide, 2, wide_grad);
    /* The other order: the gradient of the examples' summed loss is the sum of theirs. */
    rg_val losses, total[4];
    rg_batch(&p.loss, 1, (const rg_val[]){p.x, p.label}, wide, 2, &losses);
    rg_grad(rg_sum(losses, RG_ALL_AXES, false), p.w, 4, total);
    trial t = {.r = {.graph = p.graph, .rng = rg_rng_open(support_seed(), "examples")},
               .n = 2,
               .m = 4,
               .members = EXAMPLES,
               .dots = true,
               .x = {p.x, p.label},
               .wide = {wide[0], wide[1]}};
    memcpy(t.y, grad, sizeof(grad));
    memcpy(t.wide_y, wide_grad, sizeof(wide_grad));
    rg_val outputs[8] = {wide_grad[0], wide_grad[1], wide_grad[2], wide_grad[3],
                         total[0],     total[1],     total[2],     total[3]};
    rg_plan *all = compile(p.graph, outputs, 8), *one = compile(p.graph, grad, 4);
    for (int i = 0; i < 4; i++) {
        fill(&t, all, p.w[i]);
        memcpy(rg_plan_buffer(one, p.w[i]), rg_plan_buffer(all, p.w[i]), bytes_of(p.w[i]));
    }
    fill(&t, all, wide[0]);
    fill_indices(&t, all, wide[1], CLASSES);
    rg_err err = {0};
    assert_true(rg_plan_run(all, &err));
    for (int64_t member = 0; member < EXAMPLES; member++)
        compare_member(&t, all, one, member);
    for (int k = 0; k < 4; k++)
        for (int64_t i = 0; i < rg_val_count(p.w[k]); i++) {
            double sum = 0;
            for (int64_t b = 0; b < EXAMPLES; b++)
                sum +=
                    ((double *)rg_plan_buffer(all, wide_grad[k]))[b * rg_val_count(p.w[k]) + i];
            assert_close(((double *)rg_plan_buffer(all, total[k]))[i], sum, 1e-13);
        }
    rg_plan_free(all);
    rg_plan_free(one);
    rg_graph_free(p.graph);
}

/* Members of members: (2, 3) of exp(x) w. */
static void test_batch_of_a_batch(void **state)
{
    (void)state;
    parsed p = parse_text("%1 = input name=\"x\" : f32[4]\n"
                          "%2 = input name=\"inner\" : f32[3, 4]\n"
                          "%3 = input name=\"outer\" : f32[2, 3, 4]\n"
                          "%4 = exp %1 : f32[4]\n"
                          "return %4 %1 %2 %3\n");
    rg_val y;
    rg_batch(&p.value[0], 1, &p.value[1], &p.value[2], 1, &y);
    rg_batch(&y, 1, &p.value[2], &p.value[3], 1, &y);
    expect_text(p.graph, &y, 1,
                "%1 = input name=\"outer\" : f32[2, 3, 4]\n"
                "%2 = exp %1 : f32[2, 3, 4]\n"
                "return %2\n");
    rg_graph_free(p.graph);
}

/* ---- Mistakes. */
static void expect_error(rg_graph *graph, const char *what)
{
    const rg_err *err = rg_graph_error(graph);
    assert_string_equal(err->what, what);
    assert_true(err->remedy[0]);
    assert_true(rg_text_starts(err->where, "test_batch.c:"));
    rg_graph_free(graph);
}

static void test_mistakes(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(3)), y = rg_exp(x), ret;
    rg_batch(&y, 1, &x, &y, 1, &ret);
    expect_error(graph, "batch: wide value 1 has shape (3) and type f32 for a value of shape "
                        "(3) and type f32");

    graph = rg_graph_new();
    x = rg_input(graph, "x", RG_F32, rg_shape_of(3));
    rg_batch(&x, 1, NULL, NULL, 0, &ret);
    expect_error(graph, "batch: no value varies");

    graph = rg_graph_new();
    rg_val two[2] = {rg_input(graph, "x", RG_F32, RG_SCALAR),
                     rg_input(graph, "y", RG_F32, RG_SCALAR)};
    rg_val wide[2] = {rg_input(graph, "wide x", RG_F32, rg_shape_of(4)),
                      rg_input(graph, "wide y", RG_F32, rg_shape_of(5))};
    y = rg_add(two[0], two[1]);
    rg_batch(&y, 1, two, wide, 2, &ret);
    expect_error(graph, "batch: wide value 2 has shape (5) and type f32 for a value of shape "
                        "() and type f32");

    graph = rg_graph_new();
    x = rg_input(graph, "x", RG_F32, rg_shape_of(2, 2));
    y = rg_exp(rg_reshape(x, rg_shape_of(1, 1, 1, 1, 1, 1, 2, 2)));
    rg_val members = rg_input(graph, "wide", RG_F32, rg_shape_of(4, 2, 2));
    rg_batch(&y, 1, &x, &members, 1, &ret);
    expect_error(graph, "reshape: 9 axes; at most 8 are possible");

    graph = rg_graph_new();
    x = rg_input(graph, "x", RG_F32, rg_shape_of(1 << 20));
    rg_val in[2] = {x, rg_input(graph, "i", RG_I32, RG_SCALAR)};
    rg_val wides[2] = {rg_broadcast(x, rg_shape_of(1 << 12, 1 << 20)),
                       rg_input(graph, "wide i", RG_I32, rg_shape_of(1 << 12))};
    y = rg_gather(in[0], in[1], 0);
    rg_batch(&y, 1, in, wides, 2, &ret);
    expect_error(graph,
                 "gather: 4096 members with 1048576 entries are more than 32-bit indices "
                 "reach");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared_values),
        cmocka_unit_test(test_dot_of_wide_rows),
        cmocka_unit_test(test_dot_of_wide_weights),
        cmocka_unit_test(test_dot_of_both),
        cmocka_unit_test(test_gather_text),
        cmocka_unit_test(test_random_bits_text),
        cmocka_unit_test(test_result_that_does_not_vary),
        cmocka_unit_test(test_every_operation),
        cmocka_unit_test(test_indexing),
        cmocka_unit_test(test_products_in_a_loop),
        cmocka_unit_test(test_index_out_of_range),
        cmocka_unit_test(test_conv_of_five_axes),
        cmocka_unit_test(test_gradients_of_examples),
        cmocka_unit_test(test_batch_of_a_batch),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
