/* verdict_pairs.c - one data set, pairs by seed: the usual case.
 *
 * The paired t test decides where it exists.  It does not when all differences are equal (no
 * spread is left to compare with) or when a failed run has no finite worst value (no mean
 * exists): then the exact Wilcoxon test over sign vectors takes its place, in which a failed
 * run is worse than any score.  Zeros are ranked, then removed (Pratt): scores on a test set
 * are fractions of few rows, so that ties and zeros are common, and dropping them first would
 * let a study with many equal seeds look smaller than it was. */
#include "lab/study/verdict.h"

#include <math.h>

static bool applies(const rg_evidence *e)
{
    (void)e; /* the last of the table */
    return true;
}

static rg_t_result test(const rg_evidence *e, const rg_block *block, rg_orientation how,
                        double null, double alpha)
{
    (void)e;
    return rg_t_test(rg_pair_values(&block->pairs, how), block->pairs.n, null, alpha);
}

static double spread(const rg_evidence *e, const rg_block *block)
{
    (void)e;
    return rg_t_test(block->pairs.difference, block->pairs.n, 0, .05).sd;
}

/* Rounded as the differences are, so that equal distances from a margin are ties. */
static double *shifted(const rg_pairs *pairs, double null, rg_arena *arena)
{
    double *values = RG_ARENA_ARRAY(arena, double, pairs->n + 1);
    for (size_t i = 0; i < pairs->n; i++)
        values[i] = null;
    rg_differences(pairs->better, values, pairs->n, values);
    return values;
}

static rg_wilcoxon_result wilcoxon(const double *values, size_t n)
{
    return rg_wilcoxon(values, n, RG_ZEROS_PRATT, RG_WILCOXON_EXACT);
}

rg_sides rg_pairs_rank_test(const rg_evidence *e, double null, rg_arena *arena)
{
    const rg_pairs *pairs = &e->scores.all.pairs;
    if (pairs->n < 2)
        return (rg_sides){NAN, NAN, NAN};
    rg_wilcoxon_result w = wilcoxon(shifted(pairs, null, arena), pairs->n);
    return (rg_sides){w.p_greater, w.p_less, w.p};
}

static rg_sides exact(const rg_evidence *e, double null, rg_arena *arena)
{
    const rg_pairs *pairs = &e->scores.all.pairs;
    if (pairs->n < 2 || e->scores.ranked)
        return (rg_sides){NAN, NAN, NAN};
    if (null == 0)
        return rg_sides_of_p(rg_larger_p(e->signflip.p, e->wilcoxon.p));
    const double *values = shifted(pairs, null, arena);
    double flips = rg_signflip(values, pairs->n, 0).p;
    return rg_sides_of_p(rg_larger_p(flips, wilcoxon(values, pairs->n).p));
}

void rg_pairs_describe(rg_evidence *e)
{
    const rg_pairs *p = &e->scores.all.pairs;
    double alpha = e->options->analysis.alpha;
    e->identical = p->n > 0;
    for (size_t i = 0; i < p->n; i++)
        e->identical &= p->better[i] == 0;
    e->hodges_lehmann = rg_hodges_lehmann(p->difference, p->n, alpha);
    e->superiority = rg_p_superior(p->better, p->n, alpha);
    e->effect_size = rg_cohens_d(p->difference, p->n);
    e->units = e->n = p->n;
}

static void describe(rg_evidence *e, rg_arena *arena)
{
    (void)arena;
    const rg_pairs *p = &e->scores.all.pairs;
    rg_pairs_describe(e);
    e->signflip = rg_signflip(p->difference, p->n, 0);
    e->wilcoxon = wilcoxon(p->better, p->n);
    e->smallest_exact = exp2(1 - (double)p->n);
    e->precision = (rg_precision){(double)p->n, e->t.sd, (double)p->n, true, true};
}

size_t rg_pairs_parts(const rg_evidence *e)
{
    return e->scores.all.pairs.n;
}

static rg_arrangement without(const rg_evidence *e, size_t i, rg_arena *arena)
{
    return rg_without_pair(&e->scores, i, arena);
}

static void name_part(rg_str *s, const rg_evidence *e, size_t i)
{
    rg_str_printf(s, "seed %llu", (unsigned long long)e->scores.all.pairs.run[i].seed);
}

static void say_basis(rg_str *s, const rg_evidence *e)
{
    rg_str_printf(s, "%zu seeds", e->units);
}

const rg_situation rg_situation_pairs = {
    .name = "pairs",
    .decides = "t",
    .one_set = true,
    .words = {.test = "the t test",
              .robust = "sign flips, Wilcoxon",
              .unit = "seed",
              .units = "seeds",
              .chance = "seed",
              .luck = "the luck of the seeds",
              .more = "seeds",
              .no_spread = "The difference is the same with every seed: the t test needs some "
                           "spread and does not exist here"},
    .ranks = {.decides = "wilcoxon", .test = "exact Wilcoxon test"},
    .applies = applies,
    .test = test,
    .spread = spread,
    .rank_test = rg_pairs_rank_test,
    .exact = exact,
    .describe = describe,
    .parts = rg_pairs_parts,
    .without = without,
    .name_part = name_part,
    .say_basis = say_basis,
};
