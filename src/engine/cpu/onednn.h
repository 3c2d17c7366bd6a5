/* onednn.h - matrix products and convolutions by oneDNN, loaded on first use; absent, NULL is
 * answered everywhere.
 *
 * A primitive is made once for a shape and its strides and may be run by many threads; each
 * runs it with handles of its own.  oneDNN works with one thread, so that its results do not
 * depend on how many there are. */
#ifndef RIGOR_ENGINE_CPU_ONEDNN_H
#define RIGOR_ENGINE_CPU_ONEDNN_H

#include "engine/cpu/gemm.h"

typedef struct rg_onednn_product rg_onednn_product;
typedef struct rg_onednn_handles rg_onednn_handles;

/* `batch` products g of f32 or bf16 operands, whose batch entries are a_batch and b_batch
 * elements apart; the results are f32. NULL when oneDNN is absent, switched off
 * (RIGOR_ONEDNN=off) or refuses these strides, and for bf16 where the processor does not
 * multiply it. */
rg_onednn_product *rg_onednn_make(const rg_gemm *g, rg_dtype operands, int64_t batch,
                                  int64_t a_batch, int64_t b_batch);
void rg_onednn_free(rg_onednn_product *product);
rg_onednn_handles *rg_onednn_handles_make(const rg_onednn_product *product);
void rg_onednn_handles_free(rg_onednn_handles *handles);
bool rg_onednn_run(const rg_onednn_product *product, rg_onednn_handles *handles, const void *a,
                   const void *b, float *c);

/* x and w f32, or bf16 where `half`; y f32; one group, 1 to 3 spatial axes, no dilation of x,
 * padding of 0 or more. */
typedef struct rg_onednn_conv_shape {
    int axes;
    int64_t n, channels, filters;
    int64_t x[3], w[3], y[3], stride[3], dilate[3], lo[3], hi[3];
    bool half;
} rg_onednn_conv_shape;
typedef struct rg_onednn_conv rg_onednn_conv;
typedef struct rg_onednn_conv_handles rg_onednn_conv_handles;

/* NULL when oneDNN is absent, switched off or refuses the shape, and for bf16 as above. */
rg_onednn_conv *rg_onednn_conv_make(const rg_onednn_conv_shape *shape);
void rg_onednn_conv_free(rg_onednn_conv *conv);
rg_onednn_conv_handles *rg_onednn_conv_handles_make(const rg_onednn_conv *conv);
void rg_onednn_conv_handles_free(rg_onednn_conv_handles *handles);
bool rg_onednn_conv_run(const rg_onednn_conv *conv, rg_onednn_conv_handles *handles,
                        const void *x, const void *w, float *y);

/* "2.6.3", or NULL when it is absent or switched off. */
const char *rg_onednn_version(void);

#endif
