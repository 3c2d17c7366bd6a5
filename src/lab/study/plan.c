/* plan.c - what a study is worth before it runs: how much it trains, what its seeds can show,
 * what would make its verdicts hard to read. */
#include "lab/study/confound.h"
#include "lab/study/walk.h"

#include "rigor/bayes.h"
#include "rigor/stats.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SEEDS_ADVISED 8
#define USUAL_POWER .8

typedef struct planner {
    const rg_study *study;
    json_t *warnings, *unanswerable;
} planner;

/* ---- Claims. */

double rg_study_strictest_level(const rg_study *study)
{
    size_t family = rg_study_family(study);
    bool corrected = study->analysis.correction != RG_NO_CORRECTION && family > 1;
    return study->analysis.alpha / (corrected ? (double)family : 1);
}

/* The smallest effect, in standard deviations of the difference, that so many seeds show with
 * 80 % power; NaN for one seed, infinite where evidence that is looked at cannot decide by
 * then.
 *
 * With folds the standard error of the mean of their J differences is s sqrt(1/J + r), r test rows
 * a training row, in place of s sqrt(1/J), with the same J - 1 degrees of freedom (Nadeau and
 * Bengio 2003): the effect grows by the ratio of the two, in standard deviations between folds. */
static double detectable_by(const rg_study *study, size_t seeds, double level)
{
    size_t folds = study->split.folds;
    if (folds)
        return rg_detectable_effect(folds, level) *
               sqrt(1 + (double)folds * rg_study_test_over_train(study));
    return rg_study_is_sequential(study) ? rg_t_anytime_effect(seeds, 1, level, USUAL_POWER)
                                         : rg_detectable_effect(seeds, level);
}

static double detectable(const rg_study *study, double level)
{
    return detectable_by(study, study->n_seeds, level);
}

static void plan_confounds(planner *p, const rg_claim *claim)
{
    json_t *confounds = rg_claim_confounds(p->study, claim), *sentence;
    size_t i;
    json_array_foreach (confounds, i, sentence)
        rg_json_say(p->warnings, "'%s' is confounded. %s", claim->text,
                    json_string_value(sentence));
    json_decref(confounds);
}

static void plan_claim(planner *p, const rg_claim *claim)
{
    const rg_arm *a = &p->study->arms[claim->a], *b = &p->study->arms[claim->b];
    if (rg_study_runs(p->study, p->study->n_seeds) < 2) {
        rg_json_say(p->unanswerable, "'%s': one seed has no spread; no test can settle it",
                    claim->text);
        return;
    }
    rg_factors found = rg_arm_factors(a, b);
    if (found.model + found.train == 0)
        rg_json_say(claim->relation == RG_BETTER ? p->unanswerable : p->warnings,
                    claim->relation == RG_BETTER
                        ? "'%s': %s and %s are the same configuration"
                        : "'%s' says nothing: %s and %s are the same configuration",
                    claim->text, a->name, b->name);
    rg_factors_free(&found);
    plan_confounds(p, claim);
}

static void plan_exact_tests(planner *p)
{
    const rg_study *study = p->study;
    size_t family = rg_study_family(study);
    double level = rg_study_strictest_level(study);
    size_t need = (size_t)rg_power_exact_floor((rg_power_plan){RG_PAIRS, level, 2});
    if (!study->n_claims || study->n_seeds < 2 || study->n_seeds >= need ||
        rg_study_is_sequential(study) || rg_study_has_folds(study))
        return;
    rg_json_say(
        p->warnings,
        "with %zu seeds the exact tests cannot reach the level that %zu claim%s at alpha %g "
        "need "
        "(%.3g): the verdicts rest on the paired t test alone; %zu seeds are enough for both",
        study->n_seeds, family, family > 1 ? "s" : "", study->analysis.alpha, level, need);
}

/* The first number of seeds at which the evidence can reach what the claims ask for. */
static size_t first_decision(const rg_study *study, double level)
{
    size_t n = 2;
    while (n <= study->n_seeds && isinf(rg_t_anytime_critical(n, 1, level)))
        n++;
    return n;
}

