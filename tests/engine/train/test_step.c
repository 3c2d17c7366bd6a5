/* test_step.c - what the training step does beside descending: batches that add up, running
 * means of weights, buffers, penalties, plateaus, sharpness; each optimiser learns. */
#include "engine/train/fixtures.h"

#include "engine/train/program.h"
#include "rigor/inspect.h"

#include <unistd.h>

/* ---- Models of this file's own */

static const rg_param no_params[] = {{0}};

static rg_val normed_forward(rg_scope *s, rg_val x, const rg_conf *conf)
{
    (void)conf;
    x = rg_activate(rg_batch_norm(s, rg_linear(s, x, 16)), "relu");
    return rg_linear(s, x, s->classes);
}

/* An L2 penalty of 0.05 on matrices, as what a layer asks for. */
static rg_val penalised_forward(rg_scope *s, rg_val x, const rg_conf *conf)
{
    (void)conf;
    rg_val y = rg_linear(s, rg_activate(rg_linear(s, x, 8), "tanh"), s->classes);
    const rg_weight *weights;
    size_t n = rg_scope_weights(s, &weights);
    for (size_t i = 0; i < n; i += 2) {
        rg_val square = rg_mul(weights[i].input, weights[i].input);
        rg_scope_penalize(
            s, rg_mul(rg_sum(square, RG_ALL_AXES, false), rg_const(s->graph, 0.025, RG_F32)));
    }
    return y;
}

static const rg_model normed = {
    .name = "normed", .params = no_params, .tasks = RG_ANY_TASK, .forward = normed_forward};
static const rg_model penalised = {.name = "penalised",
                                   .params = no_params,
                                   .tasks = RG_ANY_TASK,
                                   .forward = penalised_forward};

/* Layers that only one of training and evaluation has. */
static rg_val wider_when_read(rg_scope *s, rg_val x, const rg_conf *conf)
{
    (void)conf;
    if (!s->training)
        x = rg_linear(s, x, 2000);
    return rg_linear(s, x, s->classes);
}

static rg_val deeper_when_trained(rg_scope *s, rg_val x, const rg_conf *conf)
{
    (void)conf;
    rg_val y = rg_linear(s, x, s->classes);
    return s->training ? rg_linear(s, y, s->classes) : y;
}

static rg_val normed_when_read(rg_scope *s, rg_val x, const rg_conf *conf)
{
    (void)conf;
    rg_val y = rg_linear(s, x, s->classes);
    return s->training ? y : rg_batch_norm(s, y);
}

/* A number for each example: as many as training has in a batch. */
static rg_val of_the_batch(rg_scope *s, rg_val x, const rg_conf *conf)
{
    (void)conf;
    rg_shape rows = rg_shape_of(rg_val_shape(x).dim[0], 1);
    rg_val w = rg_scope_weight(s, "each", rows, (rg_init){.kind = RG_INIT_ONES});
    return rg_linear(s, rg_mul(x, w), s->classes);
}

/* ---- Training one of them, or the perceptron */

typedef struct trained {
    rg_program *program;
    curve c;
    rg_fit_result result;
} trained;

static json_t *config_of(const rg_model *model, const char *text)
{
    rg_err err = {0};
    json_t *given = rg_json_parse(text, strlen(text), "train", &err), *value;
    assert_good(given != NULL, err);
    json_t *train = rg_param_defaults(rg_train_params);
    const char *name;
    json_object_foreach (given, name, value) {
        assert_non_null(rg_param_find(rg_train_params, name));
        json_object_set(train, name, value);
    }
    json_decref(given);
    json_t *of_model = rg_param_defaults(model->params);
    if (json_object_get(of_model, "hidden"))
        json_object_set_new(of_model, "hidden", json_pack("[i]", 8));
    if (json_object_get(of_model, "activation"))
        json_object_set_new(of_model, "activation", json_string("tanh"));
    return json_pack("{s:o, s:o}", "model", of_model, "train", train);
}

