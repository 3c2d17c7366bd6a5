/* peers_special.c - the special functions and the distributions. */
#include "peers.h"

#include "rigor/special.h"

#define OURS(function, ...) \
    static size_t ours_##function(const peer_inputs *in, double *ret) \
    { \
        *ret = rg_##function(__VA_ARGS__); \
        return 1; \
    }
/* Peers hold some distributions to so much of 1, not of a small tail. */
#define OURS_OF_1(function) \
    static size_t ours_##function(const peer_inputs *in, double *ret) \
    { \
        *ret = 1 + rg_##function(in->a, in->b, in->c); \
        return 1; \
    }
OURS(log_gamma, in->a)
OURS(gamma_lower, in->b, in->a)
OURS(gamma_upper, in->b, in->a)
OURS(gamma_lower_inverse, in->b, in->a)
OURS(beta_lower, in->a, in->b, in->c)
OURS(beta_upper, in->a, in->b, in->c)
OURS(beta_lower_inverse, in->a, in->b, in->c)
OURS(normal_cdf, in->a)
OURS(normal_upper, in->a)
OURS(normal_quantile, in->a)
OURS(t_cdf, in->a, in->b)
OURS(t_upper, in->a, in->b)
OURS(t_two_sided, in->a, in->b)
OURS(t_quantile, in->a, in->b)
OURS(f_cdf, in->a, in->b, in->c)
OURS(f_upper, in->a, in->b, in->c)
OURS(f_quantile, in->a, in->b, in->c)
OURS(chi2_cdf, in->a, in->b)
OURS(chi2_upper, in->a, in->b)
OURS(chi2_quantile, in->a, in->b)
OURS(binomial_cdf, in->a, in->b, in->c)
OURS(binomial_upper, in->a, in->b, in->c)
OURS(binomial_quantile, in->a, in->b, in->c)
OURS_OF_1(studentized_range_cdf)
OURS_OF_1(studentized_range_upper)
OURS(studentized_range_quantile, in->a, in->b, in->c)

OURS_OF_1(noncentral_t_cdf)
OURS_OF_1(noncentral_t_upper)

/* ---- Inputs.  a: the argument; b, c: the parameters.  One case in 25 is at an end. */

static bool at_an_end(peer_inputs *in, double lo, double hi)
{
    if (in->number % 25 != 3)
        return false;
    in->a = in->number % 2 ? lo : hi;
    return true;
}

static void shapes(peer_inputs *in)
{
    in->b = peer_log_uniform(in, .5, 2000);
    in->c = peer_log_uniform(in, .5, 2000);
}

static void positive(peer_inputs *in)
{
    in->a = peer_log_uniform(in, 1e-3, 1e5);
}

static void real(peer_inputs *in)
{
    if (!at_an_end(in, -INFINITY, INFINITY))
        in->a = in->number % 2 ? peer_uniform(in, -8, 8) : peer_log_uniform(in, 1e-6, 30);
}

static void student(peer_inputs *in)
{
    in->b = in->number % 10 ? peer_log_uniform(in, 1, 4000) : INFINITY;
    if (!at_an_end(in, -INFINITY, INFINITY))
        in->a = in->number % 2 ? peer_uniform(in, -8, 8) : peer_log_uniform(in, 1e-6, 1e4);
}

static void gamma_variable(peer_inputs *in)
{
    shapes(in);
    if (!at_an_end(in, 0, INFINITY))
        in->a = in->b * peer_log_uniform(in, .2, 4);
}

static void chi2_variable(peer_inputs *in)
{
    gamma_variable(in);
    in->b *= 2;
    in->a *= 2;
}

static void unit(peer_inputs *in)
{
    shapes(in);
    if (!at_an_end(in, 0, 1))
        in->a = peer_uniform(in, 0, 1);
}

static void ratio(peer_inputs *in)
{
    shapes(in);
    if (!at_an_end(in, 0, INFINITY))
        in->a = peer_log_uniform(in, .01, 50);
}

