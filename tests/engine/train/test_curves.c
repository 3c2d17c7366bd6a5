/* test_curves.c - whole trainings of the zoo's models, held to the last bit: the same loss and
 * score in every epoch for any number of threads, for any cohort and any order of its members,
 * and as recorded once.
 *
 * Two curves are recorded: the reference interpreter's and that of the base kernels, which are
 * plain C.  Their sums run in one order and their f32 functions are our own, so that they are
 * the same on every machine (f32's pow, and the waves of initial normals, round a double of the
 * C library).  Products of the other kernels round differently with the instruction set and
 * with oneDNN's version: they are compared with themselves to the last bit, and with the record
 * within their rounding.  The data is made of uniform draws, which are integers at heart.  A
 * curve that has changed is printed as the table's next entry. */
#include "engine/cpu/program.h"
#include "engine/train/fixtures.h"
#include "engine/train/program.h"

enum { SIDE = 8, FEATURES = SIDE * SIDE, CLASSES = 4, EPOCHS = 4, MEMBERS = 8 };

/* ---- Data: a pattern for each class, under noise. */

static rg_part made(rg_arena *arena, const char *name, size_t rows)
{
    float *x = RG_ARENA_ARRAY(arena, float, rows *FEATURES), pattern[CLASSES][FEATURES];
    int32_t *label = RG_ARENA_ARRAY(arena, int32_t, rows);
    int64_t *id = RG_ARENA_ARRAY(arena, int64_t, rows);
    rg_rng classes = rg_rng_open(1, "patterns"), noise = rg_rng_open(1, "noise/%s", name);
    for (int i = 0; i < CLASSES * FEATURES; i++)
        pattern[i / FEATURES][i % FEATURES] = (float)(2 * rg_rng_unit(&classes) - 1);
    for (size_t i = 0; i < rows; i++) {
        id[i] = (int64_t)i;
        label[i] = (int32_t)(i % CLASSES);
        for (size_t k = 0; k < FEATURES; k++)
            x[i * FEATURES + k] =
                pattern[label[i]][k] + 3 * (float)(2 * rg_rng_unit(&noise) - 1);
    }
    return (rg_part){.task = RG_CLASSIFY,
                     .rows = rows,
                     .features = FEATURES,
                     .classes = CLASSES,
                     .x = x,
                     .label = label,
                     .id = id};
}

typedef struct world {
    rg_arena *arena;
    rg_part few, many, val;
} world;

static int open_world(void **state)
{
    world *w = RG_NEW(world);
    w->arena = rg_arena_new();
    w->few = made(w->arena, "few", 90);    /* two batches of 32 and one of 26 */
    w->many = made(w->arena, "many", 640); /* a batch of 512 and one of 128 */
    w->val = made(w->arena, "val", 60);
    *state = w;
    return 0;
}

static int close_world(void **state)
{
    world *w = *state;
    rg_arena_free(w->arena);
    rg_free(w);
    return 0;
}

/* ---- Models: small ones for records and cohorts, large ones whose kernels are cut into units
 * (loops from 32,768 elements, products from 2^25 multiplications). */

enum { SMALL, LARGE };

