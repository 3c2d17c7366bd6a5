/* graph.h - the intermediate representation: a graph of values with shapes and element types.
 *
 * Building never fails half-way: the first error sticks to the graph with the file and line of
 * the user's call, every later operation returns a value of the graph all the same, and
 * rg_plan_compile reports it.  Values are typed ids, passed by value; nothing is ever freed one
 * by one.  docs/ir.md specifies the text form; src/engine/ir/ops.def is the table of
 * operations. */
#ifndef RIGOR_GRAPH_H
#define RIGOR_GRAPH_H

#include "rigor/base.h"

#define RG_RANK_MAX 8

/* BF16, the upper half of an F32, is for storage and for the operands of dot and conv, which
 * multiply it exactly (operands below 2^-126 may count as 0) and add in F32; all else is computed on
 * what rg_cast makes of it.  What derivatives say of a value of BF16 (cotangents, tangents,
 * gradients) has type F32. */
typedef enum rg_dtype { RG_F32, RG_F64, RG_I32, RG_U32, RG_BOOL, RG_BF16 } rg_dtype;

typedef struct rg_shape {
    int rank;
    int64_t dim[RG_RANK_MAX]; /* NumPy's order: the last varies fastest */
} rg_shape;

typedef struct rg_graph rg_graph;
typedef struct rg_val {
    rg_graph *graph;
    uint32_t id; /* 0 is no value */
} rg_val;

rg_graph *rg_graph_new(void);
void rg_graph_free(rg_graph *graph);
const rg_err *rg_graph_error(const rg_graph *graph); /* code RG_OK while all is well */
/* Records a mistake found by a layer, at the current source position; the first one sticks.
 * NULL, the graph of no value: nothing is recorded, and whatever reads the result will tell. */
void rg_graph_fail(rg_graph *graph, const char *remedy, const char *fmt, ...) RG_PRINTF(3, 4);
size_t rg_graph_count(const rg_graph *graph); /* ids are 1 .. count */

rg_shape rg_val_shape(rg_val x);
rg_dtype rg_val_dtype(rg_val x);
int64_t rg_val_count(rg_val x); /* elements */

/* Where a value comes from.  Every operation below is a macro that passes the caller's file and
 * line (RG_HERE) to a function of the same name with `_at`.  A layer keeps its own caller's
 * place for all operations inside: it takes an rg_place from its own macro and stands between
 * rg_graph_pin and rg_graph_unpin.  Pins nest; the outermost place counts, so that errors and
 * `rigor plan` name the line of the model, not of the library. */
typedef struct rg_place {
    const char *file;
    int line;
} rg_place;
#define RG_HERE ((rg_place){__FILE__, __LINE__})
void rg_graph_pin(rg_graph *graph, rg_place at);
void rg_graph_unpin(rg_graph *graph);
/* Sets the place for rg_graph_fail outside a pin; line 0: somewhere in the file. */
void rg_graph_at(rg_graph *graph, const char *file, int line);
#define RG_AT(graph) rg_graph_at((graph), __FILE__, __LINE__)

#define rg_shape_of(...) \
    rg_shape_make_((const int64_t[]){0, __VA_ARGS__}, \
                   (int)RG_COUNT(((int64_t[]){0, __VA_ARGS__})) - 1)
#define RG_SCALAR ((rg_shape){0})
rg_shape rg_shape_make_(const int64_t *zero_then_dims, int rank);
bool rg_shape_same(rg_shape a, rg_shape b);

/* ---- Leaves.  Names are unique in a graph and are how plans and checkpoints find values;
 * names and arrays are copied. */
rg_val rg_input_at(rg_place at, rg_graph *graph, const char *name, rg_dtype dtype,
                   rg_shape shape);
rg_val rg_const_at(rg_place at, rg_graph *graph, double value, rg_dtype dtype); /* scalar */
rg_val rg_const_array_at(rg_place at, rg_graph *graph, const void *data, rg_dtype dtype,
                         rg_shape shape);
rg_val rg_iota_at(rg_place at, rg_graph *graph, rg_shape shape, int axis, rg_dtype dtype);
/* Uniform bits (U32): f(key, site, element).  key: U32 (2); `site` tells draws of one step
 * apart.  Many keys (K..., 2) give a shape (K..., S...): for each key what it gives alone. */
rg_val rg_random_bits_at(rg_place at, rg_val key, uint32_t site, rg_shape shape);

