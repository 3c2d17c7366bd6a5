/* peers_pairs.c - tests, intervals and effects of one list of differences, and corrections. */
#include "peers.h"

#include "rigor/stats.h"

/* ---- The t test: x against a, level b; equivalence: margin c */

static size_t ours_t_test(const peer_inputs *in, double *ret)
{
    rg_t_result t = rg_t_test(in->x, in->n_x, in->a, in->b);
    const double results[] = {t.t, t.df, t.p, t.p_greater, t.p_less, t.lo, t.hi};
    for (size_t i = 0; i < RG_COUNT(results); i++)
        ret[i] = isnan(t.t) ? NAN : results[i];
    return RG_COUNT(results);
}

static size_t ours_tost(const peer_inputs *in, double *ret)
{
    rg_tost_result e = rg_tost(in->x, in->n_x, in->c, in->b);
    const double results[] = {e.t_lower, e.p_lower, e.t_upper, e.p_upper, e.p, e.lo, e.hi};
    for (size_t i = 0; i < RG_COUNT(results); i++)
        ret[i] = results[i];
    return RG_COUNT(results);
}

static size_t ours_tost_value(const peer_inputs *in, double *ret)
{
    rg_tost_result e = rg_tost_value(in->x, in->n_x, in->a, in->c, in->b);
    ret[0] = e.p_lower;
    ret[1] = e.p_upper;
    return 2;
}

static void t_inputs(peer_inputs *in)
{
    peer_list(in, 2, 40, PEER_ALL);
    in->a = in->d * peer_uniform(in, -1, 1);
    in->b = peer_uniform(in, .01, .2);
    in->c = in->d * peer_uniform(in, .1, 3);
}

/* ---- Sign flips and ranks */

static size_t ours_signflip(const peer_inputs *in, double *ret)
{
    *ret = rg_signflip(in->x, in->n_x, 1).p;
    return 1;
}

static void few(peer_inputs *in)
{
    peer_list(in, 2, 9, PEER_TIES | PEER_CONSTANT | PEER_SCALE);
}

static size_t wilcoxon(const peer_inputs *in, rg_zeros zeros, rg_wilcoxon_method method,
                       double *ret)
{
    rg_wilcoxon_result w = rg_wilcoxon(in->x, in->n_x, zeros, method);
    ret[0] = w.w_plus;
    ret[1] = w.p;
    ret[2] = w.p_greater;
    ret[3] = w.p_less;
    return 4;
}

static size_t ours_wilcoxon_drop(const peer_inputs *in, double *ret)
{
    return wilcoxon(in, RG_ZEROS_DROP, RG_WILCOXON_AUTO, ret);
}

static size_t ours_wilcoxon_pratt(const peer_inputs *in, double *ret)
{
    return wilcoxon(in, RG_ZEROS_PRATT, RG_WILCOXON_AUTO, ret);
}

static size_t ours_wilcoxon_split(const peer_inputs *in, double *ret)
{
    return wilcoxon(in, RG_ZEROS_SPLIT, RG_WILCOXON_AUTO, ret);
}

static size_t ours_wilcoxon_exact(const peer_inputs *in, double *ret)
{
    return wilcoxon(in, RG_ZEROS_DROP, RG_WILCOXON_EXACT, ret);
}

/* Lists of nothing but zeros are left out: p is 1 by our convention, and refused by theirs. */
static void not_all_zero(peer_inputs *in)
{
    if (in->x[0] == 0)
        in->x[0] = .25;
}

static void ranked(peer_inputs *in)
{
    peer_list(in, 2, 40, PEER_ALL);
    not_all_zero(in);
}

static void few_ranked(peer_inputs *in)
{
    peer_list(in, 1, 9, PEER_ALL);
    not_all_zero(in);
}

static size_t ours_hodges_lehmann(const peer_inputs *in, double *ret)
{
    rg_hodges_lehmann_result h = rg_hodges_lehmann(in->x, in->n_x, in->a);
    ret[0] = h.estimate;
    ret[1] = h.lo;
    ret[2] = h.hi;
    return 3;
}

/* R switches to an approximation of its own with ties; below n = 6 it takes another level. */
static void untied(peer_inputs *in)
{
    peer_list(in, 6, 25, PEER_SCALE);
    in->a = peer_uniform(in, .06, .2);
}

/* ---- Effects */

static size_t ours_cohens_d(const peer_inputs *in, double *ret)
{
    *ret = rg_cohens_d(in->x, in->n_x);
    return 1;
}

static void any_list(peer_inputs *in)
{
    peer_list(in, 2, 40, PEER_ALL);
}

static size_t ours_p_superior(const peer_inputs *in, double *ret)
{
    rg_superiority s = rg_p_superior(in->x, in->n_x, .05);
    ret[0] = s.p;
    ret[1] = (double)s.wins;
    ret[2] = (double)s.ties;
    return 3;
}

