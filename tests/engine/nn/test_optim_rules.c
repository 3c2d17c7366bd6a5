/* test_optim_rules.c - ten steps of each optimiser on a least-squares problem with a matrix and
 * a vector, against PyTorch or, where it has none, the paper's formulas in float64
 * (tests/peers/record_torch_layers.py): every parameter after every step. */
#include "engine/nn/section.h"
#include "engine/nn/torch.h"

typedef struct trial {
    json_t *values; /* of the section "train" */
    rg_graph *graph;
    rg_conf *conf;
    rg_optim *optim;
    rg_val x, y, parameter[2], lr, step; /* w: (4, 3), b: (3) */
    rg_plan *plan;
} trial;

static const char *const names[2] = {"w", "b"};

/* mean((tanh(x w + b) - y)^2) */
static rg_val loss_of(trial *t)
{
    t->x = rg_input(t->graph, "x", RG_F32, rg_shape_of(6, 4));
    t->y = rg_input(t->graph, "y", RG_F32, rg_shape_of(6, 3));
    t->parameter[0] = rg_input(t->graph, "w", RG_F32, rg_shape_of(4, 3));
    t->parameter[1] = rg_input(t->graph, "b", RG_F32, rg_shape_of(3));
    rg_val out = rg_tanh(rg_add(rg_matmul(t->x, t->parameter[0]), t->parameter[1]));
    rg_val sum = rg_sum(rg_squared_error(out, t->y), RG_ALL_AXES, false);
    return rg_mul(sum, rg_const(t->graph, 1.0 / 18, RG_F32));
}

static void gradients_of(trial *t, rg_val *g)
{
    rg_grad(loss_of(t), t->parameter, 2, g);
    if (!rg_conf_off(t->conf, "sam"))
        rg_sharpness_aware(g, t->parameter, 2, rg_conf_val(t->conf, "sam"));
    if (!rg_conf_off(t->conf, "clip"))
        rg_clip_by_norm(g, 2, rg_conf_val(t->conf, "clip"));
    if (!rg_conf_off(t->conf, "clip_value"))
        rg_clip_by_value(g, 2, rg_conf_val(t->conf, "clip_value"));
}

static rg_plan *plan_of(const trial *t, const rg_val *next)
{
    const rg_optim_tensor *slots;
    size_t n = rg_optim_slots(t->optim, &slots);
    rg_carry carries[16] = {{t->parameter[0], next[0]}, {t->parameter[1], next[1]}};
    for (size_t i = 0; i < n; i++)
        carries[i + 2] = (rg_carry){slots[i].input, slots[i].output};
    return compile(t->graph, NULL, 0, carries, n + 2);
}

static void set_numbers(trial *t)
{
    set_hyper_parameters(t->plan, t->conf, t->values);
    *(float *)rg_plan_buffer(t->plan, t->lr) =
        (float)json_number_value(json_object_get(t->values, "lr"));
    fill(t->plan, t->x, json_object_get(torch_record, "x"));
    fill(t->plan, t->y, json_object_get(torch_record, "y"));
    for (size_t i = 0; i < 2; i++)
        fill(t->plan, t->parameter[i], json_object_get(torch_record, names[i]));
}

static trial open_trial(const json_t *item)
{
    trial t = {.values = train_section(item), .graph = rg_graph_new()};
    t.conf = rg_conf_new(t.graph, "train", rg_train_params, t.values);
    t.lr = rg_input(t.graph, "lr", RG_F32, RG_SCALAR);
    t.step = rg_input(t.graph, "step", RG_F32, RG_SCALAR);
    t.optim = rg_optim_new(t.graph, t.conf, t.lr, t.step);
    rg_val g[2], next[2];
    gradients_of(&t, g);
    const rg_optimizer *rule = rg_optimizer_find(rg_json_text(t.values, "optimizer", ""));
    assert_non_null(rule);
    for (size_t i = 0; i < 2; i++)
        next[i] = rule->update(t.optim, names[i], t.parameter[i], g[i]);
    t.plan = plan_of(&t, next);
    set_numbers(&t);
    return t;
}

static void close_trial(trial *t)
{
    rg_plan_free(t->plan);
    rg_optim_free(t->optim);
    rg_conf_free(t->conf);
    rg_graph_free(t->graph);
    json_decref(t->values);
}

/* Float32 against float64 over ten steps: rounding grows with the steps, more so where matrices
 * are whitened. */
static double tolerance_of(const char *rule)
{
    return !strcmp(rule, "shampoo") || !strcmp(rule, "muon") ? 2e-4 : 1e-5;
}