/* ---- Element-wise.  Binary operations broadcast as NumPy does; dtypes must agree. */
rg_val rg_neg_at(rg_place at, rg_val x);
rg_val rg_exp_at(rg_place at, rg_val x);
rg_val rg_log_at(rg_place at, rg_val x);
rg_val rg_sin_at(rg_place at, rg_val x);
rg_val rg_cos_at(rg_place at, rg_val x);
rg_val rg_sqrt_at(rg_place at, rg_val x);
rg_val rg_tanh_at(rg_place at, rg_val x);
rg_val rg_erf_at(rg_place at, rg_val x);
rg_val rg_floor_at(rg_place at, rg_val x);
rg_val rg_cast_at(rg_place at, rg_val x, rg_dtype dtype);
rg_val rg_add_at(rg_place at, rg_val x, rg_val y);
rg_val rg_sub_at(rg_place at, rg_val x, rg_val y);
rg_val rg_mul_at(rg_place at, rg_val x, rg_val y);
rg_val rg_div_at(rg_place at, rg_val x, rg_val y);
rg_val rg_max_at(rg_place at, rg_val x, rg_val y);
rg_val rg_pow_at(rg_place at, rg_val x, rg_val y);
rg_val rg_lt_at(rg_place at, rg_val x, rg_val y); /* RG_BOOL */
rg_val rg_eq_at(rg_place at, rg_val x, rg_val y); /* RG_BOOL */
rg_val rg_select_at(rg_place at, rg_val condition, rg_val yes, rg_val no);
rg_val rg_stop_grad_at(rg_place at, rg_val x);
/* x itself; but equal operations on x and on the barrier's result are computed twice, and never
 * in one loop.  XLA's optimization barrier. */
rg_val rg_barrier_at(rg_place at, rg_val x);

/* ---- Reductions over the axes whose bits are set in `axes`; they vanish unless keep. */
rg_val rg_sum_at(rg_place at, rg_val x, uint32_t axes, bool keep);
rg_val rg_amax_at(rg_place at, rg_val x, uint32_t axes, bool keep);
#define RG_AXIS(i) (1u << (i))
#define RG_ALL_AXES 0xffffffffu

/* ---- Movement. */
rg_val rg_reshape_at(rg_place at, rg_val x, rg_shape shape);
rg_val rg_permute_at(rg_place at, rg_val x, const int *order); /* rank entries */
rg_val rg_broadcast_at(rg_place at, rg_val x, rg_shape shape);
rg_val rg_slice_at(rg_place at, rg_val x, const int64_t *from, const int64_t *to,
                   const int64_t *step);
rg_val rg_pad_at(rg_place at, rg_val x, const int64_t *before, const int64_t *after,
                 double value);
rg_val rg_concat_at(rg_place at, const rg_val *x, size_t n, int axis);
rg_val rg_reverse_at(rg_place at, rg_val x, uint32_t axes);

/* ---- Contraction.  x: (batch..., free_x..., contracted...), given by axis lists; the result
 * is (batch..., free axes of x..., free axes of y...), as StableHLO's dot_general. */
typedef struct rg_dot_axes {
    int n_batch, n_contract;
    int batch_x[RG_RANK_MAX], batch_y[RG_RANK_MAX];
    int contract_x[RG_RANK_MAX], contract_y[RG_RANK_MAX];
} rg_dot_axes;
rg_val rg_dot_at(rg_place at, rg_val x, rg_val y, const rg_dot_axes *axes);
rg_val rg_matmul_at(rg_place at, rg_val x, rg_val y); /* (..., M, K) x (K, N) -> (..., M, N) */

/* ---- Convolution as cross-correlation, PyTorch's order of axes: x (N, C, s1..sk) and filters
 * w (O, C / groups, r1..rk) give (N, O, p1..pk) for 1 to 6 spatial axes,
 *   y[n, o, p] = sum over c, r of w[o, c, r] x'[n, c, p * stride + r * dilate_w - lo],
 * where x' is x with dilate_x - 1 zeros between neighbours and zeros around it.  Padding (lo
 * before, hi behind) may be negative: entries are cut off.  With the spread length
 * D(n, d) = (n - 1) d + 1 (0 for n = 0),
 *   p = floor((D(s, dilate_x) + lo + hi - D(r, dilate_w)) / stride) + 1, or 0.
 * Fields left at 0 stand for 1 (padding: for 0); NULL for all of them.  Floats. */
#define RG_CONV_AXES_MAX (RG_RANK_MAX - 2)
typedef struct rg_conv_axes {
    int64_t stride[RG_CONV_AXES_MAX], lo[RG_CONV_AXES_MAX], hi[RG_CONV_AXES_MAX];
    int64_t dilate_x[RG_CONV_AXES_MAX], dilate_w[RG_CONV_AXES_MAX];
    int64_t groups;
} rg_conv_axes;
rg_val rg_conv_at(rg_place at, rg_val x, rg_val w, const rg_conv_axes *axes);

