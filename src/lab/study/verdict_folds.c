/* verdict_folds.c - one data set, folds of a cross-validation, pairs by seed and fold.
 *
 * Folds share training data, so that their differences are not independent, and the plain t
 * test finds far too much.  The corrected one decides (Nadeau and Bengio 2003); beside it
 * stands the Bayesian correlated t test (Corani and Benavoli 2015) with the margin as the
 * region of practical equivalence.  Tests over sign vectors or ranks take differences to be
 * exchangeable, which folds are not: there are none here, and nothing decides where the t test
 * does not exist. More seeds or folds bring little either, since what the folds share stays in
 * the error. */
#include "lab/study/verdict.h"

#include "rigor/bayes.h"
#include "rigor/groups.h"

#include <math.h>

static bool applies(const rg_evidence *e)
{
    return e->scores.paired && e->scores.folds > 1;
}

double rg_test_over_train(const rg_evidence *e)
{
    double given = e->options->test_over_train;
    return given > 0 ? given : 1 / ((double)e->scores.folds - 1);
}

static rg_t_result test(const rg_evidence *e, const rg_block *block, rg_orientation how,
                        double null, double alpha)
{
    return rg_corrected_t(rg_pair_values(&block->pairs, how), block->pairs.n,
                          rg_test_over_train(e), null, alpha);
}

static double spread(const rg_evidence *e, const rg_block *block)
{
    (void)e;
    return rg_t_test(block->pairs.difference, block->pairs.n, 0, .05).sd;
}

static void describe(rg_evidence *e, rg_arena *arena)
{
    (void)arena;
    rg_pairs_describe(e);
    e->hodges_lehmann.lo = e->hodges_lehmann.hi = NAN;
    e->superiority.lo = e->superiority.hi = NAN; /* for independent pairs only */
    e->precision = rg_precision_of(&e->t, (double)e->n);
    e->precision.grows = false;
}

static rg_arrangement without(const rg_evidence *e, size_t i, rg_arena *arena)
{
    return rg_without_pair(&e->scores, i, arena);
}

static void name_part(rg_str *s, const rg_evidence *e, size_t i)
{
    char fold[32];
    const rg_run_name *run = &e->scores.all.pairs.run[i];
    bool one_seed = true;
    for (size_t k = 0; k < e->scores.all.pairs.n; k++)
        one_seed &= e->scores.all.pairs.run[k].seed == run->seed;
    rg_str_printf(s, "fold %s", rg_fold_name(e->options, run->fold, fold));
    if (!one_seed)
        rg_str_printf(s, " of seed %llu", (unsigned long long)run->seed);
}

static void say_basis(rg_str *s, const rg_evidence *e)
{
    rg_str_printf(s, "%zu folds", e->units);
}

static rg_posterior posterior(const rg_evidence *e)
{
    double margin = e->options->analysis.margin;
    const rg_pairs *p = &e->scores.all.pairs;
    return rg_correlated_bayes_t(p->difference, p->n, rg_test_over_train(e),
                                 rg_evidence_has_margin(e) ? margin : 0);
}

static void note(json_t *notes, const rg_evidence *e)
{
    rg_posterior b = posterior(e);
    if (e->options->seeds_each > 1)
        rg_json_say(
            notes,
            "A fold's score is the mean over %zu seeds: the runs of one fold share their "
            "rows, and are no folds of their own.",
            e->options->seeds_each);
    rg_json_say(notes,
                "Folds share training data: the t test is corrected for it (Nadeau and Bengio, "
                "test to train %.4g), and tests that take the differences to be independent "
                "(sign flips, Wilcoxon) do not apply.",
                rg_test_over_train(e));
    if (isfinite(b.rope) && rg_evidence_has_margin(e))
        rg_json_say(notes,
                    "By the Bayesian correlated t test the difference is inside the margin "
                    "with probability %.3f, below it with %.3f, above it with %.3f.",
                    b.rope, b.left, b.right);
}

static void set_keys(json_t *claim, const rg_evidence *e)
{
    rg_posterior b = posterior(e);
    json_object_set_new(claim, "posterior",
                        json_pack("{s:o, s:o, s:o}", "below", rg_json_real(b.left), "inside",
                                  rg_json_real(b.rope), "above", rg_json_real(b.right)));
}

const rg_situation rg_situation_folds = {
    .name = "folds",
    .decides = "corrected t",
    .one_set = true,
    .words = {.test = "the corrected t test",
              .unit = "fold",
              .units = "folds",
              .chance = "split",
              .luck = "the luck of the splits",
              .no_spread = "The difference is the same with every fold: the t test needs some "
                           "spread and does not exist here"},
    .applies = applies,
    .test = test,
    .spread = spread,
    .describe = describe,
    .parts = rg_pairs_parts,
    .without = without,
    .name_part = name_part,
    .say_basis = say_basis,
    .note = note,
    .set_keys = set_keys,
};