static void check_path(const json_t *item)
{
    trial t = open_trial(item);
    const char *rule = rg_json_text(item, "optimizer", "");
    const json_t *path = json_object_get(item, "path");
    for (size_t k = 0; k < json_array_size(path); k++) {
        *(float *)rg_plan_buffer(t.plan, t.step) = (float)(k + 1);
        run(t.plan);
        for (size_t i = 0; i < 2; i++) {
            const json_t *expected = json_object_get(json_array_get(path, k), names[i]);
            const float *got = rg_plan_buffer(t.plan, t.parameter[i]);
            for (size_t e = 0; e < json_array_size(expected); e++) {
                double value = json_number_value(json_array_get(expected, e));
                if (!(fabs(got[e] - value) <= tolerance_of(rule)))
                    fail_msg("%s, step %zu, %s[%zu]: got %.9g, recorded %.9g", rule, k + 1,
                             names[i], e, (double)got[e], value);
            }
        }
    }
    close_trial(&t);
}

static void test_paths(void **state)
{
    (void)state;
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(torch_record, "cases"), i, item)
        check_path(item);
}

/* Decay of all parameters, and of the matrix alone. */
static void test_decays(void **state)
{
    (void)state;
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(torch_record, "decays"), i, item)
        check_path(item);
}

static void test_every_rule_is_recorded(void **state)
{
    (void)state;
    const json_t *decays = json_object_get(torch_record, "decays");
    size_t rule = 0;
    for (const rg_optimizer *o = rg_optimizers; o->name; o++, rule++) {
        size_t i, all = 0, matrices = 0;
        json_t *item;
        json_array_foreach (decays, i, item)
            if (!strcmp(rg_json_text(item, "optimizer", ""), o->name)) {
                all += !strcmp(rg_json_text(item, "decay_on", ""), "all");
                matrices += !strcmp(rg_json_text(item, "decay_on", ""), "matrices");
            }
        if (all != 1 || matrices != 1)
            fail_msg("%s: %zu paths with decay of all, %zu of matrices", o->name, all,
                     matrices);
    }
    assert_int_equal(json_array_size(decays), 2 * rule);
}

/* ---- One update of a weight of any shape, its gradient given */

static void update_named(const char *rule, const char *name, rg_shape shape, const float *g,
                         float *p)
{
    json_t *item =
        json_pack("{s:s, s:f, s:f}", "optimizer", rule, "lr", 0.1, "weight_decay", 0.0);
    trial t = {.values = train_section(item), .graph = rg_graph_new()};
    t.conf = rg_conf_new(t.graph, "train", rg_train_params, t.values);
    rg_val lr = rg_const(t.graph, 0.1, RG_F32), one = rg_const(t.graph, 1, RG_F32);
    t.optim = rg_optim_new(t.graph, t.conf, lr, one);
    rg_val parameter = rg_input(t.graph, "p", RG_F32, shape);
    rg_val gradient = rg_input(t.graph, "g", RG_F32, shape);
    rg_val next = rg_optimizer_find(rule)->update(t.optim, name, parameter, gradient);
    t.plan = compile(t.graph, &next, 1, NULL, 0);
    set_hyper_parameters(t.plan, t.conf, t.values);
    size_t bytes = (size_t)rg_val_count(parameter) * sizeof(*p);
    memcpy(rg_plan_buffer(t.plan, parameter), p, bytes);
    memcpy(rg_plan_buffer(t.plan, gradient), g, bytes);
    run(t.plan);
    memcpy(p, rg_plan_buffer(t.plan, next), bytes);
    close_trial(&t);
    json_decref(item);
}

static void update_once(const char *rule, rg_shape shape, const float *g, float *p)
{
    update_named(rule, "p", shape, g, p);
}

/* The filters of a convolution move as a matrix with one filter a row; other weights of three
 * axes do not. */
static void test_filters_are_rows(void **state)
{
    (void)state;
    static const char *const rules[] = {"adafactor", "muon", "shampoo"};
    for (size_t k = 0; k < RG_COUNT(rules); k++) {
        float g[24], filters[24] = {0}, matrix[24] = {0}, other[24] = {0};
        rg_rng rng = rg_rng_open(support_seed(), "filters");
        for (size_t i = 0; i < 24; i++)
            g[i] = (float)rg_rng_normal(&rng);
        update_named(rules[k], "block0.conv1.filters", rg_shape_of(3, 2, 4), g, filters);
        update_named(rules[k], "linear0.weight", rg_shape_of(3, 8), g, matrix);
        update_named(rules[k], "mixture0.filters_up", rg_shape_of(3, 2, 4), g, other);
        assert_memory_equal(filters, matrix, sizeof(filters));
        assert_memory_not_equal(filters, other, sizeof(filters));
    }
}

