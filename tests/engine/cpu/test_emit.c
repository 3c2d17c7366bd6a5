/* test_emit.c - machine code for element-wise groups against the tiles and the reference
 * interpreter, bit for bit, and what becomes of it where the system forbids it. */
#include "engine/cpu/tile.h"
#include "engine/same_bits.h"
#include "support.h"

#include "engine/train/program.h"
#include "rigor/sandbox.h"

#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#endif

/* ---- Random element-wise graphs of one shape; operands may be of lower rank. */
#define VALUES 80
#define INPUTS 60

typedef struct net {
    rg_graph *graph;
    rg_rng rng;
    rg_shape shape;
    rg_val value[VALUES], input[INPUTS], output[6];
    rg_carry carry[INPUTS];
    size_t values, inputs, outputs, carries;
} net;

static int64_t draw(net *t, int64_t n)
{
    return (int64_t)rg_rng_below(&t->rng, (uint64_t)n);
}

static rg_val new_input(net *t, rg_dtype dtype, rg_shape shape)
{
    char name[32];
    snprintf(name, sizeof(name), "in%zu", t->inputs);
    return t->input[t->inputs++] = rg_input(t->graph, name, dtype, shape);
}

/* Scalars, rows and columns among full shapes. */
static rg_shape operand_shape(net *t)
{
    rg_shape shape = t->shape;
    switch (draw(t, 6)) {
    case 0: return RG_SCALAR;
    case 1: return rg_shape_of(shape.dim[1]);
    case 2: return rg_shape_of(shape.dim[0], 1);
    default: return shape;
    }
}

static rg_val pick(net *t, rg_dtype dtype)
{
    for (int attempt = 0; attempt < 5 && t->values > 0; attempt++) {
        rg_val x = t->value[draw(t, (int64_t)t->values)];
        if (rg_val_dtype(x) == dtype)
            return x;
    }
    if (t->inputs == INPUTS || draw(t, 5) == 0)
        return rg_const(t->graph, (double)draw(t, 4), dtype);
    return new_input(t, dtype, operand_shape(t));
}

static rg_val full(net *t, rg_val x)
{
    return rg_broadcast(x, t->shape);
}

typedef rg_val (*unary)(rg_place, rg_val);
typedef rg_val (*binary)(rg_place, rg_val, rg_val);

static rg_val apply(net *t)
{
    static const unary smooth[] = {rg_exp_at,   rg_log_at, rg_sin_at,  rg_cos_at,
                                   rg_tanh_at,  rg_erf_at, rg_neg_at,  rg_sqrt_at,
                                   rg_floor_at, rg_neg_at, rg_sqrt_at, rg_neg_at};
    static const binary number[] = {rg_add_at, rg_sub_at, rg_mul_at, rg_div_at,
                                    rg_max_at, rg_lt_at,  rg_eq_at};
    static const rg_dtype numbers[] = {RG_F32, RG_F32, RG_F32, RG_F64, RG_I32, RG_U32};
    rg_dtype dtype = numbers[draw(t, RG_COUNT(numbers))], any = (rg_dtype)draw(t, RG_DTYPES);
    rg_dtype real = draw(t, 4) ? RG_F32 : RG_F64;
    switch (draw(t, 16)) {
    case 0:
    case 1: return smooth[draw(t, RG_COUNT(smooth))](RG_HERE, pick(t, real));
    case 2: return rg_pow(pick(t, real), pick(t, real));
    case 3:
    case 4: return rg_cast(pick(t, any), (rg_dtype)draw(t, RG_DTYPES));
    case 5:
    case 6: return rg_select(pick(t, RG_BOOL), pick(t, any), pick(t, any));
    case 7:
    case 8: return rg_eq(pick(t, any), pick(t, any));
    case 9: return draw(t, 2) ? rg_neg(pick(t, dtype)) : rg_lt(pick(t, dtype), pick(t, dtype));
    default: return number[draw(t, RG_COUNT(number))](RG_HERE, pick(t, dtype), pick(t, dtype));
    }
}

