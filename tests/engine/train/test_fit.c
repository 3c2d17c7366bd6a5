/* test_fit.c - training: it learns, the same seed gives the same bits alone and in company, it
 * stops early, keeps the best epoch, and says what went wrong. */
#include "engine/train/fixtures.h"

static const char *const small = "{\"model\": {\"name\": \"mlp\", \"hidden\": [16, 16]}, "
                                 "\"train\": {\"lr\": 0.01, \"epochs\": "
                                 "30, \"batch\": 32}}";

typedef struct world {
    rg_arena *arena;
    rg_part train, val;     /* classification */
    rg_part train_r, val_r; /* regression */
} world;

static int open_world(void **state)
{
    world *w = RG_NEW(world);
    w->arena = rg_arena_new();
    w->train = moons(w->arena, 1, 301); /* 9 batches of 32 and one of 13 */
    w->val = moons(w->arena, 2, 200);
    w->train_r = wave(w->arena, 1, 600);
    w->val_r = wave(w->arena, 2, 1100); /* more than two blocks of an evaluation */
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

static void test_learns_two_classes(void **state)
{
    world *w = *state;
    rg_program *p = program(small, &w->train);
    assert_int_equal(rg_program_parameters(p), 2 * 16 + 16 + 16 * 16 + 16 + 16 * 2 + 2);
    assert_true(rg_program_bytes(p) > 0);
    rg_err err = {0};
    rg_fit_result r;
    curve c;
    assert_good(fit(p, small, 5, &w->train, &w->val, &c, &r, &err), err);
    assert_true(r.score[0] > 0.95);
    assert_int_equal(r.epochs, 30);
    assert_int_equal(r.steps, 30 * 10);
    assert_true(c.loss[29] < c.loss[0] / 3);
    rg_program_free(p);
}

/* Weights of 1 change no bit; a class that weighs nothing is never learned. */
static void test_rows_weigh(void **state)
{
    world *w = *state;
    float *weight = RG_ARENA_ARRAY(w->arena, float, w->train.rows);
    rg_part weighed = w->train;
    rg_err err = {0};
    rg_fit_result plain, r;
    curve c, d;
    rg_program *p = program(small, &w->train);
    assert_good(fit(p, small, 5, &w->train, &w->val, &c, &plain, &err), err);
    for (size_t i = 0; i < w->train.rows; i++)
        weight[i] = 1;
    weighed.weight = weight;
    assert_good(fit(p, small, 5, &weighed, &w->val, &d, &r, &err), err);
    assert_memory_equal(&c, &d, sizeof(c));
    for (size_t i = 0; i < w->train.rows; i++)
        weight[i] = w->train.label[i] ? 2 : 0;
    assert_good(fit(p, small, 5, &weighed, &w->val, &d, &r, &err), err);
    assert_close(r.score[0], .5, 1e-12); /* half of the rows are of class 1 */
    rg_program_free(p);
}

static void test_linear_cannot(void **state)
{
    world *w = *state;
    const char *text = "{\"model\": {\"name\": \"linear\"}, \"train\": {\"lr\": 0.03}}";
    rg_program *p = program(text, &w->train);
    rg_err err = {0};
    rg_fit_result r;
    curve c;
    assert_good(fit(p, text, 5, &w->train, &w->val, &c, &r, &err), err);
    assert_true(r.score[0] > 0.75 && r.score[0] < 0.95);
    rg_program_free(p);
}

static void test_regression_in_its_own_units(void **state)
{
    world *w = *state;
    const char *text = "{\"model\": {\"name\": \"mlp\", \"hidden\": [32]}, "
                       "\"train\": {\"lr\": 0.01, \"epochs\": 60, \"weight_decay\": 0}}";
    rg_program *p = program(text, &w->train_r);
    rg_err err = {0};
    rg_fit_result r;
    curve c;
    assert_good(fit(p, text, 5, &w->train_r, &w->val_r, &c, &r, &err), err);
    assert_true(r.score[0] < 12); /* the target's deviation is about 34 */
    float *value = RG_NEW_ARRAY(float, w->val_r.rows);
    assert_good(rg_predict(p, w->val_r.x, w->val_r.rows, value, &err), err);
    double square = 0;
    for (size_t i = 0; i < w->val_r.rows; i++)
        square += pow((double)value[i] - w->val_r.target[i], 2);
    assert_close(sqrt(square / (double)w->val_r.rows), r.score[0], 1e-6);
    rg_free(value);
    rg_program_free(p);
}

/* ---- The same bits */

static void same(const curve *a, const curve *b)
{
    assert_int_equal(a->epochs, b->epochs);
    assert_memory_equal(a->loss, b->loss, a->epochs * sizeof(*a->loss));
    assert_memory_equal(a->score, b->score, a->epochs * sizeof(*a->score));
}

static void test_seeds(void **state)
{
    world *w = *state;
    rg_err err = {0};
    rg_fit_result r;
    curve c[3];
    for (size_t i = 0; i < 3; i++) {
        rg_program *p = program(small, &w->train);
        assert_good(fit(p, small, i == 2 ? 6 : 5, &w->train, &w->val, &c[i], &r, &err), err);
        rg_program_free(p);
    }
    same(&c[0], &c[1]);
    assert_memory_not_equal(c[0].loss, c[2].loss, sizeof(double));
}

/* Members that differ in every number that may differ. */
static void member_text(char *ret, size_t size, size_t i)
{
    snprintf(ret, size,
             "{\"model\": {\"name\": \"mlp\", \"hidden\": [16, 16], \"dropout\": %g}, "
             "\"train\": {\"lr\": %g, \"weight_decay\": %g, \"label_smoothing\": %g, "
             "\"clip\": %g, \"epochs\": %zu, \"warmup\": %g, \"schedule\": \"cosine\"}}",
             0.05 + 0.1 * (double)i, 0.002 * (double)(i + 1), 0.01 * (double)(i + 1),
             0.01 + 0.02 * (double)i, 0.5 + (double)i, 4 + i, 0.02 * (double)i);
}

static void test_cohorts(void **state)
{
    world *w = *state;
    enum { most = 8 };
    static const size_t sizes[] = {1, 3, most};
    static curve alone[most], together;
    static float mine[most][400], theirs[400];
    rg_err err = {0};
    rg_fit_result r;
    char text[1024];
    for (size_t i = 0; i < most; i++) {
        member_text(text, sizeof(text), i);
        rg_program *p = program(text, &w->train);
        assert_good(fit(p, text, 100 + i, &w->train, &w->val, &alone[i], &r, &err), err);
        assert_good(rg_predict(p, w->val.x, w->val.rows, mine[i], &err), err);
        rg_program_free(p);
    }
    for (size_t k = 0; k < RG_COUNT(sizes); k++) {
        member_text(text, sizeof(text),
                    sizes[k] - 1); /* whose structure it is does not matter */
        rg_program *p = program(text, &w->train);
        for (size_t i = sizes[k]; i-- > 0;) {
            member_text(text, sizeof(text), i);
            assert_good(fit(p, text, 100 + i, &w->train, &w->val, &together, &r, &err), err);
            assert_good(rg_predict(p, w->val.x, w->val.rows, theirs, &err), err);
            same(&alone[i], &together);
            assert_memory_equal(mine[i], theirs, sizeof(theirs));
        }
        rg_program_free(p);
    }
}

static char *key_of(const char *text, const rg_part *part)
{
    const rg_model *model;
    json_t *resolved = config(text, &model);
    rg_program_spec spec = {
        .model = model, .config = resolved, .classes = 2, .features = 2, .rows = part->rows};
    char *key = rg_program_key(&spec);
    json_decref(resolved);
    return key;
}

static void test_structure(void **state)
{
    world *w = *state;
    static const struct {
        const char *text;
        bool equal;
    } cases[] = {
        {"{\"model\": {\"name\": \"mlp\", \"dropout\": 0.3}, \"train\": {\"lr\": 1}}", true},
        {"{\"model\": {\"name\": \"mlp\", \"dropout\": 0}}", false},
        {"{\"model\": {\"name\": \"mlp\", \"dropout\": 0.2, \"hidden\": [64]}}", false},
        {"{\"model\": {\"name\": \"mlp\", \"dropout\": 0.2}, \"train\": {\"batch\": 8}}",
         false},
        {"{\"model\": {\"name\": \"mlp\", \"dropout\": 0.2}, \"train\": {\"clip\": 1}}", false},
        {"{\"model\": {\"name\": \"mlp\", \"dropout\": 0.2}, \"train\": {\"epochs\": 3}}",
         true},
    };
    char *base = key_of("{\"model\": {\"name\": \"mlp\", \"dropout\": 0.2}}", &w->train);
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        char *key = key_of(cases[i].text, &w->train);
        assert_int_equal(strcmp(base, key) == 0, cases[i].equal);
        rg_free(key);
    }
    rg_free(base);
}