/* ---- Indexing.  indices: I32 or U32, each in [0, dim). */
rg_val rg_gather_at(rg_place at, rg_val x, rg_val indices, int axis);
/* zeros(shape) with updates added at `indices` along `axis`: the transpose of gather. */
rg_val rg_scatter_add_at(rg_place at, rg_shape shape, rg_val indices, rg_val updates, int axis);
/* As scatter_add, but the largest update at each index; the least value of the type where there
 * is none.  Updates that attain the maximum share its derivative equally, as in amax. */
rg_val rg_scatter_max_at(rg_place at, rg_shape shape, rg_val indices, rg_val updates, int axis);
/* NumPy's take_along_axis: ret[.., i, ..] = x[.., indices[.., i, ..], ..]; the shapes agree but
 * along the axis. */
rg_val rg_take_along_at(rg_place at, rg_val x, rg_val indices, int axis);

/* ---- Sorting along an axis: stable, and NaN comes last in either direction. */
rg_val rg_argsort_at(rg_place at, rg_val x, int axis, bool descending); /* I32, x's shape */
rg_val rg_sort_at(rg_place at, rg_val x, int axis, bool descending);
/* The k largest in descending order and where they stood; ret_indices may be NULL. */
rg_val rg_top_k_at(rg_place at, rg_val x, int64_t k, int axis, rg_val *ret_indices);

/* ---- Segments: rows x[i, ...] of one number segments[i] in [0, n), in any order; x: (R, ...),
 * segments: I32 or U32 (R).  The sum and the maximum are (n, ...), 0 and the least value for
 * segments without rows; the softmax, over the rows of each segment, has x's shape. */
rg_val rg_segment_sum_at(rg_place at, rg_val x, rg_val segments, int64_t n);
rg_val rg_segment_max_at(rg_place at, rg_val x, rg_val segments, int64_t n);
rg_val rg_segment_softmax_at(rg_place at, rg_val x, rg_val segments, int64_t n);

/* ---- Recurrence along an axis: h[t] = a[t] h[t-1] + b[t] with h[-1] = 0, as a product and a
 * sum, each rounded; reverse runs from the end.  a and b of one shape; floats. */
rg_val rg_linrec_at(rg_place at, rg_val a, rg_val b, int axis, bool reverse);
rg_val rg_cumsum_at(rg_place at, rg_val x, int axis, bool reverse); /* x[0] + ... + x[t] */

/* ---- Recurrence: a body that runs step after step with carried values (JAX's scan).
 *
 *     for t = 0 .. steps - 1, p = reverse ? steps - 1 - t : t:
 *         carry, out[p] = body(carry, scan[p], shared)
 *
 * The body is a graph of its own, built once by the callback from its own values: it sets every
 * entry of next (same shape and type as the carry) and of out.  Values of the graph outside are
 * no values of the body: pass them as shared.  Mistakes in the body stick to the graph outside.
 * rg_random_bits gives every step the same bits unless its key differs: add `step` to it.  What
 * the results do not need is never computed; derivatives of any order run a loop in the
 * other direction, which recomputes each step from the carries before it. */
typedef struct rg_loop_body {
    rg_graph *graph;
    const rg_val *carry, *scan, *shared;
    rg_val step; /* p, I32 scalar */
    rg_val *next, *out;
} rg_loop_body;
typedef struct rg_loop_spec {
    int64_t steps;       /* 0 or more; 0 gives the carries as they are and empty stacks */
    const rg_val *carry; /* values before the first step */
    size_t carries;
    const rg_val *scan; /* (steps, ...), read entry by entry */
    size_t scans;
    const rg_val *shared; /* the same in every step */
    size_t shareds;
    size_t outs; /* how many values each step puts on stacks */
    bool reverse;
    void (*body)(rg_loop_body *body, void *context);
    void *context;
} rg_loop_spec;
/* ret: the carries after the last step, then the stacks (steps, ...) of the outs. */
void rg_loop_at(rg_place at, rg_graph *graph, const rg_loop_spec *spec, rg_val *ret);

/* ---- Transforms: graph in, graph out.  They add nodes of the same operations, so that each
 * can be applied to another's results, and change nothing that stands.  `x` may be any values
 * of the graph, not only inputs; a result that does not depend on them has derivative zero. */
/* Reverse mode: d(loss)/d(x[i]) into ret[i] (same shape as x[i]); loss is a scalar. */
void rg_grad_at(rg_place at, rg_val loss, const rg_val *x, size_t n, rg_val *ret);
/* Reverse mode for m results of any shape, each with a cotangent g[j] of y[j]'s shape and type:
 * sum over j of (d(y[j])/d(x[i]))^T g[j] into ret[i] (same shape as x[i]). */
