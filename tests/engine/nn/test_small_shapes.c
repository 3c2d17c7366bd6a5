/* test_small_shapes.c - layers and losses on nothing and on single elements: no example, no
 * step, one of each; with inputs of zeros, too, where norms and distances have no slope.
 * Values, first and second derivatives are finite. */
#include "engine/ir/node.h"
#include "engine/nn/layers.h"
#include "engine/nn/torch.h"

/* ---- One layer at one shape. */
static rg_val sum_of_squares(rg_val v)
{
    return rg_sum(rg_mul(v, v), RG_ALL_AXES, false);
}

/* The value, the gradients of its squares (and of the penalty), and those of their squares. */
static size_t list_outputs(const net *n, rg_val y, rg_val *ret)
{
    rg_val by[BY_MAX], f = sum_of_squares(y), square = number(n, 0);
    size_t count = list_variables(n, by);
    if (n->scope->penalty.id)
        f = rg_add(f, n->scope->penalty);
    ret[0] = y;
    rg_grad(f, by, count, ret + 1);
    for (size_t i = 0; i < count; i++)
        square = rg_add(square, sum_of_squares(ret[1 + i]));
    rg_grad(square, by, count, ret + 1 + count);
    return 1 + 2 * count;
}

static void fill_net(const net *n, rg_plan *plan, bool with_zeros)
{
    const rg_weight *w;
    size_t count = rg_scope_weights(n->scope, &w);
    for (size_t i = 0; i < count; i++)
        rg_init_fill(&w[i].init, 1, w[i].name, rg_plan_buffer(plan, w[i].input),
                     (size_t)rg_val_count(w[i].input));
    for (size_t k = 0; k < n->floats; k++) {
        float *x = rg_plan_buffer(plan, n->input[k]);
        for (int64_t i = 0; i < rg_val_count(n->x); i++)
            x[i] = with_zeros ? 0 : 0.25f * (float)(i % 5) - 0.3f;
    }
}

static void expect_finite(const char *name, const net *n, rg_plan *plan, const rg_val *out,
                          size_t count)
{
    char shape[160];
    rg_shape_text(shape, rg_val_shape(n->x));
    for (size_t k = 0; k < count; k++)
        for (int64_t i = 0; i < rg_val_count(out[k]); i++)
            if (!isfinite(((float *)rg_plan_buffer(plan, out[k]))[i]))
                fail_msg("%s of %s: result %zu of %zu has an element that is not finite", name,
                         shape, k, count);
}

static void run_finite(const char *name, const net *n, rg_val y)
{
    rg_val out[1 + 2 * BY_MAX];
    size_t count = list_outputs(n, y, out);
    rg_plan *plan = compile(n->graph, out, count, NULL, 0);
    for (int with_zeros = 0; with_zeros < 2; with_zeros++) {
        fill_net(n, plan, with_zeros);
        run(plan);
        expect_finite(name, n, plan, out, count);
    }
    rg_plan_free(plan);
}

/* What convolutions say of no steps, which are their channels here, and mamba's axis; "": a
 * layer that takes them. */
static const char *refusal_of(const char *name, int64_t steps)
{
    if (steps == 0 && rg_text_starts(name, "conv1d"))
        return "a convolution of 0 channels to 3 in 1 groups";
    if (steps == 0 && !strcmp(name, "mamba"))
        return "no convolution along spatial axis 0 of length 0";
    return "";
}

static void check(size_t k, int64_t examples, int64_t steps)
{
    sizes z = {examples, steps, 4, .units = 3, .hidden = 1, .heads = 2, .kernel = 1};
    net n = open_net(&z, RG_F32);
    rg_val y = layers[k].build(&n);
    const char *what = rg_graph_error(n.graph)->what,
               *expected = refusal_of(layers[k].name, steps);
    if (strcmp(what, expected) != 0)
        fail_msg("%s of (%lld, %lld, 4): \"%s\", expected \"%s\"", layers[k].name,
                 (long long)examples, (long long)steps, what, expected);
    if (!expected[0])
        run_finite(layers[k].name, &n, y);
    close_net(&n);
}

static void test_small_shapes(void **state)
{
    (void)state;
    static const int64_t shapes[][2] = {{0, 3}, {1, 1}, {2, 0}, {1, 3}};
    for (size_t s = 0; s < RG_COUNT(shapes); s++)
        for (size_t k = 0; k < RG_COUNT(layers); k++)
            check(k, shapes[s][0], shapes[s][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
