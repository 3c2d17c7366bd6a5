/* test_layers.c - values and gradients of layers, activations and losses against PyTorch's. */
#include "engine/nn/torch.h"

#include "rigor/nn.h"

static const json_t *at(const char *path)
{
    const json_t *found = rg_json_path(torch_record, path);
    assert_non_null(found);
    return found;
}

static void test_activations(void **state)
{
    (void)state;
    size_t i, seen = 0;
    json_t *item;
    json_array_foreach (at("activations.cases"), i, item) {
        rg_graph *graph = rg_graph_new();
        rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(20));
        rg_val w = rg_input(graph, "w", RG_F32, rg_shape_of(20));
        rg_val y = rg_activate(x, rg_json_text(item, "name", ""));
        rg_val out[2] = {y};
        rg_grad(rg_sum(rg_mul(y, w), RG_ALL_AXES, false), &x, 1, &out[1]);
        rg_plan *plan = compile(graph, out, 2, NULL, 0);
        fill(plan, x, at("activations.x"));
        fill(plan, w, at("activations.weight"));
        run(plan);
        torch_equal(rg_plan_buffer(plan, out[0]), json_object_get(item, "y"), 2e-6);
        torch_equal(rg_plan_buffer(plan, out[1]), json_object_get(item, "dx"), 5e-6);
        rg_plan_free(plan);
        rg_graph_free(graph);
        seen++;
    }
    size_t known = 0;
    while (rg_activations[known].name) {
        assert_string_equal(rg_activations[known].name, rg_activation_names[known]);
        known++;
    }
    assert_null(rg_activation_names[known]);
    assert_int_equal(seen, known); /* every activation has its record */
}

static void test_unknown_activation(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(2));
    rg_activate(x, "rellu");
    const rg_err *err = rg_graph_error(graph);
    assert_int_equal(err->code, RG_INPUT);
    assert_non_null(strstr(err->what, "rellu"));
    assert_non_null(strstr(err->remedy, "relu"));
    assert_non_null(strstr(err->where, "test_layers.c"));
    rg_graph_free(graph);
}

static void test_linear(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_scope *scope = rg_scope_new(graph, true, 5, NULL);
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(3, 4));
    rg_val upstream = rg_input(graph, "upstream", RG_F32, rg_shape_of(3, 5));
    rg_val y = rg_linear(scope, x, 5);
    const rg_weight *weights;
    assert_int_equal(rg_scope_weights(scope, &weights), 2);
    assert_string_equal(weights[0].name, "linear0.weight");
    assert_string_equal(weights[1].name, "linear0.bias");
    rg_val inputs[3] = {x, weights[0].input, weights[1].input}, out[4] = {y};
    rg_grad(rg_sum(rg_mul(y, upstream), RG_ALL_AXES, false), inputs, 3, out + 1);
    rg_plan *plan = compile(graph, out, 4, NULL, 0);
    fill(plan, x, at("linear.x"));
    fill(plan, upstream, at("linear.upstream"));
    fill(plan, inputs[1], at("linear.w"));
    fill(plan, inputs[2], at("linear.b"));
    run(plan);
    static const char *const paths[] = {"linear.y", "linear.dx", "linear.dw", "linear.db"};
    for (size_t i = 0; i < 4; i++)
        torch_equal(rg_plan_buffer(plan, out[i]), at(paths[i]), 2e-6);
    rg_plan_free(plan);
    rg_scope_free(scope);
    rg_graph_free(graph);
}

static void check_cross_entropy(const json_t *item)
{
    double smoothing = json_number_value(json_object_get(item, "smoothing"));
    rg_graph *graph = rg_graph_new();
    rg_val logits = rg_input(graph, "logits", RG_F32, rg_shape_of(4, 5));
    rg_val labels = rg_input(graph, "labels", RG_I32, rg_shape_of(4));
    rg_val soft = {0};
    if (smoothing > 0)
        soft = rg_const(graph, smoothing, RG_F32);
    rg_val loss = rg_cross_entropy(logits, labels, soft);
    rg_val mean = rg_mul(rg_sum(loss, RG_ALL_AXES, false), rg_const(graph, 0.25, RG_F32));
    rg_val out[3] = {loss, rg_softmax(logits)};
    rg_grad(mean, &logits, 1, &out[2]);
    rg_plan *plan = compile(graph, out, 3, NULL, 0);
    fill(plan, logits, json_object_get(item, "logits"));
    torch_copy_ints(at("losses.labels"), rg_plan_buffer(plan, labels));
    run(plan);
    torch_equal(rg_plan_buffer(plan, out[0]), json_object_get(item, "loss"), 3e-6);
    torch_equal(rg_plan_buffer(plan, out[1]), json_object_get(item, "softmax"), 1e-6);
    torch_equal(rg_plan_buffer(plan, out[2]), json_object_get(item, "dlogits"), 1e-6);
    rg_plan_free(plan);
    rg_graph_free(graph);
}

