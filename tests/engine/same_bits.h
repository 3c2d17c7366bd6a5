/* same_bits.h - when two results count as equal, and where rounding may differ. */
#ifndef RIGOR_TESTS_ENGINE_SAME_BITS_H
#define RIGOR_TESTS_ENGINE_SAME_BITS_H

#include "engine/ir/loop.h"
#include "engine/ir/node.h"
#include "support.h"

/* Equal bits; a NaN equals a NaN, whose sign and payload a processor may choose. */
static inline bool same_bits(rg_dtype dtype, const void *a, const void *b, int64_t i)
{
    size_t bytes = rg_dtype_bytes(dtype);
    if (dtype == RG_F32 && isnan(((const float *)a)[i]) && isnan(((const float *)b)[i]))
        return true;
    if (dtype == RG_F64 && isnan(((const double *)a)[i]) && isnan(((const double *)b)[i]))
        return true;
    if (dtype == RG_BF16 && isnan(rg_dtype_element(dtype, a, (size_t)i)) &&
        isnan(rg_dtype_element(dtype, b, (size_t)i)))
        return true;
    return memcmp((const char *)a + (size_t)i * bytes, (const char *)b + (size_t)i * bytes,
                  bytes) == 0;
}

/* Of products the order of sums is the kernel's. */
static inline bool has_products(const rg_graph *graph)
{
    for (uint32_t id = 1; id <= rg_graph_count(graph); id++) {
        const rg_node *node = rg_node_of(graph, id);
        if (node->op == RG_OP_dot || node->op == RG_OP_conv ||
            (node->op == RG_OP_loop && has_products(node->attr.loop.body->graph)))
            return true;
    }
    return false;
}

#endif
