/* ledger.h - an open ledger, as the files of the store see it. */
#ifndef RIGOR_LAB_STORE_LEDGER_H
#define RIGOR_LAB_STORE_LEDGER_H

#include "lab/store/lock.h"
#include "lab/store/rows.h"
#include "rigor/store.h"

#include <signal.h>

struct rg_ledger {
    char *path;
    rg_ledger_mode mode;
    sqlite3 *db;
    /* A query or a verification in progress can be stopped; nothing else can. */
    bool interruptible;
    uint64_t deadline_ns; /* 0: none */
    volatile sig_atomic_t interrupted;

    /* The rest is the writer's alone. */
    rg_lock lock;
    rg_rows rows;
    sqlite3_stmt *add_event, *set_head;
    int64_t seq;       /* of the last event; 0: none */
    char head[RG_HEX]; /* its hash */
};

/* The last event's number and hash as the file has them. */
bool rg_ledger_tail(rg_ledger *ledger, int64_t *ret_seq, char ret_hash[RG_HEX], rg_err *err);

/* Between these two, SQLite stops at rg_ledger_interrupt and after `seconds` (0: any time). */
void rg_ledger_watch(rg_ledger *ledger, int seconds);
void rg_ledger_unwatch(rg_ledger *ledger);

#endif
