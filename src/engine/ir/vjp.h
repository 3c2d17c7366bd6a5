/* vjp.h - what a reverse-mode rule sees: one node, the cotangent of its result, its operands.
 */
#ifndef RIGOR_ENGINE_IR_VJP_H
#define RIGOR_ENGINE_IR_VJP_H

#include "engine/ir/node.h"

struct rg_vjp {
    rg_graph *graph;
    rg_node node;        /* a copy: rules add nodes, which may move the graph's array; its
                            operands are what a rule may read (forgotten ones rebuilt) */
    rg_val y, g;         /* the node's value; d(loss)/d(y), same shape */
    const uint32_t *own; /* the node's operands proper: whose cotangents are wanted */
    rg_val *total;       /* by id: cotangents summed so far */
    const bool *wanted;  /* by id: does the value depend on what we differentiate by? */
};

bool rg_vjp_needs(const rg_vjp *v, size_t i);
void rg_vjp_give(rg_vjp *v, size_t i, rg_val cotangent); /* adds to operand i's total */
bool rg_vjp_passes(rg_op op);                            /* does its rule give anything? */

void rg_conv_vjp(rg_vjp *v); /* convolution.c */

#endif
