/* friedman.c - many arms over many data sets, by their ranks within each set.
 *
 * Ranks are kept doubled, as whole numbers: rank sums, and with them the statistic, are exact
 * until the last division, and "all sets agree" can be asked with ==. */
#include "rigor/groups.h"
#include "rigor/special.h"

#include <math.h>

/* Adds twice the rank of each arm in one set: 1 for the highest score, and 1 more for each arm
 * above, one half more for each arm level with it.  Returns the sum of t^3 - t over groups of t
 * ties. */
static double add_doubled_ranks(const double *scores, size_t arms, double *sums)
{
    double ties = 0;
    for (size_t i = 0; i < arms; i++) {
        double above = 0, level = 0;
        for (size_t j = 0; j < arms; j++) {
            above += scores[j] > scores[i];
            level += scores[j] == scores[i];
        }
        sums[i] += 2 * above + level + 1;
        ties += level * level - 1; /* t times: t^3 - t */
    }
    return ties;
}

/* sums has a place for each arm; false: no sets, no arms, or a NaN. */
static bool doubled_rank_sums(const double *scores, size_t sets, size_t arms, double *sums,
                              double *ret_ties)
{
    for (size_t i = 0; i < sets * arms; i++) {
        if (isnan(scores[i]))
            return false;
    }
    for (size_t j = 0; j < arms; j++)
        sums[j] = 0;
    *ret_ties = 0;
    for (size_t i = 0; i < sets; i++)
        *ret_ties += add_doubled_ranks(scores + i * arms, arms, sums);
    return sets > 0 && arms > 0;
}

void rg_mean_ranks(const double *scores, size_t sets, size_t arms, double *ret_ranks)
{
    double ties;
    bool valid = doubled_rank_sums(scores, sets, arms, ret_ranks, &ties);
    for (size_t j = 0; j < arms; j++)
        ret_ranks[j] = valid ? .5 * ret_ranks[j] / (double)sets : NAN;
}

/* Where every set has the arms in one order, F is infinite and its distribution says 0; the
 * chance of that is (1 / k!)^(sets - 1) (Conover 1999, 5.8). */
static double chance_of_one_order(double sets, double arms)
{
    return exp(-(sets - 1) * rg_log_gamma(arms + 1));
}

/* squares: of the doubled rank sums around their mean; ties: sum of t^3 - t. */
static rg_friedman_result friedman_of(double squares, double ties, double sets, double arms)
{
    double chi2 = 3 * squares / (sets * arms * (arms + 1));
    double untied = 1 - ties / (sets * arms * (arms * arms - 1));
    rg_friedman_result r = {
        .chi2 = chi2,
        .chi2_ties = untied > 0 ? chi2 / untied : NAN,
        .df = arms - 1,
        .f = NAN,
        .df1 = arms - 1,
        .df2 = (arms - 1) * (sets - 1),
        .p_f = NAN,
    };
    r.p_chi2 = rg_chi2_upper(r.chi2, r.df);
    r.p_chi2_ties = rg_chi2_upper(r.chi2_ties, r.df);
    if (sets < 2)
        return r;
    bool one_order = 3 * squares == sets * sets * arms * (arms + 1) * (arms - 1);
    r.f = one_order ? INFINITY : (sets - 1) * chi2 / (sets * (arms - 1) - chi2);
    r.p_f = one_order ? chance_of_one_order(sets, arms) : rg_f_upper(r.f, r.df1, r.df2);
    return r;
}

rg_friedman_result rg_friedman(const double *scores, size_t sets, size_t arms)
{
    double *sums = RG_NEW_ARRAY(double, arms + 1), ties, squares = 0;
    bool valid = doubled_rank_sums(scores, sets, arms, sums, &ties) && arms >= 2;
    for (size_t j = 0; valid && j < arms; j++) {
        double distance = sums[j] - (double)sets * ((double)arms + 1);
        squares += distance * distance;
    }
    rg_free(sums);
    if (!valid)
        return (rg_friedman_result){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    return friedman_of(squares, ties, (double)sets, (double)arms);
}

void rg_rank_z(const double *scores, size_t sets, size_t arms, size_t control,
               rg_rank_z_result *ret)
{
    double *ranks = RG_NEW_ARRAY(double, arms + 1), *p = RG_NEW_ARRAY(double, arms + 1);
    rg_mean_ranks(scores, sets, arms, ranks);
    double k = (double)arms, se = sqrt(k * (k + 1) / (6 * (double)sets));
    size_t tests = 0;
    for (size_t j = 0; j < arms; j++) {
        double z = j == control ? NAN : (ranks[control] - ranks[j]) / se;
        ret[j] = (rg_rank_z_result){z, erfc(fabs(z) * sqrt(.5)), NAN};
        if (j != control)
            p[tests++] = ret[j].p;
    }
    rg_adjust(RG_ADJUST_HOLM, p, tests, p);
    for (size_t j = 0, i = 0; j < arms; j++) {
        if (j != control)
            ret[j].p_holm = p[i++];
    }
    rg_free(p);
    rg_free(ranks);
}
