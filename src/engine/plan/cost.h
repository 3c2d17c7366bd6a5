/* cost.h - what nodes and steps take, by their equations. */
#ifndef RIGOR_ENGINE_PLAN_COST_H
#define RIGOR_ENGINE_PLAN_COST_H

#include "engine/plan/layout.h"

/* Floating-point operations: one for each element that an element-wise operation makes or a
 * reduction takes in, two for each product that a contraction adds up, none for movement. */
double rg_node_flops(const rg_graph *graph, const rg_node *node);
double rg_step_flops(const rg_layout *layout, const rg_step *step);
/* Bytes that the step reads from and writes to memory: each value once, those that stay in a
 * loop's registers not at all. */
double rg_step_bytes(const rg_layout *layout, const rg_step *step);

#endif
