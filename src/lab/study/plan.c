/* plan.c - what a study is worth before it runs: how much it trains, what its seeds can show,
 * what would make its verdicts hard to read. */
#include "rigor/stats.h"
#include "rigor/study.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SEEDS_ADVISED 8

typedef struct planner {
    const rg_study *study;
    json_t *warnings, *unanswerable;
} planner;

/* ---- Costs. */

static size_t trials_of(const rg_study *study, const rg_arm *arm)
{
    return arm->space.count ? study->trials : 0;
}

static size_t all_trials(const rg_study *study)
{
    size_t n = 0;
    for (size_t i = 0; i < study->n_arms; i++)
        n += trials_of(study, &study->arms[i]);
    return n;
}

/* ---- Factors: in what two arms differ. */

typedef struct factors {
    size_t model, train;
    rg_str names;
} factors;

static bool is_tuned(const rg_arm *arm, const char *path)
{
    for (size_t i = 0; i < arm->space.count; i++)
        if (strcmp(arm->space.dim[i].name, path) == 0)
            return true;
    return false;
}

/* A factor that both arms tune is the same for both, whatever value each ends up with. */
static bool differs(const rg_arm *a, const rg_arm *b, const char *path)
{
    bool tuned_a = is_tuned(a, path), tuned_b = is_tuned(b, path);
    if (tuned_a || tuned_b)
        return tuned_a != tuned_b;
    return !json_equal(rg_json_path(a->config, path), rg_json_path(b->config, path));
}

static void compare_part(const rg_arm *a, const rg_arm *b, const char *part, factors *ret,
                         size_t *count)
{
    const char *key;
    json_t *value;
    json_object_foreach (json_object_get(a->config, part), key, value) {
        char path[256];
        snprintf(path, sizeof(path), "%s.%s", part, key);
        if (!differs(a, b, path))
            continue;
        rg_str_printf(&ret->names, "%s%s", ret->names.len ? ", " : "", path);
        (*count)++;
    }
}

/* Another model is one factor: its parameters come with it. */
static factors compare(const rg_arm *a, const rg_arm *b)
{
    factors found = {0};
    if (differs(a, b, "model.name")) {
        rg_str_add(&found.names, "model.name");
        found.model = 1;
    } else {
        compare_part(a, b, "model", &found, &found.model);
    }
    compare_part(a, b, "train", &found, &found.train);
    return found;
}

/* ---- Claims. */

/* The smallest two-sided p of the exact sign-flip and Wilcoxon tests is 2^(1-n). */
static size_t seeds_for_exact(double level)
{
    return (size_t)floor(1 - log2(level)) + 1;
}

static double strictest_level(const rg_study *study)
{
    bool corrected = study->analysis.correction != RG_NO_CORRECTION && study->n_claims > 1;
    return study->analysis.alpha / (corrected ? (double)study->n_claims : 1);
}

static void plan_claim(planner *p, const rg_claim *claim)
{
    const rg_arm *a = &p->study->arms[claim->a], *b = &p->study->arms[claim->b];
    if (p->study->n_seeds < 2) {
        rg_json_say(p->unanswerable, "'%s': one seed has no spread; no test can settle it",
                    claim->text);
        return;
    }
    factors found = compare(a, b);
    if (found.model + found.train == 0 && claim->relation == RG_BETTER)
        rg_json_say(p->unanswerable, "'%s': %s and %s are the same configuration", claim->text,
                    a->name, b->name);
    if (found.model && found.train)
        rg_json_say(
            p->warnings,
            "'%s' is confounded: the arms differ in the model and in its training (%s); the "
            "verdict cannot say which of them is the cause",
            claim->text, rg_str_text(&found.names));
    rg_str_free(&found.names);
}

static void plan_exact_tests(planner *p)
{
    const rg_study *study = p->study;
    double level = strictest_level(study);
    size_t need = seeds_for_exact(level);
    if (!study->n_claims || study->n_seeds < 2 || study->n_seeds >= need)
        return;
    rg_json_say(
        p->warnings,
        "with %zu seeds the exact tests cannot reach the level that %zu claim%s at alpha %g "
        "need "
        "(%.3g): the verdicts rest on the paired t test alone; %zu seeds are enough for both",
        study->n_seeds, study->n_claims, study->n_claims > 1 ? "s" : "", study->analysis.alpha,
        level, need);
}

static void plan_claims(planner *p)
{
    const rg_study *study = p->study;
    if (study->n_claims == 0)
        rg_json_say(p->warnings, "no claims are declared: the study will describe, not decide");
    for (size_t i = 0; i < study->n_claims; i++)
        plan_claim(p, &study->claims[i]);
    plan_exact_tests(p);
    if (study->analysis.correction == RG_NO_CORRECTION && study->n_claims > 1)
        rg_json_say(
            p->warnings,
            "%zu claims without correction: the chance that at least one is supported by luck "
            "is "
            "up to %.0f %%",
            study->n_claims,
            100 * (1 - pow(1 - study->analysis.alpha, (double)study->n_claims)));
}

/* ---- Seeds and search. */

static void plan_seeds(planner *p, double detectable)
{
    const rg_study *study = p->study;
    if (study->n_seeds >= SEEDS_ADVISED || study->n_seeds < 2)
        return;
    rg_json_say(
        p->warnings,
        "%zu seeds are few; %d, as advised, show a difference of %.2f standard deviations "
        "where %zu show one of %.2f",
        study->n_seeds, SEEDS_ADVISED,
        rg_detectable_effect(SEEDS_ADVISED, study->analysis.alpha), study->n_seeds, detectable);
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
            factors found = compare(&study->arms[k], &study->arms[i]);
            if (found.model + found.train == 0)
                rg_json_say(p->warnings, "arms '%s' and '%s' are the same configuration",
                            study->arms[k].name, study->arms[i].name);
            rg_str_free(&found.names);
        }
}

json_t *rg_study_plan(const rg_study *study)
{
    planner p = {study, json_array(), json_array()};
    size_t runs = study->n_arms * study->n_seeds;
    double alpha = study->analysis.alpha;
    double detectable = rg_detectable_effect(study->n_seeds, alpha);
    plan_arms(&p);
    plan_search(&p);
    plan_seeds(&p, detectable);
    plan_claims(&p);
    return json_pack("{s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "arms", (json_int_t)study->n_arms,
                     "trials", (json_int_t)all_trials(study), "runs", (json_int_t)runs,
                     "mde_sd", rg_json_real(detectable), "mde_sd_corrected",
                     rg_json_real(rg_detectable_effect(study->n_seeds, strictest_level(study))),
                     "warnings", p.warnings, "unanswerable", p.unanswerable);
}
