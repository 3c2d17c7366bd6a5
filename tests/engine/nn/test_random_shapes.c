/* test_random_shapes.c - layers and losses of random sizes, in f64: a plan gives what the
 * reference interpreter gives, to the bit where there are no products; a batch of members gives
 * each the bits it has alone; derivatives agree with central differences along a random
 * direction.  Nothing and single elements have test_small_shapes.c, recorded values
 * test_records.c. */
#include "engine/nn/layers.h"
#include "engine/nn/torch.h"
#include "engine/same_bits.h"
#include "engine/slopes.h"

enum { MEMBERS = 3 };

typedef struct trial {
    const char *name;
    uint64_t seed;
    rg_rng rng;
    net n;
    slopes s; /* by all of the net's floats */
    size_t outs;
    rg_val out[1 + BY_MAX]; /* the value and f's gradients */
} trial;

/* ---- Drawing. */
static int64_t draw(rg_rng *rng, int64_t below)
{
    return (int64_t)rg_rng_below(rng, (uint64_t)below);
}

static sizes draw_sizes(rg_rng *rng, int64_t (*width)(const sizes *))
{
    sizes z = {.examples = 1 + draw(rng, 4),
               .steps = 1 + draw(rng, 5),
               .units = 1 + draw(rng, 5),
               .hidden = 1 + draw(rng, 4),
               .heads = 1 + draw(rng, 3),
               .edges = draw(rng, 7)};
    int64_t multiple = width(&z);
    z.width = multiple * (1 + draw(rng, multiple > 1 ? 2 : 5));
    z.kernel = 1 + draw(rng, z.width < 3 ? z.width : 3);
    return z;
}

static trial open_trial(size_t k, uint64_t seed)
{
    trial t = {.name = layers[k].name, .seed = seed};
    t.rng = rg_rng_open(seed, "shapes of %s", t.name);
    sizes z = draw_sizes(&t.rng, layers[k].width);
    t.n = open_net(&z, RG_F64);
    t.out[0] = layers[k].build(&t.n);
    if (rg_graph_error(t.n.graph)->code != RG_OK)
        fail_msg("%s, seed %llu: %s", t.name, (unsigned long long)seed,
                 rg_graph_error(t.n.graph)->what);
    t.s.graph = t.n.graph;
    t.s.n = list_variables(&t.n, t.s.x);
    t.s.f = slopes_weigh(&t.rng, t.out[0]);
    if (t.n.scope->penalty.id)
        t.s.f = rg_add(t.s.f, t.n.scope->penalty);
    rg_grad(t.s.f, t.s.x, t.s.n, t.out + 1);
    t.outs = 1 + t.s.n;
    slopes_open(&t.s);
    return t;
}

static void close_trial(trial *t)
{
    rg_plan_free(t->s.plan);
    close_net(&t->n);
}

static void fail_trial(const trial *t, const char *what, double got, double expected)
{
    const sizes *z = &t->n.z;
    fail_msg("%s, seed %llu, x (%lld, %lld, %lld), units %lld, hidden %lld, heads %lld, kernel "
             "%lld, edges %lld: %s %.17g, expected %.17g",
             t->name, (unsigned long long)t->seed, (long long)z->examples, (long long)z->steps,
             (long long)z->width, (long long)z->units, (long long)z->hidden,
             (long long)z->heads, (long long)z->kernel, (long long)z->edges, what, got,
             expected);
}

/* ---- Numbers: inputs and weights are normal, the scope's buffers as they begin. */
static void fill_buffers(const trial *t, rg_plan *plan)
{
    const rg_weight *w;
    size_t count = rg_scope_weights(t->n.scope, &w);
    for (size_t i = 0; i < count; i++) {
        size_t elements = (size_t)rg_val_count(w[i].input);
        float *start = RG_NEW_ARRAY(float, elements);
        double *data = rg_plan_buffer(plan, w[i].input);
        rg_init_fill(&w[i].init, 1, w[i].name, start, elements);
        for (size_t e = 0; w[i].buffer && e < elements; e++)
            data[e] = (double)start[e];
        rg_free(start);
    }
}

