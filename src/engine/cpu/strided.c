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

/* ---- The copy: the two innermost axes are a plane, copied by two plain loops; the others are
 * counted through.  Axes may be walked in any order: the walk is the cheapest that the strides
 * allow. */
typedef struct plane {
    int64_t count[2], from_stride[2], to_stride[2];
} plane;

#define PLANE(T) \
    static void plane_##T(const plane *p, const char *from, char *to) \
    { \
        for (int64_t i = 0; i < p->count[0]; i++) { \
            const T *x = (const T *)(const void *)from + i * p->from_stride[0]; \
            T *y = (T *)(void *)to + i * p->to_stride[0]; \
            for (int64_t k = 0; k < p->count[1]; k++) \
                y[k * p->to_stride[1]] = x[k * p->from_stride[1]]; \
        } \
    }
PLANE(uint8_t)
PLANE(uint32_t)
PLANE(uint64_t)

/* Rows of every second element of 4 bytes, read or written: those of pooling over pairs.  Four at
 * a time are read as eight; behind the last one there may be none, so it is read alone. */
static void gather_pairs(const uint32_t *x, uint32_t *y, int64_t n)
{
    typedef uint32_t four __attribute__((vector_size(16), aligned(4), may_alias));
    for (; n > 4; n -= 4, x += 8, y += 4)
        *(four *)y =
            __builtin_shufflevector(*(const four *)x, *(const four *)(x + 4), 0, 2, 4, 6);
    for (; n > 0; n--, x += 2, y++)
        *y = *x;
}

static void spread_pairs(const uint32_t *x, uint32_t *y, int64_t n)
{
    for (; n >= 4; n -= 4, x += 4, y += 8) {
        y[0] = x[0];
        y[2] = x[1];
        y[4] = x[2];
        y[6] = x[3];
    }
    for (; n > 0; n--, x++, y += 2)
        *y = *x;
}

static void plane_pairs(const plane *p, const uint32_t *from, uint32_t *to)
{
    void (*row)(const uint32_t *, uint32_t *, int64_t) =
        p->to_stride[1] == 1 ? gather_pairs : spread_pairs;
    for (int64_t i = 0; i < p->count[0]; i++)
        row(from + i * p->from_stride[0], to + i * p->to_stride[0], p->count[1]);
}

#define RUN_BYTES 64 /* from here on a call of memcpy is worth it */

static void copy_plane(const plane *p, size_t bytes, const char *from, char *to)
{
    bool runs = p->from_stride[1] == 1 && p->to_stride[1] == 1 &&
                (size_t)p->count[1] * bytes >= RUN_BYTES;
    for (int64_t i = 0; runs && i < p->count[0]; i++)
        memcpy(to + i * p->to_stride[0] * (int64_t)bytes,
               from + i * p->from_stride[0] * (int64_t)bytes, (size_t)p->count[1] * bytes);
    if (runs)
        return;
    bool pairs = (p->from_stride[1] == 2 && p->to_stride[1] == 1) ||
                 (p->from_stride[1] == 1 && p->to_stride[1] == 2);
    if (bytes == 4 && pairs)
        plane_pairs(p, (const uint32_t *)(const void *)from, (uint32_t *)(void *)to);
    else if (bytes == 4)
        plane_uint32_t(p, from, to);
    else if (bytes == 8)
        plane_uint64_t(p, from, to);
    else
        plane_uint8_t(p, from, to);
}

static int64_t magnitude(int64_t stride)
{
    return stride < 0 ? -stride : stride;
}

typedef struct steps { /* of one axis: the shorter and the longer one */
    int64_t short_step, long_step;
} steps;

static steps steps_of(const rg_strided *s, int axis)
{
    int64_t from = magnitude(s->from_stride[axis]), to = magnitude(s->to_stride[axis]);
    return from < to ? (steps){from, to} : (steps){to, from};
}

/* Elements that a line of the cache holds. */
#define LINE 16

/* Is axis a the better one to have within the plane?  Short steps on both sides first, and of
 * those the longer axis; then the one whose long step is shorter. */
static bool is_inner(const rg_strided *s, int a, int b)
{
    int64_t of_a = steps_of(s, a).long_step, of_b = steps_of(s, b).long_step;
    if (of_a < LINE && of_b < LINE)
        return s->count[a] > s->count[b];
    return of_a != of_b ? of_a < of_b : s->count[a] > s->count[b];
}

/* Outside the plane a short step on one side is a line that is at hand if it is taken early. */
static bool is_earlier(const rg_strided *s, int a, int b)
{
    return steps_of(s, a).short_step < steps_of(s, b).short_step;
}

/* Puts the best of the first `last` + 1 axes of the order behind the others of them. */
static void put_last(const rg_strided *s, int order[RG_RANK_MAX], int last,
                     bool (*better)(const rg_strided *, int, int))
{
    int best = last;
    for (int i = last - 1; i >= 0; i--)
        best = better(s, order[i], order[best]) ? i : best;
    int axis = order[best];
    memmove(&order[best], &order[best + 1], sizeof(*order) * (size_t)(last - best));
    order[last] = axis;
}

/* The order of the walk: two axes for the plane, innermost, then the others. */
static void choose_order(const rg_strided *s, int order[RG_RANK_MAX])
{
    for (int i = 0; i < s->rank; i++)
        order[i] = i;
    for (int last = s->rank - 1; last >= 0; last--)
        put_last(s, order, last, last >= s->rank - 2 ? is_inner : is_earlier);
}

static plane plane_of(const rg_strided *s, const int *order)
{
    plane p = {{1, 1}, {0, 0}, {0, 0}};
    for (int k = 0; k < 2 && k < s->rank; k++) {
        int axis = order[s->rank - 1 - k];
        p.count[1 - k] = s->count[axis];
        p.from_stride[1 - k] = s->from_stride[axis];
        p.to_stride[1 - k] = s->to_stride[axis];
    }
    return p;
}

/* Moves to the next plane; false behind the last one. */
static bool advance(const rg_strided *s, const int *order, int64_t *at, int64_t *from,
                    int64_t *to)
{
    for (int i = s->rank - 3; i >= 0; i--) {
        int axis = order[i];
        *from += s->from_stride[axis];
        *to += s->to_stride[axis];
        if (++at[i] < s->count[axis])
            return true;
        *from -= at[i] * s->from_stride[axis];
        *to -= at[i] * s->to_stride[axis];
        at[i] = 0;
    }
    return false;
}

void rg_strided_copy(const rg_strided *s, const void *from, void *to)
{
    for (int i = 0; i < s->rank; i++)
        if (s->count[i] == 0)
            return;
    int order[RG_RANK_MAX];
    int64_t at[RG_RANK_MAX] = {0}, x = s->from, y = s->to, bytes = (int64_t)s->bytes;
    choose_order(s, order);
    plane p = plane_of(s, order);
    do
        copy_plane(&p, s->bytes, (const char *)from + x * bytes, (char *)to + y * bytes);
    while (advance(s, order, at, &x, &y));
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
