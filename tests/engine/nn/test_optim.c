/* test_optim.c - optimisers, clipping, schedules and a whole small network against PyTorch's.
 */
#include "engine/nn/section.h"
#include "engine/nn/torch.h"

static const json_t *at(const char *path)
{
    const json_t *found = rg_json_path(torch_record, path);
    assert_non_null(found);
    return found;
}

typedef struct update { /* one parameter, its gradient given */
    rg_graph *graph;
    rg_conf *conf;
    rg_optim *optim;
    rg_val p, g, next, lr, step;
    rg_plan *plan;
} update;

static update build(const json_t *values)
{
    update u = {.graph = rg_graph_new()};
    u.conf = rg_conf_new(u.graph, "train", rg_train_params, values);
    u.p = rg_input(u.graph, "p", RG_F32, rg_shape_of(6));
    u.g = rg_input(u.graph, "g", RG_F32, rg_shape_of(6));
    u.lr = rg_input(u.graph, "lr", RG_F32, RG_SCALAR);
    u.step = rg_input(u.graph, "step", RG_F32, RG_SCALAR);
    u.optim = rg_optim_new(u.graph, u.conf, u.lr, u.step);
    rg_val gradient = u.g;
    if (!rg_conf_off(u.conf, "clip"))
        rg_clip_by_norm(&gradient, 1, rg_conf_val(u.conf, "clip"));
    const rg_optimizer *rule = rg_optimizer_find(rg_json_text(values, "optimizer", ""));
    assert_non_null(rule);
    u.next = rule->update(u.optim, "p", u.p, gradient);
    const rg_optim_tensor *slots;
    size_t n = rg_optim_slots(u.optim, &slots);
    rg_carry carries[8] = {{u.p, u.next}};
    for (size_t i = 0; i < n; i++)
        carries[i + 1] = (rg_carry){slots[i].input, slots[i].output};
    u.plan = compile(u.graph, NULL, 0, carries, n + 1);
    set_hyper_parameters(u.plan, u.conf, values);
    return u;
}

static void drop(update *u)
{
    rg_plan_free(u->plan);
    rg_optim_free(u->optim);
    rg_conf_free(u->conf);
    rg_graph_free(u->graph);
}

static void test_updates(void **state)
{
    (void)state;
    size_t i, k;
    json_t *item, *gradient;
    json_array_foreach (at("optimisers.cases"), i, item) {
        json_t *values = train_section(item);
        update u = build(values);
        fill(u.plan, u.p, at("optimisers.start"));
        *(float *)rg_plan_buffer(u.plan, u.lr) =
            (float)json_number_value(json_object_get(item, "lr"));
        json_array_foreach (at("optimisers.gradients"), k, gradient) {
            fill(u.plan, u.g, gradient);
            *(float *)rg_plan_buffer(u.plan, u.step) = (float)(k + 1);
            run(u.plan);
            torch_equal(rg_plan_buffer(u.plan, u.p),
                        json_array_get(json_object_get(item, "path"), k), 3e-6);
        }
        drop(&u);
        json_decref(values);
    }
}

static void test_tables_have_names(void **state)
{
    (void)state;
    size_t n = 0;
    for (; rg_optimizers[n].name; n++)
        assert_string_equal(rg_optimizers[n].name, rg_optimizer_names[n]);
    assert_null(rg_optimizer_names[n]);
    for (n = 0; rg_schedules[n].name; n++)
        assert_string_equal(rg_schedules[n].name, rg_schedule_names[n]);
    assert_null(rg_schedule_names[n]);
    assert_null(rg_optimizer_find("none"));
    assert_null(rg_schedule_find("none"));
}

/* The validation score of each step, as if each were an epoch, into the plateau. */
static void watch(rg_plateau *plateau, double *best, size_t k)
{
    double score = json_number_value(json_array_get(at("schedules.plateau_scores"), k));
    rg_plateau_epoch(plateau, score < *best, 2, 0.3);
    *best = fmin(*best, score);
}

static void test_schedules(void **state)
{
    (void)state;
    double steps = json_number_value(at("schedules.steps"));
    double epoch = json_number_value(at("schedules.steps_per_epoch"));
    for (const rg_schedule *s = rg_schedules; s->name; s++) {
        const json_t *expected = json_object_get(at("schedules"), s->name);
        assert_non_null(expected);
        rg_plateau plateau = {.factor = 1};
        double best = INFINITY;
        for (size_t k = 0; k < (size_t)steps; k++) {
            rg_schedule_at now = {.step = (double)k,
                                  .steps = steps,
                                  .epoch = floor((double)k / epoch),
                                  .step_size = 2,
                                  .gamma = 0.3,
                                  .plateau = plateau.factor};
            assert_close(rg_schedule_factor(s, &now, 0),
                         json_number_value(json_array_get(expected, k)), 1e-12);
            watch(&plateau, &best, k);
        }
    }
}

