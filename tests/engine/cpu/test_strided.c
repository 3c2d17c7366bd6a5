/* test_strided.c - copies between layouts, element by element against the formula of
 * strided.h. */
#include "engine/cpu/strided.h"
#include "support.h"

#define ELEMENTS 4096

static int64_t number_of(const rg_strided *s)
{
    int64_t n = 1;
    for (int i = 0; i < s->rank; i++)
        n *= s->count[i];
    return n;
}

static void check(const rg_strided *s, uint64_t seed)
{
    static unsigned char from[8 * ELEMENTS], got[8 * ELEMENTS], expected[8 * ELEMENTS];
    for (size_t i = 0; i < sizeof(from); i++)
        from[i] = (unsigned char)(i * 167 + i / 256);
    memset(got, 0xee, sizeof(got));
    memset(expected, 0xee, sizeof(expected));
    rg_strided_copy(s, from, got);
    for (int64_t i = 0; i < number_of(s); i++) {
        int64_t x = s->from, y = s->to, rest = i;
        for (int k = s->rank - 1; k >= 0; rest /= s->count[k--]) {
            x += rest % s->count[k] * s->from_stride[k];
            y += rest % s->count[k] * s->to_stride[k];
        }
        memcpy(expected + (size_t)y * s->bytes, from + (size_t)x * s->bytes, s->bytes);
    }
    for (size_t i = 0; i < sizeof(got); i++)
        if (got[i] != expected[i])
            fail_msg("seed %llu: byte %zu differs", (unsigned long long)seed, i);
}

/* Axes of the shape in a random order; windows of pooling are (.., length, 2) or (.., 2,
 * length). */
static void check_permutation(uint64_t seed)
{
    static const int64_t dims[] = {1, 2, 2, 2, 3, 4, 7, 9, 14, 16, 0};
    static const size_t bytes[] = {1, 2, 4, 4, 4, 8};
    rg_rng rng = rg_rng_open(seed, "strided");
    rg_shape shape = {.rank = (int)rg_rng_below(&rng, 7)};
    int64_t room = ELEMENTS;
    int order[RG_RANK_MAX];
    for (int i = 0; i < shape.rank; i++) {
        int64_t dim = dims[rg_rng_below(&rng, RG_COUNT(dims) - (seed % 16 != 0))];
        shape.dim[i] = dim <= room ? dim : 1;
        room /= shape.dim[i] ? shape.dim[i] : 1;
        int j = (int)rg_rng_below(&rng, (uint64_t)i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    rg_strided s = rg_strided_permute(shape, order, bytes[rg_rng_below(&rng, RG_COUNT(bytes))]);
    check(&s, seed);
}

static void test_permutations(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < support_cases(3000); i++)
        check_permutation(support_seed() * 10000 + i);
}

/* Backwards, repeated, every third entry, into every other place behind the first two. */
static void test_other_strides(void **state)
{
    (void)state;
    for (size_t bytes = 1; bytes <= 8; bytes *= 2)
        for (int64_t n = 1; n < 12; n++) {
            rg_strided s = {.bytes = bytes, .from = 3 * n, .to = 2};
            rg_strided_axis(&s, 2, 1, 20 * n);
            rg_strided_axis(&s, 3, 0, 5 * n);
            rg_strided_axis(&s, n, -3, 2);
            check(&s, (uint64_t)n);
            rg_strided twice = {.bytes = bytes}; /* each element, twice in a row */
            rg_strided_axis(&twice, n, 1, 2);
            rg_strided_axis(&twice, 2, 0, 1);
            check(&twice, (uint64_t)n);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_permutations),
        cmocka_unit_test(test_other_strides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
