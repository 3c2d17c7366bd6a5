/* worker.h - the native trainer as a process: jobs in, messages out (docs/protocol.md). */
#ifndef RIGOR_WORKER_H
#define RIGOR_WORKER_H

/* Reads jobs from standard input until it ends; returns the exit code. */
int rg_worker_main(int argc, char **argv);

#endif
