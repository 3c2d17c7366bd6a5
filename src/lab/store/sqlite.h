/* sqlite.h - the few things that the store asks of SQLite, with our errors. */
#ifndef RIGOR_LAB_STORE_SQLITE_H
#define RIGOR_LAB_STORE_SQLITE_H

#include "rigor/base.h"

#include <sqlite3.h>

/* Turns the connection's last error into ours.  where is the ledger's path. */
bool rg_sql_fail(sqlite3 *db, const char *where, rg_err *err);

bool rg_sql_run(sqlite3 *db, const char *sql, const char *where, rg_err *err);
void rg_sql_rollback(sqlite3 *db); /* nothing when no transaction is open */
bool rg_sql_int(sqlite3 *db, const char *sql, const char *where, int64_t *ret, rg_err *err);
sqlite3_stmt *rg_sql_prepare(sqlite3 *db, const char *sql, const char *where, rg_err *err);

/* Steps to the next row: 1 a row, 0 the end, -1 an error. */
int rg_sql_step(sqlite3_stmt *stmt, const char *where, rg_err *err);
/* Steps a statement that returns no rows, and resets it. */
bool rg_sql_write(sqlite3_stmt *stmt, const char *where, rg_err *err);

void rg_sql_bind_text(sqlite3_stmt *stmt, int column, const char *text); /* NULL is NULL */
/* A JSON string as its text; null and NULL as NULL. */
void rg_sql_bind_string(sqlite3_stmt *stmt, int column, const json_t *value);
/* A JSON value as canonical text; null and NULL as NULL. */
void rg_sql_bind_json(sqlite3_stmt *stmt, int column, const json_t *value);
/* Borrowed until the next step; NULL for NULL. */
const char *rg_sql_text(sqlite3_stmt *stmt, int column);
/* Parses a column of JSON text: NULL for NULL, and for text that is no JSON (with err set). */
json_t *rg_sql_json(sqlite3_stmt *stmt, int column, const char *where, rg_err *err);

/* A copy (rg_free) in which what is not UTF-8 is U+FFFD: JSON holds nothing else. */
char *rg_sql_readable(const char *text);

#endif
