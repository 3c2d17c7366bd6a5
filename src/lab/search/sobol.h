/* sobol.h - the Sobol sequence with 32 binary digits. */
#ifndef RIGOR_LAB_SEARCH_SOBOL_H
#define RIGOR_LAB_SEARCH_SOBOL_H

#include "rigor/search.h"

#define RG_SOBOL_DIMENSIONS 64 /* that have direction numbers of their own */

/* Digits of point `index` in dimension `dim` < RG_SOBOL_DIMENSIONS, unscrambled, in Gray-code
 * order; divide by 2^32 for the unit interval. */
uint32_t rg_sobol_digits(size_t dim, uint32_t index);

/* Owen's nested uniform scrambling: each digit is flipped by a random bit that depends on the
 * digits before it. */
uint32_t rg_owen_scramble(const uint32_t key[2], uint32_t digits);

/* Coordinate in [0, 1) of the scrambled sequence, for any number of dimensions. */
double rg_sobol_unit(uint64_t seed, size_t dim, uint32_t index);

/* Fills a point from the sequence of the study's seed; trial 0 may be the default
 * configuration, so counting starts behind it. */
void rg_sobol_suggest(const rg_ask *ask, double *ret_point);

#endif