static void test_warm_up(void **state)
{
    (void)state;
    const rg_schedule *linear = rg_schedule_find("linear");
    const double expected[] = {0.25, 0.5, 0.75, 1, 1, 0.75, 0.5, 0.25};
    for (size_t k = 0; k < RG_COUNT(expected); k++) {
        rg_schedule_at now = {.step = (double)k, .steps = 8};
        assert_close(rg_schedule_factor(linear, &now, 4), expected[k], 1e-12);
    }
}

/* Vaswani et al. 2017, equation 3, but for its constant: min(t^-0.5, t w^-1.5) sqrt(w). */
static void test_inverse_square_root_after_a_warm_up(void **state)
{
    (void)state;
    const rg_schedule *schedule = rg_schedule_find("inverse_sqrt");
    for (int t = 1; t <= 40; t++) {
        rg_schedule_at now = {.step = t, .steps = 40};
        double rise = (t + 1) / 8.0, fall = sqrt(8.0 / t);
        assert_close(rg_schedule_factor(schedule, &now, 8), t < 8 ? rise : fall, 1e-12);
    }
}

/* ---- Ten AdamW steps of a whole network */

typedef struct net {
    rg_graph *graph;
    rg_conf *conf;
    rg_scope *scope;
    rg_optim *optim;
    rg_val x, labels, loss, step, lr;
    rg_carry carries[12];
    size_t n_carries;
} net;

static void build_net(net *n, const json_t *values)
{
    n->graph = rg_graph_new();
    n->conf = rg_conf_new(n->graph, "train", rg_train_params, values);
    n->scope = rg_scope_new(n->graph, true, 3, NULL);
    n->x = rg_input(n->graph, "x", RG_F32, rg_shape_of(6, 4));
    n->labels = rg_input(n->graph, "labels", RG_I32, rg_shape_of(6));
    n->lr = rg_input(n->graph, "lr", RG_F32, RG_SCALAR);
    n->step = rg_input(n->graph, "step", RG_F32, RG_SCALAR);
    rg_val hidden = rg_activate(rg_linear(n->scope, n->x, 8), "relu");
    rg_val losses = rg_cross_entropy(rg_linear(n->scope, hidden, 3), n->labels, (rg_val){0});
    n->loss = rg_mul(rg_sum(losses, RG_ALL_AXES, false), rg_const(n->graph, 1.0 / 6, RG_F32));
    n->optim = rg_optim_new(n->graph, n->conf, n->lr, n->step);
    const rg_weight *weights;
    rg_val inputs[4], gradients[4];
    assert_int_equal(rg_scope_weights(n->scope, &weights), 4);
    for (size_t i = 0; i < 4; i++)
        inputs[i] = weights[i].input;
    rg_grad(n->loss, inputs, 4, gradients);
    for (size_t i = 0; i < 4; i++)
        n->carries[n->n_carries++] =
            (rg_carry){inputs[i], rg_optimizer_find("adamw")->update(n->optim, weights[i].name,
                                                                     inputs[i], gradients[i])};
    const rg_optim_tensor *slots;
    size_t n_slots = rg_optim_slots(n->optim, &slots);
    for (size_t i = 0; i < n_slots; i++)
        n->carries[n->n_carries++] = (rg_carry){slots[i].input, slots[i].output};
}

static void test_network(void **state)
{
    (void)state;
    json_t *values = rg_param_defaults(rg_train_params);
    json_object_set_new(values, "weight_decay", json_real(0.1));
    net n = {0};
    build_net(&n, values);
    rg_plan *plan = compile(n.graph, &n.loss, 1, n.carries, n.n_carries);
    set_hyper_parameters(plan, n.conf, values);
    fill(plan, n.x, at("network.x"));
    torch_copy_ints(at("network.labels"), rg_plan_buffer(plan, n.labels));
    for (size_t i = 0; i < 4; i++)
        fill(plan, n.carries[i].input, json_array_get(at("network.start"), i));
    *(float *)rg_plan_buffer(plan, n.lr) = 0.01f;
    for (size_t k = 0; k < 10; k++) {
        *(float *)rg_plan_buffer(plan, n.step) = (float)(k + 1);
        run(plan);
        assert_close(*(float *)rg_plan_buffer(plan, n.loss),
                     json_number_value(json_array_get(at("network.losses"), k)), 3e-6);
    }
    for (size_t i = 0; i < 4; i++)
        torch_equal(rg_plan_buffer(plan, n.carries[i].input),
                    json_array_get(at("network.end"), i), 2e-5);
    rg_plan_free(plan);
    rg_optim_free(n.optim);
    rg_scope_free(n.scope);
    rg_conf_free(n.conf);
    rg_graph_free(n.graph);
    json_decref(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_updates),
        cmocka_unit_test(test_tables_have_names),
        cmocka_unit_test(test_schedules),
        cmocka_unit_test(test_warm_up),
        cmocka_unit_test(test_inverse_square_root_after_a_warm_up),
        cmocka_unit_test(test_network),
    };
    return cmocka_run_group_tests(tests, torch_load, torch_unload);
}
