/* verdict_sets.c - two to five data sets: the stratified t test.
 *
 * Each data set is tested as if it stood alone (pairs, folds or runs without partners); every
 * set weighs the same: M is the mean of the sets' estimates, its standard error the root of the
 * sum of theirs squared over their number, its degrees of freedom Satterthwaite's.  For pairs
 * that is rg_stratified_t; for folds each set's error is the corrected one; for unpaired runs
 * it is Welch's.  Folds are not averaged first: the seeds of one data set share their data, and
 * their averages would look far more certain than they are.
 *
 * Sign flips keep to M, too: a pair weighs as much as its share in it. */
#include "lab/study/verdict_sets.h"

#include "lab/stats/student.h"

#include <math.h>

bool rg_set_is_single(const rg_evidence *e, size_t i)
{
    const rg_block *b = &e->scores.block[i];
    return e->scores.paired ? b->pairs.n < 2 : b->a.n < 2 || b->b.n < 2;
}

/* A set whose own spread is unknown has no place in the stratified test. */
static bool has_single(const rg_evidence *e)
{
    bool single = false;
    for (size_t i = 0; i < e->scores.n_blocks; i++)
        single |= rg_set_is_single(e, i);
    return single;
}

static bool applies(const rg_evidence *e)
{
    return e->scores.n_blocks < RG_MANY_SETS && !has_single(e);
}

rg_t_result rg_set_test(const rg_evidence *e, size_t i, rg_orientation how, double alpha)
{
    return e->within->test(e, &e->scores.block[i], how, 0, alpha);
}

static rg_t_result test(const rg_evidence *e, const rg_block *all, rg_orientation how,
                        double null, double alpha)
{
    size_t sets = e->scores.n_blocks;
    double sum = 0, weight = 1 / (double)sets;
    rg_error *parts = RG_NEW_ARRAY(rg_error, sets + 1);
    for (size_t i = 0; i < sets; i++) {
        rg_t_result t = rg_set_test(e, i, how, alpha);
        sum += t.mean;
        parts[i] = (rg_error){t.se * weight, t.df};
    }
    rg_error error = rg_satterthwaite(parts, sets);
    rg_free(parts);
    return rg_t_of(all->pairs.n, sum * weight, NAN, error, null, alpha);
}

/* Only pairs that are independent of each other can change their signs at random. */
static bool has_exact_tests(const rg_evidence *e)
{
    return e->scores.paired && e->scores.folds < 2;
}

static rg_sides rank_test(const rg_evidence *e, double null, rg_arena *arena)
{
    if (!has_exact_tests(e))
        return (rg_sides){NAN, NAN, NAN};
    return rg_pairs_rank_test(e, null, arena);
}

/* Weighted so that their mean is M - null. */
static double *weighted(const rg_evidence *e, double null, rg_arena *arena)
{
    size_t n = e->scores.all.pairs.n, k = 0;
    double *values = RG_ARENA_ARRAY(arena, double, n + 1);
    for (size_t i = 0; i < e->scores.n_blocks; i++) {
        const rg_pairs *p = &e->scores.block[i].pairs;
        double weight = (double)n / ((double)e->scores.n_blocks * (double)p->n);
        for (size_t j = 0; j < p->n; j++)
            values[k++] = (p->better[j] - null) * weight;
    }
    return values;
}

static rg_sides exact(const rg_evidence *e, double null, rg_arena *arena)
{
    if (!has_exact_tests(e) || e->scores.ranked)
        return (rg_sides){NAN, NAN, NAN};
    double flips = rg_signflip(weighted(e, null, arena), e->scores.all.pairs.n, 0).p;
    return rg_sides_of_p(rg_larger_p(flips, rg_pairs_rank_test(e, null, arena).both));
}

/* ---- What stands beside */

static double mean_spread(const rg_evidence *e)
{
    double squares = 0;
    for (size_t i = 0; i < e->scores.n_blocks; i++) {
        double sd = e->within->spread(e, &e->scores.block[i]);
        squares += sd * sd;
    }
    return sqrt(squares / (double)e->scores.n_blocks);
}

static void describe_pairs(rg_evidence *e, rg_arena *arena)
{
    const rg_pairs *p = &e->scores.all.pairs;
    rg_pairs_describe(e);
    if (!has_exact_tests(e)) {
        e->superiority.lo = e->superiority.hi = NAN;
        return;
    }
    if (!e->scores.ranked)
        e->signflip = rg_signflip(weighted(e, 0, arena), p->n, 0);
    e->wilcoxon = rg_wilcoxon(p->better, p->n, RG_ZEROS_PRATT, RG_WILCOXON_EXACT);
    e->smallest_exact = exp2(1 - (double)p->n);
}

static void describe_runs(rg_evidence *e)
{
    const rg_block *all = &e->scores.all;
    size_t n_a = all->a.n - e->scores.failed_a.n, n_b = all->b.n - e->scores.failed_b.n;
    e->n = all->a.n + all->b.n;
    e->units = n_a + n_b == 0 ? 0 : all->a.n < all->b.n ? all->a.n : all->b.n;
    e->superiority.p = 0;
    for (size_t i = 0; i < e->scores.n_blocks; i++) {
        const rg_block *b = &e->scores.block[i];
        rg_mann_whitney_result m = rg_mann_whitney_by(b->a.better, b->a.n, b->b.better, b->b.n,
                                                      RG_MANN_WHITNEY_NORMAL);
        e->superiority.p += m.superiority / (double)e->scores.n_blocks;
    }
}

