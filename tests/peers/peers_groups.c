/* peers_groups.c - two samples without partners, many arms over many data sets. */
#include "peers.h"

#include "rigor/groups.h"

/* ---- Two samples: x and y */

static size_t ours_welch(const peer_inputs *in, double *ret)
{
    rg_t_result t = rg_welch(in->x, in->n_x, in->y, in->n_y, in->a, in->b);
    const double results[] = {t.t, t.df, t.p, t.p_greater, t.p_less, t.lo, t.hi};
    for (size_t i = 0; i < RG_COUNT(results); i++)
        ret[i] = isnan(t.t) ? NAN : results[i];
    return RG_COUNT(results);
}

static size_t ours_welch_p(const peer_inputs *in, double *ret)
{
    rg_t_result t = rg_welch(in->x, in->n_x, in->y, in->n_y, in->a, in->b);
    ret[0] = t.t;
    ret[1] = t.p;
    ret[2] = t.p_greater;
    ret[3] = t.p_less;
    return 4;
}

static void welch_inputs(peer_inputs *in)
{
    peer_two_lists(in, 2, 30, PEER_ALL);
    in->a = in->d * peer_uniform(in, -1, 1);
    in->b = peer_uniform(in, .01, .2);
}

static size_t ours_permutation(const peer_inputs *in, double *ret)
{
    rg_permutation_result p = rg_permutation(in->x, in->n_x, in->y, in->n_y, 1);
    ret[0] = p.p_greater;
    ret[1] = p.p_less;
    ret[2] = p.p;
    return 3;
}

static void few(peer_inputs *in)
{
    peer_two_lists(in, 2, 5, PEER_TIES | PEER_CONSTANT | PEER_SCALE);
}

static size_t mann_whitney(const peer_inputs *in, rg_mann_whitney_method method, double *ret)
{
    rg_mann_whitney_result m = rg_mann_whitney_by(in->x, in->n_x, in->y, in->n_y, method);
    ret[0] = m.u;
    ret[1] = m.p;
    ret[2] = m.p_greater;
    ret[3] = m.p_less;
    return 4;
}

static size_t ours_mann_whitney_exact(const peer_inputs *in, double *ret)
{
    return mann_whitney(in, RG_MANN_WHITNEY_EXACT, ret);
}

static size_t ours_mann_whitney_corrected(const peer_inputs *in, double *ret)
{
    return mann_whitney(in, RG_MANN_WHITNEY_CORRECTED, ret);
}

static size_t ours_mann_whitney_normal(const peer_inputs *in, double *ret)
{
    return mann_whitney(in, RG_MANN_WHITNEY_NORMAL, ret);
}

static void untied(peer_inputs *in)
{
    peer_two_lists(in, 1, 20, PEER_SHORT | PEER_SCALE);
}

/* All equal is left out: p is 1 by our convention, NaN by theirs. */
static void tied(peer_inputs *in)
{
    peer_two_lists(in, 1, 40, PEER_SHORT | PEER_TIES | PEER_SCALE);
    in->y[0] += in->x[0] == in->y[0];
}

static size_t ours_mann_whitney_exact_ties(const peer_inputs *in, double *ret)
{
    return mann_whitney(in, RG_MANN_WHITNEY_EXACT, ret);
}

static size_t ours_brunner_munzel(const peer_inputs *in, double *ret)
{
    rg_brunner_munzel_result b = rg_brunner_munzel(in->x, in->n_x, in->y, in->n_y, .05);
    ret[0] = b.statistic;
    ret[1] = 1 + b.p; /* SciPy takes its tails from 1 */
    ret[2] = 1 + b.p_greater;
    ret[3] = 1 + b.p_less;
    return 4;
}

static void ranked(peer_inputs *in)
{
    peer_two_lists(in, 2, 30, PEER_ALL);
}

/* ---- Many arms: x are the scores of a sets and b arms */

static void scores(peer_inputs *in)
{
    in->b = peer_whole(in, 3, 7);
    in->a = peer_whole(in, 2, floor(PEER_LIST / in->b));
    size_t n = (size_t)(in->a * in->b);
    peer_list(in, n, n, PEER_TIES | PEER_CONSTANT | PEER_SCALE);
}