static rg_program *compile(const rg_model *model, const json_t *config, const rg_part *train)
{
    rg_program_spec spec = {.model = model,
                            .config = config,
                            .task = train->task,
                            .classes = train->classes,
                            .features = train->features,
                            .rows = train->rows};
    rg_err err = {0};
    rg_program *made = rg_program_compile(&spec, &err);
    assert_good(made != NULL, err);
    return made;
}

static void train(trained *t, const rg_model *model, const char *text, const rg_part *data,
                  const rg_part *val)
{
    json_t *config = config_of(model, text);
    if (!t->program)
        t->program = compile(model, config, data);
    const rg_metric *metrics[1] = {rg_metric_find(data->task == RG_CLASSIFY ? "nll" : "rmse")};
    t->c = (curve){0};
    rg_fit_spec spec = {.config = config,
                        .seed = 7,
                        .train = data,
                        .val = val,
                        .metrics = metrics,
                        .n_metrics = 1,
                        .on_epoch = note_epoch,
                        .ctx = &t->c};
    rg_err err = {0};
    bool done = rg_fit(t->program, &spec, &t->result, &err);
    assert_good(done, err);
    json_decref(config);
}

typedef struct data {
    rg_arena *arena;
    rg_part train, val;
} data;

static data open_data(size_t rows)
{
    data d = {.arena = rg_arena_new()};
    d.train = moons(d.arena, 1, rows);
    d.val = moons(d.arena, 2, 80);
    return d;
}

static void close_trained(trained *t, size_t n)
{
    for (size_t i = 0; i < n; i++)
        rg_program_free(t[i].program);
}

static void assert_same_curves(const curve *a, const curve *b, double tolerance)
{
    assert_int_equal(a->epochs, b->epochs);
    for (size_t i = 0; i < a->epochs; i++) {
        assert_close(a->loss[i], b->loss[i], tolerance);
        assert_close(a->score[i], b->score[i], tolerance);
    }
}

/* ---- Batches that add up */

/* Batches of 8, four an update, are batches of 32: also the last update of an epoch, which has
 * 4 of 100 examples. */
static void test_accumulated_batches(void **state)
{
    (void)state;
    data d = open_data(100);
    const rg_model *mlp = rg_model_find("mlp");
    trained t[2] = {0};
    train(&t[0], mlp, "{\"batch\": 32, \"epochs\": 8, \"lr\": 0.02, \"schedule\": \"cosine\"}",
          &d.train, &d.val);
    train(&t[1], mlp,
          "{\"batch\": 8, \"accumulate\": 4, \"epochs\": 8, \"lr\": 0.02, \"schedule\": "
          "\"cosine\", \"ema\": 0}",
          &d.train, &d.val);
    assert_same_curves(&t[0].c, &t[1].c, 2e-5);
    assert_int_equal(t[0].result.steps, 32);
    assert_int_equal(t[1].result.steps, 32);
    close_trained(t, 2);
    rg_arena_free(d.arena);
}

/* Clipping looks at the sum, not at its parts. */
static void test_accumulated_gradients_are_clipped_once(void **state)
{
    (void)state;
    data d = open_data(64);
    const rg_model *mlp = rg_model_find("mlp");
    trained t[2] = {0};
    train(&t[0], mlp,
          "{\"optimizer\": \"sgd\", \"batch\": 32, \"epochs\": 4, \"clip\": 0.05, \"lr\": 1}",
          &d.train, &d.val);
    train(&t[1], mlp,
          "{\"optimizer\": \"sgd\", \"batch\": 16, \"accumulate\": 2, \"epochs\": 4, "
          "\"clip\": 0.05, \"lr\": 1}",
          &d.train, &d.val);
    assert_same_curves(&t[0].c, &t[1].c, 2e-5);
    close_trained(t, 2);
    rg_arena_free(d.arena);
}

/* ---- One step of gradient descent, by the gradient as it was made */

enum { WEIGHTS_MOST = 64 };

