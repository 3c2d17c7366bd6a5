/* copy.c - a copy of a ledger that may be in use. */
#include "lab/store/ledger.h"
#include "lab/store/sqlite.h"

/* SQLite copies page by page what this connection sees. */
static bool copy_pages(sqlite3 *from, sqlite3 *to, const char *path, rg_err *err)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (!backup)
        return rg_sql_fail(to, path, err);
    int code = sqlite3_backup_step(backup, -1);
    sqlite3_backup_finish(backup);
    if (code == SQLITE_DONE)
        return true;
    return rg_fail(err, RG_INTERNAL, path, "is there space on the disk?",
                   "the ledger cannot be copied: %s", sqlite3_errstr(code));
}

bool rg_ledger_copy(rg_ledger *ledger, const char *path, rg_err *err)
{
    sqlite3 *to = NULL;
    if (rg_file_exists(path))
        return rg_fail(err, RG_INPUT, path, "choose another name", "the file is there already");
    bool ok = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) ==
                  SQLITE_OK ||
              rg_sql_fail(to, path, err);
    ok = ok && copy_pages(ledger->db, to, path, err) &&
         rg_sql_run(to, "PRAGMA journal_mode = DELETE", path, err);
    sqlite3_close(to);
    return ok;
}
