/* range.h - what values a graph's elements can take, without running it: an abstract
 * interpretation over intervals (Cousot & Cousot 1977), and the operations that such values can
 * break.
 *
 * Each value gets an interval that holds all of its finite elements; an end that is infinite
 * means "no bound is known".  Two things are known beside that: which values are squares,
 * magnitudes or rectified, and which are shifted by their own maximum, along axes or within
 * segments, so that exp cannot overflow and a sum of such exponentials is at least 1. */
#ifndef RIGOR_ENGINE_IR_RANGE_H
#define RIGOR_ENGINE_IR_RANGE_H

#include "engine/ir/node.h"

typedef struct rg_range {
    double lo, hi;
} rg_range;

typedef struct rg_given_range { /* what is known of an input */
    rg_val input;
    rg_range range;
} rg_given_range;

/* The interval of each value, by id (entry 0 is unused); rg_free.  Inputs that are not given
 * have all values of their type. */
rg_range *rg_ranges_of(const rg_graph *graph, const rg_given_range *given, size_t n);

/* The same of a loop's body in any step, by the ids of its graph, given those outside. */
rg_range *rg_ranges_of_body(const rg_node *loop, const rg_range *outside);
/* The intervals of all results of the loop into ret. */
void rg_ranges_of_results(const rg_node *loop, const rg_range *outside, rg_range *ret);

typedef struct rg_hazard {
    rg_place at;
    char what[200];
    const char *remedy;
} rg_hazard;
/* What can come out infinite or not a number among the values that `loss` needs; a square root
 * or a power at zero counts where the derivative by one of x passes through it.  Bodies of loops
 * are looked into; what is found at one place again is told once.  *ret: rg_free. */
size_t rg_hazards_of(rg_val loss, const rg_val *x, size_t n, const rg_range *ranges,
                     rg_hazard **ret);

#endif
