/* test_loop.c - loops against the same steps written out: values, first and second derivatives;
 * the text form; mistakes. */
#include "engine/ir/loops.h"

#include "engine/ir/import.h"
#include "engine/ir/vjp.h"

/* ---- Cases: what is computed from three inputs. */
typedef struct shapes {
    rg_shape carry, scan, shared;
} shapes;

/* Cumulative sums: the last one and all of them. */
static void sums(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = b->out[0] = rg_add(b->carry[0], b->scan[0]);
}

/* A gated cell with two carries that see each other. */
static void cell(rg_loop_body *b, void *context)
{
    (void)context;
    rg_val h = b->carry[0], c = b->carry[1];
    rg_val gate = rg_tanh(rg_add(rg_matmul(h, b->shared[0]), b->scan[0]));
    b->next[1] = rg_add(rg_mul(gate, c), rg_sin(h));
    b->next[0] = rg_mul(rg_tanh(b->next[1]), gate);
    b->out[0] = rg_mul(b->next[0], b->next[0]);
    b->out[1] = c; /* a carry as it came in */
}

/* Power iteration: v = A v / |A v|; nothing is scanned. */
static void power(rg_loop_body *b, void *context)
{
    (void)context;
    rg_val v = rg_matmul(b->carry[0], b->shared[0]);
    rg_val size = rg_sqrt(rg_sum(rg_mul(v, v), RG_ALL_AXES, false));
    b->next[0] = rg_div(v, size);
    b->out[0] = size;
}

/* Uses its number; swaps its carries; one scanned value goes to a stack as it is. */
static void numbered(rg_loop_body *b, void *context)
{
    (void)context;
    rg_val t = rg_cast(b->step, RG_F64);
    b->next[0] = rg_mul(b->carry[1], rg_sin(rg_add(t, b->scan[0])));
    b->next[1] = b->carry[0];
    b->out[0] = b->scan[0];
    b->out[1] = b->next[0];
}

/* A loop in a loop: each outer step runs three inner ones over its own entry. */
static void inner(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = rg_tanh(rg_add(rg_mul(b->carry[0], b->shared[0]), b->scan[0]));
    b->out[0] = rg_mul(b->carry[0], b->next[0]);
}

static void outer(rg_loop_body *b, void *context)
{
    bool unroll = context != NULL;
    rg_val ret[2];
    rg_loop_spec spec = {.steps = 3,
                         .carry = b->carry,
                         .carries = 1,
                         .scan = b->scan,
                         .scans = 1,
                         .shared = b->shared,
                         .shareds = 1,
                         .outs = 1,
                         .reverse = true,
                         .body = inner};
    if (unroll)
        unrolled(b->graph, &spec, ret);
    else
        rg_loop(b->graph, &spec, ret);
    b->next[0] = ret[0];
    b->out[0] = rg_sum(ret[1], RG_AXIS(0), false);
}

static const struct {
    const char *name;
    loop_body body;
    int64_t steps, carry[2], scan[3], shared[2];
    size_t carries, outs;
} cases[] = {
    {"sums", sums, 5, {1, 3}, {5, 1, 3}, {1, 1}, 1, 1},
    {"cell", cell, 4, {2, 3}, {4, 2, 3}, {3, 3}, 2, 2},
    {"one step", cell, 1, {2, 3}, {1, 2, 3}, {3, 3}, 2, 2},
    {"nothing in it", cell, 3, {0, 3}, {3, 0, 3}, {3, 3}, 2, 2},
    {"power", power, 6, {1, 4}, {6, 1, 1}, {4, 4}, 1, 1},
    {"numbered", numbered, 5, {1, 1}, {5, 1, 1}, {1, 1}, 2, 2},
    {"nested", outer, 4, {1, 2}, {4, 3, 2}, {1, 2}, 1, 1},
};

typedef struct made { /* f is weighed by constants, so that every result matters */
    rg_val ret[4], f, g[4], slope, h[4];
    size_t n;
} made;

static rg_val weighed(rg_graph *graph, rg_val x, double w)
{
    rg_val wave = rg_sin(rg_mul(x, rg_const(graph, w, RG_F64)));
    return rg_sum(rg_add(wave, rg_mul(x, x)), RG_ALL_AXES, false);
}

