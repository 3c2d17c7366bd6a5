/* loop.h - the operation `loop`: a body that runs step after step with carried values.
 *
 * With carries c, scanned values s (steps, ...), shared values h and a body f it computes
 *
 *     for t = 0 .. steps - 1, p = reverse ? steps - 1 - t : t:
 *         trace[p] = c;   c, out[p] = f(c, s[p], h)
 *
 * There are no tuples: each result is a node of its own, and the nodes of one loop, its
 * siblings, differ in the attribute `result` alone.  They are made together and stand one after
 * the other: result r has the id of result 0 plus r.  Results: the carries after the last step,
 * the stacked outs, the stacked traces.  What nobody asks for is never computed. */
#ifndef RIGOR_ENGINE_IR_LOOP_H
#define RIGOR_ENGINE_IR_LOOP_H

#include "engine/ir/node.h"

/* The body: a graph, owned by the graph around it and never changed once it is kept.  Inputs
 * stand in the order of the loop's operands: carries, scanned values (one entry of each),
 * shared values.  Outputs: the next carries, then the outs. */
typedef struct rg_body {
    rg_graph *graph;
    rg_val *input, *output;
    uint32_t inputs, outputs;
} rg_body;

rg_body *
rg_body_new(const rg_graph *outer); /* empty; its places are pinned where outer's are */
void rg_body_free(rg_body *body);   /* one that was not kept */
/* Gives the body to the graph, or an equal one that the graph has: bodies are equal when their
 * texts are.  NULL, with the error in the graph, when building it failed. */
const rg_body *rg_body_keep(rg_graph *outer, rg_body *body);
/* The same for a body that another graph keeps and that outlives this one. */
const rg_body *rg_body_share(rg_graph *outer, const rg_body *body);
/* By id: which values of the body its outputs need; rg_free. */
bool *rg_body_needs(const rg_body *body);
/* The definitions and the return line (print.c). */
void rg_body_print(const rg_body *body, rg_str *ret);

static inline uint32_t rg_loop_results(const rg_node *loop)
{
    return loop->attr.loop.body->outputs + loop->attr.loop.carries;
}
/* Result r < outputs is the last value or the stack of the body's output r; the others are the
 * traces of the carries. */
static inline bool rg_loop_is_stack(const rg_node *loop)
{
    return loop->attr.loop.result >= loop->attr.loop.carries;
}

/* Adds all siblings; returns the one whose `result` is wanted. */
rg_val rg_loop_add(rg_graph *graph, const rg_node *loop);
bool rg_loop_shape(rg_graph *graph, rg_node *loop); /* the shape rule */
void rg_loop_vjp(rg_vjp *v);                        /* the reverse-mode rule (loop_vjp.c) */
/* By operand: which of them cotangents of the marked results reach, for a carry before any step
 * (loop_reach.c); rg_free. */
bool *rg_loop_reach(const rg_node *loop, const bool *result);

#endif
