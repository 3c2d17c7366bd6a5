/* layout_of.h - the fused layout of a graph, for tests of the passes. */
#ifndef RIGOR_TESTS_ENGINE_PLAN_LAYOUT_OF_H
#define RIGOR_TESTS_ENGINE_PLAN_LAYOUT_OF_H

#include "engine/plan/layout.h"

/* Free ret.arena. */
static inline rg_layout layout_of(const rg_graph *graph, const rg_val *output, size_t outputs,
                                  const rg_carry *carry, size_t carries)
{
    rg_layout layout = {.arena = rg_arena_new(),
                        .graph = graph,
                        .output = output,
                        .outputs = outputs,
                        .carry = carry,
                        .carries = carries,
                        .fuse = true};
    rg_layout_make(&layout);
    return layout;
}

#endif
