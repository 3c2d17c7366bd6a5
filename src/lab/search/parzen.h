/* parzen.h - a density over a space: a Parzen estimator.
 *
 * One kernel stands on each observation; one more component, the prior, is uniform.  A kernel
 * is a product over the dimensions that are active in the point where it is evaluated:
 *
 *     continuous, or whole numbers in many steps   normal, truncated to the unit interval
 *     ordered levels                               the same normal's mass in the level's cell
 *     unordered choices                            a count of one, smoothed by the prior
 *     not active in the observation                uniform
 *
 * The last line makes it one density over the whole of a conditional space: dimensions that are
 * active together are modelled together, and with the choice that made them active. */
#ifndef RIGOR_LAB_SEARCH_PARZEN_H
#define RIGOR_LAB_SEARCH_PARZEN_H

#include "rigor/search.h"

typedef struct rg_parzen rg_parzen;

/* points: n pointers to points of the space; weights: n, of mean 1, or NULL: equal.  Both are
 * read now and not kept. */
rg_parzen *rg_parzen_new(rg_arena *arena, const rg_space *space, const double *const *points,
                         const double *weights, size_t n);
void rg_parzen_draw(const rg_parzen *parzen, rg_rng *rng, double *ret_point);
/* Of values and choices: with respect to the prior of the space, not to the unit interval. */
double rg_parzen_log_density(const rg_parzen *parzen, const double *point);

#endif
