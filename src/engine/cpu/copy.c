/* copy.c - movement: each result is one strided copy, or one for each part. */
#include "engine/cpu/program.h"
#include "engine/cpu/strided.h"

#include <string.h>

typedef struct copy_kernel {
    rg_kernel base;
    uint32_t out, parts;
    uint32_t *in;
    rg_strided *part;
    bool fill; /* pad: the value goes everywhere first */
    int64_t count;
    size_t bytes;
    unsigned char value[8];
} copy_kernel;

static void fill(const copy_kernel *k, char *out)
{
    for (int64_t i = 0; i < k->count; i++)
        memcpy(out + (size_t)i * k->bytes, k->value, k->bytes);
}

static bool run_copy(const rg_kernel *base, const rg_frame *frame, rg_err *err)
{
    const copy_kernel *k = (const copy_kernel *)base;
    (void)err;
    if (k->fill)
        fill(k, frame->slot[k->out]);
    for (uint32_t i = 0; i < k->parts; i++)
        rg_strided_copy(&k->part[i], frame->slot[k->in[i]], frame->slot[k->out]);
    return true;
}

static copy_kernel *make(rg_lowering *lowering, const rg_step *step)
{
    const rg_node *node = rg_node_of(lowering->layout->graph, step->node[0]);
    copy_kernel *k = RG_KERNEL_NEW(lowering, copy_kernel, run_copy);
    k->out = rg_lower_slot(lowering, step->node[0]);
    k->parts = node->n_in;
    k->in = RG_ARENA_ARRAY(lowering->arena, uint32_t, node->n_in);
    k->part = RG_ARENA_ARRAY(lowering->arena, rg_strided, node->n_in);
    k->bytes = rg_dtype_bytes(node->dtype);
    k->count = rg_shape_count(node->shape);
    for (uint32_t i = 0; i < node->n_in; i++) {
        k->in[i] = rg_lower_slot(lowering, node->in[i]);
        k->part[i].bytes = k->bytes;
    }
    return k;
}

/* Where axis i of the result comes from: its stride in x, and its share of the start. */
static void source_axis(const rg_node *node, const rg_node *x, const int64_t *stride, int i,
                        int64_t *ret_stride, int64_t *start)
{
    int new_axes = node->shape.rank - x->shape.rank;
    *ret_stride = 0;
    switch ((int)node->op) {
    case RG_OP_permute: *ret_stride = stride[node->attr.order[i]]; break;
    case RG_OP_broadcast:
        if (i >= new_axes && x->shape.dim[i - new_axes] != 1)
            *ret_stride = stride[i - new_axes];
        break;
    case RG_OP_slice:
        *ret_stride = stride[i] * node->attr.slice.step[i];
        *start += stride[i] * node->attr.slice.from[i];
        break;
    case RG_OP_reverse:
        *ret_stride = node->attr.axes >> i & 1 ? -stride[i] : stride[i];
        *start += node->attr.axes >> i & 1 ? stride[i] * (x->shape.dim[i] - 1) : 0;
        break;
    default: RG_BUG("%s is no copy", rg_ops[node->op].name);
    }
}

rg_kernel *rg_lower_copy(rg_lowering *lowering, const rg_step *step)
{
    const rg_node *node = rg_node_of(lowering->layout->graph, step->node[0]);
    const rg_node *x = rg_operand(lowering->layout->graph, node, 0);
    copy_kernel *k = make(lowering, step);
    int64_t from[RG_RANK_MAX], to[RG_RANK_MAX];
    rg_shape_strides(x->shape, from);
    rg_shape_strides(node->shape, to);
    for (int i = 0; i < node->shape.rank; i++) {
        int64_t stride;
        source_axis(node, x, from, i, &stride, &k->part[0].from);
        rg_strided_axis(&k->part[0], node->shape.dim[i], stride, to[i]);
    }
    return &k->base;
}

/* Part i of the result is x, starting `offset` elements in. */
static void embed(rg_strided *s, rg_shape x, rg_shape result, int64_t offset)
{
    int64_t from[RG_RANK_MAX], to[RG_RANK_MAX];
    rg_shape_strides(x, from);
    rg_shape_strides(result, to);
    s->to = offset;
    for (int i = 0; i < x.rank; i++)
        rg_strided_axis(s, x.dim[i], from[i], to[i]);
}

rg_kernel *rg_lower_pad(rg_lowering *lowering, const rg_step *step)
{
    const rg_node *node = rg_node_of(lowering->layout->graph, step->node[0]);
    copy_kernel *k = make(lowering, step);
    int64_t to[RG_RANK_MAX], offset = 0;
    rg_shape_strides(node->shape, to);
    for (int i = 0; i < node->shape.rank; i++)
        offset += node->attr.pad.before[i] * to[i];
    embed(&k->part[0], rg_operand(lowering->layout->graph, node, 0)->shape, node->shape,
          offset);
    rg_dtype_store(node->dtype, k->value, 0, node->attr.pad.value);
    k->fill = true;
    return &k->base;
}

rg_kernel *rg_lower_concat(rg_lowering *lowering, const rg_step *step)
{
    const rg_node *node = rg_node_of(lowering->layout->graph, step->node[0]);
    copy_kernel *k = make(lowering, step);
    int64_t to[RG_RANK_MAX], offset = 0;
    rg_shape_strides(node->shape, to);
    for (uint32_t i = 0; i < node->n_in; i++) {
        rg_shape x = rg_operand(lowering->layout->graph, node, i)->shape;
        embed(&k->part[i], x, node->shape, offset);
        offset += x.dim[node->attr.axis] * to[node->attr.axis];
    }
    return &k->base;
}
