/* test_remat.c - values computed again in the backward pass: the graph that comes out, the same
 * bits, less memory, and derivatives of it. */
#include "engine/ir/text.h"
#include "engine/random_graph.h"
#include "rigor/plan.h"

/* loss = sum(exp(sin(x))): with sin forgotten, its gradient computes it again behind a barrier.
 */
static void test_text(void **state)
{
    (void)state;
    parsed p = parse_text("%1 = input name=\"x\" : f32[5]\n"
                          "%2 = sin %1 : f32[5]\n"
                          "%3 = exp %2 : f32[5]\n"
                          "%4 = mul %3 %2 : f32[5]\n"
                          "%5 = sum %4 axes=[0] : f32[]\n"
                          "return %5 %1 %4\n");
    rg_val out[2] = {p.value[0]};
    rg_remat(p.value[2], &p.value[1], 1);
    rg_grad(p.value[0], &p.value[1], 1, &out[1]);
    expect_text(p.graph, out, 2,
                "%1 = input name=\"x\" : f32[5]\n"
                "%2 = sin %1 : f32[5]\n"
                "%3 = exp %2 : f32[5]\n"
                "%4 = mul %3 %2 : f32[5]\n"
                "%5 = sum %4 axes=[0] : f32[]\n"
                "%6 = barrier %1 : f32[5]\n"
                "%7 = sin %6 : f32[5]\n"
                "%8 = exp %7 : f32[5]\n"
                "%9 = mul %7 %8 : f32[5]\n"
                "%10 = add %8 %9 : f32[5]\n"
                "%11 = cos %1 : f32[5]\n"
                "%12 = mul %10 %11 : f32[5]\n"
                "return %5 %12\n");
    rg_graph_free(p.graph);
}

/* Forward mode keeps nothing, so it computes nothing twice. */
static void test_forward_mode(void **state)
{
    (void)state;
    parsed p = parse_text("%1 = input name=\"x\" : f32[5]\n"
                          "%2 = sin %1 : f32[5]\n"
                          "%3 = exp %2 : f32[5]\n"
                          "return %3 %1\n");
    rg_val moved;
    rg_remat(p.value[0], &p.value[1], 1);
    rg_jvp(&p.value[0], 1, &p.value[1], &p.value[1], 1, &moved);
    expect_text(p.graph, &moved, 1,
                "%1 = input name=\"x\" : f32[5]\n"
                "%2 = sin %1 : f32[5]\n"
                "%3 = exp %2 : f32[5]\n"
                "%4 = cos %1 : f32[5]\n"
                "%5 = mul %1 %4 : f32[5]\n"
                "%6 = mul %5 %3 : f32[5]\n"
                "return %6\n");
    rg_graph_free(p.graph);
}

/* ---- A residual network of BLOCKS blocks on ROWS rows of WIDTH, f32. */
enum { BLOCKS = 8, ROWS = 64, WIDTH = 16, INNER = 64 };
typedef struct net {
    rg_graph *graph;
    rg_val x, w[2 * BLOCKS], loss, out[2 * BLOCKS + 2]; /* loss, its gradients, their slope */
} net;
typedef rg_val (*block)(rg_val h, rg_val w, rg_val v);

/* Wide inner values between two products. */
static rg_val products(rg_val h, rg_val w, rg_val v)
{
    rg_val u = rg_matmul(h, w);
    u = rg_mul(rg_tanh(u), rg_sin(rg_exp(rg_neg(rg_mul(u, u)))));
    return rg_add(h, rg_matmul(u, v));
}

/* A chain of element-wise values right behind the kept one, which could share its loop. */
static rg_val chain(rg_val h, rg_val w, rg_val v)
{
    rg_val u = rg_neg(h);
    for (int i = 0; i < 12; i++)
        u = rg_sin(rg_exp(u));
    return rg_tanh(rg_matmul(rg_matmul(u, w), v));
}

