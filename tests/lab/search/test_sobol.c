/* test_sobol.c - the Sobol sequence against published points, and what scrambling must keep. */
#include "support.h"

#include "lab/search/sobol.h"

/* The first ten points that Joe & Kuo print for three dimensions. */
static void test_published_points(void **state)
{
    (void)state;
    static const double point[10][3] = {
        {0, 0, 0},
        {0.5, 0.5, 0.5},
        {0.75, 0.25, 0.25},
        {0.25, 0.75, 0.75},
        {0.375, 0.375, 0.625},
        {0.875, 0.875, 0.125},
        {0.625, 0.125, 0.875},
        {0.125, 0.625, 0.375},
        {0.1875, 0.3125, 0.9375},
        {0.6875, 0.8125, 0.4375},
    };
    for (uint32_t i = 0; i < 10; i++)
        for (size_t d = 0; d < 3; d++)
            assert_close(rg_sobol_digits(d, i) * 0x1p-32, point[i][d], 0);
}

/* The sum over 100 points and 64 dimensions of (d + 1) * digits, from SciPy 1.10.1:
 * scipy.stats.qmc.Sobol(64, scramble=False, bits=32), fast_forward(400000000), random(100). */
static void test_all_direction_numbers(void **state)
{
    (void)state;
    uint64_t sum = 0;
    for (uint32_t i = 400000000; i < 400000100; i++)
        for (size_t d = 0; d < RG_SOBOL_DIMENSIONS; d++)
            sum += (d + 1) * rg_sobol_digits(d, i);
    assert_true(sum == 446613925733696u);
}

/* Of the first 2^k points, each of the 2^k intervals of any dimension holds one; this also
 * holds for the dimensions that have no direction numbers of their own. */
static void test_strata(void **state)
{
    (void)state;
    for (uint64_t seed = support_seed(); seed < support_seed() + 3; seed++)
        for (size_t d = 0; d < 2 * RG_SOBOL_DIMENSIONS + 5; d++)
            for (uint32_t n = 1; n <= 64; n *= 2) {
                uint64_t hit = 0;
                for (uint32_t i = 0; i < n; i++)
                    hit |= (uint64_t)1 << (uint32_t)(rg_sobol_unit(seed, d, i) * n);
                if (hit != (n == 64 ? UINT64_MAX : ((uint64_t)1 << n) - 1))
                    fail_msg("seed %llu, dimension %zu, %u points: strata %llx",
                             (unsigned long long)seed, d, n, (unsigned long long)hit);
            }
}

/* The first two dimensions are a (0, 2)-sequence: each box of 2^-a x 2^-b holds one of the
 * first 2^(a+b) points, scrambled or not. */
static void test_boxes_in_two_dimensions(void **state)
{
    (void)state;
    for (unsigned a = 0; a <= 6; a++) {
        uint64_t hit = 0;
        for (uint32_t i = 0; i < 64; i++) {
            uint32_t x = (uint32_t)(rg_sobol_unit(9, 0, i) * (1 << a));
            uint32_t y = (uint32_t)(rg_sobol_unit(9, 1, i) * (1 << (6 - a)));
            hit |= (uint64_t)1 << (x << (6 - a) | y);
        }
        assert_true(hit == UINT64_MAX);
    }
}

/* Scrambling makes each point uniform by itself: over seeds, the mean is 1/2, the variance
 * 1/12. */
static void test_scrambled_points_are_uniform(void **state)
{
    (void)state;
    for (uint32_t index = 0; index < 4; index++) {
        double sum = 0, squares = 0;
        for (uint64_t seed = 0; seed < 4000; seed++) {
            double unit = rg_sobol_unit(seed, 3, index);
            sum += unit / 4000;
            squares += unit * unit / 4000;
        }
        assert_close(sum, 0.5, 0.02);
        assert_close(squares - sum * sum, 1.0 / 12, 0.01);
    }
}

/* The default configuration takes trial 0 and must not take a point of the sequence with it. */
static void test_default_takes_no_point(void **state)
{
    (void)state;
    rg_dim dim[] = {{.kind = RG_DIM_UNIFORM, .lo = 0, .hi = 1, .when = -1}};
    rg_space space = {1, dim};
    double first = 0.5, with, without;
    rg_suggest(rg_sampler_find("sobol"),
               &(rg_ask){.space = &space, .first = &first, .seed = 4, .trial = 1}, &with);
    rg_suggest(rg_sampler_find("sobol"), &(rg_ask){.space = &space, .seed = 4, .trial = 0},
               &without);
    assert_true(with == without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_points),
        cmocka_unit_test(test_all_direction_numbers),
        cmocka_unit_test(test_strata),
        cmocka_unit_test(test_boxes_in_two_dimensions),
        cmocka_unit_test(test_scrambled_points_are_uniform),
        cmocka_unit_test(test_default_takes_no_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