static const struct {
    const char *text[2];      /* without dropout */
    double reference[EPOCHS]; /* loss of the small one, member 0 */
    double base[2][EPOCHS];   /* of both */
} models[] = {
    {{"\"name\": \"mlp\", \"hidden\": [24, 16], \"activation\": \"gelu\"",
      "\"name\": \"mlp\", \"hidden\": [512, 256]"},
     {0x1.6383b9e93e93fp+0, 0x1.5b8e15bbbbbbcp+0, 0x1.53ac53ddddddep+0, 0x1.4b2eaa6666666p+0},
     {{0x1.6383b9e93e93fp+0, 0x1.5b8e1505b05bp+0, 0x1.53ac5471c71c7p+0, 0x1.4b2eaa6666666p+0},
      {0x1.5e011a6666666p+0, 0x1.c3f2b2p-1, 0x1.07423fccccccdp-1, 0x1.33487f999999ap-2}}},
    {{"\"name\": \"cnn\", \"shape\": [8, 8], \"channels\": [4, 6]",
      "\"name\": \"cnn\", \"shape\": [8, 8], \"channels\": [8, 8]"},
     {0x1.98a0b57777777p+0, 0x1.7bf5916c16c17p+0, 0x1.73e40f05b05bp+0, 0x1.5e8af05b05b06p+0},
     {{0x1.98a0b60b60b61p+0, 0x1.7bf5922222222p+0, 0x1.73e40f05b05bp+0, 0x1.5e8af11111111p+0},
      {0x1.883f54p+0, 0x1.774b5e6666666p+0, 0x1.67f534ccccccdp+0, 0x1.5dca49999999ap+0}}},
    {{"\"name\": \"gru\", \"steps\": 8, \"width\": 12",
      "\"name\": \"gru\", \"steps\": 4, \"width\": 64"},
     {0x1.6ed34f27d27d2p+0, 0x1.6731f40b60b61p+0, 0x1.6570a33333333p+0, 0x1.5e3f6016c16c1p+0},
     {{0x1.6ed34f27d27d2p+0, 0x1.6731f37777777p+0, 0x1.6570a33333333p+0, 0x1.5e3f60ccccccdp+0},
      {0x1.69bfe0ccccccdp+0, 0x1.5e16e06666666p+0, 0x1.53482b3333333p+0,
       0x1.4996de6666666p+0}}},
    {{"\"name\": \"transformer\", \"tokens\": 8, \"width\": 12, \"heads\": 2, \"hidden\": 16, "
      "\"layers\": 1",
      "\"name\": \"transformer\", \"tokens\": 8, \"width\": 32, \"heads\": 2, \"hidden\": 64, "
      "\"layers\": 1"},
     {0x1.6b53ce38e38e4p+0, 0x1.655b37999999ap+0, 0x1.604d173e93e94p+0, 0x1.599eee0b60b61p+0},
     {{0x1.6b53ce38e38e4p+0, 0x1.655b37999999ap+0, 0x1.604d173e93e94p+0, 0x1.599eeec16c16cp+0},
      {0x1.60448d3333333p+0, 0x1.55f6b86666666p+0, 0x1.4e6fcaccccccdp+0,
       0x1.4894b7999999ap+0}}},
};

/* Members differ in every number that may differ. */
static void member_text(char *ret, size_t size, const char *model, size_t i, int batch)
{
    snprintf(ret, size,
             "{\"model\": {%s, \"dropout\": %g}, \"train\": {\"lr\": %g, \"weight_decay\": %g, "
             "\"clip\": %g, \"batch\": %d, \"epochs\": %d}}",
             model, 0.05 * (double)(i + 1), 0.002 * (double)(i + 1), 0.01 * (double)(i + 1),
             1 + (double)i, batch, EPOCHS);
}

static void train_member(rg_program *p, const char *text, size_t member, const rg_part *train,
                         const rg_part *val, curve *ret)
{
    rg_err err = {0};
    rg_fit_result r;
    assert_good(fit(p, text, 100 + member, train, val, ret, &r, &err), err);
    assert_int_equal(ret->epochs, EPOCHS);
}

static curve train_alone(const char *text, size_t member, const rg_part *train,
                         const rg_part *val, rg_plan_options plan)
{
    static curve c;
    rg_program *p = program_with(text, train, plan);
    train_member(p, text, member, train, val, &c);
    rg_program_free(p);
    return c;
}

static void same(const char *what, const curve *a, const curve *b)
{
    for (int i = 0; i < EPOCHS; i++)
        if (memcmp(&a->loss[i], &b->loss[i], sizeof(double)) != 0 ||
            memcmp(&a->score[i], &b->score[i], sizeof(double)) != 0)
            fail_msg("%s, epoch %d: loss %a and %a, score %g and %g", what, i + 1, a->loss[i],
                     b->loss[i], a->score[i], b->score[i]);
}

/* ---- As recorded */

static bool is_recorded(const char *what, const char *text, const curve *c,
                        const double recorded[EPOCHS])
{
    assert_true(c->loss[EPOCHS - 1] < c->loss[0]);
    if (memcmp(c->loss, recorded, sizeof(double) * EPOCHS) == 0)
        return true;
    print_error("%s, %s\n     {", what, text);
    for (int i = 0; i < EPOCHS; i++)
        print_error("%a%s", c->loss[i], i + 1 < EPOCHS ? ", " : "},\n");
    return false;
}

