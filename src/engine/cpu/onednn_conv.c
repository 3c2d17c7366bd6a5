/* onednn_conv.c - convolutions by oneDNN: x and w are brought into the layouts that the
 * primitive likes best, and y is brought back; blocked layouts make up for these copies. */
#include "engine/cpu/onednn_library.h"

#ifdef RIGOR_HAVE_ONEDNN

#include <stdlib.h>

struct rg_onednn_conv {
    dnnl_memory_desc_t plain[3], any[3]; /* x, w, y: row-major; as the primitive likes */
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t primitive, reorder[3]; /* none where the layouts agree */
};

static bool describe_operands(rg_onednn_conv *c, const rg_onednn_conv_shape *s)
{
    int rank = s->axes + 2;
    dnnl_dims_t dims[3] = {{s->n, s->channels}, {s->filters, s->channels}, {s->n, s->filters}};
    bool ok = true;
    for (int i = 0; i < s->axes; i++) {
        dims[0][i + 2] = s->x[i];
        dims[1][i + 2] = s->w[i];
        dims[2][i + 2] = s->y[i];
    }
    for (int k = 0; ok && k < 3; k++) {
        dnnl_dims_t strides;
        int64_t run = 1;
        for (int i = rank - 1; i >= 0; run *= dims[k][i--])
            strides[i] = run;
        dnnl_data_type_t type = k < 2 && s->half ? dnnl_bf16 : dnnl_f32;
        ok = rg_dnnl_describe(&c->plain[k], type, rank, dims[k], strides) &&
             rg_dnnl_describe_any(&c->any[k], type, rank, dims[k]);
    }
    return ok;
}

static rg_dnnl_seen liked(const rg_onednn_conv *c, int k)
{
    static const dnnl_query_t what[] = {dnnl_query_src_md, dnnl_query_weights_md,
                                        dnnl_query_dst_md};
    return rg_dnnl.dnnl_primitive_desc_query_md(c->pd, what[k], 0);
}

static bool agrees(const rg_onednn_conv *c, int k)
{
    return rg_dnnl.dnnl_memory_desc_equal(rg_dnnl_see(&c->plain[k]), liked(c, k));
}

static bool make_reorder(rg_onednn_conv *c, int k)
{
    dnnl_primitive_desc_t pd = NULL;
    if (agrees(c, k))
        return true;
    rg_dnnl_seen from = k < 2 ? rg_dnnl_see(&c->plain[k]) : liked(c, k);
    rg_dnnl_seen to = k < 2 ? liked(c, k) : rg_dnnl_see(&c->plain[k]);
    bool ok = rg_dnnl.dnnl_reorder_primitive_desc_create(
                  &pd, from, rg_dnnl.engine, to, rg_dnnl.engine, NULL) == dnnl_success &&
              rg_dnnl.dnnl_primitive_create(&c->reorder[k], pd) == dnnl_success;
    if (pd)
        rg_dnnl.dnnl_primitive_desc_destroy(pd);
    return ok;
}

static bool make_conv(rg_onednn_conv *c, const rg_onednn_conv_shape *s)
{
    dnnl_primitive_attr_t attr = NULL;
    rg_dnnl_conv dims = {{0}, {0}, {0}, {0}};
    for (int i = 0; i < s->axes; i++) {
        dims.stride[i] = s->stride[i];
        dims.dilate[i] = s->dilate[i] - 1; /* oneDNN counts the holes */
        dims.lo[i] = s->lo[i];
        dims.hi[i] = s->hi[i];
    }
    bool ok = describe_operands(c, s) && rg_dnnl_own_scratch(&attr) &&
              rg_dnnl_conv_of(&c->pd, c->any, &dims, attr) &&
              rg_dnnl.dnnl_primitive_create(&c->primitive, c->pd) == dnnl_success &&
              make_reorder(c, 0) && make_reorder(c, 1) && make_reorder(c, 2);
    if (attr)
        rg_dnnl.dnnl_primitive_attr_destroy(attr);
    return ok;
}

rg_onednn_conv *rg_onednn_conv_make(const rg_onednn_conv_shape *shape)
{
    if (!rg_dnnl_wanted() || !rg_dnnl_multiplies(shape->half ? RG_BF16 : RG_F32))
        return NULL;
    rg_onednn_conv *c = RG_NEW(rg_onednn_conv);
    if (make_conv(c, shape))
        return c;
    rg_onednn_conv_free(c);
    return NULL;
}

