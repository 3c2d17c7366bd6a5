/* sandbox.h - a process that may do its work but cannot reach what is hidden from it: the seal of
 * docs/seal.md.  Landlock keeps files, processes and TCP; seccomp keeps the system calls that
 * could lead around it, and tells of attempts.
 *
 *     rg_sandbox_prepare(&spec, &sandbox, &record, &err);
 *     socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel);
 *     if (fork() == 0) { if (rg_sandbox_enter(sandbox, channel[1]) == 0) execv(...); _exit(127); }
 *     close(channel[1]);
 *     int listener = rg_sandbox_listener(sandbox, channel[0]);
 *     while (it lives) { poll(listener and the rest); rg_sandbox_attend(sandbox, listener, &seen); }
 *
 * Ownership: a sandbox belongs to whoever prepared it; it serves one child or many.
 */
#ifndef RIGOR_SANDBOX_H
#define RIGOR_SANDBOX_H

#include "rigor/base.h"

typedef struct rg_sandbox rg_sandbox;

/* What a trial may do.  Lists end with NULL; a list that is NULL is empty. */
typedef struct rg_grant_spec {
    const char *const *hidden; /* files or folders that stay out of reach; need not exist yet */
    const char *const
        *writable; /* folders or files that it may change; must exist.  They may lie
                                    inside of what is hidden, but not around it */
    const char *const *readable; /* what of the hidden it may read all the same; must exist */
    bool network;                /* false: no sockets but those of this machine's own files */
    bool watch;                  /* report attempts; costs about 30 microseconds an open file */
    int abi_limit;               /* 0: the kernel's own; n > 0: as an older kernel would; -1: as
                                    a kernel without Landlock.  For tests */
} rg_grant_spec;

int rg_sandbox_abi(void); /* the kernel's Landlock ABI; 0: none */

/* All that can be done before the fork.  *ret_record (new reference) says what was granted:
 *   landlock  the ABI that is used; 0: the kernel does not keep the labels out of reach
 *   sealed    whether what is hidden is out of reach: landlock >= 1 and no other name is known
 *   handled   the rights that are withheld unless granted;  refused: those that this ABI lacks
 *   read, write, read_of_hidden, devices, hidden   paths;  "/tmp/ (812 entries)" stands for many of one folder
 *   network   {"allowed": false, "kept_by": ["landlock", "seccomp"]}
 *   seccomp, watch   whether system calls are filtered, and watched
 *   warnings  sentences: hard links of hidden files, folders that cannot be listed, open doors
 * Fails with RG_INPUT when a writable path does not exist or lies around a hidden one. */
bool rg_sandbox_prepare(const rg_grant_spec *spec, rg_sandbox **ret, json_t **ret_record,
                        rg_err *err);
void rg_sandbox_free(rg_sandbox *sandbox);

/* In the child, between fork and exec; async-signal-safe.  All descriptors but 0, 1 and 2 close
 * on exec.  With `watch` the parent's end of it is sent over `channel` (a Unix socket), and every
 * watched call after this one waits for the parent: the child must do nothing but exec.
 * 0, or errno. */
int rg_sandbox_enter(const rg_sandbox *sandbox, int channel);

/* In the parent, with its own end of the channel: the listener, a descriptor to poll.  It hangs up
 * (POLLHUP) when the last process of the trial has ended; whoever is alive when it is closed finds
 * the watched calls missing (ENOSYS).  -1 when nothing is watched or the child ended before it was
 * ready.  Waits for the child; close the child's end first. */
int rg_sandbox_listener(const rg_sandbox *sandbox, int channel);

/* What was attempted: [{"path", "as", "call", "pid", "program", "count"}], the first 20 different
 * ones.  path: where it leads; as: the name that was used; call: "openat", "ptrace", ... */
typedef struct rg_attempts {
    json_t *list;   /* NULL before the first; owned */
    uint64_t total; /* of all, repeated ones included */
} rg_attempts;

/* Answers one pending notification; call it whenever the listener is readable.  File accesses go
 * on (Landlock decides about them); calls that are cut get EPERM, as they do without `watch`. */
void rg_sandbox_attend(const rg_sandbox *sandbox, int listener, rg_attempts *attempts);
void rg_attempts_free(rg_attempts *attempts);

#endif
