/* verdict_set_means.c - the data sets themselves are the sample: one mean difference for each.
 *
 * From six sets on Wilcoxon's signed-rank test over them decides (Demsar 2006): exact, zeros by
 * Pratt, shifted for margins; estimate and interval are Hodges and Lehmann's, which belong to
 * that test and which a single far set does not move.  The mean over the sets stands beside.
 * It asks whether A is better on data sets like these, and runs within a set only make that
 * set's mean more certain.
 *
 * With fewer sets of which some has but a single run, the spread within sets is not known, and
 * the stratified test does not exist: then a t test over the sets takes its place.
 *
 * A run without a value makes its set's mean infinite, in favour of the other arm; a set on
 * which both arms have one is a tie. */
#include "lab/study/verdict_sets.h"

#include <math.h>

/* The power of Wilcoxon's test is that of the t test with 3/pi of the sample, for normal
 * differences and many of them (Lehmann 1975). */
#define WILCOXON_EFFICIENCY .9549296585513721

static bool any_infinite(const double *values, size_t n, double sign)
{
    bool any = false;
    for (size_t i = 0; i < n; i++)
        any |= isinf(values[i]) && sign * values[i] > 0;
    return any;
}

static double set_mean(const rg_evidence *e, const rg_block *b, rg_orientation how)
{
    bool lost =
        any_infinite(b->pairs.better, b->pairs.n, -1) || any_infinite(b->a.better, b->a.n, -1);
    bool won =
        any_infinite(b->pairs.better, b->pairs.n, 1) || any_infinite(b->b.better, b->b.n, -1);
    if (how == RG_AS_BETTER && (lost || won))
        return lost && won ? 0 : won ? INFINITY : -INFINITY;
    return e->within->test(e, b, how, 0, .05).mean;
}

/* The means less `null`, rounded as all differences are, so that equal ones are ties. */
static double *set_means(const rg_evidence *e, rg_orientation how, double null)
{
    size_t n = e->scores.n_blocks;
    double *mean = RG_NEW_ARRAY(double, n + 1), *nulls = RG_NEW_ARRAY(double, n + 1);
    for (size_t i = 0; i < n; i++) {
        mean[i] = set_mean(e, &e->scores.block[i], how);
        nulls[i] = null;
    }
    rg_differences(mean, nulls, n, mean);
    rg_free(nulls);
    return mean;
}

static rg_wilcoxon_result wilcoxon(const rg_evidence *e, rg_orientation how, double null)
{
    double *mean = set_means(e, how, null);
    rg_wilcoxon_result w =
        rg_wilcoxon(mean, e->scores.n_blocks, RG_ZEROS_PRATT, RG_WILCOXON_EXACT);
    rg_free(mean);
    return w;
}

static rg_t_result t_test(const rg_evidence *e, const rg_block *all, rg_orientation how,
                          double null, double alpha)
{
    (void)all;
    double *mean = set_means(e, how, 0);
    rg_t_result t = rg_t_test(mean, e->scores.n_blocks, null, alpha);
    rg_free(mean);
    return t;
}

static rg_t_result rank_sum_test(const rg_evidence *e, const rg_block *all, rg_orientation how,
                                 double null, double alpha)
{
    rg_t_result t = t_test(e, all, how, null, alpha);
    rg_wilcoxon_result w = wilcoxon(e, how, null);
    double *mean = set_means(e, how, 0);
    rg_hodges_lehmann_result h = rg_hodges_lehmann(mean, e->scores.n_blocks, alpha);
    rg_free(mean);
    t.t = NAN;
    t.mean = isfinite(t.mean) ? h.estimate : NAN;
    t.p = w.p;
    t.p_greater = w.p_greater;
    t.p_less = w.p_less;
    t.lo = h.lo;
    t.hi = h.hi;
    return t;
}

static rg_sides rank_test(const rg_evidence *e, double null, rg_arena *arena)
{
    (void)arena;
    rg_wilcoxon_result w = wilcoxon(e, RG_AS_BETTER, null);
    return (rg_sides){w.p_greater, w.p_less, w.p};
}

static rg_sides exact(const rg_evidence *e, double null, rg_arena *arena)
{
    if (e->scores.ranked)
        return (rg_sides){NAN, NAN, NAN};
    double *mean = set_means(e, RG_AS_BETTER, null);
    double flips = rg_signflip(mean, e->scores.n_blocks, 0).p;
    rg_free(mean);
    return rg_sides_of_p(rg_larger_p(flips, rank_test(e, null, arena).both));
}