static void probability(peer_inputs *in)
{
    shapes(in);
    if (!at_an_end(in, 0, 1))
        in->a = in->number % 2 ? peer_uniform(in, 0, 1) : peer_log_uniform(in, 1e-60, 1);
}

/* below 1e-60 with half a degree SciPy's quantile ends at 1e100 */
static void student_probability(peer_inputs *in)
{
    probability(in);
    in->b = fmax(1, in->b);
}

static void middle_probability(peer_inputs *in)
{
    shapes(in);
    if (!at_an_end(in, 0, 1))
        in->a = peer_uniform(in, .01, .99);
}

static void trials(peer_inputs *in)
{
    in->b = peer_whole(in, 1, 400);
    in->a = peer_whole(in, -1, in->b + 1);
    in->c = in->number % 20 ? peer_uniform(in, 0, 1) : in->number % 40 / 20;
}

static void trials_probability(peer_inputs *in)
{
    trials(in);
    in->a = peer_uniform(in, 0, 1);
}

static void noncentral(peer_inputs *in)
{
    in->a = peer_uniform(in, -3, 8);
    in->b = peer_whole(in, 1, 60);
    in->c = peer_uniform(in, -3, 8);
}

/* df: R and SciPy switch to infinity at 25000 and 100000 of their own accord */
static void range(peer_inputs *in)
{
    in->b = peer_whole(in, 2, in->number % 2 ? 10 : 50);
    in->c = in->number % 4 == 3 ? INFINITY : peer_whole(in, 2, 300);
    in->a = peer_uniform(in, .5, 9);
}

static void range_probability(peer_inputs *in)
{
    range(in);
    in->a = peer_uniform(in, .05, .999);
}

#define ENTRY(function, draw, in_r, in_scipy) \
    { \
        .name = #function, .inputs = draw, .ours = ours_##function, .results = "value", \
        .r = in_r, .scipy = in_scipy \
    }
#define TIGHT(text) \
    { \
        text, 1e-11, NULL \
    }
#define NONE \
    { \
        NULL, 0, NULL \
    }
#define LOOSE(text, tolerance, why) \
    { \
        text, tolerance, why \
    }
static const char of_1[] = "so much of 1 is what it promises";
static const char from_above[] = "takes 1 from a number near 1 in the lower tail";
static const char r_tukey[] = "a fixed quadrature of some 8 digits";
static const char cephes[] = "Cephes' search stops at some 9 digits";

