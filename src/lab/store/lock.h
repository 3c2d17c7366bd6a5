/* lock.h - one writer for one ledger. */
#ifndef RIGOR_LAB_STORE_LOCK_H
#define RIGOR_LAB_STORE_LOCK_H

#include "rigor/base.h"

/* Takes the writer's lock of the ledger at `path`; the error names the process that holds it.
 * The lock is the kernel's and ends with the process, whatever ends it. */
typedef struct rg_lock {
    char *path;
    int file;
} rg_lock;
bool rg_lock_take(const char *ledger, rg_lock *ret, rg_err *err);
bool rg_lock_held(const char *ledger); /* by anybody, at this moment */
void rg_lock_release(rg_lock *lock);

#endif