static void differentiate(rg_graph *graph, const rg_val *x, made *m)
{
    m->f = rg_const(graph, 0, RG_F64);
    for (size_t i = 0; i < m->n; i++)
        m->f = rg_add(m->f, weighed(graph, m->ret[i], 1.5 + (double)i));
    rg_grad(m->f, x, 4, m->g);
    m->slope = rg_const(graph, 0, RG_F64);
    for (size_t i = 0; i < 4; i++)
        m->slope = rg_add(m->slope, weighed(graph, m->g[i], 0.7 + (double)i));
    rg_grad(m->slope, x, 4, m->h);
}

static void expect_close(rg_plan *plan, rg_val a, rg_val b, const char *name, const char *what)
{
    const double *x = rg_plan_buffer(plan, a), *y = rg_plan_buffer(plan, b);
    assert_true(rg_shape_same(rg_val_shape(a), rg_val_shape(b)));
    for (int64_t i = 0; i < rg_val_count(a); i++)
        if (!(fabs(x[i] - y[i]) <= 1e-12 * (1 + fabs(y[i]))))
            fail_msg("%s: %s, element %lld: %.17g in a loop, %.17g written out", name, what,
                     (long long)i, x[i], y[i]);
}

/* x: the carries, the scanned and the shared value.  Context is the loop's, written_out that of
 * the unrolled steps. */
static void compare_ways(rg_graph *graph, const rg_val *x, rg_loop_spec *spec,
                         void *written_out, bool reference, const char *name)
{
    made loop = {.n = spec->carries + spec->outs}, plain = loop;
    rg_loop(graph, spec, loop.ret);
    spec->context = written_out;
    unrolled(graph, spec, plain.ret);
    differentiate(graph, x, &loop);
    differentiate(graph, x, &plain);
    rg_val all[24];
    size_t n = 0;
    for (size_t i = 0; i < 4; i++) {
        const rg_val pairs[] = {loop.ret[i < loop.n ? i : 0],
                                plain.ret[i < loop.n ? i : 0],
                                loop.g[i],
                                plain.g[i],
                                loop.h[i],
                                plain.h[i]};
        memcpy(&all[n], pairs, sizeof(pairs));
        n += RG_COUNT(pairs);
    }
    rg_plan *plan = compile(graph, all, n, reference);
    rg_rng rng = rg_rng_open(support_seed(), "%s", name);
    for (size_t i = 0; i < 4; i++)
        fill(plan, x[i], &rng);
    run(plan);
    static const char *const what[] = {"value", "gradient", "second gradient"};
    for (size_t i = 0; i < n; i += 2)
        expect_close(plan, all[i], all[i + 1], name, what[i / 2 % 3]);
    rg_plan_free(plan);
}

static void compare(size_t k, bool reverse, bool reference)
{
    rg_graph *graph = rg_graph_new();
    rg_val x[4] = {
        rg_input(graph, "c0", RG_F64, rg_shape_of(cases[k].carry[0], cases[k].carry[1])),
        rg_input(graph, "c1", RG_F64, rg_shape_of(cases[k].carry[0], cases[k].carry[1])),
        rg_input(graph, "s", RG_F64,
                 rg_shape_of(cases[k].scan[0], cases[k].scan[1], cases[k].scan[2])),
        rg_input(graph, "h", RG_F64, rg_shape_of(cases[k].shared[0], cases[k].shared[1]))};
    rg_loop_spec spec = {.steps = cases[k].steps,
                         .carry = x,
                         .carries = cases[k].carries,
                         .scan = &x[2],
                         .scans = 1,
                         .shared = &x[3],
                         .shareds = 1,
                         .outs = cases[k].outs,
                         .reverse = reverse,
                         .body = cases[k].body};
    /* With a context that is not NULL the nested loop, too, is written out. */
    compare_ways(graph, x, &spec, graph, reference, cases[k].name);
    rg_graph_free(graph);
}

