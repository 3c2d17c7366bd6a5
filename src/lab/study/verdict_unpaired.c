/* verdict_unpaired.c - one data set, runs without partners: no seed of one arm is one of the
 * other's, or the scores say that their seeds only number the runs.
 *
 * Welch's t test decides; where it does not exist (no spread, or a failed run without a finite
 * worst value) Mann and Whitney's takes its place.  Permutations and Mann-Whitney are the tests
 * that assume less.  Brunner-Munzel gives the interval of P(A > B).
 *
 * The scores of cross-validation folds are not independent within an arm either: their spread
 * about the mean is widened by sqrt(1 + J n_test / n_train) for J scores, so that Welch's
 * standard error carries Nadeau and Bengio's correction. */
#include "lab/study/verdict.h"

#include "rigor/groups.h"

#include <math.h>

/* Beyond, permutations and Welch agree to more digits than anyone reads. */
enum { PERMUTED_UP_TO = 20000 };

static bool applies(const rg_evidence *e)
{
    return !e->scores.paired;
}

static const double *run_values(const rg_runs *runs, rg_orientation how)
{
    return how == RG_AS_BETTER ? runs->better : runs->value;
}

/* With the spread that folds really have; rg_free. */
static double *widened(const rg_evidence *e, const double *values, size_t n)
{
    double *wide = RG_NEW_ARRAY(double, n + 1);
    bool folds = e->scores.folds > 1;
    double by = folds ? sqrt(1 + (double)n * rg_test_over_train(e)) : 1;
    double mean = rg_t_test(values, n, 0, .05).mean;
    for (size_t i = 0; i < n; i++)
        wide[i] = folds ? mean + by * (values[i] - mean) : values[i];
    return wide;
}

static rg_t_result test(const rg_evidence *e, const rg_block *block, rg_orientation how,
                        double null, double alpha)
{
    double *a = widened(e, run_values(&block->a, how), block->a.n);
    double *b = widened(e, run_values(&block->b, how), block->b.n);
    rg_t_result t = rg_welch(a, block->a.n, b, block->b.n, null, alpha);
    rg_free(a);
    rg_free(b);
    return t;
}

static double *shifted(const rg_runs *runs, double null, rg_arena *arena)
{
    double *values = RG_ARENA_ARRAY(arena, double, runs->n + 1);
    for (size_t i = 0; i < runs->n; i++)
        values[i] = runs->better[i] - null;
    return values;
}

static rg_sides rank_test(const rg_evidence *e, double null, rg_arena *arena)
{
    const rg_block *all = &e->scores.all;
    if (all->a.n < 2 || all->b.n < 2 || e->scores.folds > 1)
        return (rg_sides){NAN, NAN, NAN};
    rg_mann_whitney_result m =
        rg_mann_whitney(shifted(&all->a, null, arena), all->a.n, all->b.better, all->b.n);
    return (rg_sides){m.p_greater, m.p_less, m.p};
}

static bool is_permuted(const rg_evidence *e)
{
    return !e->scores.ranked && e->scores.all.a.n + e->scores.all.b.n <= PERMUTED_UP_TO;
}

static rg_sides exact(const rg_evidence *e, double null, rg_arena *arena)
{
    const rg_block *all = &e->scores.all;
    rg_sides ranks = rank_test(e, null, arena);
    if (isnan(ranks.both) || e->scores.ranked)
        return (rg_sides){NAN, NAN, NAN};
    if (!is_permuted(e))
        return ranks;
    if (null == 0) /* known */
        return rg_sides_of_p(rg_larger_p(e->p_permutation, ranks.both));
    rg_permutation_result p =
        rg_permutation(shifted(&all->a, null, arena), all->a.n, all->b.better, all->b.n, 0);
    return (rg_sides){rg_larger_p(p.p_greater, ranks.above), rg_larger_p(p.p_less, ranks.below),
                      rg_larger_p(p.p, ranks.both)};
}

static double spread(const rg_evidence *e, const rg_block *block)
{
    (void)e;
    double a = rg_t_test(block->a.value, block->a.n, 0, .05).sd;
    double b = rg_t_test(block->b.value, block->b.n, 0, .05).sd;
    return sqrt(.5 * (a * a + b * b));
}

/* Of the ways to deal out the runs to the arms the two most extreme ones. */
static double smallest_p(size_t n_a, size_t n_b)
{
    double ways = 1;
    for (size_t i = 1; i <= n_a; i++)
        ways *= (double)(n_b + i) / (double)i;
    return fmin(1, 2 / ways);
}

