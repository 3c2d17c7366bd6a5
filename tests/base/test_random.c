/* Threefry's published vectors, streams, SHA-256. */
#include "support.h"

#include "base/threefry.h"

/* Known answers of Salmon et al.'s Threefry-2x32-20, which JAX's tests use, too. */
static void threefry_gives_the_published_numbers(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[2], key[2], expected[2];
    } cases[] = {
        {{0, 0}, {0, 0}, {0x6b200159, 0x99ba4efe}},
        {{~0u, ~0u}, {~0u, ~0u}, {0x1cb996fc, 0xbb002be7}},
        {{0x243f6a88, 0x85a308d3}, {0x13198a2e, 0x03707344}, {0xc4923a9c, 0x483df7a0}}};
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        uint32_t drawn[2];
        rg_threefry(cases[i].key, cases[i].counter, drawn);
        assert_int_equal(drawn[0], cases[i].expected[0]);
        assert_int_equal(drawn[1], cases[i].expected[1]);
    }
}

/* Of each instruction set that this machine has. */
static void blocks_in_step_are_single_blocks(void **state)
{
    (void)state;
    rg_threefry_many *const all[] = {
        rg_threefry_many_base,
#if defined(__x86_64__)
        __builtin_cpu_supports("avx512f") ? rg_threefry_many_avx512 : rg_threefry_many_base
#endif
    };
    rg_rng rng = rg_rng_open(support_seed(), "step");
    for (int k = 0; k < 1000; k++) {
        uint64_t start = k % 2 ? rg_rng_u64(&rng) : 0xfffffffeu - rg_rng_below(&rng, 20);
        uint32_t key[2] = {rg_rng_u32(&rng), rg_rng_u32(&rng)}, ret[2][RG_RNG_BLOCKS];
        all[k / 2 % RG_COUNT(all)](key, start, ret);
        for (uint64_t i = 0; i < RG_RNG_BLOCKS; i++) {
            uint32_t counter[2] = {(uint32_t)(start + i), (uint32_t)((start + i) >> 32)};
            uint32_t expected[2];
            rg_threefry(key, counter, expected);
            assert_int_equal(ret[0][i], expected[0]);
            assert_int_equal(ret[1][i], expected[1]);
        }
    }
}

/* Also where the lower half of the counter passes its end, within what is made at a time. */
static void a_stream_is_its_blocks_in_order(void **state)
{
    (void)state;
    static const uint64_t starts[] = {0, 1, 0xfffffff0u, 0xfffffffbu, ~(uint64_t)0 - 20};
    for (size_t s = 0; s < RG_COUNT(starts); s++) {
        rg_rng rng = rg_rng_open(support_seed(), "blocks"), word = rng;
        rng.counter = word.counter = starts[s];
        for (uint64_t i = 0; i < 5 * RG_RNG_BLOCKS; i++) {
            uint64_t at = starts[s] + i;
            uint32_t counter[2] = {(uint32_t)at, (uint32_t)(at >> 32)}, expected[2];
            rg_threefry(rng.key, counter, expected);
            assert_int_equal(rg_rng_u32(&word), expected[0]);
            assert_int_equal(rg_rng_u32(&word), expected[1]);
            assert_int_equal(rg_rng_u64(&rng), (uint64_t)expected[1] << 32 | expected[0]);
        }
        rng.left = word.left = 0; /* from here on halves of two blocks */
        rg_rng_u32(&rng);
        rg_rng_u32(&word);
        for (int i = 0; i < 3 * RG_RNG_BLOCKS; i++) {
            uint64_t low = rg_rng_u32(&word), high = rg_rng_u32(&word);
            assert_int_equal(rg_rng_u64(&rng), high << 32 | low);
        }
    }
}

/* What rejects is rare: half of the draws below 2^63 + 1, none below a power of 2. */
static void a_draw_below_n_rejects_the_first_interval(void **state)
{
    (void)state;
    static const uint64_t bounds[] = {
        1, 2, 3, 1078, (uint64_t)1 << 63, ((uint64_t)1 << 63) + 1};
    for (size_t b = 0; b < RG_COUNT(bounds); b++) {
        rg_rng rng = rg_rng_open(support_seed(), "below"), word = rng;
        uint64_t n = bounds[b], draw;
        for (int i = 0; i < 200; i++) {
            do
                draw = rg_rng_u64(&word);
            while (draw < -n % n);
            assert_true(rg_rng_below(&rng, n) == draw % n);
        }
    }
}

static void streams_are_named(void **state)
{
    (void)state;
    rg_rng a = rg_rng_open(7, "split/%d", 1), again = rg_rng_open(7, "split/1");
    rg_rng site = rg_rng_open(7, "split/2"), seed = rg_rng_open(8, "split/1");
    int same = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t draw = rg_rng_u64(&a);
        assert_int_equal(draw, rg_rng_u64(&again));
        same += draw == rg_rng_u64(&site);
        same += draw == rg_rng_u64(&seed);
    }
    assert_int_equal(same, 0);
    assert_true(rg_seed_derive(1, "x") < (uint64_t)1 << 53);
}

static void draws_have_their_moments(void **state)
{
    (void)state;
    enum { N = 200000 };
    print_message("seed %llu\n", (unsigned long long)support_seed());
    rg_rng rng = rg_rng_open(support_seed(), "moments");
    double sum = 0, squares = 0, units = 0;
    int count[7] = {0};
    for (int i = 0; i < N; i++) {
        double z = rg_rng_normal(&rng), u = rg_rng_unit(&rng);
        assert_true(u >= 0 && u < 1);
        sum += z;
        squares += z * z;
        units += u;
        count[rg_rng_below(&rng, 7)]++;
    }
    assert_close(sum / N, 0, 5 / sqrt(N));
    assert_close(squares / N, 1, 5 * sqrt(2.0 / N));
    assert_close(units / N, 0.5, 5 * sqrt(1.0 / 12 / N));
    for (int k = 0; k < 7; k++)
        assert_close(count[k] * 7.0 / N, 1, 5 * sqrt(6.0 / N));
}

static void a_shuffle_is_a_permutation(void **state)
{
    (void)state;
    uint32_t items[257];
    bool seen[257] = {false};
    int in_place = 0;
    for (uint32_t i = 0; i < 257; i++)
        items[i] = i;
    rg_rng rng = rg_rng_open(support_seed(), "shuffle");
    rg_rng_shuffle(&rng, items, 257);
    for (uint32_t i = 0; i < 257; i++) {
        assert_false(seen[items[i]]);
        seen[items[i]] = true;
        in_place += items[i] == i;
    }
    assert_true(in_place < 10);
}

static void sha256_of_abc(void **state)
{
    (void)state;
    char hex[RG_HEX];
    rg_sha_of("abc", 3, hex); /* FIPS 180-4 */
    assert_string_equal(hex,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threefry_gives_the_published_numbers),
        cmocka_unit_test(blocks_in_step_are_single_blocks),
        cmocka_unit_test(a_stream_is_its_blocks_in_order),
        cmocka_unit_test(a_draw_below_n_rejects_the_first_interval),
        cmocka_unit_test(streams_are_named),
        cmocka_unit_test(draws_have_their_moments),
        cmocka_unit_test(a_shuffle_is_a_permutation),
        cmocka_unit_test(sha256_of_abc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
