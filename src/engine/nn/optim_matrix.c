/* optim_matrix.c - update rules that see a weight as a matrix: adafactor, muon, shampoo.
 *
 * A weight of more than two axes counts as a matrix of (all but the last, the last), the filters
 * of a convolution as one of (the first, the others), as Muon's authors do: a row is one filter.
 * Vectors and scalars take a rule of their own. */
#include "engine/nn/internal.h"

#include <math.h>

static bool is_matrix(rg_val p)
{
    return rg_val_shape(p).rank >= 2;
}

static rg_val as_matrix(rg_val x, const char *name)
{
    rg_shape shape = rg_val_shape(x);
    bool filters = rg_is_filters(name);
    int64_t side = shape.dim[filters ? 0 : shape.rank - 1];
    int64_t other = side ? rg_val_count(x) / side : 0;
    return rg_reshape(x, filters ? rg_shape_of(side, other) : rg_shape_of(other, side));
}

static rg_val product(rg_val x, int contract_x, rg_val y, int contract_y)
{
    rg_dot_axes axes = {
        .n_contract = 1, .contract_x = {contract_x}, .contract_y = {contract_y}};
    return rg_dot(x, y, &axes);
}

static rg_val scaled(rg_val x, double factor)
{
    return rg_mul(x, rg_number(x, factor));
}

static rg_val frobenius(rg_val x)
{
    return rg_sqrt(rg_sum(rg_square(x), RG_ALL_AXES, false));
}

/* ---- Adafactor: algorithms 4 and 5 of the paper, without momentum, lr as the relative step.
 */

/* b x + (1 - b) y with b = 1 - t^-0.8, kept in a slot. */
static rg_val averaged(rg_optim *optim, const char *kind, const char *name, rg_val newest)
{
    rg_val slot = rg_optim_slot(optim, kind, name, newest);
    rg_val share = rg_pow(optim->step, rg_number(optim->step, -0.8));
    rg_val next = rg_blend(share, newest, slot);
    rg_optim_keep(optim, slot, next);
    return next;
}

/* The second moment as R C / mean(R), from means over columns R and over rows C. */
static rg_val factored(rg_optim *optim, const char *name, rg_val square)
{
    rg_val rows = averaged(optim, "rows", name, rg_mean_over(square, RG_AXIS(1)));
    rg_val columns = averaged(optim, "columns", name, rg_mean_over(square, RG_AXIS(0)));
    return rg_mul(rg_div(rows, rg_mean_over(rows, RG_AXIS(0))), columns);
}

rg_val rg_update_adafactor(rg_optim *optim, const char *name, rg_val p, rg_val gradient)
{
    rg_val g = is_matrix(p) ? as_matrix(gradient, name) : gradient;
    rg_val square = rg_add(rg_square(g), rg_number(g, 1e-30));
    square =
        is_matrix(p) ? factored(optim, name, square) : averaged(optim, "square", name, square);
    rg_val u = rg_div(g, rg_sqrt(square));
    u = rg_div(u, rg_at_least(rg_root_of_mean_square(u), 1));
    rg_val rate = rg_mul(optim->lr, rg_at_least(rg_root_of_mean_square(p), 1e-3));
    rg_val step = rg_reshape(rg_mul(rate, u), rg_val_shape(p));
    return rg_sub(rg_optim_shrunk(optim, p), step);
}

/* ---- Muon */

/* Five steps of X = a X + (b A + c A^2) X, A = X X^T, bring the singular values of X / |X| to
 * about 1; coefficients of Jordan et al.  The smaller side is squared. */
static rg_val orthogonalised(rg_val g)
{
    static const double a = 3.4445, b = -4.7750, c = 2.0315;
    rg_shape shape = rg_val_shape(g);
    bool tall = shape.dim[0] > shape.dim[1];
    rg_val x = tall ? rg_permute(g, (const int[]){1, 0}) : g;
    x = rg_div(x, rg_add(frobenius(x), rg_number(x, 1e-7)));
    for (int i = 0; i < 5; i++) {
        rg_val square = product(x, 1, x, 1);
        rg_val inner = rg_add(scaled(square, b), scaled(product(square, 1, square, 0), c));
        x = rg_add(scaled(x, a), product(inner, 1, x, 0));
    }
    return tall ? rg_permute(x, (const int[]){1, 0}) : x;
}

/* v = momentum v + g;  p = p - lr 0.2 sqrt(max(rows, columns)) orthogonalised(g + momentum v).
 * The scale gives steps the size of AdamW's, so that one lr and one decay serve both (Liu et
 * al. 2025, equation 4). */
