/* strided.c - copies between layouts. */
#include "engine/cpu/strided.h"

#include <string.h>

void rg_strided_axis(rg_strided *s, int64_t count, int64_t from_stride, int64_t to_stride)
{
    if (count == 1)
        return;
    if (s->rank > 0) {
        int i = s->rank - 1;
        if (s->from_stride[i] == from_stride * count && s->to_stride[i] == to_stride * count) {
            s->count[i] *= count;
            s->from_stride[i] = from_stride;
            s->to_stride[i] = to_stride;
            return;
        }
    }
    s->count[s->rank] = count;
    s->from_stride[s->rank] = from_stride;
    s->to_stride[s->rank++] = to_stride;
}

#define ROW(T) \
    static void row_##T(const char *from, int64_t from_stride, char *to, int64_t to_stride, \
                        int64_t n) \
    { \
        const T *x = (const T *)(const void *)from; \
        T *y = (T *)(void *)to; \
        for (int64_t i = 0; i < n; i++) \
            y[i * to_stride] = x[i * from_stride]; \
    }
ROW(uint8_t)
ROW(uint32_t)
ROW(uint64_t)

static void row(const rg_strided *s, const char *from, int64_t from_stride, char *to,
                int64_t to_stride, int64_t n)
{
    if (from_stride == 1 && to_stride == 1)
        memcpy(to, from, (size_t)n * s->bytes);
    else if (s->bytes == 4)
        row_uint32_t(from, from_stride, to, to_stride, n);
    else if (s->bytes == 8)
        row_uint64_t(from, from_stride, to, to_stride, n);
    else
        row_uint8_t(from, from_stride, to, to_stride, n);
}

static void copy_axes(const rg_strided *s, int axis, const char *from, char *to)
{
    int64_t bytes = (int64_t)s->bytes;
    if (axis == s->rank - 1) {
        row(s, from, s->from_stride[axis], to, s->to_stride[axis], s->count[axis]);
        return;
    }
    for (int64_t i = 0; i < s->count[axis]; i++)
        copy_axes(s, axis + 1, from + i * s->from_stride[axis] * bytes,
                  to + i * s->to_stride[axis] * bytes);
}

void rg_strided_copy(const rg_strided *s, const void *from, void *to)
{
    for (int i = 0; i < s->rank; i++)
        if (s->count[i] == 0)
            return;
    const char *x = (const char *)from + s->from * (int64_t)s->bytes;
    char *y = (char *)to + s->to * (int64_t)s->bytes;
    if (s->rank == 0)
        memcpy(y, x, s->bytes);
    else
        copy_axes(s, 0, x, y);
}

rg_strided rg_strided_permute(rg_shape shape, const int *order, size_t bytes)
{
    rg_strided s = {.bytes = bytes};
    rg_shape result = {.rank = shape.rank};
    int64_t from[RG_RANK_MAX], to[RG_RANK_MAX];
    for (int i = 0; i < shape.rank; i++)
        result.dim[i] = shape.dim[order[i]];
    rg_shape_strides(shape, from);
    rg_shape_strides(result, to);
    for (int i = 0; i < shape.rank; i++)
        rg_strided_axis(&s, result.dim[i], from[order[i]], to[i]);
    return s;
}
