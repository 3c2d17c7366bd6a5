/* worker.h - the native trainer as a process: jobs in, messages out (docs/protocol.md). */
#ifndef RIGOR_WORKER_H
#define RIGOR_WORKER_H

/* Reads jobs from standard input until it ends; returns the exit code.  library[n]: shared
 * objects of models that are not built in, each called by the hash of its source: HASH.so. */
int rg_worker_main(int n, const char *const *library);

#endif
