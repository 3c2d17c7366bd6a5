/* test_run.c - what a plan promises its user: buffers, carries, clones, binding, errors. */
#include "engine/cpu/program.h"
#include "support.h"

static rg_plan *compile(rg_graph *graph, const rg_val *output, size_t outputs,
                        const rg_carry *carry, size_t carries)
{
    rg_err err = {0};
    rg_plan *plan = rg_plan_compile(graph, output, outputs, carry, carries, NULL, &err);
    if (!plan)
        fail_msg("%s: %s", err.where, err.what);
    return plan;
}

static void run(rg_plan *plan)
{
    rg_err err = {0};
    if (!rg_plan_run(plan, &err))
        fail_msg("%s: %s", err.where, err.what);
}

static float *f32(rg_plan *plan, rg_val x)
{
    return rg_plan_buffer(plan, x);
}

static rg_val scalar(rg_graph *graph, const char *name)
{
    return rg_input(graph, name, RG_F32, RG_SCALAR);
}

/* Each case runs with the reference interpreter, too. */
#define BOTH(function) \
    static void test_##function(void **state) \
    { \
        (void)state; \
        function(false); \
        function(true); \
    }

static rg_plan *compile_as(rg_graph *graph, const rg_val *output, size_t outputs,
                           const rg_carry *carry, size_t carries, bool reference)
{
    rg_err err = {0};
    rg_plan *plan = rg_plan_compile(graph, output, outputs, carry, carries,
                                    &(rg_plan_options){.reference = reference}, &err);
    if (!plan)
        fail_msg("%s: %s", err.where, err.what);
    return plan;
}

/* Carries see the old values of all inputs: a swap, a copy, a sum, all at once. */
static void carries_are_simultaneous(bool reference)
{
    rg_graph *graph = rg_graph_new();
    rg_val a = scalar(graph, "a"), b = scalar(graph, "b"), c = scalar(graph, "c");
    rg_val d = scalar(graph, "d"), total = rg_add(rg_add(a, b), c);
    rg_val view = rg_reshape(a, rg_shape_of(1));
    rg_carry carry[] = {{a, b}, {b, a}, {c, total}, {d, d}};
    rg_plan *plan = compile_as(graph, (const rg_val[]){total, view}, 2, carry, 4, reference);
    *f32(plan, a) = 1;
    *f32(plan, b) = 2;
    *f32(plan, c) = 4;
    *f32(plan, d) = 8;
    run(plan);
    assert_true(*f32(plan, a) == 2 && *f32(plan, b) == 1 && *f32(plan, c) == 7);
    assert_true(*f32(plan, d) == 8 && *f32(plan, total) == 7);
    assert_true(*f32(plan, view) == 1); /* the value before the update */
    run(plan);
    assert_true(*f32(plan, a) == 1 && *f32(plan, b) == 2 && *f32(plan, c) == 10);
    rg_plan_free(plan);
    rg_graph_free(graph);
}
BOTH(carries_are_simultaneous)

static void one_value_for_two_inputs(bool reference)
{
    rg_graph *graph = rg_graph_new();
    rg_val a = scalar(graph, "a"), b = scalar(graph, "b"), one = rg_const(graph, 1, RG_F32);
    rg_val next = rg_add(a, one);
    rg_carry carry[] = {{a, next}, {b, next}};
    rg_plan *plan = compile_as(graph, &next, 1, carry, 2, reference);
    for (int i = 0; i < 3; i++)
        run(plan);
    assert_true(*f32(plan, a) == 3 && *f32(plan, b) == 3 && *f32(plan, next) == 3);
    rg_plan_free(plan);
    rg_graph_free(graph);
}
BOTH(one_value_for_two_inputs)

static void test_outputs_of_every_kind(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(2));
    rg_val constant = rg_const(graph, 3, RG_F32);
    rg_val wide = rg_broadcast(constant, rg_shape_of(2));
    rg_val array = rg_const_array(graph, (const float[]){5, 6}, RG_F32, rg_shape_of(2));
    rg_val view = rg_reshape(x, rg_shape_of(2, 1));
    const rg_val outputs[] = {x, constant, wide, array, view, x};
    rg_plan *plan = compile(graph, outputs, 6, NULL, 0);
    f32(plan, x)[1] = 9;
    run(plan);
    assert_true(f32(plan, x)[1] == 9 && *f32(plan, constant) == 3 && f32(plan, wide)[1] == 3);
    assert_true(f32(plan, array)[1] == 6 && f32(plan, view)[1] == 9);
    assert_null(rg_plan_buffer(plan, rg_exp(x)));
    rg_plan_free(plan);
    rg_graph_free(graph);
}