static void test_as_sequence(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(2, 6));
    rg_val three = rg_as_sequence(x, 3), each = rg_as_sequence(x, 0);
    assert_true(rg_shape_same(rg_val_shape(three), rg_shape_of(2, 3, 2)));
    assert_true(rg_shape_same(rg_val_shape(each), rg_shape_of(2, 6, 1)));
    rg_graph_free(graph);
}

static void test_cross_entropy(void **state)
{
    (void)state;
    size_t i;
    json_t *item;
    json_array_foreach (at("losses.cross_entropy"), i, item)
        check_cross_entropy(item);
}

static void test_squared_error(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val p = rg_input(graph, "p", RG_F32, rg_shape_of(6));
    rg_val t = rg_input(graph, "t", RG_F32, rg_shape_of(6));
    rg_val loss = rg_squared_error(p, t), out[2] = {loss};
    rg_val mean = rg_mul(rg_sum(loss, RG_ALL_AXES, false), rg_const(graph, 1.0 / 6, RG_F32));
    rg_grad(mean, &p, 1, &out[1]);
    rg_plan *plan = compile(graph, out, 2, NULL, 0);
    fill(plan, p, at("losses.squared_error.p"));
    fill(plan, t, at("losses.squared_error.t"));
    run(plan);
    torch_equal(rg_plan_buffer(plan, out[0]), at("losses.squared_error.loss"), 1e-6);
    torch_equal(rg_plan_buffer(plan, out[1]), at("losses.squared_error.dp"), 1e-6);
    rg_plan_free(plan);
    rg_graph_free(graph);
}

static void test_logits_of_any_size(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val logits = rg_input(graph, "logits", RG_F32, rg_shape_of(2, 3));
    rg_val labels = rg_input(graph, "labels", RG_I32, rg_shape_of(2));
    rg_val loss = rg_cross_entropy(logits, labels, (rg_val){0});
    rg_plan *plan = compile(graph, &loss, 1, NULL, 0);
    float *z = rg_plan_buffer(plan, logits);
    const float big[6] = {1e30f, -1e30f, 0, -1e4f, -1e4f, -1e4f};
    memcpy(z, big, sizeof(big));
    run(plan);
    const float *value = rg_plan_buffer(plan, loss);
    assert_close(value[0], 0, 1e-6);
    assert_close(value[1], log(3), 1e-6);
    rg_plan_free(plan);
    rg_graph_free(graph);
}

/* ---- Initialisers and scopes */

static void test_initial_values(void **state)
{
    (void)state;
    enum { n = 40000 };
    static float a[n], b[n];
    static const struct {
        rg_init init;
        double sd, bound;
    } cases[] = {
        {{RG_INIT_ZEROS, 0, 4, 4}, 0, 0},
        {{RG_INIT_KAIMING_UNIFORM, 0, 12, 5}, 0.28867513, 0.5},
        {{RG_INIT_KAIMING_UNIFORM, 2, 12, 5}, 0.57735027, 1.0},
        {{RG_INIT_KAIMING_NORMAL, 0, 25, 5}, 0.2, INFINITY},
        {{RG_INIT_KAIMING_NORMAL, 2, 25, 5}, 0.4, INFINITY},
        {{RG_INIT_XAVIER_UNIFORM, 0, 20, 4}, 0.28867513, 0.5},
        {{RG_INIT_XAVIER_UNIFORM, 2, 20, 4}, 0.57735027, 1.0},
        {{RG_INIT_XAVIER_NORMAL, 0, 30, 20}, 0.2, INFINITY},
        {{RG_INIT_XAVIER_NORMAL, 2, 30, 20}, 0.4, INFINITY},
    };
    for (size_t k = 0; k < RG_COUNT(cases); k++) {
        double sum = 0, square = 0;
        rg_init_fill(&cases[k].init, 3, "w", a, n);
        for (int i = 0; i < n; i++) {
            assert_true(fabs((double)a[i]) <= cases[k].bound);
            sum += a[i];
            square += (double)a[i] * a[i];
        }
        assert_close(sum / n, 0, 5 * cases[k].sd / sqrt(n) + 1e-12);
        assert_close(sqrt(square / n), cases[k].sd, 0.02 * cases[k].sd + 1e-12);
    }
    rg_init init = {RG_INIT_KAIMING_UNIFORM, 1, 4, 4}, ones = {RG_INIT_ONES, 0, 1, 1};
    rg_init_fill(&init, 3, "w", a, n);
    rg_init_fill(&init, 3, "w", b, n);
    assert_memory_equal(a, b, sizeof(a));
    rg_init_fill(&init, 3, "v", b, n);
    assert_memory_not_equal(a, b, sizeof(a));
    rg_init_fill(&init, 4, "w", b, n);
    assert_memory_not_equal(a, b, sizeof(a));
    rg_init_fill(&ones, 4, "w", b, n);
    assert_true(b[0] == 1 && b[n - 1] == 1);
}

