/* test_rows.c - loops with reductions give the reference interpreter's bits: random chains of
 * softmax, norms and losses and their derivatives, in place, by tiles and machine code, with one to
 * three threads. */
#include "engine/cpu/program.h"
#include "engine/cpu/tile.h"
#include "engine/same_bits.h"
#include "rigor/nn.h"

enum { RUNS = 2 }; /* the second one reads what the first one carried */

typedef struct rows_case {
    rg_graph *graph;
    rg_rng rng;
    uint64_t seed;
    rg_dtype dtype;
    rg_shape shape; /* the rows lie along the last axis */
    int inputs;
    rg_val output[4];
    size_t outputs;
    rg_carry carry[2];
    size_t carries;
} rows_case;

static int64_t draw(rows_case *c, int64_t n)
{
    return (int64_t)rg_rng_below(&c->rng, (uint64_t)n);
}

static rg_val input(rows_case *c, rg_dtype dtype, rg_shape shape)
{
    char name[32];
    snprintf(name, sizeof(name), "in%d", c->inputs++);
    return rg_input(c->graph, name, dtype, shape);
}

static uint32_t last_axis(const rows_case *c)
{
    return RG_AXIS(c->shape.rank - 1);
}

static rg_val number(const rows_case *c, double value)
{
    return rg_const(c->graph, value, c->dtype);
}

static rg_val mean(const rows_case *c, rg_val x)
{
    double len = (double)c->shape.dim[c->shape.rank - 1];
    return rg_mul(rg_sum(x, last_axis(c), true), number(c, 1 / len));
}

/* ---- What chains are made of. */
static rg_val softmax(rows_case *c, rg_val x)
{
    (void)c;
    return rg_softmax(x);
}

static rg_val log_softmax(rows_case *c, rg_val x)
{
    rg_val z = rg_sub(x, rg_stop_grad(rg_amax(x, last_axis(c), true)));
    return rg_sub(z, rg_log(rg_sum(rg_exp(z), last_axis(c), true)));
}

static rg_val scaled(rows_case *c, rg_val x, rg_val square)
{
    return rg_div(x, rg_sqrt(rg_add(mean(c, square), number(c, 1e-5))));
}

static rg_val rms_norm(rows_case *c, rg_val x)
{
    rg_val gain = input(c, c->dtype, rg_shape_of(c->shape.dim[c->shape.rank - 1]));
    return rg_mul(scaled(c, x, rg_mul(x, x)), gain);
}

static rg_val layer_norm(rows_case *c, rg_val x)
{
    rg_val centred = rg_sub(x, mean(c, x));
    return scaled(c, centred, rg_mul(centred, centred));
}

/* The variance of each row, also a result of its own. */
static rg_val variance(rows_case *c, rg_val x)
{
    rg_val centred = rg_sub(x, mean(c, x)), ret = mean(c, rg_mul(centred, centred));
    if (c->outputs < 2)
        c->output[c->outputs++] = ret;
    return rg_add(x, ret);
}

/* A value for each row from outside, and one whose rows are whole numbers. */
static rg_val from_outside(rows_case *c, rg_val x)
{
    rg_shape thin = c->shape;
    thin.dim[thin.rank - 1] = 1;
    rg_val place = rg_iota(c->graph, c->shape, c->shape.rank - 1, RG_I32);
    rg_val odd = rg_eq(place, rg_amax(rg_cast(x, RG_I32), last_axis(c), true));
    return rg_select(odd, rg_mul(x, input(c, c->dtype, thin)), x);
}

static rg_val (*const links[])(rows_case *, rg_val) = {softmax,    log_softmax, rms_norm,
                                                       layer_norm, variance,    from_outside};

static void draw_shape(rows_case *c)
{
    static const int64_t lens[] = {1, 2, 15, 16, 17, 31, 64, 100, 512, 4096};
    static const int64_t many[] = {1, 1, 2, 3, 16, 40, 0, 150};
    int64_t len = lens[draw(c, RG_COUNT(lens))], rows = many[draw(c, RG_COUNT(many))];
    if (len > 1000)
        rows = rows < 3 ? rows : 3;
    if (draw(c, 10) == 0)
        rows = 70000 / len; /* enough for two threads */
    int64_t outer = rows % 2 == 0 ? 2 : 1;
    c->shape = draw(c, 2) ? rg_shape_of(rows, len) : rg_shape_of(outer, rows / outer, len);
}

/* Cross-entropy with random labels for matrices; a weighted sum for others. */
static rg_val loss_of(rows_case *c, rg_val y)
{
    if (c->shape.rank == 2 && draw(c, 2)) {
        rg_val labels = input(c, RG_I32, rg_shape_of(c->shape.dim[0]));
        rg_val losses = rg_cross_entropy(y, labels, number(c, 0.1));
        if (c->outputs < 2)
            c->output[c->outputs++] = losses;
        return rg_sum(losses, RG_ALL_AXES, false);
    }
    return rg_sum(rg_mul(y, input(c, c->dtype, c->shape)), RG_ALL_AXES, false);
}

