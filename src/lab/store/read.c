/* read.c - records, study and events, as those who analyse them want them. */
#include "lab/store/ledger.h"
#include "lab/store/sqlite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Records.  All reads of one call see the same transaction. */

typedef struct reader {
    rg_ledger *ledger;
    rg_arena *arena;
    rg_err *err;
    sqlite3_stmt *metrics; /* of one record */
    unsigned parts;        /* that are wanted: rg_parts */
    size_t folds;          /* of the study; 0: none */
    RG_VEC(rg_record) records;
} reader;

static const char trials_sql[] =
    "SELECT trial.arm, number, seed, failed, reason, config, validation, resources, point, "
    "NULL, NULL, NULL FROM trial JOIN arm ON arm.name = trial.arm ORDER BY position, number";
static const char runs_sql[] =
    "SELECT run.arm, run.number, seed, failed, reason, config, validation, resources, NULL, "
    "test, path, sha256 FROM run JOIN arm ON arm.name = run.arm LEFT JOIN prediction_set AS p "
    "ON p.arm = run.arm AND p.number = run.number ORDER BY position, run.number";
static const char metrics_sql[] =
    "SELECT name, step, value FROM metric WHERE stage = ? AND arm = ? AND number = ? "
    "ORDER BY name, position";
static const char *const stage_names[] = {[RG_TUNE] = "tune", [RG_EVALUATE] = "evaluate"};

static char *read_text(reader *r, sqlite3_stmt *stmt, int column)
{
    const char *text = rg_sql_text(stmt, column);
    return text ? rg_arena_strdup(r->arena, text) : NULL;
}

static void release_json(void *json)
{
    json_decref(json);
}

static json_t *read_json(reader *r, sqlite3_stmt *stmt, int column)
{
    json_t *json = rg_sql_json(stmt, column, r->ledger->path, r->err);
    if (json)
        rg_arena_defer(r->arena, release_json, json);
    return json;
}

static uint64_t read_seed(sqlite3_stmt *stmt, int column)
{
    if (sqlite3_column_type(stmt, column) == SQLITE_INTEGER)
        return (uint64_t)sqlite3_column_int64(stmt, column);
    const char *text = rg_sql_text(stmt, column);
    return text ? strtoull(text, NULL, 10) : 0;
}

typedef RG_VEC(rg_curve) curve_list;
typedef RG_VEC(int64_t) step_list;
typedef RG_VEC(double) value_list;

/* Closes the curve that the lists hold. */
static void end_curve(reader *r, curve_list *curves, const char *name, step_list *steps,
                      value_list *values)
{
    if (!name)
        return;
    int64_t *step = RG_ARENA_ARRAY(r->arena, int64_t, steps->len);
    double *value = RG_ARENA_ARRAY(r->arena, double, values->len);
    memcpy(step, steps->at, steps->len * sizeof(*step));
    memcpy(value, values->at, values->len * sizeof(*value));
    rg_curve curve = {.name = name, .count = steps->len, .step = step, .value = value};
    rg_vec_push(curves, curve);
    steps->len = values->len = 0;
}

static bool read_curves(reader *r, rg_record *record)
{
    curve_list curves = {0};
    step_list steps = {0};
    value_list values = {0};
    const char *name = NULL;
    rg_sql_bind_text(r->metrics, 1, stage_names[record->stage]);
    rg_sql_bind_text(r->metrics, 2, record->arm);
    sqlite3_bind_int64(r->metrics, 3, (int64_t)record->number);
    int got;
    while ((got = rg_sql_step(r->metrics, r->ledger->path, r->err)) > 0) {
        if (!name || strcmp(name, rg_sql_text(r->metrics, 0)) != 0) {
            end_curve(r, &curves, name, &steps, &values);
            name = read_text(r, r->metrics, 0);
        }
        rg_vec_push(&steps, sqlite3_column_int64(r->metrics, 1));
        rg_vec_push(&values, sqlite3_column_type(r->metrics, 2) == SQLITE_NULL
                                 ? (double)NAN
                                 : sqlite3_column_double(r->metrics, 2));
    }
    sqlite3_reset(r->metrics);
    end_curve(r, &curves, name, &steps, &values);
    rg_curve *copy = RG_ARENA_ARRAY(r->arena, rg_curve, curves.len);
    if (curves.len > 0)
        memcpy(copy, curves.at, curves.len * sizeof(*copy));
    record->curves = copy;
    record->n_curves = curves.len;
    rg_vec_free(&curves);
    rg_vec_free(&steps);
    rg_vec_free(&values);
    return got == 0;
}

