/* sobol.c - the Sobol sequence, scrambled.
 *
 * Direction numbers: S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better
 * two-dimensional projections", SIAM J. Sci. Comput. 30 (2008), file new-joe-kuo-6.21201, the
 * first 64 dimensions.  Scrambling: A. B. Owen, "Randomly permuted (t,m,s)-nets and
 * (t,s)-sequences" (1995), here exactly, with one bit of Threefry for each prefix of digits.
 *
 * Dimensions beyond 64 reuse the first 64 with the order of the points scrambled as well
 * (padding as in B. Burley, "Practical hash-based Owen scrambling", JCGT 2020): every dimension
 * by itself and every block of 64 stays a digital net, pairs across blocks are as good as
 * random. */
#include "lab/search/sobol.h"

#include "lab/search/space.h"

#define DIGITS 32
#define MAX_DEGREE 9

/* The primitive polynomial over GF(2), bit k the coefficient of x^k, and as many initial
 * numbers as its degree.  The first dimension (van der Corput) needs none. */
static const struct {
    uint16_t polynomial, initial[MAX_DEGREE];
} joe_kuo[RG_SOBOL_DIMENSIONS - 1] = {
    {3, {1}},
    {7, {1, 3}},
    {11, {1, 3, 1}},
    {13, {1, 1, 1}},
    {19, {1, 1, 3, 3}},
    {25, {1, 3, 5, 13}},
    {37, {1, 1, 5, 5, 17}},
    {41, {1, 1, 5, 5, 5}},
    {47, {1, 1, 7, 11, 19}},
    {55, {1, 1, 5, 1, 1}},
    {59, {1, 1, 1, 3, 11}},
    {61, {1, 3, 5, 5, 31}},
    {67, {1, 3, 3, 9, 7, 49}},
    {91, {1, 1, 1, 15, 21, 21}},
    {97, {1, 3, 1, 13, 27, 49}},
    {103, {1, 1, 1, 15, 7, 5}},
    {109, {1, 3, 1, 15, 13, 25}},
    {115, {1, 1, 5, 5, 19, 61}},
    {131, {1, 3, 7, 11, 23, 15, 103}},
    {137, {1, 3, 7, 13, 13, 15, 69}},
    {143, {1, 1, 3, 13, 7, 35, 63}},
    {145, {1, 3, 5, 9, 1, 25, 53}},
    {157, {1, 3, 1, 13, 9, 35, 107}},
    {167, {1, 3, 1, 5, 27, 61, 31}},
    {171, {1, 1, 5, 11, 19, 41, 61}},
    {185, {1, 3, 5, 3, 3, 13, 69}},
    {191, {1, 1, 7, 13, 1, 19, 1}},
    {193, {1, 3, 7, 5, 13, 19, 59}},
    {203, {1, 1, 3, 9, 25, 29, 41}},
    {211, {1, 3, 5, 13, 23, 1, 55}},
    {213, {1, 3, 7, 3, 13, 59, 17}},
    {229, {1, 3, 1, 3, 5, 53, 69}},
    {239, {1, 1, 5, 5, 23, 33, 13}},
    {241, {1, 1, 7, 7, 1, 61, 123}},
    {247, {1, 1, 7, 9, 13, 61, 49}},
    {253, {1, 3, 3, 5, 3, 55, 33}},
    {285, {1, 3, 1, 15, 31, 13, 49, 245}},
    {299, {1, 3, 5, 15, 31, 59, 63, 97}},
    {301, {1, 3, 1, 11, 11, 11, 77, 249}},
    {333, {1, 3, 1, 11, 27, 43, 71, 9}},
    {351, {1, 1, 7, 15, 21, 11, 81, 45}},
    {355, {1, 3, 7, 3, 25, 31, 65, 79}},
    {357, {1, 3, 1, 1, 19, 11, 3, 205}},
    {361, {1, 1, 5, 9, 19, 21, 29, 157}},
    {369, {1, 3, 7, 11, 1, 33, 89, 185}},
    {391, {1, 3, 3, 3, 15, 9, 79, 71}},
    {397, {1, 3, 7, 11, 15, 39, 119, 27}},
    {425, {1, 1, 3, 1, 11, 31, 97, 225}},
    {451, {1, 1, 1, 3, 23, 43, 57, 177}},
    {463, {1, 3, 7, 7, 17, 17, 37, 71}},
    {487, {1, 3, 1, 5, 27, 63, 123, 213}},
    {501, {1, 1, 3, 5, 11, 43, 53, 133}},
    {529, {1, 3, 5, 5, 29, 17, 47, 173, 479}},
    {539, {1, 3, 3, 11, 3, 1, 109, 9, 69}},
    {545, {1, 1, 1, 5, 17, 39, 23, 5, 343}},
    {557, {1, 3, 1, 5, 25, 15, 31, 103, 499}},
    {563, {1, 1, 1, 11, 11, 17, 63, 105, 183}},
    {601, {1, 1, 5, 11, 9, 29, 97, 231, 363}},
    {607, {1, 1, 5, 15, 19, 45, 41, 7, 383}},
    {617, {1, 3, 7, 7, 31, 19, 83, 137, 221}},
    {623, {1, 1, 1, 3, 23, 15, 111, 223, 83}},
    {631, {1, 1, 5, 13, 31, 15, 55, 25, 161}},
    {637, {1, 1, 3, 13, 25, 47, 39, 87, 257}},
};

