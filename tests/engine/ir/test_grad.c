/* test_grad.c - every operation's first and second derivative against central differences, in
 * f64.
 *
 * For each row of ops.def a case builds a scalar f(x) from the operation and a fixed weighting
 * w. First order: the gradient g = df/dx along a random direction d.  Second order: the
 * gradient of (g . d) against differences of g.  Forward mode along d agrees with both, and its
 * product with a random u with reverse mode's: <u, J d> = <J^T u, d>.  Operations without a
 * derivative state that they give zero. */
#include "engine/ir/node.h"
#include "rigor/plan.h"
#include "support.h"

typedef struct problem {
    rg_graph *graph;
    rg_rng rng;
    rg_val x, y;      /* inputs; y is used by operations of two operands */
    double low, high; /* range of the inputs */
    double step;      /* of the differences */
    double rounding;  /* what each comparison allows on top, where not all is in f64 */
} problem;

static rg_val weigh(problem *p, rg_val v)
{
    double w[256];
    assert_true(rg_val_count(v) <= 256);
    for (int64_t i = 0; i < rg_val_count(v); i++)
        w[i] = rg_rng_normal(&p->rng);
    rg_val weight = rg_const_array(p->graph, w, RG_F64, rg_val_shape(v));
    /* The square makes second derivatives differ from zero where the operation is linear. */
    return rg_sum(rg_mul(weight, rg_add(v, rg_mul(v, v))), RG_ALL_AXES, false);
}

static rg_val input(problem *p, const char *name, rg_shape shape)
{
    return rg_input(p->graph, name, RG_F64, shape);
}

static void set_range(problem *p, double low, double high)
{
    p->low = low;
    p->high = high;
}

/* ---- One case for each operation; a value of f64, or no value where it has no derivative. */
#define NO_DERIVATIVE(name) \
    static rg_val case_##name(problem *p) \
    { \
        (void)p; \
        return (rg_val){0}; \
    }
NO_DERIVATIVE(input)
NO_DERIVATIVE(const)
NO_DERIVATIVE(array)
NO_DERIVATIVE(iota)
NO_DERIVATIVE(random_bits)
NO_DERIVATIVE(floor)
NO_DERIVATIVE(lt)
NO_DERIVATIVE(eq)
NO_DERIVATIVE(argsort)
NO_DERIVATIVE(stop_grad)

#define UNARY(name, low, high) \
    static rg_val case_##name(problem *p) \
    { \
        set_range(p, low, high); \
        p->x = input(p, "x", rg_shape_of(3, 4)); \
        return rg_##name(p->x); \
    }
UNARY(neg, -2, 2)
UNARY(exp, -2, 2)
UNARY(log, 0.5, 3)
UNARY(sin, -3, 3)
UNARY(cos, -3, 3)
UNARY(sqrt, 0.5, 3)
UNARY(tanh, -2, 2)
UNARY(erf, -2, 2)
UNARY(barrier, -2, 2)

/* By way of f32, since a cast to its operand's own type is simplified away.  f is a polynomial
 * of degree 4, of which differences are exact whatever the step: a long one against f32's
 * rounding. */
static rg_val case_cast(problem *p)
{
    p->step = 0.25;
    p->rounding = 1e-5;
    p->x = input(p, "x", rg_shape_of(3));
    return rg_cast(rg_cast(rg_mul(p->x, p->x), RG_F32), RG_F64);
}

#define BINARY(name, low, high) \
    static rg_val case_##name(problem *p) \
    { \
        set_range(p, low, high); \
        p->x = input(p, "x", rg_shape_of(3, 4)); \
        p->y = input(p, "y", rg_shape_of(4)); \
        return rg_##name(p->x, p->y); \
    }
BINARY(add, -2, 2)
BINARY(sub, -2, 2)
BINARY(mul, -2, 2)
BINARY(div, 0.5, 2)
BINARY(max, -2, 2)
BINARY(pow, 0.5, 2)

static rg_val case_select(problem *p)
{
    p->x = input(p, "x", rg_shape_of(3, 4));
    p->y = input(p, "y", rg_shape_of(3, 1));
    /* Not a function of x: differences across a jump would say nothing. */
    rg_val yes = rg_const_array(p->graph, (const bool[]){1, 0, 0, 1}, RG_BOOL, rg_shape_of(4));
    return rg_select(yes, rg_mul(p->x, p->y), p->y);
}