/* How far each weight went in a step of rate 1; returns how many there are. */
static size_t moves(const char *setting, double value, const data *d, double *ret)
{
    char text[200];
    snprintf(text, sizeof(text),
             "{\"optimizer\": \"sgd\", \"momentum\": 0, \"weight_decay\": 0, \"lr\": 1, "
             "\"batch\": 32, \"epochs\": 1, \"%s\": %g}",
             setting, value);
    trained t[1] = {0};
    train(t, rg_model_find("mlp"), text, &d->train, &d->val);
    const rg_weight *weights;
    size_t n = rg_scope_weights(t[0].program->step.net.scope, &weights), at = 0;
    for (size_t i = 0; i < n; i++) {
        float first[WEIGHTS_MOST];
        size_t count = (size_t)rg_val_count(weights[i].input);
        assert_true(at + count <= WEIGHTS_MOST);
        rg_init_fill(&weights[i].init, 7, weights[i].name, first, count);
        for (size_t k = 0; k < count; k++, at++)
            ret[at] = (double)first[k] - t[0].program->held[at];
    }
    close_trained(t, 1);
    return at;
}

static double length(const double *x, size_t n)
{
    double square = 0;
    for (size_t i = 0; i < n; i++)
        square += x[i] * x[i];
    return sqrt(square);
}

static void test_clipped_gradients(void **state)
{
    (void)state;
    data d = open_data(32);
    double whole[WEIGHTS_MOST], by_norm[WEIGHTS_MOST], by_value[WEIGHTS_MOST];
    size_t n = moves("clip", 0, &d, whole), cut = 0;
    moves("clip", 0.1, &d, by_norm);
    moves("clip_value", 0.05, &d, by_value);
    assert_true(length(whole, n) > 0.15);
    for (size_t i = 0; i < n; i++) {
        cut += fabs(whole[i]) > 0.05;
        assert_close(by_norm[i], whole[i] * 0.1 / length(whole, n), 1e-6);
        assert_close(by_value[i], fmax(-0.05, fmin(0.05, whole[i])), 1e-6);
    }
    assert_true(cut > 0 && cut < n);
    rg_arena_free(d.arena);
}

/* The gradient a little uphill differs by the slope of the gradient times the radius. */
static void test_sharpness_is_by_the_radius(void **state)
{
    (void)state;
    data d = open_data(32);
    double whole[WEIGHTS_MOST], near[WEIGHTS_MOST], far[WEIGHTS_MOST];
    size_t n = moves("sam", 0, &d, whole);
    moves("sam", 0.01, &d, near);
    moves("sam", 0.02, &d, far);
    for (size_t i = 0; i < n; i++) {
        near[i] -= whole[i];
        far[i] -= whole[i];
    }
    assert_true(length(near, n) > 1e-4);
    assert_close(length(far, n) / length(near, n), 2, 0.1);
    rg_arena_free(d.arena);
}

/* ---- Running means of weights */

/* One update: decay is min(given, 2 / 11), so much of the first weights, the rest of the new. */
static void check_running_mean(const data *d, const char *with, double decay)
{
    const rg_model *mlp = rg_model_find("mlp");
    trained t[2] = {0};
    train(&t[0], mlp, "{\"batch\": 32, \"epochs\": 1, \"lr\": 0.1}", &d->train, &d->val);
    train(&t[1], mlp, with, &d->train, &d->val);
    const rg_weight *weights;
    size_t n = rg_scope_weights(t[0].program->step.net.scope, &weights), at = 0;
    for (size_t i = 0; i < n; i++) {
        float first[64];
        size_t count = (size_t)rg_val_count(weights[i].input);
        assert_true(count <= 64);
        rg_init_fill(&weights[i].init, 7, weights[i].name, first, count);
        for (size_t k = 0; k < count; k++, at++) {
            double mean = decay * first[k] + (1 - decay) * t[0].program->held[at];
            assert_close(t[1].program->held[at], mean, 1e-6);
        }
    }
    assert_true(t[0].c.score[0] != t[1].c.score[0]);
    assert_close(t[0].c.loss[0], t[1].c.loss[0], 0);
    close_trained(t, 2);
}

