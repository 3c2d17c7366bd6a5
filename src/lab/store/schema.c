/* schema.c - the tables of the ledger.
 *
 * `event` is the source of truth; triggers keep it append-only for every program that opens the
 * file.  Every other table is derived from it, row by row, by rows.c, and exists to be queried.
 * All tables are STRICT, so that a value keeps its type, and WITHOUT ROWID where the key is not
 * the row's number: one tree for each table means that no index can disagree with its table. */
#include "lab/store/schema.h"

#include "lab/store/sqlite.h"

static const char schema_sql[] =
    "CREATE TABLE event (\n"
    "    seq INTEGER PRIMARY KEY,\n"
    "    time TEXT NOT NULL,\n"
    "    kind TEXT NOT NULL,\n"
    "    body TEXT NOT NULL,\n"
    "    hash TEXT NOT NULL\n"
    ") STRICT;\n"
    "CREATE TRIGGER event_append BEFORE INSERT ON event\n"
    "WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM event)\n"
    "BEGIN SELECT RAISE(ABORT, 'events are only appended'); END;\n"
    "CREATE TRIGGER event_update BEFORE UPDATE ON event\n"
    "BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;\n"
    "CREATE TRIGGER event_delete BEFORE DELETE ON event\n"
    "BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;\n"
    "CREATE TABLE head (\n"
    "    id INTEGER PRIMARY KEY CHECK (id = 1),\n"
    "    seq INTEGER NOT NULL,\n"
    "    hash TEXT NOT NULL\n"
    ") STRICT;\n"
    "CREATE TABLE study (\n"
    "    name TEXT PRIMARY KEY,\n"
    "    text TEXT NOT NULL,\n"
    "    resolved TEXT NOT NULL,\n"
    "    hash TEXT NOT NULL,\n"
    "    created TEXT NOT NULL,\n"
    "    environment TEXT,\n"
    "    event INTEGER NOT NULL\n"
    ") STRICT, WITHOUT ROWID;\n"
    "CREATE TABLE arm (\n"
    "    position INTEGER PRIMARY KEY,\n"
    "    name TEXT NOT NULL,\n"
    "    definition TEXT,\n"
    "    event INTEGER NOT NULL\n"
    ") STRICT;\n"
    "CREATE TABLE trial (\n"
    "    arm TEXT NOT NULL,\n"
    "    number INTEGER NOT NULL,\n"
    "    seed ANY NOT NULL,\n"
    "    failed INTEGER NOT NULL,\n"
    "    reason TEXT,\n"
    "    point TEXT,\n"
    "    config TEXT,\n"
    "    validation TEXT,\n"
    "    resources TEXT,\n"
    "    event INTEGER NOT NULL,\n"
    "    PRIMARY KEY (arm, number)\n"
    ") STRICT, WITHOUT ROWID;\n"
    "CREATE TABLE run (\n"
    "    arm TEXT NOT NULL,\n"
    "    number INTEGER NOT NULL,\n"
    "    seed ANY NOT NULL,\n"
    "    failed INTEGER NOT NULL,\n"
    "    reason TEXT,\n"
    "    config TEXT,\n"
    "    validation TEXT,\n"
    "    test TEXT,\n"
    "    resources TEXT,\n"
    "    event INTEGER NOT NULL,\n"
    "    PRIMARY KEY (arm, number)\n"
    ") STRICT, WITHOUT ROWID;\n"
    "CREATE TABLE metric (\n"
    "    stage TEXT NOT NULL,\n"
    "    arm TEXT NOT NULL,\n"
    "    number INTEGER NOT NULL,\n"
    "    name TEXT NOT NULL,\n"
    "    position INTEGER NOT NULL,\n"
    "    step INTEGER NOT NULL,\n"
    "    value REAL,\n"
    "    PRIMARY KEY (stage, arm, number, name, position)\n"
    ") STRICT, WITHOUT ROWID;\n"
    "CREATE TABLE prediction_set (\n"
    "    arm TEXT NOT NULL,\n"
    "    number INTEGER NOT NULL,\n"
    "    path TEXT NOT NULL,\n"
    "    sha256 TEXT,\n"
    "    PRIMARY KEY (arm, number)\n"
    ") STRICT, WITHOUT ROWID;\n";

const rg_schema_table rg_schema_tables[] = {
    {"head", "id", 1, "seq, hash"},
    {"study", "name", 1, "text, resolved, hash, created, environment, event"},
    {"arm", "position", 1, "name, definition, event"},
    {"trial", "arm, number", 2,
     "seed, failed, reason, point, config, validation, resources, event"},
    {"run", "arm, number", 2,
     "seed, failed, reason, config, validation, test, resources, event"},
    {"metric", "stage, arm, number, name, position", 5, "step, value"},
    {"prediction_set", "arm, number", 2, "path, sha256"},
    {0},
};

bool rg_schema_create(sqlite3 *db, const char *where, rg_err *err)
{
    char marks[96];
    snprintf(marks, sizeof(marks), "PRAGMA application_id = %d; PRAGMA user_version = %d;",
             RG_SCHEMA_APPLICATION, RG_SCHEMA_VERSION);
    if (!rg_sql_run(db, "BEGIN IMMEDIATE", where, err))
        return false;
    if (rg_sql_run(db, schema_sql, where, err) && rg_sql_run(db, marks, where, err) &&
        rg_sql_run(db, "COMMIT", where, err))
        return true;
    rg_sql_rollback(db);
    return false;
}

bool rg_schema_look(sqlite3 *db, const char *where, rg_schema_kind *ret, rg_err *err)
{
    int64_t application, version, tables;
    if (!rg_sql_int(db, "PRAGMA application_id", where, &application, err) ||
        !rg_sql_int(db, "PRAGMA user_version", where, &version, err) ||
        !rg_sql_int(db, "SELECT count(*) FROM sqlite_schema", where, &tables, err))
        return false;
    if (application == RG_SCHEMA_APPLICATION && version > 0)
        *ret = version > RG_SCHEMA_VERSION ? RG_SCHEMA_NEWER : RG_SCHEMA_LEDGER;
    else
        *ret = tables == 0 && application == 0 ? RG_SCHEMA_BLANK : RG_SCHEMA_FOREIGN;
    return true;
}