static void plan_sequence(planner *p)
{
    const rg_study *study = p->study;
    size_t family = rg_study_family(study);
    double level = rg_study_strictest_level(study);
    size_t first = first_decision(study, level);
    if (!rg_study_is_sequential(study) || !study->n_claims)
        return;
    if (first > study->n_seeds)
        rg_json_say(
            p->unanswerable,
            "with at most %zu seeds the evidence cannot reach the %.3g that %zu claim%s "
            "at alpha %g ask%s for; set seeds.max higher",
            study->n_seeds, 1 / level, family, family > 1 ? "s" : "", study->analysis.alpha,
            family > 1 ? "" : "s");
    else if (first > study->seeds_min)
        rg_json_say(p->warnings,
                    "looking before %zu seeds decides nothing: the evidence cannot reach %.3g "
                    "with fewer; seeds.min: %zu saves the looks",
                    first, 1 / level, first);
}

/* A claim that is made twice, or against itself, costs the others a share of alpha. */
static void plan_repeated(planner *p)
{
    const rg_study *study = p->study;
    for (size_t i = 0; i < study->n_claims; i++)
        for (size_t k = 0; k < i; k++) {
            const rg_claim *c = &study->claims[i], *d = &study->claims[k];
            bool same = c->a == d->a && c->b == d->b && c->relation == d->relation;
            bool turned = c->a == d->b && c->b == d->a && c->relation == d->relation;
            if (same || turned)
                rg_json_say(p->warnings,
                            "'%s' and '%s' ask the same question: a claim answers both "
                            "directions, and each one costs all of them a share of alpha",
                            d->text, c->text);
        }
}

static void plan_claims(planner *p)
{
    const rg_study *study = p->study;
    size_t family = rg_study_family(study);
    if (study->n_claims == 0)
        rg_json_say(p->warnings, "no claims are declared: the study will describe, not decide");
    for (size_t i = 0; i < study->n_claims; i++)
        plan_claim(p, &study->claims[i]);
    plan_repeated(p);
    plan_exact_tests(p);
    plan_sequence(p);
    if (study->analysis.correction == RG_NO_CORRECTION && family > 1)
        rg_json_say(
            p->warnings,
            "%zu claims without correction: the chance that at least one is supported by luck "
            "is "
            "up to %.0f %%",
            family, 100 * (1 - pow(1 - study->analysis.alpha, (double)family)));
}

/* ---- Seeds and search. */

static void plan_seeds(planner *p, double level)
{
    const rg_study *study = p->study;
    if (study->n_seeds >= SEEDS_ADVISED || study->n_seeds < 2 ||
        rg_study_is_sequential(study) || rg_study_has_folds(study))
        return;
    rg_json_say(
        p->warnings,
        "%zu seeds are few; %d, as advised, show a difference of %.2f standard deviations "
        "where %zu show one of %.2f",
        study->n_seeds, SEEDS_ADVISED, rg_detectable_effect(SEEDS_ADVISED, level),
        study->n_seeds, detectable(study, level));
}

static double default_of(const rg_arm *arm, const rg_dim *dim)
{
    return rg_json_number(rg_json_path(arm->config, dim->name), NAN);
}

static bool has_choice(const rg_dim *dim, const json_t *value)
{
    for (size_t i = 0; i < dim->n_choices; i++)
        if (json_equal(dim->choices[i], value))
            return true;
    return false;
}

static void plan_dim(planner *p, const rg_arm *arm, const rg_dim *dim)
{
    double value = default_of(arm, dim);
    if (dim->n_choices) {
        if (!has_choice(dim, rg_json_path(arm->config, dim->name)))
            rg_json_say(p->warnings, "arm '%s': the default of %s is not among its choices",
                        arm->name, dim->name);
    } else if (value < dim->lo || value > dim->hi) {
        rg_json_say(
            p->warnings,
            "arm '%s': the default of %s (%g) lies outside its range %g to %g; trial 0 begins "
            "at "
            "the nearest value inside",
            arm->name, dim->name, value, dim->lo, dim->hi);
    } else if (value == dim->lo || value == dim->hi) {
        rg_json_say(
            p->warnings,
            "arm '%s': the default of %s (%g) is an end of its range: the best may lie beyond "
            "it",
            arm->name, dim->name, value);
    }
}

