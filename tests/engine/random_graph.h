/* random_graph.h - random graphs over the whole table of operations, for property tests.
 *
 * Each operation of ops.def needs a draw_* function here: an operation without one does not
 * compile into the tests. */
#ifndef RIGOR_TESTS_ENGINE_RANDOM_GRAPH_H
#define RIGOR_TESTS_ENGINE_RANDOM_GRAPH_H

#include "engine/ir/loop.h"
#include "support.h"

#define VALUES_MAX 64

typedef struct random_graph {
    rg_graph *graph;
    rg_rng rng;
    rg_val value[VALUES_MAX];
    size_t values;
    int inputs;
    int64_t elements_max;
    int depth; /* loops around this graph; a body takes constants where it would take inputs */
    bool products; /* dot and conv, too: where rounding may differ */
    bool f64;      /* of numbers only these: for derivatives by differences */
} random_graph;

static inline int64_t draw(random_graph *r, int64_t n)
{
    return (int64_t)rg_rng_below(&r->rng, (uint64_t)n);
}

static inline rg_dtype draw_float(random_graph *r)
{
    return !r->f64 && draw(r, 4) ? RG_F32 : RG_F64;
}

static inline rg_dtype draw_number_type(random_graph *r)
{
    return r->f64 || draw(r, 3) ? draw_float(r) : draw(r, 2) ? RG_I32 : RG_U32;
}

static inline rg_dtype draw_type(random_graph *r)
{
    return r->f64 ? RG_F64 : (rg_dtype)draw(r, RG_DTYPES);
}

static inline rg_shape draw_shape(random_graph *r)
{
    static const int64_t dims[] = {1, 2, 3, 1, 5, 8, 17, 33, 4, 2, 0, 700, 16};
    rg_shape shape = {0};
    int rank = (int)(draw(r, 6) ? draw(r, 4) : 4 + draw(r, 5));
    int64_t room = r->elements_max;
    while (shape.rank < rank) {
        int64_t dim = dims[draw(r, RG_COUNT(dims))];
        if (dim > room || (dim == 0 && draw(r, 3)))
            dim = 1;
        shape.dim[shape.rank++] = dim;
        room /= dim ? dim : 1;
    }
    return shape;
}

static inline rg_val draw_constant_of(random_graph *r, rg_dtype dtype, rg_shape shape)
{
    size_t n = (size_t)rg_shape_count(shape);
    void *data = rg_alloc(n * 8 + 8);
    for (size_t i = 0; i < n; i++)
        rg_dtype_store(dtype, data, i, 4 * rg_rng_normal(&r->rng));
    rg_val ret = rg_const_array(r->graph, data, dtype, shape);
    rg_free(data);
    return ret;
}

static inline rg_val draw_input_of(random_graph *r, rg_dtype dtype, rg_shape shape)
{
    char name[32];
    if (r->depth > 0)
        return draw_constant_of(r, dtype, shape);
    snprintf(name, sizeof(name), "in%d", r->inputs++);
    return rg_input(r->graph, name, dtype, shape);
}

/* An earlier value of the type (any shape), or a new input. */
static inline rg_val draw_value(random_graph *r, rg_dtype dtype)
{
    for (int attempt = 0; attempt < 6 && r->values > 0; attempt++) {
        rg_val x = r->value[draw(r, (int64_t)r->values)];
        if (rg_val_dtype(x) == dtype)
            return x;
    }
    return draw_input_of(r, dtype, draw_shape(r));
}

/* A value that broadcasts with the shape: an earlier one, or an input with axes dropped or 1.
 */
static inline rg_val draw_partner(random_graph *r, rg_dtype dtype, rg_shape shape)
{
    for (int attempt = 0; attempt < 8 && r->values > 0; attempt++) {
        rg_val x = r->value[draw(r, (int64_t)r->values)];
        if (rg_val_dtype(x) == dtype && rg_shape_same(rg_val_shape(x), shape))
            return x;
    }
    if (draw(r, 6) == 0)
        return rg_const(r->graph, (double)draw(r, 3), dtype);
    int drop = shape.rank ? (int)draw(r, shape.rank + 1) * (draw(r, 2) == 0) : 0;
    rg_shape thin = {.rank = shape.rank - drop};
    for (int i = 0; i < thin.rank; i++)
        thin.dim[i] = draw(r, 3) == 0 ? 1 : shape.dim[i + drop];
    return draw_input_of(r, dtype, thin);
}

