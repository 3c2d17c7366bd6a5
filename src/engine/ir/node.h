/* node.h - what a graph is made of, for the rooms of the engine; users see rigor/graph.h.
 *
 * Nodes stand in one growable array in the order of their making, so operands always precede
 * their users and a walk by id is a walk in topological order.  Equal nodes are made once. */
#ifndef RIGOR_ENGINE_IR_NODE_H
#define RIGOR_ENGINE_IR_NODE_H

#include "rigor/graph.h"

typedef enum rg_op {
#define RG_OP(name, ...) RG_OP_##name,
#include "engine/ir/ops.def"
    RG_OPS
} rg_op;

typedef enum rg_op_kind {
    RG_KIND_leaf,
    RG_KIND_view,
    RG_KIND_element,
    RG_KIND_generate,
    RG_KIND_step
} rg_op_kind;

/* What an operation needs besides its operands.  Unused bytes are zero: nodes are compared by
 * their bytes. */
typedef union rg_attr {
    const char *name; /* input */
    double value;     /* const */
    struct {
        const void *data;
        uint64_t hash;
    } array;
    uint32_t site; /* random_bits */
    uint32_t axes; /* sum, amax, reverse: a bit for each axis */
    int axis;      /* iota, concat, gather, scatter_add, scatter_max */
    struct {
        int axis, descending;
    } sort; /* argsort */
    struct {
        int axis, reverse;
    } recurrence; /* linrec */
    int order[RG_RANK_MAX];
    struct {
        int64_t from[RG_RANK_MAX], to[RG_RANK_MAX], step[RG_RANK_MAX];
    } slice;
    struct {
        int64_t before[RG_RANK_MAX], after[RG_RANK_MAX];
        double value;
    } pad;
    rg_dot_axes dot;
    struct {
        const struct rg_body *body; /* loop.h */
        int64_t steps;
        uint32_t carries, scans, result;
        uint32_t reverse; /* 1: from the last entry of the scanned values to the first */
    } loop;
    rg_conv_axes conv; /* nothing left at 0 for 1 */
} rg_attr;

typedef struct rg_node {
    rg_op op;
    rg_dtype dtype;
    rg_shape shape; /* entries behind the rank are zero */
    uint32_t n_in;
    const uint32_t *in; /* operands' ids */
    rg_attr attr;
    rg_place at;
    bool forget; /* reverse mode computes it again instead of reading it (remat.c) */
    bool read;   /* a rewrite or a transform looked at it, though nothing may depend on it */
} rg_node;

struct rg_graph {
    rg_arena *arena;      /* names, arrays, operand lists */
    RG_VEC(rg_node) node; /* node.at[id]; entry 0 is unused */
    struct {              /* open addressing: ids by the hash of their nodes */
        uint32_t *id;
        size_t cap, len;
    } known;
    rg_map *inputs;        /* name -> (void *)(uintptr_t)id */
    rg_map *bodies;        /* text -> rg_body of a loop; NULL: there is no loop */
    const rg_graph *outer; /* a loop's body: the graph around it */
    int bodies_open;       /* loops whose callbacks run now: layers make no weights there */
    rg_place at;
    int pins;
    rg_err err;
    uint32_t poison; /* what every operation returns after a mistake */
};

typedef struct rg_vjp rg_vjp;
typedef struct rg_batching rg_batching;
typedef struct rg_op_info {
    const char *name;
    uint8_t operands; /* RG_ANY: a list */
    rg_op_kind kind;
    const char *doc;
} rg_op_info;
extern const rg_op_info rg_ops[RG_OPS];

/* Sets the result's type and shape (reshape, broadcast and the like: checks the wanted shape),
 * or fails in the graph. */
bool rg_shape_rule(rg_graph *graph, rg_node *node);
/* An equivalent, cheaper value; no value (id 0) when there is none. */
rg_val rg_simplify(rg_graph *graph, const rg_node *node);
/* Gives the operands of v's node their cotangents. */
void rg_vjp_rule(rg_op op, rg_vjp *v);
/* The value of b's node for all members at once, given its operands' (batch.h). */
rg_val rg_batch_rule(rg_op op, const rg_batching *b);

