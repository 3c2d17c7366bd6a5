/* onednn.c - the shim over oneDNN: its v2 and v3 C interfaces, loaded with dlopen.
 *
 * The header's version is the version that is loaded: v2 describes memory by a structure and
 * makes primitives through an operation descriptor, v3 has opaque memory descriptors and makes
 * them in one call.  Everything else is alike. */
#include "engine/cpu/onednn.h"

#ifdef RIGOR_HAVE_ONEDNN

#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_version.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The library's functions, found by name. */
#define FUNCTIONS_OF_BOTH(X) \
    X(dnnl_version) \
    X(dnnl_engine_create) \
    X(dnnl_stream_create) \
    X(dnnl_stream_destroy) \
    X(dnnl_stream_wait) \
    X(dnnl_primitive_attr_create) \
    X(dnnl_primitive_attr_destroy) \
    X(dnnl_primitive_attr_set_scratchpad_mode) \
    X(dnnl_primitive_desc_destroy) \
    X(dnnl_primitive_desc_query_md) \
    X(dnnl_primitive_create) \
    X(dnnl_primitive_destroy) \
    X(dnnl_primitive_execute) \
    X(dnnl_memory_desc_get_size) \
    X(dnnl_memory_desc_equal) \
    X(dnnl_reorder_primitive_desc_create) \
    X(dnnl_memory_create) \
    X(dnnl_memory_destroy) \
    X(dnnl_memory_set_data_handle)
#if DNNL_VERSION_MAJOR >= 3
#define LIBRARY "libdnnl.so.3"
#define FUNCTIONS(X) \
    FUNCTIONS_OF_BOTH(X) \
    X(dnnl_memory_desc_create_with_strides) \
    X(dnnl_memory_desc_create_with_tag) \
    X(dnnl_memory_desc_destroy) \
    X(dnnl_convolution_forward_primitive_desc_create) \
    X(dnnl_matmul_primitive_desc_create)
#else
#define LIBRARY "libdnnl.so.2"
#define FUNCTIONS(X) \
    FUNCTIONS_OF_BOTH(X) \
    X(dnnl_memory_desc_init_by_strides) \
    X(dnnl_memory_desc_init_by_tag) \
    X(dnnl_dilated_convolution_forward_desc_init) \
    X(dnnl_matmul_desc_init) \
    X(dnnl_primitive_desc_create)
#endif

static struct {
#define MEMBER(name) __typeof__(&name) name;
    FUNCTIONS(MEMBER)
#undef MEMBER
    void (*omp_set_num_threads)(int); /* of the OpenMP that oneDNN uses; may be absent */
    dnnl_engine_t engine;
    bool ready;
    char version[32];
} lib;

static void load(void)
{
    void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return;
    bool found = true;
#define FIND(name) \
    lib.name = (__typeof__(lib.name))(uintptr_t)dlsym(handle, #name); \
    found &= lib.name != NULL;
    FUNCTIONS(FIND)
#undef FIND
    lib.omp_set_num_threads = (void (*)(int))(uintptr_t)dlsym(handle, "omp_set_num_threads");
    if (!found || lib.dnnl_engine_create(&lib.engine, dnnl_cpu, 0) != dnnl_success)
        return;
    const dnnl_version_t *v = lib.dnnl_version();
    snprintf(lib.version, sizeof(lib.version), "%d.%d.%d", v->major, v->minor, v->patch);
    lib.ready = true;
}

/* Loads at most once, and keeps the calling thread's OpenMP to one thread: the number is a
 * property of each thread that calls. */
static bool ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static _Thread_local bool thread_set;
    pthread_once(&once, load);
    if (lib.ready && !thread_set && lib.omp_set_num_threads)
        lib.omp_set_num_threads(1);
    thread_set = true;
    return lib.ready;
}

static bool switched_off(void)
{
    const char *wish = getenv("RIGOR_ONEDNN");
    return wish && strcmp(wish, "off") == 0;
}

const char *rg_onednn_version(void)
{
    return !switched_off() && ready() ? lib.version : NULL;
}

