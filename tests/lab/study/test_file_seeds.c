/* Seeds that are added until a study is decided, as the study file says it. */
#include "lab/study/reading.h"

#define TWO_ARMS \
    HEAD "arms: {full: {}, tanh: {model.activation: tanh}}\nclaims: [full > tanh]\nseed: 2\n"

static reading read_seeds(const char *seeds, const char *override)
{
    char text[600];
    snprintf(text, sizeof(text), "%s%s%s\n", TWO_ARMS, *seeds ? "seeds: " : "", seeds);
    return read_with(text, &override, override != NULL);
}

static void check(const char *seeds, const char *override, size_t min, size_t max, size_t step)
{
    reading r = read_seeds(seeds, override);
    const rg_study *s = good(&r);
    assert_int_equal(s->seeds_min, min);
    assert_int_equal(s->n_seeds, max);
    assert_int_equal(s->seeds_step, step);
    assert_int_equal(rg_study_is_sequential(s), min < max);
    for (size_t i = 0; i < max; i++)
        assert_true(s->seeds[i] == 2001 + i);
    reading_free(&r);
}

static void test_forms(void **state)
{
    (void)state;
    check("", NULL, 8, 8, 1);
    check("6", NULL, 6, 6, 1);
    check("{min: 5, max: 30, until: decided}", NULL, 5, 30, 1);
    check("{max: 12}", NULL, 5, 12, 1);
    check("{min: 7, step: 4}", NULL, 7, 30, 4);
    check("{}", NULL, 5, 30, 1);
}

static void test_overrides(void **state)
{
    (void)state;
    check("{min: 5, max: 30}", "seeds.max=12", 5, 12, 1);
    check("{min: 5, max: 30}", "seeds.step=5", 5, 30, 5);
    check("{min: 5, max: 30}", "seeds=9", 9, 9, 1);
    check("6", "seeds={min: 6, max: 9}", 6, 9, 1);
    reading r = read_seeds("{min: 5, max: 30}", "seeds.min=31");
    assert_null(r.study);
    assert_non_null(strstr(r.diags.at[0].what, "seeds.max (30) is below seeds.min (31)"));
    reading_free(&r);
}

static void hash_of(const char *seeds, char ret[RG_HEX])
{
    reading r = read_seeds(seeds, NULL);
    memcpy(ret, good(&r)->hash, RG_HEX);
    reading_free(&r);
}

static void test_the_hash_tells_what_can_change_a_result(void **state)
{
    (void)state;
    static const char *const different[] = {"12", "{min: 5, max: 12}", "{min: 6, max: 12}",
                                            "{min: 5, max: 12, step: 2}", "{min: 5, max: 13}"};
    char hash[RG_COUNT(different)][RG_HEX], same[RG_HEX];
    for (size_t i = 0; i < RG_COUNT(different); i++) {
        hash_of(different[i], hash[i]);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(hash[i], hash[k]);
    }
    hash_of("{until: decided, max: 12, step: 1}", same);
    assert_string_equal(same, hash[1]);
}

/* As it was before seeds could be added. */
static void test_fixed_seeds_leave_no_trace_in_the_record(void **state)
{
    (void)state;
    reading r = read_seeds("12", NULL);
    assert_null(json_object_get(good(&r)->resolved, "sequential"));
    assert_int_equal(json_array_size(json_object_get(r.study->resolved, "seeds")), 12);
    reading_free(&r);
}

static void test_fewer_than_five_need_a_word(void **state)
{
    (void)state;
    static const char text[] = TWO_ARMS "seeds: {min: 2, max: 6}\n";
    reading r = {.diags = {.arena = rg_arena_new()}};
    r.study = rg_study_parse(text, strlen(text), "t.yaml", NULL, 0, true, &catalog, &r.diags);
    assert_int_equal(good(&r)->seeds_min, 2);
    reading_free(&r);
}

static double real(const json_t *plan, const char *key)
{
    return rg_json_number(json_object_get(plan, key), NAN);
}

static void test_the_plan_has_a_range(void **state)
{
    (void)state;
    reading r = read_seeds("{min: 5, max: 30}", NULL);
    json_t *plan = rg_study_plan(good(&r));
    assert_true(real(plan, "runs_min") == 10 && real(plan, "runs") == 60);
    double first = real(plan, "mde_sd_min"), last = real(plan, "mde_sd");
    assert_true(first > 4 && first < 6 && last > .6 && last < .9);
    json_decref(plan);
    reading_free(&r);
    r = read_seeds("8", NULL);
    plan = rg_study_plan(good(&r));
    assert_null(json_object_get(plan, "runs_min"));
    json_decref(plan);
    reading_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_the_hash_tells_what_can_change_a_result),
        cmocka_unit_test(test_fixed_seeds_leave_no_trace_in_the_record),
        cmocka_unit_test(test_fewer_than_five_need_a_word),
        cmocka_unit_test(test_the_plan_has_a_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
