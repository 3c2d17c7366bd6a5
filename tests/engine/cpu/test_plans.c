/* test_plans.c - on random graphs, bit for bit: plans against the reference interpreter; with
 * products, whose rounding is the kernels' own, plans against each other. */
#include "engine/cpu/program.h"
#include "engine/random_graph.h"
#include "engine/same_bits.h"

#define RUNS 3

typedef struct program {
    rg_val output[8];
    rg_carry carry[8];
    size_t outputs, carries;
} program;

static bool is_input(rg_val x)
{
    return rg_node_of(x.graph, x.id)->op == RG_OP_input;
}

/* A few outputs, and carries between inputs and values of like kind. */
static program draw_program(random_graph *r)
{
    program p = {0};
    for (int i = 0; i < 4; i++)
        p.output[p.outputs++] = r->value[draw(r, (int64_t)r->values)];
    for (uint32_t id = 1; id <= rg_graph_count(r->graph) && p.carries < 6; id++) {
        rg_val input = {r->graph, id};
        if (!is_input(input) || draw(r, 2))
            continue;
        for (uint32_t k = 1; k <= rg_graph_count(r->graph); k++) {
            rg_val x = {r->graph, (uint32_t)rg_graph_count(r->graph) + 1 - k};
            if (rg_val_dtype(x) == rg_val_dtype(input) &&
                rg_shape_same(rg_val_shape(x), rg_val_shape(input)) && draw(r, 2)) {
                p.carry[p.carries++] = (rg_carry){input, x};
                break;
            }
        }
    }
    return p;
}

static rg_plan *compile_with(rg_graph *graph, const program *p, rg_plan_options options)
{
    rg_err err = {0};
    rg_plan *plan =
        rg_plan_compile(graph, p->output, p->outputs, p->carry, p->carries, &options, &err);
    if (!plan)
        fail_msg("%s: %s", err.where, err.what);
    return plan;
}

static rg_plan *compile(rg_graph *graph, const program *p, bool reference)
{
    return compile_with(graph, p, (rg_plan_options){.reference = reference});
}

static void fill_inputs(rg_graph *graph, rg_plan *plan, uint64_t seed)
{
    rg_rng rng = rg_rng_open(seed, "inputs");
    for (uint32_t id = 1; id <= rg_graph_count(graph); id++) {
        rg_val x = {graph, id};
        if (!is_input(x))
            continue;
        void *data = rg_plan_buffer(plan, x);
        for (int64_t i = 0; i < rg_val_count(x); i++) {
            double value = rg_rng_normal(&rng);
            switch (rg_val_dtype(x)) {
            case RG_F32: ((float *)data)[i] = (float)value; break;
            case RG_F64: ((double *)data)[i] = value; break;
            case RG_I32: ((int32_t *)data)[i] = (int32_t)(value * 4); break;
            case RG_U32: ((uint32_t *)data)[i] = (uint32_t)(int32_t)(value * 4); break;
            case RG_BOOL: ((unsigned char *)data)[i] = value > 0; break;
            case RG_BF16: rg_dtype_store(RG_BF16, data, (size_t)i, value); break;
            }
        }
    }
}

static void compare(rg_graph *graph, const program *p, rg_val x, rg_plan *a, rg_plan *b,
                    uint64_t seed)
{
    const void *left = rg_plan_buffer(a, x), *right = rg_plan_buffer(b, x);
    for (int64_t i = 0; i < rg_val_count(x); i++)
        if (!same_bits(rg_val_dtype(x), left, right, i)) {
            rg_str text = {0};
            rg_val all[16];
            size_t n = 0;
            for (size_t k = 0; k < p->outputs; k++)
                all[n++] = p->output[k];
            for (size_t k = 0; k < p->carries; k++)
                all[n++] = p->carry[k].output;
            rg_graph_print(graph, all, n, &text);
            print_error("%s", rg_str_text(&text));
            fail_msg("seed %llu: value %u (%s), element %lld differs", (unsigned long long)seed,
                     x.id, rg_ops[rg_node_of(graph, x.id)->op].name, (long long)i);
        }
}

static void compare_all(rg_graph *graph, const program *p, rg_plan *a, rg_plan *b,
                        uint64_t seed)
{
    for (size_t i = 0; i < p->outputs; i++)
        compare(graph, p, p->output[i], a, b, seed);
    for (uint32_t id = 1; id <= rg_graph_count(graph); id++)
        if (is_input((rg_val){graph, id}))
            compare(graph, p, (rg_val){graph, id}, a, b, seed);
}

static void run_ok(rg_plan *plan)
{
    rg_err err = {0};
    if (!rg_plan_run(plan, &err))
        fail_msg("%s: %s", err.where, err.what);
}