static void test_running_mean_of_weights(void **state)
{
    (void)state;
    data d = open_data(32);
    check_running_mean(&d, "{\"batch\": 32, \"epochs\": 1, \"lr\": 0.1, \"ema\": 0.9}",
                       2.0 / 11);
    check_running_mean(&d, "{\"batch\": 32, \"epochs\": 1, \"lr\": 0.1, \"ema\": 0.1}", 0.1);
    rg_arena_free(d.arena);
}

/* The means do not change the training, and a second member does not see the first's. */
static void test_members_have_means_of_their_own(void **state)
{
    (void)state;
    data d = open_data(60);
    const rg_model *mlp = rg_model_find("mlp");
    const char *with = "{\"batch\": 16, \"epochs\": 5, \"lr\": 0.05, \"ema\": 0.8}";
    trained t[2] = {0};
    train(&t[0], mlp, with, &d.train, &d.val);
    curve first = t[0].c;
    train(&t[0], mlp, with, &d.train, &d.val);
    assert_same_curves(&first, &t[0].c, 0);
    train(&t[1], mlp, "{\"batch\": 16, \"epochs\": 5, \"lr\": 0.05}", &d.train, &d.val);
    for (size_t i = 0; i < 5; i++)
        assert_close(t[0].c.loss[i], t[1].c.loss[i], 0);
    close_trained(t, 2);
    rg_arena_free(d.arena);
}

/* ---- Buffers */

static void test_batch_norm_trains_and_is_kept(void **state)
{
    (void)state;
    data d = open_data(101); /* the last batch has 5 of 16 places filled */
    const char *with = "{\"batch\": 16, \"epochs\": 60, \"lr\": 0.05}";
    trained t[2] = {0};
    train(&t[0], &normed, with, &d.train, &d.val);
    assert_true(t[0].result.score[0] < 0.15);
    /* 2x16 + 16, gain and bias 16 each, 16x2 + 2; two buffers of 16 beside them */
    assert_int_equal(rg_program_parameters(t[0].program), 48 + 32 + 34);
    assert_int_equal(t[0].program->numbers, 48 + 32 + 34 + 32);
    curve first = t[0].c;
    float before[160], after[160];
    rg_err err = {0};
    assert_good(rg_predict(t[0].program, d.val.x, 80, before, &err), err);
    char path[] = "test_step.XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    assert_good(rg_checkpoint_write(t[0].program, path, &err), err);
    json_t *config = config_of(&normed, with);
    t[1].program = compile(&normed, config, &d.train);
    json_decref(config);
    assert_good(rg_checkpoint_read(t[1].program, path, &err), err);
    unlink(path);
    assert_good(rg_predict(t[1].program, d.val.x, 80, after, &err), err);
    assert_memory_equal(before, after, sizeof(before));
    train(&t[0], &normed, with, &d.train, &d.val);
    assert_same_curves(&first, &t[0].c, 0);
    close_trained(t, 2);
    rg_arena_free(d.arena);
}

/* ---- Weights that evaluation does not have, or that training does not */

typedef rg_val forward_pass(rg_scope *, rg_val, const rg_conf *);
static const struct {
    forward_pass *forward;
    const char *what; /* beginning */
} unlike[] = {
    {wider_when_read, "weight 1 of the model is linear0.weight (2, 2) in training and "
                      "linear0.weight (2, 2000) in evaluation"},
    {deeper_when_trained, "weight 3 of the model is linear1.weight (2, 2) in training and none "
                          "in evaluation"},
    {normed_when_read, "weight 3 of the model is none in training and "},
};

static void assert_unlike(const rg_err *err, const char *what)
{
    assert_int_equal(err->code, RG_INPUT);
    assert_true(rg_text_starts(err->what, what));
    assert_true(rg_text_starts(err->where, "test_step.c:"));
    assert_string_equal(err->remedy,
                        "ask for the same weights in both, and for any number of rows");
}

/* What is said of the model when it has been trained for an epoch, in a batch, on the data; by
 * the costs, by the text of its evaluation and, last of all WAYS, by the model check. */
