/* peers_bayes.c - Bayes factors and posteriors: neither peer has them by name, both can
 * integrate the likelihood of t, which is noncentral Student's, over the prior. */
#include "peers.h"

#include "rigor/bayes.h"
#include "rigor/stats.h"

/* a: t, b: n, c: scale of the Cauchy prior */
static size_t ours_jzs(const peer_inputs *in, double *ret)
{
    *ret = rg_jzs_bayes_factor(in->a, (size_t)in->b, in->c);
    return 1;
}

static void t_statistic(peer_inputs *in)
{
    in->a = in->number % 10 ? peer_uniform(in, -5, 5) : 0;
    in->b = peer_whole(in, 2, 30);
    in->c = peer_uniform(in, .3, 1.5);
}

/* x: differences, a: null, b: variance of the normal prior */
static size_t ours_evidence(const peer_inputs *in, double *ret)
{
    *ret = rg_t_evidence(in->x, in->n_x, in->a, in->b);
    return 1;
}

static void differences(peer_inputs *in)
{
    peer_list(in, 3, 20, PEER_SCALE);
    in->a = in->d * peer_uniform(in, -.5, .5);
    in->b = peer_uniform(in, .3, 2);
}

/* x: differences of folds, a: test over train, b: rope */
static size_t ours_correlated(const peer_inputs *in, double *ret)
{
    rg_posterior p = rg_correlated_bayes_t(in->x, in->n_x, in->a, in->b);
    ret[0] = p.variance;
    ret[1] = p.left;
    ret[2] = p.rope;
    ret[3] = p.right;
    return 4;
}

static void folds(peer_inputs *in)
{
    peer_list(in, 2, 40, PEER_TIES | PEER_SCALE);
    in->x[0] += in->d; /* some spread */
    in->a = peer_uniform(in, .05, .5);
    in->b = in->d * peer_uniform(in, 0, 1);
}

static const char quadrature[] = "so much is what their integration gives";

static const peer_function functions[] = {
    {.name = "jzs_bayes_factor",
     .inputs = t_statistic,
     .ours = ours_jzs,
     .results = "factor",
     .r = {"integrate(function(e) dt(a, b - 1, sqrt(b) * e) * dcauchy(e, 0, c), -Inf, Inf, "
           "rel.tol = 1e-9)$value / dt(a, b - 1)",
           1e-8, quadrature},
     /* Rouder et al.'s integral over the variance, as SciPy's noncentral density is lost */
     .scipy = {"[k := lambda v: v**-.5 * (1 + a * a / v / (b - 1))**(-b / 2), "
               "integrate.quad(lambda z: k(1 + b * z * c * c) * math.exp(-.5 / z) * z**-1.5 / "
               "math.sqrt(2 * math.pi), 0, math.inf, epsrel=1e-11)[0] / k(1)][1]",
               1e-7, quadrature}},
    {.name = "t_evidence",
     .inputs = differences,
     .ours = ours_evidence,
     .results = "evidence",
     .r = {"{ n <- length(x); t <- unname(t.test(x, mu = a)$statistic); integrate(function(e) "
           "dt(t, n - 1, sqrt(n) * e) * dnorm(e, 0, sqrt(b)), -10, 10, rel.tol = 1e-9)$value / "
           "dt(t, n - 1) }",
           1e-8, quadrature}},
    {.name = "correlated_bayes_t",
     .inputs = folds,
     .ours = ours_correlated,
     .results = "variance left rope right",
     .r = {"{ n <- length(x); v <- var(x) * (1 / n + a); at <- function(e, low) pt((e - "
           "mean(x)) / sqrt(v), n - 1, lower.tail = low); c(v, at(-b, TRUE), at(b, TRUE) - "
           "at(-b, TRUE), at(b, FALSE)) }",
           1e-8, "the rope's mass is a difference"},
     .scipy = {"[n := len(x), v := x.var(ddof=1) * (1 / n + a), p := stats.t(n - 1, x.mean(), "
               "math.sqrt(v)), v, p.cdf(-b), p.cdf(b) - p.cdf(-b), p.sf(b)][3:]",
               1e-8, "the rope's mass is a difference"}},
};

const peer_family peers_bayes = {functions, RG_COUNT(functions)};