static void fill_net(net *t, size_t n)
{
    while (t->values < n) {
        rg_val x = apply(t);
        if (rg_graph_error(t->graph)->code != RG_OK)
            fail_msg("%s", rg_graph_error(t->graph)->what);
        if (!rg_shape_same(rg_val_shape(x), t->shape))
            x = full(t, x);
        t->value[t->values++] = x;
    }
}

/* The last value and some others; inputs that take values of their kind, in place where the
 * plan finds it safe. */
static void choose_results(net *t)
{
    t->output[t->outputs++] = t->value[t->values - 1];
    for (int i = 0; i < 3; i++)
        t->output[t->outputs++] = t->value[draw(t, (int64_t)t->values)];
    for (size_t i = 0; i < t->inputs; i++)
        for (size_t k = t->values; k-- > 0;)
            if (rg_val_dtype(t->value[k]) == rg_val_dtype(t->input[i]) &&
                rg_shape_same(rg_val_shape(t->input[i]), t->shape) && draw(t, 3) == 0) {
                t->carry[t->carries++] = (rg_carry){t->input[i], t->value[k]};
                break;
            }
}

/* ---- Inputs: numbers where arithmetic is awkward among ordinary ones. */
static double awkward(rg_rng *rng)
{
    static const double values[] = {0.0,          -0.0,          1,
                                    -1,           INFINITY,      -INFINITY,
                                    NAN,          1e-40,         -1e-310,
                                    3e38,         2147483648.0,  -2147483648.0,
                                    2147483647.5, -2147483648.5, 2147483520.0,
                                    4294967295.0, 4294967295.5,  4294967296.0,
                                    -0.5,         1e10,          16777217.0};
    if (rg_rng_below(rng, 3) == 0)
        return values[rg_rng_below(rng, RG_COUNT(values))];
    return rg_rng_normal(rng) * 3;
}

static uint32_t awkward_word(rg_rng *rng)
{
    static const uint32_t values[] = {0, 1, UINT32_MAX, 0x80000000u, 0x7fffffffu, 255, 256};
    if (rg_rng_below(rng, 3) == 0)
        return values[rg_rng_below(rng, RG_COUNT(values))];
    return rg_rng_u32(rng) >> rg_rng_below(rng, 32);
}

static void fill(rg_rng *rng, rg_dtype dtype, void *data, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        switch (dtype) {
        case RG_F32: ((float *)data)[i] = (float)awkward(rng); break;
        case RG_F64: ((double *)data)[i] = awkward(rng); break;
        case RG_I32:
        case RG_U32: ((uint32_t *)data)[i] = awkward_word(rng); break;
        case RG_BOOL: ((unsigned char *)data)[i] = rg_rng_below(rng, 2) != 0; break;
        case RG_BF16: rg_dtype_store(RG_BF16, data, (size_t)i, awkward(rng)); break;
        }
}

/* Memory that ends where a page begins that nobody may touch, so its begin is aligned to an
 * element at most. */
typedef struct fenced {
    void *map, *data;
    size_t mapped;
} fenced;

