/* onednn.c - matrix products by oneDNN. */
#include "engine/cpu/onednn_library.h"

#ifdef RIGOR_HAVE_ONEDNN

#include <stdlib.h>

struct rg_onednn_product {
    dnnl_memory_desc_t md[3]; /* a, b, c: (batch, rows, columns) */
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t primitive;
};

/* A stride along an axis of length 1 means nothing, but oneDNN looks at it. */
static int64_t stride_of(int64_t count, int64_t stride, int64_t otherwise)
{
    return count == 1 ? otherwise : stride;
}

static bool describe_all(rg_onednn_product *p, const rg_gemm *g, rg_dtype operands,
                         int64_t batch, int64_t a_batch, int64_t b_batch)
{
    dnnl_data_type_t type = operands == RG_BF16 ? dnnl_bf16 : dnnl_f32;
    const dnnl_dims_t a = {batch, g->m, g->k}, b = {batch, g->k, g->n}, c = {batch, g->m, g->n};
    const dnnl_dims_t a_strides = {stride_of(batch, a_batch, g->m * g->k),
                                   stride_of(g->m, g->a_row, g->k * g->a_column),
                                   stride_of(g->k, g->a_column, 1)};
    const dnnl_dims_t b_strides = {stride_of(batch, b_batch, g->k * g->n),
                                   stride_of(g->k, g->b_row, g->n * g->b_column),
                                   stride_of(g->n, g->b_column, 1)};
    const dnnl_dims_t c_strides = {g->m * g->c_row, g->c_row, 1};
    return rg_dnnl_describe(&p->md[0], type, 3, a, a_strides) &&
           rg_dnnl_describe(&p->md[1], type, 3, b, b_strides) &&
           rg_dnnl_describe(&p->md[2], dnnl_f32, 3, c, c_strides);
}

static bool make_primitive(rg_onednn_product *p)
{
    dnnl_primitive_attr_t attr = NULL;
    bool ok = rg_dnnl_own_scratch(&attr) && rg_dnnl_matmul(&p->pd, p->md, attr) &&
              rg_dnnl.dnnl_primitive_create(&p->primitive, p->pd) == dnnl_success;
    if (attr)
        rg_dnnl.dnnl_primitive_attr_destroy(attr);
    return ok;
}

rg_onednn_product *rg_onednn_make(const rg_gemm *g, rg_dtype operands, int64_t batch,
                                  int64_t a_batch, int64_t b_batch)
{
    if (!rg_dnnl_wanted() || !rg_dnnl_multiplies(operands) || g->m * g->n * g->k * batch == 0)
        return NULL;
    rg_onednn_product *p = RG_NEW(rg_onednn_product);
    if (describe_all(p, g, operands, batch, a_batch, b_batch) && make_primitive(p))
        return p;
    rg_onednn_free(p);
    return NULL;
}

void rg_onednn_free(rg_onednn_product *p)
{
    if (!p)
        return;
    if (p->primitive)
        rg_dnnl.dnnl_primitive_destroy(p->primitive);
    if (p->pd)
        rg_dnnl.dnnl_primitive_desc_destroy(p->pd);
    for (int i = 0; i < 3; i++)
        rg_dnnl_forget(&p->md[i]);
    rg_free(p);
}

/* ---- Handles. */
struct rg_onednn_handles {
    dnnl_stream_t stream;
    dnnl_memory_t memory[4]; /* a, b, c, working memory */
    void *scratch;
};

rg_onednn_handles *rg_onednn_handles_make(const rg_onednn_product *p)
{
    rg_onednn_handles *h = RG_NEW(rg_onednn_handles);
    bool ok = rg_dnnl_ready() &&
              rg_dnnl.dnnl_stream_create(&h->stream, rg_dnnl.engine,
                                         dnnl_stream_default_flags) == dnnl_success;
    for (int i = 0; ok && i < 3; i++)
        ok = rg_dnnl.dnnl_memory_create(&h->memory[i], rg_dnnl_see(&p->md[i]), rg_dnnl.engine,
                                        DNNL_MEMORY_NONE) == dnnl_success;
    rg_dnnl_seen scratch =
        rg_dnnl.dnnl_primitive_desc_query_md(p->pd, dnnl_query_scratchpad_md, 0);
    size_t bytes = ok && scratch ? rg_dnnl.dnnl_memory_desc_get_size(scratch) : 0;
    if (bytes > 0) {
        h->scratch = aligned_alloc(64, (bytes + 63) / 64 * 64);
        ok = h->scratch && rg_dnnl.dnnl_memory_create(&h->memory[3], scratch, rg_dnnl.engine,
                                                      h->scratch) == dnnl_success;
    }
    if (ok)
        return h;
    rg_onednn_handles_free(h);
    return NULL;
}

void rg_onednn_handles_free(rg_onednn_handles *h)
{
    if (!h)
        return;
    for (int i = 0; i < 4; i++)
        if (h->memory[i])
            rg_dnnl.dnnl_memory_destroy(h->memory[i]);
    if (h->stream)
        rg_dnnl.dnnl_stream_destroy(h->stream);
    free(h->scratch);
    rg_free(h);
}

bool rg_onednn_run(const rg_onednn_product *p, rg_onednn_handles *h, const void *a,
                   const void *b, float *c)
{
    void *data[3] = {(void *)(uintptr_t)a, (void *)(uintptr_t)b, c};
    if (!rg_dnnl_ready())
        return false;
    for (int i = 0; i < 3; i++)
        if (rg_dnnl.dnnl_memory_set_data_handle(h->memory[i], data[i]) != dnnl_success)
            return false;
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, h->memory[0]},
                                    {DNNL_ARG_WEIGHTS, h->memory[1]},
                                    {DNNL_ARG_DST, h->memory[2]},
                                    {DNNL_ARG_SCRATCHPAD, h->memory[3]}};
    return rg_dnnl.dnnl_primitive_execute(p->primitive, h->stream, h->memory[3] ? 4 : 3,
                                          args) == dnnl_success &&
           rg_dnnl.dnnl_stream_wait(h->stream) == dnnl_success;
}

#endif
