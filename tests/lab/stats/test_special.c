/* test_special.c - special functions and distributions against values of 40 digits, their
 * identities, their inverses, and the edges of their domains. */
#include "rigor/stats.h"
#include "support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

typedef double one_argument(double);
typedef double two_arguments(double, double);
typedef double three_arguments(double, double, double);
typedef struct function {
    const char *name;
    one_argument *one;
    two_arguments *two;
    three_arguments *three;
} function;

#define ONE(f) \
    { \
#f, rg_##f, NULL, NULL \
    }
#define TWO(f) \
    { \
#f, NULL, rg_##f, NULL \
    }
#define THREE(f) \
    { \
#f, NULL, NULL, rg_##f \
    }
static const function functions[] = {
    ONE(log_gamma),
    ONE(normal_cdf),
    ONE(normal_upper),
    ONE(normal_quantile),
    TWO(gamma_lower),
    TWO(gamma_upper),
    TWO(gamma_lower_inverse),
    TWO(t_cdf),
    TWO(t_upper),
    TWO(t_two_sided),
    TWO(t_quantile),
    TWO(chi2_cdf),
    TWO(chi2_upper),
    TWO(chi2_quantile),
    THREE(beta_lower),
    THREE(beta_upper),
    THREE(beta_lower_inverse),
    THREE(f_cdf),
    THREE(f_upper),
    THREE(f_quantile),
    THREE(binomial_cdf),
    THREE(binomial_upper),
    THREE(noncentral_t_cdf),
    THREE(noncentral_t_upper),
};

static double call(const char *name, const double *x)
{
    for (size_t i = 0; i < COUNT(functions); i++) {
        const function *f = &functions[i];
        if (strcmp(f->name, name) == 0)
            return f->one   ? f->one(x[0])
                   : f->two ? f->two(x[0], x[1])
                            : f->three(x[0], x[1], x[2]);
    }
    fail_msg("no function %s", name);
    return NAN;
}

static const struct {
    const char *name;
    double argument[3], value;
} reference[] = {
#include "special_values.h"
};

static void reference_values(void **state)
{
    (void)state;
    double worst = 0;
    for (size_t i = 0; i < COUNT(reference); i++) {
        const double *x = reference[i].argument, value = reference[i].value;
        double got = call(reference[i].name, x), error = fabs(got - value);
        double relative = value != 0 ? error / fabs(value) : error;
        if (!(relative <= 1e-12))
            fail_msg("%s(%.17g, %.17g, %.17g) = %.17g, expected %.17g (relative error %.2g)",
                     reference[i].name, x[0], x[1], x[2], got, value, relative);
        worst = fmax(worst, relative);
    }
    print_message("%zu values, worst relative error %.2g\n", COUNT(reference), worst);
}

static double log_uniform(rg_rng *rng, double lo, double hi)
{
    return lo * pow(hi / lo, rg_rng_unit(rng));
}

static void inverses(void **state)
{
    (void)state;
    uint64_t seed = support_seed();
    rg_rng rng = rg_rng_open(seed, "inverses");
    for (int i = 0; i < 2000; i++) {
        double p = i % 2 ? rg_rng_unit(&rng) : log_uniform(&rng, 1e-100, 1);
        double a = log_uniform(&rng, .5, 3000), b = log_uniform(&rng, .5, 3000);
        double back[] = {
            rg_normal_cdf(rg_normal_quantile(p)),
            rg_t_cdf(rg_t_quantile(p, 2 * a), 2 * a),
            rg_gamma_lower(a, rg_gamma_lower_inverse(a, p)),
            rg_f_cdf(rg_f_quantile(p, 2 * a, 2 * b), 2 * a, 2 * b),
            rg_beta_lower(rg_beta_lower_inverse(p, a, b), a, b),
        };
        for (size_t k = 0; k < COUNT(back); k++) {
            /* an argument is known to 2e-16 of itself, which the slope of the tail magnifies */
            double tolerance = 1e-11 * (k == 4 && p > .9 ? 1e3 : 1);
            if (!(fabs(back[k] - p) <= tolerance * p))
                fail_msg(
                    "seed %llu, case %d, function %zu: p %.17g, a %.17g, b %.17g came back "
                    "as %.17g",
                    (unsigned long long)seed, i, k, p, a, b, back[k]);
        }
    }
}

