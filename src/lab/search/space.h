/* space.h - one dimension seen from a sampler: the unit interval and, where the dimension has
 * whole steps, its levels.
 *
 *     value  <->  unit coordinate in [0, 1]  <->  level 0 .. levels-1 (discrete dimensions)
 *
 * A level owns a cell of the unit interval; a uniform draw of the unit coordinate therefore is
 * the prior of the dimension, and a level's prior is the width of its cell. */
#ifndef RIGOR_LAB_SEARCH_SPACE_H
#define RIGOR_LAB_SEARCH_SPACE_H

#include "rigor/search.h"

double rg_dim_levels(const rg_dim *dim); /* 0: continuous */
double rg_dim_level(const rg_dim *dim, double value);
double rg_dim_level_value(const rg_dim *dim, double level);
/* Where the cell of a level starts; level == levels: where the last one ends, 1. */
double rg_dim_edge(const rg_dim *dim, double level);

double rg_dim_value(const rg_dim *dim, double unit); /* exactly lo at 0 and hi at 1 */
double rg_dim_unit(const rg_dim *dim, double value); /* of a level: the middle of its cell */
double rg_dim_nearest(const rg_dim *dim, double value);

/* Fills a point in the order of the dimensions, so that parents stand before their children:
 * draw(ctx, d) gives the unit coordinate of an active dimension. */
void rg_space_fill(const rg_space *space, double (*draw)(void *ctx, size_t dim), void *ctx,
                   double *ret_point);

#endif
