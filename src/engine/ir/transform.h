/* transform.h - what the transforms share: their refusals and the walk of reverse mode. */
#ifndef RIGOR_ENGINE_IR_TRANSFORM_H
#define RIGOR_ENGINE_IR_TRANSFORM_H

#include "engine/ir/node.h"

/* A list of values of one graph, and what it is called in messages. */
typedef struct rg_values {
    const char *what; /* "value", "result", "tangent" */
    const rg_val *at;
    size_t n;
} rg_values;

/* Every transform stands between these two.  The graph of the first value that has one, pinned
 * to the caller's place; NULL: none has. */
rg_graph *rg_transform_open(rg_place at, rg_values a, rg_values b);
/* Without success, fills ret as after any mistake. */
void rg_transform_close(rg_graph *graph, bool success, size_t n, rg_val *ret);
/* Each fails in the graph, in the name of the transform, and returns false: no place for the n
 * results; values that are none of the graph, or no list of them. */
bool rg_values_room(rg_graph *graph, const char *transform, size_t n, const rg_val *ret);
bool rg_values_exist(rg_graph *graph, const char *transform, rg_values x);
bool rg_values_float(rg_graph *graph, const char *transform, rg_values x); /* and exist */
/* Do partner i's shape and type equal those of x i?  Both lists exist. */
bool rg_values_alike(rg_graph *graph, const char *transform, rg_values partner, rg_values x);
/* The same for derivatives, whose types are rg_dtype_tangent of x's. */
bool rg_values_tangent(rg_graph *graph, const char *transform, rg_values tangents, rg_values x);
/* By id: are the values computed from it?  Freed by the caller. */
bool *rg_values_needed(const rg_graph *graph, rg_values y);

/* Reverse mode without checks: sum over j of (dy[j]/dx[i])^T cotangent[j] into ret[i].  With
 * `remat`, forgotten values (rg_remat) are computed again. */
void rg_pull_back(rg_graph *graph, rg_values y, const rg_val *cotangent, rg_values x,
                  bool remat, rg_val *ret);

/* Forgotten values, computed again from those that are kept: one for each walk. */
typedef struct rg_rebuild {
    rg_graph *graph;
    rg_val *again; /* by id of the value */
    bool *needed;  /* by id; all false between calls */
} rg_rebuild;

rg_rebuild rg_rebuild_open(rg_graph *graph);
void rg_rebuild_close(rg_rebuild *r);
/* What to read in place of value id: its second computation if it is forgotten, else itself. */
uint32_t rg_rebuild_value(rg_rebuild *r, uint32_t id);

#endif
