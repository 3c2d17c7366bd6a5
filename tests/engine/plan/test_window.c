/* test_window.c - slices and permutations that products read where they stand. */
#include "engine/plan/layout.h"
#include "rigor/plan.h"
#include "support.h"

static rg_layout layout_of(rg_graph *graph, const rg_val *output, size_t outputs)
{
    rg_layout layout = {.arena = rg_arena_new(),
                        .graph = graph,
                        .output = output,
                        .outputs = outputs,
                        .fuse = true};
    rg_layout_make(&layout);
    return layout;
}

static size_t count_windows(const rg_layout *l)
{
    size_t count = 0;
    for (uint32_t id = 1; id <= l->count; id++)
        count += l->window[id].source != 0;
    return count;
}

enum { B = 2, T = 5, H = 3, D = 4, W = H * D };

/* Part i of (B T, 3 W) as heads: (B, H, T, D). */
static rg_val heads_of(rg_val qkv, int64_t i)
{
    rg_val part =
        rg_slice(qkv, (int64_t[]){0, i * W}, (int64_t[]){(int64_t)B * T, (i + 1) * W}, NULL);
    return rg_permute(rg_reshape(part, rg_shape_of(B, T, H, D)), (int[]){0, 2, 1, 3});
}

static rg_val attention(rg_val qkv)
{
    const rg_dot_axes qk = {2, 1, {0, 1}, {0, 1}, {3}, {3}},
                      pv = {2, 1, {0, 1}, {0, 1}, {3}, {2}};
    rg_val scores = rg_tanh(rg_dot(heads_of(qkv, 0), heads_of(qkv, 1), &qk));
    return rg_dot(scores, heads_of(qkv, 2), &pv);
}

static void same_as_reference(rg_graph *graph, rg_val x, const rg_val *out, size_t n)
{
    rg_err err = {0};
    rg_plan *plan[2];
    for (int k = 0; k < 2; k++) {
        plan[k] = rg_plan_compile(graph, out, n, NULL, 0,
                                  &(rg_plan_options){.reference = k == 1}, &err);
        assert_non_null(plan[k]);
        rg_rng rng = rg_rng_open(5, "window");
        for (int64_t i = 0; i < rg_val_count(x); i++)
            ((double *)rg_plan_buffer(plan[k], x))[i] = rg_rng_normal(&rng);
        assert_true(rg_plan_run(plan[k], &err));
    }
    for (size_t o = 0; o < n; o++)
        for (int64_t i = 0; i < rg_val_count(out[o]); i++)
            assert_close(((double *)rg_plan_buffer(plan[0], out[o]))[i],
                         ((double *)rg_plan_buffer(plan[1], out[o]))[i], 1e-12);
    rg_plan_free(plan[0]);
    rg_plan_free(plan[1]);
}

static void attention_copies_no_heads(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val qkv = rg_input(graph, "qkv", RG_F64, rg_shape_of((int64_t)B * T, 3 * W));
    rg_val out[2] = {attention(qkv)};
    rg_grad(rg_sum(rg_sin(out[0]), RG_ALL_AXES, false), &qkv, 1, &out[1]);
    rg_layout l = layout_of(graph, out, 1);
    assert_int_equal(count_windows(&l), 3);
    assert_int_equal(l.steps, 3); /* two products and tanh */
    rg_arena_free(l.arena);
    same_as_reference(graph, qkv, out, 2);
    rg_graph_free(graph);
}

/* A slice that something else reads as well, or that is a result, is stored. */
static void what_others_read_is_stored(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F64, rg_shape_of(6, 8));
    rg_val part = rg_slice(x, (int64_t[]){1, 2}, (int64_t[]){5, 8}, (int64_t[]){1, 2});
    rg_val alone =
        rg_slice(rg_reshape(x, rg_shape_of(8, 6)), (int64_t[]){0, 1}, (int64_t[]){8, 4}, NULL);
    rg_val out[] = {rg_matmul(part, rg_permute(part, (int[]){1, 0})), rg_exp(part),
                    rg_matmul(x, alone)};
    rg_layout l = layout_of(graph, out, RG_COUNT(out));
    assert_int_equal(l.window[part.id].source, 0);
    assert_int_equal(count_windows(&l), 1);
    rg_arena_free(l.arena);
    same_as_reference(graph, x, out, RG_COUNT(out));
    rg_graph_free(graph);
}

/* Products of random slices and permutations, reshaped in between. */
static void random_windows(void **state)
{
    (void)state;
    uint64_t seed = support_seed();
    size_t windows = 0;
    for (uint64_t trial = 0; trial < 300; trial++) {
        rg_rng rng = rg_rng_open(seed + trial, "windows");
        rg_graph *graph = rg_graph_new();
        rg_val x = rg_input(graph, "x", RG_F64, rg_shape_of(4, 6, 8)), y = x;
        for (size_t i = 0; i < 1 + rg_rng_below(&rng, 4); i++) {
            rg_shape s = rg_val_shape(y);
            int64_t from[RG_RANK_MAX] = {0}, to[RG_RANK_MAX], step[RG_RANK_MAX];
            int order[RG_RANK_MAX];
            for (int a = 0; a < s.rank; a++) {
                order[a] = (a + (int)(trial % 3)) % s.rank;
                from[a] = s.dim[a] > 2 ? (int64_t)rg_rng_below(&rng, 2) : 0;
                to[a] = s.dim[a] - (s.dim[a] > 3 ? (int64_t)rg_rng_below(&rng, 2) : 0);
                step[a] = 1 + (int64_t)rg_rng_below(&rng, 2);
            }
            y = rg_rng_below(&rng, 2) ? rg_permute(y, order) : rg_slice(y, from, to, step);
            s = rg_val_shape(y);
            if (s.rank == 3 && rg_rng_below(&rng, 3) == 0)
                y = rg_reshape(y, rg_shape_of(s.dim[0], 1, s.dim[1], s.dim[2]));
        }
        int rank = rg_val_shape(y).rank;
        const rg_dot_axes square = {1, 1, {0}, {0}, {rank - 1}, {rank - 1}};
        rg_val out = rg_dot(y, y, &square);
        rg_layout l = layout_of(graph, &out, 1);
        windows += count_windows(&l);
        rg_arena_free(l.arena);
        same_as_reference(graph, x, &out, 1);
        rg_graph_free(graph);
    }
    print_message("%zu windows\n", windows);
    assert_true(windows > 100);
}

/* Told as what they are, in the text after each pass. */
static void told_in_the_text(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val qkv = rg_input(graph, "qkv", RG_F64, rg_shape_of((int64_t)B * T, 3 * W));
    rg_val out = attention(qkv);
    rg_layout l = layout_of(graph, &out, 1);
    rg_str fused = {0}, memory = {0};
    rg_layout_print(&l, RG_PASS_FUSE, &fused);
    rg_layout_print(&l, RG_PASS_MEMORY, &memory);
    assert_non_null(strstr(rg_str_text(&fused), "# never stored: products read it in place"));
    assert_null(strstr(rg_str_text(&memory), "in registers"));
    rg_str_free(&fused);
    rg_str_free(&memory);
    rg_arena_free(l.arena);
    rg_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attention_copies_no_heads),
        cmocka_unit_test(what_others_read_is_stored),
        cmocka_unit_test(random_windows),
        cmocka_unit_test(told_in_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
