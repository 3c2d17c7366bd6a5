/* runner.c - hands members to workers in cohorts and turns their messages into records.
 *
 * What is recorded does not depend on who trained what, when, or beside whom: a member's result
 * is a function of its configuration, seed and data alone.  Causes from outside (a kill, a lost
 * worker) repeat the member; its own faults are recorded as failures. */
#include "lab/study/runner.h"

#include "lab/study/pruner.h"
#include "lab/study/reach.h"
#include "lab/study/recorder.h"
#include "lab/study/trainer_job.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COHORT_MAX ((size_t)8)
/* Kills from outside; after that the member is taken to be what gets workers killed. */
#define LOSSES_MAX 30

/* ---- Progress */

static bool better(const rg_study *study, double a, double b)
{
    return isnan(b) || (study->maximize ? a > b : a < b);
}

static void note_progress(rg_work *work, const rg_member *m)
{
    rg_progress *p = work->progress;
    p->done++;
    p->failed += m->failed;
    if (!isnan(m->score) && better(work->study, m->score, p->best)) {
        p->best = m->score;
        p->best_arm = work->study->arms[m->arm].name;
    }
}

static bool settle(rg_work *work, size_t id, const json_t *message, const char *reason,
                   rg_err *err)
{
    if (!recorder_add(work, id, message, reason, err))
        return false;
    note_progress(work, &work->member[id]);
    if (work->done)
        work->done(work, id);
    return true;
}

/* ---- Jobs */

/* A large backlog goes out in cohorts; towards the end, one by one, so that no worker idles. */
static size_t cohort_size(const rg_work *work)
{
    if (work->trainer) /* a program trains one member at a time */
        return 1;
    if (rg_study_has_folds(work->study)) /* a job has the parts of one fold */
        return 1;
    size_t share = work->ready(work) / (2 * (size_t)work->options->jobs);
    return share < 1 ? 1 : share > COHORT_MAX ? COHORT_MAX : share;
}

static const char *root_of(const rg_work *work)
{
    return work->trainer ? rg_json_text(work->trainer, "root", work->dir) : work->dir;
}

static json_t *member_json(const rg_work *work, size_t id)
{
    const rg_member *m = &work->member[id];
    json_t *predictions = json_null();
    if (m->predictions)
        predictions = json_sprintf("%s/%s", root_of(work), m->predictions);
    return json_pack("{s:I, s:s, s:I, s:O, s:o}", "id", (json_int_t)id, "stage",
                     m->stage == RG_TUNE ? "tune" : "evaluate", "seed", (json_int_t)m->seed,
                     "config", m->config, "predictions", predictions);
}

/* What a program is told beside that: who it is, and where its folder lies. */
static void add_place(const rg_work *work, const rg_member *m, json_t *member)
{
    rg_arena *arena = rg_arena_new();
    json_object_set_new(member, "arm", json_string(work->study->arms[m->arm].name));
    json_object_set_new(member, "number", json_integer((json_int_t)m->number));
    json_object_set_new(member, "place",
                        json_sprintf("%s/%s", root_of(work), trainer_place(work, m, arena)));
    rg_arena_free(arena);
}

static json_t *metric_names(const rg_study *study)
{
    json_t *names = json_array();
    json_array_append_new(names, json_string(study->metric));
    for (size_t i = 0; i < study->n_also; i++)
        json_array_append_new(names, json_string(study->also[i]));
    return names;
}

static json_t *files_json(const rg_work *work, size_t fold)
{
    static const char *const parts[] = {"train", "val", "test_inputs"};
    rg_arena *arena = rg_arena_new();
    json_t *files = json_object();
    const char *folder = rg_parts_path(arena, fold);
    for (size_t i = 0; i < RG_COUNT(parts); i++)
        json_object_set_new(files, parts[i],
                            json_sprintf("%s/%s/%s.npz", work->dir, folder, parts[i]));
    rg_arena_free(arena);
    return files;
}

/* A member trains on one thread; where fewer are left than there are workers, the cores of
 * those that have none share its larger operations, which changes no bit of it. */
static int threads_of(const rg_work *work)
{
    int left = (int)(work->progress->total - work->progress->done), jobs = work->options->jobs;
    return left > 0 && left < jobs ? jobs / left : 1;
}

/* What the native worker shuts itself off from, and what it may write.  A process that has shut
 * itself off cannot open up again for another fold: it ends with its job. */
