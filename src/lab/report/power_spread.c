/* power_spread.c - how much the differences of earlier results scatter: what a power question
 * learns from a study or a table of results.
 *
 * Pairs: the standard deviation of a claim's paired differences, pooled within data sets.
 * Without pairs: that of the scores, pooled within the two arms.  A standard deviation of few
 * values is itself uncertain: (n - 1) s^2 / sigma^2 is chi2 with n - 1 degrees of freedom, so
 * the interval reaches from s sqrt(df / chi2_{.975}) to s sqrt(df / chi2_{.025}). */
#include "lab/report/power_spread.h"

#include <math.h>
#include <string.h>

#define UNSURE .05

void power_spread_interval(power_spread *spread)
{
    double df = (double)spread->df;
    spread->lo =
        spread->df ? spread->sd * sqrt(df / rg_chi2_quantile(1 - UNSURE / 2, df)) : NAN;
    spread->hi = spread->df ? spread->sd * sqrt(df / rg_chi2_quantile(UNSURE / 2, df)) : NAN;
}

/* Sums within groups: a group's mean is its own, the spread around it is shared. */
typedef struct group {
    const char *name;
    double sum, squares; /* of the values, then of the distances from the mean */
    size_t n;
} group;
typedef RG_VEC(group) groups;

static group *group_of(groups *all, const char *name)
{
    for (size_t i = 0; i < all->len; i++)
        if (!strcmp(all->at[i].name, name))
            return &all->at[i];
    rg_vec_push(all, ((group){.name = name}));
    return &all->at[all->len - 1];
}

static double value_of(const json_t *item)
{
    return json_is_object(item) ? rg_json_number(json_object_get(item, "difference"), NAN)
                                : rg_json_number(item, NAN);
}

/* Adds the values of a list; called twice, as the distances need the means. */
static void add_values(groups *all, const json_t *list, const char *name, bool distances)
{
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item) {
        double value = value_of(item);
        group *g = group_of(all, rg_json_text(item, "set", name));
        if (!isfinite(value))
            continue;
        if (distances) {
            g->squares += pow(value - g->sum / (double)g->n, 2);
        } else {
            g->sum += value;
            g->n++;
        }
    }
}

static void pool(const groups *all, power_spread *ret)
{
    double squares = 0;
    for (size_t i = 0; i < all->len; i++) {
        squares += all->at[i].squares;
        ret->n += all->at[i].n;
        ret->df += all->at[i].n > 0 ? all->at[i].n - 1 : 0;
    }
    ret->sd = ret->df ? sqrt(squares / (double)ret->df) : NAN;
    power_spread_interval(ret);
}

static const json_t *scores_of(const json_t *facts, const char *arm)
{
    const char *metric = rg_json_text(json_object_get(facts, "metric"), "name", "");
    size_t i;
    json_t *found;
    json_array_foreach (json_object_get(facts, "arms"), i, found)
        if (!strcmp(rg_json_text(found, "name", ""), arm))
            return json_object_get(json_object_get(json_object_get(found, "metrics"), metric),
                                   "values");
    return NULL;
}

power_spread power_spread_of_claim(const json_t *facts, const json_t *claim, rg_design design)
{
    power_spread ret = {.label = rg_json_text(claim, "claim", ""),
                        .observed = rg_json_number(json_object_get(claim, "estimate"), NAN)};
    const char *a = rg_json_text(claim, "a", ""), *b = rg_json_text(claim, "b", "");
    const json_t *differences = json_object_get(claim, "differences");
    groups all = {0};
    for (int distances = 0; distances < 2; distances++) {
        if (design == RG_PAIRS) {
            add_values(&all, differences, "", distances);
        } else {
            add_values(&all, scores_of(facts, a), a, distances);
            add_values(&all, scores_of(facts, b), b, distances);
        }
    }
    pool(&all, &ret);
    rg_vec_free(&all);
    return ret;
}
