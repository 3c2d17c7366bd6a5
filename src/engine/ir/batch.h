/* batch.h - what a batching rule sees: one node, some of whose operands vary by member. */
#ifndef RIGOR_ENGINE_IR_BATCH_H
#define RIGOR_ENGINE_IR_BATCH_H

#include "engine/ir/node.h"

struct rg_batching {
    rg_graph *graph;
    rg_node node;       /* a copy: rules add nodes, which may move the graph's array */
    const rg_val *wide; /* by id: the value of all members, shape (members, ...); no value where
                           all members share the value itself */
    int64_t members;
};

/* (S) -> (B, S); one of too many axes is refused by the node that gets it. */
rg_shape rg_batch_shape(const rg_batching *b, rg_shape shape);
rg_val rg_loop_batch(const rg_batching *b); /* the rule of `loop` (batch_loop.c) */

#endif