static void test_reference_agrees(void **state)
{
    world *w = *state;
    const char *text = "{\"model\": {\"name\": \"mlp\", \"hidden\": [8], \"dropout\": 0.2}, "
                       "\"train\": {\"lr\": 0.01, \"epochs\": 3}}";
    const rg_model *model;
    json_t *resolved = config(text, &model);
    rg_err err = {0};
    rg_fit_result r;
    curve c[2];
    for (int reference = 0; reference < 2; reference++) {
        rg_program_spec spec = {.model = model,
                                .config = resolved,
                                .classes = 2,
                                .features = 2,
                                .rows = w->train.rows,
                                .plan = {.reference = reference}};
        rg_program *p = rg_program_compile(&spec, &err);
        assert_good(p != NULL, err);
        assert_good(fit(p, text, 5, &w->train, &w->val, &c[reference], &r, &err), err);
        rg_program_free(p);
    }
    for (size_t i = 0; i < 3; i++)
        assert_close(c[0].loss[i], c[1].loss[i], 1e-5);
    json_decref(resolved);
}

/* ---- Epochs */

static void test_every_example_counts_once(void **state)
{
    world *w = *state;
    /* Without a step (lr 0), the epoch's loss is the mean over all examples, whatever the
     * batch. */
    static const char *const texts[] = {"{\"model\": {\"name\": \"linear\"}, \"train\": "
                                        "{\"lr\": 0, \"batch\": 32, \"epochs\": 2}}",
                                        "{\"model\": {\"name\": \"linear\"}, \"train\": "
                                        "{\"lr\": 0, \"batch\": 301, \"epochs\": 2}}",
                                        "{\"model\": {\"name\": \"linear\"}, \"train\": "
                                        "{\"lr\": 0, \"batch\": 999, \"epochs\": 2}}",
                                        "{\"model\": {\"name\": \"linear\"}, \"train\": "
                                        "{\"lr\": 0, \"batch\": 1, \"epochs\": 2}}"};
    double first = 0;
    for (size_t i = 0; i < RG_COUNT(texts); i++) {
        rg_program *p = program(texts[i], &w->train);
        rg_err err = {0};
        rg_fit_result r;
        curve c;
        assert_good(fit(p, texts[i], 5, &w->train, &w->val, &c, &r, &err), err);
        first = i ? first : c.loss[0];
        assert_close(c.loss[0], first, 1e-6);
        assert_close(c.loss[1], first, 1e-6);
        rg_program_free(p);
    }
}