void rg_vjp_at(rg_place at, const rg_val *y, const rg_val *cotangent, size_t m, const rg_val *x,
               size_t n, rg_val *ret);
/* Forward mode: how y[j] changes when x moves along the tangents t[i] (x[i]'s shape and type):
 * sum over i of d(y[j])/d(x[i]) t[i] into ret[j] (same shape as y[j]).  It is reverse mode,
 * transposed: Radul, Paszke, Frostig, Johnson, Maclaurin 2023, "You only linearize once". */
void rg_jvp_at(rg_place at, const rg_val *y, size_t m, const rg_val *x, const rg_val *tangent,
               size_t n, rg_val *ret);
/* The Hessian of a scalar loss times the tangents, into ret[i] (same shape as x[i]), forward
 * mode over reverse mode, at a small multiple of the gradient's cost: Pearlmutter 1994, "Fast
 * exact multiplication by the Hessian". */
void rg_hvp_at(rg_place at, rg_val loss, const rg_val *x, const rg_val *tangent, size_t n,
               rg_val *ret);
/* y for B members at once (vmap): wide[i], of shape (B, x[i]'s), stands for x[i]; ret[j], of
 * shape (B, y[j]'s), holds for each member what y[j] would be.  What does not depend on x is
 * shared, a result that does not is repeated.  A dot with one operand that varies stays one
 * product, with the members among its free axes.  Values of 8 axes cannot vary. */
void rg_batch_at(rg_place at, const rg_val *y, size_t m, const rg_val *x, const rg_val *wide,
                 size_t n, rg_val *ret);
/* Marks what lies between `keep` and y (what y is computed from and what depends on a value of
 * `keep`, these and y excepted): gradients taken later compute it again from the rest instead
 * of reading it, so that it need not stay in memory until then.  Griewank, Walther 2000,
 * "Revolve"; Chen, Xu, Zhang, Guestrin 2016, "Training deep nets with sublinear memory cost".
 */
void rg_remat_at(rg_place at, rg_val y, const rg_val *keep, size_t n);
/* y with every float of type `from` on the way to it computed in type `to`, values of `keep`
 * and results of loops (whose bodies keep their types) excepted; ret[j] has y[j]'s shape and
 * type.  To bf16, only the operands of products are cast.  Inputs are cast where they are read
 * and keep their type, so the gradients of ret by them, and the parameters that they update,
 * are of type `from`: Micikevicius et al. 2018, "Mixed precision training".  From f32 to f64 it
 * gives a judge of rounding. */
void rg_cast_graph_at(rg_place at, const rg_val *y, size_t m, rg_dtype from, rg_dtype to,
                      const rg_val *keep, size_t n, rg_val *ret);
/* The values as they would be with to[i] (same type and shape) in place of from[i], all at
 * once, into ret[n_values]: a loss or its gradients at other parameters.  to[i] may be computed
 * from from[i].  What does not depend on from[i] is shared. */
void rg_substitute_at(rg_place at, const rg_val *values, size_t n_values, const rg_val *from,
                      const rg_val *to, size_t n, rg_val *ret);