/* ---- Memory descriptors of both interfaces. */
typedef struct conv_dims { /* of a convolution, as oneDNN takes them */
    dnnl_dims_t stride, dilate, lo, hi;
} conv_dims;

#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t description;
static bool describe(dnnl_memory_desc_t *md, int rank, const dnnl_dims_t dims,
                     const dnnl_dims_t strides)
{
    return lib.dnnl_memory_desc_create_with_strides(md, rank, dims, dnnl_f32, strides) ==
           dnnl_success;
}
/* Any layout: the primitive's choice. */
static bool describe_any(dnnl_memory_desc_t *md, int rank, const dnnl_dims_t dims)
{
    return lib.dnnl_memory_desc_create_with_tag(md, rank, dims, dnnl_f32,
                                                dnnl_format_tag_any) == dnnl_success;
}
static description seen(const dnnl_memory_desc_t *md)
{
    return *md;
}
static void forget(dnnl_memory_desc_t *md)
{
    if (*md)
        lib.dnnl_memory_desc_destroy(*md);
}
static bool matmul_of(dnnl_primitive_desc_t *pd, const dnnl_memory_desc_t md[3],
                      dnnl_primitive_attr_t attr)
{
    return lib.dnnl_matmul_primitive_desc_create(pd, lib.engine, md[0], md[1], NULL, md[2],
                                                 attr) == dnnl_success;
}
static bool conv_of(dnnl_primitive_desc_t *pd, const dnnl_memory_desc_t md[3],
                    const conv_dims *c, dnnl_primitive_attr_t attr)
{
    return lib.dnnl_convolution_forward_primitive_desc_create(
               pd, lib.engine, dnnl_forward_inference, dnnl_convolution_direct, md[0], md[1],
               NULL, md[2], c->stride, c->dilate, c->lo, c->hi, attr) == dnnl_success;
}
#else
typedef const dnnl_memory_desc_t *description;
static bool describe(dnnl_memory_desc_t *md, int rank, const dnnl_dims_t dims,
                     const dnnl_dims_t strides)
{
    return lib.dnnl_memory_desc_init_by_strides(md, rank, dims, dnnl_f32, strides) ==
           dnnl_success;
}
static bool describe_any(dnnl_memory_desc_t *md, int rank, const dnnl_dims_t dims)
{
    return lib.dnnl_memory_desc_init_by_tag(md, rank, dims, dnnl_f32, dnnl_format_tag_any) ==
           dnnl_success;
}
static description seen(const dnnl_memory_desc_t *md)
{
    return md;
}
static void forget(dnnl_memory_desc_t *md)
{
    (void)md; /* a plain structure */
}
static bool matmul_of(dnnl_primitive_desc_t *pd, const dnnl_memory_desc_t md[3],
                      dnnl_primitive_attr_t attr)
{
    dnnl_matmul_desc_t operation;
    return lib.dnnl_matmul_desc_init(&operation, &md[0], &md[1], NULL, &md[2]) ==
               dnnl_success &&
           lib.dnnl_primitive_desc_create(pd, &operation, attr, lib.engine, NULL) ==
               dnnl_success;
}
static bool conv_of(dnnl_primitive_desc_t *pd, const dnnl_memory_desc_t md[3],
                    const conv_dims *c, dnnl_primitive_attr_t attr)
{
    dnnl_convolution_desc_t operation;
    return lib.dnnl_dilated_convolution_forward_desc_init(
               &operation, dnnl_forward_inference, dnnl_convolution_direct, &md[0], &md[1],
               NULL, &md[2], c->stride, c->dilate, c->lo, c->hi) == dnnl_success &&
           lib.dnnl_primitive_desc_create(pd, &operation, attr, lib.engine, NULL) ==
               dnnl_success;
}
#endif

/* ---- Products. */
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

