/* recorder.c - results on their way into the ledger (see recorder.h). */
#include "lab/study/recorder.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BATCH_MAX 256 /* results that wait at the most */

/* ---- What a member has reported so far: one growing curve for each metric */

static void collected_free(rg_collected *collected)
{
    if (!collected)
        return;
    for (size_t i = 0; i < collected->curves.len; i++) {
        rg_vec_free(&collected->curves.at[i].step);
        rg_vec_free(&collected->curves.at[i].value);
    }
    rg_vec_free(&collected->curves);
    rg_free(collected);
}

void recorder_forget(rg_member *m)
{
    collected_free(m->collected);
    m->collected = NULL;
}

static curve *curve_of(rg_collected *collected, const char *name)
{
    for (size_t i = 0; i < collected->curves.len; i++)
        if (strcmp(collected->curves.at[i].name, name) == 0)
            return &collected->curves.at[i];
    curve added = {0};
    snprintf(added.name, sizeof(added.name), "%s", name);
    rg_vec_push(&collected->curves, added);
    return &collected->curves.at[collected->curves.len - 1];
}

void recorder_collect(rg_member *m, const json_t *message)
{
    int64_t step = json_integer_value(json_object_get(message, "step"));
    const char *key;
    json_t *value;
    if (!m->collected)
        m->collected = RG_NEW(rg_collected);
    json_object_foreach ((json_t *)(uintptr_t)message, key, value) {
        if (strcmp(key, "id") == 0 || strcmp(key, "step") == 0)
            continue;
        if (!json_is_number(value) && !json_is_null(value))
            continue;
        curve *c = curve_of(m->collected, key);
        rg_vec_push(&c->step, step);
        rg_vec_push(&c->value, rg_json_number(value, NAN));
    }
}

/* ---- Records */

typedef struct waiting { /* a result, with all that its record points at */
    size_t id;
    rg_record record;
    json_t *message;
    char *reason, hex[RG_HEX];
    rg_curve *curves;
    rg_collected *collected;
} waiting;

typedef struct recorder {
    RG_VEC(waiting) at;
} recorder;

static bool hash_predictions(rg_work *work, rg_member *m, char hex[RG_HEX], rg_err *err)
{
    rg_arena *arena = rg_arena_new();
    bool ok = rg_sha_file(rg_path_join(arena, work->dir, m->predictions), hex, err);
    rg_arena_free(arena);
    return ok;
}

void recorder_note_again(rg_member *m, const char *reason, const json_t *message)
{
    if (!m->again)
        m->again = json_array();
    json_array_append_new(m->again,
                          json_pack("{s:s, s:O*}", "reason", reason, "attempts",
                                    rg_json_path(message, "resources.seal.attempts")));
}

/* What the worker measured, and under what it was trained.  New reference, or NULL. */
static json_t *resources_of(const rg_work *work, const rg_member *m, const json_t *message)
{
    json_t *told = json_object_get(message, "resources");
    if (!work->session && !m->again)
        return json_incref(told);
    json_t *resources = json_is_object(told) ? json_copy(told) : json_object();
    if (work->session)
        json_object_set_new(resources, "session", json_string(work->session));
    if (m->again)
        json_object_set(resources, "again", m->again);
    return resources;
}

static void waiting_free(waiting *w)
{
    json_decref(w->message);
    json_decref(w->record.resources);
    json_decref(w->record.point);
    json_decref(w->record.config);
    rg_free(w->reason);
    rg_free(w->curves);
    collected_free(w->collected);
}

/* Takes over what the member has reported. */
static waiting wait_for(const rg_work *work, size_t id, const json_t *message,
                        const char *reason)
{
    rg_member *m = &work->member[id];
    size_t n = m->collected ? m->collected->curves.len : 0;
    waiting w = {.id = id,
                 .message = json_incref((json_t *)(uintptr_t)message),
                 .curves = RG_NEW_ARRAY(rg_curve, n + 1),
                 .collected = m->collected};
    m->collected = NULL;
    if (reason) {
        w.reason = rg_alloc(strlen(reason) + 1);
        memcpy(w.reason, reason, strlen(reason));
    }
    for (size_t i = 0; i < n; i++) {
        const curve *c = &w.collected->curves.at[i];
        w.curves[i] = (rg_curve){c->name, c->step.len, c->step.at, c->value.at};
    }
    w.record = (rg_record){.stage = m->stage,
                           .arm = work->study->arms[m->arm].name,
                           .number = m->number,
                           .seed = m->seed,
                           .failed = reason != NULL,
                           .point = json_incref(m->point),
                           .config = json_incref(m->config),
                           .validation = json_object_get(message, "validation"),
                           .test = json_object_get(message, "test"),
                           .resources = resources_of(work, m, message),
                           .curves = w.curves,
                           .n_curves = n};
    return w;
}

bool recorder_add(rg_work *work, size_t id, const json_t *message, const char *reason,
                  rg_err *err)
{
    rg_member *m = &work->member[id];
    waiting w = wait_for(work, id, message, reason);
    if (m->predictions && !reason && !hash_predictions(work, m, w.hex, err)) {
        waiting_free(&w);
        return false;
    }
    m->recorded = true;
    m->failed = w.record.failed;
    m->score =
        m->failed
            ? NAN
            : rg_json_number(json_object_get(w.record.validation, work->study->metric), NAN);
    if (!work->recorder)
        work->recorder = RG_NEW(recorder);
    rg_vec_push(&work->recorder->at, w);
    return work->recorder->at.len < BATCH_MAX || recorder_flush(work, err);
}

/* ---- Batches */

/* The vector may have moved what they point at: set again just before they are written. */
static const rg_record *records_of(const rg_work *work, rg_record *ret)
{
    recorder *r = work->recorder;
    for (size_t i = 0; i < r->at.len; i++) {
        waiting *w = &r->at.at[i];
        ret[i] = w->record;
        ret[i].reason = w->reason;
        if (*w->hex) {
            ret[i].predictions = work->member[w->id].predictions;
            ret[i].predictions_sha = w->hex;
        }
    }
    return ret;
}

/* A trial's configuration is in the ledger now; a long search keeps its points alone. */
static void let_go(rg_work *work)
{
    recorder *r = work->recorder;
    for (size_t i = 0; i < r->at.len; i++) {
        rg_member *m = &work->member[r->at.at[i].id];
        json_decref(m->again);
        m->again = NULL;
        if (m->stage == RG_TUNE) {
            json_decref(m->point);
            json_decref(m->config);
            m->point = m->config = NULL;
        }
        waiting_free(&r->at.at[i]);
    }
    r->at.len = 0;
}

bool recorder_flush(rg_work *work, rg_err *err)
{
    recorder *r = work->recorder;
    if (!r || r->at.len == 0)
        return true;
    rg_record *records = RG_NEW_ARRAY(rg_record, r->at.len);
    bool ok = rg_ledger_append(work->ledger, records_of(work, records), r->at.len, err);
    rg_free(records);
    if (ok)
        let_go(work);
    return ok;
}

void recorder_close(rg_work *work)
{
    for (size_t i = 0; i < work->count; i++) {
        recorder_forget(&work->member[i]);
        json_decref(work->member[i].again);
        work->member[i].again = NULL;
    }
    if (!work->recorder)
        return;
    let_go(work);
    rg_vec_free(&work->recorder->at);
    rg_free(work->recorder);
    work->recorder = NULL;
}