static void test_early_stopping(void **state)
{
    world *w = *state;
    const char *text = "{\"model\": {\"name\": \"mlp\", \"hidden\": [16]}, "
                       "\"train\": {\"lr\": 0.05, \"epochs\": 200, \"patience\": 7}}";
    rg_program *p = program(text, &w->train);
    rg_err err = {0};
    rg_fit_result r;
    curve c;
    assert_good(fit(p, text, 5, &w->train, &w->val, &c, &r, &err), err);
    assert_true(r.epochs < 200);
    assert_int_equal(r.epochs, c.epochs);
    assert_int_equal(r.epochs - r.epoch, 7);
    for (size_t i = 0; i < c.epochs; i++) /* the first of the best */
        assert_true(i + 1 < r.epoch ? c.score[i] < r.score[0] : c.score[i] <= r.score[0]);
    /* What the program holds is the chosen epoch, not the last one. */
    float *value = RG_NEW_ARRAY(float, 2 * w->val.rows);
    assert_good(rg_predict(p, w->val.x, w->val.rows, value, &err), err);
    rg_predictions predictions = {w->val.rows, 2, value, w->val.id, false, NULL};
    assert_close(rg_metric_find("accuracy")->score(&predictions, &w->val), r.score[0], 0);
    rg_free(value);
    rg_program_free(p);
}

