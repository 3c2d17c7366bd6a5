/* test_loop_run.c - how loops run: memory, members, errors, where values are read and written.
 */
#include "engine/cpu/program.h"
#include "engine/ir/loops.h"

#define STEPS 50
#define WIDE 1000

static rg_graph *graph;
static rg_val carry, scan, shared; /* f32 (WIDE), (STEPS, WIDE), (WIDE) */

static int fresh(void **state)
{
    (void)state;
    graph = rg_graph_new();
    carry = rg_input(graph, "c", RG_F32, rg_shape_of(WIDE));
    scan = rg_input(graph, "s", RG_F32, rg_shape_of(STEPS, WIDE));
    shared = rg_input(graph, "h", RG_F32, rg_shape_of(WIDE));
    return 0;
}

static int finish(void **state)
{
    (void)state;
    rg_graph_free(graph);
    return 0;
}

static void decay(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = rg_add(rg_mul(b->carry[0], b->shared[0]), b->scan[0]);
    b->out[0] = rg_sin(b->next[0]);
}

static void looped(loop_body body, size_t outs, rg_val *ret)
{
    rg_loop(graph,
            &(rg_loop_spec){.steps = STEPS,
                            .carry = &carry,
                            .carries = 1,
                            .scan = &scan,
                            .scans = 1,
                            .shared = &shared,
                            .shareds = 1,
                            .outs = outs,
                            .body = body},
            ret);
}

/* ---- Memory: what a loop adds to its operands. */
static size_t bytes_of(const rg_val *output, size_t n)
{
    rg_plan *plan = compile(graph, output, n, false);
    size_t bytes = rg_plan_bytes(plan);
    rg_plan_free(plan);
    return bytes;
}

static void test_dead_results_cost_nothing(void **state)
{
    (void)state;
    rg_val ret[2];
    looped(decay, 1, ret);
    size_t row = WIDE * sizeof(float), operands = (STEPS + 2) * row;
    /* The carry lives where its last value is wanted; nothing else is stored. */
    assert_in_range(bytes_of(&ret[0], 1), operands + row, operands + row + 24000);
    size_t last = bytes_of(&ret[0], 1), both = bytes_of(ret, 2);
    assert_in_range(both - last, STEPS * row, STEPS * row + 24000);
    /* The stack alone needs the carry as well, within the step. */
    assert_in_range(bytes_of(&ret[1], 1), both, both + row);
}

static void test_dead_results_are_not_computed(void **state)
{
    (void)state;
    rg_val ret[2];
    looped(decay, 1, ret);
    rg_plan *plan = compile(graph, ret, 1, false);
    assert_int_equal(plan->program->layout.steps, 1);
    assert_int_equal(plan->program->layout.step[0].n, 1);
    rg_plan_free(plan);
    plan = compile(graph, ret, 2, false);
    assert_int_equal(plan->program->layout.steps, 1); /* one run for both */
    assert_int_equal(plan->program->layout.step[0].n, 2);
    rg_plan_free(plan);
}

/* A carry that nothing asks for, and that no other carry reads, is not carried. */
static void apart(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = rg_tanh(rg_mul(b->carry[0], b->shared[0]));
    b->next[1] = rg_exp(rg_sum(b->carry[1], RG_ALL_AXES, true));
    b->next[1] = rg_broadcast(b->next[1], rg_shape_of(WIDE));
}

static void test_carries_are_carried_when_needed(void **state)
{
    (void)state;
    rg_val ret[2];
    rg_loop(graph,
            &(rg_loop_spec){.steps = STEPS,
                            .carry = (const rg_val[]){carry, carry},
                            .carries = 2,
                            .shared = &shared,
                            .shareds = 1,
                            .body = apart},
            ret);
    size_t first = bytes_of(&ret[0], 1), both = bytes_of(ret, 2), row = WIDE * sizeof(float);
    assert_in_range(first, 3 * row, 3 * row + 24000); /* operands and the result */
    assert_true(both >= first + row);
}

/* ---- Values that go straight through. */
static void straight(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = b->scan[0];
    b->out[0] = b->carry[0];
    b->out[1] = b->scan[0];
    b->out[2] = b->shared[0];
    b->out[3] = b->next[0];
    b->out[4] = b->out[5] = rg_neg(b->carry[0]);
    b->out[6] = rg_cast(b->step, RG_F32);
    b->out[7] = rg_const(b->graph, 3, RG_F32);
}