void rg_onednn_conv_free(rg_onednn_conv *c)
{
    if (!c)
        return;
    if (c->primitive)
        rg_dnnl.dnnl_primitive_destroy(c->primitive);
    if (c->pd)
        rg_dnnl.dnnl_primitive_desc_destroy(c->pd);
    for (int k = 0; k < 3; k++) {
        if (c->reorder[k])
            rg_dnnl.dnnl_primitive_destroy(c->reorder[k]);
        rg_dnnl_forget(&c->plain[k]);
        rg_dnnl_forget(&c->any[k]);
    }
    rg_free(c);
}

struct rg_onednn_conv_handles {
    dnnl_stream_t stream;
    dnnl_memory_t plain[3], inner[4]; /* inner: none where the layouts agree; working memory */
    void *buffer[4];
};

static bool make_inner(rg_onednn_conv_handles *h, int k, rg_dnnl_seen md)
{
    size_t bytes = md ? rg_dnnl.dnnl_memory_desc_get_size(md) : 0;
    if (bytes == 0)
        return true;
    h->buffer[k] = aligned_alloc(64, (bytes + 63) / 64 * 64);
    return h->buffer[k] && rg_dnnl.dnnl_memory_create(&h->inner[k], md, rg_dnnl.engine,
                                                      h->buffer[k]) == dnnl_success;
}

rg_onednn_conv_handles *rg_onednn_conv_handles_make(const rg_onednn_conv *c)
{
    rg_onednn_conv_handles *h = RG_NEW(rg_onednn_conv_handles);
    bool ok = rg_dnnl_ready() &&
              rg_dnnl.dnnl_stream_create(&h->stream, rg_dnnl.engine,
                                         dnnl_stream_default_flags) == dnnl_success;
    for (int k = 0; ok && k < 3; k++)
        ok = rg_dnnl.dnnl_memory_create(&h->plain[k], rg_dnnl_see(&c->plain[k]), rg_dnnl.engine,
                                        DNNL_MEMORY_NONE) == dnnl_success &&
             (agrees(c, k) || make_inner(h, k, liked(c, k)));
    ok = ok &&
         make_inner(h, 3,
                    rg_dnnl.dnnl_primitive_desc_query_md(c->pd, dnnl_query_scratchpad_md, 0));
    if (ok)
        return h;
    rg_onednn_conv_handles_free(h);
    return NULL;
}

void rg_onednn_conv_handles_free(rg_onednn_conv_handles *h)
{
    if (!h)
        return;
    for (int k = 0; k < 4; k++) {
        if (k < 3 && h->plain[k])
            rg_dnnl.dnnl_memory_destroy(h->plain[k]);
        if (h->inner[k])
            rg_dnnl.dnnl_memory_destroy(h->inner[k]);
        free(h->buffer[k]);
    }
    if (h->stream)
        rg_dnnl.dnnl_stream_destroy(h->stream);
    rg_free(h);
}

static bool reorder(const rg_onednn_conv *c, const rg_onednn_conv_handles *h, int k,
                    dnnl_memory_t from, dnnl_memory_t to)
{
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    return !c->reorder[k] ||
           rg_dnnl.dnnl_primitive_execute(c->reorder[k], h->stream, 2, args) == dnnl_success;
}

bool rg_onednn_conv_run(const rg_onednn_conv *c, rg_onednn_conv_handles *h, const void *x,
                        const void *w, float *y)
{
    void *data[3] = {(void *)(uintptr_t)x, (void *)(uintptr_t)w, y};
    dnnl_memory_t at[3];
    if (!rg_dnnl_ready())
        return false;
    for (int k = 0; k < 3; k++) {
        if (rg_dnnl.dnnl_memory_set_data_handle(h->plain[k], data[k]) != dnnl_success)
            return false;
        at[k] = c->reorder[k] ? h->inner[k] : h->plain[k];
    }
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, at[0]},
                                    {DNNL_ARG_WEIGHTS, at[1]},
                                    {DNNL_ARG_DST, at[2]},
                                    {DNNL_ARG_SCRATCHPAD, h->inner[3]}};
    return reorder(c, h, 0, h->plain[0], at[0]) && reorder(c, h, 1, h->plain[1], at[1]) &&
           rg_dnnl.dnnl_primitive_execute(c->primitive, h->stream, h->inner[3] ? 4 : 3, args) ==
               dnnl_success &&
           reorder(c, h, 2, at[2], h->plain[2]) &&
           rg_dnnl.dnnl_stream_wait(h->stream) == dnnl_success;
}

#endif
