/* test_check.c - the model check on models that each have one thing wrong with them, and on
 * those of the zoo, with which nothing is wrong. */
#include "engine/train/fixtures.h"
#include "rigor/inspect.h"

/* ---- Models with one mistake each. */

static const rg_param params[] = {
    {.name = "rate",
     .kind = RG_PARAM_NUMBER,
     .lo = 0,
     .hi = 0.9,
     .fallback = "0.5",
     .help = ""},
    {0},
};

static rg_val sound(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_dropout(s, rg_activate(rg_linear(s, x, 16), "relu"), rg_conf_val(conf, "rate"));
    return rg_linear(s, x, s->classes);
}

static rg_val with_buffers(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_batch_norm(s, rg_linear(s, rg_mul(x, rg_conf_val(conf, "rate")), 16));
    return rg_linear(s, x, s->classes);
}

static rg_val unread_setting(rg_scope *s, rg_val x, const rg_conf *conf)
{
    (void)conf;
    return rg_linear(s, x, s->classes);
}

static rg_val cut_off(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_mul(x, rg_conf_val(conf, "rate"));
    x = rg_stop_grad(rg_activate(rg_linear(s, x, 16), "tanh"));
    return rg_linear(s, x, s->classes);
}

static rg_val forgotten(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_mul(x, rg_conf_val(conf, "rate"));
    rg_linear(s, x, 16);
    return rg_linear(s, x, s->classes);
}

static rg_val last_state(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_as_sequence(rg_mul(x, rg_conf_val(conf, "rate")), 4);
    return rg_linear(s, rg_gru(s, x, 8).last, s->classes);
}

static rg_val forgotten_loop(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_mul(x, rg_conf_val(conf, "rate"));
    rg_gru(s, rg_as_sequence(x, 4), 8);
    return rg_linear(s, x, s->classes);
}

static rg_val forgotten_activation(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_linear(s, rg_mul(x, rg_conf_val(conf, "rate")), 16);
    rg_activate(x, "sigmoid");
    return rg_linear(s, x, s->classes);
}

static rg_val forgotten_order(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_mul(x, rg_conf_val(conf, "rate"));
    rg_argsort(x, 1, false);
    return rg_linear(s, x, s->classes);
}

static rg_val forgotten_chain(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_linear(s, rg_mul(x, rg_conf_val(conf, "rate")), 16);
    rg_val y = rg_tanh(x);
    y = rg_mul(y, y);
    rg_exp(y);
    return rg_linear(s, x, s->classes);
}

/* Two factors become one: nothing reads the first product, which was not in vain. */
static rg_val folded(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_mul(x, rg_conf_val(conf, "rate"));
    x = rg_mul(x, rg_const(s->graph, 0.5, RG_F32));
    x = rg_mul(x, rg_const(s->graph, 3, RG_F32));
    return rg_linear(s, x, s->classes);
}

/* Of sin, its derivative alone. */
static rg_val slope(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_linear(s, rg_mul(x, rg_conf_val(conf, "rate")), 16);
    rg_val y = rg_sin(x);
    rg_val sum = rg_sum(y, RG_ALL_AXES, false), by;
    rg_grad(sum, &x, 1, &by);
    return rg_linear(s, by, s->classes);
}

/* Of the three largest, only where they stand. */
static rg_val choice(rg_scope *s, rg_val x, const rg_conf *conf)
{
    rg_val where;
    x = rg_mul(x, rg_conf_val(conf, "rate"));
    rg_top_k(x, 3, 1, &where);
    return rg_add(rg_linear(s, x, s->classes), rg_cast(where, RG_F32));
}

static rg_val blind(rg_scope *s, rg_val x, const rg_conf *conf)
{
    rg_val nothing = rg_broadcast(rg_conf_val(conf, "rate"), rg_val_shape(x));
    return rg_linear(s, nothing, s->classes);
}

static rg_val unbounded(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_exp(rg_linear(s, rg_mul(x, rg_conf_val(conf, "rate")), 16));
    return rg_linear(s, x, s->classes);
}

