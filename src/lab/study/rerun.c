/* rerun.c - trains recorded trials and runs again in a folder of its own (see rerun.h). */
#include "lab/study/rerun.h"

#include "lab/study/rerun_judge.h"
#include "lab/study/session.h"
#include "lab/study/walk.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One round: all chosen records once, in one folder. */
typedef struct retraining {
    const rerun_source *source;
    const rg_record *const *chosen;
    size_t n, next;
    rg_study study; /* its trials run to their end */
    rg_walk walk;
    rg_work work;
    rg_run_options told; /* the walk's, their progress told on */
} retraining;

static size_t next_member(rg_work *work)
{
    retraining *r = work->ctx;
    return r->next < r->n ? r->next++ : RG_NO_MEMBER;
}

static size_t ready_members(const rg_work *work)
{
    const retraining *r = work->ctx;
    return r->n - r->next;
}

/* The time that is left, as far as it can be told. */
static void tell(void *ctx, const rg_progress *progress)
{
    retraining *r = ctx;
    const rg_run_options *outer = &r->walk.options;
    rg_progress told = *progress;
    told.elapsed_s = (double)(rg_clock_ns() - r->walk.started) * 1e-9;
    told.left_s =
        told.done ? told.elapsed_s / (double)told.done * (double)(told.total - told.done) : NAN;
    outer->progress(outer->ctx, &told);
}

/* ---- The data */

static bool parts_as_recorded(rg_arena *arena, const char *dir, const json_t *split)
{
    const char *name;
    json_t *hash, *files = json_object_get(json_object_get(split, "info"), "files");
    json_object_foreach (files, name, hash) {
        char hex[RG_HEX];
        rg_err ignored = {0};
        char *own = rg_split_path(arena, name);
        const char *path = rg_path_join(arena, dir, own);
        if (rg_text_starts(own, "data/") &&
            (!rg_sha_file(path, hex, &ignored) || strcmp(hex, json_string_value(hash)) != 0))
            return false;
    }
    return true;
}

/* A folder of the study's seen from ours. */
static bool link_folder(rg_arena *arena, const char *from, const char *to, const char *name,
                        rg_err *err)
{
    char real[PATH_MAX];
    const char *target = rg_path_join(arena, from, name);
    return (realpath(target, real) && symlink(real, rg_path_join(arena, to, name)) == 0) ||
           rg_fail(err, RG_INTERNAL, target, "check the folder's permissions",
                   "cannot be linked into %s", to);
}

/* The recorded parts, or the same ones cut again from the data where these are gone. */
static bool bring_data(retraining *r, const char *study_dir, rg_err *err)
{
    rg_walk *w = &r->walk;
    if (!w->study->data) /* the trainer brings its own */
        return true;
    json_t *split = rg_ledger_newest(r->source->ledger, "split", err);
    bool ok = !err->code && (split || rg_fail(err, RG_INPUT, study_dir, "rigor run begins it",
                                              "the study has not cut its data yet"));
    if (ok && parts_as_recorded(w->arena, study_dir, split)) {
        w->split = json_incref(split);
        ok = link_folder(w->arena, study_dir, w->options.dir, "data", err);
    } else if (ok) { /* the stage compares what it cuts with the event */
        ok = rg_ledger_event(w->ledger, "split", split, err) && rg_stage_split(w, err);
    }
    json_decref(split);
    return ok;
}

/* ---- Training */

static size_t arm_index(const rg_study *study, const char *name)
{
    size_t a = 0;
    while (a < study->n_arms && strcmp(study->arms[a].name, name) != 0)
        a++;
    return a;
}

