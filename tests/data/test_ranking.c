/* Rankings within groups: by hand, and against every order that ties allow. */
#include "scratch.h"

enum { MOST = 7 };

typedef struct ranking {
    float value[MOST], target[MOST];
    int64_t group[MOST];
    size_t rows;
} ranking;

static double score(const char *metric, const ranking *r)
{
    rg_part truth = {.rows = r->rows, .target = r->target, .group = r->group};
    rg_predictions p = {r->rows, 0, r->value, NULL, false, NULL};
    return rg_metric_score(rg_metric_find(metric), &p, &truth);
}

static void by_hand(void **state)
{
    (void)state;
    /* Järvelin and Kekäläinen's discount: relevances 3 2 3 0 1 2 in the order of the scores */
    const ranking r = {{6, 5, 4, 3, 2, 1}, {3, 2, 3, 0, 1, 2}, {0}, 6};
    double gain = 3 + 2 / log2(3) + 3. / 2 + 0 + 1 / log2(6) + 2 / log2(7);
    double ideal = 3 + 3 / log2(3) + 2. / 2 + 2 / log2(5) + 1 / log2(6);
    assert_close(score("ndcg@6", &r), gain / ideal, 1e-15);
    assert_close(score("ndcg@1000", &r), gain / ideal, 1e-15);
    assert_close(score("ndcg@1", &r), 1, 0);
    assert_close(score("ndcg@2", &r), (3 + 2 / log2(3)) / (3 + 3 / log2(3)), 1e-15);
    assert_close(score("map", &r), (1 + 1 + 1 + 4. / 5 + 5. / 6) / 5, 1e-15);
    const ranking late = {{6, 5, 4, 3, 2, 1}, {0, 0, -1, 1, 0, 1}, {0}, 6};
    assert_close(score("hit_rate@3", &late), 0, 0);
    assert_close(score("hit_rate@4", &late), 1, 0);
    assert_close(score("map", &late), (1. / 4 + 2. / 6) / 2, 1e-15);
    assert_true(isnan(score("ndcg@3", &late))); /* a negative relevance: not ready */
}

/* Groups weigh the same, whatever their size and wherever their rows stand; one without a
 * relevant row does not count. */
static void groups(void **state)
{
    (void)state;
    ranking r = {{1, 9, 2, 8, 3, 5, 4}, {1, 0, 0, 1, 0, 0, 0}, {7, -2, 7, -2, 7, 5, 5}, 7};
    assert_close(score("hit_rate@1", &r), 0, 0);
    assert_close(score("hit_rate@2", &r), .5, 0); /* group -2 */
    assert_close(score("map", &r), (1. / 3 + 1. / 2) / 2, 1e-15);
    memset(r.target, 0, sizeof(r.target));
    assert_true(isnan(score("hit_rate@2", &r)) && isnan(score("ndcg@2", &r)) &&
                isnan(score("map", &r)));
    r.rows = 0;
    assert_true(isnan(score("map", &r)));
}

/* Of classes the index is the relevance, and the expected index is the score. */
static void classes(void **state)
{
    (void)state;
    const float p[] = {.5f, .25f, .25f, 0, .5f, .5f, .5f, 0, .5f}; /* expected .75, 1.5, 1 */
    const int32_t label[] = {2, 0, 1};
    const int64_t group[] = {4, 4, 4};
    const rg_part truth = {.rows = 3, .classes = 3, .label = label, .group = group};
    const rg_predictions probabilities = {3, 3, p, NULL, false, NULL};
    const ranking same = {{.75f, 1.5f, 1}, {2, 0, 1}, {4, 4, 4}, 3};
    static const char *const names[] = {"ndcg@3", "ndcg@1", "hit_rate@1", "hit_rate@2", "map"};
    for (size_t i = 0; i < RG_COUNT(names); i++) {
        double expected = score(names[i], &same);
        rg_predictions scores = {3, 0, same.value, NULL, false, NULL};
        const rg_metric *metric = rg_metric_find(names[i]);
        assert_close(rg_metric_score(metric, &probabilities, &truth), expected, 0);
        assert_close(rg_metric_score(metric, &scores, &truth), expected, 0);
    }
}

/* ---- ties: the mean over all orders
 * ----------------------------------------------------------------------------------------- */

typedef struct orders {
    const ranking *of;
    ranking now; /* without ties: the rows in an order, best first */
    bool used[MOST];
    double sum[2];
    size_t count, k;
} orders;

static void all_orders(orders *o, size_t depth)
{
    const ranking *r = o->of;
    if (depth == r->rows) {
        char name[2][24];
        snprintf(name[0], sizeof(name[0]), "ndcg@%zu", o->k);
        snprintf(name[1], sizeof(name[1]), "hit_rate@%zu", o->k);
        for (int i = 0; i < 2; i++)
            o->sum[i] += score(name[i], &o->now);
        o->count++;
        return;
    }
    float best = -INFINITY;
    for (size_t i = 0; i < r->rows; i++)
        best = !o->used[i] && r->value[i] > best ? r->value[i] : best;
    for (size_t i = 0; i < r->rows; i++) {
        if (o->used[i] || r->value[i] < best)
            continue;
        o->used[i] = true;
        o->now.value[depth] = -(float)depth;
        o->now.target[depth] = r->target[i];
        all_orders(o, depth + 1);
        o->used[i] = false;
    }
}

static void ties_have_no_order(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "ties");
    for (int round = 0; round < 60; round++) {
        ranking r = {.rows = 1 + rg_rng_below(&rng, 6)};
        for (size_t i = 0; i < r.rows; i++) {
            r.value[i] = (float)rg_rng_below(&rng, 3);
            r.target[i] = (float)rg_rng_below(&rng, 3);
        }
        orders o = {.of = &r, .now = {.rows = r.rows}, .k = 1 + rg_rng_below(&rng, 4)};
        all_orders(&o, 0);
        char name[2][24];
        snprintf(name[0], sizeof(name[0]), "ndcg@%zu", o.k);
        snprintf(name[1], sizeof(name[1]), "hit_rate@%zu", o.k);
        for (int i = 0; i < 2; i++)
            assert_close(score(name[i], &r), o.sum[i] / (double)o.count, 1e-12);
    }
}

/* Only the order of the scores counts, and of the rows nothing. */
static void invariances(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "invariances");
    static const char *const names[] = {"ndcg@2", "hit_rate@3", "map"};
    for (int round = 0; round < 200; round++) {
        ranking r = {.rows = MOST}, moved = {.rows = MOST};
        for (size_t i = 0; i < MOST; i++) {
            r.value[i] = (float)rg_rng_below(&rng, 4);
            r.target[i] = (float)rg_rng_below(&rng, 2);
            r.group[i] = (int64_t)rg_rng_below(&rng, 2);
            moved.value[MOST - 1 - i] = expf(3 * r.value[i]);
            moved.target[MOST - 1 - i] = r.target[i];
            moved.group[MOST - 1 - i] = 40 - 9 * r.group[i];
        }
        for (size_t i = 0; i < RG_COUNT(names); i++)
            assert_close(score(names[i], &moved), score(names[i], &r), 1e-15);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),     cmocka_unit_test(groups),
        cmocka_unit_test(classes),     cmocka_unit_test(ties_have_no_order),
        cmocka_unit_test(invariances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