static const peer_function functions[] = {
    ENTRY(log_gamma, positive, TIGHT("lgamma(a)"), TIGHT("special.gammaln(a)")),
    ENTRY(normal_cdf, real, TIGHT("pnorm(a)"), TIGHT("stats.norm.cdf(a)")),
    ENTRY(normal_upper, real, TIGHT("pnorm(a, lower.tail = FALSE)"), TIGHT("stats.norm.sf(a)")),
    ENTRY(normal_quantile, probability, TIGHT("qnorm(a)"), TIGHT("stats.norm.ppf(a)")),
    ENTRY(gamma_lower, gamma_variable, TIGHT("pgamma(a, b)"), TIGHT("special.gammainc(b, a)")),
    ENTRY(gamma_upper, gamma_variable, TIGHT("pgamma(a, b, lower.tail = FALSE)"),
          TIGHT("special.gammaincc(b, a)")),
    ENTRY(gamma_lower_inverse, probability, TIGHT("qgamma(a, b)"),
          TIGHT("special.gammaincinv(b, a)")),
    ENTRY(beta_lower, unit, TIGHT("pbeta(a, b, c)"), TIGHT("stats.beta.cdf(a, b, c)")),
    ENTRY(beta_upper, unit, TIGHT("pbeta(a, b, c, lower.tail = FALSE)"),
          TIGHT("stats.beta.sf(a, b, c)")),
    ENTRY(beta_lower_inverse, probability, TIGHT("qbeta(a, b, c)"), NONE),
    /* SciPy's search loses itself in the tails, so it gets probabilities of its own */
    ENTRY(beta_lower_inverse, middle_probability, NONE,
          LOOSE("stats.beta.ppf(a, b, c)", 1e-8, cephes)),
    ENTRY(t_cdf, student, TIGHT("pt(a, b)"), TIGHT("stats.t.cdf(a, b)")),
    ENTRY(t_upper, student, TIGHT("pt(a, b, lower.tail = FALSE)"), TIGHT("stats.t.sf(a, b)")),
    ENTRY(t_two_sided, student, TIGHT("2 * pt(-abs(a), b)"),
          TIGHT("2 * stats.t.sf(abs(a), b)")),
    ENTRY(t_quantile, student_probability, TIGHT("qt(a, b)"),
          LOOSE("stats.t.ppf(a, b)", 1e-7, cephes)),
    ENTRY(f_cdf, ratio, TIGHT("pf(a, b, c)"), TIGHT("stats.f.cdf(a, b, c)")),
    ENTRY(f_upper, ratio, TIGHT("pf(a, b, c, lower.tail = FALSE)"),
          TIGHT("stats.f.sf(a, b, c)")),
    ENTRY(f_quantile, middle_probability, LOOSE("qf(a, b, c)", 1e-8, from_above),
          LOOSE("stats.f.ppf(a, b, c)", 1e-8, cephes)),
    ENTRY(chi2_cdf, chi2_variable, TIGHT("pchisq(a, b)"), TIGHT("stats.chi2.cdf(a, b)")),
    ENTRY(chi2_upper, chi2_variable, TIGHT("pchisq(a, b, lower.tail = FALSE)"),
          TIGHT("stats.chi2.sf(a, b)")),
    ENTRY(chi2_quantile, probability, TIGHT("qchisq(a, b)"), TIGHT("stats.chi2.ppf(a, b)")),
    ENTRY(binomial_cdf, trials, TIGHT("pbinom(a, b, c)"), TIGHT("stats.binom.cdf(a, b, c)")),
    ENTRY(binomial_upper, trials, TIGHT("pbinom(a, b, c, lower.tail = FALSE)"),
          TIGHT("stats.binom.sf(a, b, c)")),
    /* SciPy says that trials which never fail succeed 0 times */
    ENTRY(binomial_quantile, trials_probability, TIGHT("qbinom(a, b, c)"),
          TIGHT("stats.binom.ppf(a, b, c) if c < 1 else b")),
    ENTRY(noncentral_t_cdf, noncentral, LOOSE("1 + pt(a, b, c)", 1e-11, of_1),
          LOOSE("1 + stats.nct.cdf(a, b, c)", 1e-11, of_1)),
    ENTRY(noncentral_t_upper, noncentral,
          LOOSE("1 + pt(a, b, c, lower.tail = FALSE)", 1e-11, of_1),
          LOOSE("1 + stats.nct.sf(a, b, c)", 1e-11, of_1)),
    ENTRY(studentized_range_cdf, range, LOOSE("1 + ptukey(a, b, c)", 1e-5, r_tukey),
          LOOSE("1 + stats.studentized_range.cdf(a, b, c)", 1e-10, of_1)),
    ENTRY(studentized_range_upper, range,
          LOOSE("1 + ptukey(a, b, c, lower.tail = FALSE)", 1e-5, r_tukey),
          LOOSE("1 + stats.studentized_range.sf(a, b, c)", 1e-10, of_1)),
    /* R's qtukey gives up (NaN) on one in seven */
    ENTRY(studentized_range_quantile, range_probability,
          LOOSE("uniroot(function(q) ptukey(q, b, c) - a, base::c(.01, 100), tol = 1e-9)$root",
                1e-4, r_tukey),
          LOOSE("stats.studentized_range.ppf(a, b, c)", 1e-8, of_1)),
};

const peer_family peers_special = {functions, RG_COUNT(functions)};