static net make_net(block make, bool remat)
{
    net n = {.graph = rg_graph_new()};
    n.x = rg_input(n.graph, "x", RG_F32, rg_shape_of(ROWS, WIDTH));
    rg_val h = n.x;
    for (int i = 0; i < BLOCKS; i++) {
        char name[2][16];
        snprintf(name[0], sizeof(name[0]), "w%d", i);
        snprintf(name[1], sizeof(name[1]), "v%d", i);
        rg_val w = rg_input(n.graph, name[0], RG_F32, rg_shape_of(WIDTH, INNER));
        rg_val v = rg_input(n.graph, name[1], RG_F32, rg_shape_of(INNER, WIDTH));
        rg_val next = make(h, w, v);
        if (remat)
            rg_remat(next, &h, 1);
        n.w[2 * i] = w;
        n.w[2 * i + 1] = v;
        h = next;
    }
    n.loss = n.out[0] = rg_sum(rg_mul(h, h), RG_ALL_AXES, false);
    rg_grad(n.loss, n.w, 2 * BLOCKS, n.out + 1);
    rg_val slope = rg_const(n.graph, 0, RG_F32);
    for (int i = 0; i < 2 * BLOCKS; i++)
        slope = rg_add(slope, rg_sum(rg_mul(n.out[i + 1], n.w[i]), RG_ALL_AXES, false));
    n.out[2 * BLOCKS + 1] = slope;
    return n;
}

static void fill(const net *n, rg_plan *plan, uint64_t seed)
{
    rg_rng rng = rg_rng_open(seed, "remat");
    for (int k = 0; k <= 2 * BLOCKS; k++) {
        rg_val input = k ? n->w[k - 1] : n->x;
        float *data = rg_plan_buffer(plan, input);
        for (int64_t i = 0; i < rg_val_count(input); i++)
            data[i] = (float)(0.1 * rg_rng_normal(&rng));
    }
}

static rg_plan *compile(const net *n, const rg_val *out, size_t count)
{
    rg_err err = {0};
    rg_plan *plan = rg_plan_compile(n->graph, out, count, NULL, 0, NULL, &err);
    if (!plan)
        fail_msg("%s: %s", err.where, err.what);
    fill(n, plan, support_seed());
    assert_true(rg_plan_run(plan, &err));
    return plan;
}

/* Kept: h of each block.  Forgotten: all else in it. */
static void check_block(block make)
{
    net kept = make_net(make, false), again = make_net(make, true);
    rg_plan *a = compile(&kept, kept.out, 2 * BLOCKS + 1);
    rg_plan *b = compile(&again, again.out, 2 * BLOCKS + 1);
    for (int i = 0; i <= 2 * BLOCKS; i++)
        assert_memory_equal(rg_plan_buffer(a, kept.out[i]), rg_plan_buffer(b, again.out[i]),
                            sizeof(float) * (size_t)rg_val_count(kept.out[i]));
    if (3 * rg_plan_bytes(b) > rg_plan_bytes(a))
        fail_msg("%zu bytes; %zu with rg_remat", rg_plan_bytes(a), rg_plan_bytes(b));
    rg_plan_free(a);
    rg_plan_free(b);
    rg_graph_free(kept.graph);
    rg_graph_free(again.graph);
}

static void test_same_bits_less_memory(void **state)
{
    (void)state;
    check_block(products);
    check_block(chain);
}

/* Derivatives of a gradient that computes again: along w, reverse over reverse and forward. */
static void test_second_derivatives(void **state)
{
    (void)state;
    rg_plan *plan[2];
    net n[2];
    rg_val g[2][2 * BLOCKS];
    for (int i = 0; i < 2; i++) {
        n[i] = make_net(products, i == 1);
        rg_grad(n[i].out[2 * BLOCKS + 1], n[i].w, 2 * BLOCKS, g[i]);
        if (i == 1) { /* d(g . w)/dw = H w + g */
            rg_hvp(n[i].loss, n[i].w, n[i].w, 2 * BLOCKS, g[i]);
            for (int k = 0; k < 2 * BLOCKS; k++)
                g[i][k] = rg_add(g[i][k], n[i].out[k + 1]);
        }
        plan[i] = compile(&n[i], g[i], 2 * BLOCKS);
    }
    for (int k = 0; k < 2 * BLOCKS; k++) {
        const float *a = rg_plan_buffer(plan[0], g[0][k]),
                    *b = rg_plan_buffer(plan[1], g[1][k]);
        for (int64_t i = 0; i < rg_val_count(g[0][k]); i++)
            assert_close(a[i], b[i], 2e-5);
    }
    for (int i = 0; i < 2; i++) {
        rg_plan_free(plan[i]);
        rg_graph_free(n[i].graph);
    }
}

