/* write.c - what a study tells its ledger: each call is one transaction of one or more events.
 *
 * The event is made first, then its rows are derived from it, so that a table can hold nothing
 * that the chain does not cover. */
#include "lab/store/chain.h"
#include "lab/store/ledger.h"
#include "lab/store/sqlite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Events and transactions */

static bool is_kind(const char *kind)
{
    size_t len = strspn(kind, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return len > 0 && len <= 64 && kind[len] == 0;
}

/* Appends an event and derives its rows, within the caller's transaction. */
static bool add_event(rg_ledger *ledger, const char *kind, const json_t *body, rg_err *err)
{
    char time[32], hash[RG_HEX];
    rg_clock_utc(time);
    char *text = rg_json_canonical(body);
    int64_t seq = ledger->seq + 1;
    rg_chain_hash(ledger->head, seq, time, kind, text, hash);
    sqlite3_bind_int64(ledger->add_event, 1, seq);
    rg_sql_bind_text(ledger->add_event, 2, time);
    rg_sql_bind_text(ledger->add_event, 3, kind);
    rg_sql_bind_text(ledger->add_event, 4, text);
    rg_sql_bind_text(ledger->add_event, 5, hash);
    rg_free(text);
    rg_event event = {.seq = seq, .time = time, .kind = kind, .body = body};
    if (!rg_sql_write(ledger->add_event, ledger->path, err) ||
        !rg_rows_apply(&ledger->rows, &event, err))
        return false;
    ledger->seq = seq;
    memcpy(ledger->head, hash, RG_HEX);
    return true;
}

static bool write_head(rg_ledger *ledger, rg_err *err)
{
    sqlite3_bind_int64(ledger->set_head, 1, ledger->seq);
    rg_sql_bind_text(ledger->set_head, 2, ledger->head);
    return rg_sql_write(ledger->set_head, ledger->path, err);
}

typedef struct pending { /* events that one transaction appends */
    const char *kind;
    json_t *body;
} pending;

static bool append_all(rg_ledger *ledger, const pending *events, size_t n, rg_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (!add_event(ledger, events[i].kind, events[i].body, err))
            return false;
    return write_head(ledger, err) && rg_sql_run(ledger->db, "COMMIT", ledger->path, err);
}

static bool commit_events(rg_ledger *ledger, const pending *events, size_t n, rg_err *err)
{
    if (ledger->mode != RG_LEDGER_WRITE)
        return rg_fail(err, RG_INTERNAL, ledger->path, NULL, "the ledger is open for reading");
    int64_t seq = ledger->seq;
    char head[RG_HEX];
    memcpy(head, ledger->head, RG_HEX);
    if (!rg_sql_run(ledger->db, "BEGIN IMMEDIATE", ledger->path, err))
        return false;
    if (append_all(ledger, events, n, err))
        return true;
    rg_sql_rollback(ledger->db);
    ledger->seq = seq;
    memcpy(ledger->head, head, RG_HEX);
    return false;
}

/* Takes over the body. */
static bool commit_event(rg_ledger *ledger, const char *kind, json_t *body, rg_err *err)
{
    if (!body)
        return rg_fail(err, RG_INTERNAL, ledger->path, NULL,
                       "an event of kind '%s' holds text that is not UTF-8", kind);
    bool done = commit_events(ledger, &(pending){kind, body}, 1, err);
    json_decref(body);
    return done;
}

bool rg_ledger_event(rg_ledger *ledger, const char *kind, const json_t *body, rg_err *err)
{
    if (!is_kind(kind) || rg_rows_known(kind))
        return rg_fail(err, RG_INTERNAL, ledger->path, NULL,
                       "'%s' is no kind that an event can be given", kind);
    return commit_event(ledger, kind, body ? json_deep_copy(body) : json_object(), err);
}

/* ---- The study */

static bool same_study(rg_ledger *ledger, const json_t *known, const char *name,
                       const char *hash, rg_err *err)
{
    const char *old = rg_json_text(known, "name", "");
    if (strcmp(old, name) == 0 && strcmp(rg_json_text(known, "hash", ""), hash) == 0)
        return true;
    return rg_fail(
        err, RG_INPUT, ledger->path,
        "give the changed study a name of its own, or remove the folder of the old one",
        "this ledger belongs to the study '%s' with other settings", old);
}

bool rg_ledger_study(rg_ledger *ledger, const char *name, const char *text,
                     const json_t *resolved, const char *hash, const json_t *environment,
                     rg_err *err)
{
    json_t *known = rg_ledger_study_json(ledger, err);
    if (!known)
        return false;
    bool first = json_is_null(known);
    bool same = !first && same_study(ledger, known, name, hash, err);
    json_decref(known);
    if (!first)
        return same;
    json_t *body = json_pack("{s:s, s:s, s:O, s:s, s:O*}", "name", name, "text", text,
                             "resolved", resolved, "hash", hash, "environment", environment);
    return commit_event(ledger, RG_EVENT_STUDY, body, err);
}

/* ---- Trials and runs */

/* JSON has no number for these three. */
static json_t *value_json(double value)
{
    if (isfinite(value))
        return json_real(value);
    return json_string(isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
}

static json_t *curves_json(const rg_record *record)
{
    json_t *curves = json_array();
    for (size_t c = 0; c < record->n_curves; c++) {
        const rg_curve *curve = &record->curves[c];
        json_t *steps = json_array(), *values = json_array();
        for (size_t i = 0; i < curve->count; i++) {
            json_array_append_new(steps, json_integer(curve->step[i]));
            json_array_append_new(values, value_json(curve->value[i]));
        }
        json_array_append_new(curves, json_pack("{s:s, s:o, s:o}", "name", curve->name, "step",
                                                steps, "value", values));
    }
    return curves;
}

/* Beyond what a signed 64-bit integer holds a seed is written as text. */
static json_t *seed_json(uint64_t seed)
{
    char text[24];
    if (seed <= INT64_MAX)
        return json_integer((json_int_t)seed);
    snprintf(text, sizeof(text), "%llu", (unsigned long long)seed);
    return json_string(text);
}

/* The whole record; NULL when it holds text that is not UTF-8. */
static json_t *record_json(const rg_record *record)
{
    /* A program's last words may hold any bytes. */
    char *reason = record->reason ? rg_sql_readable(record->reason) : NULL;
    json_t *body = json_pack(
        "{s:s, s:I, s:o, s:b, s:s*, s:O*, s:O*, s:O*, s:O*, s:O*, s:s*, s:s*, s:o}", "arm",
        record->arm, "number", (json_int_t)record->number, "seed", seed_json(record->seed),
        "failed", record->failed, "reason", reason, "point", record->point, "config",
        record->config, "validation", record->validation, "test", record->test, "resources",
        record->resources, "predictions", record->predictions, "predictions_sha256",
        record->predictions_sha, "curves", curves_json(record));
    rg_free(reason);
    return body;
}

/* A trial has no test scores, by construction of the protocol, and a run has no point. */
static bool check_record(rg_ledger *ledger, const rg_record *record, rg_err *err)
{
    bool tune = record->stage == RG_TUNE;
    if (!record->arm)
        return rg_fail(err, RG_INTERNAL, ledger->path, NULL, "a record has no arm");
    if (tune ? record->test || record->predictions : record->point != NULL)
        return rg_fail(err, RG_INTERNAL, ledger->path, NULL,
                       "%s %zu of arm '%s' has %s, which its stage does not have",
                       tune ? "trial" : "run", record->number, record->arm,
                       tune ? "test results" : "a point of the search");
    return true;
}

bool rg_ledger_append(rg_ledger *ledger, const rg_record *records, size_t n, rg_err *err)
{
    if (n == 0)
        return true;
    pending *events = RG_NEW_ARRAY(pending, n);
    bool done = true;
    for (size_t i = 0; i < n && done; i++) {
        done = check_record(ledger, &records[i], err);
        events[i].kind = records[i].stage == RG_TUNE ? RG_EVENT_TRIAL : RG_EVENT_RUN;
        events[i].body = done ? record_json(&records[i]) : NULL;
        if (done && !events[i].body)
            done = rg_fail(err, RG_INTERNAL, ledger->path, NULL,
                           "%s %zu holds a name that is not UTF-8", events[i].kind,
                           records[i].number);
    }
    done = done && commit_events(ledger, events, n, err);
    for (size_t i = 0; i < n; i++)
        json_decref(events[i].body);
    rg_free(events);
    return done;
}

/* ---- Test scores */

static bool commit_scores(rg_ledger *ledger, const char *kind, const json_t *body,
                          const rg_score *scores, size_t n, rg_err *err)
{
    json_t *event = body ? json_deep_copy(body) : json_object();
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:I, s:O}", "arm", scores[i].arm, "number",
                                        (json_int_t)scores[i].number, "test", scores[i].test));
    if (json_array_size(list) != n || json_object_set_new(event, "scores", list) != 0) {
        json_decref(event);
        event = NULL;
    }
    return commit_event(ledger, kind, event, err);
}

bool rg_ledger_scores(rg_ledger *ledger, const json_t *body, const rg_score *scores, size_t n,
                      rg_err *err)
{
    return commit_scores(ledger, RG_EVENT_SCORES, body, scores, n, err);
}

bool rg_ledger_look(rg_ledger *ledger, const json_t *body, const rg_score *scores, size_t n,
                    rg_err *err)
{
    return commit_scores(ledger, RG_EVENT_LOOK, body, scores, n, err);
}
