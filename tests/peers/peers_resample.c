/* peers_resample.c - trimmed means, improvement over tasks, and the bootstrap, whose resamples
 * are other ones than SciPy's, so that its intervals agree within their Monte Carlo error. */
#include "peers.h"

#include "rigor/resample.h"

static size_t ours_interquartile_mean(const peer_inputs *in, double *ret)
{
    *ret = rg_interquartile_mean(in->x, in->n_x);
    return 1;
}

static void any_list(peer_inputs *in)
{
    peer_list(in, 1, 40, PEER_ALL);
}

/* x: a tasks of b runs each of one arm, y: the same of the other */
static size_t ours_improvement(const peer_inputs *in, double *ret)
{
    rg_task_scores first = {in->x, (size_t)in->a, (size_t)in->b};
    rg_task_scores second = {in->y, first.tasks, first.runs};
    rg_bootstrap_plan plan = {.resamples = 10, .threads = 1, .alpha = .05};
    *ret = rg_probability_of_improvement(first, second, &plan).estimate;
    return 1;
}

static void tasks(peer_inputs *in)
{
    in->a = peer_whole(in, 1, 6);
    in->b = peer_whole(in, 1, 10);
    size_t n = (size_t)(in->a * in->b);
    peer_two_lists(in, n, n, PEER_TIES | PEER_CONSTANT | PEER_SCALE);
}

/* The share of the standard error by which each end lies beside the mean. */
static size_t bootstrap(const peer_inputs *in, rg_bootstrap_kind kind, double *ret)
{
    rg_bootstrap_plan plan = {kind, 10000, 1, 1, in->a};
    rg_interval found = rg_bootstrap(in->x, in->n_x, NULL, NULL, &plan);
    double sum = 0;
    for (size_t i = 0; i < in->n_x; i++)
        sum += pow(in->x[i] - found.estimate, 2);
    double se = sqrt(sum) / (double)in->n_x;
    ret[0] = (found.estimate - found.lo) / se;
    ret[1] = (found.hi - found.estimate) / se;
    return 2;
}

static size_t ours_percentile(const peer_inputs *in, double *ret)
{
    return bootstrap(in, RG_BOOTSTRAP_PERCENTILE, ret);
}

static size_t ours_basic(const peer_inputs *in, double *ret)
{
    return bootstrap(in, RG_BOOTSTRAP_BASIC, ret);
}

static size_t ours_bca(const peer_inputs *in, double *ret)
{
    return bootstrap(in, RG_BOOTSTRAP_BCA, ret);
}

static void spread_list(peer_inputs *in)
{
    peer_list(in, 8, 40, PEER_SCALE);
    in->a = peer_uniform(in, .05, .3);
}

#define SCIPY_BOOTSTRAP(method) \
    { \
        "[i := stats.bootstrap((x,), lambda x, axis: x.mean(axis), confidence_level=1 - a, " \
        "n_resamples=10000, vectorized=True, method='" method "', random_state=1)" \
        ".confidence_interval, s := x.std() / math.sqrt(len(x)), (x.mean() - i.low) / s, " \
        "(i.high - x.mean()) / s][2:]", \
            .16, resampled \
    }
static const char resampled[] = "both are drawn: 6 standard errors of 10,000 resamples";

static const peer_function functions[] = {
    {.name = "interquartile_mean",
     .inputs = any_list,
     .ours = ours_interquartile_mean,
     .results = "mean",
     .r = {"mean(x, trim = .25)", 1e-12, NULL},
     .scipy = {"stats.trim_mean(x, .25)", 1e-12, NULL}},
    {.name = "probability_of_improvement",
     .inputs = tasks,
     .ours = ours_improvement,
     .results = "probability",
     .r = {"mean(sapply(split(seq_along(x), rep(1:a, each = b)), function(i) "
           "wilcox.test(x[i], y[i])$statistic / b^2))",
           1e-12, NULL},
     .scipy = {"np.mean([stats.mannwhitneyu(p, q).statistic / b**2 for p, q in "
               "zip(x.reshape(int(a), int(b)), y.reshape(int(a), int(b)))])",
               1e-12, NULL}},
    {.name = "bootstrap_percentile",
     .inputs = spread_list,
     .ours = ours_percentile,
     .results = "below above",
     .scipy = SCIPY_BOOTSTRAP("percentile")},
    {.name = "bootstrap_basic",
     .inputs = spread_list,
     .ours = ours_basic,
     .results = "below above",
     .scipy = SCIPY_BOOTSTRAP("basic")},
    {.name = "bootstrap_bca",
     .inputs = spread_list,
     .ours = ours_bca,
     .results = "below above",
     .scipy = SCIPY_BOOTSTRAP("BCa")},
};

const peer_family peers_resample = {functions, RG_COUNT(functions)};
