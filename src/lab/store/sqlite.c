/* sqlite.c - the few things that the store asks of SQLite, with our errors. */
#include "lab/store/sqlite.h"

#include <string.h>

/* What SQLite's result codes mean to a user of a ledger. */
static const struct meaning {
    int code;
    rg_code blame;
    const char *what, *remedy;
} meanings[] = {
    {SQLITE_FULL, RG_INTERNAL, "the disk is full",
     "free some space and run the same command again: all that was recorded is kept"},
    {SQLITE_IOERR, RG_INTERNAL, "the disk refused to read or write",
     "check the disk and run the same command again: all that was recorded is kept"},
    {SQLITE_NOMEM, RG_INTERNAL, "out of memory", "free some memory and run the command again"},
    {SQLITE_BUSY, RG_INPUT, "another program holds the ledger",
     "close whatever has the file open, for instance a database browser, and try again"},
    {SQLITE_NOTADB, RG_INPUT, "this file is no ledger", "check the path"},
    {SQLITE_CORRUPT, RG_INPUT, "the file is damaged",
     "keep a copy of it, and restore the study's folder from a backup"},
    {SQLITE_READONLY, RG_INPUT, "the ledger cannot be written",
     "check the owner and the permissions of the file and of its folder"},
    {SQLITE_PERM, RG_INPUT, "the ledger cannot be opened", "check the file's permissions"},
    {SQLITE_CANTOPEN, RG_INPUT, "the ledger cannot be opened",
     "check that the folder exists and that you may read it"},
    {SQLITE_AUTH, RG_INPUT, "the ledger cannot be opened", "check the file's permissions"},
};

bool rg_sql_fail(sqlite3 *db, const char *where, rg_err *err)
{
    int code = sqlite3_errcode(db) & 0xff;
    int system = sqlite3_system_errno(db);
    const char *detail = sqlite3_errmsg(db);
    for (size_t i = 0; i < RG_COUNT(meanings); i++) {
        const struct meaning *m = &meanings[i];
        if (m->code == code && system != 0)
            return rg_fail(err, m->blame, where, m->remedy, "%s (%s: %s)", m->what, detail,
                           strerror(system));
        if (m->code == code)
            return rg_fail(err, m->blame, where, m->remedy, "%s (%s)", m->what, detail);
    }
    return rg_fail(err, RG_INTERNAL, where, NULL, "SQLite says: %s", detail);
}

bool rg_sql_run(sqlite3 *db, const char *sql, const char *where, rg_err *err)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return true;
    return rg_sql_fail(db, where, err);
}

void rg_sql_rollback(sqlite3 *db)
{
    if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
}

sqlite3_stmt *rg_sql_prepare(sqlite3 *db, const char *sql, const char *where, rg_err *err)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        rg_sql_fail(db, where, err);
    return stmt;
}

int rg_sql_step(sqlite3_stmt *stmt, const char *where, rg_err *err)
{
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        return 1;
    if (code == SQLITE_DONE)
        return 0;
    rg_sql_fail(sqlite3_db_handle(stmt), where, err);
    return -1;
}

bool rg_sql_write(sqlite3_stmt *stmt, const char *where, rg_err *err)
{
    bool done = rg_sql_step(stmt, where, err) >= 0;
    sqlite3_reset(stmt);
    return done;
}

bool rg_sql_int(sqlite3 *db, const char *sql, const char *where, int64_t *ret, rg_err *err)
{
    sqlite3_stmt *stmt = rg_sql_prepare(db, sql, where, err);
    int got = stmt ? rg_sql_step(stmt, where, err) : -1;
    if (got >= 0)
        *ret = got ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_finalize(stmt);
    return got >= 0;
}

void rg_sql_bind_text(sqlite3_stmt *stmt, int column, const char *text)
{
    sqlite3_bind_text(stmt, column, text, -1, SQLITE_TRANSIENT);
}

void rg_sql_bind_string(sqlite3_stmt *stmt, int column, const json_t *value)
{
    if (json_is_string(value))
        sqlite3_bind_text(stmt, column, json_string_value(value),
                          (int)json_string_length(value), SQLITE_TRANSIENT);
    else
        sqlite3_bind_null(stmt, column);
}

void rg_sql_bind_json(sqlite3_stmt *stmt, int column, const json_t *value)
{
    if (!value || json_is_null(value)) {
        sqlite3_bind_null(stmt, column);
        return;
    }
    char *text = rg_json_canonical(value);
    rg_sql_bind_text(stmt, column, text);
    rg_free(text);
}

const char *rg_sql_text(sqlite3_stmt *stmt, int column)
{
    return (const char *)sqlite3_column_text(stmt, column);
}

json_t *rg_sql_json(sqlite3_stmt *stmt, int column, const char *where, rg_err *err)
{
    const char *text = rg_sql_text(stmt, column);
    if (!text)
        return NULL;
    return rg_json_parse(text, (size_t)sqlite3_column_bytes(stmt, column), where, err);
}

char *rg_sql_readable(const char *text)
{
    rg_str out = {0};
    for (const char *c = text; *c;) {
        size_t len = 1;
        while (len < 4 && c[len - 1] && !rg_utf8_valid(c, len))
            len++;
        bool valid = rg_utf8_valid(c, len);
        rg_str_add_n(&out, valid ? c : "\xEF\xBF\xBD", valid ? len : 3);
        c += valid ? len : 1;
    }
    if (!out.data)
        rg_str_add(&out, "");
    return out.data;
}
