/* inside.h - what the files of the sandbox share. */
#ifndef RIGOR_SANDBOX_INSIDE_H
#define RIGOR_SANDBOX_INSIDE_H

#include "rigor/sandbox.h"

#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/types.h>

/* A place in the file system, by name and by identity: names can differ (bind mounts, folders
 * that ignore case) where the identity does not. */
typedef struct spot {
    const char *path; /* absolute, without links */
    dev_t dev;
    ino_t ino;
    bool exists;
} spot;
typedef RG_VEC(spot) spots;

struct rg_sandbox {
    rg_arena *arena;
    spots hidden, writable, readable;
    spots ways;  /* the folders above what is hidden, and /dev */
    int abi;     /* Landlock's, as used; 0: none */
    int ruleset; /* -1: none */
    bool network, watch;
    struct sock_fprog plain, watching; /* len 0: none, for this kind of processor or at all */
};

/* ---- places.c: fills hidden, writable and ways.  links: a sentence for each hidden file that has
 * further names (of a folder its first entries are looked at). */
bool sandbox_places(rg_sandbox *s, const rg_grant_spec *spec, json_t *links, rg_err *err);
const spot *spots_named(const spots *list, const char *path);   /* NULL when absent */
const spot *spots_above(const spots *list, const char *path);   /* path is it, or below it */
void spots_add(rg_arena *arena, spots *list, const char *path); /* unless it is there */
void spots_say(const spots *list, json_t *array);               /* appends the names */

/* ---- mounts.c: adds the names that hidden places have through other mounts. */
void sandbox_mounts(rg_arena *arena, spots *hidden, const char *table);

/* ---- resolve.c */
bool path_is_in(const char *path, const char *folder); /* it, or below it */
/* Where `path` leads, seen by thread `pid`, links followed; what does not exist is taken as it
 * stands.  `folder`: where a relative path begins; absolute, without links.  False: too long, or
 * links in a circle. */
bool path_resolve(pid_t pid, const char *folder, const char *path, char ret[PATH_MAX]);

/* ---- rules.c: the Landlock ruleset of s, whose abi is set; fills handled, refused, read, write
 * and devices of the record. */
bool sandbox_rules(rg_sandbox *s, json_t *record, json_t *warnings, rg_err *err);

/* ---- calls.c: the system calls that are cut or watched. */
typedef enum call_kind {
    CALL_CUT,     /* EPERM; an ordinary program may try it, so it is no attempt */
    CALL_TRICK,   /* EPERM, and an attempt */
    CALL_ABSENT,  /* ENOSYS: the C library has another way */
    CALL_NETWORK, /* EPERM unless the network is granted */
    CALL_PATH,    /* goes by a path: watched */
    CALL_PROCESS, /* reaches into another process: watched, Landlock decides */
    CALL_CONNECT, /* to a socket that has a path: watched */
} call_kind;
typedef enum call_when { WHEN_ALWAYS, WHEN_BITS, WHEN_NOT, WHEN_ONE_OF } call_when;
typedef struct call {
    int number;
    call_kind kind;
    const char *name;
    call_when when; /* the first argument has any bit of a, is not a, is a or b */
    uint32_t a, b;
    /* The arguments that hold a path and the folder that it starts from; 0: none, n: the n-th
     * from 1.  `flags` holds O_DIRECTORY when a folder is only listed. */
    int folder[2], path[2], flags;
    int process; /* the argument that holds a process (n from 1), negative: a pidfd */
} call;
const call *sandbox_call(int number); /* NULL when it is neither cut nor watched */
void sandbox_filters(rg_sandbox *s);  /* the seccomp programs of s */

/* ---- attend.c */
bool sandbox_can_watch(void);

/* The room for one notification; newer kernels may write more than this header's structures. */
typedef union notification {
    struct seccomp_notif in;
    struct seccomp_notif_resp out;
    char room[512];
} notification;

#endif
