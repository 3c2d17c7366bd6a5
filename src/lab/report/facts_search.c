/* facts_search.c - the trials, the space that they searched, and the curves of the final runs.
 */
#include "lab/report/facts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

json_t *facts_search(const facts_source *from)
{
    json_t *search = json_array();
    for (size_t i = 0; i < from->n_records; i++) {
        const rg_record *trial = &from->records[i];
        if (trial->stage != RG_TUNE)
            continue;
        json_array_append_new(
            search,
            json_pack("{s:s, s:I, s:I, s:o, s:b, s:s?, s:o}", "arm", trial->arm, "trial",
                      (json_int_t)trial->number, "seed", (json_int_t)trial->seed, "score",
                      rg_json_real(facts_score(from, trial)), "failed", trial->failed, "reason",
                      trial->reason, "point",
                      trial->point ? json_incref(trial->point) : json_object()));
    }
    return search;
}

/* ---- The space */

static json_t *dim_json(const rg_dim *dim)
{
    static const char *const kinds[] = {[RG_DIM_UNIFORM] = "uniform",
                                        [RG_DIM_LOG] = "log",
                                        [RG_DIM_INT] = "int",
                                        [RG_DIM_CHOICE] = "choice",
                                        [RG_DIM_ORDER] = "order"};
    bool listed = dim->kind == RG_DIM_CHOICE || dim->kind == RG_DIM_ORDER;
    json_t *ret =
        json_pack("{s:s, s:s, s:o, s:o, s:b}", "name", dim->name, "kind", kinds[dim->kind],
                  "lo", listed ? json_null() : rg_json_real(dim->lo), "hi",
                  listed ? json_null() : rg_json_real(dim->hi), "log",
                  dim->kind == RG_DIM_LOG || dim->log);
    if (listed) {
        json_t *choices = json_array();
        for (size_t i = 0; i < dim->n_choices; i++)
            json_array_append(choices, dim->choices[i]);
        json_object_set_new(ret, "choices", choices);
    }
    return ret;
}

/* Arms that fix a factor do not tune it: the union over the arms is the study's space. */
json_t *facts_space(const facts_source *from)
{
    json_t *space = json_array(), *seen = json_object();
    for (size_t a = 0; a < from->study->n_arms; a++) {
        const rg_space *own = &from->study->arms[a].space;
        for (size_t d = 0; from->study->trials && d < own->count; d++) {
            if (json_object_get(seen, own->dim[d].name))
                continue;
            json_object_set_new(seen, own->dim[d].name, json_true());
            json_array_append_new(space, dim_json(&own->dim[d]));
        }
    }
    json_decref(seen);
    return space;
}

json_t *facts_sampler(const facts_source *from)
{
    const rg_study *study = from->study;
    for (size_t a = 0; a < study->n_arms; a++) {
        const char *why = "as the study says";
        if (!facts_is_tuned(from, &study->arms[a]))
            continue;
        const rg_sampler *sampler =
            strcmp(study->sampler, "auto") == 0
                ? rg_sampler_auto(&study->arms[a].space, study->trials, &why)
                : rg_sampler_find(study->sampler);
        return json_pack("{s:s, s:s}", "name", sampler ? sampler->name : study->sampler, "why",
                         why);
    }
    return json_null();
}

/* ---- Curves */

static json_t *curve_json(const rg_record *run, const rg_curve *curve)
{
    json_t *step = json_array(), *value = json_array();
    for (size_t i = 0; i < curve->count; i++) {
        json_array_append_new(step, json_integer((json_int_t)curve->step[i]));
        json_array_append_new(value, rg_json_real(curve->value[i]));
    }
    json_t *fold = run->fold ? json_integer((json_int_t)run->fold) : NULL;
    return json_pack("{s:s, s:I, s:o*, s:s, s:o, s:o}", "arm", run->arm, "seed",
                     (json_int_t)run->seed, "fold", fold, "metric", curve->name, "step", step,
                     "value", value);
}

/* The primary metric on validation comes first: it is what a reader looks for. */
json_t *facts_curves(const facts_source *from)
{
    json_t *curves = json_array();
    char primary[128];
    snprintf(primary, sizeof(primary), "val_%s", from->study->metric);
    for (size_t i = 0; i < from->n_records; i++) {
        const rg_record *run = &from->records[i];
        if (run->stage != RG_EVALUATE)
            continue;
        for (int rest = 0; rest < 2; rest++)
            for (size_t k = 0; k < run->n_curves; k++)
                if ((strcmp(run->curves[k].name, primary) != 0) == rest)
                    json_array_append_new(curves, curve_json(run, &run->curves[k]));
    }
    return curves;
}
