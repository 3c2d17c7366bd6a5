/* diff_side.c - what there is to compare of a run, an arm or a study, in sections. */
#include "lab/report/diff.h"

#include "lab/study/session.h"
#include "rigor/report.h"

#include <string.h>

/* ---- Records by name */

/* "name a run, such as full@1001, or a trial, such as full/0" */
static void add_names(const rg_record *records, size_t n, rg_str *ret)
{
    const rg_record *trial = NULL, *final = NULL;
    for (size_t i = 0; i < n; i++)
        *(records[i].stage == RG_TUNE ? &trial : &final) = &records[i];
    char name[RG_RECORD_NAME];
    if (final)
        rg_record_name(final, name);
    if (final)
        rg_str_printf(ret, "name a run, such as %s", name);
    if (trial)
        rg_record_name(trial, name);
    if (trial)
        rg_str_printf(ret, "%s a trial, such as %s", final ? ", or" : "name", name);
    if (!trial && !final)
        rg_str_add(ret, "it has none yet");
}

const rg_record *diff_record(const char *which, const rg_record *records, size_t n, rg_err *err)
{
    for (size_t i = 0; i < n; i++) {
        char name[RG_RECORD_NAME];
        rg_record_name(&records[i], name);
        if (strcmp(name, which) == 0)
            return &records[i];
    }
    rg_str remedy = {.max = 300};
    add_names(records, n, &remedy);
    rg_fail(err, RG_INPUT, NULL, rg_str_text(&remedy), "the study has no trial or run '%s'",
            which);
    rg_str_free(&remedy);
    return NULL;
}

/* ---- Sections */

static void put(json_t *side, const char *section, json_t *value)
{
    json_object_set_new(side, section, value ? value : json_null());
}

static json_t *copy(const json_t *value)
{
    return value ? json_deep_copy(value) : NULL;
}

static void put_keys(json_t *side, const char *section, const char *const *key,
                     const json_t *environment, const json_t *session)
{
    json_t *values = json_object();
    for (; *key; key++) {
        json_t *told = json_object_get(session, *key);
        told = told ? told : json_object_get(environment, *key);
        json_object_set(values, *key, told ? told : json_null());
    }
    put(side, section, values);
}

/* Under what a run was trained: its session, or what the study began under. */
static void put_conditions(json_t *side, const json_t *environment, const json_t *session)
{
    static const char *const command[] = {"command", "overrides", NULL};
    for (const rg_session_aspect *aspect = rg_session_aspects; aspect->what; aspect++)
        put_keys(side, aspect->what, aspect->keys, environment, session);
    put_keys(side, "command", command, environment, NULL);
}

static void put_data(json_t *side, const json_t *facts)
{
    json_t *data = copy(json_object_get(facts, "data"));
    json_t *split = copy(json_object_get(data, "split"));
    json_object_del(data, "split");
    put(side, "data", data);
    put(side, "split", split);
}

static json_t *curves_of(const rg_record *r)
{
    json_t *curves = json_object();
    for (size_t i = 0; i < r->n_curves; i++) {
        json_t *steps = json_array(), *values = json_array();
        for (size_t k = 0; k < r->curves[i].count; k++) {
            json_array_append_new(steps, json_integer((json_int_t)r->curves[i].step[k]));
            json_array_append_new(values, rg_json_real(r->curves[i].value[k]));
        }
        json_object_set_new(curves, r->curves[i].name,
                            json_pack("{s:o, s:o}", "step", steps, "value", values));
    }
    return curves;
}

/* What a run did is part of its budget; how long it took is not. */
static void put_resources(json_t *side, const json_t *resources)
{
    static const char *const budget[] = {"epochs", "steps", "parameters"};
    json_t *spent = json_object(),
           *rest = resources ? json_copy((json_t *)(uintptr_t)resources) : json_object();
    for (size_t i = 0; i < RG_COUNT(budget); i++) {
        json_t *value = json_object_get(rest, budget[i]);
        json_object_set(spent, budget[i], value ? value : json_null());
        json_object_del(rest, budget[i]);
    }
    json_object_del(rest, "session");
    put(side, "budget", spent);
    put(side, "resources", rest);
}

static json_t *side_of_record(const diff_source *source, const json_t *facts,
                              const rg_record *r, rg_err *err)
{
    json_t *side = json_object(),
           *session = rg_session_recorded(source->ledger, r->resources, err);
    put(side, "configuration", copy(r->config));
    put(side, "seed", json_integer((json_int_t)r->seed));
    if (r->fold)
        put(side, "fold", json_integer((json_int_t)r->fold));
    put_data(side, facts);
    put_conditions(side, json_object_get(facts, "environment"), session);
    put_resources(side, r->resources);
    put(side, "failure", r->failed ? json_string(r->reason ? r->reason : "failed") : NULL);
    put(side, "validation", copy(r->validation));
    put(side, "test", copy(r->test));
    put(side, "predictions", r->predictions_sha ? json_string(r->predictions_sha) : NULL);
    put(side, "curves", curves_of(r));
    json_decref(session);
    return side;
}

