/* parzen.c - the Parzen estimator of the TPE sampler.
 *
 * The bandwidth is shared by all kernels of a dimension.  It mixes two rules, both of which
 * shrink as n^(-1/(4+d)) (D. W. Scott, "Multivariate density estimation", 1992): a fixed
 * fraction of the range, which keeps looking around, and the spread of the observations, which
 * lets a search narrow down once the good ones lie close together.  It has a floor as the
 * "magic clip" of J. Bergstra et al., "Algorithms for hyper-parameter optimization" (2011), and
 * for levels another one, so that neighbouring levels stay in reach.  docs/search.md has the
 * measurements behind the constants.
 *
 * Ordered levels are few, so their kernels are a table of logarithms (row: the observation's
 * level, column: the level asked for), and a density costs one look-up a dimension and
 * component.  Densities are kept relative to the prior, whose own logarithm thereby is 0. */
#include "lab/search/parzen.h"

#include "lab/search/space.h"

#include <math.h>
#include <string.h>

#define MAX_LEVELS 64        /* an ordered dimension with more is treated as continuous */
#define PRIOR_WEIGHT 2.0     /* of the prior component, in observations */
#define RANGE_FRACTION 0.05  /* bandwidth of the first rule, at one observation */
#define SPREAD_SHARE 0.35    /* weight of the second rule */
#define LEAST_BANDWIDTH 0.5  /* over min(n + 1, 100) */
#define LEAST_CELLS 0.6      /* bandwidth in cells, for ordered levels */
#define CHOICE_SMOOTHING 1.5 /* over n + 1: an observation's share that is spread evenly */
#define LEAST_MASS 1e-12     /* of a level, so that no logarithm is infinite */
#define NEGLIGIBLE 40        /* a term e^-40 of the largest is beyond the digits of a sum */

typedef enum axis_kind { AXIS_CONTINUOUS, AXIS_ORDERED, AXIS_UNORDERED } axis_kind;
typedef struct parzen_axis {
    const rg_dim *dim;
    axis_kind kind;
    size_t levels;
    double *at;        /* n: level or unit coordinate; NaN: not active */
    double sigma;      /* continuous and ordered: of the unit interval */
    double *log_scale; /* n, continuous: log of the truncated normal's factor */
    double *log_ratio; /* levels x levels, ordered: kernel over prior */
    double keep;       /* unordered: the kernel's mass that is not spread */
} parzen_axis;

struct rg_parzen {
    const rg_space *space;
    size_t n;                    /* kernels; component n is the prior */
    double *weight, *log_weight; /* n + 1 */
    double total;                /* of the weights */
    parzen_axis *axes;
    double *log_term; /* n + 1: scratch of rg_parzen_log_density */
};

static double normal_cdf(double z)
{
    return 0.5 * erfc(-z * M_SQRT1_2);
}

/* ---- Bandwidth --------------------------------------------------------------------------- */
static double cell_middle(const rg_dim *dim, double level)
{
    return (rg_dim_edge(dim, level) + rg_dim_edge(dim, level + 1)) / 2;
}

/* Weighted standard deviation on the unit interval; 0 when no observation is active. */
static double spread(const parzen_axis *axis, const double *weight, size_t n)
{
    double total = 0, sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(axis->at[i]))
            continue;
        double unit =
            axis->kind == AXIS_ORDERED ? cell_middle(axis->dim, axis->at[i]) : axis->at[i];
        total += weight[i];
        sum += weight[i] * unit;
        squares += weight[i] * unit * unit;
    }
    double variance = total > 0 ? squares / total - sum / total * (sum / total) : 0;
    return sqrt(fmax(variance, 0));
}

static double bandwidth(const parzen_axis *axis, const double *weight, size_t n, size_t dims)
{
    double rate = pow(fmax((double)n, 1), -1 / (4 + (double)dims));
    double width = (1 - SPREAD_SHARE) * RANGE_FRACTION + SPREAD_SHARE * spread(axis, weight, n);
    double least = LEAST_BANDWIDTH / fmin(100, 1 + (double)n);
    if (axis->kind == AXIS_ORDERED)
        least = fmax(least, LEAST_CELLS / (double)axis->levels);
    return fmin(fmax(width * rate, least), 1);
}

