/* init.c - initial values of weights: a width that keeps the variance of signals (fan in) or of
 * signals and gradients (fan in and out), drawn uniformly or normally; or a whole matrix. */
#include "engine/nn/internal.h"

#include <math.h>

typedef struct fit { /* what a kind asks of the fans for a weight of n elements */
    bool (*fits)(const rg_init *init, int64_t n);
    const char *wanted;
} fit;

typedef struct fill {
    const fit *fit;                                      /* NULL: it reads no fans */
    double value;                                        /* without the rest: this constant */
    double (*draw)(rg_rng *rng);                         /* of width 1 */
    double (*width)(double gain, double in, double out); /* bound, or standard deviation */
    void (*matrix)(rg_rng *rng, double gain, size_t rows, size_t columns, float *ret);
} fill;

/* ---- Draws */

static double uniform(rg_rng *rng)
{
    return 2 * rg_rng_unit(rng) - 1;
}

static double truncated(rg_rng *rng)
{
    double draw;
    do
        draw = rg_rng_normal(rng);
    while (fabs(draw) > 2);
    return draw;
}

/* ---- Widths */

static double as_given(double gain, double in, double out)
{
    (void)in;
    (void)out;
    return gain;
}

static double kaiming_bound(double gain, double in, double out)
{
    (void)out;
    return gain * sqrt(3 / in);
}

static double kaiming_sd(double gain, double in, double out)
{
    (void)out;
    return gain / sqrt(in);
}

static double xavier_bound(double gain, double in, double out)
{
    return gain * sqrt(6 / (in + out));
}

static double xavier_sd(double gain, double in, double out)
{
    return gain * sqrt(2 / (in + out));
}

/* ---- Matrices */

static void identity(rg_rng *rng, double gain, size_t rows, size_t columns, float *ret)
{
    (void)rng;
    for (size_t i = 0; i < rows * columns; i++)
        ret[i] = i / columns == i % columns ? (float)gain : 0;
}