static void test_clone_has_its_own_buffers(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = scalar(graph, "x"), y = rg_mul(x, rg_const(graph, 2, RG_F32));
    rg_carry carry = {x, y};
    rg_plan *plan = compile(graph, &y, 1, &carry, 1);
    *f32(plan, x) = 5;
    rg_err err = {0};
    rg_plan *twin = rg_plan_clone(plan, &err);
    assert_true(*f32(twin, x) == 0);
    *f32(twin, x) = 1;
    run(plan);
    run(twin);
    run(twin);
    assert_true(*f32(plan, x) == 10 && *f32(twin, x) == 4);
    rg_plan_free(plan); /* the clone keeps the program */
    run(twin);
    assert_true(*f32(twin, x) == 8);
    rg_plan_free(twin);
    rg_graph_free(graph);
}

static void test_bind(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(3)), w = scalar(graph, "w");
    rg_val y = rg_sum(rg_mul(x, w), RG_ALL_AXES, false);
    rg_carry carry = {w, rg_add(w, rg_const(graph, 1, RG_F32))};
    rg_plan *plan = compile(graph, &y, 1, &carry, 1);
    float memory[8] = {0, 1, 2, 3}, weight = 2;
    rg_plan_bind(plan, x, memory + 1);
    rg_plan_bind(plan, w, &weight);
    assert_ptr_equal(rg_plan_buffer(plan, x), memory + 1);
    run(plan);
    assert_true(*f32(plan, y) == 12 && weight == 3);
    rg_plan_free(plan);
    rg_graph_free(graph);
}

/* Inputs that no result depends on can be written and bound all the same. */
static void test_unused_inputs(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = scalar(graph, "x"),
           unused = rg_input(graph, "unused", RG_F32, rg_shape_of(1000));
    rg_val y = rg_exp(x);
    rg_plan *plan = compile(graph, &y, 1, NULL, 0);
    float *buffer = f32(plan, unused);
    buffer[999] = 1;
    assert_ptr_equal(f32(plan, unused), buffer);
    rg_plan_bind(plan, unused, buffer);
    assert_true(rg_plan_bytes(plan) < 4000);
    run(plan);
    assert_true(*f32(plan, y) == 1);
    rg_plan_free(plan);
    rg_graph_free(graph);
}

/* ---- Errors. */
static void index_out_of_range(bool reference)
{
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(5, 2));
    rg_val i = rg_input(graph, "i", RG_I32, rg_shape_of(3));
    rg_val y = rg_gather(x, i, 0), z = rg_scatter_add(rg_shape_of(4, 2), i, y, 0);
    rg_plan *plan = compile_as(graph, (const rg_val[]){y, z}, 2, NULL, 0, reference);
    int32_t *index = rg_plan_buffer(plan, i);
    run(plan);
    rg_err err = {0};
    index[1] = -1;
    assert_false(rg_plan_run(plan, &err));
    assert_string_equal(err.what, "gather: index -1 is out of range for an axis of length 5");
    assert_true(rg_text_starts(err.where, "test_run.c:"));
    index[1] = 4;
    err = (rg_err){0};
    assert_false(rg_plan_run(plan, &err));
    assert_string_equal(err.what,
                        "scatter_add: index 4 is out of range for an axis of length 4");
    index[1] = 3;
    run(plan);
    rg_plan_free(plan);
    rg_graph_free(graph);
}
BOTH(index_out_of_range)

static void expect_refusal(rg_graph *graph, const rg_carry *carry, size_t n, const char *what)
{
    rg_err err = {0};
    assert_null(rg_plan_compile(graph, NULL, 0, carry, n, NULL, &err));
    assert_int_equal(err.code, RG_INPUT);
    assert_string_equal(err.what, what);
}

static void test_compile_refuses(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = scalar(graph, "x"), y = rg_exp(x);
    rg_val wide = rg_input(graph, "wide", RG_F32, rg_shape_of(3));
    expect_refusal(graph, (const rg_carry[]){{y, x}}, 1,
                   "a value made by exp cannot be carried into");
    expect_refusal(graph, (const rg_carry[]){{x, wide}}, 1,
                   "input 'x' has shape () and type f32; what is carried into it has shape (3) "
                   "and type f32");
    expect_refusal(graph, (const rg_carry[]){{x, x}, {x, y}}, 2,
                   "two values are carried into input 'x'");
    rg_add(wide, rg_input(graph, "four", RG_F32, rg_shape_of(4)));
    expect_refusal(graph, NULL, 0, "add: shapes (3) and (4) do not broadcast");
    rg_graph_free(graph);
}