static json_t *job_json(const rg_work *work, size_t fold, json_t *members)
{
    const json_t *data = json_object_get(work->data_info, "data");
    rg_arena *arena = rg_arena_new();
    json_t *reach =
        json_pack("{s:o, s:[o], s:[o]}", "hidden",
                  rg_out_of_reach(work->study, work->root, work->original, fold), "writable",
                  json_sprintf("%s/predictions", work->root), "readable",
                  json_sprintf("%s/%s", work->root, rg_parts_path(arena, fold)));
    rg_arena_free(arena);
    json_t *job =
        json_pack("{s:o, s:o, s:O, s:O, s:s, s:o, s:i, s:o}", "data", files_json(work, fold),
                  "reach", reach, "task", json_object_get(data, "task"), "classes",
                  json_object_get(data, "classes"), "metric", work->study->metric, "metrics",
                  metric_names(work->study), "threads", threads_of(work), "members", members);
    if (fold)
        json_object_set_new(job, "last", json_true());
    return job;
}

/* A member that was lost goes first: again, and alone when it may have brought a worker down.
 */
static size_t next_lost(const rg_work *work)
{
    for (size_t i = 0; work->n_lost && i < work->count; i++)
        if (work->member[i].losses > 0 && !work->member[i].handed_out &&
            !work->member[i].recorded)
            return i;
    return RG_NO_MEMBER;
}

static void hand_out(rg_work *work, json_t *members, size_t id)
{
    work->n_lost -= work->member[id].losses > 0;
    work->member[id].handed_out = true;
    work->member[id].alone = false;
    json_t *member = member_json(work, id);
    if (work->trainer)
        add_place(work, &work->member[id], member);
    json_array_append_new(members, member);
}

static json_t *next_job(void *ctx)
{
    rg_work *work = ctx;
    json_t *members = json_array();
    size_t first = next_lost(work), size = 1, id;
    if (first == RG_NO_MEMBER) {
        size = cohort_size(work);
        first = work->next(work);
    }
    if (first == RG_NO_MEMBER) {
        json_decref(members);
        return NULL;
    }
    hand_out(work, members, first);
    while (json_array_size(members) < size && (id = work->next(work)) != RG_NO_MEMBER)
        hand_out(work, members, id);
    work->member[first].alone = json_array_size(members) == 1;
    size_t fold = work->member[first].fold;
    return work->trainer ? trainer_job_of(work, fold, members) : job_json(work, fold, members);
}

/* ---- Events of the pool */

static bool take_loss(void *ctx, const size_t *ids, size_t n, rg_loss loss, const char *reason,
                      rg_err *err);

static bool is_end(const json_t *message)
{
    return json_object_get(message, "done") || json_object_get(message, "failed") ||
           json_object_get(message, "again") || json_object_get(message, "lost");
}

/* The search has seen enough of it at one step; what it did after that step, and how it ended,
 * is a matter of time, and does not count.  message: its last one, or NULL. */
static bool settle_pruned(rg_work *work, size_t id, const json_t *message, rg_err *err)
{
    json_t *done = pruner_result(work, id, message);
    bool scored = pruner_is_result(json_object_get(done, "validation"), work->study->metric);
    if (!scored)
        json_object_del(done, "validation");
    bool ok = settle(work, id, done, scored ? NULL : PRUNER_DIVERGED, err);
    json_decref(done);
    return ok;
}

/* A full disk, a program that is not there: no result of the training, so nothing is recorded.
 * The second is the user's to put right: exit code 2. */
static bool give_up(const rg_work *work, const json_t *message, rg_err *err)
{
    bool input =
        work->trainer && json_integer_value(json_object_get(message, "code")) == RG_INPUT;
    rg_str remedy = {.max = 300};
    rg_str_printf(&remedy, "%s; then run the same command again: it goes on from here",
                  rg_json_text(message, "remedy", "put that right"));
    rg_fail(err, input ? RG_INPUT : RG_INTERNAL, NULL, rg_str_text(&remedy), "%s",
            rg_json_text(message, "lost", ""));
    rg_str_free(&remedy);
    return false;
}