static rg_val fading(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_mul(x, rg_const(s->graph, 1e-6, RG_F32));
    x = rg_linear(
        s, rg_mul(rg_activate(rg_linear(s, x, 16), "tanh"), rg_conf_val(conf, "rate")), 16);
    return rg_linear(s, rg_mul(x, rg_const(s->graph, 1e-4, RG_F32)), s->classes);
}

/* The gradient fades at tiny weights, and with it that of the layer before; in a branch that is
 * nearly shut it is small, too, but nothing lies behind it. */
static rg_val faded(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_linear(s, rg_linear(s, rg_mul(x, rg_conf_val(conf, "rate")), 16), 16);
    rg_val open = rg_mul(x, rg_const(s->graph, 1e-4, RG_F32));
    return rg_linear(s, rg_add(open, rg_stop_grad(x)), s->classes);
}

static rg_val side_branch(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_linear(s, rg_mul(x, rg_conf_val(conf, "rate")), 16);
    rg_val side = rg_mul(rg_linear(s, x, 16), rg_const(s->graph, 1e-4, RG_F32));
    return rg_linear(s, rg_add(x, side), s->classes);
}

static rg_val growing(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_mul(rg_linear(s, rg_mul(x, rg_conf_val(conf, "rate")), 16),
               rg_const(s->graph, 1e4, RG_F32));
    return rg_linear(s, x, s->classes);
}

/* 0 / 0 in every example; the roots of 0 have a derivative that is not finite. */
static rg_val not_finite(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_linear(s, rg_mul(x, rg_conf_val(conf, "rate")), 16);
    x = rg_div(rg_sub(x, x), rg_sub(x, x));
    return rg_linear(s, x, s->classes);
}

static rg_val not_finite_back(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_linear(s, rg_mul(x, rg_conf_val(conf, "rate")), 16);
    x = rg_activate(rg_linear(s, x, 16), "relu");
    return rg_linear(s, rg_sqrt(x), s->classes);
}

static rg_val dying(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_linear(s, rg_mul(x, rg_conf_val(conf, "rate")), 16);
    x = rg_activate(rg_sub(x, rg_const(s->graph, 5, RG_F32)), "relu");
    return rg_linear(s, x, s->classes);
}

static rg_val deep(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_mul(x, rg_conf_val(conf, "rate"));
    for (int i = 0; i < 9; i++)
        x = rg_mul(rg_activate(rg_linear(s, x, 16), "tanh"), rg_const(s->graph, 1.7, RG_F32));
    return rg_linear(s, x, s->classes);
}

static rg_val deep_with_shortcuts(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_linear(s, rg_mul(x, rg_conf_val(conf, "rate")), 16);
    for (int i = 0; i < 9; i++)
        x = rg_add(x, rg_activate(rg_linear(s, x, 16), "tanh"));
    return rg_linear(s, x, s->classes);
}

/* x / sqrt(mean(x^2) + epsilon), over the features. */
static rg_val rms(rg_scope *s, rg_val x)
{
    double n = (double)rg_val_shape(x).dim[1];
    rg_val square =
        rg_mul(rg_sum(rg_mul(x, x), RG_AXIS(1), true), rg_const(s->graph, 1 / n, RG_F32));
    return rg_div(x, rg_sqrt(rg_add(square, rg_const(s->graph, 1e-5, RG_F32))));
}

static rg_val deep_with_norms(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_mul(x, rg_conf_val(conf, "rate"));
    for (int i = 0; i < 9; i++)
        x = rms(s, rg_activate(rg_linear(s, x, 16), "tanh"));
    return rg_linear(s, x, s->classes);
}

static rg_val wrong_shape(rg_scope *s, rg_val x, const rg_conf *conf)
{
    (void)conf;
    return rg_linear(s, x, s->classes + 1);
}

static rg_val nothing(rg_scope *s, rg_val x, const rg_conf *conf)
{
    (void)s, (void)x, (void)conf;
    return (rg_val){0};
}

static rg_val own_input(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_mul(x, rg_conf_val(conf, "rate"));
    x = rg_add(x, rg_input(s->graph, "shift", RG_F32, rg_shape_of(8)));
    return rg_linear(s, x, s->classes);
}

static rg_val unread_input(rg_scope *s, rg_val x, const rg_conf *conf)
{
    rg_input(s->graph, "spare", RG_F32, RG_SCALAR);
    return sound(s, x, conf);
}

