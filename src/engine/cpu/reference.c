/* reference.c - the definition of every operation: loops over indices, no shortcuts.
 *
 * It judges the kernels, bit for bit (dot and conv: within rounding), so it is written to be
 * seen right: each rule turns the index of a result into the indices of the operands. */
#include "engine/cpu/reference.h"

#include "engine/cpu/element.h"
#include "engine/cpu/reduce.h"

#include <inttypes.h>

typedef struct call {
    const rg_graph *graph;
    const rg_node *node;
    const void *const *in;
    void *out;
    rg_err *err;
} call;

typedef struct coords {
    int64_t at[RG_RANK_MAX];
} coords;

static const rg_node *operand_of(const call *c, size_t i)
{
    return rg_operand(c->graph, c->node, i);
}

/* ---- Indices. */
static coords index_of(rg_shape shape, int64_t flat)
{
    coords ret = {{0}};
    for (int i = shape.rank - 1; i >= 0; i--) {
        ret.at[i] = flat % shape.dim[i];
        flat /= shape.dim[i];
    }
    return ret;
}

static int64_t flat_of(rg_shape shape, coords i)
{
    int64_t flat = 0;
    for (int k = 0; k < shape.rank; k++)
        flat = flat * shape.dim[k] + i.at[k];
    return flat;
}

static void copy_element(const call *c, int64_t to, const void *from, int64_t at)
{
    size_t bytes = rg_dtype_bytes(c->node->dtype);
    memcpy((char *)c->out + (size_t)to * bytes, (const char *)from + (size_t)at * bytes, bytes);
}

static int64_t count_of(const call *c)
{
    return rg_shape_count(c->node->shape);
}

/* ---- Element-wise: one function for each operation and type. */
typedef void (*element_fn)(void *out, const void *x, const void *y, const void *z, int64_t i);

#define ELEMENT1(op, D, R, T, expression) \
    static void one_##op##_##D(void *out, const void *a, const void *b, const void *c, \
                               int64_t i) \
    { \
        (void)b, (void)c; \
        const T x = ((const T *)a)[i]; \
        ((R *)out)[i] = expression; \
    }
#define ELEMENT2(op, D, R, T, expression) \
    static void one_##op##_##D(void *out, const void *a, const void *b, const void *c, \
                               int64_t i) \
    { \
        (void)c; \
        const T x = ((const T *)a)[i], y = ((const T *)b)[i]; \
        ((R *)out)[i] = expression; \
    }
#define SELECT(D, T) \
    static void one_select_##D(void *out, const void *a, const void *b, const void *c, \
                               int64_t i) \
    { \
        ((T *)out)[i] = ((const unsigned char *)a)[i] ? ((const T *)b)[i] : ((const T *)c)[i]; \
    }
#define CAST(D, E, T, R, expression) \
    static void one_cast_##D##_##E(void *out, const void *a, const void *b, const void *c, \
                                   int64_t i) \
    { \
        (void)b, (void)c; \
        const T x = ((const T *)a)[i]; \
        ((R *)out)[i] = expression; \
    }
#include "engine/cpu/element.def"

static const element_fn element_table[RG_OPS][RG_DTYPES] = {
#define ELEMENT1(op, D, R, T, expression) [RG_OP_##op][D] = one_##op##_##D,
#define ELEMENT2(op, D, R, T, expression) [RG_OP_##op][D] = one_##op##_##D,
#define SELECT(D, T) [RG_OP_select][D] = one_select_##D,
#define CAST(D, E, T, R, expression)
#include "engine/cpu/element.def"
};

static const element_fn cast_table[RG_DTYPES][RG_DTYPES] = {
#define ELEMENT1(op, D, R, T, expression)
#define ELEMENT2(op, D, R, T, expression)
#define SELECT(D, T)
#define CAST(D, E, T, R, expression) [D][E] = one_cast_##D##_##E,
#include "engine/cpu/element.def"
};

