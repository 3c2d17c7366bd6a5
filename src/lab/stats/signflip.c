/* signflip.c - the randomisation test over the signs of the differences.
 *
 * All 2^n signed sums are the sums of one half of the differences plus those of the other half:
 * two tables of at most 2^10 sums, and every pair of entries.  That keeps each sum two
 * roundings away from exact, where walking from one sign vector to the next would pile up 2^20
 * of them. */
#include "rigor/stats.h"

#include <math.h>

enum { EXACT_UP_TO = 20, TABLE = 1 << (EXACT_UP_TO / 2) };
enum { MOST_DRAWS = 1 << 17, FEWEST_DRAWS = 1 << 10, MOST_FLIPS = 1 << 24, BATCH = 64 };

/* table[0 .. 2^n): the sum of the values under every choice of signs */
static size_t signed_sums(const double *values, size_t n, double *table)
{
    size_t size = 1;
    table[0] = 0;
    for (size_t i = 0; i < n; i++, size *= 2) {
        for (size_t j = 0; j < size; j++) {
            table[size + j] = table[j] + values[i];
            table[j] -= values[i];
        }
    }
    return size;
}

static uint64_t count_exact(const double *d, size_t n, double threshold)
{
    double low[TABLE], high[TABLE];
    size_t n_low = signed_sums(d, n / 2, low), n_high = signed_sums(d + n / 2, n - n / 2, high);
    uint64_t hits = 0;
    for (size_t i = 0; i < n_low; i++) {
        for (size_t j = 0; j < n_high; j++)
            hits += fabs(low[i] + high[j]) >= threshold;
    }
    return hits;
}

/* Sums of random sign vectors are put together from groups of eight differences, whose signed
 * sums stand in tables: one byte of random bits picks one entry. */
typedef struct groups {
    double *sums; /* (count, 256) */
    size_t count;
    uint32_t last; /* entries of the last group, less one */
} groups;

static groups tabulate(const double *d, size_t n)
{
    groups g = {.count = (n + 7) / 8, .last = (1u << ((n - 1) % 8 + 1)) - 1};
    g.sums = RG_NEW_ARRAY(double, g.count * 256);
    for (size_t i = 0; i < g.count; i++)
        signed_sums(d + 8 * i, n - 8 * i < 8 ? n - 8 * i : 8, g.sums + 256 * i);
    return g;
}

/* The entries of one draw, a byte each, in column `draw` of picks (count, BATCH). */
static void pick(const groups *g, rg_rng *rng, uint8_t *picks, size_t draw)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < g->count; i++, bits >>= 8) {
        if (i % 4 == 0)
            bits = rg_rng_u32(rng);
        picks[i * BATCH + draw] = (uint8_t)(bits & (i + 1 < g->count ? 255 : g->last));
    }
}

/* A batch of draws goes through the groups together, so that each table is in the cache while
 * all of them look into it. */
static uint64_t count_batch(const groups *g, rg_rng *rng, uint8_t *picks, size_t draws,
                            double threshold)
{
    double sum[BATCH] = {0};
    uint64_t hits = 0;
    for (size_t k = 0; k < draws; k++)
        pick(g, rng, picks, k);
    for (size_t i = 0; i < g->count; i++) {
        const double *sums = g->sums + 256 * i;
        for (size_t k = 0; k < draws; k++)
            sum[k] += sums[picks[i * BATCH + k]];
    }
    for (size_t k = 0; k < draws; k++)
        hits += fabs(sum[k]) >= threshold;
    return hits;
}

static uint64_t count_random(const double *d, size_t n, double threshold, uint64_t seed,
                             uint64_t draws)
{
    groups g = tabulate(d, n);
    uint8_t *picks = RG_NEW_ARRAY(uint8_t, g.count * BATCH);
    rg_rng rng = rg_rng_open(seed, "signflip");
    uint64_t hits = 0;
    for (uint64_t done = 0; done < draws; done += BATCH) {
        size_t now = draws - done < BATCH ? (size_t)(draws - done) : BATCH;
        hits += count_batch(&g, &rng, picks, now, threshold);
    }
    rg_free(picks);
    rg_free(g.sums);
    return hits;
}

rg_signflip_result rg_signflip(const double *d, size_t n, uint64_t seed)
{
    double sum = 0, magnitude = 0;
    for (size_t i = 0; i < n; i++) {
        sum += d[i];
        magnitude += fabs(d[i]);
    }
    if (n == 0 || !isfinite(magnitude))
        return (rg_signflip_result){NAN, false, 0};
    double threshold = fabs(sum) - 1e-12 * magnitude;
    if (n <= EXACT_UP_TO) {
        uint64_t all = (uint64_t)1 << n;
        return (rg_signflip_result){(double)count_exact(d, n, threshold) / (double)all, true,
                                    all};
    }
    uint64_t draws = n <= MOST_FLIPS / MOST_DRAWS ? MOST_DRAWS : MOST_FLIPS / n;
    draws = draws > FEWEST_DRAWS ? draws : FEWEST_DRAWS;
    uint64_t hits = count_random(d, n, threshold, seed, draws);
    return (rg_signflip_result){(double)(hits + 1) / (double)(draws + 1), false, draws};
}
