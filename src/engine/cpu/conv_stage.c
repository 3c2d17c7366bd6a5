/* conv_stage.c - x laid out for the tiles of a convolution; conv.h says how and why. */
#include "engine/cpu/conv.h"

#include <stdlib.h>
#include <string.h>

/* ---- One spatial axis. */
typedef struct axis {
    int64_t length, taps, outputs, stride, lo, hi, dilate_x, dilate_w;
} axis;

static axis axis_of(const rg_node *conv, rg_shape x, rg_shape w, int i)
{
    const rg_conv_axes *c = &conv->attr.conv;
    return (axis){x.dim[i + 2], w.dim[i + 2], conv->shape.dim[i + 2], c->stride[i],
                  c->lo[i],     c->hi[i],     c->dilate_x[i],         c->dilate_w[i]};
}

static bool dense(const axis *a)
{
    return a->stride == 1 && a->dilate_x == 1;
}

/* Products with a length cannot overflow. */
static bool near(const axis *a)
{
    const int64_t limit = (int64_t)1 << 26;
    return llabs(a->lo) < limit && llabs(a->hi) < limit && a->taps * a->dilate_w < limit;
}

/* An axis behind `a` that is only copied: both are one axis with every step n times as long. */
static bool merges(const axis *a, const axis *inner)
{
    return dense(a) && dense(inner) && near(a) && inner->taps == 1 && inner->lo == 0 &&
           inner->hi == 0;
}

static axis merged(const axis *a, int64_t n)
{
    return (axis){a->length * n, a->taps, a->outputs * n, 1, a->lo * n,
                  a->hi * n,     1,       a->dilate_w * n};
}

static int list_axes(const rg_node *conv, rg_shape x, rg_shape w, axis ret[RG_CONV_AXES_MAX])
{
    int n = 0;
    for (int i = 0; i < x.rank - 2; i++) {
        axis a = axis_of(conv, x, w, i);
        if (n > 0 && merges(&ret[n - 1], &a))
            ret[n - 1] = merged(&ret[n - 1], a.length);
        else
            ret[n++] = a;
    }
    return n;
}

static int64_t source_of(const axis *a, int64_t u)
{
    int64_t at = u - a->lo;
    return at >= 0 && at % a->dilate_x == 0 && at / a->dilate_x < a->length ? at / a->dilate_x
                                                                            : -1;
}

/* Outputs of one residue modulo the spread of x are `stride_of` apart in x. */
static int64_t stride_of(const axis *a)
{
    return a->stride * a->dilate_x;
}

static int64_t residues_of(const axis *a)
{
    return a->dilate_x < a->outputs ? a->dilate_x : a->outputs;
}

/* What tap t of the first output of residue f reads. */
static int64_t read_at(const axis *a, int64_t f, int64_t t)
{
    return f * a->stride + t * a->dilate_w;
}

/* The phases that hold entries of x and that some tap reads, in the order of their meeting. */
typedef struct phases {
    int64_t *at; /* modulo stride_of */
    int64_t n;
} phases;

static int64_t find_phase(const axis *a, const phases *p, int64_t u)
{
    for (int64_t i = 0; i < p->n; i++)
        if (p->at[i] == u % stride_of(a))
            return i;
    return -1;
}

static phases list_phases(const axis *a)
{
    phases p = {RG_NEW_ARRAY(int64_t, residues_of(a) * a->taps), 0};
    for (int64_t f = 0; f < residues_of(a); f++)
        for (int64_t t = 0; t < a->taps; t++) {
            int64_t u = read_at(a, f, t);
            if ((u - a->lo) % a->dilate_x == 0 && find_phase(a, &p, u) < 0)
                p.at[p.n++] = u % stride_of(a);
        }
    return p;
}

/* Fills the axis' part of the stage; ret_tap gets the offset of each of its taps, by residue
 * and tap; -1 where a tap meets zeros only. */