/* ---- Kernels ----------------------------------------------------------------------------- */
static void fill_row(parzen_axis *axis, size_t row)
{
    double middle = cell_middle(axis->dim, (double)row);
    double first = normal_cdf(-middle / axis->sigma);
    double total = normal_cdf((1 - middle) / axis->sigma) - first;
    double edge = 0, cumulative = first;
    for (size_t j = 0; j < axis->levels; j++) {
        double next_edge = rg_dim_edge(axis->dim, (double)(j + 1));
        double next = normal_cdf((next_edge - middle) / axis->sigma);
        double mass = fmax((next - cumulative) / total, LEAST_MASS);
        axis->log_ratio[row * axis->levels + j] = log(mass / (next_edge - edge));
        edge = next_edge;
        cumulative = next;
    }
}

static void fill_ordered(rg_arena *arena, parzen_axis *axis)
{
    axis->log_ratio = RG_ARENA_ARRAY(arena, double, axis->levels * axis->levels);
    for (size_t i = 0; i < axis->levels; i++)
        fill_row(axis, i);
}

static void fill_continuous(rg_arena *arena, parzen_axis *axis, size_t n)
{
    axis->log_scale = RG_ARENA_ARRAY(arena, double, n);
    for (size_t i = 0; i < n; i++) {
        double mass = normal_cdf((1 - axis->at[i]) / axis->sigma) -
                      normal_cdf(-axis->at[i] / axis->sigma);
        axis->log_scale[i] = -log(axis->sigma * sqrt(2 * M_PI) * mass);
    }
}

static double coordinate(const parzen_axis *axis, double value)
{
    if (isnan(value))
        return NAN;
    return axis->kind == AXIS_CONTINUOUS ? rg_dim_unit(axis->dim, value)
                                         : rg_dim_level(axis->dim, value);
}

static axis_kind kind_of(const rg_dim *dim)
{
    double levels = rg_dim_levels(dim);
    if (dim->kind == RG_DIM_CHOICE)
        return AXIS_UNORDERED;
    return levels > 0 && levels <= MAX_LEVELS ? AXIS_ORDERED : AXIS_CONTINUOUS;
}

static void fill_axis(rg_arena *arena, parzen_axis *axis, const rg_parzen *parzen, size_t d,
                      const double *const *points)
{
    axis->dim = &parzen->space->dim[d];
    axis->kind = kind_of(axis->dim);
    axis->levels = axis->kind == AXIS_CONTINUOUS ? 0 : (size_t)rg_dim_levels(axis->dim);
    axis->at = RG_ARENA_ARRAY(arena, double, parzen->n);
    for (size_t i = 0; i < parzen->n; i++)
        axis->at[i] = coordinate(axis, points[i][d]);
    axis->keep = 1 / (1 + CHOICE_SMOOTHING / (1 + (double)parzen->n));
    axis->sigma = bandwidth(axis, parzen->weight, parzen->n, parzen->space->count);
    if (axis->kind == AXIS_ORDERED)
        fill_ordered(arena, axis);
    if (axis->kind == AXIS_CONTINUOUS)
        fill_continuous(arena, axis, parzen->n);
}

rg_parzen *rg_parzen_new(rg_arena *arena, const rg_space *space, const double *const *points,
                         const double *weights, size_t n)
{
    rg_parzen *parzen = RG_ARENA_NEW(arena, rg_parzen);
    parzen->space = space;
    parzen->n = n;
    parzen->weight = RG_ARENA_ARRAY(arena, double, n + 1);
    parzen->log_weight = RG_ARENA_ARRAY(arena, double, n + 1);
    parzen->log_term = RG_ARENA_ARRAY(arena, double, n + 1);
    parzen->axes = RG_ARENA_ARRAY(arena, parzen_axis, space->count);
    for (size_t i = 0; i <= n; i++) {
        parzen->weight[i] = i == n ? PRIOR_WEIGHT : weights ? weights[i] : 1;
        parzen->log_weight[i] = log(parzen->weight[i]);
        parzen->total += parzen->weight[i];
    }
    for (size_t d = 0; d < space->count; d++)
        fill_axis(arena, &parzen->axes[d], parzen, d, points);
    return parzen;
}

/* ---- Draws ------------------------------------------------------------------------------- */
static double draw_ordered(const parzen_axis *axis, double at, double unit)
{
    const double *row = axis->log_ratio + (size_t)at * axis->levels;
    size_t level = 0;
    for (double sum = 0; level + 1 < axis->levels; level++) {
        double edge = rg_dim_edge(axis->dim, (double)level);
        sum += exp(row[level]) * (rg_dim_edge(axis->dim, (double)(level + 1)) - edge);
        if (unit < sum)
            break;
    }
    return rg_dim_level_value(axis->dim, (double)level);
}