rg_val rg_update_muon(rg_optim *optim, const char *name, rg_val p, rg_val gradient)
{
    if (!is_matrix(p))
        return rg_update_adamw(optim, name, p, gradient);
    rg_val momentum = rg_optim_number(optim, "momentum"), g = as_matrix(gradient, name);
    rg_val velocity = rg_optim_slot(optim, "momentum", name, g);
    rg_val next = rg_add(rg_mul(momentum, velocity), g);
    rg_optim_keep(optim, velocity, next);
    rg_val u = orthogonalised(rg_add(g, rg_mul(momentum, next)));
    rg_shape shape = rg_val_shape(u);
    int64_t longer = shape.dim[0] > shape.dim[1] ? shape.dim[0] : shape.dim[1];
    rg_val step = rg_mul(optim->lr, scaled(u, 0.2 * sqrt((double)longer)));
    return rg_sub(rg_optim_shrunk(optim, p), rg_reshape(step, rg_val_shape(p)));
}

/* ---- Shampoo */

#define SIDE_MAX 1024   /* a longer side is not whitened */
#define ROOT_STEPS 25   /* enough for a condition of 1e6 and then to f32's precision */
#define ROOT_RIDGE 1e-6 /* of the norm, added to the diagonal */

static rg_val unit_matrix(rg_val like)
{
    rg_shape shape = rg_val_shape(like);
    rg_val hit =
        rg_eq(rg_iota(like.graph, shape, 0, RG_I32), rg_iota(like.graph, shape, 1, RG_I32));
    return rg_cast(hit, rg_val_dtype(like));
}

/* x to the power p, a power of two. */
static rg_val matrix_power(rg_val x, int p)
{
    for (; p > 1; p /= 2)
        x = product(x, 1, x, 0);
    return x;
}

/* A^(-1/p) by the coupled Newton iteration (Guo & Higham 2006; Anil et al. 2020): with z =
 * (1 + p) / (2 |A|), X = z^(1/p) I, M = z A, repeat T = ((p + 1) I - M) / p, X = X T, M = T^p
 * M. */
static rg_val inverse_root(rg_val a, int p)
{
    rg_val unit = unit_matrix(a), size = rg_at_least(frobenius(a), 1e-30);
    a = rg_add(a, rg_mul(unit, scaled(size, ROOT_RIDGE)));
    rg_val z = rg_div(rg_number(size, (1 + p) / 2.0), size);
    rg_val x = rg_mul(unit, rg_pow(z, rg_number(z, 1.0 / p))), m = rg_mul(a, z);
    for (int i = 0; i < ROOT_STEPS; i++) {
        rg_val t = scaled(rg_sub(scaled(unit, p + 1), m), 1.0 / p);
        x = product(x, 1, t, 0);
        m = product(matrix_power(t, p), 1, m, 0);
    }
    return x;
}

/* Adds g's second moment over one axis to its slot and gives the inverse root. */
static rg_val whitener(rg_optim *optim, const char *kind, const char *name, rg_val g, int axis,
                       int p)
{
    rg_val newest = product(g, 1 - axis, g, 1 - axis);
    rg_val slot = rg_optim_slot(optim, kind, name, newest);
    rg_val next = rg_add(slot, newest);
    rg_optim_keep(optim, slot, next);
    return inverse_root(next, p);
}

/* Vectors: the sum of squares of each element, which is Shampoo with a diagonal (Adagrad, Duchi
 * et al. 2011). */
static rg_val diagonal(rg_optim *optim, const char *name, rg_val g)
{
    rg_val slot = rg_optim_slot(optim, "square", name, g);
    rg_val next = rg_add(slot, rg_square(g));
    rg_optim_keep(optim, slot, next);
    return rg_div(g, rg_add(rg_sqrt(next), rg_optim_number(optim, "epsilon")));
}

/* L = L + G G^T, R = R + G^T G;  p = p - lr L^(-1/4) G R^(-1/4).  When one side is too long the
 * other takes the power -1/2. */
static rg_val whitened(rg_optim *optim, const char *name, rg_val g)
{
    rg_shape shape = rg_val_shape(g);
    bool left = shape.dim[0] <= SIDE_MAX, right = shape.dim[1] <= SIDE_MAX;
    int p = left && right ? 4 : 2;
    rg_val u = g;
    if (left)
        u = product(whitener(optim, "left", name, g, 0, p), 1, u, 0);
    if (right)
        u = product(u, 1, whitener(optim, "right", name, g, 1, p), 0);
    return left || right ? u : diagonal(optim, name, g);
}

rg_val rg_update_shampoo(rg_optim *optim, const char *name, rg_val p, rg_val g)
{
    rg_val u =
        is_matrix(p) ? whitened(optim, name, as_matrix(g, name)) : diagonal(optim, name, g);
    rg_val step = rg_mul(optim->lr, rg_reshape(u, rg_val_shape(p)));
    return rg_sub(rg_optim_shrunk(optim, p), step);
}
