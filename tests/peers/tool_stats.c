/* tool_stats.c - random inputs for the statistics, with our answers, as a program for R.
 *
 * Prints lines `same(label, R's expression, our value, relative tolerance)`;
 * test_long_stats_r.sh lets R evaluate them.  Numbers are hexadecimal, so that both sides mean
 * the same bits.
 *
 *     tool.stats SEED CASES | Rscript - */
#include "rigor/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static rg_rng rng;
static long number; /* of the case, for the label */

static double uniform(double lo, double hi)
{
    return lo + (hi - lo) * rg_rng_unit(&rng);
}

static double log_uniform(double lo, double hi)
{
    return lo * pow(hi / lo, rg_rng_unit(&rng));
}

static void same(const char *label, double value, double tolerance, const char *fmt, ...)
    RG_PRINTF(4, 5);
static void same(const char *label, double value, double tolerance, const char *fmt, ...)
{
    va_list args;
    printf("same(\"%s %ld\", ", label, number);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    if (isfinite(value))
        printf(", %a, %g)\n", value, tolerance);
    else
        printf(", %s, %g)\n", isnan(value) ? "NaN" : value > 0 ? "Inf" : "-Inf", tolerance);
}

static void distributions(void)
{
    double a = log_uniform(.5, 2000), b = log_uniform(.5, 2000), x = uniform(0, 1);
    double p = number % 2 ? uniform(0, 1) : log_uniform(1e-60, 1);
    double t = number % 2 ? uniform(-8, 8) : log_uniform(1e-6, 1e6), f = log_uniform(.01, 50);
    double g = a * log_uniform(.2, 4);
    same("pnorm", rg_normal_cdf(t), 1e-12, "pnorm(%a)", t);
    same("qnorm", rg_normal_quantile(p), 1e-12, "qnorm(%a)", p);
    same("pt", rg_t_cdf(t, a), 1e-11, "pt(%a, %a)", t, a);
    same("pt upper", rg_t_upper(t, a), 1e-11, "pt(%a, %a, lower.tail = FALSE)", t, a);
    same("qt", rg_t_quantile(p, a), 1e-9, "qt(%a, %a)", p, a);
    same("pf", rg_f_cdf(f, a, b), 1e-11, "pf(%a, %a, %a)", f, a, b);
    same("pf upper", rg_f_upper(f, a, b), 1e-11, "pf(%a, %a, %a, lower.tail = FALSE)", f, a, b);
    /* R's qf subtracts 1 from a number near 1 in the lower tail: the middle is what can be
     * compared */
    double middle = uniform(.01, .99);
    same("qf", rg_f_quantile(middle, a, b), 1e-8, "qf(%a, %a, %a)", middle, a, b);
    same("pchisq", rg_chi2_cdf(g, a), 1e-11, "pchisq(%a, %a)", g, a);
    same("qchisq", rg_chi2_quantile(p, a), 1e-8, "qchisq(%a, %a)", p, a);
    same("pgamma", rg_gamma_upper(a, g), 1e-11, "pgamma(%a, %a, lower.tail = FALSE)", g, a);
    same("pbeta", rg_beta_lower(x, a, b), 1e-11, "pbeta(%a, %a, %a)", x, a, b);
    same("qbeta", rg_beta_lower_inverse(p, a, b), 1e-8, "qbeta(%a, %a, %a)", p, a, b);
    double n = 1 + floor(uniform(0, 400)), k = floor(uniform(0, n));
    same("pbinom", rg_binomial_cdf(k, n, x), 1e-11, "pbinom(%a, %a, %a)", k, n, x);
}

/* R's own accuracy for the noncentral t is about 1e-12 of one, not of the result. */
static void power(void)
{
    double df = 1 + floor(uniform(0, 60)), t = uniform(-3, 8), delta = uniform(-3, 8);
    same("pt ncp", 1 + rg_noncentral_t_cdf(t, df, delta), 1e-9, "1 + pt(%a, %a, %a)", t, df,
         delta);
    rg_power_plan plan = {number % 2 ? RG_PAIRS : RG_TWO_SAMPLES, uniform(.005, .2),
                          1 + number % 4 / 2};
    double n = 3 + floor(uniform(0, 40)), effect = uniform(.2, 2), wanted = uniform(.4, .95);
    const char *type = plan.design == RG_PAIRS ? "paired" : "two.sample";
    const char *sides = plan.sides == 2 ? "two.sided" : "one.sided";
    same("power", rg_power(plan, n, effect), 1e-9,
         "power.t.test(n = %a, delta = %a, sig.level = %a, type = \"%s\", alternative = \"%s\")"
         "$power",
         n, effect, plan.alpha, type, sides);
    same(
        "power effect", rg_power_effect(plan, n, wanted), 1e-7,
        "power.t.test(n = %a, power = %a, sig.level = %a, type = \"%s\", alternative = \"%s\", "
        "tol = 1e-12)$delta",
        n, wanted, plan.alpha, type, sides);
}