static rg_record read_record(reader *r, sqlite3_stmt *stmt, rg_stage stage)
{
    bool configured = stage != RG_TUNE || r->parts & RG_TRIAL_CONFIGS;
    size_t number = (size_t)sqlite3_column_int64(stmt, 1);
    return (rg_record){
        .stage = stage,
        .arm = read_text(r, stmt, 0),
        .number = number,
        .fold = r->folds && stage == RG_EVALUATE ? number % r->folds + 1 : 0,
        .seed = read_seed(stmt, 2),
        .failed = sqlite3_column_int(stmt, 3) != 0,
        .reason = read_text(r, stmt, 4),
        .config = configured ? read_json(r, stmt, 5) : NULL,
        .validation = read_json(r, stmt, 6),
        .resources = r->parts & RG_RESOURCES ? read_json(r, stmt, 7) : NULL,
        .point = read_json(r, stmt, 8),
        .test = read_json(r, stmt, 9),
        .predictions = read_text(r, stmt, 10),
        .predictions_sha = read_text(r, stmt, 11),
    };
}

static bool read_stage(reader *r, rg_stage stage)
{
    static const struct {
        const char *sql;
        unsigned wanted, curves;
    } stages[] = {[RG_TUNE] = {trials_sql, RG_TRIALS, RG_TRIAL_CURVES},
                  [RG_EVALUATE] = {runs_sql, RG_RUNS, RG_RUN_CURVES}};
    if (!(r->parts & stages[stage].wanted))
        return true;
    const char *sql = stages[stage].sql;
    bool curved = r->parts & stages[stage].curves;
    sqlite3_stmt *stmt = rg_sql_prepare(r->ledger->db, sql, r->ledger->path, r->err);
    if (!stmt)
        return false;
    int got;
    while ((got = rg_sql_step(stmt, r->ledger->path, r->err)) > 0) {
        rg_record record = read_record(r, stmt, stage);
        if (r->err->code != RG_OK || (curved && !read_curves(r, &record)))
            break;
        rg_vec_push(&r->records, record);
    }
    sqlite3_finalize(stmt);
    return got == 0;
}

/* Into how many folds the study cuts its data, as it was told. */
static bool read_folds(reader *r)
{
    sqlite3_stmt *stmt =
        rg_sql_prepare(r->ledger->db, "SELECT resolved FROM study", r->ledger->path, r->err);
    int got = stmt ? rg_sql_step(stmt, r->ledger->path, r->err) : -1;
    rg_err altered = {0}; /* rg_ledger_study_json says so */
    json_t *resolved = got > 0 ? rg_sql_json(stmt, 0, r->ledger->path, &altered) : NULL;
    json_int_t folds = json_integer_value(rg_json_path(resolved, "data.split.folds"));
    r->folds = folds > 0 ? (size_t)folds : 0;
    json_decref(resolved);
    sqlite3_finalize(stmt);
    return got >= 0;
}

bool rg_ledger_records(rg_ledger *ledger, unsigned parts, rg_arena *arena, rg_record **ret,
                       size_t *ret_n, rg_err *err)
{
    reader r = {.ledger = ledger, .arena = arena, .err = err, .parts = parts};
    if (!rg_sql_run(ledger->db, "SAVEPOINT reading", ledger->path, err))
        return false;
    r.metrics = rg_sql_prepare(ledger->db, metrics_sql, ledger->path, err);
    bool done =
        r.metrics && read_folds(&r) && read_stage(&r, RG_TUNE) && read_stage(&r, RG_EVALUATE);
    sqlite3_finalize(r.metrics);
    sqlite3_exec(ledger->db, "RELEASE reading", NULL, NULL, NULL);
    if (done) {
        *ret = RG_ARENA_ARRAY(arena, rg_record, r.records.len);
        *ret_n = r.records.len;
        if (r.records.len > 0)
            memcpy(*ret, r.records.at, r.records.len * sizeof(**ret));
    }
    rg_vec_free(&r.records);
    return done;
}