static void test_names_of_weights(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_scope *scope = rg_scope_new(graph, false, 2, NULL);
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(1, 2));
    x = rg_linear(scope, x, 3);
    for (int i = 0; i < 2; i++) {
        rg_scope_enter(scope, "block");
        x = rg_linear(scope, x, 3);
        rg_scope_leave(scope);
    }
    rg_linear(scope, x, 3);
    const rg_weight *weights;
    size_t n = rg_scope_weights(scope, &weights);
    static const char *const names[] = {"linear0.weight",        "linear0.bias",
                                        "block0.linear0.weight", "block0.linear0.bias",
                                        "block1.linear0.weight", "block1.linear0.bias",
                                        "linear1.weight",        "linear1.bias"};
    assert_int_equal(n, RG_COUNT(names));
    for (size_t i = 0; i < n; i++)
        assert_string_equal(weights[i].name, names[i]);
    rg_scope_leave(scope);
    assert_int_equal(rg_graph_error(graph)->code, RG_INPUT);
    rg_scope_free(scope);
    rg_graph_free(graph);
}

/* ---- Configurations */

static const char *const colours[] = {"red", "green", NULL};
static const rg_param table[] = {
    {.name = "widths", .kind = RG_PARAM_INTS, .structural = true, .lo = 1, .hi = 9},
    {.name = "depth", .kind = RG_PARAM_INT, .structural = true, .lo = 1, .hi = 9},
    {.name = "colour", .kind = RG_PARAM_CHOICE, .structural = true, .choices = colours},
    {.name = "wide", .kind = RG_PARAM_BOOL, .structural = true},
    {.name = "rate", .kind = RG_PARAM_NUMBER, .lo = 0, .hi = 1},
    {.name = "off", .kind = RG_PARAM_NUMBER, .lo = 0, .hi = 1},
    {0},
};

static void test_configuration(void **state)
{
    (void)state;
    json_t *values = json_pack("{s:[i,i], s:i, s:s, s:b, s:f, s:i}", "widths", 3, 5, "depth", 2,
                               "colour", "green", "wide", 1, "rate", 0.5, "off", 0);
    rg_graph *graph = rg_graph_new();
    rg_conf *conf = rg_conf_new(graph, "model", table, values);
    assert_int_equal(rg_conf_count(conf, "widths"), 2);
    assert_int_equal(rg_conf_int_at(conf, "widths", 1), 5);
    assert_int_equal(rg_conf_int(conf, "depth"), 2);
    assert_string_equal(rg_conf_str(conf, "colour"), "green");
    assert_true(rg_conf_bool(conf, "wide"));
    assert_false(rg_conf_off(conf, "rate"));
    assert_true(rg_conf_off(conf, "off"));
    rg_val rate = rg_conf_val(conf, "rate");
    assert_int_equal(rg_conf_val(conf, "rate").id, rate.id);
    rg_conf_val(conf, "off");
    const rg_conf_input *inputs;
    assert_int_equal(rg_conf_inputs(conf, &inputs), 1);
    assert_string_equal(inputs[0].name, "rate");
    assert_int_equal(rg_graph_error(graph)->code, RG_OK);
    rg_conf_int(conf, "rate");
    assert_non_null(strstr(rg_graph_error(graph)->what, "model.rate"));
    rg_conf_free(conf);
    rg_graph_free(graph);

    graph = rg_graph_new();
    conf = rg_conf_new(graph, "model", table, values);
    assert_string_equal(rg_conf_str(conf, "nothing"), "");
    assert_non_null(strstr(rg_graph_error(graph)->what, "model.nothing"));
    rg_conf_free(conf);
    rg_graph_free(graph);
    json_decref(values);
}