static rg_val experts(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_linear(s, rg_mul(x, rg_conf_val(conf, "rate")), 16);
    x = rg_mixture_of_experts(
        s, x, &(rg_mixture){.experts = 3, .active = 1, .hidden = 8, .balance = 0.01});
    return rg_linear(s, x, s->classes);
}

/* A layer that only the penalty reads, and an overflow that only the penalty sees. */
static rg_val only_penalised(rg_scope *s, rg_val x, const rg_conf *conf)
{
    x = rg_mul(x, rg_conf_val(conf, "rate"));
    rg_val y = rg_linear(s, x, s->classes), side = rg_linear(s, x, 4);
    rg_scope_penalize(s, rg_sum(rg_mul(side, side), RG_ALL_AXES, false));
    return y;
}

static rg_val unbounded_penalty(rg_scope *s, rg_val x, const rg_conf *conf)
{
    rg_val y = rg_linear(s, rg_mul(x, rg_conf_val(conf, "rate")), s->classes);
    rg_scope_penalize(s, rg_sum(rg_exp(y), RG_ALL_AXES, false));
    return y;
}

static rg_val wide_penalty(rg_scope *s, rg_val x, const rg_conf *conf)
{
    rg_val y = rg_linear(s, rg_mul(x, rg_conf_val(conf, "rate")), s->classes);
    rg_scope_penalize(s, rg_mul(y, y));
    return y;
}

static rg_val whole_penalty(rg_scope *s, rg_val x, const rg_conf *conf)
{
    (void)conf;
    rg_scope_penalize(s, rg_const(s->graph, 1, RG_I32));
    return rg_linear(s, x, s->classes);
}

static rg_val no_penalty(rg_scope *s, rg_val x, const rg_conf *conf)
{
    rg_val y = rg_linear(s, rg_mul(x, rg_conf_val(conf, "rate")), s->classes);
    rg_scope_penalize(s, (rg_val){0});
    return y;
}

static rg_val kept_shape(rg_scope *s, rg_val x, const rg_conf *conf)
{
    (void)conf;
    rg_val mean = rg_scope_buffer(s, "mean", rg_shape_of(3), (rg_init){.kind = RG_INIT_ZEROS});
    rg_scope_keep(s, mean, rg_sum(x, RG_AXIS(0), false));
    return rg_linear(s, x, s->classes);
}

static rg_val kept_weight(rg_scope *s, rg_val x, const rg_conf *conf)
{
    (void)conf;
    rg_val w = rg_scope_weight(s, "w", rg_shape_of(8), (rg_init){.kind = RG_INIT_ZEROS});
    rg_scope_keep(s, w, rg_sum(x, RG_AXIS(0), false));
    return rg_linear(s, x, s->classes);
}

/* ---- Looking. */

static json_t *check(rg_val (*forward)(rg_scope *, rg_val, const rg_conf *), rg_task task,
                     rg_err *err)
{
    const rg_model model = {
        .name = "try", .params = params, .tasks = RG_ANY_TASK, .forward = forward};
    json_t *config = json_pack("{s:{s:f}, s:o}", "model", "rate", 0.5, "train",
                               rg_param_defaults(rg_train_params));
    rg_program_spec spec = {.model = &model,
                            .config = config,
                            .task = task,
                            .classes = 3,
                            .features = 8,
                            .rows = 100};
    json_t *facts = rg_model_check(&spec, err);
    json_decref(config);
    return facts;
}

