/* test_cohort.c - a training step batched over its members: parameters, optimiser state, keys,
 * learning and dropout rates vary, the data is shared.  Each member trains as it does alone. */
#include "engine/ir/node.h"
#include "rigor/nn.h"
#include "rigor/plan.h"
#include "rigor/train.h"
#include "support.h"

enum { MEMBERS = 4, ROWS = 16, FEATURES = 8, HIDDEN = 12, CLASSES = 3, STEPS = 6 };
enum { VARYING_MAX = 32 };

typedef struct step { /* one member's training step */
    rg_graph *graph;
    json_t *values;
    rg_conf *conf;
    rg_scope *scope;
    rg_optim *optim;
    rg_val x, y, count, rate, lr, loss;
    rg_val in[VARYING_MAX], out[VARYING_MAX]; /* parameters, then state: before and after */
    size_t weights, n;
} step;

static void forward(step *s)
{
    rg_val h = rg_activate(rg_linear(s->scope, s->x, HIDDEN), "gelu");
    h = rg_dropout(s->scope, h, s->rate);
    rg_val losses = rg_cross_entropy(rg_linear(s->scope, h, CLASSES), s->y, (rg_val){0});
    rg_val total = rg_sum(losses, RG_ALL_AXES, false);
    s->loss = rg_div(total, rg_const(s->graph, ROWS, RG_F32));
}

static void update(step *s)
{
    const rg_weight *weights;
    const rg_optim_tensor *slots;
    rg_val gradient[VARYING_MAX];
    s->weights = s->n = rg_scope_weights(s->scope, &weights);
    for (size_t i = 0; i < s->n; i++)
        s->in[i] = weights[i].input;
    rg_grad(s->loss, s->in, s->n, gradient);
    rg_clip_by_norm(gradient, s->n, rg_const(s->graph, 1, RG_F32));
    const rg_optimizer *rule = rg_optimizer_find("adamw");
    for (size_t i = 0; i < s->weights; i++)
        s->out[i] = rule->update(s->optim, weights[i].name, s->in[i], gradient[i]);
    size_t states = rg_optim_slots(s->optim, &slots);
    for (size_t i = 0; i < states; i++) {
        s->in[s->n] = slots[i].input;
        s->out[s->n++] = slots[i].output;
    }
}

static step make_step(void)
{
    step s = {.graph = rg_graph_new(), .values = rg_param_defaults(rg_train_params)};
    s.conf = rg_conf_new(s.graph, "train", rg_train_params, s.values);
    s.scope = rg_scope_new(s.graph, true, CLASSES, s.conf);
    s.x = rg_input(s.graph, "x", RG_F32, rg_shape_of(ROWS, FEATURES));
    s.y = rg_input(s.graph, "y", RG_I32, rg_shape_of(ROWS));
    s.count = rg_input(s.graph, "step", RG_F32, RG_SCALAR);
    s.rate = rg_input(s.graph, "rate", RG_F32, RG_SCALAR);
    s.lr = rg_input(s.graph, "lr", RG_F32, RG_SCALAR);
    s.optim = rg_optim_new(s.graph, s.conf, s.lr, s.count);
    forward(&s);
    update(&s);
    return s;
}

static void drop_step(step *s)
{
    rg_optim_free(s->optim);
    rg_scope_free(s->scope);
    rg_conf_free(s->conf);
    rg_graph_free(s->graph);
    json_decref(s->values);
}

typedef struct cohort { /* the same, wide: parameters and state, then rate, lr, key */
    rg_val in[VARYING_MAX + 3], out[VARYING_MAX], loss;
} cohort;

static rg_val widen(const step *s, size_t i, rg_val x)
{
    rg_shape own = rg_val_shape(x), shape = {own.rank + 1, {MEMBERS}};
    char name[32];
    for (int k = 0; k < own.rank; k++)
        shape.dim[k + 1] = own.dim[k];
    snprintf(name, sizeof(name), "cohort%zu", i);
    return rg_input(s->graph, name, rg_val_dtype(x), shape);
}

static cohort make_cohort(const step *s)
{
    cohort c;
    rg_val x[VARYING_MAX + 3], y[VARYING_MAX + 1], wide[VARYING_MAX + 1];
    memcpy(x, s->in, sizeof(s->in));
    memcpy(y, s->out, sizeof(s->out));
    x[s->n] = s->rate;
    x[s->n + 1] = s->lr;
    x[s->n + 2] = s->scope->key;
    y[s->n] = s->loss;
    for (size_t i = 0; i < s->n + 3; i++)
        c.in[i] = widen(s, i, x[i]);
    rg_batch(y, s->n + 1, x, c.in, s->n + 3, wide);
    memcpy(c.out, wide, sizeof(*wide) * s->n);
    c.loss = wide[s->n];
    return c;
}

/* ---- Running. */
static rg_plan *compile(const step *s, rg_val loss, const rg_val *in, const rg_val *out)
{
    rg_err err = {0};
    rg_carry carries[VARYING_MAX];
    for (size_t i = 0; i < s->n; i++)
        carries[i] = (rg_carry){in[i], out[i]};
    rg_plan *plan = rg_plan_compile(s->graph, &loss, 1, carries, s->n, NULL, &err);
    if (!plan)
        fail_msg("%s: %s", err.where, err.what);
    return plan;
}

