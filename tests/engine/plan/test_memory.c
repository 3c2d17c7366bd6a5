/* test_memory.c - no two slots may share memory at one time. */
#include "engine/plan/layout.h"
#include "support.h"

static bool same_time(const rg_slot *a, const rg_slot *b)
{
    return a->first <= b->last && b->first <= a->last;
}

static void check(const rg_slot *slot, size_t n, size_t total, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) {
        if (slot[i].fixed)
            continue;
        size_t end = slot[i].offset + (size_t)slot[i].bytes;
        if (slot[i].offset % RG_MEMORY_ALIGN != 0 || end > total)
            fail_msg("seed %llu: slot %zu at %zu, %lld bytes of %zu", (unsigned long long)seed,
                     i, slot[i].offset, (long long)slot[i].bytes, total);
        for (size_t k = 0; k < i; k++) {
            size_t other = slot[k].offset + (size_t)slot[k].bytes;
            if (!slot[k].fixed && same_time(&slot[i], &slot[k]) && slot[i].offset < other &&
                slot[k].offset < end)
                fail_msg("seed %llu: slots %zu and %zu overlap", (unsigned long long)seed, k,
                         i);
        }
    }
}

static void test_random_lifetimes(void **state)
{
    (void)state;
    static const char constant[4];
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t seed = support_seed() * 100000 + i;
        rg_rng rng = rg_rng_open(seed, "lifetimes");
        rg_slot slot[60];
        size_t n = 1 + rg_rng_below(&rng, 60);
        for (size_t k = 0; k < n; k++) {
            uint32_t first = (uint32_t)rg_rng_below(&rng, 30);
            slot[k] = (rg_slot){.bytes = (int64_t)rg_rng_below(&rng, 5000),
                                .first = first,
                                .last = first + (uint32_t)rg_rng_below(&rng, 10),
                                .fixed = rg_rng_below(&rng, 10) ? NULL : constant};
        }
        check(slot, n, rg_memory_plan(slot, n), seed);
    }
}

/* Values in a row, each dead when the next is made, need two places. */
static void test_chain_reuses_memory(void **state)
{
    (void)state;
    rg_slot slot[10];
    for (uint32_t i = 0; i < 10; i++)
        slot[i] = (rg_slot){.bytes = 1024, .first = i, .last = i + 1};
    assert_int_equal(rg_memory_plan(slot, 10), 2048);
    assert_int_equal(rg_memory_plan(slot, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_lifetimes),
        cmocka_unit_test(test_chain_reuses_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