static void test_equals_what_is_written_out(void **state)
{
    (void)state;
    for (size_t k = 0; k < RG_COUNT(cases); k++)
        for (int way = 0; way < 4; way++)
            compare(k, way & 1, way & 2);
}

/* ---- Random bodies: smooth operations on values of shape (3, 3), the same in each call. */
static rg_val smooth(rg_rng *rng, const rg_val *x, size_t n)
{
    static const int turn[] = {1, 0};
    rg_val a = x[rg_rng_below(rng, n)], b = x[rg_rng_below(rng, n)];
    rg_val one = rg_const(a.graph, 1, RG_F64);
    switch (rg_rng_below(rng, 8)) {
    case 0: return rg_add(a, b);
    case 1: return rg_mul(rg_sin(a), b);
    case 2: return rg_tanh(rg_matmul(a, b));
    case 3: return rg_permute(a, turn);
    case 4: return rg_reverse(rg_sub(a, b), RG_AXIS(0));
    case 5: return rg_div(a, rg_add(one, rg_mul(b, b)));
    case 6: return rg_mul(a, rg_sum(rg_cos(b), RG_AXIS(1), true));
    default: return rg_tanh(rg_mul(a, b));
    }
}

static void random_smooth(rg_loop_body *b, void *context)
{
    rg_rng rng = rg_rng_open(*(uint64_t *)context, "smooth");
    rg_val x[16] = {b->carry[0], b->carry[1], b->scan[0], b->shared[0]};
    size_t n = 4;
    while (n < 12) {
        x[n] = smooth(&rng, x, n);
        n++;
    }
    b->next[0] = rg_tanh(x[rg_rng_below(&rng, n)]);
    b->next[1] = rg_sin(x[rg_rng_below(&rng, n)]);
    b->out[0] = x[rg_rng_below(&rng, n)];
}

static void test_random_bodies(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 60; i++) {
        uint64_t seed = support_seed() * 1000 + i;
        rg_graph *random = rg_graph_new();
        rg_val x[4] = {rg_input(random, "c0", RG_F64, rg_shape_of(3, 3)),
                       rg_input(random, "c1", RG_F64, rg_shape_of(3, 3)),
                       rg_input(random, "s", RG_F64, rg_shape_of(3, 3, 3)),
                       rg_input(random, "h", RG_F64, rg_shape_of(3, 3))};
        compare_ways(random, x,
                     &(rg_loop_spec){.steps = 3,
                                     .carry = x,
                                     .carries = 2,
                                     .scan = &x[2],
                                     .scans = 1,
                                     .shared = &x[3],
                                     .shareds = 1,
                                     .outs = 1,
                                     .reverse = seed & 1,
                                     .body = random_smooth,
                                     .context = &seed},
                     &seed, false, "random");
        rg_graph_free(random);
    }
}

/* ---- A carry that counts has no derivative, but the others need it again on the way back. */
static void counting(rg_loop_body *b, void *context)
{
    (void)context;
    rg_val n = rg_cast(b->carry[1], RG_F64);
    b->next[0] = rg_mul(b->carry[0], rg_sin(rg_add(n, b->carry[0])));
    b->next[1] = rg_add(b->carry[1], rg_cast(b->shared[0], RG_I32));
}

static void test_integers_are_carried(void **state)
{
    (void)state;
    rg_graph *mixed = rg_graph_new();
    rg_val x = rg_input(mixed, "x", RG_F64, rg_shape_of(3)), h = rg_const(mixed, 2, RG_F64);
    rg_val wide = rg_broadcast(h, rg_shape_of(3)), zero = rg_cast(rg_sub(wide, wide), RG_I32);
    rg_loop_spec spec = {.steps = 4,
                         .carry = (const rg_val[]){x, zero},
                         .carries = 2,
                         .shared = &wide,
                         .shareds = 1,
                         .body = counting};
    rg_val ret[2][2], out[6];
    rg_loop(mixed, &spec, ret[0]);
    unrolled(mixed, &spec, ret[1]);
    for (int i = 0; i < 2; i++) {
        out[i] = ret[i][0];
        rg_grad(rg_sum(ret[i][0], RG_ALL_AXES, false), &x, 1, &out[2 + i]);
        rg_grad(rg_sum(out[2 + i], RG_ALL_AXES, false), &x, 1, &out[4 + i]);
    }
    rg_plan *plan = compile(mixed, out, 6, false);
    rg_rng rng = rg_rng_open(support_seed(), "mixed");
    fill(plan, x, &rng);
    run(plan);
    for (int i = 0; i < 6; i += 2)
        expect_close(plan, out[i], out[i + 1], "integers", "value or derivative");
    rg_plan_free(plan);
    rg_graph_free(mixed);
}