static bool describe_all(rg_onednn_product *p, const rg_gemm *g, int64_t batch, int64_t a_batch,
                         int64_t b_batch)
{
    const dnnl_dims_t a = {batch, g->m, g->k}, b = {batch, g->k, g->n}, c = {batch, g->m, g->n};
    const dnnl_dims_t a_strides = {stride_of(batch, a_batch, g->m * g->k),
                                   stride_of(g->m, g->a_row, g->k * g->a_column),
                                   stride_of(g->k, g->a_column, 1)};
    const dnnl_dims_t b_strides = {stride_of(batch, b_batch, g->k * g->n),
                                   stride_of(g->k, g->b_row, g->n * g->b_column),
                                   stride_of(g->n, g->b_column, 1)};
    const dnnl_dims_t c_strides = {g->m * g->c_row, g->c_row, 1};
    return describe(&p->md[0], 3, a, a_strides) && describe(&p->md[1], 3, b, b_strides) &&
           describe(&p->md[2], 3, c, c_strides);
}

/* Working memory is the caller's, so that threads can share a primitive. */
static bool own_scratch(dnnl_primitive_attr_t *ret)
{
    return lib.dnnl_primitive_attr_create(ret) == dnnl_success &&
           lib.dnnl_primitive_attr_set_scratchpad_mode(*ret, dnnl_scratchpad_mode_user) ==
               dnnl_success;
}

static bool make_primitive(rg_onednn_product *p)
{
    dnnl_primitive_attr_t attr = NULL;
    bool ok = own_scratch(&attr) && matmul_of(&p->pd, p->md, attr) &&
              lib.dnnl_primitive_create(&p->primitive, p->pd) == dnnl_success;
    if (attr)
        lib.dnnl_primitive_attr_destroy(attr);
    return ok;
}

rg_onednn_product *rg_onednn_make(const rg_gemm *g, int64_t batch, int64_t a_batch,
                                  int64_t b_batch)
{
    if (switched_off() || !ready() || g->m * g->n * g->k * batch == 0)
        return NULL;
    rg_onednn_product *p = RG_NEW(rg_onednn_product);
    if (describe_all(p, g, batch, a_batch, b_batch) && make_primitive(p))
        return p;
    rg_onednn_free(p);
    return NULL;
}

void rg_onednn_free(rg_onednn_product *p)
{
    if (!p)
        return;
    if (p->primitive)
        lib.dnnl_primitive_destroy(p->primitive);
    if (p->pd)
        lib.dnnl_primitive_desc_destroy(p->pd);
    for (int i = 0; i < 3; i++)
        forget(&p->md[i]);
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
    bool ok = ready() && lib.dnnl_stream_create(&h->stream, lib.engine,
                                                dnnl_stream_default_flags) == dnnl_success;
    for (int i = 0; ok && i < 3; i++)
        ok = lib.dnnl_memory_create(&h->memory[i], seen(&p->md[i]), lib.engine,
                                    DNNL_MEMORY_NONE) == dnnl_success;
    description scratch = lib.dnnl_primitive_desc_query_md(p->pd, dnnl_query_scratchpad_md, 0);
    size_t bytes = ok && scratch ? lib.dnnl_memory_desc_get_size(scratch) : 0;
    if (bytes > 0) {
        h->scratch = aligned_alloc(64, (bytes + 63) / 64 * 64);
        ok = h->scratch && lib.dnnl_memory_create(&h->memory[3], scratch, lib.engine,
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
            lib.dnnl_memory_destroy(h->memory[i]);
    if (h->stream)
        lib.dnnl_stream_destroy(h->stream);
    free(h->scratch);
    rg_free(h);
}

bool rg_onednn_run(const rg_onednn_product *p, rg_onednn_handles *h, const float *a,
                   const float *b, float *c)
{
    void *data[3] = {(void *)(uintptr_t)a, (void *)(uintptr_t)b, c};
    if (!ready())
        return false;
    for (int i = 0; i < 3; i++)
        if (lib.dnnl_memory_set_data_handle(h->memory[i], data[i]) != dnnl_success)
            return false;
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, h->memory[0]},
                                    {DNNL_ARG_WEIGHTS, h->memory[1]},
                                    {DNNL_ARG_DST, h->memory[2]},
                                    {DNNL_ARG_SCRATCHPAD, h->memory[3]}};
    return lib.dnnl_primitive_execute(p->primitive, h->stream, h->memory[3] ? 4 : 3, args) ==
               dnnl_success &&
           lib.dnnl_stream_wait(h->stream) == dnnl_success;
}