static inline int draw_axis(random_graph *r, rg_val *x)
{
    if (rg_val_shape(*x).rank == 0)
        *x = rg_reshape(*x, rg_shape_of(1));
    return (int)draw(r, rg_val_shape(*x).rank);
}

/* ---- One function for each operation. */
static inline rg_val draw_input(random_graph *r)
{
    return draw_input_of(r, draw(r, 8) ? draw_number_type(r) : RG_BOOL, draw_shape(r));
}

static inline rg_val draw_const(random_graph *r)
{
    return rg_const(r->graph, (double)draw(r, 5) - 2, draw_number_type(r));
}

static inline rg_val draw_array(random_graph *r)
{
    float data[12];
    for (int i = 0; i < 12; i++)
        data[i] = (float)rg_rng_normal(&r->rng);
    int64_t n = draw(r, 7);
    return rg_const_array(r->graph, data, RG_F32, rg_shape_of(n, draw(r, 3)));
}

static inline rg_val draw_iota(random_graph *r)
{
    rg_shape shape = draw_shape(r);
    if (shape.rank == 0)
        shape = rg_shape_of(5);
    return rg_iota(r->graph, shape, (int)draw(r, shape.rank), draw_number_type(r));
}

static inline rg_val draw_random_bits(random_graph *r)
{
    rg_shape shape = draw_shape(r), keys = {.rank = (int)draw(r, shape.rank + 1)};
    memcpy(keys.dim, shape.dim, sizeof(int64_t) * (size_t)keys.rank);
    if (keys.rank < RG_RANK_MAX)
        keys.dim[keys.rank++] = 2;
    else
        keys = rg_shape_of(2);
    rg_val key = draw_input_of(r, RG_U32, keys);
    if (draw(r, 2))
        key = rg_add(key, key);
    return rg_random_bits(key, (uint32_t)draw(r, 100), shape);
}

#define DRAW_UNARY(name, type) \
    static inline rg_val draw_##name(random_graph *r) \
    { \
        return rg_##name(draw_value(r, type)); \
    }
DRAW_UNARY(neg, draw_number_type(r))
DRAW_UNARY(exp, draw_float(r))
DRAW_UNARY(log, draw_float(r))
DRAW_UNARY(sin, draw_float(r))
DRAW_UNARY(cos, draw_float(r))
DRAW_UNARY(sqrt, draw_float(r))
DRAW_UNARY(tanh, draw_float(r))
DRAW_UNARY(erf, draw_float(r))
DRAW_UNARY(floor, draw_float(r))
DRAW_UNARY(stop_grad, draw_number_type(r))
DRAW_UNARY(barrier, draw_number_type(r))

static inline rg_val draw_cast(random_graph *r)
{
    return rg_cast(draw_value(r, draw_type(r)), draw_type(r));
}

#define DRAW_BINARY(name, type) \
    static inline rg_val draw_##name(random_graph *r) \
    { \
        rg_val x = draw_value(r, type); \
        rg_val y = draw_partner(r, rg_val_dtype(x), rg_val_shape(x)); \
        return draw(r, 2) ? rg_##name(x, y) : rg_##name(y, x); \
    }
DRAW_BINARY(add, draw_number_type(r))
DRAW_BINARY(sub, draw_number_type(r))
DRAW_BINARY(mul, draw_number_type(r))
DRAW_BINARY(div, draw_number_type(r))
DRAW_BINARY(max, draw_number_type(r))
DRAW_BINARY(pow, draw_float(r))
DRAW_BINARY(lt, draw_number_type(r))
DRAW_BINARY(eq, draw_type(r))

static inline rg_val draw_select(random_graph *r)
{
    rg_val x = draw_value(r, draw_type(r));
    rg_val condition = draw_partner(r, RG_BOOL, rg_val_shape(x));
    return rg_select(condition, x, draw_partner(r, rg_val_dtype(x), rg_val_shape(x)));
}

static inline uint32_t draw_axes(random_graph *r, rg_val x)
{
    return (uint32_t)draw(r, (int64_t)1 << rg_val_shape(x).rank);
}

static inline rg_val draw_sum(random_graph *r)
{
    rg_val x = draw_value(r, draw_number_type(r));
    return rg_sum(x, draw_axes(r, x), draw(r, 2));
}

static inline rg_val draw_amax(random_graph *r)
{
    rg_val x = draw_value(r, draw_number_type(r));
    return rg_amax(x, draw_axes(r, x), draw(r, 2));
}

