/* suggest.c - from the name of a sampler to a suggestion, and the rules of `sampler: auto`. */
#include "lab/search/space.h"

#include <math.h>
#include <string.h>

const rg_sampler *rg_sampler_find(const char *name)
{
    for (const rg_sampler *const *sampler = rg_samplers; *sampler; sampler++)
        if (strcmp((*sampler)->name, name) == 0)
            return *sampler;
    return NULL;
}

/* ---- auto -------------------------------------------------------------------------------- */
static bool nothing_to_model(const rg_space *space, size_t trials)
{
    (void)trials;
    for (size_t d = 0; d < space->count; d++) {
        const rg_dim *dim = &space->dim[d];
        double levels = rg_dim_levels(dim);
        if (levels > 1 || (levels == 0 && dim->hi > dim->lo))
            return false;
    }
    return true;
}

static bool few_trials(const rg_space *space, size_t trials)
{
    (void)space;
    return trials <= 10;
}

static bool always(const rg_space *space, size_t trials)
{
    (void)space, (void)trials;
    return true;
}

/* The first rule that holds decides. */
static const struct {
    bool (*holds)(const rg_space *space, size_t trials);
    const char *sampler, *why;
} rules[] = {
    {nothing_to_model, "random", "the space has a single point, so there is nothing to model"},
    {few_trials, "sobol",
     "with ten trials or fewer an even cover of the space is worth more than a model of it"},
    {always, "tpe",
     "a density model of good and bad trials handles categories, conditions and noise, and its "
     "cost does not grow with the number of trials"},
};

const rg_sampler *rg_sampler_auto(const rg_space *space, size_t trials, const char **ret_why)
{
    size_t i = 0;
    while (!rules[i].holds(space, trials))
        i++;
    *ret_why = rules[i].why;
    return rg_sampler_find(rules[i].sampler);
}

/* ---- Suggestions ------------------------------------------------------------------------- */
/* The default configuration as a point of the space: what it leaves open is set to the middle.
 */
static void copy_first(const rg_space *space, const double *first, double *ret_point)
{
    for (size_t d = 0; d < space->count; d++) {
        const rg_dim *dim = &space->dim[d];
        if (!rg_space_active(space, d, ret_point))
            ret_point[d] = NAN;
        else
            ret_point[d] =
                isnan(first[d]) ? rg_dim_value(dim, 0.5) : rg_dim_nearest(dim, first[d]);
    }
}

void rg_suggest(const rg_sampler *sampler, const rg_ask *ask, double *ret_point)
{
    if (ask->trial == 0 && ask->first)
        copy_first(ask->space, ask->first, ret_point);
    else
        sampler->suggest(ask, ret_point);
}