/* Checks, simplifies, finds an equal node or appends; never fails without an error in the
 * graph. node->in may be the caller's memory. */
rg_val rg_node_add(rg_graph *graph, const rg_node *node);
void rg_graph_note(rg_graph *graph, rg_place at); /* unless pinned */

/* Spreads marks, by id, from values to all that they are computed from. */
void rg_graph_spread(const rg_graph *graph, bool *marked);
/* Prints the nodes in the order given, which is topological; `note` adds a comment behind each
 * (NULL: none). */
typedef void rg_note(void *ctx, uint32_t id, rg_str *out);
void rg_graph_print_in_order(const rg_graph *graph, const uint32_t *id, size_t n_ids,
                             const rg_val *outputs, size_t n, rg_note *note, void *ctx,
                             rg_str *ret);

/* The largest value a graph may hold; what is bigger is a mistake, not a wish. */
#define RG_VALUE_BYTES_MAX ((int64_t)1 << 36)

/* Runs the body of a composite with its caller's place pinned; the public function of each layer
 * is this and no more. */
#define RG_PINNED(graph, at, call) \
    do { \
        rg_graph *pinned_ = (graph); \
        if (!pinned_) \
            return (rg_val){0}; \
        rg_graph_pin(pinned_, (at)); \
        rg_val result_ = (call); \
        rg_graph_unpin(pinned_); \
        return result_; \
    } while (0)

static inline const rg_node *rg_node_of(const rg_graph *graph, uint32_t id)
{
    return &graph->node.at[id];
}
static inline const rg_node *rg_operand(const rg_graph *graph, const rg_node *node, size_t i)
{
    return &graph->node.at[node->in[i]];
}

#define RG_DTYPES (RG_BF16 + 1)
size_t rg_dtype_bytes(rg_dtype dtype);
const char *rg_dtype_name(rg_dtype dtype);
bool rg_dtype_float(rg_dtype dtype);
/* Of cotangents, tangents and gradients: f32 for bf16. */
rg_dtype rg_dtype_tangent(rg_dtype dtype);
int64_t rg_shape_count(rg_shape shape);
void rg_shape_text(char out[160], rg_shape shape); /* "(64, 10)"; cut if need be */
double rg_dtype_element(rg_dtype dtype, const void *data, size_t i);
void rg_dtype_store(rg_dtype dtype, void *data, size_t i, double value); /* rounded */
/* value as the type holds it: f32 rounds, integers cut and saturate. */
double rg_dtype_round(rg_dtype dtype, double value);
/* The value of a constant, also one that was broadcast or reshaped. */
bool rg_node_constant(const rg_graph *graph, uint32_t id, double *ret);
/* Element strides of a shape that lies in memory row by row. */
void rg_shape_strides(rg_shape shape, int64_t stride[RG_RANK_MAX]);
/* Sees the n axes as one: its length and its stride; false where they are not one run of
 * memory. */
bool rg_shape_run(rg_shape shape, const int64_t *stride, const int *axes, int n, int64_t *count,
                  int64_t *step);
/* Sizes and element strides of dot's operand `side` (0: x, 1: y) as three blocks of axes:
 * batch, free, contracted.  False when the free or the contracted axes are not one run of
 * memory with the given strides of the operand's axes. */
typedef struct rg_dot_view {
    int64_t count[3], stride[3];
    bool regular; /* the batch is one run, too: else stride[0] means nothing */
} rg_dot_view;
bool rg_dot_operand(const rg_graph *graph, const rg_node *dot, int side, const int64_t *stride,
                    rg_dot_view *ret);
/* Where each entry of the batch begins, in elements; room for at least one. */
void rg_dot_entries(const rg_graph *graph, const rg_node *dot, int side, const int64_t *stride,
                    int64_t *ret);
/* The operand's axes in the order batch, free, contracted. */
void rg_dot_order(const rg_graph *graph, const rg_node *dot, int side, int order[RG_RANK_MAX],
                  int n[3]);
/* Conv's rules (convolution.c); operands' types are checked before. */
bool rg_conv_shape(rg_graph *graph, rg_node *node);
rg_val rg_conv_simplify(rg_graph *graph, const rg_node *node);

#endif
