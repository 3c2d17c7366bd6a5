/* permutation.c - the permutation test of a difference in means.
 *
 * Around the pooled mean the sum of one sample decides everything: the difference in means is
 * that sum times a constant.  So relabellings are choices of the smaller sample's places, and
 * what is compared is their sum.  The pooled values are sorted first: the result does not
 * depend on the order of the observations, not even where relabellings are drawn. */
#include "rigor/groups.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_RELABELLINGS 1048576. /* 2^20: enumerated */
/* Drawn: at most 2^17 relabellings, fewer to keep to 2^26 observations, at least 999. */
enum { MOST_DRAWS = 1 << 17, FEWEST_DRAWS = 999, MOST_OBSERVATIONS = 1 << 26 };

typedef struct relabelling {
    const double *pooled; /* around their mean, ascending */
    size_t n, chosen;     /* chosen: places of the sample whose sum is looked at */
    double observed, tolerance;
    uint64_t draws, high, low, far; /* how many sums lie at least as high, low, far from 0 */
} relabelling;

static void look_at(relabelling *r, double sum)
{
    r->draws++;
    r->high += sum >= r->observed - r->tolerance;
    r->low += sum <= r->observed + r->tolerance;
    r->far += fabs(sum) >= fabs(r->observed) - r->tolerance;
}

/* All choices in lexical order; partial[i] is the sum of the first i chosen values, so that
 * each sum is only as many roundings away from exact as it has terms. */
static void enumerate(relabelling *r)
{
    size_t k = r->chosen, *at = RG_NEW_ARRAY(size_t, k + 1);
    double *partial = RG_NEW_ARRAY(double, k + 1);
    size_t changed = 0;
    for (;;) {
        for (size_t i = changed; i < k; i++) {
            at[i] = i == changed ? at[i] : at[i - 1] + 1;
            partial[i + 1] = partial[i] + r->pooled[at[i]];
        }
        look_at(r, partial[k]);
        for (changed = k; changed > 0 && at[changed - 1] == r->n - k + changed - 1;)
            changed--;
        if (changed == 0)
            break;
        at[--changed]++;
    }
    rg_free(partial);
    rg_free(at);
}

/* Unbiased, from 32 bits a draw (Lemire 2019); n < 2^32. */
static uint32_t below(rg_rng *rng, uint32_t n)
{
    uint64_t product = (uint64_t)rg_rng_u32(rng) * n;
    if ((uint32_t)product < n) {
        uint32_t skip = -n % n; /* 2^32 mod n */
        while ((uint32_t)product < skip)
            product = (uint64_t)rg_rng_u32(rng) * n;
    }
    return (uint32_t)(product >> 32);
}

/* A random subset as a bitmap: every observation is in it with probability 2^-halvings, so that
 * of each size all subsets are equally likely.  Returns the size. */
static size_t random_bits(rg_rng *rng, size_t n, int halvings, uint32_t *member)
{
    size_t words = (n + 31) / 32, count = 0;
    for (size_t w = 0; w < words; w++) {
        uint32_t bits = w + 1 < words || n % 32 == 0 ? UINT32_MAX : (1u << n % 32) - 1;
        for (int i = 0; i < halvings; i++)
            bits &= rg_rng_u32(rng);
        member[w] = bits;
        count += (size_t)__builtin_popcount(bits);
    }
    return count;
}

/* Members leave or others enter at random until the size is right.  That is close at hand,
 * where drawing them one by one would take a random number for each. */
static void random_subset(rg_rng *rng, const relabelling *r, int halvings, uint32_t *member)
{
    size_t count = random_bits(rng, r->n, halvings, member);
    while (count != r->chosen) {
        uint32_t i = below(rng, (uint32_t)r->n), bit = 1u << i % 32;
        bool is_member = member[i / 32] & bit, too_many = count > r->chosen;
        if (is_member == too_many) {
            member[i / 32] ^= bit;
            count = too_many ? count - 1 : count + 1;
        }
    }
}