/* Scalars, single elements, three axes, no element at all; gradients of zero leave numbers. */
static void test_shapes_and_zero_gradients(void **state)
{
    (void)state;
    const rg_shape shapes[] = {RG_SCALAR,         rg_shape_of(1),    rg_shape_of(1, 1),
                               rg_shape_of(1, 5), rg_shape_of(5, 1), rg_shape_of(2, 3, 4),
                               rg_shape_of(0, 3)};
    for (const rg_optimizer *o = rg_optimizers; o->name; o++)
        for (size_t k = 0; k < RG_COUNT(shapes); k++)
            for (int zero = 0; zero < 2; zero++) {
                float p[24], g[24], before[24];
                for (size_t i = 0; i < 24; i++) {
                    before[i] = p[i] = 0.5f + 0.1f * (float)i;
                    g[i] = zero ? 0 : 1 + 0.3f * (float)(i * i % 7);
                }
                update_once(o->name, shapes[k], g, p);
                bool moved = memcmp(p, before, sizeof(p)) != 0;
                for (size_t i = 0; i < 24; i++)
                    if (!isfinite(p[i]))
                        fail_msg("%s, shape %zu, zero %d: %g", o->name, k, zero, (double)p[i]);
                if (moved == (zero || k == RG_COUNT(shapes) - 1))
                    fail_msg("%s, shape %zu, zero %d: moved %d", o->name, k, zero, moved);
            }
}

/* Muon's step has singular values near 1 times its scale: rows of the step are near orthogonal
 * for any gradient, wide or tall. */
static void check_muon(int64_t rows, int64_t columns)
{
    float p[40] = {0}, g[40];
    rg_rng rng = rg_rng_open(support_seed(), "muon %lld", (long long)rows);
    for (int64_t i = 0; i < rows * columns; i++)
        g[i] = (float)rg_rng_normal(&rng);
    update_once("muon", rg_shape_of(rows, columns), g, p);
    int64_t few = rows < columns ? rows : columns, many = rows < columns ? columns : rows;
    double scale = 0.1 * 0.2 * sqrt((double)many);
    for (int64_t a = 0; a < few; a++)
        for (int64_t b = 0; b < few; b++) {
            double sum = 0;
            for (int64_t i = 0; i < many; i++)
                sum += rows < columns ? (double)p[a * columns + i] * p[b * columns + i]
                                      : (double)p[i * columns + a] * p[i * columns + b];
            sum /= scale * scale;
            if (a == b)
                assert_true(sum > 0.4 && sum < 1.5);
            else
                assert_true(fabs(sum) < 0.5);
        }
}

static void test_muon_orthogonalises(void **state)
{
    (void)state;
    check_muon(4, 8);
    check_muon(10, 4);
}

/* Shampoo leaves out a side of more than 1024: one row of 1030 has L = |g|^2 and the step g /
 * |g|; when both are too long each element stands alone. */
static void test_shampoo_of_long_sides(void **state)
{
    (void)state;
    enum { LONG = 1030 };
    static float p[LONG * LONG], g[LONG * LONG];
    rg_rng rng = rg_rng_open(support_seed(), "long");
    double square = 0;
    for (int i = 0; i < LONG; i++) {
        g[i] = (float)rg_rng_normal(&rng);
        square += (double)g[i] * g[i];
    }
    update_once("shampoo", rg_shape_of(1, LONG), g, p);
    for (int i = 0; i < LONG; i++)
        assert_close(p[i], -0.1 * g[i] / sqrt(square * (1 + 1e-6)), 1e-6);
    memset(p, 0, sizeof(p));
    for (int i = 0; i < LONG * LONG; i++)
        g[i] = i % 3 ? 2 : -5;
    update_once("shampoo", rg_shape_of(LONG, LONG), g, p);
    for (int i = 0; i < LONG * LONG; i++)
        assert_close(p[i], i % 3 ? -0.1 : 0.1, 1e-6);
}

static int load(void **state)
{
    (void)state;
    torch_record = torch_read("torch_rules.json");
    return torch_record ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_decays),
        cmocka_unit_test(test_every_rule_is_recorded),
        cmocka_unit_test(test_shapes_and_zero_gradients),
        cmocka_unit_test(test_filters_are_rows),
        cmocka_unit_test(test_muon_orthogonalises),
        cmocka_unit_test(test_shampoo_of_long_sides),
    };
    return cmocka_run_group_tests(tests, load, torch_unload);
}