static bool refuse_large;
static void *refusing(void *ctx, void *old, size_t bytes)
{
    (void)ctx;
    if (bytes == 0) {
        free(old);
        return NULL;
    }
    return refuse_large && bytes > 1000000 ? NULL : realloc(old, bytes);
}

/* What is said of a plan that gives y, when there is no memory for it. */
static rg_err refused(rg_graph *graph, rg_val y, bool reference)
{
    rg_err err = {0};
    refuse_large = true;
    rg_plan_options options = {.reference = reference};
    assert_null(rg_plan_compile(graph, &y, 1, NULL, 0, &options, &err));
    refuse_large = false;
    assert_int_equal(err.code, RG_INPUT);
    return err;
}

static void test_no_memory_is_an_error(void **state)
{
    (void)state;
    rg_allocator_set((rg_allocator){.allocate = refusing});
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(1024, 1024));
    int line = __LINE__ + 1;
    rg_val twice = rg_concat((const rg_val[]){x, x}, 2, 0);
    rg_err err = refused(graph, rg_sum(rg_exp(twice), RG_AXIS(0), false), true);
    assert_string_equal(err.what,
                        "no memory for a plan of 20 MiB; its largest value, concat of "
                        "shape (2048, 1024), takes 8 MiB");
    char where[40];
    snprintf(where, sizeof(where), "test_run.c:%d", line);
    assert_string_equal(err.where, where);
    rg_graph_free(graph);
}

/* Sorting a row takes 16 bytes an element; where there are no rows, that is all there is. */
static void test_no_memory_to_work_in(void **state)
{
    (void)state;
    rg_allocator_set((rg_allocator){.allocate = refusing});
    rg_graph *graph = rg_graph_new();
    rg_val row = rg_input(graph, "row", RG_F32, rg_shape_of(1, 1 << 20));
    rg_err err = refused(graph, rg_argsort(row, 1, false), false);
    assert_string_equal(err.what, "no memory for a plan of 40 MiB, 32 MiB of it working "
                                  "memory; its largest value, row of shape (1, 1048576), "
                                  "takes 4 MiB");
    rg_val none = rg_input(graph, "none", RG_F32, rg_shape_of(0, 1 << 20));
    err = refused(graph, rg_argsort(none, 1, false), false);
    assert_string_equal(err.what, "no memory for a plan of 32 MiB, 32 MiB of it working "
                                  "memory");
    assert_string_equal(err.where, "");
    rg_graph_free(graph);
}

static void test_find_nonfinite(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(3));
    int line = __LINE__ + 1;
    rg_val y = rg_log(rg_sub(x, rg_const(graph, 1, RG_F32)));
    rg_val loss = rg_sum(rg_mul(y, y), RG_ALL_AXES, false);
    rg_carry carry = {x, y};
    rg_plan *plan = compile(graph, &loss, 1, &carry, 1);
    float *data = f32(plan, x);
    data[0] = data[1] = data[2] = 4;
    rg_str text = {0};
    assert_false(rg_plan_find_nonfinite(plan, &text));
    assert_string_equal(rg_str_text(&text), "");
    data[1] = 0.5f;
    assert_true(rg_plan_find_nonfinite(plan, &text));
    char expected[400];
    snprintf(
        expected, sizeof(expected),
        "the first value that is not finite: log (test_run.c:%d): f32 (3), from 1.09861 to "
        "1.09861, mean 1.09861, 1 of 3 not finite (element 1 is %s)\n"
        "  operand 1: sub (test_run.c:%d): f32 (3), from -0.5 to 3, mean 1.83333",
        line, strstr(rg_str_text(&text), "-nan") ? "-nan" : "nan", line);
    assert_string_equal(rg_str_text(&text), expected);
    assert_true(data[1] == 0.5f); /* nothing has changed */
    rg_str_clear(&text);
    data[2] = INFINITY;
    assert_true(rg_plan_find_nonfinite(plan, &text));
    assert_non_null(strstr(rg_str_text(&text), "input 'x'"));
    rg_str_free(&text);
    rg_plan_free(plan);
    rg_graph_free(graph);
}