/* ---- Where no path leads there is no derivative, not a zero times an infinite slope. */

/* The slope of sqrt at 0 in a carry, in what is scanned and in what is shared. */
static void apart(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = rg_sqrt(rg_add(b->carry[0], rg_add(b->scan[0], b->shared[0])));
    b->next[1] = rg_add(rg_sin(b->carry[1]), rg_stop_grad(rg_mul(b->scan[0], b->scan[0])));
    b->next[2] = rg_add(b->carry[2], rg_floor(b->carry[0]));
    b->out[0] = b->next[0];
    b->out[1] = rg_mul(b->carry[2], b->carry[1]);
}

/* The same in an inner loop of its own, which has all the results. */
static void apart_within(rg_loop_body *b, void *context)
{
    rg_val scan = rg_broadcast(b->scan[0], rg_shape_of(2)), ret[5];
    rg_loop_spec spec = {.steps = 2,
                         .carry = b->carry,
                         .carries = 3,
                         .scan = &scan,
                         .scans = 1,
                         .shared = b->shared,
                         .shareds = 1,
                         .outs = 2,
                         .body = apart,
                         .context = context};
    rg_loop(b->graph, &spec, ret);
    for (int i = 0; i < 3; i++)
        b->next[i] = ret[i];
    b->out[0] = rg_sum(ret[3], RG_ALL_AXES, false);
    b->out[1] = rg_sum(ret[4], RG_ALL_AXES, false);
}

static bool has_path(int operand)
{
    return operand == 1 || operand == 2;
}

/* First and second derivatives of what the second carry and the second out give, by the three
 * carries, what is scanned and what is shared. */
static void check_apart(loop_body body, int64_t steps)
{
    rg_graph *own = rg_graph_new();
    rg_val x[5], ret[5], g[5], h[5], loss = rg_const(own, 0, RG_F64), slope = loss;
    for (int i = 0; i < 5; i++) {
        char name[8];
        snprintf(name, sizeof(name), "x%d", i);
        x[i] = rg_input(own, name, RG_F64, i == 3 ? rg_shape_of(steps) : RG_SCALAR);
    }
    rg_loop(own,
            &(rg_loop_spec){.steps = steps,
                            .carry = x,
                            .carries = 3,
                            .scan = &x[3],
                            .scans = 1,
                            .shared = &x[4],
                            .shareds = 1,
                            .outs = 2,
                            .body = body},
            ret);
    loss = rg_add(ret[1], rg_sum(ret[4], RG_ALL_AXES, false));
    rg_grad(loss, x, 5, g);
    for (int i = 0; i < 5; i++)
        slope = rg_add(slope, rg_sum(rg_mul(g[i], g[i]), RG_ALL_AXES, false));
    rg_grad(slope, x, 5, h);
    rg_val all[10];
    memcpy(all, g, sizeof(g));
    memcpy(all + 5, h, sizeof(h));
    rg_plan *plan = compile(own, all, 10, false);
    for (int i = 0; i < 5; i++)
        for (int64_t e = 0; e < rg_val_count(x[i]); e++)
            ((double *)rg_plan_buffer(plan, x[i]))[e] = has_path(i) ? 0.5 : 0;
    run(plan);
    for (int i = 0; i < 10; i++) {
        double got = *(double *)rg_plan_buffer(plan, all[i]);
        if (has_path(i % 5) ? !isfinite(got) || got == 0 : got != 0)
            fail_msg("derivative %d by operand %d is %g", 1 + i / 5, i % 5, got);
    }
    rg_plan_free(plan);
    rg_graph_free(own);
}