/* ---- Mistakes name the line that asked */

typedef struct asked {
    rg_graph *graph;
    rg_scope *scope;
    rg_conf *conf;
} asked;

static int ask_unknown(const asked *a)
{
    rg_conf_int(a->conf, "nothing");
    return __LINE__ - 1;
}

static int ask_of_another_kind(const asked *a)
{
    rg_conf_bool(a->conf, "depth");
    return __LINE__ - 1;
}

static int ask_unknown_number(const asked *a)
{
    rg_conf_val(a->conf, "nothing");
    return __LINE__ - 1;
}

static int ask_entry_behind_the_last(const asked *a)
{
    rg_conf_int_at(a->conf, "widths", 2);
    return __LINE__ - 1;
}

static int ask_large_weight(const asked *a)
{
    rg_scope_weight(a->scope, "w", rg_shape_of(160000, 160000), (rg_init){0});
    return __LINE__ - 1;
}

static int ask_negative_buffer(const asked *a)
{
    rg_scope_buffer(a->scope, "w", rg_shape_of(-1), (rg_init){0});
    return __LINE__ - 1;
}

static int ask_name_twice(const asked *a)
{
    rg_scope_weight(a->scope, "w", rg_shape_of(1), (rg_init){0});
    rg_scope_buffer(a->scope, "w", rg_shape_of(1), (rg_init){0});
    return __LINE__ - 1;
}

static int ask_weight_without_name(const asked *a)
{
    rg_scope_weight(a->scope, NULL, rg_shape_of(1), (rg_init){0});
    return __LINE__ - 1;
}

static int ask_buffer_without_name(const asked *a)
{
    rg_scope_buffer(a->scope, NULL, rg_shape_of(1), (rg_init){0});
    return __LINE__ - 1;
}

static int enter_without_kind(const asked *a)
{
    rg_scope_enter(a->scope, NULL);
    return __LINE__ - 1;
}

static int leave_what_was_not_entered(const asked *a)
{
    rg_scope_leave(a->scope);
    return __LINE__ - 1;
}

static int penalise_by_other_types(const asked *a)
{
    rg_scope_penalize(a->scope, rg_const(a->graph, 1, RG_F32));
    rg_scope_penalize(a->scope, rg_const(a->graph, 1, RG_F64));
    return __LINE__ - 1;
}

static void test_places_of_mistakes(void **state)
{
    (void)state;
    static int (*const ask[])(const asked *) = {
        ask_unknown,
        ask_of_another_kind,
        ask_unknown_number,
        ask_large_weight,
        ask_entry_behind_the_last,
        ask_negative_buffer,
        ask_name_twice,
        leave_what_was_not_entered,
        penalise_by_other_types,
        ask_weight_without_name,
        ask_buffer_without_name,
        enter_without_kind,
    };
    json_t *values = json_pack("{s:[i,i], s:i}", "widths", 3, 5, "depth", 2);
    for (size_t i = 0; i < RG_COUNT(ask); i++) {
        asked a = {.graph = rg_graph_new()};
        a.conf = rg_conf_new(a.graph, "model", table, values);
        a.scope = rg_scope_new(a.graph, true, 2, a.conf);
        char where[40];
        snprintf(where, sizeof(where), "test_layers.c:%d", ask[i](&a));
        assert_string_equal(rg_graph_error(a.graph)->where, where);
        rg_scope_free(a.scope);
        rg_conf_free(a.conf);
        rg_graph_free(a.graph);
    }
    json_decref(values);
}

/* ---- Layers in a loop's body: what is the scope's is made outside */

typedef struct inside {
    rg_scope *scope;
    rg_val rate;
    int line; /* set by the body: the mistake's */
} inside;

static void linear_in_body(rg_loop_body *b, void *context)
{
    inside *in = context;
    in->line = __LINE__ + 1;
    b->next[0] = rg_linear(in->scope, b->carry[0], 4);
}

static void norm_in_body(rg_loop_body *b, void *context)
{
    inside *in = context;
    in->line = __LINE__ + 1;
    b->next[0] = rg_batch_norm(in->scope, b->carry[0]);
}