static void fill_normal(rg_rng *rng, double *ret, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        ret[i] = rg_rng_normal(rng);
}

static void fill_ids(rg_rng *rng, int32_t *ret, int64_t count, int64_t below)
{
    for (int64_t i = 0; i < count; i++)
        ret[i] = (int32_t)draw(rng, below);
}

/* Drawn from its own generator: any plan of the trial is filled with the same numbers. */
static void fill_trial(const trial *t, rg_plan *plan)
{
    rg_rng rng = rg_rng_open(t->seed, "numbers of %s", t->name);
    for (size_t i = 0; i < t->s.n; i++)
        fill_normal(&rng, rg_plan_buffer(plan, t->s.x[i]), rg_val_count(t->s.x[i]));
    for (size_t i = 0; i < t->n.ids; i++)
        fill_ids(&rng, rg_plan_buffer(plan, t->n.id[i]), rg_val_count(t->n.id[i]),
                 t->n.below[i]);
    fill_buffers(t, plan);
}

static rg_plan *compile_way(const trial *t, const rg_val *out, bool reference)
{
    rg_err err = {0};
    rg_plan_options options = {.reference = reference};
    rg_plan *plan = rg_plan_compile(t->n.graph, out, t->outs, NULL, 0, &options, &err);
    if (!plan)
        fail_msg("%s, seed %llu: %s: %s", t->name, (unsigned long long)t->seed, err.where,
                 err.what);
    fill_trial(t, plan);
    return plan;
}

/* ---- The reference. */
/* Of all results: rounding is in proportion to what they are sums of. */
static double largest(const trial *t, rg_plan *plan)
{
    double ret = 1;
    for (size_t j = 0; j < t->outs; j++) {
        const double *a = rg_plan_buffer(plan, t->out[j]);
        for (int64_t i = 0; i < rg_val_count(t->out[j]); i++)
            ret = fmax(ret, fabs(a[i]));
    }
    return ret;
}

static void check_reference(const trial *t, rg_plan *plan)
{
    rg_plan *reference = compile_way(t, t->out, true);
    bool exact = !has_products(t->n.graph);
    run(reference);
    double allowed = 1e-11 * largest(t, reference);
    for (size_t j = 0; j < t->outs; j++) {
        const double *a = rg_plan_buffer(plan, t->out[j]);
        const double *b = rg_plan_buffer(reference, t->out[j]);
        for (int64_t i = 0; i < rg_val_count(t->out[j]); i++)
            if (exact ? !same_bits(RG_F64, a, b, i) : !(fabs(a[i] - b[i]) <= allowed))
                fail_trial(t, j ? "a gradient is" : "the value is", a[i], b[i]);
    }
    rg_plan_free(reference);
}

/* ---- A batch: floats differ from member to member, in half of the trials whole numbers, too.
 */
typedef struct batch {
    size_t n;
    rg_val x[BY_MAX + IDS_MAX], wide[BY_MAX + IDS_MAX], out[1 + BY_MAX];
} batch;

static void widen(batch *b, rg_val x)
{
    rg_shape own = rg_val_shape(x), shape = {own.rank + 1, {MEMBERS}};
    char name[32];
    memcpy(shape.dim + 1, own.dim, sizeof(int64_t) * (RG_RANK_MAX - 1));
    snprintf(name, sizeof(name), "wide%zu", b->n);
    b->x[b->n] = x;
    b->wide[b->n++] = rg_input(x.graph, name, rg_val_dtype(x), shape);
}

static batch open_batch(trial *t)
{
    batch b = {0};
    for (size_t i = 0; i < t->s.n; i++)
        widen(&b, t->s.x[i]);
    for (size_t i = 0; i < t->n.ids && t->seed % 2; i++)
        widen(&b, t->n.id[i]);
    rg_batch(t->out, t->outs, b.x, b.wide, b.n, b.out);
    return b;
}