static bool reference_element(const call *c)
{
    const rg_node *last = operand_of(c, c->node->n_in - 1);
    element_fn one = c->node->op == RG_OP_cast ? cast_table[last->dtype][c->node->dtype]
                                               : element_table[c->node->op][last->dtype];
    const void *x = c->in[0], *y = c->node->n_in > 1 ? c->in[1] : NULL,
               *z = c->node->n_in > 2 ? c->in[2] : NULL;
    for (int64_t i = 0; i < count_of(c); i++)
        one(c->out, x, y, z, i);
    return true;
}

/* ---- Generators. */
static bool reference_iota(const call *c)
{
    for (int64_t i = 0; i < count_of(c); i++)
        rg_dtype_store(c->node->dtype, c->out, (size_t)i,
                       (double)index_of(c->node->shape, i).at[c->node->attr.axis]);
    return true;
}

/* Each key has an equal share of the result; element i of a share is word i % 2 of the block
 * with the counter (site, i / 2). */
static bool reference_random_bits(const call *c)
{
    int64_t keys = rg_shape_count(operand_of(c, 0)->shape) / 2;
    int64_t share = keys ? count_of(c) / keys : 1;
    for (int64_t i = 0; i < count_of(c); i++) {
        const uint32_t *key = (const uint32_t *)c->in[0] + 2 * (i / share);
        uint32_t counter[2] = {c->node->attr.site, (uint32_t)(i % share / 2)}, words[2];
        rg_threefry(key, counter, words);
        ((uint32_t *)c->out)[i] = words[i % share % 2];
    }
    return true;
}

static bool reference_none(const call *c)
{
    (void)c;
    return true; /* leaves stand in memory before the run */
}

static bool reference_view(const call *c)
{
    for (int64_t i = 0; i < count_of(c); i++)
        copy_element(c, i, c->in[0], i);
    return true;
}

/* ---- Reductions: collect what goes into one result, in order, and fold it. */
static bool reference_reduce(const call *c)
{
    const rg_node *x = operand_of(c, 0);
    rg_shape inner = RG_SCALAR;
    int kept[RG_RANK_MAX], gone[RG_RANK_MAX], n_kept = 0;
    for (int i = 0; i < x->shape.rank; i++) {
        if (c->node->attr.axes >> i & 1) {
            gone[inner.rank] = i;
            inner.dim[inner.rank++] = x->shape.dim[i];
        } else {
            kept[n_kept++] = i;
        }
    }
    int64_t n = rg_shape_count(inner);
    size_t bytes = rg_dtype_bytes(x->dtype);
    char *list = rg_alloc((size_t)n * bytes + 1);
    for (int64_t i = 0; i < count_of(c); i++) {
        coords to = index_of(c->node->shape, i), from = {{0}};
        for (int k = 0; k < n_kept; k++)
            from.at[kept[k]] = to.at[k];
        for (int64_t j = 0; j < n; j++) {
            coords within = index_of(inner, j);
            for (int k = 0; k < inner.rank; k++)
                from.at[gone[k]] = within.at[k];
            memcpy(list + (size_t)j * bytes,
                   (const char *)c->in[0] + (size_t)flat_of(x->shape, from) * bytes, bytes);
        }
        rg_fold(c->node->op, x->dtype, list, n, (char *)c->out + (size_t)i * bytes);
    }
    rg_free(list);
    return true;
}

/* ---- Movement. */
static bool reference_permute(const call *c)
{
    for (int64_t i = 0; i < count_of(c); i++) {
        coords to = index_of(c->node->shape, i), from = {{0}};
        for (int k = 0; k < c->node->shape.rank; k++)
            from.at[c->node->attr.order[k]] = to.at[k];
        copy_element(c, i, c->in[0], flat_of(operand_of(c, 0)->shape, from));
    }
    return true;
}

static bool reference_broadcast(const call *c)
{
    rg_shape x = operand_of(c, 0)->shape;
    int new_axes = c->node->shape.rank - x.rank;
    for (int64_t i = 0; i < count_of(c); i++) {
        coords to = index_of(c->node->shape, i), from = {{0}};
        for (int k = 0; k < x.rank; k++)
            from.at[k] = x.dim[k] == 1 ? 0 : to.at[k + new_axes];
        copy_element(c, i, c->in[0], flat_of(x, from));
    }
    return true;
}

