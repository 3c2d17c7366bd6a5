/* open.c - opening and closing a ledger.
 *
 * While a writer has it open the ledger is in WAL mode: readers see the last transaction and
 * wait for nobody.  At rest it is one plain file without companions: the writer leaves WAL mode
 * when it closes, so that a reader needs to create nothing and a read-only medium will do.  A
 * killed writer leaves the companions behind; reading copes with each state in which they can
 * be found. */
#include "lab/store/chain.h"
#include "lab/store/ledger.h"
#include "lab/store/schema.h"
#include "lab/store/sqlite.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    WRITER_WAITS_MS = 30000, /* a reader in the middle of a read delays the start of a writer */
    READER_WAITS_MS = 5000,  /* a writer that starts or ends holds the file for a moment */
    STEPS_BETWEEN_CHECKS = 10000,
};

/* ---- The address of the file as SQLite wants it */

static void escape(rg_str *uri, const char *path)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789/._-~";
    rg_str_add(uri, path[0] == '/' ? "file://" : "file:");
    for (const char *c = path; *c; c++)
        rg_str_printf(uri, strchr(plain, *c) ? "%c" : "%%%02X", (unsigned char)*c);
}

/* Whether the first page says that the file is in WAL mode (bytes 18 and 19 of the format).
 * Read through SQLite's own descriptor: closing another one would drop the locks of this
 * process. */
static bool in_wal_mode(sqlite3 *db)
{
    unsigned char first[20];
    sqlite3_file *file = NULL;
    return sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
           file->pMethods &&
           file->pMethods->xRead(file, first, sizeof(first), 0) == SQLITE_OK &&
           first[18] == 2 && first[19] == 2;
}

static bool has_companion(const char *path, const char *suffix)
{
    rg_str name = {0};
    rg_str_printf(&name, "%s%s", path, suffix);
    bool has = rg_file_exists(name.data);
    rg_str_free(&name);
    return has;
}

/* How to read without creating a file or touching one: parameters of the address, and a pragma.
 */
typedef struct approach {
    const char *parameters, *pragma;
} approach;

/* Beside a living writer SQLite's own locks do all; otherwise a killed writer may have left
 * something, and nobody writes. */
static approach choose_approach(const rg_ledger *ledger)
{
    static const approach plain = {"", ""};
    static const approach file_alone = {"?immutable=1", ""};
    /* SQLite builds the index of a log in memory when it holds all locks for good; the file is
     * not ours to lock, so this is done with a system that has no locks. */
    static const approach own_index = {"?vfs=unix-none", "PRAGMA locking_mode = EXCLUSIVE"};
    if (rg_lock_held(ledger->path))
        return plain;
    /* Killed while it entered or left WAL mode: the journal keeps the mode and nothing else. */
    if (has_companion(ledger->path, "-journal"))
        return file_alone;
    if (!in_wal_mode(ledger->db))
        return plain;
    if (!has_companion(ledger->path, "-wal"))
        return file_alone;
    return has_companion(ledger->path, "-shm") ? plain : own_index;
}

/* ---- Opening */

static int check_interrupt(void *ctx)
{
    const rg_ledger *ledger = ctx;
    bool late = ledger->deadline_ns != 0 && rg_clock_ns() > ledger->deadline_ns;
    return ledger->interruptible && (ledger->interrupted || late);
}

static bool connect(rg_ledger *ledger, const char *parameters, rg_err *err)
{
    bool writes = ledger->mode == RG_LEDGER_WRITE;
    int flags = SQLITE_OPEN_URI | SQLITE_OPEN_FULLMUTEX |
                (writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
    rg_str uri = {0};
    escape(&uri, ledger->path);
    rg_str_add(&uri, parameters);
    int code = sqlite3_open_v2(uri.data, &ledger->db, flags, NULL);
    rg_str_free(&uri);
    if (code != SQLITE_OK)
        return rg_sql_fail(ledger->db, ledger->path, err);
    sqlite3_busy_timeout(ledger->db, writes ? WRITER_WAITS_MS : READER_WAITS_MS);
    sqlite3_progress_handler(ledger->db, STEPS_BETWEEN_CHECKS, check_interrupt, ledger);
    /* The file may come from anywhere: its schema is not trusted with side effects. */
    sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !writes, NULL);
    return rg_sql_run(ledger->db, "PRAGMA cell_size_check = ON", ledger->path, err);
}

