/* test_recurrent.c - values and gradients of recurrent layers against PyTorch's. */
#define TORCH_RECORD "recurrent.json"
#include "engine/nn/torch.h"

#include "rigor/nn.h"

static const struct {
    const char *name;
    rg_recurrence (*layer)(rg_place at, rg_scope *scope, rg_val x, int64_t width);
    int64_t gates;
} layers[] = {{"rnn", rg_rnn_at, 1}, {"lstm", rg_lstm_at, 4}, {"gru", rg_gru_at, 3}};

static int64_t size_of(const char *key)
{
    return json_integer_value(json_object_get(torch_record, key));
}

static void fill_named(rg_plan *plan, rg_val x, const json_t *record, const char *name)
{
    const json_t *list = json_object_get(record, name);
    assert_int_equal(json_array_size(list), rg_val_count(x));
    fill(plan, x, list);
}

static void expect(rg_plan *plan, rg_val x, const json_t *record, const char *name)
{
    const json_t *list = json_object_get(record, name);
    assert_int_equal(json_array_size(list), rg_val_count(x));
    torch_equal(rg_plan_buffer(plan, x), list, 5e-6);
}

static void check(size_t k, const json_t *record)
{
    int64_t batch = size_of("B"), steps = size_of("T"), inputs = size_of("D"),
            width = size_of("H");
    rg_graph *graph = rg_graph_new();
    rg_scope *scope = rg_scope_new(graph, false, 2, NULL);
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(batch, steps, inputs));
    rg_val u = rg_input(graph, "u", RG_F32, rg_shape_of(batch, steps, width));
    rg_val v = rg_input(graph, "v", RG_F32, rg_shape_of(batch, width));
    rg_recurrence r = layers[k].layer(RG_HERE, scope, x, width);
    rg_val loss = rg_add(rg_sum(rg_mul(r.states, u), RG_ALL_AXES, false),
                         rg_sum(rg_mul(r.last, v), RG_ALL_AXES, false));
    if (r.cell.id)
        loss = rg_add(loss, rg_sum(rg_mul(r.cell, v), RG_ALL_AXES, false));
    const rg_weight *weight;
    assert_int_equal(rg_scope_weights(scope, &weight), 4);
    rg_val by[5] = {x}, out[8] = {r.states, r.last, r.cell.id ? r.cell : r.last};
    for (int i = 0; i < 4; i++)
        by[i + 1] = weight[i].input;
    rg_grad(loss, by, 5, out + 3);
    rg_plan *plan = compile(graph, out, 8, NULL, 0);
    fill_named(plan, x, record, "x");
    fill_named(plan, u, record, "weigh_states");
    fill_named(plan, v, record, "weigh_last");
    for (int i = 0; i < 4; i++)
        fill_named(plan, weight[i].input, record, strchr(weight[i].name, '.') + 1);
    run(plan);
    expect(plan, r.states, record, "states");
    expect(plan, r.last, record, "last");
    if (r.cell.id)
        expect(plan, r.cell, record, "cell");
    expect(plan, out[3], record, "dx");
    for (int i = 0; i < 4; i++) {
        char name[32];
        snprintf(name, sizeof(name), "d%s", strchr(weight[i].name, '.') + 1);
        expect(plan, out[4 + i], record, name);
    }
    rg_plan_free(plan);
    rg_scope_free(scope);
    rg_graph_free(graph);
}

static void test_layers(void **state)
{
    (void)state;
    size_t i;
    json_t *record;
    json_array_foreach (json_object_get(torch_record, "cases"), i, record) {
        assert_string_equal(rg_json_text(record, "name", ""), layers[i].name);
        check(i, record);
    }
    assert_int_equal(i, RG_COUNT(layers));
}