static size_t ours_friedman(const peer_inputs *in, double *ret)
{
    rg_friedman_result f = rg_friedman(in->x, (size_t)in->a, (size_t)in->b);
    ret[0] = f.chi2_ties;
    ret[1] = f.p_chi2_ties;
    return 2;
}

static size_t ours_mean_ranks(const peer_inputs *in, double *ret)
{
    rg_mean_ranks(in->x, (size_t)in->a, (size_t)in->b, ret);
    return (size_t)in->b;
}

static size_t ours_nemenyi_q(const peer_inputs *in, double *ret)
{
    *ret = rg_nemenyi_q((size_t)in->a, in->b);
    return 1;
}

static size_t ours_critical_difference(const peer_inputs *in, double *ret)
{
    *ret = rg_critical_difference((size_t)in->a, (size_t)in->c, in->b);
    return 1;
}

static void arms(peer_inputs *in)
{
    in->a = peer_whole(in, 2, 40);
    in->b = peer_uniform(in, .005, .2);
    in->c = peer_whole(in, 1, 200);
}

#define USUAL(text) \
    { \
        text, 1e-9, NULL \
    }
#define R_MATRIX "matrix(x, a, byrow = TRUE)"
#define SCIPY_MATRIX "x.reshape(int(a), int(b))"
#define R_MANN_WHITNEY(options) \
    "{ w <- function(s) wilcox.test(x, y, " options ", alternative = s); " \
    "c(w(\"two.sided\")$statistic, w(\"two.sided\")$p.value, w(\"greater\")$p.value, " \
    "w(\"less\")$p.value) }"
#define SCIPY_MANN_WHITNEY(options) \
    "[w := lambda s: stats.mannwhitneyu(x, y, " options ", alternative=s), " \
    "w('two-sided').statistic, w('two-sided').pvalue, w('greater').pvalue, " \
    "w('less').pvalue][1:]"
static const char qtukey[] = "a secant search that stops at 1e-4";

