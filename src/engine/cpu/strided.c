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
    bool paired; /* every other element: of two runs, this far apart */
    int64_t pair;
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
PLANE(uint16_t)
PLANE(uint32_t)
PLANE(uint64_t)

/* ---- Pairs, as windows of pooling have them: every other element of a run goes to (or comes
 * from) either of two runs.  Vectors of GNU C. */
typedef uint32_t four __attribute__((vector_size(16)));
#define PICK(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

static void split_run(const uint32_t *x, uint32_t *even, uint32_t *odd, int64_t n)
{
    for (; n >= 4; n -= 4, x += 8, even += 4, odd += 4) {
        four a, b;
        memcpy(&a, x, sizeof(a));
        memcpy(&b, x + 4, sizeof(b));
        four first = PICK(a, b, 0, 2, 4, 6), second = PICK(a, b, 1, 3, 5, 7);
        memcpy(even, &first, sizeof(first));
        memcpy(odd, &second, sizeof(second));
    }
    for (int64_t i = 0; i < n; i++) {
        even[i] = x[2 * i];
        odd[i] = x[2 * i + 1];
    }
}

static void join_runs(const uint32_t *even, const uint32_t *odd, uint32_t *y, int64_t n)
{
    for (; n >= 4; n -= 4, y += 8, even += 4, odd += 4) {
        four a, b;
        memcpy(&a, even, sizeof(a));
        memcpy(&b, odd, sizeof(b));
        four first = PICK(a, b, 0, 4, 1, 5), second = PICK(a, b, 2, 6, 3, 7);
        memcpy(y, &first, sizeof(first));
        memcpy(y + 4, &second, sizeof(second));
    }
    for (int64_t i = 0; i < n; i++) {
        y[2 * i] = even[i];
        y[2 * i + 1] = odd[i];
    }
}

static void copy_pairs(const plane *p, const uint32_t *x, uint32_t *y)
{
    for (int64_t i = 0; i < p->count[0]; i++, x += p->from_stride[0], y += p->to_stride[0])
        if (p->from_stride[1] == 2)
            split_run(x, y, y + p->pair, p->count[1]);
        else
            join_runs(x, x + p->pair, y, p->count[1]);
}

#define RUN_BYTES 64 /* from here on a call of memcpy is worth it */

static void copy_plane(const plane *p, size_t bytes, const char *from, char *to)
{
    if (p->paired) {
        copy_pairs(p, (const uint32_t *)(const void *)from, (uint32_t *)(void *)to);
        return;
    }
    bool runs = p->from_stride[1] == 1 && p->to_stride[1] == 1 &&
                (size_t)p->count[1] * bytes >= RUN_BYTES;
    for (int64_t i = 0; runs && i < p->count[0]; i++)
        memcpy(to + i * p->to_stride[0] * (int64_t)bytes,
               from + i * p->from_stride[0] * (int64_t)bytes, (size_t)p->count[1] * bytes);
    if (runs)
        return;
    if (bytes == 4)
        plane_uint32_t(p, from, to);
    else if (bytes == 8)
        plane_uint64_t(p, from, to);
    else if (bytes == 2)
        plane_uint16_t(p, from, to);
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

/* The order of the walk: the last two axes are the plane. */
typedef struct walk {
    int axes, order[RG_RANK_MAX];
    bool paired;
    int64_t pair;
} walk;

static int taken_out(walk *w, int i)
{
    int axis = w->order[i];
    memmove(&w->order[i], &w->order[i + 1], sizeof(*w->order) * (size_t)(w->axes - 1 - i));
    return axis;
}

/* Puts the best of the axes up to `last` there. */
static void choose_axis(const rg_strided *s, walk *w, int last,
                        bool (*better)(const rg_strided *, int, int))
{
    int best = last;
    for (int i = last - 1; i >= 0; i--)
        best = better(s, w->order[i], w->order[best]) ? i : best;
    int axis = taken_out(w, best);
    memmove(&w->order[last + 1], &w->order[last],
            sizeof(*w->order) * (size_t)(w->axes - 1 - last));
    w->order[last] = axis;
}

/* Is the innermost axis every other element of a run, and another one the choice between
 * them? */
static void find_pair(const rg_strided *s, walk *w)
{
    int inner = w->order[w->axes - 1];
    bool splits = s->from_stride[inner] == 2 && s->to_stride[inner] == 1;
    bool joins = s->from_stride[inner] == 1 && s->to_stride[inner] == 2;
    const int64_t *near = splits ? s->from_stride : s->to_stride;
    const int64_t *far = splits ? s->to_stride : s->from_stride;
    for (int i = 0; (splits || joins) && s->bytes == sizeof(uint32_t) && i < w->axes - 1; i++)
        if (s->count[w->order[i]] == 2 && near[w->order[i]] == 1) {
            w->pair = far[taken_out(w, i)];
            w->paired = true;
            w->axes--;
            return;
        }
}

static walk walk_of(const rg_strided *s)
{
    walk w = {.axes = s->rank};
    for (int i = 0; i < s->rank; i++)
        w.order[i] = i;
    if (w.axes > 1) {
        choose_axis(s, &w, w.axes - 1, is_inner);
        find_pair(s, &w);
    }
    for (int last = w.axes - 2; last >= 0; last--)
        choose_axis(s, &w, last, last == w.axes - 2 ? is_inner : is_earlier);
    return w;
}

static plane plane_of(const rg_strided *s, const walk *w)
{
    plane p = {{1, 1}, {0, 0}, {0, 0}, w->paired, w->pair};
    for (int k = 0; k < 2 && k < w->axes; k++) {
        int axis = w->order[w->axes - 1 - k];
        p.count[1 - k] = s->count[axis];
        p.from_stride[1 - k] = s->from_stride[axis];
        p.to_stride[1 - k] = s->to_stride[axis];
    }
    return p;
}

/* Moves to the next plane; false behind the last one. */
static bool advance(const rg_strided *s, const walk *w, int64_t *at, int64_t *from, int64_t *to)
{
    for (int i = w->axes - 3; i >= 0; i--) {
        int axis = w->order[i];
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
    int64_t at[RG_RANK_MAX] = {0}, x = s->from, y = s->to, bytes = (int64_t)s->bytes;
    walk w = walk_of(s);
    plane p = plane_of(s, &w);
    do
        copy_plane(&p, s->bytes, (const char *)from + x * bytes, (char *)to + y * bytes);
    while (advance(s, &w, at, &x, &y));
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
