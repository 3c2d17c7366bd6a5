/* space_of.h - random spaces for property tests. */
#ifndef RIGOR_TESTS_SPACE_OF_H
#define RIGOR_TESTS_SPACE_OF_H

#include "rigor/search.h"

#include <math.h>
#include <stdio.h>

#define SPACE_MAX 8
typedef struct random_space {
    rg_space space;
    rg_dim dim[SPACE_MAX];
    char name[SPACE_MAX][32];
    double when[SPACE_MAX][2];
} random_space;

/* A range of any sign and width, some of a single point. */
static inline void random_range(rg_dim *dim, rg_rng *rng)
{
    dim->lo = 1e3 * (rg_rng_unit(rng) - 0.5);
    dim->hi = dim->lo + pow(10, 6 * rg_rng_unit(rng) - 4);
    if (dim->kind == RG_DIM_LOG) {
        dim->lo = pow(10, -12 * rg_rng_unit(rng));
        dim->hi = dim->lo * pow(10, 12 * rg_rng_unit(rng));
    }
    if (dim->kind == RG_DIM_INT) {
        dim->log = rg_rng_below(rng, 2);
        dim->step = 1 + (double)rg_rng_below(rng, 5);
        dim->lo = dim->log ? 1 + (double)rg_rng_below(rng, 64) : floor(dim->lo);
        dim->hi = dim->lo + dim->step * (double)rg_rng_below(rng, 200);
    }
    if (rg_rng_below(rng, 10) == 0)
        dim->hi = dim->lo;
}

/* About half of the dimensions depend on an earlier one with levels. */
static inline void random_condition(random_space *made, size_t d, rg_rng *rng)
{
    rg_dim *dim = &made->dim[d];
    dim->when = -1;
    if (d == 0 || rg_rng_below(rng, 2))
        return;
    size_t parent = rg_rng_below(rng, d);
    if (made->dim[parent].kind < RG_DIM_INT)
        return;
    bool chosen = made->dim[parent].kind != RG_DIM_INT;
    double first = chosen ? 0 : made->dim[parent].lo;
    dim->when = (int)parent;
    dim->n_when = 1 + rg_rng_below(rng, 2);
    dim->when_values = made->when[d];
    made->when[d][0] = first;
    made->when[d][1] = first + (chosen ? 1 : made->dim[parent].step);
}

static inline void random_space_make(random_space *made, rg_rng *rng)
{
    *made = (random_space){.space = {1 + rg_rng_below(rng, SPACE_MAX), NULL}};
    made->space.dim = made->dim;
    for (size_t d = 0; d < made->space.count; d++) {
        rg_dim *dim = &made->dim[d];
        snprintf(made->name[d], sizeof(made->name[d]), "group%zu.dim%zu", d % 3, d);
        dim->name = made->name[d];
        dim->kind = (rg_dim_kind)rg_rng_below(rng, 5);
        dim->n_choices = 1 + rg_rng_below(rng, 6);
        random_range(dim, rng);
        random_condition(made, d, rng);
    }
}

/* NULL, or what is wrong with the point. */
static inline const char *point_fault(const rg_space *space, const double *point)
{
    for (size_t d = 0; d < space->count; d++) {
        const rg_dim *dim = &space->dim[d];
        double x = point[d];
        if (rg_space_active(space, d, point) == isnan(x))
            return isnan(x) ? "active, yet no value" : "a value, yet not active";
        if (isnan(x))
            continue;
        bool choice = dim->kind == RG_DIM_CHOICE || dim->kind == RG_DIM_ORDER;
        double lo = choice ? 0 : dim->lo, hi = choice ? (double)dim->n_choices - 1 : dim->hi;
        if (x < lo || x > hi)
            return "out of range";
        if (choice && x != floor(x))
            return "no index of a choice";
        if (dim->kind == RG_DIM_INT && fmod(x - dim->lo, dim->step) != 0)
            return "beside its steps";
    }
    return NULL;
}

#endif
