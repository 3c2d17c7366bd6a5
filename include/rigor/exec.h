/* exec.h - a pool of worker processes under libuv that speak docs/protocol.md over pipes.
 *
 * The pool knows jobs (JSON objects with "members", each with an "id") and messages; what they
 * mean is the runner's business.  It lives in one thread and calls back from rg_pool_run only.
 */
#ifndef RIGOR_EXEC_H
#define RIGOR_EXEC_H

#include "rigor/base.h"

typedef enum rg_loss {
    RG_LOSS_OUTSIDE, /* killed by a signal from outside (KILL, TERM, HUP, INT): run it again */
    RG_LOSS_CRASH,   /* its own fault: a bad exit status, SEGV, ABRT, ... */
} rg_loss;

typedef struct rg_pool_events {
    void *ctx;
    /* The next job (new reference; the pool adds "job", its number), or NULL: nothing now. */
    json_t *(*next)(void *ctx);
    /* One message of a member in flight; "done", "failed", "lost" or "again" is its last.  False
     * ends the pool's run (see *err of rg_pool_run). */
    bool (*message)(void *ctx, size_t id, const json_t *message, rg_err *err);
    /* What the member's worker is told after a message that was not the last (new reference), or
     * NULL: nothing.  The function itself may be NULL. */
    json_t *(*answer)(void *ctx, size_t id);
    /* A worker ended while these members had not finished. */
    bool (*lost)(void *ctx, const size_t *ids, size_t n, rg_loss loss, const char *reason,
                 rg_err *err);
    /* Some ten times a second; false ends the pool's run.  May be NULL. */
    bool (*tick)(void *ctx, rg_err *err);
} rg_pool_events;

typedef struct rg_pool_options {
    const char *const *argv; /* of a worker, NULL-terminated; argv[0] is the path */
    int workers;
    int threads;          /* of each worker, told through the environment */
    int inherited;        /* a descriptor that every worker holds as its number 3; 0: none */
    const char *log_path; /* what workers print besides messages is appended here */
} rg_pool_options;

/* Runs until next() has nothing and nothing is in flight, an event fails, or SIGINT or SIGTERM
 * arrives (*ret_signal, else 0): then workers are ended at once and what was in flight is lost.
 * No worker outlives the call.  From the first call on the process ignores SIGPIPE. */
bool rg_pool_run(const rg_pool_options *options, const rg_pool_events *events, int *ret_signal,
                 rg_err *err);

#endif