static void identities(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "identities");
    for (int i = 0; i < 500; i++) {
        double x = rg_rng_unit(&rng), a = log_uniform(&rng, .5, 500);
        double b = log_uniform(&rng, .5, 500), t = 4 * rg_rng_normal(&rng);
        assert_close(rg_beta_lower(x, a, b) + rg_beta_upper(x, a, b), 1, 1e-14);
        assert_close(rg_beta_lower(x, a, b), rg_beta_upper(1 - x, b, a), 1e-12);
        assert_close(rg_gamma_lower(a, b) + rg_gamma_upper(a, b), 1, 1e-14);
        assert_close(rg_t_cdf(t, a), rg_t_upper(-t, a), 1e-15);
        assert_close(rg_f_upper(t * t, 1, a), rg_t_two_sided(t, a), 1e-12);
        assert_close(rg_noncentral_t_cdf(t, a, 0), rg_t_cdf(t, a), 1e-12);
        assert_close(rg_noncentral_t_cdf(t, a, 1) + rg_noncentral_t_upper(t, a, 1), 1, 1e-12);
        assert_close(rg_t_cdf(t, INFINITY), rg_normal_cdf(t), 1e-15);
        assert_true(rg_t_quantile(x, a) <= rg_t_quantile(x + (1 - x) / 2, a));
    }
}

static void edges(void **state)
{
    (void)state;
    assert_close(rg_normal_quantile(0), -INFINITY, 0);
    assert_close(rg_normal_quantile(1), INFINITY, 0);
    assert_close(rg_normal_quantile(.5), 0, 0);
    assert_close(rg_t_quantile(0, 3), -INFINITY, 0);
    assert_close(rg_t_quantile(1, 3), INFINITY, 0);
    assert_close(rg_t_quantile(.5, 3), 0, 0);
    assert_close(rg_t_two_sided(INFINITY, 5), 0, 0);
    assert_close(rg_t_cdf(-INFINITY, 5), 0, 0);
    assert_close(rg_t_cdf(INFINITY, 5), 1, 0);
    assert_close(rg_beta_lower(0, 2, 3), 0, 0);
    assert_close(rg_beta_lower(1, 2, 3), 1, 0);
    assert_close(rg_beta_lower_inverse(0, 2, 3), 0, 0);
    assert_close(rg_beta_lower_inverse(1, 2, 3), 1, 0);
    assert_close(rg_gamma_lower(2, INFINITY), 1, 0);
    assert_close(rg_gamma_lower_inverse(2, 1), INFINITY, 0);
    assert_close(rg_f_cdf(-1, 2, 3), 0, 0);
    assert_close(rg_f_cdf(INFINITY, 2, 3), 1, 0);
    assert_close(rg_chi2_cdf(-1, 2), 0, 0);
    assert_close(rg_binomial_cdf(-1, 5, .5), 0, 0);
    assert_close(rg_binomial_cdf(5, 5, .5), 1, 0);
    assert_close(rg_binomial_cdf(2.9, 5, .5), .5, 1e-15);
    assert_close(rg_binomial_cdf(0, 5, 0), 1, 0);
    assert_close(rg_binomial_cdf(4, 5, 1), 0, 0);
}

static void outside_the_domain(void **state)
{
    (void)state;
    const double bad[] = {
        rg_normal_quantile(-.1),
        rg_normal_quantile(1.1),
        rg_normal_quantile(NAN),
        rg_t_cdf(NAN, 3),
        rg_t_cdf(1, 0),
        rg_t_cdf(1, -2),
        rg_t_quantile(2, 3),
        rg_t_quantile(.2, NAN),
        rg_beta_lower(1.5, 1, 1),
        rg_beta_lower(.5, 0, 1),
        rg_gamma_lower(-1, 1),
        rg_gamma_lower(1, -1),
        rg_gamma_lower_inverse(1, 2),
        rg_f_cdf(NAN, 1, 1),
        rg_f_cdf(1, 0, 1),
        rg_chi2_cdf(NAN, 1),
        rg_chi2_cdf(1, 0),
        rg_binomial_cdf(1, -1, .5),
        rg_binomial_cdf(1, 2, 1.5),
        rg_f_quantile(-1, 2, 3),
        rg_noncentral_t_cdf(NAN, 1, 1),
        rg_noncentral_t_upper(1, 0, 1),
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (!isnan(bad[i]))
            fail_msg("case %zu gives %g, not NaN", i, bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_values),   cmocka_unit_test(inverses),
        cmocka_unit_test(identities),         cmocka_unit_test(edges),
        cmocka_unit_test(outside_the_domain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
