/* test_strided.c - copies between layouts, whatever order the copy walks in, against one element
 * after another. */
#include "engine/cpu/strided.h"
#include "support.h"

typedef struct problem {
    int rank;
    int64_t count[RG_RANK_MAX], from[RG_RANK_MAX], to[RG_RANK_MAX];
    int64_t from_size, to_size; /* elements, no more than are reached */
} problem;

/* Strides of axes that lie in memory in a random order, some of them with gaps. */
static int64_t lay_out(rg_rng *rng, const problem *p, int64_t *stride)
{
    int order[RG_RANK_MAX];
    int64_t step = 1, last = 0;
    for (int i = 0; i < p->rank; i++)
        order[i] = i;
    for (int i = p->rank - 1; i > 0; i--) {
        int k = (int)rg_rng_below(rng, (uint64_t)i + 1), axis = order[i];
        order[i] = order[k];
        order[k] = axis;
    }
    for (int i = 0; i < p->rank; i++) {
        int64_t gap = 1 + (int64_t)(rg_rng_below(rng, 3) == 0);
        stride[order[i]] = step * gap;
        last += step * gap * (p->count[order[i]] - 1);
        step *= gap * p->count[order[i]];
    }
    return last + 1;
}

static problem draw(rg_rng *rng)
{
    static const int64_t counts[] = {1, 2, 2, 3, 4, 5, 9, 14};
    problem p = {.rank = 1 + (int)rg_rng_below(rng, 5)};
    for (int i = 0; i < p.rank; i++)
        p.count[i] = counts[rg_rng_below(rng, RG_COUNT(counts))];
    p.from_size = lay_out(rng, &p, p.from);
    p.to_size = lay_out(rng, &p, p.to);
    return p;
}

static void copy_plainly(const problem *p, size_t bytes, const char *from, char *to)
{
    int64_t all = 1;
    for (int i = 0; i < p->rank; i++)
        all *= p->count[i];
    for (int64_t n = 0; n < all; n++) {
        int64_t x = 0, y = 0, left = n;
        for (int i = p->rank - 1; i >= 0; i--) {
            x += left % p->count[i] * p->from[i];
            y += left % p->count[i] * p->to[i];
            left /= p->count[i];
        }
        memcpy(to + (size_t)y * bytes, from + (size_t)x * bytes, bytes);
    }
}

static void test_any_layout(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "strided");
    for (int n = 0; n < 3000; n++) {
        static const size_t sizes[] = {1, 4, 8};
        problem p = draw(&rng);
        size_t bytes = sizes[n % 3], out = (size_t)p.to_size * bytes;
        rg_strided s = {.bytes = bytes};
        for (int i = 0; i < p.rank; i++)
            rg_strided_axis(&s, p.count[i], p.from[i], p.to[i]);
        char *from = malloc((size_t)p.from_size * bytes);
        char *expected = calloc(1, out), *got = calloc(1, out);
        for (size_t i = 0; i < (size_t)p.from_size * bytes; i++)
            from[i] = (char)rg_rng_below(&rng, 256);
        copy_plainly(&p, bytes, from, expected);
        rg_strided_copy(&s, from, got);
        assert_memory_equal(got, expected, out);
        free(from);
        free(expected);
        free(got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_any_layout)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
