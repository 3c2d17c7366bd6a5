/* test_layout.c - what is fused, what is stored, and what takes another's place. */
#include "engine/plan/layout_of.h"
#include "engine/random_graph.h"

static rg_val vector(rg_graph *graph, const char *name)
{
    return rg_input(graph, name, RG_F32, rg_shape_of(100));
}

static void test_chain_is_one_step(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = vector(graph, "x"), scale = rg_input(graph, "scale", RG_F32, RG_SCALAR);
    rg_val y = rg_tanh(rg_mul(rg_exp(x), scale));
    rg_val dead = rg_sin(x);
    rg_layout layout = layout_of(graph, &y, 1, NULL, 0);
    assert_int_equal(layout.steps, 1);
    assert_int_equal(layout.step[0].n, 3);
    assert_false(layout.live[dead.id]);
    /* Two inputs and the result: what lies between stays in registers. */
    assert_int_equal(layout.slots, 3);
    rg_arena_free(layout.arena);
    rg_graph_free(graph);
}

/* exp and the final product may not share a loop: the sum between them needs all of exp, and it is
 * too long for a row. */
static void test_no_loop_around_a_reduction(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(RG_ROW_MAX + 1)), e = rg_exp(x);
    rg_val y = rg_div(e, rg_sum(e, RG_ALL_AXES, false));
    rg_layout layout = layout_of(graph, &y, 1, NULL, 0);
    assert_int_equal(layout.steps, 3);
    assert_true(layout.step_of[e.id] < layout.step_of[y.id]);
    rg_arena_free(layout.arena);
    rg_graph_free(graph);
}

static void test_update_in_place(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val w = vector(graph, "w"), g = vector(graph, "g");
    rg_carry carry = {w, rg_sub(w, rg_mul(rg_const(graph, 0.1, RG_F32), g))};
    rg_val loss = rg_sum(rg_mul(w, w), RG_ALL_AXES, false);
    rg_layout layout = layout_of(graph, &loss, 1, &carry, 1);
    assert_int_equal(layout.slot_of[carry.output.id], layout.slot_of[w.id]);
    assert_int_equal(layout.afters, 0);
    rg_arena_free(layout.arena);
    rg_graph_free(graph);
}

/* Reversing reads elsewhere than it writes: the new value needs memory of its own, then a copy.
 */
static void test_update_not_in_place(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val w = vector(graph, "w");
    rg_carry carry = {w, rg_reverse(w, RG_AXIS(0))};
    rg_layout layout = layout_of(graph, NULL, 0, &carry, 1);
    assert_int_not_equal(layout.slot_of[carry.output.id], layout.slot_of[w.id]);
    assert_int_equal(layout.afters, 1);
    rg_arena_free(layout.arena);
    rg_graph_free(graph);
}

static void test_result_takes_dead_operand(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(8, 8));
    rg_val y = rg_exp(rg_matmul(x, x)), z = rg_matmul(y, y);
    rg_layout layout = layout_of(graph, &z, 1, NULL, 0);
    uint32_t product = rg_node_of(graph, y.id)->in[0];
    assert_int_equal(layout.slot_of[y.id], layout.slot_of[product]);
    rg_arena_free(layout.arena);
    rg_graph_free(graph);
}

/* When are a slot's contents needed?  From the step that makes a value in it to its last
 * reader's; no two values of one slot may be needed at once, nor two slots that overlap. */
static void test_random_layouts(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 300; i++) {
        uint64_t seed = support_seed() * 100000 + i;
        random_graph r = {.graph = rg_graph_new(),
                          .rng = rg_rng_open(seed, "layout"),
                          .elements_max = 2000,
                          .products = true};
        random_graph_fill(&r, 5 + i % 50);
        rg_layout l = layout_of(r.graph, r.value, r.values < 3 ? r.values : 3, NULL, 0);
        for (size_t a = 0; a < l.slots; a++)
            for (size_t b = 0; b < a; b++) {
                const rg_slot *x = &l.slot[a], *y = &l.slot[b];
                bool together = x->first <= y->last && y->first <= x->last;
                bool apart = x->offset + (size_t)x->bytes <= y->offset ||
                             y->offset + (size_t)y->bytes <= x->offset;
                if (together && !apart && !x->fixed && !y->fixed && x->bytes && y->bytes)
                    fail_msg("seed %llu: slots %zu and %zu overlap", (unsigned long long)seed,
                             b, a);
            }
        for (uint32_t id = 1; id <= l.count; id++)
            for (uint32_t k = 0; l.group[id] && k < rg_node_of(r.graph, id)->n_in; k++) {
                uint32_t from = rg_layout_source(&l, rg_node_of(r.graph, id)->in[k]);
                if (l.group[from] && l.group[from] != l.group[id])
                    assert_true(l.step_of[from] < l.step_of[id]);
                if (l.group[from] && l.group[from] == l.group[id])
                    assert_true(l.place_of[from] < l.place_of[id]);
            }
        rg_arena_free(l.arena);
        rg_graph_free(r.graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain_is_one_step),
        cmocka_unit_test(test_no_loop_around_a_reduction),
        cmocka_unit_test(test_update_in_place),
        cmocka_unit_test(test_update_not_in_place),
        cmocka_unit_test(test_result_takes_dead_operand),
        cmocka_unit_test(test_random_layouts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
