/* process.h - the processes below one, as the kernel lists them in /proc. */
#ifndef RIGOR_PROCESS_H
#define RIGOR_PROCESS_H

#include "rigor/base.h"

#include <sys/types.h>

#define RG_PROCESSES_MAX 4096 /* more are not looked at: at the next call there are fewer */
typedef struct rg_processes {
    pid_t at[RG_PROCESSES_MAX];
    size_t count;
} rg_processes;

/* Appends the children of a process, of all of its threads, those included that have ended and
 * are not yet waited for. */
void rg_processes_children(rg_processes *found, pid_t pid);
/* All that lives below it: what is near it first. */
void rg_processes_below(rg_processes *found, pid_t pid);

#endif