static rg_val case_sum(problem *p)
{
    p->x = input(p, "x", rg_shape_of(2, 3, 4));
    return rg_sum(p->x, RG_AXIS(0) | RG_AXIS(2), false);
}

static rg_val case_amax(problem *p)
{
    p->x = input(p, "x", rg_shape_of(2, 3, 4));
    return rg_amax(p->x, RG_AXIS(1), true);
}

static rg_val case_reshape(problem *p)
{
    p->x = input(p, "x", rg_shape_of(2, 6));
    return rg_reshape(p->x, rg_shape_of(3, 2, 2));
}

static rg_val case_permute(problem *p)
{
    p->x = input(p, "x", rg_shape_of(2, 3, 4));
    return rg_permute(p->x, (const int[]){2, 0, 1});
}

static rg_val case_broadcast(problem *p)
{
    p->x = input(p, "x", rg_shape_of(3, 1, 2));
    return rg_broadcast(p->x, rg_shape_of(4, 3, 5, 2));
}

static rg_val case_slice(problem *p)
{
    p->x = input(p, "x", rg_shape_of(7, 5, 3));
    return rg_slice(p->x, (const int64_t[]){1, 0, 2}, (const int64_t[]){6, 5, 3},
                    (const int64_t[]){2, 3, 1});
}

static rg_val case_pad(problem *p)
{
    p->x = input(p, "x", rg_shape_of(2, 3));
    return rg_pad(p->x, (const int64_t[]){1, 0}, (const int64_t[]){0, 2}, 0.5);
}

static rg_val case_concat(problem *p)
{
    p->x = input(p, "x", rg_shape_of(2, 3));
    p->y = input(p, "y", rg_shape_of(2, 2));
    return rg_concat((const rg_val[]){p->x, p->y, p->x}, 3, 1);
}

static rg_val case_reverse(problem *p)
{
    p->x = input(p, "x", rg_shape_of(2, 3, 2));
    return rg_reverse(p->x, RG_AXIS(0) | RG_AXIS(2));
}

/* Two contracted pairs in crossed order, one batch axis that is not the first. */
static rg_val case_dot(problem *p)
{
    rg_dot_axes axes = {.n_batch = 1,
                        .batch_x = {1},
                        .batch_y = {2},
                        .n_contract = 2,
                        .contract_x = {3, 0},
                        .contract_y = {0, 3}};
    p->x = input(p, "x", rg_shape_of(2, 3, 4, 2));
    p->y = input(p, "y", rg_shape_of(2, 2, 3, 2));
    return rg_dot(p->x, p->y, &axes);
}

static rg_val case_gather(problem *p)
{
    p->x = input(p, "x", rg_shape_of(2, 5, 3));
    rg_val indices =
        rg_const_array(p->graph, (const int32_t[]){4, 1, 1, 0}, RG_I32, rg_shape_of(2, 2));
    return rg_gather(p->x, indices, 1);
}

static rg_val case_scatter_add(problem *p)
{
    p->x = input(p, "x", rg_shape_of(2, 4, 3));
    rg_val indices =
        rg_const_array(p->graph, (const int32_t[]){4, 1, 1, 0}, RG_I32, rg_shape_of(4));
    return rg_scatter_add(rg_shape_of(2, 5, 3), indices, p->x, 1);
}

/* Every kind of operand and result: c' = tanh(c w) + s, out = c s; the last carry and the
 * stack. */
static void loop_body(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = rg_add(rg_tanh(rg_mul(b->carry[0], b->shared[0])), b->scan[0]);
    b->out[0] = rg_mul(b->carry[0], b->scan[0]);
}

static rg_val case_loop(problem *p)
{
    rg_val ret[2];
    p->x = input(p, "x", rg_shape_of(4, 3));
    p->y = input(p, "y", rg_shape_of(3));
    rg_loop(p->graph,
            &(rg_loop_spec){.steps = 4,
                            .carry = &p->y,
                            .carries = 1,
                            .scan = &p->x,
                            .scans = 1,
                            .shared = &p->y,
                            .shareds = 1,
                            .outs = 1,
                            .reverse = true,
                            .body = loop_body},
            ret);
    return rg_add(ret[0], ret[1]);
}

