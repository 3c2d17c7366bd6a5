/* onednn_library.h - oneDNN's functions, found by name, and what differs between its
 * interfaces.
 *
 * The header's version is the version that is loaded: v2 describes memory by a structure and
 * makes primitives through an operation descriptor, v3 has opaque memory descriptors and makes
 * them in one call.  Everything else is alike.  For the onednn_*.c files alone. */
#ifndef RIGOR_ENGINE_CPU_ONEDNN_LIBRARY_H
#define RIGOR_ENGINE_CPU_ONEDNN_LIBRARY_H

#include "engine/cpu/onednn.h"

#ifdef RIGOR_HAVE_ONEDNN

#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_version.h>

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

/* What the library has, once rg_dnnl_ready has loaded it. */
typedef struct rg_dnnl_library {
#define MEMBER(name) __typeof__(&name) name;
    FUNCTIONS(MEMBER)
#undef MEMBER
    void (*omp_set_num_threads)(int); /* of the OpenMP that oneDNN uses; may be absent */
    dnnl_engine_t engine;
    bool ready;
    char version[32];
} rg_dnnl_library;
extern rg_dnnl_library rg_dnnl;

/* Loads at most once, and keeps the calling thread's OpenMP to one thread: the number is a
 * property of each thread that calls.  False: it is absent. */
bool rg_dnnl_ready(void);
/* Does the processor multiply such operands at speed? */
bool rg_dnnl_multiplies(rg_dtype operands);
bool rg_dnnl_wanted(void); /* ready, and not switched off by RIGOR_ONEDNN=off */

/* ---- Memory descriptors and primitives of both interfaces; false on failure. */
typedef struct rg_dnnl_conv { /* of a convolution, as oneDNN takes them */
    dnnl_dims_t stride, dilate, lo, hi;
} rg_dnnl_conv;

#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t rg_dnnl_seen;
#else
typedef const dnnl_memory_desc_t *rg_dnnl_seen;
#endif
bool rg_dnnl_describe(dnnl_memory_desc_t *md, dnnl_data_type_t type, int rank,
                      const dnnl_dims_t dims, const dnnl_dims_t strides);
/* Any layout: the primitive's choice. */
bool rg_dnnl_describe_any(dnnl_memory_desc_t *md, dnnl_data_type_t type, int rank,
                          const dnnl_dims_t dims);
rg_dnnl_seen rg_dnnl_see(const dnnl_memory_desc_t *md); /* as functions take it */
void rg_dnnl_forget(dnnl_memory_desc_t *md);
bool rg_dnnl_matmul(dnnl_primitive_desc_t *pd, const dnnl_memory_desc_t md[3],
                    dnnl_primitive_attr_t attr);
bool rg_dnnl_conv_of(dnnl_primitive_desc_t *pd, const dnnl_memory_desc_t md[3],
                     const rg_dnnl_conv *c, dnnl_primitive_attr_t attr);
/* Working memory is the caller's, so that threads can share a primitive. */
bool rg_dnnl_own_scratch(dnnl_primitive_attr_t *ret);

#endif
#endif
