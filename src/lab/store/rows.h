/* rows.h - from an event to rows: the one place that fills the derived tables.
 *
 * The writer applies an event right after it was appended; verify applies all events again to
 * an empty database.  As both go through rg_rows_apply, a row can only differ when somebody
 * changed it. */
#ifndef RIGOR_LAB_STORE_ROWS_H
#define RIGOR_LAB_STORE_ROWS_H

#include "rigor/base.h"

#include <sqlite3.h>

/* Kinds of events that fill tables; every other kind is only kept. */
#define RG_EVENT_STUDY "study"
#define RG_EVENT_TRIAL "trial"
#define RG_EVENT_RUN "run"
#define RG_EVENT_SCORES "seal-opened"
#define RG_EVENT_LOOK "looked"

enum { RG_ROWS_STATEMENTS = 7 };
typedef struct rg_rows {
    sqlite3 *db;
    const char *where; /* the ledger's path, for errors */
    sqlite3_stmt *stmt[RG_ROWS_STATEMENTS];
} rg_rows;

bool rg_rows_open(rg_rows *rows, sqlite3 *db, const char *where, rg_err *err);
void rg_rows_close(rg_rows *rows);

typedef struct rg_event {
    int64_t seq;
    const char *time, *kind;
    const json_t *body;
} rg_event;
/* A row that stands already is an RG_INTERNAL error; the caller rolls the transaction back. */
bool rg_rows_apply(rg_rows *rows, const rg_event *event, rg_err *err);
bool rg_rows_known(const char *kind); /* whether events of this kind fill tables */

#endif
