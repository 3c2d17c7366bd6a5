/* launch.h - what the files of the launcher share: jobs as read, the trial that runs, its streams.
 *
 * The road of a trial: job.c reads it, prepare.c makes its folder, command and environment, start.c
 * forks into the sandbox, output.c and message.c hear what it says, watch.c keeps it within its
 * limits and ends all that it started, finish.c says what came of it. */
#ifndef RIGOR_LAUNCH_LAUNCH_H
#define RIGOR_LAUNCH_LAUNCH_H

#include "rigor/base.h"
#include "rigor/sandbox.h"

#include <sys/resource.h>
#include <sys/types.h>

#define LAUNCH_WORD "@rigor" /* begins a message among the lines of a program's output */
#define LAUNCH_PREFIX LAUNCH_WORD " "

/* ---- A job: members that the same program trains (docs/protocol.md, "The launcher"). */
typedef struct launch_setup {
    const json_t *root;    /* owner of the texts; borrowed */
    const json_t *command; /* words with {name} in them */
    const json_t *reads, *env, *writes, *hidden, *metrics;
    const char *study, *folder, *metric;
    const char *data, *train, *val,
        *test_inputs; /* paths; NULL: the program has its own data */
    const char *ids;  /* the test part as .npz, whatever the form of the others is */
    double time_s, grace_s, devices;
    int64_t memory_bytes, log_bytes;
    int threads;
    bool network, seal;
} launch_setup;
typedef struct launch_member {
    json_int_t id, number;
    const char *stage, *arm;
    const char *place;       /* its folder: logs and configuration, which it cannot write */
    const char *predictions; /* path to write them to; NULL: none are wanted */
    const json_t *config;
    const json_t *seed;
    bool evaluate;
} launch_member;
bool launch_setup_read(const json_t *root, launch_setup *ret, rg_err *err);
bool launch_member_read(const json_t *entry, launch_member *ret, rg_err *err);

/* ---- One of the trial's two streams: kept as a log of limited length, read line by line. */
typedef struct launch_stream {
    int fd; /* -1: closed */
    const char *path;
    int log; /* -1: nothing written yet */
    int64_t log_len, log_max, total;
    rg_str line;
    bool skipping;  /* the rest of a line that is too long to be a message */
    char last[400]; /* the last line that was not empty, printable */
} launch_stream;

typedef enum launch_end { /* why a trial was ended by us */
                          LAUNCH_RUNS,
                          LAUNCH_TIME,   /* its time was up */
                          LAUNCH_MEMORY, /* it took more than it may */
                          LAUNCH_PRUNED, /* the search has seen enough */
                          LAUNCH_LOST, /* the disk is full, the program is not there: no fault of the training */
} launch_end;

typedef struct launch_group launch_group;

typedef struct launch_trial {
    const launch_setup *setup;
    launch_member member;
    rg_arena *arena;
    /* Prepared: */
    char **argv, **envp;
    const char *out, *scratch; /* inside the place: what it may write */
    const char *config, *report, *predictions, *resume;
    char key[RG_HEX]; /* of configuration and seed */
    /* Running: */
    pid_t pid;
    int pid_fd, exec_fd, channel, listener; /* -1: none */
    rg_sandbox *sandbox;
    rg_attempts attempts;
    json_t *granted; /* what the sandbox grants (sandbox.h), its own folders as {out}, {tmp} */
    json_t **told;   /* of the launcher: what the runner was told last; *told may be NULL */
    launch_group *group; /* group.c; NULL: none */
    bool grouped;        /* it had one */
    struct {
        int64_t before, now, at_end; /* of the machine: at the last two looks, a second apart */
        uint64_t looked_ns;
    } oom_kills;
    launch_stream stream[2]; /* standard output, standard error */
    int report_fd;
    int64_t report_at; /* bytes that are read */
    rg_str report_rest;
    uint64_t started_ns, ended_ns, watched_ns;
    double ran_s, stopped_s; /* that we saw pass: in all, since it was told to end */
    char started[32];
    launch_end end;
    bool stopped; /* it was told to end */
    bool exited;
    int status; /* as wait says */
    double cpu_s;
    int64_t peak_bytes;
    size_t left; /* processes that it left behind when it ended by itself */
    char first_left[32];
    rg_err lost;
    /* Said: */
    json_t *last; /* {name: the last value} */
    json_t *notes, *environment;
    const char *told_predictions;
    rg_str history;        /* messages that history.jsonl has not yet, one a line */
    int64_t history_bytes; /* that it has */
    json_t *noting; /* the next resume.json; NULL: no checkpoint was told since the last */
    size_t values, messages, malformed;
    char first_malformed[200];
    json_int_t step;
    bool pruned;
} launch_trial;

/* ---- prepare.c: folder, configuration, command, environment. */
bool launch_prepare(launch_trial *t, rg_err *err);

/* ---- start.c: forks.  The caller polls exec_fd, pid_fd, listener and both streams. */
bool launch_start(launch_trial *t, rg_err *err);
/* What the child says of its exec: nothing when it has worked. */
void launch_hear_exec(launch_trial *t);
void launch_release(launch_trial *t); /* descriptors and all that the trial owns */

/* ---- output.c: reads what there is; false at the end of the stream. */
bool launch_read_stream(launch_trial *t, int which);
void launch_drain(launch_trial *t, int which); /* all that is left; then closes it */
void launch_read_report(launch_trial *t);
void launch_close_stream(launch_trial *t, int which);

/* ---- message.c: one line of output, without its end. */
void launch_take_line(launch_trial *t, const char *line, size_t len);
void launch_take_report_line(launch_trial *t, const char *line, size_t len);
void launch_note(launch_trial *t, const char *fmt, ...) RG_PRINTF(2, 3);
/* Sends again what an earlier start had said up to its checkpoint: messages, one a line. */
void launch_retell(launch_trial *t, const char *history);
/* reads.c: the values that a pattern finds in a line: calls `found` for each and says whether the
 * pattern fits. */
bool launch_match(const char *pattern, const char *line,
                  void (*found)(void *ctx, const char *name, double value), void *ctx);

/* ---- watch.c */
void launch_watch(launch_trial *t);                /* limits; some ten times a second */
void launch_watch_if_due(launch_trial *t);         /* within what may take longer */
void launch_stop(launch_trial *t, launch_end why); /* SIGTERM now, SIGKILL after the grace */
void launch_reap(launch_trial *t);                 /* takes the end of every process */
void launch_end_all(launch_trial *t);              /* nothing that it started lives on */
/* How many processes the kernel has ended for want of memory; -1: it does not tell. */
int64_t launch_oom_kills(void);
extern const char *launch_kernel_counts; /* where that stands; tests put theirs here */

/* ---- group.c: a control group around a trial with a memory limit.  Opens it for the one who is to
 * write itself in ("0"); -1: there is none. */
int launch_group_open(launch_trial *t);
/* Whether the kernel has ended any of its processes for want of memory: what is left is no result.
 */
bool launch_group_is_over(const launch_trial *t);
/* When nothing of the trial lives any more: what it took, and whether it ended for want of memory.
 */
void launch_group_close(launch_trial *t);

/* ---- finish.c: done, failed, again or lost; false when nobody reads any more. */
bool launch_finish(launch_trial *t);

/* ---- checkpoint.c: what a trial that is started again goes on from. */
bool launch_recall(launch_trial *t, char **ret_history); /* false: it begins anew; rg_free */
void launch_remember(launch_trial *t, const char *checkpoint);
void launch_write_checkpoint(launch_trial *t); /* the one that it remembers last, if any */
void launch_forget(launch_trial *t);           /* the trial is over */

#endif
