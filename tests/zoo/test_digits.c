/* test_digits.c - the models of the zoo on real data: UCI's optical digits. */
#include "engine/train/fixtures.h"

typedef struct digits {
    rg_arena *arena;
    rg_part train, val;
} digits;

static int open_digits(void **state)
{
    digits *d = RG_NEW(digits);
    *state = d;
    d->arena = rg_arena_new();
    rg_err err = {0};
    json_t *info = NULL;
    rg_split split;
    rg_split_spec spec = {.train = .6, .val = .2, .test = .2, .stratify = true, .seed = 7};
    rg_dataset *data = rg_dataset_load("digits", NULL, NULL, d->arena, &err);
    bool read =
        data && rg_split_make(data, &spec, d->arena, &split, &err) &&
        rg_parts_write(data, &split, RG_SCALE_STANDARD, "parts", "labels.npz", &info, &err) &&
        rg_part_read("parts/train.npz", d->arena, &d->train, &err) &&
        rg_part_read("parts/val.npz", d->arena, &d->val, &err);
    json_decref(info);
    if (!read)
        print_error("%s: %s\n", err.where, err.what);
    return read ? 0 : -1;
}

static int close_digits(void **state)
{
    digits *d = *state;
    rg_arena_free(d->arena);
    rg_free(d);
    return 0;
}

static double accuracy_of(const digits *d, const char *text)
{
    rg_program *p = program(text, &d->train);
    rg_err err = {0};
    rg_fit_result r;
    curve c;
    uint64_t start = rg_clock_ns();
    assert_good(fit(p, text, 11, &d->train, &d->val, &c, &r, &err), err);
    print_message("%.4f at epoch %zu of %zu, %.1f ms: %s\n", r.score[0], r.epoch, r.epochs,
                  (double)(rg_clock_ns() - start) * 1e-6, text);
    rg_program_free(p);
    return r.score[0];
}

static void test_mlp(void **state)
{
    const char *wide =
        "{\"model\": {\"name\": \"mlp\", \"hidden\": [128]}, \"train\": {\"lr\": 0.003}}";
    const char *drop =
        "{\"model\": {\"name\": \"mlp\", \"dropout\": 0.2}, \"train\": {\"lr\": 0.003}}";
    assert_true(accuracy_of(*state, wide) > 0.95);
    assert_true(accuracy_of(*state, drop) > 0.95);
}

static void test_linear(void **state)
{
    const char *text = "{\"model\": {\"name\": \"linear\"}, \"train\": {\"lr\": 0.01}}";
    assert_true(accuracy_of(*state, text) > 0.92);
}

/* Trains {"model": {mlp, [32], MODEL}, "train": {8 epochs, TRAIN}}. */
static double short_training(void **state, const char *model, const char *train)
{
    char text[400];
    snprintf(
        text, sizeof(text),
        "{\"model\": {\"name\": \"mlp\", \"hidden\": [32]%s}, \"train\": {\"epochs\": 8%s}}",
        model, train);
    return accuracy_of(*state, text);
}

static void test_every_activation_learns(void **state)
{
    for (const rg_activation *a = rg_activations; a->name; a++) {
        char model[100];
        snprintf(model, sizeof(model), ", \"activation\": \"%s\"", a->name);
        assert_true(short_training(state, model, ", \"lr\": 0.01") > 0.9);
    }
}

/* Rules whose steps are in proportion to gradients or weights want a larger rate. */
static double rate_of(const char *optimizer)
{
    static const char *const in_proportion[] = {"sgd", "adafactor", "shampoo"};
    for (size_t i = 0; i < RG_COUNT(in_proportion); i++)
        if (!strcmp(in_proportion[i], optimizer))
            return 0.1;
    return 0.01;
}

static void test_every_optimizer_learns(void **state)
{
    for (const rg_optimizer *o = rg_optimizers; o->name; o++) {
        char train[200];
        snprintf(train, sizeof(train),
                 ", \"optimizer\": \"%s\", \"lr\": %g, \"weight_decay\": 1e-4", o->name,
                 rate_of(o->name));
        assert_true(short_training(state, "", train) > 0.9);
    }
}

static void test_every_schedule_learns(void **state)
{
    for (const rg_schedule *s = rg_schedules; s->name; s++) {
        char train[200];
        snprintf(train, sizeof(train),
                 ", \"schedule\": \"%s\", \"warmup\": 0.1, \"lr\": 0.02, \"clip\": 1", s->name);
        assert_true(short_training(state, "", train) > 0.9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mlp),
        cmocka_unit_test(test_linear),
        cmocka_unit_test(test_every_activation_learns),
        cmocka_unit_test(test_every_optimizer_learns),
        cmocka_unit_test(test_every_schedule_learns),
    };
    return cmocka_run_group_tests(tests, open_digits, close_digits);
}