/* Two groups, and every attribute away from its default; a crop behind, a pad before. */
static rg_val case_conv(problem *p)
{
    rg_conv_axes axes = {.stride = {2, 1},
                         .lo = {1, 2},
                         .hi = {-1, 0},
                         .dilate_x = {1, 2},
                         .dilate_w = {2, 1},
                         .groups = 2};
    p->x = input(p, "x", rg_shape_of(2, 4, 6, 3));
    p->y = input(p, "y", rg_shape_of(6, 2, 2, 3));
    return rg_conv(p->x, p->y, &axes);
}

static rg_val case_scatter_max(problem *p)
{
    p->x = input(p, "x", rg_shape_of(2, 4, 3));
    rg_val indices =
        rg_const_array(p->graph, (const int32_t[]){4, 1, 1, 1}, RG_I32, rg_shape_of(4));
    rg_val top = rg_scatter_max(rg_shape_of(2, 5, 3), indices, p->x, 1);
    return rg_gather(top, indices, 1); /* empty entries hold -inf */
}

static rg_val case_linrec(problem *p)
{
    p->x = input(p, "x", rg_shape_of(2, 5, 3));
    p->y = input(p, "y", rg_shape_of(2, 5, 3));
    return rg_add(rg_linrec(p->x, p->y, 1, false), rg_linrec(p->y, p->x, 1, true));
}

/* ---- Checking. */
typedef struct check {
    problem p;
    rg_val in[2], slope, curve[2]; /* f's slope along d; gradient of that slope */
    rg_val direction[2], f;
    rg_val tangent, product; /* forward mode: f's slope again; Hessian times d, along d */
    rg_val ujd, jud;         /* <u, J d> and <J^T u, d> of the value itself */
    size_t n;
    rg_plan *plan;
} check;

static rg_plan *compile(check *c)
{
    rg_err err = {0};
    rg_val outputs[] = {c->f,       c->slope,   c->curve[0], c->curve[c->n - 1],
                        c->tangent, c->product, c->ujd,      c->jud};
    rg_plan *plan = rg_plan_compile(c->p.graph, outputs, 8, NULL, 0, NULL, &err);
    if (!plan)
        fail_msg("%s: %s", err.where, err.what);
    return plan;
}

static double run(check *c, rg_val what)
{
    rg_err err = {0};
    assert_true(rg_plan_run(c->plan, &err));
    return *(double *)rg_plan_buffer(c->plan, what);
}

/* The slope of `what` along the direction in the buffers of `along`, by central differences of
 * fourth order. */
static double difference(check *c, rg_val what, const rg_val *along)
{
    const double h = c->p.step, offset[] = {-2, -1, 1, 2}, weight[] = {1, -8, 8, -1};
    double sum = 0;
    for (int k = 0; k < 4; k++) {
        for (int pass = 0; pass < 2; pass++) {
            if (pass == 1)
                sum += weight[k] * run(c, what);
            for (size_t i = 0; i < c->n; i++) {
                double *x = rg_plan_buffer(c->plan, c->in[i]);
                const double *d = rg_plan_buffer(c->plan, along[i]);
                for (int64_t e = 0; e < rg_val_count(c->in[i]); e++)
                    x[e] += (pass ? -1 : 1) * offset[k] * h * d[e];
            }
        }
    }
    return sum / (12 * h);
}

/* No two elements are close, so that no difference crosses a tie of max or amax: of as many
 * equal parts of the range as there are elements, each element takes the middle half of its
 * own. */
static void fill(check *c)
{
    int64_t part[256], n = 0, total = 0;
    for (size_t i = 0; i < c->n; i++)
        total += rg_val_count(c->in[i]);
    assert_true(total <= 256);
    for (int64_t e = 0; e < total; e++) {
        int64_t other = (int64_t)rg_rng_below(&c->p.rng, (uint64_t)e + 1);
        part[e] = part[other];
        part[other] = e;
    }
    for (size_t i = 0; i < c->n; i++) {
        double *x = rg_plan_buffer(c->plan, c->in[i]);
        double *d = rg_plan_buffer(c->plan, c->direction[i]);
        for (int64_t e = 0; e < rg_val_count(c->in[i]); e++) {
            double place = (double)part[n++] + 0.25 + 0.5 * rg_rng_unit(&c->p.rng);
            x[e] = c->p.low + (c->p.high - c->p.low) * place / (double)total;
            d[e] = rg_rng_normal(&c->p.rng);
        }
    }
}