static const peer_function functions[] = {
    {.name = "welch",
     .inputs = welch_inputs,
     .ours = ours_welch,
     .results = "t df p p_greater p_less lo hi",
     /* neither with spread: R gives 0 / 0 or 1 / 0, we say that there is no number */
     .r = USUAL("if (max(length(unique(x)), length(unique(y))) < 2) rep(NaN, 7) else { r <- "
                "t.test(x, y, mu = a, conf.level = 1 - b); side <- function(s) t.test(x, y, mu "
                "= a, alternative = s)$p.value; c(r$statistic, r$parameter, r$p.value, "
                "side(\"greater\"), side(\"less\"), r$conf.int) }")},
    {.name = "welch_p",
     .inputs = welch_inputs,
     .ours = ours_welch_p,
     .results = "t p p_greater p_less",
     .scipy = USUAL("[t := lambda s: stats.ttest_ind(x - a, y, equal_var=False, "
                    "alternative=s), t('two-sided').statistic, t('two-sided').pvalue, "
                    "t('greater').pvalue, t('less').pvalue][1:] if max(np.ptp(x), np.ptp(y)) > "
                    "0 else [math.nan] * 4")},
    {.name = "permutation",
     .inputs = few,
     .ours = ours_permutation,
     .results = "p_greater p_less p",
     .r = USUAL("{ z <- c(x, y); n <- length(x); d <- combn(length(z), n, function(i) "
                "mean(z[i]) - mean(z[-i])); o <- mean(x) - mean(y); e <- 1e-12 * max(abs(z)); "
                "c(mean(d >= o - e), mean(d <= o + e), mean(abs(d) >= abs(o) - e)) }"),
     /* SciPy's two-sided p is twice the smaller tail; 1e-14 is nothing to it, so it gets the
      * scale 1 */
     .scipy =
         USUAL("[u := x / d, v := y / d, t := lambda s: stats.permutation_test((u, v), "
               "lambda u, v, axis: u.mean(axis) - v.mean(axis), vectorized=True, "
               "n_resamples=np.inf, alternative=s), t('greater').pvalue, "
               "t('less').pvalue, np.mean(abs(t('greater').null_distribution) >= "
               "abs(u.mean() - v.mean()) - 1e-12 * max(abs(u).max(), abs(v).max()))][3:]")},
    {.name = "mann_whitney_exact",
     .inputs = untied,
     .ours = ours_mann_whitney_exact,
     .results = "u p p_greater p_less",
     .r = USUAL(R_MANN_WHITNEY("exact = TRUE")),
     .scipy = USUAL(SCIPY_MANN_WHITNEY("method='exact'"))},
    {.name = "mann_whitney_exact_ties",
     .inputs = few,
     .ours = ours_mann_whitney_exact_ties,
     .results = "u p p_greater p_less",
     .r = USUAL("{ r <- rank(c(x, y)); n <- length(x); u <- combn(length(r), n, function(i) "
                "sum(r[i])); o <- sum(r[1:n]); g <- mean(u >= o); l <- mean(u <= o); c(o - n * "
                "(n + 1) / 2, min(1, 2 * g, 2 * l), g, l) }")},
    {.name = "mann_whitney_corrected",
     .inputs = tied,
     .ours = ours_mann_whitney_corrected,
     .results = "u p p_greater p_less",
     .r = USUAL(R_MANN_WHITNEY("exact = FALSE, correct = TRUE")),
     .scipy = USUAL(SCIPY_MANN_WHITNEY("method='asymptotic'"))},
    {.name = "mann_whitney_normal",
     .inputs = tied,
     .ours = ours_mann_whitney_normal,
     .results = "u p p_greater p_less",
     .r = USUAL(R_MANN_WHITNEY("exact = FALSE, correct = FALSE")),
     .scipy = USUAL(SCIPY_MANN_WHITNEY("method='asymptotic', use_continuity=False"))},
    {.name = "brunner_munzel",
     .inputs = ranked,
     .ours = ours_brunner_munzel,
     .results = "statistic 1+p 1+p_greater 1+p_less",
     /* positive where the second sample is larger; infinite where one is wholly above the
      * other, which we call no number */
     .scipy = USUAL("[t := lambda s: stats.brunnermunzel(y, x, alternative=s), r := "
                    "t('two-sided'), r.statistic, 1 + r.pvalue, 1 + t('less').pvalue, 1 + "
                    "t('greater').pvalue][2:] if math.isfinite(stats.brunnermunzel(y, "
                    "x).statistic) else [math.nan] * 4")},
    {.name = "friedman",
     .inputs = scores,
     .ours = ours_friedman,
     .results = "chi2 p",
     .r = USUAL("{ r <- friedman.test(" R_MATRIX "); c(r$statistic, r$p.value) }"),
     .scipy = USUAL("list(stats.friedmanchisquare(*" SCIPY_MATRIX ".T))")},
    {.name = "mean_ranks",
     .inputs = scores,
     .ours = ours_mean_ranks,
     .results = "mean rank of each arm",
     .r = USUAL("rowMeans(apply(-" R_MATRIX ", 1, rank))"),
     .scipy = USUAL("stats.rankdata(-" SCIPY_MATRIX ", axis=1).mean(0)")},
    {.name = "nemenyi_q",
     .inputs = arms,
     .ours = ours_nemenyi_q,
     .results = "q",
     .r = {"qtukey(1 - b, a, Inf) / sqrt(2)", 1e-4, qtukey},
     .scipy = USUAL("stats.studentized_range.ppf(1 - b, a, math.inf) / math.sqrt(2)")},
    {.name = "critical_difference",
     .inputs = arms,
     .ours = ours_critical_difference,
     .results = "difference of mean ranks",
     .r = {"qtukey(1 - b, a, Inf) / sqrt(2) * sqrt(a * (a + 1) / (6 * c))", 1e-4, qtukey}},
};

const peer_family peers_groups = {functions, RG_COUNT(functions)};
