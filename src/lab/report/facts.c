/* facts.c - everything that a report says, gathered from the study and its ledger
 * (docs/json.md).
 *
 * What a ledger does not hold yet is left empty, so that the report of a study that was stopped
 * anywhere is the beginning of the report that it would have had.  Nothing but `environment`
 * and `ledger_head` may depend on times, machines, interruptions or the number of workers. */
#include "lab/report/facts.h"
#include "rigor/protocol.h"
#include "rigor/report.h"

#include <math.h>
#include <string.h>

const rg_record *facts_record(const facts_source *from, rg_stage stage, const char *arm,
                              size_t number)
{
    for (size_t i = 0; i < from->n_records; i++) {
        const rg_record *record = &from->records[i];
        if (record->stage == stage && record->number == number && !strcmp(record->arm, arm))
            return record;
    }
    return NULL;
}

double facts_score(const facts_source *from, const rg_record *record)
{
    if (record->failed)
        return NAN;
    double score =
        rg_json_number(json_object_get(record->validation, from->study->metric), NAN);
    return isfinite(score) ? score : NAN;
}

bool facts_is_tuned(const facts_source *from, const rg_arm *arm)
{
    return from->study->trials > 0 && arm->space.count > 0;
}

static const json_t *newest_look(const facts_source *from)
{
    size_t count = json_array_size(from->looks);
    return count ? json_object_get(json_array_get(from->looks, count - 1), "body") : NULL;
}

size_t facts_seeds_due(const facts_source *from)
{
    return rg_seeds_due(from->study, newest_look(from));
}

/* A failed run has a score, the worst, once the seal was opened for its seed. */
bool facts_is_scored(const facts_source *from, const rg_record *run)
{
    if (!run || !run->failed)
        return run && run->test;
    return rg_study_is_sequential(from->study) ? run->number < rg_look_seeds(newest_look(from))
                                               : json_array_size(from->openings) > 0;
}

bool facts_is_complete(const facts_source *from)
{
    const rg_study *study = from->study;
    if (rg_study_is_sequential(study))
        return rg_look_is_last(newest_look(from));
    for (size_t a = 0; a < study->n_arms; a++)
        for (size_t i = 0; i < rg_study_runs(study, study->n_seeds); i++)
            if (!facts_is_scored(from, facts_record(from, RG_EVALUATE, study->arms[a].name, i)))
                return false;
    return true;
}

const json_t *facts_frozen(const facts_source *from, const char *arm)
{
    size_t i;
    json_t *frozen;
    json_array_foreach (json_object_get(from->freeze, "arms"), i, frozen)
        if (!strcmp(rg_json_text(frozen, "arm", ""), arm))
            return frozen;
    return NULL;
}

/* ---- Reading the ledger */

static bool newest(rg_ledger *ledger, const char *kind, json_t **ret, rg_err *err)
{
    *ret = rg_ledger_newest(ledger, kind, err);
    return err->code == RG_OK;
}

static void source_close(facts_source *from)
{
    json_decref(from->row);
    json_decref(from->split);
    json_decref(from->audit);
    json_decref(from->freeze);
    json_decref(from->openings);
    json_decref(from->looks);
    json_decref(from->finished);
    json_decref(from->sessions);
    json_decref(from->granted);
    rg_arena_free(from->arena);
}

static bool source_open(facts_source *from, const rg_study *study, rg_ledger *ledger,
                        rg_err *err)
{
    *from = (facts_source){.study = study, .arena = rg_arena_new()};
    if (rg_ledger_records(ledger, RG_TRIALS | RG_RUNS | RG_RUN_CURVES | RG_RESOURCES,
                          from->arena, &from->records, &from->n_records, err) &&
        (from->row = rg_ledger_study_json(ledger, err)) != NULL &&
        newest(ledger, "split", &from->split, err) &&
        newest(ledger, "audit", &from->audit, err) &&
        newest(ledger, "freeze", &from->freeze, err) &&
        newest(ledger, "granted", &from->granted, err) &&
        (from->openings = rg_ledger_events(ledger, "seal-opened", err)) != NULL &&
        (from->looks = rg_ledger_events(ledger, "looked", err)) != NULL &&
        (from->finished = rg_ledger_events(ledger, "finished", err)) != NULL &&
        (from->sessions = rg_ledger_events(ledger, "session", err)) != NULL)
        return true;
    source_close(from);
    return false;
}

/* ---- The small parts */

static json_t *facts_marks(const facts_source *from)
{
    json_t *marks = json_array();
    if (from->study->exploratory)
        json_array_append_new(marks, json_string("exploratory"));
    if (json_array_size(from->openings) > 1)
        json_array_append_new(marks, json_string("unsealed"));
    if (!strcmp(facts_trust(from), "self-reported"))
        json_array_append_new(marks, json_string("self-reported"));
    return marks;
}

static json_t *facts_analysis(const rg_study *study)
{
    static const char *const corrections[] = {
        [RG_HOLM] = "holm", [RG_BONFERRONI] = "bonferroni", [RG_NO_CORRECTION] = "none"};
    return json_pack("{s:o, s:s, s:o}", "alpha", rg_json_real(study->analysis.alpha),
                     "correction", corrections[study->analysis.correction], "margin",
                     rg_json_real(study->analysis.margin));
}

static json_t *facts_data(const facts_source *from)
{
    const json_t *about = json_object_get(from->split, "data");
    if (!from->study->data)
        return json_null();
    json_t *data =
        about ? json_deep_copy(about) : json_pack("{s:s}", "name", from->study->data);
    static const char *const keys[] = {"split", "scale"};
    for (size_t i = 0; i < RG_COUNT(keys); i++) {
        json_t *value = json_object_get(from->split, keys[i]);
        json_object_set_new(data, keys[i], value ? json_deep_copy(value) : json_null());
    }
    return data;
}