static bool reference_slice(const call *c)
{
    for (int64_t i = 0; i < count_of(c); i++) {
        coords at = index_of(c->node->shape, i);
        for (int k = 0; k < c->node->shape.rank; k++)
            at.at[k] = c->node->attr.slice.from[k] + at.at[k] * c->node->attr.slice.step[k];
        copy_element(c, i, c->in[0], flat_of(operand_of(c, 0)->shape, at));
    }
    return true;
}

static bool reference_pad(const call *c)
{
    rg_shape x = operand_of(c, 0)->shape;
    double value; /* room for any type */
    rg_dtype_store(c->node->dtype, &value, 0, c->node->attr.pad.value);
    for (int64_t i = 0; i < count_of(c); i++) {
        coords at = index_of(c->node->shape, i);
        bool inside = true;
        for (int k = 0; k < x.rank; k++) {
            at.at[k] -= c->node->attr.pad.before[k];
            inside &= at.at[k] >= 0 && at.at[k] < x.dim[k];
        }
        copy_element(c, i, inside ? c->in[0] : &value, inside ? flat_of(x, at) : 0);
    }
    return true;
}

static bool reference_concat(const call *c)
{
    int axis = c->node->attr.axis;
    for (int64_t i = 0; i < count_of(c); i++) {
        coords at = index_of(c->node->shape, i);
        uint32_t part = 0;
        while (at.at[axis] >= operand_of(c, part)->shape.dim[axis])
            at.at[axis] -= operand_of(c, part++)->shape.dim[axis];
        copy_element(c, i, c->in[part], flat_of(operand_of(c, part)->shape, at));
    }
    return true;
}

static bool reference_reverse(const call *c)
{
    rg_shape shape = c->node->shape;
    for (int64_t i = 0; i < count_of(c); i++) {
        coords at = index_of(shape, i);
        for (int k = 0; k < shape.rank; k++)
            if (c->node->attr.axes >> k & 1)
                at.at[k] = shape.dim[k] - 1 - at.at[k];
        copy_element(c, i, c->in[0], flat_of(shape, at));
    }
    return true;
}

/* ---- Contraction: products added in double, in the order of the contracted axes. */
static double number_at(const call *c, size_t operand, int64_t i)
{
    return rg_dtype_element(operand_of(c, operand)->dtype, c->in[operand], (size_t)i);
}

static void store_number(const call *c, int64_t i, double value)
{
    rg_dtype_store(c->node->dtype, c->out, (size_t)i, value);
}

static bool reference_dot(const call *c)
{
    rg_shape x = operand_of(c, 0)->shape, y = operand_of(c, 1)->shape, inner = RG_SCALAR;
    int order_x[RG_RANK_MAX], order_y[RG_RANK_MAX], n[3], m[3];
    rg_dot_order(c->graph, c->node, 0, order_x, n);
    rg_dot_order(c->graph, c->node, 1, order_y, m);
    for (int k = 0; k < n[2]; k++)
        inner.dim[inner.rank++] = x.dim[order_x[n[0] + n[1] + k]];
    for (int64_t i = 0; i < count_of(c); i++) {
        coords to = index_of(c->node->shape, i), at_x = {{0}}, at_y = {{0}};
        for (int k = 0; k < n[0] + n[1]; k++)
            at_x.at[order_x[k]] = to.at[k];
        for (int k = 0; k < m[0] + m[1]; k++)
            at_y.at[order_y[k]] = to.at[k < m[0] ? k : k + n[1]];
        double sum = 0;
        for (int64_t j = 0; j < rg_shape_count(inner); j++) {
            coords within = index_of(inner, j);
            for (int k = 0; k < n[2]; k++) {
                at_x.at[order_x[n[0] + n[1] + k]] = within.at[k];
                at_y.at[order_y[m[0] + m[1] + k]] = within.at[k];
            }
            sum += number_at(c, 0, flat_of(x, at_x)) * number_at(c, 1, flat_of(y, at_y));
        }
        store_number(c, i, sum);
    }
    return true;
}

