/* stage_tune.c - search each arm's space on validation, every arm with the same budget, and
 * freeze the best configurations.  The searches of the arms are independent and take turns. */
#include "lab/study/pruner.h"
#include "lab/study/walk.h"

#include <math.h>
#include <string.h>

typedef struct search {
    const rg_arm *arm;
    const rg_sampler *sampler;
    double *points; /* (trials, dims) */
    rg_obs *shown;  /* what the sampler sees: one entry a trial */
    size_t first;   /* index of this arm's first member */
    size_t trials;
    size_t suggested; /* trials that have a point */
    size_t finished;  /* trials 0 .. finished - 1 are all recorded */
    size_t settled;   /* trials 0 .. settled - 1 are shown with their results */
} search;

typedef struct tuning {
    search *search;
    size_t turn; /* whose turn it is to hand out a trial */
} tuning;

static double *point_of(const search *s, size_t trial)
{
    return s->points + trial * s->arm->space.count;
}

static void advance(const rg_work *work, search *s)
{
    while (s->finished < s->trials && work->member[s->first + s->finished].recorded)
        s->finished++;
}

/* Trial k is suggested from the results of trials 0 .. k - parallel, the later ones pending,
 * whatever is known by now: so the search does not depend on the number of workers. */
static bool may_suggest(const rg_study *study, const search *s)
{
    return s->suggested < s->trials &&
           (s->suggested < study->parallel || s->finished + study->parallel > s->suggested);
}

static void show_history(const rg_work *work, search *s, size_t trial)
{
    const rg_study *study = work->study;
    for (size_t i = s->settled; i < trial; i++) {
        const rg_member *m = &work->member[s->first + i];
        s->shown[i] = (rg_obs){.point = point_of(s, i), .state = RG_OBS_PENDING, .loss = NAN};
        if (i + study->parallel > trial)
            continue;
        s->settled = i + 1;
        s->shown[i].state = m->failed || isnan(m->score) ? RG_OBS_FAILED : RG_OBS_DONE;
        s->shown[i].loss = study->maximize ? -m->score : m->score;
    }
}

/* A trial that an earlier run of the program has trained keeps its point: the search goes on
 * from what was done. */
static void suggest(const rg_work *work, search *s)
{
    const rg_study *study = work->study;
    size_t trial = s->suggested++;
    rg_member *m = &work->member[s->first + trial];
    if (m->recorded) {
        rg_space_point(&s->arm->space, m->point, point_of(s, trial));
        return;
    }
    show_history(work, s, trial);
    rg_ask ask = {.space = &s->arm->space,
                  .history = s->shown,
                  .count = trial,
                  .first = s->arm->first,
                  .trial = trial,
                  .trials = s->trials,
                  .seed = rg_seed_derive(study->seed, "search/%s", s->arm->name)};
    rg_suggest(s->sampler, &ask, point_of(s, trial));
    m->point = rg_space_json(&s->arm->space, point_of(s, trial));
    m->config = rg_arm_config(s->arm, point_of(s, trial));
}

static size_t next_trial(rg_work *work)
{
    tuning *t = work->ctx;
    for (size_t i = 0; i < work->study->n_arms; i++) {
        search *s = &t->search[(t->turn + i) % work->study->n_arms];
        while (may_suggest(work->study, s)) {
            suggest(work, s);
            size_t id = s->first + s->suggested - 1;
            if (work->member[id].recorded)
                continue;
            t->turn = (t->turn + i + 1) % work->study->n_arms;
            return id;
        }
    }
    return RG_NO_MEMBER;
}

/* At least: what the windows of all searches have room for. */
static size_t ready_trials(const rg_work *work)
{
    const tuning *t = work->ctx;
    size_t ready = 0;
    for (size_t a = 0; a < work->study->n_arms; a++) {
        const search *s = &t->search[a];
        size_t end = s->finished + work->study->parallel;
        end = end < s->trials ? end : s->trials;
        ready += end > s->suggested ? end - s->suggested : 0;
    }
    return ready;
}

static void trial_done(rg_work *work, size_t id)
{
    tuning *t = work->ctx;
    (void)id;
    for (size_t a = 0; a < work->study->n_arms; a++)
        advance(work, &t->search[a]);
}

static const rg_sampler *sampler_of(const rg_study *study, const rg_arm *arm)
{
    const char *why;
    if (strcmp(study->sampler, "auto") == 0)
        return rg_sampler_auto(&arm->space, study->trials, &why);
    return rg_sampler_find(study->sampler);
}