static rg_val along(const check *c, const rg_val *v)
{
    rg_val sum = rg_const(c->p.graph, 0, RG_F64);
    for (size_t i = 0; i < c->n; i++)
        sum = rg_add(sum, rg_sum(rg_mul(v[i], c->direction[i]), RG_ALL_AXES, false));
    return sum;
}

/* Forward mode's stand-in for the cotangent (forward.c) must be dead. */
static void expect_no_stand_in(check *c)
{
    rg_str text = {0};
    rg_graph_print(c->p.graph, (const rg_val[]){c->tangent, c->product, c->ujd}, 3, &text);
    if (strstr(rg_str_text(&text), "\"cotangent\""))
        fail_msg("the stand-in lives:\n%s", rg_str_text(&text));
    rg_str_free(&text);
}

static void build_forward(check *c, rg_val value)
{
    double u[256];
    rg_val moved, pulled[2];
    for (int64_t i = 0; i < rg_val_count(value); i++)
        u[i] = rg_rng_normal(&c->p.rng);
    rg_val cotangent = rg_const_array(c->p.graph, u, RG_F64, rg_val_shape(value));
    rg_jvp(&c->f, 1, c->in, c->direction, c->n, &c->tangent);
    rg_hvp(c->f, c->in, c->direction, c->n, pulled);
    c->product = along(c, pulled);
    rg_jvp(&value, 1, c->in, c->direction, c->n, &moved);
    c->ujd = rg_sum(rg_mul(cotangent, moved), RG_ALL_AXES, false);
    rg_vjp(&value, &cotangent, 1, c->in, c->n, pulled);
    c->jud = along(c, pulled);
    expect_no_stand_in(c);
}

static void build(check *c, rg_val value)
{
    rg_val g[2], e[2];
    c->in[0] = c->p.x;
    c->in[1] = c->p.y;
    c->n = c->p.y.id ? 2 : 1;
    c->f = weigh(&c->p, value);
    rg_grad(c->f, c->in, c->n, g);
    c->slope = rg_const(c->p.graph, 0, RG_F64);
    for (size_t i = 0; i < c->n; i++) {
        c->direction[i] = input(&c->p, i ? "d1" : "d0", rg_val_shape(c->in[i]));
        e[i] = rg_sum(rg_mul(g[i], c->direction[i]), RG_ALL_AXES, false);
        c->slope = rg_add(c->slope, e[i]);
    }
    rg_grad(c->slope, c->in, c->n, g);
    c->curve[0] = c->curve[1] = along(c, g); /* the second derivative along d */
    build_forward(c, value);
}

/* What is simplified away while it is built would be tested by nothing. */
static void expect_kept(const rg_graph *graph, rg_op op)
{
    uint32_t id = 1;
    while (id <= rg_graph_count(graph) && rg_node_of(graph, id)->op != op)
        id++;
    if (id > rg_graph_count(graph))
        fail_msg("%s: its case has no such node", rg_ops[op].name);
}

static void check_op(rg_op op, rg_val (*make)(problem *), uint64_t seed)
{
    check c = {.p = {.graph = rg_graph_new(), .low = -2, .high = 2, .step = 1e-3}};
    c.p.rng = rg_rng_open(seed, "grad %s", rg_ops[op].name);
    rg_val value = make(&c.p);
    if (value.id) {
        expect_kept(c.p.graph, op);
        build(&c, value);
        c.plan = compile(&c);
        fill(&c);
        double slope = run(&c, c.slope), curve = run(&c, c.curve[0]);
        double first = difference(&c, c.f, c.direction);
        double second = difference(&c, c.slope, c.direction);
        double rounding = c.p.rounding;
        if (fabs(slope - first) > (1e-7 + rounding) * (1 + fabs(first)) ||
            fabs(curve - second) > (1e-6 + rounding) * (1 + fabs(second)))
            fail_msg("%s, seed %llu: slope %.12g, difference %.12g; curvature %.12g, "
                     "difference %.12g",
                     rg_ops[op].name, (unsigned long long)seed, slope, first, curve, second);
        assert_close(run(&c, c.tangent), slope, 1e-11 + rounding);
        assert_close(run(&c, c.product), curve, 1e-11 + rounding);
        assert_close(run(&c, c.ujd), run(&c, c.jud), 1e-12 + rounding);
        rg_plan_free(c.plan);
    }
    rg_graph_free(c.p.graph);
}