/* ---- Random graphs: whatever is forgotten, gradients have the same bits. */
typedef struct sample {
    random_graph r;
    rg_val x[VALUES_MAX], g[VALUES_MAX];
    size_t n;
} sample;

/* The sum of all values that are floats, by all inputs that are. */
static rg_val total_of(sample *s)
{
    rg_val total = rg_const(s->r.graph, 0, RG_F64);
    for (size_t i = 0; i < s->r.values; i++) {
        rg_val x = s->r.value[i];
        if (!rg_dtype_float(rg_val_dtype(x)))
            continue;
        x = rg_cast(x, rg_dtype_tangent(rg_val_dtype(x)));
        total = rg_add(total, rg_cast(rg_sum(x, RG_ALL_AXES, false), RG_F64));
    }
    for (uint32_t id = 1; id <= rg_graph_count(s->r.graph) && s->n < VALUES_MAX; id++) {
        rg_val x = {s->r.graph, id};
        if (rg_node_of(s->r.graph, id)->op == RG_OP_input && rg_dtype_float(rg_val_dtype(x)))
            s->x[s->n++] = x;
    }
    return total;
}

static size_t draw_sample(sample *s, uint64_t seed, bool remat)
{
    *s = (sample){
        .r = {.graph = rg_graph_new(), .rng = rg_rng_open(seed, "remat"), .elements_max = 200}};
    random_graph_fill(&s->r, 20);
    rg_val total = total_of(s), keep[VALUES_MAX];
    memcpy(keep, s->x, sizeof(keep));
    size_t n = s->n, forgotten = 0;
    for (size_t i = 0; i < s->r.values && n < VALUES_MAX; i++)
        if (draw(&s->r, 6) == 0)
            keep[n++] = s->r.value[i];
    if (remat)
        rg_remat(total, keep, n);
    for (uint32_t id = 1; id <= rg_graph_count(s->r.graph); id++)
        forgotten += rg_node_of(s->r.graph, id)->forget;
    rg_grad(total, s->x, s->n, s->g);
    assert_string_equal(rg_graph_error(s->r.graph)->what, "");
    return forgotten;
}

static rg_plan *run_sample(sample *s, uint64_t seed)
{
    rg_err err = {0};
    rg_rng rng = rg_rng_open(seed, "inputs");
    rg_plan *plan = rg_plan_compile(s->r.graph, s->g, s->n, NULL, 0, NULL, &err);
    if (!plan)
        fail_msg("%s: %s", err.where, err.what);
    for (uint32_t id = 1; id <= rg_graph_count(s->r.graph); id++) {
        rg_val x = {s->r.graph, id};
        if (rg_node_of(s->r.graph, id)->op == RG_OP_input)
            random_elements(&rng, x, rg_plan_buffer(plan, x));
    }
    assert_true(rg_plan_run(plan, &err));
    return plan;
}

static void compare_samples(sample *a, sample *b, uint64_t seed)
{
    rg_plan *left = run_sample(a, seed), *right = run_sample(b, seed);
    for (size_t k = 0; k < a->n; k++) {
        rg_dtype dtype = rg_val_dtype(a->g[k]);
        const void *x = rg_plan_buffer(left, a->g[k]), *y = rg_plan_buffer(right, b->g[k]);
        for (int64_t i = 0; i < rg_val_count(a->g[k]); i++) {
            double u = rg_dtype_element(dtype, x, (size_t)i);
            double v = rg_dtype_element(dtype, y, (size_t)i);
            if (!(u == v || (isnan(u) && isnan(v))))
                fail_msg("seed %llu: gradient %zu, element %lld: %.17g or %.17g",
                         (unsigned long long)seed, k, (long long)i, u, v);
        }
    }
    rg_plan_free(left);
    rg_plan_free(right);
}

