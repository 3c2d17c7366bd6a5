/* rows.c - from an event to rows: the one place that fills the derived tables. */
#include "lab/store/rows.h"

#include "lab/store/sqlite.h"

#include <math.h>
#include <string.h>

enum statement {
    ADD_STUDY,
    ADD_ARM,
    ADD_TRIAL,
    ADD_RUN,
    ADD_METRIC,
    ADD_PREDICTIONS,
    SET_TEST,
};

static const char *const statements[RG_ROWS_STATEMENTS] = {
    [ADD_STUDY] = "INSERT INTO study (name, text, resolved, hash, created, environment, event) "
                  "VALUES (?, ?, ?, ?, ?, ?, ?)",
    [ADD_ARM] = "INSERT INTO arm (position, name, definition, event) "
                "SELECT (SELECT count(*) FROM arm), ?1, ?2, ?3 "
                "WHERE NOT EXISTS (SELECT 1 FROM arm WHERE name = ?1)",
    [ADD_TRIAL] = "INSERT INTO trial (arm, number, seed, failed, reason, config, validation, "
                  "resources, event, point) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [ADD_RUN] = "INSERT INTO run (arm, number, seed, failed, reason, config, validation, "
                "resources, event, test) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [ADD_METRIC] = "INSERT INTO metric (stage, arm, number, name, position, step, value) "
                   "VALUES (?, ?, ?, ?, ?, ?, ?)",
    [ADD_PREDICTIONS] = "INSERT INTO prediction_set (arm, number, path, sha256) "
                        "VALUES (?, ?, ?, ?)",
    [SET_TEST] = "UPDATE run SET test = ? WHERE arm = ? AND number = ?",
};

bool rg_rows_open(rg_rows *rows, sqlite3 *db, const char *where, rg_err *err)
{
    rg_rows opened = {.db = db, .where = where};
    for (int i = 0; i < RG_ROWS_STATEMENTS; i++) {
        opened.stmt[i] = rg_sql_prepare(db, statements[i], where, err);
        if (!opened.stmt[i]) {
            rg_rows_close(&opened);
            return false;
        }
    }
    *rows = opened;
    return true;
}

void rg_rows_close(rg_rows *rows)
{
    for (int i = 0; i < RG_ROWS_STATEMENTS; i++) {
        sqlite3_finalize(rows->stmt[i]);
        rows->stmt[i] = NULL;
    }
}

/* Writes one row.  place says which, should it stand already. */
static bool write_row(rg_rows *rows, enum statement which, const char *place, rg_err *err)
{
    int code = sqlite3_step(rows->stmt[which]);
    bool done = code == SQLITE_DONE;
    if (code == SQLITE_CONSTRAINT)
        rg_fail(err, RG_INTERNAL, rows->where, NULL,
                "%s is recorded already; a record is written once", place);
    else if (!done)
        rg_sql_fail(rows->db, rows->where, err);
    sqlite3_reset(rows->stmt[which]);
    return done;
}

static bool malformed(const rg_rows *rows, const rg_event *event, rg_err *err)
{
    return rg_fail(err, RG_INTERNAL, rows->where, NULL,
                   "event %lld (%s) does not have the members that its kind needs",
                   (long long)event->seq, event->kind);
}

static bool add_arm(rg_rows *rows, const char *name, const json_t *definition, int64_t event,
                    rg_err *err)
{
    sqlite3_stmt *stmt = rows->stmt[ADD_ARM];
    rg_sql_bind_text(stmt, 1, name);
    rg_sql_bind_json(stmt, 2, definition);
    sqlite3_bind_int64(stmt, 3, event);
    return write_row(rows, ADD_ARM, name, err);
}

/* ---- The study, and its arms in their order */

static bool apply_study(rg_rows *rows, const rg_event *event, rg_err *err)
{
    const json_t *body = event->body, *resolved = json_object_get(body, "resolved");
    sqlite3_stmt *stmt = rows->stmt[ADD_STUDY];
    rg_sql_bind_string(stmt, 1, json_object_get(body, "name"));
    rg_sql_bind_string(stmt, 2, json_object_get(body, "text"));
    rg_sql_bind_json(stmt, 3, resolved);
    rg_sql_bind_string(stmt, 4, json_object_get(body, "hash"));
    rg_sql_bind_text(stmt, 5, event->time);
    rg_sql_bind_json(stmt, 6, json_object_get(body, "environment"));
    sqlite3_bind_int64(stmt, 7, event->seq);
    if (!write_row(rows, ADD_STUDY, "the study", err))
        return false;
    size_t i;
    json_t *arm;
    json_array_foreach (json_object_get(resolved, "arms"), i, arm) {
        const char *name =
            json_is_string(arm) ? json_string_value(arm) : rg_json_text(arm, "name", NULL);
        if (name && !add_arm(rows, name, json_is_object(arm) ? arm : NULL, event->seq, err))
            return false;
    }
    return true;
}

/* ---- Trials and runs, with their curves */

/* Values that JSON has no number for are text in an event; in the table, NaN is NULL (so that
 * an average leaves it out) and the infinities are themselves. */
static double number_of(const json_t *value)
{
    double number = (double)NAN;
    if (json_is_number(value))
        number = json_number_value(value);
    else if (json_is_string(value))
        rg_text_double(json_string_value(value), &number);
    return number;
}

typedef struct place { /* where a record stands */
    const char *stage, *arm;
    int64_t number;
    char text[160]; /* for errors */
} place;

static bool add_curve(rg_rows *rows, const place *at, const json_t *curve, rg_err *err)
{
    const json_t *steps = json_object_get(curve, "step");
    const json_t *values = json_object_get(curve, "value");
    sqlite3_stmt *stmt = rows->stmt[ADD_METRIC];
    rg_sql_bind_text(stmt, 1, at->stage);
    rg_sql_bind_text(stmt, 2, at->arm);
    sqlite3_bind_int64(stmt, 3, at->number);
    rg_sql_bind_string(stmt, 4, json_object_get(curve, "name"));
    for (size_t i = 0; i < json_array_size(steps); i++) {
        sqlite3_bind_int64(stmt, 5, (int64_t)i);
        sqlite3_bind_int64(stmt, 6, json_integer_value(json_array_get(steps, i)));
        sqlite3_bind_double(stmt, 7, number_of(json_array_get(values, i)));
        if (!write_row(rows, ADD_METRIC, at->text, err))
            return false;
    }
    return true;
}

static bool add_predictions(rg_rows *rows, const place *at, const json_t *body, rg_err *err)
{
    const json_t *path = json_object_get(body, "predictions");
    if (!json_is_string(path))
        return true;
    sqlite3_stmt *stmt = rows->stmt[ADD_PREDICTIONS];
    rg_sql_bind_text(stmt, 1, at->arm);
    sqlite3_bind_int64(stmt, 2, at->number);
    rg_sql_bind_string(stmt, 3, path);
    rg_sql_bind_string(stmt, 4, json_object_get(body, "predictions_sha256"));
    return write_row(rows, ADD_PREDICTIONS, at->text, err);
}

/* `special` is the column that only this kind of record has: point of a trial, test of a run.
 */
static bool add_record(rg_rows *rows, const rg_event *event, enum statement which,
                       const place *at, const char *special, rg_err *err)
{
    const json_t *body = event->body, *seed = json_object_get(body, "seed");
    sqlite3_stmt *stmt = rows->stmt[which];
    rg_sql_bind_text(stmt, 1, at->arm);
    sqlite3_bind_int64(stmt, 2, at->number);
    if (json_is_integer(seed))
        sqlite3_bind_int64(stmt, 3, json_integer_value(seed));
    else
        rg_sql_bind_string(stmt, 3, seed);
    sqlite3_bind_int(stmt, 4, json_is_true(json_object_get(body, "failed")));
    rg_sql_bind_string(stmt, 5, json_object_get(body, "reason"));
    rg_sql_bind_json(stmt, 6, json_object_get(body, "config"));
    rg_sql_bind_json(stmt, 7, json_object_get(body, "validation"));
    rg_sql_bind_json(stmt, 8, json_object_get(body, "resources"));
    sqlite3_bind_int64(stmt, 9, event->seq);
    rg_sql_bind_json(stmt, 10, json_object_get(body, special));
    return write_row(rows, which, at->text, err);
}

static bool apply_record(rg_rows *rows, const rg_event *event, enum statement which,
                         const char *stage, const char *special, rg_err *err)
{
    place at = {.stage = stage,
                .arm = rg_json_text(event->body, "arm", NULL),
                .number = json_integer_value(json_object_get(event->body, "number"))};
    if (!at.arm)
        return malformed(rows, event, err);
    snprintf(at.text, sizeof(at.text), "%s %lld of arm '%.100s'", event->kind,
             (long long)at.number, at.arm);
    if (!add_arm(rows, at.arm, NULL, event->seq, err) ||
        !add_record(rows, event, which, &at, special, err) ||
        !add_predictions(rows, &at, event->body, err))
        return false;
    size_t i;
    json_t *curve;
    json_array_foreach (json_object_get(event->body, "curves"), i, curve) {
        if (!add_curve(rows, &at, curve, err))
            return false;
    }
    return true;
}

static bool apply_trial(rg_rows *rows, const rg_event *event, rg_err *err)
{
    return apply_record(rows, event, ADD_TRIAL, "tune", "point", err);
}

static bool apply_run(rg_rows *rows, const rg_event *event, rg_err *err)
{
    return apply_record(rows, event, ADD_RUN, "evaluate", "test", err);
}

/* ---- The test scores of runs, when the seal was opened and at each later look */

static bool apply_scores(rg_rows *rows, const rg_event *event, rg_err *err)
{
    size_t i;
    json_t *score;
    json_array_foreach (json_object_get(event->body, "scores"), i, score) {
        const char *arm = rg_json_text(score, "arm", NULL);
        int64_t number = json_integer_value(json_object_get(score, "number"));
        sqlite3_stmt *stmt = rows->stmt[SET_TEST];
        rg_sql_bind_json(stmt, 1, json_object_get(score, "test"));
        rg_sql_bind_text(stmt, 2, arm);
        sqlite3_bind_int64(stmt, 3, number);
        if (!write_row(rows, SET_TEST, "the score", err))
            return false;
        if (sqlite3_changes(rows->db) != 1)
            return rg_fail(err, RG_INTERNAL, rows->where, NULL,
                           "a score for run %lld of arm '%s', which is not recorded",
                           (long long)number, arm ? arm : "");
    }
    return true;
}

static const struct kind {
    const char *name;
    bool (*apply)(rg_rows *rows, const rg_event *event, rg_err *err);
} kinds[] = {
    {RG_EVENT_STUDY, apply_study},   {RG_EVENT_TRIAL, apply_trial}, {RG_EVENT_RUN, apply_run},
    {RG_EVENT_SCORES, apply_scores}, {RG_EVENT_LOOK, apply_scores},
};

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; i < RG_COUNT(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

bool rg_rows_known(const char *kind)
{
    return find_kind(kind) != NULL;
}

bool rg_rows_apply(rg_rows *rows, const rg_event *event, rg_err *err)
{
    const struct kind *kind = find_kind(event->kind);
    return !kind || kind->apply(rows, event, err);
}