static void fill_shared(const step *s, rg_plan *plan)
{
    rg_rng rng = rg_rng_open(support_seed(), "data");
    const rg_conf_input *inputs;
    size_t n = rg_conf_inputs(s->conf, &inputs);
    float *x = rg_plan_buffer(plan, s->x);
    int32_t *y = rg_plan_buffer(plan, s->y);
    for (int i = 0; i < ROWS * FEATURES; i++)
        x[i] = (float)rg_rng_normal(&rng);
    for (int i = 0; i < ROWS; i++)
        y[i] = (int32_t)rg_rng_below(&rng, CLASSES);
    for (size_t i = 0; i < n; i++)
        *(float *)rg_plan_buffer(plan, inputs[i].input) =
            (float)rg_json_number(json_object_get(s->values, inputs[i].name), 0);
}

/* What member m starts from, into the buffers of its own plan or its part of the cohort's. */
static void fill_member(const step *s, int m, rg_plan *plan, const rg_val *in,
                        const rg_val *hyper, int part)
{
    const rg_weight *weights;
    rg_scope_weights(s->scope, &weights);
    for (size_t i = 0; i < s->weights; i++) {
        size_t n = (size_t)rg_val_count(s->in[i]);
        float *to = rg_plan_buffer(plan, in[i]);
        rg_init_fill(&weights[i].init, (uint64_t)m, weights[i].name, to + (size_t)part * n, n);
    }
    ((float *)rg_plan_buffer(plan, hyper[0]))[part] = 0.1f * (float)(m + 1);
    ((float *)rg_plan_buffer(plan, hyper[1]))[part] = 0.003f * (float)(m + 1);
}

static double take_step(const step *s, rg_plan *plan, int number, rg_val loss, int part)
{
    rg_err err = {0};
    *(float *)rg_plan_buffer(plan, s->count) = (float)(number + 1);
    assert_true(rg_plan_run(plan, &err));
    return ((float *)rg_plan_buffer(plan, loss))[part];
}

static void set_key(rg_plan *plan, rg_val key, int part, int member, int number)
{
    uint32_t *words = rg_plan_buffer(plan, key);
    words[2 * part] = (uint32_t)member;
    words[2 * part + 1] = (uint32_t)number;
}

static void compare_member(const step *s, const cohort *c, rg_plan *all, const float *losses,
                           int m)
{
    rg_plan *one = compile(s, s->loss, s->in, s->out);
    fill_shared(s, one);
    fill_member(s, m, one, s->in, (const rg_val[]){s->rate, s->lr}, 0);
    for (int number = 0; number < STEPS; number++) {
        set_key(one, s->scope->key, 0, m, number);
        assert_close(losses[number * MEMBERS + m], take_step(s, one, number, s->loss, 0), 1e-5);
    }
    for (size_t i = 0; i < s->n; i++) {
        int64_t n = rg_val_count(s->in[i]);
        const float *alone = rg_plan_buffer(one, s->in[i]);
        const float *wide = (const float *)rg_plan_buffer(all, c->in[i]) + m * n;
        for (int64_t k = 0; k < n; k++)
            assert_close(wide[k], alone[k], 1e-4);
    }
    rg_plan_free(one);
}

static void test_members_train_as_alone(void **state)
{
    (void)state;
    step s = make_step();
    cohort c = make_cohort(&s);
    float losses[STEPS * MEMBERS];
    rg_plan *all = compile(&s, c.loss, c.in, c.out);
    fill_shared(&s, all);
    for (int m = 0; m < MEMBERS; m++)
        fill_member(&s, m, all, c.in, c.in + s.n, m);
    for (int number = 0; number < STEPS; number++) {
        for (int m = 0; m < MEMBERS; m++)
            set_key(all, c.in[s.n + 2], m, m, number);
        take_step(&s, all, number, c.loss, 0);
        memcpy(losses + number * MEMBERS, rg_plan_buffer(all, c.loss), sizeof(float) * MEMBERS);
    }
    for (int m = 0; m < MEMBERS; m++)
        compare_member(&s, &c, all, losses, m);
    rg_plan_free(all);
    drop_step(&s);
}

/* Products that the values need. */
static size_t count_dots(rg_graph *graph, const rg_val *y, size_t n)
{
    rg_str text = {0};
    size_t dots = 0;
    rg_graph_print(graph, y, n, &text);
    for (const char *at = rg_str_text(&text); (at = strstr(at, "= dot ")); at++)
        dots++;
    rg_str_free(&text);
    return dots;
}

static void test_members_cost_no_products(void **state)
{
    (void)state;
    step s = make_step();
    cohort c = make_cohort(&s);
    size_t alone = count_dots(s.graph, s.out, s.n);
    assert_int_equal(count_dots(s.graph, c.out, s.n), alone);
    assert_int_equal(alone, 5); /* 2 forward, 2 for the weights, 1 for the hidden layer */
    drop_step(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_train_as_alone),
        cmocka_unit_test(test_members_cost_no_products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
