/* facts_standings.c - on each data set: who is best, and who is not significantly worse.
 *
 * Claims are few and declared; the table of a paper has every arm, and marks as best what the
 * tests cannot tell from the best. Each arm is tested against the arm with the best mean, two-
 * sided, by the t test of the verdicts (paired where runs have partners), and Holm corrects
 * over the arms of one data set. The best arm was chosen by the same scores, which favours it:
 * the marks are a description beside the verdicts, never one of them. */
#include "lab/report/cells.h"
#include "lab/report/facts.h"
#include "rigor/bayes.h"
#include "rigor/groups.h"

#include <math.h>

/* b - a of the runs that both cells have; returns how many. */
static size_t pair_up(const cell *a, const cell *b, double *ret_a, double *ret_b)
{
    size_t n = 0;
    for (size_t i = 0, k = 0; i < a->n && k < b->n;) {
        const cell_run *x = &a->at[i], *y = &b->at[k];
        bool x_first = x->seed != y->seed ? x->seed < y->seed : x->fold < y->fold;
        bool y_first = x->seed != y->seed ? y->seed < x->seed : y->fold < x->fold;
        if (!x_first && !y_first) {
            ret_a[n] = x->value;
            ret_b[n++] = y->value;
        }
        i += !y_first;
        k += !x_first;
    }
    return n;
}

/* Where all differences are equal the t test does not exist; as in the verdicts, Wilcoxon's
 * takes its place. */
static double p_paired(const cells *all, const cell *a, const cell *b)
{
    double *x = RG_ARENA_ARRAY(all->arena, double, a->n + 1);
    double *y = RG_ARENA_ARRAY(all->arena, double, a->n + 1);
    size_t n = pair_up(a, b, x, y);
    if (n < 2)
        return NAN;
    rg_differences(x, y, n, x);
    if (all->options->sequential) /* the p of fixed n is used up by the first look */
        return fmin(1, 1 / rg_t_evidence(x, n, 0, 1));
    double p = cells_t_test(all, x, n).p;
    return isnan(p) ? rg_wilcoxon(x, n, RG_ZEROS_PRATT, RG_WILCOXON_EXACT).p : p;
}

static bool is_unpaired(const cells *all)
{
    for (size_t arm = 0; arm < all->n_arms; arm++)
        if (all->arms[arm].unpaired)
            return true;
    return false;
}

static double p_between(const cells *all, const cell *a, const cell *b)
{
    double alpha = all->options->analysis.alpha;
    if (!is_unpaired(all))
        return p_paired(all, a, b);
    return rg_welch(cells_values(all, a), a->n, cells_values(all, b), b->n, 0, alpha).p;
}

static const char *test_name(const cells *all)
{
    return all->options->sequential       ? "t e-process"
           : is_unpaired(all)             ? "Welch's t"
           : !isnan(all->test_over_train) ? "corrected resampled t"
                                          : "paired t";
}

static size_t best_of(const cells *all, size_t set)
{
    size_t best = SIZE_MAX;
    double top = NAN;
    for (size_t arm = 0; arm < all->n_arms; arm++) {
        double mean = cells_mean(cells_at(all, set, arm));
        if (isnan(mean))
            continue;
        bool ahead = all->options->maximize ? mean > top : mean < top;
        if (best == SIZE_MAX || ahead) {
            best = arm;
            top = mean;
        }
    }
    return best;
}

static double *corrected_p(const cells *all, size_t set, size_t best)
{
    double *p = RG_ARENA_ARRAY(all->arena, double, all->n_arms + 1);
    double *others = RG_ARENA_ARRAY(all->arena, double, all->n_arms + 1);
    size_t n = 0;
    for (size_t arm = 0; arm < all->n_arms; arm++)
        if (arm != best && best != SIZE_MAX)
            others[n++] = p_between(all, cells_at(all, set, best), cells_at(all, set, arm));
    rg_adjust(RG_ADJUST_HOLM, others, n, others);
    for (size_t arm = 0, i = 0; arm < all->n_arms; arm++)
        p[arm] = arm == best || best == SIZE_MAX ? NAN : others[i++];
    return p;
}

static json_t *arm_json(const cells *all, size_t set, size_t arm, double p, bool best)
{
    double alpha = all->options->analysis.alpha;
    const cell *of = cells_at(all, set, arm);
    rg_t_result t = cells_t_test(all, cells_values(all, of), of->n);
    bool spread = isfinite(t.lo) && isfinite(t.hi);
    json_t *interval = spread ? json_pack("[f, f]", t.lo, t.hi) : json_null();
    json_t *ret = json_pack("{s:o, s:o, s:I, s:o}", "mean", rg_json_real(t.mean), "sd",
                            rg_json_real(t.sd), "n", (json_int_t)of->n, "interval", interval);
    json_object_set_new(ret, "name", json_string(all->arms[arm].arm));
    json_object_set_new(ret, "p_corrected", rg_json_real(p));
    json_object_set_new(ret, "leads", json_boolean(best || p >= alpha));
    return ret;
}

static json_t *standing_json(const cells *all, size_t set)
{
    size_t best = best_of(all, set);
    const double *p = corrected_p(all, set, best);
    json_t *arms = json_array();
    for (size_t arm = 0; arm < all->n_arms; arm++)
        json_array_append_new(arms, arm_json(all, set, arm, p[arm], arm == best));
    return json_pack("{s:s?, s:s?, s:s, s:o}", "set", cells_set_name(all, set), "best",
                     best == SIZE_MAX ? NULL : all->arms[best].arm, "test", test_name(all),
                     "arms", arms);
}

json_t *facts_standings(const cells *all)
{
    json_t *standings = json_array();
    for (size_t set = 0; set < all->n_sets; set++)
        json_array_append_new(standings, standing_json(all, set));
    return standings;
}
