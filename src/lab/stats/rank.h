/* rank.h - the distribution of signed-rank sums, shared by the test and the interval. */
#ifndef RIGOR_LAB_STATS_RANK_H
#define RIGOR_LAB_STATS_RANK_H

#include <stddef.h>

/* Up to here the distribution of signed ranks is enumerated; ranks are counted in halves. */
enum { RG_RANK_EXACT_UP_TO = 25, RG_RANK_SUMS = 25 * 26 + 1 };

/* probability[s], s < RG_RANK_SUMS: that a random subset of the weights has the sum s, when
 * each weight is in it with probability one half.  n <= RG_RANK_EXACT_UP_TO, weights <= 2n. */
void rg_subset_sums(const size_t *weights, size_t n, double probability[RG_RANK_SUMS]);

#endif