static void test_random_bits(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val key = rg_input(graph, "key", RG_U32, rg_shape_of(2));
    rg_val a = rg_random_bits(key, 7, rg_shape_of(1001)),
           b = rg_random_bits(key, 8, rg_shape_of(3));
    rg_plan *plan = compile(graph, (const rg_val[]){a, b}, 2, NULL, 0);
    uint32_t *keys = rg_plan_buffer(plan, key);
    keys[0] = 123;
    keys[1] = 456;
    run(plan);
    for (uint32_t i = 0; i < 1001; i++) {
        uint32_t words[2];
        rg_threefry(keys, (const uint32_t[]){7, i / 2}, words);
        assert_int_equal(((uint32_t *)rg_plan_buffer(plan, a))[i], words[i % 2]);
    }
    assert_int_not_equal(*(uint32_t *)rg_plan_buffer(plan, a),
                         *(uint32_t *)rg_plan_buffer(plan, b));
    rg_plan_free(plan);
    rg_graph_free(graph);
}

/* A generator reads its key as a whole: the loop that makes the key may not be its own. */
static void test_key_made_by_a_loop(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val key = rg_input(graph, "key", RG_U32, rg_shape_of(2));
    rg_val twice = rg_add(key, key);
    rg_val y = rg_add(rg_random_bits(twice, 1, rg_shape_of(2)), twice);
    rg_plan *plan = compile(graph, &y, 1, NULL, 0);
    uint32_t *keys = rg_plan_buffer(plan, key), words[2];
    keys[0] = 3;
    keys[1] = 5;
    run(plan);
    rg_threefry((const uint32_t[]){6, 10}, (const uint32_t[]){1, 0}, words);
    assert_int_equal(((uint32_t *)rg_plan_buffer(plan, y))[0], words[0] + 6);
    assert_int_equal(((uint32_t *)rg_plan_buffer(plan, y))[1], words[1] + 10);
    rg_plan_free(plan);
    rg_graph_free(graph);
}

/* Members run on threads of their own: the same bits as one after the other. */
typedef struct members {
    rg_plan *plan[8];
    rg_val x, y;
} members;

static void run_member(void *ctx, size_t i)
{
    members *m = ctx;
    rg_err err = {0};
    for (int step = 0; step < 20; step++)
        rg_plan_run(m->plan[i], &err);
}

static void test_members_on_threads(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    members m = {.x = rg_input(graph, "x", RG_F32, rg_shape_of(160, 160))};
    rg_val scale = rg_const(graph, 0.01, RG_F32);
    m.y = rg_tanh(rg_mul(rg_matmul(m.x, m.x), scale)); /* large enough for oneDNN */
    rg_carry carry = {m.x, rg_add(m.x, m.y)};
    m.plan[0] = compile(graph, &m.y, 1, &carry, 1);
    rg_err err = {0};
    for (int i = 1; i < 8; i++)
        m.plan[i] = rg_plan_clone(m.plan[0], &err);
    for (int i = 0; i < 8; i++)
        for (int64_t e = 0; e < rg_val_count(m.x); e++)
            f32(m.plan[i], m.x)[e] = (float)((e * 37) % 101) / 101 - 0.5f;
    run_member(&m, 0);
    rg_parallel(4, 7, run_member,
                &(members){.plan = {m.plan[1], m.plan[2], m.plan[3], m.plan[4], m.plan[5],
                                    m.plan[6], m.plan[7]}});
    for (int i = 1; i < 8; i++)
        assert_memory_equal(f32(m.plan[i], m.x), f32(m.plan[0], m.x),
                            160 * 160 * sizeof(float));
    for (int i = 0; i < 8; i++)
        rg_plan_free(m.plan[i]);
    rg_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_carries_are_simultaneous),
        cmocka_unit_test(test_one_value_for_two_inputs),
        cmocka_unit_test(test_outputs_of_every_kind),
        cmocka_unit_test(test_clone_has_its_own_buffers),
        cmocka_unit_test(test_bind),
        cmocka_unit_test(test_unused_inputs),
        cmocka_unit_test(test_index_out_of_range),
        cmocka_unit_test(test_compile_refuses),
        cmocka_unit_test(test_no_memory_is_an_error),
        cmocka_unit_test(test_no_memory_to_work_in),
        cmocka_unit_test(test_find_nonfinite),
        cmocka_unit_test(test_random_bits),
        cmocka_unit_test(test_key_made_by_a_loop),
        cmocka_unit_test(test_members_on_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