/* ---- What goes wrong */

static void test_loss_not_finite(void **state)
{
    world *w = *state;
    const char *text =
        "{\"model\": {\"name\": \"mlp\"}, \"train\": {\"lr\": 1e9, \"optimizer\": "
        "\"sgd\"}}";
    rg_program *p = program(text, &w->train);
    rg_err err = {0};
    rg_fit_result r = {.epoch = 77};
    curve c;
    assert_false(fit(p, text, 5, &w->train, &w->val, &c, &r, &err));
    print_message("%s\n", err.what);
    assert_non_null(strstr(err.what, "not finite at epoch 1: "));
    assert_non_null(strstr(err.what, ".c:")); /* the place of the first bad operation */
    assert_int_equal(r.epoch, 77);
    float value[2];
    rg_err held = {0};
    assert_false(rg_predict(p, w->val.x, 1, value, &held)); /* it holds nothing */
    /* The next member is as well as ever. */
    rg_err none = {0};
    const char *good =
        "{\"model\": {\"name\": \"mlp\"}, \"train\": {\"lr\": 0.01, \"epochs\": 2, "
        "\"optimizer\": \"sgd\"}}";
    assert_good(fit(p, good, 5, &w->train, &w->val, &c, &r, &none), none);
    rg_program_free(p);
}

/* Short epochs are repeated from the start of an earlier one: the bad step is found all the
 * same. */
static void test_a_late_epoch_not_finite(void **state)
{
    world *w = *state;
    int late = 0;
    for (int k = 0; k < 24; k++) {
        char text[200];
        snprintf(
            text, sizeof(text),
            "{\"model\": {\"name\": \"mlp\", \"dropout\": 0.1}, \"train\": {\"lr\": %g, "
            "\"optimizer\": \"sgd\", \"schedule\": \"%s\", \"step_size\": 1, \"gamma\": 0.97, "
            "\"epochs\": 16}}",
            pow(1.5, k), k % 2 ? "plateau" : "constant");
        rg_program *p = program(text, &w->train);
        rg_err err = {0};
        rg_fit_result r;
        curve c;
        if (!fit(p, text, 5, &w->train, &w->val, &c, &r, &err)) {
            const char *epoch = strstr(err.what, "not finite at epoch ");
            print_message("%s\n", err.what);
            assert_non_null(epoch);
            assert_non_null(strstr(err.what, ".c:"));
            late += strtol(epoch + 20, NULL, 10) > 2;
        }
        rg_program_free(p);
    }
    assert_true(late > 0);
}

/* A loop over many values, whose body comes to exp(10^t) in step t. */
static void tenfold(rg_loop_body *body, void *context)
{
    (void)context;
    rg_val ten = rg_const(body->graph, 10, RG_F32);
    rg_val sum = body->shared[0];
    for (int i = 1; i < 6; i++)
        sum = rg_add(sum, body->shared[i]);
    body->next[0] = rg_mul(body->carry[0], ten);
    body->out[0] = rg_select(rg_lt(sum, rg_add(sum, ten)),
                             rg_exp(rg_mul(body->carry[0], body->shared[6])), body->carry[0]);
}

