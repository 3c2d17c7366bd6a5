/* space.c - what a space means: which dimensions are active, how values, unit coordinates and
 * JSON correspond. */
#include "lab/search/space.h"

#include <math.h>

static bool is_choice(const rg_dim *dim)
{
    return dim->kind == RG_DIM_CHOICE || dim->kind == RG_DIM_ORDER;
}

static bool is_log(const rg_dim *dim)
{
    return dim->kind == RG_DIM_LOG || (dim->kind == RG_DIM_INT && dim->log);
}

static double step_of(const rg_dim *dim)
{
    return dim->step > 0 ? dim->step : 1;
}

static double clamp(double x, double lo, double hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

/* ---- Levels ------------------------------------------------------------------------------ */
double rg_dim_levels(const rg_dim *dim)
{
    if (is_choice(dim))
        return (double)dim->n_choices;
    if (dim->kind != RG_DIM_INT)
        return 0;
    /* The slack keeps a range that is a whole number of steps from losing its last one. */
    return floor((dim->hi - dim->lo) / step_of(dim) + 1e-9) + 1;
}

double rg_dim_level_value(const rg_dim *dim, double level)
{
    return is_choice(dim) ? level : dim->lo + level * step_of(dim);
}

double rg_dim_level(const rg_dim *dim, double value)
{
    double level = is_choice(dim) ? value : (value - dim->lo) / step_of(dim);
    return clamp(round(level), 0, rg_dim_levels(dim) - 1);
}

/* On a logarithmic scale a cell ends half a step beside its value; the first cell is as wide
 * below its value as it is above, which keeps it positive for any lo > 0. */
static double log_edge(const rg_dim *dim, double level)
{
    double half = step_of(dim) / 2;
    if (level > 0)
        return log(rg_dim_level_value(dim, level) - half);
    return 2 * log(dim->lo) - log(dim->lo + half);
}

double rg_dim_edge(const rg_dim *dim, double level)
{
    double levels = rg_dim_levels(dim);
    if (!is_log(dim))
        return level / levels;
    double first = log_edge(dim, 0), last = log_edge(dim, levels);
    return clamp((log_edge(dim, level) - first) / (last - first), 0, 1);
}

/* ---- Unit coordinates -------------------------------------------------------------------- */
static double level_at(const rg_dim *dim, double unit)
{
    double levels = rg_dim_levels(dim);
    if (!is_log(dim))
        return clamp(floor(unit * levels), 0, levels - 1);
    double first = log_edge(dim, 0), last = log_edge(dim, levels);
    return rg_dim_level(dim, exp(first + unit * (last - first)));
}

double rg_dim_value(const rg_dim *dim, double unit)
{
    if (rg_dim_levels(dim) > 0)
        return rg_dim_level_value(dim, level_at(dim, unit));
    if (unit <= 0 || unit >= 1)
        return unit <= 0 ? dim->lo : dim->hi;
    double value = is_log(dim) ? exp(log(dim->lo) + unit * log(dim->hi / dim->lo))
                               : dim->lo + unit * (dim->hi - dim->lo);
    return clamp(value, dim->lo, dim->hi);
}

double rg_dim_unit(const rg_dim *dim, double value)
{
    if (rg_dim_levels(dim) > 0) {
        double level = rg_dim_level(dim, value);
        return (rg_dim_edge(dim, level) + rg_dim_edge(dim, level + 1)) / 2;
    }
    if (!(dim->hi > dim->lo))
        return 0.5;
    double unit = is_log(dim) ? log(value / dim->lo) / log(dim->hi / dim->lo)
                              : (value - dim->lo) / (dim->hi - dim->lo);
    return clamp(unit, 0, 1);
}

double rg_dim_nearest(const rg_dim *dim, double value)
{
    if (rg_dim_levels(dim) > 0)
        return rg_dim_level_value(dim, rg_dim_level(dim, value));
    return clamp(value, dim->lo, dim->hi);
}

/* ---- Points ------------------------------------------------------------------------------ */
bool rg_space_active(const rg_space *space, size_t dim, const double *point)
{
    while (space->dim[dim].when >= 0) {
        const rg_dim *child = &space->dim[dim];
        size_t parent = (size_t)child->when, i = 0;
        while (i < child->n_when && child->when_values[i] != point[parent])
            i++;
        if (i == child->n_when)
            return false;
        dim = parent;
    }
    return true;
}

void rg_space_fill(const rg_space *space, double (*draw)(void *ctx, size_t dim), void *ctx,
                   double *ret_point)
{
    for (size_t d = 0; d < space->count; d++)
        ret_point[d] = rg_space_active(space, d, ret_point)
                           ? rg_dim_value(&space->dim[d], draw(ctx, d))
                           : NAN;
}

/* ---- JSON -------------------------------------------------------------------------------- */
static json_t *value_json(const rg_dim *dim, double value)
{
    if (is_choice(dim))
        return json_incref(dim->choices[(size_t)rg_dim_level(dim, value)]);
    return dim->kind == RG_DIM_INT ? json_integer((json_int_t)value) : json_real(value);
}

json_t *rg_space_json(const rg_space *space, const double *point)
{
    json_t *root = json_object();
    for (size_t d = 0; d < space->count; d++)
        if (rg_space_active(space, d, point) && !isnan(point[d]))
            rg_json_path_set(root, space->dim[d].name, value_json(&space->dim[d], point[d]));
    return root;
}

/* The index of the equal choice; for a number the nearest numeric choice; otherwise NaN. */
static double choice_index(const rg_dim *dim, const json_t *value)
{
    double nearest = NAN, gap = INFINITY;
    for (size_t i = 0; i < dim->n_choices; i++) {
        if (json_equal(dim->choices[i], value))
            return (double)i;
        if (!json_is_number(value) || !json_is_number(dim->choices[i]))
            continue;
        double apart = fabs(json_number_value(dim->choices[i]) - json_number_value(value));
        if (apart < gap) {
            gap = apart;
            nearest = (double)i;
        }
    }
    return nearest;
}

void rg_space_point(const rg_space *space, const json_t *values, double *ret_point)
{
    for (size_t d = 0; d < space->count; d++) {
        const rg_dim *dim = &space->dim[d];
        const json_t *value = rg_json_path(values, dim->name);
        ret_point[d] = NAN;
        if (!value || !rg_space_active(space, d, ret_point))
            continue;
        if (is_choice(dim))
            ret_point[d] = choice_index(dim, value);
        else if (json_is_number(value))
            ret_point[d] = rg_dim_nearest(dim, json_number_value(value));
    }
}