static fenced fence(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (bytes + page - 1) / page * page;
    fenced f = {.mapped = whole + page};
    f.map = mmap(NULL, f.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(f.map != MAP_FAILED);
    assert_int_equal(mprotect((char *)f.map + whole, page, PROT_NONE), 0);
    f.data = (char *)f.map + whole - bytes;
    return f;
}

typedef struct run {
    rg_plan *plan;
    fenced memory[INPUTS];
} run;

static size_t bytes_of(rg_val x)
{
    return (size_t)rg_val_count(x) * rg_dtype_bytes(rg_val_dtype(x));
}

static run prepare(const net *t, bool reference, const char *emit, uint64_t seed)
{
    rg_err err = {0};
    run r = {0};
    setenv("RIGOR_EMIT", emit, 1);
    r.plan = rg_plan_compile(t->graph, t->output, t->outputs, t->carry, t->carries,
                             &(rg_plan_options){.reference = reference}, &err);
    if (!r.plan)
        fail_msg("%s: %s", err.where, err.what);
    rg_rng rng = rg_rng_open(seed, "inputs");
    for (size_t i = 0; i < t->inputs; i++) {
        r.memory[i] = fence(bytes_of(t->input[i]));
        fill(&rng, rg_val_dtype(t->input[i]), r.memory[i].data, rg_val_count(t->input[i]));
        rg_plan_bind(r.plan, t->input[i], r.memory[i].data);
    }
    if (!rg_plan_run(r.plan, &err) || !rg_plan_run(r.plan, &err))
        fail_msg("%s", err.what);
    return r;
}

static void finish(const net *t, run *r)
{
    for (size_t i = 0; i < t->inputs; i++)
        munmap(r->memory[i].map, r->memory[i].mapped);
    rg_plan_free(r->plan);
}

static void expect_same(const net *t, rg_val x, const void *a, const void *b, const char *what,
                        uint64_t seed)
{
    for (int64_t i = 0; i < rg_val_count(x); i++)
        if (!same_bits(rg_val_dtype(x), a, b, i)) {
            rg_str text = {0};
            rg_graph_print(t->graph, t->output, t->outputs, &text);
            print_error("%s", rg_str_text(&text));
            fail_msg("seed %llu, %s: value %u (%s), element %lld of %lld differs",
                     (unsigned long long)seed, what, x.id,
                     rg_ops[rg_node_of(t->graph, x.id)->op].name, (long long)i,
                     (long long)rg_val_count(x));
        }
}

static void expect_same_results(const net *t, const run *a, const run *b, const char *what,
                                uint64_t seed)
{
    for (size_t i = 0; i < t->outputs; i++)
        expect_same(t, t->output[i], rg_plan_buffer(a->plan, t->output[i]),
                    rg_plan_buffer(b->plan, t->output[i]), what, seed);
    for (size_t i = 0; i < t->inputs; i++)
        expect_same(t, t->input[i], a->memory[i].data, b->memory[i].data, what, seed);
}

static rg_tile_count counts_of(const rg_plan *plan)
{
    rg_tile_count count = {0};
    for (size_t i = 0; i < plan->program->kernels; i++)
        rg_tile_counts(plan->program->kernel[i], &count);
    return count;
}

static bool can_emit(void)
{
#if defined(__x86_64__)
    return rg_loops_best() != &rg_loops_base;
#else
    return false;
#endif
}

/* ---- The properties. */
static const int64_t shapes[][2] = {{0, 3},   {1, 1},   {1, 7},    {1, 8},   {3, 3},   {1, 15},
                                    {4, 4},   {1, 17},  {5, 10},   {7, 73},  {1, 511}, {32, 16},
                                    {27, 19}, {64, 10}, {1, 1025}, {0, 16},  {10, 64}, {2, 700},
                                    {16, 48}, {33, 16}, {48, 64},  {5, 528}, {300, 7}};

static void one_case(uint64_t seed, const char *set)
{
    net t = {.graph = rg_graph_new(), .rng = rg_rng_open(seed, "net")};
    const int64_t *dims = shapes[draw(&t, RG_COUNT(shapes))];
    t.shape = rg_shape_of(dims[0], dims[1]);
    setenv("RIGOR_CPU", set, 1);
    fill_net(&t, 1 + seed % 60);
    choose_results(&t);
    run judge = prepare(&t, true, "off", seed), tiles = prepare(&t, false, "off", seed),
        emitted = prepare(&t, false, "on", seed);
    assert_int_equal(counts_of(tiles.plan).codes, 0);
    expect_same_results(&t, &judge, &tiles, "tiles", seed);
    expect_same_results(&t, &judge, &emitted, set, seed);
    finish(&t, &judge);
    finish(&t, &tiles);
    finish(&t, &emitted);
    rg_graph_free(t.graph);
    unsetenv("RIGOR_CPU");
    unsetenv("RIGOR_EMIT");
}

static void test_random_chains(void **state)
{
    (void)state;
    const rg_loops *sets[3];
    size_t n = rg_loops_all(sets);
    for (uint64_t i = 0; i < support_cases(2000); i++)
        one_case(support_seed() * 100000 + i, sets[n - 1 - i % (n > 1 ? n - 1 : 1)]->name);
}

/* A chain of one group with everything at once: more values alive than there are registers,
 * more tensors than general registers, more scalars than are left. */
static void crowd(net *t)
{
    rg_val product[18], sum = {0};
    for (int i = 0; i < 18; i++) {
        rg_val x = new_input(t, RG_F32, t->shape), s = new_input(t, RG_F32, RG_SCALAR);
        product[i] = rg_mul(rg_add(x, s), s);
        sum = i ? rg_add(sum, product[i]) : product[i];
    }
    for (int i = 0; i < 18; i++)
        sum = rg_sub(rg_mul(sum, product[i]), t->input[2 * i + 1]);
    t->value[t->values++] = sum;
    t->output[t->outputs++] = sum;
}

/* Emitted loops against the judge; returns what was emitted. */
static rg_tile_count judged(net *t, const char *set, uint64_t seed)
{
    run judge = prepare(t, true, "off", seed), emitted = prepare(t, false, "on", seed);
    rg_tile_count count = counts_of(emitted.plan);
    expect_same_results(t, &judge, &emitted, set, seed);
    finish(t, &judge);
    finish(t, &emitted);
    rg_graph_free(t->graph);
    return count;
}

static void test_more_values_than_registers(void **state)
{
    (void)state;
    const rg_loops *sets[3];
    size_t n = rg_loops_all(sets);
    for (size_t set = 0; set < n; set++)
        for (size_t s = 0; s < RG_COUNT(shapes); s++) {
            net t = {.graph = rg_graph_new(), .shape = rg_shape_of(shapes[s][0], shapes[s][1])};
            setenv("RIGOR_CPU", sets[set]->name, 1);
            crowd(&t);
            bool emits = can_emit();
            rg_tile_count count = judged(&t, sets[set]->name, s);
            assert_int_equal(count.codes, emits);
            assert_int_equal(count.emitted, emits ? 89 : 0);
        }
    unsetenv("RIGOR_CPU");
    unsetenv("RIGOR_EMIT");
}

static void test_many_elements(void **state)
{
    (void)state;
    const rg_loops *sets[3];
    size_t n = rg_loops_all(sets);
    for (uint64_t i = 0; i < 4 * n; i++) {
        net t = {.graph = rg_graph_new(), .rng = rg_rng_open(i, "long")};
        t.shape = rg_shape_of(i % 2 ? 70001 : 301, i % 2 ? 1 : 257);
        setenv("RIGOR_CPU", sets[i % n]->name, 1);
        fill_net(&t, 20);
        choose_results(&t);
        judged(&t, sets[i % n]->name, i);
    }
    unsetenv("RIGOR_CPU");
    unsetenv("RIGOR_EMIT");
}

/* ---- What is emitted. */
static rg_tile_count count_step(const char *text)
{
    const rg_model *model;
    rg_err err = {0};
    json_t *given = rg_json_parse(text, strlen(text), "config", &err);
    json_t *config = rg_config_resolve(given, &model, &err);
    json_decref(given);
    rg_program_spec spec = {
        .model = model, .config = config, .classes = 10, .features = 64, .rows = 640};
    rg_program *program = config ? rg_program_compile(&spec, &err) : NULL;
    if (!program)
        fail_msg("%s: %s", err.where, err.what);
    rg_tile_count count = counts_of(program->step.plan);
    rg_program_free(program);
    json_decref(config);
    return count;
}

/* Everything but the functions that are long themselves; of the parameters (three weights,
 * three biases), each update is one loop. */
static void test_training_step_is_emitted(void **state)
{
    (void)state;
    if (!can_emit())
        skip();
    rg_tile_count count = count_step(
        "{\"model\": {\"name\": \"mlp\", \"hidden\": [64, 64], \"activation\": \"relu\"}, "
        "\"train\": {\"batch\": 32, \"optimizer\": \"adamw\"}}");
    print_message("%zu operations emitted in %zu pieces; %zu groups whole\n", count.emitted,
                  count.codes, count.whole);
    count.left[RG_OP_exp] = count.left[RG_OP_log] = count.left[RG_OP_pow] = 0;
    for (int op = 0; op < RG_OPS; op++)
        if (count.left[op])
            fail_msg("%zu operations %s are not emitted", count.left[op], rg_ops[op].name);
    assert_true(count.whole >= 6);
    assert_true(count.emitted >= 6 * 13);
}

/* ---- Where code may not be executed. */
static net small_net(void)
{
    net t = {.graph = rg_graph_new(), .shape = rg_shape_of(7, 9)};
    rg_val x = new_input(&t, RG_F32, t.shape), y = new_input(&t, RG_F32, rg_shape_of(9));
    rg_val z = rg_mul(rg_add(rg_exp(rg_neg(x)), y), x);
    t.value[t.values++] = z;
    t.output[t.outputs++] = z;
    t.carry[t.carries++] = (rg_carry){x, z};
    return t;
}

/* In a child, behind `enter`: the results are right and made by `codes` or without. */
static int child_status(bool (*enter)(void), bool codes)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (!enter())
            _exit(77);
        net t = small_net();
        run judge = prepare(&t, true, "off", 1), plan = prepare(&t, false, "on", 1);
        expect_same_results(&t, &judge, &plan, "in a child", 1);
        _exit((counts_of(plan.plan).codes > 0) == codes ? 0 : 3);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#if defined(__x86_64__)
/* A filter as hardened systems have it: no page becomes executable. */
static bool refuse_executable_pages(void)
{
    struct sock_filter rows[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 13),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {RG_COUNT(rows), rows};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void test_without_executable_memory_tiles_run(void **state)
{
    (void)state;
    int status = child_status(refuse_executable_pages, false);
    if (status == 77)
        skip(); /* this system has no filters */
    assert_int_equal(status, 0);
}
#endif

static bool enter_own_sandbox(void)
{
    const char *hidden[] = {"hidden", NULL};
    rg_sandbox *box = NULL;
    json_t *record = NULL;
    rg_err err = {0};
    return rg_sandbox_prepare(&(rg_grant_spec){.hidden = hidden}, &box, &record, &err) &&
           rg_sandbox_enter(box, -1) == 0;
}

static void test_our_own_sandbox_allows_it(void **state)
{
    (void)state;
    int status = child_status(enter_own_sandbox, can_emit());
    if (status == 77 && !can_emit())
        skip(); /* this system has no sandbox, nor has it code for one to allow */
    assert_int_equal(status, 0);
}

/* The pages of all plans are executable or writable, never both. */
static void test_no_page_is_writable_and_executable(void **state)
{
    (void)state;
    net t = small_net();
    run r = prepare(&t, false, "on", 1);
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[600];
    while (maps && fgets(line, sizeof(line), maps))
        assert_null(strstr(line, " rwx"));
    fclose(maps);
    assert_int_equal(counts_of(r.plan).codes > 0, can_emit());
    finish(&t, &r);
    rg_graph_free(t.graph);
    unsetenv("RIGOR_EMIT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_chains),
        cmocka_unit_test(test_more_values_than_registers),
        cmocka_unit_test(test_many_elements),
        cmocka_unit_test(test_training_step_is_emitted),
#if defined(__x86_64__)
        cmocka_unit_test(test_without_executable_memory_tiles_run),
#endif
        cmocka_unit_test(test_our_own_sandbox_allows_it),
        cmocka_unit_test(test_no_page_is_writable_and_executable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
