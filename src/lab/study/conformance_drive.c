/* conformance_drive.c - one start of the program under test, through a launcher of its own (see
 * conformance_probe.h). */
#include "lab/study/conformance_probe.h"

#include "lab/study/trainer_job.h"
#include "rigor/exec.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define KEPT_MAX_BYTES ((size_t)256 << 20)
#define STARTS_MAX 3

typedef struct drive {
    conformance *c;
    conformance_probe *p;
    bool handed_out;
    uint64_t told_ns; /* when it was told to end; 0: not yet */
} drive;

/* ---- What is handed out: one member */

static json_t *member_json(const conformance_probe *p, const rg_arm *arm)
{
    const rg_member *m = &p->member;
    json_t *predictions = p->predictions ? json_string(p->predictions) : json_null();
    return json_pack("{s:i, s:s, s:s, s:I, s:I, s:O, s:s, s:o}", "id", 0, "stage",
                     m->stage == RG_TUNE ? "tune" : "evaluate", "arm", arm->name, "number",
                     (json_int_t)m->number, "seed", (json_int_t)m->seed, "config", m->config,
                     "place", p->place, "predictions", predictions);
}

static json_t *next_job(void *ctx)
{
    drive *d = ctx;
    if (d->handed_out)
        return NULL;
    d->handed_out = true;
    json_t *job = json_deep_copy(d->c->job), *members = json_array();
    if (d->p->limit_s > 0)
        rg_json_path_set(job, "trainer.time_s", json_real(d->p->limit_s));
    json_array_append_new(members, member_json(d->p, d->c->arm));
    json_object_set_new(job, "members", members);
    return job;
}

/* ---- What is heard */

static void hear_metric(conformance_probe *p, const char *metric, const json_t *message)
{
    static const char *const prefixes[] = {"val_", ""};
    for (size_t i = 0; i < RG_COUNT(prefixes); i++) {
        char name[sizeof(p->reported)];
        snprintf(name, sizeof(name), "%s%s", prefixes[i], metric);
        if (!json_object_get(message, name))
            continue;
        p->reports++;
        memcpy(p->reported, name, sizeof(name));
        return;
    }
}

static void hear_values(conformance_probe *p, const json_t *message)
{
    const char *name;
    json_t *value;
    json_int_t step = json_integer_value(json_object_get(message, "step"));
    p->begins_anew |= p->retold > 0 && p->heard++ == p->retold && step <= p->top_step;
    p->top_step = step > p->top_step ? step : p->top_step;
    json_object_foreach ((json_t *)(uintptr_t)message, name, value) {
        if (!json_is_null(value) || p->not_finite[0])
            continue;
        snprintf(p->not_finite, sizeof(p->not_finite), "%s", name);
        p->not_finite_step = step;
    }
}

static bool is_last(const json_t *message)
{
    static const char *const ends[] = {"done", "failed", "lost", "again"};
    for (size_t i = 0; i < RG_COUNT(ends); i++)
        if (json_object_get(message, ends[i]))
            return true;
    return false;
}

const char *const conformance_files[] = {"resume.json", "history.jsonl"};

static const char *kept_path(const drive *d, size_t file)
{
    return rg_path_join(d->c->walk.arena, d->p->place, conformance_files[file]);
}

static bool take_message(void *ctx, size_t id, const json_t *message, rg_err *err)
{
    drive *d = ctx;
    conformance_probe *p = d->p;
    (void)id;
    (void)err;
    p->has_checkpoint = p->has_checkpoint || rg_file_exists(kept_path(d, 0));
    if (!is_last(message)) {
        hear_metric(p, d->c->walk.study->metric, message);
        hear_values(p, message);
        return true;
    }
    json_decref(p->last);
    p->last = json_deep_copy(message);
    if (d->told_ns)
        p->stop_s = (double)(rg_clock_ns() - d->told_ns) * 1e-9;
    return true;
}

static bool take_loss(void *ctx, const size_t *ids, size_t n, rg_loss loss, const char *reason,
                      rg_err *err)
{
    drive *d = ctx;
    (void)ids;
    (void)n;
    (void)err;
    json_decref(d->p->last);
    d->p->last = json_pack("{s:s, s:{}}", loss == RG_LOSS_OUTSIDE ? "again" : "failed", reason,
                           "resources");
    return true;
}

/* ---- Telling it to end */

/* A pruned trial is over for the launcher, which forgets its checkpoint: kept here, it can be put
 * back as if the machine had gone down. */
static void keep_checkpoint(const drive *d)
{
    size_t len;
    rg_err ignored = {0};
    for (size_t i = 0; i < CONFORMANCE_FILES; i++) {
        char **kept = &d->p->kept[i];
        rg_free(*kept);
        if (!rg_file_read(kept_path(d, i), KEPT_MAX_BYTES, kept, &len, &ignored))
            *kept = NULL;
    }
}

static json_t *answer(void *ctx, size_t id)
{
    drive *d = ctx;
    const conformance_probe *p = d->p;
    if (!p->stop || d->told_ns || (p->stop_at_checkpoint && !p->has_checkpoint))
        return NULL;
    keep_checkpoint(d);
    d->told_ns = rg_clock_ns();
    return json_pack("{s:I}", "prune", (json_int_t)id);
}

static bool take_tick(void *ctx, rg_err *err)
{
    const drive *d = ctx;
    rg_walk *w = &d->c->walk;
    w->progress.elapsed_s = (double)(rg_clock_ns() - w->started) * 1e-9;
    if (w->options.progress)
        w->options.progress(w->options.ctx, &w->progress);
    (void)err;
    return true;
}

/* ---- One start */

static bool drive_once(conformance *c, conformance_probe *p, rg_err *err)
{
    drive d = {.c = c, .p = p};
    rg_pool_options options = {.argv = c->walk.options.worker_argv,
                               .workers = 1,
                               .threads = c->walk.study->trainer->threads,
                               .log_path =
                                   rg_path_join(c->walk.arena, c->work.dir, "worker.log")};
    rg_pool_events events = {.ctx = &d,
                             .next = next_job,
                             .message = take_message,
                             .answer = answer,
                             .lost = take_loss,
                             .tick = take_tick};
    return rg_pool_run(&options, &events, &c->walk.signal, err) && !c->walk.signal;
}

/* What was ended from outside tells nothing, unless it is so each time. */
bool conformance_drive(conformance *c, conformance_probe *p, rg_err *err)
{
    bool ok = true;
    char *place = trainer_place(&c->work, &p->member, c->walk.arena);
    p->place = rg_path_join(c->walk.arena, rg_json_text(c->job, "root", ""), place);
    p->stop_s = NAN;
    const conformance_probe fresh = *p;
    for (int i = 0; ok && (i == 0 || json_object_get(p->last, "again")) && i < STARTS_MAX;
         i++) {
        json_decref(p->last);
        for (size_t k = 0; k < CONFORMANCE_FILES; k++)
            rg_free(p->kept[k]);
        *p = fresh;
        ok = drive_once(c, p, err);
    }
    c->walk.progress.done++;
    c->trainings++;
    return ok;
}

bool conformance_is_done(const conformance_probe *p)
{
    return json_is_true(json_object_get(p->last, "done"));
}
