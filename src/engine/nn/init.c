/* init.c - initial values of weights: a width that keeps the variance of signals (fan in) or of
 * signals and gradients (fan in and out), drawn uniformly or normally; or a whole matrix. */
#include "rigor/nn.h"

#include <math.h>

typedef struct fill {
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
    for (size_t i = 0; i < rows * columns; i++) {
        size_t r = i / columns, c = i % columns;
        ret[i] = (float)(gain * (rows < columns ? row[r * many + c] : row[c * many + r]));
    }
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

static const fill fills[] = {
    [RG_INIT_ZEROS] = {.value = 0},
    [RG_INIT_ONES] = {.value = 1},
    [RG_INIT_KAIMING_UNIFORM] = {.draw = uniform, .width = kaiming_bound},
    [RG_INIT_KAIMING_NORMAL] = {.draw = rg_rng_normal, .width = kaiming_sd},
    [RG_INIT_XAVIER_UNIFORM] = {.draw = uniform, .width = xavier_bound},
    [RG_INIT_XAVIER_NORMAL] = {.draw = rg_rng_normal, .width = xavier_sd},
    [RG_INIT_LECUN_NORMAL] = {.draw = rg_rng_normal, .width = kaiming_sd},
    [RG_INIT_UNIFORM] = {.draw = uniform, .width = as_given},
    [RG_INIT_NORMAL] = {.draw = rg_rng_normal, .width = as_given},
    [RG_INIT_TRUNCATED] = {.draw = truncated, .width = as_given},
    [RG_INIT_ORTHOGONAL] = {.matrix = orthogonal},
    [RG_INIT_IDENTITY] = {.matrix = identity},
    [RG_INIT_STATE_RATES] = {.matrix = state_rates},
    [RG_INIT_TIME_STEPS] = {.matrix = time_steps},
};

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
