/* reference.h - the reference interpreter: one node at a time, by its definition. */
#ifndef RIGOR_ENGINE_CPU_REFERENCE_H
#define RIGOR_ENGINE_CPU_REFERENCE_H

#include "engine/ir/node.h"

/* Computes the node's value into `out` from its operands' memory, all row-major.  Fails when an
 * index is out of range. */
bool rg_reference(const rg_graph *graph, const rg_node *node, const void *const *in, void *out,
                  rg_err *err);
bool rg_index_fail(const rg_node *node, int64_t index, int64_t length, rg_err *err);

/* One result of a loop, by the body's nodes, step after step (loop_reference.c). */
bool rg_reference_loop(const rg_node *loop, const void *const *in, void *out, rg_err *err);
/* The same for its own sake: after each value of the body, `seen` is called with the entry that
 * the step is at and the memory of the body's values by id; false ends the loop. */
typedef bool (*rg_seen)(void *context, const rg_graph *body, uint32_t id, int64_t entry,
                        void *const *value);
void rg_reference_loop_watch(const rg_node *loop, const void *const *in, rg_seen seen,
                             void *context);

#endif