#define WAYS 4
static void assess(forward_pass *forward, const data *d, rg_err *err, size_t ways)
{
    const rg_model model = {
        .name = "unlike", .params = no_params, .tasks = RG_ANY_TASK, .forward = forward};
    json_t *config = config_of(&model, "{\"epochs\": 1}");
    rg_program_spec spec = {.model = &model,
                            .config = config,
                            .task = RG_CLASSIFY,
                            .classes = 2,
                            .features = 2,
                            .rows = d->train.rows};
    rg_program *p = compile(&model, config, &d->train);
    const rg_metric *metrics[1] = {rg_metric_find("nll")};
    rg_fit_spec fit = {.config = config,
                       .train = &d->train,
                       .val = &d->val,
                       .metrics = metrics,
                       .n_metrics = 1};
    rg_fit_result result;
    assert_false(rg_fit(p, &fit, &result, &err[0]));
    assert_null(rg_program_costs(&spec, 1, &err[1]));
    rg_str text = {0};
    assert_false(rg_program_text(&spec, RG_PART_EVALUATE, RG_PASS_BUILD, &text, &err[2]));
    assert_int_equal(text.len, 0);
    assert_true(ways < WAYS || !rg_model_check(&spec, &err[3]));
    rg_program_free(p);
    json_decref(config);
}

static void test_evaluation_of_other_weights(void **state)
{
    (void)state;
    data d = open_data(40);
    for (size_t i = 0; i < RG_COUNT(unlike); i++) {
        rg_err err[WAYS] = {0};
        assess(unlike[i].forward, &d, err, WAYS);
        for (size_t k = 0; k < WAYS; k++)
            assert_unlike(&err[k], unlike[i].what);
    }
    /* The 80 rows of the validation part; 41 where nothing is trained.  The model check looks at
     * one number of rows. */
    rg_err err[WAYS - 1] = {0};
    assess(of_the_batch, &d, err, WAYS - 1);
    for (size_t k = 0; k < WAYS - 1; k++) {
        assert_int_equal(err[k].code, RG_INPUT);
        assert_string_equal(err[k].what,
                            k ? "weight 1 of the model is each (40, 1) in training and each "
                                "(41, 1) in evaluation"
                              : "weight 1 of the model is each (40, 1) in training and each "
                                "(80, 1) in evaluation");
    }
    rg_arena_free(d.arena);
}

/* ---- Penalties */

/* An L2 penalty on matrices is what weight decay of sgd does there; with and without parts. */
static void test_penalty_is_weight_decay(void **state)
{
    (void)state;
    data d = open_data(64);
    trained t[3] = {0};
    train(&t[0], &penalised,
          "{\"optimizer\": \"sgd\", \"batch\": 32, \"epochs\": 6, \"lr\": 0.2, "
          "\"weight_decay\": 0}",
          &d.train, &d.val);
    train(&t[1], rg_model_find("mlp"),
          "{\"optimizer\": \"sgd\", \"batch\": 32, \"epochs\": 6, \"lr\": 0.2, "
          "\"weight_decay\": 0.05, \"decay_on\": \"matrices\"}",
          &d.train, &d.val);
    train(&t[2], &penalised,
          "{\"optimizer\": \"sgd\", \"batch\": 8, \"accumulate\": 4, \"epochs\": 6, \"lr\": "
          "0.2, \"weight_decay\": 0}",
          &d.train, &d.val);
    assert_same_curves(&t[0].c, &t[1].c, 1e-5);
    assert_same_curves(&t[0].c, &t[2].c, 1e-5);
    close_trained(t, 3);
    rg_arena_free(d.arena);
}

/* ---- Schedules */

/* Rates of 0.1, 0.2, 0.2, 0.2: the first epoch is that of the rate 0.1. */
static void test_warm_up(void **state)
{
    (void)state;
    data d = open_data(64);
    trained t[2] = {0};
    train(
        &t[0], rg_model_find("mlp"),
        "{\"optimizer\": \"sgd\", \"batch\": 64, \"epochs\": 4, \"lr\": 0.2, \"warmup\": 0.5}",
        &d.train, &d.val);
    train(&t[1], rg_model_find("mlp"),
          "{\"optimizer\": \"sgd\", \"batch\": 64, \"epochs\": 4, \"lr\": 0.1}", &d.train,
          &d.val);
    assert_close(t[0].c.score[0], t[1].c.score[0], 1e-6);
    assert_true(fabs(t[0].c.score[1] - t[1].c.score[1]) > 1e-3);
    close_trained(t, 2);
    rg_arena_free(d.arena);
}