static const struct {
    const char *name;
    rg_val (*forward)(rg_scope *, rg_val, const rg_conf *);
    const char *severity, *check, *what; /* NULL: no finding */
    size_t n;                            /* findings of this check */
} cases[] = {
    {"sound", sound, NULL, NULL, NULL, 0},
    {"with buffers", with_buffers, NULL, NULL, NULL, 0},
    {"unread setting", unread_setting, "note", "inputs", "does not read model.rate", 1},
    {"cut off", cut_off, "warning", "parameters",
     "no gradient reaches the parameter linear0.weight", 2},
    {"forgotten", forgotten, "warning", "parameters",
     "does not depend on the parameter linear0", 2},
    {"forgotten layer", forgotten, "note", "outputs",
     "add makes a value of shape (64, 16) that nothing uses", 1},
    {"last state", last_state, NULL, NULL, NULL, 0},
    {"forgotten loop", forgotten_loop, "note", "outputs",
     "loop makes a value of shape (4, 64, 8) that nothing uses", 1},
    {"forgotten activation", forgotten_activation, "note", "outputs",
     "add makes a value of shape (64, 16) that nothing uses", 1},
    {"forgotten order", forgotten_order, "note", "outputs",
     "argsort makes a value of shape (64, 8) that nothing uses", 1},
    {"forgotten, one after another", forgotten_chain, "note", "outputs",
     "exp makes a value of shape (64, 16) that nothing uses", 1},
    {"folded", folded, NULL, NULL, NULL, 0},
    {"slope", slope, NULL, NULL, NULL, 0},
    {"choice", choice, NULL, NULL, NULL, 0},
    {"blind", blind, "warning", "inputs", "does not depend on the features", 1},
    {"unbounded", unbounded, "warning", "values", "exp of a value without an upper bound", 1},
    {"fading", fading, "warning", "signals", "activations fade", 2},
    {"faded", faded, "warning", "signals", "the gradient fades on its way back", 1},
    {"side branch", side_branch, NULL, NULL, NULL, 0},
    {"growing", growing, "warning", "signals", "activations grow", 1},
    {"not finite", not_finite, "warning", "signals",
     "activations are not finite: a share of 1 behind linear0", 1},
    {"not finite on the way back", not_finite_back, "warning", "signals",
     "the gradient is not finite on its way back: a share of ", 1},
    {"dying", dying, "warning", "signals", "are zero", 1},
    {"deep", deep, "note", "stack", "8 layers or more", 1},
    {"deep with shortcuts", deep_with_shortcuts, NULL, NULL, NULL, 0},
    {"deep with norms", deep_with_norms, NULL, NULL, NULL, 0},
    {"experts", experts, NULL, NULL, NULL, 0},
    {"only penalised", only_penalised, NULL, NULL, NULL, 0},
    {"unbounded penalty", unbounded_penalty, "warning", "values",
     "exp of a value without an upper bound", 1},
};

static size_t count_of(const json_t *facts, const char *check, const char *severity,
                       const char *what)
{
    size_t i, n = 0;
    json_t *f;
    json_array_foreach (json_object_get(facts, "findings"), i, f)
        n += !strcmp(rg_json_text(f, "check", ""), check) &&
             !strcmp(rg_json_text(f, "severity", ""), severity) &&
             (!what || strstr(rg_json_text(f, "what", ""), what));
    return n;
}

static void fail_with(const char *name, const json_t *facts)
{
    char *text = rg_json_canonical(json_object_get(facts, "findings"));
    fail_msg("%s: %s", name, text);
}

static void test_findings(void **state)
{
    (void)state;
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        rg_err err = {0};
        json_t *facts = check(cases[i].forward, RG_CLASSIFY, &err);
        assert_good(facts != NULL, err);
        bool ok = cases[i].check
                      ? count_of(facts, cases[i].check, cases[i].severity, cases[i].what) > 0
                      : json_array_size(json_object_get(facts, "findings")) == 0;
        if (!ok || (cases[i].n &&
                    count_of(facts, cases[i].check, cases[i].severity, NULL) != cases[i].n))
            fail_with(cases[i].name, facts);
        json_decref(facts);
    }
}

/* Every finding about a line of the model names it. */
static void test_places(void **state)
{
    (void)state;
    size_t i;
    json_t *f;
    rg_err err = {0};
    json_t *facts = check(unbounded, RG_CLASSIFY, &err);
    json_array_foreach (json_object_get(facts, "findings"), i, f) {
        assert_string_equal(rg_path_base(rg_json_text(f, "file", "")), "test_check.c");
        assert_true(json_integer_value(json_object_get(f, "line")) > 0);
        assert_true(*rg_json_text(f, "remedy", ""));
    }
    json_decref(facts);
}

