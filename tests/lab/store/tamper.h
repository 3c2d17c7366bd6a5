/* tamper.h - changing a ledger behind its back, as somebody with another SQLite would. */
#ifndef RIGOR_TESTS_LAB_STORE_TAMPER_H
#define RIGOR_TESTS_LAB_STORE_TAMPER_H

#include "sample.h"

/* Not rg_file_write: hundreds of copies need not survive a power cut. */
static inline void tamper_write(const char *path, const char *data, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_true(file && fwrite(data, 1, len, file) == len && fclose(file) == 0);
}

static inline void tamper_copy(const char *from, const char *to)
{
    char *data;
    size_t len;
    rg_err err = {0};
    assert_ok(rg_file_read(from, (size_t)1 << 30, &data, &len, &err), &err);
    tamper_write(to, data, len);
    rg_free(data);
}

/* Runs SQL with the triggers out of the way; they are put back as they were. */
static inline void tamper(const char *path, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    rg_str drop = {0}, create = {0};
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_prepare_v2(db, "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'", -1,
                       &stmt, NULL);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        rg_str_printf(&drop, "DROP TRIGGER %s;", (const char *)sqlite3_column_text(stmt, 0));
        rg_str_printf(&create, "%s;", (const char *)sqlite3_column_text(stmt, 1));
    }
    sqlite3_finalize(stmt);
    const char *const steps[] = {
        "PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = OFF", rg_str_text(&drop),
        sql, rg_str_text(&create)};
    for (size_t i = 0; i < RG_COUNT(steps); i++)
        if (sqlite3_exec(db, steps[i], NULL, NULL, NULL) != SQLITE_OK)
            fail_msg("%s: %s", steps[i], sqlite3_errmsg(db));
    sqlite3_close(db);
    rg_str_free(&drop);
    rg_str_free(&create);
}

/* All that a file says, as text: schema, marks, and every row with its types. */
static inline bool tamper_dump(const char *path, rg_str *ret)
{
    static const char *const questions[] = {
        "PRAGMA integrity_check",
        "PRAGMA application_id",
        "PRAGMA user_version",
        "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2",
        "SELECT * FROM event ORDER BY seq",
        "SELECT * FROM head ORDER BY id",
        "SELECT * FROM study ORDER BY name",
        "SELECT * FROM arm ORDER BY position",
        "SELECT * FROM trial ORDER BY arm, number",
        "SELECT * FROM run ORDER BY arm, number",
        "SELECT * FROM metric ORDER BY stage, arm, number, name, position",
        "SELECT * FROM prediction_set ORDER BY arm, number",
    };
    sqlite3 *db;
    bool sound = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK;
    for (size_t q = 0; q < RG_COUNT(questions) && sound; q++) {
        sqlite3_stmt *stmt;
        int code = sqlite3_prepare_v2(db, questions[q], -1, &stmt, NULL);
        while (code == SQLITE_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
            for (int i = 0; i < sqlite3_column_count(stmt); i++) {
                rg_str_printf(ret, "|%d:", sqlite3_column_type(stmt, i));
                const void *bytes = sqlite3_column_blob(stmt, i);
                rg_str_add_n(ret, bytes ? bytes : "", (size_t)sqlite3_column_bytes(stmt, i));
            }
            code = SQLITE_OK;
        }
        sound = code == SQLITE_DONE;
        sqlite3_finalize(stmt);
    }
    sqlite3_close(db);
    return sound;
}

#endif