static double inner(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Row k less its parts along the rows before it; twice, for what rounding leaves. */
static void orthogonalise(double *row, size_t k, size_t n)
{
    double *mine = row + k * n;
    for (size_t j = 0; j < 2 * k; j++) {
        const double *other = row + j % k * n;
        double along = inner(mine, other, n);
        for (size_t i = 0; i < n; i++)
            mine[i] -= along * other[i];
    }
    double length = sqrt(inner(mine, mine, n));
    for (size_t i = 0; i < n; i++)
        mine[i] /= length;
}

/* Gram-Schmidt on normal draws, row by row of the wide form: uniform among all such matrices,
 * since the triangular factor has a positive diagonal (Mezzadri 2007). */
static void orthogonal(rg_rng *rng, double gain, size_t rows, size_t columns, float *ret)
{
    size_t few = rows < columns ? rows : columns, many = rows < columns ? columns : rows;
    double *row = RG_NEW_ARRAY(double, few *many);
    for (size_t i = 0; i < few * many; i++)
        row[i] = rg_rng_normal(rng);
    for (size_t k = 0; k < few; k++)
        orthogonalise(row, k, many);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            *ret++ = (float)(gain * (rows < columns ? row[r * many + c] : row[c * many + r]));
    rg_free(row);
}

/* ---- Selective state spaces */

static void state_rates(rg_rng *rng, double gain, size_t rows, size_t columns, float *ret)
{
    (void)rng;
    (void)gain;
    for (size_t i = 0; i < rows * columns; i++)
        ret[i] = (float)log((double)(i % columns + 1));
}

/* softplus(x) = d for x = log(exp(d) - 1) = d + log(1 - exp(-d)). */
static void time_steps(rg_rng *rng, double gain, size_t rows, size_t columns, float *ret)
{
    (void)gain;
    for (size_t i = 0; i < rows * columns; i++) {
        double step = 0.001 * pow(100, rg_rng_unit(rng));
        ret[i] = (float)(step + log(-expm1(-step)));
    }
}

/* ---- Fans */

static bool in_is_there(const rg_init *init, int64_t n)
{
    (void)n;
    return init->fan_in > 0;
}

static bool both_are_there(const rg_init *init, int64_t n)
{
    (void)n;
    return init->fan_in > 0 && init->fan_out > 0;
}

static bool product_is_n(const rg_init *init, int64_t n)
{
    return init->fan_out > 0 && n % init->fan_out == 0 && n / init->fan_out == init->fan_in;
}

static const fit has_fan_in = {in_is_there, "give fan_in, of 1 or more"};
static const fit has_both_fans = {both_are_there, "give fan_in and fan_out, of 1 or more"};
static const fit is_matrix = {
    product_is_n, "give the rows of the weight as fan_in and its columns as fan_out"};

/* ---- The table */

static const fill fills[] = {
    [RG_INIT_ZEROS] = {.value = 0},
    [RG_INIT_ONES] = {.value = 1},
    [RG_INIT_KAIMING_UNIFORM] = {.fit = &has_fan_in, .draw = uniform, .width = kaiming_bound},
    [RG_INIT_KAIMING_NORMAL] = {.fit = &has_fan_in, .draw = rg_rng_normal, .width = kaiming_sd},
    [RG_INIT_XAVIER_UNIFORM] = {.fit = &has_both_fans, .draw = uniform, .width = xavier_bound},
    [RG_INIT_XAVIER_NORMAL] = {.fit = &has_both_fans,
                               .draw = rg_rng_normal,
                               .width = xavier_sd},
    [RG_INIT_LECUN_NORMAL] = {.fit = &has_fan_in, .draw = rg_rng_normal, .width = kaiming_sd},
    [RG_INIT_UNIFORM] = {.draw = uniform, .width = as_given},
    [RG_INIT_NORMAL] = {.draw = rg_rng_normal, .width = as_given},
    [RG_INIT_TRUNCATED] = {.draw = truncated, .width = as_given},
    [RG_INIT_ORTHOGONAL] = {.fit = &is_matrix, .matrix = orthogonal},
    [RG_INIT_IDENTITY] = {.fit = &is_matrix, .matrix = identity},
    [RG_INIT_STATE_RATES] = {.fit = &is_matrix, .matrix = state_rates},
    [RG_INIT_TIME_STEPS] = {.matrix = time_steps},
};

/* ---- What a scope wants instead of a layer's own */

rg_init rg_init_of(const rg_scope *scope, rg_init own, int64_t rows, int64_t columns)
{
    if (!scope->init)
        return own;
    rg_init init = *scope->init;
    bool known = (unsigned)init.kind < RG_COUNT(fills);
    bool whole = known && fills[init.kind].fit == &is_matrix;
    init.fan_in = whole ? rows : own.fan_in;
    init.fan_out = whole ? columns : own.fan_out;
    return init;
}

rg_init rg_init_of_bias(const rg_scope *scope, rg_init own)
{
    return scope->init ? (rg_init){.kind = RG_INIT_ZEROS} : own;
}

/* ---- Whether it fits */

void rg_init_check(rg_graph *graph, const rg_init *init, const char *name, int64_t n)
{
    bool known = (unsigned)init->kind < RG_COUNT(fills);
    const fit *asked = known ? fills[init->kind].fit : NULL;
    if (!known)
        rg_graph_fail(graph, "choose one of rg_init_kind",
                      "the weight %s has an initialiser of kind %d, which there is not", name,
                      (int)init->kind);
    else if (n > 0 && asked && !asked->fits(init, n))
        rg_graph_fail(graph, asked->wanted,
                      "the initialiser of the weight %s, of %lld elements, has fan_in %lld and "
                      "fan_out %lld",
                      name, (long long)n, (long long)init->fan_in, (long long)init->fan_out);
}

static void fill_constant(float value, float *ret, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ret[i] = value;
}

void rg_init_fill(const rg_init *init, uint64_t seed, const char *name, float *ret, size_t n)
{
    const fill *how = &fills[init->kind];
    double gain = init->gain == 0 ? 1 : init->gain;
    rg_rng rng = rg_rng_open(seed, "init/%s", name);
    if (how->matrix) {
        size_t columns = init->fan_out > 0 ? (size_t)init->fan_out : 1;
        how->matrix(&rng, gain, n / columns, columns, ret);
        return;
    }
    if (!how->width) {
        fill_constant((float)how->value, ret, n);
        return;
    }
    double width = how->width(gain, (double)init->fan_in, (double)init->fan_out);
    for (size_t i = 0; i < n; i++)
        ret[i] = (float)(width * how->draw(&rng));
}
