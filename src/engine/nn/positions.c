/* positions.c - where in a sequence an entry stands: fixed waves, learned rows, rotations. */
#include "engine/nn/internal.h"

#include <math.h>

/* Angle of position t and pair i of a width D: t base^(-2 i / D). */
static double angle(int64_t t, int64_t pair, int64_t width, double base)
{
    return (double)t * pow(base, -2 * (double)pair / (double)width);
}

/* A constant (rows, columns) in either float type, computed in double. */
static rg_val constant(rg_graph *graph, rg_dtype dtype, int64_t rows, int64_t columns,
                       const double *value)
{
    rg_shape shape = rg_shape_of(rows, columns);
    size_t n = (size_t)(rows * columns);
    if (dtype == RG_F64)
        return rg_const_array(graph, value, dtype, shape);
    float *narrow = RG_NEW_ARRAY(float, n ? n : 1);
    for (size_t i = 0; i < n; i++)
        narrow[i] = (float)value[i];
    rg_val ret = rg_const_array(graph, narrow, RG_F32, shape);
    rg_free(narrow);
    return ret;
}

static bool has_pairs(rg_graph *graph, int rank, int64_t width)
{
    if (rank >= 2 && width % 2 == 0)
        return true;
    rg_graph_fail(graph, "give it (..., T, D) with an even D",
                  "positions of a value of rank %d and width %lld", rank, (long long)width);
    return false;
}

static rg_val sinusoidal(rg_val x)
{
    rg_shape shape = rg_val_shape(x);
    int64_t length = shape.rank > 1 ? shape.dim[shape.rank - 2] : 0;
    int64_t width = shape.rank ? shape.dim[shape.rank - 1] : 0;
    if (!has_pairs(x.graph, shape.rank, width))
        return x;
    double *wave = RG_NEW_ARRAY(double, (size_t)(length * width) + 1);
    for (int64_t t = 0; t < length; t++)
        for (int64_t i = 0; i < width; i++)
            wave[t * width + i] =
                i % 2 ? cos(angle(t, i / 2, width, 10000)) : sin(angle(t, i / 2, width, 10000));
    rg_val y = rg_add(x, constant(x.graph, rg_val_dtype(x), length, width, wave));
    rg_free(wave);
    return y;
}

static rg_val learned(rg_scope *scope, rg_val x, int64_t longest)
{
    rg_shape shape = rg_val_shape(x);
    int64_t length = shape.rank > 1 ? shape.dim[shape.rank - 2] : 0;
    if (shape.rank < 2 || length > longest) {
        rg_graph_fail(scope->graph, "give it (..., T, D) with T at most the longest",
                      "%lld learned positions for a value of rank %d and length %lld",
                      (long long)longest, shape.rank, (long long)length);
        return x;
    }
    rg_scope_enter(scope, "positions");
    rg_val table =
        rg_scope_weight(scope, "weight", rg_shape_of(longest, shape.dim[shape.rank - 1]),
                        (rg_init){.kind = RG_INIT_NORMAL, .gain = 0.02});
    rg_scope_leave(scope);
    return rg_add(x, rg_part_of(table, 0, 0, length));
}

/* The pair (a, b) = (x[i], x[i + D/2]) turns by its angle: (a cos - b sin, b cos + a sin). */
static rg_val rotated(rg_val x, rg_val cosine, rg_val sine)
{
    int last = rg_val_shape(x).rank - 1;
    int64_t width = rg_val_shape(x).dim[last];
    rg_val a = rg_part_of(x, last, 0, width / 2), b = rg_part_of(x, last, width / 2, width);
    rg_val turned[2] = {rg_sub(rg_mul(a, cosine), rg_mul(b, sine)),
                        rg_add(rg_mul(b, cosine), rg_mul(a, sine))};
    return rg_concat(turned, 2, last);
}

static rg_val rope(rg_val x, double base)
{
    rg_shape shape = rg_val_shape(x);
    int64_t length = shape.rank > 1 ? shape.dim[shape.rank - 2] : 0;
    int64_t width = shape.rank ? shape.dim[shape.rank - 1] : 0, half = width / 2;
    if (!has_pairs(x.graph, shape.rank, width))
        return x;
    if (!(base > 0)) {
        rg_graph_fail(x.graph, "give a base above 0, such as 10000",
                      "rotary positions of base %g", base);
        return x;
    }
    size_t n = (size_t)(length * half);
    double *cosine = RG_NEW_ARRAY(double, n + 1), *sine = RG_NEW_ARRAY(double, n + 1);
    for (size_t k = 0; k < n; k++) {
        double turn = angle((int64_t)k / half, (int64_t)k % half, width, base);
        cosine[k] = cos(turn);
        sine[k] = sin(turn);
    }
    rg_dtype dtype = rg_val_dtype(x);
    rg_val y = rotated(x, constant(x.graph, dtype, length, half, cosine),
                       constant(x.graph, dtype, length, half, sine));
    rg_free(cosine);
    rg_free(sine);
    return y;
}

rg_val rg_sinusoidal_positions_at(rg_place at, rg_val x)
{
    RG_PINNED(x.graph, at, sinusoidal(x));
}

rg_val rg_learned_positions_at(rg_place at, rg_scope *scope, rg_val x, int64_t longest)
{
    RG_PINNED(scope->graph, at, learned(scope, x, longest));
}

rg_val rg_rope_at(rg_place at, rg_val x, double base)
{
    RG_PINNED(x.graph, at, rope(x, base));
}