static void test_no_path(void **state)
{
    (void)state;
    check_apart(apart, 3);
    check_apart(apart_within, 2);
}

/* The sum over the cotangents of a shared value is carried: flat where it has 8 axes. */
static void of_rank_8(rg_loop_body *b, void *context)
{
    (void)context;
    rg_val wave = rg_sin(rg_mul(b->shared[0], b->carry[0]));
    b->next[0] = rg_add(b->carry[0], rg_sum(wave, RG_ALL_AXES, false));
}

static void test_shared_of_rank_8(void **state)
{
    (void)state;
    rg_graph *own = rg_graph_new();
    rg_val x[4] = {rg_input(own, "c", RG_F64, RG_SCALAR),
                   rg_input(own, "h", RG_F64, rg_shape_of(1, 2, 1, 3, 1, 1, 1, 2)),
                   rg_input(own, "unused0", RG_F64, RG_SCALAR),
                   rg_input(own, "unused1", RG_F64, RG_SCALAR)};
    compare_ways(own, x,
                 &(rg_loop_spec){.steps = 3,
                                 .carry = x,
                                 .carries = 1,
                                 .shared = &x[1],
                                 .shareds = 1,
                                 .body = of_rank_8},
                 NULL, false, "rank 8");
    rg_graph_free(own);
}

/* ---- Siblings. */
static rg_graph *graph;
static rg_val c, s, h; /* f64 (2, 3), (4, 2, 3), (3, 3) */

static int fresh(void **state)
{
    (void)state;
    graph = rg_graph_new();
    c = rg_input(graph, "c", RG_F64, rg_shape_of(2, 3));
    s = rg_input(graph, "s", RG_F64, rg_shape_of(4, 2, 3));
    h = rg_input(graph, "h", RG_F64, rg_shape_of(3, 3));
    return 0;
}

static int finish(void **state)
{
    (void)state;
    rg_graph_free(graph);
    return 0;
}

static rg_loop_spec spec_of(loop_body body, size_t carries, size_t outs)
{
    static rg_val twice[2];
    twice[0] = twice[1] = c;
    return (rg_loop_spec){.steps = 4,
                          .carry = twice,
                          .carries = carries,
                          .scan = &s,
                          .scans = 1,
                          .shared = &h,
                          .shareds = 1,
                          .outs = outs,
                          .body = body};
}

static void test_equal_loops_are_one(void **state)
{
    (void)state;
    rg_val a[4], b[4];
    rg_loop_spec spec = spec_of(cell, 2, 2);
    rg_loop(graph, &spec, a);
    size_t count = rg_graph_count(graph);
    rg_loop(graph, &spec, b);
    assert_int_equal(rg_graph_count(graph), count);
    for (uint32_t r = 0; r < 4; r++) {
        assert_int_equal(b[r].id, a[r].id);
        assert_int_equal(a[r].id, a[0].id + r);
        assert_int_equal(rg_node_of(graph, a[r].id)->attr.loop.result, r);
    }
    spec.reverse = true;
    rg_loop(graph, &spec, b);
    assert_int_not_equal(a[0].id, b[0].id);
    assert_ptr_equal(rg_node_of(graph, a[0].id)->attr.loop.body,
                     rg_node_of(graph, b[0].id)->attr.loop.body);
}

/* What the body does not read is no operand of the loop. */
static void test_unused_operands_are_dropped(void **state)
{
    (void)state;
    rg_val ret[2];
    rg_loop_spec spec = spec_of(sums, 1, 1);
    rg_loop(graph, &spec, ret);
    const rg_node *node = rg_node_of(graph, ret[0].id);
    assert_int_equal(node->n_in, 2);
    assert_int_equal(node->attr.loop.scans, 1);
    assert_int_equal(node->in[1], s.id);
}