static double sum_of(const double *values, size_t n, const uint32_t *member)
{
    double sum = 0;
    for (size_t w = 0; w < (n + 31) / 32; w++) {
        for (uint32_t bits = member[w]; bits; bits &= bits - 1)
            sum += values[32 * w + (size_t)__builtin_ctz(bits)];
    }
    return sum;
}

static void draw(relabelling *r, uint64_t seed)
{
    rg_rng rng = rg_rng_open(seed, "permutation");
    uint32_t *member = RG_NEW_ARRAY(uint32_t, (r->n + 31) / 32);
    int halvings = 1;
    for (double expected = .5 * (double)r->n; (double)r->chosen < .75 * expected; halvings++)
        expected *= .5;
    uint64_t draws = MOST_OBSERVATIONS / r->n;
    draws = draws > MOST_DRAWS ? MOST_DRAWS : draws < FEWEST_DRAWS ? FEWEST_DRAWS : draws;
    while (r->draws < draws) {
        random_subset(&rng, r, halvings, member);
        look_at(r, sum_of(r->pooled, r->n, member));
    }
    rg_free(member);
}

/* C(n, k), or more than the limit */
static double relabellings(size_t n, size_t k)
{
    double ways = 1;
    for (size_t i = 0; i < k && ways <= MOST_RELABELLINGS; i++)
        ways = ways * (double)(n - i) / (double)(i + 1);
    return ways;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* a and b one after the other, around the mean of all; false where one is not finite. */
static bool centre(const double *a, size_t n_a, const double *b, size_t n_b, double *ret)
{
    size_t n = n_a + n_b;
    memcpy(ret, a, n_a * sizeof(*ret));
    memcpy(ret + n_a, b, n_b * sizeof(*ret));
    double mean = rg_t_test(ret, n, 0, .05).mean;
    for (size_t i = 0; i < n; i++)
        ret[i] -= mean;
    return isfinite(mean);
}

/* The sum of the smaller sample, of equal ones of the one with the larger mean: swapping the
 * samples then swaps the one-sided p-values to the bit. */
static bool choose(relabelling *r, const double *values, size_t n_a, size_t n_b)
{
    double of_a = 0, of_b = 0;
    for (size_t i = 0; i < n_a; i++)
        of_a += values[i];
    for (size_t i = 0; i < n_b; i++)
        of_b += values[n_a + i];
    bool a = n_a < n_b || (n_a == n_b && of_a >= of_b);
    r->chosen = a ? n_a : n_b;
    r->observed = a ? of_a : of_b;
    for (size_t i = 0; i < r->n; i++)
        r->tolerance += 1e-12 * fabs(values[i]);
    return a;
}

static rg_permutation_result test(double *values, size_t n_a, size_t n_b, uint64_t seed)
{
    relabelling r = {.pooled = values, .n = n_a + n_b};
    bool chose_a = choose(&r, values, n_a, n_b);
    qsort(values, r.n, sizeof(*values), ascending);
    bool exact = relabellings(r.n, r.chosen) <= MOST_RELABELLINGS;
    if (exact)
        enumerate(&r);
    else
        draw(&r, seed);
    double more = exact ? 0 : 1, all = (double)r.draws + more;
    double high = ((double)r.high + more) / all, low = ((double)r.low + more) / all;
    return (rg_permutation_result){
        .p = ((double)r.far + more) / all,
        .p_greater = chose_a ? high : low,
        .p_less = chose_a ? low : high,
        .exact = exact,
        .draws = r.draws,
    };
}

rg_permutation_result rg_permutation(const double *a, size_t n_a, const double *b, size_t n_b,
                                     uint64_t seed)
{
    rg_permutation_result r = {NAN, NAN, NAN, false, 0};
    if (n_a == 0 || n_b == 0 || n_a + n_b > UINT32_MAX)
        return r;
    double *values = RG_NEW_ARRAY(double, n_a + n_b);
    if (centre(a, n_a, b, n_b, values))
        r = test(values, n_a, n_b, seed);
    rg_free(values);
    return r;
}