static bool all_the_same(const rg_block *all)
{
    bool same = all->a.n > 0 && all->b.n > 0;
    for (size_t i = 0; i < all->a.n; i++)
        same &= all->a.better[i] == all->b.better[0];
    for (size_t i = 0; i < all->b.n; i++)
        same &= all->b.better[i] == all->b.better[0];
    return same;
}

static void describe_tests(rg_evidence *e)
{
    const rg_block *all = &e->scores.all;
    double alpha = e->options->analysis.alpha;
    rg_brunner_munzel_result b =
        rg_brunner_munzel(all->a.better, all->a.n, all->b.better, all->b.n, alpha);
    rg_mann_whitney_result m =
        rg_mann_whitney(all->a.better, all->a.n, all->b.better, all->b.n);
    bool folds = e->scores.folds > 1;
    e->superiority.p = m.superiority;
    if (folds)
        return;
    e->superiority.lo = b.lo;
    e->superiority.hi = b.hi;
    e->p_brunner_munzel = b.p;
    e->p_mann_whitney = m.p;
    if (is_permuted(e))
        e->p_permutation = rg_permutation(all->a.value, all->a.n, all->b.value, all->b.n, 0).p;
    e->smallest_exact = smallest_p(all->a.n, all->b.n);
}

static void describe(rg_evidence *e, rg_arena *arena)
{
    (void)arena;
    const rg_block *all = &e->scores.all;
    bool all_failed = e->scores.failed_a.n == all->a.n && e->scores.failed_b.n == all->b.n;
    size_t fewer = all->a.n < all->b.n ? all->a.n : all->b.n;
    describe_tests(e);
    e->effect_size = e->t.mean / spread(e, all);
    e->identical = all_the_same(all);
    e->units = all_failed ? 0 : fewer;
    e->n = all->a.n + all->b.n;
    e->precision = rg_precision_of(&e->t, (double)fewer);
    e->precision.grows = e->scores.folds < 2;
}

/* ---- Leaving out one run */

static size_t parts(const rg_evidence *e)
{
    return e->scores.all.a.n + e->scores.all.b.n;
}

static rg_arrangement without(const rg_evidence *e, size_t i, rg_arena *arena)
{
    size_t n_a = e->scores.all.a.n;
    return rg_without_run(&e->scores, i >= n_a, i < n_a ? i : i - n_a, arena);
}

static void name_part(rg_str *s, const rg_evidence *e, size_t i)
{
    const rg_runs *a = &e->scores.all.a, *b = &e->scores.all.b;
    bool of_a = i < a->n;
    rg_str_printf(s, "run %llu of %s",
                  (unsigned long long)(of_a ? a->run[i] : b->run[i - a->n]).seed,
                  of_a ? e->a : e->b);
}

/* ---- Words */

static void say_basis(rg_str *s, const rg_evidence *e)
{
    rg_str_printf(s, "%zu and %zu unpaired runs", e->scores.all.a.n, e->scores.all.b.n);
}

void rg_note_unpaired(json_t *notes, const rg_evidence *e)
{
    rg_json_say(notes, "The runs are not paired (no run of one arm is the partner of one of "
                       "the other): pairing them by seed would see smaller differences.");
    if (e->scores.failed_a.n && e->scores.failed_b.n)
        rg_json_say(notes, "Runs of both arms failed, which shows nothing, least of all "
                           "equality: no claim of equality or of no loss is judged.");
}

static void set_keys(json_t *claim, const rg_evidence *e)
{
    json_object_set_new(claim, "p_permutation", rg_json_real(e->p_permutation));
    json_object_set_new(claim, "p_mann_whitney", rg_json_real(e->p_mann_whitney));
    json_object_set_new(claim, "p_brunner_munzel", rg_json_real(e->p_brunner_munzel));
}

const rg_situation rg_situation_unpaired = {
    .name = "unpaired",
    .decides = "welch",
    .one_set = true,
    .words = {.test = "Welch's t test",
              .robust = "permutations, Mann-Whitney",
              .unit = "run of an arm",
              .units = "runs of each arm",
              .chance = "run",
              .luck = "the luck of the runs",
              .more = "runs of each arm",
              .no_spread = "All runs of an arm score the same: the t test needs some spread "
                           "and does not exist here"},
    .ranks = {.decides = "mann-whitney", .test = "Mann-Whitney test"},
    .applies = applies,
    .test = test,
    .spread = spread,
    .rank_test = rank_test,
    .exact = exact,
    .describe = describe,
    .parts = parts,
    .without = without,
    .name_part = name_part,
    .say_basis = say_basis,
    .note = rg_note_unpaired,
    .set_keys = set_keys,
};
