/* verify.c - is everything in the ledger what was once written into it?
 *
 * Three questions: is the file a sound database (SQLite's own integrity check); does each event
 * follow from the one before it (the hash chain); and is each row of each table exactly the one
 * that the events give, no row more and none less.  For the last one the events are applied
 * again to an empty database, which SQLite keeps in memory while it is small, and the two
 * databases are read side by side in the order of their keys. */
#include "lab/store/chain.h"
#include "lab/store/ledger.h"
#include "lab/store/schema.h"
#include "lab/store/sqlite.h"

#include <stdio.h>
#include <string.h>

enum { PROBLEMS_LISTED = 1000 };

typedef struct check {
    rg_ledger *ledger;
    sqlite3 *db;    /* the ledger's */
    sqlite3 *again; /* the tables derived again */
    json_t *problems;
    size_t total;
    rg_err *err;
} check;

static void report(check *c, const char *where, const char *what)
{
    if (c->total++ >= PROBLEMS_LISTED)
        return;
    char *place = rg_sql_readable(where), *finding = rg_sql_readable(what);
    json_array_append_new(c->problems,
                          json_pack("{s:s, s:s}", "what", finding, "where", place));
    rg_free(place);
    rg_free(finding);
}

/* A part of the file that cannot be read is a finding, unless the machine or the user is why.
 */
static bool unreadable(check *c, const char *where)
{
    int code = sqlite3_errcode(c->db) & 0xff;
    if (code == SQLITE_INTERRUPT)
        return rg_fail(c->err, RG_INPUT, c->ledger->path, NULL, "the check was interrupted");
    if (code == SQLITE_BUSY || code == SQLITE_NOMEM || code == SQLITE_IOERR)
        return rg_sql_fail(c->db, c->ledger->path, c->err);
    report(c, where, sqlite3_errmsg(c->db));
    return true;
}

/* ---- The file */

static bool check_file(check *c)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(c->db, "PRAGMA integrity_check", -1, &stmt, NULL) != SQLITE_OK)
        return unreadable(c, "file");
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *text = rg_sql_text(stmt, 0);
        if (text && strcmp(text, "ok") != 0)
            report(c, "file", text);
    }
    bool going = code == SQLITE_DONE || unreadable(c, "file");
    sqlite3_finalize(stmt);
    return going;
}

/* ---- The chain, and the tables derived again from it */

/* Text as the writer makes it: nothing that JSON would escape, nothing behind a NUL. */
static bool is_plain(sqlite3_stmt *stmt, int column)
{
    const char *text = rg_sql_text(stmt, column);
    size_t len = (size_t)sqlite3_column_bytes(stmt, column);
    return text && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-:.TZ") == len;
}

static bool is_whole(sqlite3_stmt *stmt, int column)
{
    const char *text = rg_sql_text(stmt, column);
    return text && strlen(text) == (size_t)sqlite3_column_bytes(stmt, column);
}

static void derive(check *c, rg_rows *rows, sqlite3_stmt *stmt, const char *where)
{
    rg_err bad = {0};
    json_t *body = rg_sql_json(stmt, 3, where, &bad);
    rg_event event = {.seq = sqlite3_column_int64(stmt, 0),
                      .time = rg_sql_text(stmt, 1),
                      .kind = rg_sql_text(stmt, 2),
                      .body = body};
    sqlite3_exec(c->again, "SAVEPOINT event", NULL, NULL, NULL);
    if (!body || !rg_rows_apply(rows, &event, &bad)) {
        report(c, where, bad.what);
        sqlite3_exec(c->again, "ROLLBACK TO event", NULL, NULL, NULL);
    }
    sqlite3_exec(c->again, "RELEASE event", NULL, NULL, NULL);
    json_decref(body);
}