/* Nothing is read from the file before the approach is chosen. */
static bool connect_reader(rg_ledger *ledger, rg_err *err)
{
    if (!connect(ledger, "", err))
        return false;
    approach how = choose_approach(ledger);
    if (how.parameters[0]) {
        sqlite3_close(ledger->db);
        ledger->db = NULL;
        if (!connect(ledger, how.parameters, err))
            return false;
    }
    return rg_sql_run(ledger->db, how.pragma, ledger->path, err);
}

/* Refuses what is no ledger; ret_blank: there is nothing in it yet. */
static bool recognise(rg_ledger *ledger, bool *ret_blank, rg_err *err)
{
    rg_schema_kind kind = RG_SCHEMA_BLANK;
    if (!rg_schema_look(ledger->db, ledger->path, &kind, err))
        return false;
    if (kind == RG_SCHEMA_FOREIGN)
        return rg_fail(err, RG_INPUT, ledger->path, "check the path",
                       "this is a database of another program, not a ledger");
    if (kind == RG_SCHEMA_NEWER)
        return rg_fail(err, RG_INPUT, ledger->path,
                       "use the rigor that wrote it, or a newer one",
                       "this ledger was written by a newer version of rigor than " RG_VERSION);
    *ret_blank = kind == RG_SCHEMA_BLANK;
    return true;
}

static bool enter_wal(rg_ledger *ledger, rg_err *err)
{
    sqlite3_stmt *stmt =
        rg_sql_prepare(ledger->db, "PRAGMA journal_mode = WAL", ledger->path, err);
    int got = stmt ? rg_sql_step(stmt, ledger->path, err) : -1;
    const char *mode = got > 0 ? rg_sql_text(stmt, 0) : NULL;
    bool entered = mode && strcmp(mode, "wal") == 0;
    if (got >= 0 && !entered)
        rg_fail(err, RG_INPUT, ledger->path, "keep the study's folder on a local disk",
                "this file system cannot hold a ledger (SQLite's write-ahead log is refused)");
    sqlite3_finalize(stmt);
    return entered;
}

static const char add_event_sql[] =
    "INSERT INTO event (seq, time, kind, body, hash) VALUES (?, ?, ?, ?, ?)";
static const char set_head_sql[] =
    "INSERT INTO head (id, seq, hash) VALUES (1, ?1, ?2) "
    "ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash";

static bool prepare_writer(rg_ledger *ledger, rg_err *err)
{
    ledger->add_event = rg_sql_prepare(ledger->db, add_event_sql, ledger->path, err);
    ledger->set_head = rg_sql_prepare(ledger->db, set_head_sql, ledger->path, err);
    return ledger->add_event && ledger->set_head &&
           rg_rows_open(&ledger->rows, ledger->db, ledger->path, err) &&
           rg_ledger_tail(ledger, &ledger->seq, ledger->head, err);
}

static bool make_folder(const char *path, rg_err *err)
{
    rg_str folder = {0};
    rg_str_add_n(&folder, path, (size_t)(rg_path_base(path) - path));
    bool made = folder.len == 0 || rg_dir_make(folder.data, 0755, err);
    rg_str_free(&folder);
    return made;
}

/* A blank file is a ledger that was never begun: creating one can be interrupted, too. */
static bool open_to_write(rg_ledger *ledger, rg_err *err)
{
    bool blank = false;
    return make_folder(ledger->path, err) && rg_lock_take(ledger->path, &ledger->lock, err) &&
           connect(ledger, "", err) && recognise(ledger, &blank, err) &&
           enter_wal(ledger, err) &&
           rg_sql_run(ledger->db, "PRAGMA synchronous = FULL", ledger->path, err) &&
           (!blank || rg_schema_create(ledger->db, ledger->path, err)) &&
           prepare_writer(ledger, err);
}

