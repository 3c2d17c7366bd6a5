/* lower.c - from steps to kernels, by the table of operations. */
#include "engine/cpu/program.h"
#include "engine/cpu/reference.h"

void *rg_kernel_new(rg_lowering *lowering, size_t bytes,
                    bool (*run)(const rg_kernel *, const rg_frame *, rg_err *))
{
    rg_kernel *kernel = rg_arena_alloc(lowering->arena, bytes);
    kernel->run = run;
    return kernel;
}

uint32_t rg_lower_slot(const rg_lowering *lowering, uint32_t id)
{
    uint32_t root = lowering->layout->root[id], source = lowering->layout->window[root].source;
    uint32_t slot = lowering->layout->slot_of[source ? source : root];
    if (slot == RG_NONE)
        RG_BUG("value %u has no memory", id);
    return slot;
}

/* ---- The reference interpreter. */
typedef struct reference_kernel {
    rg_kernel base;
    const rg_graph *graph;
    uint32_t out, *in;
} reference_kernel;

static bool run_reference(const rg_kernel *base, const rg_frame *frame, rg_err *err)
{
    const reference_kernel *k = (const reference_kernel *)base;
    const rg_node *node = rg_node_of(k->graph, base->id);
    const void **in = (const void **)(void *)frame->scratch;
    for (uint32_t i = 0; i < node->n_in; i++)
        in[i] = frame->slot[k->in[i]];
    return rg_reference(k->graph, node, in, frame->slot[k->out], err);
}

rg_kernel *rg_lower_reference(rg_lowering *lowering, const rg_step *step)
{
    const rg_node *node = rg_node_of(lowering->layout->graph, step->node[0]);
    reference_kernel *k = RG_KERNEL_NEW(lowering, reference_kernel, run_reference);
    k->graph = lowering->layout->graph;
    k->out = rg_lower_slot(lowering, step->node[0]);
    k->in = RG_ARENA_ARRAY(lowering->arena, uint32_t, node->n_in);
    for (uint32_t i = 0; i < node->n_in; i++)
        k->in[i] = rg_lower_slot(lowering, node->in[i]);
    k->base.scratch = sizeof(void *) * node->n_in;
    return &k->base;
}

/* ---- The table. */
static rg_kernel *rg_lower_none(rg_lowering *lowering, const rg_step *step)
{
    (void)lowering;
    RG_BUG("node %u is not computed", step->node[0]);
}

rg_kernel *rg_lower(rg_lowering *lowering, const rg_step *step)
{
    static rg_kernel *(*const rules[RG_OPS])(rg_lowering *, const rg_step *) = {
#define RG_OP(name, operands, kind, attribute, shape, vjp, batch, reference, kernel, doc) \
    [RG_OP_##name] = rg_lower_##kernel,
#include "engine/ir/ops.def"
    };
    if (step->element) /* though it may begin with a reduction */
        return rg_lower_element(lowering, step);
    return rules[rg_node_of(lowering->layout->graph, step->node[0])->op](lowering, step);
}