static json_t *stage_json(size_t done, size_t total, size_t failed)
{
    return json_pack("{s:I, s:I, s:I}", "done", (json_int_t)done, "total", (json_int_t)total,
                     "failed", (json_int_t)failed);
}

static json_t *stage_of_records(const facts_source *from, rg_stage stage, size_t total)
{
    size_t done = 0, failed = 0;
    for (size_t i = 0; i < from->n_records; i++) {
        done += from->records[i].stage == stage;
        failed += from->records[i].stage == stage && from->records[i].failed;
    }
    return stage_json(done, total, failed);
}

static json_t *facts_stages(const facts_source *from)
{
    const rg_study *study = from->study;
    size_t tuned = 0;
    for (size_t a = 0; a < study->n_arms; a++)
        tuned += facts_is_tuned(from, &study->arms[a]);
    return json_pack(
        "{s:o, s:o, s:o, s:o}", "split", stage_json(from->split != NULL, 1, 0), "tune",
        stage_of_records(from, RG_TUNE, tuned * study->trials), "evaluate",
        stage_of_records(from, RG_EVALUATE,
                         study->n_arms * rg_study_runs(study, facts_seeds_due(from))),
        "analyse",
        stage_json(facts_is_complete(from) ? study->n_claims : 0, study->n_claims, 0));
}

/* A look without the scores that came with it: those stand in `arms`. */
static json_t *look_json(const json_t *event)
{
    json_t *look = json_copy(json_object_get(event, "body"));
    json_object_del(look, "scores");
    return look;
}

json_t *facts_sequential(const facts_source *from)
{
    const rg_study *study = from->study;
    if (!rg_study_is_sequential(study))
        return NULL;
    json_t *looks = json_array(), *event;
    size_t i;
    json_array_foreach (from->looks, i, event)
        json_array_append_new(looks, look_json(event));
    return json_pack("{s:I, s:I, s:I, s:I, s:O?, s:o}", "min", (json_int_t)study->seeds_min,
                     "max", (json_int_t)study->n_seeds, "step", (json_int_t)study->seeds_step,
                     "seeds", (json_int_t)rg_look_seeds(newest_look(from)), "end",
                     json_object_get(newest_look(from), "end"), "looks", looks);
}

static json_t *facts_also(const rg_study *study)
{
    json_t *also = json_array();
    for (size_t i = 0; i < study->n_also; i++)
        json_array_append_new(also, json_string(study->also[i]));
    return also;
}

/* ---- All of it */

static json_t *assemble(const facts_source *from)
{
    const rg_study *study = from->study;
    json_t *facts = json_object(), *arms = facts_arms(from);
    const struct {
        const char *key;
        json_t *value;
    } parts[] = {
        {"format", json_string("rigor-facts/1")},
        {"study", json_string(study->name)},
        {"question", json_string(study->question ? study->question : "")},
        {"status", json_string(facts_is_complete(from) ? "complete" : "incomplete")},
        {"marks", facts_marks(from)},
        {"trust", json_string(facts_trust(from))},
        {"metric", json_pack("{s:s, s:s}", "name", study->metric, "goal",
                             study->maximize ? "maximize" : "minimize")},
        {"also", facts_also(study)},
        {"analysis", facts_analysis(study)},
        {"data", facts_data(from)},
        {"stages", facts_stages(from)},
        {"arms", arms},
        {"claims", facts_claims(from)},
        {"standings", facts_study_standings(from)},
        {"effects", facts_effects(from, arms)},
        {"search", facts_search(from)},
        {"space", facts_space(from)},
        {"sampler", facts_sampler(from)},
        {"curves", facts_curves(from)},
        {"checks", facts_checks(from, arms)},
        {"warnings", facts_warnings(from)},
        {"seal", facts_seal(from)},
    };
    for (size_t i = 0; i < RG_COUNT(parts); i++)
        json_object_set_new(facts, parts[i].key, parts[i].value);
    json_object_set(facts, "trainer", json_object_get(study->resolved, "trainer"));
    json_t *sequential = facts_sequential(from);
    if (sequential)
        json_object_set_new(facts, "sequential", sequential);
    json_object_set_new(facts, "methods", facts_methods(facts));
    return facts;
}

void rg_facts_fingerprint(const json_t *facts, char ret[RG_HEX])
{
    /* The methods paragraph names the program's version, and says nothing else of its own. */
    static const char *const outside[] = {"fingerprint", "environment", "ledger_head",
                                          "methods"};
    json_t *results = json_copy((json_t *)(uintptr_t)facts);
    for (size_t i = 0; i < RG_COUNT(outside); i++)
        json_object_del(results, outside[i]);
    char *text = rg_json_canonical(results);
    rg_sha_of(text, strlen(text), ret);
    rg_free(text);
    json_decref(results);
}

json_t *rg_facts_build(const rg_study *study, rg_ledger *ledger, rg_err *err)
{
    facts_source from;
    char hash[RG_HEX];
    if (!source_open(&from, study, ledger, err))
        return NULL;
    json_t *facts = assemble(&from);
    rg_facts_fingerprint(facts, hash);
    json_object_set_new(facts, "fingerprint", json_string(hash));
    json_object_set_new(facts, "environment", facts_environment(&from));
    rg_ledger_head(ledger, hash);
    json_object_set_new(facts, "ledger_head", json_string(hash));
    source_close(&from);
    return facts;
}
