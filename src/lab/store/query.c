/* query.c - a user's own SELECT over the ledger.
 *
 * Three locks keep it from writing: the authorizer allows nothing but reading, SQLite must call
 * the statement read-only, and the connection is told to refuse writes. */
#include "lab/store/ledger.h"
#include "lab/store/sqlite.h"

#include <math.h>
#include <string.h>

enum { QUERY_ROWS = 1000000, QUERY_SECONDS = 60 };

static const char tables_hint[] =
    "tables: study, arm, trial, run, metric, prediction_set, event, head; the columns of one: "
    "select name from pragma_table_info('trial')";

/* Table-valued functions (json_each, pragma_table_info) declare themselves by what looks like
 * an update of the schema; a statement that really does that is stopped by the other two locks.
 */
static int allow_reading(void *ctx, int action, const char *first, const char *second,
                         const char *database, const char *trigger)
{
    (void)ctx, (void)second, (void)database, (void)trigger;
    static const int reading[] = {SQLITE_SELECT, SQLITE_READ, SQLITE_FUNCTION,
                                  SQLITE_RECURSIVE};
    for (size_t i = 0; i < RG_COUNT(reading); i++)
        if (action == reading[i])
            return SQLITE_OK;
    bool asks = action == SQLITE_PRAGMA && rg_text_starts(first, "table_");
    bool declares = action == SQLITE_UPDATE && strcmp(first, "sqlite_master") == 0;
    return asks || declares ? SQLITE_OK : SQLITE_DENY;
}

static bool refuse_writing(const rg_ledger *ledger, rg_err *err)
{
    return rg_fail(err, RG_INPUT, ledger->path, "ask with one SELECT",
                   "a query only reads the ledger");
}

/* Whether what follows a statement is another one, and not blank or a comment. */
static bool has_more(rg_ledger *ledger, const char *tail)
{
    sqlite3_stmt *next = NULL;
    bool more = sqlite3_prepare_v2(ledger->db, tail, -1, &next, NULL) != SQLITE_OK || next;
    sqlite3_finalize(next);
    return more;
}

static sqlite3_stmt *prepare(rg_ledger *ledger, const char *sql, rg_err *err)
{
    sqlite3_stmt *stmt = NULL;
    const char *tail = "";
    int code = sqlite3_prepare_v2(ledger->db, sql, -1, &stmt, &tail);
    if (code == SQLITE_AUTH || (stmt && !sqlite3_stmt_readonly(stmt)))
        refuse_writing(ledger, err);
    else if (code != SQLITE_OK)
        rg_fail(err, RG_INPUT, ledger->path, tables_hint, "%s", sqlite3_errmsg(ledger->db));
    else if (!stmt)
        rg_fail(err, RG_INPUT, ledger->path, tables_hint, "the query is empty");
    else if (has_more(ledger, tail))
        rg_fail(err, RG_INPUT, ledger->path, "ask one question at a time",
                "the query holds more than one statement");
    else
        return stmt;
    sqlite3_finalize(stmt);
    return NULL;
}

static json_t *blob_json(const unsigned char *bytes, int n)
{
    rg_str hex = {0};
    rg_str_add(&hex, "x'");
    for (int i = 0; i < n; i++)
        rg_str_printf(&hex, "%02x", bytes[i]);
    rg_str_add(&hex, "'");
    json_t *text = json_string(hex.data);
    rg_str_free(&hex);
    return text;
}

/* Numbers, text and NULL as JSON has them; an infinity as text, for which it has no number;
 * bytes and text that is not UTF-8 in SQL's notation for bytes. */
static json_t *value_json(sqlite3_stmt *stmt, int column)
{
    int type = sqlite3_column_type(stmt, column);
    if (type == SQLITE_NULL)
        return json_null();
    if (type == SQLITE_INTEGER)
        return json_integer(sqlite3_column_int64(stmt, column));
    if (type == SQLITE_FLOAT) {
        double value = sqlite3_column_double(stmt, column);
        return isfinite(value) ? json_real(value) : json_string(value > 0 ? "inf" : "-inf");
    }
    const unsigned char *bytes = sqlite3_column_blob(stmt, column);
    int n = sqlite3_column_bytes(stmt, column);
    json_t *text =
        type == SQLITE_TEXT ? json_stringn(n > 0 ? (const char *)bytes : "", (size_t)n) : NULL;
    return text ? text : blob_json(bytes, n);
}

static json_t *row_json(sqlite3_stmt *stmt)
{
    json_t *row = json_array();
    for (int i = 0; i < sqlite3_column_count(stmt); i++)
        json_array_append_new(row, value_json(stmt, i));
    return row;
}

static bool explain_stop(rg_ledger *ledger, rg_err *err)
{
    if (sqlite3_errcode(ledger->db) != SQLITE_INTERRUPT)
        return rg_fail(err, RG_INPUT, ledger->path, tables_hint, "%s",
                       sqlite3_errmsg(ledger->db));
    if (ledger->interrupted)
        return rg_fail(err, RG_INPUT, ledger->path, NULL, "the query was interrupted");
    return rg_fail(err, RG_INPUT, ledger->path, "join or filter on arm and number",
                   "the query took more than %d seconds", QUERY_SECONDS);
}

static bool collect(rg_ledger *ledger, sqlite3_stmt *stmt, json_t *rows, rg_err *err)
{
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (json_array_size(rows) == QUERY_ROWS)
            return rg_fail(err, RG_INPUT, ledger->path, "add a LIMIT, or aggregate",
                           "the answer has more than %d rows", QUERY_ROWS);
        json_array_append_new(rows, row_json(stmt));
    }
    return code == SQLITE_DONE || explain_stop(ledger, err);
}

static json_t *answer(rg_ledger *ledger, const char *sql, rg_err *err)
{
    sqlite3_stmt *stmt = prepare(ledger, sql, err);
    if (!stmt)
        return NULL;
    json_t *columns = json_array(), *rows = json_array();
    for (int i = 0; i < sqlite3_column_count(stmt); i++)
        json_array_append_new(columns, json_string(sqlite3_column_name(stmt, i)));
    bool done = collect(ledger, stmt, rows, err);
    sqlite3_finalize(stmt);
    json_t *result = json_pack("{s:o, s:o}", "columns", columns, "rows", rows);
    if (done)
        return result;
    json_decref(result);
    return NULL;
}

json_t *rg_ledger_query(rg_ledger *ledger, const char *sql, rg_err *err)
{
    if (!rg_sql_run(ledger->db, "PRAGMA query_only = ON", ledger->path, err))
        return NULL;
    rg_ledger_watch(ledger, QUERY_SECONDS);
    sqlite3_set_authorizer(ledger->db, allow_reading, NULL);
    json_t *result = answer(ledger, sql, err);
    sqlite3_set_authorizer(ledger->db, NULL, NULL);
    rg_ledger_unwatch(ledger);
    sqlite3_exec(ledger->db, "PRAGMA query_only = OFF", NULL, NULL, NULL);
    return result;
}