static void test_layers(void **state)
{
    (void)state;
    rg_err err = {0};
    json_t *facts = check(sound, RG_CLASSIFY, &err);
    const json_t *layers = json_object_get(facts, "layers");
    const json_t *first = json_array_get(layers, 0), *last = json_array_get(layers, 1);
    assert_int_equal(json_array_size(layers), 2);
    assert_string_equal(rg_json_text(first, "layer", ""), "linear0");
    assert_int_equal(json_integer_value(json_object_get(first, "parameters")), 8 * 16 + 16);
    assert_int_equal(json_integer_value(json_object_get(facts, "parameters")),
                     8 * 16 + 16 + 16 * 3 + 3);
    /* Half of a rectified layer is zero, and half of the rest is dropped. */
    double zeros = rg_json_number(json_object_get(first, "activation_zeros"), 0);
    assert_true(zeros > 0.65 && zeros < 0.85);
    /* 2 B D H of the product, B H of the bias. */
    assert_close(rg_json_number(json_object_get(last, "flops"), 0), 2 * 64 * 16 * 3 + 64 * 3,
                 1e-12);
    json_decref(facts);
    facts = check(with_buffers, RG_CLASSIFY, &err); /* running statistics are no parameters */
    assert_int_equal(json_integer_value(json_object_get(facts, "parameters")),
                     8 * 16 + 16 + 16 + 16 + 16 * 3 + 3);
    json_decref(facts);
    facts = check(sound, RG_REGRESS, &err);
    assert_good(facts != NULL, err);
    assert_int_equal(json_array_size(json_object_get(facts, "findings")), 0);
    json_decref(facts);
}

static const struct {
    rg_val (*forward)(rg_scope *, rg_val, const rg_conf *);
    const char *what, *where;
} mistakes[] = {
    {wrong_shape, "no value of shape (64, 3)", "test_check.c:"},
    {nothing, "no value of shape (64, 3)", "try"},
    {own_input, "nothing fills the model's own input 'shift'", "test_check.c:"},
    {unread_input, "nothing fills the model's own input 'spare'", "test_check.c:"},
    {wide_penalty,
     "a penalty is a scalar of type f32, not a value of shape (64, 3) and type f32",
     "test_check.c:"},
    {whole_penalty, "a penalty is a scalar of type f32, not a value of shape () and type i32",
     "test_check.c:"},
    {no_penalty, "the penalty is no value of this graph", "test_check.c:"},
    {kept_shape, "the buffer mean of shape (3) and type f32 cannot become a value of shape (8)",
     "test_check.c:"},
    {kept_weight, "only buffers can be kept: a value of shape (8) is none", "test_check.c:"},
};

static void test_mistakes_of_the_model(void **state)
{
    (void)state;
    for (size_t i = 0; i < RG_COUNT(mistakes); i++) {
        rg_err err = {0};
        assert_null(check(mistakes[i].forward, RG_CLASSIFY, &err));
        assert_int_equal(err.code, RG_INPUT);
        assert_non_null(strstr(err.what, mistakes[i].what));
        assert_true(rg_text_starts(err.where, mistakes[i].where));
    }
}

static void expect_clean(const json_t *given, rg_task task, const char *name)
{
    rg_err err = {0};
    const rg_model *model;
    json_t *config = rg_config_resolve(given, &model, &err);
    rg_program_spec spec = {.model = model,
                            .config = config,
                            .task = task,
                            .classes = 10,
                            .features = 64,
                            .rows = 256};
    json_t *facts = rg_model_check(&spec, &err);
    assert_good(facts != NULL, err);
    if (json_array_size(json_object_get(facts, "findings")))
        fail_with(name, facts);
    json_decref(facts);
    json_decref(config);
}

static void test_zoo_is_clean(void **state)
{
    (void)state;
    for (size_t i = 0; rg_models[i]; i++) {
        bool classes = rg_models[i]->tasks & RG_TASK_BIT(RG_CLASSIFY);
        json_t *given = json_pack("{s:{s:s}}", "model", "name", rg_models[i]->name);
        expect_clean(given, classes ? RG_CLASSIFY : RG_REGRESS, rg_models[i]->name);
        json_decref(given);
    }
}