static size_t ours_clopper_pearson(const peer_inputs *in, double *ret)
{
    rg_clopper_pearson(in->a, in->b, in->c, &ret[0], &ret[1]);
    return 2;
}

static void successes(peer_inputs *in)
{
    in->b = peer_whole(in, 1, in->number % 2 ? 12 : 2000);
    in->a = in->number % 10 ? peer_whole(in, 0, in->b) : in->number % 20 ? in->b : 0;
    in->c = peer_uniform(in, .01, .2);
}

/* ---- Several tests: x are raw p-values */

static size_t adjusted(rg_adjustment method, const peer_inputs *in, double *ret)
{
    rg_adjust(method, in->x, in->n_x, ret);
    return in->n_x;
}

static size_t ours_bonferroni(const peer_inputs *in, double *ret)
{
    return adjusted(RG_ADJUST_BONFERRONI, in, ret);
}

static size_t ours_holm(const peer_inputs *in, double *ret)
{
    return adjusted(RG_ADJUST_HOLM, in, ret);
}

static size_t ours_hochberg(const peer_inputs *in, double *ret)
{
    return adjusted(RG_ADJUST_HOCHBERG, in, ret);
}

static size_t ours_benjamini_hochberg(const peer_inputs *in, double *ret)
{
    return adjusted(RG_ADJUST_BENJAMINI_HOCHBERG, in, ret);
}

static void raw_p(peer_inputs *in)
{
    in->n_x = (size_t)peer_whole(in, 1, 40);
    for (size_t i = 0; i < in->n_x; i++) {
        double p = peer_uniform(in, 0, 1);
        in->x[i] = in->number % 3 == 0   ? rint(10 * p) / 10
                   : in->number % 3 == 1 ? pow(p, 20)
                                         : p;
    }
}

#define USUAL(text) \
    { \
        text, 1e-9, NULL \
    }
#define ADJUSTED(function, theirs) \
    { \
#function, raw_p, ours_##function, "adjusted p", \
            {"p.adjust(x, \"" theirs "\")", 1e-13, NULL }, \
        { \
            0 \
        } \
    }

/* Exact as ours: no more than 25 values, without ties and zeros. */
#define R_EXACT "length(x) <= 25 && all(x != 0) && !anyDuplicated(abs(x))"
#define SCIPY_WILCOXON(zeros) \
    "[m := 'exact' if len(x) <= 25 and np.all(x != 0) and len(set(abs(x))) == len(x) " \
    "else 'approx', w := lambda side: stats.wilcoxon(x, zero_method='" zeros \
    "', method=m, alternative=side), w('greater').statistic, w('two-sided').pvalue, " \
    "w('greater').pvalue, w('less').pvalue][2:]"

/* Without spread R gives t = 0 / 0 or 1 / 0, SciPy infinity; we say that there is no number. */
#define R_SPREAD(numbers, text) "if (length(unique(x)) < 2) rep(NaN, " #numbers ") else " text
#define SCIPY_SPREAD(numbers, text) text " if np.ptp(x) > 0 else [math.nan] * " #numbers

/* SciPy's quantiles of t are a search of Cephes that stops at some nine digits. */
static const char cephes[] = "the interval takes its quantile of t";
#define CEPHES(text) \
    { \
        text, 1e-6, cephes \
    }

