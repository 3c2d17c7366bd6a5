/* dtype.c - element types and shapes as such. */
#include "engine/ir/node.h"

#include "engine/ir/bfloat.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* ---- Element types. */
static const struct {
    const char *name;
    size_t bytes;
    bool is_float;
    double lowest, highest; /* of the integers */
} dtypes[] = {
    [RG_F32] = {"f32", 4, true, 0, 0},
    [RG_F64] = {"f64", 8, true, 0, 0},
    [RG_I32] = {"i32", 4, false, INT32_MIN, INT32_MAX},
    [RG_U32] = {"u32", 4, false, 0, UINT32_MAX},
    [RG_BOOL] = {"bool", 1, false, 0, 1},
    [RG_BF16] = {"bf16", 2, true, 0, 0},
    [RG_DTYPES] = {"none", 1, false, 0, 0}, /* what is no type, until rg_node_add refuses it */
};

static size_t row_of(rg_dtype dtype)
{
    return (size_t)dtype < RG_DTYPES ? (size_t)dtype : RG_DTYPES;
}

size_t rg_dtype_bytes(rg_dtype dtype)
{
    return dtypes[row_of(dtype)].bytes;
}

const char *rg_dtype_name(rg_dtype dtype)
{
    return dtypes[row_of(dtype)].name;
}

bool rg_dtype_float(rg_dtype dtype)
{
    return dtypes[row_of(dtype)].is_float;
}

rg_dtype rg_dtype_tangent(rg_dtype dtype)
{
    return dtype == RG_BF16 ? RG_F32 : dtype;
}

double rg_dtype_round(rg_dtype dtype, double value)
{
    if (dtype == RG_F64)
        return value;
    if (dtype == RG_F32)
        return (double)(float)value;
    if (dtype == RG_BF16)
        return (double)rg_bf16_float(rg_bf16_of((float)value));
    if (dtype == RG_BOOL)
        return value != 0;
    double lowest = dtypes[row_of(dtype)].lowest, highest = dtypes[row_of(dtype)].highest;
    if (!(value > lowest))
        return isnan(value) ? 0 : lowest;
    return value > highest ? highest : trunc(value);
}

/* ---- Shapes. */
rg_shape rg_shape_make_(const int64_t *zero_then_dims, int rank)
{
    rg_shape shape = {.rank = rank};
    for (int i = 0; i < rank && i < RG_RANK_MAX; i++)
        shape.dim[i] = zero_then_dims[i + 1];
    return shape;
}

bool rg_shape_same(rg_shape a, rg_shape b)
{
    if (a.rank != b.rank)
        return false;
    for (int i = 0; i < a.rank; i++)
        if (a.dim[i] != b.dim[i])
            return false;
    return true;
}

int64_t rg_shape_count(rg_shape shape)
{
    int64_t count = 1;
    for (int i = 0; i < shape.rank; i++)
        count *= shape.dim[i];
    return count;
}

void rg_shape_text(char out[160], rg_shape shape)
{
    rg_str text = {.max = 159};
    rg_str_add(&text, "(");
    for (int i = 0; i < shape.rank && i < RG_RANK_MAX; i++)
        rg_str_printf(&text, "%s%" PRId64, i ? ", " : "", shape.dim[i]);
    rg_str_add(&text, ")");
    snprintf(out, 160, "%s", rg_str_text(&text));
    rg_str_free(&text);
}

void rg_dtype_store(rg_dtype dtype, void *data, size_t i, double value)
{
    value = rg_dtype_round(dtype, value);
    switch (dtype) {
    case RG_F32: ((float *)data)[i] = (float)value; break;
    case RG_F64: ((double *)data)[i] = value; break;
    case RG_I32: ((int32_t *)data)[i] = (int32_t)value; break;
    case RG_U32: ((uint32_t *)data)[i] = (uint32_t)value; break;
    case RG_BOOL: ((unsigned char *)data)[i] = value != 0; break;
    case RG_BF16: ((uint16_t *)data)[i] = rg_bf16_of((float)value); break;
    }
}

double rg_dtype_element(rg_dtype dtype, const void *data, size_t i)
{
    switch (dtype) {
    case RG_F32: return (double)((const float *)data)[i];
    case RG_F64: return ((const double *)data)[i];
    case RG_I32: return ((const int32_t *)data)[i];
    case RG_U32: return ((const uint32_t *)data)[i];
    case RG_BF16: return (double)rg_bf16_float(((const uint16_t *)data)[i]);
    default: return ((const unsigned char *)data)[i];
    }
}