static void stage_axis(rg_arena *arena, rg_conv_stage *s, int i, const axis *a,
                       int64_t *ret_tap)
{
    phases p = list_phases(a);
    int64_t last = read_at(a, residues_of(a) - 1, a->taps - 1) / stride_of(a);
    int64_t depth = (a->outputs + a->dilate_x - 1) / a->dilate_x + last;
    s->length[i] = a->length;
    s->staged[i] = p.n * depth;
    s->source[i] = RG_ARENA_ARRAY(arena, int64_t, s->staged[i]);
    for (int64_t j = 0; j < s->staged[i]; j++)
        s->source[i][j] = source_of(a, j % depth * stride_of(a) + p.at[j / depth]);
    for (int64_t f = 0; f < residues_of(a); f++)
        for (int64_t t = 0; t < a->taps; t++) {
            int64_t u = read_at(a, f, t), phase = find_phase(a, &p, u);
            ret_tap[f * a->taps + t] = phase < 0 ? -1 : phase * depth + u / stride_of(a);
        }
    rg_free(p.at);
}

/* ---- All axes. */
/* Are the entries of the innermost axis that are not zero one run of x? */
static void find_run(rg_conv_stage *s)
{
    int last = s->axes - 1;
    const int64_t *source = s->source[last];
    int64_t first = 0;
    while (first < s->staged[last] && source[first] < 0)
        first++;
    s->run_to = first;
    s->run_from = first < s->staged[last] ? source[first] : 0;
    while (first + s->run_count < s->staged[last] &&
           source[first + s->run_count] == s->run_from + s->run_count)
        s->run_count++;
    s->run = true;
    for (int64_t j = first + s->run_count; j < s->staged[last]; j++)
        s->run &= source[j] < 0;
}

static bool is_identity(const rg_conv_stage *s)
{
    for (int i = 0; i < s->axes; i++) {
        if (s->staged[i] != s->length[i])
            return false;
        for (int64_t j = 0; j < s->staged[i]; j++)
            if (s->source[i][j] != j)
                return false;
    }
    return true;
}

/* The offset in the stage of tap t (row-major) for the outputs of the residues `f`; -1 where it
 * meets zeros only. */
static int64_t combine(const rg_conv_stage *s, const axis *a,
                       int64_t *const tap[RG_CONV_AXES_MAX], const int64_t *f, int64_t t)
{
    int64_t at = 0;
    for (int i = s->axes - 1; i >= 0; i--) {
        int64_t own = tap[i][f[i] * a[i].taps + t % a[i].taps];
        if (own < 0)
            return -1;
        at += own * s->stride[i];
        t /= a[i].taps;
    }
    return at;
}

/* Counts, then lists the taps that meet entries of x. */
static void list_taps(rg_arena *arena, const rg_conv_stage *s, const axis *a,
                      int64_t *const tap[RG_CONV_AXES_MAX], const int64_t *f, rg_conv_pass *p)
{
    for (int64_t t = 0; t < s->taps; t++)
        p->taps += combine(s, a, tap, f, t) >= 0;
    p->w_tap = RG_ARENA_ARRAY(arena, int64_t, p->taps);
    p->stage_tap = RG_ARENA_ARRAY(arena, int64_t, p->taps);
    for (int64_t t = 0, n = 0; t < s->taps; t++) {
        int64_t at = combine(s, a, tap, f, t);
        if (at < 0)
            continue;
        p->w_tap[n] = t;
        p->stage_tap[n++] = at;
    }
}

static rg_conv_pass pass_of(rg_arena *arena, const rg_conv_stage *s, const axis *a,
                            int64_t *const tap[RG_CONV_AXES_MAX], int64_t number)
{
    rg_conv_pass p = {.plane = 1};
    int64_t f[RG_CONV_AXES_MAX], run = 1;
    for (int i = s->axes - 1; i >= 0; i--) {
        f[i] = number % residues_of(&a[i]);
        number /= residues_of(&a[i]);
        p.outputs[i] = (a[i].outputs - f[i] + a[i].dilate_x - 1) / a[i].dilate_x;
        p.plane *= p.outputs[i];
        p.first += f[i] * run;
        run *= a[i].outputs;
    }
    list_taps(arena, s, a, tap, f, &p);
    return p;
}