/* Where tap r of output p meets x along spatial axis i; false on a zero of the padding. */
static bool conv_meets(const call *c, int i, int64_t p, int64_t r, int64_t *ret)
{
    const rg_conv_axes *conv = &c->node->attr.conv;
    int64_t at = p * conv->stride[i] + r * conv->dilate_w[i] - conv->lo[i];
    *ret = at / conv->dilate_x[i];
    return at >= 0 && at % conv->dilate_x[i] == 0 && *ret < operand_of(c, 0)->shape.dim[i + 2];
}

static bool reference_conv(const call *c)
{
    rg_shape x = operand_of(c, 0)->shape, w = operand_of(c, 1)->shape, inner = w;
    int64_t outputs = w.dim[0] / c->node->attr.conv.groups;
    inner.dim[0] = 1;
    for (int64_t i = 0; i < count_of(c); i++) {
        coords to = index_of(c->node->shape, i), from = {{to.at[0]}};
        double sum = 0;
        for (int64_t j = 0; j < rg_shape_count(inner); j++) {
            coords tap = index_of(inner, j);
            bool meets = true;
            tap.at[0] = to.at[1];
            from.at[1] = to.at[1] / outputs * w.dim[1] + tap.at[1];
            for (int k = 2; k < x.rank; k++)
                meets &= conv_meets(c, k - 2, to.at[k], tap.at[k], &from.at[k]);
            if (meets)
                sum += number_at(c, 1, flat_of(w, tap)) * number_at(c, 0, flat_of(x, from));
        }
        store_number(c, i, sum);
    }
    return true;
}

/* ---- Indexing. */
bool rg_index_fail(const rg_node *node, int64_t index_given, int64_t length, rg_err *err)
{
    char where[160] = "";
    if (node->at.file)
        snprintf(where, sizeof(where), "%s:%d", rg_path_base(node->at.file), node->at.line);
    return rg_fail(err, RG_INPUT, where, "check the indices against the length of the axis",
                   "%s: index %" PRId64 " is out of range for an axis of length %" PRId64,
                   rg_ops[node->op].name, index_given, length);
}

static int64_t index_at(const call *c, size_t operand, int64_t i)
{
    return operand_of(c, operand)->dtype == RG_I32
               ? (int64_t)((const int32_t *)c->in[operand])[i]
               : (int64_t)((const uint32_t *)c->in[operand])[i];
}

/* Splits the index of a gathered value: which entry of `indices`, and where in the whole. */
static bool locate(const call *c, size_t indices_operand, rg_shape gathered, rg_shape whole,
                   int64_t i, int64_t *ret)
{
    rg_shape indices = operand_of(c, indices_operand)->shape;
    int axis = c->node->attr.axis;
    coords at = index_of(gathered, i), entry = {{0}}, from = {{0}};
    for (int k = 0; k < indices.rank; k++)
        entry.at[k] = at.at[axis + k];
    for (int k = 0; k < whole.rank; k++)
        if (k != axis)
            from.at[k] = at.at[k < axis ? k : k + indices.rank - 1];
    from.at[axis] = index_at(c, indices_operand, flat_of(indices, entry));
    if (from.at[axis] < 0 || from.at[axis] >= whole.dim[axis])
        return rg_index_fail(c->node, from.at[axis], whole.dim[axis], c->err);
    *ret = flat_of(whole, from);
    return true;
}

static bool reference_gather(const call *c)
{
    for (int64_t i = 0; i < count_of(c); i++) {
        int64_t from;
        if (!locate(c, 1, c->node->shape, operand_of(c, 0)->shape, i, &from))
            return false;
        copy_element(c, i, c->in[0], from);
    }
    return true;
}

static bool reference_scatter_add(const call *c)
{
    const rg_node *updates = operand_of(c, 1);
    memset(c->out, 0, (size_t)count_of(c) * rg_dtype_bytes(c->node->dtype));
    for (int64_t i = 0; i < rg_shape_count(updates->shape); i++) {
        int64_t to = 0;
        if (!locate(c, 0, updates->shape, c->node->shape, i, &to))
            return false;
        switch (c->node->dtype) {
        case RG_F32: ((float *)c->out)[to] += ((const float *)c->in[1])[i]; break;
        case RG_F64: ((double *)c->out)[to] += ((const double *)c->in[1])[i]; break;
        default: ((uint32_t *)c->out)[to] += ((const uint32_t *)c->in[1])[i]; break;
        }
    }
    return true;
}