/* ---- Arms and studies */

static const json_t *named(const json_t *list, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item)
        if (!strcmp(rg_json_text(item, "name", ""), name))
            return item;
    return NULL;
}

/* {metric: {"mean", "sd", "n"}} */
static json_t *means_of(const json_t *metrics)
{
    const char *metric;
    json_t *summary, *ret = json_object();
    json_object_foreach ((json_t *)(uintptr_t)metrics, metric, summary) {
        json_t *short_form = json_copy(summary);
        json_object_del(short_form, "values");
        json_object_del(short_form, "interval");
        json_object_set_new(ret, metric, short_form);
    }
    return ret;
}

static json_t *side_of_arm(const json_t *facts, const json_t *arm)
{
    json_t *side = json_object();
    put(side, "configuration", copy(json_object_get(arm, "config")));
    put(side, "changes", copy(json_object_get(arm, "changes")));
    put(side, "seeds", copy(json_object_get(arm, "seeds")));
    put_data(side, facts);
    put_conditions(side, json_object_get(facts, "environment"), NULL);
    put(side, "tuning", copy(json_object_get(arm, "tuning")));
    put(side, "failures", copy(json_object_get(arm, "failed")));
    put(side, "validation", means_of(json_object_get(arm, "validation")));
    put(side, "test", means_of(json_object_get(arm, "metrics")));
    return side;
}

/* {claim: {"verdict", "estimate", "p_corrected"}} */
static json_t *verdicts_of(const json_t *facts)
{
    static const char *const keys[] = {"verdict", "estimate", "p_corrected", "n"};
    size_t i;
    json_t *claim, *ret = json_object();
    json_array_foreach (json_object_get(facts, "claims"), i, claim) {
        json_t *about = json_object();
        for (size_t k = 0; k < RG_COUNT(keys); k++)
            json_object_set(about, keys[k], json_object_get(claim, keys[k]));
        json_object_set_new(ret, rg_json_text(claim, "claim", "?"), about);
    }
    return ret;
}

/* A list of objects with names as an object of these, so that they are compared by name. */
static json_t *by_name(const json_t *list)
{
    json_t *ret = json_object(), *item;
    size_t i;
    json_array_foreach (list, i, item) {
        json_t *rest = json_copy(item);
        json_object_del(rest, "name");
        json_object_set_new(ret, rg_json_text(item, "name", "?"), rest);
    }
    return ret;
}

/* {arm: its configuration, with "of" and "space" beside}: what an arm changes stands in its
 * configuration already. */
static json_t *arms_of(const json_t *arms)
{
    json_t *ret = json_object(), *arm;
    size_t i;
    json_array_foreach (arms, i, arm) {
        json_t *about = json_copy(json_object_get(arm, "config"));
        json_object_set(about, "of", json_object_get(arm, "of"));
        json_object_set_new(about, "space", by_name(json_object_get(arm, "space")));
        json_object_set_new(ret, rg_json_text(arm, "name", "?"), about);
    }
    return ret;
}

static json_t *declared_of(const rg_study *study)
{
    json_t *ret = json_copy(study->resolved);
    json_object_set_new(ret, "arms", arms_of(json_object_get(ret, "arms")));
    return ret;
}

static json_t *side_of_study(const diff_source *source, const json_t *facts)
{
    json_t *side = json_object(), *scores = json_object(), *arm;
    size_t i;
    json_array_foreach (json_object_get(facts, "arms"), i, arm)
        json_object_set_new(scores, rg_json_text(arm, "name", "?"),
                            means_of(json_object_get(arm, "metrics")));
    put(side, "study", declared_of(source->study));
    put_data(side, facts);
    put_conditions(side, json_object_get(facts, "environment"), NULL);
    put(side, "status", copy(json_object_get(facts, "status")));
    put(side, "test", scores);
    put(side, "verdicts", verdicts_of(facts));
    return side;
}

json_t *diff_side(const diff_source *source, rg_err *err)
{
    rg_arena *arena = rg_arena_new();
    json_t *facts = rg_facts_build(source->study, source->ledger, err), *side = NULL;
    const json_t *arm = source->run ? named(json_object_get(facts, "arms"), source->run) : NULL;
    rg_record *records;
    size_t n;
    if (facts && !source->run) {
        side = side_of_study(source, facts);
    } else if (arm) {
        side = side_of_arm(facts, arm);
    } else if (facts &&
               rg_ledger_records(source->ledger, RG_ALL_PARTS, arena, &records, &n, err)) {
        const rg_record *r = diff_record(source->run, records, n, err);
        side = r ? side_of_record(source, facts, r, err) : NULL;
    }
    json_decref(facts);
    rg_arena_free(arena);
    return side;
}