static const peer_function functions[] = {
    {.name = "t_test",
     .inputs = t_inputs,
     .ours = ours_t_test,
     .results = "t df p p_greater p_less lo hi",
     .r = USUAL(R_SPREAD(7, "{ r <- t.test(x, mu = a, conf.level = 1 - b); side <- function(s) "
                            "t.test(x, mu = a, alternative = s)$p.value; c(r$statistic, "
                            "r$parameter, r$p.value, side(\"greater\"), side(\"less\"), "
                            "r$conf.int) }")),
     .scipy = CEPHES(SCIPY_SPREAD(
         7, "[t := lambda s: stats.ttest_1samp(x, a, alternative=s), r := t('two-sided'), i := "
            "r.confidence_interval(1 - b), r.statistic, r.df, r.pvalue, t('greater').pvalue, "
            "t('less').pvalue, i.low, i.high][3:]"))},
    {.name = "tost",
     .inputs = t_inputs,
     .ours = ours_tost,
     .results = "t_lower p_lower t_upper p_upper p lo hi",
     .r = USUAL(R_SPREAD(7, "{ l <- t.test(x, mu = -c, alternative = \"greater\"); u <- "
                            "t.test(x, mu = c, alternative = \"less\"); base::c(l$statistic, "
                            "l$p.value, u$statistic, u$p.value, max(l$p.value, u$p.value), "
                            "t.test(x, conf.level = 1 - 2 * b)$conf.int) }")),
     .scipy = CEPHES(SCIPY_SPREAD(
         7, "[l := stats.ttest_1samp(x, -c, alternative='greater'), u := stats.ttest_1samp(x, "
            "c, alternative='less'), i := stats.ttest_1samp(x, 0).confidence_interval(1 - 2 * "
            "b), l.statistic, l.pvalue, u.statistic, u.pvalue, max(l.pvalue, u.pvalue), i.low, "
            "i.high][3:]"))},
    {.name = "tost_value",
     .inputs = t_inputs,
     .ours = ours_tost_value,
     .results = "p_lower p_upper",
     .r = USUAL(R_SPREAD(2, "base::c(t.test(x, mu = a - c, alternative = \"greater\")$p.value, "
                            "t.test(x, mu = a + c, alternative = \"less\")$p.value)")),
     .scipy =
         USUAL(SCIPY_SPREAD(2, "[stats.ttest_1samp(x, a - c, alternative='greater').pvalue, "
                               "stats.ttest_1samp(x, a + c, alternative='less').pvalue]"))},
    {.name = "signflip",
     .inputs = few,
     .ours = ours_signflip,
     .results = "p",
     .r = USUAL("{ s <- as.matrix(expand.grid(rep(list(c(-1, 1)), length(x)))); mean(abs(s "
                "%*% x) >= abs(sum(x)) - 1e-12 * sum(abs(x))) }"),
     /* SciPy takes 1e-14 for nothing, so it gets the scale 1 */
     .scipy = USUAL("stats.permutation_test((x / d,), lambda x, axis: x.mean(axis), "
                    "permutation_type='samples', vectorized=True, n_resamples=np.inf).pvalue")},
    {.name = "wilcoxon_drop",
     .inputs = ranked,
     .ours = ours_wilcoxon_drop,
     .results = "w_plus p p_greater p_less",
     .r = USUAL(
         "{ w <- function(s) wilcox.test(x, exact = " R_EXACT ", correct = FALSE, "
         "alternative = s); base::c(w(\"two.sided\")$statistic, w(\"two.sided\")$p.value, "
         "w(\"greater\")$p.value, w(\"less\")$p.value) }"),
     .scipy = USUAL(SCIPY_WILCOXON("wilcox"))},
    {.name = "wilcoxon_pratt",
     .inputs = ranked,
     .ours = ours_wilcoxon_pratt,
     .results = "w_plus p p_greater p_less",
     .scipy = USUAL(SCIPY_WILCOXON("pratt"))},
    {.name = "wilcoxon_split",
     .inputs = ranked,
     .ours = ours_wilcoxon_split,
     .results = "w_plus p p_greater p_less",
     .scipy = USUAL(SCIPY_WILCOXON("zsplit"))},
    {.name = "wilcoxon_exact_ties",
     .inputs = few_ranked,
     .ours = ours_wilcoxon_exact,
     .results = "w_plus p p_greater p_less",
     .r =
         USUAL("{ x <- x[x != 0]; r <- rank(abs(x)); v <- as.matrix(expand.grid(rep(list(c(0, "
               "1)), length(x)))) %*% r; o <- sum(r[x > 0]); g <- mean(v >= o); l <- mean(v <= "
               "o); base::c(o, min(1, 2 * g, 2 * l), g, l) }")},
    {.name = "hodges_lehmann",
     .inputs = untied,
     .ours = ours_hodges_lehmann,
     .results = "estimate lo hi",
     .r = {"{ r <- wilcox.test(x, exact = TRUE, conf.int = TRUE, conf.level = 1 - a); "
           "c(r$estimate, r$conf.int) }",
           1e-12, NULL}},
    {.name = "cohens_d",
     .inputs = any_list,
     .ours = ours_cohens_d,
     .results = "d",
     .r = USUAL(R_SPREAD(1, "mean(x) / sd(x)")),
     .scipy = USUAL(SCIPY_SPREAD(1, "x.mean() / x.std(ddof=1)"))},
    {.name = "p_superior",
     .inputs = any_list,
     .ours = ours_p_superior,
     .results = "p wins ties",
     .r = USUAL("c(mean((sign(x) + 1) / 2), sum(x > 0), sum(x == 0))"),
     .scipy = USUAL("[np.mean((np.sign(x) + 1) / 2), np.sum(x > 0), np.sum(x == 0)]")},
    {.name = "clopper_pearson",
     .inputs = successes,
     .ours = ours_clopper_pearson,
     .results = "lo hi",
     .r = USUAL("binom.test(a, b, conf.level = 1 - c)$conf.int"),
     .scipy = {"stats.binomtest(int(a), int(b)).proportion_ci(1 - c, 'exact')", 1e-9, NULL}},
    ADJUSTED(bonferroni, "bonferroni"),
    ADJUSTED(holm, "holm"),
    ADJUSTED(hochberg, "hochberg"),
    ADJUSTED(benjamini_hochberg, "BH"),
};

const peer_family peers_pairs = {functions, RG_COUNT(functions)};