static void describe(rg_evidence *e, rg_arena *arena)
{
    if (e->scores.paired)
        describe_pairs(e, arena);
    else
        describe_runs(e);
    e->effect_size = e->t.mean / mean_spread(e);
    e->precision = rg_precision_of(&e->t, (double)e->units / (double)e->scores.n_blocks);
    e->precision.grows = e->scores.folds < 2;
}

/* ---- Leaving out a set */

size_t rg_set_parts(const rg_evidence *e)
{
    return e->scores.n_blocks;
}

rg_arrangement rg_without_set(const rg_evidence *e, size_t left_out, rg_arena *arena)
{
    rg_arrangement r = e->scores;
    r.block = RG_ARENA_ARRAY(arena, rg_block, e->scores.n_blocks);
    r.n_blocks = 0;
    for (size_t i = 0; i < e->scores.n_blocks; i++) {
        if (i != left_out)
            r.block[r.n_blocks++] = e->scores.block[i];
    }
    return r;
}

void rg_set_name_part(rg_str *s, const rg_evidence *e, size_t i)
{
    char name[32];
    rg_str_add(s, rg_set_name(e->options, e->scores.block[i].set, name));
}

/* ---- Each set beside */

typedef struct set_result {
    rg_t_result t;
    double p_corrected;
} set_result;

static set_result *test_sets(const rg_evidence *e)
{
    size_t n = e->scores.n_blocks;
    set_result *result = RG_NEW_ARRAY(set_result, n + 1);
    double *p = RG_NEW_ARRAY(double, n + 1);
    for (size_t i = 0; i < n; i++) {
        result[i].t = rg_set_test(e, i, RG_AS_MEASURED, e->options->analysis.alpha);
        p[i] = result[i].t.p;
    }
    rg_adjust(RG_ADJUST_HOLM, p, n, p);
    for (size_t i = 0; i < n; i++)
        result[i].p_corrected = p[i];
    rg_free(p);
    return result;
}

static json_t *set_json(const rg_evidence *e, const rg_block *b, const set_result *r)
{
    char name[32];
    bool paired = e->scores.paired;
    double mean_a = paired ? rg_mean(b->pairs.a, b->pairs.n) : rg_mean(b->a.value, b->a.n);
    double mean_b = paired ? rg_mean(b->pairs.b, b->pairs.n) : rg_mean(b->b.value, b->b.n);
    size_t n = paired ? b->pairs.n : b->a.n + b->b.n;
    return json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "set",
                     rg_set_name(e->options, b->set, name), "n", (json_int_t)n, "mean_a",
                     rg_json_real(mean_a), "mean_b", rg_json_real(mean_b), "estimate",
                     rg_json_real(r->t.mean), "interval", rg_interval_json(r->t.lo, r->t.hi),
                     "p", rg_json_real(r->t.p), "p_corrected", rg_json_real(r->p_corrected));
}

void rg_set_keys(json_t *claim, const rg_evidence *e)
{
    json_t *list = json_array();
    set_result *result = test_sets(e);
    for (size_t i = 0; i < e->scores.n_blocks; i++)
        json_array_append_new(list, set_json(e, &e->scores.block[i], &result[i]));
    rg_free(result);
    json_object_set_new(claim, "by_set", list);
}

/* Sets on which the loser on average is the winner. */
void rg_note_sets(json_t *notes, const rg_evidence *e)
{
    char name[32], p[32];
    set_result *result = test_sets(e);
    bool ahead = e->sides.above < e->sides.below;
    for (size_t i = 0; i < e->scores.n_blocks; i++) {
        bool a_is_better = (result[i].t.mean > 0) == e->options->maximize;
        if (result[i].p_corrected < e->options->analysis.alpha && a_is_better != ahead)
            rg_json_say(notes, "On %s it is the other way round: %s is better (%s%s).",
                        rg_set_name(e->options, e->scores.block[i].set, name),
                        a_is_better ? e->a : e->b, rg_p_words(result[i].p_corrected, p),
                        " after Holm's correction over the sets");
    }
    rg_free(result);
    if (!e->scores.paired)
        rg_note_unpaired(notes, e);
}

static void note(json_t *notes, const rg_evidence *e)
{
    if (e->scores.folds > 1)
        rg_json_say(notes,
                    "Folds share training data: the t test is corrected for it within each "
                    "set (Nadeau and Bengio, test to train %.4g).",
                    rg_test_over_train(e));
    rg_note_sets(notes, e);
}

static void say_basis(rg_str *s, const rg_evidence *e)
{
    const rg_block *all = &e->scores.all;
    if (e->scores.paired)
        rg_str_printf(s, "%zu %s", all->pairs.n,
                      e->scores.folds > 1 ? "folds" : "pairs of runs");
    else
        rg_str_printf(s, "%zu and %zu unpaired runs", all->a.n, all->b.n);
    rg_str_printf(s, " on %zu data sets", e->scores.n_blocks);
}

const rg_situation rg_situation_sets = {
    .name = "sets",
    .decides = "stratified t",
    .words = {.test = "the stratified t test",
              .robust = "sign flips, Wilcoxon",
              .unit = "pair of runs",
              .units = "pairs of runs",
              .chance = "seed",
              .luck = "the luck of the seeds",
              .more = "seeds on each data set",
              .no_spread = "Within each data set the difference is the same every time: the t "
                           "test needs some spread and does not exist here"},
    .ranks = {.decides = "wilcoxon", .test = "exact Wilcoxon test over all pairs"},
    .applies = applies,
    .test = test,
    .rank_test = rank_test,
    .exact = exact,
    .describe = describe,
    .parts = rg_set_parts,
    .without = rg_without_set,
    .name_part = rg_set_name_part,
    .say_basis = say_basis,
    .note = note,
    .set_keys = rg_set_keys,
};