static int degree_of(uint32_t polynomial)
{
    return 31 - __builtin_clz(polynomial);
}

/* The direction numbers of one dimension; number i has its highest digit at place i. */
static void directions(size_t dim, uint32_t ret[DIGITS])
{
    uint32_t polynomial = dim ? joe_kuo[dim - 1].polynomial : 1;
    int degree = degree_of(polynomial);
    for (int i = 0; i < DIGITS; i++) {
        if (dim == 0 || i < degree) {
            uint32_t initial = dim ? joe_kuo[dim - 1].initial[i] : 1;
            ret[i] = initial << (DIGITS - 1 - i);
            continue;
        }
        ret[i] = ret[i - degree] ^ (ret[i - degree] >> degree);
        for (int k = 1; k < degree; k++)
            if (polynomial >> (degree - k) & 1)
                ret[i] ^= ret[i - k];
    }
}

uint32_t rg_sobol_digits(size_t dim, uint32_t index)
{
    uint32_t direction[DIGITS], digits = 0;
    directions(dim, direction);
    uint32_t gray = index ^ (index >> 1);
    for (int i = 0; i < DIGITS; i++)
        if (gray >> i & 1)
            digits ^= direction[i];
    return digits;
}

uint32_t rg_owen_scramble(const uint32_t key[2], uint32_t digits)
{
    uint32_t flips = 0;
    for (uint32_t place = 0; place < DIGITS; place++) {
        uint32_t prefix = place ? digits >> (DIGITS - place) : 0;
        uint32_t random[2], counter[2] = {prefix, place};
        rg_threefry(key, counter, random);
        flips |= (random[0] & 1) << (DIGITS - 1 - place);
    }
    return digits ^ flips;
}

/* Permutes the points such that every aligned run of 2^k points stays together. */
static uint32_t shuffled(uint64_t seed, size_t block, uint32_t index)
{
    rg_rng rng = rg_rng_open(seed, "sobol/order/%zu", block);
    return rg_owen_scramble(rng.key, index);
}

double rg_sobol_unit(uint64_t seed, size_t dim, uint32_t index)
{
    size_t block = dim / RG_SOBOL_DIMENSIONS;
    uint32_t at = block ? shuffled(seed, block, index) : index;
    rg_rng rng = rg_rng_open(seed, "sobol/digits/%zu", dim);
    uint32_t digits = rg_owen_scramble(rng.key, rg_sobol_digits(dim % RG_SOBOL_DIMENSIONS, at));
    /* A uniform draw within the cell of 2^-32, as Owen's scrambling has infinitely many digits.
     */
    rg_rng rest = rg_rng_open(seed, "sobol/rest/%zu/%u", dim, index);
    return (digits + (rg_rng_u32(&rest) >> 12) * 0x1p-20) * 0x1p-32;
}

struct place {
    uint64_t seed;
    uint32_t index;
};

static double draw(void *ctx, size_t dim)
{
    const struct place *place = ctx;
    return rg_sobol_unit(place->seed, dim, place->index);
}

void rg_sobol_suggest(const rg_ask *ask, double *ret_point)
{
    size_t index = ask->trial - (ask->first && ask->trial > 0);
    struct place place = {ask->seed, (uint32_t)index};
    rg_space_fill(ask->space, draw, &place, ret_point);
}
