/* metrics_ranking.c - how well rows are ranked within their groups (queries, users, sessions).
 *
 * A row's relevance is its target, or the index of its class; it is relevant when that is above
 * 0.  Rows are ranked by the predicted number, of probabilities by the expected index of the
 * class.  Rows with one score have no order: the metrics of the first k are the mean over all
 * orders of them, in closed form (McSherry and Najork 2008); average precision takes them
 * together, as one threshold.  A group without a relevant row says nothing about a ranking and
 * is left out; where no group has one, there is no score. */
#include "data/metrics.h"

#include <math.h>
#include <stdlib.h>

typedef struct member { /* a row in its group */
    int64_t group;
    size_t row;
    double score, relevance;
} member;

typedef struct query {
    const member *at;  /* in order of the rows */
    rg_pooled *sorted; /* best first; place: in `at`; first: relevant */
    size_t n, relevant, k;
} query;

typedef double (*query_fn)(const query *q);

static int by_group(const void *a, const void *b)
{
    const member *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static double expected_class(const rg_predictions *p, size_t row)
{
    double sum = 0;
    for (size_t c = 1; c < p->classes; c++)
        sum += (double)c * (double)p->value[row * p->classes + c];
    return sum;
}

static member *members_by_group(const rg_predictions *p, const rg_part *truth)
{
    member *members = RG_NEW_ARRAY(member, p->rows + 1);
    for (size_t i = 0; i < p->rows; i++)
        members[i] = (member){
            .group = truth->group[i],
            .row = i,
            .score = p->classes ? expected_class(p, i) : (double)p->value[i],
            .relevance = truth->label ? (double)truth->label[i] : (double)truth->target[i],
        };
    qsort(members, p->rows, sizeof(*members), by_group);
    return members;
}

/* Sorts q->sorted, which has room for n; false where a score is NaN. */
static bool query_sort(query *q)
{
    q->relevant = 0;
    for (size_t i = 0; i < q->n; i++) {
        bool relevant = q->at[i].relevance > 0;
        q->sorted[i] = (rg_pooled){-q->at[i].score, i, relevant};
        q->relevant += relevant;
    }
    return rg_pool_sort(q->sorted, q->n);
}

static double mean_over_queries(const rg_predictions *p, const rg_part *truth, size_t k,
                                query_fn score)
{
    member *members = members_by_group(p, truth);
    rg_pooled *sorted = RG_NEW_ARRAY(rg_pooled, p->rows + 1);
    double sum = 0;
    size_t queries = 0;
    for (size_t begin = 0, end = 0; begin < p->rows; begin = end) {
        while (end < p->rows && members[end].group == members[begin].group)
            end++;
        query q = {members + begin, sorted, end - begin, 0, k};
        bool valid = query_sort(&q);
        if (valid && q.relevant == 0)
            continue;
        sum += valid ? score(&q) : (double)NAN;
        queries++;
    }
    rg_free(sorted);
    rg_free(members);
    return sum / (double)queries;
}

/* ---- the first k
 * ------------------------------------------------------------------------------- */

/* Sum over i in [begin, end), cut at k, of 1 / log2(i + 2). */
static double discounts(size_t begin, size_t end, size_t k)
{
    double sum = 0;
    for (size_t i = begin; i < end && i < k; i++)
        sum += 1 / log2((double)i + 2);
    return sum;
}

/* Relevances, each over log2 of (place + 1); ties share the mean of theirs. */
static double discounted_gain(const query *q, const rg_pooled *sorted)
{
    double gain = 0;
    for (size_t i = 0; i < q->n && i < q->k;) {
        rg_ties ties = rg_ties_at(sorted, q->n, i);
        double relevance = 0;
        for (size_t j = i; j < ties.end; j++)
            relevance += q->at[sorted[j].place].relevance;
        gain += relevance / (double)(ties.end - i) * discounts(i, ties.end, q->k);
        i = ties.end;
    }
    return gain;
}

static double ndcg(const query *q)
{
    double gain = discounted_gain(q, q->sorted);
    for (size_t i = 0; i < q->n; i++)
        q->sorted[i] = (rg_pooled){-q->at[i].relevance, i, true};
    rg_pool_sort(q->sorted, q->n);
    return gain / discounted_gain(q, q->sorted);
}

/* Jarvelin and Kekalainen (2002), with the relevance itself as the gain. */
double rg_score_ndcg(const rg_predictions *p, const rg_part *truth, size_t k)
{
    return mean_over_queries(p, truth, k, ndcg);
}

/* Whether a relevant row is among the first k.  Of t tied rows, r relevant, of which m get a
 * place, all are irrelevant with probability C(t - r, m) / C(t, m). */
static double hit(const query *q)
{
    for (size_t i = 0; i < q->n && i < q->k;) {
        rg_ties ties = rg_ties_at(q->sorted, q->n, i);
        size_t places = ties.end < q->k ? ties.end - i : q->k - i;
        if (ties.first > 0) {
            double missed = 1;
            for (size_t j = 0; j < places && missed > 0; j++)
                missed *= ties.second > j
                              ? (double)(ties.second - j) / (double)(ties.end - i - j)
                              : 0;
            return 1 - missed;
        }
        i = ties.end;
    }
    return 0;
}

double rg_score_hit_rate(const rg_predictions *p, const rg_part *truth, size_t k)
{
    return mean_over_queries(p, truth, k, hit);
}

/* ---- all rows
 * ---------------------------------------------------------------------------------- */

static double precision(const query *q)
{
    return rg_average_precision(q->sorted, q->n, q->relevant);
}

double rg_score_map(const rg_predictions *p, const rg_part *truth)
{
    return mean_over_queries(p, truth, 0, precision);
}
