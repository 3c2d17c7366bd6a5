/* outlook.c - earlier scatter, a claim's margin and the planned seeds: will that do?
 * (see outlook.h) */
#include "lab/report/outlook.h"

#include "lab/report/power_spread.h"

#include <math.h>
#include <string.h>

#define WANTED .8
#define HARDLY .5 /* a study is more likely to leave the claim open than not */
#define NEVER .01

typedef struct view {
    const rg_study *study;
    const rg_claim *claim;
    double sd, level;
    const char *from;
} view;

static const char *name_of(const view *v, size_t arm)
{
    return v->study->arms[arm].name;
}

static const json_t *same_claim(const view *v, const json_t *facts)
{
    size_t i;
    json_t *claim;
    json_array_foreach (json_object_get(facts, "claims"), i, claim) {
        const char *a = rg_json_text(claim, "a", ""), *b = rg_json_text(claim, "b", "");
        const char *own_a = name_of(v, v->claim->a), *own_b = name_of(v, v->claim->b);
        if ((!strcmp(a, own_a) && !strcmp(b, own_b)) ||
            (!strcmp(a, own_b) && !strcmp(b, own_a)))
            return claim;
    }
    return NULL;
}

static void find_spread(view *v, const json_t *facts, double run_sd)
{
    const json_t *claim = same_claim(v, facts);
    power_spread known = {.sd = NAN};
    if (claim)
        known = power_spread_of_claim(facts, claim, RG_PAIRS);
    v->from = known.sd > 0 ? "claim" : "placebo";
    v->sd = known.sd > 0 ? known.sd : sqrt(2) * run_sd;
}

/* The chance that the seeds show what the claim says about the margin, were the arms equal. */
static double chance(const view *v, double n)
{
    double margin = v->study->analysis.margin / v->sd;
    rg_power_plan plan = {RG_PAIRS, v->level, 1};
    if (v->claim->relation == RG_BETTER || !(margin > 0))
        return NAN;
    return v->claim->relation == RG_EQUAL ? rg_power_equivalence(plan, n, margin)
                                          : rg_power(plan, n, margin);
}

static double seeds_wanted(const view *v)
{
    double margin = v->study->analysis.margin / v->sd;
    rg_power_plan plan = {RG_PAIRS, v->level, 1};
    return rg_power_n_of(v->claim->relation == RG_EQUAL ? rg_power_equivalence : rg_power, plan,
                         margin, WANTED);
}

static void say(json_t *plan, const view *v, double power, double seeds)
{
    rg_str remedy = {0};
    if (isnan(seeds))
        rg_str_add(&remedy, "no number of seeds will do");
    else
        rg_str_printf(&remedy, "%.0f seeds would show it in 80 %%", seeds);
    rg_json_say(json_object_get(plan, power < NEVER ? "unanswerable" : "warnings"),
                "'%s': differences scatter by %.3g (sd), so %zu seeds show a margin of %g in "
                "%.0f %% of studies even where the arms are equal; %s",
                v->claim->text, v->sd, v->study->n_seeds, v->study->analysis.margin,
                100 * power, rg_str_text(&remedy));
    rg_str_free(&remedy);
}

static void look_at(json_t *plan, json_t *outlook, const view *v)
{
    double n = (double)v->study->n_seeds, power = chance(v, n);
    double seeds = isnan(power) ? NAN : seeds_wanted(v);
    double effect = rg_power_effect((rg_power_plan){RG_PAIRS, v->level, 2}, n, WANTED);
    json_array_append_new(outlook,
                          json_pack("{s:s, s:o, s:s, s:o, s:o, s:o}", "claim", v->claim->text,
                                    "sd", rg_json_real(v->sd), "from", v->from, "mde",
                                    rg_json_real(effect * v->sd), "power", rg_json_real(power),
                                    "seeds", rg_json_real(seeds)));
    if (power < HARDLY)
        say(plan, v, power, seeds);
}

void outlook_add(json_t *plan, const rg_study *study, const json_t *facts, double run_sd)
{
    json_t *outlook = json_array();
    /* The spread between folds says nothing of more seeds, nor the other way round. */
    bool folds = rg_study_has_folds(study) || rg_json_path(facts, "data.split.folds");
    size_t n_claims = folds ? 0 : study->n_claims;
    for (size_t i = 0; i < n_claims; i++) {
        view v = {.study = study,
                  .claim = &study->claims[i],
                  .level = rg_study_strictest_level(study)};
        find_spread(&v, facts, run_sd);
        if (v.sd > 0 && study->n_seeds >= 2)
            look_at(plan, outlook, &v);
    }
    json_object_set_new(plan, "outlook", outlook);
}