bool rg_ledger_count(rg_ledger *ledger, size_t *ret_n, rg_err *err)
{
    sqlite3_stmt *stmt = rg_sql_prepare(
        ledger->db, "SELECT (SELECT count(*) FROM trial) + (SELECT count(*) FROM run)",
        ledger->path, err);
    int got = stmt ? rg_sql_step(stmt, ledger->path, err) : -1;
    *ret_n = got > 0 ? (size_t)sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_finalize(stmt);
    return got > 0;
}

void rg_record_name(const rg_record *record, char ret[RG_RECORD_NAME])
{
    if (record->stage == RG_TUNE)
        snprintf(ret, RG_RECORD_NAME, "%s/%zu", record->arm, record->number);
    else
        snprintf(ret, RG_RECORD_NAME, record->fold ? "%s@%llu-f%zu" : "%s@%llu", record->arm,
                 (unsigned long long)record->seed, record->fold);
}

/* ---- The study */

json_t *rg_ledger_study_json(rg_ledger *ledger, rg_err *err)
{
    sqlite3_stmt *stmt = rg_sql_prepare(
        ledger->db, "SELECT name, text, hash, created, resolved, environment FROM study",
        ledger->path, err);
    int got = stmt ? rg_sql_step(stmt, ledger->path, err) : -1;
    json_t *study = NULL;
    if (got == 0)
        study = json_null();
    if (got > 0) {
        rg_err bad = {0};
        json_t *resolved = rg_sql_json(stmt, 4, ledger->path, &bad);
        json_t *environment = rg_sql_json(stmt, 5, ledger->path, &bad);
        study =
            json_pack("{s:s, s:s, s:s, s:s, s:o?, s:o?}", "name", rg_sql_text(stmt, 0), "text",
                      rg_sql_text(stmt, 1), "hash", rg_sql_text(stmt, 2), "created",
                      rg_sql_text(stmt, 3), "resolved", resolved, "environment", environment);
        if (!study || bad.code != RG_OK)
            rg_fail(err, RG_INPUT, ledger->path, "`rigor verify` says what was altered",
                    "the study's record cannot be read");
    }
    sqlite3_finalize(stmt);
    return study;
}

/* ---- Events */

static json_t *read_event(rg_ledger *ledger, sqlite3_stmt *stmt, rg_err *err)
{
    json_t *body = rg_sql_json(stmt, 3, ledger->path, err);
    if (!body)
        return NULL;
    return json_pack("{s:I, s:s, s:s, s:o, s:s}", "seq",
                     (json_int_t)sqlite3_column_int64(stmt, 0), "time", rg_sql_text(stmt, 1),
                     "kind", rg_sql_text(stmt, 2), "body", body, "hash", rg_sql_text(stmt, 4));
}

json_t *rg_ledger_events(rg_ledger *ledger, const char *kind, rg_err *err)
{
    sqlite3_stmt *stmt = rg_sql_prepare(ledger->db,
                                        "SELECT seq, time, kind, body, hash FROM event "
                                        "WHERE ?1 IS NULL OR kind = ?1 ORDER BY seq",
                                        ledger->path, err);
    if (!stmt)
        return NULL;
    rg_sql_bind_text(stmt, 1, kind);
    json_t *events = json_array();
    int got;
    while ((got = rg_sql_step(stmt, ledger->path, err)) > 0)
        if (json_array_append_new(events, read_event(ledger, stmt, err)) != 0)
            break;
    sqlite3_finalize(stmt);
    if (got == 0)
        return events;
    json_decref(events);
    rg_fail(err, RG_INPUT, ledger->path, "`rigor verify` says what was altered",
            "an event cannot be read");
    return NULL;
}

json_t *rg_ledger_newest(rg_ledger *ledger, const char *kind, rg_err *err)
{
    json_t *events = rg_ledger_events(ledger, kind, err);
    size_t n = json_array_size(events);
    json_t *body =
        n ? json_incref(json_object_get(json_array_get(events, n - 1), "body")) : NULL;
    json_decref(events);
    return body;
}