/* ---- Recurrence. */
static bool reference_loop(const call *c)
{
    return rg_reference_loop(c->node, c->in, c->out, c->err);
}

static bool reference_scatter_max(const call *c)
{
    const rg_node *updates = operand_of(c, 1);
    element_fn larger = element_table[RG_OP_max][c->node->dtype];
    size_t bytes = rg_dtype_bytes(c->node->dtype);
    for (int64_t i = 0; i < count_of(c); i++)
        rg_dtype_store(c->node->dtype, c->out, (size_t)i, -INFINITY);
    for (int64_t i = 0; i < rg_shape_count(updates->shape); i++) {
        int64_t to = 0;
        if (!locate(c, 0, updates->shape, c->node->shape, i, &to))
            return false;
        char *out = (char *)c->out + (size_t)to * bytes;
        larger(out, out, (const char *)c->in[1] + (size_t)i * bytes, NULL, 0);
    }
    return true;
}

/* ---- Along an axis: element i's run starts at `first`, entries `step` apart. */
typedef struct run {
    int64_t first, step, length, place;
} run;

static run run_of(const call *c, int axis, int64_t i)
{
    coords at = index_of(c->node->shape, i);
    run r = {.step = 1, .length = c->node->shape.dim[axis], .place = at.at[axis]};
    for (int k = axis + 1; k < c->node->shape.rank; k++)
        r.step *= c->node->shape.dim[k];
    r.first = i - r.place * r.step;
    return r;
}

/* Does x[a] come before x[b]?  NaN comes last; equal ones keep their order. */
static bool sorts_before(const call *c, int64_t a, int64_t b)
{
    double x = rg_dtype_element(operand_of(c, 0)->dtype, c->in[0], (size_t)a);
    double y = rg_dtype_element(operand_of(c, 0)->dtype, c->in[0], (size_t)b);
    if (isnan(x) || isnan(y))
        return isnan(x) && isnan(y) ? a < b : isnan(y);
    if (x == y)
        return a < b;
    return c->node->attr.sort.descending ? x > y : x < y;
}

/* The place of each element is the number of those before it. */
static bool reference_argsort(const call *c)
{
    for (int64_t i = 0; i < count_of(c); i++) {
        run r = run_of(c, c->node->attr.sort.axis, i);
        int64_t place = 0;
        for (int64_t t = 0; t < r.length; t++)
            place += sorts_before(c, r.first + t * r.step, i);
        ((int32_t *)c->out)[r.first + place * r.step] = (int32_t)r.place;
    }
    return true;
}

/* Every run is computed where its first element is met. */
static bool reference_linrec(const call *c)
{
    element_fn times = element_table[RG_OP_mul][c->node->dtype];
    element_fn plus = element_table[RG_OP_add][c->node->dtype];
    for (int64_t i = 0; i < count_of(c); i++) {
        run r = run_of(c, c->node->attr.recurrence.axis, i);
        double h[2] = {0}; /* of either type */
        for (int64_t t = 0; r.place == 0 && t < r.length; t++) {
            int64_t at = i + (c->node->attr.recurrence.reverse ? r.length - 1 - t : t) * r.step;
            size_t offset = (size_t)at * rg_dtype_bytes(c->node->dtype);
            times(h, (const char *)c->in[0] + offset, h, NULL, 0);
            plus(h, h, (const char *)c->in[1] + offset, NULL, 0);
            copy_element(c, at, h, 0);
        }
    }
    return true;
}

bool rg_reference(const rg_graph *graph, const rg_node *node, const void *const *in, void *out,
                  rg_err *err)
{
    static bool (*const rules[RG_OPS])(const call *) = {
#define RG_OP(name, operands, kind, attribute, shape, vjp, batch, reference, kernel, doc) \
    [RG_OP_##name] = reference_##reference,
#include "engine/ir/ops.def"
    };
    return rules[node->op](&(call){graph, node, in, out, err});
}