/* With gamma 0 nothing moves after the first cut. */
static void test_steps(void **state)
{
    (void)state;
    data d = open_data(64);
    trained t[1] = {0};
    train(
        t, rg_model_find("mlp"),
        "{\"batch\": 32, \"epochs\": 5, \"lr\": 0.1, \"schedule\": \"step\", \"step_size\": 2, "
        "\"gamma\": 0}",
        &d.train, &d.val);
    const curve *c = &t[0].c;
    assert_true(c->score[0] != c->score[1]);
    for (size_t i = 2; i < 5; i++)
        assert_close(c->score[i], c->score[1], 0);
    close_trained(t, 1);
    rg_arena_free(d.arena);
}

/* With gamma 0 the first epoch without a better score is the last that changes anything. */
static void test_plateau(void **state)
{
    (void)state;
    data d = open_data(64);
    trained t[1] = {0};
    train(t, rg_model_find("mlp"),
          "{\"batch\": 8, \"epochs\": 60, \"lr\": 0.3, \"schedule\": \"plateau\", "
          "\"step_size\": 1, \"gamma\": 0}",
          &d.train, &d.val);
    const curve *c = &t[0].c;
    size_t stale = 1;
    while (stale < c->epochs && c->score[stale] < c->score[stale - 1])
        stale++;
    assert_true(stale < c->epochs - 2);
    for (size_t i = stale; i < c->epochs; i++)
        assert_close(c->score[i], c->score[stale], 0);
    close_trained(t, 1);
    rg_arena_free(d.arena);
}

/* ---- Every optimiser, and sharpness, learns the half circles */

static void test_every_optimiser_learns(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double lr, sam;
    } cases[] = {{"sgd", 0.3, 0},       {"adamw", 0.03, 0},  {"adam", 0.03, 0},
                 {"lion", 0.05, 0},     {"lamb", 0.03, 0},   {"adafactor", 0.3, 0},
                 {"muon", 0.1, 0},      {"shampoo", 0.8, 0}, {"sgd", 0.3, 0.1},
                 {"adamw", 0.03, 0.05}, {"muon", 0.1, 0.05}};
    data d = open_data(120);
    for (size_t k = 0; k < RG_COUNT(cases); k++) {
        char text[160];
        snprintf(text, sizeof(text),
                 "{\"optimizer\": \"%s\", \"lr\": %g, \"sam\": %g, \"epochs\": 80, \"batch\": "
                 "30, \"weight_decay\": 0.001, \"schedule\": \"cosine\"}",
                 cases[k].name, cases[k].lr, cases[k].sam);
        trained t[1] = {0};
        train(t, rg_model_find("mlp"), text, &d.train, &d.val);
        if (t[0].result.score[0] > 0.25)
            fail_msg("%s, sam %g: nll %g", cases[k].name, cases[k].sam, t[0].result.score[0]);
        close_trained(t, 1);
    }
    rg_arena_free(d.arena);
}

/* ---- Precision and losses */

/* Products of bf16 train almost as those of f32 do, and repeat their bits. */
static void test_bf16_products(void **state)
{
    (void)state;
    data d = open_data(101);
    const rg_model *models[] = {rg_model_find("mlp"), &normed};
    for (size_t k = 0; k < RG_COUNT(models); k++) {
        trained t[3] = {0};
        const char *half =
            "{\"batch\": 16, \"epochs\": 40, \"lr\": 0.03, \"precision\": \"bf16\"}";
        train(&t[0], models[k], "{\"batch\": 16, \"epochs\": 40, \"lr\": 0.03}", &d.train,
              &d.val);
        train(&t[1], models[k], half, &d.train, &d.val);
        train(&t[2], models[k], half, &d.train, &d.val);
        assert_same_curves(&t[0].c, &t[1].c, 0.05);
        assert_same_curves(&t[1].c, &t[2].c, 0);
        assert_true(t[0].c.loss[0] != t[1].c.loss[0]);
        assert_true(t[1].result.score[0] < 0.3);
        close_trained(t, 3);
    }
    rg_arena_free(d.arena);
}

