/* facts_ranking.c - many arms over many data sets: mean ranks, Friedman's test, the critical
 * difference (Demsar 2006, "Statistical comparisons of classifiers over multiple data sets").
 *
 * A data set counts when every arm has a run on it.  An arm without a finite mean has failed
 * there, and takes the last rank. */
#include "lab/report/facts.h"
#include "rigor/groups.h"

#include <math.h>
#include <stdlib.h>

enum { FEWEST_SETS = 6, FEWEST_ARMS = 3 };

static bool is_complete(const cells *all, size_t set)
{
    for (size_t arm = 0; arm < all->n_arms; arm++)
        if (!cells_at(all, set, arm)->n)
            return false;
    return true;
}

/* Means of the complete sets, higher is better: (sets, arms).  Returns how many sets. */
static size_t oriented_means(const cells *all, double *ret, json_t *left_out)
{
    size_t sets = 0;
    for (size_t set = 0; set < all->n_sets; set++) {
        if (!is_complete(all, set)) {
            json_array_append_new(left_out, json_string(cells_set_name(all, set)));
            continue;
        }
        for (size_t arm = 0; arm < all->n_arms; arm++) {
            double mean = cells_mean(cells_at(all, set, arm));
            mean = all->options->maximize ? mean : -mean;
            ret[sets * all->n_arms + arm] = isnan(mean) ? -INFINITY : mean;
        }
        sets++;
    }
    return sets;
}

typedef struct ranked {
    double rank;
    size_t arm;
} ranked;

static int by_rank(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank > y->rank ? 1 : -1;
    return (x->arm > y->arm) - (x->arm < y->arm);
}

static ranked *ranks_of(const cells *all, const double *means, size_t sets)
{
    double *rank = RG_ARENA_ARRAY(all->arena, double, all->n_arms);
    ranked *order = RG_ARENA_ARRAY(all->arena, ranked, all->n_arms);
    rg_mean_ranks(means, sets, all->n_arms, rank);
    for (size_t arm = 0; arm < all->n_arms; arm++)
        order[arm] = (ranked){rank[arm], arm};
    qsort(order, all->n_arms, sizeof(*order), by_rank);
    return order;
}

static json_t *ranks_json(const cells *all, const ranked *order)
{
    json_t *arms = json_array();
    for (size_t i = 0; i < all->n_arms; i++)
        json_array_append_new(arms, json_pack("{s:s, s:o}", "name", all->arms[order[i].arm].arm,
                                              "rank", rg_json_real(order[i].rank)));
    return arms;
}

/* The longest runs of ranks within the critical difference; one inside another says nothing
 * more, and one arm alone is no group. */
static json_t *cliques_json(const cells *all, const ranked *order, double difference)
{
    json_t *cliques = json_array();
    for (size_t from = 0, reached = 0; from < all->n_arms; from++) {
        size_t to = from;
        while (to + 1 < all->n_arms && order[to + 1].rank - order[from].rank < difference)
            to++;
        if (to == from || to < reached + (from > 0))
            continue;
        json_t *names = json_array();
        for (size_t i = from; i <= to; i++)
            json_array_append_new(names, json_string(all->arms[order[i].arm].arm));
        json_array_append_new(cliques, names);
        reached = to;
    }
    return cliques;
}

static json_t *friedman_json(rg_friedman_result f)
{
    const struct {
        const char *key;
        double value;
    } parts[] = {
        {"chi2", f.chi2},
        {"p_chi2", f.p_chi2},
        {"chi2_ties", f.chi2_ties},
        {"p_chi2_ties", f.p_chi2_ties},
        {"df", f.df},
        {"f", f.f},
        {"df1", f.df1},
        {"df2", f.df2},
        {"p_f", f.p_f},
    };
    json_t *ret = json_object();
    for (size_t i = 0; i < RG_COUNT(parts); i++)
        json_object_set_new(ret, parts[i].key, rg_json_real(parts[i].value));
    return ret;
}

json_t *facts_ranking(const cells *all)
{
    double alpha = all->options->analysis.alpha;
    double *means = RG_ARENA_ARRAY(all->arena, double, all->n_sets * all->n_arms + 1);
    json_t *left_out = json_array();
    size_t sets = oriented_means(all, means, left_out);
    if (sets < FEWEST_SETS || all->n_arms < FEWEST_ARMS) {
        json_decref(left_out);
        return json_null();
    }
    const ranked *order = ranks_of(all, means, sets);
    double difference = rg_critical_difference(all->n_arms, sets, alpha);
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "sets", (json_int_t)sets,
                     "left_out", left_out, "arms", ranks_json(all, order), "friedman",
                     friedman_json(rg_friedman(means, sets, all->n_arms)),
                     "critical_difference", rg_json_real(difference), "alpha",
                     rg_json_real(alpha), "cliques", cliques_json(all, order, difference));
}
