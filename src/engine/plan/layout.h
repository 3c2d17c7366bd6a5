/* layout.h - from a graph to an order of steps and a map of memory, for any back end.
 *
 *   live      which nodes the results need; what each value views           (live.c)
 *   window    slices and permutations that products read in place            (window.c)
 *   fuse      element-wise nodes and sums of rows that run as one loop      (fuse.c, rows.c)
 *   schedule  steps in an order that lets parameters be updated in place     (schedule.c)
 *   slots     which values need memory, for how long, and which share        (slots.c)
 *   memory    offsets within one allocation                                  (memory.c)
 * The back end (src/engine/cpu) turns each step into a kernel. */
#ifndef RIGOR_ENGINE_PLAN_LAYOUT_H
#define RIGOR_ENGINE_PLAN_LAYOUT_H

#include "engine/ir/node.h"
#include "rigor/plan.h"

#define RG_NONE UINT32_MAX

/* A value read through a pattern: element i is element (i / inner) % count of the source. */
typedef struct rg_expand {
    uint32_t source; /* root of what is read; 0: no pattern */
    int64_t inner, count;
} rg_expand;

/* A value that is a part of another's memory, in another order of axes: the element at index i
 * is the element from + sum(i[k] * stride[k]) of the source. */
typedef struct rg_window {
    uint32_t source; /* root of what is read; 0: no window */
    int64_t from, stride[RG_RANK_MAX];
} rg_window;

/* How a group's elements lie: rows of `len` elements, which its sums and maxima reduce to values of
 * `rows` elements, one a row.  A group without reductions has `rows` elements and len 0. */
typedef struct rg_rows {
    int64_t rows, len;
} rg_rows;
#define RG_ROW_MAX 4096 /* elements: longer rows are reduced in a step of their own */

/* Nodes computed in one go, in order; more than one only for loops (element-wise nodes and, where
 * rows.len is not 0, reductions of rows) and for the results of one `loop`. */
typedef struct rg_step {
    uint32_t *node;
    uint32_t n;
    bool element; /* a loop */
    rg_rows rows; /* of a loop */
} rg_step;

typedef struct rg_slot { /* a piece of memory; several values may follow one another in it */
    int64_t bytes;
    uint32_t first, last; /* steps between which its contents count */
    size_t offset;
    const void *fixed; /* a constant's memory, outside the allocation; else NULL */
} rg_slot;

typedef struct rg_copy {
    uint32_t to, from; /* slots */
} rg_copy;

typedef struct rg_layout {
    rg_arena *arena;
    const rg_graph *graph;
    size_t count; /* nodes */
    const rg_val *output;
    size_t outputs;
    const rg_carry *carry;
    size_t carries;
    bool fuse; /* else one node a step, and nothing shares memory in place */

    bool *live;        /* by id */
    uint32_t *root;    /* by id: whose memory holds the value; itself unless a view */
    rg_expand *expand; /* by id: broadcasts that are read through a pattern, never stored */
    rg_window *window; /* by id: values that only products read, where they stand */
    uint32_t *user_at; /* by id: users of root `id` are user[user_at[id] .. user_at[id + 1]) */
    uint32_t *user;
    uint32_t *group; /* by id: nodes with one number run together; 0: none */
    rg_rows *rows;   /* by group; others' mean nothing */
    rg_step *step;
    size_t steps;
    uint32_t *step_of;  /* by id */
    uint32_t *place_of; /* by id: position within its step */
    uint32_t *slot_of;  /* by root id; RG_NONE: lives in registers only */
    uint32_t *result;   /* by output, then by carry: the slot that holds the result */
    rg_slot *slot;
    size_t slots;
    rg_copy *before, *after; /* copies around a run: saved inputs; carries not done in place */
    size_t befores, afters;
    size_t bytes; /* of the one allocation */
} rg_layout;

void rg_layout_make(
    rg_layout *layout); /* the passes in order; arena to carries and fuse are set */
void rg_layout_live(rg_layout *layout);
void rg_layout_windows(rg_layout *layout);
void rg_layout_fuse(rg_layout *layout);
void rg_layout_schedule(rg_layout *layout);
void rg_layout_slots(rg_layout *layout);
/* As text after one of the passes (text.c); the layout is made. */
void rg_layout_print(const rg_layout *layout, rg_pass pass, rg_str *ret);

/* What node `id` asks of its group (rows.c): its own rows where it reduces trailing axes of at most
 * RG_ROW_MAX elements, else its elements. */
rg_rows rg_rows_of(const rg_graph *graph, uint32_t id);
/* What two groups that share elements or rows come to; false where they cannot run together. */
bool rg_rows_agree(rg_rows a, rg_rows b, rg_rows *ret);
/* Does a pattern spread one value a row along the rows of a value with `count` elements? */
bool rg_rows_along(rg_rows rows, const rg_expand *pattern, int64_t count);

/* Gives each slot an offset so that no two slots overlap in both memory and time; returns the
 * size of the allocation.  Largest first, each at the lowest offset that is free for its
 * lifetime. */
size_t rg_memory_plan(rg_slot *slot, size_t n);
#define RG_MEMORY_ALIGN 64

/* Is `root` what an output or a carry ends with? */
bool rg_layout_is_result(const rg_layout *layout, uint32_t root);
/* What a product reads of an operand: the window over its source, which may be all of it.
 * False where the operand's shape cannot be had by strides. */
bool rg_layout_window(const rg_layout *layout, uint32_t operand, rg_window *ret);

/* The memory behind an operand: what node id's value is read from. */
static inline uint32_t rg_layout_source(const rg_layout *layout, uint32_t id)
{
    uint32_t root = layout->root[id];
    if (layout->window[root].source)
        return layout->window[root].source;
    return layout->expand[root].source ? layout->expand[root].source : root;
}
/* Its readers read another's memory in its place. */
static inline bool rg_layout_unstored(const rg_layout *layout, uint32_t root)
{
    return layout->expand[root].source || layout->window[root].source;
}
static inline bool rg_layout_element(const rg_layout *layout, uint32_t id)
{
    rg_op_kind kind = rg_ops[rg_node_of(layout->graph, id)->op].kind;
    return kind == RG_KIND_element || kind == RG_KIND_generate;
}
/* A step computes it: neither a leaf, nor a view, nor read through a pattern. */
static inline bool rg_layout_computed(const rg_layout *layout, uint32_t id)
{
    return layout->live[id] && layout->root[id] == id && !rg_layout_unstored(layout, id) &&
           rg_ops[rg_node_of(layout->graph, id)->op].kind != RG_KIND_leaf;
}

#endif