static rg_val (*const cases[RG_OPS])(problem *) = {
#define RG_OP(name, ...) [RG_OP_##name] = case_##name,
#include "engine/ir/ops.def"
};

static void test_every_operation(void **state)
{
    (void)state;
    for (int op = 0; op < RG_OPS; op++)
        for (uint64_t seed = 0; seed < 4; seed++)
            check_op((rg_op)op, cases[op], support_seed() + seed);
}

static double scalar_at(rg_graph *graph, rg_val x, double at, rg_val what)
{
    rg_err err = {0};
    rg_plan *plan = rg_plan_compile(graph, &what, 1, NULL, 0, NULL, &err);
    *(double *)rg_plan_buffer(plan, x) = at;
    assert_true(rg_plan_run(plan, &err));
    double ret = *(double *)rg_plan_buffer(plan, what);
    rg_plan_free(plan);
    return ret;
}

/* d^n/dx^n sin x, five times over. */
static void test_higher_orders(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F64, RG_SCALAR), y = rg_sin(x);
    const double expected[] = {cos(0.7), -sin(0.7), -cos(0.7), sin(0.7), cos(0.7)};
    for (int order = 0; order < 5; order++) {
        rg_grad(y, &x, 1, &y);
        assert_close(scalar_at(graph, x, 0.7, y), expected[order], 1e-14);
    }
    rg_graph_free(graph);
}

static void test_no_path_gives_zeros(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F64, RG_SCALAR), g[2];
    rg_val y = rg_add(rg_floor(x), rg_stop_grad(rg_mul(x, x)));
    rg_val other = rg_input(graph, "other", RG_F64, RG_SCALAR);
    rg_grad(y, (const rg_val[]){x, other}, 2, g);
    assert_close(scalar_at(graph, x, 1.5, rg_add(g[0], rg_mul(x, g[1]))), 0, 0);
    rg_graph_free(graph);
}

/* The derivative of x W^T by W is a product in W's own order, without a permutation. */
static void test_products_come_in_order(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F64, rg_shape_of(5, 3));
    rg_val w = rg_input(graph, "w", RG_F64, rg_shape_of(4, 3)), g[2];
    rg_dot_axes axes = {.n_contract = 1, .contract_x = {1}, .contract_y = {1}};
    rg_val y = rg_tanh(rg_dot(x, w, &axes));
    rg_grad(rg_sum(y, RG_ALL_AXES, false), (const rg_val[]){x, w}, 2, g);
    for (int i = 0; i < 2; i++)
        assert_int_equal(rg_node_of(graph, g[i].id)->op, RG_OP_dot);
    rg_graph_free(graph);
}

static void test_ties_and_edges(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F64, RG_SCALAR), g;
    rg_grad(rg_max(x, rg_const(graph, 1, RG_F64)), &x, 1, &g);
    assert_close(scalar_at(graph, x, 1, g), 0.5, 0);
    assert_close(scalar_at(graph, x, 2, g), 1, 0);
    assert_close(scalar_at(graph, x, 0, g), 0, 0);
    rg_grad(rg_pow(x, rg_const(graph, 3, RG_F64)), &x, 1, &g);
    assert_close(scalar_at(graph, x, 0, g), 0, 0);
    rg_graph_free(graph);
}

static void test_nonsense_is_refused(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(3)), g;
    rg_grad(x, &x, 1, &g);
    assert_string_equal(rg_graph_error(graph)->what,
                        "grad: the loss has shape (3) and type f32; expected a float scalar");
    rg_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_operation),
        cmocka_unit_test(test_higher_orders),
        cmocka_unit_test(test_no_path_gives_zeros),
        cmocka_unit_test(test_ties_and_edges),
        cmocka_unit_test(test_nonsense_is_refused),
        cmocka_unit_test(test_products_come_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