/* The loss before anything is learnt (the rate is 0). */
static double first_loss(const char *loss, const char *more, const rg_part *part,
                         const rg_part *val)
{
    char text[160];
    trained t[1] = {0};
    snprintf(text, sizeof(text),
             "{\"loss\": \"%s\", \"lr\": 0, \"batch\": 1000, \"epochs\": 1%s}", loss, more);
    train(t, rg_model_find("mlp"), text, part, val);
    double ret = t[0].c.loss[0];
    close_trained(t, 1);
    return ret;
}

static void test_losses(void **state)
{
    (void)state;
    data d = open_data(100);
    rg_part train = wave(d.arena, 1, 100), val = wave(d.arena, 2, 40);
    double entropy = first_loss("auto", "", &d.train, &d.val);
    assert_close(first_loss("cross_entropy", "", &d.train, &d.val), entropy, 0);
    assert_close(first_loss("focal", ", \"focal_gamma\": 0", &d.train, &d.val), entropy, 1e-6);
    double some = first_loss("cross_entropy", ", \"label_smoothing\": 0.2", &d.train, &d.val);
    double more = first_loss("cross_entropy", ", \"label_smoothing\": 0.4", &d.train, &d.val);
    assert_true(fabs(some - entropy) > 1e-3); /* it is linear in the share */
    assert_close(more - entropy, 2 * (some - entropy), 1e-5);
    double focal = first_loss("focal", "", &d.train, &d.val);
    assert_true(focal > 0 && focal < 0.5 * entropy);
    double square = first_loss("auto", "", &train, &val);
    assert_close(first_loss("squared_error", "", &train, &val), square, 0);
    double absolute = first_loss("absolute_error", "", &train, &val);
    assert_true(absolute > 0 && absolute * absolute < square);
    /* Squares everywhere, and nowhere: halves of squares, and delta |d| - delta^2 / 2. */
    assert_close(first_loss("huber", ", \"huber_delta\": 1e5", &train, &val), square / 2, 1e-6);
    assert_close(first_loss("huber", ", \"huber_delta\": 1e-5", &train, &val), 1e-5 * absolute,
                 1e-8);
    rg_arena_free(d.arena);
}

static void test_loss_of_another_task(void **state)
{
    (void)state;
    data d = open_data(20);
    rg_err err = {0};
    json_t *config = config_of(rg_model_find("mlp"), "{\"loss\": \"huber\"}");
    rg_program_spec spec = {.model = rg_model_find("mlp"),
                            .config = config,
                            .task = RG_CLASSIFY,
                            .classes = 2,
                            .features = 2,
                            .rows = 20};
    assert_null(rg_program_compile(&spec, &err));
    assert_string_equal(err.where, "train.loss");
    assert_string_equal(err.what, "the loss huber is not for classification");
    assert_string_equal(err.remedy, "choose cross_entropy or focal");
    json_decref(config);
    rg_arena_free(d.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accumulated_batches),
        cmocka_unit_test(test_accumulated_gradients_are_clipped_once),
        cmocka_unit_test(test_clipped_gradients),
        cmocka_unit_test(test_sharpness_is_by_the_radius),
        cmocka_unit_test(test_running_mean_of_weights),
        cmocka_unit_test(test_members_have_means_of_their_own),
        cmocka_unit_test(test_batch_norm_trains_and_is_kept),
        cmocka_unit_test(test_evaluation_of_other_weights),
        cmocka_unit_test(test_penalty_is_weight_decay),
        cmocka_unit_test(test_warm_up),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_plateau),
        cmocka_unit_test(test_every_optimiser_learns),
        cmocka_unit_test(test_bf16_products),
        cmocka_unit_test(test_losses),
        cmocka_unit_test(test_loss_of_another_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