static void list_passes(rg_arena *arena, rg_conv_stage *s, const axis *a,
                        int64_t *const tap[RG_CONV_AXES_MAX])
{
    s->passes = 1;
    for (int i = 0; i < s->axes; i++)
        s->passes *= residues_of(&a[i]);
    s->pass = RG_ARENA_ARRAY(arena, rg_conv_pass, s->passes);
    for (int64_t i = 0; i < s->passes; i++)
        s->pass[i] = pass_of(arena, s, a, tap, i);
}

rg_conv_stage rg_conv_stage_make(rg_arena *arena, const rg_node *conv, rg_shape x, rg_shape w)
{
    axis a[RG_CONV_AXES_MAX];
    int64_t *tap[RG_CONV_AXES_MAX];
    rg_conv_stage s = {.x_plane = 1, .plane = 1, .out_plane = 1, .taps = 1};
    s.axes = list_axes(conv, x, w, a);
    for (int i = s.axes - 1; i >= 0; i--) {
        tap[i] = RG_NEW_ARRAY(int64_t, residues_of(&a[i]) * a[i].taps);
        stage_axis(arena, &s, i, &a[i], tap[i]);
        s.stride[i] = s.plane;
        s.step[i] = s.out_plane * a[i].dilate_x;
        s.x_plane *= a[i].length;
        s.plane *= s.staged[i];
        s.out_plane *= a[i].outputs;
        s.taps *= a[i].taps;
    }
    list_passes(arena, &s, a, tap);
    for (int i = 0; i < s.axes; i++)
        rg_free(tap[i]);
    find_run(&s);
    s.identity = s.passes == 1 && is_identity(&s);
    return s;
}

int64_t rg_conv_stage_at(const rg_conv_stage *s, const rg_conv_pass *pass, int64_t i)
{
    int64_t at = 0;
    for (int k = s->axes - 1; k >= 0; k--) {
        at += i % pass->outputs[k] * s->stride[k];
        i /= pass->outputs[k];
    }
    return at;
}

/* ---- Filling.  Zeros stay where they are: the stage is cleared once, then filled with one
 * plane after another. */
#define GATHER(T) \
    static void gather_##T(const int64_t *source, int64_t n, const void *x, void *to) \
    { \
        for (int64_t j = 0; j < n; j++) \
            ((T *)to)[j] = source[j] < 0 ? 0 : ((const T *)x)[source[j]]; \
    }
GATHER(uint32_t)
GATHER(uint64_t)

static void fill_row(const rg_conv_stage *s, size_t bytes, const char *x, char *to)
{
    int last = s->axes - 1;
    if (s->run)
        memcpy(to + (size_t)s->run_to * bytes, x + (size_t)s->run_from * bytes,
               (size_t)s->run_count * bytes);
    else if (bytes == sizeof(uint32_t))
        gather_uint32_t(s->source[last], s->staged[last], x, to);
    else
        gather_uint64_t(s->source[last], s->staged[last], x, to);
}

/* One plane from axis `depth` inwards; x_stride: elements of x from entry to entry of that
 * axis. */
static void fill_from(const rg_conv_stage *s, int depth, int64_t x_stride, size_t bytes,
                      const char *x, char *to)
{
    if (depth == s->axes - 1) {
        fill_row(s, bytes, x, to);
        return;
    }
    for (int64_t j = 0; j < s->staged[depth]; j++) {
        int64_t from = s->source[depth][j];
        if (from >= 0)
            fill_from(s, depth + 1, x_stride / s->length[depth + 1], bytes,
                      x + (size_t)(from * x_stride) * bytes,
                      to + (size_t)(j * s->stride[depth]) * bytes);
    }
}

void rg_conv_stage_fill(const rg_conv_stage *s, size_t bytes, const void *x, int64_t channels,
                        void *stage)
{
    for (int64_t c = 0; c < channels; c++)
        fill_from(s, 0, s->x_plane / s->length[0], bytes,
                  (const char *)x + (size_t)(c * s->x_plane) * bytes,
                  (char *)stage + (size_t)(c * s->plane) * bytes);
}