static bool open_members(retraining *r, rg_err *err)
{
    const rg_study *study = r->source->study;
    r->work.member = RG_ARENA_ARRAY(r->walk.arena, rg_member, r->n);
    r->work.count = r->n;
    for (size_t i = 0; i < r->n; i++) {
        const rg_record *from = r->chosen[i];
        rg_member *m = &r->work.member[i];
        *m = (rg_member){.stage = from->stage,
                         .arm = arm_index(study, from->arm),
                         .number = from->number,
                         .fold = from->fold,
                         .seed = from->seed,
                         .score = NAN,
                         .point = json_incref(from->point),
                         .config = json_incref(from->config)};
        if (from->stage == RG_EVALUATE && !rg_study_is_self_reported(study))
            m->predictions =
                rg_predictions_path(r->walk.arena, from->arm, from->seed, from->fold);
        if (m->arm == study->n_arms)
            return rg_fail(err, RG_INPUT, NULL, "rigor verify says what was altered",
                           "the study has no arm '%s'", from->arm);
    }
    return true;
}

static bool train(retraining *r, const char *study_dir, rg_err *err)
{
    rg_walk *w = &r->walk;
    r->told = w->options;
    r->told.ctx = r;
    r->told.progress = w->options.progress ? tell : NULL;
    r->work.study = w->study;
    r->work.ledger = w->ledger;
    r->work.options = &r->told;
    r->work.data_info = w->split;
    r->work.dir = w->options.dir;
    r->work.original = study_dir;
    r->work.progress = &w->progress;
    r->work.ctx = r;
    r->work.next = next_member;
    r->work.ready = ready_members;
    w->progress = (rg_progress){.stage = "rerun", .total = r->n, .best = NAN};
    return open_members(r, err) && rg_work_run(&r->work, &w->signal, err);
}

/* Only what the study has scored before: a seal that is closed stays so. */
static bool needs_scores(const retraining *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->chosen[i]->test && r->chosen[i]->predictions_sha)
            return !rerun_is_native(r->source->study);
    return false;
}

/* Scores need the labels, which are linked in once nothing trains any more. */
static bool score(retraining *r, const char *study_dir, rerun_round *ret, rg_err *err)
{
    rg_walk *w = &r->walk;
    const char *labels = rg_path_join(w->arena, study_dir,
                                      rg_labels_path(w->arena, rg_study_fold_of(w->study, 0)));
    if (!needs_scores(r) || !rg_file_exists(labels))
        return true;
    if (!rg_file_exists(rg_path_join(w->arena, w->options.dir, "sealed")) &&
        !link_folder(w->arena, study_dir, w->options.dir, "sealed", err))
        return false;
    return rg_scores_compute(w->study, w->split, w->options.dir, w->records, w->n_records,
                             &ret->scored, err);
}

static void cut_pruned(retraining *r)
{
    rg_walk *w = &r->walk;
    for (size_t i = 0; i < r->n; i++) {
        const rg_record *from = r->chosen[i];
        const json_t *step = json_object_get(from->resources, "pruned");
        for (size_t k = 0; json_is_integer(step) && k < w->n_records; k++) {
            rg_record *own = &w->records[k];
            if (own->stage == from->stage && own->number == from->number &&
                strcmp(own->arm, from->arm) == 0)
                rerun_cut(own, json_integer_value(step), w->study, w->arena);
        }
    }
}

static bool perform(retraining *r, const char *study_dir, rerun_round *ret, rg_err *err)
{
    rg_walk *w = &r->walk;
    const rg_study *study = w->study;
    bool ok = rg_ledger_open(rg_path_join(w->arena, w->options.dir, RG_LEDGER_FILE),
                             RG_LEDGER_WRITE, &w->ledger, err) &&
              rg_ledger_study(w->ledger, study->name, study->text, study->resolved, study->hash,
                              NULL, err) &&
              bring_data(r, study_dir, err) && train(r, study_dir, err) &&
              (w->signal || (rg_ledger_records(w->ledger, RG_ALL_PARTS, w->arena, &w->records,
                                               &w->n_records, err) &&
                             score(r, study_dir, ret, err)));
    cut_pruned(r);
    ret->records = w->records;
    ret->n_records = w->n_records;
    rg_members_free(&r->work);
    rg_ledger_close(w->ledger);
    json_decref(w->split);
    return ok;
}