/* One event: its number, its hash, its rows.  head holds the hash before it, then its own. */
static void check_event(check *c, rg_rows *rows, sqlite3_stmt *stmt, int64_t expected,
                        char head[RG_HEX])
{
    char where[32], hash[RG_HEX];
    int64_t seq = sqlite3_column_int64(stmt, 0);
    snprintf(where, sizeof(where), "event %lld", (long long)seq);
    if (seq != expected)
        report(c, where, "events before this one are missing");
    if (!is_plain(stmt, 1) || !is_plain(stmt, 2) || !is_whole(stmt, 3) || !is_plain(stmt, 4)) {
        report(c, where, "the event was altered: it holds text that no event has");
        return;
    }
    rg_chain_hash(head, seq, rg_sql_text(stmt, 1), rg_sql_text(stmt, 2), rg_sql_text(stmt, 3),
                  hash);
    const char *recorded = rg_sql_text(stmt, 4);
    if (strcmp(hash, recorded) != 0)
        report(c, where, "the event or its hash was altered: they do not belong together");
    derive(c, rows, stmt, where);
    snprintf(head, RG_HEX, "%s", recorded);
}

static bool derive_head(check *c, int64_t seq, const char *head)
{
    sqlite3_stmt *stmt =
        rg_sql_prepare(c->again, "INSERT INTO head VALUES (1, ?, ?)", c->ledger->path, c->err);
    if (!stmt)
        return false;
    sqlite3_bind_int64(stmt, 1, seq);
    rg_sql_bind_text(stmt, 2, head);
    bool done = rg_sql_write(stmt, c->ledger->path, c->err);
    sqlite3_finalize(stmt);
    return done;
}

static bool check_chain(check *c, rg_rows *rows)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(c->db, "SELECT seq, time, kind, body, hash FROM event ORDER BY seq",
                           -1, &stmt, NULL) != SQLITE_OK)
        return unreadable(c, "event");
    char head[RG_HEX] = RG_CHAIN_START;
    int64_t seq = 0;
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        check_event(c, rows, stmt, seq + 1, head);
        seq = sqlite3_column_int64(stmt, 0);
    }
    bool going = code == SQLITE_DONE || unreadable(c, "event");
    sqlite3_finalize(stmt);
    return going && (seq == 0 || derive_head(c, seq, head));
}

/* ---- Two tables side by side */

typedef struct pair {
    check *check;
    const char *table;
    int keys; /* the first columns are the key */
    sqlite3_stmt *found, *expected;
    int found_code, expected_code; /* of their last steps */
} pair;

static int compare_bytes(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
    const void *first = sqlite3_column_blob(a, column),
               *second = sqlite3_column_blob(b, column);
    int n = sqlite3_column_bytes(a, column), m = sqlite3_column_bytes(b, column);
    int least = n < m ? n : m;
    int order = least > 0 ? memcmp(first, second, (size_t)least) : 0;
    return order != 0 ? order : (n > m) - (n < m);
}

/* SQLite's own order of values: numbers before text before bytes; NULL first. */
static int rank_of(int type)
{
    return type == SQLITE_NULL ? 0 : type == SQLITE_TEXT ? 2 : type == SQLITE_BLOB ? 3 : 1;
}