static inline rg_val draw_reshape(random_graph *r)
{
    rg_val x = draw_value(r, draw_type(r));
    rg_shape shape = rg_val_shape(x), flat = rg_shape_of(rg_val_count(x));
    int64_t n = rg_val_count(x), part = 1 + draw(r, 8);
    if (draw(r, 2) && shape.rank < 8) {
        shape.dim[shape.rank++] = 1;
        return rg_reshape(x, shape);
    }
    return rg_reshape(x, n % part == 0 ? rg_shape_of(n / part, part) : flat);
}

static inline rg_val draw_permute(random_graph *r)
{
    rg_val x = draw_value(r, draw_type(r));
    int order[RG_RANK_MAX], rank = rg_val_shape(x).rank;
    for (int i = 0; i < rank; i++) {
        int j = (int)draw(r, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    return rg_permute(x, order);
}

static inline rg_val draw_broadcast(random_graph *r)
{
    rg_shape shape = draw_shape(r);
    return rg_broadcast(draw_partner(r, draw_type(r), shape), shape);
}

static inline rg_val draw_slice(random_graph *r)
{
    rg_val x = draw_value(r, draw_type(r));
    rg_shape shape = rg_val_shape(x);
    int64_t from[RG_RANK_MAX], to[RG_RANK_MAX], step[RG_RANK_MAX];
    for (int i = 0; i < shape.rank; i++) {
        from[i] = draw(r, shape.dim[i] + 1);
        to[i] = from[i] + draw(r, shape.dim[i] - from[i] + 1);
        step[i] = 1 + draw(r, 3);
    }
    return rg_slice(x, from, to, step);
}

static inline rg_val draw_pad(random_graph *r)
{
    rg_val x = draw_value(r, draw_type(r));
    int64_t before[RG_RANK_MAX], after[RG_RANK_MAX];
    int left = rg_val_count(x) * 4 < r->elements_max ? 3 : 0; /* axes to pad at most */
    for (int i = 0; i < rg_val_shape(x).rank; i++) {
        bool pads = left > 0 && draw(r, 3);
        left -= pads;
        before[i] = pads ? draw(r, 3) : 0;
        after[i] = pads ? draw(r, 3) : 0;
    }
    return rg_pad(x, before, after, (double)draw(r, 3));
}

static inline rg_val draw_concat(random_graph *r)
{
    rg_val x[3] = {draw_value(r, draw_type(r))};
    int axis = draw_axis(r, &x[0]);
    size_t n = 1 + (size_t)draw(r, 3);
    for (size_t i = 1; i < n; i++) {
        rg_shape shape = rg_val_shape(x[0]);
        shape.dim[axis] = draw(r, 4);
        x[i] = draw(r, 2) ? x[0] : draw_input_of(r, rg_val_dtype(x[0]), shape);
    }
    return rg_concat(x, n, axis);
}

static inline rg_val draw_reverse(random_graph *r)
{
    rg_val x = draw_value(r, draw_type(r));
    return rg_reverse(x, draw_axes(r, x));
}

static inline rg_val draw_dot(random_graph *r)
{
    rg_dtype dtype = r->f64 || draw(r, 4) ? draw_float(r) : RG_BF16;
    rg_shape x = {0}, y = {0};
    rg_dot_axes axes = {0};
    int kinds = 1 + (int)draw(r, draw(r, 4) ? 4 : RG_RANK_MAX);
    for (int i = 0; i < kinds; i++) {
        int64_t dim = draw(r, 20) ? 1 + draw(r, kinds > 4 ? 2 : 6) : 0;
        int kind = (int)draw(r, 4);
        if (kind == 0) {
            axes.batch_x[axes.n_batch] = x.rank;
            axes.batch_y[axes.n_batch++] = y.rank;
        }
        if (kind == 1) {
            axes.contract_x[axes.n_contract] = x.rank;
            axes.contract_y[axes.n_contract++] = y.rank;
        }
        if (kind != 3)
            x.dim[x.rank++] = dim;
        if (kind != 2)
            y.dim[y.rank++] = dim;
    }
    return rg_dot(draw_input_of(r, dtype, x), draw_input_of(r, dtype, y), &axes);
}

static inline rg_val draw_indices(random_graph *r, int64_t length)
{
    int32_t data[12];
    int64_t n = length ? draw(r, 5) : 0;
    for (int i = 0; i < 12; i++)
        data[i] = length ? (int32_t)draw(r, length) : 0;
    rg_shape shape = draw(r, 2) ? rg_shape_of(n) : rg_shape_of(n, 2);
    if (length && draw(r, 5) == 0)
        shape = RG_SCALAR;
    return rg_const_array(r->graph, data, draw(r, 2) ? RG_I32 : RG_U32, shape);
}

static inline rg_val draw_gather(random_graph *r)
{
    rg_val x = draw_value(r, draw_type(r));
    int axis = draw_axis(r, &x);
    if (rg_val_shape(x).rank > 7)
        return x;
    return rg_gather(x, draw_indices(r, rg_val_shape(x).dim[axis]), axis);
}

static inline rg_val draw_scatter_add(random_graph *r)
{
    rg_shape shape = draw_shape(r);
    if (shape.rank == 0 || shape.rank > 7)
        shape = rg_shape_of(5, 3);
    int axis = (int)draw(r, shape.rank);
    rg_dtype dtype = draw_number_type(r);
    rg_val indices = draw_indices(r, shape.dim[axis]);
    rg_val like = rg_gather(draw_input_of(r, dtype, shape), indices, axis);
    return rg_scatter_add(shape, indices, like, axis);
}

static inline rg_val draw_scatter_max(random_graph *r)
{
    rg_shape shape = draw_shape(r);
    if (shape.rank == 0 || shape.rank > 7)
        shape = rg_shape_of(4, 5);
    int axis = (int)draw(r, shape.rank);
    rg_val indices = draw_indices(r, shape.dim[axis]);
    rg_val like = rg_gather(draw_input_of(r, draw_number_type(r), shape), indices, axis);
    return rg_scatter_max(shape, indices, like, axis);
}

static inline rg_val draw_argsort(random_graph *r)
{
    rg_val x = draw_value(r, draw_type(r));
    int axis = draw_axis(r, &x);
    return rg_argsort(x, axis, draw(r, 2));
}

static inline rg_val draw_linrec(random_graph *r)
{
    rg_val b = draw_value(r, draw_float(r));
    int axis = draw_axis(r, &b);
    rg_val a = draw_partner(r, rg_val_dtype(b), rg_val_shape(b));
    return rg_linrec(rg_broadcast(a, rg_val_shape(b)), b, axis, draw(r, 2));
}

/* Small lengths with every attribute at random; padding leaves room for an output or not. */
static inline rg_val draw_conv(random_graph *r)
{
    int n = 1 + (int)draw(r, draw(r, 4) ? 2 : 6);
    int64_t groups = 1 + draw(r, 2), zero = draw(r, 12);
    rg_shape x = {n + 2, {1 + draw(r, 3), groups * (1 + draw(r, 3))}};
    rg_shape w = {n + 2, {groups * (1 + draw(r, 3)), x.dim[1] / groups}};
    rg_conv_axes axes = {.groups = groups};
    for (int i = 0; i < n; i++) {
        x.dim[i + 2] = 1 + draw(r, n > 2 ? 3 : 9);
        w.dim[i + 2] = 1 + draw(r, 3);
        axes.stride[i] = 1 + draw(r, 3);
        axes.lo[i] = draw(r, 5) - 2;
        axes.hi[i] = draw(r, 5) - 2;
        axes.dilate_x[i] = 1 + draw(r, 2);
        axes.dilate_w[i] = 1 + draw(r, 2);
    }
    if (zero < 2)
        (zero ? &x : &w)->dim[n + 1] = 0;
    rg_dtype dtype = r->f64 || draw(r, 4) ? draw_float(r) : RG_BF16;
    return rg_conv(draw_input_of(r, dtype, x), draw_input_of(r, dtype, w), &axes);
}

/* ---- A loop whose body is a random graph over what it is given. */
static inline void random_graph_fill(random_graph *r, size_t n);

typedef struct random_body {
    random_graph *around;
    size_t carries, scans, shareds, outs;
} random_body;

static inline rg_val draw_like(random_graph *r, rg_val like)
{
    for (int attempt = 0; attempt < 8; attempt++) {
        rg_val x = r->value[draw(r, (int64_t)r->values)];
        if (rg_val_dtype(x) == rg_val_dtype(like) &&
            rg_shape_same(rg_val_shape(x), rg_val_shape(like)))
            return x;
    }
    bool adds = rg_val_dtype(like) != RG_BOOL && rg_val_dtype(like) != RG_BF16;
    return adds && draw(r, 2) ? rg_add(like, like) : like;
}

static inline void draw_body(rg_loop_body *body, void *context)
{
    random_body *b = context;
    random_graph r = {.graph = body->graph,
                      .rng = rg_rng_open(rg_rng_u64(&b->around->rng), "body"),
                      .elements_max = 60,
                      .depth = b->around->depth + 1,
                      .products = b->around->products,
                      .f64 = b->around->f64};
    for (size_t i = 0; i < b->carries; i++)
        r.value[r.values++] = body->carry[i];
    for (size_t i = 0; i < b->scans; i++)
        r.value[r.values++] = body->scan[i];
    for (size_t i = 0; i < b->shareds; i++)
        r.value[r.values++] = body->shared[i];
    r.value[r.values++] = body->step;
    random_graph_fill(&r, r.values + 6);
    for (size_t i = 0; i < b->carries; i++)
        body->next[i] = draw_like(&r, body->carry[i]);
    for (size_t i = 0; i < b->outs; i++) {
        rg_val x = r.value[draw(&r, (int64_t)r.values)];
        body->out[i] = rg_val_shape(x).rank < RG_RANK_MAX ? x : body->step;
    }
}

static inline rg_val draw_loop(random_graph *r)
{
    random_body b = {r, (size_t)draw(r, 3), (size_t)draw(r, 3), (size_t)draw(r, 3),
                     1 + (size_t)draw(r, 2)};
    rg_val operand[9], result[8];
    int64_t steps = draw(r, 4);
    size_t n = 0;
    for (size_t i = 0; i < b.carries; i++) {
        rg_val x = draw_value(r, draw_type(r)); /* a trace has one axis more */
        operand[n++] = rg_val_shape(x).rank < RG_RANK_MAX
                           ? x
                           : rg_amax(rg_cast(x, draw_float(r)), 1, false);
    }
    for (size_t i = 0; i < b.scans; i++)
        operand[n++] =
            draw_input_of(r, draw_type(r), rg_shape_of(steps, draw(r, 4), 1 + draw(r, 3)));
    for (size_t i = 0; i < b.shareds; i++)
        operand[n++] = draw_value(r, draw_type(r));
    rg_loop(r->graph,
            &(rg_loop_spec){.steps = steps,
                            .carry = operand,
                            .carries = b.carries,
                            .scan = operand + b.carries,
                            .scans = b.scans,
                            .shared = operand + b.carries + b.scans,
                            .shareds = b.shareds,
                            .outs = b.outs,
                            .reverse = draw(r, 2),
                            .body = draw_body,
                            .context = &b},
            result);
    /* Any of the siblings, traces too. */
    const rg_node *node = rg_node_of(r->graph, result[0].id);
    if (rg_graph_error(r->graph)->code == RG_OK)
        result[0].id += (uint32_t)draw(r, (int64_t)rg_loop_results(node));
    return result[0];
}

/* Random elements for an input. */
static inline void random_elements(rg_rng *rng, rg_val input, void *data)
{
    for (int64_t i = 0; i < rg_val_count(input); i++) {
        double value = rg_rng_normal(rng);
        switch (rg_val_dtype(input)) {
        case RG_F32: ((float *)data)[i] = (float)value; break;
        case RG_F64: ((double *)data)[i] = value; break;
        case RG_BOOL: ((unsigned char *)data)[i] = value > 0; break;
        case RG_BF16: rg_dtype_store(RG_BF16, data, (size_t)i, value); break;
        default: ((int32_t *)data)[i] = (int32_t)(value * 4); break;
        }
    }
}

static inline rg_val random_graph_draw(random_graph *r, rg_op op)
{
    static rg_val (*const draws[RG_OPS])(random_graph *) = {
#define RG_OP(name, ...) [RG_OP_##name] = draw_##name,
#include "engine/ir/ops.def"
    };
    return draws[op](r);
}

/* Differences see through stop_grad; a slope without bound makes NaN of a cotangent of zero. */
static inline bool is_drawn(const random_graph *r, rg_op op)
{
    switch ((int)op) {
    case RG_OP_dot:
    case RG_OP_conv: return r->products;
    case RG_OP_loop: return r->depth <= 1;
    case RG_OP_stop_grad:
    case RG_OP_log:
    case RG_OP_sqrt:
    case RG_OP_div:
    case RG_OP_pow: return !r->f64;
    default: return true;
    }
}

/* Adds random operations until there are n values. */
static inline void random_graph_fill(random_graph *r, size_t n)
{
    while (r->values < n && r->values < VALUES_MAX) {
        rg_op op = (rg_op)draw(r, RG_OPS);
        if (!is_drawn(r, op))
            continue;
        rg_val made = random_graph_draw(r, op);
        r->value[r->values++] = made;
        const rg_err *err = rg_graph_error(r->graph);
        if (err->code != RG_OK)
            fail_msg("%s: %s: %s", rg_ops[op].name, err->where, err->what);
    }
}

#endif