static rg_val tenfold_forward(rg_scope *s, rg_val x, const rg_conf *conf)
{
    (void)conf;
    rg_val shared[7], ret[2];
    rg_val first = rg_broadcast(rg_const(s->graph, 1, RG_F32), rg_shape_of(3));
    for (int i = 0; i < 6; i++)
        shared[i] = rg_linear(s, rg_sum(x, RG_AXIS(0), false), 3);
    shared[6] = rg_scope_weight(s, "slope", rg_shape_of(3), (rg_init){.kind = RG_INIT_ONES});
    rg_loop(s->graph,
            &(rg_loop_spec){.steps = 4,
                            .carry = &first,
                            .carries = 1,
                            .shared = shared,
                            .shareds = 7,
                            .outs = 1,
                            .body = tenfold},
            ret);
    return rg_add(rg_linear(s, x, s->classes), rg_sum(ret[1], RG_ALL_AXES, false));
}

/* The report names the value of the body, and is long enough for its last operand. */
static void test_loss_not_finite_in_a_loop(void **state)
{
    world *w = *state;
    static const rg_param params[] = {{0}};
    const rg_model model = {
        .name = "tenfold", .params = params, .tasks = RG_ANY_TASK, .forward = tenfold_forward};
    json_t *config =
        json_pack("{s:{}, s:o}", "model", "train", rg_param_defaults(rg_train_params));
    rg_program_spec spec = {.model = &model,
                            .config = config,
                            .task = RG_CLASSIFY,
                            .classes = 2,
                            .features = 2,
                            .rows = w->train.rows};
    const rg_metric *metrics[1] = {rg_metric_find("nll")};
    rg_fit_spec fit = {.config = config,
                       .train = &w->train,
                       .val = &w->val,
                       .metrics = metrics,
                       .n_metrics = 1};
    rg_err err = {0};
    rg_fit_result r;
    rg_program *p = rg_program_compile(&spec, &err);
    assert_good(p != NULL, err);
    assert_false(rg_fit(p, &fit, &r, &err));
    assert_int_equal(err.code, RG_NO);
    assert_true(rg_text_starts(err.what,
                               "the loss is not finite at epoch 1: the first value that "
                               "is not finite: loop (test_fit.c:"));
    assert_non_null(strstr(err.what, "\nin the loop, entry 2: exp (test_fit.c:"));
    assert_true(rg_text_ends(err.what, ": f32 (3), from 100 to 100, mean 100"));
    rg_program_free(p);
    json_decref(config);
}

static void test_data_that_does_not_fit(void **state)
{
    world *w = *state;
    rg_program *p = program(small, &w->train);
    rg_part wide = w->val, labelled = w->val, bare = w->val;
    int32_t labels[200] = {0, 1, 2};
    wide.features = 3;
    labelled.label = labels;
    bare.label = NULL;
    const rg_part *const parts[] = {&wide, &labelled, &bare};
    static const char *const what[] = {"3 features", "row 2 has label 2 of 2", "no labels"};
    for (size_t i = 0; i < RG_COUNT(parts); i++) {
        rg_err err = {0};
        rg_fit_result r;
        curve c;
        assert_false(fit(p, small, 5, &w->train, parts[i], &c, &r, &err));
        assert_int_equal(err.code, RG_INPUT);
        assert_non_null(strstr(err.what, what[i]));
    }
    rg_program_free(p);
}