/* ---- Convolutions: x and w are brought into the layouts that the primitive likes best, and y
 * is brought back; blocked layouts make up for these copies. */
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
        ok = describe(&c->plain[k], rank, dims[k], strides) &&
             describe_any(&c->any[k], rank, dims[k]);
    }
    return ok;
}

static description liked(const rg_onednn_conv *c, int k)
{
    static const dnnl_query_t what[] = {dnnl_query_src_md, dnnl_query_weights_md,
                                        dnnl_query_dst_md};
    return lib.dnnl_primitive_desc_query_md(c->pd, what[k], 0);
}

static bool agrees(const rg_onednn_conv *c, int k)
{
    return lib.dnnl_memory_desc_equal(seen(&c->plain[k]), liked(c, k));
}

static bool make_reorder(rg_onednn_conv *c, int k)
{
    dnnl_primitive_desc_t pd = NULL;
    if (agrees(c, k))
        return true;
    description from = k < 2 ? seen(&c->plain[k]) : liked(c, k);
    description to = k < 2 ? liked(c, k) : seen(&c->plain[k]);
    bool ok = lib.dnnl_reorder_primitive_desc_create(&pd, from, lib.engine, to, lib.engine,
                                                     NULL) == dnnl_success &&
              lib.dnnl_primitive_create(&c->reorder[k], pd) == dnnl_success;
    if (pd)
        lib.dnnl_primitive_desc_destroy(pd);
    return ok;
}

static bool make_conv(rg_onednn_conv *c, const rg_onednn_conv_shape *s)
{
    dnnl_primitive_attr_t attr = NULL;
    conv_dims dims = {{0}, {0}, {0}, {0}};
    for (int i = 0; i < s->axes; i++) {
        dims.stride[i] = s->stride[i];
        dims.dilate[i] = s->dilate[i] - 1; /* oneDNN counts the holes */
        dims.lo[i] = s->lo[i];
        dims.hi[i] = s->hi[i];
    }
    bool ok = describe_operands(c, s) && own_scratch(&attr) &&
              conv_of(&c->pd, c->any, &dims, attr) &&
              lib.dnnl_primitive_create(&c->primitive, c->pd) == dnnl_success &&
              make_reorder(c, 0) && make_reorder(c, 1) && make_reorder(c, 2);
    if (attr)
        lib.dnnl_primitive_attr_destroy(attr);
    return ok;
}

rg_onednn_conv *rg_onednn_conv_make(const rg_onednn_conv_shape *shape)
{
    if (switched_off() || !ready())
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
        lib.dnnl_primitive_destroy(c->primitive);
    if (c->pd)
        lib.dnnl_primitive_desc_destroy(c->pd);
    for (int k = 0; k < 3; k++) {
        if (c->reorder[k])
            lib.dnnl_primitive_destroy(c->reorder[k]);
        forget(&c->plain[k]);
        forget(&c->any[k]);
    }
    rg_free(c);
}

struct rg_onednn_conv_handles {
    dnnl_stream_t stream;
    dnnl_memory_t plain[3], inner[4]; /* inner: none where the layouts agree; working memory */
    void *buffer[4];
};

static bool make_inner(rg_onednn_conv_handles *h, int k, description md)
{
    size_t bytes = md ? lib.dnnl_memory_desc_get_size(md) : 0;
    if (bytes == 0)
        return true;
    h->buffer[k] = aligned_alloc(64, (bytes + 63) / 64 * 64);
    return h->buffer[k] &&
           lib.dnnl_memory_create(&h->inner[k], md, lib.engine, h->buffer[k]) == dnnl_success;
}

