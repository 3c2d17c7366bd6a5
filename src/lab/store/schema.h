/* schema.h - the tables of the ledger as data: what creates them and what verify compares. */
#ifndef RIGOR_LAB_STORE_SCHEMA_H
#define RIGOR_LAB_STORE_SCHEMA_H

#include "rigor/base.h"

#include <sqlite3.h>

/* PRAGMA application_id ("Rigr") and user_version: what kind of file this is, and which schema.
 */
#define RG_SCHEMA_APPLICATION 0x52696772
#define RG_SCHEMA_VERSION 1

typedef struct rg_schema_table {
    const char *name;
    const char *key;  /* the columns that name a row, comma-separated */
    int key_columns;  /* how many they are */
    const char *rest; /* all other columns */
} rg_schema_table;

/* All tables but `event`: those that follow from it.  Ends with name == NULL. */
extern const rg_schema_table rg_schema_tables[];

bool rg_schema_create(sqlite3 *db, const char *where, rg_err *err);

/* What an open database is, told from its first page. */
typedef enum rg_schema_kind {
    RG_SCHEMA_BLANK, /* nothing was ever written, or creating it was interrupted */
    RG_SCHEMA_LEDGER,
    RG_SCHEMA_NEWER,
    RG_SCHEMA_FOREIGN, /* a database of another program */
} rg_schema_kind;
bool rg_schema_look(sqlite3 *db, const char *where, rg_schema_kind *ret, rg_err *err);

#endif