static void describe(rg_evidence *e, rg_arena *arena)
{
    (void)arena;
    size_t n = e->scores.n_blocks;
    double alpha = e->options->analysis.alpha;
    double *better = set_means(e, RG_AS_BETTER, 0), *mean = set_means(e, RG_AS_MEASURED, 0);
    e->units = e->n = n;
    e->identical = true;
    for (size_t i = 0; i < n; i++)
        e->identical &= better[i] == 0;
    e->signflip = rg_signflip(mean, n, 0);
    e->wilcoxon = wilcoxon(e, RG_AS_BETTER, 0);
    e->hodges_lehmann = rg_hodges_lehmann(mean, n, alpha);
    e->superiority = rg_p_superior(better, n, alpha);
    e->effect_size = rg_cohens_d(mean, n);
    e->precision = (rg_precision){(double)n, e->t.sd, (double)n, true, false};
    rg_free(better);
    rg_free(mean);
}

static void describe_few(rg_evidence *e, rg_arena *arena)
{
    describe(e, arena);
    e->smallest_exact = exp2(1 - (double)e->units);
}

static void describe_many(rg_evidence *e, rg_arena *arena)
{
    describe(e, arena);
    e->precision.spread /= sqrt(WILCOXON_EFFICIENCY);
}

static void note_few(json_t *notes, const rg_evidence *e)
{
    char name[32];
    size_t single = 0;
    while (single + 1 < e->scores.n_blocks && !rg_set_is_single(e, single))
        single++;
    rg_json_say(notes,
                "On %s there is a single run of an arm, so that the spread within it is not "
                "known: the t test takes the %zu data sets themselves as the sample, and asks "
                "for what holds on further sets like these.  Two runs or more on each would "
                "allow the stratified t test.",
                rg_set_name(e->options, e->scores.block[single].set, name), e->units);
    rg_note_sets(notes, e);
}

static void note_many(json_t *notes, const rg_evidence *e)
{
    char p[32];
    double smallest = exp2(1 - (double)e->units);
    if (smallest >= e->planned_alpha)
        rg_json_say(notes,
                    "With %zu data sets Wilcoxon's test cannot come below %s, which does not "
                    "do for the first of %zu claims after correction.",
                    e->units, rg_p_words(smallest, p), e->n_claims);
    rg_note_sets(notes, e);
}

static void say_basis(rg_str *s, const rg_evidence *e)
{
    rg_str_printf(s, "%zu data sets", e->scores.n_blocks);
}

static void set_many_keys(json_t *claim, const rg_evidence *e)
{
    double mean = t_test(e, &e->scores.all, RG_AS_MEASURED, 0, .05).mean;
    json_object_set_new(claim, "mean_difference", rg_json_real(mean));
    rg_set_keys(claim, e);
}

static bool many(const rg_evidence *e)
{
    return e->scores.n_blocks >= RG_MANY_SETS;
}

static bool few(const rg_evidence *e)
{
    return e->scores.n_blocks < RG_MANY_SETS; /* those left by the stratified test */
}

#define SET_WORDS \
    .unit = "data set", .units = "data sets", .luck = "the luck of the data sets", \
    .more = "data sets"

const rg_situation rg_situation_many_sets = {
    .name = "many-sets",
    .decides = "wilcoxon over sets",
    .words = {.test = "Wilcoxon's test over the data sets",
              .estimate = "Hodges-Lehmann estimate",
              SET_WORDS},
    .ranks = {.decides = "wilcoxon over sets", .test = "Wilcoxon's test over the data sets"},
    .applies = many,
    .test = rank_sum_test,
    .rank_test = rank_test,
    .describe = describe_many,
    .parts = rg_set_parts,
    .without = rg_without_set,
    .name_part = rg_set_name_part,
    .say_basis = say_basis,
    .note = note_many,
    .set_keys = set_many_keys,
};

const rg_situation rg_situation_set_means = {
    .name = "sets",
    .decides = "t over sets",
    .words = {.test = "the t test over the data sets",
              .robust = "sign flips, Wilcoxon",
              .no_spread = "The difference is the same on every data set: the t test needs "
                           "some spread and does not exist here",
              SET_WORDS},
    .ranks = {.decides = "wilcoxon over sets", .test = "Wilcoxon's test over the data sets"},
    .applies = few,
    .test = t_test,
    .rank_test = rank_test,
    .exact = exact,
    .describe = describe_few,
    .parts = rg_set_parts,
    .without = rg_without_set,
    .name_part = rg_set_name_part,
    .say_basis = say_basis,
    .note = note_few,
    .set_keys = rg_set_keys,
};
