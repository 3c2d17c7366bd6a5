/* window.c - slices and permutations that products read where they stand.
 *
 * The queries, keys and values of attention are slices of one product, split into heads: rather
 * than copied, they are read by strides.  A slice or a permutation is a window when products
 * alone read it, directly or through other windows, and each of them can: its free and its
 * contracted axes must be one run of memory each. */
#include "engine/plan/layout.h"

/* The strides of `to`, which has the elements of `from` in the same order; false where there
 * are none.  Axes are matched in groups of equal products, from the first. */
static bool reshaped(rg_shape from, const int64_t *stride, rg_shape to, int64_t *ret)
{
    static const int axes[RG_RANK_MAX] = {0, 1, 2, 3, 4, 5, 6, 7};
    for (int i = 0, k = 0; i < from.rank || k < to.rank;) {
        int64_t left = 1, right = 1, count, step;
        int i_first = i, k_first = k;
        do {
            if (i < from.rank && (left <= right || k == to.rank))
                left *= from.dim[i++];
            else if (k < to.rank)
                right *= to.dim[k++];
            else
                return false;
        } while (left != right);
        if (!rg_shape_run(from, stride, axes + i_first, i - i_first, &count, &step))
            return false;
        for (int a = k - 1; a >= k_first; step *= to.dim[a--])
            ret[a] = step;
    }
    return true;
}

bool rg_layout_window(const rg_layout *l, uint32_t operand, rg_window *ret)
{
    uint32_t root = l->root[operand];
    rg_shape shape = rg_node_of(l->graph, operand)->shape;
    const rg_window *window = &l->window[root];
    *ret = (rg_window){.source = window->source ? window->source : root, .from = window->from};
    if (window->source)
        return reshaped(rg_node_of(l->graph, root)->shape, window->stride, shape, ret->stride);
    rg_shape_strides(shape, ret->stride);
    return true;
}

/* The window that a slice or a permutation is. */
static bool compose(const rg_layout *l, const rg_node *node, rg_window *ret)
{
    rg_window x;
    if (!rg_layout_window(l, node->in[0], &x))
        return false;
    *ret = (rg_window){.source = x.source, .from = x.from};
    for (int i = 0; i < node->shape.rank; i++) {
        bool slice = node->op == RG_OP_slice;
        ret->from += slice ? x.stride[i] * node->attr.slice.from[i] : 0;
        ret->stride[i] =
            slice ? x.stride[i] * node->attr.slice.step[i] : x.stride[node->attr.order[i]];
    }
    return true;
}

static bool could_be(const rg_layout *l, uint32_t id)
{
    const rg_node *node = rg_node_of(l->graph, id);
    return l->live[id] && (node->op == RG_OP_slice || node->op == RG_OP_permute) &&
           rg_shape_count(node->shape) > 0 && !rg_layout_is_result(l, id);
}

static bool only_products_read(const rg_layout *l, uint32_t id, const bool *window)
{
    for (uint32_t i = l->user_at[id]; i < l->user_at[id + 1]; i++)
        if (!window[l->user[i]] && rg_node_of(l->graph, l->user[i])->op != RG_OP_dot)
            return false;
    return true;
}

static bool can_read(const rg_layout *l, const rg_node *dot, int side)
{
    rg_window window;
    rg_dot_view view;
    return rg_layout_window(l, dot->in[side], &window) &&
           rg_dot_operand(l->graph, dot, side, window.stride, &view);
}

/* Takes back what turns out to be no window; true when there was any. */
static bool take_back(rg_layout *l, bool *window)
{
    bool any = false;
    for (uint32_t id = (uint32_t)l->count; id > 0; id--)
        if (window[id] && !only_products_read(l, id, window)) {
            window[id] = false;
            any = true;
        }
    for (uint32_t id = 1; id <= l->count; id++) {
        l->window[id] = (rg_window){0};
        if (window[id] && !compose(l, rg_node_of(l->graph, id), &l->window[id])) {
            window[id] = false;
            any = true;
        }
    }
    for (uint32_t id = 1; id <= l->count; id++) {
        const rg_node *node = rg_node_of(l->graph, id);
        for (int side = 0; side < 2 && l->live[id] && node->op == RG_OP_dot; side++) {
            uint32_t root = l->root[node->in[side]];
            if (window[root] && !can_read(l, node, side)) {
                window[root] = false;
                any = true;
            }
        }
    }
    return any;
}

void rg_layout_windows(rg_layout *l)
{
    bool *window = RG_NEW_ARRAY(bool, l->count + 1);
    for (uint32_t id = 1; l->fuse && id <= l->count; id++)
        window[id] = could_be(l, id);
    while (take_back(l, window))
        continue;
    rg_free(window);
}
