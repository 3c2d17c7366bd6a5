/* test_element.c - our f32 functions against the C library in f64, in units in the last place.
 */
#include "engine/cpu/element.h"
#include "engine/cpu/loops.h"
#include "support.h"

/* |got - expected| in units of the last place of an f32 at `expected`. */
static double ulps(float got, double expected)
{
    if ((isnan(got) && isnan(expected)) || (double)got == expected)
        return 0;
    float nearest = (float)expected;
    if (isinf(nearest) || isinf(got) || isnan(got) || isnan(expected))
        return nearest == got ? 0 : 1e9;
    float a = fabsf(nearest) < 1.17549435e-38f ? 1.17549435e-38f : fabsf(nearest);
    double unit = (double)nextafterf(a, INFINITY) - (double)a;
    return fabs((double)got - expected) / unit;
}

typedef struct function {
    const char *name;
    float (*f)(float);
    double (*judge)(double);
    double limit; /* ulps */
} function;

#define WRAP(name) \
    static float name##_f32(float x) \
    { \
        return element_##name##_f32(x); \
    }
WRAP(exp)
WRAP(log)
WRAP(tanh)
WRAP(erf)
WRAP(sin)
WRAP(cos)

static const function functions[] = {
    {"exp", exp_f32, exp, 2}, {"log", log_f32, log, 2}, {"tanh", tanh_f32, tanh, 2},
    {"erf", erf_f32, erf, 2}, {"sin", sin_f32, sin, 1}, {"cos", cos_f32, cos, 1},
};

static void check(const function *f, float x, double *worst, float *at)
{
    double error = ulps(f->f(x), f->judge((double)x));
    if (error > *worst) {
        *worst = error;
        *at = x;
    }
}

/* Every 2,039th float of all there are: each exponent, both signs, denormals, infinities, NaNs.
 */
static void test_accuracy(void **state)
{
    (void)state;
    for (size_t i = 0; i < RG_COUNT(functions); i++) {
        double worst = 0;
        float at = 0;
        for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 2039)
            check(&functions[i], element_float((uint32_t)bits), &worst, &at);
        if (worst > functions[i].limit)
            fail_msg("%s(%.9g): %.3g units in the last place", functions[i].name, (double)at,
                     worst);
    }
}

static void test_special_values(void **state)
{
    (void)state;
    assert_true(exp_f32(0) == 1 && exp_f32(-INFINITY) == 0 && isinf(exp_f32(89)));
    assert_true(isnan(exp_f32(NAN)) && isnan(log_f32(NAN)) && isnan(tanh_f32(NAN)));
    assert_true(isnan(erf_f32(NAN)) && isnan(sin_f32(NAN)) && isnan(cos_f32(INFINITY)));
    assert_true(log_f32(1) == 0 && log_f32(0) == -INFINITY && isnan(log_f32(-1)));
    assert_true(tanh_f32(20) == 1 && tanh_f32(-INFINITY) == -1 && erf_f32(5) == 1);
    assert_true(signbit(tanh_f32(-0.0f)) && signbit(erf_f32(-0.0f)));
}

static void test_integers_have_no_undefined_cases(void **state)
{
    (void)state;
    assert_int_equal(element_div_i32(7, -2), -3);
    assert_int_equal(element_div_i32(INT32_MIN, -1), INT32_MIN);
    assert_int_equal(element_div_i32(5, 0), -1);
    assert_int_equal(element_div_u32(5, 0), UINT32_MAX);
    assert_int_equal(element_to_i32(1e10), INT32_MAX);
    assert_int_equal(element_to_i32(-1e10), INT32_MIN);
    assert_int_equal(element_to_i32(NAN), 0);
    assert_int_equal(element_to_i32(-1.9), -1);
    assert_int_equal(element_to_u32(-3), 0);
    assert_int_equal(element_to_u32(5e9), UINT32_MAX);
}

/* Every float: no other bf16 is nearer, ties go to the even one, NaN stays NaN. */
static void test_bf16_is_nearest(void **state)
{
    (void)state;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 251) {
        float x = element_float((uint32_t)bits);
        uint16_t got = rg_bf16_of(x);
        if (isnan(x)) {
            assert_true(isnan(rg_bf16_float(got)));
            continue;
        }
        uint16_t below = (uint16_t)(bits >> 16), above = (uint16_t)(below + 1);
        /* 2^128 is what infinity stands for: the next number, were there one. */
        double low = (double)rg_bf16_float(below), high = (double)rg_bf16_float(above);
        low = isinf(low) ? copysign(0x1p128, low) : low;
        high = isinf(high) ? copysign(0x1p128, high) : high;
        double to_low = fabs((double)x - low), to_high = fabs(high - (double)x);
        bool up = to_high < to_low || (to_high == to_low && below % 2 == 1);
        if (!isinf(x) && got != (up ? above : below))
            fail_msg("%.9g: bf16 %04x", (double)x, got);
    }
    assert_int_equal(rg_bf16_of(INFINITY), 0x7f80);
    assert_int_equal(rg_bf16_of(3.4028235e38f), 0x7f80);
    assert_int_equal(rg_bf16_of(-0.0f), 0x8000);
    assert_int_equal(rg_bf16_of(1e-40f), 0x0001);
}

static void test_threefry_is_the_base_one(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "keys");
    for (int i = 0; i < 1000; i++) {
        uint32_t key[2] = {rg_rng_u32(&rng), rg_rng_u32(&rng)};
        uint32_t counter[2] = {rg_rng_u32(&rng), rg_rng_u32(&rng)}, a[2], b[2];
        rg_threefry(key, counter, a);
        element_threefry(key[0], key[1], counter[0], counter[1], &b[0], &b[1]);
        assert_memory_equal(a, b, sizeof(a));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accuracy),
        cmocka_unit_test(test_special_values),
        cmocka_unit_test(test_integers_have_no_undefined_cases),
        cmocka_unit_test(test_bf16_is_nearest),
        cmocka_unit_test(test_threefry_is_the_base_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
