/* bootstrap.h - what the bootstraps share: streams of indices, replicates on all cores, and the
 * interval of a list of replicates.  Private to src/lab/stats. */
#ifndef RIGOR_LAB_STATS_BOOTSTRAP_H
#define RIGOR_LAB_STATS_BOOTSTRAP_H

#include "rigor/resample.h"

__extension__ typedef unsigned __int128 rg_wide;

/* ---- Indices with replacement -----------------------------------------------------------
 * A resample starts its own SplitMix64 generator (Steele, Lea and Flood 2014) at 64 bits of
 * Threefry under the plan's key; the counter is (resample, part), `part` telling the lists of
 * one resample apart.  A generator that costs one multiplication for several draws is enough
 * here, and Threefry sees to it that no two resamples start near each other.
 *
 * One 64-bit word gives several draws: as a fraction x of 1, its product with n has the draw in
 * front of the point and a new fraction behind it.  Draws are taken while at least 2^24 values
 * of the word stand for each outcome, so that no index is off its share by more than 2^-24 of
 * it: far below what any number of resamples could show. */
typedef struct rg_index_stream {
    uint64_t state, word, n;
    unsigned left, per_word;
} rg_index_stream;

void rg_bootstrap_key(const rg_bootstrap_plan *plan, uint32_t ret_key[2]);
rg_index_stream rg_index_stream_open(const uint32_t key[2], size_t resample, uint32_t part,
                                     size_t n);

static inline size_t rg_index_next(rg_index_stream *stream)
{
    if (stream->left == 0) {
        uint64_t z = stream->state += 0x9e3779b97f4a7c15u;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        stream->word = z ^ z >> 31;
        stream->left = stream->per_word;
    }
    stream->left--;
    rg_wide product = (rg_wide)stream->word * stream->n;
    stream->word = (uint64_t)product;
    return (size_t)(product >> 64);
}

/* ---- Replicates -------------------------------------------------------------------------
 * A replicate is a pure function of the data and the number of the resample.  `scratch` is
 * zeroed before the first call that sees it, and belongs to one thread at a time. */
typedef struct rg_replicator {
    double (*replicate)(const void *data, const uint32_t key[2], size_t resample,
                        void *scratch);
    const void *data;
    size_t scratch_bytes;
} rg_replicator;

size_t rg_bootstrap_resamples(const rg_bootstrap_plan *plan, size_t draws_each);
void rg_bootstrap_replicates(const rg_replicator *how, const rg_bootstrap_plan *plan,
                             size_t resamples, double *ret);

/* ---- Intervals --------------------------------------------------------------------------
 * Efron's acceleration for strata that are resampled each by itself (Davison and Hinkley 1997,
 * 5.3.2): a = 1/6 sum n_i^-3 sum l^3 / (sum n_i^-2 sum l^2)^(3/2), with the jackknife's
 * l = (n_i - 1) (mean of the left-one-out statistics of the stratum - the statistic). */
typedef struct rg_acceleration {
    double cubes, squares;
} rg_acceleration;
void rg_acceleration_add(rg_acceleration *a, const double *left_one_out, size_t n);

/* The interval by the plan's kind; sorts the replicates.  `a` is read for BCa alone. */
rg_interval rg_bootstrap_interval(double estimate, double *replicates, size_t resamples,
                                  const rg_bootstrap_plan *plan, const rg_acceleration *a);

int rg_ascending(const void *a, const void *b); /* doubles, for qsort */
bool rg_any_nan(const double *values, size_t n);

#endif