static void test_names_and_initial_values(void **state)
{
    (void)state;
    for (size_t k = 0; k < RG_COUNT(layers); k++) {
        rg_graph *graph = rg_graph_new();
        rg_scope *scope = rg_scope_new(graph, false, 2, NULL);
        rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(2, 3, 10));
        x = layers[k].layer(RG_HERE, scope, x, 16).states;
        x = layers[k].layer(RG_HERE, scope, x, 16).states;
        assert_int_equal(rg_graph_error(graph)->code, RG_OK);
        static const char *const kinds[] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
        const rg_weight *weight;
        assert_int_equal(rg_scope_weights(scope, &weight), 8);
        for (int i = 0; i < 8; i++) {
            char name[64];
            float values[4096], largest = 0;
            snprintf(name, sizeof(name), "%s%d.%s", layers[k].name, i / 4, kinds[i % 4]);
            assert_string_equal(weight[i].name, name);
            assert_int_equal(rg_val_shape(weight[i].input).dim[0], 16 * layers[k].gates);
            rg_init_fill(&weight[i].init, 3, name, values, RG_COUNT(values));
            for (size_t e = 0; e < RG_COUNT(values); e++)
                largest = fmaxf(largest, fabsf(values[e]));
            assert_in_range((int)(largest * 1000), 248, 250); /* 1 / sqrt(16) */
        }
        rg_scope_free(scope);
        rg_graph_free(graph);
    }
}

static void test_mistakes_name_the_model(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_scope *scope = rg_scope_new(graph, false, 2, NULL);
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(2, 3));
    int line = __LINE__ + 1;
    rg_lstm(scope, x, 16);
    char where[64];
    snprintf(where, sizeof(where), "test_recurrent.c:%d", line);
    assert_string_equal(rg_graph_error(graph)->what,
                        "a recurrent layer of rank 2 and width 16");
    assert_string_equal(rg_graph_error(graph)->where, where);
    rg_scope_free(scope);
    rg_graph_free(graph);
}

/* Numbers are of the type of x, weights of the scope's. */
static void test_double(void **state)
{
    (void)state;
    for (size_t k = 0; k < RG_COUNT(layers); k++) {
        rg_graph *graph = rg_graph_new();
        rg_scope *scope = rg_scope_new(graph, false, 2, NULL);
        scope->dtype = RG_F64;
        rg_val x = rg_input(graph, "x", RG_F64, rg_shape_of(2, 3, 4));
        rg_recurrence r = layers[k].layer(RG_HERE, scope, x, 5);
        assert_string_equal(rg_graph_error(graph)->what, "");
        assert_int_equal(rg_val_dtype(r.states), RG_F64);
        rg_scope_free(scope);
        rg_graph_free(graph);
    }
}

/* No examples, and no steps: empty values, and a state of zeros. */
static void test_nothing(void **state)
{
    (void)state;
    for (int64_t batch = 0; batch < 3; batch += 2) {
        rg_graph *graph = rg_graph_new();
        rg_scope *scope = rg_scope_new(graph, false, 2, NULL);
        rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(batch, batch ? 0 : 4, 3)), g;
        rg_recurrence r = rg_gru(scope, x, 5);
        const rg_weight *weight;
        rg_scope_weights(scope, &weight);
        rg_grad(rg_sum(r.last, RG_ALL_AXES, false), &weight[1].input, 1, &g);
        const rg_val out[] = {r.states, r.last, g};
        rg_plan *plan = compile(graph, out, 3, NULL, 0);
        run(plan);
        const float *last = rg_plan_buffer(plan, r.last), *slope = rg_plan_buffer(plan, g);
        for (int64_t i = 0; i < rg_val_count(r.last); i++)
            assert_true(last[i] == 0);
        for (int64_t i = 0; i < rg_val_count(g); i++)
            assert_true(slope[i] == 0);
        rg_plan_free(plan);
        rg_scope_free(scope);
        rg_graph_free(graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_names_and_initial_values),
        cmocka_unit_test(test_mistakes_name_the_model),
        cmocka_unit_test(test_double),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, torch_load, torch_unload);
}