static bool take_message(void *ctx, size_t id, const json_t *message, rg_err *err)
{
    rg_work *work = ctx;
    rg_member *m = &work->member[id];
    if (!trainer_granted(work, message, err))
        return false;
    if (m->pruned)
        return !is_end(message) || settle_pruned(work, id, message, err);
    const char *again = json_string_value(json_object_get(message, "again"));
    if (again) { /* its launcher is well, the program was ended from outside */
        recorder_note_again(m, again, message);
        return take_loss(ctx, &id, 1, RG_LOSS_OUTSIDE, again, err);
    }
    const char *failed = json_string_value(json_object_get(message, "failed"));
    if (failed)
        return settle(work, id, message, failed, err);
    if (json_object_get(message, "done"))
        return settle(work, id, message, NULL, err);
    if (json_object_get(message, "lost"))
        return give_up(work, message, err);
    recorder_collect(m, message);
    if (m->stage == RG_TUNE && work->study->prune)
        m->pruned = pruner_says(work, id);
    return true;
}

/* What was decided is told to who trains it, once. */
static json_t *answer(void *ctx, size_t id)
{
    rg_work *work = ctx;
    rg_member *m = &work->member[id];
    if (!m->pruned || m->told)
        return NULL;
    m->told = true;
    return json_pack("{s:I}", "prune", (json_int_t)id);
}

/* One of several may be the culprit: each goes again alone, and only then is judged. */
static bool take_loss(void *ctx, const size_t *ids, size_t n, rg_loss loss, const char *reason,
                      rg_err *err)
{
    rg_work *work = ctx;
    for (size_t i = 0; i < n; i++) {
        rg_member *m = &work->member[ids[i]];
        bool own_fault = loss == RG_LOSS_CRASH && m->alone;
        if (m->pruned) {
            if (!settle_pruned(work, ids[i], NULL, err))
                return false;
            continue;
        }
        m->losses++;
        recorder_forget(m);
        if (own_fault || m->losses > LOSSES_MAX) {
            if (!settle(work, ids[i], NULL, reason, err))
                return false;
        } else {
            m->handed_out = false;
            work->n_lost++;
        }
    }
    return true;
}

static bool take_tick(void *ctx, rg_err *err)
{
    rg_work *work = ctx;
    if (work->options->progress)
        work->options->progress(work->options->ctx, work->progress);
    return recorder_flush(work, err);
}

/* A stage that went on without some of its results would answer another question. */
static bool all_recorded(const rg_work *work, rg_err *err)
{
    size_t missing = 0;
    for (size_t i = 0; i < work->count; i++)
        missing += !work->member[i].recorded;
    return missing == 0 || rg_fail(err, RG_INTERNAL, work->dir, "look at the end of worker.log",
                                   "%zu of %zu results did not arrive", missing, work->count);
}

static bool find_root(rg_work *work, rg_err *err)
{
    work->root = realpath(work->dir, NULL);
    return work->root ||
           rg_fail(err, RG_INTERNAL, work->dir, "check its permissions", "cannot be found");
}

/* A program's trials take places of their own, and folders that nobody else may be at. */
static bool make_room(rg_work *work, rg_pool_options *options, rg_err *err)
{
    const rg_trainer *trainer = work->study->trainer;
    if (!find_root(work, err) || !trainer)
        return work->root != NULL;
    options->threads = trainer->threads;
    options->workers = trainer_slots(trainer, options->workers, err);
    options->inherited = options->workers > 0 ? trainer_lock(work->dir, err) : -1;
    work->trainer = options->inherited >= 0 ? trainer_job(work, err) : NULL;
    return work->trainer != NULL;
}

bool rg_work_run(rg_work *work, int *ret_signal, rg_err *err)
{
    rg_arena *arena = rg_arena_new();
    rg_pool_options options = {.argv = work->options->worker_argv,
                               .workers = work->options->jobs,
                               .threads = 1,
                               .log_path = rg_path_join(arena, work->dir, "worker.log")};
    rg_pool_events events = {.ctx = work,
                             .next = next_job,
                             .message = take_message,
                             .lost = take_loss,
                             .tick = take_tick,
                             .answer = answer};
    bool ok = rg_dir_make(rg_path_join(arena, work->dir, "predictions"), 0755, err) &&
              make_room(work, &options, err) && rg_pool_run(&options, &events, ret_signal, err);
    rg_err late = {0}; /* what has ended is kept, whatever ended the rest */
    if (!recorder_flush(work, ok ? err : &late))
        ok = false;
    ok = ok && (*ret_signal || all_recorded(work, err));
    recorder_close(work);
    if (options.inherited > 0)
        close(options.inherited);
    json_decref(work->trainer);
    free(work->root);
    work->trainer = NULL;
    work->root = NULL;
    rg_arena_free(arena);
    return ok;
}