rg_onednn_conv_handles *rg_onednn_conv_handles_make(const rg_onednn_conv *c)
{
    rg_onednn_conv_handles *h = RG_NEW(rg_onednn_conv_handles);
    bool ok = ready() && lib.dnnl_stream_create(&h->stream, lib.engine,
                                                dnnl_stream_default_flags) == dnnl_success;
    for (int k = 0; ok && k < 3; k++)
        ok = lib.dnnl_memory_create(&h->plain[k], seen(&c->plain[k]), lib.engine,
                                    DNNL_MEMORY_NONE) == dnnl_success &&
             (agrees(c, k) || make_inner(h, k, liked(c, k)));
    ok = ok &&
         make_inner(h, 3, lib.dnnl_primitive_desc_query_md(c->pd, dnnl_query_scratchpad_md, 0));
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
            lib.dnnl_memory_destroy(h->plain[k]);
        if (h->inner[k])
            lib.dnnl_memory_destroy(h->inner[k]);
        free(h->buffer[k]);
    }
    if (h->stream)
        lib.dnnl_stream_destroy(h->stream);
    rg_free(h);
}

static bool reorder(const rg_onednn_conv *c, const rg_onednn_conv_handles *h, int k,
                    dnnl_memory_t from, dnnl_memory_t to)
{
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    return !c->reorder[k] ||
           lib.dnnl_primitive_execute(c->reorder[k], h->stream, 2, args) == dnnl_success;
}

bool rg_onednn_conv_run(const rg_onednn_conv *c, rg_onednn_conv_handles *h, const float *x,
                        const float *w, float *y)
{
    void *data[3] = {(void *)(uintptr_t)x, (void *)(uintptr_t)w, y};
    dnnl_memory_t at[3];
    if (!ready())
        return false;
    for (int k = 0; k < 3; k++) {
        if (lib.dnnl_memory_set_data_handle(h->plain[k], data[k]) != dnnl_success)
            return false;
        at[k] = c->reorder[k] ? h->inner[k] : h->plain[k];
    }
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, at[0]},
                                    {DNNL_ARG_WEIGHTS, at[1]},
                                    {DNNL_ARG_DST, at[2]},
                                    {DNNL_ARG_SCRATCHPAD, h->inner[3]}};
    return reorder(c, h, 0, h->plain[0], at[0]) && reorder(c, h, 1, h->plain[1], at[1]) &&
           lib.dnnl_primitive_execute(c->primitive, h->stream, h->inner[3] ? 4 : 3, args) ==
               dnnl_success &&
           reorder(c, h, 2, at[2], h->plain[2]) &&
           lib.dnnl_stream_wait(h->stream) == dnnl_success;
}

#else /* built without oneDNN's headers */

struct rg_onednn_product {
    char none;
};
struct rg_onednn_handles {
    char none;
};

rg_onednn_product *rg_onednn_make(const rg_gemm *g, int64_t batch, int64_t a_batch,
                                  int64_t b_batch)
{
    (void)g, (void)batch, (void)a_batch, (void)b_batch;
    return NULL;
}

void rg_onednn_free(rg_onednn_product *product)
{
    (void)product;
}

rg_onednn_handles *rg_onednn_handles_make(const rg_onednn_product *product)
{
    (void)product;
    return NULL;
}

void rg_onednn_handles_free(rg_onednn_handles *handles)
{
    (void)handles;
}

bool rg_onednn_run(const rg_onednn_product *product, rg_onednn_handles *handles, const float *a,
                   const float *b, float *c)
{
    (void)product, (void)handles, (void)a, (void)b, (void)c;
    return false;
}

struct rg_onednn_conv {
    char none;
};
struct rg_onednn_conv_handles {
    char none;
};

rg_onednn_conv *rg_onednn_conv_make(const rg_onednn_conv_shape *shape)
{
    (void)shape;
    return NULL;
}

void rg_onednn_conv_free(rg_onednn_conv *conv)
{
    (void)conv;
}

rg_onednn_conv_handles *rg_onednn_conv_handles_make(const rg_onednn_conv *conv)
{
    (void)conv;
    return NULL;
}

void rg_onednn_conv_handles_free(rg_onednn_conv_handles *handles)
{
    (void)handles;
}

bool rg_onednn_conv_run(const rg_onednn_conv *conv, rg_onednn_conv_handles *handles,
                        const float *x, const float *w, float *y)
{
    (void)conv, (void)handles, (void)x, (void)w, (void)y;
    return false;
}

const char *rg_onednn_version(void)
{
    return NULL;
}

#endif