/* x -> y -> loss -> dx; x takes y's, dx's or an update's place, or none. */
static rows_case draw_case(uint64_t seed)
{
    rows_case c = {.graph = rg_graph_new(), .rng = rg_rng_open(seed, "rows"), .seed = seed};
    c.dtype = draw(&c, 4) ? RG_F32 : RG_F64;
    draw_shape(&c);
    rg_val x = input(&c, c.dtype, c.shape), y = x, dx;
    for (int64_t n = 1 + draw(&c, 3); n > 0; n--)
        y = links[draw(&c, RG_COUNT(links))](&c, y);
    rg_grad(loss_of(&c, y), &x, 1, &dx);
    rg_val next[] = {y, dx, rg_sub(x, rg_mul(number(&c, 0.1), dx))};
    if (draw(&c, 4))
        c.carry[c.carries++] = (rg_carry){x, next[draw(&c, 3)]};
    if (draw(&c, 2))
        c.output[c.outputs++] = y;
    if (draw(&c, 2) || c.outputs == 0)
        c.output[c.outputs++] = dx;
    return c;
}

/* ---- Running. */
static rg_plan *compile(const rows_case *c, rg_plan_options options)
{
    rg_err err = {0};
    rg_plan *plan =
        rg_plan_compile(c->graph, c->output, c->outputs, c->carry, c->carries, &options, &err);
    if (!plan)
        fail_msg("seed %llu: %s: %s", (unsigned long long)c->seed, err.where, err.what);
    rg_rng rng = rg_rng_open(c->seed, "inputs");
    for (uint32_t id = 1; id <= rg_graph_count(c->graph); id++) {
        rg_val x = {c->graph, id};
        if (rg_node_of(c->graph, id)->op != RG_OP_input)
            continue;
        bool labels = rg_val_dtype(x) == RG_I32;
        for (int64_t i = 0; i < rg_val_count(x); i++)
            rg_dtype_store(rg_val_dtype(x), rg_plan_buffer(plan, x), (size_t)i,
                           labels ? (double)rg_rng_below(&rng, 3) : rg_rng_normal(&rng));
    }
    for (int run = 0; run < RUNS; run++)
        if (!rg_plan_run(plan, &err))
            fail_msg("seed %llu: %s", (unsigned long long)c->seed, err.what);
    return plan;
}

static void compare(const rows_case *c, rg_val x, const rg_plan *a, const rg_plan *b)
{
    const void *left = rg_plan_buffer((rg_plan *)(uintptr_t)a, x);
    const void *right = rg_plan_buffer((rg_plan *)(uintptr_t)b, x);
    for (int64_t i = 0; i < rg_val_count(x); i++)
        if (!same_bits(rg_val_dtype(x), left, right, i))
            fail_msg("seed %llu: value %u, element %lld of %lld differs",
                     (unsigned long long)c->seed, x.id, (long long)i,
                     (long long)rg_val_count(x));
}

static void check(const rows_case *c, const rg_plan *judge, rg_plan_options options)
{
    rg_plan *plan = compile(c, options);
    for (size_t i = 0; i < c->outputs; i++)
        compare(c, c->output[i], judge, plan);
    for (size_t i = 0; i < c->carries; i++)
        compare(c, c->carry[i].input, judge, plan);
    rg_plan_free(plan);
}

static void check_set(const rows_case *c, const rg_plan *judge, const char *set)
{
    setenv("RIGOR_CPU", set, 1);
    setenv("RIGOR_EMIT", "off", 1);
    check(c, judge, (rg_plan_options){.threads = 1});
    unsetenv("RIGOR_EMIT");
    for (int threads = 1; threads <= 3; threads++)
        check(c, judge, (rg_plan_options){.threads = threads});
    unsetenv("RIGOR_CPU");
}

static void test_random_chains(void **state)
{
    (void)state;
    const rg_loops *sets[3];
    size_t n = rg_loops_all(sets);
    for (uint64_t i = 0; i < 150; i++) {
        rows_case c = draw_case(support_seed() * 100000 + i);
        rg_plan *judge = compile(&c, (rg_plan_options){.reference = true});
        check_set(&c, judge, sets[i % n]->name);
        rg_plan_free(judge);
        rg_graph_free(c.graph);
    }
}

/* The cases above would show nothing if their reductions were steps of their own, or if no loop
 * were cut for threads. */
static void test_chains_are_fused_and_cut(void **state)
{
    (void)state;
    size_t folds = 0, cut = 0;
    for (uint64_t i = 0; i < 60; i++) {
        rows_case c = draw_case(support_seed() * 100000 + i);
        rg_plan *plan = compile(&c, (rg_plan_options){.threads = 1});
        for (size_t k = 0; k < plan->program->kernels; k++) {
            rg_tile_count count = {0};
            rg_tile_counts(plan->program->kernel[k], &count);
            folds += count.folds;
            cut += count.folds > 0 && plan->program->kernel[k]->units > 1;
        }
        rg_plan_free(plan);
        rg_graph_free(c.graph);
    }
    assert_true(folds >= 60);
    assert_true(cut >= 1);
}

/* A pattern without entries is no reason to divide by their number. */
static void test_pattern_of_nothing(void **state)
{
    (void)state;
    rows_case c = {.graph = rg_graph_new(), .dtype = RG_F32, .shape = rg_shape_of(0, 16)};
    rg_val x = input(&c, RG_F32, c.shape), column = input(&c, RG_F32, rg_shape_of(0, 1));
    rg_val place = rg_iota(c.graph, c.shape, 0, RG_F32);
    c.output[c.outputs++] = rg_add(rg_mul(x, column), place);
    rg_plan *judge = compile(&c, (rg_plan_options){.reference = true});
    check(&c, judge, (rg_plan_options){.threads = 1});
    rg_plan_free(judge);
    rg_graph_free(c.graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_chains),
        cmocka_unit_test(test_chains_are_fused_and_cut),
        cmocka_unit_test(test_pattern_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
