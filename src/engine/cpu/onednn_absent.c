/* onednn_absent.c - what a build without oneDNN's headers answers: there is none. */
#include "engine/cpu/onednn.h"

#ifndef RIGOR_HAVE_ONEDNN

struct rg_onednn_product {
    char none;
};
struct rg_onednn_handles {
    char none;
};

rg_onednn_product *rg_onednn_make(const rg_gemm *g, rg_dtype operands, int64_t batch,
                                  int64_t a_batch, int64_t b_batch)
{
    (void)g, (void)operands, (void)batch, (void)a_batch, (void)b_batch;
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

bool rg_onednn_run(const rg_onednn_product *product, rg_onednn_handles *handles, const void *a,
                   const void *b, float *c)
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
                        const void *x, const void *w, float *y)
{
    (void)conv, (void)handles, (void)x, (void)w, (void)y;
    return false;
}

const char *rg_onednn_version(void)
{
    return NULL;
}

#endif
