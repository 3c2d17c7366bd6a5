/* stage_evaluate.c - train the frozen arms with fresh seeds, the same for every arm; then, once
 * all have run, open the seal and score.
 *
 * A study that adds seeds opens the seal once its first seeds have run, and looks; then it adds
 * seeds and looks again, until a look is the last (look.c).  Each look is one event with the
 * scores that it saw for the first time: a study that was cut off anywhere finds the last look
 * and goes on from there. */
#include "lab/study/walk.h"

#include <math.h>
#include <string.h>

typedef struct evaluation {
    size_t next;
} evaluation;

static size_t next_run(rg_work *work)
{
    evaluation *e = work->ctx;
    while (e->next < work->count && work->member[e->next].recorded)
        e->next++;
    return e->next < work->count ? e->next++ : RG_NO_MEMBER;
}

static size_t ready_runs(const rg_work *work)
{
    const evaluation *e = work->ctx;
    size_t ready = 0;
    for (size_t i = e->next; i < work->count; i++)
        ready += !work->member[i].recorded;
    return ready;
}

static void run_open(rg_walk *w, rg_work *work, size_t arm, size_t number)
{
    const json_t *frozen = json_array_get(json_object_get(w->freeze, "arms"), arm);
    rg_member *m = &work->member[work->count++];
    *m = (rg_member){.stage = RG_EVALUATE,
                     .arm = arm,
                     .number = number,
                     .fold = rg_study_fold_of(w->study, number),
                     .score = NAN,
                     .seed = rg_study_seed_of(w->study, number),
                     .config = json_incref(json_object_get(frozen, "config"))};
    if (!rg_study_is_self_reported(w->study))
        m->predictions =
            rg_predictions_path(w->arena, w->study->arms[arm].name, m->seed, m->fold);
    rg_walk_recall(w, m);
}

static bool run_seeds(rg_walk *w, rg_work *work, evaluation *e, rg_err *err)
{
    const rg_study *study = w->study;
    size_t runs = rg_study_runs(study, w->seeds);
    work->member = RG_ARENA_ARRAY(w->arena, rg_member, study->n_arms * runs + 1);
    work->ctx = e;
    work->next = next_run;
    work->ready = ready_runs;
    for (size_t a = 0; a < study->n_arms; a++) /* arm by arm: a cohort has one structure */
        for (size_t i = 0; i < runs; i++)
            run_open(w, work, a, i);
    return rg_walk_perform(w, work, "evaluate", err);
}

/* ---- Scoring */

static bool same_labels(const rg_walk *w, const rg_scored *scored, rg_err *err)
{
    char sealed[RG_HEX];
    rg_sealed_sha(w->study, w->split, sealed);
    return strcmp(scored->labels_sha, sealed) == 0 ||
           rg_fail(err, RG_INPUT, rg_labels_path(w->arena, rg_study_fold_of(w->study, 0)),
                   "begin anew with --fresh",
                   "the sealed labels are not those that were sealed");
}

/* Scores the runs of the seeds that are due and have no score yet. */
static bool score_new_runs(rg_walk *w, rg_scored *ret, rg_err *err)
{
    *ret = (rg_scored){0};
    if (!rg_walk_read(w, RG_RUNS, err))
        return false;
    if (rg_study_is_self_reported(w->study))
        return true;
    rg_record *fresh = RG_ARENA_ARRAY(w->arena, rg_record, w->n_records + 1);
    size_t n = 0;
    for (size_t i = 0; i < w->n_records; i++)
        if (!w->records[i].test && w->records[i].number < rg_study_runs(w->study, w->seeds))
            fresh[n++] = w->records[i];
    if (!rg_scores_compute(w->study, w->split, w->options.dir, fresh, n, ret, err))
        return false;
    bool ok = same_labels(w, ret, err);
    if (!ok)
        rg_scored_free(ret);
    return ok;
}

/* Nothing was sealed: the scores came with the runs. */
static bool note_reports(rg_walk *w, rg_err *err)
{
    json_t *body = json_pack("{s:i, s:s}", "openings", 0, "trust", "self-reported");
    bool ok = rg_ledger_scores(w->ledger, body, NULL, 0, err);
    json_decref(body);
    return ok;
}

static bool open_seal(rg_walk *w, rg_err *err)
{
    json_t *openings = rg_ledger_events(w->ledger, "seal-opened", err);
    size_t before = json_array_size(openings);
    json_decref(openings);
    if (err->code != RG_OK || before > 0)
        return err->code == RG_OK;
    rg_scored scored;
    if (rg_study_is_self_reported(w->study))
        return note_reports(w, err);
    if (!score_new_runs(w, &scored, err))
        return false;
    json_t *body = json_pack("{s:i, s:s, s:I}", "openings", 1, "labels_sha256",
                             scored.labels_sha, "runs", (json_int_t)scored.count);
    bool ok = rg_ledger_scores(w->ledger, body, scored.score, scored.count, err);
    json_decref(body);
    rg_scored_free(&scored);
    return ok;
}

/* ---- Looking */

/* The records as the ledger will have them once this look is in it. */
static void lay_over(rg_walk *w, const rg_scored *scored)
{
    for (size_t i = 0; i < scored->count; i++)
        for (size_t k = 0; k < w->n_records; k++) {
            rg_record *r = &w->records[k];
            if (r->stage == RG_EVALUATE && r->number == scored->score[i].number &&
                strcmp(r->arm, scored->score[i].arm) == 0)
                r->test = (json_t *)(uintptr_t)scored->score[i].test;
        }
}

/* *seen becomes what this look saw. */
static bool look(rg_walk *w, json_t **seen, rg_err *err)
{
    rg_scored scored;
    if (!open_seal(w, err) || !score_new_runs(w, &scored, err))
        return false;
    lay_over(w, &scored);
    json_decref(*seen);
    *seen = rg_look(w->study, w->records, w->n_records, w->seeds);
    bool ok = rg_ledger_look(w->ledger, *seen, scored.score, scored.count, err);
    rg_scored_free(&scored);
    return ok && rg_walk_read(w, RG_RUNS, err);
}

/* ---- The stage */

static bool train(rg_walk *w, rg_err *err)
{
    rg_work work = {0};
    evaluation e = {0};
    bool ok = run_seeds(w, &work, &e, err);
    rg_members_free(&work);
    return ok;
}

static bool train_and_look(rg_walk *w, rg_err *err)
{
    json_t *seen = rg_ledger_newest(w->ledger, "looked", err);
    bool ok = err->code == RG_OK;
    while (ok && !rg_look_is_last(seen) && w->signal == 0) {
        w->seeds = rg_seeds_due(w->study, seen);
        ok = train(w, err) && (w->signal || look(w, &seen, err));
    }
    json_decref(seen);
    return ok;
}

bool rg_stage_evaluate(rg_walk *w, rg_err *err)
{
    if (!rg_walk_read(w, RG_RUNS, err))
        return false;
    if (rg_study_is_sequential(w->study))
        return train_and_look(w, err);
    return train(w, err) && (w->signal || open_seal(w, err));
}
