/* test_digits.c - the models of the zoo on real data: UCI's optical digits. */
#include "engine/train/fixtures.h"

#include "engine/ir/node.h"
#include "engine/train/program.h"

/* One is enough under the thread sanitizer, where a training takes a hundred times as long. */
#if defined(__SANITIZE_THREAD__)
#define VARIANTS(list) 1
#else
#define VARIANTS(list) RG_COUNT(list)
#endif

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

/* Trains {"model": MODEL, "train": {TRAIN}}. */
static double accuracy_with(void **state, const char *model, const char *train)
{
    char text[400];
    snprintf(text, sizeof(text), "{\"model\": {%s}, \"train\": {%s}}", model, train);
    return accuracy_of(*state, text);
}

static void test_cnn(void **state)
{
    static const char *const more[] = {
        "", ", \"norm\": \"group\", \"pooling\": \"mean\", \"dropout\": 0.1",
        ", \"norm\": \"none\", \"head\": \"mean\", \"channels\": [32, 64]",
        ", \"pool\": 1, \"kernel\": 5, \"channels\": [8]"};
    for (size_t i = 0; i < RG_COUNT(more); i++) {
        char model[200];
        snprintf(model, sizeof(model), "\"name\": \"cnn\", \"shape\": [8, 8]%s", more[i]);
        assert_true(accuracy_with(state, model, "\"lr\": 0.003, \"epochs\": 8") > 0.9);
    }
    assert_true(accuracy_with(state, "\"name\": \"cnn\", \"planes\": 8, \"shape\": [8]",
                              "\"lr\": 0.003, \"epochs\": 12") > 0.93);
}

static void test_gru(void **state)
{
    assert_true(accuracy_with(state, "\"name\": \"gru\", \"steps\": 8",
                              "\"lr\": 0.003, \"epochs\": 12") > 0.93);
    assert_true(accuracy_with(state,
                              "\"name\": \"gru\", \"steps\": 8, \"width\": 32, \"layers\": "
                              "2, \"dropout\": 0.1",
                              "\"lr\": 0.01, \"epochs\": 12") > 0.93);
}

static void test_transformer(void **state)
{
    static const char *const positions[] = {"learned", "sinusoidal", "rotary"};
    for (size_t i = 0; i < VARIANTS(positions); i++) {
        char model[200];
        snprintf(model, sizeof(model),
                 "\"name\": \"transformer\", \"tokens\": 8, \"positions\": \"%s\", "
                 "\"dropout\": 0.1",
                 positions[i]);
        assert_true(accuracy_with(state, model, "\"lr\": 0.003, \"epochs\": 8") > 0.9);
    }
}

/* Without positions a transformer sees a set of rows: the same logits for any order of them. */
static void test_transformer_without_positions(void **state)
{
    const digits *d = *state;
    const char *text = "{\"model\": {\"name\": \"transformer\", \"tokens\": 8, \"positions\": "
                       "\"none\"}, \"train\": {\"epochs\": 1}}";
    rg_program *p = program(text, &d->train);
    rg_err err = {0};
    rg_fit_result r;
    curve c;
    float turned[64], p_one[10], p_other[10];
    assert_good(fit(p, text, 11, &d->train, &d->val, &c, &r, &err), err);
    for (int i = 0; i < 64; i++)
        turned[i] = d->val.x[(7 - i / 8) * 8 + i % 8];
    assert_good(rg_predict(p, d->val.x, 1, p_one, &err), err);
    assert_good(rg_predict(p, turned, 1, p_other, &err), err);
    for (int i = 0; i < 10; i++)
        assert_close(p_one[i], p_other[i], 1e-5);
    rg_program_free(p);
}

/* ---- Every option changes the model */

/* A model, then what else it can be told. */
static const char *const options[][16] = {
    {"\"name\": \"mlp\", \"hidden\": [8]", "\"hidden\": [9]", "\"hidden\": [8, 8]",
     "\"activation\": \"tanh\"", "\"dropout\": 0.5"},
    {"\"name\": \"cnn\", \"shape\": [8, 8], \"channels\": [4]", "\"channels\": [5]",
     "\"channels\": [4, 4]", "\"kernel\": 5", "\"norm\": \"group\"", "\"norm\": \"none\"",
     "\"activation\": \"tanh\"", "\"pool\": 1", "\"pooling\": \"mean\"", "\"head\": \"mean\"",
     "\"dropout\": 0.5", "\"shape\": [4, 16]", "\"planes\": 4, \"shape\": [4, 4]"},
    {"\"name\": \"gru\", \"steps\": 4, \"width\": 8", "\"steps\": 8", "\"width\": 9",
     "\"layers\": 2", "\"dropout\": 0.5"},
    {"\"name\": \"transformer\", \"tokens\": 4, \"width\": 8, \"heads\": 2, \"hidden\": 8, "
     "\"layers\": 1",
     "\"tokens\": 8", "\"width\": 12", "\"heads\": 1", "\"hidden\": 9", "\"layers\": 2",
     "\"positions\": \"sinusoidal\"", "\"positions\": \"rotary\"", "\"positions\": \"none\"",
     "\"dropout\": 0.5"},
};