static void fill_batch(trial *t, const batch *b, rg_plan *wide)
{
    for (size_t i = 0; i < b->n; i++) {
        void *data = rg_plan_buffer(wide, b->wide[i]);
        if (i < t->s.n)
            fill_normal(&t->rng, data, rg_val_count(b->wide[i]));
        else
            fill_ids(&t->rng, data, rg_val_count(b->wide[i]), t->n.below[i - t->s.n]);
    }
}

static void copy_member(const batch *b, rg_plan *wide, rg_plan *one, int64_t member)
{
    for (size_t i = 0; i < b->n; i++) {
        size_t bytes = (size_t)rg_val_count(b->x[i]) * rg_dtype_bytes(rg_val_dtype(b->x[i]));
        const char *all = rg_plan_buffer(wide, b->wide[i]);
        if (bytes)
            memcpy(rg_plan_buffer(one, b->x[i]), all + (size_t)member * bytes, bytes);
    }
}

static void expect_member(const trial *t, rg_plan *wide, const rg_val *out, rg_plan *one,
                          int64_t member)
{
    for (size_t j = 0; j < t->outs; j++) {
        int64_t count = rg_val_count(t->out[j]);
        const double *all = rg_plan_buffer(wide, out[j]);
        const double *alone = rg_plan_buffer(one, t->out[j]);
        for (int64_t i = 0; i < count; i++)
            if (!same_bits(RG_F64, all + member * count, alone, i))
                fail_trial(t, j ? "in a batch a gradient is" : "in a batch the value is",
                           all[member * count + i], alone[i]);
    }
}

static void check_batch(trial *t, rg_plan *one)
{
    batch b = open_batch(t);
    rg_plan *wide = compile_way(t, b.out, false);
    fill_batch(t, &b, wide);
    run(wide);
    for (int64_t member = 0; member < MEMBERS; member++) {
        copy_member(&b, wide, one, member);
        run(one);
        expect_member(t, wide, b.out, one, member);
    }
    rg_plan_free(wide);
}

/* ---- Differences.  False where they depend on the step: a kink or a jump lies within reach.
 */
static bool near(double a, double b, double tolerance)
{
    return fabs(a - b) <= tolerance * (1 + fabs(b));
}

static bool check_slopes(trial *t)
{
    const double h = 1e-4;
    fill_trial(t, t->s.plan);
    slopes_normal(&t->s, t->s.d, &t->rng);
    double slope = slopes_value(&t->s, t->s.slope), tangent = slopes_value(&t->s, t->s.tangent);
    double first = slopes_difference(&t->s, t->s.f, h);
    if (!near(tangent, slope, 1e-9))
        fail_trial(t, "the slope by forward mode is", tangent, slope);
    if (!near(slopes_difference(&t->s, t->s.f, h / 4), first, 1e-6))
        return false;
    if (!near(slope, first, 1e-6))
        fail_trial(t, "the slope is", slope, first);
    return true;
}

/* Returns whether differences were compared. */
static bool check(size_t k, uint64_t seed)
{
    trial t = open_trial(k, seed);
    rg_plan *plan = compile_way(&t, t.out, false);
    run(plan);
    check_reference(&t, plan);
    check_batch(&t, plan);
    bool compared = check_slopes(&t);
    rg_plan_free(plan);
    close_trial(&t);
    return compared;
}

static void test_random_shapes(void **state)
{
    (void)state;
    uint64_t cases = support_cases(32);
    for (size_t k = 0; k < RG_COUNT(layers); k++) {
        uint64_t compared = 0;
        for (uint64_t i = 0; i < cases; i++)
            compared += check(k, support_seed() * 100000 + i);
        if (compared < cases)
            print_message("%s: differences of %llu of %llu compared\n", layers[k].name,
                          (unsigned long long)compared, (unsigned long long)cases);
        assert_true(compared >= cases * 9 / 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
