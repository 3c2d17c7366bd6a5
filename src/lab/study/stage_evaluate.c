/* stage_evaluate.c - train the frozen arms with fresh seeds, the same for every arm; then, once
 * all have run, open the seal and score. */
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
    return work->count - e->next;
}

static void run_open(rg_walk *w, rg_work *work, size_t arm, size_t i)
{
    const json_t *frozen = json_array_get(json_object_get(w->freeze, "arms"), arm);
    rg_member *m = &work->member[work->count++];
    *m = (rg_member){.stage = RG_EVALUATE,
                     .arm = arm,
                     .number = i,
                     .score = NAN,
                     .seed = w->study->seeds[i],
                     .config = json_incref(json_object_get(frozen, "config"))};
    m->predictions = rg_arena_printf(w->arena, "predictions/%s-%llu.npz",
                                     w->study->arms[arm].name, (unsigned long long)m->seed);
    rg_walk_recall(w, m);
}

static bool run_seeds(rg_walk *w, rg_work *work, evaluation *e, rg_err *err)
{
    const rg_study *study = w->study;
    work->member = RG_ARENA_ARRAY(w->arena, rg_member, study->n_arms * study->n_seeds + 1);
    work->ctx = e;
    work->next = next_run;
    work->ready = ready_runs;
    for (size_t a = 0; a < study->n_arms; a++) /* arm by arm: a cohort has one structure */
        for (size_t i = 0; i < study->n_seeds; i++)
            run_open(w, work, a, i);
    return rg_dir_make(rg_path_join(w->arena, w->options.dir, "predictions"), 0755, err) &&
           rg_walk_perform(w, work, "evaluate", err);
}

static bool open_seal(rg_walk *w, rg_err *err)
{
    json_t *openings = rg_ledger_events(w->ledger, "seal-opened", err);
    size_t before = json_array_size(openings);
    json_decref(openings);
    if (err->code != RG_OK || before > 0)
        return err->code == RG_OK;
    rg_scored scored;
    if (!rg_walk_refresh(w, err) ||
        !rg_scores_compute(w->study, w->options.dir, w->records, w->n_records, &scored, err))
        return false;
    const json_t *files = json_object_get(json_object_get(w->split, "info"), "files");
    bool ok = strcmp(scored.labels_sha, rg_json_text(files, "labels.npz", "")) == 0 ||
              rg_fail(err, RG_INPUT, RG_LABELS_FILE, "begin anew with --fresh",
                      "the sealed labels are not those that were sealed");
    json_t *body = json_pack("{s:i, s:s, s:I}", "openings", 1, "labels_sha256",
                             scored.labels_sha, "runs", (json_int_t)scored.count);
    ok = ok && rg_ledger_scores(w->ledger, body, scored.score, scored.count, err);
    json_decref(body);
    rg_scored_free(&scored);
    return ok;
}

bool rg_stage_evaluate(rg_walk *w, rg_err *err)
{
    rg_work work = {0};
    evaluation e = {0};
    bool ok = run_seeds(w, &work, &e, err) && (w->signal || open_seal(w, err));
    rg_members_free(&work);
    return ok;
}
