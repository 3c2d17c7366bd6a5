/* rows.c - which reductions fit into a loop, and which loops fit together.
 *
 * A loop with reductions works on blocks of whole rows, of which it keeps all values in scratch
 * (cpu/tile.c).  Its values have one of two sizes: rows * len elements, or one a row; len is at
 * least 2, so that the size tells which.  A row is one chunk of the order in which reductions are
 * folded (cpu/reduce.h), hence fusing changes no bits. */
#include "engine/plan/layout.h"

/* The folded axes come last, axes of length 1 aside: their elements; else 0. */
static int64_t trailing(rg_shape shape, uint32_t axes)
{
    int64_t len = 1;
    bool kept = false;
    for (int i = shape.rank - 1; i >= 0; i--) {
        bool folded = axes >> i & 1;
        if (shape.dim[i] == 1)
            continue;
        if (folded && kept)
            return 0;
        kept |= !folded;
        len *= folded ? shape.dim[i] : 1;
    }
    return len;
}

rg_rows rg_rows_of(const rg_graph *graph, uint32_t id)
{
    const rg_node *node = rg_node_of(graph, id);
    rg_rows ret = {.rows = rg_shape_count(node->shape)};
    if (node->op != RG_OP_sum && node->op != RG_OP_amax)
        return ret;
    int64_t len = trailing(rg_operand(graph, node, 0)->shape, node->attr.axes);
    if (ret.rows > 0 && len > 1 && len <= RG_ROW_MAX)
        ret.len = len;
    return ret;
}

bool rg_rows_agree(rg_rows a, rg_rows b, rg_rows *ret)
{
    rg_rows plain = a.len ? b : a;
    *ret = a.len ? a : b;
    if (plain.len || !ret->len)
        return a.rows == b.rows && a.len == b.len;
    return plain.rows == ret->rows || plain.rows == ret->rows * ret->len;
}

bool rg_rows_along(rg_rows rows, const rg_expand *pattern, int64_t count)
{
    return rows.len && count == rows.rows * rows.len && pattern->count == rows.rows &&
           (pattern->inner == rows.len || rows.rows == 1);
}