static void test_configurations_that_are_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *where, *what, *remedy;
    } cases[] = {
        {"{}", "model.name", "no model", "rigor models"},
        {"{\"model\": {\"name\": \"mpl\"}}", "model.name", "mpl", "\"mlp\""},
        {"{\"model\": {\"name\": \"mlp\", \"hiden\": []}}", "model.hiden", "no such",
         "\"hidden\""},
        {"{\"model\": {\"name\": \"linear\", \"hidden\": []}}", "model.hidden", "no such", ""},
        {"{\"model\": {\"name\": \"mlp\"}, \"train\": {\"lr\": \"big\"}}", "train.lr", "lr",
         ""},
        {"{\"model\": {\"name\": \"mlp\"}, \"train\": {\"lr\": -1}}", "train.lr", "lr", ""},
        {"{\"model\": {\"name\": \"mlp\"}, \"train\": {\"optimizer\": \"adamW\"}}",
         "train.optimizer", "adamW", "adamw"},
        {"{\"model\": {\"name\": \"mlp\"}, \"train\": 3}", "train", "no mapping", ""},
        {"{\"model\": {\"name\": \"mlp\"}, \"trian\": {}}", "trian", "no such section", ""},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        rg_err err = {0};
        const rg_model *model;
        json_t *given = rg_json_parse(cases[i].text, strlen(cases[i].text), "config", &err);
        assert_non_null(given);
        assert_null(rg_config_resolve(given, &model, &err));
        assert_string_equal(err.where, cases[i].where);
        assert_non_null(strstr(err.what, cases[i].what));
        assert_non_null(strstr(err.remedy, cases[i].remedy));
        json_decref(given);
    }
}

static void test_tables_check_themselves(void **state)
{
    (void)state;
    for (size_t i = 0; rg_models[i]; i++) {
        assert_ptr_equal(rg_model_find(rg_models[i]->name), rg_models[i]);
        assert_true(rg_models[i]->title && rg_models[i]->paper);
    }
    assert_null(rg_model_find("nothing"));
    json_t *defaults = rg_param_defaults(rg_train_params);
    for (const rg_param *p = rg_train_params; p->name; p++) {
        rg_err err = {0};
        assert_good(rg_param_check(p, json_object_get(defaults, p->name), &err), err);
        assert_true(strlen(p->help) > 2);
    }
    json_decref(defaults);
}

/* ---- Checkpoints */

static void test_checkpoint(void **state)
{
    world *w = *state;
    const char *text =
        "{\"model\": {\"name\": \"mlp\", \"hidden\": [8]}, \"train\": {\"epochs\": 2}}";
    float before[1100], after[1100];
    rg_err err = {0};
    rg_fit_result r;
    curve c;
    rg_program *p = program(text, &w->train_r), *q = program(text, &w->train_r);
    assert_false(rg_checkpoint_write(p, "model.safetensors", &(rg_err){0}));
    assert_good(fit(p, text, 5, &w->train_r, &w->val_r, &c, &r, &err), err);
    assert_good(rg_checkpoint_write(p, "model.safetensors", &err), err);
    assert_good(rg_checkpoint_read(q, "model.safetensors", &err), err);
    assert_good(rg_predict(p, w->val_r.x, 1100, before, &err), err);
    assert_good(rg_predict(q, w->val_r.x, 1100, after, &err), err);
    assert_memory_equal(before, after, sizeof(before));
    rg_program *other = program(small, &w->train);
    assert_false(rg_checkpoint_read(other, "model.safetensors", &err));
    assert_non_null(strstr(err.what, "tensor"));
    rg_program_free(p);
    rg_program_free(q);
    rg_program_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns_two_classes),
        cmocka_unit_test(test_rows_weigh),
        cmocka_unit_test(test_linear_cannot),
        cmocka_unit_test(test_regression_in_its_own_units),
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_cohorts),
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_reference_agrees),
        cmocka_unit_test(test_every_example_counts_once),
        cmocka_unit_test(test_early_stopping),
        cmocka_unit_test(test_loss_not_finite),
        cmocka_unit_test(test_a_late_epoch_not_finite),
        cmocka_unit_test(test_loss_not_finite_in_a_loop),
        cmocka_unit_test(test_data_that_does_not_fit),
        cmocka_unit_test(test_configurations_that_are_wrong),
        cmocka_unit_test(test_tables_check_themselves),
        cmocka_unit_test(test_checkpoint),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
