/* test_records_ways.c - every recorded layer and loss, with its gradients in f32, computed in
 * every way that a plan knows: by tiles, by emitted loops and with three threads with equal
 * bits (what threads share needs larger values: test_plans.c, test_curves.c); by the reference
 * interpreter with the same bits, too, where there are no products; and three members in one
 * batch with the bits of each alone. */
#include "engine/nn/records.h"
#include "engine/same_bits.h"

enum { MEMBERS = 3 };

typedef struct trial {
    record r;
    const char *name;
    rg_val out[1 + INPUTS_MAX];
    size_t n;
} trial;

static const struct way {
    const char *name, *emit;
    bool reference;
    int threads;
} ways[] = {{"tiles", "off", false, 1},
            {"emitted loops", "on", false, 1},
            {"three threads", "on", false, 3},
            {"reference", "on", true, 1}};
enum { TILES, EMITTED, THREADS, REFERENCE };

static trial open_trial(size_t k)
{
    trial t = {.name = cases[k].name};
    t.n = open_outputs(&t.r, k, RG_F32, t.out);
    return t;
}

static rg_plan *compile_way(const trial *t, const rg_val *out, int way)
{
    rg_err err = {0};
    rg_plan_options options = {.reference = ways[way].reference, .threads = ways[way].threads};
    setenv("RIGOR_EMIT", ways[way].emit, 1);
    rg_plan *plan = rg_plan_compile(t->r.graph, out, t->n, NULL, 0, &options, &err);
    unsetenv("RIGOR_EMIT");
    if (!plan)
        fail_msg("%s, %s: %s", t->name, ways[way].name, err.what);
    return plan;
}

/* ---- Ways. */
static void expect_same(const trial *t, rg_plan *a, rg_plan *b, const char *what)
{
    for (size_t j = 0; j < t->n; j++) {
        const void *x = rg_plan_buffer(a, t->out[j]), *y = rg_plan_buffer(b, t->out[j]);
        for (int64_t i = 0; i < rg_val_count(t->out[j]); i++)
            if (!same_bits(RG_F32, x, y, i))
                fail_msg("%s, result %zu, element %lld: %.9g by tiles, %.9g by %s", t->name, j,
                         (long long)i, rg_dtype_element(RG_F32, x, (size_t)i),
                         rg_dtype_element(RG_F32, y, (size_t)i), what);
    }
}

/* Returns whether the reference was held to the bit. */
static bool check_ways(size_t k)
{
    trial t = open_trial(k);
    bool exact = !has_products(t.r.graph);
    rg_plan *plan[RG_COUNT(ways)];
    for (int way = 0; way < (int)RG_COUNT(ways); way++) {
        plan[way] = compile_way(&t, t.out, way);
        fill_record(&t.r, plan[way]);
        run(plan[way]);
        if (way != REFERENCE || exact)
            expect_same(&t, plan[TILES], plan[way], ways[way].name);
    }
    for (int way = 1; way < (int)RG_COUNT(ways); way++)
        rg_plan_free(plan[way]);
    close_record(&t.r, plan[TILES]);
    return exact;
}

static void test_ways(void **state)
{
    (void)state;
    size_t exact = 0;
    for (size_t k = 0; k < RG_COUNT(cases); k++)
        exact += check_ways(k);
    assert_true(exact > RG_COUNT(cases) / 3);
}

/* ---- A batch: the floats differ from member to member, whole numbers are shared. */
typedef struct batch {
    size_t n;
    rg_val x[INPUTS_MAX], wide[INPUTS_MAX], out[1 + INPUTS_MAX];
} batch;

static batch open_batch(trial *t)
{
    batch b = {0};
    for (size_t i = 0; i < t->r.n; i++) {
        rg_shape own = rg_val_shape(t->r.input[i]), shape = {own.rank + 1, {MEMBERS}};
        char name[32];
        if (!rg_dtype_float(rg_val_dtype(t->r.input[i])))
            continue;
        memcpy(shape.dim + 1, own.dim, sizeof(int64_t) * (RG_RANK_MAX - 1));
        snprintf(name, sizeof(name), "wide%zu", i);
        b.x[b.n] = t->r.input[i];
        b.wide[b.n++] = rg_input(t->r.graph, name, RG_F32, shape);
    }
    rg_batch(t->out, t->n, b.x, b.wide, b.n, b.out);
    return b;
}

/* Member 0 has the recorded numbers, the others move away from them; signs stay where they are
 * (rates of decay, weights of classes). */
static void fill_members(const batch *b, rg_plan *wide, rg_plan *one, rg_rng *rng)
{
    for (size_t i = 0; i < b->n; i++) {
        const float *from = rg_plan_buffer(one, b->x[i]);
        float *to = rg_plan_buffer(wide, b->wide[i]);
        int64_t count = rg_val_count(b->x[i]);
        for (int64_t e = 0; e < MEMBERS * count; e++)
            to[e] = from[e % count] * (e < count ? 1 : 0.5f + (float)rg_rng_unit(rng));
    }
}

static void expect_member(const trial *t, const batch *b, rg_plan *wide, rg_plan *one,
                          int64_t member, uint64_t seed)
{
    for (size_t j = 0; j < t->n; j++) {
        int64_t count = rg_val_count(t->out[j]);
        const float *all = rg_plan_buffer(wide, b->out[j]);
        const float *alone = rg_plan_buffer(one, t->out[j]);
        for (int64_t i = 0; i < count; i++)
            if (!same_bits(RG_F32, all + member * count, alone, i))
                fail_msg("%s, seed %llu: member %lld, result %zu, element %lld: %.9g in the "
                         "batch, %.9g alone",
                         t->name, (unsigned long long)seed, (long long)member, j, (long long)i,
                         (double)all[member * count + i], (double)alone[i]);
    }
}

static void check_batch(size_t k)
{
    trial t = open_trial(k);
    batch b = open_batch(&t);
    uint64_t seed = support_seed();
    rg_rng rng = rg_rng_open(seed, "batch of %s", t.name);
    rg_plan *wide = compile_way(&t, b.out, EMITTED), *one = compile_way(&t, t.out, EMITTED);
    fill_record(&t.r, one);
    fill_record(&t.r, wide); /* what is shared */
    fill_members(&b, wide, one, &rng);
    run(wide);
    for (int64_t member = 0; member < MEMBERS; member++) {
        for (size_t i = 0; i < b.n; i++) {
            int64_t count = rg_val_count(b.x[i]);
            memcpy(rg_plan_buffer(one, b.x[i]),
                   (float *)rg_plan_buffer(wide, b.wide[i]) + member * count,
                   sizeof(float) * (size_t)count);
        }
        run(one);
        expect_member(&t, &b, wide, one, member, seed);
    }
    rg_plan_free(wide);
    close_record(&t.r, one);
}

static void test_batches(void **state)
{
    (void)state;
    for (size_t k = 0; k < RG_COUNT(cases); k++)
        check_batch(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways),
        cmocka_unit_test(test_batches),
    };
    return cmocka_run_group_tests(tests, torch_load, torch_unload);
}