/* Of the first epoch of a model that learns nothing. */
static double first_loss(const digits *d, const char *const *of_model, size_t option)
{
    rg_err err = {0};
    json_t *both[2];
    for (size_t i = 0; i < 2; i++) {
        char text[200];
        snprintf(text, sizeof(text), "{%s}", of_model[i ? option : 0]);
        both[i] = rg_json_parse(text, strlen(text), "option", &err);
        assert_good(both[i] != NULL, err);
    }
    json_object_update(both[0], both[1]);
    json_t *value =
        json_pack("{s:O, s:{s:i, s:i}}", "model", both[0], "train", "lr", 0, "epochs", 1);
    char *text = json_dumps(value, 0);
    rg_program *p = program(text, &d->train);
    rg_fit_result r;
    curve c;
    assert_good(fit(p, text, 11, &d->train, &d->val, &c, &r, &err), err);
    rg_program_free(p);
    free(text);
    json_decref(value);
    json_decref(both[0]);
    json_decref(both[1]);
    return c.loss[0];
}

static void test_every_option_counts(void **state)
{
    for (size_t k = 0; k < VARIANTS(options); k++) {
        double loss[16];
        for (size_t i = 0; options[k][i]; i++) {
            loss[i] = first_loss(*state, options[k], i);
            for (size_t j = 0; j < i; j++)
                if (fabs(loss[i] - loss[j]) < 1e-5)
                    fail_msg("the same loss of %s and %s", options[k][j], options[k][i]);
        }
    }
}

/* Models of two layers, and the places where they drop: one a layer; of a transformer its
 * tokens, and in each block the hidden layer and both branches. */
static const struct {
    const char *model;
    size_t places;
} drops[] = {
    {"\"name\": \"mlp\", \"hidden\": [8, 8]", 2},
    {"\"name\": \"cnn\", \"shape\": [8, 8], \"channels\": [4, 4]", 2},
    {"\"name\": \"gru\", \"steps\": 4, \"layers\": 2", 2},
    {"\"name\": \"transformer\", \"tokens\": 4, \"layers\": 2", 7},
};

static void test_places_of_dropout(void **state)
{
    const digits *d = *state;
    for (size_t k = 0; k < RG_COUNT(drops); k++) {
        char text[200];
        snprintf(text, sizeof(text), "{\"model\": {%s, \"dropout\": 0.1}}", drops[k].model);
        rg_program *p = program(text, &d->train);
        const rg_graph *graph = p->step.net.graph;
        size_t draws = 0;
        for (uint32_t id = 1; id <= rg_graph_count(graph); id++)
            draws += rg_node_of(graph, id)->op == RG_OP_random_bits;
        if (draws != drops[k].places)
            fail_msg("%s drops at %zu places, not at %zu", text, draws, drops[k].places);
        rg_program_free(p);
    }
}

/* ---- Sizes that do not fit */

static const struct {
    const char *model, *what, *remedy; /* parts of the message */
} misfits[] = {
    {"\"name\": \"cnn\", \"shape\": [8, 9]",
     "shape of 2 axes holds 72 features, the data has 64", "model.shape is [height, width]"},
    {"\"name\": \"cnn\", \"shape\": [4, 4, 4]", "shape of 3 axes", "model.shape is"},
    {"\"name\": \"cnn\", \"planes\": 7", "holds 63 features", "model.planes"},
    {"\"name\": \"cnn\", \"kernel\": 4", "kernel of 4 is even", "odd model.kernel"},
    {"\"name\": \"cnn\", \"shape\": [8, 8], \"channels\": [4, 4, 4, 4]",
     "pools 2 places where only 1 are left", "shorten model.channels"},
    {"\"name\": \"gru\", \"steps\": 7", "64 features as a sequence of 7 steps", "divides D"},
    {"\"name\": \"transformer\", \"tokens\": 7", "64 features as a sequence of 7 steps",
     "divides D"},
    {"\"name\": \"transformer\", \"heads\": 5", "attention of 5 heads", "heads dividing C"},
};

static void test_misfits(void **state)
{
    const digits *d = *state;
    for (size_t i = 0; i < RG_COUNT(misfits); i++) {
        char text[200], where[40];
        const rg_model *model;
        snprintf(text, sizeof(text), "{\"model\": {%s}}", misfits[i].model);
        json_t *resolved = config(text, &model);
        rg_program_spec spec = {.model = model,
                                .config = resolved,
                                .classes = 10,
                                .features = 64,
                                .rows = d->train.rows};
        rg_err err = {0};
        assert_null(rg_program_compile(&spec, &err));
        snprintf(where, sizeof(where), "%s.c:", model->name);
        if (err.code != RG_INPUT || !strstr(err.what, misfits[i].what) ||
            !strstr(err.remedy, misfits[i].remedy) || !rg_text_starts(err.where, where))
            fail_msg("%s: %s: %s; %s", text, err.where, err.what, err.remedy);
        json_decref(resolved);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mlp),
        cmocka_unit_test(test_linear),
        cmocka_unit_test(test_cnn),
        cmocka_unit_test(test_gru),
        cmocka_unit_test(test_transformer),
        cmocka_unit_test(test_transformer_without_positions),
        cmocka_unit_test(test_every_option_counts),
        cmocka_unit_test(test_places_of_dropout),
        cmocka_unit_test(test_misfits),
        cmocka_unit_test(test_every_activation_learns),
        cmocka_unit_test(test_every_optimizer_learns),
        cmocka_unit_test(test_every_schedule_learns),
    };
    return cmocka_run_group_tests(tests, open_digits, close_digits);
}