/* ---- Tests of one sample of differences, which R knows as d */

static size_t draw(double *d, bool rounded)
{
    size_t n = 2 + rg_rng_below(&rng, 38);
    double shift = rg_rng_normal(&rng);
    printf("d <- c(");
    for (size_t i = 0; i < n; i++) {
        d[i] = shift + rg_rng_normal(&rng);
        if (rounded)
            d[i] = rint(2 * d[i]) / 2;
        printf("%s%a", i ? ", " : "", d[i]);
    }
    printf(")\n");
    return n;
}

static void t_tests(const double *d, size_t n)
{
    double alpha = uniform(.01, .2), null = uniform(-1, 1), margin = uniform(.1, 3);
    rg_t_result t = rg_t_test(d, n, null, alpha);
    rg_tost_result e = rg_tost(d, n, margin, alpha);
    if (isnan(t.p))
        return;
    printf("r <- t.test(d, mu = %a, conf.level = 1 - %a)\n", null, alpha);
    same("t", t.t, 1e-10, "r$statistic");
    same("t p", t.p, 1e-9, "r$p.value");
    same("t lo", t.lo, 1e-9, "r$conf.int[1]");
    same("t hi", t.hi, 1e-9, "r$conf.int[2]");
    same("tost", e.p, 1e-9,
         "max(t.test(d, mu = %a, alternative = \"greater\")$p.value, t.test(d, mu = %a, "
         "alternative = \"less\")$p.value)",
         -margin, margin);
}

static void rank_tests(const double *d, size_t n)
{
    rg_wilcoxon_result w = rg_wilcoxon(d, n, RG_ZEROS_DROP, RG_WILCOXON_AUTO);
    if (w.n_used == 0)
        return;
    printf("r <- suppressWarnings(wilcox.test(d, exact = %s, correct = FALSE))\n",
           w.exact ? "TRUE" : "FALSE");
    same("wilcoxon V", w.w_plus, 0, "r$statistic");
    same("wilcoxon p", w.p, 1e-9, "r$p.value");
    if (!w.exact)
        return;
    double alpha = uniform(.06, .2);
    rg_hodges_lehmann_result h = rg_hodges_lehmann(d, n, alpha);
    if (n < 6)
        return; /* R warns that the level cannot be had, and so do we */
    printf("r <- wilcox.test(d, exact = TRUE, conf.int = TRUE, conf.level = 1 - %a)\n", alpha);
    same("hodges lehmann", h.estimate, 1e-12, "r$estimate");
    same("hodges lehmann lo", h.lo, 1e-12, "r$conf.int[1]");
    same("hodges lehmann hi", h.hi, 1e-12, "r$conf.int[2]");
}

static void proportions(const double *d, size_t n)
{
    double alpha = uniform(.01, .2);
    rg_superiority s = rg_p_superior(d, n, alpha);
    if (s.ties)
        return;
    printf("r <- binom.test(%zu, %zu, conf.level = 1 - %a)\n", s.wins, n, alpha);
    same("clopper pearson lo", s.lo, 1e-9, "r$conf.int[1]");
    same("clopper pearson hi", s.hi, 1e-9, "r$conf.int[2]");
}

static void corrections(void)
{
    static const struct {
        rg_adjustment method;
        const char *name;
    } table[] = {{RG_ADJUST_HOLM, "holm"},
                 {RG_ADJUST_HOCHBERG, "hochberg"},
                 {RG_ADJUST_BONFERRONI, "bonferroni"},
                 {RG_ADJUST_BENJAMINI_HOCHBERG, "BH"}};
    double p[16], adjusted[16];
    size_t n = 1 + rg_rng_below(&rng, 16);
    printf("p <- c(");
    for (size_t i = 0; i < n; i++) {
        p[i] = number % 3 ? pow(rg_rng_unit(&rng), 3) : rint(10 * rg_rng_unit(&rng)) / 10;
        printf("%s%a", i ? ", " : "", p[i]);
    }
    printf(")\n");
    for (size_t m = 0; m < RG_COUNT(table); m++) {
        rg_adjust(table[m].method, p, n, adjusted);
        for (size_t i = 0; i < n; i++)
            same(table[m].name, adjusted[i], 1e-13, "p.adjust(p, \"%s\")[%zu]", table[m].name,
                 i + 1);
    }
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    long cases = argc > 2 ? strtol(argv[2], NULL, 10) : 1000;
    rng = rg_rng_open(seed, "peer");
    for (number = 0; number < cases; number++) {
        double d[64];
        distributions();
        power();
        corrections();
        size_t n = draw(d, number % 3 == 0);
        t_tests(d, n);
        rank_tests(d, n);
        proportions(d, n);
    }
    return 0;
}