static void test_reference(void **state)
{
    const world *w = *state;
    size_t changed = 0;
    for (size_t k = 0; k < RG_COUNT(models); k++) {
        char text[400];
        member_text(text, sizeof(text), models[k].text[SMALL], 0, 32);
        curve slow =
            train_alone(text, 0, &w->few, &w->val, (rg_plan_options){.reference = true});
        curve fast = train_alone(text, 0, &w->few, &w->val, (rg_plan_options){0});
        for (int i = 0; i < EPOCHS; i++)
            assert_close(fast.loss[i], slow.loss[i], 1e-4);
        changed += !is_recorded("reference", text, &slow, models[k].reference);
    }
    assert_int_equal(changed, 0);
}

/* ---- Threads */

/* Kernels of the training step that several threads share. */
static size_t shared_kernels(const rg_program *p)
{
    const rg_executable *e = p->step.plan->program;
    size_t n = 0;
    for (size_t i = 0; i < e->kernels; i++)
        n += e->kernel[i]->units > 1;
    return n;
}

/* The large model's curve, the same by one thread and by two. */
static curve train_shared(const world *w, const char *text)
{
    static curve c[2];
    for (int threads = 1; threads <= 2; threads++) {
        rg_plan_options plan = {.threads = threads};
        rg_program *p = program_with(text, &w->many, plan);
        assert_true(shared_kernels(p) >= 3);
        train_member(p, text, 0, &w->many, &w->val, &c[threads - 1]);
        rg_program_free(p);
    }
    same(text, &c[0], &c[1]);
    return c[0];
}

static void test_threads(void **state)
{
    for (size_t k = 0; k < RG_COUNT(models); k++) {
        char text[400];
        member_text(text, sizeof(text), models[k].text[LARGE], 0, 512);
        train_shared(*state, text);
    }
}

/* ---- Cohorts */

/* The members in an order of their own for each size. */
static void check_cohort(const world *w, const char *model, size_t size, const curve *alone)
{
    uint32_t order[MEMBERS];
    char text[400];
    rg_rng rng = rg_rng_open(support_seed(), "order %zu", size);
    for (uint32_t i = 0; i < size; i++)
        order[i] = i;
    rg_rng_shuffle(&rng, order, size);
    member_text(text, sizeof(text), model, size - 1, 32);
    rg_program *p = program(text, &w->few);
    for (size_t i = 0; i < size; i++) {
        static curve c;
        member_text(text, sizeof(text), model, order[i], 32);
        train_member(p, text, order[i], &w->few, &w->val, &c);
        same(text, &alone[order[i]], &c);
    }
    rg_program_free(p);
}

/* Member 0's curve, the same alone and in every cohort. */
static curve train_cohorts(const world *w, const char *model)
{
    static const size_t sizes[] = {1, 3, MEMBERS};
    static curve alone[MEMBERS];
    for (size_t i = 0; i < MEMBERS; i++) {
        char text[400];
        member_text(text, sizeof(text), model, i, 32);
        alone[i] = train_alone(text, i, &w->few, &w->val, (rg_plan_options){0});
    }
    assert_memory_not_equal(alone[0].loss, alone[1].loss, sizeof(double));
    for (size_t s = 0; s < RG_COUNT(sizes); s++)
        check_cohort(w, model, sizes[s], alone);
    return alone[0];
}

static void test_cohorts(void **state)
{
    for (size_t k = 0; k < RG_COUNT(models); k++)
        train_cohorts(*state, models[k].text[SMALL]);
}

/* ---- Threads and cohorts of the base kernels: as recorded */

static int use_base(void **state)
{
    (void)state;
    return setenv("RIGOR_CPU", "base", 1) || setenv("RIGOR_ONEDNN", "off", 1);
}

static int use_best(void **state)
{
    (void)state;
    return unsetenv("RIGOR_CPU") || unsetenv("RIGOR_ONEDNN");
}

/* Under a sanitizer, where plain C takes its time, the first model alone. */
static void test_base_kernels(void **state)
{
    size_t changed = 0;
    for (size_t k = 0; k < support_cases(RG_COUNT(models)); k++) {
        char text[400];
        curve small = train_cohorts(*state, models[k].text[SMALL]);
        changed += !is_recorded("base", models[k].text[SMALL], &small, models[k].base[SMALL]);
        member_text(text, sizeof(text), models[k].text[LARGE], 0, 512);
        curve large = train_shared(*state, text);
        changed += !is_recorded("base", text, &large, models[k].base[LARGE]);
    }
    assert_int_equal(changed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_cohorts),
        cmocka_unit_test_setup_teardown(test_base_kernels, use_base, use_best),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