static void one_case(uint64_t seed, const char *set)
{
    random_graph r = {
        .graph = rg_graph_new(), .rng = rg_rng_open(seed, "graph"), .elements_max = 3000};
    random_graph_fill(&r, 4 + seed % 40);
    program p = draw_program(&r);
    setenv("RIGOR_CPU", set, 1);
    rg_plan *judge = compile(r.graph, &p, true), *plan = compile(r.graph, &p, false);
    rg_err err = {0};
    rg_plan *twin = rg_plan_clone(plan, &err);
    fill_inputs(r.graph, judge, seed);
    fill_inputs(r.graph, plan, seed);
    fill_inputs(r.graph, twin, seed);
    for (int run = 0; run < RUNS; run++) {
        run_ok(judge);
        run_ok(plan);
        compare_all(r.graph, &p, judge, plan, seed);
    }
    for (int run = 0; run < RUNS; run++)
        run_ok(twin);
    compare_all(r.graph, &p, plan, twin, seed);
    rg_plan_free(judge);
    rg_plan_free(plan);
    rg_plan_free(twin);
    rg_graph_free(r.graph);
    unsetenv("RIGOR_CPU");
}

static void test_random_graphs(void **state)
{
    (void)state;
    const rg_loops *sets[3];
    size_t n = rg_loops_all(sets);
    for (uint64_t i = 0; i < support_cases(2000); i++)
        one_case(support_seed() * 100000 + i, sets[i % n]->name);
}

/* ---- Products, too: tiles, emitted loops and three threads give the same bits. */
static size_t shared_kernels(const rg_plan *plan)
{
    const rg_executable *e = plan->program;
    size_t n = 0;
    for (size_t i = 0; i < e->kernels; i++)
        n += e->kernel[i]->units > 1;
    return n;
}

/* Returns how many kernels several threads shared. */
static size_t check_ways(uint64_t seed)
{
    static const struct {
        const char *emit;
        int threads;
    } ways[] = {{"off", 1}, {"on", 1}, {"on", 3}};
    rg_plan *plan[RG_COUNT(ways)];
    random_graph r = {.graph = rg_graph_new(),
                      .rng = rg_rng_open(seed, "ways"),
                      .elements_max = 3000,
                      .products = true};
    if (seed % 3 == 0) /* loops over it are cut into units */
        r.value[r.values++] = draw_input_of(&r, RG_F32, rg_shape_of(300, 200));
    random_graph_fill(&r, 4 + seed % 25);
    program p = draw_program(&r);
    for (size_t i = 0; i < RG_COUNT(ways); i++) {
        setenv("RIGOR_EMIT", ways[i].emit, 1);
        plan[i] = compile_with(r.graph, &p, (rg_plan_options){.threads = ways[i].threads});
        fill_inputs(r.graph, plan[i], seed);
        for (int run = 0; run < 2; run++)
            run_ok(plan[i]);
    }
    unsetenv("RIGOR_EMIT");
    compare_all(r.graph, &p, plan[0], plan[1], seed);
    compare_all(r.graph, &p, plan[1], plan[2], seed);
    size_t shared = shared_kernels(plan[2]);
    for (size_t i = 0; i < RG_COUNT(ways); i++)
        rg_plan_free(plan[i]);
    rg_graph_free(r.graph);
    return shared;
}

static void test_tiles_emitter_and_threads(void **state)
{
    (void)state;
    size_t shared = 0;
    for (uint64_t i = 0; i < support_cases(200); i++)
        shared += check_ways(support_seed() * 100000 + i);
    if (shared < support_cases(20))
        fail_msg("threads shared only %zu kernels", shared);
}

/* Long sequences: several chunks, several rounds of chunks, every layout. */
static void test_long_reductions(void **state)
{
    (void)state;
    static const int64_t shapes[][3] = {{1, 4096, 1}, {1, 4097, 1},  {3, 10000, 1},
                                        {1, 9000, 3}, {2, 4100, 20}, {5, 17, 33},
                                        {40, 1, 50},  {1, 0, 4}};
    for (size_t s = 0; s < RG_COUNT(shapes); s++)
        for (uint32_t axes = 0; axes < 8; axes++) {
            rg_graph *graph = rg_graph_new();
            rg_shape shape = rg_shape_of(shapes[s][0], shapes[s][1], shapes[s][2]);
            rg_val x = rg_input(graph, "x", RG_F32, shape);
            program p = {.output = {rg_sum(x, axes, false), rg_amax(x, axes, false)},
                         .outputs = 2};
            rg_plan *judge = compile(graph, &p, true), *plan = compile(graph, &p, false);
            fill_inputs(graph, judge, s);
            fill_inputs(graph, plan, s);
            run_ok(judge);
            run_ok(plan);
            compare_all(graph, &p, judge, plan, s);
            rg_plan_free(judge);
            rg_plan_free(plan);
            rg_graph_free(graph);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_graphs),
        cmocka_unit_test(test_tiles_emitter_and_threads),
        cmocka_unit_test(test_long_reductions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
