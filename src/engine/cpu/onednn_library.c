/* onednn_library.c - oneDNN's v2 and v3 C interfaces, loaded with dlopen on first use. */
#include "engine/cpu/onednn_library.h"

#ifdef RIGOR_HAVE_ONEDNN

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

rg_dnnl_library rg_dnnl;

/* ---- Loading. */
static void load(void)
{
    void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return;
    bool found = true;
#define FIND(name) \
    rg_dnnl.name = (__typeof__(rg_dnnl.name))(uintptr_t)dlsym(handle, #name); \
    found &= rg_dnnl.name != NULL;
    FUNCTIONS(FIND)
#undef FIND
    rg_dnnl.omp_set_num_threads =
        (void (*)(int))(uintptr_t)dlsym(handle, "omp_set_num_threads");
    if (!found || rg_dnnl.dnnl_engine_create(&rg_dnnl.engine, dnnl_cpu, 0) != dnnl_success)
        return;
    const dnnl_version_t *v = rg_dnnl.dnnl_version();
    snprintf(rg_dnnl.version, sizeof(rg_dnnl.version), "%d.%d.%d", v->major, v->minor,
             v->patch);
    rg_dnnl.ready = true;
}

bool rg_dnnl_ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static _Thread_local bool thread_set;
    pthread_once(&once, load);
    if (rg_dnnl.ready && !thread_set && rg_dnnl.omp_set_num_threads)
        rg_dnnl.omp_set_num_threads(1);
    thread_set = true;
    return rg_dnnl.ready;
}

bool rg_dnnl_wanted(void)
{
    const char *wish = getenv("RIGOR_ONEDNN");
    return !(wish && strcmp(wish, "off") == 0) && rg_dnnl_ready();
}

/* oneDNN makes primitives for bf16 on processors without it, too, but slow ones. */
bool rg_dnnl_multiplies(rg_dtype operands)
{
#ifdef __x86_64__
    return operands != RG_BF16 || __builtin_cpu_supports("avx512bf16");
#else
    return operands != RG_BF16;
#endif
}

const char *rg_onednn_version(void)
{
    return rg_dnnl_wanted() ? rg_dnnl.version : NULL;
}

/* ---- Memory descriptors of both interfaces. */
#if DNNL_VERSION_MAJOR >= 3
bool rg_dnnl_describe(dnnl_memory_desc_t *md, dnnl_data_type_t type, int rank,
                      const dnnl_dims_t dims, const dnnl_dims_t strides)
{
    return rg_dnnl.dnnl_memory_desc_create_with_strides(md, rank, dims, type, strides) ==
           dnnl_success;
}
bool rg_dnnl_describe_any(dnnl_memory_desc_t *md, dnnl_data_type_t type, int rank,
                          const dnnl_dims_t dims)
{
    return rg_dnnl.dnnl_memory_desc_create_with_tag(md, rank, dims, type,
                                                    dnnl_format_tag_any) == dnnl_success;
}
rg_dnnl_seen rg_dnnl_see(const dnnl_memory_desc_t *md)
{
    return *md;
}
void rg_dnnl_forget(dnnl_memory_desc_t *md)
{
    if (*md)
        rg_dnnl.dnnl_memory_desc_destroy(*md);
}
bool rg_dnnl_matmul(dnnl_primitive_desc_t *pd, const dnnl_memory_desc_t md[3],
                    dnnl_primitive_attr_t attr)
{
    return rg_dnnl.dnnl_matmul_primitive_desc_create(pd, rg_dnnl.engine, md[0], md[1], NULL,
                                                     md[2], attr) == dnnl_success;
}
bool rg_dnnl_conv_of(dnnl_primitive_desc_t *pd, const dnnl_memory_desc_t md[3],
                     const rg_dnnl_conv *c, dnnl_primitive_attr_t attr)
{
    return rg_dnnl.dnnl_convolution_forward_primitive_desc_create(
               pd, rg_dnnl.engine, dnnl_forward_inference, dnnl_convolution_direct, md[0],
               md[1], NULL, md[2], c->stride, c->dilate, c->lo, c->hi, attr) == dnnl_success;
}
#else
bool rg_dnnl_describe(dnnl_memory_desc_t *md, dnnl_data_type_t type, int rank,
                      const dnnl_dims_t dims, const dnnl_dims_t strides)
{
    return rg_dnnl.dnnl_memory_desc_init_by_strides(md, rank, dims, type, strides) ==
           dnnl_success;
}
bool rg_dnnl_describe_any(dnnl_memory_desc_t *md, dnnl_data_type_t type, int rank,
                          const dnnl_dims_t dims)
{
    return rg_dnnl.dnnl_memory_desc_init_by_tag(md, rank, dims, type, dnnl_format_tag_any) ==
           dnnl_success;
}
rg_dnnl_seen rg_dnnl_see(const dnnl_memory_desc_t *md)
{
    return md;
}
void rg_dnnl_forget(dnnl_memory_desc_t *md)
{
    (void)md; /* a plain structure */
}
bool rg_dnnl_matmul(dnnl_primitive_desc_t *pd, const dnnl_memory_desc_t md[3],
                    dnnl_primitive_attr_t attr)
{
    dnnl_matmul_desc_t operation;
    return rg_dnnl.dnnl_matmul_desc_init(&operation, &md[0], &md[1], NULL, &md[2]) ==
               dnnl_success &&
           rg_dnnl.dnnl_primitive_desc_create(pd, &operation, attr, rg_dnnl.engine, NULL) ==
               dnnl_success;
}
bool rg_dnnl_conv_of(dnnl_primitive_desc_t *pd, const dnnl_memory_desc_t md[3],
                     const rg_dnnl_conv *c, dnnl_primitive_attr_t attr)
{
    dnnl_convolution_desc_t operation;
    return rg_dnnl.dnnl_dilated_convolution_forward_desc_init(
               &operation, dnnl_forward_inference, dnnl_convolution_direct, &md[0], &md[1],
               NULL, &md[2], c->stride, c->dilate, c->lo, c->hi) == dnnl_success &&
           rg_dnnl.dnnl_primitive_desc_create(pd, &operation, attr, rg_dnnl.engine, NULL) ==
               dnnl_success;
}
#endif

bool rg_dnnl_own_scratch(dnnl_primitive_attr_t *ret)
{
    return rg_dnnl.dnnl_primitive_attr_create(ret) == dnnl_success &&
           rg_dnnl.dnnl_primitive_attr_set_scratchpad_mode(*ret, dnnl_scratchpad_mode_user) ==
               dnnl_success;
}

#endif
