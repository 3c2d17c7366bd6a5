/* worker.h - what the files of the worker share: jobs as read, caches. */
#ifndef RIGOR_WORKER_WORKER_H
#define RIGOR_WORKER_WORKER_H

#include "rigor/train.h"
#include "rigor/trial.h"

#include <sys/stat.h>

/* ---- A job: members of one data set (docs/protocol.md). */
typedef struct train_job {
    const json_t *root; /* owner of the texts; borrowed */
    json_int_t number;
    const char *train, *val, *test_inputs; /* paths; the last may be NULL */
    rg_task task;
    size_t classes;
    const rg_metric *metrics[RG_FIT_METRICS_MAX]; /* the first chooses the epoch */
    size_t n_metrics;
    int threads;
} train_job;
typedef struct member {
    json_int_t id;
    uint64_t seed;
    const json_t *config;
    const char *predictions, *checkpoint; /* paths to write, or NULL */
} member;
bool worker_job_read(const json_t *root, train_job *ret, rg_err *err);
bool worker_member_read(const json_t *entry, member *ret, rg_err *err);

/* ---- What stays between jobs: entries, the least recently used first. */
typedef struct cached_part {
    const char *path;
    struct stat file; /* as it was when the part was read */
    rg_arena *arena;
    const rg_part *part;
} cached_part;
typedef struct cached_program {
    char *key;
    rg_program *program;
} cached_program;
typedef struct cache {
    RG_VEC(cached_part) parts;
    RG_VEC(cached_program) programs;
    bool over; /* a job has said that it is the last of this process */
} cache;
/* The part in the file, read again only when the file has changed; borrowed until the next call
 * but three. */
const rg_part *worker_cache_part(cache *c, const char *path, rg_err *err);
/* The program for this structure, compiled when it is new; borrowed until the next call. */
rg_program *worker_cache_program(cache *c, const rg_program_spec *spec, rg_err *err);
void worker_cache_free(cache *c);

/* ---- usage.c: what a training takes of the machine, from here on. */
typedef struct usage {
    char started[32];         /* UTC */
    uint64_t wall_ns, cpu_ns; /* of the clocks, then */
} usage;
void worker_usage_start(usage *ret);
/* {"started", "ended", "wall_s", "cpu_s", "peak_bytes"}: the largest resident memory of this
 * process since the start (of its whole life on a kernel that cannot forget it).  New
 * reference. */
json_t *worker_usage_json(const usage *since);

/* ---- messages.c: an epoch may wait a moment for the next one; rg_message_send writes at
 * once. */
void worker_messages_open(void);
/* False when nobody reads any more. */
bool worker_message_epoch(const train_job *job, json_int_t id, const rg_epoch *epoch);

/* Shuts the process off from what the job says under "reach", once for all jobs; what came of it
 * ({"sealed", "landlock", "network"}), or NULL where a job says nothing.  Borrowed. */
const json_t *worker_seal(const json_t *job);

/* Trains the members of one job, one after another.  False when nobody reads any more. */
bool worker_run(cache *c, const json_t *root);

#endif