static double draw_unordered(const parzen_axis *axis, double at, double unit)
{
    if (unit < axis->keep)
        return rg_dim_level_value(axis->dim, at);
    return rg_dim_value(axis->dim, (unit - axis->keep) / (1 - axis->keep));
}

/* By rejection: the centre lies inside and sigma <= 1, so more than a third of the draws stay.
 */
static double draw_normal(const parzen_axis *axis, double at, rg_rng *rng)
{
    double unit = -1;
    while (unit < 0 || unit > 1)
        unit = at + axis->sigma * rg_rng_normal(rng);
    return rg_dim_value(axis->dim, unit);
}

static double draw_axis(const parzen_axis *axis, double at, rg_rng *rng)
{
    if (isnan(at))
        return rg_dim_value(axis->dim, rg_rng_unit(rng));
    if (axis->kind == AXIS_CONTINUOUS)
        return draw_normal(axis, at, rng);
    double unit = rg_rng_unit(rng);
    return axis->kind == AXIS_ORDERED ? draw_ordered(axis, at, unit)
                                      : draw_unordered(axis, at, unit);
}

static size_t draw_component(const rg_parzen *parzen, rg_rng *rng)
{
    double left = rg_rng_unit(rng) * parzen->total;
    size_t i = 0;
    while (i < parzen->n && left >= parzen->weight[i])
        left -= parzen->weight[i++];
    return i;
}

void rg_parzen_draw(const rg_parzen *parzen, rg_rng *rng, double *ret_point)
{
    size_t i = draw_component(parzen, rng);
    for (size_t d = 0; d < parzen->space->count; d++) {
        const parzen_axis *axis = &parzen->axes[d];
        double at = i < parzen->n ? axis->at[i] : NAN;
        bool active = rg_space_active(parzen->space, d, ret_point);
        ret_point[d] = active ? draw_axis(axis, at, rng) : NAN;
    }
}

/* ---- Density ----------------------------------------------------------------------------- */
static void add_ordered(const parzen_axis *axis, size_t n, size_t level, double *log_term)
{
    for (size_t i = 0; i < n; i++) {
        double at = axis->at[i];
        log_term[i] += isnan(at) ? 0 : axis->log_ratio[(size_t)at * axis->levels + level];
    }
}

static void add_unordered(const parzen_axis *axis, size_t n, double level, double *log_term)
{
    double other = log(1 - axis->keep);
    double same = log(1 - axis->keep + axis->keep * (double)axis->levels);
    for (size_t i = 0; i < n; i++) {
        double at = axis->at[i];
        log_term[i] += isnan(at) ? 0 : at == level ? same : other;
    }
}

static void add_continuous(const parzen_axis *axis, size_t n, double unit, double *log_term)
{
    double inverse = 1 / axis->sigma;
    for (size_t i = 0; i < n; i++) {
        double z = (unit - axis->at[i]) * inverse;
        log_term[i] += isnan(z) ? 0 : axis->log_scale[i] - 0.5 * z * z;
    }
}

static double log_sum_exp(const double *x, size_t n)
{
    double largest = x[0], sum = 0;
    for (size_t i = 1; i < n; i++)
        largest = x[i] > largest ? x[i] : largest;
    for (size_t i = 0; i < n; i++)
        sum += x[i] > largest - NEGLIGIBLE ? exp(x[i] - largest) : 0;
    return largest + log(sum);
}

double rg_parzen_log_density(const rg_parzen *parzen, const double *point)
{
    size_t n = parzen->n;
    memcpy(parzen->log_term, parzen->log_weight, (n + 1) * sizeof(double));
    for (size_t d = 0; d < parzen->space->count; d++) {
        const parzen_axis *axis = &parzen->axes[d];
        double at = coordinate(axis, point[d]);
        if (isnan(at))
            continue;
        if (axis->kind == AXIS_ORDERED)
            add_ordered(axis, n, (size_t)at, parzen->log_term);
        else if (axis->kind == AXIS_UNORDERED)
            add_unordered(axis, n, at, parzen->log_term);
        else
            add_continuous(axis, n, at, parzen->log_term);
    }
    return log_sum_exp(parzen->log_term, n + 1) - log(parzen->total);
}
