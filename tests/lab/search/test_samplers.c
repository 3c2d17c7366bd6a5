/* test_samplers.c - what every sampler promises, on random spaces, and the rules of auto. */
#include "support.h"

#include "lab/search/space_of.h"

#define HISTORY 40

typedef struct trials {
    rg_obs obs[HISTORY];
    double point[HISTORY][SPACE_MAX];
} trials;

/* Trials drawn at random, of all states, some with losses that are no numbers. */
static void make_past(trials *past, const rg_space *space, rg_rng *rng)
{
    static const double odd[] = {NAN, INFINITY, -INFINITY, 0};
    const rg_sampler *sampler = rg_sampler_find("random");
    uint64_t seed = rg_rng_u64(rng);
    for (size_t i = 0; i < HISTORY; i++) {
        rg_ask ask = {.space = space, .seed = seed, .trial = i};
        sampler->suggest(&ask, past->point[i]);
        double loss = rg_rng_below(rng, 8) ? rg_rng_normal(rng) : odd[rg_rng_below(rng, 4)];
        uint64_t dice = rg_rng_below(rng, 10);
        past->obs[i] = (rg_obs){past->point[i], loss,
                                dice == 0   ? RG_OBS_FAILED
                                : dice == 1 ? RG_OBS_PENDING
                                            : RG_OBS_DONE};
    }
}

/* In range, conditions respected, the same bits again. */
static void test_points_are_inside(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "test/samplers");
    for (int round = 0; round < 1500; round++) {
        random_space made;
        random_space_make(&made, &rng);
        trials past;
        make_past(&past, &made.space, &rng);
        rg_ask ask = {.space = &made.space,
                      .history = past.obs,
                      .count = rg_rng_below(&rng, HISTORY + 1),
                      .seed = rg_rng_u64(&rng),
                      .trials = HISTORY};
        ask.trial = ask.count;
        for (const rg_sampler *const *sampler = rg_samplers; *sampler; sampler++) {
            double point[SPACE_MAX], again[SPACE_MAX];
            rg_suggest(*sampler, &ask, point);
            rg_suggest(*sampler, &ask, again);
            const char *fault = point_fault(&made.space, point);
            if (fault || memcmp(point, again, made.space.count * sizeof(double)) != 0)
                fail_msg("%s, seed %llu, round %d: %s", (*sampler)->name,
                         (unsigned long long)support_seed(), round,
                         fault ? fault : "not the same twice");
        }
    }
}

static void test_seeds_and_trials_differ(void **state)
{
    (void)state;
    rg_dim dim[] = {{.kind = RG_DIM_UNIFORM, .lo = 0, .hi = 1, .when = -1}};
    rg_space space = {1, dim};
    for (const rg_sampler *const *sampler = rg_samplers; *sampler; sampler++) {
        double a, b, c;
        rg_suggest(*sampler, &(rg_ask){.space = &space, .seed = 1, .trial = 1}, &a);
        rg_suggest(*sampler, &(rg_ask){.space = &space, .seed = 2, .trial = 1}, &b);
        rg_suggest(*sampler, &(rg_ask){.space = &space, .seed = 1, .trial = 2}, &c);
        assert_true(a != b && a != c);
    }
}

static void test_default_comes_first(void **state)
{
    (void)state;
    double one[] = {1};
    rg_dim dim[] = {
        {.kind = RG_DIM_CHOICE, .n_choices = 2, .when = -1},
        {.kind = RG_DIM_UNIFORM, .lo = 0, .hi = 1, .when = 0, .n_when = 1, .when_values = one},
        {.kind = RG_DIM_INT, .lo = 0, .hi = 10, .step = 5, .when = -1},
        {.kind = RG_DIM_UNIFORM, .lo = 0, .hi = 4, .when = -1},
    };
    rg_space space = {4, dim};
    double first[] = {0, 0.5, 11, NAN}, point[4];
    rg_ask ask = {.space = &space, .first = first, .seed = 3};
    for (const rg_sampler *const *sampler = rg_samplers; *sampler; sampler++) {
        rg_suggest(*sampler, &ask, point);
        assert_true(point[0] == 0 && isnan(point[1])); /* not active: left out */
        assert_true(point[2] == 10 && point[3] == 2);  /* moved inside; open: the middle */
    }
}

static void test_auto(void **state)
{
    (void)state;
    rg_dim dim[] = {{.kind = RG_DIM_INT, .lo = 2, .hi = 2, .step = 1, .when = -1},
                    {.kind = RG_DIM_LOG, .lo = 1, .hi = 2, .when = -1}};
    const char *why;
    assert_string_equal(rg_sampler_auto(&(rg_space){1, dim}, 50, &why)->name, "random");
    assert_string_equal(rg_sampler_auto(&(rg_space){0, NULL}, 50, &why)->name, "random");
    assert_string_equal(rg_sampler_auto(&(rg_space){2, dim}, 10, &why)->name, "sobol");
    assert_string_equal(rg_sampler_auto(&(rg_space){2, dim}, 11, &why)->name, "tpe");
    assert_non_null(strstr(why, "density model"));
    assert_null(rg_sampler_find("oracle"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points_are_inside),
        cmocka_unit_test(test_seeds_and_trials_differ),
        cmocka_unit_test(test_default_comes_first),
        cmocka_unit_test(test_auto),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
