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

typedef enum rg_dtype { RG_F32, RG_F64, RG_I32, RG_U32, RG_BOOL } rg_dtype;

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
/* Records a mistake found by a layer, at the current source position; the first one sticks. */
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
/* Sets the place for rg_graph_fail outside a pin. */
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
 * apart. */
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

/* ---- Indexing.  indices: I32 or U32, each in [0, dim). */
rg_val rg_gather_at(rg_place at, rg_val x, rg_val indices, int axis);
/* zeros(shape) with updates added at `indices` along `axis`: the transpose of gather. */
rg_val rg_scatter_add_at(rg_place at, rg_shape shape, rg_val indices, rg_val updates, int axis);

/* ---- Transforms: graph in, graph out. */
/* Reverse mode: d(loss)/d(x[i]) into ret[i] (same shape as x[i]); loss is a scalar.  Built from
 * the same operations, hence of any order.  A value that does not depend on x[i] gives zeros.
 */
void rg_grad_at(rg_place at, rg_val loss, const rg_val *x, size_t n, rg_val *ret);
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
#define rg_grad(...) rg_grad_at(RG_HERE, __VA_ARGS__)
#define rg_substitute(...) rg_substitute_at(RG_HERE, __VA_ARGS__)

/* ---- Text form (docs/ir.md). */
void rg_graph_print(const rg_graph *graph, const rg_val *outputs, size_t n, rg_str *ret);
/* Parses text into a new graph; *ret_outputs is allocated in the graph. */
bool rg_graph_parse(const char *text, const char *where, rg_graph **ret, rg_val **ret_outputs,
                    size_t *ret_n, rg_err *err);

#endif