/* ---- The names to write: each notes where it stands. */
#define rg_input(...) rg_input_at(RG_HERE, __VA_ARGS__)
#define rg_const(...) rg_const_at(RG_HERE, __VA_ARGS__)
#define rg_const_array(...) rg_const_array_at(RG_HERE, __VA_ARGS__)
#define rg_iota(...) rg_iota_at(RG_HERE, __VA_ARGS__)
#define rg_random_bits(...) rg_random_bits_at(RG_HERE, __VA_ARGS__)
#define rg_neg(...) rg_neg_at(RG_HERE, __VA_ARGS__)
#define rg_exp(...) rg_exp_at(RG_HERE, __VA_ARGS__)
#define rg_log(...) rg_log_at(RG_HERE, __VA_ARGS__)
#define rg_sin(...) rg_sin_at(RG_HERE, __VA_ARGS__)
#define rg_cos(...) rg_cos_at(RG_HERE, __VA_ARGS__)
#define rg_sqrt(...) rg_sqrt_at(RG_HERE, __VA_ARGS__)
#define rg_tanh(...) rg_tanh_at(RG_HERE, __VA_ARGS__)
#define rg_erf(...) rg_erf_at(RG_HERE, __VA_ARGS__)
#define rg_floor(...) rg_floor_at(RG_HERE, __VA_ARGS__)
#define rg_cast(...) rg_cast_at(RG_HERE, __VA_ARGS__)
#define rg_add(...) rg_add_at(RG_HERE, __VA_ARGS__)
#define rg_sub(...) rg_sub_at(RG_HERE, __VA_ARGS__)
#define rg_mul(...) rg_mul_at(RG_HERE, __VA_ARGS__)
#define rg_div(...) rg_div_at(RG_HERE, __VA_ARGS__)
#define rg_max(...) rg_max_at(RG_HERE, __VA_ARGS__)
#define rg_pow(...) rg_pow_at(RG_HERE, __VA_ARGS__)
#define rg_lt(...) rg_lt_at(RG_HERE, __VA_ARGS__)
#define rg_eq(...) rg_eq_at(RG_HERE, __VA_ARGS__)
#define rg_select(...) rg_select_at(RG_HERE, __VA_ARGS__)
#define rg_stop_grad(...) rg_stop_grad_at(RG_HERE, __VA_ARGS__)
#define rg_barrier(...) rg_barrier_at(RG_HERE, __VA_ARGS__)
#define rg_sum(...) rg_sum_at(RG_HERE, __VA_ARGS__)
#define rg_amax(...) rg_amax_at(RG_HERE, __VA_ARGS__)
#define rg_reshape(...) rg_reshape_at(RG_HERE, __VA_ARGS__)
#define rg_permute(...) rg_permute_at(RG_HERE, __VA_ARGS__)
#define rg_broadcast(...) rg_broadcast_at(RG_HERE, __VA_ARGS__)
#define rg_slice(...) rg_slice_at(RG_HERE, __VA_ARGS__)
#define rg_pad(...) rg_pad_at(RG_HERE, __VA_ARGS__)
#define rg_concat(...) rg_concat_at(RG_HERE, __VA_ARGS__)
#define rg_reverse(...) rg_reverse_at(RG_HERE, __VA_ARGS__)
#define rg_dot(...) rg_dot_at(RG_HERE, __VA_ARGS__)
#define rg_matmul(...) rg_matmul_at(RG_HERE, __VA_ARGS__)
#define rg_gather(...) rg_gather_at(RG_HERE, __VA_ARGS__)
#define rg_scatter_add(...) rg_scatter_add_at(RG_HERE, __VA_ARGS__)
#define rg_loop(...) rg_loop_at(RG_HERE, __VA_ARGS__)
#define rg_conv(...) rg_conv_at(RG_HERE, __VA_ARGS__)
#define rg_scatter_max(...) rg_scatter_max_at(RG_HERE, __VA_ARGS__)
#define rg_take_along(...) rg_take_along_at(RG_HERE, __VA_ARGS__)
#define rg_argsort(...) rg_argsort_at(RG_HERE, __VA_ARGS__)
#define rg_sort(...) rg_sort_at(RG_HERE, __VA_ARGS__)
#define rg_top_k(...) rg_top_k_at(RG_HERE, __VA_ARGS__)
#define rg_segment_sum(...) rg_segment_sum_at(RG_HERE, __VA_ARGS__)
#define rg_segment_max(...) rg_segment_max_at(RG_HERE, __VA_ARGS__)
#define rg_segment_softmax(...) rg_segment_softmax_at(RG_HERE, __VA_ARGS__)
#define rg_linrec(...) rg_linrec_at(RG_HERE, __VA_ARGS__)
#define rg_cumsum(...) rg_cumsum_at(RG_HERE, __VA_ARGS__)
#define rg_grad(...) rg_grad_at(RG_HERE, __VA_ARGS__)
#define rg_vjp(...) rg_vjp_at(RG_HERE, __VA_ARGS__)
#define rg_jvp(...) rg_jvp_at(RG_HERE, __VA_ARGS__)
#define rg_hvp(...) rg_hvp_at(RG_HERE, __VA_ARGS__)
#define rg_batch(...) rg_batch_at(RG_HERE, __VA_ARGS__)
#define rg_remat(...) rg_remat_at(RG_HERE, __VA_ARGS__)
#define rg_cast_graph(...) rg_cast_graph_at(RG_HERE, __VA_ARGS__)
#define rg_substitute(...) rg_substitute_at(RG_HERE, __VA_ARGS__)

/* ---- Text form (docs/ir.md). */
void rg_graph_print(const rg_graph *graph, const rg_val *outputs, size_t n, rg_str *ret);
/* Parses text into a new graph; *ret_outputs is allocated in the graph. */
bool rg_graph_parse(const char *text, const char *where, rg_graph **ret, rg_val **ret_outputs,
                    size_t *ret_n, rg_err *err);

#endif