static void test_no_steps(void **state)
{
    (void)state;
    rg_val ret[4], g;
    rg_loop_spec spec = spec_of(cell, 2, 2);
    rg_val nothing = rg_slice(s, (const int64_t[]){0, 0, 0}, (const int64_t[]){0, 2, 3}, NULL);
    spec.steps = 0;
    spec.scan = &nothing;
    rg_loop(graph, &spec, ret);
    assert_true(rg_shape_same(rg_val_shape(ret[2]), rg_shape_of(0, 2, 3)));
    rg_grad(rg_sum(rg_mul(ret[0], ret[0]), RG_ALL_AXES, false), &c, 1, &g);
    const rg_val out[] = {ret[0], ret[2], g};
    for (int reference = 0; reference < 2; reference++) {
        rg_plan *plan = compile(graph, out, 3, reference);
        rg_rng rng = rg_rng_open(support_seed(), "none");
        fill(plan, c, &rng);
        run(plan);
        const double *x = rg_plan_buffer(plan, c), *y = rg_plan_buffer(plan, ret[0]),
                     *slope = rg_plan_buffer(plan, g);
        for (int i = 0; i < 6; i++)
            assert_true(y[i] == x[i] && slope[i] == 2 * x[i]);
        rg_plan_free(plan);
    }
}

/* ---- Text. */
static void test_text(void **state)
{
    (void)state;
    rg_val ret[2];
    rg_loop_spec spec = spec_of(sums, 1, 1);
    rg_loop(graph, &spec, ret);
    rg_str text = {0};
    rg_graph_print(graph, (const rg_val[]){ret[1], ret[0]}, 2, &text);
    assert_string_equal(
        rg_str_text(&text),
        "%1 = input name=\"c\" : f64[2, 3]\n"
        "%2 = input name=\"s\" : f64[4, 2, 3]\n"
        "body 1 {\n"
        "%1 = input name=\"carry0\" : f64[2, 3]\n"
        "%2 = input name=\"scan0\" : f64[2, 3]\n"
        "%3 = add %1 %2 : f64[2, 3]\n"
        "return %3 %3\n"
        "}\n"
        "%3 = loop %1 %2 body=1 steps=4 carries=1 scans=1 reverse=0 result=0 : f64[2, 3]\n"
        "%4 = loop %1 %2 body=1 steps=4 carries=1 scans=1 reverse=0 result=1 : f64[4, 2, 3]\n"
        "return %4 %3\n");
    rg_str_free(&text);
}

static void expect_failure(const char *text, const char *where, const char *what)
{
    rg_graph *none = NULL;
    rg_val *outputs = NULL;
    size_t n = 0;
    rg_err err = {0};
    assert_false(rg_graph_parse(text, "t", &none, &outputs, &n, &err));
    assert_string_equal(err.where, where);
    assert_string_equal(err.what, what);
    assert_null(none);
}

#define BODY "body 1 {\n%1 = input name=\"c\" : f32[]\n%2 = exp %1 : f32[]\nreturn %2\n}\n"

static void test_mistakes_in_texts(void **state)
{
    (void)state;
    expect_failure("body 2 {\n", "t:1:5", "unexpected body number");
    expect_failure("body 1\n", "t:1:7", "expected '{'");
    expect_failure("body 1 { %1\n", "t:1:10", "unexpected text behind the line's end");
    expect_failure("body 1 {\n%1 = exp %1 : f32[]\n", "t:2:10", "no such value yet");
    expect_failure("body 1 {\nreturn\n", "t:3:1", "unexpected text behind the return line");
    expect_failure("body 1 {\nreturn\n} }\n", "t:3:3", "unexpected text behind the line's end");
    expect_failure("return\n}\n", "t:2:1", "unexpected text behind the return line");
    expect_failure("%1 = loop body=1 steps=1 carries=0 scans=0 reverse=0 result=0 : f32[]\n",
                   "t:1:11", "no such body yet");
    expect_failure(BODY
                   "%1 = const value=1 : f32[]\n"
                   "%2 = loop %1 body=1 steps=2 carries=1 scans=0 reverse=0 result=2 : f32[]\n",
                   "t:7:6",
                   "loop: 1 operands, 1 carries, 0 scanned values, 2 steps and result 2 do not "
                   "fit a body of 1 inputs and 1 outputs");
    expect_failure(BODY
                   "%1 = const value=1 : f64[]\n"
                   "%2 = loop %1 body=1 steps=2 carries=1 scans=0 reverse=0 result=0 : f64[]\n",
                   "t:7:6",
                   "loop: carry 0 has shape () and type f64 outside the body and shape () and "
                   "type f32");
    rg_str deep = {0};
    for (int i = 0; i < 17; i++)
        rg_str_add(&deep, "body 1 {\n");
    expect_failure(rg_str_text(&deep), "t:17:5", "too many bodies in each other");
    rg_str_free(&deep);
}