static uint64_t bits_of(sqlite3_stmt *stmt, int column)
{
    double value = sqlite3_column_double(stmt, column);
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* 0 only for the same type and the same bits. */
static int compare_values(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
    int type = sqlite3_column_type(a, column), other = sqlite3_column_type(b, column);
    if (type != other)
        return rank_of(type) != rank_of(other) ? rank_of(type) - rank_of(other) : type - other;
    if (type == SQLITE_INTEGER) {
        int64_t x = sqlite3_column_int64(a, column), y = sqlite3_column_int64(b, column);
        return (x > y) - (x < y);
    }
    if (type == SQLITE_FLOAT) {
        uint64_t x = bits_of(a, column), y = bits_of(b, column);
        return (x > y) - (x < y);
    }
    return type == SQLITE_NULL ? 0 : compare_bytes(a, b, column);
}

static int compare_keys(const pair *p)
{
    int order = 0;
    for (int i = 0; i < p->keys && order == 0; i++)
        order = compare_values(p->found, p->expected, i);
    return order;
}

/* "metric tune/full/3/val_loss/17" */
static void report_row(const pair *p, sqlite3_stmt *row, const char *what)
{
    rg_str where = {0};
    rg_str_add(&where, p->table);
    for (int i = 0; i < p->keys; i++) {
        const char *part = rg_sql_text(row, i);
        rg_str_printf(&where, "%s%s", i == 0 ? " " : "/", part ? part : "NULL");
    }
    report(p->check, where.data, what);
    rg_str_free(&where);
}

static void compare_rests(const pair *p)
{
    char what[128];
    for (int i = p->keys; i < sqlite3_column_count(p->expected); i++) {
        if (compare_values(p->found, p->expected, i) == 0)
            continue;
        snprintf(what, sizeof(what), "altered: column '%s' is not what the events say",
                 sqlite3_column_name(p->expected, i));
        report_row(p, p->expected, what);
    }
}

static void step_found(pair *p)
{
    p->found_code = sqlite3_step(p->found);
}

static void step_expected(pair *p)
{
    p->expected_code = sqlite3_step(p->expected);
}

static bool merge(pair *p)
{
    step_found(p);
    step_expected(p);
    while (p->found_code == SQLITE_ROW || p->expected_code == SQLITE_ROW) {
        int order = p->found_code != SQLITE_ROW      ? 1
                    : p->expected_code != SQLITE_ROW ? -1
                                                     : compare_keys(p);
        if (p->found_code != SQLITE_ROW && p->found_code != SQLITE_DONE)
            break;
        if (order < 0)
            report_row(p, p->found, "extra: no event says so");
        else if (order > 0)
            report_row(p, p->expected, "missing: the events have it");
        else
            compare_rests(p);
        if (order <= 0)
            step_found(p);
        if (order >= 0)
            step_expected(p);
    }
    if (p->found_code != SQLITE_DONE)
        return unreadable(p->check, p->table);
    return p->expected_code == SQLITE_DONE ||
           rg_sql_fail(p->check->again, p->check->ledger->path, p->check->err);
}

static bool compare_table(check *c, const char *table, int keys, const char *sql)
{
    pair p = {.check = c, .table = table, .keys = keys};
    if (sqlite3_prepare_v2(c->db, sql, -1, &p.found, NULL) != SQLITE_OK)
        return unreadable(c, table);
    p.expected = rg_sql_prepare(c->again, sql, c->ledger->path, c->err);
    bool going = p.expected && merge(&p);
    sqlite3_finalize(p.found);
    sqlite3_finalize(p.expected);
    return going;
}

static bool compare_tables(check *c)
{
    char sql[512];
    if (!compare_table(c, "schema", 2,
                       "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2"))
        return false;
    for (const rg_schema_table *t = rg_schema_tables; t->name; t++) {
        snprintf(sql, sizeof(sql), "SELECT %s, %s FROM %s ORDER BY %s", t->key, t->rest,
                 t->name, t->key);
        if (!compare_table(c, t->name, t->key_columns, sql))
            return false;
    }
    return true;
}

/* ---- All of it */

/* An empty name asks SQLite for a database of its own that spills to a temporary file. */
static bool open_again(check *c)
{
    if (sqlite3_open_v2("", &c->again, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
        SQLITE_OK)
        return rg_sql_fail(c->again, c->ledger->path, c->err);
    return rg_sql_run(c->again, "PRAGMA cache_size = -65536; PRAGMA synchronous = OFF",
                      c->ledger->path, c->err) &&
           rg_schema_create(c->again, c->ledger->path, c->err);
}

static bool check_all(check *c)
{
    rg_rows rows;
    if (!open_again(c) || !rg_rows_open(&rows, c->again, c->ledger->path, c->err))
        return false;
    bool going = check_file(c) && rg_sql_run(c->again, "BEGIN", c->ledger->path, c->err) &&
                 check_chain(c, &rows);
    rg_rows_close(&rows);
    going = going && rg_sql_run(c->again, "COMMIT", c->ledger->path, c->err);
    return going && compare_tables(c);
}

bool rg_ledger_verify(rg_ledger *ledger, json_t *problems, rg_err *err)
{
    check c = {.ledger = ledger, .db = ledger->db, .problems = problems, .err = err};
    if (!rg_sql_run(ledger->db, "SAVEPOINT reading", ledger->path, err))
        return false;
    rg_ledger_watch(ledger, 0);
    bool done = check_all(&c);
    rg_ledger_unwatch(ledger);
    sqlite3_exec(ledger->db, "RELEASE reading", NULL, NULL, NULL);
    sqlite3_close(c.again);
    if (c.total > PROBLEMS_LISTED) {
        char what[64];
        snprintf(what, sizeof(what), "%zu more problems are not listed",
                 c.total - PROBLEMS_LISTED);
        json_array_append_new(problems,
                              json_pack("{s:s, s:s}", "what", what, "where", "ledger"));
    }
    return done;
}
