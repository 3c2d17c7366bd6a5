/* peers_predictions.c - two fixed models on one test set. */
#include "peers.h"

#include "rigor/data.h"
#include "rigor/predictions.h"

/* ---- McNemar: a and b examples that one model alone has right */

static size_t ours_mcnemar(const peer_inputs *in, double *ret)
{
    rg_mcnemar_result m = rg_mcnemar((size_t)in->a, (size_t)in->b);
    const double results[] = {m.chi2, m.p_chi2, m.chi2_corrected, m.p_chi2_corrected};
    for (size_t i = 0; i < RG_COUNT(results); i++)
        ret[i] = results[i];
    return RG_COUNT(results);
}

static size_t ours_mcnemar_exact(const peer_inputs *in, double *ret)
{
    *ret = rg_mcnemar((size_t)in->a, (size_t)in->b).p_exact;
    return 1;
}

static void disagreements(peer_inputs *in)
{
    double most = in->number % 2 ? 5 : 400;
    in->a = peer_whole(in, 0, most);
    in->b = in->number % 10 ? peer_whole(in, 0, most) : in->a;
}

/* ---- Areas: x are the scores of the positive examples, y those of the negative ones */

static void labelled(const peer_inputs *in, double *score, bool *positive)
{
    for (size_t i = 0; i < in->n_x + in->n_y; i++) {
        positive[i] = i < in->n_x;
        score[i] = positive[i] ? in->x[i] : in->y[i - in->n_x];
    }
}

static size_t ours_auc(const peer_inputs *in, double *ret)
{
    double score[2 * PEER_LIST];
    bool positive[2 * PEER_LIST];
    labelled(in, score, positive);
    *ret = rg_auc(score, positive, in->n_x + in->n_y);
    return 1;
}

static void two_lists(peer_inputs *in)
{
    peer_two_lists(in, 2, 40, PEER_ALL);
}

static const peer_function functions[] = {
    {.name = "mcnemar",
     .inputs = disagreements,
     .ours = ours_mcnemar,
     .results = "chi2 p corrected p",
     .r = {"{ m <- function(k) mcnemar.test(matrix(c(1, a, b, 1), 2), correct = k); "
           "c(m(FALSE)$statistic, m(FALSE)$p.value, m(TRUE)$statistic, m(TRUE)$p.value) }",
           1e-9, NULL}},
    {.name = "mcnemar_exact",
     .inputs = disagreements,
     .ours = ours_mcnemar_exact,
     .results = "p",
     .r = {"if (a + b) binom.test(a, a + b)$p.value else 1", 1e-9, NULL},
     /* no disagreement: p = 1, where they refuse */
     .scipy = {"stats.binomtest(int(a), int(a + b)).pvalue if a + b else 1", 1e-9, NULL}},
    {.name = "auc",
     .inputs = two_lists,
     .ours = ours_auc,
     .results = "area",
     .r = {"wilcox.test(x, y)$statistic / length(x) / length(y)", 1e-12, NULL},
     .scipy = {"stats.mannwhitneyu(x, y).statistic / len(x) / len(y)", 1e-12, NULL}},
};

const peer_family peers_predictions = {functions, RG_COUNT(functions)};