/* ---- Mistakes. */
static void expect_error(const char *what)
{
    const rg_err *err = rg_graph_error(graph);
    assert_int_equal(err->code, RG_INPUT);
    assert_string_equal(err->what, what);
    assert_true(err->remedy[0]);
    assert_true(rg_text_starts(err->where, "test_loop.c:"));
}

static void wider(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = rg_concat((const rg_val[]){b->carry[0], b->scan[0]}, 2, 1);
}

static void wrong_inside(rg_loop_body *b, void *context)
{
    *(int *)context = __LINE__ + 1;
    b->next[0] = rg_matmul(b->carry[0], b->scan[0]);
}

static void lazy(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = b->carry[0];
}

static void reaches_out(rg_loop_body *b, void *context)
{
    rg_val outside = *(rg_val *)context;
    b->next[0] = rg_add(b->carry[0], outside);
}

static void reaches_out_first(rg_loop_body *b, void *context)
{
    rg_val outside = *(rg_val *)context;
    b->next[0] = rg_add(outside, b->carry[0]);
}

static void gives_outside(rg_loop_body *b, void *context)
{
    b->next[0] = *(rg_val *)context;
}

static void own_input(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = rg_add(b->carry[0], rg_input(b->graph, "w", RG_F64, RG_SCALAR));
}

static void loop_of(loop_body body, size_t outs, void *context)
{
    rg_val ret[4];
    rg_loop_spec spec = spec_of(body, 1, outs);
    spec.context = context;
    rg_loop(graph, &spec, ret);
    assert_ptr_equal(ret[outs].graph, graph);
}

static void test_a_carry_keeps_its_shape(void **state)
{
    (void)state;
    loop_of(wider, 0, NULL);
    expect_error(
        "loop: carry 0 has shape (2, 3) and type f64 before a step and shape (2, 6) and "
        "type f64");
}

static void test_mistake_in_the_body(void **state)
{
    (void)state;
    int line;
    char where[64];
    loop_of(wrong_inside, 0, &line);
    expect_error("matmul: shapes (2, 3) and (2, 3) do not fit (..., M, K) x (K, N)");
    snprintf(where, sizeof(where), "test_loop.c:%d", line);
    assert_string_equal(rg_graph_error(graph)->where, where);
}

static void test_nothing_given(void **state)
{
    (void)state;
    loop_of(lazy, 1, NULL);
    expect_error("loop: the body gives no out 0");
}

static void test_values_from_outside(void **state)
{
    (void)state;
    loop_of(reaches_out, 0, &c);
    expect_error("add: an operand is a value from outside the loop's body");
    finish(NULL);
    fresh(NULL);
    loop_of(reaches_out_first, 0, &c);
    expect_error("add: an operand is a value from outside the loop's body");
    finish(NULL);
    fresh(NULL);
    loop_of(gives_outside, 0, &c);
    expect_error("loop: next value of carry 0 is a value from outside the body");
}

static void test_input_of_its_own(void **state)
{
    (void)state;
    loop_of(own_input, 0, NULL);
    expect_error("loop: the body has an input of its own, 'w'");
}

static void test_scan_of_another_length(void **state)
{
    (void)state;
    rg_val ret[2];
    rg_loop_spec spec = spec_of(sums, 1, 1);
    spec.steps = 5;
    rg_loop(graph, &spec, ret);
    expect_error("loop: scanned value 0 has shape (4, 2, 3) for 5 steps");
}

static void test_negative_steps(void **state)
{
    (void)state;
    rg_val ret[2];
    rg_loop_spec spec = spec_of(sums, 1, 1);
    spec.steps = -1;
    rg_loop(graph, &spec, ret);
    expect_error("loop: -1 steps");
}