static void dropout_in_body(rg_loop_body *b, void *context)
{
    inside *in = context;
    in->line = __LINE__ + 1;
    b->next[0] = rg_dropout(in->scope, b->carry[0], in->rate);
}

static void residual_in_body(rg_loop_body *b, void *context)
{
    inside *in = context;
    in->line = __LINE__ + 1;
    b->next[0] = rg_residual(in->scope, b->carry[0], b->carry[0], in->rate);
}

static void unlike_in_body(rg_loop_body *b, void *context)
{
    inside *in = context;
    rg_val other = rg_sum(b->carry[0], 2, false), none = {0};
    in->line = __LINE__ + 1;
    b->next[0] = rg_residual(in->scope, b->carry[0], other, none);
}

static void linear_in_inner_body(rg_loop_body *b, void *context)
{
    rg_loop_spec spec = {.steps = 2, .carry = b->carry, .carries = 1, .body = linear_in_body};
    spec.context = context;
    rg_loop(b->graph, &spec, b->next);
}

static void test_layers_in_a_body(void **state)
{
    (void)state;
    static const struct {
        void (*body)(rg_loop_body *body, void *context);
        const char *what, *remedy;
    } cases[] = {
        {linear_in_body, "the weight linear0.weight is made in a loop's body",
         "before rg_loop and pass it as shared"},
        {linear_in_inner_body, "the weight linear0.weight is made in a loop's body",
         "before rg_loop and pass it as shared"},
        {norm_in_body, "is made in a loop's body", "before rg_loop and pass it as shared"},
        {dropout_in_body, "dropout in a loop's body", "draw the mask before rg_loop"},
        {residual_in_body, "dropout in a loop's body", "draw the mask before rg_loop"},
        {unlike_in_body, "add: shapes (3, 4) and (3) do not broadcast", ""},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        rg_graph *graph = rg_graph_new();
        inside in = {.scope = rg_scope_new(graph, true, 2, NULL)};
        rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(3, 4)), ret[1];
        in.rate = rg_input(graph, "rate", RG_F32, RG_SCALAR);
        rg_loop_spec spec = {.steps = 2, .carry = &x, .carries = 1, .body = cases[i].body};
        spec.context = &in;
        rg_loop(graph, &spec, ret);
        const rg_err *err = rg_graph_error(graph);
        char where[40];
        snprintf(where, sizeof(where), "test_layers.c:%d", in.line);
        assert_string_equal(err->where, where);
        assert_non_null(strstr(err->what, cases[i].what));
        assert_non_null(strstr(err->remedy, cases[i].remedy));
        rg_scope_free(in.scope);
        rg_graph_free(graph);
    }
}

/* A scope makes weights again behind the loop, and the loop's own mistakes keep its line. */
static void test_layers_behind_a_body(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    inside in = {.scope = rg_scope_new(graph, false, 2, NULL)};
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(3, 4)), ret[1];
    rg_loop_spec spec = {.steps = 2, .carry = &x, .carries = 1, .body = dropout_in_body};
    spec.context = &in;
    rg_loop(graph, &spec, ret);
    assert_int_equal(rg_val_shape(rg_linear(in.scope, ret[0], 5)).dim[1], 5);
    assert_int_equal(rg_graph_error(graph)->code, RG_OK);
    spec.outs = 1;
    int line = __LINE__ + 1;
    rg_loop(graph, &spec, (rg_val[2]){ret[0]});
    char where[40];
    snprintf(where, sizeof(where), "test_layers.c:%d", line);
    assert_string_equal(rg_graph_error(graph)->where, where);
    rg_scope_free(in.scope);
    rg_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_activations),
        cmocka_unit_test(test_unknown_activation),
        cmocka_unit_test(test_linear),
        cmocka_unit_test(test_as_sequence),
        cmocka_unit_test(test_cross_entropy),
        cmocka_unit_test(test_squared_error),
        cmocka_unit_test(test_logits_of_any_size),
        cmocka_unit_test(test_initial_values),
        cmocka_unit_test(test_names_of_weights),
        cmocka_unit_test(test_configuration),
        cmocka_unit_test(test_places_of_mistakes),
        cmocka_unit_test(test_layers_in_a_body),
        cmocka_unit_test(test_layers_behind_a_body),
    };
    return cmocka_run_group_tests(tests, torch_load, torch_unload);
}