static void test_losses_are_clean(void **state)
{
    (void)state;
    static const struct {
        rg_task task;
        const char *loss;
    } choices[] = {{RG_CLASSIFY, "cross_entropy"},
                   {RG_CLASSIFY, "focal"},
                   {RG_REGRESS, "squared_error"},
                   {RG_REGRESS, "absolute_error"},
                   {RG_REGRESS, "huber"}};
    for (size_t i = 0; i < RG_COUNT(choices); i++) {
        json_t *given = json_pack("{s:{s:s}, s:{s:s, s:f}}", "model", "name", "mlp", "train",
                                  "loss", choices[i].loss, "focal_gamma", 0.5);
        expect_clean(given, choices[i].task, choices[i].loss);
        json_decref(given);
    }
}

/* ---- Costs. */

static void test_costs(void **state)
{
    (void)state;
    rg_err err = {0};
    const rg_model *model;
    json_t *given = json_pack("{s:{s:s}}", "model", "name", "linear");
    json_t *resolved = rg_config_resolve(given, &model, &err);
    rg_program_spec spec = {.model = model,
                            .config = resolved,
                            .task = RG_CLASSIFY,
                            .classes = 10,
                            .features = 50,
                            .rows = 200};
    json_t *facts = rg_program_costs(&spec, 2, &err), *part, *step;
    assert_good(facts != NULL, err);
    assert_int_equal(json_integer_value(json_object_get(facts, "parameters")), 510);
    size_t i, k;
    json_array_foreach (json_object_get(facts, "plans"), i, part) {
        double share = 0, product = 0;
        json_array_foreach (json_object_get(part, "steps"), k, step) {
            share += rg_json_number(json_object_get(step, "share"), NAN);
            assert_true(rg_json_number(json_object_get(step, "predicted_s"), NAN) > 0);
            if (!strcmp(rg_json_text(step, "kernel", ""), "dot"))
                product += rg_json_number(json_object_get(step, "flops"), NAN);
        }
        /* x W, and x^T g for W's derivative: 2 B D C each. */
        double batch = rg_json_number(json_object_get(part, "examples"), 0);
        assert_close(product, (i ? 1 : 2) * 2 * batch * 50 * 10, 1e-12);
        assert_close(share, 1, 1e-9);
        assert_true(json_integer_value(json_object_get(part, "memory_bytes")) > 0);
    }
    json_decref(facts);
    json_decref(resolved);
    json_decref(given);
}

/* The text after every pass reads back, and has as many values as it had. */
static void test_text_reads_back(void **state)
{
    (void)state;
    rg_err err = {0};
    const rg_model *model;
    json_t *given = json_pack("{s:{s:s, s:f}}", "model", "name", "mlp", "dropout", 0.1);
    json_t *resolved = rg_config_resolve(given, &model, &err);
    rg_program_spec spec = {.model = model,
                            .config = resolved,
                            .task = RG_CLASSIFY,
                            .classes = 3,
                            .features = 5,
                            .rows = 20};
    size_t before = 0;
    for (int part = 0; part < RG_PROGRAM_PARTS; part++)
        for (int pass = 0; pass < RG_PASSES; pass++) {
            rg_str text = {0};
            rg_graph *graph;
            rg_val *outputs;
            size_t n;
            assert_good(
                rg_program_text(&spec, (rg_program_part)part, (rg_pass)pass, &text, &err), err);
            assert_good(rg_graph_parse(rg_str_text(&text), "text", &graph, &outputs, &n, &err),
                        err);
            size_t lines = 0;
            for (const char *c = rg_str_text(&text); (c = strstr(c, " = ")) != NULL; c++)
                lines++;
            /* Reading drops nothing, and finds nothing left to simplify. */
            assert_int_equal(rg_graph_count(graph), lines);
            if (pass > RG_PASS_LIVE)
                assert_int_equal(lines, before);
            before = lines;
            rg_graph_free(graph);
            rg_str_free(&text);
        }
    json_decref(resolved);
    json_decref(given);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_findings),     cmocka_unit_test(test_places),
        cmocka_unit_test(test_layers),       cmocka_unit_test(test_mistakes_of_the_model),
        cmocka_unit_test(test_zoo_is_clean), cmocka_unit_test(test_losses_are_clean),
        cmocka_unit_test(test_costs),        cmocka_unit_test(test_text_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