static void search_open(rg_walk *w, rg_work *work, search *s, size_t arm)
{
    const rg_study *study = w->study;
    s->arm = &study->arms[arm];
    s->sampler = sampler_of(study, s->arm);
    s->trials = rg_trials_of(study, s->arm);
    s->first = work->count;
    s->points = RG_ARENA_ARRAY(w->arena, double, s->trials * s->arm->space.count + 1);
    s->shown = RG_ARENA_ARRAY(w->arena, rg_obs, s->trials + 1);
    for (size_t k = 0; k < s->trials; k++) {
        rg_member *m = &work->member[work->count++];
        *m =
            (rg_member){.stage = RG_TUNE,
                        .arm = arm,
                        .number = k,
                        .score = NAN,
                        .seed = rg_seed_derive(study->seed, "tune/%zu", k) % 1048576 + 1048576};
        rg_walk_recall(w, m);
    }
    advance(work, s);
}

void rg_tune_open(rg_walk *w, rg_work *work)
{
    const rg_study *study = w->study;
    tuning *t = RG_ARENA_NEW(w->arena, tuning);
    t->search = RG_ARENA_ARRAY(w->arena, search, study->n_arms);
    work->study = study;
    work->member = RG_ARENA_ARRAY(w->arena, rg_member, rg_trials_in_all(study) + 1);
    work->ctx = t;
    work->next = next_trial;
    work->ready = ready_trials;
    work->done = trial_done;
    for (size_t a = 0; a < study->n_arms; a++)
        search_open(w, work, &t->search[a], a);
    for (size_t i = 0; study->prune && i < work->count; i++) {
        const rg_member *m = &work->member[i];
        if (m->recorded)
            pruner_recall(work, i,
                          rg_walk_record(w, RG_TUNE, study->arms[m->arm].name, m->number));
    }
}

/* The best trial on validation, the earliest of equals; NULL when all failed. */
static const rg_member *best_trial(const rg_study *study, const rg_work *work, const search *s)
{
    const rg_member *best = NULL;
    for (size_t k = 0; k < s->trials; k++) {
        const rg_member *m = &work->member[s->first + k];
        if (isnan(m->score))
            continue;
        if (!best || (study->maximize ? m->score > best->score : m->score < best->score))
            best = m;
    }
    return best;
}

/* A trial that was recorded before this walk began has its point from the ledger. */
static json_t *config_of(const search *s, const rg_member *m)
{
    double *point = point_of(s, m->number);
    if (m->point)
        rg_space_point(&s->arm->space, m->point, point);
    return rg_arm_config(s->arm, point);
}

static json_t *frozen_arm(const rg_walk *w, const rg_work *work, const search *s)
{
    const rg_member *best = best_trial(w->study, work, s);
    json_t *config = json_incref(s->arm->config);
    json_t *trial = json_null(), *score = json_null(), *first = json_null();
    if (best) {
        json_decref(config);
        config = config_of(s, best);
        trial = json_integer((json_int_t)best->number);
        score = rg_json_real(best->score);
        first = rg_json_real(work->member[s->first].score);
    }
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "arm", s->arm->name, "trial", trial, "config",
                     config, "score", score, "default_score", first);
}

json_t *rg_tune_frozen(const rg_walk *w, const rg_work *work)
{
    const tuning *t = work->ctx;
    json_t *arms = json_array();
    for (size_t a = 0; a < w->study->n_arms; a++)
        json_array_append_new(arms, frozen_arm(w, work, &t->search[a]));
    return json_pack("{s:o}", "arms", arms);
}

static bool freeze(rg_walk *w, const rg_work *work, rg_err *err)
{
    w->freeze = rg_tune_frozen(w, work);
    return rg_ledger_event(w->ledger, "freeze", w->freeze, err);
}

bool rg_stage_tune(rg_walk *w, rg_err *err)
{
    w->freeze = rg_ledger_newest(w->ledger, "freeze", err);
    if (w->freeze || err->code != RG_OK)
        return err->code == RG_OK;
    if (!rg_walk_read(w, w->study->prune ? RG_TRIALS | RG_TRIAL_CURVES : RG_TRIALS, err))
        return false;
    rg_work work = {0};
    rg_tune_open(w, &work);
    bool ok = rg_walk_perform(w, &work, "tune", err) && (w->signal || freeze(w, &work, err));
    rg_members_free(&work);
    return ok;
}