/* ---- Importing. */
static rg_val small_model(rg_val x, rg_val scan, rg_val shared)
{
    rg_val ret[4];
    rg_loop_spec spec = spec_of(cell, 2, 2);
    spec.carry = (const rg_val[]){x, x};
    spec.scan = &scan;
    spec.shared = &shared;
    rg_loop(x.graph, &spec, ret);
    rg_val array = rg_const_array(x.graph, (const double[6]){1}, RG_F64, rg_shape_of(2, 3));
    return rg_add(rg_mul(rg_exp(ret[1]), rg_const(x.graph, 2, RG_F64)), array);
}

/* A copy is what the same calls build: equal nodes are made once. */
static void test_import(void **state)
{
    (void)state;
    rg_val y = small_model(c, s, h), copy;
    rg_graph *other = rg_graph_new();
    rg_val own = rg_input(other, "own", RG_F64, rg_shape_of(2, 3));
    rg_import(other, graph, &c, &own, 1, &y, 1, &copy);
    assert_ptr_equal(copy.graph, other);
    rg_val scan = {other, (uint32_t)(uintptr_t)rg_map_get(other->inputs, "s")};
    rg_val shared = {other, (uint32_t)(uintptr_t)rg_map_get(other->inputs, "h")};
    assert_null(rg_map_get(other->inputs, "c"));
    assert_int_equal(small_model(own, scan, shared).id, copy.id);
    assert_int_equal(rg_node_of(other, copy.id)->at.line, rg_node_of(graph, y.id)->at.line);
    rg_graph_free(other);
}

static void test_import_within_a_graph(void **state)
{
    (void)state;
    rg_val y = small_model(c, s, h), twice = rg_add(c, c), copy[2];
    rg_import(graph, graph, &c, &twice, 1, (const rg_val[]){y, h}, 2, copy);
    assert_int_equal(copy[0].id, small_model(twice, s, h).id);
    assert_int_equal(copy[1].id, h.id);
}

/* ---- Cotangents of several values at once. */
static void test_vjp_of_several(void **state)
{
    (void)state;
    rg_val y[2] = {rg_sin(c), rg_mul(c, c)}, ret[2];
    rg_val weight[2] = {rg_input(graph, "w0", RG_F64, rg_shape_of(2, 3)),
                        rg_input(graph, "w1", RG_F64, rg_shape_of(2, 3))};
    rg_vjp_at(RG_HERE, y, weight, 2, (const rg_val[]){c, h}, 2, ret);
    rg_plan *plan = compile(graph, ret, 2, false);
    rg_rng rng = rg_rng_open(support_seed(), "vjp");
    fill(plan, c, &rng);
    fill(plan, weight[0], &rng);
    fill(plan, weight[1], &rng);
    run(plan);
    const double *x = rg_plan_buffer(plan, c), *w0 = rg_plan_buffer(plan, weight[0]),
                 *w1 = rg_plan_buffer(plan, weight[1]), *g = rg_plan_buffer(plan, ret[0]),
                 *zero = rg_plan_buffer(plan, ret[1]);
    for (int i = 0; i < 6; i++)
        assert_close(g[i], w0[i] * cos(x[i]) + 2 * w1[i] * x[i], 1e-14);
    for (int i = 0; i < 9; i++)
        assert_true(zero[i] == 0);
    rg_plan_free(plan);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equals_what_is_written_out),
        cmocka_unit_test(test_random_bodies),
        cmocka_unit_test(test_integers_are_carried),
        cmocka_unit_test(test_no_path),
        cmocka_unit_test(test_shared_of_rank_8),
        TEST(test_equal_loops_are_one),
        TEST(test_unused_operands_are_dropped),
        TEST(test_no_steps),
        TEST(test_text),
        TEST(test_mistakes_in_texts),
        TEST(test_a_carry_keeps_its_shape),
        TEST(test_mistake_in_the_body),
        TEST(test_nothing_given),
        TEST(test_values_from_outside),
        TEST(test_input_of_its_own),
        TEST(test_scan_of_another_length),
        TEST(test_negative_steps),
        TEST(test_import),
        TEST(test_import_within_a_graph),
        TEST(test_vjp_of_several),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