static void test_straight_through(void **state)
{
    (void)state;
    rg_val ret[9];
    looped(straight, 8, ret);
    for (int reference = 0; reference < 2; reference++) {
        rg_plan *plan = compile(graph, ret, 9, reference);
        float *c = rg_plan_buffer(plan, carry), *s = rg_plan_buffer(plan, scan),
              *h = rg_plan_buffer(plan, shared);
        for (int i = 0; i < WIDE; i++) {
            c[i] = (float)i;
            h[i] = (float)-i;
        }
        for (int i = 0; i < STEPS * WIDE; i++)
            s[i] = (float)(i % 777);
        run(plan);
        const float *out[9];
        for (int i = 0; i < 9; i++)
            out[i] = rg_plan_buffer(plan, ret[i]);
        assert_memory_equal(out[0], s + (STEPS - 1) * WIDE, WIDE * sizeof(float));
        for (int i = 0; i < STEPS * WIDE; i++) {
            float before = i < WIDE ? c[i] : s[i - WIDE];
            assert_true(out[1][i] == before && out[2][i] == s[i] && out[3][i] == h[i % WIDE]);
            assert_true(out[4][i] == s[i] && out[5][i] == -before && out[6][i] == -before);
        }
        for (int i = 0; i < STEPS; i++)
            assert_true(out[7][i] == (float)i && out[8][i] == 3);
        rg_plan_free(plan);
    }
}

/* ---- Members and threads: a product large enough for oneDNN, whose handles are a member's. */
static void square(rg_loop_body *b, void *context)
{
    (void)context;
    rg_val scale = rg_const(b->graph, 0.01, RG_F32);
    b->next[0] = rg_tanh(rg_mul(rg_matmul(b->carry[0], b->carry[0]), scale));
}

typedef struct members {
    rg_plan *plan[4];
} members;

static void run_member(void *ctx, size_t i)
{
    members *m = ctx;
    rg_err err = {0};
    for (int k = 0; k < 3; k++)
        rg_plan_run(m->plan[i], &err);
}

static void test_members_on_threads(void **state)
{
    (void)state;
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(160, 160)), y;
    rg_loop(graph, &(rg_loop_spec){.steps = 3, .carry = &x, .carries = 1, .body = square}, &y);
    members m = {{compile(graph, &y, 1, false)}};
    rg_err err = {0};
    for (int i = 1; i < 4; i++)
        m.plan[i] = rg_plan_clone(m.plan[0], &err);
    for (int i = 0; i < 4; i++) {
        float *data = rg_plan_buffer(m.plan[i], x);
        for (int e = 0; e < 160 * 160; e++)
            data[e] = (float)((e * 37) % 101) / 101 - 0.5f;
    }
    rg_parallel(4, 4, run_member, &m);
    const float *first = rg_plan_buffer(m.plan[0], y);
    assert_true(first[0] != 0);
    for (int i = 1; i < 4; i++)
        assert_memory_equal(rg_plan_buffer(m.plan[i], y), first, 160 * 160 * sizeof(float));
    for (int i = 0; i < 4; i++)
        rg_plan_free(m.plan[i]);
}

/* ---- Errors and values that are not finite. */
static void pick(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = b->carry[0];
    b->out[0] = rg_gather(b->shared[0], b->step, 0);
}

static void test_index_out_of_range(void **state)
{
    (void)state;
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(STEPS - 1)), ret[2];
    shared = x;
    looped(pick, 1, ret);
    for (int reference = 0; reference < 2; reference++) {
        rg_plan *plan = compile(graph, ret, 2, reference);
        rg_err err = {0};
        assert_false(rg_plan_run(plan, &err));
        assert_string_equal(err.what,
                            "gather: index 49 is out of range for an axis of length 49");
        assert_true(rg_text_starts(err.where, "test_loop_run.c:"));
        rg_plan_free(plan);
    }
}

static void test_find_nonfinite(void **state)
{
    (void)state;
    rg_val ret[2];
    looped(decay, 1, ret);
    rg_plan *plan = compile(graph, ret, 2, false);
    float *h = rg_plan_buffer(plan, shared), *c = rg_plan_buffer(plan, carry);
    h[3] = 1e20f;
    c[3] = 1;
    run(plan);
    rg_str text = {0};
    assert_true(rg_plan_find_nonfinite(plan, &text));
    assert_non_null(strstr(rg_str_text(&text), "not finite: loop (test_loop_run.c:"));
    /* 1e20 in the first step, 1e40 in the second: the product is named, not what follows. */
    assert_non_null(strstr(rg_str_text(&text), "in the loop, entry 1: mul (test_loop_run.c:"));
    assert_non_null(strstr(rg_str_text(&text), "operand 2: input 'shared0'"));
    rg_str_free(&text);
    rg_plan_free(plan);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_dead_results_cost_nothing),
        TEST(test_dead_results_are_not_computed),
        TEST(test_carries_are_carried_when_needed),
        TEST(test_straight_through),
        TEST(test_index_out_of_range),
        TEST(test_find_nonfinite),
        TEST(test_members_on_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