static void plan_search(planner *p)
{
    const rg_study *study = p->study;
    for (size_t i = 0; study->trials && i < study->n_arms; i++) {
        const rg_arm *arm = &study->arms[i];
        if (study->trials == 1 && arm->space.count)
            rg_json_say(p->warnings,
                        "arm '%s': one trial is the default configuration: nothing is tuned",
                        arm->name);
        for (size_t d = 0; d < arm->space.count; d++)
            plan_dim(p, arm, &arm->space.dim[d]);
    }
}

static void plan_arms(planner *p)
{
    const rg_study *study = p->study;
    for (size_t i = 0; i < study->n_arms; i++)
        for (size_t k = 0; k < i; k++) {
            rg_factors found = rg_arm_factors(&study->arms[k], &study->arms[i]);
            if (found.model + found.train == 0)
                rg_json_say(p->warnings, "arms '%s' and '%s' are the same configuration",
                            study->arms[k].name, study->arms[i].name);
            rg_factors_free(&found);
        }
}

/* ---- Settings that nothing reads. */

/* An arm sets it, or all arms that have it from the base pass it by: a base may set what is for
 * some of its arms. */
static bool is_idle(const rg_study *study, const rg_arm *arm, const char *path)
{
    if (!json_is_string(json_object_get(arm->unread, path)))
        return false;
    bool idle = true;
    for (size_t i = 0; i < study->n_arms; i++)
        idle &= json_object_get(study->arms[i].unread, path) != NULL;
    return idle || json_object_get(arm->changes, path);
}

/* Said once, for the arm and all behind it. */
static void say_idle(planner *p, size_t first, const char *path, const char *help)
{
    const rg_study *study = p->study;
    rg_str names = {0};
    for (size_t i = 0; i < study->n_arms; i++) {
        if (!is_idle(study, &study->arms[i], path))
            continue;
        if (i < first)
            break;
        rg_str_printf(&names, "%s'%s'", names.len ? ", " : "", study->arms[i].name);
    }
    if (names.len)
        rg_json_say(p->warnings, "nothing in the training of %s reads %s (%s)",
                    rg_str_text(&names), path, help);
    rg_str_free(&names);
}

static void plan_unread(planner *p)
{
    const rg_study *study = p->study;
    for (size_t i = 0; i < study->n_arms; i++) {
        const char *path;
        json_t *help;
        json_object_foreach (study->arms[i].unread, path, help)
            if (is_idle(study, &study->arms[i], path))
                say_idle(p, i, path, json_string_value(help));
    }
}

/* Of a study that adds seeds, what it costs and shows at least: at its first look. */
static void add_first_look(json_t *plan, const rg_study *study, double strictest)
{
    size_t seeds = study->seeds_min, runs = study->n_arms * seeds;
    json_object_set_new(plan, "runs_min", json_integer((json_int_t)runs));
    json_object_set_new(plan, "mde_sd_min",
                        rg_json_real(detectable_by(study, seeds, study->analysis.alpha)));
    json_object_set_new(plan, "mde_sd_corrected_min",
                        rg_json_real(detectable_by(study, seeds, strictest)));
}

json_t *rg_study_plan(const rg_study *study)
{
    planner p = {study, json_array(), json_array()};
    size_t runs = study->n_arms * rg_study_runs(study, study->n_seeds);
    double shown = detectable(study, study->analysis.alpha);
    double strictest = rg_study_strictest_level(study);
    plan_arms(&p);
    plan_unread(&p);
    plan_search(&p);
    plan_seeds(&p, strictest);
    plan_claims(&p);
    json_t *plan = json_pack(
        "{s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "arms", (json_int_t)study->n_arms, "trials",
        (json_int_t)rg_trials_in_all(study), "runs", (json_int_t)runs, "mde_sd",
        rg_json_real(shown), "mde_sd_corrected", rg_json_real(detectable(study, strictest)),
        "warnings", p.warnings, "unanswerable", p.unanswerable);
    if (rg_study_is_sequential(study))
        add_first_look(plan, study, strictest);
    if (rg_study_has_folds(study))
        json_object_set_new(plan, "folds", json_integer((json_int_t)study->split.folds));
    return plan;
}