static bool open_to_read(rg_ledger *ledger, rg_err *err)
{
    struct stat found;
    if (stat(ledger->path, &found) != 0)
        return rg_fail(err, RG_INPUT, ledger->path, "`rigor run STUDY` begins one",
                       "there is no ledger here");
    if (!S_ISREG(found.st_mode))
        return rg_fail(err, RG_INPUT, ledger->path, "check the path", "this is not a file");
    bool blank = false;
    if (!connect_reader(ledger, err) || !recognise(ledger, &blank, err))
        return false;
    if (blank)
        return rg_fail(err, RG_INPUT, ledger->path, "`rigor run STUDY` begins one",
                       "this file is empty: nothing was recorded yet");
    return true;
}

bool rg_ledger_open(const char *path, rg_ledger_mode mode, rg_ledger **ret, rg_err *err)
{
    rg_str copy = {0};
    rg_str_add(&copy, path);
    rg_ledger *ledger = RG_NEW(rg_ledger);
    ledger->path = copy.data;
    ledger->mode = mode;
    if (mode == RG_LEDGER_WRITE ? open_to_write(ledger, err) : open_to_read(ledger, err)) {
        *ret = ledger;
        return true;
    }
    rg_ledger_close(ledger);
    return false;
}

void rg_ledger_close(rg_ledger *ledger)
{
    if (!ledger)
        return;
    bool wrote = ledger->set_head != NULL;
    rg_rows_close(&ledger->rows);
    sqlite3_finalize(ledger->add_event);
    sqlite3_finalize(ledger->set_head);
    /* Back to one plain file.  A reader that is still there prevents it, which does no harm. */
    if (wrote) {
        sqlite3_busy_timeout(ledger->db, 0);
        sqlite3_exec(ledger->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    }
    sqlite3_close(ledger->db);
    rg_lock_release(&ledger->lock);
    rg_free(ledger->path);
    rg_free(ledger);
}

bool rg_ledger_hold(rg_ledger *ledger, rg_err *err)
{
    int64_t seq; /* SQLite's view begins with the first reading */
    char hash[RG_HEX];
    return rg_sql_run(ledger->db, "BEGIN", ledger->path, err) &&
           rg_ledger_tail(ledger, &seq, hash, err);
}

bool rg_ledger_busy(const char *path)
{
    return rg_lock_held(path);
}

/* ---- Stopping */

void rg_ledger_watch(rg_ledger *ledger, int seconds)
{
    ledger->interrupted = 0;
    ledger->deadline_ns = seconds > 0 ? rg_clock_ns() + (uint64_t)seconds * 1000000000u : 0;
    ledger->interruptible = true;
}

void rg_ledger_unwatch(rg_ledger *ledger)
{
    ledger->interruptible = false;
}

void rg_ledger_interrupt(rg_ledger *ledger)
{
    ledger->interrupted = 1;
}

/* ---- The end of the chain */

bool rg_ledger_tail(rg_ledger *ledger, int64_t *ret_seq, char ret_hash[RG_HEX], rg_err *err)
{
    sqlite3_stmt *stmt = rg_sql_prepare(
        ledger->db, "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1", ledger->path, err);
    int got = stmt ? rg_sql_step(stmt, ledger->path, err) : -1;
    if (got >= 0) {
        *ret_seq = got ? sqlite3_column_int64(stmt, 0) : 0;
        snprintf(ret_hash, RG_HEX, "%s", got ? rg_sql_text(stmt, 1) : RG_CHAIN_START);
    }
    sqlite3_finalize(stmt);
    return got >= 0;
}

void rg_ledger_head(rg_ledger *ledger, char ret[RG_HEX])
{
    int64_t seq;
    rg_err err = {0};
    if (ledger->mode == RG_LEDGER_WRITE)
        memcpy(ret, ledger->head, RG_HEX);
    else if (!rg_ledger_tail(ledger, &seq, ret, &err))
        ret[0] = 0;
}