/* In a folder that is gone afterwards. */
static bool one_round(const rerun_source *source, const rg_record *const *chosen, size_t n,
                      const rerun_options *options, rg_arena *arena, rerun_round *ret,
                      int *ret_signal, rg_err *err)
{
    char *dir = rg_dir_scratch(arena, "rerun", err);
    if (!dir)
        return false;
    retraining r = {
        .source = source,
        .chosen = chosen,
        .n = n,
        .study = *source->study,
        .walk = {.options = options->run, .arena = arena, .started = rg_clock_ns()}};
    r.study.prune = false;
    r.walk.study = &r.study;
    r.walk.options.dir = dir;
    if (r.walk.options.jobs <= 0)
        r.walk.options.jobs = rg_cpu_count();
    bool ok = perform(&r, options->run.dir, ret, err);
    *ret_signal = r.walk.signal;
    rg_dir_scratch_end(dir);
    return ok;
}

/* ---- What came out */

/* What has changed since the record was made, in words. */
static json_t *changes_since(const rerun_source *source, const rg_record *r,
                             const json_t *environment, rg_err *err)
{
    json_t *then = rg_session_recorded(source->ledger, r->resources, err);
    json_t *now = rg_session_of(source->study, environment);
    json_t *ret = then && now ? rg_session_differences(then, now) : json_array();
    json_decref(then);
    json_decref(now);
    return ret;
}

static const char *const verdict_keys[] = {"equal", "inside", "different", NULL};

static json_t *conclude(const rerun_source *source, const rerun_rounds *rounds, json_t *runs)
{
    json_t *facts = json_pack("{s:s, s:s, s:I, s:o}", "study", source->study->name, "trainer",
                              rerun_is_native(source->study) ? "native" : "program", "times",
                              (json_int_t)rounds->count, "runs", runs);
    size_t i, different = 0;
    for (const char *const *key = verdict_keys; *key; key++) {
        json_t *run;
        size_t count = 0;
        json_array_foreach (runs, i, run)
            count += strcmp(rg_json_text(run, "verdict", ""), *key) == 0;
        json_object_set_new(facts, *key, json_integer((json_int_t)count));
        different = count; /* the last one's */
    }
    json_object_set_new(facts, "ok", json_boolean(different == 0));
    return facts;
}

static json_t *judge_all(const rerun_source *source, const rg_record *const *chosen, size_t n,
                         const rerun_rounds *rounds, const rerun_options *options, rg_err *err)
{
    json_t *runs = json_array();
    double alpha = source->study->analysis.alpha / (double)n;
    for (size_t i = 0; i < n; i++) {
        json_t *run = rerun_judge(source, chosen[i], rounds, alpha);
        if (strcmp(rg_json_text(run, "verdict", ""), "equal") != 0)
            json_object_set_new(run, "changes",
                                changes_since(source, chosen[i], options->environment, err));
        json_array_append_new(runs, run);
    }
    return conclude(source, rounds, runs);
}

json_t *rerun_facts(const rerun_source *source, const rg_record *const *chosen, size_t n,
                    const rerun_options *options, int *ret_signal, rg_err *err)
{
    rg_arena *arena = rg_arena_new();
    rerun_rounds rounds = {.count = options->times ? options->times : 1};
    rounds.at = RG_ARENA_ARRAY(arena, rerun_round, rounds.count);
    json_t *facts = NULL;
    bool ok = true;
    *ret_signal = 0;
    for (size_t k = 0; ok && *ret_signal == 0 && k < rounds.count; k++)
        ok = one_round(source, chosen, n, options, arena, &rounds.at[k], ret_signal, err);
    if (ok && *ret_signal == 0)
        facts = judge_all(source, chosen, n, &rounds, options, err);
    if (err->code != RG_OK) {
        json_decref(facts);
        facts = NULL;
    }
    for (size_t k = 0; k < rounds.count; k++)
        rg_scored_free(&rounds.at[k].scored);
    rg_arena_free(arena);
    return facts;
}
