/* test_loop.c - loops against the same steps written out: values, first and second derivatives. */
#include "engine/ir/loops.h"

#include "engine/ir/vjp.h"

/* ---- Cases: what is computed from three inputs. */
typedef struct shapes {
    rg_shape carry, scan, shared;
} shapes;

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

/* ---- No steps: carries come out as they went in. */
static void test_no_steps(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val ret[4], g, c = rg_input(graph, "c", RG_F64, rg_shape_of(2, 3)),
                      nothing = rg_input(graph, "s", RG_F64, rg_shape_of(0, 2, 3)),
                      h = rg_input(graph, "h", RG_F64, rg_shape_of(3, 3));
    rg_loop(graph,
            &(rg_loop_spec){.carry = (const rg_val[]){c, c},
                            .carries = 2,
                            .scan = &nothing,
                            .scans = 1,
                            .shared = &h,
                            .shareds = 1,
                            .outs = 2,
                            .body = cell},
            ret);
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
    rg_graph_free(graph);
}

/* ---- Cotangents of several values at once. */
static void test_vjp_of_several(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val c = rg_input(graph, "c", RG_F64, rg_shape_of(2, 3)),
           h = rg_input(graph, "h", RG_F64, rg_shape_of(3, 3));
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
    rg_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equals_what_is_written_out),
        cmocka_unit_test(test_random_bodies),
        cmocka_unit_test(test_integers_are_carried),
        cmocka_unit_test(test_no_path),
        cmocka_unit_test(test_shared_of_rank_8),
        cmocka_unit_test(test_no_steps),
        cmocka_unit_test(test_vjp_of_several),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