static void test_random_graphs(void **state)
{
    (void)state;
    size_t forgotten = 0;
    for (uint64_t i = 0; i < 300; i++) {
        uint64_t seed = support_seed() * 1000 + i;
        sample kept, again;
        draw_sample(&kept, seed, false);
        forgotten += draw_sample(&again, seed, true) > 0;
        if (kept.n > 0)
            compare_samples(&kept, &again, seed);
        rg_graph_free(kept.r.graph);
        rg_graph_free(again.r.graph);
    }
    assert_true(forgotten > 200);
}

/* What the batch makes of a forgotten value is forgotten as well. */
static void test_batched(void **state)
{
    (void)state;
    parsed p = parse_text("%1 = input name=\"x\" : f32[]\n"
                          "%2 = input name=\"wide\" : f32[3]\n"
                          "%3 = sin %1 : f32[]\n"
                          "%4 = exp %3 : f32[]\n"
                          "%5 = tanh %4 : f32[]\n"
                          "return %5 %1 %2\n");
    rg_val y, g;
    rg_remat(p.value[0], &p.value[1], 1);
    rg_batch(&p.value[0], 1, &p.value[1], &p.value[2], 1, &y);
    rg_vjp(&y, &p.value[2], 1, &p.value[2], 1, &g);
    int sines = 0;
    for (uint32_t id = 1; id <= rg_graph_count(p.graph); id++) {
        const rg_node *node = rg_node_of(p.graph, id);
        sines += node->op == RG_OP_sin && node->shape.rank == 1;
    }
    assert_int_equal(sines, 2);
    rg_graph_free(p.graph);
}

/* Constants, values that `keep` has no part in, y and keep themselves stay as they are. */
static void test_what_is_kept(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(3));
    rg_val w = rg_exp(rg_input(graph, "w", RG_F32, rg_shape_of(3)));
    rg_val h = rg_tanh(x), between = rg_mul(h, w), y = rg_sin(between), beyond = rg_cos(y);
    rg_remat(y, (const rg_val[]){h, beyond}, 2);
    const rg_val kept[] = {x, w, h, y, beyond};
    for (size_t i = 0; i < RG_COUNT(kept); i++)
        assert_false(rg_node_of(graph, kept[i].id)->forget);
    assert_true(rg_node_of(graph, between.id)->forget);
    rg_remat(y, NULL, 0);
    assert_true(rg_node_of(graph, between.id)->forget);
    rg_graph_free(graph);
}

static void test_mistakes(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(3)), none = {0};
    rg_remat(x, &none, 1);
    assert_string_equal(rg_graph_error(graph)->what,
                        "remat: kept value 1 is no value of this graph");
    rg_graph_free(graph);
    graph = rg_graph_new();
    x = rg_input(graph, "x", RG_F32, rg_shape_of(3));
    rg_remat(none, &x, 1);
    assert_string_equal(rg_graph_error(graph)->what,
                        "remat: result 1 is no value of this graph");
    rg_remat(none, &none, 1); /* nowhere to complain */
    rg_graph_free(graph);
}

/* Barriers: equal nodes on both sides stay two; a barrier behind a barrier is one. */
static void test_barrier_text(void **state)
{
    (void)state;
    const char *text = "%1 = input name=\"x\" : f32[5]\n"
                       "%2 = sin %1 : f32[5]\n"
                       "%3 = barrier %1 : f32[5]\n"
                       "%4 = sin %3 : f32[5]\n"
                       "return %2 %4\n";
    parsed p = parse_text(text);
    expect_text(p.graph, p.value, 2, text);
    rg_val b = rg_barrier(p.value[0]);
    assert_int_equal(rg_barrier(b).id, b.id);
    rg_graph_free(p.graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_forward_mode),
        cmocka_unit_test(test_same_bits_less_memory),
        cmocka_unit_test(test_second_derivatives),
        cmocka_unit_test(test_random_graphs),
        cmocka_unit_test(test_batched),
        cmocka_unit_test(test_what_is_kept),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_barrier_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
